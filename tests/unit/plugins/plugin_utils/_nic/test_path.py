# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.path import (
    Neighbour,
    Path,
    Route,
    adapters_toward,
    choose_route,
    is_own_bmc,
    read_paths,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    FakeAdapter,
    FakeHost,
    Refusal,
    Row,
    fault,
    guid,
    lost,
)

BMC = "192.0.2.20"
FAR = "198.51.100.20"


def route(prefix: str, index: int, **more: Any) -> Row:
    row: Row = {
        "DestinationPrefix": prefix,
        "NextHop": "0.0.0.0",
        "InterfaceIndex": index,
        "RouteMetric": 0,
        "InterfaceMetric": 25,
        "AddressFamily": 2,
        "Store": 1,
        "State": 0,
    }
    return {**row, **more}


def neighbour(address: str, index: int, state: int | None = 5, mac: str = "00-E0-81-00-00-01", **more: Any) -> Row:
    return {
        "IPAddress": address,
        "InterfaceIndex": index,
        "LinkLayerAddress": mac,
        "State": state,
        "AddressFamily": 2,
        "Store": 1,
        **more,
    }


def host(**changes: Any) -> FakeHost:
    values: dict[str, Any] = {
        "adapters": [
            FakeAdapter(1, "Ethernet", address="192.0.2.10"),
            FakeAdapter(2, "Ethernet 2", address="203.0.113.5", mac="AABBCCDDEE02"),
        ],
        "routes": [
            route("0.0.0.0/0", 11, NextHop="192.0.2.1"),
            route("192.0.2.0/24", 11),
            route("203.0.113.0/24", 12),
        ],
        "neighbours": [neighbour(BMC, 11), neighbour("192.0.2.1", 11, 4, "00-11-22-33-44-55")],
        "pings": {BMC: 0, FAR: 11010},
    }
    return FakeHost(**{**values, **changes})


def test_the_way_to_an_address_on_the_link() -> None:
    assert read_paths(host().client, [BMC])[BMC] == Path(
        address=BMC,
        on_link=True,
        route="192.0.2.0/24",
        next_hop=None,
        interface_index=11,
        adapter="Ethernet",
        adapter_guid=guid(1),
        physical=("Ethernet",),
        source_address="192.0.2.10",
        neighbour=Neighbour("00:e0:81:00:00:01", "reachable"),
        icmp="answered",
        own_bmc=False,
    )


def test_the_way_through_a_router() -> None:
    path = read_paths(host().client, [FAR])[FAR]
    assert path.as_dict() == {
        "address": FAR,
        "on_link": False,
        "route": "0.0.0.0/0",
        "next_hop": "192.0.2.1",
        "interface_index": 11,
        "adapter": "Ethernet",
        "adapter_guid": guid(1),
        "physical": ["Ethernet"],
        "source_address": "192.0.2.10",
        "neighbour": {"mac": "00:11:22:33:44:55", "state": "stale"},
        "icmp": "silent",
        "own_bmc": None,
    }


def test_no_way_at_all() -> None:
    path = read_paths(host(routes=[]).client, [BMC])[BMC]
    assert path == Path(BMC, None, None, None, None, None, None, (), None, None, "answered", None)
    assert path.as_dict()["neighbour"] is None


def test_several_addresses_cost_one_ping_each_and_one_table() -> None:
    fake = host()
    assert list(read_paths(fake.client, [BMC, FAR, BMC])) == [BMC, FAR]
    assert fake.log == [
        "enumerate MSFT_NetIPAddress",
        "enumerate MSFT_NetAdapter",
        "enumerate MSFT_NetAdapterBindingSettingData",
        "enumerate MSFT_NetRoute",
        f"get Win32_PingStatus {BMC}",
        f"get Win32_PingStatus {FAR}",
        "enumerate MSFT_NetNeighbor",
    ]
    assert fake.writes == []


def test_the_neighbour_is_read_after_the_ping_that_resolves_it() -> None:
    log = (fake := host()).log
    read_paths(fake.client, [BMC])
    assert log.index(f"get Win32_PingStatus {BMC}") < log.index("enumerate MSFT_NetNeighbor")


