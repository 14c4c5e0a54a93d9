# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.bench``: counts, compares, prints tables; the exit code is 0 if every limit is kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.bench.capacity import measure_capacity
from tests.bench.errors import BenchError
from tests.bench.limits import Check
from tests.bench.modules import measure_modules, module_checks
from tests.bench.prove import measure_role, role_checks
from tests.bench.results import capacity_result, module_result, story_result, times_result
from tests.bench.tables import capacity_table, checks_table, module_tables, story_table, times_table
from tests.bench.times import measure_times
from tests.integration.demo import ROOT
from tests.labfixture import LabFactory, RunningLab, labs

DIRECTORY: Final = ROOT / "build" / "bench"
FLEET: Final = ROOT / "tests" / "lab" / "fleets" / "bench.yml"


@dataclass(slots=True)
class Findings:
    """What was measured so far: for the result file, and against the limits."""

    result: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 if every limit was kept, 1 if one was broken, 2 if it could not be run."""
    options = _parser().parse_args(arguments)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    parts: dict[str, Callable[[Findings], None]] = {
        "counts": lambda findings: count(options.count_hosts, findings),
        "times": lambda findings: compare(options.time_hosts, options.forks, options.rounds, findings),
        "capacity": lambda findings: fill(options.capacity_hosts, options.forks, findings),
    }
    findings = Findings({"machine": machine()})
    try:
        for part in options.only or parts:
            parts[part](findings)
    # The lab's fixture tells of a lab that did not start, or that complained, as a failed assertion.
    except (AssertionError, BenchError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    print(checks_table(findings.checks))
    findings.result["limits"] = [{**asdict(check), "kept": check.kept} for check in findings.checks]
    path = DIRECTORY / "result.json"
    path.write_text(json.dumps(findings.result, indent=2) + "\n", encoding="utf-8")
    print(f"\nEverything in numbers: {path.relative_to(ROOT)}")
    return 0 if all(check.kept for check in findings.checks) else 1


def count(hosts: int, findings: Findings) -> None:
    """Count what every module and the role cost."""
    with labs(_directory("counts")) as start:
        lab = _start(start, hosts)
        print("Running every module on a few hosts ...", flush=True)
        rows = measure_modules(lab, DIRECTORY, {})
        print(module_tables(rows), flush=True)
        print("\nRunning the role ...", flush=True)
        stories = measure_role(lab, DIRECTORY, {})
    for story in stories:
        print(story_table(story), flush=True)
    findings.result |= {"modules": module_result(rows), "role": [story_result(story) for story in stories]}
    findings.checks += [*module_checks(rows), *role_checks(stories)]


def compare(hosts: int, forks: int, rounds: int, findings: Findings) -> None:
    """Compare run times."""
    with labs(_directory("times")) as start:
        lab = _start(start, hosts)
        print(f"Doing nothing, reading with pywinrm, reading with nic_facts, {rounds} times ...", flush=True)
        times = measure_times(lab, DIRECTORY, forks, rounds)
    print(times_table(times), flush=True)
    findings.result["times"] = times_result(times)


def fill(hosts: int, forks: int, findings: Findings) -> None:
    """Read every host of a large lab."""
    with labs(_directory("capacity")) as start:
        lab = _start(start, hosts)
        print("Reading all of them ...", flush=True)
        capacity = measure_capacity(lab, DIRECTORY, forks)
    print(capacity_table(capacity), flush=True)
    findings.result["capacity"] = capacity_result(capacity)
    findings.checks += capacity.checks


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("ansible-core", "pywinrm")},
    }


def _start(start: LabFactory, hosts: int) -> RunningLab:
    print(f"\nStarting a lab of {hosts} hosts ...", flush=True)
    return start(FLEET, hosts=hosts)


def _directory(name: str) -> Path:
    directory = DIRECTORY / name
    directory.mkdir()
    return directory


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What the collection costs.")
    parser.add_argument(
        "--only", action="append", choices=("counts", "times", "capacity"), help="one part; may be given repeatedly"
    )
    parser.add_argument("--count-hosts", type=int, default=20, metavar="N", help="hosts to count on (%(default)s)")
    parser.add_argument("--time-hosts", type=int, default=300, metavar="N", help="hosts to time (%(default)s)")
    parser.add_argument(
        "--capacity-hosts", type=int, default=1000, metavar="N", help="hosts to fill with (%(default)s)"
    )
    parser.add_argument("--forks", type=int, default=50, metavar="N", help="hosts at once, when timed (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, metavar="N", help="how often to time (%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
