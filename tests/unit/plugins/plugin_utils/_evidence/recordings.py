# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recordings as PktMon would make them, for tests: bytes of datagrams, and the events of their way through a host."""

from __future__ import annotations

import ipaddress
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

BMC: Final = "192.0.2.20"
HOST: Final = "192.0.2.10"
PORT: Final = 623
LOCAL_PORT: Final = 50123
REQUEST: Final = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")
REPLY: Final = bytes.fromhex("0600ff0700000000000000000010811c6320003800019705030000000008")

MINIPORT: Final = 9
FILTER: Final = 12
TCPIP: Final = 49
RX: Final = 3
TX: Final = 4
ETHERNET: Final = 1
WIFI: Final = 2
IP: Final = 3
BAD: Final = 0x22
"""The driver says: the UDP checksum failed, that of the IPv4 header is good."""
UNCHECKED: Final = 0


def checksum(data: bytes) -> int:
    """The Internet checksum, by another way than the product's: the remainder of one large number."""
    number = int.from_bytes(data + bytes(len(data) % 2))
    remainder = number % 0xFFFF
    return 0xFFFF - (0xFFFF if number and remainder == 0 else remainder)


@dataclass(frozen=True, slots=True)
class Packet:
    """An IPv4 packet with a UDP datagram. By default the reply of a BMC."""

    payload: bytes = REPLY
    source: str = BMC
    destination: str = HOST
    source_port: int = PORT
    destination_port: int = LOCAL_PORT
    identification: int = 0x1234
    options: bytes = b""
    flags: int = 0
    udp_checksum: int | None = None
    udp_size: int | None = None
    padding: bytes = b""

    @property
    def sum(self) -> int:
        """The right UDP checksum."""
        pseudo = self._addresses + struct.pack(">BBH", 0, 17, 8 + len(self.payload))
        return checksum(pseudo + self._udp(0)) or 0xFFFF

    @property
    def data(self) -> bytes:
        """The packet, without anything behind it."""
        udp = self._udp(self.sum if self.udp_checksum is None else self.udp_checksum)
        size = 20 + len(self.options)
        head = struct.pack(
            ">BBHHHBBH", 0x40 | size // 4, 0, size + len(udp), self.identification, self.flags, 64, 17, 0
        )
        header = head + self._addresses + self.options
        return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + udp

    @property
    def frame(self) -> bytes:
        """The packet in an Ethernet frame."""
        return self.tagged()

    def tagged(self, *tags: int) -> bytes:
        """The frame with VLAN tags of these types."""
        addresses = bytes.fromhex("020000000001 00e081000001".replace(" ", ""))
        marks = b"".join(struct.pack(">HH", tag, 100) for tag in tags)
        return addresses + marks + b"\x08\x00" + self.data + self.padding

    @property
    def _addresses(self) -> bytes:
        return ipaddress.IPv4Address(self.source).packed + ipaddress.IPv4Address(self.destination).packed

    def _udp(self, value: int) -> bytes:
        size = 8 + len(self.payload) if self.udp_size is None else self.udp_size
        return struct.pack(">HHHH", self.source_port, self.destination_port, size, value) + self.payload


def question(number: int = 0, **changes: Any) -> Packet:
    """A question of the probe."""
    ports = {"source_port": LOCAL_PORT, "destination_port": PORT, "identification": 0x100 + number}
    return Packet(**{"payload": REQUEST, "source": HOST, "destination": BMC, **ports, **changes})


@dataclass
class Recording:
    """Events in the order in which they are added, as the capture returns them."""

    events: list[dict[str, Any]] = field(default_factory=list)
    _groups: Iterator[int] = field(default_factory=lambda: itertools.count(8444249301423149))

    def sent(self, packet: Packet) -> int:
        """A packet of this host, seen on its way out. Returns its group."""
        group = next(self._groups)
        self.seen(group, packet.data, TCPIP, IP, direction=TX)
        self.seen(group, packet.frame, MINIPORT, direction=TX)
        return group

    def received(self, packet: Packet, said: int | None = UNCHECKED) -> int:
        """A packet that came in, as the adapter and a filter saw it, with what the driver said of it."""
        group = next(self._groups)
        for component in (MINIPORT, FILTER):
            self.seen(group, packet.frame, component)
            if said is not None:
                self.said(group, component, said)
        return group

    def lost(self, packet: Packet, reason: int, said: int | None = UNCHECKED, **changes: Any) -> int:
        """A packet that came in, and was dropped by tcpip."""
        group = self.received(packet, said)
        self.dropped(group, packet.data, reason, **changes)
        if said is not None:
            self.said(group, TCPIP, said, drop=True)
        return group

    def seen(
        self, group: int, data: bytes, component: int, kind: int = ETHERNET, *, direction: int = RX, size: int = 0
    ) -> None:
        """One component saw a packet."""
        head = [group, 1, 1, direction, kind, component, 1, 1, 0, 0]
        self._add(160, [*head, size or len(data), len(data), data.hex().upper()])

    def dropped(self, group: int, data: bytes, reason: int, component: int = TCPIP, kind: int = IP) -> None:
        """One component dropped a packet. A location above 2**31 comes out negative."""
        head = [group, 1, 5, RX, kind, component, 0, 1, reason, 0xE000460A - 2**32]
        self._add(170, [*head, len(data), len(data), data.hex().upper()])

    def said(self, group: int, component: int, bits: int, *, drop: bool = False) -> None:
        """What a component knew of a packet's checksums."""
        head = [group, 1, 1, RX, ETHERNET, component, 1, 1, 0, 0]
        self._add(190 if drop else 180, [*head, bits, *[0] * 11])

    def component(self, number: int, name: str, description: str = "") -> None:
        """The name of a component, as it stands at the end of a recording."""
        self._add(20, [number, 2, name, description])

    def _add(self, number: int, values: list[Any]) -> None:
        when = 1_764_000_000_000_000 + 1000 * len(self.events)
        self.events.append({"id": number, "us": when, "values": [str(value) for value in values]})
