# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.action.nic_facts import ActionModule
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    GRANULAR,
    OUTCOME,
    UNDO,
    FakeAdapter,
    FakeHost,
    Refusal,
    guid,
    unreachable,
)

NAME = f"{guid(1)}::{GRANULAR}"
RECORD = json.dumps({"format": 1, "original": "3", "taken_at": "then", "adapter": "Ethernet", "written": "1"})


def host(**more: Any) -> FakeHost:
    return FakeHost(
        [
            FakeAdapter(1, address="192.0.2.10"),
            FakeAdapter(2, "Ethernet 2", mac="AABBCCDDEE02", pnp=r"PCI\VEN_8086&DEV_1533", slot=4),
        ],
        routes=[
            {
                "DestinationPrefix": "0.0.0.0/0",
                "NextHop": "192.0.2.1",
                "InterfaceIndex": 12,
                "RouteMetric": 0,
                "InterfaceMetric": 25,
                "AddressFamily": 2,
                "Store": 1,
            }
        ],
        **more,
    )


def runner(fake: FakeHost) -> ActionRunner:
    return ActionRunner(ActionModule, "nic_facts", fake)


def names(result: dict[str, Any]) -> list[str]:
    return [each["name"] for each in result["ansible_facts"]["windows_nics"]]


def test_all_adapters_are_read_in_one_session_and_nothing_is_written() -> None:
    run = runner(host())
    result = run()
    assert result["changed"] is False
    assert names(result) == ["Ethernet", "Ethernet 2"]
    assert result["ansible_facts"]["windows_nics_task_offload"] == "enabled"
    assert result["ansible_facts"]["windows_nics"][0]["carries_management"] is True
    assert result["ansible_facts"]["windows_nics"][1]["carries_management"] is False
    assert "undo" not in result["ansible_facts"]["windows_nics"][0]
    assert (run.opened, run.host.writes, len(run.host.log)) == (1, [], 7)
    assert json.loads(json.dumps(result)) == result


def test_check_mode_is_the_same() -> None:
    assert runner(host())(check=True) == runner(host())()


@pytest.mark.parametrize(
    ("adapters", "expected"),
    [
        ({"name": "Ethernet 2"}, ["Ethernet 2"]),
        ({"class": "suspected"}, ["Ethernet 2"]),
        ({"class": ["confirmed", "suspected"]}, ["Ethernet", "Ethernet 2"]),
        ({"query": "[?carries_management]"}, ["Ethernet"]),
        ({"toward": "203.0.113.1"}, ["Ethernet 2"]),
        ({"name": "nothing*"}, []),
        ({"mac": "AABBCCDDEE0?"}, ["Ethernet", "Ethernet 2"]),
    ],
)
def test_a_selection_limits_the_list(adapters: dict[str, Any], expected: list[str]) -> None:
    assert names(runner(host())(adapters=adapters)) == expected


def test_routes_are_read_for_toward_only() -> None:
    plain, routed = runner(host()), runner(host())
    plain(adapters={"name": "*"})
    routed(adapters={"toward": "203.0.113.1"})
    assert "enumerate MSFT_NetRoute" not in plain.host.log
    assert routed.host.log.count("enumerate MSFT_NetRoute") == 1


def test_rules_of_the_task_win() -> None:
    rule = {"id": "ours", "pci": "8086:1533", "class": "confirmed", "reason": "seen here", "source": "ticket"}
    result = runner(host())(rules=[rule])
    assert result["ansible_facts"]["windows_nics"][1]["assessment"] == {
        "class": "confirmed",
        "rule": "ours",
        "reason": "seen here",
        "source": "ticket",
    }


def test_records_are_read_when_asked_for() -> None:
    outcome = json.dumps({"format": 1, "outcome": "not_cured", "driver_version": "1", "at": "then"})
    registry = {UNDO.casefold(): {NAME: RECORD}, OUTCOME.casefold(): {NAME: outcome}}
    run = runner(host(registry=registry))
    first, second = run(undo_records=True)["ansible_facts"]["windows_nics"]
    assert (first["undo"]["original"], first["undo"]["written"]) == ("rx_tx", "tx")
    assert first["outcome"] == {"outcome": "not_cured", "driver_version": "1", "at": "then"}
    assert (second["undo"], second["outcome"]) == (None, None)
    assert run.host.writes == []
    assert run.host.log[7:] == [
        f"EnumValues {UNDO}",
        f"GetStringValue {UNDO} {NAME}",
        f"EnumValues {OUTCOME}",
        f"GetStringValue {OUTCOME} {NAME}",
    ]


