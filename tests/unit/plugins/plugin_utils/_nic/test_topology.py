# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading, read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import (
    MEMBER_BINDINGS,
    MemberKind,
    Membership,
    carries_management,
    read_topology,
)
from tests.lab.cim.wql import parse_condition
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, Row, guid, instance

SWITCH_PORT = {"component": "vms_mp", "pnp": r"ROOT\VMS_MP\0000", "hardware": False, "virtual": True, "keywords": ()}
TEAM = {**SWITCH_PORT, "component": r"COMPOSITEBUS\MS_IMPLAT_MP"}
ANS_TEAM = {**SWITCH_PORT, "component": "iansminiport"}
FILTER = {**SWITCH_PORT, "component": "ms_wfplwf_lower", "hidden": True}


def adapter(number: int, name: str, kind: dict[str, object] | None = None, **more: object) -> FakeAdapter:
    return FakeAdapter(number, name, **{**(kind or {}), **more})  # type: ignore[arg-type]


def read(*adapters: FakeAdapter) -> HostReading:
    return read_host(FakeHost(list(adapters)).client)


def names_below(reading: HostReading, name: str) -> list[str]:
    top = next(each for each in reading.topology.adapters if each.name == name)
    return [each.name for each in reading.topology.physical_below(top)]


def membership(reading: HostReading, name: str) -> Membership | None:
    return reading.topology.membership(next(each for each in reading.topology.adapters if each.name == name))


def carried(reading: HostReading, *management: str) -> dict[str, bool | None]:
    by_guid = carries_management(reading.topology, reading.addresses, frozenset(management))
    return {each.name: by_guid[each.guid] for each in reading.adapters}


def test_a_physical_adapter_is_its_own_and_no_member() -> None:
    reading = read(adapter(1, "Ethernet"))
    assert names_below(reading, "Ethernet") == ["Ethernet"]
    assert membership(reading, "Ethernet") is None


def test_a_switch_port_leads_through_filters_to_the_physical_adapter() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]),
        adapter(2, "Ethernet 2"),
        adapter(3, "vEthernet (LAN)", SWITCH_PORT, below=[14]),
        adapter(4, "Ethernet-Filter-0000", FILTER, below=[11]),
    )
    assert names_below(reading, "vEthernet (LAN)") == ["Ethernet"]
    assert membership(reading, "Ethernet") == Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (LAN)")
    assert membership(reading, "Ethernet 2") is None
    assert [each.name for each in reading.adapters] == ["Ethernet", "Ethernet 2", "vEthernet (LAN)"]


def test_layers_are_followed_from_either_side() -> None:
    reading = read(adapter(1, "Ethernet", bindings=["vms_pp"], above=[13]), adapter(3, "vEthernet (LAN)", SWITCH_PORT))
    assert names_below(reading, "vEthernet (LAN)") == ["Ethernet"]


def test_layers_that_form_a_loop_end() -> None:
    reading = read(adapter(1, "a", SWITCH_PORT, below=[12]), adapter(2, "b", SWITCH_PORT, below=[11]))
    assert reading.topology.indices_below(11) == {12}
    assert names_below(reading, "a") == []


def test_without_layers_the_bound_protocol_tells_the_member() -> None:
    reading = read(adapter(1, "Ethernet", bindings=["vms_pp"]), adapter(3, "vEthernet (LAN)", SWITCH_PORT))
    assert names_below(reading, "vEthernet (LAN)") == ["Ethernet"]
    assert membership(reading, "Ethernet") == Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (LAN)")


def test_the_port_of_an_internal_switch_has_nothing_below_where_layers_are_told() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]),
        adapter(3, "vEthernet (LAN)", SWITCH_PORT, below=[11]),
        adapter(4, "vEthernet (Internal)", SWITCH_PORT),
    )
    assert names_below(reading, "vEthernet (Internal)") == []