@pytest.mark.parametrize("address", ["192.0.2.10", "203.0.113.5"])
def test_the_host_itself_is_refused(address: str) -> None:
    fake = host()
    with pytest.raises(NicError) as caught:
        read_paths(fake.client, [BMC, address])
    assert caught.value.code == "bmc_is_host"
    assert caught.value.subject == f"address {address}"
    assert not [line for line in fake.log if "Ping" in line]


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (0, "answered"),
        (11010, "silent"),
        (11002, "unreachable"),
        (11003, "unreachable"),
        (11005, "unreachable"),
        (11001, "unknown"),
        (11006, "unknown"),
        (11050, "unknown"),
        (None, "unknown"),
    ],
)
def test_what_a_ping_says(status: int | None, word: str) -> None:
    assert read_paths(host(pings={BMC: status}).client, [BMC])[BMC].icmp == word


def test_a_ping_that_can_not_be_made_says_nothing() -> None:
    refusals = [Refusal("Win32_PingStatus", lambda: fault(cim_status=2))]
    assert read_paths(host(refusals=refusals).client, [BMC])[BMC].icmp == "unknown"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: fault(fault_code=0x80338029), WsmanFault),
        (lambda: fault(fault_code=0x803381A6), WsmanFault),
        (lost, ConnectionLost),
    ],
)
def test_a_host_that_does_not_answer_is_no_silent_way(error: Callable[[], NicError], kind: type[NicError]) -> None:
    with pytest.raises(kind):
        read_paths(host(refusals=[Refusal("Win32_PingStatus", error)]).client, [BMC])


@pytest.mark.parametrize(
    ("state", "word", "resolved"),
    [
        (0, "unreachable", False),
        (1, "incomplete", False),
        (2, "probe", True),
        (3, "delay", True),
        (4, "stale", True),
        (5, "reachable", True),
        (6, "permanent", True),
        (7, "unknown", False),
        (-1, "unknown", False),
        (None, "unknown", False),
    ],
)
def test_states_of_neighbours(state: int | None, word: str, resolved: bool) -> None:
    found = read_paths(host(neighbours=[neighbour(BMC, 11, state)]).client, [BMC])[BMC].neighbour
    assert found == Neighbour("00:e0:81:00:00:01", word)
    assert found.resolved is resolved


def test_a_neighbour_without_a_mac_is_not_resolved() -> None:
    path = read_paths(host(neighbours=[neighbour(BMC, 11, 4, "00-00-00-00-00-00")]).client, [BMC])[BMC]
    assert path.neighbour == Neighbour(None, "stale")
    assert not path.neighbour.resolved
    assert path.own_bmc is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [neighbour(BMC, 12)],
        [neighbour(BMC, 11, Store=0)],
        [neighbour("fe80::1", 11)],
        [{**neighbour(BMC, 11), "InterfaceIndex": None}],
    ],
)
def test_entries_of_others_are_no_neighbour(rows: list[Row]) -> None:
    path = read_paths(host(neighbours=rows).client, [BMC])[BMC]
    assert path.neighbour is None
    assert path.own_bmc is None


@pytest.mark.parametrize(
    ("mac", "own"),
    [
        ("AA-BB-CC-DD-EE-01", True),
        ("AA-BB-CC-DD-EE-03", True),
        ("AA-BB-CC-DD-EE-0A", True),
        ("AA-BB-CC-DD-ED-F9", True),
        ("AA-BB-CC-DD-EE-0B", False),
        ("AA-BB-CC-DD-ED-F8", False),
        ("AA-BB-CD-DD-EE-02", False),
    ],
)
def test_a_mac_next_to_the_hosts_own_is_its_own_bmc(mac: str, own: bool) -> None:
    path = read_paths(host(neighbours=[neighbour(BMC, 11, mac=mac)]).client, [BMC])[BMC]
    assert path.own_bmc is own


