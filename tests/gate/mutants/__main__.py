# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries all mutants and reports, for each file, how many the tests killed.

Usage: ``python -m tests.gate.mutants [FILE...]``. With files, only their generated mutants are tried. Survivors are
listed in build/mutants/survivors.txt.
"""

from __future__ import annotations

import os
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.gate.mutants import by_hand
from tests.gate.mutants.generate import Mutant, mutants
from tests.gate.mutants.rehearsal import rehearse
from tests.gate.mutants.trial import NOT_TRIED, SURVIVED, Trial, attempt, module_name
from tests.gate.steps import BUILD, ROOT

CONFIGURATION: Final = Path(__file__).with_name("files.toml")
SURVIVORS: Final = BUILD / "mutants" / "survivors.txt"

KILLED_AT_LEAST: Final = 85.0
"""Percent of a file's mutants that the tests must kill."""

TIMES_AS_LONG: Final = 8.0
SECONDS_MORE: Final = 10.0
"""A test may take this many times as long as on sound code, and so many seconds more."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one file's mutants."""

    path: Path
    tried: int
    survivors: tuple[Mutant, ...]
    complaint: str | None = None

    @property
    def percent(self) -> float:
        """Share of killed mutants; a file without any has nothing that could survive."""
        return 100.0 * (self.tried - len(self.survivors)) / self.tried if self.tried else 100.0

    @property
    def ok(self) -> bool:
        """Whether enough were killed."""
        return self.complaint is None and self.percent >= KILLED_AT_LEAST


def configured() -> dict[Path, str]:
    """Files to mutate, and the folder of the tests that must notice.

    Raises:
        FileNotFoundError: A pattern of files.toml matches no file.
    """
    files: dict[Path, str] = {}
    for entry in tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["mutate"]:
        for pattern in entry["files"]:
            matching = [path for path in sorted(ROOT.glob(pattern)) if path.name != "__init__.py"]
            if not matching:
                raise FileNotFoundError(f"{CONFIGURATION.name}: nothing matches {pattern}")
            files.update(dict.fromkeys(matching, entry["tests"]))
    return files


def own_tests(path: Path) -> list[str]:
    """Test files that mirror a file."""
    folder = ROOT / "tests" / "unit" / path.relative_to(ROOT).parent
    return sorted(str(found.relative_to(ROOT)) for found in folder.glob(f"test_{path.stem}*.py"))


def try_file(path: Path, tests: str) -> Result:
    """Try every mutant of one file, with the tests that reach it."""
    chosen = list(dict.fromkeys([*own_tests(path), tests]))
    rehearsal = rehearse(path, chosen)
    if rehearsal.status != SURVIVED:
        return Result(path, 0, (), f"the tests fail without a mutant already: {' '.join(chosen)}")
    made = list(mutants(rehearsal.source))

    def trial(source: str, reaching: tuple[str, ...]) -> Trial:
        limits = {test: rehearsal.seconds[test] * TIMES_AS_LONG + SECONDS_MORE for test in reaching}
        return Trial(module_name(path), path, source, limits)

    # The sound source goes first: were it killed too, the trials would be at fault and every mutant counted as killed.
    sound = trial(rehearsal.source, rehearsal.all_tests)
    trials = [trial(mutant.source, rehearsal.tests_for(mutant.line)) for mutant in made]
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=get_context("fork")) as pool:
        control, *statuses = pool.map(attempt, [sound, *trials])
    if control != SURVIVED:
        return Result(path, len(made), (), f"the sound source fails in a trial (status {control})")
    not_tried = sum(status in NOT_TRIED for status in statuses)
    if not_tried:
        return Result(path, len(made), (), f"the tests of {not_tried} mutants could not be run")
    survivors = tuple(mutant for mutant, status in zip(made, statuses, strict=True) if status == SURVIVED)
    return Result(path, len(made), survivors)


def describe(result: Result) -> str:
    """One line of the report."""
    name = result.path.relative_to(ROOT)
    if result.complaint:
        return f"  FAILED             {name}: {result.complaint}"
    verdict = "ok    " if result.ok else "FAILED"
    killed = result.tried - len(result.survivors)
    return f"  {verdict} {result.percent:5.1f} %  {killed:4} of {result.tried:4}  {name}"


def write_survivors(results: list[Result]) -> None:
    """List the survivors, for whoever writes the missing tests."""
    SURVIVORS.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"{result.path.relative_to(ROOT)}:{mutant.line}: {mutant.before}  ->  {mutant.after}"
        for result in results
        for mutant in result.survivors
    ]
    SURVIVORS.write_text("\n".join([*lines, ""]), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Try everything, or the generated mutants of the files named."""
    files = configured()
    named = {Path(argument).resolve() for argument in arguments}
    unknown = named - set(files)
    if unknown:
        print(f"not in {CONFIGURATION.name}: {', '.join(map(str, sorted(unknown)))}", file=sys.stderr)
        return 2
    results = []
    print(f"Generated mutants; at least {KILLED_AT_LEAST:.0f} % of each file must be killed:")
    for path, tests in files.items():
        if not named or path in named:
            results.append(try_file(path, tests))
            print(describe(results[-1]), flush=True)
    write_survivors(results)
    print(f"Survivors: {SURVIVORS.relative_to(ROOT)}")
    failed = sum(not result.ok for result in results)
    if not named:
        print("Faults made by hand; each must fail a test:")
        failed += by_hand.main()
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
