# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks BMCs over UDP, from a Windows host or from the controller, whether they can be heard. Changes nothing."""

from __future__ import annotations

import pathlib
import random
import time
import typing as t
from collections.abc import Mapping, Sequence

from ansible import constants

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.controller import (
    Surroundings,
    ask_from_controller,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.counters import read_udp_errors
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.judge import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.locks import (
    LocksUnusable,
    Waiting,
    private_directory,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.pacing import paced
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import Target
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.probe import ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.relay import RelayExchange
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.request import ProbeRequest, read_request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.results import as_dict, check_expectation
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.sockets import SocketExchange, source_toward
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import Path, read_paths
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "bmc": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 623},
        "vantage": {"type": "str", "choices": ["host", "controller"], "default": "host"},
        "attempts": {"type": "int", "default": 3},
        "interval_ms": {"type": "int", "default": 1000},
        "wait_ms": {"type": "int", "default": 2000},
        "source_address": {"type": "str"},
        "expect": {"type": "str", "choices": ["any", "answer", "silence"], "default": "any"},
        "reuse_seconds": {"type": "float", "default": 0.0},
        "asked_after": {"type": "float", "default": 0.0},
    }

    def needs_windows_host(self, arguments: Mapping[str, t.Any]) -> bool:
        return bool(arguments["vantage"] == "host")

    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        request = read_request(arguments)
        vantage = arguments["vantage"]
        warnings: list[str] = []
        surroundings = Surroundings(_shared_directory(warnings), random.SystemRandom(), time.time, Waiting())
        if vantage == "host":
            probes = _from_host(self.client(), request, surroundings, warnings)
        else:
            probes = _from_controller(request, surroundings, warnings)
        result = {
            "changed": False,
            "vantage": vantage,
            "probes": probes,
            **({"warnings": warnings} if warnings else {}),
        }
        try:
            check_expectation(arguments["expect"], vantage, probes)
        except NicError as error:
            error.partial = result
            raise
        return result


def _shared_directory(warnings: list[str]) -> pathlib.Path | None:
    """Where the processes of this run share locks and answers; Ansible makes the directory above and removes it."""
    try:
        return private_directory(constants.DEFAULT_LOCAL_TMP, "remediation.windows_nic.probes")
    except LocksUnusable as error:
        warnings.append(f"Probes are not paced, and answers not shared between hosts: {error}")
        return None


def _from_controller(request: ProbeRequest, surroundings: Surroundings, warnings: list[str]) -> list[dict[str, t.Any]]:
    answers = ask_from_controller(request, SocketExchange(), surroundings)
    warnings += answers.warnings
    probes = []
    for bmc in request.bmcs:
        source = request.source or source_toward(bmc.address, request.port)
        probe = as_dict(bmc.asked, "controller", answers.results[bmc.address], source)
        probes.append({**probe, "path": None, "udp_errors": None, "reused": bmc.address in answers.reused})
    return probes


def _from_host(
    client: Client, request: ProbeRequest, surroundings: Surroundings, warnings: list[str]
) -> list[dict[str, t.Any]]:
    addresses = request.addresses
    # The turn is waited for before the first request: an idle connection may not outlast a long wait.
    with paced(surroundings.directory, [(each, request.port) for each in addresses], surroundings.waiting) as notes:
        paths, path_error = _read_paths(client, addresses)
        targets = [Target(address, request.port, _needs_sacrifice(paths.get(address))) for address in addresses]
        before = read_udp_errors(client)
        results, more = ask(
            targets,
            RelayExchange(client),
            request.timing,
            source=request.source,
            random=surroundings.random,
            now=surroundings.now,
        )
        asked = any(result.outcome is not Outcome.PROBE_UNAVAILABLE for result in results)
        after = read_udp_errors(client) if before is not None and asked else None
    warnings += [*notes, *more]
    errors = {"before": before, "after": after} if after is not None else None
    by_address = {result.address: result for result in results}
    probes = []
    for bmc in request.bmcs:
        path = paths.get(bmc.address)
        source = request.source or (path.source_address if path else None)
        probe = as_dict(bmc.asked, "host", by_address[bmc.address], source)
        probe |= {"path": path.as_dict() if path else None, "udp_errors": errors}
        probes.append(probe if path else {**probe, "path_error": path_error})
    return probes


def _read_paths(client: Client, addresses: Sequence[str]) -> tuple[dict[str, Path], str | None]:
    """The ways to *addresses*, or why they can't be read: an account without that right can probe all the same."""
    try:
        return read_paths(client, addresses), None
    except WsmanFault as fault:
        return {}, str(fault)


def _needs_sacrifice(path: Path | None) -> bool:
    return path is None or path.neighbour is None or not path.neighbour.resolved
