# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight and side effects through the real ansible-playbook, on one host for each finding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import play
from tests.labfixture import LabFactory, RunningLab

CHANGE = "remediation.windows_nic.checksum_offload"
OUTAGE = {"outage_seconds": 0.5}
CARDS = {"model": "intel-i211", "name": "Cards", "network": 1, "restart": OUTAGE}
ROUTED = {**CARDS, "prefix": 16, "gateway": True}
SERVER = {"product": "server-2022"}

KINDS: dict[str, dict[str, Any]] = {
    "public-profile": {"adapters": [ROUTED], "system": {"domain": "corp.example"}},
    "closed-to-public": {"adapters": [CARDS], "system": {"winrm_scope": {"public": "closed"}}},
    "iscsi-session": {"adapters": [CARDS], "system": {"iscsi_sessions": [{"target": "iqn.a", "via": "Cards"}]}},
    "cluster-service": {"adapters": [CARDS], "system": {**SERVER, "cluster": "running"}},
    "lost-route": {"adapters": [{**CARDS, "routes": [{"to": "127.9.0.0/16", "persistent": False}]}]},
    "wired": {"adapters": [CARDS], "system": {"wired_authentication": True}},
    "shared-port": {
        "adapters": [CARDS],
        "bmcs": [{"bmc": {"behaviour": "ipmi20"}, "path": "own_port", "neighbour": "resolved", "asked": False}],
    },
    "guests": {
        "system": {**SERVER, "virtual_machines": [{"name": "web"}, {"name": "spare", "running": False}]},
        "adapters": [
            {"model": "hyperv-vnic", "name": "vEthernet (LAN)", "network": 1, "above": ["Cards"]},
            {"model": "intel-i211", "name": "Cards", "restart": OUTAGE},
        ],
    },
    # Nothing speaks against these.
    "open-to-public": {"adapters": [ROUTED], "system": {"winrm_scope": {"public": "any"}}},
    "public-already": {"adapters": [ROUTED], "system": {"profile": "public", "winrm_scope": {"public": "any"}}},
    "near": {"adapters": [CARDS], "system": {"language": "de"}},
    "kept-route": {"adapters": [{**CARDS, "routes": [{"to": "127.9.0.0/16", "persistent": True}]}]},
    "elsewhere": {
        "system": {"iscsi_sessions": [{"target": "iqn.a", "via": "Disks"}]},
        "adapters": [CARDS, {"model": "intel-i219", "name": "Disks", "network": 5}],
    },
    # What can't be read is said, and is no reason.
    "unread": {
        "adapters": [CARDS],
        "wire": {"faults": [{"do": "access_denied", "resource": "MSFT_NetNeighbor", "times": None}]},
    },
    # What a restart changes besides.
    "other-offloads": {
        "system": {"product": "server-2025"},
        "adapters": [
            {
                **CARDS,
                "offloads": {"uso": True, "uro": True},
                "restart": {**OUTAGE, "offloads": {"rss": False, "rsc": True, "lso": None, "uso": True, "uro": False}},
            }
        ],
    },
}

RISKY = {
    "public-profile": "public_profile",
    "closed-to-public": "public_profile",
    "iscsi-session": "iscsi_session",
    "cluster-service": "cluster_service",
    "lost-route": "route_not_persistent",
    "wired": "wired_authentication",
    "shared-port": "shared_bmc_port",
    "guests": "running_virtual_machines",
}
QUIET = ["open-to-public", "public-already", "near", "kept-route", "elsewhere"]

Results = Mapping[str, tuple[str, dict[str, Any]]]


def change(lab: RunningLab, directory: Path, hosts: list[str], *, check: bool = False, **options: Any) -> Results:
    """Run the task on several hosts in one play."""
    directory.mkdir(exist_ok=True)
    tasks = [{CHANGE: {"adapters": {"name": "Cards"}, **options}}]
    variables = {name: lab.hosts[name] for name in hosts}
    return play(directory, variables, tasks, arguments=["--check"] if check else []).results()


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(
        {
            "name": "preflight",
            "description": "one host for each thing that speaks against a restart, or does not",
            "kinds": {f"kind-{name}": {"description": name, **kind} for name, kind in KINDS.items()},
            "hosts": [{"name": name, "kind": f"kind-{name}"} for name in KINDS],
        }
    )


