# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scheduled tasks of a machine: how their runs end, and what a reboot does to them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.lab.cim.scheduler import STATES
from tests.lab.cim.values import CimError, CimInstance
from tests.lab.classkeys import class_key_path
from tests.lab.tasks import TERMINATED
from tests.unit.lab.machines import pass_time, settle, stopped_machine
from tests.unit.lab.scheduledtasks import (
    KEYWORD,
    ON_MAINS,
    actions,
    at,
    call,
    code_of,
    delete,
    info,
    listed,
    register,
    run,
    started_at,
    task_xml,
    time_trigger,
)

LONG = actions("ping.exe -n 91 127.0.0.1", "reg.exe add HKLM\\SOFTWARE\\Written /v a /d b /f")


@pytest.mark.parametrize(
    ("policy", "starts", "together"),
    [("IgnoreNew", [1, 3], 1), ("Parallel", [1, 2, 3], 2), ("Queue", [1, 2.5], 1), ("StopExisting", [1, 2, 3], 1)],
)
def test_a_start_while_the_task_still_runs(tmp_path: Path, policy: str, starts: list[float], together: int) -> None:
    machine = stopped_machine(tmp_path)
    seen: list[int] = []

    async def scenario() -> None:
        settings = f"<MultipleInstancesPolicy>{policy}</MultipleInstancesPolicy>"
        await register(machine, task_xml(time_trigger(1, end=10), ON_MAINS + settings, acts=LONG))
        for _second in range(220):
            await pass_time(machine, 1)
            seen.append(len(machine.tasks.tasks[0].running))

    run(scenario())
    assert started_at(machine) == starts
    assert max(seen) == together


@pytest.mark.parametrize(
    ("limits", "trigger_limit"), [("<ExecutionTimeLimit>PT1M</ExecutionTimeLimit>", ""), ("", "PT1M")]
)
def test_a_run_that_takes_too_long_is_ended(tmp_path: Path, limits: str, trigger_limit: str) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        trigger = time_trigger(1, end=10, every=None)
        if trigger_limit:
            trigger = trigger.replace(
                "</TimeTrigger>", f"<ExecutionTimeLimit>{trigger_limit}</ExecutionTimeLimit></TimeTrigger>"
            )
        await register(machine, task_xml(trigger, ON_MAINS + limits, acts=LONG))
        await pass_time(machine, 300)

    run(scenario())
    assert machine.tasks.tasks[0].last_result == TERMINATED
    assert machine.registry.open("SOFTWARE\\Written")[0] != 0


def test_a_run_is_stopped_on_demand(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(acts=LONG))
        await call(machine, "StartByPath", TaskName="guard", TaskPath="\\")
        await pass_time(machine, 5)
        await call(machine, "StopByPath", TaskName="guard", TaskPath="\\")
        await pass_time(machine, 300)

    run(scenario())
    assert machine.tasks.tasks[0].last_result == TERMINATED
    assert started_at(machine) == [0]


def test_deleting_a_task_does_not_end_the_action_it_is_at(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    line = "cmd.exe /c ping -n 11 127.0.0.1 & reg add HKLM\\SOFTWARE\\First /v a /d b /f"
    acts = actions(line, "reg.exe add HKLM\\SOFTWARE\\Second /v a /d b /f")

    async def scenario() -> None:
        await register(machine, task_xml(acts=acts))
        await call(machine, "StartByPath", TaskName="guard")
        await pass_time(machine, 5)
        delete(machine)
        await pass_time(machine, 10)

    run(scenario())
    assert machine.registry.open("SOFTWARE\\First")[0] == 0
    assert machine.registry.open("SOFTWARE\\Second")[0] != 0


def test_starting_a_task_that_can_not_be_started(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(settings="<AllowStartOnDemand>false</AllowStartOnDemand>"))
        with pytest.raises(CimError) as error:
            await call(machine, "StartByPath", TaskName="guard")
        assert code_of(error.value) == 0x80041328
        await call(machine, "DisableByName", TaskName="guard")
        with pytest.raises(CimError) as error:
            await call(machine, "StartByPath", TaskName="guard")
        assert code_of(error.value) == 0x80041326
        assert (listed(machine) or CimInstance("", "", {})).properties["State"] == STATES["disabled"]
        await call(machine, "EnableByName", TaskName="guard")
        assert (listed(machine) or CimInstance("", "", {})).properties["State"] == STATES["ready"]

    run(scenario())


def test_a_task_deletes_itself(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    line = 'cmd.exe /c "ping -n 2 127.0.0.1 >nul && schtasks /delete /tn "\\guard" /f"'

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(1), acts=actions(line)))
        await pass_time(machine, 300)

    run(scenario())
    assert started_at(machine) == [1]
    assert listed(machine) is None
    assert machine.tasks.runs[0][1].exit_codes == [0]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("/query /tn guard", 0),
        ("/query /tn other", 1),
        ("/change /tn \\guard /disable", 0),
        ("/run /tn guard", 0),
        ("/end /tn guard", 0),
        ("/delete /tn other /f", 1),
        ("/delete /f", 1),
        ("/create /tn x", 1),
    ],
)
def test_schtasks(tmp_path: Path, arguments: str, code: int) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(), "guard")
        await register(machine, task_xml(acts=actions(f"schtasks.exe {arguments}")), "caller")
        await call(machine, "StartByPath", TaskName="caller")
        await pass_time(machine, 2)

    run(scenario())
    assert machine.tasks.runs[0][1].exit_codes == [code]