def test_only_physical_adapters_with_a_mac_have_a_bmc_next_to_them() -> None:
    reading = read_host(FakeHost([FakeAdapter(1, hardware=False), FakeAdapter(2, mac="")]).client)
    assert is_own_bmc(Neighbour("aa:bb:cc:dd:ee:02", "stale"), reading.topology.adapters) is False


def test_the_way_leads_below_a_virtual_switch() -> None:
    fake = host(
        adapters=[
            FakeAdapter(1, "Ethernet", bindings=("vms_pp",)),
            FakeAdapter(2, "vEthernet", component="vms_mp", hardware=False, virtual=True, address="192.0.2.10"),
        ],
        routes=[route("192.0.2.0/24", 12)],
        neighbours=[],
    )
    path = read_paths(fake.client, [BMC])[BMC]
    assert (path.adapter, path.adapter_guid, path.physical) == ("vEthernet", guid(2), ("Ethernet",))


def test_a_route_through_an_interface_that_is_no_adapter() -> None:
    path = read_paths(host(routes=[route("0.0.0.0/0", 1)], neighbours=[]).client, [BMC])[BMC]
    assert (path.interface_index, path.adapter, path.physical, path.source_address) == (1, None, (), None)


NETWORKS = {
    "default": Route(ipaddress.IPv4Network("0.0.0.0/0"), "192.0.2.1", 11, 25),
    "wide": Route(ipaddress.IPv4Network("192.0.0.0/16"), "192.0.2.1", 12, 1),
    "link": Route(ipaddress.IPv4Network("192.0.2.0/24"), None, 11, 281),
    "link2": Route(ipaddress.IPv4Network("192.0.2.0/24"), None, 12, 280),
    "link3": Route(ipaddress.IPv4Network("192.0.2.0/24"), None, 10, 281),
    "host": Route(ipaddress.IPv4Network("192.0.2.20/32"), None, 13, 999),
}


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["default"], "default"),
        (["default", "wide"], "wide"),
        (["default", "wide", "link"], "link"),
        (["link", "link2"], "link2"),
        (["link", "link3"], "link3"),
        (["host", "link2"], "host"),
        ([], None),
    ],
)
def test_longest_prefix_then_lowest_metric_then_lowest_index(names: list[str], chosen: str | None) -> None:
    routes = [NETWORKS[name] for name in names]
    expected = NETWORKS[chosen] if chosen else None
    assert choose_route(routes, BMC) == expected
    assert choose_route(routes[::-1], BMC) == expected


def test_a_route_elsewhere_is_none() -> None:
    assert choose_route([NETWORKS["link"]], FAR) is None


def toward(fake: FakeHost, *addresses: str) -> frozenset[str]:
    reading = read_host(fake.client)
    return adapters_toward(fake.client, reading.topology, reading.addresses, addresses)


def test_metrics_of_route_and_interface_add_up() -> None:
    routes = [
        route(f"{BMC}/32", 11, RouteMetric=10, InterfaceMetric=20),
        route(f"{BMC}/32", 12, RouteMetric=25, InterfaceMetric=4),
    ]
    assert toward(host(routes=routes), BMC) == {guid(2)}


def test_interface_metrics_are_read_where_routes_lack_them() -> None:
    routes = [route(f"{BMC}/32", 11, InterfaceMetric=None), route(f"{BMC}/32", 12, InterfaceMetric=None)]
    interfaces: list[Row] = [
        {"InterfaceIndex": 11, "InterfaceMetric": 30, "AddressFamily": 2},
        {"InterfaceIndex": 12, "InterfaceMetric": 20, "AddressFamily": 2},
    ]
    fake = host(routes=routes, interfaces=interfaces)
    assert toward(fake, BMC) == {guid(2)}
    assert fake.log.count("enumerate MSFT_NetIPInterface") == 1
    complete = host()
    toward(complete, BMC)
    assert "enumerate MSFT_NetIPInterface" not in complete.log


