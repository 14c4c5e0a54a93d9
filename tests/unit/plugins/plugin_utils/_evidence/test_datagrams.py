# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.datagrams import (
    Checksum,
    Datagram,
    in_frame,
    in_packet,
    udp_checksum,
)
from tests.unit.plugins.plugin_utils._evidence.recordings import BMC, HOST, LOCAL_PORT, PORT, REPLY, Packet


def parsed(packet: Packet) -> Datagram:
    found = in_packet(packet.data)
    assert found is not None
    return found


def test_a_reply_in_its_frame() -> None:
    packet = Packet()
    assert in_frame(packet.frame) == Datagram(
        source=BMC,
        source_port=PORT,
        destination=HOST,
        destination_port=LOCAL_PORT,
        identification=0x1234,
        header_good=True,
        fragment=False,
        checksum=Checksum(packet.sum, packet.sum),
        payload=REPLY,
        data=packet.data,
    )


def test_a_sum_worked_out_by_hand() -> None:
    # Protocol 17, length 8 twice, ports 1 and 2: 0x11 + 8 + 8 + 1 + 2 = 0x24, and its complement.
    assert udp_checksum(bytes(8), bytes.fromhex("000100020008") + b"\xab\xcd") == 0xFFDB


@given(st.binary(max_size=60), st.integers(0, 0xFFFF), st.integers(1, 0xFFFF))
def test_a_right_sum_is_good_and_any_other_is_not(payload: bytes, port: int, offset: int) -> None:
    packet = Packet(payload=payload, destination_port=port)
    right = packet.sum
    assert parsed(packet).checksum.good is True
    assert parsed(packet).checksum.computed == right
    wrong = (right + offset) % 0x10000
    if wrong not in (0, right):
        damaged = parsed(Packet(payload=payload, destination_port=port, udp_checksum=wrong)).checksum
        assert (damaged.in_datagram, damaged.computed, damaged.good) == (wrong, right, False)


def test_a_sum_that_comes_out_as_zero_is_written_as_all_ones() -> None:
    # A payload that is the sum of the rest makes the whole come out as zero.
    packet = Packet(payload=Packet(payload=b"\0\0").sum.to_bytes(2))
    assert parsed(packet).checksum == Checksum(0xFFFF, 0xFFFF)


def test_a_sender_may_compute_none() -> None:
    checksum = parsed(Packet(udp_checksum=0)).checksum
    assert (checksum.in_datagram, checksum.good) == (0, True)


@pytest.mark.parametrize("tags", [(), (0x8100,), (0x88A8, 0x8100), (0x9100, 0x8100), (0x88A8, 0x8100, 0x8100)])
def test_vlan_tags_are_stepped_over(tags: tuple[int, ...]) -> None:
    assert in_frame(Packet().tagged(*tags)) == parsed(Packet())


def test_more_tags_than_anybody_uses_are_not_followed() -> None:
    assert in_frame(Packet().tagged(0x8100, 0x8100, 0x8100, 0x8100)) is None


def test_padding_of_a_short_frame_is_not_part_of_the_datagram() -> None:
    packet = Packet(payload=b"\x06\x00\xff\x87", padding=b"\xaa" * 14)
    found = in_frame(packet.frame)
    assert len(packet.frame) == 60
    assert found is not None
    assert (found.payload, found.data, found.checksum.good) == (packet.payload, packet.data, True)


def test_options_of_the_ipv4_header_are_stepped_over() -> None:
    found = parsed(Packet(options=b"\x94\x04\x00\x00\x01\x01\x01\x00"))
    assert (found.payload, found.checksum.good, found.header_good) == (REPLY, True, True)


def test_a_damaged_ipv4_header_is_seen() -> None:
    data = bytearray(Packet().data)
    data[8] ^= 0x01
    found = in_packet(bytes(data))
    assert found is not None
    assert found.header_good is False
    assert found.checksum.good is True


def test_of_a_first_fragment_no_sum_can_be_computed() -> None:
    found = parsed(Packet(flags=0x2000))
    assert (found.fragment, found.checksum.computed, found.checksum.good) == (True, None, None)
    assert found.source_port == PORT


def test_a_later_fragment_has_no_udp_header() -> None:
    assert in_packet(Packet(flags=0x2003).data) is None
    assert in_packet(Packet(flags=0x0003).data) is None


def test_do_not_fragment_is_no_fragment() -> None:
    assert parsed(Packet(flags=0x4000)).fragment is False


@pytest.mark.parametrize("kept", [28, 40, len(Packet().data) - 1])
def test_of_a_packet_that_was_cut_off_no_sum_can_be_computed(kept: int) -> None:
    found = in_packet(Packet().data[:kept])
    assert found is not None
    assert (found.checksum.computed, found.checksum.good) == (None, None)
    assert found.payload == REPLY[: kept - 28]


@pytest.mark.parametrize("size", [0, 7, 39, 65535])
def test_a_udp_length_that_does_not_fit_has_no_sum(size: int) -> None:
    assert parsed(Packet(udp_size=size)).checksum.computed is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x45",
        Packet().data[:27],
        b"\x65" + Packet().data[1:],
        b"\x44" + Packet().data[1:],
        Packet().data[:9] + b"\x06" + Packet().data[10:],
        Packet().data[:2] + b"\x00\x1b" + Packet().data[4:],
    ],
    ids=["empty", "one byte", "no udp header", "version 6", "short header", "tcp", "total length"],
)
def test_what_is_no_udp_datagram_is_none(data: bytes) -> None:
    assert in_packet(data) is None


def test_a_frame_of_another_protocol_or_too_short_is_none() -> None:
    frame = Packet().frame
    assert in_frame(frame[:12] + b"\x86\xdd" + frame[14:]) is None
    assert in_frame(frame[:13]) is None
    assert in_frame(Packet().tagged(0x8100)[:15]) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data: bytes) -> None:
    for found in (in_frame(data), in_packet(data), in_packet(b"\x45" + data)):
        assert found is None or found.checksum.good in (True, False, None)
