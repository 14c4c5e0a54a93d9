# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the role on hosts of the lab, to the end or until the controller is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.faults.progress import Ended
from tests.labfixture import PROJECT_ROOT, RunningLab

ROLE: Final = "remediation.windows_nic.udp_rx_offload"
_ANSIBLE_PLAYBOOK: Final = Path(sys.executable).with_name("ansible-playbook")
_ENDED: Final = re.compile(r"This host has ended: (?P<host>[\w-]+)")
_POLL_SECONDS: Final = 0.2
_HELD_WITHIN_SECONDS: Final = 120.0


class RunError(Exception):
    """A run that can't be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Result:
    """How the role ended on one host.

    Attributes:
        verdict: Its verdict.
        reason: Code of the reason.
        changed: Whether it says that it changed the host.
        sentence: The whole verdict, in a sentence.
    """

    verdict: str
    reason: str | None
    changed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Runs:
    """The role on hosts of one lab.

    Attributes:
        lab: The lab.
        directory: For what the runs need and leave.
        forks: How many hosts at once.
    """

    lab: RunningLab
    directory: Path
    forks: int

    def run(
        self,
        name: str,
        entries: Mapping[str, str],
        variables: Mapping[str, Any] | None = None,
        ended: Ended | None = None,
    ) -> dict[str, Result]:
        """Run the role to its end.

        Args:
            name: Of the run, for its files.
            entries: For each host an entry point of the role, ``main`` or ``rollback``, or a state of the module,
                ``present`` or ``restored``. The module alone brings no verdict that means anything.
            variables: Extra variables of all hosts.
            ended: Is told of every host that has ended.

        Raises:
            RunError: The run did not end with a report.
        """
        report = self.directory / f"{name}.json"
        report.unlink(missing_ok=True)
        with (
            (self.directory / f"{name}.log").open("w", encoding="utf-8") as log,
            self._started(name, entries, {**(variables or {}), "faults_report": str(report)}) as process,
        ):
            for line in process.stdout or ():
                log.write(line)
                found = _ENDED.search(line)
                if found and ended is not None:
                    ended(found["host"])
        if not report.exists():
            raise RunError(f"{name} ended with {process.returncode} and without a report: see {self.directory}")
        rows = json.loads(report.read_text(encoding="utf-8"))["hosts"]
        return {row["host"]: Result(row["verdict"], row["reason"], row["changed"], row["sentence"]) for row in rows}

    def kill(self, name: str, entries: Mapping[str, str], variables: Mapping[str, Any]) -> set[str]:
        """Run the role until every host has its answer held back, then kill the controller with all that it started.

        Args:
            name: Of the run, for its files.
            entries: The role's entry point for each host.
            variables: Extra variables of all hosts.

        Returns:
            The hosts whose answer was held back at that moment.
        """
        report = self.directory / f"{name}.json"
        with (
            (self.directory / f"{name}.log").open("w", encoding="utf-8") as log,
            self._started(name, entries, {**variables, "faults_report": str(report)}, output=log) as process,
        ):
            deadline = time.monotonic() + _HELD_WITHIN_SECONDS
            held: set[str] = set()
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                held = set(self.lab.held()) & set(entries)
                # A host that was not held is none to wait for any longer; the caller learns of it.
                if held | _ended_in(Path(log.name)) >= set(entries):
                    break
            kill_all(process.pid)
        self._await_nothing_held(entries)
        return held

    def _await_nothing_held(self, hosts: Collection[str]) -> None:
        """Wait until the lab, too, knows that the connections of a dead controller are gone."""
        deadline = time.monotonic() + _HELD_WITHIN_SECONDS
        while set(self.lab.held()) & set(hosts):
            if time.monotonic() > deadline:
                raise RunError("the controller was killed and its connections are still open")
            time.sleep(_POLL_SECONDS)

    @contextmanager
    def _started(
        self, name: str, entries: Mapping[str, str], variables: Mapping[str, Any], output: Any = subprocess.PIPE
    ) -> Iterator[subprocess.Popen[str]]:
        inventory, playbook = self.directory / f"{name}.inventory.yml", self.directory / f"{name}.play.yml"
        known = self.lab.hosts
        hosts = {host: {**known[host], "faults_entry": entry} for host, entry in entries.items()}
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        playbook.write_text(yaml.safe_dump(_plays(), sort_keys=False), encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment |= {
            "ANSIBLE_COLLECTIONS_PATH": str(PROJECT_ROOT / "build" / "collections"),
            "ANSIBLE_FORKS": str(self.forks),
            "ANSIBLE_HOME": str(self.directory / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
        }
        command = [str(_ANSIBLE_PLAYBOOK), "-i", str(inventory), "-e", json.dumps(dict(variables)), str(playbook)]
        process = subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            with process:
                yield process
        except BaseException:
            kill_all(process.pid)
            raise


def _ended_in(log: Path) -> set[str]:
    return {found["host"] for found in _ENDED.finditer(log.read_text(encoding="utf-8"))}


def kill_all(pid: int) -> None:
    """Kill a process and all its descendants, as a power cut does: none of them gets to clean up.

    Workers of ansible-playbook are in sessions of their own, so that no signal to a group reaches them.
    """
    found: list[int] = []
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        # What stands still starts no further one.
        _signal(current, signal.SIGSTOP)
        waiting += _children(current)
    for each in found:
        _signal(each, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """The children of a process, by proc_pid_task_children(5)."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in file.read_text(encoding="ascii").split()]
        except OSError:
            continue
    return found


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _role(entry: str) -> dict[str, Any]:
    """One entry point of the role, for the hosts that are to take it.

    Ansible includes one and the same for all hosts of a batch where ``tasks_from`` is a template.
    """
    return {
        "ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry},
        "when": f"faults_entry == '{entry}'",
    }


def _task(state: str) -> dict[str, Any]:
    """The module alone, for the hosts that are only to be changed or restored."""
    options = {"state": state, "adapters": {"class": "confirmed"}}
    given = ("guard", "guard_minutes", "accept_risks", "allow_unguarded_restart", "reconnect_timeout_seconds")
    options |= {option: f"{{{{ udp_rx_offload_{option} | default(omit) }}}}" for option in given}
    return {"remediation.windows_nic.checksum_offload": options, "when": f"faults_entry == '{state}'"}


def _plays() -> list[dict[str, Any]]:
    """The role on every host, at each host's own pace, then a report."""
    locally = {"ansible_connection": "local"}
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "strategy": "ansible.builtin.host_pinned",
            "ignore_unreachable": True,
            "tasks": [
                {
                    "block": [
                        *(_role(entry) for entry in ("main", "rollback")),
                        *(_task(state) for state in ("present", "restored")),
                    ],
                    "rescue": [
                        {
                            "ansible.builtin.set_fact": {
                                "udp_rx_offload_failure": "{{ ansible_failed_result.msg | default('no reason given') }}"
                            },
                            "vars": locally,
                        }
                    ],
                    "always": [
                        {
                            "ansible.builtin.debug": {"msg": "This host has ended: {{ inventory_hostname }}"},
                            "vars": locally,
                        }
                    ],
                }
            ],
        },
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "remediation.windows_nic.report": {
                        "rows": "{{ ansible_play_hosts_all | remediation.windows_nic.fleet_rows(hostvars) }}",
                        "title": "Faults",
                        "path": "{{ faults_report }}",
                    },
                    "run_once": True,
                    "vars": locally,
                }
            ],
        },
    ]
