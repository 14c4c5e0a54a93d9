# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an observer of the lab may know of a machine: plain data that becomes JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.lab.adapters import Adapter
from tests.lab.classkeys import class_key_path, has_class_key
from tests.lab.registry import REG_SZ
from tests.lab.tasks import Run, Task

if TYPE_CHECKING:
    from tests.lab.machine import Machine

UNDO_PATH: Final = "SOFTWARE\\remediation.windows_nic\\undo"
OUTCOME_PATH: Final = "SOFTWARE\\remediation.windows_nic\\outcome"


def snapshot(machine: Machine) -> dict[str, Any]:
    """Adapters, undo and outcome records, clock, tasks with their runs, and the journal."""
    shown = [adapter for adapter in machine.adapters if not adapter.hidden]
    return {
        "name": machine.host.name,
        "kind": machine.host.kind_name,
        "address": machine.host.address,
        "answers_at": machine.answers_at,
        "reachable": machine.reachable,
        "running": machine.running,
        "booted_at": _text(machine.booted_at),
        "clock": {
            "now": _text(machine.clock.now),
            "skew_seconds": machine.clock.skew.total_seconds(),
            "utc_offset_minutes": int(machine.clock.offset.total_seconds() // 60),
            "speed": machine.clock.lab.speed,
        },
        "adapters": [_adapter(machine, adapter) for adapter in shown],
        "undo": _records(machine, UNDO_PATH),
        "outcome": _records(machine, OUTCOME_PATH),
        "tasks": [_task(machine, task) for task in machine.tasks.tasks],
        "task_runs": [_run(task, run) for task, run in machine.tasks.runs],
        "udp_errors": machine.udp.errors,
        "relay_calls": machine.relay_calls,
        "pktmon": machine.pktmon.snapshot(),
        "tools": dict(machine.host.tools),
        "journal": [f"{entry.what} {entry.detail}" for entry in machine.journal],
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _adapter(machine: Machine, adapter: Adapter) -> dict[str, Any]:
    keyword = adapter.keyword
    return {
        "name": adapter.name,
        "description": adapter.description,
        "guid": adapter.guid,
        "keyword": keyword.name if keyword is not None else None,
        "configured": None if keyword is None else machine.configured_text(adapter, keyword.name),
        "active": adapter.active,
        "reported": adapter.reported,
        "state": adapter.state,
        "connected": adapter.connected,
        "addresses": [str(interface.ip) for interface in adapter.interfaces],
        "category": machine.category(adapter) if adapter.interfaces else None,
        "offloads": adapter.offloads.model_dump() if adapter.offloads is not None else None,
        "restarts": adapter.restarts,
        "starts": adapter.starts,
        "class_key": class_key_path(adapter) if has_class_key(adapter) else None,
    }


def _task(machine: Machine, task: Task) -> dict[str, Any]:
    return {
        "name": task.full_name,
        "state": task.state,
        "registered_at": _text(task.anchors.registered),
        "next_run": _text(machine.tasks.next_run(task)),
        "last_run": _text(task.last_run),
        "last_result": task.last_result,
        "missed_runs": task.missed_runs,
        "description": task.definition.registration.get("Description"),
        "actions": [f"{action.command} {action.arguments}".rstrip() for action in task.definition.actions],
    }


def _run(task: Task, run: Run) -> dict[str, Any]:
    return {
        "task": task.full_name,
        "trigger": run.trigger,
        "started": _text(run.started),
        "exit_codes": list(run.exit_codes),
        "result": run.result,
    }


def _records(machine: Machine, path: str) -> dict[str, Any]:
    """The records under a key; data that is not JSON is shown as it is."""
    _unused, key = machine.registry.open(path)
    records: dict[str, Any] = {}
    for value in key.values() if key is not None else []:
        if value.type != REG_SZ:
            records[value.name] = value.data
            continue
        try:
            records[value.name] = json.loads(str(value.data))
        except ValueError:
            records[value.name] = value.data
    return records