def test_a_switch_on_several_adapters_is_a_team() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]),
        adapter(2, "Ethernet 2", bindings=["vms_pp"]),
        adapter(3, "vEthernet (SET)", SWITCH_PORT, below=[11, 12]),
    )
    assert names_below(reading, "vEthernet (SET)") == ["Ethernet", "Ethernet 2"]
    assert membership(reading, "Ethernet") == Membership(MemberKind.EMBEDDED_TEAM, "vEthernet (SET)")


def test_two_switches_on_one_adapter_each_are_no_team_where_layers_are_told() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]),
        adapter(2, "Ethernet 2", bindings=["vms_pp"]),
        adapter(3, "vEthernet (A)", SWITCH_PORT, below=[11]),
        adapter(4, "vEthernet (B)", SWITCH_PORT, below=[12]),
    )
    assert membership(reading, "Ethernet") == Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (A)")
    assert membership(reading, "Ethernet 2") == Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (B)")


def test_switches_that_cannot_be_told_apart_count_as_a_team() -> None:
    reading = read(adapter(1, "Ethernet", bindings=["vms_pp"]), adapter(2, "Ethernet 2", bindings=["vms_pp"]))
    assert membership(reading, "Ethernet") == Membership(MemberKind.EMBEDDED_TEAM, "a virtual switch")


def test_a_switch_without_a_port_of_the_host_is_still_a_switch() -> None:
    assert membership(read(adapter(1, "Ethernet", bindings=["vms_pp"])), "Ethernet") == Membership(
        MemberKind.VIRTUAL_SWITCH, "a virtual switch"
    )


@pytest.mark.parametrize("layers", [(), (11, 12)])
def test_members_of_a_windows_team(layers: Sequence[int]) -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["ms_implat"]),
        adapter(2, "Ethernet 2", bindings=["ms_implat"]),
        adapter(3, "Team", TEAM, below=layers),
    )
    assert names_below(reading, "Team") == ["Ethernet", "Ethernet 2"]
    assert membership(reading, "Ethernet 2") == Membership(MemberKind.LBFO_TEAM, "Team")
    assert membership(reading, "Team") is None


@pytest.mark.parametrize("layers", [False, True])
def test_a_switch_on_a_team_leads_to_the_members_of_the_team(layers: bool) -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["ms_implat"]),
        adapter(2, "Ethernet 2", bindings=["ms_implat"]),
        adapter(3, "Team", TEAM, bindings=["vms_pp"], below=[11, 12] if layers else []),
        adapter(4, "vEthernet (LAN)", SWITCH_PORT, below=[13] if layers else []),
    )
    assert names_below(reading, "vEthernet (LAN)") == ["Ethernet", "Ethernet 2"]
    assert membership(reading, "Team") == Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (LAN)")


def test_the_intel_protocol_alone_makes_no_team() -> None:
    alone = read(adapter(1, "Ethernet", bindings=["iansprotocol"]))
    assert membership(alone, "Ethernet") is None
    team = read(adapter(1, "Ethernet", bindings=["iansprotocol"]), adapter(2, "TEAM : Team #0", ANS_TEAM))
    assert membership(team, "Ethernet") == Membership(MemberKind.INTEL_TEAM, "TEAM : Team #0")
    assert names_below(team, "TEAM : Team #0") == ["Ethernet"]


def test_an_adapter_on_top_that_is_no_team_has_nothing_below() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]), adapter(2, "VPN", {**SWITCH_PORT, "component": "tap0901"})
    )
    assert names_below(reading, "VPN") == []


def test_a_team_bound_to_itself_ends() -> None:
    reading = read(adapter(3, "Team", TEAM, bindings=["ms_implat"]))
    assert names_below(reading, "Team") == []


def test_teams_of_teams_without_end_end() -> None:
    teams = [adapter(number, f"Team {number:02}", TEAM, bindings=["ms_implat"]) for number in range(1, 40)]
    reading = read(*teams, adapter(50, "Ethernet", bindings=["ms_implat"]))
    assert names_below(reading, "Team 01") == ["Ethernet"]


