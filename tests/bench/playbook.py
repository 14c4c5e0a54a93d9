# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a play through the real ansible-playbook, with the times of its tasks where they are wanted."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.bench.errors import BenchError
from tests.bench.usage import Usage, run_measured
from tests.integration.demo import ROOT, environment

ROLE: Final = "remediation.windows_nic.udp_rx_offload"
_CALLBACKS: Final = Path(__file__).with_name("callback_plugins")


@dataclass(frozen=True, slots=True)
class Window:
    """The time of one task on one host, in seconds since the epoch, and how it ended.

    Attributes:
        task: Name of the task, without that of its role.
        action: Full name of the action.
        outcome: ok, failed, skipped or unreachable.
    """

    host: str
    task: str
    action: str
    began: float
    ended: float
    outcome: str


def run_play(
    directory: Path,
    name: str,
    inventory: Path,
    tasks: Sequence[Mapping[str, Any]],
    *,
    forks: int,
    hosts: Sequence[str] = ("all",),
    variables: Mapping[str, Any] | None = None,
    timed_tasks: bool = True,
) -> tuple[list[Window], Usage]:
    """Run tasks on hosts of an inventory. Playbook, output and task times stay in *directory*, called *name*.

    Args:
        directory: Where the files go.
        name: First part of their names.
        inventory: The inventory file.
        tasks: The tasks, as a playbook has them.
        forks: How many hosts at once.
        hosts: Names of hosts or groups.
        variables: Variables of the play.
        timed_tasks: Whether to note when each task began and ended.

    Returns:
        The times of the tasks in the order of their ends, and what the whole run took.

    Raises:
        BenchError: ansible-playbook failed.
    """
    playbook, output, times = (directory / f"{name}.{suffix}" for suffix in ("yml", "log", "times.jsonl"))
    play = {"hosts": ":".join(hosts), "gather_facts": False, "vars": dict(variables or {}), "tasks": list(tasks)}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False, allow_unicode=True), encoding="utf-8")
    extra = {"ANSIBLE_HOME": str(directory / "home"), "ANSIBLE_FORKS": str(forks)}
    if timed_tasks:
        times.write_text("", encoding="utf-8")
        extra |= {
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "task_times",
            "BENCH_TASK_TIMES": str(times),
        }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-i", str(inventory), str(playbook)]
    code, usage = run_measured(command, output=output, environment=environment() | extra, directory=ROOT)
    if code:
        raise BenchError(f"ansible-playbook ended with {code}; its output is in {output}")
    return (_read_times(times) if timed_tasks else []), usage


def _read_times(path: Path) -> list[Window]:
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [
        Window(
            host=line["host"],
            task=line["task"].removeprefix(f"{ROLE} : "),
            action=line["action"],
            began=line["began"],
            ended=line["ended"],
            outcome=line["outcome"],
        )
        for line in lines
    ]
