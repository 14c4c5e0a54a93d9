# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured as plain values, for the result file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tests.bench.capacity import Capacity
from tests.bench.conversation import phases_of
from tests.bench.modules import Row
from tests.bench.prove import Story
from tests.bench.times import NOTHING, PYWINRM, Times


def module_result(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """By task and kind of host: the costs."""
    result: dict[str, dict[str, Any]] = {}
    for row in rows:
        result.setdefault(row.task, {})[row.kind] = {"host": row.host, **asdict(row.cost)}
    return result


def story_result(story: Story) -> dict[str, Any]:
    """One run of the role, with its steps."""
    steps = [
        {
            "task": step.window.task,
            "action": step.window.action,
            **asdict(step.cost),
            "phases": [{"posts": phase.posts, "words": phase.words} for phase in phases_of(step.requests)],
        }
        for step in story.steps
    ]
    return {"title": story.title, "host": story.host, "verdict": story.verdict, **asdict(story.cost), "steps": steps}


def times_result(times: Times) -> dict[str, Any]:
    """The three runs in seconds, and their ratios."""
    runs = {
        name: {
            "wall_seconds": round(run.usage.wall_seconds, 2),
            "cpu_seconds": round(run.usage.cpu_seconds, 2),
            "lab_cpu_seconds": round(run.lab_cpu_seconds, 2),
        }
        for name, run in times.runs.items()
    }
    ratios = {
        name: {"wall": round(times.wall_ratio(name), 2), "cpu": round(times.cpu_ratio(name), 2)}
        for name in (NOTHING, PYWINRM)
    }
    return {
        "hosts": times.hosts,
        "forks": times.forks,
        "rounds": times.rounds,
        "runs": runs,
        "nic_facts_to": ratios,
        "cpu_above_nothing_to_pywinrm": round(times.cpu_above_nothing, 2),
    }


def capacity_result(capacity: Capacity) -> dict[str, Any]:
    """Memory of the lab."""
    return {
        "hosts": capacity.hosts,
        "memory_bytes_at_start": capacity.start_bytes,
        "memory_bytes_at_most": capacity.peak_bytes,
        "wall_seconds": round(capacity.usage.wall_seconds, 2),
    }
