# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What the guard means for a change: whether to go on without one, how long to wait, and what to tell of its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading, read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import (
    RUN_LIMIT_SECONDS,
    GuardNotSet,
    Guards,
    Relief,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import GuardNote, task_name
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change, Step, shown
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock, await_return
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Outcome, RecordStore
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client

UNDONE: Final = "undone_by_guard"
_SHORT_SECONDS: Final = 20.0
_ENOUGH_SECONDS: Final = 120.0
"""What a guard must have left when the adapter is restarted; half of its minutes where these are few."""


@dataclass(frozen=True, slots=True)
class Guarding:
    """The guards of one task's changes.

    Attributes:
        client: The connection to the host.
        request: What the task asks for.
        guards: The guards of the host.
        store: The records of the host.
        clock: Time, for waiting.
        time: The time of day, for records.
    """

    client: Client
    request: Request
    guards: Guards
    store: RecordStore
    clock: Clock
    time: Callable[[], str]

    def refuse_unguardable(self, change: Change) -> None:
        """Refuse a restart that needs a guard and can't have one, as far as that is known before. Touches nothing.

        Raises:
            NicError: ``guard_not_set``, ``guard_not_possible`` or ``guard_not_removed``.
        """
        if not change.plan.restart or self.request.guard == "never" or self._tolerates(change):
            return
        if self.request.guard_fails:
            raise GuardNotSet(
                change.adapter,
                "not_qualified",
                f"the host profile says that none can be trusted on hosts like this one"
                f" ({', '.join(self.request.guard_fails)})",
                "Nothing was changed. Look at docs/qualify.md for what these answers mean.",
            )
        self.guards.refuse_impossible(change.adapter)
        if change.guard.leftover is not None and change.guard.leftover.state == "left":
            raise NicError(
                "guard_not_removed",
                f"adapter {change.adapter.name}, scheduled task {task_name(change.adapter.guid)}",
                "the guard of an earlier run can't be deleted, so that no new one can be set",
                "one guard for an adapter",
                "Nothing was changed. Delete the task on the host, or wait until it expires; it does nothing any more.",
            )

    def set(self, change: Change) -> None:
        """Set the guard of a change that is recorded and nothing else, or go on without where that is allowed.

        Raises:
            NicError: there is none, and there must be one. The record is taken back.
        """
        if self.request.guard == "never":
            return
        if self.request.guard_fails:
            change.guard.state, change.guard.reason = "not_set", "not_qualified"
            return
        if change.guard.leftover is not None and change.guard.leftover.state == "left":
            change.guard.state, change.guard.reason = "not_set", "left"
            return
        key = change.class_key
        if key is None:
            raise TypeError("a plan that is guarded has a class key")
        keyword, minutes = change.plan.keyword.name, self.request.guard_minutes
        try:
            note, until = self.guards.set(change.adapter, key, keyword, change.restores, minutes)
        except GuardNotSet as error:
            change.guard.state, change.guard.reason = "not_set", error.reason
            if not self._tolerates(change):
                # Where another run has set a guard meanwhile, the record is its own by now.
                if self.guards.find(change.adapter.guid) is None:
                    self._take_back(change)
                raise
        else:
            change.note, change.patience_until = note, until
            change.guard.state, change.guard.due_at = "set", note.due_at

    def require_time(self, change: Change) -> None:
        """See that the guard has enough time left to be one, now that the adapter is about to be restarted.

        Where an answer took minutes, or the host's clock was put right, the guard could act during the restart, and be
        gone when it is needed.

        Raises:
            NicError: ``guard_not_set``.
        """
        if change.note is None:
            return
        left = (change.note.due_at - self.guards.now()).total_seconds()
        if left < min(_ENOUGH_SECONDS, self.request.guard_minutes * 30):
            raise GuardNotSet(
                change.adapter,
                "too_late",
                f"its guard acts in {max(0, round(left))} seconds, and could be gone when it is needed",
                "Run the task again; where the host is that slow, with a longer guard_minutes.",
            )

    def stand_down(self, change: Change, error: NicError) -> None:
        """Relieve the guard of a change that broke off before its restart; where that fails, *error* stays the error.

        A guard that stands acts when it is due: it restarts the adapter with what stood before.
        """
        if change.note is None:
            return
        try:
            # A host that can't be reached is not waited for: its guard will not harm it.
            gone = isinstance(error, HostUnreachable)
            self._tell(change, self.guards.relieve(change.note, _SHORT_SECONDS if gone else RUN_LIMIT_SECONDS))
            change.note = None
        except NicError as failure:
            # What broke the change off matters more; the state of the guard says that it stands.
            change.guard.reason = f"after {error.code}: {failure.code}"

    def patience_seconds(self, change: Change) -> float:
        """How long to wait for the host: with a guard, until that has had its time."""
        usual = self.request.reconnect_timeout_seconds
        if change.patience_until is None:
            return usual
        return max(usual, change.patience_until - self.clock.monotonic())

    @staticmethod
    def outlook(change: Change) -> str:
        """What happens to a host that does not come back."""
        if change.note is None:
            return ""
        due = change.note.due_at.isoformat(timespec="seconds")
        return f"The guard on the host was to put the adapter back at {due} by the host's clock."

    def relieve(self, change: Change, reading: HostReading) -> HostReading:
        """Relieve the guard, now that the host was reached after the restart.

        Returns:
            The host as it is then.

        Raises:
            NicError: ``undone_by_guard``, or ``guard_not_removed`` for a guard that will act later.
            HostUnreachable: the host went away again.
        """
        note = change.note
        if note is None:
            if change.plan.finish or change.plan.remove_record:
                self.guards.sweep(change.adapter.guid)
            return reading
        relief = self.guards.relieve(note)
        self._tell(change, relief)
        if relief.began:
            reading = self._read_after(change)
            keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
            undone = note.restores != change.plan.target and keyword is not None and keyword.holds(note.restores)
            if undone:
                raise self._undone(change, note, reading)
        if not relief.removed and not relief.disarmed:
            raise self._not_removed(change, note, relief)
        change.note = None
        return reading

    def _tolerates(self, change: Change) -> bool:
        return self.request.tolerates_no_guard(carries=change.plan.situation.carries)

    @staticmethod
    def _tell(change: Change, relief: Relief) -> None:
        change.guard.state, change.guard.reason = relief.state, relief.why

    def _take_back(self, change: Change) -> None:
        """Let the record be what it was before this change, which changed nothing else."""
        earlier = change.plan.situation.record
        if earlier is None or earlier.value_name != change.kept().value_name:
            self.store.remove(change.kept())
        else:
            self.store.update(earlier)
        change.record, change.step = earlier, Step.PLANNED

    def _read_after(self, change: Change) -> HostReading:
        """Wait for the host after its guard has restarted the adapter."""

        def settled(reading: HostReading) -> bool:
            keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
            active = reading.active.get(change.adapter.guid)
            return active is None or keyword is None or keyword.in_force == active

        return await_return(
            self.client,
            change.adapter,
            lambda: read_host(self.client),
            settled,
            deadline_seconds=self.patience_seconds(change),
            clock=self.clock,
            outlook=self.outlook(change),
        ).reading

    def _undone(self, change: Change, note: GuardNote, reading: HostReading) -> NicError:
        """Let the records say that the change was undone, and make the error of it."""
        record, earlier = change.kept(), change.plan.situation.record
        change.keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
        change.active = reading.active.get(change.adapter.guid)
        if self.request.state == "present":
            outcome = Outcome(UNDONE, change.adapter.driver.version, self.time())
            self.store.write_outcome(record.value_name, outcome)
        if note.restores == record.original or earlier is None:
            self.store.remove(record)
            change.record = None
        else:
            self.store.update(earlier)
            change.record = earlier
        change.note = None
        return NicError(
            UNDONE,
            f"adapter {change.adapter.name}",
            f"the controller could not return after the restart with {shown(change.plan.target)}; the guard put"
            f" {shown(note.restores)} back and restarted the adapter",
            "a host that answers again within guard_minutes",
            "Find out on the host's console or at its switch what the restart of the adapter brings about: another"
            " address, another network profile, 802.1X. It is not tried again by the role until the driver changes.",
        )

    @staticmethod
    def _not_removed(change: Change, note: GuardNote, relief: Relief) -> NicError:
        due = note.due_at.isoformat(timespec="seconds")
        return NicError(
            "guard_not_removed",
            f"adapter {change.adapter.name}, scheduled task {task_name(note.guid)}",
            f"the guard could neither be told that it is not needed nor be deleted: {relief.why}",
            "no guard once the host was reached",
            f"At {due} by the host's clock it puts {shown(note.restores)} back and restarts the adapter, unless"
            " somebody deletes the task on the host. Then run the task again.",
        )
