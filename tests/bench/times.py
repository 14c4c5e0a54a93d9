# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long ``nic_facts`` takes on many hosts, compared with doing nothing and with plain pywinrm.

Times of one machine say little about another: what counts are the ratios between runs of one hour on one machine.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.costs import Request, by_host, cost_of, read_log
from tests.bench.errors import BenchError
from tests.bench.playbook import run_play
from tests.bench.usage import Usage, cpu_seconds_of, run_measured
from tests.integration.demo import ROOT, environment
from tests.labfixture import RunningLab

NOTHING: Final = "nothing"
PYWINRM: Final = "pywinrm"
FACTS: Final = "nic_facts"

_DO_NOTHING: Final = {"name": "Do nothing", "ansible.builtin.assert": {"that": True, "quiet": True}}
_READ: Final = {"name": "Read the adapters", "remediation.windows_nic.nic_facts": {}}


@dataclass(frozen=True, slots=True)
class Run:
    """One way over all hosts: of every number the least of all rounds, which other load disturbed least.

    Attributes:
        usage: What the program took, whole: its start and its reading of the inventory included.
        lab_cpu_seconds: What the lab, which shares the processors, took to answer it.
    """

    usage: Usage
    lab_cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Times:
    """The three ways."""

    hosts: int
    forks: int
    rounds: int
    runs: Mapping[str, Run]

    def wall_ratio(self, to: str) -> float:
        """Wall time of ``nic_facts`` as a multiple of that of another run."""
        return self.runs[FACTS].usage.wall_seconds / self.runs[to].usage.wall_seconds

    def cpu_ratio(self, to: str) -> float:
        """Processor time of ``nic_facts`` as a multiple of that of another run."""
        return self.runs[FACTS].usage.cpu_seconds / self.runs[to].usage.cpu_seconds

    @property
    def cpu_above_nothing(self) -> float:
        """What ``nic_facts`` takes more than doing nothing, as a multiple of what plain pywinrm takes."""
        more = self.runs[FACTS].usage.cpu_seconds - self.runs[NOTHING].usage.cpu_seconds
        return more / self.runs[PYWINRM].usage.cpu_seconds


def measure_times(lab: RunningLab, directory: Path, forks: int, rounds: int) -> Times:
    """Do nothing, read with plain pywinrm, read with ``nic_facts``: on all hosts, *forks* at once, in turn.

    Raises:
        BenchError: A run failed, or the two ways of reading did not ask every host the same.
    """
    hosts = list(lab.hosts)
    runs: dict[str, list[Run]] = {NOTHING: [], PYWINRM: [], FACTS: []}
    for _unused in range(rounds):
        run, asked = _observed(lab, lambda: _ansible(lab, directory, NOTHING, forks))
        if asked:
            raise BenchError("a task that does nothing made requests")
        runs[NOTHING].append(run)
        run, plain = _observed(lab, lambda: _pywinrm(lab, directory, forks))
        runs[PYWINRM].append(run)
        run, facts = _observed(lab, lambda: _ansible(lab, directory, FACTS, forks))
        runs[FACTS].append(run)
        for host in hosts:
            if _essence(plain.get(host, [])) != _essence(facts.get(host, [])):
                raise BenchError(f"plain pywinrm and nic_facts did not ask {host} the same")
    return Times(len(hosts), forks, rounds, {name: least(each) for name, each in runs.items()})


def least(runs: Sequence[Run]) -> Run:
    """Of every number the least."""
    return Run(
        Usage(
            wall_seconds=min(run.usage.wall_seconds for run in runs),
            cpu_seconds=min(run.usage.cpu_seconds for run in runs),
        ),
        lab_cpu_seconds=min(run.lab_cpu_seconds for run in runs),
    )


def _essence(requests: list[Request]) -> tuple[Counter[tuple[str | None, str | None]], int]:
    """What was asked, apart from the order, and in how many sessions."""
    cost = cost_of(requests)
    return Counter((each.action, each.name) for each in requests if not each.authentication), cost.sessions


def _observed(lab: RunningLab, run: Callable[[], Usage]) -> tuple[Run, dict[str, list[Request]]]:
    """Run something; returns what it took, and what it asked of each host."""
    earlier = len(read_log(lab.log))
    lab_before = cpu_seconds_of(lab.process.pid)
    usage = run()
    lab_took = cpu_seconds_of(lab.process.pid) - lab_before
    return Run(usage, lab_took), by_host(read_log(lab.log)[earlier:])


def _ansible(lab: RunningLab, directory: Path, name: str, forks: int) -> Usage:
    task = _DO_NOTHING if name == NOTHING else _READ
    _unused, usage = run_play(directory, f"times-{name}", lab.inventory, [task], forks=forks, timed_tasks=False)
    return usage


def _pywinrm(lab: RunningLab, directory: Path, threads: int) -> Usage:
    command = [sys.executable, "-m", "tests.bench.pywinrm_threads", str(lab.inventory), str(threads)]
    output = directory / f"times-{PYWINRM}.log"
    code, usage = run_measured(command, output=output, environment=environment(), directory=ROOT)
    if code:
        raise BenchError(f"plain pywinrm ended with {code}; its output is in {output}")
    return usage
