# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scheduled tasks of a machine: registered, listed, refused and deleted over CIM."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.lab.cim.scheduler import NAMESPACE, STATES
from tests.lab.cim.values import CimError, CimInstance
from tests.lab.fleet import FleetError
from tests.lab.tasks import HAS_NOT_RUN
from tests.unit.lab.machines import NOON, pass_time, stopped_machine
from tests.unit.lab.scheduledtasks import (
    ON_MAINS,
    call,
    code_of,
    delete,
    info,
    listed,
    register,
    run,
    started_at,
    status_of,
    task_xml,
    time_trigger,
)


def test_a_task_is_registered_listed_read_and_deleted(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> None:
        settings = f"{ON_MAINS}<DeleteExpiredTaskAfter>PT5M</DeleteExpiredTaskAfter>"
        answer = await register(machine, task_xml(time_trigger(3), settings))
        output = answer["cmdletOutput"]
        assert answer["ReturnValue"] == 0
        assert isinstance(output, CimInstance)
        assert output.keys == {"TaskName": "guard", "TaskPath": "\\"}
        found = listed(machine)
        assert found is not None
        assert found.properties == output.properties
        got = machine.get(NAMESPACE, "MSFT_ScheduledTask", {"TaskName": "GUARD", "TaskPath": "\\"})
        assert got.properties["Description"] == "a test"
        assert (got.properties["State"], got.properties["URI"]) == (STATES["ready"], "\\guard")
        principal, inner = got.properties["Principal"], got.properties["Settings"]
        assert isinstance(principal, CimInstance)
        assert isinstance(inner, CimInstance)
        assert (principal.properties["UserId"], principal.properties["LogonType"]) == ("SYSTEM", 5)
        assert (inner.properties["DeleteExpiredTaskAfter"], inner.properties["ExecutionTimeLimit"]) == ("PT5M", "P3D")
        read = await info(machine)
        assert (read["LastTaskResult"], read["NextRunTime"]) == (HAS_NOT_RUN, NOON + timedelta(minutes=3))
        exported = (await call(machine, "ExportByName", TaskName="guard", TaskPath="\\"))["cmdletOutput"]
        assert "<URI>\\guard</URI>" in str(exported)
        delete(machine)
        assert listed(machine) is None
        await pass_time(machine, 600, 10)

    run(scenario())
    assert started_at(machine) == []
    assert [entry.what for entry in machine.journal] == ["TaskRegistered", "TaskDeleted"]


def test_other_tasks_are_there_as_on_every_windows(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    (other,) = machine.enumerate(NAMESPACE, "MSFT_ScheduledTask", "TaskName = 'SynchronizeTime'")
    with pytest.raises(CimError) as error:
        machine.delete(NAMESPACE, "MSFT_ScheduledTask", other.keys)
    assert code_of(error.value) == 0x80070005


def test_a_second_task_of_the_name_needs_force(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)

    async def scenario() -> CimError:
        await register(machine, task_xml(time_trigger(3)))
        with pytest.raises(CimError) as error:
            await register(machine, task_xml(time_trigger(4)), "Guard")
        assert (await info(machine))["NextRunTime"] == NOON + timedelta(minutes=3)
        await register(machine, task_xml(time_trigger(5)), Force="true")
        assert (await info(machine))["NextRunTime"] == NOON + timedelta(minutes=5)
        await register(machine, task_xml(time_trigger(6)), TaskPath="\\Folder")
        delete(machine, path="\\Folder\\")
        assert listed(machine) is not None
        return error.value

    error = run(scenario())
    assert (code_of(error), status_of(error)) == (0x800700B7, 11)


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        ({"Xml": "<Task"}, 0x8004131A, 1),
        ({"Xml": task_xml(settings="<Other/>")}, 0x80041316, 1),
        ({"Xml": task_xml(settings="<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>")}, 0x80041319, 1),
        ({"Xml": task_xml(settings="<Priority>99</Priority>")}, 0x80041318, 1),
        ({"TaskName": ""}, 0x8007007B, 1),
        ({"TaskName": "a:b"}, 0x8007007B, 1),
        ({"TaskName": "a\\b"}, 0x8007007B, 1),
        ({"TaskPath": "\\a?\\"}, 0x8007007B, 1),
        ({"Xml": task_xml(principal="<UserId>nobody</UserId>")}, 0x80070534, 1),
        ({"User": "labadmin", "Password": "wrong"}, 0x8007052E, 1),
        ({"Xml": task_xml(principal="<UserId>labadmin</UserId><LogonType>Password</LogonType>")}, 0x8007052E, 1),
        ({"Force": "yes"}, 0x80041008, 4),
        ({"Comment": "x"}, 0x80041008, 4),
    ],
)
def test_registrations_that_fail(tmp_path: Path, arguments: dict[str, str], code: int, status: int) -> None:
    machine = stopped_machine(tmp_path)
    with pytest.raises(CimError) as error:
        run(register(machine, **({"xml": task_xml(time_trigger(3))} | arguments)))
    assert (code_of(error.value), status_of(error.value), error.value.provider) == (code, status, "mi")
    assert machine.tasks.tasks == []


