# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A probe as a task asks for it: options checked, names resolved, before anything is touched."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import (
    Naming,
    Peer,
    Resolver,
    check_source,
    resolve,
    system_resolver,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Protocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.reuse import Freshness
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import (
    LEAST_ATTEMPTS,
    MOST_ATTEMPTS,
    Timing,
)

_RANGES = {
    "port": (1, 65535, "a UDP port"),
    "attempts": (
        LEAST_ATTEMPTS,
        MOST_ATTEMPTS,
        "a number of attempts: one lost datagram is no fault, so fewer prove nothing",
    ),
    "interval_ms": (100, 60_000, "a time in milliseconds"),
    "wait_ms": (100, 60_000, "a time in milliseconds"),
    "reuse_seconds": (0, 86_400, "a time in seconds"),
}


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What a task wants to know."""

    naming: Naming
    protocol: Protocol
    peers: tuple[Peer, ...]
    port: int
    timing: Timing
    source: str | None
    freshness: Freshness

    @property
    def addresses(self) -> list[str]:
        """The distinct addresses: two names of one target are one question."""
        return list(dict.fromkeys(peer.address for peer in self.peers))


def read_request(
    options: Mapping[str, t.Any], naming: Naming, protocol: Protocol, resolver: Resolver = system_resolver
) -> ProbeRequest:
    """Return the probe that *options* of a module ask for.

    Raises:
        NicError: ``option_out_of_range``, and what :func:`addresses.resolve` and :func:`addresses.check_source` raise.
    """
    for name, (least, most, what) in _RANGES.items():
        if not least <= options[name] <= most:
            raise NicError(
                "option_out_of_range",
                f"option {name}",
                str(options[name]),
                f"{what}, from {least} to {most}",
                f"Correct {name}, or leave it out.",
            )
    return ProbeRequest(
        naming=naming,
        protocol=protocol,
        peers=tuple(resolve(options[naming.option], naming, resolver)),
        port=options["port"],
        timing=Timing(options["attempts"], options["interval_ms"], options["wait_ms"]),
        source=check_source(options["source_address"]),
        freshness=Freshness(options["reuse_seconds"], options["asked_after"]),
    )
