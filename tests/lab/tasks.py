# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Task Scheduler of one machine: registered tasks, the times they start at, and their runs.

What Microsoft leaves open is taken the hard way: an action that can't be started ends the run, a task that is deleted
while it runs begins no further action, and RestartOnFailure has no effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

from tests.lab import schedulererrors as errors
from tests.lab.clock import HostClock
from tests.lab.processes import StartFailed
from tests.lab.schedulererrors import SchedulerError
from tests.lab.schema import Tasks
from tests.lab.tasknodes import Node
from tests.lab.taskvalues import ExecAction, TaskDefinition, Trigger
from tests.lab.taskxml import read_task
from tests.lab.triggers import Anchors, expiry, next_occurrence, occurrences

HAS_NOT_RUN: Final = 0x41303
TERMINATED: Final = 0x41306
CATCH_UP: Final = timedelta(minutes=10)
"""How long after the machine came up a missed start is made up for (ITaskSettings, StartWhenAvailable)."""
_MOMENT: Final = timedelta(microseconds=1)
_NOT_IN_NAMES: Final = frozenset('<>:"/\\|?*')

State = Literal["disabled", "queued", "ready", "running"]


@dataclass(frozen=True, slots=True)
class RunsAs:
    """Who a task runs as: whether with all rights, and whether only while that user is logged on, which nobody is."""

    elevated: bool
    interactive_only: bool = False


class Host(Protocol):
    """What the scheduler needs of its machine."""

    @property
    def clock(self) -> HostClock:
        """Its clock."""

    def note(self, what: str, detail: str) -> None:
        """Write into the journal."""

    def start_refused(self, definition: TaskDefinition) -> str | None:
        """Why a task's conditions do not allow it to start now; None when they do."""

    async def run_action(self, action: ExecAction, *, elevated: bool) -> int:
        """Run an action to its end."""


@dataclass(slots=True, eq=False)
class Run:
    """One run of a task."""

    trigger: str
    started: datetime
    exit_codes: list[int] = field(default_factory=list)
    result: int | None = None
    """None while it runs."""


