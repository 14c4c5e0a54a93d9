# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which restart has an effect, how long the way back may take, and orders that come too early."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lab.adapters import Adapter
from tests.lab.classkeys import class_key_path
from tests.lab.devices import ANSWER_BEFORE_OUTAGE_SECONDS, DeviceBusy
from tests.lab.frames import Datagram
from tests.lab.registry import REG_SZ
from tests.unit.lab.machines import hears, pass_time, stopped_machine
from tests.unit.lab.test_lab_devices import KEYWORD, i211, machine_with, named, restart, run, switched


def test_effects_come_after_the_restarts_that_are_to_go_well(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"leaves": "disabled", "skip": 1})
    states = []

    async def scenario() -> None:
        for _unused in range(3):
            await restart(machine)
            states.append(named(machine).state)
            await switched(machine, on=True)

    run(scenario())
    assert states == ["started", "disabled", "started"]


def test_a_way_that_comes_back_late(tmp_path: Path) -> None:
    bmcs = [{"bmc": {"behaviour": "ipmi20"}, "neighbour": "resolved"}]
    adapters = [i211(network=1, restart={"way_back_seconds": 30.0})]
    machine = stopped_machine(tmp_path, adapters=adapters, bmcs=bmcs)
    address = machine.host.bmcs[0][1].address
    seen = []

    def look() -> None:
        hop = machine.surroundings.hop(address, None)
        assert hop is not None
        datagram = Datagram(str(hop.source), 50_000, address, machine.network.bmc_port, b"x")
        delivery = machine.stack.sends(hop, datagram)
        seen.append((machine.reachable, machine.ping(address), delivery.value, hears(machine, address)))

    async def scenario() -> None:
        look()
        await restart(machine)
        assert named(machine).connected
        look()
        await pass_time(machine, 30)
        look()
        look()

    run(scenario())
    first, away, back, again = seen
    assert first == again == (True, "answered", "delivered", True)
    assert away == (False, "unreachable", "lost", False)
    assert back == (True, "answered", "lost", True), "the neighbour is asked for anew"


def test_another_restart_opens_the_way_and_an_earlier_wait_does_not_open_a_later_one(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"way_back_seconds": 30.0, "times": None})

    async def scenario() -> None:
        await restart(machine, seconds=20)
        await restart(machine, seconds=20)
        assert not machine.reachable
        await pass_time(machine, 15)
        assert machine.reachable
        await restart(machine, seconds=5)
        assert not machine.reachable
        await switched(machine, on=False)
        await switched(machine, on=True)
        assert machine.reachable

    run(scenario())


def replies_heard(directory: Path, adapter: dict[str, Any], configured: Sequence[str]) -> list[bool]:
    """Whether a program hears the replies of an old card before and after restarts with these values configured."""
    bmcs = [{"bmc": {"behaviour": "smdc"}}]
    machine = stopped_machine(directory, adapters=[i211(network=1, **adapter)], bmcs=bmcs)
    address = machine.host.bmcs[0][1].address
    key = machine.registry.ensure(class_key_path(named(machine)))
    heard = [hears(machine, address)]

    async def scenario() -> None:
        for value in configured:
            key.set(KEYWORD, REG_SZ, value)
            await restart(machine)
            heard.append(hears(machine, address))

    run(scenario())
    return heard


@pytest.mark.parametrize("value", ["3", "1"])
def test_a_fault_that_any_restart_cures(tmp_path: Path, value: str) -> None:
    assert replies_heard(tmp_path, {"receive_fault": "until_restart"}, [value, "3"]) == [False, True, True]


def test_a_fault_until_the_restart_is_one_of_receive_offload(tmp_path: Path) -> None:
    adapter = {"receive_fault": "until_restart", "configured": "tx"}
    assert replies_heard(tmp_path, adapter, []) == [True]


def test_a_fault_that_comes_back_for_good(tmp_path: Path) -> None:
    heard = replies_heard(tmp_path, {"restart": {"loses_replies_from": 3}}, ["1", "3", "1", "1"])
    assert heard == [False, True, False, False, False]


@pytest.mark.parametrize("order", ["restart", "restart_device", "disable"])
def test_an_adapter_that_is_about_to_restart_takes_no_other_order(tmp_path: Path, order: str) -> None:
    machine = machine_with(tmp_path, restart={"answer": "normal"})

    async def disable(adapter: Adapter) -> None:
        await machine.devices.switch(adapter, on=False)

    orders = {
        "restart": machine.devices.restart,
        "restart_device": machine.devices.restart_device,
        "disable": disable,
    }

    async def scenario() -> None:
        adapter = named(machine)
        await machine.devices.restart(adapter)
        assert machine.reachable, "the answer leaves before the link goes"
        with pytest.raises(DeviceBusy):
            await orders[order](adapter)
        await asyncio.sleep(ANSWER_BEFORE_OUTAGE_SECONDS * 2)
        await pass_time(machine, 5)
        assert (machine.reachable, adapter.restarts) == (True, 1)
        await restart(machine)

    run(scenario())


@pytest.mark.parametrize("first", ["write", "restart"])
def test_two_orders_before_the_adapter_leaves_are_one_restart(tmp_path: Path, first: str) -> None:
    machine = machine_with(tmp_path, restart={"answer": "normal", "on_write": True})
    adapter = named(machine)

    async def scenario() -> None:
        if first == "restart":
            await machine.devices.restart(adapter)
        else:
            machine.devices.written(class_key_path(adapter))
        assert adapter.state == "started", "the answer leaves before the adapter does"
        machine.devices.written(class_key_path(adapter))
        while adapter.state == "started":
            await asyncio.sleep(ANSWER_BEFORE_OUTAGE_SECONDS / 10)
        machine.devices.written(class_key_path(adapter))
        await pass_time(machine, 5)
        assert (machine.reachable, adapter.restarts) == (True, 1)

    run(scenario())


def test_a_reboot_before_the_adapter_leaves_takes_the_place_of_the_restart(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"answer": "normal"})
    adapter = named(machine)

    async def scenario() -> None:
        await machine.devices.restart(adapter)
        machine.reboot()
        await pass_time(machine, 30)
        assert (machine.reachable, adapter.restarts) == (True, 0)
        await machine.devices.restart(adapter)
        while adapter.state == "started":
            await asyncio.sleep(ANSWER_BEFORE_OUTAGE_SECONDS / 10)
        await pass_time(machine, 5)
        assert (machine.reachable, adapter.restarts) == (True, 1)

    run(scenario())
