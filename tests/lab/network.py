# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lies between the machines and the BMCs: who is where, who can reach whom, ICMP and neighbour entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address
from typing import Literal, Protocol

from tests.lab.adapters import Adapter
from tests.lab.clock import LabClock
from tests.lab.fleet import IPMI_PORT, BmcPlan, Fleet, HostSpec, moved_address
from tests.lab.frames import Datagram, Replies
from tests.lab.routing import Hop, find_route
from tests.lab.schema import BmcLink

IcmpResult = Literal["answered", "silent", "unreachable", "no_route"]
NeighbourState = Literal["unreachable", "incomplete", "stale", "reachable", "permanent"]
GATEWAY_MAC = "00000C9FF001"
Peer = tuple[str, int]
"""IPv4 address and UDP port."""


class Delivery(Enum):
    """What becomes of a datagram a machine sends to a BMC."""

    DELIVERED = "delivered"
    LOST = "lost"
    REFUSED = "refused"
    """The address answers with ICMP port unreachable."""


@dataclass(frozen=True, slots=True)
class NeighbourEntry:
    """One neighbour of a machine. ``mac`` is twelve hexadecimal digits, None while it is not resolved."""

    adapter: Adapter
    address: IPv4Address
    mac: str | None
    state: NeighbourState


class Receiver(Protocol):
    """A machine, for what arrives at its addresses."""

    def owns(self, address: str) -> bool:
        """Whether an address is its own now."""

    def replies_of(self, plan: BmcPlan) -> Replies:
        """In which state a BMC's replies reach it."""

    def receives(self, datagram: Datagram) -> bool:
        """Take a datagram: whether it reaches a program."""

    def once_closed(self, local: Peer, then: Callable[[], None]) -> None:
        """Do something when a program closes a socket."""


class Network:
    """The simulated network of a fleet, and its time. It sends nothing itself; BMCs listen for real in ``bmc.py``."""

    def __init__(
        self,
        hosts: Iterable[HostSpec] = (),
        bmcs: Iterable[BmcPlan] = (),
        bmc_port: int = IPMI_PORT,
        clock: LabClock | None = None,
    ) -> None:
        self.bmc_port = bmc_port
        self.clock = clock or LabClock()
        self._bmcs: dict[str, BmcPlan] = {}
        for plan in bmcs:
            self._bmcs[plan.address] = plan
            self._bmcs[plan.other_address] = plan
        self._hosts: set[str] = set()
        self._sources: set[str] = set()
        for host in hosts:
            self._hosts.add(host.address)
            networks = [adapter.network for adapter in host.kind.adapters if adapter.network is not None]
            own = [host.network_address(network) for network in networks]
            further = [address for addresses in host.further.values() for address in addresses]
            self._sources.update((*own, *map(moved_address, own), *further))
        self._silenced: set[int] = set()
        self._restarts: Counter[int] = Counter()
        self._receivers: dict[str, list[Receiver]] = {}

    @classmethod
    def of(cls, fleet: Fleet) -> Network:
        """The network of all hosts and BMCs of a fleet."""
        return cls(fleet.hosts, fleet.bmcs, fleet.bmc_port, LabClock(fleet.speed))

    def bmc(self, address: str) -> BmcPlan | None:
        """The BMC that has this address."""
        return self._bmcs.get(address)

    def host_at(self, address: str) -> bool:
        """Whether a machine of the fleet has this management address."""
        return address in self._hosts

    def lets_through(self, plan: BmcPlan, source: str) -> bool:
        """Whether what this source sends arrives at the BMC and the answer at the source."""
        if plan.number in self._silenced:
            return False
        return plan.spec.reachable_from == "everywhere" or source in self._sources

    def join(self, host: HostSpec, receiver: Receiver) -> None:
        """Put a machine on the network; the last one of a host is the one that counts."""
        further = [address for addresses in host.further.values() for address in addresses]
        for address in (host.address, moved_address(host.address), *further):
            self._receivers.setdefault(_tail(address), []).insert(0, receiver)

    def state_of_replies(self, plan: BmcPlan, destination: str) -> Replies:
        """In which state a BMC's replies arrive at an address: as it sends them, or damaged on the way to a machine."""
        receiver = self._receiver(destination)
        return plan.spec.replies if receiver is None else receiver.replies_of(plan)

    def arrives(self, datagram: Datagram) -> bool:
        """Whether a datagram of a BMC reaches a program: at a machine that is the machine's affair."""
        receiver = self._receiver(datagram.destination)
        return True if receiver is None else receiver.receives(datagram)

    def once_closed(self, peer: Peer, then: Callable[[], None]) -> None:
        """Do something when a program of a machine closes its socket; never, where it is no machine's."""
        receiver = self._receiver(peer[0])
        if receiver is not None:
            receiver.once_closed(peer, then)

    def is_machine(self, address: str) -> bool:
        """Whether an address is that of a machine now."""
        return self._receiver(address) is not None

    def _receiver(self, address: str) -> Receiver | None:
        return next((one for one in self._receivers.get(_tail(address), ()) if one.owns(address)), None)

    def adapter_restarted(self, host: HostSpec) -> None:
        """Silence the BMCs of a host that don't survive its restart, or not another one."""
        for _unused, plan in host.bmcs:
            self._restarts[plan.number] += 1
            if plan.spec.silent_after_restart and self._restarts[plan.number] > plan.spec.survives_restarts:
                self._silenced.add(plan.number)


