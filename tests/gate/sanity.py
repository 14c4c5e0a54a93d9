# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test sanity on a copy of the project, with nothing ignored and nothing skipped but ``pslint``.

ansible-test wants a folder whose path ends in ``ansible_collections/NAMESPACE/NAME`` and refuses a symbolic link, so it
gets a copy that is a git repository of its own. It also wants to fetch a pip bootstrap from a host of its own. A home
of its own holds a stand-in for that download which uses Python's own ``ensurepip``: only the package index is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from ansible_test._internal.python_requirements import get_venv_packages

from tests.gate.steps import BUILD, ROOT
from tests.gate.tree import project_files

COPY: Final = BUILD / "sanity" / "ansible_collections" / "remediation" / "windows_nic"
HOME: Final = BUILD / "sanity" / "home"

EXEMPT: Final = "pslint"
"""The one sanity test left out: it needs PowerShell and modules from the PowerShell gallery."""

SKIP_WORDS: Final = "Skipping"
"""How ansible-test's warnings begin when it leaves a test out."""

PIP_STAND_IN: Final = """\
# Stands in for get-pip.py: installs pip from Python's own ensurepip, then the versions that are asked for.
import subprocess
import sys

wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *wanted])
"""


def copy_project() -> None:
    """Lay the project's files anew at ``COPY``, as a git repository that knows all of them."""
    shutil.rmtree(COPY, ignore_errors=True)
    for path in project_files():
        target = COPY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", "."], cwd=COPY, check=True)
    subprocess.run(["git", "add", "--all", "--force", "."], cwd=COPY, check=True)


def prepare_home(python_version: str) -> None:
    """Give ansible-test a home that holds the pip stand-in and this user's settings of pip.

    ansible-test passes no environment variables on, so what pip is told by them is written to a file.
    """
    pip_version = get_venv_packages(SimpleNamespace(version=python_version))["pip"]
    stand_in = HOME / ".ansible" / "test" / "cache" / f"get_pip_{pip_version.replace('.', '_')}.py"
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.write_text(PIP_STAND_IN, encoding="utf-8")

    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    settings = HOME / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)
    settings.write_text(pip_settings(listed), encoding="utf-8")


def pip_settings(listed: str) -> str:
    """A settings file for a quiet pip from what ``pip config list`` printed; the last line for a name counts.

    Lines read ``section.name='value'``; what comes from the environment has the section ``:env:``.
    """
    values: dict[str, dict[str, str]] = {"global": {"quiet": "1"}}
    for line in listed.splitlines():
        name, equals, value = line.partition("=")
        section, dot, option = name.rpartition(".")
        if equals and dot:
            section = "global" if section == ":env:" else section
            # pip quotes as Python does; a value of several lines is indented as pip reads it.
            plain = value.strip()[1:-1].encode().decode("unicode_escape")
            values.setdefault(section, {})[option] = plain.replace("\n", "\n    ")
    sections = (
        "\n".join([f"[{section}]", *(f"{option} = {value}" for option, value in options.items())])
        for section, options in values.items()
    )
    return "\n\n".join(sections) + "\n"


def run_sanity(python_version: str) -> int:
    """Run every sanity test but the exempt one; returns an exit status. A test left out with a warning fails."""
    command = [
        str(Path(sys.executable).with_name("ansible-test")),
        "sanity",
        "--color=no",
        f"--python={python_version}",
        f"--skip-test={EXEMPT}",
    ]
    environment = os.environ | {"HOME": str(HOME)}
    # A search path of our own would make the copy see the original's modules.
    for name in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG"):
        environment.pop(name, None)
    skipped = []
    with subprocess.Popen(
        command, cwd=COPY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            if SKIP_WORDS in line:
                skipped.append(line.strip())
    for line in skipped:
        print(f"not allowed: {line}")
    return process.returncode or int(bool(skipped))


def ignored_findings() -> list[str]:
    """Lines of the ignore files; none is allowed."""
    return [
        f"not allowed: {path.relative_to(ROOT)}: {line}"
        for path in sorted((ROOT / "tests" / "sanity").glob("ignore-*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def main() -> int:
    """Copy, prepare, run."""
    ignored = ignored_findings()
    if ignored:
        print("\n".join(ignored))
        return 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    copy_project()
    prepare_home(version)
    return run_sanity(version)


if __name__ == "__main__":
    sys.exit(main())
