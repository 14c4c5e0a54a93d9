# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Changing an adapter's checksum offload step by step, so that whatever breaks off can be taken back.

The steps of one adapter, each of which relies on the one before:

1. planned: what stands in the registry was read from the adapter's class key and from the CIM provider, and agrees;

2. recorded: the original is kept on the host and was read back;

3. guarded, where the adapter is to be restarted: a task on the host puts everything back unless this run returns;

4. written: the value was sent to the registry, once;

5. read back: the CIM provider, which did not take part in writing, reports the new value;

6. restarted: the adapter was restarted, at most once for this value, and the host is back;

7. relieved: the guard is gone, and it is known whether it did anything before;

8. confirmed: the whole host was read anew, and the value is still what it shall be.

A write whose answer is lost is not repeated: the reading that follows tells whether it took place. Whatever ends a run
between two steps, the record says that the change is unfinished (it has no outcome) until the last one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    HostReading,
    read_host,
    read_host_keywords,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import Guards, Leftover
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guarding import Guarding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import KEYWORDS, OffloadKeyword
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import (
    Plan,
    Request,
    Situation,
    make_plan,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Preflight
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_reading import read_preflight
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change, Step
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry, find_class_key
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import (
    Clock,
    Returned,
    await_return,
    request_restart,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import result
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects import Surroundings, compare
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects_reading import read_surroundings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import carries_management
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import (
    Outcome,
    RecordStore,
    UndoRecord,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client


@dataclass(slots=True)
class Changer:
    """Changes the adapters of one host.

    Attributes:
        client: The connection to the host.
        request: What the task asks for.
        clock: Time, for the wait after a restart.
        now: The time of day, for records.
        guards: The guards of the host.
        preflight: What speaks against the restarts, once they are planned.
        leftovers: By GUID, guards that were there before.
    """

    client: Client
    request: Request
    clock: Clock = field(default_factory=Clock)
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    guards: Guards = field(init=False)
    preflight: Preflight = field(init=False, default_factory=Preflight)
    leftovers: dict[str, Leftover] = field(init=False, default_factory=dict)
    _registry: Registry = field(init=False)
    _store: RecordStore = field(init=False)
    _guarding: Guarding = field(init=False)

    def __post_init__(self) -> None:
        self.guards = Guards(self.client, self.clock)
        self._registry = Registry(self.client)
        self._store = RecordStore(self._registry)
        self._guarding = Guarding(self.client, self.request, self.guards, self._store, self.clock, self._time)

    @property
    def touched(self) -> bool:
        """Whether anything on the host was changed before the first plan."""
        return any(leftover.state in ("removed", "fired") for leftover in self.leftovers.values())

    def settle(self, reading: HostReading, guids: Sequence[str], *, check_mode: bool = False) -> HostReading:
        """See to the guards that earlier runs have left on the adapters *guids*. In check mode, only find them.

        Returns:
            The host as it is after that.

        Raises:
            NicError: ``guard_held``: another run is at work on one of them.
        """
        for guid in guids:
            adapter = reading.adapter(guid)
            if adapter is None:
                continue
            wait_seconds = self.request.reconnect_timeout_seconds
            found = self.guards.find(guid) if check_mode else self.guards.resolve(adapter, wait_seconds)
            if found is not None:
                self.leftovers[guid] = found
        return reading if check_mode or not self.leftovers else read_host(self.client)

    def prepare(self, reading: HostReading, guids: Sequence[str], management: frozenset[str]) -> list[Change]:
        """Plan the change of the adapters *guids*, reading whatever the change relies on. Touches nothing.

        Raises:
            NicError: something speaks against a change of one of them.
        """
        present = {adapter.guid for adapter in reading.topology.adapters}
        records = self._store.read(set(guids), present)
        carried = carries_management(reading.topology, reading.addresses, management)
        plans = []
        for guid in guids:
            adapter = reading.adapter(guid)
            if adapter is None:
                continue
            found = {name: records.find(adapter, name, present) for name in KEYWORDS}
            keyword = self._governing(reading, guid, found)
            current = found.pop(keyword.name, None) if keyword else None
            plans.append(
                make_plan(
                    Situation(
                        adapter=adapter,
                        keyword=keyword,
                        active=reading.active.get(guid),
                        membership=reading.topology.membership(adapter),
                        carries=carried[guid],
                        record=current,
                        other_record=next((record for record in found.values() if record is not None), None),
                    ),
                    self.request,
                )
            )
        changes = [self._locate(plan) for plan in plans]
        for change in changes:
            change.guard.leftover = self.leftovers.get(change.adapter.guid)
            self._guarding.refuse_unguardable(change)
        restarted = [change.adapter for change in changes if change.plan.restart]
        self.preflight = read_preflight(self.client, reading, restarted, management, carried)
        self.preflight.refuse_unless_accepted(self.request.accept_risks)
        return changes

    def carry_out(self, changes: Sequence[Change], reading: HostReading) -> HostReading:
        """Carry out the plans, the adapter that carries the connection last.

        Args:
            changes: What :meth:`prepare` made.
            reading: The host as it was read before.

        Returns:
            The host as it was read after the last change; *reading* where nothing was to change.

        Raises:
            NicError: a change broke off; ``partial`` tells what became of each adapter until then.
            HostUnreachable: likewise, because the host does not answer any more.
        """
        try:
            for change in sorted(changes, key=lambda each: each.plan.situation.carries is not False):
                if change.plan.changes:
                    reading = self._carry_out(change, reading)
        except NicError as error:
            error.partial = self.partial(changes)
            raise
        return reading

    def partial(self, changes: Sequence[Change]) -> dict[str, Any]:
        """What holds of the result although the task fails."""
        return {
            "changed": self.touched or any(change.changed for change in changes),
            "adapters": [result(change) for change in changes],
            "preflight": self.preflight.as_dict(),
        }

    def _governing(
        self, reading: HostReading, guid: str, records: Mapping[str, UndoRecord | None]
    ) -> OffloadKeyword | None:
        """The keyword to change; to restore, the one that there is a record of."""
        recorded = [each for each in reading.keywords.get(guid, ()) if records[each.name] is not None]
        if self.request.state == "restored" and recorded:
            return recorded[0]
        return reading.keyword(guid)

    def _locate(self, plan: Plan) -> Change:
        """Find the class key of a plan that writes, and compare what it holds with what the CIM provider said.

        A guard writes too.
        """
        if not plan.write and not (plan.restart and self.request.guard != "never"):
            return Change(plan)
        keyword = plan.keyword
        key = find_class_key(self.client, plan.situation.adapter)
        stored = self._registry.get_string(key, keyword.name)
        if not _same(keyword, stored):
            raise NicError(
                "readers_disagree",
                f"{keyword.name} of adapter {plan.situation.adapter.name}",
                f"the registry holds {stored!r} and the CIM provider reports {keyword.stored!r}",
                "the same from both",
                "Nothing was changed. Run the task again; if it stays so, the driver keeps its settings elsewhere.",
            )
        return Change(plan, class_key=key, original=stored)

    def _carry_out(self, change: Change, reading: HostReading) -> HostReading:
        plan = change.plan
        before = self._surroundings(change, reading)
        if plan.write or plan.restart:
            self._record(change)
        if plan.restart:
            self._guarding.set(change)
        by_itself: HostReading | None = None
        try:
            if plan.write:
                self._write(change)
                by_itself = self._await_write(change)
                self._read_back(change)
            self._guarding.require_time(change)
        except NicError as error:
            self._guarding.stand_down(change, error)
            raise
        if by_itself is not None:
            reading = by_itself
        else:
            reading = self._restart(change) if plan.restart else read_host(self.client)
        reading = self._guarding.relieve(change, reading)
        self._confirm(change, reading)
        if before is not None:
            after = read_surroundings(self.client, reading, [change.adapter])
            change.side_effects = compare(before, after, change.adapter.guid)
        return reading

    def _surroundings(self, change: Change, reading: HostReading) -> Surroundings | None:
        return read_surroundings(self.client, reading, [change.adapter]) if change.plan.restart else None

    def _record(self, change: Change) -> None:
        plan, adapter = change.plan, change.adapter
        fresh = UndoRecord(
            guid=adapter.guid,
            keyword=plan.keyword.name,
            original=change.original if plan.write else plan.keyword.stored,
            taken_at=self._time(),
            adapter=adapter.name[:256],
            pci=str(adapter.pci.id) if adapter.pci else None,
            location=adapter.pci.location if adapter.pci else None,
            mac=adapter.mac,
            driver_file=adapter.driver.file,
            driver_version=adapter.driver.version,
            written=plan.target,
        )
        # A record of the adapter, under this GUID or an earlier one, is continued: its original is the true one.
        record = change.record.about(plan.target) if change.record else fresh
        change.record = self._store.keep(record)
        change.step = Step.RECORDED

    def _write(self, change: Change) -> None:
        plan, key = change.plan, change.class_key
        if key is None:
            raise TypeError("a plan that writes has a class key")
        change.step = Step.WRITTEN
        if plan.target is None:
            self._registry.delete_value(key, plan.keyword.name)
        else:
            self._registry.set_string(key, plan.keyword.name, plan.target)

    def _await_write(self, change: Change) -> HostReading | None:
        """Wait for an adapter that a write restarts, as far as that is known of hosts like this one.

        Returns:
            The host after that; None where the adapter is still to be restarted.
        """
        if not self.request.write_restarts or not change.plan.restart:
            return None
        began = self.clock.monotonic()
        returned = self._await(change, answered=True)
        keyword = returned.reading.keyword(change.adapter.guid, change.plan.keyword.name)
        if keyword is not None and not keyword.holds(change.plan.target):
            # Its guard may have put the other value back; else reading it back tells.
            return self._guarding.relieve(change, returned.reading)
        if not change.plan.is_met_by(returned.reading.active.get(change.adapter.guid)):
            return None
        change.outage_seconds = round(returned.at - began, 1)
        now = self._time()
        change.record = replace(
            change.kept(), restart_requested_at=now, restarted_at=now, outage_seconds=change.outage_seconds
        )
        return returned.reading

    def _read_back(self, change: Change) -> None:
        keywords = read_host_keywords(self.client).get(change.adapter.guid, ())
        change.keyword = next((each for each in keywords if each.name == change.plan.keyword.name), None)
        if change.keyword is None or not change.keyword.holds(change.plan.target):
            raise change.not_in_force("write_not_confirmed", "the adapter was not restarted")
        change.step = Step.READ_BACK

    def _restart(self, change: Change) -> HostReading:
        record = change.kept()
        # Kept before the request leaves: whatever becomes of the answer, no later run restarts for this value again.
        change.record = replace(record, restart_requested_at=self._time())
        self._store.update(change.record)
        began = self.clock.monotonic()
        try:
            answered = request_restart(self.client, change.adapter)
        except HostUnreachable as error:
            self._unmark_anew(change, record, error)
            self._guarding.stand_down(change, error)
            raise
        except NicError as error:
            # The host said no, so that nothing was restarted: the next run may try again.
            change.record = record
            self._store.update(record)
            self._guarding.stand_down(change, error)
            raise
        change.restart_answered = answered
        returned = self._await(change, answered=answered)
        change.outage_seconds = round(returned.at - began, 1)
        change.record = replace(change.record, restarted_at=self._time(), outage_seconds=change.outage_seconds)
        change.step = Step.RESTARTED
        return returned.reading

    def _unmark_anew(self, change: Change, record: UndoRecord, error: HostUnreachable) -> None:
        """Take the mark of a restart back that never left the controller, over a new session, once."""
        self.client.reconnect()
        try:
            self._store.update(record)
        except NicError as failure:
            raise HostUnreachable(
                error.code,
                error.subject,
                f"{error.seen}; the restart was not asked for, but its mark in the undo record stays ({failure.seen})",
                error.expected,
                f"{error.next_step} {self._guarding.outlook(change)} Where no guard stands, no later run restarts"
                f" adapter {change.adapter.name} for this value: restart it, or the host, by hand.",
            ) from error
        change.record = record

    def _await(self, change: Change, *, answered: bool) -> Returned[HostReading]:
        return await_return(
            self.client,
            change.adapter,
            lambda: read_host(self.client),
            lambda reading: self._settled(change, reading, answered=answered),
            deadline_seconds=self._guarding.patience_seconds(change),
            clock=self.clock,
            outlook=self._guarding.outlook(change),
        )

    @staticmethod
    def _settled(change: Change, reading: HostReading, *, answered: bool) -> bool:
        """Whether the driver works with the new value, or a guard has put another one back.

        Of one that doesn't tell, a cut connection shows that the restart took place. Where it was not cut, and the
        adapter may carry it, that can still happen.
        """
        keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
        if keyword is not None and not keyword.holds(change.plan.target):
            return True
        active = reading.active.get(change.adapter.guid)
        if active is None:
            return not answered or change.plan.situation.carries is False
        return change.plan.is_met_by(active)

    def _confirm(self, change: Change, reading: HostReading) -> None:
        change.keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
        change.active = reading.active.get(change.adapter.guid)
        if change.keyword is None or not change.keyword.holds(change.plan.target):
            raise change.not_in_force("value_not_kept", "something on the host wrote another value in between")
        change.confirmed = change.plan.is_met_by(change.active)
        record = change.kept()
        if change.plan.remove_record:
            self._forget(change, record)
        else:
            outcome = "confirmed" if change.confirmed else "unconfirmed"
            change.record = replace(record, written=change.plan.target, outcome=outcome)
            self._store.update(change.record)
            if change.plan.write and self.request.state == "present":
                # What came of an earlier attempt says nothing about this one.
                self._store.remove_outcome(f"{change.adapter.guid}::{record.keyword}")
        change.step = Step.CONFIRMED

    def _forget(self, change: Change, record: UndoRecord) -> None:
        """Remove the undo record, unless a restart is owed; before that, keep what came of the change.

        In this order no crash loses both.
        """
        if self.request.outcome is not None:
            outcome = Outcome(self.request.outcome, change.adapter.driver.version, self._time())
            self._store.write_outcome(f"{change.adapter.guid}::{record.keyword}", outcome)
        if change.owes_restart:
            change.record = replace(record.about(change.plan.target), outcome="unconfirmed")
            self._store.update(change.record)
        else:
            self._store.remove(record)
            change.record = None

    def _time(self) -> str:
        return self.now().astimezone(dt.UTC).isoformat(timespec="seconds")


def _same(keyword: OffloadKeyword, stored: str | None) -> bool:
    """Whether the registry holds what the CIM provider reported, which may report the default for an absent value."""
    if stored is None:
        return keyword.stored is None or keyword.configured == keyword.default
    return stored == keyword.stored
