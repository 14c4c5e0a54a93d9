# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetTCPIP classes of root/standardcimv2 (Microsoft Learn, "TCP/IP WMIv2 provider") and the connection profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from tests.lab.adapters import Adapter, gateway_address
from tests.lab.cim.classes import CimClass, declare
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition, names_in
from tests.lab.firewall import CONTROLLER
from tests.lab.routing import INTERFACE_METRIC, RouteEntry
from tests.lab.schema import Address

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

IPV4 = 2
IPV6 = 23
MANUAL = 1
WELL_KNOWN = 2
DHCP = 3
LINK = 4
PERSISTENT = 0
ACTIVE = 1
DOMAIN = 2
ESTABLISHED = 5
FOREVER: Final = timedelta(days=10_675_199, hours=2, minutes=48, seconds=5, microseconds=477_580)
ADDRESS_STATES: Final = {"tentative": 1, "duplicate": 2, "deprecated": 3, "preferred": 4}
NEIGHBOUR_STATES: Final = {
    "unreachable": 0,
    "incomplete": 1,
    "probe": 2,
    "delay": 3,
    "stale": 4,
    "reachable": 5,
    "permanent": 6,
}

ELEMENT = (
    "Caption Description ElementName InstanceID CommunicationStatus DetailedStatus HealthState InstallDate Name"
    " OperatingStatus OperationalStatus[] PrimaryStatus Status StatusDescriptions[] AvailableRequestedStates[]"
    " EnabledDefault EnabledState OtherEnabledState RequestedState TimeOfLastStateChange TransitioningToState"
    " CreationClassName SystemCreationClassName SystemName"
)


