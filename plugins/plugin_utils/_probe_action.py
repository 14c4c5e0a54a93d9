# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Base of the actions that probe: from the host or from the controller, whatever the protocol."""

from __future__ import annotations

import abc
import pathlib
import random
import time
import typing as t
from collections.abc import Mapping

from ansible import constants

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import Path, read_paths
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.controller import (
    Surroundings,
    ask_from_controller,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.counters import read_udp_errors
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import (
    LocksUnusable,
    Waiting,
    private_directory,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import paced
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult, ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.relay import RelayExchange
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.results import as_dict, check_expectation
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.sockets import SocketExchange, source_toward
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault

COMMON_OPTIONS: t.Final[Mapping[str, Mapping[str, t.Any]]] = {
    "vantage": {"type": "str", "choices": ["host", "controller"], "default": "host"},
    "attempts": {"type": "int", "default": 3},
    "interval_ms": {"type": "int", "default": 1000},
    "wait_ms": {"type": "int", "default": 2000},
    "source_address": {"type": "str"},
    "expect": {"type": "str", "choices": ["any", "answer", "silence"], "default": "any"},
    "reuse_seconds": {"type": "float", "default": 0.0},
    "asked_after": {"type": "float", "default": 0.0},
}
"""The options that every probe has, as for ``AnsibleModule``."""


class ProbeAction(NicAction):
    """An action that probes targets over UDP. Changes nothing, so that check mode makes no difference."""

    @abc.abstractmethod
    def request(self, arguments: Mapping[str, t.Any]) -> ProbeRequest:
        """What a task with these arguments asks for.

        Raises:
            NicError: the arguments don't fit together; nothing has been touched yet.
        """

    def told(self, result: ProbeResult) -> dict[str, t.Any]:  # noqa: ARG002 - for subclasses
        """Keys of a result that the protocol adds. By default it adds none."""
        return {}

    def needs_windows_host(self, arguments: Mapping[str, t.Any]) -> bool:
        return bool(arguments["vantage"] == "host")

    def execute(
        self,
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],  # noqa: ARG002 - everything a probe needs is an option
    ) -> dict[str, t.Any]:
        request = self.request(arguments)
        vantage = arguments["vantage"]
        warnings: list[str] = []
        surroundings = Surroundings(shared_directory(warnings), random.SystemRandom(), time.time, Waiting())
        if vantage == "host":
            probes = self._from_host(self.client(), request, surroundings, warnings)
        else:
            probes = self._from_controller(request, surroundings, warnings)
        result = {
            "changed": False,
            "vantage": vantage,
            "probes": probes,
            **({"warnings": warnings} if warnings else {}),
        }
        try:
            check_expectation(request.naming, arguments["expect"], vantage, probes)
        except NicError as error:
            error.partial = result
            raise
        return result

    def _from_controller(
        self, request: ProbeRequest, surroundings: Surroundings, warnings: list[str]
    ) -> list[dict[str, t.Any]]:
        answers = ask_from_controller(request, SocketExchange(), surroundings)
        warnings += answers.warnings
        probes = []
        for peer in request.peers:
            source = request.source or source_toward(peer.address, request.port)
            found = answers.results[peer.address]
            probe = {**as_dict(request.naming, peer.asked, "controller", found, source), **self.told(found)}
            probes.append({**probe, "path": None, "udp_errors": None, "reused": peer.address in answers.reused})
        return probes

    def _from_host(
        self, client: Client, request: ProbeRequest, surroundings: Surroundings, warnings: list[str]
    ) -> list[dict[str, t.Any]]:
        addresses = request.addresses
        # The turn is waited for before the first request: an idle connection may not outlast a long wait.
        with paced(surroundings.directory, [(each, request.port) for each in addresses], surroundings.waiting) as turn:
            paths, path_error = paths_toward(client, request)
            targets = [Target(address, request.port, needs_sacrifice(paths.get(address))) for address in addresses]
            before = read_udp_errors(client)
            results, more = ask(
                targets,
                request.protocol,
                RelayExchange(client),
                request.timing,
                turn=turn,
                source=request.source,
                random=surroundings.random,
                now=surroundings.now,
            )
            asked = any(result.outcome is not Outcome.PROBE_UNAVAILABLE for result in results)
            after = read_udp_errors(client) if before is not None and asked else None
        warnings += more
        errors = {"before": before, "after": after} if after is not None else None
        by_address = {result.address: result for result in results}
        probes = []
        for peer in request.peers:
            path = paths.get(peer.address)
            source = request.source or (path.source_address if path else None)
            found = by_address[peer.address]
            probe = {**as_dict(request.naming, peer.asked, "host", found, source), **self.told(found)}
            probe |= {"path": path.as_dict() if path else None, "udp_errors": errors}
            probes.append(probe if path else {**probe, "path_error": path_error})
        return probes


def shared_directory(warnings: list[str]) -> pathlib.Path | None:
    """Where the processes of this run share locks and answers; Ansible makes the directory above and removes it.

    Returns:
        None where there is none that can be trusted; *warnings* then tells so.
    """
    try:
        return private_directory(constants.DEFAULT_LOCAL_TMP, "remediation.windows_nic.probes")
    except LocksUnusable as error:
        warnings.append(f"Probes are not paced, and answers not shared between hosts: {error}")
        return None


def paths_toward(client: Client, request: ProbeRequest) -> tuple[dict[str, Path], str | None]:
    """The ways to the targets, or why they can't be read: an account without that right can probe all the same."""
    try:
        return read_paths(client, request.addresses), None
    except WsmanFault as fault:
        return {}, str(fault)
    except NicError as error:
        if error.code != "bmc_is_host":
            raise
        raise NicError(
            f"{request.naming.option}_is_host",
            error.subject,
            error.seen,
            "the address of another machine, or of a management controller",
            f"Traffic of a host to itself never passes an adapter. Give the {request.naming.noun}'s own address.",
        ) from error


def needs_sacrifice(path: Path | None) -> bool:
    """Whether one datagram must go ahead, since the way's next neighbour may not be resolved yet."""
    return path is None or path.neighbour is None or not path.neighbour.resolved
