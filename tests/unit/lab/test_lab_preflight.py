# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine tells of the things that hang on its network: firewall rules, services, sessions, guests."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from tests.lab.cim.cimv2 import LEASE
from tests.lab.cim.roles import STORAGE, VIRTUALIZATION
from tests.lab.cim.values import CimError
from tests.lab.firewall import CONTROLLER, WINRM_GROUP, Rule, lets_in
from tests.lab.fleet import FleetError
from tests.lab.machine import Machine
from tests.unit.lab.machines import CIMV2, I211, STANDARD, machine_of, only

SUBNET = [IPv4Network("127.0.0.0/14")]
ELSEWHERE = [IPv4Network("127.1.0.0/16")]


def rules(machine: Machine) -> dict[str, tuple[object, object, object, object]]:
    """Enabled, profiles, remote address and port of each rule, joined by InstanceID as clients have to."""
    filters = {
        name: {row.properties["InstanceID"]: row.properties for row in machine.enumerate(STANDARD, name, None)}
        for name in ("MSFT_NetAddressFilter", "MSFT_NetProtocolPortFilter")
    }
    found: dict[str, tuple[object, object, object, object]] = {}
    for row in machine.enumerate(STANDARD, "MSFT_NetFirewallRule", None):
        name = str(row.properties["InstanceID"])
        remote = filters["MSFT_NetAddressFilter"][name]["RemoteAddress"]
        port = filters["MSFT_NetProtocolPortFilter"][name]["LocalPort"]
        found[name] = (row.properties["Enabled"], row.properties["Profiles"], remote, port)
    return found


@pytest.mark.parametrize(
    ("product", "trusted", "public"),
    [
        ("windows-11", "WINRM-HTTP-In-TCP-NoScope", "WINRM-HTTP-In-TCP"),
        ("server-2022", "WINRM-HTTP-In-TCP", "WINRM-HTTP-In-TCP-PUBLIC"),
    ],
)
def test_the_rules_of_winrm(tmp_path: Path, product: str, trusted: str, public: str) -> None:
    machine = machine_of(tmp_path, system={"product": product})
    found = rules(machine)
    assert found[trusted] == (1, 3, ["Any"], ["5985"])
    assert found[public] == (1, 4, ["LocalSubnet"], ["5985"])
    assert found["WinRM-HTTPS-public"] == (1, 4, ["LocalSubnet"], ["5986"])
    grouped = machine.enumerate(STANDARD, "MSFT_NetFirewallRule", f"RuleGroup = '{WINRM_GROUP}' AND Enabled = 1")
    assert {row.properties["InstanceID"] for row in grouped} == {trusted, public}


def test_other_scopes(tmp_path: Path) -> None:
    scope = {"trusted": "local_subnet", "public": "closed"}
    machine = machine_of(tmp_path, system={"winrm_scope": scope}, wire={"https": False})
    found = rules(machine)
    assert found["WINRM-HTTP-In-TCP-NoScope"][2] == ["LocalSubnet"]
    assert found["WINRM-HTTP-In-TCP"][0] == 2
    assert "WinRM-HTTPS-public" not in found


@pytest.mark.parametrize(
    ("rule", "category", "subnets", "expected"),
    [
        (Rule("a", "a", None, 3, "Any", "5985"), 1, ELSEWHERE, True),
        (Rule("a", "a", None, 3, "Any", "5985"), 0, ELSEWHERE, False),
        (Rule("a", "a", None, 4, "LocalSubnet", "5985"), 0, ELSEWHERE, False),
        (Rule("a", "a", None, 4, "LocalSubnet", "5985"), 0, SUBNET, True),
        (Rule("a", "a", None, 1, "Any", "5985"), 2, [], True),
        (Rule("a", "a", None, 7, "Any", "5985", enabled=False), 1, SUBNET, False),
        (Rule("a", "a", None, 7, "Any", "5986"), 1, SUBNET, False),
    ],
)
def test_whom_a_rule_lets_in(rule: Rule, category: int, subnets: list[IPv4Network], expected: bool) -> None:
    assert lets_in([rule], category, subnets, CONTROLLER) is expected
    assert not lets_in([], category, subnets, IPv4Address("127.0.0.1"))


def states(machine: Machine) -> dict[object, object]:
    rows = machine.enumerate(CIMV2, "Win32_Service", None)
    return {row.properties["Name"]: row.properties["State"] for row in rows}


def test_services_of_a_plain_machine(tmp_path: Path) -> None:
    assert states(machine_of(tmp_path)) == {
        "Dhcp": "Running",
        "dot3svc": "Stopped",
        "MSiSCSI": "Stopped",
        "Schedule": "Running",
        "WinRM": "Running",
    }


def test_services_of_a_busy_machine(tmp_path: Path) -> None:
    system = {
        "cluster": "running",
        "wired_authentication": True,
        "iscsi_sessions": [{"target": "iqn.2026-01.example:disk"}],
        "virtual_machines": [{"name": "guest"}],
    }
    machine = machine_of(tmp_path, system=system, tasks={"register_task": "service_stopped"})
    found = states(machine)
    assert {name for name, state in found.items() if state == "Running"} == {
        *("Dhcp", "dot3svc", "MSiSCSI", "WinRM", "ClusSvc", "vmms"),
    }
    assert found["Schedule"] == "Stopped"


