# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Finding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_network import (
    find_lost_routes,
    find_shared_ports,
)
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter
from tests.unit.plugins.plugin_utils._nic.scripted import (
    DENIED,
    ScriptedHost,
    reading_of,
    restarts_of,
)

ACTIVE, PERSISTENT = 1, 0
GATEWAY = "192.0.2.1"


def route(
    destination: str, next_hop: str = GATEWAY, *, index: int = 11, store: int | None = ACTIVE, protocol: int | None = 3
) -> Row:
    return {
        "DestinationPrefix": destination,
        "NextHop": next_hop,
        "InterfaceIndex": index,
        "Store": store,
        "Protocol": protocol,
        "AddressFamily": 2,
    }


def address(origin: int, index: int = 11) -> Row:
    return {"InterfaceIndex": index, "PrefixOrigin": origin, "AddressFamily": 2}


def find(rows: list[Row], *adapters: FakeAdapter, **tables: Any) -> tuple[list[Finding], list[str], list[str]]:
    """Findings, codes of what could not be read, and what was asked."""
    host = ScriptedHost({"MSFT_NetRoute": rows, **tables})
    reading, reader = reading_of(*adapters), host.reader
    return find_lost_routes(reader, restarts_of(reading)), [line.code for line in reader.not_read], host.asked


def test_a_route_that_is_in_force_only() -> None:
    findings, unread, _asked = find(
        [
            route("0.0.0.0/0"),
            route("0.0.0.0/0", store=PERSISTENT),
            route("198.51.100.0/24", "192.0.2.9"),
            route("203.0.113.0/24", "0.0.0.0"),
        ]
    )
    (finding,) = findings
    assert (finding.code, finding.adapter, unread) == ("route_not_persistent", "Ethernet", [])
    assert finding.seen == {"routes": ["198.51.100.0/24 via 192.0.2.9", "203.0.113.0/24 on link"], "count": 2}
    assert finding.sentence.endswith("again: 198.51.100.0/24 via 192.0.2.9, 203.0.113.0/24 on link.")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [route("198.51.100.0/24"), route("198.51.100.0/24", store=PERSISTENT)],
        # One made with route.exe -p belongs to no interface.
        [route("198.51.100.0/24"), route("198.51.100.0/24", store=PERSISTENT, index=0)],
        [route("192.0.2.0/24", "0.0.0.0", protocol=2)],
        [route("198.51.100.0/24", protocol=4)],
        [route("198.51.100.0/24", protocol=13)],
        [route("198.51.100.0/24", protocol=19)],
        [route("198.51.100.0/24", protocol=None)],
        [route("198.51.100.0/24", index=12)],
        [route("198.51.100.0/24", store=PERSISTENT)],
        [route("", GATEWAY)],
    ],
)
def test_routes_that_a_restart_does_not_take(rows: list[Row]) -> None:
    assert find(rows)[:2] == ([], [])


@pytest.mark.parametrize("persistent", [route("198.51.100.0/24", "192.0.2.2"), route("198.51.100.0/25")])
def test_a_persistent_route_that_leads_elsewhere_does_not_count(persistent: Row) -> None:
    assert find([route("198.51.100.0/24"), {**persistent, "Store": PERSISTENT}])[0]


@pytest.mark.parametrize(("origin", "found"), [(3, False), (1, True), (2, True)])
def test_a_default_route_without_configuration_is_from_dhcp_if_the_address_is(origin: int, found: bool) -> None:
    findings, _unread, _asked = find([route("0.0.0.0/0")], MSFT_NetIPAddress=[address(origin), address(3, index=12)])
    assert bool(findings) is found


def test_dhcp_is_asked_about_the_default_route_only() -> None:
    findings, _unread, asked = find([route("198.51.100.0/24")], MSFT_NetIPAddress=[address(3)])
    assert findings[0].seen["routes"] == ["198.51.100.0/24 via 192.0.2.1"]
    assert asked == ["MSFT_NetRoute", "MSFT_NetRoute"]
    assert find([])[2] == ["MSFT_NetRoute"]


