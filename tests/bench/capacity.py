# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand hosts in one lab: whether every one is read, and how much memory that takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bench.costs import Cost, by_host, cost_of, read_log
from tests.bench.errors import BenchError
from tests.bench.limits import MOST_LAB_BYTES, Check
from tests.bench.modules import facts_checks
from tests.bench.playbook import run_play
from tests.bench.usage import Usage, peak_memory_bytes_of
from tests.labfixture import RunningLab


@dataclass(frozen=True, slots=True)
class Capacity:
    """A run of ``nic_facts`` over all hosts of a lab.

    Attributes:
        start_bytes: The most memory of the lab before anybody asked it.
        peak_bytes: The most memory of the lab until the end.
        usage: What the run took.
        costs: What it cost each host.
    """

    hosts: int
    start_bytes: int
    peak_bytes: int
    usage: Usage
    costs: tuple[Cost, ...]

    @property
    def checks(self) -> list[Check]:
        """The limit of the lab, and those of ``nic_facts`` on every one of its hosts."""
        memory = Check(f"lab with {self.hosts} hosts: bytes of memory", self.peak_bytes, MOST_LAB_BYTES)
        return [memory, *facts_checks(self.costs, f"{self.hosts} hosts")]


def measure_capacity(lab: RunningLab, directory: Path, forks: int) -> Capacity:
    """Read every host of a lab that was asked nothing yet.

    Raises:
        BenchError: A host was not read, or in more than one session.
    """
    hosts = list(lab.hosts)
    before = peak_memory_bytes_of(lab.process.pid)
    task = {"name": "Read the adapters", "remediation.windows_nic.nic_facts": {}}
    _unused, usage = run_play(directory, "capacity", lab.inventory, [task], forks=forks, timed_tasks=False)
    peak = peak_memory_bytes_of(lab.process.pid)
    asked = by_host(read_log(lab.log))
    costs = {host: cost_of(asked.get(host, [])) for host in hosts}
    wrong = [host for host, cost in costs.items() if cost.sessions != 1 or cost.polls]
    if wrong:
        raise BenchError(f"not read in one session: {', '.join(wrong[:5])} ({len(wrong)} hosts)")
    return Capacity(len(hosts), before, peak, usage, tuple(costs.values()))
