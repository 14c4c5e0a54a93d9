# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Guards of a host: setting one before an adapter restarts, relieving it after, and resolving what a dead run left.

A guard stands for connectivity alone. Whoever is connected to the host may relieve it, once it is clear that no living
run counts on it: connected is what it waits for. What the value is then, only reading the host tells.

The task's name is the lock: it is registered without Force, so that of two runs one gets it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import (
    GUARD_KEY,
    REPEAT_SECONDS,
    RUN_SECONDS,
    Guard,
    GuardNote,
    definition,
    mark,
    needs_build,
    read_note,
    refuse_impossible,
    task_name,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock, patiently
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.scheduler import Scheduler
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client

State = Literal["none", "not_set", "set", "removed", "fired", "left"]

GRACE_SECONDS: Final = 300
"""How long after it was due a guard is waited for: tasks start late, and a slow device takes its time."""
_ABANDONED: Final = dt.timedelta(seconds=2 * GRACE_SECONDS)
"""How long after its guard was due a run has given up for sure."""
RUN_LIMIT_SECONDS: Final = RUN_SECONDS + 2 * REPEAT_SECONDS
"""How long a guard that has begun may take: a run that is ended, and the one after it, which stands down."""
_LOOK_SECONDS: Final = 2.0
_HELD_SECONDS: Final = 5.0
_LOOKS: Final = 3
_REASONS: Final[Mapping[str, str]] = {
    "task_denied": "denied",
    "task_policy": "policy",
    "task_service_unavailable": "service",
    "task_xml_refused": "definition",
    "host_clock_unknown": "clock",
    "guard_not_possible": "not_possible",
}


class GuardNotSet(NicError):
    """There is no guard, and nothing else was done. ``reason`` is a word."""

    reason: str

    def __init__(self, adapter: Adapter, reason: str, seen: str, next_step: str) -> None:
        super().__init__(
            "guard_not_set",
            f"adapter {adapter.name}",
            f"no guard could be set ({reason}): {seen}",
            "a scheduled task that puts the adapter back if the controller does not return",
            f"{next_step} Or set restart to never, or allow_unguarded_restart to true.",
        )
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Relief:
    """How a guard ended.

    Attributes:
        disarmed: It reads in the registry that it is not needed.
        began: It had begun before it could read that, so that the host may have changed.
        fired: It did its work.
        removed: Its task is gone.
        why: What was seen of a task that is not gone.
    """

    disarmed: bool
    began: bool
    fired: bool
    removed: bool
    why: str | None = None

    @property
    def state(self) -> State:
        """How it ended, in a word."""
        if not self.removed:
            return "left"
        return "fired" if self.fired else "removed"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A guard that was there before. ``state``: how it was resolved; gone by itself, or found and left alone."""

    note: GuardNote | None
    state: Literal["removed", "fired", "left", "gone", "found"]

    def as_dict(self) -> dict[str, Any]:
        """The ``resolved`` of a result's guard."""
        note = self.note
        return {
            "state": self.state,
            "holder": str(note.holder) if note else None,
            "set_at": note.set_at.isoformat(timespec="seconds") if note else None,
            "due_at": note.due_at.isoformat(timespec="seconds") if note else None,
        }


@dataclass(slots=True)
class GuardReport:
    """What a result says of the guard of one adapter."""

    guid: str
    state: State = "none"
    due_at: dt.datetime | None = None
    reason: str | None = None
    leftover: Leftover | None = None

    def as_dict(self) -> dict[str, Any] | None:
        """The ``guard`` of an adapter's result; None where there was none, before or now."""
        if self.state == "none" and self.leftover is None:
            return None
        return {
            "task": task_name(self.guid),
            "state": self.state,
            "due_at": self.due_at.isoformat(timespec="seconds") if self.due_at else None,
            "reason": self.reason,
            "resolved": self.leftover.as_dict() if self.leftover else None,
        }


