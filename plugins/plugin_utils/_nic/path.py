# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Which adapter a datagram to an address leaves through, and what is known of the way there.

Windows takes the route with the longest prefix, then the lowest sum of route and interface metric (Microsoft Learn,
"Routing decisions"). Classes and states: MSFT_NetRoute, MSFT_NetIPInterface, MSFT_NetNeighbor (NL_NEIGHBOR_STATE) and
Win32_PingStatus.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    NAMESPACE,
    Adapter,
    Ipv4Address,
    format_mac,
    ipv4,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    IPV4_ONLY,
    read_host_addresses,
    read_topology_adapters,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import (
    MEMBER_BINDINGS,
    Topology,
    read_topology,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

_STATES: Final = ("unreachable", "incomplete", "probe", "delay", "stale", "reachable", "permanent")
_ANY: Final = "0.0.0.0"  # noqa: S104  # next hop of an on-link route, not an address to listen on
_ROUTE_GONE: Final = 2
_PING_WAIT_MS: Final = 1000
_PING_UNREACHABLE: Final = range(11002, 11006)
"""IP_DEST_NET_UNREACHABLE, IP_DEST_HOST_UNREACHABLE and the two that follow (ipexport.h)."""
_PING_SILENT: Final = 11010
_OWN_BMC_DISTANCE: Final = 8
"""Boards take their MAC addresses from one run: the ports first, the BMC among the next few."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the neighbour (ARP) table. ``state`` is a word of NL_NEIGHBOR_STATE in lower case, or ``unknown``."""

    mac: str | None
    state: str

    @property
    def resolved(self) -> bool:
        """Whether somebody answered for the address: it has a MAC, and Windows hasn't found it unreachable."""
        return self.mac is not None and self.state not in ("unreachable", "incomplete", "unknown")


@dataclass(frozen=True, slots=True)
class Path:
    """The way from a host to an IPv4 address.

    Attributes:
        address: Where to.
        on_link: Whether it is reached without a router; None where there is no route.
        route: Destination prefix of the route that Windows takes.
        next_hop: The router's address; None on link.
        interface_index: Interface that the route leads through.
        adapter: Name of the adapter with this index.
        adapter_guid: GUID of it.
        physical: Names of the physical adapters below it, which are those that receive the answer.
        source_address: The host's own address that Windows sends from.
        neighbour: Entry of the neighbour table for the address (on link) or for the router.
        icmp: ``answered``, ``silent``, ``unreachable``, or ``unknown`` where the host couldn't say.
        own_bmc: Whether the neighbour looks like the management controller of the host itself: on link, with a MAC
            address next to one of the host's physical adapters (same vendor prefix, no more than 8 apart). None where
            it can't be told. A host can't reach its own controller through a port that both share.
    """

    address: str
    on_link: bool | None
    route: str | None
    next_hop: str | None
    interface_index: int | None
    adapter: str | None
    adapter_guid: str | None
    physical: tuple[str, ...]
    source_address: str | None
    neighbour: Neighbour | None
    icmp: str
    own_bmc: bool | None

    def as_dict(self) -> dict[str, Any]:
        """The path as it stands in results."""
        neighbour = {"mac": self.neighbour.mac, "state": self.neighbour.state} if self.neighbour else None
        return {
            "address": self.address,
            "on_link": self.on_link,
            "route": self.route,
            "next_hop": self.next_hop,
            "interface_index": self.interface_index,
            "adapter": self.adapter,
            "adapter_guid": self.adapter_guid,
            "physical": list(self.physical),
            "source_address": self.source_address,
            "neighbour": neighbour,
            "icmp": self.icmp,
            "own_bmc": self.own_bmc,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """One row of MSFT_NetRoute. ``metric`` is that of route and interface together."""

    network: ipaddress.IPv4Network
    next_hop: str | None
    interface_index: int
    metric: int


def read_paths(client: Client, addresses: Sequence[str]) -> dict[str, Path]:
    """Read the ways from the host to *addresses*, by address.

    Each address is asked by ICMP once, before the neighbour table is read: the question also makes Windows resolve
    the neighbour.

    Raises:
        NicError: ``bmc_is_host`` where an address is the host's own.
    """
    own = read_host_addresses(client)
    _refuse_own(addresses, own, client.host)
    adapters = read_topology_adapters(client)
    bindings = client.enumerate(NAMESPACE, "MSFT_NetAdapterBindingSettingData", where=MEMBER_BINDINGS)
    topology = read_topology(adapters, bindings)
    routes = read_routes(client, topology)
    echoes = {address: _ping(client, address) for address in dict.fromkeys(addresses)}
    neighbours = _read_neighbours(client)
    return {
        address: _path(
            address, choose_route(routes, address), topology=topology, own=own, neighbours=neighbours, icmp=icmp
        )
        for address, icmp in echoes.items()
    }


def adapters_toward(
    client: Client, topology: Topology, own: Sequence[Ipv4Address], addresses: Sequence[str]
) -> frozenset[str]:
    """GUIDs of the physical adapters that datagrams to *addresses* leave through.

    Args:
        client: Asked for the routes, if there are addresses at all.
        topology: The host's adapters.
        own: The host's own addresses.
        addresses: IPv4 addresses.

    Raises:
        NicError: ``bmc_is_host``.
    """
    if not addresses:
        return frozenset()
    _refuse_own(addresses, own, client.host)
    routes = read_routes(client, topology)
    chosen = [choose_route(routes, address) for address in addresses]
    leaving = [topology.by_index(route.interface_index) for route in chosen if route is not None]
    return frozenset(
        each.guid for adapter in leaving if adapter is not None for each in topology.physical_below(adapter)
    )


def read_routes(client: Client, topology: Topology) -> list[Route]:
    """Read the IPv4 routes in use, without those of adapters that are down."""
    rows = client.enumerate(NAMESPACE, "MSFT_NetRoute", where=IPV4_ONLY)
    metrics: Mapping[int, int] = {}
    if any(row.integer("InterfaceMetric") is None for row in rows):
        # Windows Server 2012 has no interface metric in its routes.
        interfaces = client.enumerate(NAMESPACE, "MSFT_NetIPInterface", where=IPV4_ONLY)
        metrics = {each.integer("InterfaceIndex") or 0: each.integer("InterfaceMetric") or 0 for each in interfaces}
    down = {adapter.index for adapter in topology.adapters if not adapter.up}
    routes = [route for row in rows if (route := _route(row, metrics)) is not None]
    return [route for route in routes if route.interface_index not in down]


def choose_route(routes: Iterable[Route], address: str) -> Route | None:
    """The route that Windows takes to *address*; of equals the one with the lowest interface index."""
    destination = ipaddress.IPv4Address(address)
    return min(
        (route for route in routes if destination in route.network),
        key=lambda route: (-route.network.prefixlen, route.metric, route.interface_index),
        default=None,
    )


def source_address(own: Iterable[Ipv4Address], route: Route, address: str) -> str | None:
    """The address that Windows sends from, of those of the route's interface.

    It has the most leading bits in common with the next hop, then with *address* (Microsoft KB 969029). Microsoft does
    not say which of equals it is; here it is the first one of *own*.
    """
    step = ipaddress.IPv4Address(route.next_hop or address)
    wanted = (step, ipaddress.IPv4Address(address))
    on_interface = (
        ipaddress.IPv4Address(row.address) for row in own if row.interface_index == route.interface_index and row.usable
    )
    chosen = max(on_interface, key=lambda each: [_common_bits(each, other) for other in wanted], default=None)
    return None if chosen is None else str(chosen)


def _common_bits(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> int:
    return one.max_prefixlen - (int(one) ^ int(other)).bit_length()


def is_own_bmc(neighbour: Neighbour | None, adapters: Iterable[Adapter]) -> bool | None:
    """Whether a neighbour's MAC address is next to one of the host's own physical adapters; None without a MAC."""
    if neighbour is None or neighbour.mac is None:
        return None
    vendor, number = _split(neighbour.mac)
    own = [_split(adapter.mac) for adapter in adapters if adapter.physical and adapter.mac]
    return any(vendor == each[0] and abs(number - each[1]) <= _OWN_BMC_DISTANCE for each in own)


def _split(mac: str) -> tuple[str, int]:
    digits = mac.replace(":", "")
    return digits[:6], int(digits[6:], 16)


def _refuse_own(addresses: Sequence[str], own: Sequence[Ipv4Address], host: str) -> None:
    owned = {row.address for row in own}
    for address in addresses:
        if address in owned:
            raise NicError(
                "bmc_is_host",
                f"address {address}",
                f"one of the own addresses of {host}",
                "the address of a management controller or of another machine",
                "Traffic of a host to itself never passes an adapter. Give the controller's own address.",
            )


def _path(
    address: str,
    route: Route | None,
    *,
    topology: Topology,
    own: Sequence[Ipv4Address],
    neighbours: Mapping[tuple[int, str], Neighbour],
    icmp: str,
) -> Path:
    if route is None:
        return Path(address, None, None, None, None, None, None, (), None, None, icmp, None)
    adapter = topology.by_index(route.interface_index)
    on_link = route.next_hop is None
    neighbour = neighbours.get((route.interface_index, route.next_hop or address))
    return Path(
        address=address,
        on_link=on_link,
        route=str(route.network),
        next_hop=route.next_hop,
        interface_index=route.interface_index,
        adapter=adapter.name if adapter else None,
        adapter_guid=adapter.guid if adapter else None,
        physical=tuple(each.name for each in topology.physical_below(adapter)) if adapter else (),
        source_address=source_address(own, route, address),
        neighbour=neighbour,
        icmp=icmp,
        own_bmc=is_own_bmc(neighbour, topology.adapters) if on_link else None,
    )


def _route(row: Instance, metrics: Mapping[int, int]) -> Route | None:
    index = row.integer("InterfaceIndex")
    try:
        network = ipaddress.IPv4Network((row.text("DestinationPrefix") or "").strip())
    except ValueError:
        return None
    # Store 0 is the persistent store: what a restart would bring. State 2 is a route whose next hop is dead.
    if index is None or row.integer("Store") == 0 or row.integer("State") == _ROUTE_GONE:
        return None
    next_hop = ipv4(row.text("NextHop"))
    interface_metric = row.integer("InterfaceMetric")
    metric = (row.integer("RouteMetric") or 0) + (
        metrics.get(index, 0) if interface_metric is None else interface_metric
    )
    return Route(network, None if next_hop in (None, _ANY) else next_hop, index, metric)


def _read_neighbours(client: Client) -> dict[tuple[int, str], Neighbour]:
    found: dict[tuple[int, str], Neighbour] = {}
    for row in client.enumerate(NAMESPACE, "MSFT_NetNeighbor", where=IPV4_ONLY):
        address = ipv4(row.text("IPAddress"))
        index = row.integer("InterfaceIndex")
        state = row.integer("State")
        if address is not None and index is not None and row.integer("Store") != 0:
            word = _STATES[state] if state is not None and 0 <= state < len(_STATES) else "unknown"
            found[index, address] = Neighbour(format_mac(row.text("LinkLayerAddress")), word)
    return found


def _ping(client: Client, address: str) -> str:
    """Ask the host to send one ICMP echo. Pings that the host can't make say nothing about the way."""
    try:
        row = client.get("root/cimv2", "Win32_PingStatus", {"Address": address, "Timeout": str(_PING_WAIT_MS)})
    except WsmanFault as fault:
        if fault.timed_out or fault.quota:
            raise
        return "unknown"
    status = row.integer("StatusCode")
    if status == 0:
        return "answered"
    if status in _PING_UNREACHABLE:
        return "unreachable"
    return "silent" if status == _PING_SILENT else "unknown"
