# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When triggers fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.lab.taskvalues import ExecAction, Principal, Repetition, TaskDefinition, TaskSettings, Trigger
from tests.lab.triggers import Anchors, expiry, next_occurrence, occurrences

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = timezone(timedelta(hours=1))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def aware(moment: datetime) -> datetime:
    """A machine one hour east of UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def definition(*triggers: Trigger) -> TaskDefinition:
    return TaskDefinition(triggers, Principal(), TaskSettings(), (ExecAction("reg.exe"),))


def times(
    trigger: Trigger, count: int, *, after: datetime = NOON, anchors: Anchors | None = None
) -> list[timedelta | None]:
    """The first so many times a trigger fires, counted from noon; None where there is none any more."""
    found: list[timedelta | None] = []
    for _number in range(count):
        due = next_occurrence(definition(trigger), anchors or Anchors(NOON), aware, after)
        if due is None:
            return [*found, None]
        found.append(due.at - NOON)
        after = due.at
    return found


def test_a_time_trigger_fires_once() -> None:
    assert times(Trigger("TimeTrigger", start=NOON + minutes(10)), 2) == [minutes(10), None]


def test_a_time_that_was_past_at_registration_does_not_fire() -> None:
    assert times(Trigger("TimeTrigger", start=NOON - minutes(1)), 1) == [None]
    assert times(Trigger("TimeTrigger", start=NOON), 1) == [None]


def test_a_time_without_zone_is_the_machines_local_time() -> None:
    local = datetime(2026, 3, 1, 13, 5)  # noqa: DTZ001 - that is what is tested
    assert times(Trigger("TimeTrigger", start=local), 1) == [minutes(5)]


def test_repetition_goes_on_until_the_end() -> None:
    trigger = Trigger("TimeTrigger", start=NOON + minutes(5), end=NOON + minutes(8), repetition=Repetition(minutes(1)))
    assert times(trigger, 9) == [minutes(5), minutes(6), minutes(7), None]


def test_repetition_ends_with_its_duration() -> None:
    trigger = Trigger("TimeTrigger", start=NOON + minutes(5), repetition=Repetition(minutes(1), minutes(2)))
    assert times(trigger, 9) == [minutes(5), minutes(6), minutes(7), None]


def test_a_repetition_that_began_in_the_past_keeps_its_beat() -> None:
    trigger = Trigger("TimeTrigger", start=NOON - minutes(7), repetition=Repetition(minutes(5)))
    assert times(trigger, 2) == [minutes(3), minutes(8)]


def test_random_delay_is_taken_whole() -> None:
    assert times(Trigger("TimeTrigger", start=NOON + minutes(5), delay=minutes(2)), 1) == [minutes(7)]


def test_disabled_triggers_do_not_fire() -> None:
    assert times(Trigger("TimeTrigger", start=NOON + minutes(5), enabled=False), 1) == [None]


def test_a_boot_trigger_waits_for_a_boot() -> None:
    trigger = Trigger("BootTrigger", delay=minutes(0.5), repetition=Repetition(minutes(1)))
    assert times(trigger, 1) == [None]
    booted = Anchors(NOON - minutes(60), NOON)
    assert times(trigger, 2, anchors=booted) == [minutes(0.5), minutes(1.5)]


@pytest.mark.parametrize(
    ("start", "end", "fires"),
    [(None, None, True), (-1, 1, True), (1, 2, False), (-2, -1, False), (-2, 0, False)],
)
def test_a_boot_trigger_only_fires_between_its_boundaries(start: int | None, end: int | None, fires: bool) -> None:
    trigger = Trigger(
        "BootTrigger",
        start=None if start is None else NOON + minutes(start),
        end=None if end is None else NOON + minutes(end),
    )
    found = next_occurrence(definition(trigger), Anchors(NOON, NOON), aware, NOON - timedelta(microseconds=1))
    assert (found is not None) is fires


def test_a_registration_trigger_counts_from_registration() -> None:
    assert times(Trigger("RegistrationTrigger", delay=minutes(1)), 2) == [minutes(1), None]


def test_the_first_trigger_wins() -> None:
    early, late = Trigger("TimeTrigger", start=NOON + minutes(1)), Trigger("TimeTrigger", start=NOON + minutes(2))
    found = next_occurrence(definition(late, early), Anchors(NOON), aware, NOON)
    assert found is not None
    assert found.trigger is early


def test_missed_times_are_those_of_time_triggers() -> None:
    task = definition(
        Trigger("TimeTrigger", start=NOON + minutes(1), repetition=Repetition(minutes(1))),
        Trigger("BootTrigger", repetition=Repetition(minutes(1))),
    )
    found = list(occurrences(task, Anchors(NOON, NOON), aware, NOON + minutes(2), NOON + minutes(4)))
    assert [occurrence.at - NOON for occurrence in found] == [minutes(3), minutes(4)]


def test_a_task_expires_with_its_last_trigger() -> None:
    ends = [Trigger("BootTrigger", end=NOON + minutes(number)) for number in (5, 9, 7)]
    assert expiry(definition(*ends), aware) == NOON + minutes(9)
    assert expiry(definition(*ends, Trigger("BootTrigger")), aware) is None
    assert expiry(definition(), aware) is None
