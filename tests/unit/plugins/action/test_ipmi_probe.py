# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.remediation.windows_nic.plugins.action.ipmi_probe import ActionModule
from ansible_collections.remediation.windows_nic.plugins.doc_fragments.probe import ModuleDocFragment
from tests.conftest import PROJECT_ROOT
from tests.responder import Responder
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.action.probing import ONE, OTHER, ProbingHost, neighbour, probing_host
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import answer_to
from tests.unit.plugins.plugin_utils._nic.fakehost import Refusal, fault, lost

BMC = ONE
FAST: dict[str, Any] = {"interval_ms": 100, "wait_ms": 100}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ProbingHost:
    return probing_host(monkeypatch, str(tmp_path), answer_to)


@pytest.fixture
def run(host: ProbingHost) -> ActionRunner:
    return ActionRunner(ActionModule, "ipmi_probe", host)


def test_a_probe_from_the_host(run: ActionRunner, host: ProbingHost) -> None:
    result = run(bmc=[BMC])
    (probe,) = result.pop("probes")
    assert result == {"changed": False, "vantage": "host"}
    path = probe.pop("path")
    assert probe.pop("asked_at") > 0
    assert len(probe.pop("replies")) == 6
    assert probe == {
        "bmc": BMC,
        "address": BMC,
        "port": 623,
        "vantage": "host",
        "outcome": "answered",
        "reason": None,
        "detail": f"{BMC} port 623 answered 3 of 3 attempts",
        "answers": 3,
        "attempts": 3,
        "attempt_outcomes": ["answered"] * 3,
        "silent": False,
        "round_trip_ms": 2.0,
        "source_address": "192.0.2.10",
        "ipmi_versions": ["1.5", "2.0"],
        "udp_errors": {"before": 10, "after": 13},
    }
    assert (path["adapter"], path["on_link"], path["icmp"]) == ("Ethernet", True, "answered")
    assert run.opened == 1
    assert host.writes == []


def test_path_and_counter_are_read_before_the_datagrams_leave(run: ActionRunner, host: ProbingHost) -> None:
    run(bmc=[BMC])
    assert host.log.count("relay") == 1
    order = [host.log.index(each) for each in ("enumerate MSFT_NetNeighbor", "enumerate Win32_PerfRawData_Tcpip_UDPv4")]
    assert order == sorted(order)
    assert host.log[-2:] == ["relay", "enumerate Win32_PerfRawData_Tcpip_UDPv4"]


def test_several_bmcs_take_one_shell(run: ActionRunner, host: ProbingHost) -> None:
    host.silent = [OTHER]
    result = run(bmc=[OTHER, BMC], port=1623)
    assert [(each["bmc"], each["outcome"], each["silent"]) for each in result["probes"]] == [
        (OTHER, "no_answer", True),
        (BMC, "answered", False),
    ]
    assert [each["path"]["icmp"] for each in result["probes"]] == ["silent", "answered"]
    assert len(host.requests) == 1
    assert {send["port"] for send in host.requests[0]["sends"]} == {1623}


def test_two_names_of_one_bmc_are_two_results_of_one_question(
    run: ActionRunner, host: ProbingHost, monkeypatch: Any
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_unused: [(2, 2, 17, "", (BMC, 0))])
    result = run(bmc=["card.example", BMC])
    assert [(each["bmc"], each["address"]) for each in result["probes"]] == [("card.example", BMC), (BMC, BMC)]
    assert len(host.requests[0]["sends"]) == 6


@pytest.mark.parametrize(("state", "sacrificed"), [(5, False), (4, False), (6, False), (0, True), (1, True)])
def test_a_datagram_is_sacrificed_for_an_unresolved_neighbour(
    run: ActionRunner, host: ProbingHost, state: int, sacrificed: bool
) -> None:
    host.neighbours = [neighbour(state)]
    result = run(bmc=[BMC])
    assert len(host.requests[0]["sends"]) == 6 + sacrificed
    assert result["probes"][0]["answers"] == 3


def test_without_a_neighbour_a_datagram_is_sacrificed(run: ActionRunner, host: ProbingHost) -> None:
    host.neighbours = []
    run(bmc=[BMC])
    assert len(host.requests[0]["sends"]) == 7


