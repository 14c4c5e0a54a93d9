# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the gate: a step that fails, hangs or runs no test is never taken for a good one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.gate import run
from tests.gate.run import Outcome, count_tests, run_command, run_step, table
from tests.gate.steps import STEPS, Step, chosen

ONE_OF_EACH = b"""<testsuites><testsuite>
<testcase name="good"/><testcase name="also good"><system-out>x</system-out></testcase>
<testcase name="bad"><failure/></testcase><testcase name="worse"><error/></testcase>
<testcase name="not run"><skipped/></testcase>
</testsuite></testsuites>"""


def python(code: str, *, counts_tests: bool = False, limit_minutes: int = 1) -> Step:
    return Step("a step", "a group", (sys.executable, "-c", code), limit_minutes, counts_tests)


def test_a_skipped_test_counts_as_failed() -> None:
    assert count_tests(ONE_OF_EACH) == (2, 3)


@pytest.mark.parametrize(("code", "verdict"), [("", "ok"), ("raise SystemExit(3)", "exit 3")])
def test_exit_status_decides(code: str, verdict: str) -> None:
    assert run_command(python(code)) == verdict


def test_a_step_that_hangs_is_stopped() -> None:
    assert run_command(python("import time; time.sleep(600)", limit_minutes=0)) == "over 0 min"


@pytest.mark.parametrize(
    ("junit", "verdict"),
    [
        (b"<testsuite><testcase/></testsuite>", "ok"),
        (b"<testsuite/>", "ran no test"),
        (b"<testsuite>", "no test results"),
        (None, "no test results"),
    ],
    ids=["one", "none", "damaged", "absent"],
)
def test_a_test_step_needs_test_results(
    junit: bytes | None, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    written = (
        ""
        if junit is None
        else f"import pathlib; pathlib.Path({str(tmp_path / 'a step.xml')!r}).write_bytes({junit!r})"
    )
    assert run_step(python(written, counts_tests=True)).verdict == verdict


def test_results_of_an_earlier_run_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "RESULTS", tmp_path)
    (tmp_path / "a step.xml").write_bytes(b"<testsuite><testcase/></testsuite>")
    assert run_step(python("", counts_tests=True)).verdict == "no test results"


def test_one_failed_step_fails_the_whole_and_later_steps_still_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(run, "chosen", lambda _group: (python("raise SystemExit(1)"), python("")))
    assert run.main(["all"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_an_unknown_group_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["nonsense"]) == 2
    assert "usage:" in capsys.readouterr().err


def test_table_shows_each_step() -> None:
    counted = python("", counts_tests=True)
    lines = table([Outcome(python(""), "ok", 65.0), Outcome(counted, "exit 1", 0.5, passed=4, failed=2)]).splitlines()
    assert [line.split() for line in lines] == [
        ["step", "result", "passed", "failed", "time"],
        ["a", "step", "ok", "1:05"],
        ["a", "step", "exit", "1", "4", "2", "0:00"],
        ["all", "FAILED", "1:05"],
    ]


def test_every_group_of_the_makefile_has_steps() -> None:
    assert {step.group for step in STEPS} == {"lint", "sanity", "unit", "hostile", "conformance", "integration"}
    assert chosen("all") == STEPS
    assert all(step.group == "unit" for step in chosen("unit"))
