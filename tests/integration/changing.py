# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task ``checksum_offload`` on hosts of a lab, and what the lab knows of them afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.integration.running import Run, play
from tests.labfixture import RunningLab

CHANGE = "remediation.windows_nic.checksum_offload"
CARDS = {"name": "Cards"}
OPTIONS = ("adapters", "state", "restart", "guard", "allow_unguarded_restart")


class Host:
    """One host of the lab, and the task on it."""

    def __init__(self, lab: RunningLab, name: str, directory: Path) -> None:
        self.lab = lab
        self.name = name
        self.directory = directory

    def run(self, *, check: bool = False, **options: Any) -> tuple[str, dict[str, Any]]:
        """How the task ended, and its result with the diff, which ansible-playbook shows at -vvv."""
        arguments = ["--diff", *(["--check"] if check else [])]
        tasks = [{CHANGE: {"adapters": CARDS, **options}}]
        run = play(self.directory, {self.name: self.lab.hosts[self.name]}, tasks, verbosity=3, arguments=arguments)
        return run.results()[self.name]

    @property
    def adapter(self) -> dict[str, Any]:
        """What the lab knows of the adapter that does not carry the connection alone."""
        found: dict[str, Any] = next(
            each
            for each in self.lab.state()[self.name]["adapters"]
            if each["name"] not in ("Management", "vEthernet (LAN)")
        )
        return found

    @property
    def undo(self) -> dict[str, Any]:
        """Every undo record on the host."""
        found: dict[str, Any] = self.lab.state()[self.name]["undo"]
        return found

    def writes(self, since: int = 0) -> list[str]:
        """The methods that changed something, in order."""
        reading = (None, "GetStringValue", "EnumValues", "EnumKey", "ExportByName")
        return [each["method"] for each in self.lab.requests(self.name)[since:] if each["method"] not in reading]

    @property
    def requests(self) -> int:
        """How many requests it has had."""
        return len(self.lab.requests(self.name))


def together(lab: RunningLab, directory: Path, hosts: Mapping[str, Mapping[str, Any]], *, check: bool = False) -> Run:
    """Run the task on several hosts in one play, each with its own options."""
    variables = {name: {**lab.hosts[name], "options": {"adapters": CARDS, **each}} for name, each in hosts.items()}
    task = {CHANGE: {key: f"{{{{ options.{key} | default(omit) }}}}" for key in OPTIONS}}
    arguments = ["--diff", *(["--check"] if check else [])]
    return play(directory, variables, [task], verbosity=3, arguments=arguments)
