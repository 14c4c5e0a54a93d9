# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What inbound rules of the Windows firewall let in.

Profiles are bits: 1 domain, 2 private, 4 public; 0 is all of them. Actions: 2 allow, 3 allow what IPsec has
authenticated, 4 block. Addresses are ``Any``, an address, ``a/24``, ``a/255.255.255.0``, ``a-b``, or a keyword such as
``LocalSubnet`` (Win32 documentation of MSFT_NetFirewallRule, MSFT_NetAddressFilter and MSFT_NetProtocolPortFilter;
New-NetFirewallRule).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

PUBLIC: Final = 4
"""Bit of public networks in the profiles of a rule."""
ALLOW: Final = 2
"""Action of a rule that lets in."""

_ALL_PROFILES: Final = 0
_BLOCK: Final = 4
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")
_ANY: Final = frozenset({"any", "*"})
_LOCAL_SUBNET: Final = frozenset({"localsubnet", "localsubnet4", "localsubnet6"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class InboundRule:
    """An enabled inbound rule for the port in question.

    Attributes:
        name: InstanceID, which Windows does not translate.
        action: 2 allow, 4 block; 3 asks for IPsec, and says nothing about a connection without.
        profiles: Sum of profile bits, 0 for all.
        remote: Whom it is about.
        local: Which of the host's own addresses it is about.
    """

    name: str
    action: int
    profiles: int
    remote: tuple[str, ...]
    local: tuple[str, ...]

    def is_for(self, profile: int) -> bool:
        """Whether the rule holds in networks of a profile."""
        return self.profiles == _ALL_PROFILES or bool(self.profiles & profile)


def names_port(ports: Iterable[str], port: int) -> bool:
    """Whether a rule's local ports name *port*, alone or in a range.

    ``Any`` does not count: such rules belong to one program, which is seldom the one that listens for WinRM.
    """
    for text in ports:
        match = _PORTS.fullmatch(text.strip())
        if match is not None:
            first = int(match.group(1))
            if first <= port <= int(match.group(2) or first):
                return True
    return False


def parse_address(text: str | None) -> Address | None:
    """An address, without its zone, and as IPv4 where it is one mapped into IPv6; None for anything else."""
    try:
        address = ipaddress.ip_address((text or "").strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_near(address: Address, subnets: Iterable[Network]) -> bool:
    """Whether an address is in one of the host's subnets, link-local ones included."""
    return (address.version == 6 and address.is_link_local) or any(address in subnet for subnet in subnets)


def covers(specifications: Collection[str], address: Address, subnets: Collection[Network], *, doubtful: bool) -> bool:
    """Whether one of a rule's address specifications covers *address*.

    Args:
        specifications: As the rule has them; none at all means any.
        address: The address.
        subnets: The host's subnets, for ``LocalSubnet``.
        doubtful: The answer where only a specification that can't be judged from here (such as ``DNS``) may cover it.
    """
    answers = [_covers(text.strip().casefold(), address, subnets) for text in specifications] or [True]
    if any(answers):
        return True
    return doubtful and None in answers


def admits(
    rules: Iterable[InboundRule],
    profile: int,
    remote: Address,
    local: Address | None,
    subnets: Collection[Network],
    *,
    by_default: bool,
) -> bool:
    """Whether rules let a peer in, for networks of a profile. What can't be told counts as no.

    Args:
        rules: Enabled inbound rules for the port.
        profile: Bit of the profile.
        remote: The peer.
        local: The host's own address that the peer speaks to, None where it isn't known.
        subnets: The host's subnets.
        by_default: Whether the profile lets in what no rule is about.
    """
    meant = [rule for rule in rules if rule.is_for(profile)]

    def about(rule: InboundRule, *, doubtful: bool) -> bool:
        here = doubtful or _is_any(rule.local) if local is None else covers(rule.local, local, (), doubtful=doubtful)
        return here and covers(rule.remote, remote, subnets, doubtful=doubtful)

    if any(rule.action == _BLOCK and about(rule, doubtful=True) for rule in meant):
        return False
    return by_default or any(rule.action == ALLOW and about(rule, doubtful=False) for rule in meant)


def admits_everybody(rules: Iterable[InboundRule], profile: int, *, by_default: bool) -> bool:
    """Whether rules let every peer in, for networks of a profile."""
    meant = [rule for rule in rules if rule.is_for(profile)]
    if any(rule.action == _BLOCK for rule in meant):
        return False
    return by_default or any(rule.action == ALLOW and _is_any(rule.remote) and _is_any(rule.local) for rule in meant)


def _is_any(specifications: Collection[str]) -> bool:
    return not specifications or any(text.strip().casefold() in _ANY for text in specifications)


def _covers(text: str, address: Address, subnets: Collection[Network]) -> bool | None:
    if text in _ANY:
        return True
    if text in _LOCAL_SUBNET:
        return text[len("localsubnet") :] in ("", str(address.version)) and is_near(address, subnets)
    try:
        if "-" in text:
            first, last = (parse_address(part) for part in text.split("-", 1))
            if first is None or last is None:
                return None
            return first.version == last.version == address.version and int(first) <= int(address) <= int(last)
        return address in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
