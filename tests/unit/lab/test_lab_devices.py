# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a bad restart leaves behind, what puts it right, and what a reboot does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.lab.adapters import Adapter
from tests.lab.cim.values import CimError
from tests.lab.classkeys import class_key_path
from tests.lab.devices import DeviceBusy
from tests.lab.fleet import FleetError, moved_address
from tests.lab.machine import Machine
from tests.unit.lab.machines import STANDARD, fleet_of, only, pass_time, settle, stopped_machine

KEYWORD = "*UDPChecksumOffloadIPv4"
Result = TypeVar("Result")


def run(scenario: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(scenario)


def i211(name: str = "Ethernet", **changes: Any) -> dict[str, Any]:
    restart = {"outage_seconds": 2.0} | changes.pop("restart", {})
    return {"model": "intel-i211", "name": name, "restart": restart} | changes


def machine_with(directory: Path, system: dict[str, Any] | None = None, **changes: Any) -> Machine:
    return stopped_machine(directory, adapters=[i211(network=1, **changes)], system=system or {})


def named(machine: Machine, name: str = "Ethernet") -> Adapter:
    return next(adapter for adapter in machine.adapters if adapter.name == name)


async def restart(machine: Machine, name: str = "Ethernet", seconds: float = 10) -> None:
    """Restart an adapter as a caller who does not wait for the answer does."""
    task = asyncio.ensure_future(machine.devices.restart(named(machine, name)))
    await pass_time(machine, seconds)
    task.cancel()


async def switched(machine: Machine, *, on: bool, name: str = "Ethernet") -> None:
    machine.devices.switch(named(machine, name), on=on)
    await pass_time(machine, 5)


def test_a_restart_that_leaves_the_adapter_disabled(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"leaves": "disabled"})

    async def scenario() -> None:
        await restart(machine)
        assert (named(machine).state, machine.reachable) == ("disabled", False)
        await machine.devices.restart_device(named(machine))
        assert named(machine).state == "disabled"
        await switched(machine, on=True)
        assert machine.reachable
        await restart(machine)

    run(scenario())
    assert (machine.reachable, named(machine).restarts) == (True, 2), "the effect is for one restart only"


@pytest.mark.parametrize("way", ["restart", "disable and enable"])
def test_a_restart_that_leaves_the_adapter_without_link(tmp_path: Path, way: str) -> None:
    machine = machine_with(tmp_path, restart={"leaves": "without_link"})

    async def scenario() -> None:
        await restart(machine)
        adapter = only(machine.enumerate(STANDARD, "MSFT_NetAdapter", "Name = 'Ethernet'"))
        assert (adapter["State"], adapter["MediaConnectState"], machine.reachable) == (2, 2, False)
        await switched(machine, on=True)
        assert not machine.reachable, "it is enabled already"
        if way == "restart":
            task = asyncio.ensure_future(machine.devices.restart_device(named(machine)))
            await pass_time(machine, 5)
            await task
        else:
            await switched(machine, on=False)
            await switched(machine, on=True)

    run(scenario())
    assert machine.reachable


@pytest.mark.parametrize("restarts", [True, False])
def test_a_write_may_restart_the_adapter(tmp_path: Path, restarts: bool) -> None:
    machine = machine_with(tmp_path, restart={"on_write": restarts})
    adapter = named(machine)

    def write(key: str) -> dict[str, str]:
        return {"hDefKey": "2147483650", "sSubKeyName": key, "sValueName": KEYWORD, "sValue": "1"}

    async def scenario() -> None:
        machine.registry.ensure("SOFTWARE\\Vendor")
        await machine.invoke("root/cimv2", "StdRegProv", "SetStringValue", write("SOFTWARE\\Vendor"), {})
        await pass_time(machine, 10)
        assert adapter.restarts == 0
        await machine.invoke("root/cimv2", "StdRegProv", "SetStringValue", write(class_key_path(adapter)), {})
        # The answer leaves before the adapter does.
        assert machine.reachable
        while restarts and adapter.state == "started":
            await asyncio.sleep(0.01)
        assert machine.reachable is not restarts
        await pass_time(machine, 10)

    run(scenario())
    assert machine.reachable
    assert (adapter.restarts, adapter.active) == ((1, 1) if restarts else (0, 3))


def test_every_restart_may_have_the_effect(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"leaves": "disabled", "times": None})

    async def scenario() -> None:
        for _round in range(3):
            await restart(machine)
            assert named(machine).state == "disabled"
            await switched(machine, on=True)
            assert machine.reachable

    run(scenario())


def test_an_address_that_moves(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, origin="dhcp", gateway=True, restart={"address": "moves"})
    moved = moved_address(machine.host.address)

    async def scenario() -> None:
        await restart(machine)
        assert (machine.answers_at, machine.reachable) == (moved, False)
        address = only(machine.enumerate(STANDARD, "MSFT_NetIPAddress", "AddressFamily = 2"))
        assert (address["IPAddress"], address["PrefixOrigin"], address["PrefixLength"]) == (moved, 3, 14)
        assert machine.owns(moved)
        assert machine.surroundings.hop("127.2.0.1", moved) is not None
        await restart(machine)

    run(scenario())
    assert machine.answers_at == machine.host.address


