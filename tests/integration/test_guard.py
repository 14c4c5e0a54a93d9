# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards on hosts of the lab, in fast time: hosts that are lost and come back, guards that are refused or stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.running import PROJECT_ROOT, play
from tests.labfixture import LabFactory, RunningLab, one_host

CHANGE = "remediation.windows_nic.checksum_offload"
FLEET = PROJECT_ROOT / "tests" / "lab" / "fleets" / "guard.yml"
SPEED = 40.0
CARDS = {"adapters": {"class": "confirmed"}}

CURED = [
    "answered-normally",
    "answered-by-silence",
    "clock-ahead",
    "reboot-in-between",
    "other-offloads",
    "deletion-fails",
    "deletion-lies",
]
REFUSED = {
    "registration-denied": "guard_not_set",
    "registration-by-policy": "guard_not_set",
    "scheduler-stopped": "guard_not_set",
    "registration-vanishes": "guard_not_set",
    "lost-with-quotes": "guard_not_possible",
    "storage": "restart_risky",
}
UNDONE = {
    "lost-disabled": "3",
    "lost-on-old-windows": "3",
    "scheduler-late-and-host-lost": "3",
    "clock-behind-and-host-lost": "3",
    "slow-reboot-of-a-lost-host": "3",
    "value-absent-and-host-lost": None,
}
LEFT = ("deletion-fails", "deletion-lies")


@dataclass(frozen=True)
class Stages:
    """What two runs on all hosts returned, and what the hosts were like after each."""

    lab: RunningLab
    first: Mapping[str, tuple[str, dict[str, Any]]]
    state: Mapping[str, Any]
    second: Mapping[str, tuple[str, dict[str, Any]]]
    last: Mapping[str, Any]