def test_timing_and_source_go_to_the_relay(run: ActionRunner, host: ProbingHost) -> None:
    result = run(bmc=[BMC], attempts=4, interval_ms=300, wait_ms=900, source_address="192.0.2.11")
    (request,) = host.requests
    assert (request["source"], request["wait_ms"]) == ("192.0.2.11", 900)
    assert [send["after_ms"] for send in request["sends"]] == [0, 150, 300, 450, 600, 750, 900, 1050]
    assert result["probes"][0]["source_address"] == "192.0.2.11"


def test_a_path_that_can_not_be_read_is_told_and_the_probe_made(run: ActionRunner, host: ProbingHost) -> None:
    host.refusals = [Refusal("MSFT_NetIPAddress", lambda: fault(fault_code=5))]
    (probe,) = run(bmc=[BMC])["probes"]
    assert probe["path"] is None
    assert "MSFT" not in probe["outcome"]
    assert probe["path_error"] == str(fault(fault_code=5))
    assert (probe["outcome"], probe["source_address"]) == ("answered", None)
    assert len(host.requests[0]["sends"]) == 7


def test_without_a_counter_there_are_no_udp_errors(run: ActionRunner, host: ProbingHost) -> None:
    host.counter = None
    assert run(bmc=[BMC])["probes"][0]["udp_errors"] is None
    assert host.log.count("enumerate Win32_PerfRawData_Tcpip_UDPv4") == 1


def test_without_the_right_to_a_shell_the_task_does_not_fail(run: ActionRunner, host: ProbingHost) -> None:
    host.shell_error = fault(fault_code=5)
    result = run(bmc=[BMC])
    assert "failed" not in result
    (probe,) = result["probes"]
    assert (probe["outcome"], probe["reason"]) == ("probe_unavailable", "shell_denied")
    assert (probe["attempts"], probe["attempt_outcomes"], probe["silent"]) == (0, [], False)
    assert probe["udp_errors"] is None
    assert host.log[-1] == "relay"


def test_the_hosts_own_address_is_refused_before_a_datagram_leaves(run: ActionRunner, host: ProbingHost) -> None:
    result = run(bmc=["192.0.2.10"])
    assert result["failed"]
    assert result["error"]["code"] == "bmc_is_host"
    assert "relay" not in host.log


def test_a_lost_host_is_unreachable(run: ActionRunner, host: ProbingHost) -> None:
    host.refusals = [Refusal("MSFT_NetNeighbor", lost)]
    result = run(bmc=[BMC])
    assert result["unreachable"]
    assert "failed" not in result
    assert result["error"]["code"] == "connection_lost"


def test_check_mode_asks_as_always(run: ActionRunner, host: ProbingHost) -> None:
    assert run(check=True, bmc=[BMC])["probes"][0]["outcome"] == "answered"
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "invalid_arguments"),
        ({"bmc": [BMC], "expect": "hope"}, "invalid_arguments"),
        ({"bmc": [BMC], "vantage": "moon"}, "invalid_arguments"),
        ({"bmc": [BMC], "count": 3}, "invalid_arguments"),
        ({"bmc": [BMC], "port": "ipmi"}, "invalid_arguments"),
        ({"bmc": []}, "bmc_list_empty"),
        ({"bmc": ["2001:db8::20"]}, "bmc_not_ipv4"),
        ({"bmc": [BMC], "port": 70000}, "option_out_of_range"),
        ({"bmc": [BMC], "attempts": 2}, "option_out_of_range"),
        ({"bmc": [BMC], "source_address": "here"}, "source_not_ipv4"),
    ],
)
def test_bad_input_is_refused_before_anything_is_touched(
    run: ActionRunner, host: ProbingHost, arguments: dict[str, Any], code: str
) -> None:
    result = run(**arguments)
    assert result["failed"]
    assert result["error"]["code"] == code
    assert all(result["error"].values())
    assert run.opened == 0
    assert host.log == []


@pytest.mark.parametrize(
    ("expect", "silent", "fails"),
    [
        ("any", [BMC, OTHER], False),
        ("answer", [OTHER], True),
        ("answer", [], False),
        ("silence", [OTHER], True),
        ("silence", [BMC, OTHER], False),
    ],
)
def test_what_is_expected_decides(
    run: ActionRunner, host: ProbingHost, expect: str, silent: list[str], fails: bool
) -> None:
    host.silent = silent
    result = run(bmc=[BMC, OTHER], expect=expect)
    assert len(result["probes"]) == 2
    assert result["vantage"] == "host"
    assert bool(result.get("failed")) is fails
    if fails:
        assert result["error"]["code"] == "expectation_not_met"
        assert (OTHER if expect == "answer" else BMC) in result["msg"]


