# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mutants: made where behaviour is, told apart from prose, and run in place of the sound module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import libcst as cst
import pytest

from tests.gate.mutants import by_hand
from tests.gate.mutants.__main__ import configured
from tests.gate.mutants.by_hand import Fault, FaultDoesNotApply
from tests.gate.mutants.generate import is_prose, mutants
from tests.gate.mutants.rehearsal import function_around
from tests.gate.mutants.trial import KILLED_BY_TESTS, KILLED_BY_TIME, SURVIVED
from tests.gate.steps import BUILD, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE_TRIAL = """
import sys
from pathlib import Path
from tests.gate.mutants.rehearsal import rehearse
from tests.gate.mutants.trial import Trial, attempt
subject, checks, seconds, mutant = sys.argv[1:]
rehearsal = rehearse(Path(subject), [checks])
assert rehearsal.status == 0, rehearsal
tests = rehearsal.tests_for(4)
print([test.partition("::")[2] for test in tests])
limits = dict.fromkeys(tests, float(seconds))
print(attempt(Trial("mutated_subject", Path(subject), mutant, limits)))
"""

SOUND = """\
def other():
    return 1
def double(n):
    return n * 2
"""

CHECKS = """\
import time
from mutated_subject import double, other
def test_slow():
    time.sleep(0.2)
    assert double(0) == 0
def test_quick():
    assert double(4) == 8
def test_other():
    assert other() == 1
"""

SUBJECT = """\
from __future__ import annotations
from dataclasses import dataclass
from typing import Final, Literal
Word = Literal["a", "b"]
TABLE: Final = (("x", 1),)
@dataclass(frozen=True)
class Thing:
    value: int | None
    @property
    def low(self) -> bool:
        return self.value == 0
def complain(name: str) -> str:
    raise KeyError("no_such", f"there is no {name} here", name)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder inside the project, as names of tests are relative to it."""
    BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=BUILD) as name:
        yield Path(name)


def changes(source: str) -> list[tuple[int, str, str]]:
    return [(mutant.line, mutant.before, mutant.after) for mutant in mutants(source)]


def test_tables_properties_and_codes_are_mutated() -> None:
    found = changes(SUBJECT)
    assert (5, '"x"', '"XXxXX"') in found
    assert (5, "1", "2") in found
    assert (11, "== 0", "!= 0") in found
    assert (13, '"no_such"', '"XXno_suchXX"') in found


def test_types_decorators_and_prose_are_left_alone() -> None:
    found = changes(SUBJECT)
    assert {line for line, _before, _after in found} == {4, 5, 11, 13}
    # The alias itself may be lost, but not the words in it.
    assert [after for line, _before, after in found if line == 4] == ["Word = None"]
    assert not any(
        "there is no" in before and "None" in after.split(",")[1] for line, before, after in found if line == 13
    )


def test_every_mutant_is_a_different_program() -> None:
    sources = [mutant.source for mutant in mutants(SUBJECT)]
    assert len(set(sources)) == len(sources)
    assert SUBJECT not in sources


@pytest.mark.parametrize(
    ("code", "prose"),
    [
        ("'no adapter of that name'", True),
        ("f'{a}: silent'", False),
        ("f'adapter {a} is silent'", True),
        ("'part of ' 'a text'", True),
        ("'SELECT * FROM '", False),
        ("'<s:Body a=1>'", False),
        ("'not_cured'", False),
        ("' OR '", False),
        ("name", False),
    ],
)
def test_prose_is_told_from_words_that_matter(code: str, prose: bool) -> None:
    assert is_prose(cst.parse_expression(code)) is prose


@pytest.mark.parametrize(
    ("mutant", "status"),
    [
        ("def other(): return 2\ndef double(n): return n + n", SURVIVED),
        ("def other(): return 1\ndef double(n): return n", KILLED_BY_TESTS),
        ("raise RuntimeError", KILLED_BY_TESTS),
        ("raise SystemExit(0)", KILLED_BY_TESTS),
        ("def other(): return 1\ndef double(n):\n  while True: pass", KILLED_BY_TIME),
    ],
)
def test_a_trial_runs_the_tests_that_reach_the_fault_with_the_mutant_in_place(
    mutant: str, status: int, folder: Path
) -> None:
    subject = folder / "mutated_subject.py"
    subject.write_text(SOUND, encoding="utf-8")
    checks = folder / "test_mutated_subject.py"
    checks.write_text(CHECKS, encoding="utf-8")
    seconds = 2.0 if status == KILLED_BY_TIME else 60.0
    # A trial forks, so it gets a process without a running pytest, as when the mutants are really tried.
    ended = subprocess.run(
        [sys.executable, "-c", ONE_TRIAL, str(subject), str(checks), str(seconds), mutant],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines() == ["['test_quick', 'test_slow']", str(status)], ended.stderr
    assert subject.read_text(encoding="utf-8") == SOUND


@pytest.mark.parametrize(
    ("line", "body"), [(1, None), (3, range(3, 5)), (4, range(3, 5)), (5, None), (7, range(7, 8)), (99, None)]
)
def test_the_function_around_a_line_is_the_outermost_one(line: int, body: range | None) -> None:
    source = "x = 1\ndef f(\n  a=1): g = [\n    1]\nclass C:\n  def m(self):\n    return lambda: 1\n"
    assert function_around(source, line) == body


@pytest.mark.parametrize(
    ("source", "find", "replace"),
    [("a b", "c", "d"), ("a a", "a", "b"), ("a", "a", "a")],
    ids=["gone", "twice", "no change"],
)
def test_a_fault_that_no_longer_applies_is_refused(source: str, find: str, replace: str) -> None:
    with pytest.raises(FaultDoesNotApply, match="a fault: the text to replace"):
        Fault("a fault", "x.py", find, replace, ("t",)).applied_to(source)


@pytest.mark.parametrize(
    ("status", "complaint"),
    [(0, "a fault: no test noticed"), (1, None), (2, "a fault: the tests did not run (pytest exit status 2)")],
)
def test_a_fault_must_make_a_test_fail(
    status: int, complaint: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = tmp_path / "x.py"
    subject.write_text("sound", encoding="utf-8")
    seen = []

    def run_tests(_tests: tuple[str, ...]) -> int:
        seen.append(subject.read_text(encoding="utf-8"))
        return status

    monkeypatch.setattr(by_hand, "COPY", tmp_path)
    monkeypatch.setattr(by_hand, "run_tests", run_tests)
    assert by_hand.try_fault(Fault("a fault", "x.py", "sound", "broken", ("t",))) == complaint
    assert seen == ["broken"]
    assert subject.read_text(encoding="utf-8") == "sound"


def test_every_fault_of_the_table_applies_to_the_code_and_names_tests() -> None:
    faults = by_hand.load()
    assert faults
    for fault in faults:
        fault.applied_to((ROOT / fault.file).read_text(encoding="utf-8"))
        for test in fault.tests:
            assert (ROOT / test.partition("::")[0]).exists(), test


def test_every_file_to_mutate_is_there() -> None:
    assert {path.suffix for path in configured()} == {".py"}
