# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which request belongs to which task.

A task has one window of time on each host, the windows of a host don't overlap, and the lab logs a request before it
answers: so a request belongs to the task in whose window it was logged. Where that leaves a doubt, nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.bench.costs import Cost, Request, by_host, cost_of
from tests.bench.errors import BenchError
from tests.bench.playbook import Window


@dataclass(frozen=True, slots=True)
class Step:
    """A task on a host, with the requests that it made."""

    window: Window
    requests: tuple[Request, ...]

    @property
    def cost(self) -> Cost:
        """What the requests cost."""
        return cost_of(self.requests)


def steps_of(windows: Iterable[Window], requests: Iterable[Request]) -> dict[str, list[Step]]:
    """By host: its tasks in their order, each with its requests.

    Raises:
        BenchError: Windows overlap, a request lies in none, or a connection served two tasks.
    """
    asked = by_host(requests)
    windows_of: dict[str, list[Window]] = {}
    for window in sorted(windows, key=lambda each: each.began):
        windows_of.setdefault(window.host, []).append(window)
    strangers = asked.keys() - windows_of.keys()
    if strangers:
        raise BenchError(f"hosts without a task were asked: {', '.join(sorted(strangers))}")
    return {host: _steps(host, listed, asked.get(host, [])) for host, listed in windows_of.items()}


def _steps(host: str, windows: Sequence[Window], requests: Sequence[Request]) -> list[Step]:
    for earlier, later in pairwise(windows):
        if later.began < earlier.ended:
            raise BenchError(f"{host}: {later.task} began before {earlier.task} ended")
    steps = [
        Step(window, tuple(each for each in requests if window.began <= each.time <= window.ended))
        for window in windows
    ]
    if sum(len(step.requests) for step in steps) != len(requests):
        raise BenchError(f"{host}: there are requests outside of every task")
    served: set[int] = set()
    for step in steps:
        connections = {request.connection for request in step.requests}
        if served & connections:
            raise BenchError(f"{host}: {step.window.task} used a connection of an earlier task")
        served |= connections
    return steps
