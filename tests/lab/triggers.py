# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the triggers of a task fire, and when the task has expired. Pure functions of times; nothing waits here.

All times are those of the machine's own clock. A trigger does not fire at or after its EndBoundary. Of a random delay
the lab always takes the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.lab.taskvalues import TaskDefinition, Trigger

Aware = Callable[[datetime], datetime]
"""Makes a point in time of the machine's local zone where a definition leaves the zone out."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """What triggers count from: when the task was registered, and when the machine booted since (None: not yet)."""

    registered: datetime
    booted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time at which a trigger fires."""

    at: datetime
    trigger: Trigger


def next_occurrence(
    definition: TaskDefinition, anchors: Anchors, aware: Aware, after: datetime, kinds: frozenset[str] | None = None
) -> Occurrence | None:
    """The first time after ``after`` that an enabled trigger (of these kinds) fires; None when none does any more."""
    found: list[Occurrence] = []
    for trigger in definition.triggers:
        if trigger.enabled and (kinds is None or trigger.kind in kinds):
            at = _next(trigger, anchors, aware, after)
            if at is not None:
                found.append(Occurrence(at, trigger))
    return min(found, key=lambda occurrence: occurrence.at, default=None)


def occurrences(
    definition: TaskDefinition, anchors: Anchors, aware: Aware, since: datetime, until: datetime
) -> Iterator[Occurrence]:
    """The times at which a time trigger fires after ``since`` and not after ``until``."""
    while (found := next_occurrence(definition, anchors, aware, since, frozenset({"TimeTrigger"}))) is not None:
        if found.at > until:
            return
        yield found
        since = found.at


def expiry(definition: TaskDefinition, aware: Aware) -> datetime | None:
    """When the last trigger ends; None for a task with a trigger that never does, or without any."""
    ends = [None if trigger.end is None else aware(trigger.end) for trigger in definition.triggers]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _next(trigger: Trigger, anchors: Anchors, aware: Aware, after: datetime) -> datetime | None:
    first = _first(trigger, anchors, aware)
    if first is None:
        return None
    at = first
    if at <= after:
        if trigger.repetition is None:
            return None
        interval = trigger.repetition.interval
        at = first + ((after - first) // interval + 1) * interval
        duration = trigger.repetition.duration
        if duration is not None and at > first + duration:
            return None
    if trigger.end is not None and at >= aware(trigger.end):
        return None
    return at


def _first(trigger: Trigger, anchors: Anchors, aware: Aware) -> datetime | None:
    """The time that the repetitions of a trigger count from."""
    start = None if trigger.start is None else aware(trigger.start)
    if trigger.kind == "TimeTrigger":
        return None if start is None else start + trigger.delay
    anchor = anchors.booted if trigger.kind == "BootTrigger" else anchors.registered
    if anchor is None or (start is not None and anchor < start):
        return None
    return anchor + trigger.delay