@pytest.mark.parametrize(
    "better",
    [
        route(f"{BMC}/32", 12, Store=0),
        route(f"{BMC}/32", 12, State=2),
        route(f"{BMC}/33", 12),
        route("fe80::/64", 12),
        {**route(f"{BMC}/32", 12), "DestinationPrefix": None},
        {**route(f"{BMC}/32", 12), "InterfaceIndex": None},
        route(f"{BMC}/32", 13),
    ],
)
def test_routes_that_are_not_in_use_do_not_count(better: Row) -> None:
    fake = host(routes=[route("192.0.2.0/24", 11), better])
    fake.adapters.append(FakeAdapter(3, "Ethernet 3", up=False))
    assert toward(fake, BMC) == {guid(1)}


def test_no_address_asks_nothing() -> None:
    fake = host()
    assert toward(fake) == frozenset()
    assert "enumerate MSFT_NetRoute" not in fake.log


def test_several_addresses_give_all_adapters() -> None:
    assert toward(host(), BMC, "203.0.113.9") == {guid(1), guid(2)}


def test_an_address_without_a_route_or_an_adapter_gives_none() -> None:
    assert toward(host(routes=[route("0.0.0.0/0", 1)]), BMC) == frozenset()
    assert toward(host(routes=[]), BMC) == frozenset()


def test_toward_the_host_itself_is_refused() -> None:
    with pytest.raises(NicError) as caught:
        toward(host(), "192.0.2.10")
    assert caught.value.code == "bmc_is_host"


def source(*rows: Row, routes: list[Row] | None = None, address: str = BMC) -> str | None:
    fake = host(addresses=list(rows), adapters=[FakeAdapter(1)], pings={})
    fake.routes = routes or [route("192.0.2.0/24", 11), route("0.0.0.0/0", 11, NextHop="10.0.0.1")]
    return read_paths(fake.client, [address])[address].source_address


def own(address: str, index: int = 11, **more: Any) -> Row:
    return {
        "IPAddress": address,
        "InterfaceIndex": index,
        "PrefixLength": 24,
        "AddressFamily": 2,
        "AddressState": 4,
        "SkipAsSource": False,
        "Store": 1,
        **more,
    }


def test_the_source_lies_in_the_subnet_of_the_next_step() -> None:
    assert source(own("10.0.0.9"), own("192.0.2.9")) == "192.0.2.9"
    assert source(own("10.0.0.9"), own("192.0.2.9"), address=FAR) == "10.0.0.9"


@pytest.mark.parametrize(
    ("addresses", "toward_", "expected"),
    [
        # With 192.0.2.20, 192.0.2.16 has 29 bits in common, 192.0.2.8 and 192.0.2.9 have 27.
        (("192.0.2.9", "192.0.2.16"), BMC, "192.0.2.16"),
        (("192.0.2.16", "192.0.2.200"), BMC, "192.0.2.16"),
        (("192.0.2.9", "192.0.2.8"), BMC, "192.0.2.8"),
        # With the next hop 10.0.0.1, 10.0.0.2 has 30, 10.0.0.9 has 28 and 10.0.0.200 has 24.
        (("10.0.0.9", "10.0.0.2"), FAR, "10.0.0.2"),
        (("10.0.0.9", "10.0.0.200"), FAR, "10.0.0.9"),
    ],
)
def test_of_several_sources_the_one_closest_to_the_next_hop(
    addresses: tuple[str, ...], toward_: str, expected: str
) -> None:
    assert source(*map(own, addresses), address=toward_) == expected


def test_sources_that_are_equally_close_to_the_next_hop_are_compared_with_the_destination() -> None:
    routes = [route("0.0.0.0/0", 11, NextHop="128.0.0.1")]
    assert source(own("10.1.0.9"), own("10.2.0.9"), routes=routes, address="10.2.0.1") == "10.2.0.9"


def test_another_address_of_the_interface_will_do() -> None:
    assert source(own("172.16.0.1")) == "172.16.0.1"


@pytest.mark.parametrize(
    "row", [own("192.0.2.9", 12), own("192.0.2.9", SkipAsSource=True), own("192.0.2.9", AddressState=1)]
)
def test_addresses_that_windows_does_not_send_from(row: Row) -> None:
    assert source(row) is None
