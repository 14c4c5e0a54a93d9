# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of every target, and the proof that a defect would be found and could be run again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import campaign
from tests.fuzz.__main__ import main
from tests.fuzz.campaign import Result, run_target
from tests.fuzz.targets import TARGETS

INPUTS = 16_000
"""Of all targets together: seconds, against the minutes of the million."""

BREAK = """
import sys
from tests.fuzz import worker
load = worker.load
def broken(name):
    target = load(name)
    from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import undo
    undo.is_original = lambda _value: True
    return target
"""
"""Takes the check away that keeps an undo record from holding anything but a value of the keyword."""
BROKEN_WORKER = (
    sys.executable,
    "-c",
    f"{BREAK}\nworker.load = broken\nworker.main(sys.argv[1], sys.argv[3:], worker.Path(sys.argv[2]))",
)
BROKEN_AGAIN = f"{BREAK}\nbroken('undo').feed(open(sys.argv[1], 'rb').read())"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    found = campaign.run(list(TARGETS.values()), INPUTS, 0, place=tmp_path_factory.mktemp("fuzz"))
    return {each.target: each for each in found}


@pytest.mark.needs_atheris
@pytest.mark.parametrize("name", TARGETS)
def test_a_short_run_finds_nothing_and_reaches_what_it_is_for(name: str, results: dict[str, Result]) -> None:
    result = results[name]
    assert result.said is None, f"{result.said}\n{result.failing}"
    assert result.inputs >= INPUTS // len(TARGETS)
    assert result.branches > 0
    assert result.reach >= TARGETS[name].least_reach, result.missing


@pytest.mark.needs_atheris
def test_a_defect_is_found_and_its_input_runs_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_target(TARGETS["undo"], 20_000, 0, tmp_path / "undo", BROKEN_WORKER)
    assert result.said is not None
    assert "an original that is no setting" in result.said
    assert result.failing is not None
    assert result.inputs < 20_000
    again = subprocess.run(
        [sys.executable, "-c", BROKEN_AGAIN, result.failing],
        cwd=campaign.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 1
    assert "an original that is no setting" in again.stderr
    # And the code as it is takes the input as it should.
    assert main(["--again", result.failing, "undo"]) == 0
    assert "is taken as it should be" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["no-such-target"], ["--again", "file"], ["--inputs", "0"], ["--seed", "-1"]],
    ids=["target", "again", "inputs", "seed"],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err
