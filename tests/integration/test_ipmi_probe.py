# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ipmi_probe through the real ansible-playbook: from simulated Windows hosts, and from the controller."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    CapabilitiesRequest,
    CapabilitiesResponse,
    unpack,
)
from tests.integration.running import PROJECT_ROOT, Run, play
from tests.labfixture import LabFactory, RunningLab
from tests.responder import Responder
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import answer_to

I211: Final = [{"model": "intel-i211", "network": 1}]
I219: Final = [{"model": "intel-i219", "network": 1}]
OPEN: Final = {"firewall": {"private": {"inbound": "allow"}}}
"""A firewall that lets in what nobody on the host has asked for, such as an answer from another port."""
KINDS: Final[dict[str, dict[str, Any]]] = {
    "affected": {"adapters": I211, "bmcs": [{"bmc": {"behaviour": "smdc"}}]},
    "healthy": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "ipmi20"}}]},
    "two": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "silent"}}, {"bmc": {"behaviour": "ipmi20"}}]},
    "old": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "ipmi15"}}]},
    "card": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "smdc"}}]},
    "acknowledging": {"adapters": I219, "bmcs": [{"bmc": {"acknowledges": True, "duplicates": True}}]},
    "ping-only": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "ping_only"}}]},
    "elsewhere": {"adapters": I219, "bmcs": [{"bmc": {"answers_from": "other_address"}}], "system": OPEN},
    "other-port": {"adapters": I219, "bmcs": [{"bmc": {"answers_from": "other_port"}}], "system": OPEN},
    "garbled": {"adapters": I219, "bmcs": [{"bmc": {"corrupts": "checksum2"}}]},
    "closed": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "closed"}}]},
    "firewalled": {"adapters": I219, "bmcs": [{"bmc": {}}], "system": {"outbound_firewall": "block"}},
    "unrouted": {"adapters": I219, "bmcs": [{"bmc": {}, "path": "unrouted"}]},
    "filtered": {"adapters": I219, "bmcs": [{"bmc": {}, "path": "filtered"}]},
    "own-port": {"adapters": I219, "bmcs": [{"bmc": {}, "path": "own_port"}]},
    "hidden-bmc": {"adapters": I219, "bmcs": [{"bmc": {"reachable_from": "hosts"}}]},
    "no-shell": {"adapters": I219, "bmcs": [{"bmc": {}}], "account": {"shell": False}},
    "constrained": {"adapters": I219, "bmcs": [{"bmc": {}}], "system": {"language_mode": "constrained"}},
    "no-read": {"adapters": I219, "bmcs": [{"bmc": {}}], "account": {"read": False}},
    "down": {"adapters": I219, "bmcs": [{"bmc": {}}], "wire": {"down": True}},
}
FLEET: Final = {
    "name": "probe",
    "description": "hosts and BMCs of every sort that a probe may meet",
    "kinds": {name: {"description": name, **kind} for name, kind in KINDS.items()},
    "hosts": [{"name": name, "kind": name} for name in KINDS],
}
PROBE: Final = {"bmc": "{{ udp_rx_offload_bmc }}", "port": "{{ udp_rx_offload_port | default(623) }}"}
LOCAL: Final = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(FLEET)


def probe_task(**changes: Any) -> dict[str, Any]:
    return {"name": "Probe", "remediation.windows_nic.ipmi_probe": {**PROBE, **changes}}


