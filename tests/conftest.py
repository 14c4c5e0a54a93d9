# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: nothing may be skipped, and what can't run here is named.

Three markers tell of things that a machine may lack: ``needs_atheris``, ``needs_powershell`` and ``needs_recorded``.
Where the thing is absent their tests are deselected, with one printed line each. Any other skip, and any expected
failure, fails the run: a test that does not run proves nothing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent

RECORDED_VARIABLE: Final = "WINDOWS_NIC_RECORDED"
"""Environment variable that names the folder of recorded Windows traffic, in place of the usual one."""


def recorded_folder() -> Path:
    """Folder of recorded Windows traffic, whether or not it exists."""
    named = os.environ.get(RECORDED_VARIABLE)
    return Path(named) if named else PROJECT_ROOT.parent / "shared" / "recorded"


def absent_need(item: pytest.Item) -> str | None:
    """What this machine lacks for a test, as words for people; None if the test can run."""
    if item.get_closest_marker("needs_atheris") and importlib.util.find_spec("atheris") is None:
        return "needs the Python module atheris, which has no wheel for this Python or processor"
    if item.get_closest_marker("needs_powershell") and shutil.which("pwsh") is None:
        return "needs PowerShell (pwsh), which is not on PATH"
    if item.get_closest_marker("needs_recorded") and not recorded_folder().is_dir():
        return f"needs recorded Windows traffic; no such folder: {os.path.relpath(recorded_folder(), PROJECT_ROOT)}"
    return None


class NothingSkipped:
    """Deselects tests whose need is absent, and fails the run for every other test that did not run.

    With pytest-xdist the workers deselect, and the controller reports: a worker hands its lines over when it ends.
    """

    def __init__(self) -> None:
        self.deselected: set[str] = set()
        self.not_run: list[str] = []

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Take out the tests that need something absent."""
        kept, removed = [], []
        for item in items:
            need = absent_need(item)
            if need is None:
                kept.append(item)
            else:
                removed.append(item)
                self.deselected.add(f"deselected: {item.nodeid}: {need}")
        if removed:
            config.hook.pytest_deselected(items=removed)
            items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a test that was skipped, or that was expected to fail."""
        if hasattr(report, "wasxfail"):
            self.not_run.append(f"not allowed: {report.nodeid}: expected failure: {report.wasxfail}")
        elif report.skipped:
            self.not_run.append(f"not allowed: {report.nodeid}: skipped: {_reason(report)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a file that was skipped as a whole."""
        if report.skipped:
            self.not_run.append(f"not allowed: {report.nodeid}: skipped: {_reason(report)}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if anything was skipped; in a worker, hand over what was deselected."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["deselected"] = sorted(self.deselected)
        elif self.not_run and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take over what a worker deselected."""
        self.deselected.update(getattr(node, "workeroutput", {}).get("deselected", []))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line for each test that did not run."""
        for line in [*sorted(self.deselected), *self.not_run]:
            terminalreporter.write_line(line)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a report was skipped, on one line."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(text.split())


def pytest_configure(config: pytest.Config) -> None:
    """Install the rule that nothing is skipped."""
    config.pluginmanager.register(NothingSkipped(), "nothing-skipped")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The project's root folder."""
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Folder of recorded Windows traffic; for tests marked ``needs_recorded``."""
    folder = recorded_folder()
    assert folder.is_dir(), f"{folder} is absent: mark the test with needs_recorded"
    return folder
