# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of the gate: what is run, in which group, with which limits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build"
RESULTS: Final = BUILD / "results"

COLLECTION: Final = "ansible_collections.remediation.windows_nic"

TYPED: Final = (
    *("-p", f"{COLLECTION}.plugins"),
    *("-p", "tests.bench"),
    *("-p", "tests.fuzz"),
    *("-p", "tests.faults"),
    *("-p", "tests.gate"),
    *("-p", "tests.lab"),
    *("-m", "tests.conftest"),
    *("-m", "tests.inmemory"),
    *("-m", "tests.integration.demo"),
    *("-m", "tests.integration.diagnose_demo"),
)
"""What mypy reads in strict mode, as arguments: everything but the tests themselves."""

BRANCHES_FROM_UNIT_TESTS: Final = 90.0
"""Percent of the branches of plugins/plugin_utils that unit tests alone must cover."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the gate.

    Attributes:
        name: Name in the table of results.
        group: The target of the Makefile that runs this step by itself.
        command: Program and arguments, run in the project's root.
        limit_minutes: The command is stopped, and the step failed, after this time.
        counts_tests: Whether the command leaves a JUnit file at ``RESULTS/<name>.xml``.
    """

    name: str
    group: str
    command: tuple[str, ...]
    limit_minutes: int = 10
    counts_tests: bool = False


def tool(name: str, *arguments: str, group: str = "lint", step: str | None = None) -> Step:
    """A step that runs a tool of the virtual environment."""
    return Step(step or name, group, (str(Path(sys.executable).with_name(name)), *arguments))


def script(name: str, *arguments: str, group: str = "lint", limit_minutes: int = 10) -> Step:
    """A step that runs a module of tests/gate."""
    command = (sys.executable, "-m", f"tests.gate.{name}", *arguments)
    return Step(name.replace("_", " "), group, command, limit_minutes=limit_minutes)


def pytest_folder(name: str, *arguments: str, group: str | None = None, limit_minutes: int = 20) -> Step:
    """A step that runs the tests of one folder below tests/."""
    junit = RESULTS / f"{name}.xml"
    command = (sys.executable, "-m", "pytest", "-q", f"--junitxml={junit}", *arguments, f"tests/{name}")
    return Step(f"{name} tests", group or name, command, limit_minutes=limit_minutes, counts_tests=True)


STEPS: Final = (
    tool("ruff", "check", "--output-format=concise", ".", step="ruff check"),
    tool("ruff", "format", "--check", "--output-format=concise", ".", step="ruff format"),
    tool("mypy", *TYPED),
    tool("yamllint", "--strict", "."),
    tool("ansible-lint", "--strict", "--offline", "--nocolor"),
    tool(
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--skip-rstcheck",
        "--validate-collection-refs=all",
        "--disallow-unknown-collection-refs",
        ".",
    ),
    tool("antsibull-changelog", "lint"),
    script("package"),
    pytest_folder("gate", group="lint"),
    script("sanity", group="sanity", limit_minutes=15),
    pytest_folder(
        "unit",
        "--numprocesses=2",
        "--cov",
        "--cov-report=json",
        "--cov-report=term",
    ),
    script("branches", group="unit"),
    pytest_folder("fuzz", group="hostile"),
    pytest_folder("properties", "--numprocesses=2", group="hostile"),
    pytest_folder("conformance"),
    # Each file keeps its labs to itself: on another process they would be started again.
    pytest_folder("integration", "--numprocesses=3", "--dist=loadfile", limit_minutes=30),
)


def chosen(group: str) -> tuple[Step, ...]:
    """The steps of a group, or every step for ``all``; empty if there is no such group."""
    return tuple(step for step in STEPS if group in ("all", step.group))
