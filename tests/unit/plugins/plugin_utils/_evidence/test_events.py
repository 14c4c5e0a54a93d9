# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import (
    Appearance,
    Kind,
    Metadata,
    Recorded,
    Verdict,
    read_events,
)
from tests.unit.plugins.plugin_utils._evidence.recordings import FILTER, MINIPORT, TCPIP, Packet, Recording


def test_a_packet_on_its_way_and_dropped() -> None:
    recording = Recording()
    packet = Packet()
    group = recording.received(packet, said=0x22)
    recording.dropped(group, packet.data, 1203)
    recorded = read_events(recording.events)
    assert recorded.appearances[0] == Appearance(
        (group, 1), MINIPORT, Kind.ETHERNET, None, 0, 72, packet.frame, 1_764_000_000_000_000
    )
    assert [each.component for each in recorded.appearances] == [MINIPORT, FILTER, TCPIP]
    drop = recorded.appearances[2]
    assert (drop.reason, drop.location, drop.kind, drop.data) == (1203, 0xE000460A, Kind.IP, packet.data)
    assert recorded.metadata[0] == Metadata((group, 1), MINIPORT, Verdict.UDP_FAILED | Verdict.IP_SUCCEEDED)
    assert recorded.unreadable == 0


def test_a_packet_that_was_only_seen_has_no_reason() -> None:
    recording = Recording()
    recording.received(Packet(), None)
    recording.events[0]["values"][8] = "1203"
    assert read_events(recording.events).appearances[0].reason is None


def test_what_is_known_of_a_drop_is_read_too() -> None:
    recording = Recording()
    recording.said(7, TCPIP, 2, drop=True)
    assert read_events(recording.events).metadata == (Metadata((7, 1), TCPIP, Verdict.UDP_FAILED),)


def test_components_have_names() -> None:
    recording = Recording()
    recording.component(49, "tcpip.sys", "TCP/IP")
    recording.component(9, "", "Intel(R) I211")
    recording.component(10, "x" * 500)
    recorded = read_events(recording.events)
    assert recorded.component_name(49) == "tcpip.sys"
    assert recorded.component_name(9) == "Intel(R) I211"
    assert recorded.component_name(10) == "x" * 80
    assert recorded.component_name(1) is None
    assert Recorded().component_name(49) is None


def test_bytes_behind_the_logged_size_are_not_the_packets() -> None:
    recording = Recording()
    recording.seen(1, b"abcd", MINIPORT)
    recording.events[0]["values"][11] = "3"
    assert read_events(recording.events).appearances[0].data == b"abc"


@pytest.mark.parametrize(
    ("bits", "verdict"),
    [
        ("2", Verdict.UDP_FAILED),
        ("-2147483614", Verdict.UDP_FAILED | Verdict.IP_SUCCEEDED),
        ("18446744073709551615", Verdict(0x3F)),
        ("64", Verdict(0)),
        ("0", Verdict(0)),
    ],
)
def test_only_the_bits_of_the_checksums_count(bits: str, verdict: Verdict) -> None:
    recording = Recording()
    recording.said(1, MINIPORT, 0)
    recording.events[0]["values"][10] = bits
    assert read_events(recording.events).metadata[0].verdict is verdict


@pytest.mark.parametrize(
    "values",
    [[], ["1"] * 12, ["1"] * 12 + ["xyz"], ["one"] + ["1"] * 11 + ["00"], [""] * 13],
    ids=["none", "too few", "no hex", "no number", "empty"],
)
def test_an_event_of_another_shape_is_counted_and_passed_over(values: list[str]) -> None:
    recording = Recording()
    recording.received(Packet(), None)
    recording.events.insert(1, {"id": 160, "us": 5, "values": values})
    recorded = read_events(recording.events)
    assert (len(recorded.appearances), recorded.unreadable) == (2, 1)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *((place, "-1") for place in (0, 1, 4, 5, 10, 11)),
        *((place, str(2**32)) for place in (1, 4, 5, 8, 9, 10, 11)),
        *((place, str(-(2**31) - 1)) for place in (8, 9)),
        (0, str(2**64)),
        (10, "1" * 4300),
    ],
)
def test_a_number_that_windows_has_no_room_for_is_no_number(place: int, value: str) -> None:
    recording = Recording()
    recording.dropped(1, Packet().data, 1203)
    recording.events[0]["values"][place] = value
    recorded = read_events(recording.events)
    assert (recorded.appearances, recorded.unreadable) == ((), 1)


@pytest.mark.parametrize("place", [0, 1, 5])
def test_what_is_said_of_no_packet_or_by_no_component_is_passed_over(place: int) -> None:
    recording = Recording()
    recording.said(1, MINIPORT, 0x22)
    recording.component(9, "x")
    for event in recording.events:
        event["values"][place if event["id"] == 180 else 0] = "-1"
    recorded = read_events(recording.events)
    assert (recorded.metadata, recorded.components, recorded.unreadable) == ((), {}, 2)


def test_the_largest_numbers_are_read() -> None:
    recording = Recording()
    recording.dropped(2**64 - 1, Packet().data, 2**32 - 1, component=2**32 - 1)
    recording.events[0]["values"][9:11] = ["-2147483648", str(2**32 - 1)]
    (found,) = read_events(recording.events).appearances
    assert (found.packet, found.reason, found.component) == ((2**64 - 1, 1), 2**32 - 1, 2**32 - 1)
    assert (found.location, found.original_size) == (2**31, 2**32 - 1)


def test_an_event_with_more_properties_than_known_is_read() -> None:
    recording = Recording()
    recording.received(Packet())
    for event in recording.events:
        event["values"].append("new")
    recorded = read_events(recording.events)
    assert (len(recorded.appearances), len(recorded.metadata), recorded.unreadable) == (2, 2, 0)


def test_events_of_other_kinds_say_nothing() -> None:
    assert read_events([{"id": 80, "us": 1, "values": ["1"]}]) == Recorded(components={})


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from([20, 160, 170, 180, 190, 240]),
                "us": st.integers(0, 2**53),
                "values": st.lists(st.text(max_size=12), max_size=24),
            }
        ),
        max_size=8,
    )
)
def test_any_values_are_survived(events: list[dict[str, Any]]) -> None:
    recorded = read_events(events)
    found = len(recorded.appearances) + len(recorded.metadata) + len(recorded.components or {}) + recorded.unreadable
    assert found <= len(events)
