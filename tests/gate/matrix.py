# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs unit tests and a sample of the integration tests at both ends of what the collection supports.

The oldest end has exactly the oldest versions that the requirements files name. The newest end has the newest Python
found here, and the newest ansible-core that the requirements allow on it. Each has a virtual environment of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.gate.steps import BUILD, ROOT

NEWEST_MINORS: Final = (14, 13, 12)
"""Python versions to look for, the newest first."""

PRINT_INTERPRETER: Final = "import sys; print(sys._base_executable)"

REQUIREMENT: Final = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)>=(?P<version>[0-9.]+)")


@dataclass(frozen=True, slots=True)
class End:
    """One end of the matrix."""

    name: str
    interpreter: str
    constraints: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Its virtual environment."""
        return ROOT / f".venv-{self.name}"

    def program(self, name: str) -> str:
        """A program of the virtual environment."""
        return str(self.folder / "bin" / name)


def oldest_versions() -> tuple[str, ...]:
    """A constraint for each minimum in the requirements that users install."""
    lines = [
        line
        for name in ("requirements.txt", "requirements-psrp.txt")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    found = (REQUIREMENT.match(line) for line in lines)
    return tuple(f"{each['name']}=={each['version']}" for each in found if each)


def interpreter(minor: int) -> str | None:
    """Path of Python 3.``minor``; None if there is none.

    pyenv's launchers are on PATH for versions that they refuse to run until an environment variable names them.
    """
    for extra in ({}, {"PYENV_VERSION": f"3.{minor}"}):
        try:
            ended = subprocess.run(
                [f"python3.{minor}", "-c", PRINT_INTERPRETER],
                env=os.environ | extra,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            return None
        if ended.returncode == 0:
            return ended.stdout.strip()
    return None


def ends() -> tuple[End, End]:
    """The oldest and the newest end that can be had here."""
    here = str(getattr(sys, "_base_executable", sys.executable))
    newest = next((found for minor in NEWEST_MINORS if (found := interpreter(minor))), None)
    if newest is None:
        print("No Python newer than 3.11 here: the newest ansible-core that this one takes stands in for the newest.")
    return End("oldest", interpreter(11) or here, oldest_versions()), End("newest", newest or here, ())


def set_up(end: End) -> None:
    """Make or refresh the virtual environment of one end."""
    constraints = BUILD / "matrix" / f"{end.name}.txt"
    constraints.parent.mkdir(parents=True, exist_ok=True)
    constraints.write_text("".join(f"{line}\n" for line in end.constraints), encoding="utf-8")
    environment = os.environ | {
        "PYTHON": end.interpreter,
        "PIP_CONSTRAINT": str(constraints),
        "PIP_UPGRADE": "1",
        "PIP_UPGRADE_STRATEGY": "eager",
    }
    command = ["bash", "tests/gate/environment.sh", "venv", str(end.folder), "requirements-test.txt"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def run_tests(end: End, name: str, *arguments: str) -> bool:
    """Run tests in the virtual environment of one end; whether all passed."""
    junit = BUILD / "results" / f"{name}-{end.name}.xml"
    environment = os.environ | {"PATH": f"{end.folder / 'bin'}:{os.environ['PATH']}"}
    command = [end.program("python"), "-m", "pytest", "-q", f"--junitxml={junit}", *arguments]
    print(f"\n=== {end.name}: {name} tests", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def versions(end: End) -> str:
    """What is tested, on one line."""
    code = "import sys, ansible; print('Python', sys.version.split()[0], 'ansible-core', ansible.release.__version__)"
    command = [end.program("python"), "-c", f"import ansible.release; {code}"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main() -> int:
    """Run both ends, both to their end."""
    lines = []
    all_passed = True
    for end in ends():
        set_up(end)
        unit = run_tests(end, "unit", "--numprocesses=2", "tests/unit")
        sample = run_tests(end, "integration", "-m", "matrix", "tests/integration")
        all_passed = all_passed and unit and sample
        words = [f"{name} {'ok' if passed else 'FAILED'}" for name, passed in (("unit", unit), ("integration", sample))]
        lines.append(f"{end.name}: {versions(end)}: {', '.join(words)}")
    print("\n" + "\n".join(lines))
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
