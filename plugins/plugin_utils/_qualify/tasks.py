# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

r"""The questions about scheduled tasks, settled with two harmless ones.

One writes a value below ``HKLM\SOFTWARE\remediation.windows_nic\qualify`` when it is due, and is then deleted from
here. The other was due before it was registered, so that it never runs and only expires. Whatever happens, both tasks
and the value are removed in the end; on a host that went away, the tasks expire by themselves within a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.scheduler import Scheduler
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    NO_ANSWER,
    NOT_ASKED,
    Answer,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client

QUALIFY_KEY: Final = r"SOFTWARE\remediation.windows_nic\qualify"
FIRING: Final = "remediation.windows_nic qualify"
EXPIRING: Final = "remediation.windows_nic qualify expiry"

_MARK: Final = "fired"
_DUE: Final = dt.timedelta(seconds=60)
_END: Final = dt.timedelta(seconds=90)
_FIRES_WITHIN: Final = dt.timedelta(minutes=2)
"""How long after it is due a task may begin: the scheduler is no real-time system."""
_EXPIRES_WITHIN: Final = dt.timedelta(minutes=5)
_LONGEST_WAIT_SECONDS: Final = 900.0
"""Waits end by the host's clock, and at the latest after this time: that clock may stand still."""
_POLL_SECONDS: Final = 2.0
_XML_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def definition(start: dt.datetime, end: dt.datetime) -> str:
    """A task that writes the mark once, at *start*, and expires at *end*; as a guard's, with one trigger."""
    line = rf'/d /c reg add "HKLM\{QUALIFY_KEY}" /v {_MARK} /t REG_SZ /d 1 /f'
    return (
        f'<Task version="1.2" xmlns="{_XML_NAMESPACE}">'
        "<RegistrationInfo><Author>remediation.windows_nic</Author></RegistrationInfo>"
        f"<Triggers><TimeTrigger><StartBoundary>{_boundary(start)}</StartBoundary>"
        f"<EndBoundary>{_boundary(end)}</EndBoundary></TimeTrigger></Triggers>"
        '<Principals><Principal id="system"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal>'
        "</Principals><Settings><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
        "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>"
        "<ExecutionTimeLimit>PT5M</ExecutionTimeLimit></Settings>"
        r'<Actions Context="system"><Exec><Command>%SystemRoot%\System32\cmd.exe</Command>'
        f"<Arguments>{line}</Arguments></Exec></Actions></Task>"
    )


