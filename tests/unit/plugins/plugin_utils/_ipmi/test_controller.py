# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.addresses import Bmc
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.controller import (
    Answers,
    Surroundings,
    ask_from_controller,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.judge import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.request import ProbeRequest
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.reuse import Freshness
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import BmcExchange, Clock, First

NINE, TEN = "192.0.2.9", "192.0.2.10"


def request(
    *addresses: str,
    reuse_seconds: float = 60.0,
    asked_after: float = 0.0,
    port: int = 623,
    source: str | None = None,
    timing: Timing | None = None,
) -> ProbeRequest:
    bmcs = tuple(Bmc(address, address) for address in addresses)
    return ProbeRequest(bmcs, port, timing or Timing(), source, Freshness(reuse_seconds, asked_after))


def run(asked: ProbeRequest, exchange: BmcExchange, directory: Path | None, clock: Clock | None = None) -> Answers:
    used = clock or Clock()
    return ask_from_controller(asked, exchange, Surroundings(directory, First(), used, used.waiting()))


def test_each_bmc_is_asked_once_for_the_whole_run(tmp_path: Path) -> None:
    exchange = BmcExchange()
    first = run(request(NINE), exchange, tmp_path)
    second = run(request(NINE, TEN), exchange, tmp_path)
    third = run(request(TEN, NINE), exchange, tmp_path)
    assert exchange.asked == [[NINE], [TEN]]
    assert [sorted(each.reused) for each in (first, second, third)] == [[], [NINE], [TEN, NINE]]
    assert second.results[NINE] == first.results[NINE]
    assert third.results == second.results
    assert first.warnings == second.warnings == third.warnings == ()


def test_without_reuse_every_task_asks_for_itself(tmp_path: Path) -> None:
    exchange = BmcExchange()
    for _unused in range(2):
        found = run(request(NINE, reuse_seconds=0.0), exchange, tmp_path)
        assert found.reused == frozenset()
    assert exchange.asked == [[NINE], [NINE]]
    assert not list(tmp_path.glob("*.json"))


def test_an_old_answer_is_asked_for_again(tmp_path: Path) -> None:
    exchange, clock = BmcExchange(), Clock(1000.0)
    run(request(NINE), exchange, tmp_path, clock)
    clock.now = 1060.0
    assert run(request(NINE), exchange, tmp_path, clock).reused
    clock.now = 1060.5
    assert not run(request(NINE), exchange, tmp_path, clock).reused
    assert len(exchange.calls) == 2


def test_an_answer_from_before_the_change_is_asked_for_again(tmp_path: Path) -> None:
    exchange = BmcExchange()
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
    exchange = BmcExchange()
    run(request(NINE), exchange, tmp_path)
    assert run(other, exchange, tmp_path).reused == frozenset()
    assert len(exchange.calls) == 2


@pytest.mark.parametrize("changes", [{"address": TEN}, {"port": 624}])
def test_a_kept_answer_of_another_bmc_is_not_taken(tmp_path: Path, changes: dict[str, object]) -> None:
    exchange = BmcExchange()
    run(request(NINE), exchange, tmp_path)
    (kept,) = tmp_path.glob("*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text()), **changes}))
    assert run(request(NINE), exchange, tmp_path).reused == frozenset()


def test_silence_is_an_answer_worth_keeping(tmp_path: Path) -> None:
    exchange = BmcExchange(silent=[NINE])
    run(request(NINE), exchange, tmp_path)
    found = run(request(NINE), exchange, tmp_path)
    assert found.results[NINE].silent
    assert len(exchange.calls) == 1


def test_a_probe_that_could_not_be_made_is_not_kept(tmp_path: Path) -> None:
    failing = BmcExchange(unavailable="source_unusable")
    assert run(request(NINE), failing, tmp_path).results[NINE].outcome is Outcome.PROBE_UNAVAILABLE
    assert run(request(NINE), BmcExchange(), tmp_path).results[NINE].outcome is Outcome.ANSWERED


def test_without_a_directory_there_is_no_reuse_and_no_pacing() -> None:
    exchange = BmcExchange()
    for _unused in range(2):
        assert run(request(NINE), exchange, None).reused == frozenset()
    assert len(exchange.calls) == 2


def test_no_datagram_is_sacrificed_on_the_controller(tmp_path: Path) -> None:
    exchange = BmcExchange()
    run(request(NINE, source="192.0.2.1"), exchange, tmp_path)
    ((sends, options),) = exchange.calls
    assert [send.after_ms for send in sends] == [0, 500, 1000, 1500, 2000, 2500]
    assert options["source"] == "192.0.2.1"


def test_warnings_of_every_step_arrive(tmp_path: Path) -> None:
    exchange = BmcExchange()
    exchange.warnings = ("of the exchange",)
    found = run(request(NINE), exchange, tmp_path / "gone")
    assert found.results[NINE].outcome is Outcome.ANSWERED
    assert ["not shared" in found.warnings[0], "not paced" in found.warnings[1]] == [True, True]
    assert found.warnings[2] == "of the exchange"
    assert "could not be kept" in found.warnings[3]


def test_two_names_of_one_bmc_are_one_question(tmp_path: Path) -> None:
    asked = ProbeRequest((Bmc("a", NINE), Bmc("b", NINE)), 623, Timing(), None, Freshness(0.0, 0.0))
    exchange = BmcExchange()
    assert list(run(asked, exchange, tmp_path).results) == [NINE]
    assert exchange.asked == [[NINE]]
