# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""udp_probe through the real ansible-playbook: an ASF presence ping, given as bytes, to the BMCs of simulated hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.integration.running import PROJECT_ROOT, Run, play
from tests.labfixture import LabFactory, RunningLab

I211: Final = [{"model": "intel-i211", "network": 1}]
I219: Final = [{"model": "intel-i219", "network": 1}]
KINDS: Final[dict[str, dict[str, Any]]] = {
    "affected": {"adapters": I211, "bmcs": [{"bmc": {"behaviour": "smdc"}}]},
    "healthy": {"adapters": I219, "bmcs": [{"bmc": {}}]},
    "closed": {"adapters": I219, "bmcs": [{"bmc": {"behaviour": "closed"}}]},
    "no-shell": {"adapters": I219, "bmcs": [{"bmc": {}}], "account": {"shell": False}},
}
FLEET: Final = {
    "name": "service",
    "description": "hosts with a UDP service each",
    "kinds": {name: {"description": name, **kind} for name, kind in KINDS.items()},
    "hosts": [{"name": name, "kind": name} for name in KINDS],
}
PING: Final = {"payload": "06 00 ff 06 000011be 80 {n} 00 00", "reply": "06 00 ?? 06 000011be 40 {n} 00 10 *"}
QUICK: Final = {"interval_ms": 200, "wait_ms": 500}
MODULE: Final = "remediation.windows_nic.udp_probe"

QUESTIONS: Final[dict[str, dict[str, Any]]] = {
    "ping": PING,
    "other": {**PING, "reply": "06 00 ?? 07 *"},
    "controller": {**PING, "vantage": "controller"},
    "number": {"payload": 600},
    "own": {**PING, "target": "{{ ansible_host }}"},
    "silence": {**PING, "expect": "silence"},
}
"""What each host asks, in one play."""


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(FLEET)


@pytest.fixture(scope="module")
def asked(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    to = {"target": "{{ udp_rx_offload_bmc }}", "port": "{{ udp_rx_offload_port | default(623) }}", **QUICK}
    tasks: list[dict[str, Any]] = [
        {MODULE: {**to, **options}, "register": f"asked_{name}", "ignore_errors": True}
        for name, options in QUESTIONS.items()
    ]
    show = {name: f"{{{{ asked_{name} }}}}" for name in QUESTIONS}
    tasks += [{"ansible.builtin.set_fact": {"asked": show}}, {"ansible.builtin.debug": {"var": "asked"}}]
    return play(tmp_path_factory.mktemp("asked"), lab.hosts, tasks)


def result_of(run: Run, host: str, question: str) -> dict[str, Any]:
    word, shown = run.results()[host]
    assert word == "ok", shown
    result: dict[str, Any] = shown["asked"][question]
    assert result["changed"] is False
    return result


def probe_of(run: Run, host: str, question: str) -> dict[str, Any]:
    (probe,) = result_of(run, host, question)["probes"]
    found: dict[str, Any] = probe
    return found


@pytest.mark.parametrize(
    ("host", "question", "outcome", "reason"),
    [
        ("affected", "ping", "no_answer", None),
        ("affected", "controller", "answered", None),
        ("healthy", "ping", "answered", None),
        ("healthy", "other", "malformed", None),
        ("healthy", "controller", "answered", None),
        ("closed", "ping", "port_unreachable", None),
        ("closed", "controller", "port_unreachable", None),
        ("no-shell", "ping", "probe_unavailable", "shell_denied"),
        ("no-shell", "controller", "answered", None),
    ],
)
def test_each_case_has_the_word_that_it_has_with_ipmi(
    asked: Run, host: str, question: str, outcome: str, reason: str | None
) -> None:
    probe = probe_of(asked, host, question)
    assert (probe["outcome"], probe["reason"]) == (outcome, reason)
    assert probe["silent"] is (outcome == "no_answer")


def test_the_deaf_host_counts_its_errors_and_has_a_way(asked: Run) -> None:
    probe = probe_of(asked, "affected", "ping")
    assert probe["replies"] == []
    assert probe["udp_errors"]["after"] > probe["udp_errors"]["before"]
    assert probe["path"]["icmp"] == "answered"


def test_a_healthy_host_hears_the_answer_to_each_question(asked: Run, lab: RunningLab) -> None:
    probe = probe_of(asked, "healthy", "ping")
    assert (probe["answers"], probe["attempts"]) == (3, 3)
    assert [reply[16:20] for reply in probe["replies"]] == ["4001", "4002", "4003"]
    assert probe["source_address"] == lab.address("healthy")
    assert probe["target"] == probe["address"] == lab.hosts["healthy"]["udp_rx_offload_bmc"][0]


def test_a_reply_that_does_not_fit_is_shown(asked: Run) -> None:
    probe = probe_of(asked, "healthy", "other")
    assert len(probe["replies"]) == 3
    assert probe["detail"].endswith(": unlike_reply")


@pytest.mark.parametrize(
    ("host", "question", "code"),
    [
        ("healthy", "number", "payload_not_text"),
        ("healthy", "own", "target_is_host"),
        ("healthy", "silence", "expectation_not_met"),
        ("affected", "silence", None),
    ],
)
def test_what_fails_says_why(asked: Run, host: str, question: str, code: str | None) -> None:
    result = result_of(asked, host, question)
    assert result["failed"] is (code is not None)
    assert result.get("error", {}).get("code") == code


def test_the_examples_run_as_written(lab: RunningLab, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "plugins" / "modules" / "udp_probe.yml").read_text(encoding="utf-8")
    examples = yaml.safe_load(yaml.safe_load(text)["EXAMPLES"])
    address, port = lab.hosts["healthy"]["udp_rx_offload_bmc"][0], lab.bmc_port
    addresses = dict.fromkeys(("dns_server", "snmp_agent", "ntp_server", "bmc_address"), address)
    ports = dict.fromkeys(("dns_port", "snmp_port", "ntp_port", "bmc_port"), port)
    run = play(
        tmp_path,
        {"healthy": {**lab.hosts["healthy"], **addresses, **ports}},
        examples,
        keywords={"module_defaults": {MODULE: QUICK}},
    )
    assert run.returncode == 0, run.stdout
    assert run.recap()["healthy"]["ok"] == len(examples)
