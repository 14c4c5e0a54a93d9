# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole preflight: what is asked when, and how findings are ordered; and on machines of the lab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Preflight
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_reading import (
    interfaces_through,
    read_preflight,
)
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, lost
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, guid
from tests.unit.plugins.plugin_utils._nic.scripted import (
    DENIED,
    ScriptedHost,
    reading_of,
)

SERVICES = "root/cimv2:Win32_Service"
SESSIONS = "root/microsoft/windows/storage:MSFT_iSCSISession"
MANAGEMENT = frozenset({"192.0.2.10"})
NOT_CARRYING: Mapping[str, bool | None] = {guid(1): False, guid(2): False}
CLUSTER: Row = {"Name": "ClusSvc", "Started": True}
ISCSI: Row = {"Name": "MSiSCSI", "Started": True}
TWO = FakeAdapter(1, name="b", address="192.0.2.10"), FakeAdapter(2, name="A", address="198.51.100.10")


def preflight(
    host: ScriptedHost, *adapters: FakeAdapter, carries: Mapping[str, bool | None] | None = None
) -> Preflight:
    reading = reading_of(*adapters)
    carried = NOT_CARRYING if carries is None else carries
    return read_preflight(host.client, reading, reading.adapters, MANAGEMENT, carried)


def test_nothing_is_asked_where_nothing_is_restarted() -> None:
    host = ScriptedHost()
    assert read_preflight(host.client, reading_of(), [], MANAGEMENT, {}) == Preflight()
    assert host.asked == []


def test_a_host_without_anything() -> None:
    host = ScriptedHost()
    assert preflight(host) == Preflight()
    assert host.asked == [SERVICES, "MSFT_NetRoute", "MSFT_NetNeighbor"]


@pytest.mark.parametrize("carries", [True, None])
def test_the_way_of_the_controller_is_looked_at_where_the_adapter_may_carry_it(carries: bool | None) -> None:
    host = ScriptedHost()
    found = preflight(host, carries={guid(1): carries})
    assert [finding.code for finding in found.findings] == ["public_profile"]
    assert host.asked[1:] == [
        "MSFT_NetConnectionProfile",
        "MSFT_NetTCPConnection",
        "EnumKey",
        "MSFT_NetFirewallProfile",
        "MSFT_NetProtocolPortFilter",
        "MSFT_NetRoute",
        "MSFT_NetNeighbor",
    ]


def test_an_adapter_of_which_nothing_is_said_may_carry_it() -> None:
    assert [finding.code for finding in preflight(ScriptedHost(), carries={}).findings] == ["public_profile"]


@pytest.mark.parametrize(("services", "asked"), [([], False), ([CLUSTER], False), ([ISCSI], True), (DENIED, True)])
def test_sessions_are_asked_for_where_the_initiator_runs_or_may_run(services: Any, asked: bool) -> None:
    host = ScriptedHost({SERVICES: services})
    preflight(host)
    assert (SESSIONS in host.asked) is asked


def test_findings_are_in_order_and_of_every_adapter() -> None:
    session: Row = {"TargetNodeAddress": "iqn.a", "InitiatorPortalAddress": "192.0.2.10"}
    route: Row = {
        "DestinationPrefix": "10.0.0.0/8",
        "NextHop": "198.51.100.1",
        "InterfaceIndex": 12,
        "Store": 1,
        "Protocol": 3,
        "AddressFamily": 2,
    }
    host = ScriptedHost({SERVICES: [CLUSTER, ISCSI], SESSIONS: [session], "MSFT_NetRoute": [route]})
    found = preflight(host, *TWO)
    assert [(finding.adapter, finding.code) for finding in found.findings] == [
        ("A", "cluster_service"),
        ("A", "route_not_persistent"),
        ("b", "cluster_service"),
        ("b", "iscsi_session"),
    ]
    assert found.not_read == ()


def test_what_can_not_be_read_is_said_once() -> None:
    tables = dict.fromkeys((SERVICES, "MSFT_NetRoute", "MSFT_NetNeighbor", "MSFT_NetTCPConnection"), DENIED)
    found = preflight(ScriptedHost(tables), *TWO, carries={})
    assert [(line.what, line.code) for line in found.not_read] == [
        ("services", "access_denied"),
        ("TCP connections", "access_denied"),
        ("routes", "access_denied"),
        ("neighbours", "access_denied"),
    ]


def test_a_host_that_is_gone() -> None:
    with pytest.raises(HostUnreachable):
        preflight(ScriptedHost({"MSFT_NetRoute": lost()}))


def test_interfaces_through_an_adapter() -> None:
    reading: HostReading = reading_of(
        FakeAdapter(1, name="Card", above=[13], bindings=["vms_pp"]),
        FakeAdapter(2, name="Other"),
        FakeAdapter(3, name="Filter", hidden=True, hardware=False, above=[14]),
        FakeAdapter(4, name="Port", component="vms_mp", hardware=False, virtual=True),
    )
    through = {adapter.name: interfaces_through(reading.topology, adapter) for adapter in reading.topology.adapters}
    assert through == {
        "Card": {11, 13, 14},
        "Other": {12},
        "Filter": {13, 14},
        "Port": {14},
    }


def test_interfaces_of_a_team_that_keeps_its_layers_to_itself() -> None:
    reading = reading_of(
        FakeAdapter(1, name="Member", bindings=["vms_pp"]),
        FakeAdapter(2, name="Port", component="vms_mp", hardware=False, virtual=True),
    )
    assert interfaces_through(reading.topology, reading.adapters[0]) == {11, 12}
