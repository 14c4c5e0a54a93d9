# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import (
    Cause,
    Finding,
    find_cause,
    unavailable,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import read_events
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import conversation
from tests.unit.plugins.plugin_utils._evidence.recordings import (
    BAD,
    BMC,
    PORT,
    REPLY,
    REQUEST,
    UNCHECKED,
    Packet,
    Recording,
    question,
)

DAMAGED = Packet(udp_checksum=Packet().sum ^ 0x0101)
GOOD = 0x30
"""The driver says: both checksums are good."""


@dataclass(frozen=True)
class Probe:
    outcome: str = "no_answer"
    reason: str | None = None
    detail: str = "192.0.2.20 port 623 was silent in 3 of 3 attempts"
    answers: int = 0


def asked() -> Recording:
    recording = Recording()
    for number in range(3):
        recording.sent(question(number))
    return recording


def judged(recording: Recording, probe: Probe | None = None, left_out: int = 0) -> Finding:
    packets = conversation(read_events(recording.events), BMC, PORT, [REQUEST])
    return find_cause(probe or Probe(), packets, left_out)


def lost(packet: Packet, reason: int, said: int | None) -> Finding:
    recording = asked()
    recording.lost(packet, reason, said)
    return judged(recording)


def code(finding: Finding) -> str | None:
    return finding.unavailable.code if finding.unavailable else None


def test_the_fault_itself() -> None:
    finding = lost(Packet(), 1203, BAD)
    assert finding.cause is Cause.DRIVER_MARKED_BAD
    value = f"0x{Packet().sum:04x}"
    assert finding.sentence == (
        "1 of 1 replies that reached the host were dropped for their UDP checksum (reason 1203), since the network"
        f" adapter's driver called it failed, but it is right: {value} in the datagram, {value} computed anew."
    )
    assert finding.decisive is not None
    assert finding.decisive.datagram.data == Packet().data
    assert finding.unavailable is None


@pytest.mark.parametrize(
    ("packet", "reason", "said", "cause", "unavailable_code"),
    [
        (Packet(udp_checksum=0), 1203, BAD, Cause.DRIVER_MARKED_BAD, None),
        (DAMAGED, 1203, BAD, Cause.CORRUPT_REPLY, None),
        (DAMAGED, 1203, UNCHECKED, Cause.CORRUPT_REPLY, None),
        (DAMAGED, 1203, None, Cause.CORRUPT_REPLY, None),
        (Packet(), 1203, UNCHECKED, Cause.OTHER, None),
        (Packet(), 1203, GOOD, Cause.OTHER, None),
        (Packet(), 1203, None, Cause.UNAVAILABLE, "no_metadata"),
        (Packet(flags=0x2000), 1203, BAD, Cause.UNAVAILABLE, "checksum_unknown"),
        (Packet(flags=0x2000), 1203, UNCHECKED, Cause.CORRUPT_REPLY, None),
        (Packet(), 1207, BAD, Cause.FIREWALL, None),
        (Packet(), 909, UNCHECKED, Cause.FIREWALL, None),
        (Packet(), 911, UNCHECKED, Cause.FIREWALL, None),
        (Packet(), 919, UNCHECKED, Cause.FIREWALL, None),
        (Packet(), 1408, UNCHECKED, Cause.FIREWALL, None),
        (Packet(), 1204, BAD, Cause.NO_LISTENER, None),
        (Packet(), 904, UNCHECKED, Cause.NO_LISTENER, None),
        (Packet(), 1202, UNCHECKED, Cause.OTHER, None),
        (Packet(), 912, 0x04, Cause.OTHER, None),
        (Packet(), 0, BAD, Cause.OTHER, None),
    ],
)
def test_one_lost_reply(
    packet: Packet, reason: int, said: int | None, cause: Cause, unavailable_code: str | None
) -> None:
    finding = lost(packet, reason, said)
    assert (finding.cause, code(finding)) == (cause, unavailable_code)
    assert str(reason) in finding.sentence
    # Without evidence no packet shows anything.
    shown = finding.decisive.datagram.data if finding.decisive is not None else None
    assert shown == (None if cause is Cause.UNAVAILABLE else packet.data)


