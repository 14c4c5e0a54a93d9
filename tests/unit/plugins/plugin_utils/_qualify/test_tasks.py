# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trials with scheduled tasks, against schedulers in memory that answer otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.scheduler import Scheduler
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.tasks import (
    EXPIRING,
    FIRING,
    QUALIFY_KEY,
    TaskTrial,
    definition,
)
from tests.unit.plugins.plugin_utils._qualify.qualifying import Trials, details, told

Qualify = Callable[..., Trials]
EXPECTED = {
    "guard_registers": "registered",
    "guard_is_a_lock": "refused",
    "guard_fires": "fires",
    "guard_deletes": "deleted",
    "guard_expires": "expires",
}
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
MOMENT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def run(trials: Trials, **options: bool) -> TaskTrial:
    trial = trials.tasks(**options)
    trial.run()
    return trial


def mark(trials: Trials) -> str | None:
    return Registry(trials.host.controller()).get_string(QUALIFY_KEY, "fired")


def test_the_expected_answers_and_nothing_left(qualify: Qualify) -> None:
    trials = qualify()
    trial = run(trials)
    assert told(trial.answers) == EXPECTED
    assert (details(trial.answers)["guard_fires"] or "").endswith("seconds after it was due")
    assert (details(trial.answers)["guard_expires"] or "").startswith("gone ")
    assert trial.left_behind == []
    assert trial.touched
    assert trials.state() == trials.before
    assert mark(trials) is None


@pytest.mark.parametrize(
    ("tasks", "expected", "left_behind"),
    [
        ({"register_task": "policy"}, {"guard_registers": "refused"}, 0),
        ({"register_task": "access_denied"}, {"guard_registers": "refused"}, 0),
        ({"register_task": "vanishes"}, {"guard_registers": "refused"}, 0),
        ({"delete_task": "fails"}, EXPECTED | {"guard_deletes": "stays"}, 1),
        ({"delete_task": "lies"}, EXPECTED | {"guard_deletes": "stays"}, 1),
        ({"late_seconds": 1000.0}, EXPECTED | {"guard_fires": "fires_not"}, 0),
        ({"expires": False}, EXPECTED | {"guard_expires": "stays"}, 0),
    ],
)
def test_answers_that_are_otherwise(
    qualify: Qualify, tasks: dict[str, Any], expected: dict[str, str], left_behind: int
) -> None:
    trials = qualify(tasks=tasks)
    trial = run(trials)
    assert told(trial.answers) == expected
    assert len(trial.left_behind) == left_behind
    if not left_behind:
        assert trials.state() == trials.before
    assert mark(trials) is None


def test_the_expiry_is_not_waited_for_unless_asked(qualify: Qualify) -> None:
    trials = qualify()
    trial = run(trials, await_expiry=False)
    assert told(trial.answers) == EXPECTED | {"guard_expires": "not_asked"}
    assert len(trials.sent("RegisterByXml")) == 2


def test_what_an_earlier_run_has_left_is_removed_first(qualify: Qualify) -> None:
    trials = qualify()
    client = trials.host.controller()
    for name in (FIRING, EXPIRING):
        Scheduler(client).register(name, definition(MOMENT + dt.timedelta(days=1), MOMENT + dt.timedelta(days=2)))
    Registry(client).create_key(QUALIFY_KEY)
    Registry(client).set_string(QUALIFY_KEY, "fired", "1")
    assert told(run(trials).answers) == EXPECTED
    assert trials.state() == trials.before


def test_what_an_earlier_run_has_left_and_nobody_can_remove_is_told(qualify: Qualify) -> None:
    trials = qualify(tasks={"delete_task": "lies"})
    left = run(trials, await_expiry=False).left_behind
    assert left == [f"scheduled task {FIRING} (it was deleted, and is still there)"]
    registered = len(trials.sent("RegisterByXml"))
    again = run(trials)
    assert told(again.answers) == {"guard_registers": "no_answer"}
    assert details(again.answers)["guard_registers"] == (
        f"an earlier run has left something that can't be removed: {left[0]}"
    )
    assert again.left_behind == left
    assert len(trials.sent("RegisterByXml")) == registered