def test_records_of_adapters_that_are_gone_are_told_of_whatever_is_selected() -> None:
    gone = f"{guid(9)}::{GRANULAR}"
    run = runner(host(registry={UNDO.casefold(): {NAME: RECORD, gone: RECORD}}))
    facts = run(undo_records=True, adapters={"name": "Ethernet 2"})["ansible_facts"]
    assert [(each["guid"], each["original"]) for each in facts["windows_nics_orphaned_records"]] == [(guid(9), "rx_tx")]
    assert "windows_nics_orphaned_records" not in runner(host())()["ansible_facts"]


def test_records_of_adapters_that_are_not_selected_are_not_read() -> None:
    run = runner(host(registry={UNDO.casefold(): {NAME: RECORD}}))
    run(undo_records=True, adapters={"name": "Ethernet 2"})
    assert [line for line in run.host.log if line.startswith("GetStringValue")] == []


def test_a_record_of_an_unknown_version_does_not_hide_the_facts() -> None:
    result = runner(host(registry={UNDO.casefold(): {NAME: '{"format": 7}'}}))(undo_records=True)
    assert "failed" not in result
    assert result["ansible_facts"]["windows_nics"][0]["undo"]["error"]["code"] == "undo_record_unknown_version"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"adapters": {"name": "Ethernet 9"}}, "adapter_not_found"),
        ({"adapters": {}}, "selection_empty"),
        ({"adapters": {"query": "[?"}}, "query_invalid"),
        ({"adapters": {"query": "[].name"}}, "query_result_unusable"),
        ({"adapters": {"class": "bad"}}, "invalid_arguments"),
        ({"adapters": {"nam": "x"}}, "invalid_arguments"),
        ({"adapters": {"toward": "192.0.2.10"}}, "bmc_is_host"),
        ({"adapters": {"toward": "bmc"}}, "selection_invalid"),
        ({"rules": [{"id": "x"}]}, "invalid_arguments"),
        (
            {"rules": [{"id": "x", "pci": "nonsense", "class": "confirmed", "reason": "r", "source": "s"}]},
            "rule_invalid",
        ),
        ({"undo_record": True}, "invalid_arguments"),
    ],
)
def test_bad_input_is_an_error_of_four_parts(arguments: dict[str, Any], code: str) -> None:
    run = runner(host())
    result = run(**arguments)
    assert result["failed"] is True
    assert result["error"]["code"] == code
    assert set(result["error"]) == {"code", "subject", "seen", "expected", "next_step"}
    assert all(result["error"].values())
    assert "ansible_facts" not in result
    if code in ("selection_empty", "query_invalid", "invalid_arguments", "rule_invalid", "selection_invalid"):
        assert run.opened == 0


def test_become_is_refused_before_anything_is_asked() -> None:
    run = ActionRunner(ActionModule, "nic_facts", host(), become=object())
    assert run()["error"]["code"] == "become_unsupported"
    assert run.opened == 0


def test_a_host_that_is_away_is_unreachable() -> None:
    result = runner(host(refusals=[Refusal("enumerate MSFT_NetAdapter", unreachable)]))()
    assert result["unreachable"] is True
    assert "failed" not in result


def test_several_adapters_of_one_mac_may_be_read() -> None:
    fake = host()
    fake.adapters[1].mac = fake.adapters[0].mac
    assert names(runner(fake)(adapters={"mac": "AABBCCDDEE01"})) == ["Ethernet", "Ethernet 2"]


def test_npcap_is_read_where_it_is_bound() -> None:
    key = r"software\wow6432node\microsoft\windows\currentversion\uninstall\npcapinst"
    bound = FakeHost(
        [FakeAdapter(1, address="192.0.2.10", bindings=("INSECURE_NPCAP",))],
        registry={key: {"DisplayVersion": "0.93"}},
        tables={"Win32_SystemDriver": [{"Name": "npcap", "Started": True}]},
    )
    assert runner(bound)()["ansible_facts"]["windows_nics_npcap"] == {
        "adapters": ["Ethernet"],
        "version": "0.93",
        "runs": True,
        "overrides_offload": True,
    }
    assert runner(host())()["ansible_facts"]["windows_nics_npcap"] is None