def test_the_words_are_those_that_others_branch_on() -> None:
    assert [each.value for each in Cause] == [
        "driver_marked_bad",
        "corrupt_reply",
        "firewall",
        "no_listener",
        "nothing_arrived",
        "other",
        "unavailable",
        "answered",
    ]


def test_a_checksum_that_the_sender_left_out_is_told_as_such() -> None:
    assert lost(Packet(udp_checksum=0), 1203, BAD).sentence.endswith("the sender computed none, which is allowed.")


def test_a_damaged_ipv4_header_is_a_damaged_reply() -> None:
    data = bytearray(Packet().data)
    data[8] ^= 1
    recording = asked()
    recording.seen(9, bytes(data), 9, 3)
    recording.dropped(9, bytes(data), 912)
    finding = judged(recording)
    assert finding.cause is Cause.CORRUPT_REPLY
    assert finding.decisive is not None
    assert finding.decisive.datagram.header_good is False


def test_a_packet_with_the_right_sum_that_the_driver_never_judged_is_not_the_drivers_fault() -> None:
    finding = lost(Packet(), 1203, UNCHECKED)
    assert finding.cause is not Cause.DRIVER_MARKED_BAD
    assert "did not call failed" in finding.sentence


def test_a_reply_cut_off_where_it_was_recorded_proves_nothing() -> None:
    recording = asked()
    recording.seen(9, Packet().frame[:60], 9, size=72)
    recording.said(9, 9, BAD)
    recording.dropped(9, Packet().data[:46], 1203)
    assert code(judged(recording)) == "checksum_unknown"


def test_of_several_drops_of_one_packet_the_checksum_counts() -> None:
    recording = asked()
    group = recording.received(Packet(), BAD)
    recording.dropped(group, Packet().data, 34, component=20)
    recording.dropped(group, Packet().data, 1203)
    assert judged(recording).cause is Cause.DRIVER_MARKED_BAD


def test_most_replies_decide() -> None:
    recording = asked()
    recording.lost(Packet(identification=1), 1203, BAD)
    for number in (2, 3):
        recording.lost(Packet(identification=number), 1207, BAD)
    finding = judged(recording)
    assert finding.cause is Cause.FIREWALL
    assert finding.sentence.startswith("2 of 3 replies that reached the host were dropped for reason 1207")
    assert finding.sentence.endswith(" 1 more: driver_marked_bad.")


def test_most_replies_decide_whatever_the_words() -> None:
    recording = asked()
    recording.lost(Packet(identification=1), 1207, BAD)
    for number in (2, 3):
        recording.lost(Packet(identification=number, udp_checksum=1), 1203, BAD)
    assert judged(recording).cause is Cause.CORRUPT_REPLY


@pytest.mark.parametrize("first", [1203, 1207])
def test_of_as_many_the_driver_comes_before_the_firewall(first: int) -> None:
    recording = asked()
    recording.lost(Packet(identification=1), first, BAD)
    recording.lost(Packet(identification=2), 1203 + 1207 - first, BAD)
    assert judged(recording).cause is Cause.DRIVER_MARKED_BAD


def test_of_as_many_the_certain_fault_comes_first() -> None:
    recording = asked()
    recording.lost(Packet(identification=1, udp_checksum=1), 1203, UNCHECKED)
    recording.lost(Packet(identification=2), 1203, BAD)
    finding = judged(recording)
    assert finding.cause is Cause.DRIVER_MARKED_BAD
    assert finding.sentence.endswith(" 1 more: corrupt_reply.")


def test_one_certain_reply_outweighs_any_number_of_uncertain_ones() -> None:
    recording = asked()
    for number in range(5):
        recording.lost(Packet(identification=number), 1203, None)
    recording.received(Packet(identification=8))
    recording.lost(Packet(identification=9), 1203, BAD)
    finding = judged(recording)
    assert finding.cause is Cause.DRIVER_MARKED_BAD
    assert finding.sentence.startswith("1 of 7 replies")


def test_nothing_arrived_is_said_only_of_what_was_asked_and_seen() -> None:
    finding = judged(asked())
    assert finding.cause is Cause.NOTHING_ARRIVED
    assert finding.sentence == (
        "3 questions were seen on their way out, and no reply reached the host's network adapter."
    )
    assert finding.decisive is None