def _addresses(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """IPv4 addresses, and one IPv6 link-local address for each running adapter with a link."""
    for adapter in machine.adapters:
        for interface in dict.fromkeys((*adapter.interfaces, *adapter.further)):
            like = adapter.further.get(interface, Address())
            yield _address(adapter, str(interface.ip), interface.network.prefixlen, like)
        if adapter.interfaces and adapter.connected:
            suffix = f"{adapter.index:x}"
            yield _address(adapter, f"fe80::215:5dff:fe00:{machine.number:x}{suffix}%{adapter.index}", 64, Address())


def _address(adapter: Adapter, address: str, prefix: int, like: Address) -> Row:
    family = _family(address)
    dhcp = adapter.spec is not None and adapter.spec.origin == "dhcp"
    if family == IPV6 or address.startswith("169.254."):
        prefix_origin, suffix_origin = WELL_KNOWN, LINK
    else:
        prefix_origin = suffix_origin = DHCP if dhcp else MANUAL
    return {
        "InstanceID": f"{adapter.guid}{address}",
        "Name": f"{adapter.index};{address}",
        "CreationClassName": "",
        "SystemCreationClassName": "",
        "SystemName": "",
        "ProtocolIFType": 4096 if family == IPV4 else 4097,
        "Address": address,
        "AddressOrigin": 0,
        "AddressType": None,
        "IPv4Address": address if family == IPV4 else None,
        "IPv6Address": address if family == IPV6 else None,
        "PrefixLength": prefix,
        "AddressFamily": family,
        "AddressState": ADDRESS_STATES[like.state if adapter.connected else "tentative"],
        "InterfaceAlias": adapter.name,
        "InterfaceIndex": adapter.index,
        "IPAddress": address,
        "PreferredLifetime": timedelta(days=1) if dhcp else FOREVER,
        "ValidLifetime": timedelta(days=1) if dhcp else FOREVER,
        "PrefixOrigin": prefix_origin,
        "SuffixOrigin": suffix_origin,
        "SkipAsSource": like.skip_as_source,
        "Store": 1,
        "Type": 1,
    }


def _family(address: str) -> int:
    return IPV6 if ":" in address else IPV4


def _routes(machine: Machine, condition: Condition | None) -> Iterator[Row]:
    """The routes in force; those of the persistent store only for a query that asks for a Store."""
    if condition is not None and "store" in names_in(condition):
        yield from _persistent_routes(machine)
    for entry in machine.routes():
        yield _route(entry)
    for adapter in machine.adapters:
        if adapter.interfaces and adapter.connected:
            yield _route_row(adapter, "224.0.0.0/4", "0.0.0.0", 256, 2)
            yield _route_row(adapter, "255.255.255.255/32", "0.0.0.0", 256, 2)
            yield _route_row(adapter, "fe80::/64", "::", 256, 2)


def _persistent_routes(machine: Machine) -> Iterator[Row]:
    """What is configured to last, whether it is in force or not; a gateway from DHCP is not configured."""
    for adapter in machine.adapters:
        if adapter.spec is None or adapter.spec.network is None:
            continue
        gateway = gateway_address(adapter.spec.network)
        if adapter.spec.gateway and adapter.spec.origin == "static":
            yield _route_row(adapter, "0.0.0.0/0", gateway, 0, 3) | {"Store": PERSISTENT}
        for route in adapter.spec.routes:
            if route.persistent:
                hop = gateway if route.via == "gateway" else "0.0.0.0"
                yield _route_row(adapter, route.to, hop, route.metric, 3) | {"Store": PERSISTENT}


def _route(entry: RouteEntry) -> Row:
    return _route_row(entry.adapter, str(entry.network), str(entry.next_hop), entry.metric, 3 if entry.static else 2)


def _route_row(adapter: Adapter, prefix: str, next_hop: str, metric: int, protocol: int) -> dict[str, Value]:
    return {
        "InstanceID": f"{adapter.index};{prefix};{next_hop};{metric}",
        "RouteMetric": metric,
        "IsStatic": None,
        "TypeOfRoute": 3,
        "AddressFamily": _family(next_hop),
        "CompartmentId": 1,
        "DestinationPrefix": prefix,
        "InterfaceAlias": adapter.name,
        "InterfaceIndex": adapter.index,
        "InterfaceMetric": INTERFACE_METRIC,
        "NextHop": next_hop,
        "PreferredLifetime": FOREVER,
        "Protocol": protocol,
        "Publish": 0,
        "State": 1,
        "Store": ACTIVE,
        "ValidLifetime": FOREVER,
    }


def _neighbours(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for entry in machine.neighbours():
        yield _neighbour(machine, entry.adapter, str(entry.address), entry.mac, entry.state)
    for adapter in machine.adapters:
        if adapter.interfaces and adapter.connected:
            broadcast = str(IPv4Address(adapter.interfaces[0].network.broadcast_address))
            yield _neighbour(machine, adapter, broadcast, "FFFFFFFFFFFF", "permanent")
            yield _neighbour(machine, adapter, "224.0.0.22", "01005E000016", "permanent")
            yield _neighbour(machine, adapter, "ff02::16", "333300000016", "permanent")


def _neighbour(machine: Machine, adapter: Adapter, address: str, mac: str | None, state: str) -> Row:
    """One row of the neighbour table. Server 2012 R2 writes the MAC without dashes, later versions with them."""
    digits = mac or "000000000000"
    separator = "" if machine.host.system.product == "server-2012r2" else "-"
    return {
        "InstanceID": f"{adapter.index};{address}",
        "Name": f"{adapter.index};{address}",
        "CreationClassName": "",
        "SystemCreationClassName": "",
        "SystemName": "",
        "EnabledState": 5,
        "AddressFamily": _family(address),
        "InterfaceAlias": adapter.name,
        "InterfaceIndex": adapter.index,
        "IPAddress": address,
        "LinkLayerAddress": separator.join(digits[place : place + 2] for place in range(0, 12, 2)),
        "State": NEIGHBOUR_STATES[state],
        "Store": 1,
    }


def _offload_globals(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    yield {
        "InstanceID": "NetOffloadGlobalSetting",
        "ElementName": "NetOffloadGlobalSetting",
        "ReceiveSideScaling": 1,
        "ReceiveSegmentCoalescing": 1,
        "Chimney": 0,
        "TaskOffload": 1 if machine.task_offload else 0,
        "NetworkDirect": 1,
        "PacketCoalescingFilter": 1,
        "NetworkDirectAcrossIPSubnets": 0,
    }


def _profiles(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    domain = machine.host.system.domain
    for adapter in machine.adapters:
        if adapter.interfaces and adapter.connected:
            yield {
                "InstanceID": adapter.guid,
                "Name": domain if domain and machine.category(adapter) == DOMAIN else "Network",
                "InterfaceAlias": adapter.name,
                "InterfaceIndex": adapter.index,
                "IPv4Connectivity": 3,
                "IPv6Connectivity": 1,
                "NetworkCategory": machine.category(adapter),
            }


def _connections(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """The connections of the controller to WinRM: one for each address and port that it may use."""
    addresses = [str(interface.ip) for one in machine.adapters if one.connected for interface in one.interfaces]
    ports = ([5985] if machine.host.wire.http else []) + ([5986] if machine.host.wire.https else [])
    for number, address in enumerate(addresses):
        for port in ports:
            yield _connection(address, port, str(CONTROLLER), 50_000 + number)


def _connection(local: str, local_port: int, remote: str, remote_port: int) -> Row:
    return {
        "InstanceID": f"{local}++{local_port}++{remote}++{remote_port}",
        "AggregationBehavior": None,
        "Directionality": None,
        "LocalAddress": local,
        "LocalPort": local_port,
        "RemoteAddress": remote,
        "RemotePort": remote_port,
        "State": ESTABLISHED,
        "AppliedSetting": 5,
        "OwningProcess": 4,
        "OffloadState": 0,
    }


ACCESS_POINT_KEYS = "CreationClassName Name SystemCreationClassName SystemName"

CLASSES: tuple[CimClass, ...] = (
    declare(
        "MSFT_NetIPAddress",
        ELEMENT + " NameFormat OtherTypeDescription ProtocolType ProtocolIFType Address AddressOrigin AddressType"
        " IPv4Address IPv6Address IPVersionSupport PrefixLength SubnetMask AddressFamily AddressState InterfaceAlias"
        " InterfaceIndex IPAddress PreferredLifetime PrefixOrigin SkipAsSource Store SuffixOrigin Type ValidLifetime",
        ACCESS_POINT_KEYS,
        _addresses,
    ),
    declare(
        "MSFT_NetRoute",
        "Caption Description ElementName InstanceID AdminDistance DestinationAddress IsStatic RouteMetric TypeOfRoute"
        " AddressFamily CompartmentId DestinationPrefix InterfaceAlias InterfaceIndex InterfaceMetric NextHop"
        " PreferredLifetime Protocol Publish State Store ValidLifetime",
        "InstanceID",
        _routes,
    ),
    declare(
        "MSFT_NetNeighbor",
        ELEMENT + " AccessContext AccessInfo InfoFormat OtherAccessContext OtherInfoFormatDescription AddressFamily"
        " InterfaceAlias InterfaceIndex IPAddress LinkLayerAddress State Store",
        ACCESS_POINT_KEYS,
        _neighbours,
    ),
    declare(
        "MSFT_NetOffloadGlobalSetting",
        "Caption Description ElementName InstanceID ReceiveSideScaling ReceiveSegmentCoalescing Chimney TaskOffload"
        " NetworkDirect PacketCoalescingFilter NetworkDirectAcrossIPSubnets",
        "InstanceID",
        _offload_globals,
    ),
    declare(
        "MSFT_NetTCPConnection",
        "Caption Description ElementName InstanceID CommunicationStatus DetailedStatus HealthState InstallDate Name"
        " OperatingStatus OperationalStatus[] PrimaryStatus Status StatusDescriptions[] AvailableRequestedStates[]"
        " EnabledDefault EnabledState OtherEnabledState RequestedState TimeOfLastStateChange TransitioningToState"
        " AggregationBehavior Directionality LocalAddress LocalPort RemoteAddress RemotePort State AppliedSetting"
        " OwningProcess CreationTime OffloadState",
        "InstanceID",
        _connections,
    ),
    declare(
        "MSFT_NetConnectionProfile",
        "Caption Description ElementName InstanceID InterfaceAlias InterfaceIndex IPv4Connectivity IPv6Connectivity"
        " Name NetworkCategory",
        "InstanceID",
        _profiles,
    ),
)
