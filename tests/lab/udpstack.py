# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""UDP of one machine: what leaves it, and who drops what arrives.

The driver gives each received datagram a verdict, NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO. Where it says failed, the
stack drops without a look of its own; where it says nothing, the stack computes the checksum; then it looks for the
socket, then the Windows Filtering Platform has its say. Reasons are those of PKTMON_DROP_REASON (pktmonnpik.h).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final, Literal, Protocol

from tests.lab.adapters import RECEIVE_BIT, Adapter
from tests.lab.firewall import profile_of
from tests.lab.frames import Datagram
from tests.lab.network import Delivery, Peer
from tests.lab.npcap import overrides_offload
from tests.lab.routing import Hop

if TYPE_CHECKING:
    from tests.lab.machine import Machine

UDP_FAILED: Final = 0x02
UDP_SUCCEEDED: Final = 0x10
IP_SUCCEEDED: Final = 0x20
SENT_IPV4: Final = 0x01
SENT_UDP: Final = 0x08
SENT_IP_HEADER: Final = 0x10
TRANSMIT_BIT: Final = 1


class Drop(IntEnum):
    """Why the stack drops a datagram."""

    ADDRESS_RESOLUTION_TIMEOUT = 922
    CHECKSUM_INVALID = 1203
    ENDPOINT_NOT_FOUND = 1204
    RECEIVE_INSPECTION = 1207


@dataclass(slots=True)
class UdpCounters:
    """The UDP counters of the IPv4 stack; 32 bits, so they wrap."""

    received: int = 0
    sent: int = 0
    errors: int = 0
    no_port: int = 0

    def count(self, name: Literal["received", "sent", "errors", "no_port"]) -> None:
        """Add one datagram."""
        setattr(self, name, (getattr(self, name) + 1) % 2**32)


@dataclass(frozen=True, slots=True)
class Passage:
    """One datagram on its way through the machine, for whoever watches.

    ``top`` owns the address, ``physical`` is the hardware, ``peer_mac`` is at the other end of the link. ``checksum``
    is TcpIpChecksumNetBufferListInfo, ``unfinished`` whether the adapter still has to make the UDP checksum, ``drop``
    the reason why the stack drops it.
    """

    datagram: Datagram
    received: bool
    top: Adapter
    physical: Adapter
    peer_mac: str
    checksum: int
    drop: int | None = None
    unfinished: bool = False


class Watcher(Protocol):
    """Whoever sees what passes."""

    def saw(self, passage: Passage) -> None:
        """Take note of a datagram."""