@dataclass(slots=True)
class Guards:
    """The guards of one host.

    Attributes:
        client: The connection to it.
        clock: Time, for waiting.
        holder: This process.
        token: Makes the token of a new guard.
    """

    client: Client
    clock: Clock
    holder: Holder = field(default_factory=Holder.here)
    token: Callable[[], str] = lambda: secrets.token_hex(8)
    _scheduler: Scheduler = field(init=False)
    _registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self._scheduler = Scheduler(self.client)
        self._registry = Registry(self.client)

    def refuse_impossible(self, adapter: Adapter) -> None:
        """Refuse an adapter that no guard could bring up; the host is asked only where that depends on it.

        Raises:
            NicError: ``guard_not_possible``.
        """
        if needs_build(adapter):
            refuse_impossible(adapter, self._scheduler.system().build)

    def now(self) -> dt.datetime:
        """What time it is by the host's own clock."""
        return self._scheduler.clock()

    def find(self, guid: str) -> Leftover | None:
        """The guard of an adapter, None where there is none. Changes nothing."""
        xml = self._definition(guid)
        return None if xml is None else Leftover(_note_of(guid, xml), "found")

    def resolve(self, adapter: Adapter, wait_seconds: float) -> Leftover | None:
        """Relieve a guard that no living run counts on any more, and wait for the end of one that somebody holds.

        Args:
            adapter: The adapter.
            wait_seconds: How long to wait.

        Returns:
            The guard that was there, None for none. If there was one, the host must be read anew.

        Raises:
            NicError: ``guard_held``.
        """
        found = self.find(adapter.guid)
        deadline = self.clock.monotonic() + wait_seconds
        last = found
        while found is not None:
            last, note = found, found.note
            if note is not None and self._is_abandoned(note):
                return Leftover(note, _as_leftover(self.relieve(note)))
            if self.clock.monotonic() >= deadline:
                raise _held(adapter, note)
            self.clock.sleep(_HELD_SECONDS)
            # The run that holds it, or the guard, may restart the adapter meanwhile.
            found = patiently(self.client, lambda: self.find(adapter.guid), deadline, self.clock)
        return None if last is None else Leftover(last.note, "gone")

    def set(
        self, adapter: Adapter, class_key: str, keyword: str, restores: str | None, minutes: int
    ) -> tuple[GuardNote, float]:
        """Register a guard and see that it is there.

        Args:
            adapter: The adapter.
            class_key: Where its keyword stands.
            keyword: The keyword.
            restores: What the guard puts back, None for no value.
            minutes: When it is due, from now on.

        Returns:
            What it says about itself, and until when it is worth waiting for the host, by the controller's clock.

        Raises:
            GuardNotSet: it is not there.
            NicError: ``guard_held``: another run was quicker.
        """
        self._registry.create_key(GUARD_KEY)
        try:
            system = self._scheduler.system()
            now = system.now.replace(microsecond=0)
            due = now + dt.timedelta(minutes=minutes)
            note = GuardNote(self.token(), self.holder, now, due, adapter.guid, keyword, restores)
            guard = Guard(note, adapter, class_key, system.build)
            answered = self._scheduler.register(guard.name, definition(guard))
        except HostUnreachable:
            raise
        except NicError as error:
            if error.code == "task_exists":
                found = self.find(adapter.guid)
                raise _held(adapter, found.note if found else None) from error
            if error.code in _REASONS or error.code.startswith("task_"):
                raise GuardNotSet(adapter, _REASONS.get(error.code, "other"), error.seen, error.next_step) from error
            raise
        self._require(adapter, note, answered=answered)
        self._sweep(adapter.guid, self._marks(), but=note.token)
        return note, self.clock.monotonic() + minutes * 60 + GRACE_SECONDS

    def relieve(self, note: GuardNote, wait_seconds: float = RUN_LIMIT_SECONDS) -> Relief:
        """Tell a guard that it is not needed, wait for it if it has begun all the same, and delete it.

        Every step may be repeated, and is where the connection breaks: a guard at work restarts the adapter.

        Args:
            note: What the guard says about itself.
            wait_seconds: How long to wait for a guard that has begun, and for a host that went away.

        Raises:
            HostUnreachable: the host went away and did not come back.
        """
        deadline = self.clock.monotonic() + wait_seconds
        begun, fired, confirmed = (mark(note.guid, word, note.token) for word in ("begun", "fired", "confirmed"))
        marks = self._disarm(confirmed, deadline)
        disarmed = confirmed in marks
        began = begun in marks
        while begun in marks and fired not in marks and self.clock.monotonic() < deadline:
            self.clock.sleep(_LOOK_SECONDS)
            marks = patiently(self.client, self._marks, deadline, self.clock)
        last = self.clock.monotonic() + min(wait_seconds, GRACE_SECONDS)
        why = patiently(self.client, lambda: self._delete(note), last, self.clock)
        if why is None:
            patiently(self.client, lambda: self._sweep(note.guid, self._marks(), only=note.token), last, self.clock)
        return Relief(disarmed, began, fired in marks, why is None, why)

    def sweep(self, guid: str) -> None:
        """Remove the marks that guards of an adapter have left, unless there is a guard."""
        marks = self._marks()
        if any(name.startswith(f"{guid}::") for name in marks) and self.find(guid) is None:
            self._sweep(guid, marks)

    def _is_abandoned(self, note: GuardNote) -> bool:
        # Of two runs in one process, the first has ended.
        if note.holder == self.holder or note.holder.is_gone():
            return True
        return self._scheduler.clock() > note.due_at + _ABANDONED

    def _definition(self, guid: str) -> str | None:
        try:
            return self._scheduler.definition(task_name(guid))
        except NicError as error:
            # Where tasks can't be read, none can be registered either: setting one will say so.
            if error.code.startswith("task_"):
                return None
            raise

    def _require(self, adapter: Adapter, note: GuardNote, *, answered: bool) -> None:
        """See that the task is there. One whose answer was lost may be registered a little later."""
        for look in range(1 if answered else _LOOKS):
            if look:
                self.clock.sleep(_LOOK_SECONDS)
            xml = self._definition(adapter.guid)
            if xml is None:
                continue
            found = _note_of(adapter.guid, xml)
            if found is not None and found.token == note.token:
                return
            raise _held(adapter, found)
        raise GuardNotSet(
            adapter,
            "vanished" if answered else "answer_lost",
            "the task was registered with success and is not there" if answered else "registering it was not answered",
            "Look for security software on the host that removes new tasks." if answered else "Run the task again.",
        )

    def _disarm(self, confirmed: str, deadline: float) -> frozenset[str]:
        """Write the mark that the guard is not needed; the marks as they are after that.

        Where the answers were lost, it is written again only if a reading does not show it.
        """
        tried = False

        def attempt() -> frozenset[str]:
            nonlocal tried
            if tried and confirmed in (marks := self._marks()):
                return marks
            tried = True
            self._confirm(confirmed)
            return self._marks()

        return patiently(self.client, attempt, deadline, self.clock)

    def _confirm(self, confirmed: str) -> None:
        try:
            self._registry.create_key(GUARD_KEY)
            self._registry.set_string(GUARD_KEY, confirmed, "1")
        except HostUnreachable:
            raise
        except NicError as error:
            if not error.code.startswith("registry_"):
                raise

    def _delete(self, note: GuardNote) -> str | None:
        """Delete the guard's task, no other one of that name. What was seen, where it is still there; else None."""
        name = task_name(note.guid)
        for _attempt in range(_LOOKS):
            if not self._is_there(note):
                return None
            try:
                answered = self._scheduler.delete(name)
            except HostUnreachable:
                raise
            except NicError as error:
                return error.seen if self._is_there(note) else None
            if answered:
                return "it was deleted with success, and is still there" if self._is_there(note) else None
            # Only a reading tells whether a request without an answer was carried out.
            self.clock.sleep(_LOOK_SECONDS)
        return "deleting it was not answered" if self._is_there(note) else None

    def _is_there(self, note: GuardNote) -> bool:
        xml = self._scheduler.definition(task_name(note.guid))
        found = _note_of(note.guid, xml) if xml is not None else None
        return found is not None and found.token == note.token

    def _marks(self) -> frozenset[str]:
        return frozenset(self._registry.value_names(GUARD_KEY))

    def _sweep(self, guid: str, marks: frozenset[str], *, only: str | None = None, but: str | None = None) -> None:
        """Remove an adapter's marks. One that stays says nothing to a later guard, since its token is another."""
        for name in sorted(marks):
            token = name.rpartition("::")[2]
            if name.startswith(f"{guid}::") and only in (None, token) and but != token:
                self._registry.delete_value(GUARD_KEY, name)


def _note_of(guid: str, xml: str) -> GuardNote | None:
    note = read_note(xml)
    return note if note is not None and note.guid == guid else None


def _as_leftover(relief: Relief) -> Literal["removed", "fired", "left"]:
    if not relief.removed:
        return "left"
    return "fired" if relief.fired else "removed"


def _held(adapter: Adapter, note: GuardNote | None) -> NicError:
    if note is None:
        seen = "a guard that this version of the collection does not understand"
        then = "Look at its description in the Task Scheduler, and delete it if no run is at work."
    else:
        since, due = (moment.isoformat(timespec="seconds") for moment in (note.set_at, note.due_at))
        seen = f"a guard of {note.holder}, set at {since} and due at {due} by the host's clock"
        then = "Let that run end. If it is dead, its guard acts when it is due, and is resolved by the next run after."
    return NicError(
        "guard_held",
        f"adapter {adapter.name}, scheduled task {task_name(adapter.guid)}",
        seen,
        "no other run at work on this adapter",
        then,
    )
