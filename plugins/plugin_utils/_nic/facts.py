# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Reading a host's adapters in few requests, and putting the answers together as facts."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import Rule, assess
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    NAMESPACE,
    Adapter,
    Ipv4Address,
    place_adapters,
    read_adapters,
    read_addresses,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import COMPONENTS as NPCAP
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    KEYWORD_CONDITION,
    KEYWORDS,
    OffloadKeyword,
    read_active,
    read_keywords,
    word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import (
    MEMBER_COMPONENTS,
    Topology,
    bindings_of,
    carries_management,
    read_topology,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Outcome, Records
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

IPV4_ONLY = "AddressFamily = 2"
"""WQL condition: the IPv4 rows of the TCP/IP classes."""


@dataclass(frozen=True, slots=True)
class HostReading:
    """What was read of one host.

    Attributes:
        topology: The adapters, hidden interfaces included.
        keywords: Offload keywords by adapter GUID, the granular one first.
        active: What the driver does now, by adapter GUID; missing where the driver doesn't tell.
        addresses: The host's own IPv4 addresses.
        task_offload: The host-wide switch for all task offloads; None where Windows doesn't tell.
    """

    topology: Topology
    keywords: Mapping[str, tuple[OffloadKeyword, ...]]
    active: Mapping[str, int]
    addresses: tuple[Ipv4Address, ...]
    task_offload: bool | None

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """The adapters that Windows lists, sorted by name."""
        return tuple(adapter for adapter in self.topology.adapters if not adapter.hidden)

    @property
    def bound_to_npcap(self) -> frozenset[str]:
        """Names of the adapters that Npcap is bound to."""
        guids = {guid for component in NPCAP for guid in self.topology.bound.get(component, ())}
        return frozenset(adapter.name for adapter in self.adapters if adapter.guid in guids)

    def addresses_of(self, adapter: Adapter) -> list[Ipv4Address]:
        """The addresses of an adapter."""
        return [row for row in self.addresses if row.interface_index == adapter.index]

    def adapter(self, guid: str) -> Adapter | None:
        """The adapter with a GUID."""
        return next((adapter for adapter in self.topology.adapters if adapter.guid == guid), None)

    def keyword(self, guid: str, name: str | None = None) -> OffloadKeyword | None:
        """The keyword *name*, or the one that governs UDP over IPv4: the granular one, else the grouped one."""
        return next((each for each in self.keywords.get(guid, ()) if name in (None, each.name)), None)


def read_host(client: Client) -> HostReading:
    """Read everything the facts are made of: seven enumerations, fourteen requests where each needs one pull."""
    adapters = read_topology_adapters(client)
    wanted = bindings_of(*MEMBER_COMPONENTS, *NPCAP)
    bindings = client.enumerate(NAMESPACE, "MSFT_NetAdapterBindingSettingData", where=wanted)
    hardware = client.enumerate(NAMESPACE, "MSFT_NetAdapterHardwareInfoSettingData")
    return HostReading(
        topology=read_topology(place_adapters(adapters, hardware), bindings),
        keywords=read_host_keywords(client),
        active=read_host_active(client),
        addresses=read_host_addresses(client),
        task_offload=_task_offload(client.enumerate(NAMESPACE, "MSFT_NetOffloadGlobalSetting")),
    )


def read_topology_adapters(client: Client) -> tuple[Adapter, ...]:
    """Read MSFT_NetAdapter with the keys by which an adapter is restarted."""
    return read_adapters(client.enumerate(NAMESPACE, "MSFT_NetAdapter", with_selectors=True))


def read_host_keywords(client: Client) -> dict[str, tuple[OffloadKeyword, ...]]:
    """Read the offload keywords of all adapters."""
    rows = client.enumerate(NAMESPACE, "MSFT_NetAdapterAdvancedPropertySettingData", where=KEYWORD_CONDITION)
    return read_keywords(rows)


def read_host_active(client: Client) -> dict[str, int]:
    """Read what the drivers do now."""
    return read_active(client.enumerate(NAMESPACE, "MSFT_NetAdapterChecksumOffloadSettingData"))


def read_host_addresses(client: Client) -> tuple[Ipv4Address, ...]:
    """Read the host's own IPv4 addresses."""
    return read_addresses(client.enumerate(NAMESPACE, "MSFT_NetIPAddress", where=IPV4_ONLY))


def management_addresses(host: str) -> frozenset[str]:
    """The IPv4 addresses behind *host*, the name or address that the controller connects to; none where it has none."""
    try:
        answers = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(str(answer[4][0]) for answer in answers)


def assemble(reading: HostReading, rules: Sequence[Rule], management: frozenset[str]) -> list[dict[str, Any]]:
    """The facts of every adapter that Windows lists, sorted by name.

    Args:
        reading: What was read of the host.
        rules: The knowledge to judge by.
        management: The addresses that the controller connects to.
    """
    carried = carries_management(reading.topology, reading.addresses, management)
    return [_facts(reading, adapter, rules, carries=carried[adapter.guid]) for adapter in reading.adapters]


def task_offload_word(reading: HostReading) -> str | None:
    """The host-wide switch as a word."""
    return {True: "enabled", False: "disabled", None: None}[reading.task_offload]


def add_records(
    facts: Mapping[str, Any], records: Records, outcomes: Mapping[str, Outcome], reading: HostReading
) -> dict[str, Any]:
    """The facts of one adapter with what the collection keeps about it on the host.

    ``undo`` is the record of its original value, ``outcome`` what came of an earlier change. A record that can't be
    understood becomes the four parts of its error below ``undo.error``: reading goes on, changing will not.
    """
    adapter = reading.adapter(facts["guid"])
    name = facts["udp_ipv4_checksum"]["keyword"]
    kept = outcomes.get(f"{facts['guid']}::{name}")
    undo = _undo(records, adapter, reading) if adapter is not None else None
    outcome = {"outcome": kept.outcome, "driver_version": kept.driver_version, "at": kept.at} if kept else None
    return {**facts, "undo": undo, "outcome": outcome}


def _undo(records: Records, adapter: Adapter, reading: HostReading) -> dict[str, Any] | None:
    """The record of the keyword that governs the adapter, else that of one that its driver had earlier."""
    keyword = reading.keyword(adapter.guid)
    present = {each.guid for each in reading.topology.adapters}
    for name in sorted(KEYWORDS, key=lambda each: keyword is None or each != keyword.name):
        try:
            record = records.find(adapter, name, present)
        except NicError as error:
            return {"error": error.as_dict()}
        if record is not None:
            return {**record.as_facts(), "drift": record.drifted(keyword)}
    return None


def _facts(reading: HostReading, adapter: Adapter, rules: Sequence[Rule], *, carries: bool | None) -> dict[str, Any]:
    keyword = reading.keyword(adapter.guid)
    active = reading.active.get(adapter.guid)
    membership = reading.topology.membership(adapter)
    judged = assess(adapter.pci.id if adapter.pci else None, adapter.driver.file, rules)
    return {
        "name": adapter.name,
        "description": adapter.description,
        "guid": adapter.guid,
        "index": adapter.index,
        "mac": adapter.mac,
        "up": adapter.up,
        "physical": adapter.physical,
        "pci": adapter.pci.as_dict() if adapter.pci else None,
        "driver": adapter.driver.as_dict(),
        "addresses": [{"address": row.address, "prefix": row.prefix} for row in reading.addresses_of(adapter)],
        "member_of": membership.of if membership else None,
        "member_kind": membership.kind.value if membership else None,
        "carries_management": carries,
        "udp_ipv4_checksum": {
            "keyword": keyword.name if keyword else None,
            "configured": word(keyword.configured) if keyword else None,
            "active": word(active),
            "default": word(keyword.default) if keyword else None,
            "allowed": [word(value) for value in keyword.allowed] if keyword else [],
            "restart_pending": keyword.restart_pending(active) if keyword else None,
        },
        "assessment": judged.as_dict(),
    }


def _task_offload(rows: Sequence[Instance]) -> bool | None:
    """MSFT_NetOffloadGlobalSetting.TaskOffload: 0 disabled, 1 enabled."""
    value = next((row.integer("TaskOffload") for row in rows), None)
    return None if value is None else value != 0
