# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input about adapters, through the real ansible-playbook: an error of four parts, and nothing touched.

What a probe can be asked wrongly is in ``test_ipmi_probe.py``, what a host can do wrongly in ``test_bad_hosts.py``.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from tests.integration.running import Run, play
from tests.integration.test_sessions import client_of
from tests.labfixture import PASSWORD, LabFactory, RunningLab

FACTS = "remediation.windows_nic.nic_facts"
CHANGE = "remediation.windows_nic.checksum_offload"
ETHERNET = {"name": "Ethernet"}
RULE = {"id": "ours", "pci": "8086:1539", "class": "confirmed", "reason": "seen", "source": "ticket"}
UNDO = r"SOFTWARE\remediation.windows_nic\undo"
RECORD = "{guid:Ethernet}::*UDPChecksumOffloadIPv4"

PLAIN: dict[str, Any] = {
    "adapters": [
        {"model": "intel-i219", "name": "Management", "network": 1},
        {"model": "intel-i211", "name": "Ethernet", "network": 5},
    ]
}


def plain(**changes: Any) -> dict[str, Any]:
    management, ethernet = PLAIN["adapters"]
    return {"adapters": [management, {**ethernet, **changes}]}


def recorded(data: str) -> dict[str, Any]:
    return {**PLAIN, "registry": [{"key": UNDO, "name": RECORD, "data": data}]}


HYPER_V: dict[str, Any] = {
    "adapters": [
        {"model": "intel-i211", "name": "Ethernet"},
        {"model": "hyperv-vnic", "name": "vEthernet (LAN)", "network": 1, "above": ["Ethernet"]},
    ]
}
TEAM: dict[str, Any] = {
    "system": {"product": "server-2019"},
    "adapters": [
        {"model": "intel-i211", "name": "Ethernet"},
        {"model": "intel-i211", "name": "Ethernet 2"},
        {"model": "lbfo-team", "name": "Team", "network": 1, "above": ["Ethernet", "Ethernet 2"]},
    ],
}
SWITCH_TEAM: dict[str, Any] = {
    "adapters": [
        {"model": "intel-i211", "name": "Ethernet"},
        {"model": "intel-i211", "name": "Ethernet 2"},
        {"model": "hyperv-vnic", "name": "vEthernet (SET)", "network": 1, "above": ["Ethernet", "Ethernet 2"]},
    ]
}
KILLER: dict[str, Any] = {"adapters": [{"model": "killer-1525", "name": "Ethernet", "network": 1}]}


@dataclasses.dataclass(frozen=True)
class Bad:
    """A task that can't be done, and what must be said about it."""

    name: str
    code: str
    module: str
    options: Mapping[str, Any]
    kind: Mapping[str, Any] = dataclasses.field(default_factory=lambda: PLAIN)
    says: str = ""
    asked: bool = True
    """Whether the host has to be asked to find out."""
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def change(**options: Any) -> dict[str, Any]:
    return {"adapters": ETHERNET, **options}


ACROSS_THE_SWITCH = {"adapters": {"toward": "127.1.255.253"}}

