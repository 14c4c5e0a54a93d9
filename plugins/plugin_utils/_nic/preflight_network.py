# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a restart of an adapter takes from the network: routes that do not last, and the link of a controller behind it.

MSFT_NetRoute.Store is 0 for what is configured to last and 1 for what is in force. Windows may show routes from DHCP
like those that somebody set. The default route is told by the address beside it; of others this can't be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import NAMESPACE, format_mac, ipv4
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import IPV4_ONLY, HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import Neighbour, is_own_bmc
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import (
    LONGEST_NAME,
    MOST_SHOWN,
    Finding,
    Restart,
    Risk,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

_STATIC: Final = frozenset({3, 10002, 10006, 10007})
"""MSFT_NetRoute.Protocol of routes that somebody set: NetMgmt, and the static kinds of nldef.h. Others come by
themselves."""
_NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104  # what stands for no address, and for on link, not an address to listen on
_DEFAULT_ROUTE: Final = "0.0.0.0/0"
_FROM_DHCP: Final = 3


@dataclass(frozen=True, slots=True)
class _Route:
    destination: str
    next_hop: str
    interface: int

    def __str__(self) -> str:
        return f"{self.destination} {'on link' if self.next_hop == _NO_ADDRESS else f'via {self.next_hop}'}"


def find_lost_routes(reader: TolerantReader, restarts: Sequence[Restart]) -> list[Finding]:
    """The findings ``route_not_persistent``: static routes in force, over an interface that goes, not made to last."""
    active = reader.rows("routes", NAMESPACE, "MSFT_NetRoute", _read_static, where=f"{IPV4_ONLY} AND Store = 1").items
    interfaces = frozenset[int]().union(*(restart.interfaces for restart in restarts))
    candidates = [route for route in active if route.interface in interfaces]
    if not candidates:
        return []
    lasting = reader.rows(
        "persistent routes", NAMESPACE, "MSFT_NetRoute", _read_any_route, where=f"{IPV4_ONLY} AND Store = 0"
    )
    if not lasting.complete:
        return []
    # A persistent route made with route.exe belongs to no interface, so that only where it leads is compared.
    kept = {(route.destination, route.next_hop) for route in lasting.items}
    candidates = [route for route in candidates if (route.destination, route.next_hop) not in kept]
    leased = _read_leased(reader) if any(route.destination == _DEFAULT_ROUTE for route in candidates) else frozenset()
    candidates = [route for route in candidates if route.destination != _DEFAULT_ROUTE or route.interface not in leased]
    found = []
    for restart in restarts:
        lost = sorted({str(route) for route in candidates if route.interface in restart.interfaces})
        if lost:
            more = f" and {len(lost) - MOST_SHOWN} more" if len(lost) > MOST_SHOWN else ""
            found.append(
                restart.finding(
                    Risk.ROUTE_NOT_PERSISTENT,
                    "Not configured to last, and gone after the restart unless DHCP or a program sets it again:"
                    f" {', '.join(lost[:MOST_SHOWN])}{more}.",
                    routes=lost[:MOST_SHOWN],
                    count=len(lost),
                )
            )
    return found


def _read_any_route(row: Instance) -> _Route | None:
    destination = one_line(row.text("DestinationPrefix") or "", LONGEST_NAME)
    next_hop = ipv4(row.text("NextHop")) or _NO_ADDRESS
    return _Route(destination, next_hop, row.integer("InterfaceIndex") or 0) if destination else None


def _read_static(row: Instance) -> _Route | None:
    # A provider that ignores the condition must not make persistent routes of those in force, or the other way round.
    if row.integer("Protocol") not in _STATIC or row.integer("Store") == 0:
        return None
    return _read_any_route(row)


def _read_leased(reader: TolerantReader) -> frozenset[int]:
    """Interfaces with an address from DHCP, whose default route comes from there too."""

    def read(row: Instance) -> int | None:
        return row.integer("InterfaceIndex") if row.integer("PrefixOrigin") == _FROM_DHCP else None

    return frozenset(reader.rows("address origins", NAMESPACE, "MSFT_NetIPAddress", read, where=IPV4_ONLY).items)


def find_shared_ports(reader: TolerantReader, reading: HostReading, restarts: Sequence[Restart]) -> list[Finding]:
    """The findings ``shared_bmc_port``. Only a neighbour that the host has spoken to lately can be found."""

    def read(row: Instance) -> tuple[str, str] | None:
        address, mac = ipv4(row.text("IPAddress")), format_mac(row.text("LinkLayerAddress"))
        return None if address is None or mac is None else (mac, address)

    own = {adapter.mac for adapter in reading.topology.adapters}
    rows = reader.rows("neighbours", NAMESPACE, "MSFT_NetNeighbor", read, where=IPV4_ONLY).items
    neighbours = sorted({row for row in rows if row[0] not in own})
    found = []
    for restart in restarts:
        near = [
            (mac, address) for mac, address in neighbours if is_own_bmc(Neighbour(mac, "reachable"), [restart.adapter])
        ]
        if near:
            mac, address = near[0]
            found.append(
                restart.finding(
                    Risk.SHARED_BMC_PORT,
                    f"{address} has a hardware address ({mac}) next to that of the adapter ({restart.adapter.mac}): it"
                    " looks like the host's own management controller. If it shares the adapter's port, it loses its"
                    " link at the same moment, and is no other way to the host meanwhile.",
                    neighbours=[{"address": address, "mac": mac} for mac, address in near[:MOST_SHOWN]],
                )
            )
    return found
