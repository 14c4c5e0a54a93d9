# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The questions that only a change settles: receive offload is turned, the adapter restarted, and all of it taken back.

Each step is the same change that a task makes, with its undo record. A guard stands over the restarts, and over the
write as well: what is asked is whether the write alone restarts the adapter.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import NAMESPACE, read_adapters
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading, read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import GuardNotSet, Guards
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import GuardNote, task_name
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish, word
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock, await_return, patiently
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Outcome, RecordStore
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    NO_ANSWER,
    NOT_ASKED,
    Answer,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault

CHANGE_QUESTIONS: Final = ("write_leaves_adapter_up", "restart_answers", "active_follows")

_WRITE, _RESTART, _FOLLOWS = CHANGE_QUESTIONS
_WATCH_SECONDS: Final = 12.0
"""How long the adapter is watched after a write: a driver that restarts for it has begun by then."""
_LOOK_SECONDS: Final = 1.5
_RECEIVE: Final = 2


@dataclass(slots=True)
class ChangeTrial:
    """Settles the questions about writes and restarts on one adapter.

    Attributes:
        client: Client of the host.
        guid: The adapter.
        management: The addresses that the controller connects to.
        request: How changes are made: guard, accepted risks, time to wait. Its state and wish are replaced.
        clock: Time, for the waits.
        now: The time of day, for records.
        answers: What was settled so far.
        left_behind: What could not be put back, and what to do about it.
        touched: Whether anything on the host was changed.
    """

    client: Client
    guid: str
    management: frozenset[str]
    request: Request
    clock: Clock = field(default_factory=Clock)
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    answers: list[Answer] = field(init=False, default_factory=list)
    left_behind: list[str] = field(init=False, default_factory=list)
    touched: bool = field(init=False, default=False)

    def refuse_unless_possible(self, reading: HostReading) -> None:
        """Plan the whole trial, and touch nothing.

        Raises:
            NicError: what speaks against a change, or ``change_in_force``: an undo record is there already, so that
                there would be no way back to what stands now.
        """
        change = self._plan(reading, self._turned(reading, may_restart=True))
        if change.record is not None:
            raise NicError(
                "change_in_force",
                f"adapter {change.adapter.name}",
                "an undo record of an earlier change",
                "an adapter as its owner set it",
                "Roll the host back first, or qualify another one.",
            )

    def skip(self, why: str) -> None:
        """Answer none of the questions."""
        self.answers += [Answer(identifier, NOT_ASKED, why) for identifier in CHANGE_QUESTIONS]

    def run(self, reading: HostReading) -> None:
        """Settle the questions, and put everything back whatever happens.

        Raises:
            NicError: a change broke off, or could not be taken back. Where both happened, it is the first error, and
                ``left_behind`` tells of the second.
            HostUnreachable: likewise, and the host does not answer.
        """
        outcomes = self._store().read_outcomes({self.guid})
        try:
            self._settle(reading)
        except Exception:
            # What broke the trial off stays the error; of what stays on the host, left_behind tells.
            with contextlib.suppress(NicError):
                self._put_back(outcomes)
            raise
        self._put_back(outcomes)

    def _settle(self, reading: HostReading) -> None:
        turned = self._turned(reading, may_restart=True)
        change = self._plan(reading, replace(turned, may_restart=False))
        if change.plan.write:
            try:
                note, until = self._guard(change)
            except GuardNotSet as error:
                seen = f"{error.code}: {error.seen}"
                self.answers += [Answer(identifier, NO_ANSWER, seen) for identifier in CHANGE_QUESTIONS]
                return
            answer = self._write(change, reading, replace(turned, may_restart=False), until)
            if not self._relieve(note):
                self.answers.append(Answer(_WRITE, "went_away", "the guard had to bring the adapter back"))
                why = "the adapter does not come back by itself with the other value"
                self.answers += [Answer(_RESTART, NOT_ASKED, why), Answer(_FOLLOWS, NOT_ASKED, why)]
                return
            self.answers.append(answer)
        else:
            self.answers.append(Answer(_WRITE, NOT_ASKED, "the registry holds the other value already"))
        self._restart(turned)

    def _guard(self, change: Change) -> tuple[GuardNote, float]:
        """Set a guard over a write, as a change sets one over a restart."""
        if change.class_key is None:
            raise TypeError("a plan that writes has a class key")
        self.touched = True
        keyword, minutes = change.plan.keyword.name, self.request.guard_minutes
        return self._guards().set(change.adapter, change.class_key, keyword, change.restores, minutes)

    def _relieve(self, note: GuardNote) -> bool:
        """Relieve the guard over the write. False where it has acted.

        Raises:
            NicError: ``guard_not_removed``.
        """
        relief = self._guards().relieve(note)
        if not relief.removed:
            raise NicError(
                "guard_not_removed",
                f"scheduled task {task_name(note.guid)}",
                relief.why or "it is still there",
                "no guard once the host was reached",
                "Delete the task on the host; the collection can change nothing there safely.",
            )
        return not relief.began

    def _write(self, change: Change, reading: HostReading, request: Request, until: float) -> Answer:
        before = reading.active.get(self.guid)
        try:
            self._carry_out(change, reading, request)
            end = self.clock.monotonic() + _WATCH_SECONDS
            while self.clock.monotonic() < end:
                if not self._is_up(change):
                    self._await(change, until)
                    return Answer(_WRITE, "went_away", "the adapter was seen down")
                self.clock.sleep(_LOOK_SECONDS)
            after = read_host(self.client).active.get(self.guid)
        except HostUnreachable as error:
            self._await(change, until)
            return Answer(_WRITE, "went_away", f"the host went away ({error.seen})")
        if before is not None and after != before:
            return Answer(_WRITE, "active_at_once", f"the driver reports {word(after)} without a restart")
        return Answer(_WRITE, "left_alone", f"watched for {round(_WATCH_SECONDS)} seconds")

    def _await(self, change: Change, until: float) -> None:
        """Wait for an adapter that a write has restarted, for as long as its guard may take."""
        await_return(
            self.client,
            change.adapter,
            lambda: None,
            lambda _nothing: True,
            deadline_seconds=until - self.clock.monotonic(),
            clock=self.clock,
            outlook="The guard on the host was to put the adapter back.",
        )

    def _restart(self, request: Request) -> None:
        reading = read_host(self.client)
        change = self._plan(reading, request)
        if not change.plan.restart:
            why = "the driver works with the other value already"
            self.answers += [Answer(_RESTART, NOT_ASKED, why), Answer(_FOLLOWS, NOT_ASKED, why)]
            return
        try:
            self._carry_out(change, reading, request)
        except NicError as error:
            refused = error.code == "restart_refused" or isinstance(error, WsmanFault)
            if not refused or change.guard.state == "none" or change.restart_answered is not None:
                raise
            self.answers += [Answer(_RESTART, "refused", error.seen), Answer(_FOLLOWS, NOT_ASKED)]
            return
        seen = "not_told" if change.active is None else "follows" if change.confirmed else "stays"
        self.answers += [
            Answer(
                _RESTART,
                "answered" if change.restart_answered else "lost",
                f"{change.outage_seconds} seconds until it was back",
            ),
            Answer(_FOLLOWS, seen),
        ]

    def _put_back(self, outcomes: Mapping[str, Outcome]) -> None:
        """Put back what the trial has changed, as a rollback does, waiting for a host that is away.

        Raises:
            NicError: it can't be put back, as ``left_behind`` says as well.
        """
        if not self.touched:
            return
        deadline = self.clock.monotonic() + self.request.reconnect_timeout_seconds
        try:
            change = patiently(self.client, self._roll_back, deadline, self.clock)
            self._restore_outcomes(outcomes)
        except NicError as error:
            self.left_behind.append(f"the change of the adapter ({error}) Then run the playbook rollback on this host.")
            raise
        if change.active is not None and not change.confirmed:
            self.left_behind.append(
                f"adapter {change.adapter.name}: the registry holds the original again, and the driver still reports"
                f" {word(change.active)}. Restart the host."
            )

    def _roll_back(self) -> Change:
        changer = Changer(self.client, replace(self.request, state="restored"), clock=self.clock, now=self.now)
        reading = changer.settle(read_host(self.client), [self.guid])
        changes = changer.prepare(reading, [self.guid], self.management)
        changer.carry_out(changes, reading)
        return changes[0]

    def _restore_outcomes(self, outcomes: Mapping[str, Outcome]) -> None:
        """Put back what was known of earlier changes, which a new one forgets."""
        store = self._store()
        known = store.read_outcomes({self.guid}) if outcomes else {}
        for name, outcome in outcomes.items():
            if name not in known:
                store.write_outcome(name, outcome)

    def _plan(self, reading: HostReading, request: Request) -> Change:
        changer = Changer(self.client, request, clock=self.clock, now=self.now)
        return changer.prepare(reading, [self.guid], self.management)[0]

    def _carry_out(self, change: Change, reading: HostReading, request: Request) -> None:
        self.touched = True
        Changer(self.client, request, clock=self.clock, now=self.now).carry_out([change], reading)

    def _turned(self, reading: HostReading, *, may_restart: bool) -> Request:
        keyword = reading.keyword(self.guid)
        now = (keyword.in_force if keyword else None) or 0
        wish = Wish(receive=not now & _RECEIVE, transmit=None)
        return replace(self.request, state="present", wish=wish, may_restart=may_restart)

    def _is_up(self, change: Change) -> bool:
        try:
            row = self.client.get(NAMESPACE, "MSFT_NetAdapter", change.adapter.selectors)
        except WsmanFault as fault:
            if fault.not_found:
                return False
            raise
        adapter = read_adapters([row])[0]
        return adapter.started and (adapter.up or not change.adapter.up)

    def _guards(self) -> Guards:
        return Guards(self.client, self.clock)

    def _store(self) -> RecordStore:
        return RecordStore(Registry(self.client))
