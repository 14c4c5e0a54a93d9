# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tests against one mutant, in a process of its own that has everything but the mutant loaded already.

The process is forked from one that imported pytest and all libraries, so that a trial costs the tests and little else.
The mutated module is put in place before pytest starts; no file is changed.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest

from tests.gate.steps import COLLECTION, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

SURVIVED: Final = 0
KILLED_BY_TESTS: Final = 1
KILLED_BY_TIME: Final = -signal.SIGALRM
NOT_TRIED: Final = frozenset({4, 5})
"""pytest's exit statuses for arguments that it can't make sense of, and for no tests: not the mutant's doing."""

PYTEST_OPTIONS: Final = ("-q", "-o", "cache_dir=build/mutants/cache", "-p", "no:xdist")

HYPOTHESIS: Final = "mutants"
"""Profile of property-based tests in a trial: the same few examples each time, no database, no time limits."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        module: Full name of the module that the mutant stands for.
        path: File of that module.
        source: The mutant.
        tests: Names of tests, in the order in which they are run.
        seconds: The mutant counts as killed when the tests take longer.
    """

    module: str
    path: Path
    source: str
    tests: tuple[str, ...]
    seconds: float


class Chosen:
    """pytest plugin that keeps the named tests only, in the order of their names."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: index for index, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop and sort."""
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=self._place)

    def _place(self, item: pytest.Item) -> int:
        return self.order[item.nodeid]


class OneModule(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads one module, from code instead of from its file."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self.name = name
        self.path = path
        self.code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Take over for the one name only."""
        del path, target
        if fullname != self.name:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=str(self.path))
        spec.has_location = True
        return spec

    def get_code(self, fullname: str) -> CodeType:
        """The mutant's code."""
        assert fullname == self.name
        return self.code

    def get_source(self, fullname: str) -> None:
        """None: tracebacks of a mutant are seen by nobody."""
        assert fullname == self.name


def attempt(trial: Trial) -> int:
    """Exit status of the tests with the mutant in place; negative if a signal ended them."""
    if not trial.tests:
        return SURVIVED
    child = os.fork()
    if child == 0:
        os._exit(_attempt_here(trial))
    return wait(child)


def _attempt_here(trial: Trial) -> int:
    """Run in the forked process: put the mutant in place, then the tests, until the first failure."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, trial.seconds)
    prepare_pytest()
    try:
        sys.meta_path.insert(0, OneModule(trial.module, trial.path, compile(trial.source, str(trial.path), "exec")))
        importlib.import_module(trial.module)
    except BaseException:  # noqa: BLE001 - a mutant that can't be loaded, whatever it raises, would fail every test
        return KILLED_BY_TESTS
    files = dict.fromkeys(test.partition("::")[0] for test in trial.tests)
    return int(pytest.main([*PYTEST_OPTIONS, "-x", "-p", "no:cov", *files], plugins=[Chosen(trial.tests)]))


def prepare_pytest() -> None:
    """Make this process ready to run pytest without a trace: nothing printed, the same examples each time."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    hypothesis.settings.register_profile(HYPOTHESIS, derandomize=True, database=None, deadline=None, max_examples=30)
    hypothesis.settings.load_profile(HYPOTHESIS)
    os.chdir(ROOT)


def module_name(path: Path) -> str:
    """Name under which a file of the project is imported."""
    return ".".join([COLLECTION, *path.relative_to(ROOT).with_suffix("").parts])


def try_import(name: str) -> None:
    """Import a module if it can be; some names in ``sys.modules`` are made by other modules, and can't."""
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError, TypeError, ValueError):
        return


def wait(child: int) -> int:
    """Exit status of a child; negative if a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