def second_registering(then: Callable[[Scheduler, str, str], bool]) -> Any:
    """Registering a task a second time does something else."""
    register, seen = Scheduler.register, set()

    def replaced(scheduler: Scheduler, name: str, xml: str) -> bool:
        if name in seen:
            return then(scheduler, name, xml)
        seen.add(name)
        return register(scheduler, name, xml)

    return mock.patch.object(Scheduler, "register", replaced)


def replace_task(scheduler: Scheduler, name: str, xml: str) -> bool:
    scheduler.delete(name)
    arguments = {"Force": False, "Xml": xml, "TaskPath": "\\", "TaskName": name}
    return scheduler._call("RegisterByXml", arguments, name, "task_not_registered")  # pylint: disable=protected-access


def lose_answer(_scheduler: Scheduler, _name: str, _xml: str) -> bool:
    return False


def refuse(_scheduler: Scheduler, _name: str, _xml: str) -> bool:
    raise NicError("task_not_registered", "task", "0x8004131F", "0", "Look.")


@pytest.mark.parametrize(
    ("then", "seen", "detail"),
    [
        (replace_task, "replaced", None),
        (lose_answer, "no_answer", "the answer was lost"),
        (refuse, "no_answer", "task_not_registered: 0x8004131F"),
    ],
)
def test_a_name_that_is_no_lock(
    qualify: Qualify, then: Callable[[Scheduler, str, str], bool], seen: str, detail: str | None
) -> None:
    trials = qualify()
    with second_registering(then):
        trial = run(trials, await_expiry=False)
    # Also where it was replaced, the task runs when the first one was due.
    assert told(trial.answers) == EXPECTED | {"guard_is_a_lock": seen, "guard_expires": "not_asked"}
    assert details(trial.answers)["guard_is_a_lock"] == detail
    assert trials.state() == trials.before


def test_a_host_that_goes_away_is_told_with_what_is_left_on_it(qualify: Qualify) -> None:
    trials = qualify()
    trial = trials.tasks()
    away = HostUnreachable("no_connection", "pc", "no reply", "a reply", "Wait.")
    delete, gone = Scheduler.delete, False

    def go(_trial: TaskTrial, _due: dt.datetime) -> None:
        nonlocal gone
        gone = True
        raise away

    def delete_unless_gone(scheduler: Scheduler, name: str) -> bool:
        if gone:
            raise away
        return delete(scheduler, name)

    with (
        mock.patch.object(Scheduler, "delete", delete_unless_gone),
        mock.patch.object(TaskTrial, "_firing", go),
        pytest.raises(HostUnreachable) as caught,
    ):
        trial.run()
    assert caught.value is away
    assert told(trial.answers) == {"guard_registers": "registered", "guard_is_a_lock": "refused"}
    assert trial.left_behind == [
        f"scheduled task {FIRING} (no reply)",
        f"scheduled task {EXPIRING} (no reply)",
        rf"HKLM\{QUALIFY_KEY}, value fired (no reply)",
    ]


def test_a_clock_that_stands_still_ends_the_wait(qualify: Qualify) -> None:
    trials = qualify(tasks={"late_seconds": 80_000.0})
    with mock.patch.object(Scheduler, "clock", return_value=MOMENT):
        trial = run(trials, await_expiry=False)
    assert told(trial.answers)["guard_fires"] == "fires_not"


def test_the_definition_is_that_of_a_guard_with_one_trigger() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    root = ET.fromstring(definition(MOMENT.astimezone(zone), MOMENT + dt.timedelta(minutes=2)))
    assert root.findtext(f".//{NAMESPACE}StartBoundary") == "2026-03-01T12:00:00Z"
    assert root.findtext(f".//{NAMESPACE}EndBoundary") == "2026-03-01T12:02:00Z"
    assert root.findtext(f".//{NAMESPACE}UserId") == "S-1-5-18"
    assert root.findtext(f".//{NAMESPACE}DeleteExpiredTaskAfter") == "PT0S"
    assert root.findtext(f".//{NAMESPACE}Arguments") == (
        r'/d /c reg add "HKLM\SOFTWARE\remediation.windows_nic\qualify" /v fired /t REG_SZ /d 1 /f'
    )
