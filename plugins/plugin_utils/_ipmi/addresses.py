# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Which addresses to ask: BMCs as a person named them, turned into IPv4 addresses on the controller."""

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
class Bmc:
    """A BMC as it was asked for, and its address."""

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


def resolve(asked: Sequence[str], resolver: Resolver = system_resolver) -> list[Bmc]:
    """Return the BMCs of a task, each asked name once, in their order.

    Raises:
        NicError: ``bmc_list_empty``, ``bmc_name_invalid``, ``bmc_unresolvable``, ``bmc_ambiguous``, ``bmc_not_ipv4`` or
            ``bmc_not_unicast``.
    """
    if not asked:
        raise NicError(
            "bmc_list_empty",
            "option bmc",
            "an empty list",
            "at least one BMC",
            "Give the IPv4 address or name of a BMC.",
        )
    return [Bmc(name, _address(name, resolver)) for name in dict.fromkeys(asked)]


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


def _address(name: str, resolver: Resolver) -> str:
    subject = f"BMC {name}"
    try:
        literal = ipaddress.ip_address(name)
    except ValueError:
        literal = ipaddress.ip_address(_resolve_name(name, subject, resolver))
    if literal.version != 4:
        raise _not_ipv4(subject, "an IPv6 address")
    if literal.is_multicast or literal.is_unspecified or literal == ipaddress.IPv4Address("255.255.255.255"):
        raise NicError(
            "bmc_not_unicast",
            subject,
            f"{literal} is no address of one machine",
            "the unicast address of one BMC",
            "Give the address of the BMC itself; this module does not discover BMCs.",
        )
    return str(literal)


def _resolve_name(name: str, subject: str, resolver: Resolver) -> str:
    if (
        not name
        or len(name) > _LONGEST_NAME
        or _NUMERIC.fullmatch(name)
        or any(part.isspace() or part in "/:@" for part in name)
    ):
        raise NicError(
            "bmc_name_invalid",
            subject,
            "neither an IPv4 address nor a host name",
            "four decimal numbers with dots between them, or a name",
            "Correct the entry in bmc; the port has an option of its own.",
        )
    try:
        found = resolver(name, socket.AF_INET)
        only_ipv6 = not found and bool(resolver(name, socket.AF_INET6))
    except (OSError, UnicodeError) as error:
        raise _unresolvable(subject, f"the controller could not look the name up ({type(error).__name__})") from error
    if only_ipv6:
        raise _not_ipv4(subject, "a name with IPv6 addresses only")
    if not found:
        raise _unresolvable(subject, "the controller finds no address for this name")
    if len(found) > 1:
        raise NicError(
            "bmc_ambiguous",
            subject,
            f"{len(found)} addresses: {', '.join(sorted(found)[:5])}",
            "one address, so that every answer is known to be of the same BMC",
            "Give the address of the BMC instead of its name.",
        )
    return found[0]


def _not_ipv4(subject: str, seen: str) -> NicError:
    return NicError(
        "bmc_not_ipv4",
        subject,
        seen,
        "IPv4: the fault is in the receive checksum offload of UDP over IPv4, and nothing over IPv6 can show it",
        "Give the BMC's IPv4 address.",
    )


def _unresolvable(subject: str, seen: str) -> NicError:
    return NicError(
        "bmc_unresolvable",
        subject,
        seen,
        "a name that resolves on the controller",
        "Give the IPv4 address, or correct the name or the controller's name service.",
    )