@pytest.fixture(scope="module")
def stages(module_lab_factory: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    directory = tmp_path_factory.mktemp("guard")
    lab = module_lab_factory(FLEET, speed=SPEED)
    hosts = {name: lab.hosts[name] for name in (*CURED, *REFUSED, *UNDONE)}
    tasks = [{CHANGE: CARDS}]
    arguments = ["--forks", "20"]
    first = play(directory, hosts, tasks, arguments=arguments)
    state = lab.state()
    second = play(directory, hosts, tasks, arguments=arguments)
    return Stages(lab, first.results(), state, second.results(), lab.state())


def card(state: Mapping[str, Any], host: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in state[host]["adapters"] if "I211" in each["description"])
    return found


def guards_of(state: Mapping[str, Any], host: str) -> list[str]:
    return [task["name"] for task in state[host]["tasks"] if "guard" in task["name"]]


@pytest.mark.parametrize("host", CURED)
def test_a_host_that_comes_back_is_changed_and_its_guard_gone(stages: Stages, host: str) -> None:
    word, result = stages.first[host]
    (adapter,) = result["adapters"]
    assert (word, adapter["confirmed"], adapter["after"]) == ("changed", True, {"configured": "tx", "active": "tx"})
    assert adapter["guard"]["state"] == ("left" if host in LEFT else "removed")
    assert adapter["undo"]["outcome"] == "confirmed"
    assert len(guards_of(stages.state, host)) == (1 if host in LEFT else 0)
    word, result = stages.second[host]
    assert (word, result["changed"]) == ("ok", False)
    assert card(stages.last, host)["restarts"] == 1


@pytest.mark.parametrize("host", LEFT)
def test_a_guard_that_stays_does_nothing(stages: Stages, host: str) -> None:
    stages.lab.skip(3600)
    state = stages.lab.state()
    assert (card(state, host)["restarts"], card(state, host)["configured"]) == (1, "1")
    assert guards_of(state, host)


@pytest.mark.parametrize(("host", "code"), REFUSED.items())
def test_without_a_guard_nothing_happens(stages: Stages, host: str, code: str) -> None:
    for results, state in ((stages.first, stages.state), (stages.second, stages.last)):
        word, result = results[host]
        assert (word, result["error"]["code"], result["changed"]) == ("FAILED", code, False)
        adapter = card(state, host)
        assert (adapter["configured"], adapter["active"], adapter["restarts"]) == ("3", 3, 0)
        assert state[host]["undo"] == {}
        assert guards_of(state, host) == []


@pytest.mark.parametrize(("host", "original"), UNDONE.items())
def test_a_lost_host_is_back_with_its_original(stages: Stages, host: str, original: str | None) -> None:
    word, result = stages.first[host]
    assert (word, result["error"]["code"], result["changed"]) == ("FAILED", "undone_by_guard", True)
    assert result["adapters"][0]["guard"]["state"] == "fired"
    adapter = card(stages.state, host)
    assert (adapter["configured"], adapter["active"]) == (original, 3)
    assert stages.state[host]["undo"] == {}
    assert guards_of(stages.state, host) == []
    # The lab lets the second restart go well.
    word, result = stages.second[host]
    assert (word, result["adapters"][0]["confirmed"]) == ("changed", True)
    assert result["adapters"][0]["undo"]["original"] == ("rx_tx" if original else None)
    assert guards_of(stages.last, host) == []


def test_what_else_a_restart_changed_is_told(stages: Stages) -> None:
    told = stages.first["other-offloads"][1]["adapters"][0]["side_effects"]
    assert {each["what"] for each in told} >= {"rss", "rsc_ipv4"}


def test_a_change_takes_two_sessions_beside_polls(stages: Stages) -> None:
    """The first run's: one before the restart, one after."""
    for host in ("answered-normally", "clock-ahead"):
        lines = stages.lab.requests(host)
        end = next(number for number, line in enumerate(lines) if line["name"] == "MSFT_ScheduledTask") + 4
        assert len({line["connection"] for line in lines[:end]}) == 2


HELD = {
    "before the guard was known to stand": {"method": "RegisterByXml"},
    "between the write and the restart": {"method": "SetStringValue", "skip": 2},
    "before the guard was known to be gone": {"resource": "MSFT_ScheduledTask", "action": "Delete"},
}


def test_a_controller_that_is_killed_leaves_nothing_to_repair(lab_factory: LabFactory, tmp_path: Path) -> None:
    """Killed without warning, while the answer of one request is held back; a run at once after that succeeds."""
    base = one_host(adapters=[{"model": "intel-i211", "network": 1, "restart": {"answer": "normal"}}])
    kind = base["kinds"].pop("tested")
    names = [f"host{number}" for number in range(len(HELD))]
    for name, request in zip(names, HELD.values(), strict=True):
        base["kinds"][name] = {**kind, "wire": {"faults": [{"do": "hold", "times": 1, **request}]}}
    base["hosts"] = [{"name": name, "kind": name} for name in names]
    lab = lab_factory(base, speed=20.0)
    hosts = {name: lab.hosts[name] for name in names}
    killed = start(tmp_path, hosts)
    deadline = time.monotonic() + 60
    while set(lab.held()) != set(names):
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kill_all(killed.pid)
    killed.wait()
    results = play(tmp_path, hosts, [{CHANGE: CARDS}], arguments=["--forks", "5"]).results()
    state = lab.state()
    for name in names:
        word, result = results[name]
        assert (name, word, result["adapters"][0]["confirmed"]) == (name, "changed", True)
        assert result["adapters"][0]["undo"]["original"] == "rx_tx"
        assert (card(state, name)["configured"], card(state, name)["active"]) == ("1", 1)
        assert guards_of(state, name) == []
    again = play(tmp_path, hosts, [{CHANGE: CARDS}], arguments=["--forks", "5"]).results()
    assert {word for word, _result in again.values()} == {"ok"}


def kill_all(pid: int) -> None:
    """Kill a process and all below it. Ansible's workers are in sessions of their own, and would go on."""
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    os.kill(pid, signal.SIGKILL)
    for child in children:
        kill_all(child)


def start(directory: Path, hosts: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """An ansible-playbook that runs by itself."""
    inventory, playbook = directory / "inventory.yml", directory / "play.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": dict(hosts)}}))
    playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [{CHANGE: CARDS}]}]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(PROJECT_ROOT / "build" / "collections"),
        "ANSIBLE_HOME": str(directory / "killed"),
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(inventory), str(playbook)]
    return subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
