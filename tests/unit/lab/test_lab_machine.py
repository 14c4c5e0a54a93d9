# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What writes and restarts do to a simulated machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.lab.adapters import Adapter
from tests.lab.cim.values import CimError, CimInstance, Value
from tests.lab.classkeys import class_key_path
from tests.lab.machine import OUTCOME_PATH, UNDO_PATH, Machine
from tests.unit.lab.machines import CIMV2, STANDARD, machine_of

KEYWORD = "*UDPChecksumOffloadIPv4"
RX = 2
Result = TypeVar("Result")


def adapter_of(name: str = "Ethernet", **changes: Any) -> dict[str, Any]:
    """An I211 whose restart takes no time."""
    restart = {"outage_seconds": 0.0} | changes.pop("restart", {})
    return {"model": "intel-i211", "name": name, "restart": restart} | changes


def plain(**changes: Any) -> list[dict[str, Any]]:
    return [adapter_of(network=1, **changes)]


def named(machine: Machine, name: str = "Ethernet") -> Adapter:
    return next(adapter for adapter in machine.adapters if adapter.name == name)


async def write(machine: Machine, value: str, name: str = "Ethernet") -> dict[str, Value]:
    arguments = {"sSubKeyName": class_key_path(named(machine, name)), "sValueName": KEYWORD, "sValue": value}
    return await machine.invoke(CIMV2, "StdRegProv", "SetStringValue", arguments, {})


async def call(machine: Machine, method: str, name: str = "Ethernet") -> dict[str, Value]:
    (instance,) = machine.enumerate(STANDARD, "MSFT_NetAdapter", f"Name = '{name}'")
    return await machine.invoke(STANDARD, "MSFT_NetAdapter", method, {}, instance.keys)


async def without_answer(call: Coroutine[Any, Any, Result], until: Callable[[], bool]) -> None:
    """Run a call whose answer is never given, until something has happened."""
    task = asyncio.ensure_future(call)
    while not until():
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()


def test_registry_write_changes_what_is_configured_only(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain())
    assert asyncio.run(write(machine, "1")) == {"ReturnValue": 0}
    adapter = named(machine)
    assert machine.configured_text(adapter, KEYWORD) == "1"
    assert (adapter.active, adapter.reported, adapter.restarts) == (3, 3, 0)


def test_restart_of_the_carrying_adapter_cuts_the_answer_off(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain())
    reachable_when_cut: list[bool] = []
    machine.on_disconnect.append(lambda: reachable_when_cut.append(machine.reachable))

    async def run() -> None:
        await write(machine, "1")
        await without_answer(call(machine, "Restart"), lambda: named(machine).restarts == 1)

    asyncio.run(run())
    adapter = named(machine)
    assert (adapter.active, adapter.reported, adapter.state) == (1, 1, "started")
    assert reachable_when_cut == [False]
    assert machine.reachable


def test_restart_goes_on_when_the_caller_is_gone(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(restart={"outage_seconds": 0.01}))

    async def run() -> None:
        await write(machine, "1")
        task = asyncio.ensure_future(call(machine, "Restart"))
        while machine.reachable:
            await asyncio.sleep(0)
        task.cancel()
        while not machine.reachable:
            await asyncio.sleep(0)

    asyncio.run(run())
    assert (named(machine).restarts, named(machine).active) == (1, 1)


def test_late_answer_mode_cuts_after_the_outage(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(restart={"answer": "late"}))
    reachable_when_cut: list[bool] = []
    machine.on_disconnect.append(lambda: reachable_when_cut.append(machine.reachable))
    asyncio.run(call(machine, "Restart"))
    assert reachable_when_cut == [True]


def test_normal_answer_mode_answers_before_the_outage(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(restart={"answer": "normal"}))
    cuts: list[bool] = []
    machine.on_disconnect.append(lambda: cuts.append(True))

    async def run() -> dict[str, Value]:
        answer = await call(machine, "Restart")
        assert cuts == []
        while named(machine).restarts == 0:
            await asyncio.sleep(0.001)
        return answer

    answer = asyncio.run(run())
    output = answer["cmdletOutput"]
    assert isinstance(output, CimInstance)
    assert (answer["ReturnValue"], output.properties["Name"]) == (0, "Ethernet")
    assert cuts == [True]