@pytest.fixture(scope="module")
def from_hosts(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Every host asks its BMCs, in one play."""
    return play(tmp_path_factory.mktemp("hosts"), lab.hosts, [probe_task()], arguments=["--forks", "20"])


@pytest.fixture(scope="module")
def from_controller(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The controller asks the same BMCs, whatever the hosts' connections are."""
    task = probe_task(vantage="controller")
    return play(tmp_path_factory.mktemp("controller"), lab.hosts, [task], arguments=["--forks", "20"])


def probe_of(run: Run, host: str, position: int = 0) -> dict[str, Any]:
    word, result = run.results()[host]
    assert word == "ok", result
    assert result["changed"] is False
    probe: dict[str, Any] = result["probes"][position]
    return probe


@pytest.mark.parametrize(
    ("host", "outcome", "reason"),
    [
        ("affected", "no_answer", None),
        ("healthy", "answered", None),
        ("old", "answered", None),
        ("card", "answered", None),
        ("acknowledging", "answered", None),
        ("ping-only", "answered", None),
        ("garbled", "answered", None),
        ("hidden-bmc", "answered", None),
        ("elsewhere", "answered_elsewhere", None),
        ("other-port", "answered_elsewhere", None),
        ("closed", "port_unreachable", None),
        ("firewalled", "blocked_outbound", None),
        ("unrouted", "no_route", None),
        ("filtered", "no_answer", None),
        ("own-port", "no_answer", None),
        ("no-shell", "probe_unavailable", "shell_denied"),
        ("constrained", "probe_unavailable", "constrained_language"),
        ("no-read", "answered", None),
    ],
)
def test_from_a_host_each_case_has_its_word(from_hosts: Run, host: str, outcome: str, reason: str | None) -> None:
    probe = probe_of(from_hosts, host)
    assert (probe["outcome"], probe["reason"]) == (outcome, reason)
    assert probe["vantage"] == "host"
    assert probe["silent"] is (outcome == "no_answer")


def test_a_host_that_is_down_is_unreachable_and_nothing_failed(from_hosts: Run) -> None:
    assert from_hosts.results()["down"][0] == "UNREACHABLE"
    counts = from_hosts.recap()
    assert [host for host, each in counts.items() if each["unreachable"]] == ["down"]
    assert not [host for host, each in counts.items() if each["failed"]]


def test_the_deaf_host_counts_its_errors_and_has_a_way_to_the_bmc(from_hosts: Run) -> None:
    probe = probe_of(from_hosts, "affected")
    assert probe["attempt_outcomes"] == ["no_answer"] * 3
    assert probe["replies"] == []
    assert probe["round_trip_ms"] is None
    assert probe["udp_errors"]["after"] > probe["udp_errors"]["before"]
    assert probe["path"]["icmp"] == "answered"
    assert probe["path"]["neighbour"]["state"] in ("reachable", "stale", "permanent")
    assert probe["path"]["physical"] == [probe["path"]["adapter"]]


def test_a_healthy_host_hears_every_answer(from_hosts: Run, lab: RunningLab) -> None:
    probe = probe_of(from_hosts, "healthy")
    assert (probe["answers"], probe["attempts"]) == (3, 3)
    assert probe["ipmi_versions"] == ["1.5", "2.0"]
    assert len(probe["replies"]) == 6
    assert probe["udp_errors"]["after"] == probe["udp_errors"]["before"]
    assert probe["source_address"] == lab.address("healthy")


@pytest.mark.parametrize("host", ["old", "card"])
def test_a_bmc_of_ipmi_15_refuses_the_extended_question_and_answers_the_plain_one(from_hosts: Run, host: str) -> None:
    probe = probe_of(from_hosts, host)
    assert probe["ipmi_versions"] == ["1.5"]
    assert probe["answers"] == 3
    codes = [
        message.completion_code
        for each in probe["replies"]
        if isinstance(message := unpack(bytes.fromhex(each)), CapabilitiesResponse)
    ]
    assert codes == [0xCC, 0, 0xCC]


def test_several_bmcs_of_a_host_are_told_apart(from_hosts: Run) -> None:
    assert [probe_of(from_hosts, "two", position)["silent"] for position in (0, 1)] == [True, False]


def test_an_acl_and_the_own_bmc_show_in_the_path(from_hosts: Run) -> None:
    assert probe_of(from_hosts, "filtered")["path"]["icmp"] == "silent"
    assert probe_of(from_hosts, "own-port")["path"]["own_bmc"] is True
    assert probe_of(from_hosts, "healthy")["path"]["own_bmc"] is False


def test_without_the_right_to_read_the_probe_is_made_all_the_same(from_hosts: Run) -> None:
    probe = probe_of(from_hosts, "no-read")
    assert probe["path"] is None
    assert probe["path_error"]
    assert probe["udp_errors"] is None
    assert probe["answers"] == 3


def test_a_probe_of_several_bmcs_opens_one_shell_in_one_session(from_hosts: Run, lab: RunningLab) -> None:
    assert from_hosts.returncode == 4
    assert lab.state()["two"]["relay_calls"] == 1
    assert lab.state()["two"]["winrm"] == {"shells_open": 0, "shells_opened": 1, "enumerations_open": 0}
    assert lab.sessions("two") == 1


def test_a_probe_from_the_controller_asks_no_windows_host(lab: RunningLab, tmp_path: Path) -> None:
    before = len(lab.requests("two", authentication=True))
    run = play(tmp_path, {"two": lab.hosts["two"]}, [probe_task(vantage="controller", wait_ms=300)])
    assert [probe_of(run, "two", position)["silent"] for position in (0, 1)] == [True, False]
    assert len(lab.requests("two", authentication=True)) == before


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        ("affected", "answered"),
        ("healthy", "answered"),
        ("old", "answered"),
        ("elsewhere", "answered_elsewhere"),
        ("closed", "port_unreachable"),
        ("hidden-bmc", "no_answer"),
        ("no-shell", "answered"),
        ("down", "answered"),
    ],
)
def test_the_controller_hears_what_a_deaf_host_does_not(from_controller: Run, host: str, outcome: str) -> None:
    probe = probe_of(from_controller, host)
    assert (probe["outcome"], probe["vantage"]) == (outcome, "controller")
    assert (probe["path"], probe["udp_errors"], probe["reused"]) == (None, None, False)
    assert probe["source_address"] == "127.0.0.1"