@dataclass(slots=True, eq=False)
class Task:
    """A registered task. ``path`` is its folder, with backslashes around."""

    path: str
    name: str
    definition: TaskDefinition
    tree: Node
    runs_as: RunsAs
    anchors: Anchors
    enabled: bool
    watched_from: datetime
    last_run: datetime | None = None
    last_result: int = HAS_NOT_RUN
    missed_runs: int = 0
    catch_up_at: datetime | None = None
    queued: int = 0
    deleted: bool = False
    running: dict[asyncio.Task[None], Run] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Folder and name."""
        return f"{self.path}{self.name}"

    @property
    def state(self) -> State:
        """What the task is doing."""
        if self.running:
            return "running"
        if not self.enabled:
            return "disabled"
        return "queued" if self.queued else "ready"


@dataclass(frozen=True, slots=True)
class _Due:
    at: datetime
    trigger: Trigger | None
    """None: a missed start is made up for."""


class TaskScheduler:
    """The scheduler of one machine.

    Args:
        host: the machine.
        spec: how the scheduler behaves.
        newest_schema: the highest version of task definitions that it takes.
    """

    def __init__(self, host: Host, spec: Tasks, newest_schema: tuple[int, int] = (1, 6)) -> None:
        self._host = host
        self._spec = spec
        self._newest_schema = newest_schema
        self._tasks: dict[tuple[str, str], Task] = {}
        self._watchers: dict[Task, asyncio.Task[None]] = {}
        self._registered = 0
        self.runs: list[tuple[Task, Run]] = []

    @property
    def tasks(self) -> list[Task]:
        """All registered tasks, in the order of registration."""
        return list(self._tasks.values())

    def get(self, path: str, name: str) -> Task:
        """A task by folder and name, in any case.

        Raises:
            SchedulerError: there is none.
        """
        task = self._tasks.get(_key(folder(path), name))
        if task is None:
            raise SchedulerError(errors.FILE_NOT_FOUND)
        return task

    def register(
        self, xml: str, path: str, name: str, account: Callable[[TaskDefinition], RunsAs], *, force: bool
    ) -> Task:
        """Register a task.

        Args:
            xml: its definition.
            path: its folder.
            name: its name.
            account: tells who the task is to run as.
            force: whether it may take the place of another one.

        Raises:
            SchedulerError: the scheduler does not take it.
            TaskXmlError: its definition is wrong.
            NotSimulated: the lab can't carry it out.
        """
        refusal = {
            "access_denied": errors.ACCESS_DENIED,
            "policy": errors.BLOCKED_BY_POLICY,
            "service_stopped": errors.SERVICE_NOT_AVAILABLE,
        }.get(self._register_task)
        if refusal is not None:
            raise SchedulerError(refusal)
        definition, tree = read_task(xml, self._newest_schema)
        path = folder(path)
        if not name or _NOT_IN_NAMES & set(name) or (_NOT_IN_NAMES - {"\\"}) & set(path):
            raise SchedulerError(errors.INVALID_NAME)
        runs_as = account(definition)
        known = self._tasks.get(_key(path, name))
        if known is not None and not force:
            raise SchedulerError(errors.ALREADY_EXISTS)
        if known is not None:
            self._remove(known, "TaskReplaced")
        now = self._host.clock.now
        task = Task(path, name, definition, tree, runs_as, Anchors(now), definition.settings.enabled, now)
        self._host.note("TaskRegistered", task.full_name)
        self._tasks[_key(path, name)] = task
        self._watch(task)
        vanishes = self._register_task == "vanishes"
        self._registered += 1
        if vanishes:
            self._remove(task, "TaskVanished")
        return task

    @property
    def _register_task(self) -> str:
        """What becomes of the next registration."""
        return self._spec.register_task if self._registered >= self._spec.registers_first else "allowed"

    def delete(self, task: Task) -> None:
        """Delete a task. What runs of it goes on with the action it is at.

        Raises:
            SchedulerError: it can't be deleted.
        """
        if self._spec.delete_task == "fails":
            raise SchedulerError(errors.ACCESS_DENIED)
        if self._spec.delete_task == "lies":
            self._host.note("TaskKept", task.full_name)
            return
        self._remove(task, "TaskDeleted")

    def start(self, task: Task) -> None:
        """Start a task on demand.

        Raises:
            SchedulerError: it is disabled, or does not allow that.
        """
        if not task.enabled:
            raise SchedulerError(errors.TASK_DISABLED)
        if not task.definition.settings.allow_start_on_demand:
            raise SchedulerError(errors.START_ON_DEMAND)
        self._fire(task, None)

    def stop(self, task: Task) -> None:
        """End everything that runs of a task."""
        task.queued = 0
        for running in list(task.running):
            running.cancel()

    def enable(self, task: Task, on: bool) -> None:
        """Enable or disable a task; what runs of it goes on."""
        task.enabled = on

    def next_run(self, task: Task) -> datetime | None:
        """When a task starts next; None when nothing is due any more."""
        due = self._due(task, self._host.clock.now)
        return due.at if due is not None and task.enabled else None

    def power_off(self) -> None:
        """The machine goes down: nothing waits and nothing runs any more."""
        for watcher in self._watchers.values():
            watcher.cancel()
        self._watchers.clear()
        now = self._host.clock.now
        for task in self.tasks:
            self.stop(task)
            task.watched_from = now

    def power_on(self) -> None:
        """The machine has booted: boot triggers count from now, and what was missed is noticed."""
        now = self._host.clock.now
        for task in self.tasks:
            aware = self._host.clock.aware
            missed = list(occurrences(task.definition, task.anchors, aware, task.watched_from, now))
            task.missed_runs += len(missed)
            if missed and task.definition.settings.start_when_available:
                task.catch_up_at = now + CATCH_UP
            task.anchors = Anchors(task.anchors.registered, now)
            task.watched_from = now - _MOMENT
            self._watch(task)

    def _watch(self, task: Task) -> None:
        self._watchers[task] = asyncio.get_running_loop().create_task(self._start_when_due(task))

    def _remove(self, task: Task, why: str) -> None:
        task.deleted = True
        task.queued = 0
        del self._tasks[_key(task.path, task.name)]
        watcher = self._watchers.pop(task, None)
        if watcher is not None:
            watcher.cancel()
        self._host.note(why, task.full_name)

    def _due(self, task: Task, after: datetime) -> _Due | None:
        found = next_occurrence(task.definition, task.anchors, self._host.clock.aware, after)
        due = None if found is None else _Due(found.at, found.trigger)
        if task.catch_up_at is not None and (due is None or task.catch_up_at < due.at):
            return _Due(task.catch_up_at, None)
        return due

    async def _start_when_due(self, task: Task) -> None:
        """Start a task whenever it is due, until nothing is due any more, or it has expired and is removed."""
        clock, late = self._host.clock, timedelta(seconds=self._spec.late_seconds)
        ends = expiry(task.definition, clock.aware)
        after = task.watched_from
        while (due := self._due(task, after)) is not None and (ends is None or due.at < ends):
            await clock.sleep_until(due.at + late)
            if due.trigger is None:
                task.catch_up_at = None
            else:
                after = max(due.at, clock.now - late)
            if ends is None or clock.now < ends:
                self._fire(task, due.trigger)
        keeps = task.definition.settings.delete_expired_after
        if ends is None or keeps is None or not self._spec.expires:
            return
        await clock.sleep_until(ends + keeps)
        while task.running:
            await asyncio.wait(list(task.running))
        self._watchers.pop(task, None)
        self._remove(task, "TaskExpired")

    def _fire(self, task: Task, trigger: Trigger | None) -> None:
        """Start a task, unless something is against it."""
        why = self._why_not(task)
        if why is not None:
            self._host.note("TaskNotStarted", f"{task.full_name} {why}")
            return
        policy = task.definition.settings.instances
        if task.running and policy == "IgnoreNew":
            self._host.note("TaskNotStarted", f"{task.full_name} already running")
            return
        if task.running and policy == "Queue":
            task.queued += 1
            return
        if task.running and policy == "StopExisting":
            self.stop(task)
        self._begin(task, trigger)

    def _why_not(self, task: Task) -> str | None:
        if not task.enabled:
            return "disabled"
        if task.runs_as.interactive_only:
            return "nobody is logged on"
        return self._host.start_refused(task.definition)

    def _begin(self, task: Task, trigger: Trigger | None) -> None:
        run = Run("on demand" if trigger is None else trigger.kind, self._host.clock.now)
        task.last_run = run.started
        self.runs.append((task, run))
        self._host.note("TaskStarted", f"{task.full_name} {run.trigger}")
        running = asyncio.get_running_loop().create_task(self._run(task, run, trigger))
        task.running[running] = run
        running.add_done_callback(lambda finished: self._ended(task, finished))

    def _ended(self, task: Task, finished: asyncio.Task[None]) -> None:
        run = task.running.pop(finished)
        if run.result is None:
            run.result = TERMINATED
        task.last_result = run.result
        self._host.note("TaskEnded", f"{task.full_name} {run.result:#x}")
        if task.queued and not task.deleted and not finished.cancelled():
            task.queued -= 1
            self._begin(task, None)

    async def _run(self, task: Task, run: Run, trigger: Trigger | None) -> None:
        limits = [task.definition.settings.time_limit, trigger.time_limit if trigger is not None else None]
        limit = min((one for one in limits if one), default=None)
        actions = self._act(task, run)
        if limit is None:
            await actions
        else:
            await _within(actions, self._host.clock.sleep(limit.total_seconds()))

    async def _act(self, task: Task, run: Run) -> None:
        for action in task.definition.actions:
            if task.deleted:
                break
            try:
                run.exit_codes.append(await self._host.run_action(action, elevated=task.runs_as.elevated))
            except StartFailed as failure:
                run.result = failure.code
                return
        run.result = run.exit_codes[-1] & 0xFFFFFFFF if run.exit_codes else 0


async def _within(work: Coroutine[Any, Any, None], limit: Awaitable[None]) -> None:
    """Do something, but not beyond a limit."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(limit)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    if tasks[0].done() and not tasks[0].cancelled():
        tasks[0].result()


def folder(path: str) -> str:
    """A folder as the scheduler writes it: with a backslash at both ends."""
    inner = path.strip("\\")
    return f"\\{inner}\\" if inner else "\\"


def _key(path: str, name: str) -> tuple[str, str]:
    return path.casefold(), name.casefold()
