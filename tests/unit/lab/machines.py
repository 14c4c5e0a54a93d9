# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines for tests, described as a kind of a fleet file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.lab.cim.values import CimInstance, Value
from tests.lab.clock import LabClock
from tests.lab.fleet import IPMI_PORT, Fleet, load_fleet
from tests.lab.frames import Datagram
from tests.lab.machine import Machine
from tests.lab.network import Network

STANDARD = "root/standardcimv2"
CIMV2 = "root/cimv2"
I211 = {"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 0.0}}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fleet_of(directory: Path, hosts: int = 1, block: int = 0, bmc_port: int = IPMI_PORT, **kind: Any) -> Fleet:
    """A fleet of one kind with as many hosts as wanted; keywords are keys of the kind."""
    described = {"description": "the machine of a test", "adapters": [I211]} | kind
    content = {
        "name": "test",
        "description": "machines of one kind",
        "kinds": {"tested": described},
        "hosts": [{"name": "pc", "kind": "tested", "count": hosts}],
    }
    file = directory / "fleet.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_fleet(file, block=block, bmc_port=bmc_port)


def machine_of(directory: Path, **kind: Any) -> Machine:
    """One machine of a kind."""
    fleet = fleet_of(directory, **kind)
    return Machine(fleet.hosts[0], Network.of(fleet))


LOCAL_PORT = 50_000


def hears(machine: Machine, address: str) -> bool:
    """Whether a program on the machine that asked a BMC hears its reply."""
    hop = machine.surroundings.hop(address, None)
    assert hop is not None
    local = (str(hop.source), LOCAL_PORT)
    machine.stack.open(local)
    request = Datagram(*local, address, machine.network.bmc_port, b"request")
    machine.stack.sends(hop, request)
    reply = Datagram(address, machine.network.bmc_port, *local, b"reply")
    heard = machine.network.arrives(reply)
    machine.stack.close(local)
    return heard


def stopped_machine(directory: Path, **kind: Any) -> Machine:
    """One machine of a kind whose time stands still at noon until ``pass_time``."""
    fleet = fleet_of(directory, **kind)
    clock = LabClock(monotonic=lambda: 0.0, start=NOON)
    return Machine(fleet.hosts[0], Network(fleet.hosts, fleet.bmcs, fleet.bmc_port, clock))


async def settle() -> None:
    """Let everything run that does not wait for time."""
    for _turn in range(30):
        await asyncio.sleep(0)


async def pass_time(machine: Machine, seconds: float, step: float = 1.0) -> None:
    """Let time pass on a stopped machine, in steps so that what waits again after waiting comes to its end."""
    await settle()
    for _second in range(round(seconds / step)):
        machine.clock.lab.skip(step)
        await settle()


def only(instances: list[CimInstance]) -> dict[str, Value]:
    """The properties of the one instance there has to be."""
    (instance,) = instances
    return instance.properties
