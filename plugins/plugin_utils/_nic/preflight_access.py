# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Whether the controller still gets in when Windows takes the network of an adapter for a public one.

After a restart Windows identifies the network anew; until that is done, and for good where it fails, the network is a
public one. The rule for WinRM that Windows has for public networks lets the local subnet in, and nobody else.

Who the controller is, the host alone knows: behind address translation it sees another address than the controller's
own. So the peers of the connections to the port of WinRM are looked at, as the host sees them.

Only the host's own firewall settings are read. Those of group policy are in another store, which is noted where there
are any.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import NAMESPACE
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.firewall import (
    ALLOW,
    PUBLIC,
    Address,
    InboundRule,
    Network,
    admits,
    admits_everybody,
    names_port,
    parse_address,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import (
    MOST_SHOWN,
    Finding,
    Restart,
    Risk,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.wql import wql_string

CATEGORIES: Final = {0: "public", 1: "private", 2: "domain"}
"""MSFT_NetConnectionProfile.NetworkCategory in words."""
ESTABLISHED: Final = 5
"""MSFT_NetTCPConnection.State of a connection in use (MIB_TCP_STATE)."""

_POLICY: Final = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
_RULES: Final = "firewall rules"
_FIREWALL_OFF: Final = 0
_LET_IN: Final = 2
_UNKNOWN: Final = ("unknown",)
_MOST_RULES: Final = 40


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody with a connection to WinRM, and the host's own address that it speaks to."""

    remote: Address
    local: Address | None


@dataclass(frozen=True, slots=True)
class Firewall:
    """What the firewall does in public networks. ``rules`` are the enabled inbound ones for the port of WinRM."""

    on: bool
    by_default: bool
    rules: tuple[InboundRule, ...]

    def admits(self, peers: Collection[Peer], subnets: Collection[Network]) -> bool:
        """Whether all *peers* get in. Without any, who the controller is isn't known, and everybody has to."""
        if not self.on:
            return True
        if not peers:
            return admits_everybody(self.rules, PUBLIC, by_default=self.by_default)
        return all(
            admits(self.rules, PUBLIC, peer.remote, peer.local, subnets, by_default=self.by_default) for peer in peers
        )

    @property
    def admitted(self) -> list[str]:
        """Whom rules let in to public networks, as Windows writes it."""
        meant = [rule for rule in self.rules if rule.action == ALLOW and rule.is_for(PUBLIC)]
        remote = {one_line(text, 60) for rule in meant for text in rule.remote or ("Any",)}
        return sorted(remote)[:MOST_SHOWN]


def find_public_profiles(
    reader: TolerantReader,
    reading: HostReading,
    carrying: Sequence[Restart],
    management: frozenset[str],
    port: int | None,
) -> list[Finding]:
    """The findings ``public_profile``.

    Args:
        reader: Asks the host.
        reading: What was read of the host.
        carrying: Adapters that will be restarted and carry the connection, or may do so. Without any, nothing is asked.
        management: The addresses that the controller connects to.
        port: TCP port that the controller connects to.

    Raises:
        HostUnreachable: the host does not answer any more.
    """
    if not carrying:
        return []
    categories = _read_categories(reader)
    # Where all networks are public ones already, the controller got in through one.
    changing = [(restart, found) for restart in carrying if (found := _of(restart, categories)) != ["public"]]
    if not changing:
        return []
    peers = _read_peers(reader, reading, management, port)
    firewall = _read_firewall(reader, port)
    return [
        _finding(restart, found, port, peers, firewall)
        for restart, found in changing
        if firewall is None or not firewall.admits(peers, _subnets(reading, restart))
    ]


def _finding(
    restart: Restart, categories: list[str], port: int | None, peers: Sequence[Peer], firewall: Firewall | None
) -> Finding:
    controllers = sorted({str(peer.remote) for peer in peers})[:MOST_SHOWN]
    service = f"WinRM (TCP port {port})" if port is not None else "WinRM"
    if firewall is None:
        there = f"whom its firewall lets in to {service} there could not be read"
    elif firewall.admitted:
        there = f"there its firewall lets only {', '.join(firewall.admitted)} in to {service}"
    else:
        there = f"there its firewall lets nobody in to {service}"
    seen_as = (
        f"the host sees the controller as {' or '.join(controllers)}"
        if controllers
        else "where the controller connects from is not known to the host"
    )
    return restart.finding(
        Risk.PUBLIC_PROFILE,
        "Windows may take the network for a public one after the restart, at least until it has identified it anew;"
        f" {there}, and {seen_as}.",
        networks=categories,
        port=port,
        controllers=controllers,
        admitted=None if firewall is None else firewall.admitted,
    )


def _read_categories(reader: TolerantReader) -> dict[int, str]:
    def read(row: Instance) -> tuple[int, str] | None:
        index, category = row.integer("InterfaceIndex"), row.integer("NetworkCategory")
        return None if index is None else (index, CATEGORIES.get(-1 if category is None else category, "unknown"))

    return dict(reader.rows("network profiles", NAMESPACE, "MSFT_NetConnectionProfile", read).items)


def _of(restart: Restart, categories: Mapping[int, str]) -> list[str]:
    """The categories of the networks whose traffic an adapter carries."""
    return sorted({category for index, category in categories.items() if index in restart.interfaces})


def _read_peers(
    reader: TolerantReader, reading: HostReading, management: frozenset[str], port: int | None
) -> list[Peer]:
    """Who has a connection to WinRM now: the controller, and maybe others that can't be told from it.

    Nobody is known where the connection to this port ends before the host, and comes from elsewhere to another port.
    """
    if port is None:
        return []
    own = {row.address for row in reading.addresses}

    def read(row: Instance) -> Peer | None:
        remote, local = parse_address(row.text("RemoteAddress")), parse_address(row.text("LocalAddress"))
        if remote is None or remote == local or str(remote) in own:
            return None
        return Peer(remote, local)

    where = f"LocalPort = {port} AND State = {ESTABLISHED}"
    found = reader.rows("TCP connections", NAMESPACE, "MSFT_NetTCPConnection", read, where=where)
    peers = list(dict.fromkeys(found.items))
    return [peer for peer in peers if str(peer.local) in management] or peers


def _read_firewall(reader: TolerantReader, port: int | None) -> Firewall | None:
    """The firewall in public networks, None where it could not be read."""

    def read(row: Instance) -> tuple[int | None, int | None] | None:
        if (row.text("Name") or "").strip().casefold() != "public":
            return None
        return row.integer("Enabled"), row.integer("DefaultInboundAction")

    note_firewall_policy(reader)
    profiles = reader.rows("firewall profiles", NAMESPACE, "MSFT_NetFirewallProfile", read)
    enabled, action = next(iter(profiles.items), (None, None))
    if enabled == _FIREWALL_OFF:
        return Firewall(on=False, by_default=True, rules=())
    rules = _read_rules(reader, port) if port is not None else None
    return None if rules is None else Firewall(on=True, by_default=action == _LET_IN, rules=rules)


def note_firewall_policy(reader: TolerantReader) -> None:
    """Tell that group policy sets something, which the classes read here do not show."""
    registry = Registry(reader.client)
    what = "firewall settings of group policy"
    none: list[str] = []
    if reader.value(what, lambda: registry.subkeys(_POLICY), none):
        reader.note(what, "group_policy", "the host has some, and only its own settings were looked at")


def _read_rules(reader: TolerantReader, port: int) -> tuple[InboundRule, ...] | None:
    """The enabled inbound rules that name *port*: first the filters by port, then only what belongs to these."""

    def filter_name(row: Instance) -> str | None:
        return row.text("InstanceID") if names_port(row.strings("LocalPort"), port) else None

    filters = reader.rows(
        _RULES, NAMESPACE, "MSFT_NetProtocolPortFilter", filter_name, where="Protocol = 'TCP' OR Protocol = '6'"
    )
    if not filters.complete:
        return None
    names = list(dict.fromkeys(filters.items))
    if not names:
        return ()
    if len(names) > _MOST_RULES:
        reader.note(_RULES, "too_many_rules", f"{len(names)} rules name port {port}, of which {_MOST_RULES} were read")
        return None
    chosen = " OR ".join(f"InstanceID = {wql_string(name)}" for name in names)
    rules = reader.rows(
        _RULES,
        NAMESPACE,
        "MSFT_NetFirewallRule",
        lambda row: (row.text("InstanceID"), row.integer("Action"), row.integer("Profiles")),
        where=f"Enabled = 1 AND Direction = 1 AND ({chosen})",
    )
    addresses = reader.rows(
        _RULES,
        NAMESPACE,
        "MSFT_NetAddressFilter",
        lambda row: (row.text("InstanceID"), tuple(row.strings("RemoteAddress")), tuple(row.strings("LocalAddress"))),
        where=chosen,
    )
    if not rules.complete or not addresses.complete:
        return None
    scopes = {name: (remote, local) for name, remote, local in addresses.items}
    return tuple(
        InboundRule(name, action or 0, profiles or 0, *scopes.get(name, (_UNKNOWN, _UNKNOWN)))
        for name, action, profiles in rules.items
        if name in names
    )


def _subnets(reading: HostReading, restart: Restart) -> list[Network]:
    """The subnets of the interfaces whose traffic an adapter carries."""
    rows = [row for row in reading.addresses if row.interface_index in restart.interfaces]
    return [ipaddress.ip_interface(f"{row.address}/{row.prefix}").network for row in rows]
