# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tool addresses: what a program of this computer hears as if it ran on a machine; and replies damaged on the wire."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.lab.errors import LabError
from tests.lab.fleet import Fleet
from tests.lab.forwarder import MOST_FLOWS
from tests.lab.machine import Machine
from tests.lab.site import Site
from tests.unit.lab.machines import I211, fleet_of

BLOCK = 30
TOOL, BMC = "127.251.240.1", "127.2.240.1"
PING = bytes.fromhex("0600ff06000011be80420000")
PONG = bytes.fromhex("0600ff06000011be40420010000011be000000008100000000000000")
WAIT_SECONDS = 0.4


@pytest.fixture
def port() -> int:
    """A UDP port that is free on both addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((BMC, 0))
        return int(probe.getsockname()[1])


class Tool(asyncio.DatagramProtocol):
    """A program with a connected socket."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, _addr: tuple[str | Any, int]) -> None:
        self.heard.append(data)
        self.changed.set()

    async def ask(self, address: str, port: int, *, answers: bool) -> list[bytes]:
        """What comes back to one ping. Silence takes as long as is waited for."""
        loop = asyncio.get_running_loop()
        transport, _unused = await loop.create_datagram_endpoint(lambda: self, remote_addr=(address, port))
        transport.sendto(PING)
        try:
            await asyncio.wait_for(self.changed.wait(), 10 if answers else WAIT_SECONDS)
        except TimeoutError:
            assert not answers
        finally:
            transport.close()
        return self.heard


def at_site(fleet: Fleet, scenario: Callable[[Machine], Coroutine[Any, Any, Any]]) -> Any:
    async def inner() -> Any:
        site = Site(fleet)
        await site.start()
        try:
            return await scenario(site.machines["pc"])
        finally:
            site.stop()
            await asyncio.sleep(0)

    return asyncio.run(inner())


def fleet(directory: Path, port: int, bmc: dict[str, Any] | None = None, **kind: Any) -> Fleet:
    link = {"bmc": {"behaviour": "ipmi20"} | (bmc or {}), "neighbour": "resolved", "tool_address": True}
    return fleet_of(directory, block=BLOCK, bmc_port=port, **({"bmcs": [link | kind.pop("link", {})]} | kind))


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ({}, True),
        ({"bmc": {"behaviour": "smdc"}}, False),
        ({"bmc": {"behaviour": "smdc"}, "adapters": [I211 | {"configured": "tx"}]}, True),
        ({"bmc": {"reachable_from": "hosts"}}, True),
        ({"bmc": {"answers_from": "other_port"}}, False),
        ({"bmc": {"answers_from": "other_port"}, "system": {"firewall": {"private": {"inbound": "allow"}}}}, False),
        ({"system": {"inspection": "drops_replies"}}, False),
        ({"system": {"outbound_firewall": "block"}}, False),
        ({"link": {"path": "unrouted"}}, False),
        ({"link": {"path": "udp_filtered"}}, False),
        ({"link": {"replies": "wrong_checksum"}}, False),
    ],
)
def test_a_tool_hears_what_the_machine_lets_through(
    tmp_path: Path, port: int, kind: dict[str, Any], heard: bool
) -> None:
    async def scenario(machine: Machine) -> list[bytes]:
        assert machine.host.tools == {BMC: TOOL}
        assert machine.snapshot()["tools"] == {BMC: TOOL}
        return await Tool().ask(TOOL, port, answers=heard)

    assert at_site(fleet(tmp_path, port, **kind), scenario) == ([PONG] if heard else [])


def test_several_tools_hear_their_own_answers(tmp_path: Path, port: int) -> None:
    async def scenario(machine: Machine) -> list[list[bytes]]:
        answers = await asyncio.gather(*(Tool().ask(TOOL, port, answers=True) for _unused in range(5)))
        assert len(machine.stack.sockets) == 5
        return answers

    assert at_site(fleet(tmp_path, port), scenario) == [[PONG]] * 5


def test_the_socket_that_was_idle_longest_goes_first(tmp_path: Path, port: int) -> None:
    async def scenario(machine: Machine) -> int:
        for _unused in range(MOST_FLOWS + 3):
            await Tool().ask(TOOL, port, answers=True)
        return len(machine.stack.sockets)

    assert at_site(fleet(tmp_path, port), scenario) == MOST_FLOWS


def test_a_tool_is_silent_to_a_machine_that_is_down(tmp_path: Path, port: int) -> None:
    async def scenario(machine: Machine) -> list[bytes]:
        machine.running = False
        return await Tool().ask(TOOL, port, answers=False)

    assert at_site(fleet(tmp_path, port), scenario) == []


def test_tool_addresses_count_through_the_fleet(tmp_path: Path) -> None:
    links = [{"bmc": {}, "tool_address": True}, {"bmc": {}}, {"bmc": {}, "tool_address": True}]
    hosts = fleet_of(tmp_path, hosts=2, bmcs=links).hosts
    assert hosts[0].tools == {"127.2.0.1": "127.251.0.1", "127.2.0.3": "127.251.0.2"}
    assert hosts[1].tools == {"127.2.0.4": "127.251.0.3", "127.2.0.6": "127.251.0.4"}
    assert all(host.variables["udp_rx_offload_bmc"] == [plan.address for _link, plan in host.bmcs] for host in hosts)


def test_tool_address_in_use(tmp_path: Path, port: int) -> None:
    async def scenario(_machine: Machine) -> None:
        return None

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((TOOL, port))
        with pytest.raises(LabError, match=rf"tool address {TOOL}:{port}: can't be bound"):
            at_site(fleet(tmp_path, port), scenario)


def checksum_errors() -> int:
    """UDP datagrams that the kernel of this computer has dropped for their checksum."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line[:4] == "Udp:"]
    return int(values[names.index("InCsumErrors")])


@pytest.mark.parametrize(
    ("replies", "heard"),
    [("whole", True), ("no_checksum", True), ("wrong_checksum", False), ("damaged_payload", False)],
)
def test_the_controller_hears_no_damaged_reply(tmp_path: Path, port: int, replies: str, heard: bool) -> None:
    async def scenario(_machine: Machine) -> list[bytes]:
        return await Tool().ask(BMC, port, answers=heard)

    before = checksum_errors()
    assert at_site(fleet(tmp_path, port, {"replies": replies}), scenario) == ([PONG] if heard else [])
    if not heard and os.geteuid() == 0:
        assert checksum_errors() > before, "it came, and the kernel dropped it"


def test_damage_on_the_way_to_a_machine_does_not_concern_the_controller(tmp_path: Path, port: int) -> None:
    async def scenario(_machine: Machine) -> list[bytes]:
        return await Tool().ask(BMC, port, answers=True)

    assert at_site(fleet(tmp_path, port, link={"replies": "damaged_payload"}), scenario) == [PONG]