def test_a_directory_that_can_not_be_trusted_is_told_and_the_probe_made(
    run: ActionRunner, host: ProbingHost, tmp_path: Path
) -> None:
    (tmp_path / "remediation.windows_nic.probes").mkdir()
    (tmp_path / "remediation.windows_nic.probes").chmod(0o777)
    result = run(bmc=[BMC])
    assert result["probes"][0]["outcome"] == "answered"
    (warning,) = result["warnings"]
    assert "not paced" in warning


@pytest.fixture
def responder() -> Any:
    with Responder(lambda datagram: [answer_to(datagram)]) as started:
        yield started


def test_a_probe_from_the_controller_touches_no_host(
    run: ActionRunner, host: ProbingHost, responder: Responder, tmp_path: Path
) -> None:
    run.become = object()
    result = run(bmc=["127.0.0.1"], port=responder.port, vantage="controller", **FAST)
    (probe,) = result["probes"]
    assert (result["changed"], result["vantage"], probe["vantage"]) == (False, "controller", "controller")
    assert (probe["outcome"], probe["answers"], probe["source_address"]) == ("answered", 3, "127.0.0.1")
    assert (probe["path"], probe["udp_errors"], probe["reused"]) == (None, None, False)
    assert probe["ipmi_versions"] == ["1.5", "2.0"]
    assert len(responder.received) == 6
    assert run.opened == 0
    assert host.log == []
    assert not list((tmp_path / "remediation.windows_nic.probes").glob("*.json"))


def test_the_next_host_takes_the_answer_of_the_first(run: ActionRunner, responder: Responder) -> None:
    ask: Callable[..., Any] = lambda **more: run(  # noqa: E731
        bmc=["127.0.0.1"], port=responder.port, vantage="controller", reuse_seconds=60, **FAST, **more
    )["probes"][0]
    first, second = ask(), ask()
    assert (first["reused"], second["reused"]) == (False, True)
    assert {**second, "reused": False} == first
    assert len(responder.received) == 6
    third = ask(asked_after=first["asked_at"])
    assert not third["reused"]
    assert len(responder.received) == 12


def test_a_source_that_the_controller_has_not_is_no_silence(run: ActionRunner) -> None:
    (probe,) = run(bmc=["127.0.0.1"], vantage="controller", source_address="192.0.2.1", **FAST)["probes"]
    assert (probe["outcome"], probe["reason"], probe["silent"]) == ("probe_unavailable", "source_unusable", False)
    assert probe["source_address"] == "192.0.2.1"


def documented_options() -> dict[str, Any]:
    module = yaml.safe_load((PROJECT_ROOT / "plugins" / "modules" / "ipmi_probe.yml").read_text(encoding="utf-8"))
    fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)
    return {**fragment["options"], **module["DOCUMENTATION"]["options"]}


def test_options_are_those_that_the_documentation_names() -> None:
    documented = documented_options()
    assert set(documented) == set(ActionModule.argument_spec)
    for name, option in ActionModule.argument_spec.items():
        told = documented[name]
        assert told.get("default") == option.get("default"), name
        assert told["type"] == option["type"], name
        assert told.get("elements") == option.get("elements"), name
        assert told.get("required", False) == option.get("required", False), name
        assert list(told.get("choices", [])) == option.get("choices", []), name


def test_returned_keys_are_those_that_the_documentation_names(run: ActionRunner, host: ProbingHost) -> None:
    text = (PROJECT_ROOT / "plugins" / "modules" / "ipmi_probe.yml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)["RETURN"]["probes"]["contains"]
    from_host = run(bmc=[BMC])["probes"][0]
    from_controller = run(bmc=[BMC], vantage="controller", source_address="192.0.2.1")["probes"][0]
    assert set(told) == {*from_host, *from_controller, "path_error"}
    assert set(told["path"]["contains"]) == set(from_host["path"])
    assert set(told["path"]["contains"]["neighbour"]["contains"]) == set(from_host["path"]["neighbour"])
    assert set(told["udp_errors"]["contains"]) == set(from_host["udp_errors"])
