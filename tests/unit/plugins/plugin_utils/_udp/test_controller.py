# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming, Peer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.controller import (
    Answers,
    Surroundings,
    ask_from_controller,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import any_lock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import file_key
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import read_protocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.reuse import Freshness
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Timing
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL, Clock, First, Service

NAMING = Naming("bmc", "BMC")
NINE, TEN = "192.0.2.9", "192.0.2.10"


def request(
    *addresses: str,
    reuse_seconds: float = 60.0,
    asked_after: float = 0.0,
    port: int = 623,
    source: str | None = None,
    timing: Timing | None = None,
) -> ProbeRequest:
    peers = tuple(Peer(address, address) for address in addresses)
    return ProbeRequest(
        NAMING, PROTOCOL, peers, port, timing or Timing(), source, Freshness(reuse_seconds, asked_after)
    )


def run(asked: ProbeRequest, exchange: Service, directory: Path | None, clock: Clock | None = None) -> Answers:
    used = clock or Clock()
    return ask_from_controller(asked, exchange, Surroundings(directory, First(), used, used.waiting()))


def test_each_target_is_asked_once_for_the_whole_run(tmp_path: Path) -> None:
    exchange = Service()
    first = run(request(NINE), exchange, tmp_path)
    second = run(request(NINE, TEN), exchange, tmp_path)
    third = run(request(TEN, NINE), exchange, tmp_path)
    assert exchange.asked == [[NINE], [TEN]]
    assert [sorted(each.reused) for each in (first, second, third)] == [[], [NINE], [TEN, NINE]]
    assert second.results[NINE] == first.results[NINE]
    assert third.results == second.results
    assert first.warnings == second.warnings == third.warnings == ()


def test_without_reuse_every_task_asks_for_itself(tmp_path: Path) -> None:
    exchange = Service()
    for _unused in range(2):
        found = run(request(NINE, reuse_seconds=0.0), exchange, tmp_path)
        assert found.reused == frozenset()
    assert exchange.asked == [[NINE], [NINE]]
    assert not list(tmp_path.glob("*.json"))


def test_an_old_answer_is_asked_for_again(tmp_path: Path) -> None:
    exchange, clock = Service(), Clock(1000.0)
    run(request(NINE), exchange, tmp_path, clock)
    clock.now = 1060.0
    assert run(request(NINE), exchange, tmp_path, clock).reused
    clock.now = 1060.5
    assert not run(request(NINE), exchange, tmp_path, clock).reused
    assert len(exchange.calls) == 2


def test_an_answer_from_before_the_change_is_asked_for_again(tmp_path: Path) -> None:
    exchange = Service()
    clock = Clock(1000.0)
    run(request(NINE), exchange, tmp_path, clock)
    clock.now = 1005.0
    found = run(request(NINE, asked_after=1001.0), exchange, tmp_path, clock)
    assert found.reused == frozenset()
    assert found.results[NINE].asked_at == 1005.0


@pytest.mark.parametrize(
    "other",
    [
        request(NINE, port=1623),
        request(NINE, source="192.0.2.1"),
        request(NINE, timing=Timing(attempts=4)),
        request(NINE, timing=Timing(interval_ms=500)),
        request(NINE, timing=Timing(wait_ms=500)),
    ],
)
def test_an_answer_to_another_question_is_none(tmp_path: Path, other: ProbeRequest) -> None:
    exchange = Service()
    run(request(NINE), exchange, tmp_path)
    assert run(other, exchange, tmp_path).reused == frozenset()
    assert len(exchange.calls) == 2


@pytest.mark.parametrize("changes", [{"address": TEN}, {"port": 624}])
def test_a_kept_answer_of_another_target_is_not_taken(tmp_path: Path, changes: dict[str, object]) -> None:
    exchange = Service()
    run(request(NINE), exchange, tmp_path)
    (kept,) = tmp_path.glob("*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), **changes}))
    assert run(request(NINE), exchange, tmp_path).reused == frozenset()


def test_silence_is_an_answer_worth_keeping(tmp_path: Path) -> None:
    exchange = Service(silent=[NINE])
    run(request(NINE), exchange, tmp_path)
    found = run(request(NINE), exchange, tmp_path)
    assert found.results[NINE].silent
    assert len(exchange.calls) == 1


def test_a_probe_that_could_not_be_made_is_not_kept(tmp_path: Path) -> None:
    failing = Service(unavailable="source_unusable")
    assert run(request(NINE), failing, tmp_path).results[NINE].outcome is Outcome.PROBE_UNAVAILABLE
    assert run(request(NINE), Service(), tmp_path).results[NINE].outcome is Outcome.ANSWERED


def test_without_a_directory_there_is_no_reuse_and_no_pacing() -> None:
    exchange = Service()
    for _unused in range(2):
        assert run(request(NINE), exchange, None).reused == frozenset()
    assert len(exchange.calls) == 2


def test_no_datagram_is_sacrificed_on_the_controller(tmp_path: Path) -> None:
    exchange = Service()
    run(request(NINE, source="192.0.2.1"), exchange, tmp_path)
    ((sends, options),) = exchange.calls
    assert [send.after_ms for send in sends] == [0, 1000, 2000]
    assert options["source"] == "192.0.2.1"


def test_warnings_of_every_step_arrive(tmp_path: Path) -> None:
    exchange = Service()
    exchange.warnings = ("of the exchange",)
    found = run(request(NINE), exchange, tmp_path / "gone")
    assert found.results[NINE].outcome is Outcome.ANSWERED
    assert ["not shared" in found.warnings[0], "not paced" in found.warnings[1]] == [True, True]
    assert found.warnings[2] == "of the exchange"
    assert "could not be kept" in found.warnings[3]


def test_two_names_of_one_target_are_one_question(tmp_path: Path) -> None:
    asked = ProbeRequest(NAMING, PROTOCOL, (Peer("a", NINE), Peer("b", NINE)), 623, Timing(), None, Freshness(0.0, 0.0))
    exchange = Service()
    assert list(run(asked, exchange, tmp_path).results) == [NINE]
    assert exchange.asked == [[NINE]]


def test_an_answer_to_other_bytes_is_none(tmp_path: Path) -> None:
    exchange = Service()
    run(request(NINE), exchange, tmp_path)
    other = dataclasses.replace(request(NINE), protocol=read_protocol({"payload": "a5 {n}", "reply": "5a *"}))
    assert run(other, exchange, tmp_path).reused == frozenset()
    assert len(exchange.calls) == 2


def test_a_target_without_a_turn_is_not_asked_and_nothing_kept(tmp_path: Path) -> None:
    exchange, clock = Service(), Clock()
    slots = [tmp_path / f"{file_key(NINE, 623)}.slot{number}" for number in range(2)]
    with any_lock(slots[:1], clock.waiting()), any_lock(slots[1:], clock.waiting()):
        found = run(request(NINE, TEN), exchange, tmp_path, clock)
    assert (found.results[NINE].outcome, found.results[NINE].reason) == (Outcome.PROBE_UNAVAILABLE, "not_paced")
    assert found.results[TEN].outcome is Outcome.ANSWERED
    assert exchange.asked == [[TEN]]
    assert run(request(NINE, TEN), exchange, tmp_path, clock).reused == {TEN}
