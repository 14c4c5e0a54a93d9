# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settles on one Windows host what no document says for certain, and puts everything back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from functools import partial

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import parse_rules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    HostReading,
    assemble,
    management_addresses,
    read_host,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.options import RULES, SELECTION
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import adapters_toward
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Risk
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.selection import parse_selection, select
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify import reading as readings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.changes import ChangeTrial
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import (
    Windows,
    make_profile,
    not_proven,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import Answer, settled
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.table import lay_out
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.tasks import TaskTrial
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming, resolve
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client

_KINDS: t.Final = ["reading", "tasks", "changes"]
_READER: t.Final = ["not_asked", "may_read", "refused", "no_answer"]
_TARGETS: t.Final = Naming("target", "target")


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "adapters": {**SELECTION, "required": True},
        "ask": {"type": "list", "elements": "str", "choices": _KINDS, "default": _KINDS},
        "target": {"type": "list", "elements": "str", "default": []},
        "port": {"type": "int", "default": 623},
        "reader": {"type": "str", "choices": _READER, "default": "not_asked"},
        "await_expiry": {"type": "bool", "default": True},
        "guard_minutes": {"type": "int", "default": 5},
        "accept_risks": {
            "type": "list",
            "elements": "str",
            "choices": sorted(risk.value for risk in Risk),
            "default": [],
        },
        "reconnect_timeout_seconds": {"type": "int", "default": 300},
        "rules": RULES,
    }

    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        rules = parse_rules(arguments["rules"])
        selection = parse_selection(arguments["adapters"])
        request = _read_request(arguments)
        targets = [each.address for each in resolve(arguments["target"], _TARGETS)] if arguments["target"] else []
        ask = set(arguments["ask"]) - ({"tasks", "changes"} if self.check_mode else set())
        client = self.client()
        management = management_addresses(client.host)
        reading = read_host(client)
        windows = readings.windows(client)
        toward = adapters_toward(client, reading.topology, reading.addresses, selection.toward)
        adapter = _only(reading, select(assemble(reading, rules, management), selection, toward=toward, single=True))
        tasks = TaskTrial(client, await_expiry=arguments["await_expiry"])
        changes = ChangeTrial(client, adapter.guid, management, request)
        if "changes" in ask:
            changes.refuse_unless_possible(reading)
        answers = [Answer("reader_may_read", arguments["reader"])]
        try:
            if "reading" in ask:
                answers += _read(client, adapter, targets, arguments["port"])
            if "tasks" in ask:
                tasks.run()
            if "changes" in ask and "tasks" in ask and not_proven(tasks.answers):
                changes.skip("this host has not shown that a guard works on it")
            elif "changes" in ask:
                changes.run(read_host(client))
        except NicError as error:
            error.partial = self._report(windows, adapter, answers, tasks, changes)
            raise
        return self._report(windows, adapter, answers, tasks, changes)

    def _report(
        self, windows: Windows, adapter: Adapter, answers: Sequence[Answer], tasks: TaskTrial, changes: ChangeTrial
    ) -> dict[str, t.Any]:
        """Print the table, and make the result; of a run that broke off too."""
        answers = [*answers, *tasks.answers, *changes.answers]
        left_behind = [*tasks.left_behind, *changes.left_behind]
        rows = settled(answers)
        # Width of the terminal as the main process found it; a worker process has none.
        self._display.display(f"\n{lay_out(rows, self._display.columns + 1)}\n")
        return {
            "changed": tasks.touched or changes.touched,
            "questions": rows,
            "profile": make_profile(windows, adapter, answers),
            "left_behind": left_behind,
            **({"warnings": [f"Still on the host: {what}" for what in left_behind]} if left_behind else {}),
        }


def _read(client: Client, adapter: Adapter, targets: Sequence[str], port: int) -> list[Answer]:
    ask = readings.ask
    return [
        ask("class_key_index", partial(readings.class_key_index, client, adapter)),
        ask("wmi_options", partial(readings.wmi_options, client)),
        ask("relay_windows_powershell", partial(readings.windows_powershell, client, targets, port)),
        ask("relay_powershell_7", partial(readings.powershell_7, client, targets, port)),
    ]


def _only(reading: HostReading, chosen: Sequence[Mapping[str, t.Any]]) -> Adapter:
    adapters = [adapter for each in chosen if (adapter := reading.adapter(each["guid"])) is not None]
    if len(adapters) != 1:
        raise NicError(
            "adapter_ambiguous" if adapters else "adapter_not_found",
            "the selection of adapters",
            ", ".join(adapter.name for adapter in adapters) or "no adapter",
            "exactly one adapter to try things on",
            "Name it: adapters, with name or guid.",
        )
    return adapters[0]


def _read_request(arguments: Mapping[str, t.Any]) -> Request:
    for name, least, most in (("port", 1, 65535), ("guard_minutes", 2, 60), ("reconnect_timeout_seconds", 1, 3600)):
        if not least <= arguments[name] <= most:
            raise NicError(
                "invalid_arguments",
                "remediation.windows_nic.qualify",
                f"{name} {arguments[name]}",
                f"{least} to {most}",
                "See: ansible-doc remediation.windows_nic.qualify",
            )
    return Request(
        state="present",
        wish=Wish(receive=True, transmit=None),
        # A driver that knows all or nothing is qualified as well: everything is put back.
        allow_wider=True,
        guard="always",
        guard_minutes=arguments["guard_minutes"],
        accept_risks=frozenset(arguments["accept_risks"]),
        reconnect_timeout_seconds=arguments["reconnect_timeout_seconds"],
    )
