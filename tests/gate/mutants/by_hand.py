# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults made by hand: each is a change of text that must apply, and that a named test must notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.gate.steps import BUILD, ROOT
from tests.gate.tree import project_files

TABLE: Final = Path(__file__).with_name("faults.toml")
COPY: Final = BUILD / "mutants" / "tree"

TESTS_FAILED: Final = 1
"""pytest's exit status when tests ran and some failed; other statuses say that they did not run."""

LONGEST_SECONDS: Final = 900


class FaultDoesNotApply(Exception):
    """The text that a fault replaces is not there exactly once: the table must follow the code."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the table.

    Attributes:
        name: What is broken, in a few words.
        file: Path of the source file.
        find: Text that stands there exactly once.
        replace: Text to put in its place.
        tests: Tests of which at least one must fail.
    """

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def applied_to(self, source: str) -> str:
        """The source with the fault in it.

        Raises:
            FaultDoesNotApply: The text to replace is missing, or there more than once, or nothing would change.
        """
        found = source.count(self.find)
        if found != 1 or self.find == self.replace:
            message = f"{self.name}: the text to replace stands {found} times in {self.file}; once is needed"
            raise FaultDoesNotApply(message)
        return source.replace(self.find, self.replace)


def load(table: Path = TABLE) -> list[Fault]:
    """Read the table.

    Raises:
        TypeError: A key is missing, or there is one too many.
        tomllib.TOMLDecodeError: The file is no TOML.
    """
    entries = tomllib.loads(table.read_text(encoding="utf-8"))["fault"]
    return [Fault(**{**entry, "tests": tuple(entry["tests"])}) for entry in entries]


def lay_copy() -> None:
    """Lay a copy of the project that can be broken without harm."""
    shutil.rmtree(COPY, ignore_errors=True)
    for path in project_files():
        target = COPY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target, follow_symlinks=False)
    subprocess.run(["bash", "tests/gate/environment.sh", "link"], cwd=COPY, check=True)
    # The fleet and ansible are started from the interpreter in use; recorded traffic lies beside the real project.
    subprocess.run(["git", "init", "--quiet", "."], cwd=COPY, check=True)


def run_tests(tests: tuple[str, ...]) -> int:
    """pytest's exit status in the copy."""
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(COPY / "build" / "collections"),
        "PYTHONPATH": f"{COPY / 'build' / 'collections'}:{COPY}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    environment.setdefault("WINDOWS_NIC_RECORDED", str(ROOT.parent / "shared" / "recorded"))
    command = [sys.executable, "-m", "pytest", "-x", "-q", *tests]
    ended = subprocess.run(
        command, cwd=COPY, env=environment, stdout=subprocess.DEVNULL, check=False, timeout=LONGEST_SECONDS
    )
    return ended.returncode


def try_fault(fault: Fault) -> str | None:
    """Break the copy, run the tests, mend the copy; returns a complaint, or None if a test noticed."""
    path = COPY / fault.file
    sound = path.read_text(encoding="utf-8")
    try:
        path.write_text(fault.applied_to(sound), encoding="utf-8")
        status = run_tests(fault.tests)
    except FaultDoesNotApply as error:
        return str(error)
    finally:
        path.write_text(sound, encoding="utf-8")
    if status == 0:
        return f"{fault.name}: no test noticed"
    return None if status == TESTS_FAILED else f"{fault.name}: the tests did not run (pytest exit status {status})"


def main() -> int:
    """Try every fault of the table, after the tests passed on the sound copy."""
    faults = load()
    lay_copy()
    complaints = []
    if run_tests(tuple(dict.fromkeys(test for fault in faults for test in fault.tests))) != 0:
        complaints.append("the tests fail already without a fault")
    else:
        for fault in faults:
            complaint = try_fault(fault)
            print(f"  {'noticed' if complaint is None else 'MISSED '}  {fault.name}", flush=True)
            complaints += [complaint] if complaint else []
    print("\n".join(complaints))
    return int(bool(complaints))