def test_a_cluster_service_that_does_not_run(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, system={"cluster": "stopped"})
    service = only(machine.enumerate(CIMV2, "Win32_Service", "Name = 'ClusSvc'"))
    assert (service["State"], service["Started"], service["StartMode"]) == ("Stopped", False, "Auto")


def test_iscsi_sessions(tmp_path: Path) -> None:
    sessions = [{"target": "iqn.2026-01.example:a", "via": "Ethernet"}, {"target": "iqn.2026-01.example:b"}]
    machine = machine_of(tmp_path, system={"iscsi_sessions": sessions})
    rows = [row.properties for row in machine.enumerate(STORAGE, "MSFT_iSCSISession", None)]
    assert [(row["TargetNodeAddress"], row["InitiatorPortalAddress"], row["IsConnected"]) for row in rows] == [
        ("iqn.2026-01.example:a", machine.host.address, True),
        ("iqn.2026-01.example:b", "0.0.0.0", True),
    ]
    assert len({row["SessionIdentifier"] for row in rows}) == 2


def test_a_session_over_an_adapter_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="which is no adapter"):
        machine_of(tmp_path, system={"iscsi_sessions": [{"target": "a", "via": "Other"}]})


def test_virtual_machines(tmp_path: Path) -> None:
    guests: list[dict[str, Any]] = [{"name": "one"}, {"name": "two", "running": False}]
    machine = machine_of(tmp_path, system={"virtual_machines": guests, "language": "de"})
    rows = [row.properties for row in machine.enumerate(VIRTUALIZATION, "Msvm_ComputerSystem", None)]
    assert [(row["ElementName"], row["EnabledState"]) for row in rows] == [("PC", 2), ("one", 2), ("two", 3)]
    assert rows[1]["Caption"] == "Virtueller Computer"
    assert rows[0]["Name"] == rows[0]["ElementName"]
    assert rows[1]["ProcessID"] is not None


def test_without_hyper_v_there_is_no_such_namespace(tmp_path: Path) -> None:
    with pytest.raises(CimError) as error:
        machine_of(tmp_path).enumerate(VIRTUALIZATION, "Msvm_ComputerSystem", None)
    assert error.value.kind == "invalid_namespace"


def test_a_virtual_switch_means_hyper_v(tmp_path: Path) -> None:
    adapters = [
        {"model": "hyperv-vnic", "name": "Top", "network": 1, "above": ["A"]},
        {"model": "intel-i211", "name": "A"},
    ]
    machine = machine_of(tmp_path, adapters=adapters)
    assert len(machine.enumerate(VIRTUALIZATION, "Msvm_ComputerSystem", None)) == 1


def test_connections_of_the_controller(tmp_path: Path) -> None:
    adapters = [I211, {"model": "intel-i219", "network": 5}, {"model": "intel-i219", "network": 6, "state": "disabled"}]
    machine = machine_of(tmp_path, adapters=adapters)
    rows = [row.properties for row in machine.enumerate(STANDARD, "MSFT_NetTCPConnection", "LocalPort = 5986")]
    second = machine.host.address.replace("127.1.", "127.5.")
    assert [row["LocalAddress"] for row in rows] == [machine.host.address, second]
    assert {(row["RemoteAddress"], row["State"]) for row in rows} == {(str(CONTROLLER), 5)}
    plain = machine_of(tmp_path, wire={"https": False})
    (row,) = plain.enumerate(STANDARD, "MSFT_NetTCPConnection", None)
    assert (row.properties["LocalAddress"], row.properties["LocalPort"]) == (plain.host.address, 5985)


def test_the_firewall_is_on_in_all_profiles(tmp_path: Path) -> None:
    rows = machine_of(tmp_path).enumerate(STANDARD, "MSFT_NetFirewallProfile", None)
    assert [(row.properties["Name"], row.properties["Enabled"]) for row in rows] == [
        ("Domain", 1),
        ("Private", 1),
        ("Public", 1),
    ]


def test_leases(tmp_path: Path) -> None:
    adapters = [I211 | {"origin": "dhcp"}, {"model": "intel-i219", "network": 5}, {"model": "intel-i219"}]
    machine = machine_of(tmp_path, adapters=adapters)
    rows = [row.properties for row in machine.enumerate(CIMV2, "Win32_NetworkAdapterConfiguration", None)]
    assert [(row["DHCPEnabled"], row["DHCPServer"]) for row in rows] == [(True, "127.1.255.254"), (False, None)]
    assert rows[0]["SettingID"] == next(one.guid for one in machine.adapters if one.spec is not None)
    assert rows[0]["DHCPLeaseExpires"] == machine.booted_at + LEASE
    assert rows[1]["DHCPLeaseExpires"] is None
