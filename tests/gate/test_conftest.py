# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule that nothing is skipped, tried on small test folders of its own."""

from __future__ import annotations

import pytest

from tests import conftest

pytest_plugins = ["pytester"]

PREAMBLE = "import pytest\n"


@pytest.fixture
def small_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder that uses the project's own conftest, with both needs absent."""
    pytester.makeconftest((conftest.PROJECT_ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n  needs_powershell\n  needs_recorded\n")
    monkeypatch.setenv(conftest.RECORDED_VARIABLE, str(pytester.path / "nothing" / "recorded"))
    monkeypatch.setenv("PATH", str(pytester.path / "nothing"))
    return pytester


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("def test_a():\n    pytest.skip('why')", "not allowed: test_it.py::test_a: skipped: Skipped: why"),
        (
            "@pytest.mark.skip(reason='why')\ndef test_a(): ...",
            "not allowed: test_it.py::test_a: skipped: Skipped: why",
        ),
        (
            "@pytest.mark.xfail(reason='why')\ndef test_a(): assert 0",
            "not allowed: test_it.py::test_a: expected failure: why",
        ),
        (
            "@pytest.mark.xfail(reason='why')\ndef test_a(): ...",
            "not allowed: test_it.py::test_a: expected failure: why",
        ),
        ("pytest.skip('why', allow_module_level=True)", "not allowed: test_it.py: skipped: Skipped: why"),
    ],
    ids=["skip", "skip-mark", "xfail", "xpass", "module"],
)
def test_a_skip_fails_the_run_and_is_named(
    small_run: pytest.Pytester, body: str, line: str, workers: tuple[str, ...]
) -> None:
    small_run.makepyfile(test_it=PREAMBLE + body, test_other="def test_b(): ...")
    result = small_run.runpytest_inprocess(*workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert line in result.outlines


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_absent_needs_deselect_with_one_line_each(small_run: pytest.Pytester, workers: tuple[str, ...]) -> None:
    small_run.makepyfile(
        test_it=PREAMBLE
        + "@pytest.mark.needs_powershell\ndef test_shell(): assert 0\n"
        + "@pytest.mark.needs_recorded\n@pytest.mark.parametrize('n', [1, 2])\ndef test_traffic(n): assert 0\n"
        + "def test_other(): ...\n"
    )
    result = small_run.runpytest_inprocess(*workers)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1, deselected=0 if workers else 3)
    assert [line for line in result.outlines if line.startswith("deselected:")] == [
        "deselected: test_it.py::test_shell: needs PowerShell (pwsh), which is not on PATH",
        *(
            f"deselected: test_it.py::test_traffic[{n}]: needs recorded Windows traffic; "
            f"no such folder: {small_run.path.name}/nothing/recorded"
            for n in (1, 2)
        ),
    ]


def test_present_needs_run(small_run: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    program = small_run.path / "bin" / "pwsh"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv(conftest.RECORDED_VARIABLE, str(program.parent))
    small_run.makepyfile(
        test_it=PREAMBLE
        + "@pytest.mark.needs_powershell\n@pytest.mark.needs_recorded\n"
        + "def test_both(recorded): assert recorded.name == 'bin'\n"
    )
    small_run.runpytest_inprocess().assert_outcomes(passed=1)


def test_without_a_variable_recorded_traffic_lies_beside_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(conftest.RECORDED_VARIABLE, raising=False)
    assert conftest.recorded_folder() == conftest.PROJECT_ROOT.parent / "shared" / "recorded"
