# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set-up script: where it can't go on, it says in one line what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.gate.steps import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = ROOT / "tests" / "gate" / "environment.sh"

COREUTILS = ("bash", "cat", "env", "id", "ln", "mkdir", "readlink", "sed", "tr", "xargs")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder that is all of PATH: the basic programs, and what a test adds."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in COREUTILS:
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    """Add a program to the folder, or replace one."""
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def run(
    programs: Path, *arguments: str, cwd: Path = ROOT, script: Path = SCRIPT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with nothing but the given programs."""
    environment = {"PATH": str(programs), "HOME": os.environ.get("HOME", "/"), **variables}
    return subprocess.run(
        [str(script), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_without_any_python_one_line_says_what_to_do(programs: Path) -> None:
    ended = run(programs, "python")
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "error: no Python 3.11 or later on PATH; install one, or name it: make PYTHON=/path/to/python3"
    ]


def test_a_launcher_that_refuses_to_run_is_passed_over(programs: Path) -> None:
    program(programs, "python3", "exit 127")
    program(programs, "python3.11", "exit 127")
    program(programs, "python3.12", f'exec {sys.executable} "$@"')
    ended = run(programs, "python")
    assert ended.returncode == 0
    assert ended.stdout.strip() == sys._base_executable  # type: ignore[attr-defined]


def test_a_python_that_is_too_old_is_refused(programs: Path) -> None:
    old = "code=\"import sys; sys.version_info = (3, 10, 2, 'final', 0)"
    program(programs, "python3", f'{old}\n$2"; exec {sys.executable} -c "$code"')
    ended = run(programs, "python", PYTHON=str(programs / "python3"))
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("does not run as Python 3.11 or later")


def test_a_python_without_ensurepip_names_the_package_to_install(programs: Path, tmp_path: Path) -> None:
    program(programs, "id", "echo 1000")
    program(programs, "python3", f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"')
    # The script goes on with the real executable behind a launcher; here that shall be the launcher itself.
    script = SCRIPT.read_text(encoding="utf-8").replace("sys._base_executable", f"{str(programs / 'python3')!r}")
    copy = tmp_path / "environment.sh"
    copy.write_text(script, encoding="utf-8")
    copy.chmod(0o755)
    ended = run(programs, "venv", str(tmp_path / "venv"), script=copy)
    assert ended.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (
        ended.stderr
        == f"error: missing Debian packages; install them with: sudo apt-get install python{version}-venv\n"
    )
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(("user", "status"), [("1000", 1), ("0", 0)])
def test_missing_packages_are_installed_by_root_and_named_to_others(
    programs: Path, tmp_path: Path, user: str, status: int
) -> None:
    log = tmp_path / "log"
    program(programs, "id", f"echo {user}")
    program(programs, "dpkg-query", 'case "$*" in *ipmitool*|*tshark*) exit 1;; *) printf installed;; esac')
    program(programs, "apt-get", f'echo "$*" >> {log}')
    ended = run(programs, "debian")
    assert ended.returncode == status
    if status:
        assert (
            ended.stderr == "error: missing Debian packages; install them with: sudo apt-get install ipmitool tshark\n"
        )
        assert not log.exists()
    else:
        update, install = log.read_text(encoding="utf-8").splitlines()
        assert update.startswith("update")
        assert install.startswith("install --yes")
        assert install.endswith(" ipmitool tshark")


def test_nothing_is_installed_when_all_is_there(programs: Path) -> None:
    program(programs, "dpkg-query", "printf installed")
    program(programs, "apt-get", "exit 9")
    assert run(programs, "debian").returncode == 0


def test_link_is_relative_and_leads_to_the_root(programs: Path, tmp_path: Path) -> None:
    for _again in range(2):
        assert run(programs, "link", cwd=tmp_path).returncode == 0
    link = tmp_path / "build" / "collections" / "ansible_collections" / "remediation" / "windows_nic"
    assert not link.readlink().is_absolute()
    assert link.resolve() == tmp_path.resolve()
