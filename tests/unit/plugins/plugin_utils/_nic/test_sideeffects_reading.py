# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects import (
    Setting,
    Surroundings,
    Unread,
    compare,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects_reading import read_surroundings
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, lost
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, guid
from tests.unit.plugins.plugin_utils._nic.scripted import (
    DENIED,
    NO_CLASS,
    ScriptedHost,
    reading_of,
)

LEASES = "root/cimv2:Win32_NetworkAdapterConfiguration"
CARD = FakeAdapter(1, name="Card", address="192.0.2.10")
EXPIRES = datetime(2026, 3, 6, 11, 59, tzinfo=UTC)


def settings(*adapters: FakeAdapter, **tables: Any) -> dict[str, Setting]:
    return dict(surroundings(*adapters, **tables).settings[guid(1)])


def surroundings(*adapters: FakeAdapter, **tables: Any) -> Surroundings:
    leases = {LEASES: tables.pop("leases")} if "leases" in tables else {}
    reading = reading_of(*(adapters or (CARD,)))
    chosen = [adapter for adapter in reading.adapters if adapter.guid == guid(1)]
    return read_surroundings(ScriptedHost({**tables, **leases}).client, reading, chosen)


def row(number: int = 1, **values: Any) -> Row:
    return {"InstanceID": guid(number).lower(), **values}


def test_an_adapter_without_anything() -> None:
    assert settings() == {
        **dict.fromkeys(("rss", "rsc_ipv4", "rsc_ipv6", "lso_ipv4", "lso_ipv6", "uso_ipv4", "uso_ipv6", "uro"), "none"),
        **dict.fromkeys(("addresses", "routes", "network_profile", "dhcp_lease"), ()),
    }


def test_the_offloads_in_words() -> None:
    found = settings(
        MSFT_NetAdapterRssSettingData=[row(2, Enabled=False), row(Enabled=True)],
        MSFT_NetAdapterRscSettingData=[
            row(IPv4Enabled=True, IPv4OperationalState=True, IPv6Enabled=True, IPv6OperationalState=False)
        ],
        MSFT_NetAdapterLsoSettingData=[row(IPv4Enabled=True, IPv6Enabled=False)],
        MSFT_NetAdapterUsoSettingData=[row(IPv4Enabled=None, IPv6Enabled=True)],
        MSFT_NetAdapterUroSettingData=[row(Enabled=False, Operational=False)],
    )
    offloads = {name: words for name, words in found.items() if isinstance(words, str)}
    assert offloads == {
        "rss": "enabled",
        "rsc_ipv4": "enabled",
        "rsc_ipv6": "enabled, not working",
        "lso_ipv4": "enabled",
        "lso_ipv6": "disabled",
        "uso_ipv4": "unknown",
        "uso_ipv6": "enabled",
        "uro": "disabled",
    }


def test_offloads_that_can_not_be_read_or_are_not_there() -> None:
    found = settings(
        MSFT_NetAdapterRssSettingData=DENIED,
        MSFT_NetAdapterRscSettingData=[row(IPv4Enabled="maybe")],
        MSFT_NetAdapterUroSettingData=NO_CLASS,
    )
    assert found["rss"] == Unread("access_denied")
    assert found["rsc_ipv4"] == found["rsc_ipv6"] == Unread("wrong_property_type")
    assert found["uro"] == "none"


def test_a_row_of_nonsense_of_another_adapter_does_not_hide_this_one() -> None:
    found = settings(MSFT_NetAdapterRssSettingData=[row(Enabled="maybe") | {"InstanceID": guid(2)}, row(Enabled=True)])
    assert found["rss"] == "enabled"


def address(text: str, origin: int | None, *, index: int = 11, store: int | None = 1, prefix: int = 24) -> Row:
    return {
        "IPAddress": text,
        "PrefixLength": prefix,
        "InterfaceIndex": index,
        "PrefixOrigin": origin,
        "Store": store,
        "AddressFamily": 2,
    }


def route(destination: str, next_hop: str, *, protocol: int = 3, metric: int | None = 0, **other: Any) -> Row:
    return {
        "DestinationPrefix": destination,
        "NextHop": next_hop,
        "InterfaceIndex": 11,
        "Protocol": protocol,
        "RouteMetric": metric,
        "AddressFamily": 2,
        "Store": 1,
        **other,
    }


def test_addresses_with_their_origin() -> None:
    found = settings(
        MSFT_NetIPAddress=[
            address("192.0.2.10", 3),
            address("192.0.2.9", 1, store=None),
            address("192.0.2.8", 1, store=0),
            address("169.254.7.7", 2, prefix=16),
            address("192.0.2.7", None),
            address("192.0.2.6", 1, index=12),
            address("nonsense", 1),
        ]
    )
    assert found["addresses"] == (
        "169.254.7.7/16 (link-local)",
        "192.0.2.10/24 (DHCP)",
        "192.0.2.7/24 (origin unknown)",
        "192.0.2.9/24 (manual)",
    )


