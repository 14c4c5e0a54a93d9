# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapters with several addresses: how they are listed, which of them a machine sends from, and whom a BMC answers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.lab.bmc import BmcServers
from tests.lab.frames import Datagram
from tests.lab.machine import Machine
from tests.lab.network import Delivery, Network
from tests.lab.relayexchange import checked_request, relay
from tests.unit.lab.machines import CIMV2, STANDARD, fleet_of, machine_of, only

FIRST, BMC = "127.1.0.1", "127.2.0.1"
SECOND, THIRD, FOURTH, FIFTH, SIXTH = (f"127.1.248.{number}" for number in range(1, 6))
STATES = ("preferred", "deprecated", "tentative", "duplicate")
EVERY_SORT = [*({"state": state} for state in STATES), {"skip_as_source": True}]
BLOCK = 30
HOST_30, FURTHER_30, BMC_30 = "127.1.240.1", "127.1.255.125", "127.2.240.1"
PING = "0600ff06000011be80420000"


@pytest.fixture
def port() -> int:
    """A port on which nobody listens at the BMC's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((BMC_30, 0))
        return int(probe.getsockname()[1])


def several(addresses: list[dict[str, Any]], **adapter: Any) -> dict[str, Any]:
    return {"model": "intel-i219", "network": 1, "more_addresses": addresses} | adapter


def linked(directory: Path, addresses: list[dict[str, Any]], link: dict[str, Any], **adapter: Any) -> Machine:
    described = {"bmc": {}, "neighbour": "resolved"} | link
    return machine_of(directory, adapters=[several(addresses, **adapter)], bmcs=[described])


def send(machine: Machine, source: str | None) -> tuple[str, Delivery]:
    """Where a question to the BMC leaves from, and what becomes of it."""
    hop = machine.surroundings.hop(BMC, source)
    assert hop is not None
    datagram = Datagram(str(hop.source), 50_000, BMC, machine.network.bmc_port, b"request")
    return str(hop.source), machine.stack.sends(hop, datagram)


def test_addresses_as_windows_lists_them(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=[several(EVERY_SORT)])
    rows = [row.properties for row in machine.enumerate(STANDARD, "MSFT_NetIPAddress", "AddressFamily = 2")]
    assert {row["IPAddress"]: (row["AddressState"], row["SkipAsSource"]) for row in rows} == {
        FIRST: (4, False),
        SECOND: (4, False),
        THIRD: (3, False),
        FOURTH: (1, False),
        FIFTH: (2, False),
        SIXTH: (4, True),
    }
    assert {(row["PrefixOrigin"], row["PrefixLength"], row["InterfaceAlias"]) for row in rows} == {(1, 14, "Ethernet")}
    configuration = only(machine.enumerate(CIMV2, "Win32_NetworkAdapterConfiguration", "DHCPEnabled = FALSE"))
    assert configuration["IPAddress"] == [FIRST, SECOND, THIRD, SIXTH, FOURTH, FIFTH]
    assert configuration["IPSubnet"] == ["255.252.0.0"] * 6


def test_addresses_without_a_link_are_tentative(tmp_path: Path) -> None:
    adapters = [
        {"model": "intel-i211", "network": 1, "name": "LAN"},
        several([{}], network=5, state="disconnected", name="Unused"),
    ]
    machine = machine_of(tmp_path, adapters=adapters)
    rows = machine.enumerate(STANDARD, "MSFT_NetIPAddress", "InterfaceAlias = 'Unused'")
    assert {row.properties["IPAddress"]: row.properties["AddressState"] for row in rows} == {
        "127.5.0.1": 1,
        "127.5.248.1": 1,
    }


def test_routes_of_a_subnet_are_there_once(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=[several([{}, {"state": "duplicate"}])])
    routes = [str(entry.network) for entry in machine.routes()]
    assert routes == ["127.0.0.0/14", f"{FIRST}/32", "127.3.255.255/32", f"{SECOND}/32"]


@pytest.mark.parametrize(
    ("address", "owned"), [(SECOND, True), (THIRD, True), (FOURTH, False), (FIFTH, False), (SIXTH, True)]
)
def test_a_source_is_one_that_works(tmp_path: Path, address: str, owned: bool) -> None:
    machine = machine_of(tmp_path, adapters=[several(EVERY_SORT)], bmcs=[{"bmc": {}, "neighbour": "resolved"}])
    assert machine.owns(address) is owned
    hop = machine.surroundings.hop(BMC, address)
    assert (hop is not None) is owned
    assert hop is None or str(hop.source) == address


@pytest.mark.parametrize(
    ("adapter", "like", "source"),
    [
        # As close to the BMC as the first one.
        ({}, {}, FIRST),
        # Closer to the gateway, 127.1.255.254.
        ({"prefix": 16, "gateway": True}, {}, SECOND),
        ({"prefix": 16, "gateway": True}, {"skip_as_source": True}, FIRST),
        ({"prefix": 16, "gateway": True}, {"state": "deprecated"}, FIRST),
    ],
)
def test_where_a_machine_sends_from_by_itself(
    tmp_path: Path, adapter: dict[str, Any], like: dict[str, Any], source: str
) -> None:
    assert send(linked(tmp_path, [like], {}, **adapter), None) == (source, Delivery.DELIVERED)


@pytest.mark.parametrize(
    ("answers", "first", "second"),
    [
        (None, Delivery.DELIVERED, Delivery.DELIVERED),
        ("first", Delivery.DELIVERED, Delivery.LOST),
        ("additional", Delivery.LOST, Delivery.DELIVERED),
    ],
)
def test_an_access_list(tmp_path: Path, answers: str | None, first: Delivery, second: Delivery) -> None:
    machine = linked(tmp_path, [{}], {"answers_only_from": answers})
    assert (send(machine, FIRST), send(machine, SECOND)) == ((FIRST, first), (SECOND, second))
    assert machine.ping(BMC) == "answered"


def test_replies_to_every_address_go_past_the_driver(tmp_path: Path) -> None:
    machine = linked(tmp_path, [{}], {"bmc": {"behaviour": "smdc"}}, model="intel-i211")
    for source in (FIRST, SECOND):
        machine.stack.open((source, 50_000))
        send(machine, source)
        reply = Datagram(BMC, machine.network.bmc_port, source, 50_000, b"reply")
        assert machine.network.is_machine(source)
        assert not machine.network.arrives(reply)
    assert machine.udp.errors == machine.host.system.udp_errors + 2


def test_a_bmc_for_hosts_only_hears_their_further_addresses(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, adapters=[several([{}])], bmcs=[{"bmc": {"reachable_from": "hosts"}}])
    network = Network.of(fleet)
    heard = [network.lets_through(fleet.bmcs[0], source) for source in (FIRST, SECOND, THIRD)]
    assert heard == [True, True, False]


@pytest.mark.parametrize(
    ("source", "answers"),
    [(None, 0), (HOST_30, 0), (FURTHER_30, 1), ("127.1.255.126", None), ("127.1.255.127", None)],
)
def test_real_datagrams_from_a_further_address(
    tmp_path: Path, port: int, source: str | None, answers: int | None
) -> None:
    fleet = fleet_of(
        tmp_path,
        block=BLOCK,
        bmc_port=port,
        adapters=[several([{}, {"state": "duplicate"}])],
        bmcs=[{"bmc": {}, "neighbour": "resolved", "answers_only_from": "additional"}],
    )
    sends = [{"hex": PING, "address": BMC_30, "port": port, "after_ms": 0}]
    request = {"version": 1, "source": source, "wait_ms": 300, "settle_ms": 0, "sends": sends}

    async def scenario() -> dict[str, Any]:
        network = Network.of(fleet)
        servers = BmcServers(fleet, network)
        await servers.start()
        try:
            return await relay(Machine(fleet.hosts[0], network), checked_request(request))
        finally:
            servers.close()

    answer = asyncio.run(scenario())
    if answers is None:
        assert answer["code"] == 10049
    else:
        assert (len(answer["replies"]), answer["errors"]) == (answers, [])