def _tail(address: str) -> str:
    """The last two octets: a machine has the same ones in every network, but for further and moved addresses."""
    return address.split(".", 2)[2]


@dataclass(slots=True)
class Surroundings:
    """The network as one machine sees it: its links to BMCs and its neighbour table."""

    host: HostSpec
    network: Network
    adapters: list[Adapter]
    _neighbours: dict[tuple[int, IPv4Address], NeighbourEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for link, plan in self.host.bmcs:
            hop = self.hop(plan.address, None)
            if hop is not None and link.neighbour == "resolved":
                self.resolve(hop, IPv4Address(plan.address))

    def link(self, address: str) -> BmcLink | None:
        """What the fleet file says about the way to a BMC; None for one it does not mention for this host."""
        plan = self.network.bmc(address)
        return next((link for link, own in self.host.bmcs if own is plan), None)

    def hop(self, destination: str, source: str | None) -> Hop | None:
        """The route a datagram takes; None without a route or towards a BMC the fleet file leaves unrouted."""
        link = self.link(destination)
        if link is not None and link.path == "unrouted":
            return None
        wanted = None if source is None else IPv4Address(source)
        return find_route(self.adapters, IPv4Address(destination), wanted)

    def resolve(self, hop: Hop, destination: IPv4Address) -> bool:
        """Ask for the MAC of the next hop; tells whether the entry was resolved before.

        Until it is, the datagram that asked is lost: Windows keeps at most one and drops the others.
        """
        address = hop.neighbour(destination)
        key = (hop.entry.adapter.index, address)
        known = self._neighbours.get(key)
        if known is not None and known.state in ("reachable", "stale", "permanent"):
            return True
        mac = self._mac_of(hop, address)
        state: NeighbourState = "unreachable" if mac is None else "reachable"
        self._neighbours[key] = NeighbourEntry(hop.entry.adapter, address, mac, state)
        return False

    def deliver(self, hop: Hop, destination: str, port: int) -> Delivery:
        """What becomes of one datagram after it left by this route."""
        if not self.resolve(hop, IPv4Address(destination)):
            return Delivery.LOST
        plan = self.network.bmc(destination)
        link = self.link(destination)
        if plan is None or (link is not None and link.path in ("filtered", "udp_filtered", "own_port")):
            return Delivery.LOST
        if link is not None and link.answers_only_from not in (None, hop.entry.adapter.place_of(hop.source)):
            return Delivery.LOST
        if plan.spec.behaviour == "closed" or port != self.network.bmc_port:
            return Delivery.REFUSED
        return Delivery.DELIVERED

    def trips_receive_offload(self, address: str) -> bool:
        """Whether datagrams from this address are of the sort that the driver fault loses."""
        plan = self.network.bmc(address)
        if plan is None:
            return False
        own = plan.spec.trips_receive_offload
        return plan.spec.behaviour == "smdc" if own is None else own

    def replies_of(self, plan: BmcPlan) -> Replies:
        """In which state a BMC's replies arrive: the way may damage what it sent whole."""
        link = next((link for link, own in self.host.bmcs if own is plan), None)
        return plan.spec.replies if link is None or link.replies == "whole" else link.replies

    def answers_in_the_request(self, address: str) -> bool:
        """Whether a BMC makes its answer out of the packet it was asked with, IP identification and all."""
        plan = self.network.bmc(address)
        return plan is not None and plan.spec.behaviour == "smdc"

    def neighbours(self) -> list[NeighbourEntry]:
        """The neighbour table, without entries of adapters that lost their link."""
        return [entry for entry in self._neighbours.values() if entry.adapter.connected]

    def forget(self, adapter: Adapter) -> None:
        """Drop an adapter's entries, as its restart does."""
        self._neighbours = {key: entry for key, entry in self._neighbours.items() if entry.adapter is not adapter}

    def ping(self, destination: str) -> IcmpResult:
        """One ICMP echo request."""
        hop = self.hop(destination, None)
        if hop is None:
            return "no_route"
        self.resolve(hop, IPv4Address(destination))
        plan = self.network.bmc(destination)
        if plan is None:
            if self.network.host_at(destination):
                return "answered"
            return "unreachable" if hop.entry.on_link else "silent"
        link = self.link(destination)
        if link is not None and (link.path in ("filtered", "own_port") or link.neighbour == "never"):
            return "unreachable" if link.neighbour == "never" and hop.entry.on_link else "silent"
        return "answered" if plan.spec.icmp == "answers" else "silent"

    def mac_of(self, hop: Hop, destination: str) -> str | None:
        """The MAC at the other end of the link on the way to an address."""
        return self._mac_of(hop, hop.neighbour(IPv4Address(destination)))

    def _mac_of(self, hop: Hop, address: IPv4Address) -> str | None:
        """Who answers an ARP request for the address: the gateway, a BMC, nobody.

        A BMC behind a shared port has the MAC next to the host's own; what the host sends to it never leaves the port.
        """
        if not hop.entry.on_link:
            return GATEWAY_MAC
        plan = self.network.bmc(str(address))
        if plan is None:
            return None
        link = self.link(str(address))
        if link is not None and link.neighbour == "never":
            return None
        if link is not None and link.path == "own_port":
            return f"{int(hop.entry.adapter.mac, 16) + 1:012X}"
        return plan.mac
