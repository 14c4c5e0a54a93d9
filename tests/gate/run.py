# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs steps of the gate, all of them even after one failed, and prints a table of results.

Usage: ``python -m tests.gate.run GROUP``, where GROUP is ``all`` or a group of ``tests.gate.steps``.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET  # reads only the files that pytest wrote a moment ago
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.gate.steps import RESULTS, ROOT, STEPS, Step, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step: tests are counted where the step counts them."""

    step: Step
    verdict: str
    seconds: float
    passed: int = 0
    failed: int = 0

    @property
    def ok(self) -> bool:
        """Whether the step succeeded."""
        return self.verdict == "ok"


def run_step(step: Step) -> Outcome:
    """Run one step to its end, with its output shown as it comes."""
    print(f"\n=== {step.name}: {shlex.join(step.command)}", flush=True)
    junit = junit_file(step)
    junit.unlink(missing_ok=True)
    started = time.monotonic()
    verdict = run_command(step)
    seconds = time.monotonic() - started
    if not step.counts_tests:
        return Outcome(step, verdict, seconds)
    try:
        passed, failed = count_tests(junit.read_bytes())
    except (OSError, ET.ParseError):
        return Outcome(step, "no test results" if verdict == "ok" else verdict, seconds)
    if verdict == "ok" and passed == 0:
        verdict = "ran no test"
    return Outcome(step, verdict, seconds, passed, failed)


def run_command(step: Step) -> str:
    """Run the step's command; returns ``ok``, ``exit N`` or ``over N min``. Its children end with it."""
    with subprocess.Popen(step.command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            status = process.wait(timeout=step.limit_minutes * 60)
        except subprocess.TimeoutExpired:
            return f"over {step.limit_minutes} min"
        finally:
            end_group(process)
    return "ok" if status == 0 else f"exit {status}"


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the process's own group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def count_tests(junit: bytes) -> tuple[int, int]:
    """Passed and failed tests of a JUnit file; a skipped test counts as failed, as nothing may be skipped."""
    passed = failed = 0
    for case in ET.fromstring(junit).iter("testcase"):
        if any(child.tag in ("failure", "error", "skipped") for child in case):
            failed += 1
        else:
            passed += 1
    return passed, failed


def junit_file(step: Step) -> Path:
    """Where a step that counts tests leaves its JUnit file."""
    return RESULTS / f"{step.name.removesuffix(' tests')}.xml"


def table(outcomes: Sequence[Outcome]) -> str:
    """Steps, results, tests and durations, one line each."""
    rows = [("step", "result", "passed", "failed", "time")]
    for outcome in outcomes:
        counts = (str(outcome.passed), str(outcome.failed)) if outcome.step.counts_tests else ("", "")
        rows.append((outcome.step.name, outcome.verdict, *counts, duration(outcome.seconds)))
    verdict = "ok" if all(outcome.ok for outcome in outcomes) else "FAILED"
    rows.append(("all", verdict, "", "", duration(sum(outcome.seconds for outcome in outcomes))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def duration(seconds: float) -> str:
    """Minutes and seconds, as in ``2:05``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def main(arguments: Sequence[str]) -> int:
    """Run the group that the only argument names."""
    steps = chosen(arguments[0]) if len(arguments) == 1 else ()
    if not steps:
        groups = ", ".join(dict.fromkeys(step.group for step in STEPS))
        print(f"usage: python -m tests.gate.run all | {groups}", file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    outcomes = [run_step(step) for step in steps]
    print(f"\n{table(outcomes)}\n")
    failed_steps = sum(not outcome.ok for outcome in outcomes)
    # Steps that count no tests count as one each, so that this line tells the whole result.
    passed = sum(o.passed if o.step.counts_tests else int(o.ok) for o in outcomes)
    failed = sum(max(o.failed, int(not o.ok)) for o in outcomes)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed_steps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
