# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes, neighbours, ICMP and what becomes of a datagram between a machine and a BMC."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from tests.lab.frames import Datagram
from tests.lab.machine import Machine
from tests.lab.network import Delivery, Network
from tests.unit.lab.machines import I211, STANDARD, fleet_of, hears, machine_of

BMC = "127.2.0.1"
ROUTED = [I211 | {"prefix": 16, "gateway": True}]


def linked(directory: Path, bmc: dict[str, Any] | None = None, **link: Any) -> Machine:
    adapters = link.pop("adapters", [I211])
    return machine_of(directory, adapters=adapters, bmcs=[{"bmc": bmc or {}} | link])


def neighbour(machine: Machine, address: str = BMC) -> tuple[str, int] | None:
    rows = machine.enumerate(STANDARD, "MSFT_NetNeighbor", f"IPAddress = '{address}'")
    if not rows:
        return None
    return str(rows[0].properties["LinkLayerAddress"]), int(str(rows[0].properties["State"]))


def send(machine: Machine, address: str = BMC, port: int = 623) -> Delivery:
    hop = machine.surroundings.hop(address, None)
    assert hop is not None
    return machine.stack.sends(hop, Datagram(str(hop.source), 50_000, address, port, b"x"))


def test_longest_prefix_wins_and_names_the_source(tmp_path: Path) -> None:
    other = {"model": "intel-i211", "network": 5, "name": "B", "prefix": 16, "routes": [{"to": "127.2.0.0/16"}]}
    machine = machine_of(tmp_path, adapters=[ROUTED[0] | {"name": "A"}, other], bmcs=[{"bmc": {}}])
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    assert (hop.entry.adapter.name, str(hop.source), hop.entry.on_link) == ("B", "127.5.0.1", True)
    bound = machine.surroundings.hop(BMC, "127.1.0.1")
    assert bound is not None
    assert (bound.entry.adapter.name, str(bound.entry.next_hop)) == ("A", "127.1.255.254")
    assert bound.neighbour(IPv4Address(BMC)) == IPv4Address("127.1.255.254")


def test_bound_source_without_a_route_finds_none(tmp_path: Path) -> None:
    other = {"model": "intel-i211", "network": 5, "name": "B", "prefix": 16}
    machine = machine_of(tmp_path, adapters=[ROUTED[0] | {"name": "A"}, other], bmcs=[{"bmc": {}}])
    assert machine.surroundings.hop(BMC, "127.5.0.1") is None
    assert machine.surroundings.hop(BMC, None) is not None


def test_unrouted_and_linkless(tmp_path: Path) -> None:
    machine = linked(tmp_path, path="unrouted")
    assert machine.surroundings.hop(BMC, None) is None
    assert machine.ping(BMC) == "no_route"
    assert linked(tmp_path, adapters=[I211 | {"prefix": 16}]).ping(BMC) == "no_route"


def test_first_datagram_resolves_the_neighbour_and_is_lost(tmp_path: Path) -> None:
    machine = linked(tmp_path)
    assert neighbour(machine) is None
    assert send(machine) is Delivery.LOST
    assert neighbour(machine) == ("00-E0-81-00-00-01", 5)
    assert send(machine) is Delivery.DELIVERED


def test_resolved_neighbour_loses_nothing(tmp_path: Path) -> None:
    machine = linked(tmp_path, neighbour="resolved")
    assert neighbour(machine) == ("00-E0-81-00-00-01", 5)
    assert send(machine) is Delivery.DELIVERED


def test_ping_resolves_too(tmp_path: Path) -> None:
    machine = linked(tmp_path)
    assert machine.ping(BMC) == "answered"
    assert send(machine) is Delivery.DELIVERED


def test_neighbour_that_never_answers(tmp_path: Path) -> None:
    machine = linked(tmp_path, neighbour="never")
    assert [send(machine), send(machine)] == [Delivery.LOST, Delivery.LOST]
    assert neighbour(machine) == ("00-00-00-00-00-00", 0)
    assert machine.ping(BMC) == "unreachable"


def test_routed_bmc_is_reached_through_the_gateway(tmp_path: Path) -> None:
    machine = linked(tmp_path, adapters=ROUTED)
    assert [send(machine), send(machine)] == [Delivery.LOST, Delivery.DELIVERED]
    assert neighbour(machine) is None
    assert neighbour(machine, "127.1.255.254") == ("00-00-0C-9F-F0-01", 5)


def test_server_2012_writes_the_mac_without_dashes(tmp_path: Path) -> None:
    link = {"bmc": {}, "neighbour": "resolved"}
    machine = machine_of(tmp_path, bmcs=[link], system={"product": "server-2012r2"})
    assert neighbour(machine) == ("00E081000001", 5)


@pytest.mark.parametrize(
    ("path", "icmp", "delivery"),
    [
        ("open", "answered", Delivery.DELIVERED),
        ("filtered", "silent", Delivery.LOST),
        ("udp_filtered", "answered", Delivery.LOST),
        ("own_port", "silent", Delivery.LOST),
    ],
)
def test_what_lies_between(tmp_path: Path, path: str, icmp: str, delivery: Delivery) -> None:
    machine = linked(tmp_path, path=path, neighbour="resolved")
    assert machine.ping(BMC) == icmp
    assert send(machine) is delivery


