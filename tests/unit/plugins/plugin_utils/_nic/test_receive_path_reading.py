# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import Npcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.receive_path import (
    Filter,
    Member,
    PortInUse,
    Profile,
    Source,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.receive_path_reading import (
    read_receive_path,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, Refusal, fault, unreachable

POLICY = r"software\policies\microsoft\windowsfirewall"
UNINSTALL = r"software\wow6432node\microsoft\windows\currentversion\uninstall\npcapinst"


def denied() -> WsmanFault:
    return fault(fault_code=5)


def firewall(name: str, enabled: int | None = 2, inbound: int | None = 0, outbound: int | None = 0) -> Row:
    return {
        "Name": name,
        "Enabled": enabled,
        "DefaultInboundAction": inbound,
        "DefaultOutboundAction": outbound,
    }


def endpoint(port: int, address: str = "0.0.0.0", process: int | None = 4711) -> Row:
    return {"LocalPort": port, "LocalAddress": address, "OwningProcess": process}


def host(*adapters: FakeAdapter, tables: dict[str, list[Row]] | None = None, **more: Any) -> FakeHost:
    everything: dict[str, list[Row]] = {
        "MSFT_NetFirewallProfile": [firewall("Domain"), firewall("Private"), firewall("Public")],
        "MSFT_NetConnectionProfile": [{"InterfaceIndex": 11, "NetworkCategory": 1}],
        "MSFT_NetUDPEndpoint": [endpoint(500)],
        "Win32_Process": [{"ProcessId": 4711, "Name": "agent.exe"}],
        "Win32_SystemDriver": [{"Name": "npcap", "Started": True}],
        **(tables or {}),
    }
    return FakeHost(list(adapters or [FakeAdapter(1, address="192.0.2.10")]), tables=everything, **more)


def test_a_usual_host() -> None:
    fake = host()
    path = read_receive_path(fake.client)
    assert path.profiles == (
        Profile("domain", True, "block", "allow"),
        Profile("private", True, "block", "allow", ("Ethernet",)),
        Profile("public", True, "block", "allow"),
    )
    assert path.sources == (Source("192.0.2.10", 24, "Ethernet"),)
    assert (path.ports, path.filters, path.npcap, path.members, path.task_offload) == ((), (), None, (), True)
    assert path.not_read == ()
    assert (fake.writes, len(fake.log)) == ([], 8)


@pytest.mark.parametrize(
    ("enabled", "inbound", "outbound", "expected"),
    [
        (1, 4, 2, Profile("public", True, "block", "allow")),
        (0, 2, 4, Profile("public", False, "allow", "block")),
        (2, 0, 0, Profile("public", True, "block", "allow")),
        (None, None, None, Profile("public", True, "block", "allow")),
    ],
)
def test_what_is_not_configured_is_what_windows_does(
    enabled: int | None, inbound: int | None, outbound: int | None, expected: Profile
) -> None:
    rows = [firewall("Public", enabled, inbound, outbound), firewall("Unheard of")]
    assert read_receive_path(host(tables={"MSFT_NetFirewallProfile": rows}).client).profiles == (expected,)


def test_group_policy_is_told() -> None:
    path = read_receive_path(host(registry={POLICY + r"\domainprofile": {}}).client)
    assert [(each.what, each.code) for each in path.not_read] == [("firewall settings of group policy", "group_policy")]


def test_programs_on_the_ports_of_ipmi() -> None:
    rows = [endpoint(664, "::", 8), endpoint(623), endpoint(623), endpoint(6230), endpoint(623, "192.0.2.10", None)]
    path = read_receive_path(host(tables={"MSFT_NetUDPEndpoint": rows}).client)
    assert path.ports == (
        PortInUse(623, "0.0.0.0", 4711, "agent.exe"),
        PortInUse(623, "192.0.2.10", None, None),
        PortInUse(664, "::", 8, None),
    )


def test_filters_of_other_makers_and_npcap() -> None:
    first = FakeAdapter(1, address="192.0.2.10", bindings=("ms_pacer", "vms_pp", "Acme_LWF", "INSECURE_NPCAP"))
    second = FakeAdapter(2, "Ethernet 2", bindings=("INSECURE_NPCAP_WIFI",))
    hidden = FakeAdapter(3, "Ethernet-0001", hidden=True, bindings=("INSECURE_NPCAP", "Acme_LWF"))
    path = read_receive_path(host(first, second, hidden, registry={UNINSTALL: {"DisplayVersion": "0.93"}}).client)
    assert path.npcap == Npcap(("Ethernet", "Ethernet 2"), "0.93", True)
    assert path.filters == (
        Filter("Ethernet", "Acme_LWF", "Acme_LWF"),
        Filter("Ethernet", "INSECURE_NPCAP", "INSECURE_NPCAP"),
        Filter("Ethernet 2", "INSECURE_NPCAP_WIFI", "INSECURE_NPCAP_WIFI"),
    )
    assert path.members == (Member("Ethernet", "virtual_switch", "a virtual switch"),)


@pytest.mark.parametrize(("value", "expected"), [(0, False), (1, True), (None, None)])
def test_task_offload(value: int | None, expected: bool | None) -> None:
    assert read_receive_path(host(task_offload=value).client).task_offload is expected


def test_addresses_that_a_probe_can_be_sent_from() -> None:
    def address(text: str, index: int, state: int = 4) -> Row:
        return {
            "IPAddress": text,
            "InterfaceIndex": index,
            "PrefixLength": 24,
            "AddressFamily": 2,
            "AddressState": state,
        }

    fake = host(
        FakeAdapter(1, address="192.0.2.10"),
        FakeAdapter(2, "Ethernet 2", up=False, address="198.51.100.10"),
        addresses=[
            address("192.0.2.11", 11),
            address("192.0.2.12", 11, 1),
            address("169.254.7.7", 11),
            address("127.0.0.1", 1),
        ],
    )
    assert read_receive_path(fake.client).sources == (
        Source("192.0.2.10", 24, "Ethernet"),
        Source("192.0.2.11", 24, "Ethernet"),
    )


@pytest.mark.parametrize(
    ("request_line", "what"),
    [
        ("MSFT_NetAdapterBindingSettingData", "bindings"),
        ("MSFT_NetIPAddress", "addresses"),
        ("MSFT_NetFirewallProfile", "firewall profiles"),
        ("MSFT_NetConnectionProfile", "network profiles"),
        ("EnumKey", "firewall settings of group policy"),
        ("MSFT_NetUDPEndpoint", "UDP ports in use"),
        ("MSFT_NetOffloadGlobalSetting", "task offload"),
        ("Win32_Process", "names of processes"),
    ],
)
def test_what_can_not_be_read_is_named_and_the_rest_is_read(request_line: str, what: str) -> None:
    tables = {"MSFT_NetUDPEndpoint": [endpoint(623)]}
    fake = host(tables=tables, refusals=[Refusal(request_line, denied)])
    path = read_receive_path(fake.client)
    assert [each.what for each in path.not_read] == [what]
    assert path.as_dict()["not_read"][0]["code"] == denied().code
    untouched = (path.profiles != (), path.ports != (), path.sources != (), path.task_offload is True)
    assert untouched.count(False) <= 1


def test_a_host_that_is_lost_is_unreachable() -> None:
    fake = host(refusals=[Refusal("MSFT_NetUDPEndpoint", unreachable)])
    with pytest.raises(HostUnreachable):
        read_receive_path(fake.client)