def test_moved_addresses_are_unlike_each_other_and_the_controllers(tmp_path: Path) -> None:
    addresses = [host.address for block in (0, 30) for host in fleet_of(tmp_path, hosts=600, block=block).hosts]
    moved = {moved_address(address) for address in addresses}
    assert len(moved) == len(addresses)
    assert "127.0.0.1" not in moved
    assert moved_address("127.5.0.1") == "127.5.0.1", "only the management address moves"


def test_an_address_that_is_lost(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, origin="dhcp", gateway=True, restart={"address": "lost"})

    async def scenario() -> None:
        await restart(machine)
        address = only(machine.enumerate(STANDARD, "MSFT_NetIPAddress", "AddressFamily = 2"))
        assert (str(address["IPAddress"])[:8], address["PrefixOrigin"], address["SuffixOrigin"]) == ("169.254.", 2, 4)
        assert machine.answers_at is None
        assert not any(route.network.prefixlen == 0 for route in machine.routes())
        await switched(machine, on=False)
        await switched(machine, on=True)

    run(scenario())
    assert machine.reachable
    assert any(route.network.prefixlen == 0 for route in machine.routes())


def test_only_addresses_from_dhcp_change(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="DHCP"):
        machine_with(tmp_path, restart={"address": "moves"})


def category(machine: Machine) -> object:
    return only(machine.enumerate(STANDARD, "MSFT_NetConnectionProfile", None))["NetworkCategory"]


@pytest.mark.parametrize(
    ("prefix", "scope", "locked_out"),
    [
        (14, "local_subnet", False),
        (16, "local_subnet", True),
        (16, "any", False),
        (14, "closed", True),
    ],
)
def test_a_profile_that_turns_public(tmp_path: Path, prefix: int, scope: str, locked_out: bool) -> None:
    machine = machine_with(
        tmp_path,
        system={"domain": "corp.example", "winrm_scope": {"public": scope}},
        prefix=prefix,
        gateway=True,
        restart={"profile": "public", "profile_seconds": 60.0},
    )

    async def scenario() -> None:
        assert (category(machine), machine.reachable) == (2, True)
        await restart(machine)
        assert (category(machine), machine.reachable, machine.locked_out) == (0, not locked_out, locked_out)
        await pass_time(machine, 60)
        assert (category(machine), machine.reachable) == (2, True)

    run(scenario())


def test_a_profile_may_stay_public_until_the_next_restart(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, prefix=16, gateway=True, restart={"profile": "public"})

    async def scenario() -> None:
        await restart(machine, seconds=3600)
        assert not machine.reachable
        await restart(machine)

    run(scenario())
    assert machine.reachable


@pytest.mark.parametrize(
    ("profile", "domain", "expected"),
    [(None, None, 1), (None, "corp.example", 2), ("public", "corp.example", 0), ("private", None, 1)],
)
def test_the_profile_from_the_start(tmp_path: Path, profile: str | None, domain: str | None, expected: int) -> None:
    machine = machine_with(tmp_path, system={"profile": profile, "domain": domain})
    assert category(machine) == expected


def test_effects_reach_the_adapter_above(tmp_path: Path) -> None:
    top = {"model": "hyperv-vnic", "name": "Top", "network": 1, "above": ["A"], "origin": "dhcp"}
    below = i211("A", restart={"address": "lost", "profile": "public"})
    machine = stopped_machine(tmp_path, adapters=[top, below])

    async def scenario() -> None:
        await restart(machine, "A")
        assert str(named(machine, "Top").interfaces[0].ip).startswith("169.254.")
        assert machine.category(named(machine, "Top")) == 0
        await restart(machine, "A")

    run(scenario())
    assert machine.reachable


def test_other_offloads_may_change_with_a_restart(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"offloads": {"rss": False, "rsc": None}})

    def enabled(name: str) -> list[object]:
        rows = machine.enumerate(STANDARD, f"MSFT_NetAdapter{name}SettingData", None)
        return [row.properties.get("Enabled", row.properties.get("IPv4Enabled")) for row in rows]

    async def scenario() -> None:
        assert [enabled(name) for name in ("Rss", "Rsc", "Lso", "Uso")] == [[True], [True], [True], []]
        await restart(machine)
        assert [enabled(name) for name in ("Rss", "Rsc", "Lso", "Uso")] == [[False], [], [True], []]
        await restart(machine)
        assert [enabled(name) for name in ("Rss", "Rsc", "Lso", "Uso")] == [[True], [True], [True], []]

    run(scenario())


