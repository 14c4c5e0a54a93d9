# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes a BMC from a Windows host while PktMon watches, and tells why its replies do not arrive."""

from __future__ import annotations

import os
import random
import time
import typing as t
from collections.abc import Mapping

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import results
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.gather import Evidence, Question, gather
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.pcap import as_pcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.saving import (
    Destination,
    destination,
    write,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import Path
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._probe_action import (
    needs_sacrifice,
    paths_toward,
    shared_directory,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import Waiting
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import paced
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest, read_request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.results import as_dict
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target

_CAPTURES = "PktMon"
"""Of each host, in the names of locks: PktMon is one for the whole host."""


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "bmc": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 623},
        "attempts": {"type": "int", "default": 3},
        "interval_ms": {"type": "int", "default": 1000},
        "wait_ms": {"type": "int", "default": 2000},
        "source_address": {"type": "str"},
        "save_to": {"type": "str"},
    }

    def execute(
        self,
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> dict[str, t.Any]:
        always_from_the_host = {"vantage": "host", "reuse_seconds": 0.0, "asked_after": 0.0}
        request = read_request({**arguments, **always_from_the_host}, Naming("bmc", "BMC"), BmcProtocol())
        if self.check_mode:
            return {
                "skipped": True,
                "msg": "Check mode: nothing is recorded and no BMC is asked, since PktMon would have to be started.",
            }
        save_to = self._destination(arguments["save_to"], len(request.addresses))
        warnings: list[str] = []
        evidence = self._gather(request, save_to, warnings)
        return {"evidence": evidence, **({"warnings": warnings} if warnings else {})}

    def _destination(self, save_to: str | None, files: int) -> Destination | None:
        if not save_to:
            return None
        # Relative to the playbook, as everywhere in Ansible.
        path = self._loader.path_dwim(save_to)
        return destination(path, directory=save_to.endswith(os.sep), files=files)

    def _gather(
        self, request: ProbeRequest, save_to: Destination | None, warnings: list[str]
    ) -> list[dict[str, t.Any]]:
        directory = shared_directory(warnings)
        client = self.client()
        targets = [(address, request.port) for address in request.addresses]
        evidence: list[dict[str, t.Any]] = []
        # Turns are waited for before the first request: an idle connection may not outlast a long wait. Two tasks may
        # be delegated to one host; should the first one take too long, the script on the host refuses the second.
        with (
            paced(directory, [(f"{_CAPTURES} of {client.host}", 0)], Waiting(), slots=1),
            paced(directory, targets, Waiting()) as turn,
        ):
            paths, path_error = paths_toward(client, request)
            question = Question(request.protocol, request.timing, request.source)
            for address in request.addresses:
                path = paths.get(address)
                target = Target(address, request.port, needs_sacrifice(path))
                try:
                    found = gather(client, target, question, turn=turn, random=random.SystemRandom(), now=time.time)
                    warnings += [f"{address}: {each}" for each in found.warnings]
                    saved = _save(found, save_to, client.host)
                except NicError as error:
                    error.partial = {"evidence": evidence}
                    raise
                told = results.as_dict(found.finding, found.packets, found.capture)
                for asked in (peer.asked for peer in request.peers if peer.address == address):
                    probe = _probe(request, asked, found, path)
                    evidence.append(
                        {
                            "bmc": asked,
                            "address": address,
                            "port": request.port,
                            **told,
                            "pcap": saved,
                            "probe": probe if path else {**probe, "path_error": path_error},
                        }
                    )
        return sorted(evidence, key=lambda each: [peer.asked for peer in request.peers].index(each["bmc"]))


def _probe(request: ProbeRequest, asked: str, found: Evidence, path: Path | None) -> dict[str, t.Any]:
    """The probe, in the form that ipmi_probe gives it."""
    source = request.source or (path.source_address if path else None)
    return {
        **as_dict(request.naming, asked, "host", found.probe, source),
        "ipmi_versions": list(found.probe.told),
        "path": path.as_dict() if path else None,
        "udp_errors": found.udp_errors,
    }


def _save(found: Evidence, save_to: Destination | None, host: str) -> str | None:
    content = as_pcap(found.packets)
    if content is None or save_to is None:
        return None
    path = save_to.file(host, found.probe.address, found.probe.port)
    write(path, content)
    return str(path)
