# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.action.udp_probe import ActionModule
from tests.responder import Responder
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.action.probing import ONE, OTHER, OWN, ProbingHost, probing_host
from tests.unit.plugins.action.services import REPLIES, documented_probe, documented_question
from tests.unit.plugins.plugin_utils._udp.stand_ins import answer_to

ASKED: dict[str, Any] = {"port": 7, "payload": "a5 {n}", "reply": "5a {n}"}
FAST: dict[str, Any] = {"interval_ms": 100, "wait_ms": 100}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ProbingHost:
    return probing_host(monkeypatch, str(tmp_path), answer_to)


@pytest.fixture
def run(host: ProbingHost) -> ActionRunner:
    return ActionRunner(ActionModule, "udp_probe", host)


def test_a_probe_from_the_host(run: ActionRunner, host: ProbingHost) -> None:
    result = run(target=[ONE], **ASKED)
    (probe,) = result.pop("probes")
    assert result == {"changed": False, "vantage": "host"}
    path = probe.pop("path")
    assert probe.pop("asked_at") > 0
    assert probe == {
        "target": ONE,
        "address": ONE,
        "port": 7,
        "vantage": "host",
        "outcome": "answered",
        "reason": None,
        "detail": f"{ONE} port 7 answered 3 of 3 attempts",
        "answers": 3,
        "attempts": 3,
        "attempt_outcomes": ["answered"] * 3,
        "silent": False,
        "round_trip_ms": 2.0,
        "source_address": OWN,
        "replies": ["5a01", "5a02", "5a03"],
        "udp_errors": {"before": 10, "after": 13},
    }
    assert (path["adapter"], path["icmp"]) == ("Ethernet", "answered")
    assert [(send["hex"], send["port"]) for send in host.requests[0]["sends"]] == [
        ("a501", 7),
        ("a502", 7),
        ("a503", 7),
    ]
    assert host.writes == []


def test_the_datagram_ahead_has_the_number_0(run: ActionRunner, host: ProbingHost) -> None:
    host.neighbours = []
    (probe,) = run(target=[ONE], **ASKED)["probes"]
    assert [send["hex"] for send in host.requests[0]["sends"]] == ["a500", "a501", "a502", "a503"]
    assert (probe["attempts"], probe["answers"], len(probe["replies"])) == (3, 3, 4)


def test_any_reply_will_do_where_none_is_described(run: ActionRunner, host: ProbingHost) -> None:
    host.answer = lambda _payload: b"whatever"
    (probe,) = run(target=[ONE], port=7, payload="00")["probes"]
    assert (probe["outcome"], probe["answers"]) == ("answered", 3)


def test_what_does_not_fit_is_malformed_and_shown(run: ActionRunner, host: ProbingHost) -> None:
    host.answer = lambda payload: b"\x5b" + payload[1:]
    (probe,) = run(target=[ONE], **ASKED)["probes"]
    assert (probe["outcome"], probe["answers"], probe["silent"]) == ("malformed", 0, False)
    assert probe["replies"] == ["5b01", "5b02", "5b03"]
    assert probe["detail"].endswith(": unlike_reply")


def test_a_deaf_host_is_silent_where_another_target_answers(run: ActionRunner, host: ProbingHost) -> None:
    host.silent = [ONE]
    result = run(target=[ONE, OTHER], expect="answer", **ASKED)
    assert [probe["silent"] for probe in result["probes"]] == [True, False]
    assert (result["failed"], result["error"]["code"]) == (True, "expectation_not_met")
    assert "answer from every target" in result["msg"]


def test_check_mode_asks_as_always(run: ActionRunner, host: ProbingHost) -> None:
    assert run(check=True, target=[ONE], **ASKED)["probes"][0]["outcome"] == "answered"
    assert len(host.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"target": [ONE], "port": 7}, "invalid_arguments"),
        ({"target": [ONE], "payload": "00"}, "invalid_arguments"),
        ({"port": 7, "payload": "00"}, "invalid_arguments"),
        ({"target": [ONE], **ASKED, "bmc": [ONE]}, "invalid_arguments"),
        ({"target": [], **ASKED}, "target_list_empty"),
        ({"target": ["2001:db8::20"], **ASKED}, "target_not_ipv4"),
        ({"target": ["192.0.2.20:7"], **ASKED}, "target_name_invalid"),
        ({"target": ["255.255.255.255"], **ASKED}, "target_not_unicast"),
        ({"target": [ONE], **ASKED, "port": 0}, "option_out_of_range"),
        ({"target": [ONE], **ASKED, "port": 65536}, "option_out_of_range"),
        ({"target": [ONE], **ASKED, "attempts": 2}, "option_out_of_range"),
        ({"target": [ONE], **ASKED, "payload": 384}, "payload_not_text"),
        ({"target": [ONE], **ASKED, "payload": ""}, "payload_empty"),
        ({"target": [ONE], **ASKED, "payload": "hello"}, "payload_not_hex"),
        ({"target": [ONE], **ASKED, "payload": "00" * 1473}, "payload_too_long"),
        ({"target": [ONE], **ASKED, "reply": "5a ?"}, "reply_not_hex"),
        ({"target": [ONE], **ASKED, "reply": 12e3}, "reply_not_text"),
        ({"target": [ONE], **ASKED, "payload": "a5"}, "reply_number_not_sent"),
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


def test_from_the_controller_each_question_is_asked_once(run: ActionRunner, host: ProbingHost) -> None:
    with Responder(lambda datagram: [answer_to(datagram)]) as responder:
        options = {**ASKED, "port": responder.port, "vantage": "controller", "reuse_seconds": 60, **FAST}
        probes = [run(target=["127.0.0.1"], **options)["probes"][0] for _unused in range(2)]
        other = run(target=["127.0.0.1"], **{**options, "reply": "5a *"})["probes"][0]
    assert [probe["outcome"] for probe in (*probes, other)] == ["answered"] * 3
    assert [probe["reused"] for probe in (*probes, other)] == [False, True, False]
    assert [datagram for datagram, _port in responder.received] == [b"\xa5\x01", b"\xa5\x02", b"\xa5\x03"] * 2
    assert (run.opened, host.log) == (0, [])


def test_returned_keys_are_those_that_the_documentation_names(run: ActionRunner) -> None:
    told = documented_probe()["RETURN"]["probes"]["contains"]
    from_host = run(target=[ONE], **ASKED)["probes"][0]
    from_controller = run(target=[ONE], vantage="controller", source_address="192.0.2.1", **ASKED)["probes"][0]
    assert set(told) == {*from_host, *from_controller, "path_error"}
    assert set(told["path"]["contains"]) == set(from_host["path"])
    assert set(told["path"]["contains"]["neighbour"]["contains"]) == set(from_host["path"]["neighbour"])


@pytest.mark.parametrize("service", REPLIES)
def test_each_documented_pattern_fits_a_real_reply_to_its_payload(service: str) -> None:
    payload, pattern = documented_question(service)
    real = bytes.fromhex(REPLIES[service])
    assert payload.counted
    assert pattern.matches(real, 2)
    assert not pattern.matches(real, 1)
    assert not pattern.matches(payload.pack(2), 2)
    assert not pattern.matches(real[:5], 2)