CASES = [
    # Which adapters?
    Bad("no-such-name", "adapter_not_found", FACTS, {"adapters": {"name": "Ethernet 9"}}, says="Management ("),
    Bad("no-such-guid", "adapter_not_found", CHANGE, {"adapters": {"guid": "{0}"}}),
    Bad("no-such-mac", "adapter_not_found", CHANGE, {"adapters": {"mac": "00-11-22-33-44-55"}}),
    Bad("no-adapters-key", "invalid_arguments", CHANGE, {}, asked=False, says="adapters"),
    Bad("empty-selection", "selection_empty", CHANGE, {"adapters": {}}, asked=False),
    Bad("unknown-key", "invalid_arguments", CHANGE, {"adapters": {"nic": "x"}}, asked=False, says="nic"),
    Bad("unknown-class", "invalid_arguments", CHANGE, {"adapters": {"class": "broken"}}, asked=False),
    Bad("bad-mac", "selection_invalid", FACTS, {"adapters": {"mac": "aa:bb"}}, asked=False, says="mac aa:bb"),
    Bad("toward-a-name", "selection_invalid", FACTS, {"adapters": {"toward": "bmc.example"}}, asked=False),
    Bad("toward-ipv6", "selection_invalid", FACTS, {"adapters": {"toward": "fe80::1"}}, asked=False),
    Bad("query-no-jmespath", "query_invalid", FACTS, {"adapters": {"query": "[?up"}}, asked=False, says="[?up"),
    Bad("query-of-names", "query_result_unusable", CHANGE, {"adapters": {"query": "[].name"}}),
    Bad("query-that-fails", "query_failed", FACTS, {"adapters": {"query": "length(`5`)"}}),
    Bad("team-member", "team_member", CHANGE, change(), TEAM, says="a member of Team"),
    Bad("switch-team-member", "team_member", CHANGE, change(), SWITCH_TEAM, says="vEthernet (SET)"),
    Bad("virtual", "adapter_not_physical", CHANGE, {"adapters": {"name": "vEthernet*"}}, HYPER_V),
    # Which state?
    Bad("no-keyword", "keyword_unsupported", CHANGE, change(), KILLER, says="qcamain10x64.sys"),
    Bad("not-allowed", "value_not_allowed", CHANGE, change(transmit="enabled"), plain(allowed=["disabled", "rx_tx"])),
    Bad("zero-or-three", "wider_change_not_allowed", CHANGE, change(), plain(allowed=["disabled", "rx_tx"])),
    Bad("grouped", "wider_change_not_allowed", CHANGE, change(), plain(keyword="grouped"), says="IP and TCP"),
    Bad("bad-direction", "invalid_arguments", CHANGE, change(receive="off"), asked=False),
    Bad("bad-state", "invalid_arguments", CHANGE, change(state="absent"), asked=False),
    Bad("bad-outcome", "invalid_arguments", CHANGE, change(state="restored", outcome="Not cured"), asked=False),
    Bad("outcome-of-nothing", "invalid_arguments", CHANGE, change(outcome="not_cured"), asked=False),
    Bad("long-wait", "invalid_arguments", CHANGE, change(reconnect_timeout_seconds=86400), asked=False),
    Bad("unguarded", "restart_not_allowed", CHANGE, {**ACROSS_THE_SWITCH, "guard": "never"}, HYPER_V),
    # Which knowledge?
    Bad("rule-incomplete", "invalid_arguments", FACTS, {"rules": [{"id": "ours"}]}, asked=False, says="pci"),
    Bad("rule-nonsense", "rule_invalid", FACTS, {"rules": [{**RULE, "pci": "Intel"}]}, asked=False, says="Intel"),
    # What is on the host?
    Bad("newer-record", "undo_record_unknown_version", CHANGE, change(), recorded('{"format": 2}'), says="format 2"),
    Bad("newer-record-back", "undo_record_unknown_version", CHANGE, change(state="restored"), recorded('{"format":2}')),
    Bad("damaged-record", "undo_record_damaged", CHANGE, change(), recorded("not JSON")),
    Bad("no-class-key", "class_key_not_found", CHANGE, change(), says="NetCfgInstanceId"),
    Bad("odd-value", "value_not_understood", CHANGE, change(), says="'on'"),
    Bad("no-rights", "registry_access_denied", CHANGE, change(), {**PLAIN, "account": {"write": False}}),
    # How is it run?
    Bad("become", "become_unsupported", CHANGE, change(), asked=False, keywords={"become": True}),
    Bad("async", "async_unsupported", CHANGE, change(), asked=False, keywords={"async": 30, "poll": 1}),
]


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(
        {
            "name": "bad-input",
            "description": "one host for each thing that can't be done",
            "kinds": {f"kind-{case.name}": {"description": case.name, **case.kind} for case in [*CASES, SHARED_MAC]},
            "hosts": [{"name": case.name, "kind": f"kind-{case.name}"} for case in [*CASES, SHARED_MAC]],
        }
    )


