# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs, faults, kills, reboots and rollbacks in any order: no original is lost, and the next run always works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.inmemory import MemoryHost, Strike
from tests.lab.wirespec import Misbehaviour
from tests.properties.profiles import examples
from tests.properties.runs import ADAPTER, Ended, Processes, Watched, is_allowed, resent, run

PATIENCE_SECONDS = 1800
"""Until a guard of ten minutes is due, and nobody can hold it any more."""
RUNS_AT_MOST = 4
REQUESTS = st.one_of(st.integers(1, 16), st.integers(16, 60), st.integers(60, 120))
"""Numbers of requests: of a run that finds nothing to do, of one that changes something, and of one that waits long."""

STRIKES = st.builds(
    Strike,
    do=st.sampled_from(
        [
            None,
            Misbehaviour.CUT_BEFORE,
            Misbehaviour.CUT_AFTER,
            Misbehaviour.HOLD,
            Misbehaviour.TRUNCATE,
            Misbehaviour.NOT_XML,
            Misbehaviour.DTD,
            Misbehaviour.WRONG_RELATES_TO,
            Misbehaviour.QUOTA,
            Misbehaviour.TIMEOUT,
            Misbehaviour.ACCESS_DENIED,
            Misbehaviour.UNAVAILABLE,
        ]
    ),
    kills=st.just(False),
)
KILLS = st.sampled_from([Strike(kills=True), Strike(Misbehaviour.CUT_BEFORE, kills=True)])

RESTARTS = st.fixed_dictionaries(
    {
        "outage_seconds": st.sampled_from([0.3, 6.0, 45.0]),
        "answer": st.sampled_from(["cut", "late", "normal"]),
        "applies": st.sampled_from([True, True, False]),
        # Only its guard brings such a host back.
        "leaves": st.sampled_from(["running", "running", "disabled", "without_link"]),
        "reboots_after_seconds": st.sampled_from([None, None, 2.0]),
    }
)
ADAPTERS = st.fixed_dictionaries(
    {
        "model": st.just("intel-i211"),
        "name": st.just(ADAPTER),
        "keyword": st.sampled_from(["granular", "grouped", "both"]),
        "configured": st.sampled_from(["rx_tx", "rx", "tx", "disabled", "absent"]),
        "active_report": st.sampled_from(["follows", "follows", "stuck", "unknown", "missing"]),
        "enable_while_disabling": st.sampled_from(["refused", "ignored", "accepted"]),
        "restart": RESTARTS,
    }
)
SYSTEMS = st.fixed_dictionaries(
    {
        "product": st.sampled_from(["windows-11", "server-2019", "server-2012r2"]),
        "clock_skew_seconds": st.sampled_from([0.0, 10_000.0, -10_000.0]),
        "utc_offset_minutes": st.sampled_from([60, -720, 840]),
    }
)


@st.composite
def kinds(draw: st.DrawFn) -> dict[str, Any]:
    """A machine whose adapter to change carries the connection, or another one does."""
    adapter, system = draw(ADAPTERS), draw(SYSTEMS)
    if draw(st.booleans()):
        return {"system": system, "adapters": [{**adapter, "network": 1}]}
    management = {"model": "intel-i219", "name": "Management", "network": 1}
    return {"system": system, "adapters": [{**adapter, "network": 4}, management]}


class Sequences(RuleBasedStateMachine):
    """One host, and a controller that has everything go wrong."""

    @initialize(kind=kinds())
    def begin(self, kind: Mapping[str, Any]) -> None:
        note(f"{kind}")
        self.host = MemoryHost(kind)
        self.processes = Processes()
        self.watched = Watched(self.host)
        self.message_ids: set[bytes] = set()

    @rule(state=st.sampled_from(["present", "present", "restored"]))
    def run_in_peace(self, state: str) -> None:
        self.run(state)

    @rule(
        state=st.sampled_from(["present", "restored"]),
        strikes=st.dictionaries(REQUESTS, STRIKES, min_size=1, max_size=4),
    )
    def run_among_faults(self, state: str, strikes: dict[int, Strike]) -> None:
        self.run(state, strikes)

    @rule(
        state=st.sampled_from(["present", "restored"]),
        at=REQUESTS,
        kill=KILLS,
        controller=st.sampled_from(["here", "here", "elsewhere"]),
    )
    def run_and_be_killed(self, state: str, at: int, kill: Strike, controller: str) -> None:
        self.run(state, {at: kill}, controller)

    @rule(seconds=st.sampled_from([1.0, 60.0, 900.0, 90_000.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.host.pass_time(seconds)

    @rule()
    def reboot(self) -> None:
        self.host.reboot()

    @rule(state=st.sampled_from(["present", "restored"]))
    def converge(self, state: str) -> None:
        self.settle(state)
        values, records = self.watched.now(), self.watched.records()
        again = self.run(state)
        assert (again.word, again.result["changed"]) == ("ok", False), again
        assert list(self.watched.new_writes()) == []
        assert (self.watched.now(), self.watched.records()) == (values, records)

    def teardown(self) -> None:
        if not hasattr(self, "host"):
            return
        try:
            self.settle("restored")
            assert self.watched.now() == self.watched.values
            assert self.watched.records() == {}
            assert self.watched.guards() == []
            assert self.host.machine.reachable
        finally:
            self.host.close()

    @invariant()
    def the_original_is_never_lost(self) -> None:
        if not hasattr(self, "host"):
            return
        records = self.watched.records()
        for keyword, original in self.watched.values.items():
            record = records.get(f"{self.watched.guid}::{keyword}")
            if record is not None:
                assert record["original"] == original, record
            else:
                assert self.watched.now()[keyword] == original, keyword

    @invariant()
    def there_is_one_guard_at_most(self) -> None:
        if hasattr(self, "host"):
            assert len(self.watched.guards()) <= 1

    @invariant()
    def nothing_else_is_written(self) -> None:
        if hasattr(self, "host"):
            assert [each for each in self.watched.new_writes() if not is_allowed(each, self.watched.guid)] == []

    def run(self, state: str, strikes: Mapping[int, Strike] | None = None, controller: str = "here") -> Ended:
        ended = run(self.host, strikes, processes=self.processes, controller=controller, state=state, allow_wider=True)
        changed = ended.result.get("changed")
        assert resent(ended.wire) == []
        ids = {message.id for message in ended.wire}
        assert len(ids) == len(ended.wire), "a message ID was used twice"
        assert not ids & self.message_ids, "a message ID of an earlier run"
        self.message_ids |= ids
        note(f"{controller} {state} {dict(strikes or {})}: {ended.word} {ended.code} changed {changed}")
        return ended

    def settle(self, state: str) -> None:
        """Run in peace until it ends well, as often as a person would.

        A run may find the guard of a controller that nobody can ask any more, and a host that its own restart cuts off.
        """
        ended = self.run(state)
        for _attempt in range(RUNS_AT_MOST - 1):
            if ended.word == "ok":
                break
            self.host.pass_time(PATIENCE_SECONDS)
            ended = self.run(state)
        if state == "restored" and ended.word == "ok" and self.watched.records():
            # The answer to a restart was lost, and the driver did not follow: the next run asks once more.
            assert ended.result["adapters"][0]["restart_pending"] is True, ended
            ended = self.run(state)
        self.nothing_else_is_written()
        assert ended.word == "ok", ended


TestSequences = Sequences.TestCase
TestSequences.settings = examples(60)