@pytest.fixture(scope="module")
def refused(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return change(lab, tmp_path_factory.mktemp("refused"), list(RISKY))


@pytest.fixture(scope="module")
def changed(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return change(lab, tmp_path_factory.mktemp("changed"), [*QUIET, "unread", "other-offloads"])


@pytest.mark.parametrize("name", RISKY)
def test_a_risk_is_a_refusal_and_nothing_is_touched(name: str, lab: RunningLab, refused: Results) -> None:
    how, result = refused[name]
    assert (how, result["error"]["code"], result["changed"]) == ("FAILED", "restart_risky", False)
    assert [finding["code"] for finding in result["preflight"]["findings"]] == [RISKY[name]]
    assert result["preflight"]["findings"][0]["override"] == f"accept_risks: [{RISKY[name]}]"
    assert RISKY[name] in result["error"]["next_step"]
    adapter = next(each for each in lab.state()[name]["adapters"] if each["name"] == "Cards")
    assert (adapter["restarts"], lab.state()[name]["undo"]) == (0, {})


def test_check_mode_refuses_alike(lab: RunningLab, refused: Results, tmp_path: Path) -> None:
    checked = change(lab, tmp_path, list(RISKY), check=True)
    assert {name: (how, result["error"]) for name, (how, result) in checked.items()} == {
        name: (how, result["error"]) for name, (how, result) in refused.items()
    }


@pytest.mark.parametrize("name", QUIET)
def test_a_host_that_nothing_speaks_against(name: str, changed: Results) -> None:
    how, result = changed[name]
    assert how == "changed"
    assert result["preflight"] == {"findings": [], "not_read": []}
    assert result["adapters"][0]["confirmed"] is True
    assert result["adapters"][0]["side_effects"] == []


def test_what_can_not_be_read_is_said(changed: Results) -> None:
    how, result = changed["unread"]
    (line,) = result["preflight"]["not_read"]
    assert (how, result["preflight"]["findings"]) == ("changed", [])
    assert (line["what"], line["code"]) == ("neighbours", "access_denied")


def test_side_effects_are_shown(changed: Results) -> None:
    how, result = changed["other-offloads"]
    assert how == "changed"
    assert result["adapters"][0]["side_effects"] == [
        {"what": "lso_ipv4", "before": "enabled", "after": "none"},
        {"what": "lso_ipv6", "before": "enabled", "after": "none"},
        {"what": "rss", "before": "enabled", "after": "disabled"},
        {"what": "uro", "before": "enabled", "after": "disabled"},
    ]


def test_accepted_risks_are_shown_and_do_not_refuse(lab: RunningLab, refused: Results, tmp_path: Path) -> None:
    names = ["iscsi-session", "cluster-service", "lost-route"]
    assert set(names) <= set(refused)
    accepted = change(lab, tmp_path, names, accept_risks=[RISKY[name] for name in names])
    assert {name: how for name, (how, _result) in accepted.items()} == dict.fromkeys(names, "changed")
    for name in names:
        assert [each["code"] for each in accepted[name][1]["preflight"]["findings"]] == [RISKY[name]]
    # The route that was set for the moment is gone.
    assert accepted["lost-route"][1]["adapters"][0]["side_effects"] == [
        {"what": "routes", "before": ["127.9.0.0/16 on link, metric 1"], "after": "none"}
    ]


def test_no_restart_asks_nothing(lab: RunningLab, refused: Results, tmp_path: Path) -> None:
    assert "cluster-service" in refused
    before = len(lab.requests("shared-port"))
    how, result = change(lab, tmp_path, ["shared-port"], restart="never")["shared-port"]
    assert how == "changed"
    assert result["preflight"] == {"findings": [], "not_read": []}
    asked = {each["name"] for each in lab.requests("shared-port")[before:]}
    assert "MSFT_NetNeighbor" not in asked
    assert "MSFT_NetAdapterRssSettingData" not in asked
