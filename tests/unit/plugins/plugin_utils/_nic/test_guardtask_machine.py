# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guard's task does on a machine of the lab, whose time passes as a test says."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import (
    GUARD_KEY,
    Guard,
    GuardNote,
    definition,
    mark,
    read_note,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from tests.lab.adapters import Adapter as LabAdapter
from tests.lab.cim.values import CimError
from tests.lab.classkeys import build_number, class_key_path
from tests.lab.machine import Machine
from tests.unit.lab.machines import I211, NOON, pass_time, stopped_machine
from tests.unit.lab.scheduledtasks import KEYWORD, call, info, journal, register
from tests.unit.plugins.plugin_utils._nic.fakehost import guid
from tests.unit.plugins.plugin_utils._nic.guards import TOKEN, adapter, note

MARKS = GUARD_KEY


class Lab:
    """A machine of the lab whose adapter has been changed, with a guard that is due ten minutes after noon."""

    def __init__(self, directory: Path, restores: str | None = "3", **kind: Any) -> None:
        self.machine: Machine = stopped_machine(directory, **kind)
        self.guard = self._guard(restores)
        self.write("1")

    def _guard(self, restores: str | None) -> Guard:
        lab = self.adapter
        described = adapter(lab.name, lab.pnp_device_id)
        due = NOON + dt.timedelta(minutes=10)
        written = GuardNote(TOKEN, Holder("ctl", 1, None, None), NOON, due, lab.guid, KEYWORD, restores)
        return Guard(written, described, class_key_path(lab), build_number(self.machine.host))

    @property
    def adapter(self) -> LabAdapter:
        return next(each for each in self.machine.adapters if each.physical)

    @property
    def value(self) -> Any:
        return self.read(self.guard.class_key, KEYWORD)

    def write(self, text: str) -> None:
        self.machine.registry.set_value(class_key_path(self.adapter), KEYWORD, 1, text)

    def read(self, key: str, name: str) -> Any:
        _code, found = self.machine.registry.open(key)
        value = found.value(name) if found is not None else None
        return None if value is None else value.data

    def mark(self, word: str) -> bool:
        return self.read(MARKS, mark(self.adapter.guid, word, TOKEN)) is not None

    def confirm(self) -> None:
        self.machine.registry.ensure(MARKS).set(mark(self.adapter.guid, "confirmed", TOKEN), 1, "1")

    async def set(self) -> None:
        await register(self.machine, definition(self.guard), self.guard.name)

    async def minutes(self, number: float) -> None:
        await pass_time(self.machine, number * 60)

    @property
    def there(self) -> bool:
        return any(task.name == self.guard.name for task in self.machine.tasks.tasks)

    @property
    def up(self) -> bool:
        return self.adapter.state == "started" and not self.adapter.without_link


def lost(**more: Any) -> dict[str, Any]:
    """A kind whose management adapter comes back from its first restart as *more* says."""
    return {"adapters": [{**I211, "restart": {"outage_seconds": 9.0, **more}}]}


PRODUCTS = ["windows-11", "server-2019", "server-2012r2"]


@pytest.mark.parametrize("leaves", ["disabled", "without_link"])
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("power", ["mains", "battery"])
def test_a_lost_adapter_comes_back_with_its_value(tmp_path: Path, leaves: str, product: str, power: str) -> None:
    lab = Lab(tmp_path, **lost(leaves=leaves), system={"product": product, "power": power})

    async def scenario() -> None:
        await lab.set()
        asyncio.get_running_loop().create_task(lab.machine.devices.restart_device(lab.adapter))
        await lab.minutes(9.9)
        assert not lab.up
        assert lab.value == "1"
        assert not lab.mark("begun")
        await lab.minutes(3)

    asyncio.run(scenario())
    assert lab.up
    assert lab.value == "3"
    assert lab.adapter.active == 3
    assert lab.mark("begun")
    assert lab.mark("fired")
    assert not lab.there
    assert not journal(lab.machine, "NotUnderstood")


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_adapter_that_runs_is_restarted_once(tmp_path: Path, product: str) -> None:
    lab = Lab(tmp_path, system={"product": product})

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(20)

    starts = lab.adapter.starts
    asyncio.run(scenario())
    assert (lab.value, lab.up, lab.there) == ("3", True, False)
    assert lab.adapter.starts == starts + 1


@pytest.mark.parametrize("policy", ["refused", "ignored", "accepted"])
def test_enabling_while_disabling_is_not_enough(tmp_path: Path, policy: str) -> None:
    restart = {"outage_seconds": 25.0, "leaves": "without_link"}
    kind = [{**I211, "enable_while_disabling": policy, "restart": restart}]
    lab = Lab(tmp_path, adapters=kind, system={"product": "server-2019"})

    async def scenario() -> None:
        await lab.set()
        asyncio.get_running_loop().create_task(lab.machine.devices.restart_device(lab.adapter))
        await lab.minutes(14)

    asyncio.run(scenario())
    assert (lab.value, lab.up, lab.there) == ("3", True, False)


def test_a_value_that_was_absent_is_deleted(tmp_path: Path) -> None:
    lab = Lab(tmp_path, restores=None)

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(13)

    asyncio.run(scenario())
    assert lab.value is None
    assert not lab.there


def test_the_value_of_another_adapter_is_left_alone(tmp_path: Path) -> None:
    """A driver's installation may give the class key to another adapter."""
    lab = Lab(tmp_path)
    lab.machine.registry.set_value(lab.guard.class_key, "NetCfgInstanceId", 1, guid(99))

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(13)

    asyncio.run(scenario())
    assert lab.value == "1"
    assert lab.mark("fired")