SHARED_MAC = Bad("shared-mac", "adapter_ambiguous", CHANGE, {}, HYPER_V, says="2 adapters")
"""Its options need the MAC address that the host shows."""


def set_class_value(lab: RunningLab, host: str, name: str, text: str) -> None:
    """Write into the class key of the adapter Ethernet, as another program on the host would."""
    adapter = next(each for each in lab.state()[host]["adapters"] if each["name"] == "Ethernet")
    with pytest.MonkeyPatch.context() as environment, client_of(lab, host) as client:
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            environment.delenv(variable, raising=False)
        arguments = {"hDefKey": 0x80000002, "sSubKeyName": adapter["class_key"], "sValueName": name, "sValue": text}
        assert client.invoke("root/cimv2", "StdRegProv", "SetStringValue", arguments).integer("ReturnValue") == 0


@pytest.fixture(scope="module")
def prepared(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Hosts made bad beforehand, the shared MAC address, and how many requests each host has had until then."""
    set_class_value(lab, "no-class-key", "NetCfgInstanceId", "{00000000-0000-4000-8000-000000000000}")
    set_class_value(lab, "odd-value", "*UDPChecksumOffloadIPv4", "on")
    run = play(tmp_path_factory.mktemp("mac"), {SHARED_MAC.name: lab.hosts[SHARED_MAC.name]}, [{FACTS: {}}])
    nics = run.results()[SHARED_MAC.name][1]["ansible_facts"]["windows_nics"]
    (mac,) = {each["mac"] for each in nics}
    everything = {"state": lab.state(), "requests": {name: len(lab.requests(name)) for name in lab.hosts}}
    return {**everything, "mac": mac}


@pytest.fixture(scope="module")
def run(lab: RunningLab, prepared: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    shared = dataclasses.replace(SHARED_MAC, options={"adapters": {"mac": prepared["mac"]}})
    tasks = [
        {case.module: dict(case.options), "when": f"inventory_hostname == '{case.name}'", **case.keywords}
        for case in [*CASES, shared]
    ]
    return play(tmp_path_factory.mktemp("play"), lab.hosts, tasks, verbosity=3)


@pytest.mark.parametrize("case", [*CASES, SHARED_MAC], ids=lambda case: case.name)
def test_bad_input_is_an_error_of_four_parts_and_touches_nothing(
    case: Bad, run: Run, lab: RunningLab, prepared: dict[str, Any]
) -> None:
    word, result = run.results()[case.name]
    error = result["error"]
    assert (word, error["code"]) == ("FAILED", case.code), result
    assert sorted(error) == ["code", "expected", "next_step", "seen", "subject"]
    assert all(error.values())
    assert result["msg"] == f"{error['subject']}: {error['seen']}; expected {error['expected']}. {error['next_step']}"
    assert "\n" not in result["msg"]
    assert case.says in result["msg"]
    assert result["changed"] is False
    asked = lab.requests(case.name)[prepared["requests"][case.name] :]
    assert bool(asked) is case.asked
    before, after = prepared["state"][case.name], lab.state()[case.name]
    for part in ("adapters", "undo", "outcome"):
        assert before[part] == after[part]


def test_no_traceback_and_no_password_is_shown(run: Run) -> None:
    for output in (run.stdout, run.stderr):
        assert "Traceback" not in output
        assert PASSWORD not in output
        assert base64.b64encode(f"labadmin:{PASSWORD}".encode()).decode() not in output


def test_nothing_but_reading_was_asked(run: Run, lab: RunningLab, prepared: dict[str, Any]) -> None:
    assert run.recap()
    for case in CASES:
        asked = lab.requests(case.name)[prepared["requests"][case.name] :]
        # The account without rights learns so from the first write, which is that of the undo record's key.
        wrote = [each["method"] for each in asked if each["method"] in ("CreateKey", "SetStringValue", "DeleteValue")]
        assert wrote == (["CreateKey"] if case.name == "no-rights" else [])
        assert "Restart" not in [each["method"] for each in asked]
        assert "Create" not in [each["action"] for each in asked]