def test_own_bmc_has_the_mac_next_to_the_hosts(tmp_path: Path) -> None:
    machine = linked(tmp_path, path="own_port", neighbour="resolved")
    (adapter,) = machine.enumerate(STANDARD, "MSFT_NetAdapter", "Hidden = FALSE")
    assert adapter.properties["PermanentAddress"] == "A0369F000100"
    assert neighbour(machine) == ("A0-36-9F-00-01-01", 5)


@pytest.mark.parametrize(("bmc", "port"), [({"behaviour": "closed"}, 623), ({}, 624)])
def test_port_nobody_listens_on(tmp_path: Path, bmc: dict[str, Any], port: int) -> None:
    assert send(linked(tmp_path, bmc, neighbour="resolved"), port=port) is Delivery.REFUSED


def test_address_nobody_has(tmp_path: Path) -> None:
    machine = linked(tmp_path)
    assert [send(machine, "127.2.0.77"), send(machine, "127.2.0.77")] == [Delivery.LOST, Delivery.LOST]
    assert machine.ping("127.2.0.77") == "unreachable"
    assert machine.ping("not an address") == "no_route"


def test_another_host_answers_ping(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, hosts=2)
    machine = Machine(fleet.hosts[0], Network.of(fleet))
    assert machine.ping("127.1.0.2") == "answered"


@pytest.mark.parametrize(
    ("adapter", "bmc", "system", "accepted"),
    [
        ({}, {"behaviour": "smdc"}, {}, False),
        ({"configured": "rx"}, {"behaviour": "smdc"}, {}, False),
        ({"configured": "tx"}, {"behaviour": "smdc"}, {}, True),
        ({"configured": "tx", "active": "rx_tx"}, {"behaviour": "smdc"}, {}, False),
        ({"configured": "disabled"}, {"behaviour": "smdc"}, {}, True),
        ({"receive_fault": "none"}, {"behaviour": "smdc"}, {}, True),
        ({"receive_fault": "always", "configured": "disabled"}, {"behaviour": "smdc"}, {}, False),
        ({}, {"behaviour": "smdc"}, {"task_offload": False}, True),
        ({}, {"behaviour": "ipmi20"}, {}, True),
        ({}, {"behaviour": "ipmi20", "trips_receive_offload": True}, {}, False),
        ({}, {"behaviour": "smdc", "trips_receive_offload": False}, {}, True),
        ({"keyword": "grouped"}, {"behaviour": "smdc"}, {}, False),
        ({"keyword": "grouped", "configured": "tx"}, {"behaviour": "smdc"}, {}, True),
    ],
)
def test_the_driver_fault(
    tmp_path: Path, adapter: dict[str, Any], bmc: dict[str, Any], system: dict[str, Any], accepted: bool
) -> None:
    machine = machine_of(tmp_path, adapters=[I211 | adapter], bmcs=[{"bmc": bmc}], system=system)
    before = machine.udp.errors
    assert hears(machine, BMC) is accepted
    assert machine.udp.errors == before + (0 if accepted else 1)
    assert machine.udp.received == (1 if accepted else 0)


def test_fault_of_the_adapter_below_a_switch(tmp_path: Path) -> None:
    adapters = [
        {"model": "hyperv-vnic", "network": 1, "name": "vEthernet (LAN)", "above": ["Ethernet"]},
        {"model": "intel-i211", "name": "Ethernet"},
    ]
    machine = linked(tmp_path, {"behaviour": "smdc"}, adapters=adapters)
    assert not hears(machine, BMC)


def test_error_counter_wraps(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, bmcs=[{"bmc": {"behaviour": "smdc"}}], system={"udp_errors": 2**32 - 1})
    assert not hears(machine, BMC)
    (row,) = machine.enumerate("root/cimv2", "Win32_PerfRawData_Tcpip_UDPv4", None)
    assert row.properties["DatagramsReceivedErrors"] == 0


def test_who_gets_through_to_a_bmc(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, bmcs=[{"bmc": {"reachable_from": "hosts"}}, {"bmc": {"silent_after_restart": True}}])
    network = Network.of(fleet)
    hidden, dying = fleet.bmcs
    assert network.lets_through(hidden, "127.1.0.1")
    assert not network.lets_through(hidden, "127.0.0.1")
    assert network.lets_through(dying, "127.0.0.1")
    network.adapter_restarted(fleet.hosts[0])
    assert not network.lets_through(dying, "127.0.0.1")
    assert network.lets_through(hidden, "127.1.0.1")


def test_a_bmc_that_survives_some_restarts(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, bmcs=[{"bmc": {"silent_after_restart": True, "survives_restarts": 2}}])
    network = Network.of(fleet)
    heard = []
    for _restart in range(4):
        network.adapter_restarted(fleet.hosts[0])
        heard.append(network.lets_through(fleet.bmcs[0], "127.0.0.1"))
    assert heard == [True, True, False, False]
