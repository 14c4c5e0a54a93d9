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
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.addresses import (
    Bmc,
    Resolver,
    check_source,
    resolve,
    system_resolver,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import (
    LEAST_ATTEMPTS,
    MOST_ATTEMPTS,
    Timing,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.reuse import Freshness

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

    bmcs: tuple[Bmc, ...]
    port: int
    timing: Timing
    source: str | None
    freshness: Freshness

    @property
    def addresses(self) -> list[str]:
        """The distinct addresses: two names of one BMC are one question."""
        return list(dict.fromkeys(bmc.address for bmc in self.bmcs))


def read_request(options: Mapping[str, t.Any], resolver: Resolver = system_resolver) -> ProbeRequest:
    """Return the probe that *options* of the module ask for.

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
        bmcs=tuple(resolve(options["bmc"], resolver)),
        port=options["port"],
        timing=Timing(options["attempts"], options["interval_ms"], options["wait_ms"]),
        source=check_source(options["source_address"]),
        freshness=Freshness(options["reuse_seconds"], options["asked_after"]),
    )