def test_refused_restart_changes_nothing(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(restart={"answer": "refused"}))
    asyncio.run(write(machine, "1"))
    with pytest.raises(CimError) as error:
        asyncio.run(call(machine, "Restart"))
    assert (error.value.kind, error.value.provider) == ("failed", "mi")
    assert (named(machine).active, named(machine).restarts) == (3, 0)


def test_restart_of_another_adapter_answers_and_cuts_nothing(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=[adapter_of("A", network=1), adapter_of("B", network=5)])
    cuts: list[bool] = []
    machine.on_disconnect.append(lambda: cuts.append(True))
    asyncio.run(write(machine, "1", "B"))
    answer = asyncio.run(call(machine, "Restart", "B"))
    assert answer["ReturnValue"] == 0
    assert cuts == []
    assert (named(machine, "A").active, named(machine, "B").active) == (3, 1)


@pytest.mark.parametrize("model", ["hyperv-vnic", "lbfo-team"])
def test_adapter_below_the_address_carries_it(tmp_path: Path, model: str) -> None:
    top = {"model": model, "name": "Top", "network": 1, "above": ["A", "B"]}
    machine = machine_of(tmp_path, adapters=[top, adapter_of("A"), adapter_of("B"), adapter_of("C", network=5)])
    cuts: list[str] = []
    machine.on_disconnect.append(lambda: cuts.append("cut"))

    async def run() -> None:
        await without_answer(call(machine, "Restart", "B"), lambda: named(machine, "B").restarts == 1)
        await call(machine, "Restart", "C")

    asyncio.run(run())
    assert cuts == ["cut"]


@pytest.mark.parametrize(
    ("changes", "active", "reported"),
    [
        ({}, 1, 1),
        ({"active_report": "stuck"}, 1, 3),
        ({"active_report": "unknown"}, 1, None),
        ({"restart": {"applies": False}}, 3, 3),
        ({"configured": "absent"}, 1, 1),
    ],
)
def test_active_state_after_a_restart(
    tmp_path: Path, changes: dict[str, Any], active: int, reported: int | None
) -> None:
    machine = machine_of(tmp_path, adapters=plain(**changes))

    async def run() -> None:
        await write(machine, "1")
        await without_answer(call(machine, "Restart"), lambda: named(machine).restarts == 1)

    asyncio.run(run())
    assert (named(machine).active, named(machine).reported) == (active, reported)


def test_deleted_value_means_the_default(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(configured="tx"))
    arguments = {"sSubKeyName": class_key_path(named(machine)), "sValueName": KEYWORD}

    async def run() -> None:
        await machine.invoke(CIMV2, "StdRegProv", "DeleteValue", arguments, {})
        await without_answer(call(machine, "Restart"), lambda: named(machine).restarts == 1)

    asyncio.run(run())
    assert machine.configured_text(named(machine), KEYWORD) is None
    assert named(machine).active == 3


@pytest.mark.parametrize("value", ["7", "", "three"])
def test_value_the_driver_does_not_know_means_the_default(tmp_path: Path, value: str) -> None:
    machine = machine_of(tmp_path, adapters=plain(configured="tx"))

    async def run() -> None:
        await write(machine, value)
        await without_answer(call(machine, "Restart"), lambda: named(machine).restarts == 1)

    asyncio.run(run())
    assert named(machine).active == 3


def test_disable_takes_a_while_and_enable_is_refused_meanwhile(tmp_path: Path) -> None:
    adapters = [adapter_of("A", network=1), adapter_of("B", network=5, restart={"outage_seconds": 0.01})]
    machine = machine_of(tmp_path, adapters=adapters)
    adapter = named(machine, "B")

    async def run() -> None:
        await call(machine, "Disable", "B")
        await asyncio.sleep(0)
        assert adapter.state == "changing"
        with pytest.raises(CimError) as error:
            await call(machine, "Enable", "B")
        assert error.value.kind == "failed"
        while adapter.state == "changing":
            await asyncio.sleep(0.001)

    asyncio.run(run())
    assert adapter.state == "disabled"
    (row,) = machine.enumerate(STANDARD, "MSFT_NetAdapter", "Name = 'B'")
    assert [row.properties[name] for name in ("State", "ConfigManagerErrorCode", "InterfaceAdminStatus")] == [3, 22, 2]
    assert not any(route.adapter is adapter for route in machine.routes())


