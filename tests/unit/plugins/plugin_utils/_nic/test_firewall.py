# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.firewall import (
    ALLOW,
    PUBLIC,
    Address,
    InboundRule,
    admits,
    admits_everybody,
    covers,
    is_near,
    names_port,
    parse_address,
)

BLOCK = 4
SUBNETS = [IPv4Network("192.0.2.0/24")]
NEAR = IPv4Address("192.0.2.77")
FAR = IPv4Address("198.51.100.9")
OWN = IPv4Address("192.0.2.10")


def rule(
    action: int = ALLOW, profiles: int = PUBLIC, remote: tuple[str, ...] = ("Any",), local: tuple[str, ...] = ("Any",)
) -> InboundRule:
    return InboundRule("rule", action, profiles, remote, local)


@pytest.mark.parametrize(
    ("ports", "named"),
    [
        (["5985"], True),
        (["80", "5985"], True),
        (["5980-5990"], True),
        (["5985-5985"], True),
        ([" 5980 - 5985 "], True),
        (["5986"], False),
        (["5986-6000"], False),
        (["1-5984"], False),
        (["Any"], False),
        (["RPC"], False),
        (["59855"], False),
        (["5985-"], False),
        ([], False),
    ],
)
def test_whether_ports_name_the_port(ports: list[str], named: bool) -> None:
    assert names_port(ports, 5985) is named


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", IPv4Address("192.0.2.1")),
        (" 192.0.2.1 ", IPv4Address("192.0.2.1")),
        ("::ffff:192.0.2.1", IPv4Address("192.0.2.1")),
        ("fe80::1%12", IPv6Address("fe80::1")),
        ("2001:db8::1", IPv6Address("2001:db8::1")),
        ("host.example", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(text: str | None, address: Address | None) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("address", "near"),
    [("192.0.2.77", True), ("198.51.100.9", False), ("fe80::5", True), ("2001:db8::5", False), ("169.254.1.1", False)],
)
def test_who_is_near(address: str, near: bool) -> None:
    assert is_near(ip_address(address), SUBNETS) is near


@pytest.mark.parametrize(
    ("specification", "near", "far"),
    [
        ("Any", True, True),
        ("*", True, True),
        ("LocalSubnet", True, False),
        ("localsubnet4", True, False),
        ("LocalSubnet6", False, False),
        ("192.0.2.77", True, False),
        ("198.51.100.0/24", False, True),
        ("198.51.100.0/255.255.255.0", False, True),
        ("198.51.100.8-198.51.100.9", False, True),
        ("198.51.100.9-198.51.100.9", False, True),
        ("198.51.100.1-198.51.100.8", False, False),
        ("2001:db8::/32", False, False),
        ("2001:db8::1-2001:db8::9", False, False),
    ],
)
def test_what_a_specification_covers(specification: str, near: bool, far: bool) -> None:
    for doubtful in (True, False):
        assert covers([specification], NEAR, SUBNETS, doubtful=doubtful) is near
        assert covers([specification], FAR, SUBNETS, doubtful=doubtful) is far


@pytest.mark.parametrize("specification", ["DNS", "Internet", "", "a-b", "192.0.2.1-b", "192.0.2.300", "x" * 10_000])
def test_a_specification_that_can_not_be_judged(specification: str) -> None:
    assert covers([specification], FAR, SUBNETS, doubtful=True) is True
    assert covers([specification], FAR, SUBNETS, doubtful=False) is False
    # What surely covers it decides, whatever stands beside it.
    assert covers([specification, "Any"], FAR, SUBNETS, doubtful=False) is True


def test_no_specification_is_any() -> None:
    assert covers([], FAR, SUBNETS, doubtful=False) is True


@pytest.mark.parametrize(
    ("rules", "near", "far"),
    [
        ([], False, False),
        ([rule()], True, True),
        ([rule(profiles=0)], True, True),
        ([rule(profiles=7)], True, True),
        ([rule(profiles=3)], False, False),
        ([rule(remote=("LocalSubnet",))], True, False),
        ([rule(remote=("LocalSubnet",)), rule(remote=("198.51.100.0/24",))], True, True),
        ([rule(local=("192.0.2.10",))], True, True),
        ([rule(local=("192.0.2.11",))], False, False),
        ([rule(), rule(BLOCK, remote=("198.51.100.9",))], True, False),
        ([rule(), rule(BLOCK, profiles=1)], True, True),
        ([rule(), rule(BLOCK, remote=("Internet",))], False, False),
        ([rule(), rule(BLOCK, local=("192.0.2.11",))], True, True),
        ([rule(action=3)], False, False),
    ],
)
def test_whom_rules_let_in(rules: list[InboundRule], near: bool, far: bool) -> None:
    assert admits(rules, PUBLIC, NEAR, OWN, SUBNETS, by_default=False) is near
    assert admits(rules, PUBLIC, FAR, OWN, SUBNETS, by_default=False) is far


def test_a_profile_that_lets_in_by_default() -> None:
    assert admits([], PUBLIC, FAR, OWN, SUBNETS, by_default=True) is True
    assert admits([rule(BLOCK)], PUBLIC, FAR, OWN, SUBNETS, by_default=True) is False


def test_an_own_address_that_is_not_known() -> None:
    assert admits([rule()], PUBLIC, FAR, None, SUBNETS, by_default=False) is True
    assert admits([rule(local=())], PUBLIC, FAR, None, SUBNETS, by_default=False) is True
    assert admits([rule(local=("192.0.2.10",))], PUBLIC, FAR, None, SUBNETS, by_default=False) is False
    blocked = [rule(), rule(BLOCK, local=("192.0.2.10",))]
    assert admits(blocked, PUBLIC, FAR, None, SUBNETS, by_default=False) is False


@pytest.mark.parametrize(
    ("rules", "by_default", "everybody"),
    [
        ([], False, False),
        ([], True, True),
        ([rule()], False, True),
        ([rule(remote=())], False, True),
        ([rule(profiles=3)], False, False),
        ([rule(remote=("LocalSubnet",))], False, False),
        ([rule(local=("192.0.2.10",))], False, False),
        ([rule(), rule(BLOCK, remote=("192.0.2.200",))], False, False),
        ([rule(BLOCK, remote=("192.0.2.200",))], True, False),
        ([rule(), rule(BLOCK, profiles=2)], False, True),
    ],
)
def test_whether_rules_let_everybody_in(rules: list[InboundRule], by_default: bool, everybody: bool) -> None:
    assert admits_everybody(rules, PUBLIC, by_default=by_default) is everybody
