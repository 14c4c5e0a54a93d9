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
import resource
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import hypothesis
import pytest

from tests.gate.steps import COLLECTION, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

SURVIVED: Final = 0
KILLED_BY_TESTS: Final = 1
KILLED_BY_TIME: Final = -signal.SIGALRM
NOT_TRIED: Final = frozenset({4, 5})
"""pytest's exit statuses for arguments that it can't make sense of, and for no tests: not the mutant's doing."""

LOADING_SECONDS: Final = 60.0
MEMORY_BYTES: Final = 8 << 30
"""An endless loop may take memory as well as time."""

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
        limits: Seconds that each test may take, in the order in which they are run; the mutant counts as killed when
            one takes longer, or when loading the tests does.
    """

    module: str
    path: Path
    source: str
    limits: Mapping[str, float]


class Chosen:
    """pytest plugin that keeps a trial's tests only, in their order, and ends the process if one takes too long."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self.limits = limits
        self.order = {test: index for index, test in enumerate(limits)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Drop and sort."""
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=self._place)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Give the next test its time."""
        signal.setitimer(signal.ITIMER_REAL, self.limits[nodeid])

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
    if not trial.limits:
        return SURVIVED
    child = os.fork()
    if child == 0:
        os._exit(_attempt_here(trial))
    return wait(child)


def _attempt_here(trial: Trial) -> int:
    """Run in the forked process: put the mutant in place, then the tests, until the first failure."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, LOADING_SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    prepare_pytest()
    try:
        sys.meta_path.insert(0, OneModule(trial.module, trial.path, compile(trial.source, str(trial.path), "exec")))
        importlib.import_module(trial.module)
    except BaseException:  # noqa: BLE001 - a mutant that can't be loaded, whatever it raises, would fail every test
        return KILLED_BY_TESTS
    files = dict.fromkeys(test.partition("::")[0] for test in trial.limits)
    return int(pytest.main([*PYTEST_OPTIONS, "-x", "-p", "no:cov", *files], plugins=[Chosen(trial.limits)]))


def prepare_pytest() -> None:
    """Make this process ready to run pytest without a trace: nothing printed, the same examples each time."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    hypothesis.settings.register_profile(
        HYPOTHESIS,
        derandomize=True,
        database=None,
        deadline=None,
        max_examples=30,
        # Slowness is no fault of a mutant's.
        suppress_health_check=list(hypothesis.HealthCheck),
    )
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
