# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""UDP datagrams in captured bytes, and their checksum computed anew. Pure.

Sources: IEEE 802.3 and 802.1Q for frames, RFC 791 for IPv4, RFC 768 for UDP, RFC 1071 for the sum.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

_ETHERNET_HEADER = 14
_ETHERTYPE_IPV4 = 0x0800
_VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
"""802.1Q, 802.1ad, and what was used for double tags before 802.1ad."""
_MOST_VLAN_TAGS = 3
_LEAST_IPV4_HEADER = 20
_UDP = 17
_UDP_HEADER = 8
_MORE_FRAGMENTS = 0x2000
_FRAGMENT_OFFSET = 0x1FFF


@dataclass(frozen=True, slots=True)
class Checksum:
    """The UDP checksum of a datagram."""

    in_datagram: int
    """As the sender wrote it. 0 means that it computed none, which IPv4 allows."""
    computed: int | None
    """As it has to be for these bytes; None where not all of them were captured."""

    @property
    def good(self) -> bool | None:
        """Whether the datagram is sound; None where that can't be told."""
        if self.in_datagram == 0:
            return True
        return None if self.computed is None else self.in_datagram == self.computed


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram over IPv4, as far as it was captured."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    identification: int
    """Of the IPv4 header."""
    header_good: bool
    """Whether the checksum of the IPv4 header fits."""
    fragment: bool
    """It is the first of several fragments, so that its UDP checksum covers bytes that are elsewhere."""
    checksum: Checksum
    payload: bytes
    data: bytes
    """From the IPv4 header on, without the padding of a short frame."""

    @property
    def headers(self) -> tuple[str, int, str, int, int]:
        """What of the headers stays the same wherever the datagram is seen: both ends, and the identification."""
        return self.source, self.source_port, self.destination, self.destination_port, self.identification


def in_frame(frame: bytes) -> Datagram | None:
    """The datagram in an Ethernet frame, with or without VLAN tags; None where there is none."""
    offset = _ETHERNET_HEADER - 2
    for _each in range(_MOST_VLAN_TAGS + 1):
        if len(frame) < offset + 2:
            return None
        (ethertype,) = struct.unpack_from(">H", frame, offset)
        if ethertype == _ETHERTYPE_IPV4:
            return in_packet(frame[offset + 2 :])
        if ethertype not in _VLAN_TAGS:
            return None
        offset += 4
    return None


def in_packet(packet: bytes) -> Datagram | None:
    """The datagram in an IPv4 packet; None where there is none, or not its beginning."""
    if len(packet) < _LEAST_IPV4_HEADER or packet[0] >> 4 != 4:
        return None
    header_size = (packet[0] & 0x0F) * 4
    total_size, identification, flags = struct.unpack_from(">HHH", packet, 2)
    if header_size < _LEAST_IPV4_HEADER or total_size < header_size + _UDP_HEADER or packet[9] != _UDP:
        return None
    if flags & _FRAGMENT_OFFSET or len(packet) < header_size + _UDP_HEADER:
        return None
    data = packet[:total_size]
    source_port, destination_port, udp_size, in_datagram = struct.unpack_from(">HHHH", data, header_size)
    fragment = bool(flags & _MORE_FRAGMENTS)
    whole = not fragment and _UDP_HEADER <= udp_size <= len(data) - header_size
    computed = udp_checksum(data[12:20], data[header_size : header_size + udp_size]) if whole else None
    return Datagram(
        source=str(ipaddress.IPv4Address(data[12:16])),
        source_port=source_port,
        destination=str(ipaddress.IPv4Address(data[16:20])),
        destination_port=destination_port,
        identification=identification,
        header_good=_ones_sum(data[:header_size]) == 0xFFFF,
        fragment=fragment,
        checksum=Checksum(in_datagram, computed),
        payload=data[header_size + _UDP_HEADER : header_size + udp_size],
        data=data,
    )


def udp_checksum(addresses: bytes, datagram: bytes) -> int:
    """The checksum that belongs into a UDP datagram over IPv4 (RFC 768).

    Args:
        addresses: Source and destination address, as in the IPv4 header.
        datagram: From the UDP header on, whole. What stands in its checksum field does not matter.
    """
    pseudo_header = addresses + struct.pack(">BBH", 0, _UDP, len(datagram))
    total = _ones_sum(pseudo_header + datagram[:6] + b"\0\0" + datagram[8:])
    # 0 would say that there is no checksum.
    return (~total & 0xFFFF) or 0xFFFF


def _ones_sum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