def test_without_the_questions_silence_proves_nothing() -> None:
    assert code(judged(Recording())) == "requests_not_seen"


def test_with_events_left_out_silence_proves_nothing() -> None:
    assert code(judged(asked(), left_out=7)) == "events_left_out"


def test_with_events_left_out_a_drop_still_counts() -> None:
    recording = asked()
    recording.lost(Packet(), 1203, BAD)
    assert judged(recording, left_out=7).cause is Cause.DRIVER_MARKED_BAD


def test_questions_that_a_firewall_drops_are_no_silence_of_the_bmc() -> None:
    recording = asked()
    recording.dropped(recording.sent(question(9)), question(9).data, 1207)
    finding = judged(recording)
    assert finding.cause is Cause.FIREWALL
    assert finding.sentence.startswith("The questions did not leave the host: dropped for reason 1207")
    assert finding.decisive is not None
    assert finding.decisive.reasons == (1207,)


def test_questions_to_an_address_that_nobody_has() -> None:
    recording = asked()
    recording.dropped(recording.sent(question(9)), question(9).data, 923)
    finding = judged(recording)
    assert finding.cause is Cause.NOTHING_ARRIVED
    assert "923" in finding.sentence
    assert finding.decisive is not None
    assert finding.decisive.reasons == (923,)


def test_a_reply_that_arrived_and_was_not_dropped_stays_open() -> None:
    recording = asked()
    recording.received(Packet(), GOOD)
    finding = judged(recording)
    assert finding.cause is Cause.OTHER
    assert "not reported as dropped" in finding.sentence


def test_where_the_probe_was_answered_no_reply_is_missing() -> None:
    recording = asked()
    recording.received(Packet(), GOOD)
    finding = judged(recording, Probe("answered", answers=3, detail="it answered 3 of 3 attempts"))
    assert (finding.cause, finding.sentence) == (
        Cause.ANSWERED,
        "No reply is missing: it answered 3 of 3 attempts.",
    )


def test_drops_beside_answers_are_told() -> None:
    recording = asked()
    recording.lost(Packet(), 1203, BAD)
    finding = judged(recording, Probe("answered", answers=1))
    assert finding.cause is Cause.ANSWERED
    assert finding.sentence.endswith(" 1 replies were dropped all the same: driver_marked_bad.")


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("port_unreachable", Cause.NO_LISTENER),
        ("blocked_outbound", Cause.FIREWALL),
        ("no_route", Cause.OTHER),
        ("answered_elsewhere", Cause.OTHER),
        ("malformed", Cause.OTHER),
    ],
)
def test_what_the_probe_itself_tells(outcome: str, cause: Cause) -> None:
    finding = judged(asked(), Probe(outcome, detail="what it saw"))
    assert (finding.cause, finding.sentence) == (cause, "The probe itself tells: what it saw.")


def test_a_proven_drop_comes_before_what_the_probe_tells() -> None:
    recording = asked()
    recording.lost(Packet(), 1203, BAD)
    assert judged(recording, Probe("malformed")).cause is Cause.DRIVER_MARKED_BAD


def test_what_the_probe_tells_comes_before_a_drop_that_proves_little() -> None:
    recording = asked()
    recording.lost(Packet(payload=REPLY), 1204, UNCHECKED)
    assert judged(recording, Probe("answered_elsewhere")).cause is Cause.OTHER


def test_a_probe_that_was_not_made_has_no_evidence() -> None:
    finding = judged(Recording(), Probe("probe_unavailable", "shell_denied", "not asked: no shell"))
    assert (finding.cause, code(finding)) == (Cause.UNAVAILABLE, "shell_denied")
    assert finding.sentence == "There is no evidence: not asked: no shell."


def test_a_probe_that_was_not_made_and_gives_no_reason_failed() -> None:
    assert code(judged(Recording(), Probe("probe_unavailable"))) == "failed"


def test_no_evidence_says_why() -> None:
    finding = unavailable("old_grammar", "pktmon is too old")
    assert finding.unavailable is not None
    assert (finding.unavailable.code, finding.unavailable.detail) == ("old_grammar", "pktmon is too old")
