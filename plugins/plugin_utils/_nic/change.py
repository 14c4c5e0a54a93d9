# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Changing an adapter's checksum offload step by step, so that whatever breaks off can be taken back.

The steps of one adapter, each of which relies on the one before:

1. planned: what stands in the registry was read from the adapter's class key and from the CIM provider, and agrees;

2. recorded: the original is kept on the host and was read back;

3. written: the value was sent to the registry, once;

4. read back: the CIM provider, which did not take part in writing, reports the new value;

5. restarted: the adapter was restarted, at most once for this value, and the host is back;

6. confirmed: the whole host was read anew, and the value is still what it shall be.

A write whose answer is lost is not repeated: the reading that follows tells whether it took place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    HostReading,
    read_host,
    read_host_keywords,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    KEYWORDS,
    OffloadKeyword,
    parse_value,
    word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import (
    Plan,
    Request,
    Situation,
    make_plan,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry, find_class_key
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import (
    Clock,
    await_return,
    request_restart,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import carries_management
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import (
    Outcome,
    RecordStore,
    UndoRecord,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client


class Step(Enum):
    """How far the change of one adapter went."""

    PLANNED = 1
    RECORDED = 2
    WRITTEN = 3
    READ_BACK = 4
    RESTARTED = 5
    CONFIRMED = 6


@dataclass(slots=True)
class Change:
    """The change of one adapter: its plan, and what became of it.

    Attributes:
        plan: What will be done.
        class_key: The adapter's class key, for a plan that writes.
        original: What stands in the class key, for a plan that writes.
        step: The last step that was reached.
        record: The undo record as it stands on the host.
        keyword: The keyword as it was last read.
        active: What the driver did when it was last asked.
        outage_seconds: How long the adapter was away.
        confirmed: Whether the driver works with what was asked for, as far as the host tells.
    """

    plan: Plan
    class_key: str | None = None
    original: str | None = None
    step: Step = Step.PLANNED
    record: UndoRecord | None = None
    keyword: OffloadKeyword | None = None
    active: int | None = None
    outage_seconds: float | None = None
    confirmed: bool = False

    def __post_init__(self) -> None:
        self.record = self.plan.situation.record
        self.keyword = self.plan.situation.keyword
        self.active = self.plan.situation.active
        self.confirmed = not self.plan.changes and self.plan.is_met_by(self.active)

    @property
    def adapter(self) -> Adapter:
        """The adapter as it was read at first."""
        return self.plan.situation.adapter

    @property
    def changed(self) -> bool:
        """Whether anything on the host may have changed by now."""
        return self.step is not Step.PLANNED


@dataclass(slots=True)
class Changer:
    """Changes the adapters of one host.

    Attributes:
        client: The connection to the host.
        request: What the task asks for.
        clock: Time, for the wait after a restart.
        now: The time of day, for records.
    """

    client: Client
    request: Request
    clock: Clock = field(default_factory=Clock)
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    _registry: Registry = field(init=False)
    _store: RecordStore = field(init=False)

    def __post_init__(self) -> None:
        self._registry = Registry(self.client)
        self._store = RecordStore(self._registry)

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
        return [self._locate(plan) for plan in plans]

    def carry_out(self, changes: Sequence[Change]) -> HostReading | None:
        """Carry out the plans, the adapter that carries the connection last.

        Returns:
            The host as it was read after the last change, None where nothing was to change.

        Raises:
            NicError: a change broke off; ``partial`` tells what became of each adapter until then.
            HostUnreachable: likewise, because the host does not answer any more.
        """
        reading: HostReading | None = None
        try:
            for change in sorted(changes, key=lambda each: each.plan.situation.carries is not False):
                if change.plan.changes:
                    reading = self._carry_out(change)
        except NicError as error:
            error.partial = {
                "changed": any(change.changed for change in changes),
                "adapters": [result(change) for change in changes],
            }
            raise
        return reading

    def _governing(
        self, reading: HostReading, guid: str, records: Mapping[str, UndoRecord | None]
    ) -> OffloadKeyword | None:
        """The keyword to change; to restore, the one that there is a record of."""
        recorded = [each for each in reading.keywords.get(guid, ()) if records[each.name] is not None]
        if self.request.state == "restored" and recorded:
            return recorded[0]
        return reading.keyword(guid)

    def _locate(self, plan: Plan) -> Change:
        """Find the class key of a plan that writes, and compare what it holds with what the CIM provider said."""
        if not plan.write:
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

    def _carry_out(self, change: Change) -> HostReading:
        plan = change.plan
        if plan.write or plan.restart:
            self._record(change)
        if plan.write:
            self._write(change)
            self._read_back(change)
        reading = self._restart(change) if plan.restart else read_host(self.client)
        self._confirm(change, reading)
        return reading

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

    def _read_back(self, change: Change) -> None:
        keywords = read_host_keywords(self.client).get(change.adapter.guid, ())
        change.keyword = next((each for each in keywords if each.name == change.plan.keyword.name), None)
        if change.keyword is None or not _holds(change.keyword, change.plan.target):
            raise self._not_in_force(change, "write_not_confirmed", "the adapter was not restarted")
        change.step = Step.READ_BACK

    def _restart(self, change: Change) -> HostReading:
        record = self._kept(change)
        # Kept before the request leaves: whatever becomes of the answer, no later run restarts for this value again.
        change.record = replace(record, restart_requested_at=self._time())
        self._store.update(change.record)
        began = self.clock.monotonic()
        try:
            answered = request_restart(self.client, change.adapter)
        except HostUnreachable as error:
            self._unmark_anew(change, record, error)
            raise
        except NicError:
            # The host said no, so that nothing was restarted: the next run may try again.
            change.record = record
            self._store.update(record)
            raise
        returned = await_return(
            self.client,
            change.adapter,
            lambda: read_host(self.client),
            lambda reading: self._settled(change, reading, answered=answered),
            deadline_seconds=self.request.reconnect_timeout_seconds,
            clock=self.clock,
        )
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
                f"{error.next_step} No later run restarts adapter {change.adapter.name} for this value:"
                " restart it, or the host, by hand.",
            ) from error
        change.record = record

    @staticmethod
    def _settled(change: Change, reading: HostReading, *, answered: bool) -> bool:
        """Whether the driver works with the new value.

        Of one that doesn't tell, a cut connection shows that the restart took place. Where it was not cut, and the
        adapter may carry it, that can still happen.
        """
        active = reading.active.get(change.adapter.guid)
        if active is None:
            return not answered or change.plan.situation.carries is False
        return change.plan.is_met_by(active)

    def _confirm(self, change: Change, reading: HostReading) -> None:
        change.keyword = reading.keyword(change.adapter.guid, change.plan.keyword.name)
        change.active = reading.active.get(change.adapter.guid)
        if change.keyword is None or not _holds(change.keyword, change.plan.target):
            raise self._not_in_force(change, "value_not_kept", "something on the host wrote another value in between")
        change.confirmed = change.plan.is_met_by(change.active)
        record = self._kept(change)
        if change.plan.remove_record:
            self._forget(change, record)
        else:
            change.record = replace(record, outcome="confirmed" if change.confirmed else "unconfirmed")
            self._store.update(change.record)
            if change.plan.write and self.request.state == "present":
                # What came of an earlier attempt says nothing about this one.
                self._store.remove_outcome(f"{change.adapter.guid}::{record.keyword}")
        change.step = Step.CONFIRMED

    def _forget(self, change: Change, record: UndoRecord) -> None:
        """Remove the undo record; before that, keep what came of the change, so that no crash loses both."""
        if self.request.outcome is not None:
            outcome = Outcome(self.request.outcome, change.adapter.driver.version, self._time())
            self._store.write_outcome(f"{change.adapter.guid}::{record.keyword}", outcome)
        self._store.remove(record)
        change.record = None

    def _kept(self, change: Change) -> UndoRecord:
        if change.record is None:
            raise TypeError("a change that touches the host has an undo record")
        return change.record

    def _not_in_force(self, change: Change, code: str, seen: str) -> NicError:
        plan, keyword = change.plan, change.keyword
        in_force = "missing" if keyword is None else _shown(keyword.stored)
        return NicError(
            code,
            f"{plan.keyword.name} of adapter {change.adapter.name}",
            f"after {_shown(plan.target)} was written, the CIM provider reports {in_force}; {seen}",
            _shown(plan.target),
            f"The original ({_shown(self._kept(change).original)}) is kept on the host: state restored writes it back.",
        )

    def _time(self) -> str:
        return self.now().astimezone(dt.UTC).isoformat(timespec="seconds")


def result(change: Change, *, check_mode: bool = False) -> dict[str, Any]:
    """One item of a task's ``adapters``. In check mode ``after`` is what the plan would bring."""
    plan, situation = change.plan, change.plan.situation
    keyword, active, pending = change.keyword, change.active, None
    configured = keyword.configured if keyword else None
    if keyword is not None:
        pending = keyword.restart_pending(active)
    if plan.restart_due and (not plan.write or change.step.value >= Step.READ_BACK.value):
        # A driver that doesn't tell what it works with has not been restarted either.
        pending = True
    if check_mode and plan.changes:
        configured = parse_value(plan.target)
        active = plan.expected if plan.restart and active is not None else active
        pending = plan.pending_after
    name = situation.keyword.name if situation.keyword else None
    before = situation.keyword.configured if situation.keyword else None
    return {
        "name": situation.adapter.name,
        "guid": situation.adapter.guid,
        "keyword": name,
        "before": {"configured": word(before), "active": word(situation.active)},
        "after": {"configured": word(configured), "active": word(active)},
        "changed": plan.changes if check_mode else change.changed,
        "restarted": change.step in (Step.RESTARTED, Step.CONFIRMED) and plan.restart,
        "restart_pending": pending,
        "confirmed": change.confirmed,
        "outage_seconds": change.outage_seconds,
        "undo": change.record.as_facts() if change.record else None,
    }


def difference(changes: Sequence[Change]) -> dict[str, Any]:
    """The task's diff, from the plans alone: the same in check mode and in the real run."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        plan, situation = change.plan, change.plan.situation
        keyword = situation.keyword
        if keyword is None:
            continue
        before.setdefault(situation.adapter.name, {})[keyword.name] = {
            "configured": word(keyword.configured),
            "restart_pending": keyword.restart_pending(situation.active),
            "undo_record": situation.record is not None,
        }
        after.setdefault(situation.adapter.name, {})[keyword.name] = {
            "configured": word(parse_value(plan.target)),
            "restart_pending": plan.pending_after,
            "undo_record": plan.recorded_after,
        }
    return {"before": before, "after": after}


def _same(keyword: OffloadKeyword, stored: str | None) -> bool:
    """Whether the registry holds what the CIM provider reported, which may report the default for an absent value."""
    if stored is None:
        return keyword.stored is None or keyword.configured == keyword.default
    return stored == keyword.stored


def _holds(keyword: OffloadKeyword, target: str | None) -> bool:
    """Whether the CIM provider reports *target*, where an absent value may be reported as the default."""
    if target is None:
        return keyword.stored is None or keyword.configured == keyword.default
    return keyword.stored == target


def _shown(text: str | None) -> str:
    value = parse_value(text)
    return "no value" if text is None else f"{text} ({word(value)})" if value is not None else repr(text)
