# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import Capture
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import (
    Cause,
    Finding,
    unavailable,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import read_events
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import (
    Conversation,
    conversation,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.results import as_dict
from tests.unit.plugins.plugin_utils._evidence.recordings import (
    BAD,
    BMC,
    PORT,
    REQUEST,
    TCPIP,
    Packet,
    Recording,
    question,
)

NOTHING = Conversation((), ())


def capture(recording: Recording) -> Capture:
    return Capture(None, {}, read_events(recording.events), 3, ("file",), ("filter",))


def test_everything_that_is_known_is_told() -> None:
    recording = Recording()
    recording.sent(question())
    recording.lost(Packet(), 1203, BAD)
    recording.lost(Packet(identification=7), 1203, BAD)
    recording.component(TCPIP, "tcpip.sys")
    made = capture(recording)
    packets = conversation(made.recorded, BMC, PORT, [REQUEST])
    finding = Finding(Cause.DRIVER_MARKED_BAD, "It is the driver.", packets.replies[1])
    value = Packet().sum
    assert as_dict(finding, packets, made) == {
        "cause": "driver_marked_bad",
        "sentence": "It is the driver.",
        "reasons": [1203],
        "packets": {"requests": 1, "replies": 2, "dropped_requests": 0, "dropped_replies": 2},
        "drops": [
            {
                "reason": 1203,
                "location": "0xE000460A",
                "component": TCPIP,
                "component_name": "tcpip.sys",
                "count": 2,
            }
        ],
        "datagram": Packet(identification=7).data.hex(),
        "checksum": {"in_datagram": value, "computed": value, "good": True},
        "driver_says": ["udp_failed", "ip_succeeded"],
        "unavailable": None,
        "events_left_out": 3,
        "cleaned": ["file"],
        "left_behind": ["filter"],
    }


def test_without_an_answer_of_the_host_there_is_only_the_reason() -> None:
    told = as_dict(unavailable("shell_denied", "no shell"), NOTHING, None)
    assert told["cause"] == "unavailable"
    assert told["unavailable"] == {"code": "shell_denied", "detail": "no shell"}
    assert [told[each] for each in ("datagram", "checksum", "driver_says")] == [None, None, None]
    assert [told[each] for each in ("reasons", "drops", "cleaned", "left_behind")] == [[], [], [], []]
    assert told["events_left_out"] == 0


def test_without_a_decisive_reply_the_first_one_is_shown() -> None:
    recording = Recording()
    recording.received(Packet(udp_checksum=1), None)
    made = capture(recording)
    told = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)
    assert told["datagram"] == Packet(udp_checksum=1).data.hex()
    assert told["checksum"]["good"] is False
    assert told["driver_says"] is None


def test_a_long_datagram_is_cut_off() -> None:
    recording = Recording()
    recording.received(Packet(payload=bytes(5000)))
    made = capture(recording)
    told = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)
    assert len(told["datagram"]) == 2 * 2048


def test_at_most_32_places_are_told_the_busiest_first() -> None:
    recording = Recording()
    group = recording.received(Packet())
    for component in range(40):
        recording.dropped(group, Packet().data, 34, component=component)
    recording.dropped(group, Packet().data, 34, component=39)
    made = capture(recording)
    drops = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)["drops"]
    assert len(drops) == 32
    assert (drops[0]["component"], drops[0]["count"]) == (39, 2)


def test_at_most_32_reasons_are_told_and_what_the_finding_rests_on_is_among_them() -> None:
    recording = Recording()
    group = recording.received(Packet())
    for reason in (*range(100, 700), 1203):
        recording.dropped(group, Packet().data, reason)
    made = capture(recording)
    told = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)
    assert told["reasons"] == [*range(100, 131), 1203]


def test_names_of_components_are_made_plain() -> None:
    recording = Recording()
    recording.lost(Packet(), 1207)
    recording.component(TCPIP, "tcp\x1b[2Jip\u202e")
    made = capture(recording)
    told = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)
    assert told["drops"][0]["component_name"] == "tcp?[2Jip?"
    made = capture(Recording(recording.events[:-1]))
    told = as_dict(Finding(Cause.OTHER, "Open."), conversation(made.recorded, BMC, PORT, []), made)
    assert told["drops"][0]["component_name"] is None
