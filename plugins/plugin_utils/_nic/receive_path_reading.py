# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Reading what on a host may change or drop the UDP datagrams that it receives. Nothing is changed.

Classes: MSFT_NetFirewallProfile (Enabled is 0, 1, or 2 for not configured; actions are 0 not configured, 2 allow,
4 block), MSFT_NetConnectionProfile, MSFT_NetUDPEndpoint, Win32_Process, MSFT_NetAdapterBindingSettingData and
MSFT_NetOffloadGlobalSetting (Win32 documentation).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    NAMESPACE,
    Ipv4Address,
    guid_in,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    read_host_addresses,
    read_topology_adapters,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import COMPONENTS, read_npcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_access import (
    CATEGORIES,
    note_firewall_policy,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.receive_path import (
    Filter,
    Member,
    PortInUse,
    Profile,
    ReceivePath,
    Source,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import Topology, read_topology
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

RESERVED_PORTS: Final = (623, 664)
"""UDP ports of IPMI and its secured form (DSP0136), which network adapters may keep from the system."""

_MICROSOFT: Final = ("ms_", "vms_")
"""How the ComponentIDs of what comes with Windows begin."""
_OFF: Final = 0
_ALLOW: Final = 2
_BLOCK: Final = 4
_LONGEST_NAME: Final = 120
_MOST_PROCESSES: Final = 16


def read_receive_path(client: Client) -> ReceivePath:
    """Read everything in one session.

    Raises:
        NicError: The adapters can't be read. Whatever else can't be becomes a line of ``not_read``.
        HostUnreachable: the host does not answer any more.
    """
    reader = TolerantReader(client)
    adapters = read_topology_adapters(client)
    bindings = reader.rows(
        "bindings", NAMESPACE, "MSFT_NetAdapterBindingSettingData", lambda row: row, where="Enabled = TRUE"
    ).items
    no_addresses: tuple[Ipv4Address, ...] = ()
    addresses = reader.value("addresses", lambda: read_host_addresses(client), no_addresses)
    topology = read_topology(adapters, bindings)
    names = {adapter.guid: adapter.name for adapter in adapters if not adapter.hidden}
    bound = {guid for component in COMPONENTS for guid in topology.bound.get(component, frozenset())}
    return ReceivePath(
        profiles=_read_profiles(reader, topology),
        ports=_read_ports(reader),
        filters=_filters(bindings, names),
        npcap=read_npcap(reader, {names[guid] for guid in bound if guid in names}),
        members=_members(topology),
        task_offload=_read_task_offload(reader),
        sources=_sources(addresses, topology),
        not_read=tuple(dict.fromkeys(reader.not_read)),
    )


def _read_profiles(reader: TolerantReader, topology: Topology) -> tuple[Profile, ...]:
    networks = _read_networks(reader, topology)

    def read(row: Instance) -> Profile | None:
        name = (row.text("Name") or "").strip().casefold()
        if name not in CATEGORIES.values():
            return None
        inbound, outbound = row.integer("DefaultInboundAction"), row.integer("DefaultOutboundAction")
        return Profile(
            name=name,
            enabled=row.integer("Enabled") != _OFF,
            inbound="allow" if inbound == _ALLOW else "block",
            outbound="block" if outbound == _BLOCK else "allow",
            adapters=networks.get(name, ()),
        )

    note_firewall_policy(reader)
    rows = reader.rows("firewall profiles", NAMESPACE, "MSFT_NetFirewallProfile", read)
    return tuple(sorted(rows.items, key=lambda each: each.name))


def _read_networks(reader: TolerantReader, topology: Topology) -> Mapping[str, tuple[str, ...]]:
    """Names of the adapters by the profile that holds in their network."""

    def read(row: Instance) -> tuple[str, str] | None:
        adapter = topology.by_index(row.integer("InterfaceIndex") or 0)
        category = CATEGORIES.get(-1 if (number := row.integer("NetworkCategory")) is None else number)
        return (category, adapter.name) if category and adapter else None

    found: dict[str, set[str]] = {}
    for category, name in reader.rows("network profiles", NAMESPACE, "MSFT_NetConnectionProfile", read).items:
        found.setdefault(category, set()).add(name)
    return {category: tuple(sorted(names, key=str.casefold)) for category, names in found.items()}


def _read_ports(reader: TolerantReader) -> tuple[PortInUse, ...]:
    def read(row: Instance) -> tuple[int, str, int | None] | None:
        port = row.integer("LocalPort")
        if port not in RESERVED_PORTS:
            return None
        return port, one_line(row.text("LocalAddress") or "?", _LONGEST_NAME), row.integer("OwningProcess")

    where = " OR ".join(f"LocalPort = {port}" for port in RESERVED_PORTS)
    rows = sorted(
        set(reader.rows("UDP ports in use", NAMESPACE, "MSFT_NetUDPEndpoint", read, where=where).items),
        key=lambda each: (each[0], each[1], each[2] or 0),
    )
    processes = _read_processes(reader, sorted({number for _port, _address, number in rows if number is not None}))
    return tuple(
        PortInUse(port, address, number, None if number is None else processes.get(number))
        for port, address, number in rows
    )


def _read_processes(reader: TolerantReader, numbers: Sequence[int]) -> Mapping[int, str]:
    if not numbers:
        return {}

    def read(row: Instance) -> tuple[int, str] | None:
        number, name = row.integer("ProcessId"), row.text("Name")
        return None if number is None or not name else (number, one_line(name, _LONGEST_NAME))

    where = " OR ".join(f"ProcessId = {number}" for number in numbers[:_MOST_PROCESSES])
    return dict(reader.rows("names of processes", "root/cimv2", "Win32_Process", read, where=where).items)


def _read_task_offload(reader: TolerantReader) -> bool | None:
    rows = reader.rows(
        "task offload", NAMESPACE, "MSFT_NetOffloadGlobalSetting", lambda row: row.integer("TaskOffload")
    )
    value = next(iter(rows.items), None)
    return None if value is None else value != _OFF


def _filters(bindings: Sequence[Instance], names: Mapping[str, str]) -> tuple[Filter, ...]:
    found = set()
    for row in bindings:
        component = one_line(row.text("ComponentID") or "", _LONGEST_NAME)
        name = names.get(guid_in(row.text("InstanceID")) or "")
        if name and component and not component.casefold().startswith(_MICROSOFT) and row.boolean("Enabled") is True:
            found.add((name, component, one_line(row.text("DisplayName") or component, _LONGEST_NAME)))
    return tuple(Filter(*each) for each in sorted(found))


def _members(topology: Topology) -> tuple[Member, ...]:
    found = []
    for adapter in topology.adapters:
        membership = topology.membership(adapter) if adapter.physical else None
        if membership is not None:
            found.append(Member(adapter.name, membership.kind.value, membership.of))
    return tuple(found)


def _sources(addresses: Sequence[Ipv4Address], topology: Topology) -> tuple[Source, ...]:
    """The addresses that a probe can leave the host from: those of adapters that are up, but no self-assigned ones."""
    found = []
    for row in addresses:
        adapter = topology.by_index(row.interface_index)
        self_assigned = ipaddress.IPv4Address(row.address).is_link_local
        if adapter is not None and adapter.up and row.usable and not self_assigned:
            found.append(Source(row.address, row.prefix, adapter.name))
    return tuple(found)