def test_a_witness_asks_in_place_of_the_host(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {name: lab.hosts[name] for name in ("affected", "healthy")}
    task = {**probe_task(), "delegate_to": "healthy", "run_once": True}
    run = play(tmp_path, hosts, [task], arguments=["--limit", "affected"])
    word, result = run.results()["affected"]
    assert word == "ok"
    assert result["probes"][0]["outcome"] == "answered"
    assert result["probes"][0]["source_address"] == lab.address("healthy")


def test_check_mode_asks_as_always(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {"healthy": lab.hosts["healthy"]}
    run = play(tmp_path, hosts, [probe_task(interval_ms=200)], arguments=["--check", "--diff"])
    assert probe_of(run, "healthy")["outcome"] == "answered"


EXPECTATIONS: Final = [
    ("answer", "affected", "FAILED"),
    ("answer", "healthy", "ok"),
    ("silence", "healthy", "FAILED"),
    ("silence", "affected", "ok"),
    ("answer", "no-shell", "FAILED"),
]


def test_the_expectation_decides(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {f"{expect}-{host}": {**lab.hosts[host], "expect": expect} for expect, host, _unused in EXPECTATIONS}
    run = play(tmp_path, hosts, [probe_task(expect="{{ expect }}", interval_ms=300, wait_ms=500)])
    assert run.returncode == 2
    for expect, host, word in EXPECTATIONS:
        found, result = run.results()[f"{expect}-{host}"]
        assert found == word
        assert len(result["probes"]) == 1
        if word == "FAILED":
            assert result["error"]["code"] == "expectation_not_met"
            assert result["probes"][0]["bmc"] in result["msg"]


BAD_INPUT: Final[list[tuple[dict[str, Any], str]]] = [
    ({"bmc": []}, "bmc_list_empty"),
    ({"bmc": ["{{ ansible_host }}"]}, "bmc_is_host"),
    ({"bmc": ["2001:db8::20"]}, "bmc_not_ipv4"),
    ({"bmc": ["bmc.invalid"]}, "bmc_unresolvable"),
    ({"bmc": ["127.2.0"]}, "bmc_name_invalid"),
    ({"bmc": ["255.255.255.255"]}, "bmc_not_unicast"),
    ({"port": 70000}, "option_out_of_range"),
    ({"port": 0}, "option_out_of_range"),
    ({"attempts": 2}, "option_out_of_range"),
    ({"source": "192.0.2"}, "source_not_ipv4"),
]


def test_bad_input_gives_four_parts_and_no_shell(module_lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = module_lab_factory({**FLEET, "hosts": [{"name": "healthy", "kind": "healthy"}]})
    task = {
        "remediation.windows_nic.ipmi_probe": {
            "bmc": "{{ item.bmc | default(udp_rx_offload_bmc) }}",
            "port": "{{ item.port | default(623) }}",
            "attempts": "{{ item.attempts | default(3) }}",
            "source_address": "{{ item.source | default(omit) }}",
        },
        "loop": [case for case, _unused in BAD_INPUT],
        "ignore_errors": True,
        "register": "bad",
    }
    show = {"ansible.builtin.debug": {"var": "bad.results"}}
    run = play(tmp_path, lab.hosts, [task, show])
    _unused, result = run.results()["healthy"]
    errors = [each["error"] for each in result["bad.results"]]
    assert [each["code"] for each in errors] == [code for _unused, code in BAD_INPUT]
    for each in errors:
        assert all(each[part] for part in ("subject", "seen", "expected", "next_step"))
    assert "Create" not in [line["action"] for line in lab.requests("healthy")]
    assert "Traceback" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "x"}, "become_unsupported"),
        ({"ansible_connection": "local"}, "connection_unsupported"),
    ],
)
def test_become_and_other_connections_are_refused_from_a_host(
    lab: RunningLab, tmp_path: Path, variables: dict[str, Any], code: str
) -> None:
    run = play(tmp_path, {"healthy": {**lab.hosts["healthy"], **variables}}, [probe_task()])
    word, result = run.results()["healthy"]
    assert (word, result["error"]["code"]) == ("FAILED", code)


