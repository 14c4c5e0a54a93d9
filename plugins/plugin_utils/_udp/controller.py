# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Probes from the controller: each target once for the whole run, where earlier answers will do."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import reuse
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Random
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Exchange
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import Waiting
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import file_key, paced
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult, ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a probe needs besides the request itself."""

    directory: pathlib.Path | None
    """Private directory that the worker processes of the run share; None where there is none."""
    random: Random
    now: Callable[[], float]
    """Seconds since the epoch."""
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Answers:
    """Results by address."""

    results: dict[str, ProbeResult]
    reused: frozenset[str]
    """Addresses whose result another host's task gathered."""
    warnings: tuple[str, ...]


def ask_from_controller(request: ProbeRequest, exchange: Exchange, surroundings: Surroundings) -> Answers:
    """Ask every target of *request*, or take an answer that another host's task has just gathered."""
    results: dict[str, ProbeResult] = {}
    warnings: list[str] = []
    directory = surroundings.directory if request.freshness.reuse_seconds > 0 else None
    keys = {address: _answer_key(request, address) for address in request.addresses}
    with contextlib.ExitStack() as stack:
        if directory is not None:
            warnings += stack.enter_context(reuse.turns(directory, list(keys.values()), surroundings.waiting))
            results = _kept(request, directory, keys, surroundings.now())
        reused = frozenset(results)
        missing = [address for address in request.addresses if address not in reused]
        for result in _ask(request, missing, exchange, surroundings, warnings):
            results[result.address] = result
            if directory is not None and result.outcome is not Outcome.PROBE_UNAVAILABLE:
                warnings += reuse.save(directory, keys[result.address], result)
    return Answers(results, reused, tuple(warnings))


def _ask(
    request: ProbeRequest, addresses: Sequence[str], exchange: Exchange, surroundings: Surroundings, warnings: list[str]
) -> list[ProbeResult]:
    if not addresses:
        return []
    # No datagram is sacrificed: Linux keeps several while it resolves a neighbour.
    targets = [Target(address, request.port, sacrifice=False) for address in addresses]
    with paced(surroundings.directory, [(each, request.port) for each in addresses], surroundings.waiting) as turn:
        results, more = ask(
            targets,
            request.protocol,
            exchange,
            request.timing,
            turn=turn,
            source=request.source,
            random=surroundings.random,
            now=surroundings.now,
        )
    warnings += more
    return results


def _kept(request: ProbeRequest, directory: pathlib.Path, keys: dict[str, str], now: float) -> dict[str, ProbeResult]:
    kept = {address: reuse.load(directory, key) for address, key in keys.items()}
    return {
        address: result
        for address, result in kept.items()
        if result is not None
        and (result.address, result.port) == (address, request.port)
        and request.freshness.fits(result, now)
    }


def _answer_key(request: ProbeRequest, address: str) -> str:
    timing = request.timing
    return file_key(
        "answer",
        request.protocol.identity,
        address,
        request.port,
        request.source,
        timing.attempts,
        timing.interval_ms,
        timing.wait_ms,
    )
