# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Finding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_access import find_public_profiles
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, lost
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter
from tests.unit.plugins.plugin_utils._nic.scripted import (
    DENIED,
    NO_CLASS,
    ScriptedHost,
    reading_of,
    restarts_of,
)

HERE = "192.0.2.10"
NEAR, FAR = "192.0.2.77", "198.51.100.9"
PRIVATE, DOMAIN = 1, 2
ALLOW, BLOCK = 2, 4
CLOSED: Sequence[Row] = ()


def profile(category: int | None, index: int = 11) -> Row:
    return {"InterfaceIndex": index, "NetworkCategory": category, "Name": "Network"}


def peer(remote: str, local: str = HERE, port: int = 5985, state: int = 5) -> Row:
    return {"LocalAddress": local, "LocalPort": port, "RemoteAddress": remote, "RemotePort": 50000, "State": state}


def firewall(
    remote: Sequence[str] = ("LocalSubnet",),
    *,
    profiles: int = 4,
    action: int = ALLOW,
    ports: Sequence[str] = ("5985",),
    enabled: int = 1,
    direction: int = 1,
    name: str = "WINRM-HTTP-In-TCP",
    protocol: str = "TCP",
) -> dict[str, list[Row]]:
    """The three rows of one rule."""
    return {
        "MSFT_NetFirewallRule": [
            {"InstanceID": name, "Enabled": enabled, "Direction": direction, "Action": action, "Profiles": profiles}
        ],
        "MSFT_NetAddressFilter": [{"InstanceID": name, "RemoteAddress": list(remote), "LocalAddress": ["Any"]}],
        "MSFT_NetProtocolPortFilter": [{"InstanceID": name, "Protocol": protocol, "LocalPort": list(ports)}],
    }


def host_of(*rules: dict[str, list[Row]], **tables: Any) -> ScriptedHost:
    """A private network and a controller far away, unless said otherwise."""
    found: dict[str, Any] = {
        "MSFT_NetConnectionProfile": [profile(PRIVATE)],
        "MSFT_NetTCPConnection": [peer(FAR)],
        "MSFT_NetFirewallProfile": [
            {"Name": "Private", "Enabled": 0, "DefaultInboundAction": 2},
            {"Name": "Public", "Enabled": 1, "DefaultInboundAction": 0},
        ],
    }
    for rule in rules:
        for name, rows in rule.items():
            found[name] = [*found.get(name, []), *rows]
    return ScriptedHost({**found, **tables})


def find(host: ScriptedHost, *adapters: FakeAdapter, management: str = HERE) -> tuple[list[Finding], list[str]]:
    """Findings, and codes of what could not be read."""
    reading, reader = reading_of(*adapters), host.reader
    findings = find_public_profiles(reader, reading, restarts_of(reading), frozenset({management}), host.port)
    return findings, [line.code for line in reader.not_read]


def test_a_routed_controller_that_the_public_rule_does_not_admit() -> None:
    findings, unread = find(host_of(firewall()))
    (finding,) = findings
    assert (finding.code, finding.adapter, unread) == ("public_profile", "Ethernet", [])
    assert finding.seen == {
        "networks": ["private"],
        "port": 5985,
        "controllers": [FAR],
        "admitted": ["LocalSubnet"],
    }
    assert "lets only LocalSubnet in to WinRM (TCP port 5985)" in finding.sentence
    assert f"sees the controller as {FAR}" in finding.sentence


@pytest.mark.parametrize(
    ("rule", "remote", "found"),
    [
        (firewall(), NEAR, False),
        (firewall(["Any"]), FAR, False),
        (firewall(["LocalSubnet", "198.51.100.0/255.255.255.0"]), FAR, False),
        (firewall(["LocalSubnet"], profiles=0), NEAR, False),
        (firewall(["Any"], ports=["5980-5990"]), FAR, False),
        (firewall(["Any"], protocol="6"), FAR, False),
        (firewall(["Any"], profiles=3), FAR, True),
        (firewall(profiles=3), NEAR, True),
        (firewall(["Any"], enabled=2), FAR, True),
        (firewall(["Any"], direction=2), FAR, True),
        (firewall(["Any"], ports=["5986"]), FAR, True),
        (firewall(["Any"], ports=["Any"]), FAR, True),
        (firewall(["Any"], protocol="UDP"), FAR, True),
        (firewall(["DNS"]), FAR, True),
        (firewall(["Any"], action=BLOCK), NEAR, True),
    ],
)
def test_what_the_public_rule_admits(rule: dict[str, list[Row]], remote: str, found: bool) -> None:
    findings, unread = find(host_of(rule, MSFT_NetTCPConnection=[peer(remote)]))
    assert (bool(findings), unread) == (found, [])


