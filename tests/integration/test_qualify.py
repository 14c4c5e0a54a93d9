# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook qualify through the real ansible-playbook, on one host of each kind that answers otherwise."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import Run, ansible_playbook
from tests.labfixture import LabFactory, RunningLab

I211 = {"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 9.0, "answer": "cut"}}
BMC = {"bmc": {"behaviour": "ipmi20"}}

KINDS: dict[str, dict[str, Any]] = {
    "as-expected": {"adapters": [I211], "bmcs": [BMC], "system": {"powershell_7": True}},
    "reads-only": {"adapters": [I211], "bmcs": [BMC], "wire": {"obeys_wmi_options": False}},
    "denied": {
        "adapters": [I211],
        "bmcs": [BMC],
        "system": {"language_mode": "constrained"},
        "tasks": {"register_task": "policy"},
    },
}
READERS = {"as-expected": "as-expected", "denied": "reader", "reads-only": "stranger"}
"""Hosts by whose account each is read: an administrator's, one without the right to read, one that can't log on."""

CONSENTING = ("as-expected", "denied")


@dataclass(frozen=True)
class Qualified:
    """A finished playbook of one host, its profile, and the host as it was before."""

    run: Run
    profile: dict[str, Any] | None
    before: dict[str, Any]


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    kinds = {name: {"description": name, **kind} for name, kind in KINDS.items()}
    kinds["reader"] = {"description": "no administrator", "adapters": [I211], "account": {"read": False}}
    hosts: list[dict[str, Any]] = [{"name": name, "kind": name} for name in kinds]
    hosts.append({"name": "stranger", "kind": "reads-only", "variables": {"ansible_password": "wrong"}})
    return module_lab_factory({"name": "qualify", "description": "x", "speed": 60.0, "kinds": kinds, "hosts": hosts})


@pytest.fixture(scope="module")
def qualified(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Qualified]:
    folder = tmp_path_factory.mktemp("qualify")
    before = lab.state()

    def qualify(host: str) -> Qualified:
        home, file = folder / host, folder / f"{host}.json"
        home.mkdir()
        # An hour of lab time is a minute here: what a write does to the adapter is watched in wall time.
        extra = {
            "udp_rx_offload_guard_minutes": 60,
            "target": host,
            "qualify_file": str(file),
            "qualify_consent": host in CONSENTING,
        }
        extra["qualify_reader"] = READERS[host]
        arguments = ["-i", str(lab.inventory), "-e", json.dumps(extra), "remediation.windows_nic.qualify"]
        run = ansible_playbook(home, arguments)
        profile = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return Qualified(run, profile, before[host])

    with ThreadPoolExecutor(len(KINDS)) as pool:
        return dict(zip(KINDS, pool.map(qualify, KINDS), strict=True))


def answers(qualified: dict[str, Qualified], host: str) -> dict[str, str]:
    profile = qualified[host].profile
    assert profile is not None, qualified[host].run.stdout
    found: dict[str, str] = profile["answers"]
    return found


def test_a_windows_as_it_is_expected_answers_every_question(qualified: dict[str, Qualified]) -> None:
    assert answers(qualified, "as-expected") == {
        "class_key_index": "index",
        "wmi_options": "obeyed",
        "relay_windows_powershell": "runs",
        "relay_powershell_7": "runs",
        "reader_may_read": "may_read",
        "guard_registers": "registered",
        "guard_is_a_lock": "refused",
        "guard_fires": "fires",
        "guard_deletes": "deleted",
        "guard_expires": "expires",
        "write_leaves_adapter_up": "left_alone",
        "restart_answers": "lost",
        "active_follows": "follows",
    }


def test_without_consent_only_what_changes_nothing_is_asked(qualified: dict[str, Qualified], lab: RunningLab) -> None:
    assert answers(qualified, "reads-only") == {
        "class_key_index": "index",
        "wmi_options": "ignored",
        "relay_windows_powershell": "runs",
        "relay_powershell_7": "not_installed",
        "reader_may_read": "no_answer",
    }
    assert "qualify_consent=true" in qualified["reads-only"].run.stdout
    writing = {"SetStringValue", "DeleteValue", "CreateKey", "RegisterByXml", "Restart"}
    assert not [line for line in lab.requests("reads-only") if line["method"] in writing]


def test_what_is_otherwise_is_told_with_its_consequence(qualified: dict[str, Qualified]) -> None:
    assert answers(qualified, "denied") == {
        "class_key_index": "index",
        "wmi_options": "obeyed",
        "relay_windows_powershell": "constrained",
        "relay_powershell_7": "not_installed",
        "reader_may_read": "refused",
        "guard_registers": "refused",
        "write_leaves_adapter_up": "not_asked",
        "restart_answers": "not_asked",
        "active_follows": "not_asked",
    }
    printed = " ".join(qualified["denied"].run.stdout.split())
    assert "[OTHERWISE] Does Windows PowerShell run the relay?" in printed
    assert "consequence this host can't probe; a witness may" in printed
    assert "this host has not shown that a guard works on it" in printed


@pytest.mark.usefixtures("qualified")
def test_where_no_guard_can_be_registered_the_adapter_is_left_alone(lab: RunningLab) -> None:
    methods = {line["method"] for line in lab.requests("denied")}
    assert "RegisterByXml" in methods
    assert "Restart" not in methods
    assert "SetStringValue" not in methods


@pytest.mark.parametrize("host", KINDS)
def test_every_host_is_as_it_was(qualified: dict[str, Qualified], lab: RunningLab, host: str) -> None:
    before, after = qualified[host].before, lab.state()[host]
    assert [each["configured"] for each in after["adapters"]] == [each["configured"] for each in before["adapters"]]
    assert [each["active"] for each in after["adapters"]] == [each["active"] for each in before["adapters"]]
    assert after["tasks"] == before["tasks"]
    assert after["undo"] == before["undo"] == {}


def test_the_profile_names_nobody(qualified: dict[str, Qualified], lab: RunningLab) -> None:
    profile = qualified["as-expected"].profile
    assert profile is not None
    assert profile["windows"] == {"version": "10.0.22631", "architecture": "64-bit", "language": 1033}
    assert profile["driver"]["file"] == "e1r68x64.sys"
    text = json.dumps(profile)
    assert lab.address("as-expected") not in text
    assert "as-expected" not in text


def test_more_than_one_host_is_refused(lab: RunningLab, tmp_path: Path) -> None:
    run = ansible_playbook(tmp_path, ["-i", str(lab.inventory), "remediation.windows_nic.qualify"])
    assert run.returncode == 2
    assert "expected one host to try things on" in " ".join(run.stdout.split())
