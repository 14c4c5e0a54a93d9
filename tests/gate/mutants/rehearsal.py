# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests once without a mutant, to learn which tests reach which function, and how long each takes."""

from __future__ import annotations

import ast
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from coverage import CoverageData

from tests.gate.mutants.trial import PYTEST_OPTIONS, prepare_pytest, try_import, wait
from tests.gate.steps import BUILD, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

DATA: Final = BUILD / "mutants" / "coverage"


PLUGIN: Final = "_hypothesis_pytestplugin"
"""Not loaded beforehand: from then on until pytest starts, hypothesis takes all that happens for slow plugins."""


class Stopwatch:
    """pytest plugin that notes how many seconds each test takes, with set-up and tear-down."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the three phases of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the run told.

    Attributes:
        status: pytest's exit status.
        seconds: How long each test took.
        reached: For each line of the source file, the tests that ran it.
        source: The source file's text.
    """

    status: int
    seconds: Mapping[str, float]
    reached: Mapping[int, frozenset[str]]
    source: str

    @property
    def all_tests(self) -> tuple[str, ...]:
        """Every test, the quickest first."""
        return self._sorted(self.seconds)

    def tests_for(self, line: int) -> tuple[str, ...]:
        """Tests that reach the function in which a line stands, the quickest first; all of them for other lines.

        What stands outside of functions runs when the module is imported, so that any test may depend on it.
        """
        span = function_around(self.source, line)
        if span is None:
            return self.all_tests
        return self._sorted({test for each in span for test in self.reached.get(each, ())} & set(self.seconds))

    def _sorted(self, tests: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(tests, key=lambda test: (self.seconds[test], test)))


def function_around(source: str, line: int) -> range | None:
    """Lines of the body of the outermost function or method around a line; None outside of any."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in node.body:
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    body = range(child.body[0].lineno, (child.end_lineno or child.lineno) + 1)
                    if line in body:
                        return body
    return None


def rehearse(path: Path, tests: Sequence[str]) -> Rehearsal:
    """Run the tests in a fork, load here every library that it loaded, and tell what it told."""
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.unlink(missing_ok=True)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        os._exit(_rehearse_here(path, tests, write_end))
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        told = json.loads(stream.read() or "{}")
    status = wait(child)
    for name in told.get("libraries", ()):
        try_import(name)
    return Rehearsal(status, told.get("seconds", {}), _reached(path), path.read_text(encoding="utf-8"))


def _rehearse_here(path: Path, tests: Sequence[str], write_end: int) -> int:
    """Run in the forked process."""
    prepare_pytest()
    os.environ["COVERAGE_FILE"] = str(DATA)
    stopwatch = Stopwatch()
    options = (f"--cov={path.parent}", "--cov-context=test", "--cov-report=")
    status = int(pytest.main([*PYTEST_OPTIONS, *options, *tests], plugins=[stopwatch]))
    with os.fdopen(write_end, "w") as stream:
        libraries = [name for name, module in sys.modules.items() if is_library(module) and name != PLUGIN]
        json.dump({"libraries": libraries, "seconds": stopwatch.seconds}, stream)
    return status


def is_library(module: ModuleType) -> bool:
    """Whether a module is not of this project, whose modules are loaded anew in every trial."""
    if module.__dict__.get("__file__") is None:
        return False
    file = Path(module.__dict__["__file__"])
    return not file.is_relative_to(ROOT) or file.is_relative_to(sys.prefix)


def _reached(path: Path) -> dict[int, frozenset[str]]:
    """For each line of a file the tests that ran it; pytest-cov names a test's phase behind a bar."""
    if not DATA.exists():
        return {}
    data = CoverageData(str(DATA))
    data.read()
    lines = data.contexts_by_lineno(str(path.resolve()))
    return {
        line: frozenset(context.rpartition("|")[0] for context in contexts if "|" in context)
        for line, contexts in lines.items()
    }