@pytest.mark.parametrize("protocol", [3, 10002, 10006, 10007])
def test_the_kinds_of_static_routes(protocol: int) -> None:
    assert find([route("198.51.100.0/24", protocol=protocol)])[0]


def test_routes_over_what_lies_on_the_adapter() -> None:
    card = FakeAdapter(1, name="Card", above=[12])
    port = FakeAdapter(2, name="Port", hardware=False, virtual=True)
    findings, _unread, _asked = find([route("198.51.100.0/24", index=12)], card, port)
    assert findings[0].adapter == "Card"


def test_many_routes_are_counted() -> None:
    findings, _unread, _asked = find([route(f"10.{number}.0.0/16") for number in range(10, 23)])
    assert findings[0].seen["count"] == 13
    assert len(findings[0].seen["routes"]) == 10
    assert findings[0].sentence.endswith("10.19.0.0/16 via 192.0.2.1 and 3 more.")


def test_routes_that_can_not_be_read() -> None:
    host = ScriptedHost({"MSFT_NetRoute": DENIED})
    reader = host.reader
    assert find_lost_routes(reader, restarts_of(reading_of())) == []
    assert [(line.what, line.code) for line in reader.not_read] == [("routes", "access_denied")]


def test_persistent_routes_with_nonsense_prove_nothing() -> None:
    broken = {**route("203.0.113.0/24", store=PERSISTENT), "InterfaceIndex": "eleven"}
    findings, unread, _asked = find([route("198.51.100.0/24"), broken])
    assert (findings, unread) == ([], ["wrong_property_type"])


def neighbour(mac: str, number: int = 5, index: int = 11) -> Row:
    return {
        "IPAddress": f"192.0.2.{number}",
        "LinkLayerAddress": mac,
        "InterfaceIndex": index,
        "AddressFamily": 2,
        "State": 4,
    }


def ports(rows: list[Row], *adapters: FakeAdapter) -> list[Finding]:
    reading = reading_of(*adapters)
    return find_shared_ports(ScriptedHost({"MSFT_NetNeighbor": rows}).reader, reading, restarts_of(reading))


def test_a_neighbour_whose_hardware_address_is_next_to_the_adapters() -> None:
    (finding,) = ports([neighbour("AA-BB-CC-DD-EE-02"), neighbour("AABBCCDDEE08", 4), neighbour("00-11-22-33-44-55")])
    assert (finding.code, finding.adapter) == ("shared_bmc_port", "Ethernet")
    assert finding.seen == {
        "neighbours": [
            {"address": "192.0.2.5", "mac": "aa:bb:cc:dd:ee:02"},
            {"address": "192.0.2.4", "mac": "aa:bb:cc:dd:ee:08"},
        ]
    }
    assert finding.sentence.startswith(
        "192.0.2.5 has a hardware address (aa:bb:cc:dd:ee:02) next to that of the adapter"
    )


@pytest.mark.parametrize(
    "row",
    [
        neighbour("AA-BB-CC-DD-EE-0A"),
        neighbour("AA-BB-CD-DD-EE-02"),
        neighbour("AA-BB-CC-DD-EE-01"),
        neighbour("00-00-00-00-00-00"),
        neighbour("FF-FF-FF-FF-FF-FF"),
        neighbour("nonsense"),
        {**neighbour("AA-BB-CC-DD-EE-02"), "IPAddress": "ff02::16"},
    ],
)
def test_neighbours_that_are_no_controller_of_the_host(row: Row) -> None:
    assert ports([row]) == []


def test_the_hosts_other_adapters_are_no_controller() -> None:
    adapters = FakeAdapter(1), FakeAdapter(2, name="Other", mac="AABBCCDDEE02")
    assert ports([neighbour("AA-BB-CC-DD-EE-02")], *adapters) == []
    assert len(ports([neighbour("AA-BB-CC-DD-EE-03")], *adapters)) == 1


def test_an_adapter_without_a_hardware_address() -> None:
    assert ports([neighbour("AA-BB-CC-DD-EE-02")], FakeAdapter(1, mac="")) == []
