# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPv4 routing of one machine: its route table, the route to an address, and the source address Windows would take.

That is the address of the interface with the most leading bits in common with the next hop, then with the destination
(Microsoft KB 969029); where these are equal too, the first one.

Simulated addresses are loopback addresses, so the machine has no 127.0.0.0/8 route of its own loopback interface.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from tests.lab.adapters import Adapter

INTERFACE_METRIC: Final = 25
ON_LINK: Final = IPv4Address("0.0.0.0")
ON_LINK_METRIC: Final = 256
DEFAULT: Final = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """One line of the route table; a next hop of 0.0.0.0 means on-link."""

    network: IPv4Network
    next_hop: IPv4Address
    adapter: Adapter
    metric: int
    static: bool

    @property
    def on_link(self) -> bool:
        """Whether the destination is a neighbour."""
        return self.next_hop == ON_LINK


@dataclass(frozen=True, slots=True)
class Hop:
    """The way a datagram takes out of the machine."""

    entry: RouteEntry
    source: IPv4Address

    def neighbour(self, destination: IPv4Address) -> IPv4Address:
        """The address whose MAC the frame needs."""
        return destination if self.entry.on_link else self.entry.next_hop


def route_table(adapters: Iterable[Adapter]) -> list[RouteEntry]:
    """The IPv4 routes of all adapters that run and have a link."""
    table: list[RouteEntry] = []
    for adapter in adapters:
        if not adapter.interfaces or not adapter.connected:
            continue
        for interface in adapter.interfaces:
            network = interface.network
            host = IPv4Network(f"{interface.ip}/32")
            broadcast = IPv4Network(f"{network.broadcast_address}/32")
            known = [entry.network for entry in table if entry.adapter is adapter]
            new = [one for one in (network, host, broadcast) if one not in known]
            table += [RouteEntry(one, ON_LINK, adapter, ON_LINK_METRIC, False) for one in new]
        if adapter.gateway is not None:
            table.append(RouteEntry(DEFAULT, IPv4Address(adapter.gateway), adapter, 0, True))
        for route in adapter.routes:
            hop = ON_LINK if route.via == "on_link" or adapter.gateway is None else IPv4Address(adapter.gateway)
            table.append(RouteEntry(IPv4Network(route.to), hop, adapter, route.metric, True))
    return table


def find_route(adapters: Iterable[Adapter], destination: IPv4Address, source: IPv4Address | None) -> Hop | None:
    """The route to an address; None when there is none.

    A bound source address restricts the choice to routes of the interface that owns it, as Windows' strong host
    model does.
    """
    fitting = [entry for entry in route_table(adapters) if destination in entry.network]
    if source is not None:
        fitting = [entry for entry in fitting if any(one.ip == source for one in entry.adapter.interfaces)]
    if not fitting:
        return None
    best = min(fitting, key=lambda entry: (-entry.network.prefixlen, entry.metric + INTERFACE_METRIC))
    return Hop(best, source or _usual_source(best, destination))


def _usual_source(entry: RouteEntry, destination: IPv4Address) -> IPv4Address:
    step = destination if entry.on_link else entry.next_hop
    return max(entry.adapter.sources, key=lambda one: (_common_bits(one, step), _common_bits(one, destination)))


def _common_bits(one: IPv4Address, other: IPv4Address) -> int:
    return 32 - (int(one) ^ int(other)).bit_length()
