# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Reading what else of an adapter may change with a restart.

Classes: MSFT_NetAdapterRssSettingData and its siblings for RSC, LSO, USO and URO, MSFT_NetIPAddress, MSFT_NetRoute,
MSFT_NetConnectionProfile, Win32_NetworkAdapterConfiguration. A driver without an offload has no row for it, and a
Windows without an offload no class.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    NAMESPACE,
    Adapter,
    guid_in,
    ipv4,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import IPV4_ONLY, HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import LONGEST_NAME
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_access import CATEGORIES
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_reading import interfaces_through
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects import (
    NOTHING,
    Setting,
    Surroundings,
    Unread,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

_LOCAL: Final = 2
"""MSFT_NetRoute.Protocol of routes that follow from an address."""
_PERSISTENT: Final = 0
_ON_LINK: Final = "0.0.0.0"  # noqa: S104  # next hop of an on-link route, not an address to listen on
_ORIGINS: Final = {0: "other", 1: "manual", 2: "link-local", 3: "DHCP", 4: "router advertisement"}
"""MSFT_NetIPAddress.PrefixOrigin in words."""
_MOST_ROWS: Final = 50

_Words = Callable[[Instance], dict[str, str]]
_PerInterface = tuple[int, str]
_FOUND_BY_INTERFACE: Final = ("addresses", "dhcp_lease", "network_profile", "routes")


def read_surroundings(client: Client, reading: HostReading, adapters: Sequence[Adapter]) -> Surroundings:
    """Read the settings of *adapters* beside the one that is changed. What can't be read is kept as such.

    Args:
        client: Asked in the session that is open.
        reading: What was read of the host; after a restart, the new reading, since interface indices may change.
        adapters: The adapters that are restarted, found by GUID. Without any, nothing is asked.

    Raises:
        HostUnreachable: the host does not answer any more.
    """
    guids = [adapter.guid for adapter in adapters]
    if not guids:
        return Surroundings({})
    reader = TolerantReader(client)
    settings: dict[str, dict[str, Setting]] = {guid: {} for guid in guids}
    for class_name, names, words in _OFFLOADS:
        _add_offload(reader, settings, class_name, names, words)
    tables = _read_tables(reader)
    for guid in guids:
        adapter = reading.adapter(guid)
        if adapter is not None:
            settings[guid] |= _of_interfaces(reading, adapter, tables)
    return Surroundings(settings)


def _add_offload(
    reader: TolerantReader,
    settings: Mapping[str, dict[str, Setting]],
    class_name: str,
    names: Sequence[str],
    words: _Words,
) -> None:
    # Rows are asked for by GUID: one of RSS carries the indirection table, some ten thousand bytes.
    where = " OR ".join(f"InstanceID LIKE '{guid}%'" for guid in settings)
    rows = reader.rows(
        class_name,
        NAMESPACE,
        class_name,
        lambda row: (guid_in(row.text("InstanceID")), words(row)),
        where=where,
        absence_is_none=True,
    )
    missing: Setting = NOTHING if rows.error is None else Unread(rows.error)
    found = dict(rows.items)
    for guid, setting in settings.items():
        words_found = found.get(guid, {})
        setting.update({name: words_found.get(name, missing) for name in names})


def _read_tables(reader: TolerantReader) -> dict[str, tuple[_PerInterface, ...] | Unread]:
    """What belongs to interfaces: by what it is, interface index and words; in the order of the words."""
    tables: dict[str, tuple[_PerInterface, ...] | Unread] = {}

    def read(what: str, namespace: str, class_name: str, words: _Read, where: str | None) -> None:
        rows = reader.rows(what, namespace, class_name, words, where=where)
        read_rows = tuple(sorted(set(rows.items), key=lambda row: row[1]))
        tables[what] = read_rows if rows.error is None else Unread(rows.error)

    read("addresses", NAMESPACE, "MSFT_NetIPAddress", _address, IPV4_ONLY)
    read("routes", NAMESPACE, "MSFT_NetRoute", _route, IPV4_ONLY)
    read("network_profile", NAMESPACE, "MSFT_NetConnectionProfile", _profile, None)
    read("dhcp_lease", "root/cimv2", "Win32_NetworkAdapterConfiguration", _lease, "DHCPEnabled = TRUE")
    return tables


def _of_interfaces(
    reading: HostReading, adapter: Adapter, tables: Mapping[str, tuple[_PerInterface, ...] | Unread]
) -> dict[str, Setting]:
    """What belongs to the interfaces whose traffic an adapter carries; of others than its own, with their names."""
    names: dict[int, str] = {}
    for index in interfaces_through(reading.topology, adapter):
        interface = reading.topology.by_index(index)
        if index != adapter.index and interface is not None:
            names[index] = f"{one_line(interface.name, LONGEST_NAME)}: "
    names[adapter.index] = ""
    found: dict[str, Setting] = {}
    for what in _FOUND_BY_INTERFACE:
        table = tables[what]
        if isinstance(table, Unread):
            found[what] = table
        else:
            found[what] = tuple(f"{names[index]}{words}" for index, words in table if index in names)[:_MOST_ROWS]
    return found


_Read = Callable[[Instance], _PerInterface | None]


def _address(row: Instance) -> _PerInterface | None:
    index, address, prefix = row.integer("InterfaceIndex"), ipv4(row.text("IPAddress")), row.integer("PrefixLength")
    if index is None or address is None or row.integer("Store") == _PERSISTENT:
        return None
    origin = row.integer("PrefixOrigin")
    return index, f"{address}/{prefix} ({_ORIGINS.get(-1 if origin is None else origin, 'origin unknown')})"


def _route(row: Instance) -> _PerInterface | None:
    index, destination = row.integer("InterfaceIndex"), one_line(row.text("DestinationPrefix") or "", LONGEST_NAME)
    if index is None or not destination or row.integer("Store") == _PERSISTENT or row.integer("Protocol") == _LOCAL:
        return None
    next_hop = ipv4(row.text("NextHop")) or _ON_LINK
    way = "on link" if next_hop == _ON_LINK else f"via {next_hop}"
    return index, f"{destination} {way}, metric {row.integer('RouteMetric') or 0}"


def _profile(row: Instance) -> _PerInterface | None:
    index, category = row.integer("InterfaceIndex"), row.integer("NetworkCategory")
    if index is None:
        return None
    word = CATEGORIES.get(-1 if category is None else category, "unknown")
    return index, f"{word} ({one_line(row.text('Name') or '', LONGEST_NAME)})"


def _lease(row: Instance) -> _PerInterface | None:
    index, expires = row.integer("InterfaceIndex"), row.when("DHCPLeaseExpires")
    server = ipv4(row.text("DHCPServer"))
    if index is None or (server is None and expires is None):
        return None
    until = "without an end" if expires is None else f"until {expires.astimezone(dt.UTC).isoformat(timespec='seconds')}"
    return index, f"from {server or 'an unknown server'}, {until}"


def _switch(row: Instance, name: str) -> str:
    return {True: "enabled", False: "disabled", None: "unknown"}[row.boolean(name)]


def _working(row: Instance, name: str, operational: str) -> str:
    """Whether a setting is on, and said where Windows doesn't follow it, as for a filter that stands in the way."""
    word = _switch(row, name)
    return f"{word}, not working" if word == "enabled" and row.boolean(operational) is False else word


def _rss(row: Instance) -> dict[str, str]:
    return {"rss": _switch(row, "Enabled")}


def _rsc(row: Instance) -> dict[str, str]:
    return {
        "rsc_ipv4": _working(row, "IPv4Enabled", "IPv4OperationalState"),
        "rsc_ipv6": _working(row, "IPv6Enabled", "IPv6OperationalState"),
    }


def _lso(row: Instance) -> dict[str, str]:
    return {"lso_ipv4": _switch(row, "IPv4Enabled"), "lso_ipv6": _switch(row, "IPv6Enabled")}


def _uso(row: Instance) -> dict[str, str]:
    return {"uso_ipv4": _switch(row, "IPv4Enabled"), "uso_ipv6": _switch(row, "IPv6Enabled")}


def _uro(row: Instance) -> dict[str, str]:
    return {"uro": _working(row, "Enabled", "Operational")}


_OFFLOADS: Final[tuple[tuple[str, tuple[str, ...], _Words], ...]] = (
    ("MSFT_NetAdapterRssSettingData", ("rss",), _rss),
    ("MSFT_NetAdapterRscSettingData", ("rsc_ipv4", "rsc_ipv6"), _rsc),
    ("MSFT_NetAdapterLsoSettingData", ("lso_ipv4", "lso_ipv6"), _lso),
    ("MSFT_NetAdapterUsoSettingData", ("uso_ipv4", "uso_ipv6"), _uso),
    ("MSFT_NetAdapterUroSettingData", ("uro",), _uro),
)
"""Class of an offload, what it tells, and how to read a row."""