@pytest.fixture
def bmc() -> Iterator[Responder]:
    with Responder(lambda datagram: [answer_to(datagram)]) as responder:
        yield responder


def local_hosts(count: int) -> dict[str, dict[str, Any]]:
    return {f"host{number}": LOCAL for number in range(count)}


def controller_task(bmc: Responder, **changes: Any) -> dict[str, Any]:
    options = {"bmc": bmc.address, "port": bmc.port, "vantage": "controller", "interval_ms": 200, "wait_ms": 300}
    return {"remediation.windows_nic.ipmi_probe": {**options, **changes}}


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_play_asks_each_bmc_once_under_any_strategy(bmc: Responder, tmp_path: Path, strategy: str) -> None:
    run = play(tmp_path, local_hosts(8), [controller_task(bmc, reuse_seconds=300)], keywords={"strategy": strategy})
    probes = [probe_of(run, host) for host in local_hosts(8)]
    assert sorted(probe["reused"] for probe in probes) == [False] + [True] * 7
    assert len({probe["asked_at"] for probe in probes}) == 1
    assert len(bmc.received) == 6


def test_a_later_task_asks_again_for_what_comes_after_a_change(bmc: Responder, tmp_path: Path) -> None:
    first = {**controller_task(bmc, reuse_seconds=300), "register": "first"}
    second = controller_task(bmc, reuse_seconds=300, asked_after="{{ first.probes[0].asked_at }}")
    run = play(tmp_path, local_hosts(4), [first, second])
    probes = [probe_of(run, host) for host in local_hosts(4)]
    assert sorted(probe["reused"] for probe in probes) == [False, True, True, True]
    assert len(bmc.received) == 12


def test_another_run_shares_nothing(bmc: Responder, tmp_path: Path) -> None:
    for _unused in range(2):
        run = play(tmp_path, local_hosts(1), [controller_task(bmc, reuse_seconds=300)])
        assert probe_of(run, "host0")["reused"] is False
    assert len(bmc.received) == 12


def test_at_most_two_probes_of_a_bmc_run_at_a_time(bmc: Responder, tmp_path: Path) -> None:
    run = play(tmp_path, local_hosts(6), [controller_task(bmc)])
    assert {probe_of(run, host)["answers"] for host in local_hosts(6)} == {3}
    ports = [port for _unused, port in bmc.received]
    assert len(ports) == 36
    spans = [(ports.index(port), len(ports) - 1 - ports[::-1].index(port)) for port in dict.fromkeys(ports)]
    together = [sum(first <= moment <= last for first, last in spans) for moment in range(len(ports))]
    assert max(together) == 2


def error_code(question: bytes) -> bytes:
    """An error code for the request, and a bare RMCP acknowledgement for the ping."""
    asked = unpack(question)
    if isinstance(asked, CapabilitiesRequest):
        return CapabilitiesResponse(asked.sequence, 0xC1, None).pack()
    return b"\x06\x00\xff\x86"


ODD_ANSWERS: Final[dict[str, tuple[Callable[[bytes], bytes], str, str]]] = {
    "short": (lambda question: answer_to(question)[:-1], "malformed", "wrong_length"),
    "echo": (lambda question: question, "malformed", "question_echoed"),
    "noise": (lambda _unused: b"hello", "malformed", "not_rmcp"),
    "code": (error_code, "answered_with_error_code", "0xC1"),
}


def test_odd_answers_have_their_words(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(Responder(lambda question, odd=odd: [odd(question)])).port
            for name, (odd, _unused, _unused) in ODD_ANSWERS.items()
        }
        hosts = {name: {**LOCAL, "port": port} for name, port in ports.items()}
        options = {"bmc": "127.0.0.1", "port": "{{ port }}", "vantage": "controller", "wait_ms": 300}
        run = play(tmp_path, hosts, [{"remediation.windows_nic.ipmi_probe": options}])
    for name, (_unused, outcome, evidence) in ODD_ANSWERS.items():
        probe = probe_of(run, name)
        assert probe["outcome"] == outcome
        assert evidence in probe["detail"]
        assert probe["silent"] is False


def test_the_examples_run_as_written(lab: RunningLab, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "plugins" / "modules" / "ipmi_probe.yml").read_text(encoding="utf-8")
    examples = yaml.safe_load(yaml.safe_load(text)["EXAMPLES"])
    hosts = {
        "healthy": {
            **lab.hosts["healthy"],
            "bmc_address": lab.hosts["healthy"]["udp_rx_offload_bmc"][0],
            "bmc_port": lab.bmc_port,
        }
    }
    run = play(tmp_path, hosts, examples)
    assert run.returncode == 0, run.stdout
    assert run.recap()["healthy"]["ok"] == len(examples)
