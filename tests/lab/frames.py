# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a UDP datagram as they travel: UDP (RFC 768), IPv4 (RFC 791), Ethernet II with 802.1Q, 802.11.

A datagram may carry a wrong checksum, or a payload that changed after its checksum was made, as the fleet file says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import Final, Literal

UDP: Final = 17
IPV4_TYPE: Final = 0x0800
VLAN_TYPE: Final = 0x8100
SHORTEST_FRAME: Final = 60
"""Bytes of an Ethernet frame without its check sequence; the sender pads what is shorter (IEEE 802.3, 3.2.8)."""
_LLC_SNAP: Final = bytes.fromhex("aaaa03000000")
_FROM_THE_NETWORK: Final = bytes.fromhex("0802")
"""Frame control of 802.11: a data frame that comes from the distribution system."""
_TO_THE_NETWORK: Final = bytes.fromhex("0801")

Replies = Literal["whole", "wrong_checksum", "damaged_payload", "no_checksum"]


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram. ``state`` tells what is wrong with it, ``identification`` and ``ttl`` are of its IP header."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    payload: bytes
    state: Replies = "whole"
    identification: int = 0
    ttl: int = 64

    @property
    def damaged(self) -> bool:
        """Whether its UDP checksum does not fit."""
        return self.state in ("wrong_checksum", "damaged_payload")


def ones_sum(data: bytes) -> int:
    """The one's complement sum of 16-bit words, RFC 1071."""
    if len(data) % 2:
        data += b"\x00"
    total = sum(int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def udp_segment(datagram: Datagram, *, unfinished: bool = False) -> bytes:
    """UDP header and payload.

    ``unfinished``: the checksum field holds the sum of the pseudo header alone, as the stack leaves it for an adapter
    that finishes it.
    """
    length = 8 + len(datagram.payload)
    ports = datagram.source_port.to_bytes(2, "big") + datagram.destination_port.to_bytes(2, "big")
    head = ports + length.to_bytes(2, "big")
    pseudo = IPv4Address(datagram.source).packed + IPv4Address(datagram.destination).packed
    pseudo += bytes((0, UDP)) + length.to_bytes(2, "big")
    if unfinished:
        checksum = ones_sum(pseudo)
    elif datagram.state == "no_checksum":
        checksum = 0
    else:
        checksum = ~ones_sum(pseudo + head + b"\x00\x00" + datagram.payload) & 0xFFFF or 0xFFFF
    payload = datagram.payload
    if datagram.state == "wrong_checksum":
        # Any other value but 0, which would mean that there is none.
        checksum = (checksum ^ 0x5A5A) or 0x5A5A
    elif datagram.state == "damaged_payload":
        payload = bytes((payload[0] ^ 0x10,)) + payload[1:]
    return head + checksum.to_bytes(2, "big") + payload


def ipv4_packet(datagram: Datagram, *, unfinished: bool = False) -> bytes:
    """The IPv4 packet, with a right header checksum and without options."""
    segment = udp_segment(datagram, unfinished=unfinished)
    head = bytes((0x45, 0)) + (20 + len(segment)).to_bytes(2, "big")
    head += datagram.identification.to_bytes(2, "big") + b"\x00\x00" + bytes((datagram.ttl, UDP))
    addresses = IPv4Address(datagram.source).packed + IPv4Address(datagram.destination).packed
    checksum = ~ones_sum(head + b"\x00\x00" + addresses) & 0xFFFF
    return head + checksum.to_bytes(2, "big") + addresses + segment


def ethernet_frame(packet: bytes, destination: str, source: str, *, vlan: int | None = None, padded: bool) -> bytes:
    """An Ethernet frame without its check sequence. MAC addresses are twelve hexadecimal digits."""
    tag = b"" if vlan is None else VLAN_TYPE.to_bytes(2, "big") + vlan.to_bytes(2, "big")
    frame = bytes.fromhex(destination + source) + tag + IPV4_TYPE.to_bytes(2, "big") + packet
    return frame.ljust(SHORTEST_FRAME, b"\x00") if padded else frame


def wireless_frame(packet: bytes, destination: str, source: str, *, received: bool) -> bytes:
    """An 802.11 data frame by way of an access point, with LLC and SNAP headers, as a native Wi-Fi driver shows it."""
    network = "0017C5000001"
    if received:
        head = _FROM_THE_NETWORK + b"\x00\x00" + bytes.fromhex(destination + network + source)
    else:
        head = _TO_THE_NETWORK + b"\x00\x00" + bytes.fromhex(network + source + destination)
    return head + b"\x10\x00" + _LLC_SNAP + IPV4_TYPE.to_bytes(2, "big") + packet


def spoiled(datagram: Datagram, state: Replies) -> Datagram:
    """The same datagram with something wrong; an empty payload can't be damaged, its checksum can."""
    if state == "damaged_payload" and not datagram.payload:
        state = "wrong_checksum"
    return replace(datagram, state=state)