def test_a_rule_by_another_name_for_another_port() -> None:
    host = host_of(
        firewall(),
        firewall(["198.51.100.9"], ports=["443", "15986"], name=r"{GUID} it's 'mine' \ours"),
        MSFT_NetTCPConnection=[peer(FAR, port=15986)],
    )
    host.port = 15986
    assert find(host) == ([], [])
    host.port = 15985
    ((finding,), _unread) = find(host)
    assert finding.seen["port"] == 15985
    assert finding.seen["admitted"] == []
    assert "lets nobody in to WinRM (TCP port 15985)" in finding.sentence


def test_a_block_rule_wins() -> None:
    rules = (firewall(["Any"]), firewall(["198.51.100.0/24"], action=BLOCK, name="block"))
    ((finding,), _unread) = find(host_of(*rules))
    assert finding.seen["admitted"] == ["Any"]
    assert find(host_of(*rules, MSFT_NetTCPConnection=[peer(NEAR)])) == ([], [])


@pytest.mark.parametrize("categories", [[0], [0, 0]])
def test_a_network_that_is_public_already(categories: list[int]) -> None:
    host = host_of(firewall(), MSFT_NetConnectionProfile=[profile(category) for category in categories])
    assert find(host) == ([], [])
    assert host.asked == ["MSFT_NetConnectionProfile"]


@pytest.mark.parametrize(
    ("rows", "networks"),
    [
        ([profile(DOMAIN)], ["domain"]),
        ([profile(7)], ["unknown"]),
        ([profile(None)], ["unknown"]),
        ([], []),
        ([profile(0, index=99)], []),
    ],
)
def test_networks_that_may_become_public(rows: list[Row], networks: list[str]) -> None:
    ((finding,), _unread) = find(host_of(firewall(), MSFT_NetConnectionProfile=rows))
    assert finding.seen["networks"] == networks


def test_the_network_of_what_lies_on_the_adapter_counts() -> None:
    card = FakeAdapter(1, name="Card", above=[12], bindings=["vms_pp"])
    port = FakeAdapter(2, name="vEthernet", component="vms_mp", hardware=False, virtual=True, address=HERE)
    public = host_of(firewall(), MSFT_NetConnectionProfile=[profile(0, index=12)])
    assert find(public, card, port) == ([], [])
    ((finding,), _unread) = find(host_of(firewall(), MSFT_NetConnectionProfile=[profile(DOMAIN, index=12)]), card, port)
    assert (finding.adapter, finding.seen["networks"]) == ("Card", ["domain"])
    # The subnet there is the adapter's too.
    near = host_of(
        firewall(),
        MSFT_NetConnectionProfile=[profile(DOMAIN, index=12)],
        MSFT_NetTCPConnection=[peer(NEAR)],
    )
    assert find(near, card, port) == ([], [])


@pytest.mark.parametrize("reason", ["off", "open"])
def test_a_firewall_that_is_off_or_open_in_public_networks(reason: str) -> None:
    row: Row = {"Name": "PUBLIC", "Enabled": 0 if reason == "off" else 1, "DefaultInboundAction": 2}
    assert find(host_of(MSFT_NetFirewallProfile=[row])) == ([], [])


def test_who_the_controller_is() -> None:
    # Its own connections, those of the host to itself, and those to another port or at an end say nothing.
    own = [peer(HERE), peer("127.0.0.1", local="127.0.0.1"), peer("192.0.2.200", port=5986), peer(FAR, state=8)]
    rows = [*own, peer(NEAR), peer("192.0.2.78")]
    assert find(host_of(firewall(), MSFT_NetTCPConnection=rows)) == ([], [])
    # Of several that can't be told apart, all have to get in.
    ((finding,), _unread) = find(host_of(firewall(), MSFT_NetTCPConnection=[*rows, peer(FAR)]))
    assert finding.seen["controllers"] == ["192.0.2.77", "192.0.2.78", FAR]
    # Where the controller connects to, tells it from those that come to another address of the host.
    other = peer(FAR, local="203.0.113.4")
    assert find(host_of(firewall(), MSFT_NetTCPConnection=[peer(NEAR), other])) == ([], [])
    ((finding,), _unread) = find(
        host_of(firewall(), MSFT_NetTCPConnection=[peer(NEAR), other]), management="203.0.113.200"
    )
    assert finding.seen["controllers"] == [NEAR, FAR]


