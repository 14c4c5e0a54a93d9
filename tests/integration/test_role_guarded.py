# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks on hosts whose restart goes wrong, can't be guarded, or is risky.

Lab time runs thirty times as fast as wall time, so that a guard of two minutes fires after four seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.running import Run, ansible_playbook
from tests.labfixture import RunningLab, labs

VARIABLES: Final = {
    "udp_rx_offload_interval_ms": 300,
    "udp_rx_offload_wait_ms": 700,
    "udp_rx_offload_max_fail_percentage": 100,
    "udp_rx_offload_wave": "100%",
}


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of host that is affected."""
    restart = changes.pop("restart", {})
    return {
        "description": "affected",
        "adapters": [{"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 6.0, **restart}}],
        "bmcs": [{"bmc": {"behaviour": "smdc"}}],
        **changes,
    }


ISCSI: Final = {"iscsi_sessions": [{"target": "iqn.2026-01.example.corp:disk1", "via": "Ethernet"}]}
KINDS: Final = {
    "cured": kind(variables={"udp_rx_offload_guard_minutes": 60}),
    "lost": kind(restart={"leaves": "disabled"}, variables={"udp_rx_offload_guard_minutes": 2}),
    "no-guard": kind(tasks={"register_task": "policy"}),
    "no-guard-allowed": kind(
        tasks={"register_task": "policy"}, variables={"udp_rx_offload_allow_unguarded_restart": True}
    ),
    "guard-unwanted": kind(variables={"udp_rx_offload_guard": "never"}),
    "risky": kind(system=ISCSI),
    "risk-accepted": kind(
        system=ISCSI,
        variables={"udp_rx_offload_accept_risks": ["iscsi_session"], "udp_rx_offload_guard_minutes": 60},
    ),
}
PROFILE: Final = {"format": 1, "answers": {"write_leaves_adapter_up": "went_away"}}
"""What the playbook qualify found out on a host like one of these: the write alone restarts the adapter."""
LEFT_ALONE: Final = {
    "no-guard": "guard_not_set",
    "guard-unwanted": "restart_unguarded",
    "risky": "restart_risky",
    "write-restarts": "write_restarts",
}


def run(lab: RunningLab, directory: Path, playbook: str, *arguments: str, **more: Any) -> tuple[Run, dict[str, Any]]:
    report = directory / "report.json"
    report.unlink(missing_ok=True)
    variables = {**VARIABLES, "udp_rx_offload_report_file": str(report), **more}
    command = ["-i", str(lab.inventory), f"remediation.windows_nic.{playbook}", "-e", json.dumps(variables), *arguments]
    finished = ansible_playbook(directory, command)
    assert report.exists(), finished.stdout + finished.stderr
    return finished, {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}


def standing(lab: RunningLab) -> dict[str, Any]:
    """Values, restarts and records of every host, and what is left of guards."""
    return {
        name: {
            "value": (machine["adapters"][0]["configured"], machine["adapters"][0]["active"]),
            "restarts": machine["adapters"][0]["restarts"],
            "undo": sorted(machine["undo"]),
            "outcome": machine["outcome"],
            "tasks": machine["tasks"],
            "reachable": machine["reachable"],
        }
        for name, machine in lab.state().items()
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A prediction, a remediation, another one, and one that tries again what went wrong."""
    directory = tmp_path_factory.mktemp("guarded")
    profile = directory / "profile.json"
    profile.write_text(json.dumps(PROFILE), encoding="utf-8")
    never = {"udp_rx_offload_restart": "never", "udp_rx_offload_host_profile": str(profile)}
    kinds = {**KINDS, "write-restarts": kind(variables=never)}
    content = {
        "name": "guarded",
        "description": "hosts whose restart is guarded, or can't be",
        "kinds": kinds,
        "hosts": [{"name": name, "kind": name} for name in kinds],
    }
    with labs(directory) as start:
        lab = start(content, speed=30.0)
        told: dict[str, Any] = {"first": standing(lab)}
        for act, playbook, arguments, more in (
            ("check", "remediate", ("--check", "--diff", "--limit", "risky,lost"), {}),
            ("remediate", "remediate", (), {}),
            ("again", "remediate", ("--limit", "lost,risky,cured"), {}),
            ("retry", "remediate", ("--limit", "lost"), {"udp_rx_offload_retry": True}),
        ):
            told[f"run of {act}"], told[act] = run(lab, directory, playbook, *arguments, **more)
            told[f"after {act}"] = standing(lab)
        yield told


def ends(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    return {name: (row["verdict"], row["reason"]) for name, row in rows.items()}


def test_check_mode_finds_the_risks_beforehand_and_touches_nothing(story: dict[str, Any]) -> None:
    assert ends(story["check"])["risky"] == ("affected", "restart_risky")
    assert {row["verdict"] for row in story["check"].values()} == {"affected"}
    assert story["after check"] == story["first"]


def test_a_host_that_its_restart_cut_off_is_brought_back(story: dict[str, Any]) -> None:
    row = story["remediate"]["lost"]
    assert (row["verdict"], row["reason"], row["attention"]) == ("unknown", "undone_by_guard", "undone")
    assert row["changed"] is True
    host = story["after remediate"]["lost"]
    assert (host["value"], host["undo"], host["tasks"], host["reachable"]) == (("3", 3), [], [], True)
    assert len(host["outcome"]) == 1
    assert story["run of remediate"].returncode == 2
    assert "cut off and brought back by a guard" in story["run of remediate"].stdout


def test_it_is_left_alone_until_somebody_wants_it_tried_again(story: dict[str, Any]) -> None:
    row = story["again"]["lost"]
    assert (row["verdict"], row["reason"], row["attention"]) == ("affected", "undone_earlier", "undone")
    assert row["changed"] is False
    assert story["after again"]["lost"] == story["after remediate"]["lost"]
    # The second restart goes well.
    assert ends(story["retry"])["lost"] == ("remediated", "cured")
    assert story["after retry"]["lost"]["outcome"] == {}
    assert story["run of retry"].returncode == 0


def test_hosts_whose_restart_goes_well_are_cured_and_no_guard_is_left(story: dict[str, Any]) -> None:
    for name in ("cured", "risk-accepted", "no-guard-allowed"):
        assert ends(story["remediate"])[name] == ("remediated", "cured")
        assert story["after remediate"][name]["tasks"] == []
    assert ends(story["again"])["cured"] == ("remediated", "earlier")
    codes = [each["code"] for each in story["remediate"]["risk-accepted"]["preflight"]["findings"]]
    assert codes == ["iscsi_session"]


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_hosts_that_can_not_be_restarted_safely_are_left_alone(story: dict[str, Any], name: str) -> None:
    for row in [story[act][name] for act in ("remediate", "again") if name in story[act]]:
        assert (row["verdict"], row["reason"], row["attention"]) == ("affected", LEFT_ALONE[name], None)
        assert row["changed"] is False
    assert story["after again"][name] == story["first"][name]
    assert "It was left alone, since" in story["remediate"][name]["sentence"]
    assert "udp_rx_offload_" in story["remediate"][name]["next_step"]
