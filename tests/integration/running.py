# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one play through the real ansible-playbook, and what it said about each host."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
_ANSIBLE_PLAYBOOK: Final = Path(sys.executable).with_name("ansible-playbook")
_LINE: Final = re.compile(
    r"^(?P<word>ok|changed|fatal): \[(?P<host>[^\] ]+)(?: -> [^\]]+)?\](?:: (?P<fatal>FAILED|UNREACHABLE)!)? => "
)
_RECAP: Final = re.compile(r"^(?P<host>\S+)\s+: (?P<counts>ok=.*)$")
_TIMEOUT_SECONDS: Final = 180


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished ansible-playbook."""

    returncode: int
    stdout: str
    stderr: str

    def results(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """By host: how its last task ended (ok, changed, FAILED or UNREACHABLE), and the result of that task."""
        found = {}
        decoder = json.JSONDecoder()
        for line in re.finditer(_LINE.pattern, self.stdout, re.MULTILINE):
            result, _end = decoder.raw_decode(self.stdout, line.end())
            found[line["host"]] = (line["fatal"] or line["word"], result)
        return found

    def recap(self) -> dict[str, dict[str, int]]:
        """By host: the counts of the play recap."""
        lines = (_RECAP.match(line) for line in self.stdout.splitlines())
        return {
            line["host"]: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line["counts"])}
            for line in lines
            if line
        }


def play(
    directory: Path,
    hosts: Mapping[str, Mapping[str, Any]],
    tasks: Sequence[Mapping[str, Any]],
    *,
    verbosity: int = 1,
    arguments: Sequence[str] = (),
    keywords: Mapping[str, Any] | None = None,
) -> Run:
    """Run *tasks* on *hosts*, which are given with their variables.

    At verbosity 1 and above every result is printed, so that :meth:`Run.results` finds it.
    """
    inventory, playbook = directory / "inventory.yml", directory / "play.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {name: dict(each) for name, each in hosts.items()}}}))
    content = [{"hosts": "all", "gather_facts": False, **(keywords or {}), "tasks": [dict(each) for each in tasks]}]
    playbook.write_text(yaml.safe_dump(content))
    return ansible_playbook(directory, ["-i", str(inventory), str(playbook), *arguments], verbosity=verbosity)


def ansible_playbook(
    directory: Path, arguments: Sequence[str], *, verbosity: int = 0, settings: Mapping[str, str] | None = None
) -> Run:
    """Run ansible-playbook with this checkout's collection and none of the user's settings.

    *settings* are those of Ansible's own, as environment variables, that a test wants.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(PROJECT_ROOT / "build" / "collections"),
        "ANSIBLE_FORKS": "10",
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        **(settings or {}),
    }
    command = [str(_ANSIBLE_PLAYBOOK), *arguments]
    finished = subprocess.run(
        command + ([f"-{'v' * verbosity}"] if verbosity else []),
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    return Run(finished.returncode, finished.stdout, finished.stderr)