@dataclass(slots=True)
class UdpStack:
    """The UDP sockets of a machine, and what goes through them."""

    machine: Machine
    watcher: Watcher
    counters: UdpCounters
    _sockets: dict[Peer, set[Peer]] = field(default_factory=dict)
    _late: dict[Peer, list[Callable[[], None]]] = field(default_factory=dict)
    _sent: int = 0
    _identifications: dict[str, int] = field(default_factory=dict)

    @property
    def sockets(self) -> list[Peer]:
        """Local address and port of every socket that is open."""
        return list(self._sockets)

    def open(self, local: Peer) -> None:
        """A program has bound a socket."""
        self._sockets[local] = set()

    def close(self, local: Peer) -> None:
        """It has closed the socket, and its flows are gone."""
        self._sockets.pop(local, None)
        for then in self._late.pop(local, ()):
            then()

    def once_closed(self, local: Peer, then: Callable[[], None]) -> None:
        """Do something when a socket is closed; never for one that is closed already."""
        if local in self._sockets:
            self._late.setdefault(local, []).append(then)

    def power_off(self) -> None:
        """The machine goes down: sockets and counters are gone."""
        self._sockets.clear()
        self._late.clear()
        self.counters = UdpCounters()

    def sends(self, hop: Hop, datagram: Datagram) -> Delivery:
        """Send a datagram by a route: what becomes of it."""
        self.counters.count("sent")
        self._sent += 1
        flows = self._sockets.get((datagram.source, datagram.source_port))
        if flows is not None:
            flows.add((datagram.destination, datagram.destination_port))
        top = hop.entry.adapter
        below = self.machine.below(top)
        if not all(adapter.forwards for adapter in below):
            return Delivery.LOST
        surroundings = self.machine.surroundings
        resolved = surroundings.resolve(hop, IPv4Address(datagram.destination))
        mac = surroundings.mac_of(hop, datagram.destination)
        if below and (resolved or mac is None):
            self._identifications[datagram.destination] = self._sent & 0xFFFF
            unfinished = self._works_with(below[0], TRANSMIT_BIT)
            checksum = SENT_IPV4 | SENT_UDP | SENT_IP_HEADER if unfinished else 0
            stamped = replace(datagram, identification=self._sent & 0xFFFF, ttl=128)
            drop = None if resolved else Drop.ADDRESS_RESOLUTION_TIMEOUT
            self.watcher.saw(Passage(stamped, False, top, below[0], mac or "0" * 12, checksum, drop, unfinished))
        if not resolved:
            return Delivery.LOST
        return surroundings.deliver(hop, datagram.destination, datagram.destination_port)

    def receives(self, datagram: Datagram) -> bool:
        """A datagram arrives at one of the machine's addresses: whether it reaches a program."""
        top = self._owner(datagram.destination)
        if top is None or not self.machine.running:
            return False
        below = self.machine.below(top)
        if not below or not all(adapter.forwards for adapter in below):
            return False
        if self.machine.surroundings.answers_in_the_request(datagram.source):
            datagram = replace(datagram, identification=self._identifications.get(datagram.source, 0))
        physical = next((adapter for adapter in below if self._marks(adapter, datagram)), below[0])
        checksum = self._verdict(physical, datagram)
        drop = self._dropped(top, datagram, checksum)
        self._count(drop)
        hop = self.machine.surroundings.hop(datagram.source, datagram.destination)
        mac = None if hop is None else self.machine.surroundings.mac_of(hop, datagram.source)
        self.watcher.saw(Passage(datagram, True, top, physical, mac or "00E081FFFFFF", checksum, drop))
        return drop is None

    def blocks_outbound(self, adapter: Adapter) -> bool:
        """Whether the firewall lets nothing out through an adapter."""
        system = self.machine.host.system
        profile = profile_of(system.firewall, self.machine.category(adapter))
        return system.outbound_firewall == "block" or (profile.enabled is not False and profile.outbound == "block")

    def _owner(self, address: str) -> Adapter | None:
        wanted = IPv4Address(address)
        owners = (one for one in self.machine.adapters if any(each.ip == wanted for each in one.interfaces))
        return next(owners, None)

    def _works_with(self, adapter: Adapter, bit: int) -> bool:
        """Whether an adapter does its part of the UDP checksums now."""
        if not self.machine.task_offload or overrides_offload(self.machine.host.system.npcap):
            return False
        return bool((adapter.active or 0) & bit)

    def _marks(self, adapter: Adapter, datagram: Datagram) -> bool:
        """Whether the driver has the fault, and the datagram is of the sort that trips it."""
        if not self.machine.surroundings.trips_receive_offload(datagram.source):
            return False
        if adapter.receive_fault == "always":
            return True
        return adapter.receive_fault == "offload" and self._works_with(adapter, RECEIVE_BIT)

    def _verdict(self, adapter: Adapter, datagram: Datagram) -> int:
        """What the driver says of the checksums of a datagram."""
        if self._marks(adapter, datagram):
            return UDP_FAILED | IP_SUCCEEDED
        if not self._works_with(adapter, RECEIVE_BIT):
            return 0
        if datagram.state == "no_checksum":
            return IP_SUCCEEDED
        return IP_SUCCEEDED | (UDP_FAILED if datagram.damaged else UDP_SUCCEEDED)

    def _dropped(self, top: Adapter, datagram: Datagram, checksum: int) -> int | None:
        if checksum & UDP_FAILED or (not checksum & UDP_SUCCEEDED and datagram.damaged):
            return Drop.CHECKSUM_INVALID
        asked = self._sockets.get((datagram.destination, datagram.destination_port))
        if asked is None:
            return Drop.ENDPOINT_NOT_FOUND
        if self.machine.host.system.drops_replies_for is not None:
            return self.machine.host.system.drops_replies_for
        if self.machine.host.system.inspection == "drops_replies":
            return Drop.RECEIVE_INSPECTION
        profile = profile_of(self.machine.host.system.firewall, self.machine.category(top))
        stranger = (datagram.source, datagram.source_port) not in asked
        if stranger and profile.enabled is not False and profile.inbound != "allow":
            return Drop.RECEIVE_INSPECTION
        return None

    def _count(self, drop: int | None) -> None:
        if drop is None:
            self.counters.count("received")
        elif drop == Drop.CHECKSUM_INVALID:
            self.counters.count("errors")
        elif drop == Drop.ENDPOINT_NOT_FOUND:
            self.counters.count("no_port")