def test_disabling_the_carrying_adapter_loses_the_host(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain())

    async def run() -> None:
        await call(machine, "Disable")
        while named(machine).state != "disabled":
            await asyncio.sleep(0)

    asyncio.run(run())
    assert not machine.reachable


def test_account_that_may_only_read(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain(), account={"write": False})
    assert asyncio.run(write(machine, "1")) == {"ReturnValue": 5}
    with pytest.raises(CimError) as error:
        asyncio.run(call(machine, "Restart"))
    assert (error.value.kind, error.value.provider) == ("access_denied", "mi")
    assert named(machine).restarts == 0


@pytest.mark.parametrize(
    ("user", "cim", "shell"),
    [
        ("operator", True, False),
        ("CORP\\Operator", True, False),
        ("operator@corp.example", True, False),
        ("guest", False, False),
    ],
)
def test_rights(tmp_path: Path, user: str, cim: bool, shell: bool) -> None:
    machine = machine_of(tmp_path, account={"user": "operator", "shell": False})
    rights = machine.rights(user)
    assert (rights.cim, rights.shell) == (cim, shell)


@pytest.mark.parametrize(
    ("namespace", "class_name", "method", "arguments", "selectors", "kind"),
    [
        (STANDARD, "MSFT_NetAdapter", "Rename", {}, {}, "method_not_found"),
        (STANDARD, "MSFT_NetAdapter", "Restart", {"Force": "true"}, {}, "invalid_parameter"),
        (STANDARD, "MSFT_NetAdapter", "Restart", {}, {}, "insufficient_selectors"),
        (STANDARD, "MSFT_NetRoute", "Find", {}, {}, "method_not_found"),
        (CIMV2, "StdRegProv", "CreateKey", {"sSubKeyName": "A"}, {"Name": "x"}, "invalid_selectors"),
        (STANDARD, "StdRegProv", "CreateKey", {"sSubKeyName": "A"}, {}, "invalid_class"),
    ],
)
def test_calls_that_are_faults(  # noqa: PLR0917 - a table of cases
    tmp_path: Path,
    namespace: str,
    class_name: str,
    method: str,
    arguments: dict[str, str],
    selectors: dict[str, str],
    kind: str,
) -> None:
    machine = machine_of(tmp_path, adapters=plain())
    with pytest.raises(CimError) as error:
        asyncio.run(machine.invoke(namespace, class_name, method, arguments, selectors))
    assert error.value.kind == kind
    assert machine.journal == []


def test_snapshot_with_records_and_journal(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=plain())
    adapter = named(machine)
    name = f"{adapter.guid}::{KEYWORD}"

    async def run() -> None:
        for path, data in ((UNDO_PATH, '{"format": 1, "original": "3"}'), (OUTCOME_PATH, "not json")):
            await machine.invoke(CIMV2, "StdRegProv", "CreateKey", {"sSubKeyName": path}, {})
            value = {"sSubKeyName": path, "sValueName": name, "sValue": data}
            await machine.invoke(CIMV2, "StdRegProv", "SetStringValue", value, {})
        await write(machine, "1")
        await without_answer(call(machine, "Restart"), lambda: adapter.restarts == 1)

    asyncio.run(run())
    state = machine.snapshot()
    assert state["undo"] == {name: {"format": 1, "original": "3"}}
    assert state["outcome"] == {name: "not json"}
    (shown,) = state["adapters"]
    assert [shown[key] for key in ("name", "keyword", "configured", "active", "restarts")] == [
        "Ethernet",
        KEYWORD,
        "1",
        1,
        1,
    ]
    assert [entry.split()[0] for entry in state["journal"]] == [
        "CreateKey",
        "SetStringValue",
        "CreateKey",
        "SetStringValue",
        "SetStringValue",
        "Restart",
    ]
    assert state["journal"][1] == f"SetStringValue {UNDO_PATH}\\{name}"
