# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis reads of a machine besides packets: Npcap, filter drivers, firewall profiles, ports in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.npcap import SERVICE_PATH, UNINSTALL_PATH, version_numbers
from tests.lab.registry import REG_SZ
from tests.unit.lab.machines import CIMV2, I211, STANDARD, machine_of, only

OTHER = {"model": "intel-i219", "network": 5, "name": "B", "filters": ["kl_klim6"]}


def bound(directory: Path, component: str, **system: Any) -> dict[str, bool]:
    machine = machine_of(directory, adapters=[I211 | {"name": "A"}, OTHER], system=system)
    where = f"ComponentID = '{component}'"
    rows = machine.enumerate(STANDARD, "MSFT_NetAdapterBindingSettingData", where)
    return {str(row.properties["Name"]): bool(row.properties["Enabled"]) for row in rows}


@pytest.mark.parametrize(
    ("version", "numbers"), [("0.93", (0, 93)), ("0.99-r7", (0, 99)), ("0.10 r7", (0, 10)), ("1.79", (1, 79))]
)
def test_version_of_npcap(version: str, numbers: tuple[int, int]) -> None:
    assert version_numbers(version) == numbers


def test_npcap_is_bound_to_every_physical_adapter(tmp_path: Path) -> None:
    assert bound(tmp_path, "INSECURE_NPCAP", npcap={"version": "1.79"}) == {"A": True, "B": True}
    assert bound(tmp_path, "INSECURE_NPCAP", npcap={"version": "1.79", "bound": False}) == {}
    assert bound(tmp_path, "INSECURE_NPCAP") == {}


def test_filters_of_other_makers(tmp_path: Path) -> None:
    assert bound(tmp_path, "kl_klim6") == {"B": True}


def test_where_npcap_tells_its_version(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, system={"npcap": {"version": "0.93"}})
    assert machine.registry.get_value(UNINSTALL_PATH, "DisplayVersion", REG_SZ) == (0, "0.93")
    assert machine.registry.get_value(UNINSTALL_PATH, "DisplayName", REG_SZ) == (0, "Npcap 0.93")
    assert machine.registry.get_value(UNINSTALL_PATH, "VersionMinor", REG_SZ) == (0, "93")
    assert "WOW6432Node" in UNINSTALL_PATH
    mute = machine_of(tmp_path, system={"npcap": {"version": "0.93", "uninstall_key": False}})
    assert mute.registry.open(UNINSTALL_PATH) == (2, None)
    assert mute.registry.open(SERVICE_PATH)[0] == 0


@pytest.mark.parametrize(("runs", "state"), [(True, "Running"), (False, "Stopped")])
def test_driver_of_npcap(tmp_path: Path, runs: bool, state: str) -> None:
    machine = machine_of(tmp_path, system={"npcap": {"version": "0.93", "runs": runs}})
    row = only(machine.enumerate(CIMV2, "Win32_SystemDriver", "Name = 'npcap'"))
    assert (row["State"], row["Started"], row["ServiceType"]) == (state, runs, "Kernel Driver")
    assert machine_of(tmp_path).enumerate(CIMV2, "Win32_SystemDriver", "Name = 'npcap'") == []


@pytest.mark.parametrize(
    ("npcap", "reported"),
    [
        ({"version": "0.93"}, 3),
        ({"version": "0.93", "report": "off"}, 0),
        ({"version": "1.79", "report": "off"}, 3),
    ],
)
def test_what_the_adapter_says_beside_npcap(tmp_path: Path, npcap: dict[str, Any], reported: int) -> None:
    machine = machine_of(tmp_path, system={"npcap": npcap})
    row = only(machine.enumerate(STANDARD, "MSFT_NetAdapterChecksumOffloadSettingData", None))
    assert row["UdpIPv4Enabled"] == reported


def profiles(directory: Path, **system: Any) -> dict[str, tuple[int, int, int]]:
    rows = machine_of(directory, system=system).enumerate(STANDARD, "MSFT_NetFirewallProfile", None)
    names = ("Enabled", "DefaultInboundAction", "DefaultOutboundAction")
    return {str(row.properties["Name"]): tuple(int(str(row.properties[name])) for name in names) for row in rows}  # type: ignore[misc]


def test_profiles_as_windows_has_them(tmp_path: Path) -> None:
    assert profiles(tmp_path) == {"Domain": (1, 0, 0), "Private": (1, 0, 0), "Public": (1, 0, 0)}


def test_profiles_that_somebody_set(tmp_path: Path) -> None:
    firewall = {
        "domain": {"enabled": False},
        "private": {"enabled": None, "inbound": "allow", "outbound": "block"},
        "public": {"inbound": "block", "outbound": "allow"},
    }
    found = profiles(tmp_path, firewall=firewall)
    assert found == {"Domain": (0, 0, 0), "Private": (2, 2, 4), "Public": (1, 4, 2)}
    assert {row[2] for row in profiles(tmp_path, outbound_firewall="block").values()} == {4}


def test_ports_in_use(tmp_path: Path) -> None:
    endpoints = [{"port": 623, "process": "asfagent.exe"}, {"port": 664, "address": "127.1.0.1"}]
    machine = machine_of(tmp_path, system={"udp_endpoints": endpoints})
    row = only(machine.enumerate(STANDARD, "MSFT_NetUDPEndpoint", "LocalPort = 623"))
    owner = only(machine.enumerate(CIMV2, "Win32_Process", f"ProcessId = {row['OwningProcess']}"))
    assert (row["LocalAddress"], owner["Name"]) == ("0.0.0.0", "asfagent.exe")
    row = only(machine.enumerate(STANDARD, "MSFT_NetUDPEndpoint", "LocalPort = 664"))
    assert row["LocalAddress"] == "127.1.0.1"
    machine.stack.open(("127.1.0.1", 50_000))
    assert only(machine.enumerate(STANDARD, "MSFT_NetUDPEndpoint", "LocalPort = 50000"))["LocalAddress"] == "127.1.0.1"


def test_usual_ports_and_no_more(tmp_path: Path) -> None:
    rows = machine_of(tmp_path).enumerate(STANDARD, "MSFT_NetUDPEndpoint", None)
    assert {row.properties["LocalPort"] for row in rows} == {137, 138, 500, 4500, 5353, 5355}