def test_time_moved_on_starts_what_is_due_once(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(time_trigger(3, end=60)))
        await settle()
        machine.clock.lab.skip(10 * 60)
        await settle()
        await pass_time(machine, 60)

    run(scenario())
    assert started_at(machine) == [10, 11]


BOOT = f"<BootTrigger><EndBoundary>{at(60)}</EndBoundary><Delay>PT30S</Delay></BootTrigger>"


def test_a_boot_trigger_fires_after_a_reboot_only(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, system={"boot_seconds": 60.0})

    async def scenario() -> None:
        await register(machine, task_xml(BOOT))
        await pass_time(machine, 300)
        assert started_at(machine) == []
        machine.reboot()
        await pass_time(machine, 180)
        assert started_at(machine) == [6.5]
        await pass_time(machine, 3600, 10)
        machine.reboot()
        await pass_time(machine, 180)

    run(scenario())
    assert started_at(machine) == [6.5], "the trigger has ended"


@pytest.mark.parametrize(("available", "starts"), [("false", [3.0, 6.0]), ("true", [3.0, 6.0])])
def test_a_time_trigger_goes_on_after_a_reboot(tmp_path: Path, available: str, starts: list[float]) -> None:
    machine = stopped_machine(tmp_path, system={"boot_seconds": 90.0})

    async def scenario() -> None:
        settings = f"{ON_MAINS}<StartWhenAvailable>{available}</StartWhenAvailable>"
        await register(machine, task_xml(time_trigger(3, end=7), settings))
        await pass_time(machine, 3.8 * 60)
        machine.reboot()
        await pass_time(machine, 1200)
        assert (await info(machine))["NumberOfMissedRuns"] == 2

    run(scenario())
    assert started_at(machine) == starts


@pytest.mark.parametrize(("available", "starts"), [("false", []), ("true", [14.0])])
def test_a_start_missed_during_a_reboot(tmp_path: Path, available: str, starts: list[float]) -> None:
    """It is made up for ten minutes after the machine came up, and only if the task wants that."""
    machine = stopped_machine(tmp_path, system={"boot_seconds": 120.0})

    async def scenario() -> None:
        settings = f"{ON_MAINS}<StartWhenAvailable>{available}</StartWhenAvailable>"
        await register(machine, task_xml(time_trigger(3, end=60, every=None), settings))
        await pass_time(machine, 120)
        machine.reboot()
        await pass_time(machine, 1200)

    run(scenario())
    assert started_at(machine) == starts


def test_a_reboot_ends_what_runs(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        await register(machine, task_xml(acts=LONG))
        await call(machine, "StartByPath", TaskName="guard")
        await pass_time(machine, 5)
        machine.reboot()
        await pass_time(machine, 300)

    run(scenario())
    assert machine.registry.open("SOFTWARE\\Written")[0] != 0
    assert machine.tasks.tasks[0].last_result == TERMINATED


def test_a_task_brings_an_adapter_back_and_its_value(tmp_path: Path) -> None:
    adapters = [{"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 2.0, "leaves": "disabled"}}]
    machine = stopped_machine(tmp_path, adapters=adapters)
    adapter = next(one for one in machine.adapters if not one.hidden)
    acts = actions(
        f'reg.exe add "HKLM\\{class_key_path(adapter)}" /v {KEYWORD} /t REG_SZ /d 3 /f',
        'netsh.exe interface set interface name="Ethernet" admin=enabled',
    )

    async def scenario() -> None:
        machine.registry.ensure(class_key_path(adapter)).set(KEYWORD, 1, "1")
        await register(machine, task_xml(time_trigger(3), acts=acts))
        task = asyncio.ensure_future(machine.devices.restart(adapter))
        await pass_time(machine, 60)
        assert (machine.reachable, adapter.state, adapter.active) == (False, "disabled", 3)
        await pass_time(machine, 180)
        task.cancel()

    run(scenario())
    assert (machine.reachable, adapter.state, adapter.active, adapter.restarts) == (True, "started", 3, 1)


def test_the_snapshot_shows_tasks_and_runs(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> dict[str, Any]:
        await register(machine, task_xml(time_trigger(1, end=10)))
        await pass_time(machine, 90)
        return machine.snapshot()

    state = run(scenario())
    assert state["clock"] == {
        "now": "2026-03-01T12:01:30+00:00",
        "skew_seconds": 0.0,
        "utc_offset_minutes": 60,
        "speed": 1.0,
    }
    assert state["tasks"] == [
        {
            "name": "\\guard",
            "state": "ready",
            "registered_at": "2026-03-01T12:00:00+00:00",
            "next_run": "2026-03-01T12:02:00+00:00",
            "last_run": "2026-03-01T12:01:00+00:00",
            "last_result": 0,
            "missed_runs": 0,
            "description": "a test",
            "actions": ["ping.exe -n 1 127.0.0.1"],
        }
    ]
    assert state["task_runs"] == [
        {
            "task": "\\guard",
            "trigger": "TimeTrigger",
            "started": "2026-03-01T12:01:00+00:00",
            "exit_codes": [0],
            "result": 0,
        }
    ]