@pytest.mark.parametrize("delete", ["works", "fails", "lies"])
def test_a_confirmed_guard_does_nothing_but_leave(tmp_path: Path, delete: str) -> None:
    lab = Lab(tmp_path, tasks={"delete_task": delete})

    async def scenario() -> None:
        await lab.set()
        lab.confirm()
        await lab.minutes(30)

    starts = lab.adapter.starts
    asyncio.run(scenario())
    assert (lab.value, lab.adapter.starts) == ("1", starts)
    assert not lab.mark("begun")
    assert not lab.mark("fired")
    assert lab.there is (delete != "works")


@pytest.mark.parametrize("delete", ["fails", "lies"])
def test_a_guard_that_can_not_delete_itself_restarts_the_adapter_once(tmp_path: Path, delete: str) -> None:
    lab = Lab(tmp_path, tasks={"delete_task": delete})

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(60)

    starts = lab.adapter.starts
    asyncio.run(scenario())
    assert (lab.value, lab.adapter.starts, lab.there) == ("3", starts + 1, True)


@pytest.mark.parametrize("restores", ["3", None])
def test_a_restart_that_takes_the_host_down_does_so_once(tmp_path: Path, restores: str | None) -> None:
    lab = Lab(tmp_path, restores, **lost(leaves="running", reboots_after_seconds=1.0))
    boots: list[str] = []

    async def scenario() -> None:
        lab.machine.on_reboot.append(lambda: boots.append("down"))
        await lab.set()
        await lab.minutes(60)

    asyncio.run(scenario())
    assert boots == ["down"]
    assert (lab.value, lab.up, lab.there) == (restores, True, False)
    assert lab.adapter.active == 3
    assert lab.mark("fired")
    assert not journal(lab.machine, "NotUnderstood")


def test_a_value_that_a_crash_has_lost_is_put_back_with_a_restart(tmp_path: Path) -> None:
    """The guard had begun, the host went down, and what it had written never reached the disk."""
    lab = Lab(tmp_path)
    boots: list[str] = []

    async def scenario() -> None:
        lab.machine.on_reboot.append(lambda: boots.append("down"))
        lab.machine.registry.ensure(MARKS).set(mark(lab.adapter.guid, "begun", TOKEN), 1, "1")
        await lab.set()
        await lab.minutes(14)

    starts = lab.adapter.starts
    asyncio.run(scenario())
    assert (lab.value, lab.adapter.active, lab.there, boots) == ("3", 3, False, [])
    assert lab.adapter.starts == starts + 1


def test_a_guard_that_begins_again_after_a_boot_looks_for_its_controller(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    async def scenario() -> None:
        lab.machine.registry.ensure(MARKS).set(mark(lab.adapter.guid, "begun", TOKEN), 1, "1")
        lab.write("3")
        await lab.set()
        lab.confirm()
        await lab.minutes(14)

    starts = lab.adapter.starts
    asyncio.run(scenario())
    assert (lab.adapter.starts, lab.there, lab.mark("fired")) == (starts, False, False)


def test_a_guard_that_can_not_leave_expires(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tasks={"delete_task": "lies"})

    async def scenario() -> None:
        await lab.set()
        lab.confirm()
        for _day in range(31):
            await pass_time(lab.machine, 86_400, step=86_400)
        await pass_time(lab.machine, 3)

    asyncio.run(scenario())
    assert not lab.there


def test_a_reboot_before_it_is_due_does_not_start_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(1)
        lab.machine.reboot_after(0.0)
        await lab.minutes(8.5)
        assert lab.machine.tasks.runs == []
        await lab.minutes(4)

    asyncio.run(scenario())
    assert (lab.value, lab.there) == ("3", False)


def test_a_host_that_was_off_for_a_day_is_put_back_after_its_boot(tmp_path: Path) -> None:
    lab = Lab(tmp_path, **lost(leaves="disabled"), system={"boot_seconds": 86_400.0})

    async def scenario() -> None:
        await lab.set()
        asyncio.get_running_loop().create_task(lab.machine.devices.restart_device(lab.adapter))
        await lab.minutes(9.8)
        lab.machine.reboot_after(0.0)
        await pass_time(lab.machine, 86_400, step=600)
        assert lab.machine.tasks.runs == []
        await lab.minutes(5)

    asyncio.run(scenario())
    assert (lab.value, lab.up, lab.there) == ("3", True, False)


def test_a_zone_and_a_wrong_clock_make_no_difference(tmp_path: Path) -> None:
    lab = Lab(tmp_path, system={"clock_skew_seconds": 18_000.0, "utc_offset_minutes": 345})
    now = lab.machine.clock.now
    moved = note(guid=lab.adapter.guid, keyword=KEYWORD, set_at=now, due_at=now + dt.timedelta(minutes=10))
    lab.guard = Guard(moved, lab.guard.adapter, lab.guard.class_key, lab.guard.build)

    async def scenario() -> None:
        await lab.set()
        await lab.minutes(9.9)
        assert lab.machine.tasks.runs == []
        await lab.minutes(2)
        assert len(lab.machine.tasks.runs) == 1

    asyncio.run(scenario())


def test_it_is_registered_once_and_tells_who_set_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)

    async def scenario() -> None:
        await lab.set()
        with pytest.raises(CimError):
            await lab.set()
        output = await call(lab.machine, "ExportByName", TaskName=lab.guard.name, TaskPath="\\")
        assert read_note(str(output["cmdletOutput"])) == lab.guard.note
        assert (await info(lab.machine, lab.guard.name))["NextRunTime"] == NOON + dt.timedelta(minutes=10)

    asyncio.run(scenario())
