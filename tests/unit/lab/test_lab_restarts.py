# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which restart has an effect, how long the way back may take, and orders that come too early."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.adapters import Adapter
from tests.lab.devices import ANSWER_BEFORE_OUTAGE_SECONDS, DeviceBusy
from tests.lab.frames import Datagram
from tests.unit.lab.machines import hears, pass_time, stopped_machine
from tests.unit.lab.test_lab_devices import i211, machine_with, named, restart, run, switched


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
