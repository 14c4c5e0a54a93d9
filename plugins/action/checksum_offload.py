# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets the checksum offload of UDP over IPv4 on adapters of a Windows host, and takes it back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import parse_rules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    assemble,
    management_addresses,
    read_host,
    task_offload_word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.options import RULES, SELECTION
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import adapters_toward
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Risk
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import difference, result, warnings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.selection import parse_selection, select
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import read_profile

_SWITCH: t.Final = ["enabled", "disabled"]
_RISKS: t.Final = sorted(risk.value for risk in Risk)


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "adapters": {**SELECTION, "required": True},
        "receive": {"type": "str", "choices": _SWITCH, "default": "disabled"},
        "transmit": {"type": "str", "choices": _SWITCH},
        "state": {"type": "str", "choices": ["present", "restored"], "default": "present"},
        "restart": {"type": "str", "choices": ["if_needed", "never"], "default": "if_needed"},
        "allow_wider": {"type": "bool", "default": False},
        "allow_unguarded_restart": {"type": "bool", "default": False},
        "guard": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "guard_minutes": {"type": "int", "default": 10},
        "accept_risks": {"type": "list", "elements": "str", "choices": _RISKS, "default": []},
        "reconnect_timeout_seconds": {"type": "int", "default": 300},
        "outcome": {"type": "str"},
        "host_profile": {"type": "dict", "default": {}},
        "rules": RULES,
    }

    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        rules = parse_rules(arguments["rules"])
        selection = parse_selection(arguments["adapters"])
        request = _read_request(arguments)
        client = self.client()
        management = management_addresses(client.host)
        reading = read_host(client)
        facts = assemble(reading, rules, management)
        toward = adapters_toward(client, reading.topology, reading.addresses, selection.toward)
        chosen = [each["guid"] for each in select(facts, selection, toward=toward, single=True)]
        changer = Changer(client, request)
        reading = changer.settle(reading, chosen, check_mode=self.check_mode)
        try:
            changes = changer.prepare(reading, chosen, management)
        except NicError as error:
            error.partial = {**(error.partial or {}), "changed": changer.touched}
            raise
        if not self.check_mode:
            reading = changer.carry_out(changes, reading)
        told = warnings(changes, check_mode=self.check_mode)
        return {
            "changed": changer.touched or any(change.plan.changes for change in changes),
            "adapters": [result(change, check_mode=self.check_mode) for change in changes],
            "preflight": changer.preflight.as_dict(),
            **({"diff": difference(changes)} if self.diff_mode else {}),
            **({"warnings": told} if told else {}),
            "ansible_facts": {
                "windows_nics": assemble(reading, rules, management),
                "windows_nics_task_offload": task_offload_word(reading),
            },
        }


def _read_request(arguments: Mapping[str, t.Any]) -> Request:
    restored = arguments["state"] == "restored"
    if arguments["outcome"] is not None and not restored:
        raise _invalid("outcome with state present", "outcome only with state restored")
    if arguments["outcome"] is not None and not _is_word(arguments["outcome"]):
        raise _invalid(
            f"outcome {arguments['outcome']}", "a word of lower-case letters, digits and underscores, 64 at most"
        )
    if not 1 <= arguments["reconnect_timeout_seconds"] <= 3600:
        raise _invalid(f"reconnect_timeout_seconds {arguments['reconnect_timeout_seconds']}", "1 to 3600")
    if not 2 <= arguments["guard_minutes"] <= 60:
        raise _invalid(f"guard_minutes {arguments['guard_minutes']}", "2 to 60")
    profile = read_profile(arguments["host_profile"])
    return Request(
        state=arguments["state"],
        wish=Wish(
            receive=arguments["receive"] == "enabled",
            transmit=None if arguments["transmit"] is None else arguments["transmit"] == "enabled",
        ),
        may_restart=arguments["restart"] == "if_needed",
        allow_wider=arguments["allow_wider"],
        allow_unguarded_restart=arguments["allow_unguarded_restart"],
        reconnect_timeout_seconds=arguments["reconnect_timeout_seconds"],
        outcome=arguments["outcome"],
        guard=arguments["guard"],
        guard_minutes=arguments["guard_minutes"],
        accept_risks=frozenset(arguments["accept_risks"]),
        write_restarts=profile.write_restarts,
        guard_fails=profile.guard_fails,
    )


def _is_word(text: str) -> bool:
    return 0 < len(text) <= 64 and all(character in "abcdefghijklmnopqrstuvwxyz0123456789_" for character in text)


def _invalid(seen: str, expected: str) -> NicError:
    return NicError(
        "invalid_arguments",
        "remediation.windows_nic.checksum_offload",
        seen,
        expected,
        "See: ansible-doc remediation.windows_nic.checksum_offload",
    )
