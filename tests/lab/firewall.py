# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom the Windows firewall lets in to WinRM, by the category of the network.

Names and scopes of the rules are those of Windows: one for private and domain networks, one for public ones that lets
in the local subnet, each for HTTP. Whoever wants HTTPS makes a rule, which belongs to no group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from tests.lab.diagnosisspec import FirewallProfile, FirewallProfiles
from tests.lab.fleet import HostSpec

CONTROLLER: Final = IPv4Address("127.0.0.1")
"""Where the lab's clients come from."""

CATEGORIES: Final = {"public": 0, "private": 1, "domain": 2}
"""MSFT_NetConnectionProfile.NetworkCategory."""
DOMAIN_PROFILE: Final = 1
PRIVATE_PROFILE: Final = 2
PUBLIC_PROFILE: Final = 4
_PROFILE_OF: Final = {0: PUBLIC_PROFILE, 1: PRIVATE_PROFILE, 2: DOMAIN_PROFILE}
WINRM_GROUP: Final = "@FirewallAPI.dll,-30267"
_REMOTE: Final = {"any": "Any", "local_subnet": "LocalSubnet"}


@dataclass(frozen=True, slots=True)
class Rule:
    """An inbound rule for one TCP port. ``profiles`` is a sum of profile bits, ``remote`` is Any or LocalSubnet."""

    name: str
    display_name: str
    group: str | None
    profiles: int
    remote: str
    port: str
    enabled: bool = True


def inbound_rules(host: HostSpec) -> list[Rule]:
    """The rules of a host: those for WinRM, and some others that are on every Windows."""
    scope, server = host.system.winrm_scope, host.system.product.startswith("server")
    trusted = "WINRM-HTTP-In-TCP" if server else "WINRM-HTTP-In-TCP-NoScope"
    public = "WINRM-HTTP-In-TCP-PUBLIC" if server else "WINRM-HTTP-In-TCP"
    title = "Windows Remote Management (HTTP-In)"
    inside, outside = DOMAIN_PROFILE | PRIVATE_PROFILE, PUBLIC_PROFILE
    remote = _REMOTE.get(scope.public, "LocalSubnet")
    open_to_public = scope.public != "closed"
    rules = [
        Rule("RemoteDesktop-UserMode-In-TCP", "Remote Desktop - User Mode (TCP-In)", None, 7, "Any", "3389", False),
        Rule(trusted, title, WINRM_GROUP, inside, _REMOTE[scope.trusted], "5985"),
        Rule(public, title, WINRM_GROUP, outside, remote, "5985", open_to_public),
        Rule("WINRM-HTTP-Compat-In-TCP", f"{title} - Compatibility Mode", WINRM_GROUP, 7, "LocalSubnet", "80", False),
    ]
    if host.wire.https:
        rules.append(Rule("WinRM-HTTPS-trusted", "WinRM over HTTPS", None, inside, _REMOTE[scope.trusted], "5986"))
        rules.append(Rule("WinRM-HTTPS-public", "WinRM over HTTPS", None, outside, remote, "5986", open_to_public))
    return rules


def lets_in(rules: Iterable[Rule], category: int, subnets: Iterable[IPv4Network], source: IPv4Address) -> bool:
    """Whether somebody gets to WinRM over HTTP from an address, in a network of this category."""
    near = any(source in subnet for subnet in subnets)
    return any(
        rule.enabled
        and rule.port == "5985"
        and rule.profiles & _PROFILE_OF[category]
        and (rule.remote == "Any" or near)
        for rule in rules
    )


def profile_of(profiles: FirewallProfiles, category: int) -> FirewallProfile:
    """The profile that holds in a network of this category."""
    return (profiles.public, profiles.private, profiles.domain)[category]
