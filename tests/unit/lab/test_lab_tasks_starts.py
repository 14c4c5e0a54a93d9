# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scheduled tasks of a machine: when they start, as whom, and what their actions do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.lab.cim.scheduler import STATES
from tests.lab.cim.values import CimInstance
from tests.unit.lab.machines import NOON, pass_time, stopped_machine
from tests.unit.lab.scheduledtasks import (
    ON_MAINS,
    SYSTEM,
    actions,
    info,
    journal,
    listed,
    register,
    run,
    started_at,
    task_xml,
    time_trigger,
)


def test_a_task_fires_repeats_and_is_removed_when_it_has_expired(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        settings = f"{ON_MAINS}<DeleteExpiredTaskAfter>PT2M</DeleteExpiredTaskAfter>"
        await register(machine, task_xml(time_trigger(3, end=6), settings))
        await pass_time(machine, 7.5 * 60)
        assert listed(machine) is not None
        assert (await info(machine))["LastTaskResult"] == 0
        await pass_time(machine, 60)

    run(scenario())
    assert started_at(machine) == [3, 4, 5]
    assert listed(machine) is None
    assert journal(machine, "TaskExpired") == ["\\guard"]


def test_a_task_without_expiry_stays(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, tasks={"expires": False})

    async def scenario() -> None:
        settings = f"{ON_MAINS}<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>"
        await register(machine, task_xml(time_trigger(1, end=2), settings))
        await pass_time(machine, 3600, 60)

    run(scenario())
    assert listed(machine) is not None


@pytest.mark.parametrize(("skew_hours", "zone"), [(0, 60), (3, -480), (-5, 330)])
def test_a_task_fires_by_the_clock_of_its_machine(tmp_path: Path, skew_hours: int, zone: int) -> None:
    system = {"clock_skew_seconds": skew_hours * 3600.0, "utc_offset_minutes": zone}
    machine = stopped_machine(tmp_path, system=system)

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(skew_hours * 60 + 3, end=None, every=None)))
        local = (NOON + timedelta(hours=skew_hours, minutes=zone + 5)).strftime("%Y-%m-%dT%H:%M:%S")
        trigger = f"<TimeTrigger><StartBoundary>{local}</StartBoundary></TimeTrigger>"
        await register(machine, task_xml(trigger), "local")
        await pass_time(machine, 400)

    run(scenario())
    assert [minute - skew_hours * 60 for minute in started_at(machine)] == [3, 5]
    (system_row,) = machine.enumerate("root/cimv2", "Win32_OperatingSystem", None)
    now = system_row.properties["LocalDateTime"]
    assert isinstance(now, datetime)
    assert now - machine.clock.lab.now == timedelta(hours=skew_hours)
    assert system_row.properties["CurrentTimeZone"] == zone


def test_a_task_whose_end_is_past_by_the_machines_clock_is_gone_at_once(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, system={"clock_skew_seconds": 7200.0})

    async def scenario() -> None:
        settings = f"{ON_MAINS}<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>"
        await register(machine, task_xml(time_trigger(3, end=60), settings))
        await pass_time(machine, 1)

    run(scenario())
    assert listed(machine) is None


def test_a_late_scheduler(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, tasks={"late_seconds": 90.0})

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(3, end=10, every=4)))
        await pass_time(machine, 600)

    run(scenario())
    assert started_at(machine) == [4.5, 8.5]


@pytest.mark.parametrize(
    ("settings", "system", "adapters", "why"),
    [
        ("", {"power": "battery"}, {}, "on battery"),
        ("<Enabled>false</Enabled>", {}, {}, "disabled"),
        ("<RunOnlyIfIdle>true</RunOnlyIfIdle>", {}, {}, "not idle"),
        ("<RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>", {}, {"state": "disabled"}, "no network"),
    ],
)
def test_conditions_that_keep_a_task_from_starting(
    tmp_path: Path, settings: str, system: dict[str, str], adapters: dict[str, str], why: str
) -> None:
    machine = stopped_machine(tmp_path, system=system, adapters=[{"model": "intel-i211", "network": 1} | adapters])

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(1, end=2), settings))
        await pass_time(machine, 120)

    run(scenario())
    assert started_at(machine) == []
    assert journal(machine, "TaskNotStarted") == [f"\\guard {why}"]


@pytest.mark.parametrize("principal", ["", "<GroupId>S-1-5-32-544</GroupId>", "<UserId>labadmin</UserId>"])
def test_tasks_for_somebody_who_is_logged_on_do_not_run(tmp_path: Path, principal: str) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(1), principal=principal))
        await pass_time(machine, 90)

    run(scenario())
    assert journal(machine, "TaskNotStarted") == ["\\guard nobody is logged on"]


@pytest.mark.parametrize(
    ("principal", "arguments", "written"),
    [
        (SYSTEM, {}, True),
        ("<UserId>NT AUTHORITY\\LOCALSERVICE</UserId>", {}, False),
        ("", {"User": "SYSTEM"}, True),
        ("<UserId>labadmin</UserId><LogonType>S4U</LogonType><RunLevel>HighestAvailable</RunLevel>", {}, True),
        ("<UserId>labadmin</UserId><LogonType>S4U</LogonType>", {}, False),
    ],
)
def test_what_a_task_may_depends_on_who_it_runs_as(
    tmp_path: Path, principal: str, arguments: dict[str, str], written: bool
) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        line = "reg.exe add HKLM\\SOFTWARE\\Written /v a /d b /f"
        await register(machine, task_xml(time_trigger(1), acts=actions(line), principal=principal), **arguments)
        await pass_time(machine, 90)

    run(scenario())
    assert (machine.registry.open("SOFTWARE\\Written")[0] == 0) is written


def test_actions_run_in_order_whatever_their_exit_codes(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    acts = actions(
        "reg.exe delete HKLM\\SOFTWARE\\None /v a /f",
        "ping.exe -n 11 127.0.0.1",
        "reg.exe add HKLM\\SOFTWARE\\Written /v a /d b /f",
        "cmd.exe /c exit 5",
    )

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(1, end=2), acts=acts))
        await pass_time(machine, 65)
        assert (listed(machine) or CimInstance("", "", {})).properties["State"] == STATES["running"]
        assert machine.registry.open("SOFTWARE\\Written")[0] != 0
        await pass_time(machine, 10)
        assert (await info(machine))["LastTaskResult"] == 5

    run(scenario())
    assert machine.tasks.runs[0][1].exit_codes == [1, 0, 0, 5]


def test_an_action_that_can_not_be_started_ends_the_run(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    acts = actions("nothing.exe x", "reg.exe add HKLM\\SOFTWARE\\Written /v a /d b /f")

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(1, end=2), acts=acts))
        await pass_time(machine, 65)

    run(scenario())
    assert machine.registry.open("SOFTWARE\\Written")[0] != 0
    assert machine.tasks.tasks[0].last_result == 0x80070002