def test_what_the_lab_can_not_do_is_not_registered(tmp_path: Path) -> None:
    with pytest.raises(CimError) as error:
        run(register(stopped_machine(tmp_path), task_xml("<LogonTrigger/>")))
    assert error.value.kind == "not_supported"


@pytest.mark.parametrize(
    ("tasks", "account", "code", "status"),
    [
        ({"register_task": "access_denied"}, {}, 0x80070005, 2),
        ({"register_task": "policy"}, {}, 0x800704EC, 1),
        ({"register_task": "service_stopped"}, {}, 0x80041322, 1),
        ({}, {"write": False}, 0x80070005, 2),
    ],
)
def test_registration_denied(
    tmp_path: Path, tasks: dict[str, str], account: dict[str, bool], code: int, status: int
) -> None:
    machine = stopped_machine(tmp_path, tasks=tasks, account=account)
    with pytest.raises(CimError) as error:
        run(register(machine, task_xml(time_trigger(3))))
    assert (code_of(error.value), status_of(error.value)) == (code, status)
    assert listed(machine) is None


def test_a_task_that_something_removes_at_once(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, tasks={"register_task": "vanishes"})
    assert run(register(machine, task_xml(time_trigger(3))))["ReturnValue"] == 0
    assert listed(machine) is None


@pytest.mark.parametrize("word", ["access_denied", "policy", "vanishes"])
def test_the_first_registrations_succeed(tmp_path: Path, word: str) -> None:
    machine = stopped_machine(tmp_path, tasks={"register_task": word, "registers_first": 2})
    there = []

    async def scenario() -> None:
        for _registration in range(4):
            with suppress(CimError):
                await register(machine, task_xml(time_trigger(3)))
            there.append(listed(machine) is not None)
            if there[-1]:
                delete(machine)

    run(scenario())
    assert there == [True, True, False, False]


def test_a_registration_that_is_refused_is_none_of_the_first(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path, tasks={"register_task": "policy", "registers_first": 1})
    with pytest.raises(CimError):
        run(register(machine, "no task"))
    run(register(machine, task_xml(time_trigger(3))))
    assert listed(machine) is not None


def test_a_service_that_is_not_there_registers_nothing(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="registers nothing first"):
        stopped_machine(tmp_path, tasks={"register_task": "service_stopped", "registers_first": 1})


@pytest.mark.parametrize("method", ["GetInfoByName", "ExportByName", "StartByPath", "StopByPath", "DisableByName"])
def test_names_of_no_task(tmp_path: Path, method: str) -> None:
    machine = stopped_machine(tmp_path)
    with pytest.raises(CimError) as error:
        run(call(machine, method, TaskName="none", TaskPath="\\"))
    assert (code_of(error.value), status_of(error.value)) == (0x80070002, 6)
    with pytest.raises(CimError) as error:
        delete(machine, "none")
    assert (code_of(error.value), status_of(error.value)) == (0x80070490, 6)


def test_methods_that_are_not_there(tmp_path: Path) -> None:
    machine = stopped_machine(tmp_path)
    with pytest.raises(CimError) as error:
        run(call(machine, "UnregisterByName", TaskName="guard"))
    assert error.value.kind == "method_not_found"
    with pytest.raises(CimError) as error:
        run(machine.invoke(NAMESPACE, "PS_ScheduledTask", "StartByPath", {}, {"TaskName": "guard"}))
    assert error.value.kind == "invalid_selectors"


@pytest.mark.parametrize(("delete_task", "there"), [("fails", True), ("lies", True)])
def test_a_task_that_is_not_deleted(tmp_path: Path, delete_task: str, there: bool) -> None:
    machine = stopped_machine(tmp_path, tasks={"delete_task": delete_task})

    async def scenario() -> None:
        settings = f"{ON_MAINS}<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter>"
        await register(machine, task_xml(time_trigger(3, end=5), settings))
        if delete_task == "fails":
            with pytest.raises(CimError) as error:
                delete(machine)
            assert code_of(error.value) == 0x80070005
        else:
            delete(machine)
        assert (listed(machine) is not None) is there
        await pass_time(machine, 400)
        assert listed(machine) is None, "expiry is another matter"

    run(scenario())