def _boundary(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class TaskTrial:
    """Settles the questions about tasks on one host.

    Attributes:
        client: Client of the host.
        await_expiry: Whether to wait for the end of the other task too, which takes some minutes more.
        clock: Time, for the waits.
        answers: What was settled so far.
        left_behind: What could not be removed in the end, and why.
        touched: Whether anything on the host was changed.
    """

    client: Client
    await_expiry: bool = True
    clock: Clock = field(default_factory=Clock)
    answers: list[Answer] = field(init=False, default_factory=list)
    left_behind: list[str] = field(init=False, default_factory=list)
    touched: bool = field(init=False, default=False)
    _scheduler: Scheduler = field(init=False)
    _registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self._scheduler = Scheduler(self.client)
        self._registry = Registry(self.client)

    def run(self) -> None:
        """Settle the questions, and remove everything whatever happens.

        Raises:
            HostUnreachable: the host went away; what stays on it expires by itself, and is in ``left_behind``.
            NicError: the host's clock or its registry could not be read.
        """
        self.touched = True
        self._clean()
        if self.left_behind:
            why = f"an earlier run has left something that can't be removed: {'; '.join(self.left_behind)}"
            self.answers.append(Answer("guard_registers", NO_ANSWER, why))
            return
        try:
            for answer in self._settle():
                self.answers.append(answer)
        finally:
            self._clean()

    def _settle(self) -> Iterator[Answer]:
        self._registry.create_key(QUALIFY_KEY)
        now = self._scheduler.clock()
        due = now + _DUE
        fires = definition(due, due + dt.timedelta(days=1))
        refusal = self._register(FIRING, fires)
        if refusal is not None:
            yield Answer("guard_registers", "refused", refusal)
            return
        yield Answer("guard_registers", "registered")
        # The same definition once more: a host that lets it replace the first still has a task that is due then.
        yield self._lock(fires)
        unregistered = self._register(EXPIRING, definition(now - _DUE, now + _END)) if self.await_expiry else None
        yield self._firing(due)
        yield self._deletion()
        if not self.await_expiry:
            yield Answer("guard_expires", NOT_ASKED)
        elif unregistered is not None:
            yield Answer("guard_expires", NO_ANSWER, unregistered)
        else:
            yield self._expiry(now + _END)

    def _register(self, name: str, xml: str) -> str | None:
        """Register a task; why it is not there, None where it is."""
        try:
            self._scheduler.register(name, xml)
            return None if self._scheduler.find(name) else "it was registered and is not there"
        except HostUnreachable:
            raise
        except NicError as error:
            return f"{error.code}: {error.seen}"

    def _lock(self, xml: str) -> Answer:
        identifier = "guard_is_a_lock"
        try:
            answered = self._scheduler.register(FIRING, xml)
        except HostUnreachable:
            raise
        except NicError as error:
            if error.code == "task_exists":
                return Answer(identifier, "refused")
            return Answer(identifier, NO_ANSWER, f"{error.code}: {error.seen}")
        if answered:
            return Answer(identifier, "replaced")
        return Answer(identifier, NO_ANSWER, "the answer was lost")

    def _firing(self, due: dt.datetime) -> Answer:
        fired = self._wait(lambda: self._registry.get_string(QUALIFY_KEY, _MARK) is not None, due + _FIRES_WITHIN)
        late = round((self._scheduler.clock() - due).total_seconds())
        detail = f"seen {late} seconds after it was due" if fired else f"not until {late} seconds after it was due"
        return Answer("guard_fires", "fires" if fired else "fires_not", detail)

    def _deletion(self) -> Answer:
        identifier = "guard_deletes"
        try:
            self._scheduler.delete(FIRING)
        except HostUnreachable:
            raise
        except NicError as error:
            return Answer(identifier, "stays", f"{error.code}: {error.seen}")
        return Answer(identifier, "stays" if self._scheduler.find(FIRING) else "deleted")

    def _expiry(self, end: dt.datetime) -> Answer:
        gone = self._wait(lambda: self._scheduler.find(EXPIRING) is None, end + _EXPIRES_WITHIN)
        late = round((self._scheduler.clock() - end).total_seconds())
        detail = f"gone {late} seconds after its end" if gone else f"still there {late} seconds after its end"
        return Answer("guard_expires", "expires" if gone else "stays", detail)

    def _wait(self, done: Callable[[], bool], until: dt.datetime) -> bool:
        longest = self.clock.monotonic() + _LONGEST_WAIT_SECONDS
        while not done():
            if self._scheduler.clock() >= until or self.clock.monotonic() >= longest:
                return False
            self.clock.sleep(_POLL_SECONDS)
        return True

    def _clean(self) -> None:
        """Remove tasks and mark, whether they are there or not. What stays is told, and stops nothing."""
        steps: dict[str, Callable[[], str | None]] = {
            f"scheduled task {FIRING}": partial(self._remove_task, FIRING),
            f"scheduled task {EXPIRING}": partial(self._remove_task, EXPIRING),
            rf"HKLM\{QUALIFY_KEY}, value {_MARK}": self._remove_mark,
        }
        self.left_behind = []
        lost: str | None = None
        for what, step in steps.items():
            try:
                why = lost or step()
            except HostUnreachable as error:
                why = lost = error.seen
            except NicError as error:
                why = error.seen
            if why is not None:
                self.left_behind.append(f"{what} ({why})")

    def _remove_task(self, name: str) -> str | None:
        """Why a task is still there; None where it is not."""
        self._scheduler.delete(name)
        return "it was deleted, and is still there" if self._scheduler.find(name) else None

    def _remove_mark(self) -> str | None:
        self._registry.delete_value(QUALIFY_KEY, _MARK)
        return None if self._registry.get_string(QUALIFY_KEY, _MARK) is None else "it was deleted, and is still there"
