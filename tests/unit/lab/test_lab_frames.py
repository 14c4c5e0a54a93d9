# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a datagram, as the specifications have them."""

from __future__ import annotations

import pytest

from tests.lab.frames import Datagram, ethernet_frame, ipv4_packet, ones_sum, spoiled, udp_segment

PAYLOAD = bytes.fromhex("0600ff07000000000000000000092018c88104380e0431")
SENT = Datagram("127.1.0.1", 50_000, "127.2.0.1", 623, PAYLOAD, identification=0x1234, ttl=128)


@pytest.mark.parametrize(
    ("data", "total"),
    [(b"", 0), (b"\x01", 0x0100), (bytes.fromhex("0001f203f4f5f6f7"), 0xDDF2), (b"\xff\xff\x00\x01", 1)],
)
def test_sum_of_rfc_1071(data: bytes, total: int) -> None:
    assert ones_sum(data) == total


def test_damage_is_where_it_is_said_to_be() -> None:
    whole = udp_segment(SENT)
    wrong = udp_segment(spoiled(SENT, "wrong_checksum"))
    damaged = udp_segment(spoiled(SENT, "damaged_payload"))
    assert (wrong[:6], wrong[8:]) == (whole[:6], whole[8:])
    assert wrong[6:8] not in (whole[6:8], b"\0\0")
    assert damaged[:8] == whole[:8]
    assert damaged[8:] != whole[8:]
    assert len(damaged) == len(whole)


def test_an_empty_payload_can_only_have_a_wrong_checksum() -> None:
    empty = Datagram("127.1.0.1", 1, "127.2.0.1", 2, b"")
    assert spoiled(empty, "damaged_payload").state == "wrong_checksum"


def test_the_sum_that_an_adapter_finishes_is_that_of_the_pseudo_header() -> None:
    pseudo = bytes.fromhex("7f0100017f020001") + bytes((0, 17)) + (8 + len(PAYLOAD)).to_bytes(2, "big")
    assert udp_segment(SENT, unfinished=True)[6:8] == ones_sum(pseudo).to_bytes(2, "big")


def test_a_checksum_of_zero_is_sent_as_all_ones() -> None:
    """RFC 768: zero would mean that there is none."""
    head = Datagram("127.1.0.1", 1, "127.2.0.1", 2, b"\0\0")
    needed = int.from_bytes(udp_segment(head)[6:8], "big")
    chosen = Datagram("127.1.0.1", 1, "127.2.0.1", 2, needed.to_bytes(2, "big"))
    assert udp_segment(chosen)[6:8] == b"\xff\xff"


def test_short_frames_are_padded_on_the_wire_only() -> None:
    packet = ipv4_packet(Datagram("127.1.0.1", 1, "127.2.0.1", 2, b"ping"))
    sent = ethernet_frame(packet, "00E081000001", "A0369F000100", padded=False)
    assert len(sent) == 14 + 20 + 8 + 4
    assert ethernet_frame(packet, "00E081000001", "A0369F000100", padded=True) == sent + b"\0" * 14