def test_routes_in_force_that_do_not_follow_from_an_address() -> None:
    found = settings(
        MSFT_NetRoute=[
            route("198.51.100.0/24", "0.0.0.0", metric=7),
            route("0.0.0.0/0", "192.0.2.1"),
            route("0.0.0.0/0", "192.0.2.1"),
            route("192.0.2.0/24", "0.0.0.0", protocol=2),
            route("10.0.0.0/8", "192.0.2.1", Store=0),
            route("10.0.0.0/8", "192.0.2.1", InterfaceIndex=12),
            route("203.0.113.0/24", "192.0.2.1", metric=None, protocol=13),
        ]
    )
    assert found["routes"] == (
        "0.0.0.0/0 via 192.0.2.1, metric 0",
        "198.51.100.0/24 on link, metric 7",
        "203.0.113.0/24 via 192.0.2.1, metric 0",
    )


@pytest.mark.parametrize(
    ("category", "words"), [(0, "public"), (1, "private"), (2, "domain"), (9, "unknown"), (None, "unknown")]
)
def test_the_network_profile(category: int | None, words: str) -> None:
    rows: list[Row] = [
        {"InterfaceIndex": 11, "NetworkCategory": category, "Name": "corp\x1b.example"},
        {"InterfaceIndex": 12, "NetworkCategory": 1, "Name": "Network"},
        {"InterfaceIndex": None, "NetworkCategory": 1},
    ]
    assert settings(MSFT_NetConnectionProfile=rows)["network_profile"] == (f"{words} (corp.example)",)


@pytest.mark.parametrize(
    ("values", "lease"),
    [
        (
            {"DHCPServer": "192.0.2.1", "DHCPLeaseExpires": EXPIRES},
            ("from 192.0.2.1, until 2026-03-06T11:59:00+00:00",),
        ),
        ({"DHCPServer": "192.0.2.1", "DHCPLeaseExpires": None}, ("from 192.0.2.1, without an end",)),
        (
            {"DHCPServer": None, "DHCPLeaseExpires": EXPIRES},
            ("from an unknown server, until 2026-03-06T11:59:00+00:00",),
        ),
        ({"DHCPServer": None, "DHCPLeaseExpires": None}, ()),
        ({"DHCPServer": "192.0.2.1", "DHCPLeaseExpires": EXPIRES, "DHCPEnabled": False}, ()),
        ({"DHCPServer": "192.0.2.1", "DHCPLeaseExpires": EXPIRES, "InterfaceIndex": 12}, ()),
        ({"DHCPServer": "192.0.2.1", "DHCPLeaseExpires": "soon"}, Unread("wrong_property_type")),
    ],
)
def test_the_lease(values: dict[str, Any], lease: Setting) -> None:
    rows: list[Row] = [{"InterfaceIndex": 11, "DHCPEnabled": True, **values}]
    assert settings(leases=rows)["dhcp_lease"] == lease


def test_what_lies_on_the_adapter_belongs_to_it() -> None:
    card = FakeAdapter(1, name="Card", above=[12])
    port = FakeAdapter(2, name="vEthernet (LAN)", hardware=False, virtual=True)
    found = settings(card, port, MSFT_NetIPAddress=[address("192.0.2.10", 1, index=12), address("192.0.2.11", 1)])
    assert found["addresses"] == ("vEthernet (LAN): 192.0.2.10/24 (manual)", "192.0.2.11/24 (manual)")


def test_an_adapter_is_found_again_when_its_index_has_changed() -> None:
    before = surroundings(CARD, MSFT_NetIPAddress=[address("192.0.2.10", 3)])
    reading = reading_of(CARD)
    as_it_was = replace(reading.adapters[0], index=99)
    host = ScriptedHost({"MSFT_NetIPAddress": [address("192.0.2.44", 3), address("192.0.2.10", 3, index=99)]})
    after = read_surroundings(host.client, reading, [as_it_was])
    assert compare(before, after, guid(1)) == [
        {"what": "addresses", "before": ["192.0.2.10/24 (DHCP)"], "after": ["192.0.2.44/24 (DHCP)"]}
    ]


def test_an_adapter_that_is_not_there_any_more() -> None:
    reading = reading_of(FakeAdapter(2, name="Other"))
    host = ScriptedHost({"MSFT_NetIPAddress": [address("192.0.2.10", 3)]})
    gone = reading_of(CARD).adapters[0]
    found = read_surroundings(host.client, reading, [gone]).settings[guid(1)]
    assert "addresses" not in found
    assert found["rss"] == "none"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("MSFT_NetIPAddress", "addresses"),
        ("MSFT_NetRoute", "routes"),
        ("MSFT_NetConnectionProfile", "network_profile"),
        ("leases", "dhcp_lease"),
    ],
)
def test_what_can_not_be_read(table: str, what: str) -> None:
    found = settings(**{table: DENIED})
    assert found[what] == Unread("access_denied")
    assert [name for name, setting in found.items() if isinstance(setting, Unread)] == [what]


def test_nothing_is_asked_without_a_restart() -> None:
    host = ScriptedHost()
    assert read_surroundings(host.client, reading_of(), []) == Surroundings({})
    assert host.asked == []


def test_a_host_that_is_gone() -> None:
    with pytest.raises(HostUnreachable):
        settings(MSFT_NetAdapterLsoSettingData=lost())


def test_many_rows_are_cut() -> None:
    rows = [address(f"10.0.{number}.1", 1) for number in range(100)]
    assert len(settings(MSFT_NetIPAddress=rows)["addresses"]) == 50  # type: ignore[arg-type]