def test_a_machine_of_a_thousand_adapters_is_read_in_no_time() -> None:
    """Every second adapter is a port of a switch that lies on sixty-four others, and all are bound to switches."""
    adapters = [
        adapter(number, f"n{number}", SWITCH_PORT if number % 2 else None, bindings=["vms_pp"], below=range(10, 74))
        for number in range(1000)
    ]
    reading = read(*adapters)
    assert {each.kind for each in map(reading.topology.membership, reading.adapters) if each} == {
        MemberKind.EMBEDDED_TEAM
    }


def test_disabled_bindings_make_no_member() -> None:
    rows: list[Row] = [
        {"InstanceID": f"{guid(1)}::vms_pp", "ComponentID": "vms_pp", "Enabled": False},
        {"InstanceID": f"{guid(2)}::vms_pp", "ComponentID": "VMS_PP", "Enabled": True},
        {"InstanceID": "?", "ComponentID": "vms_pp", "Enabled": True},
        {"InstanceID": f"{guid(3)}::x", "ComponentID": None, "Enabled": True},
    ]
    topology = read_topology([], [instance("MSFT_NetAdapterBindingSettingData", each) for each in rows])
    assert topology.bound == {"vms_pp": {guid(2)}, "": {guid(3)}}


@pytest.mark.parametrize(
    ("component", "enabled", "wanted"),
    [
        ("ms_implat", True, True),
        ("vms_pp", True, True),
        ("iansprotocol", True, True),
        ("ms_tcpip", True, False),
        ("vms_pp", False, False),
    ],
)
def test_only_enabled_member_bindings_are_asked_for(component: str, enabled: bool, wanted: bool) -> None:
    condition = parse_condition(MEMBER_BINDINGS)
    assert condition.holds({"ComponentID": component, "Enabled": enabled}) is wanted


@pytest.mark.parametrize("kind", MemberKind)
def test_every_kind_but_a_plain_switch_is_a_team(kind: MemberKind) -> None:
    assert kind.is_team is (kind is not MemberKind.VIRTUAL_SWITCH)


def test_the_adapter_with_the_address_carries_the_connection() -> None:
    reading = read(adapter(1, "Ethernet", address="192.0.2.10"), adapter(2, "Ethernet 2", address="198.51.100.1"))
    assert carried(reading, "192.0.2.10") == {"Ethernet": True, "Ethernet 2": False}


def test_adapters_below_the_one_with_the_address_carry_it_too() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["vms_pp"]),
        adapter(2, "Ethernet 2"),
        adapter(3, "vEthernet (LAN)", SWITCH_PORT, address="192.0.2.10"),
    )
    assert carried(reading, "192.0.2.10") == {"Ethernet": True, "Ethernet 2": False, "vEthernet (LAN)": True}


def test_a_team_below_a_switch_carries_it() -> None:
    reading = read(
        adapter(1, "Ethernet", bindings=["ms_implat"]),
        adapter(3, "Team", TEAM, below=[11]),
        adapter(4, "vEthernet (LAN)", SWITCH_PORT, below=[13], address="192.0.2.10"),
    )
    assert carried(reading, "192.0.2.10") == {"Ethernet": True, "Team": True, "vEthernet (LAN)": True}


def test_an_unknown_address_leaves_open_who_carries_it() -> None:
    reading = read(adapter(1, "Ethernet", address="192.0.2.10"), adapter(2, "Ethernet 2", up=False))
    assert carried(reading, "203.0.113.1") == {"Ethernet": None, "Ethernet 2": False}
    assert carried(reading) == {"Ethernet": None, "Ethernet 2": False}


def test_below_an_adapter_whose_members_are_unknown_any_may_carry_it() -> None:
    reading = read(
        adapter(1, "Ethernet"),
        adapter(2, "Ethernet 2", up=False),
        adapter(3, "VPN", {**SWITCH_PORT, "component": "tap0901"}, address="192.0.2.10"),
        adapter(4, "Other", {**SWITCH_PORT, "component": "tap0901"}),
    )
    assert carried(reading, "192.0.2.10") == {"Ethernet": None, "Ethernet 2": False, "VPN": True, "Other": False}