def test_controllers_over_ipv6() -> None:
    near = [peer("fe80::7%11", local="fe80::1%11")]
    assert find(host_of(firewall(), MSFT_NetTCPConnection=near)) == ([], [])
    ((finding,), _unread) = find(host_of(firewall(), MSFT_NetTCPConnection=[peer("2001:db8::7", local="2001:db8::1")]))
    assert finding.seen["controllers"] == ["2001:db8::7"]


@pytest.mark.parametrize(("remote", "found"), [(["Any"], False), (["LocalSubnet"], True), (["0.0.0.0/0"], True)])
@pytest.mark.parametrize("rows", [[], [peer("not an address")]])
def test_a_controller_that_nobody_knows(rows: list[Row], remote: list[str], found: bool) -> None:
    findings, unread = find(host_of(firewall(remote), MSFT_NetTCPConnection=rows))
    assert (bool(findings), unread) == (found, [])
    if findings:
        assert findings[0].seen["controllers"] == []
        assert "where the controller connects from is not known to the host" in findings[0].sentence


def test_a_port_that_is_not_known() -> None:
    host = host_of(firewall(["Any"]))
    host.port = None
    ((finding,), _unread) = find(host)
    assert finding.seen == {"networks": ["private"], "port": None, "controllers": [], "admitted": None}
    assert "whom its firewall lets in to WinRM there could not be read" in finding.sentence


@pytest.mark.parametrize(
    ("table", "error", "found", "code"),
    [
        ("MSFT_NetConnectionProfile", DENIED, False, "access_denied"),
        ("MSFT_NetTCPConnection", NO_CLASS, False, "class_not_available"),
        ("MSFT_NetFirewallProfile", NO_CLASS, False, "class_not_available"),
        ("MSFT_NetFirewallRule", DENIED, True, "access_denied"),
        ("MSFT_NetAddressFilter", DENIED, True, "access_denied"),
        ("MSFT_NetProtocolPortFilter", DENIED, True, "access_denied"),
    ],
)
def test_what_can_not_be_read(table: str, error: NicError, found: bool, code: str) -> None:
    findings, unread = find(host_of(firewall(["Any"]), **{table: error}))
    assert (bool(findings), unread) == (found, [code])
    if findings:
        assert findings[0].seen["admitted"] is None


def test_a_rule_without_addresses_admits_nobody() -> None:
    ((finding,), _unread) = find(host_of(firewall(["Any"]), MSFT_NetAddressFilter=[]))
    assert finding.seen["admitted"] == ["unknown"]


def test_too_many_rules_are_not_asked_for() -> None:
    rules = [firewall(["Any"], name=f"rule {number}") for number in range(41)]
    host = host_of(*rules)
    findings, unread = find(host)
    assert (len(findings), unread) == (1, ["too_many_rules"])
    assert "MSFT_NetFirewallRule" not in host.asked
    assert find(host_of(*rules[:40])) == ([], [])


def test_settings_of_group_policy_are_noted() -> None:
    host = host_of(firewall(["Any"]))
    host.policy = ["PublicProfile"]
    assert find(host) == ([], ["group_policy"])
    host.policy = DENIED
    assert find(host) == ([], ["access_denied"])


def test_each_adapter_has_its_own_network_and_all_is_read_once() -> None:
    adapters = [
        FakeAdapter(1, name="A", address=HERE),
        FakeAdapter(2, name="B", address="198.51.100.10"),
        FakeAdapter(3, name="C", address="203.0.113.10"),
    ]
    reading = reading_of(*adapters)
    host = host_of(firewall(), MSFT_NetConnectionProfile=[profile(PRIVATE, 11), profile(DOMAIN, 12), profile(0, 13)])
    found = find_public_profiles(
        host.reader, reading, restarts_of(reading, 1, 2, 3), frozenset({"192.0.2.200"}), host.port
    )
    # The controller is in the subnet of B, and the network of C is a public one.
    assert [finding.adapter for finding in found] == ["A"]
    assert len(host.asked) == len(set(host.asked))


def test_nothing_is_asked_for_adapters_that_do_not_carry_the_connection() -> None:
    host = host_of(firewall())
    assert find_public_profiles(host.reader, reading_of(), [], frozenset({HERE}), 5985) == []
    assert host.asked == []


def test_a_host_that_is_gone() -> None:
    with pytest.raises(HostUnreachable):
        find(host_of(firewall(), MSFT_NetFirewallRule=lost()))