@pytest.mark.parametrize(
    ("product", "uso", "uro"),
    [
        ("windows-10", False, False),
        ("server-2019", False, False),
        ("server-2022", True, False),
        ("windows-11", True, False),
        ("server-2025", True, True),
    ],
)
def test_classes_that_came_with_later_versions(tmp_path: Path, product: str, uso: bool, uro: bool) -> None:
    machine = machine_with(tmp_path, system={"product": product}, offloads={"uso": True, "uro": True})
    for name, there in (("Uso", uso), ("Uro", uro)):
        if there:
            assert len(machine.enumerate(STANDARD, f"MSFT_NetAdapter{name}SettingData", None)) == 1
        else:
            with pytest.raises(CimError) as error:
                machine.enumerate(STANDARD, f"MSFT_NetAdapter{name}SettingData", None)
            assert error.value.kind == "invalid_class"


ROUTES = [
    {"to": "127.8.0.0/16"},
    {"to": "127.9.0.0/16", "persistent": False},
]


def destinations(machine: Machine, store: int) -> list[object]:
    rows = machine.enumerate(STANDARD, "MSFT_NetRoute", f"Store = {store} AND AddressFamily = 2 AND Protocol = 3")
    return [row.properties["DestinationPrefix"] for row in rows]


@pytest.mark.parametrize("way", ["restart", "disable and enable", "reboot"])
def test_routes_that_are_not_persistent_are_lost(tmp_path: Path, way: str) -> None:
    machine = machine_with(tmp_path, routes=ROUTES, gateway=True)

    async def scenario() -> None:
        assert destinations(machine, 1) == ["0.0.0.0/0", "127.8.0.0/16", "127.9.0.0/16"]
        assert destinations(machine, 0) == ["0.0.0.0/0", "127.8.0.0/16"]
        if way == "restart":
            await restart(machine)
        elif way == "reboot":
            machine.reboot()
            await pass_time(machine, 60)
        else:
            await switched(machine, on=False)
            await switched(machine, on=True)

    run(scenario())
    assert destinations(machine, 1) == ["0.0.0.0/0", "127.8.0.0/16"]
    assert destinations(machine, 0) == ["0.0.0.0/0", "127.8.0.0/16"]


def test_routes_without_a_condition_are_those_in_force(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, routes=ROUTES)
    rows = machine.enumerate(STANDARD, "MSFT_NetRoute", None)
    assert {row.properties["Store"] for row in rows} == {1}


def test_orders_that_cross_each_other_are_refused(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)

    async def scenario() -> None:
        adapter = named(machine)
        machine.devices.switch(adapter, on=True)
        assert adapter.state == "started", "nothing to do"
        machine.devices.switch(adapter, on=False)
        for on in (True, False):
            with pytest.raises(DeviceBusy):
                machine.devices.switch(adapter, on=on)
        with pytest.raises(DeviceBusy):
            await machine.devices.restart(adapter)
        with pytest.raises(DeviceBusy):
            await machine.devices.restart_device(adapter)
        await pass_time(machine, 5)
        machine.devices.switch(adapter, on=True)
        with pytest.raises(DeviceBusy):
            machine.devices.switch(adapter, on=True)
        await pass_time(machine, 5)

    run(scenario())
    assert machine.reachable


def test_a_reboot_takes_its_time_and_starts_the_drivers_anew(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, system={"boot_seconds": 30.0})
    cuts: list[str] = []
    machine.on_reboot.append(lambda: cuts.append("reboot"))
    machine.on_disconnect.append(lambda: cuts.append("cut"))
    before = machine.booted_at

    async def scenario() -> None:
        machine.registry.ensure(class_key_path(named(machine))).set(KEYWORD, 1, "1")
        machine.udp.count("errors")
        machine.reboot()
        await pass_time(machine, 29)
        assert (machine.running, machine.answers_at, cuts) == (False, None, ["reboot", "cut"])
        machine.reboot()
        await pass_time(machine, 2)
        assert (machine.reachable, machine.udp.errors) == (True, 0)

    run(scenario())
    adapter = named(machine)
    assert (adapter.active, adapter.restarts, adapter.starts) == (1, 0, 1)
    assert machine.booted_at > before
    assert [entry.what for entry in machine.journal] == ["Reboot", "Booted"]


def test_a_disabled_adapter_is_disabled_after_a_reboot(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)

    async def scenario() -> None:
        machine.devices.switch(named(machine), on=False)
        await settle()
        machine.reboot()
        await pass_time(machine, 60)
        assert named(machine).state == "disabled"
        await switched(machine, on=True)

    run(scenario())
    assert machine.reachable


def test_a_reboot_in_the_middle_of_a_restart(tmp_path: Path) -> None:
    restarting = {"outage_seconds": 10.0, "reboots_after_seconds": 3.0, "leaves": "disabled"}
    machine = machine_with(tmp_path, restart=restarting)

    async def scenario() -> None:
        await restart(machine, seconds=60)

    run(scenario())
    assert (named(machine).state, named(machine).restarts, machine.reachable) == ("started", 0, True)
    assert [entry.what for entry in machine.journal] == ["Restart", "Reboot", "Booted"]


def test_the_machine_reboots_after_a_restart_that_left_it_disabled(tmp_path: Path) -> None:
    machine = machine_with(tmp_path, restart={"leaves": "disabled", "reboots_after_seconds": 10.0})
    run(restart(machine, seconds=60))
    assert (named(machine).state, machine.reachable, machine.running) == ("disabled", False, True)
