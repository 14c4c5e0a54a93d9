# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the network adapters of a Windows host and their checksum offload. Changes nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import parse_rules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    add_records,
    assemble,
    management_addresses,
    read_host,
    task_offload_word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import read_npcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.options import RULES, SELECTION
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import adapters_toward
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.selection import parse_selection, select
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import RecordStore


class ActionModule(NicAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "adapters": SELECTION,
        "rules": RULES,
        "undo_records": {"type": "bool", "default": False},
    }

    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        rules = parse_rules(arguments["rules"])
        selection = parse_selection(arguments["adapters"]) if arguments["adapters"] is not None else None
        client = self.client()
        reading = read_host(client)
        adapters = assemble(reading, rules, management_addresses(client.host))
        if selection is not None:
            toward = adapters_toward(client, reading.topology, reading.addresses, selection.toward)
            adapters = [dict(each) for each in select(adapters, selection, toward=toward)]
        npcap = read_npcap(TolerantReader(client), reading.bound_to_npcap)
        facts: dict[str, t.Any] = {
            "windows_nics": adapters,
            "windows_nics_task_offload": task_offload_word(reading),
            "windows_nics_npcap": npcap.as_dict() if npcap else None,
        }
        if arguments["undo_records"]:
            store = RecordStore(Registry(client))
            chosen = {each["guid"] for each in adapters}
            records = store.read(chosen, {adapter.guid for adapter in reading.topology.adapters})
            outcomes = store.read_outcomes(chosen)
            facts["windows_nics"] = [add_records(each, records, outcomes, reading) for each in adapters]
            facts["windows_nics_orphaned_records"] = records.orphans(reading.topology.adapters)
        return {"changed": False, "ansible_facts": facts}
