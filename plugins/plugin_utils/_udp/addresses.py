# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Whom to ask: targets as a person named them, turned into IPv4 addresses on the controller."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError

Resolver = Callable[[str, socket.AddressFamily], list[str]]
"""Takes a name and a family, returns the addresses, if any. Raises OSError or UnicodeError."""

_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)?)*", re.IGNORECASE)
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Naming:
    """What a module calls the targets that it asks."""

    option: str
    """The option that lists them, which is also the key of a result and the first word of error codes."""
    noun: str
    """In a sentence."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A target as it was asked for, and its address."""

    asked: str
    address: str


def system_resolver(name: str, family: socket.AddressFamily) -> list[str]:
    """Resolve *name* as the controller does for every other program."""
    try:
        found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)):
            return []
        raise
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve(asked: Sequence[str], naming: Naming, resolver: Resolver = system_resolver) -> list[Peer]:
    """Return the targets of a task, each asked name once, in their order.

    Raises:
        NicError: with ``bmc`` as the option of *naming*: ``bmc_list_empty``, ``bmc_name_invalid``,
            ``bmc_unresolvable``, ``bmc_ambiguous``, ``bmc_not_ipv4`` or ``bmc_not_unicast``.
    """
    if not asked:
        raise NicError(
            f"{naming.option}_list_empty",
            f"option {naming.option}",
            "an empty list",
            f"at least one {naming.noun}",
            f"Give the IPv4 address or name of a {naming.noun}.",
        )
    return [Peer(name, _address(name, naming, resolver)) for name in dict.fromkeys(asked)]


def check_source(address: str | None) -> str | None:
    """Return the source address in its usual form.

    Raises:
        NicError: ``source_not_ipv4``.
    """
    if address is None:
        return None
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError:
        raise NicError(
            "source_not_ipv4",
            f"source address {address}",
            "no IPv4 address",
            "one IPv4 address of the system that sends",
            "Leave source_address out, or give an address that this system has.",
        ) from None


def _address(name: str, naming: Naming, resolver: Resolver) -> str:
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        literal = ipaddress.ip_address(_resolve_name(name, naming, resolver))
    if literal.version != 4:
        raise _not_ipv4(name, naming, "an IPv6 address")
    if literal.is_multicast or literal.is_unspecified or literal == ipaddress.IPv4Address("255.255.255.255"):
        raise NicError(
            f"{naming.option}_not_unicast",
            f"{naming.noun} {name}",
            f"{literal} is no address of one machine",
            f"the unicast address of one {naming.noun}",
            f"Give the address of the {naming.noun} itself; this module does not discover any.",
        )
    return str(literal)


def _resolve_name(name: str, naming: Naming, resolver: Resolver) -> str:
    if (
        not name
        or len(name) > _LONGEST_NAME
        or _NUMERIC.fullmatch(name)
        or any(part.isspace() or part in "/:@" for part in name)
    ):
        raise NicError(
            f"{naming.option}_name_invalid",
            f"{naming.noun} {name}",
            "neither an IPv4 address nor a host name",
            "four decimal numbers with dots between them, or a name",
            f"Correct the entry in {naming.option}; the port has an option of its own.",
        )
    try:
        found = resolver(name, socket.AF_INET)
        only_ipv6 = not found and bool(resolver(name, socket.AF_INET6))
    except (OSError, UnicodeError) as error:
        raise _unresolvable(
            name, naming, f"the controller could not look the name up ({type(error).__name__})"
        ) from error
    if only_ipv6:
        raise _not_ipv4(name, naming, "a name with IPv6 addresses only")
    if not found:
        raise _unresolvable(name, naming, "the controller finds no address for this name")
    if len(found) > 1:
        raise NicError(
            f"{naming.option}_ambiguous",
            f"{naming.noun} {name}",
            f"{len(found)} addresses: {', '.join(sorted(found)[:5])}",
            f"one address, so that every answer is known to be of the same {naming.noun}",
            f"Give the address of the {naming.noun} instead of its name.",
        )
    return found[0]


def _not_ipv4(name: str, naming: Naming, seen: str) -> NicError:
    return NicError(
        f"{naming.option}_not_ipv4",
        f"{naming.noun} {name}",
        seen,
        "IPv4: the fault is in the receive checksum offload of UDP over IPv4, and nothing over IPv6 can show it",
        f"Give the IPv4 address of the {naming.noun}.",
    )


def _unresolvable(name: str, naming: Naming, seen: str) -> NicError:
    return NicError(
        f"{naming.option}_unresolvable",
        f"{naming.noun} {name}",
        seen,
        "a name that resolves on the controller",
        "Give the IPv4 address, or correct the name or the controller's name service.",
    )
