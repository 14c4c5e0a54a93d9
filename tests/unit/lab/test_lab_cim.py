# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CIM classes of a simulated machine show, and how they are asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lab.cim.values import CimError, CimInstance
from tests.lab.machine import CLASSES, Machine
from tests.unit.lab.machines import CIMV2, I211, STANDARD, machine_of, only

KEYWORD = "*UDPChecksumOffloadIPv4"


def shown(machine: Machine) -> list[CimInstance]:
    return machine.enumerate(STANDARD, "MSFT_NetAdapter", "Hidden = FALSE")


def keyword(machine: Machine, name: str = KEYWORD) -> list[CimInstance]:
    where = f"RegistryKeyword = '{name}'"
    return machine.enumerate(STANDARD, "MSFT_NetAdapterAdvancedPropertySettingData", where)


def test_every_class_answers(tmp_path: Path) -> None:
    everything = {"rss": True, "rsc": True, "lso": True, "uso": True, "uro": True}
    system = {"iscsi_sessions": [{"target": "iqn.2026-01.example:disk"}], "virtual_machines": [{"name": "guest"}]}
    machine = machine_of(
        tmp_path, adapters=[I211 | {"offloads": everything}], system=system | {"product": "server-2025"}
    )
    for (namespace, _unused), cim_class in CLASSES.items():
        if cim_class.name == "PS_ScheduledTask":
            assert machine.enumerate(namespace, cim_class.name, None) == [], "it has static methods only"
            continue
        where = "Address = '127.2.0.1'" if cim_class.name == "Win32_PingStatus" else None
        instances = machine.enumerate(namespace, cim_class.name, where)
        assert instances, cim_class.name
        for instance in instances:
            assert tuple(instance.properties) == cim_class.properties
            assert set(instance.keys) == set(cim_class.keys)
            assert all(isinstance(value, str) for value in instance.keys.values())
            for name in instance.arrays:
                assert instance.properties[name] is None or isinstance(instance.properties[name], list)


def test_adapter(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    adapter = only(shown(machine))
    assert adapter["Name"] == "Ethernet"
    assert adapter["InterfaceDescription"] == "Intel(R) I211 Gigabit Network Connection"
    assert str(adapter["PnPDeviceID"]).startswith("PCI\\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\\")
    assert str(adapter["DriverName"]).casefold().endswith("\\drivers\\e1r68x64.sys")
    assert (adapter["DriverVersionString"], adapter["DriverDate"]) == ("12.18.11.1", "2020-06-15")
    assert (adapter["MajorDriverVersion"], adapter["MinorDriverVersion"]) == (12, 18)
    assert (adapter["HardwareInterface"], adapter["Virtual"]) == (True, False)
    assert (adapter["InterfaceOperationalStatus"], adapter["MediaConnectState"], adapter["State"]) == (1, 1, 2)
    assert adapter["PermanentAddress"] == "A0369F000100"
    assert adapter["LowerLayerInterfaceIndices"] is None


def test_driver_date_as_filetime(tmp_path: Path) -> None:
    adapter = only(shown(machine_of(tmp_path)))
    seconds = int(str(adapter["DriverDateData"])) / 10_000_000
    assert seconds == (timedelta(days=153_202)).total_seconds()


def test_hidden_adapters_and_filter_layers_are_there(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    everything = machine.enumerate(STANDARD, "MSFT_NetAdapter", None)
    names = [str(instance.properties["InterfaceDescription"]) for instance in everything]
    assert sum(name.startswith("WAN Miniport") for name in names) == 5
    assert "Microsoft Kernel Debug Network Adapter" in names
    physical = only(shown(machine))
    layers = [
        instance.properties["InterfaceIndex"]
        for instance in everything
        if instance.properties["LowerLayerInterfaceIndices"] == [physical["InterfaceIndex"]]
    ]
    higher = physical["HigherLayerInterfaceIndices"]
    assert isinstance(higher, list)
    assert set(higher) == set(layers)
    assert len(layers) == 2


def test_numbers_are_distinct_and_interface_is_not_class_number(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    indices = [adapter.index for adapter in machine.adapters]
    assert len(set(indices)) == len(indices)
    old = machine.enumerate(CIMV2, "Win32_NetworkAdapter", "NetConnectionID = 'Ethernet'")
    new = only(shown(machine))
    assert only(old)["InterfaceIndex"] == new["InterfaceIndex"]
    assert only(old)["Index"] != new["InterfaceIndex"]
    assert only(old)["GUID"] == new["InterfaceGuid"]
    assert only(old)["MACAddress"] == "A0:36:9F:00:01:00"


def test_four_selectors(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, system={"domain": "corp.example"})
    (instance,) = shown(machine)
    assert instance.keys == {
        "CreationClassName": "MSFT_NetAdapter",
        "DeviceID": instance.properties["InterfaceGuid"],
        "SystemCreationClassName": "CIM_NetworkPort",
        "SystemName": "pc.corp.example",
    }
    assert machine.get(STANDARD, "msft_netadapter", instance.keys).properties == instance.properties


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"SystemName": None}, "insufficient_selectors"),
        ({"SystemName": "pc"}, "not_found"),
        ({"DeviceID": "{0}"}, "not_found"),
        ({"Name": "Ethernet"}, "invalid_selectors"),
    ],
)
def test_wrong_selectors(tmp_path: Path, change: dict[str, str | None], kind: str) -> None:
    machine = machine_of(tmp_path, system={"domain": "corp.example"})
    (instance,) = shown(machine)
    selectors = {name: value for name, value in (instance.keys | change).items() if value is not None}
    with pytest.raises(CimError) as error:
        machine.get(STANDARD, "MSFT_NetAdapter", selectors)
    assert (error.value.kind, error.value.provider) == (kind, "mi")


@pytest.mark.parametrize(
    ("namespace", "class_name", "kind"),
    [
        ("root/standardcimv2", "MSFT_NetAdapterX", "invalid_class"),
        ("root/cimv2", "MSFT_NetAdapter", "invalid_class"),
        ("root/nowhere", "MSFT_NetAdapter", "invalid_namespace"),
    ],
)
def test_unknown_class_or_namespace(tmp_path: Path, namespace: str, class_name: str, kind: str) -> None:
    with pytest.raises(CimError) as error:
        machine_of(tmp_path).enumerate(namespace, class_name, None)
    assert error.value.kind == kind


def test_namespace_in_other_spelling(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    assert machine.enumerate("ROOT\\StandardCimv2", "MSFT_NetOffloadGlobalSetting", None)


@pytest.mark.parametrize(("class_name", "provider"), [("MSFT_NetAdapter", "mi"), ("Win32_NetworkAdapter", "wmi")])
def test_bad_query_has_the_fault_shape_of_its_provider(tmp_path: Path, class_name: str, provider: str) -> None:
    namespace = STANDARD if provider == "mi" else CIMV2
    for where in ("Nonsense = 1", "Name ="):
        with pytest.raises(CimError) as error:
            machine_of(tmp_path).enumerate(namespace, class_name, where)
        assert (error.value.kind, error.value.provider) == ("invalid_query", provider)


def test_keyword_in_german(tmp_path: Path) -> None:
    row = only(keyword(machine_of(tmp_path, system={"language": "de"})))
    assert row["DisplayName"] == "UDP-Prüfsummen abladen (IPv4)"
    assert row["DisplayValue"] == "Rx und Tx aktiviert"
    assert row["ValidDisplayValues"] == ["Deaktiviert", "Tx aktiviert", "Rx aktiviert", "Rx und Tx aktiviert"]
    assert row["ValidRegistryValues"] == ["0", "1", "2", "3"]
    assert (row["RegistryValue"], row["DefaultRegistryValue"]) == (["3"], "3")
    assert (row["RegistryDataType"], row["DisplayParameterType"], row["Source"]) == (1, 5, 3)
    assert str(row["InstanceID"]).endswith(f"}}::{KEYWORD}")


def test_keyword_without_a_registry_value(tmp_path: Path) -> None:
    row = only(keyword(machine_of(tmp_path, adapters=[I211 | {"configured": "absent"}])))
    assert (row["RegistryValue"], row["DisplayValue"], row["DefaultRegistryValue"]) == (None, None, "3")


def test_number_has_limits_and_no_lists(tmp_path: Path) -> None:
    row = only(keyword(machine_of(tmp_path), "*ReceiveBuffers"))
    assert (row["ValidRegistryValues"], row["ValidDisplayValues"]) == (None, None)
    assert (row["NumericParameterMinValue"], row["NumericParameterMaxValue"]) == ("80", "2048")


def test_optional_text_shows_dashes(tmp_path: Path) -> None:
    row = only(keyword(machine_of(tmp_path), "NetworkAddress"))
    assert (row["RegistryValue"], row["Optional"]) == (["--"], True)


@pytest.mark.parametrize(
    ("adapter", "keywords", "valid"),
    [
        (I211, [KEYWORD], ["0", "1", "2", "3"]),
        (I211 | {"allowed": ["disabled", "rx_tx"]}, [KEYWORD], ["0", "3"]),
        (I211 | {"keyword": "grouped"}, ["*TCPUDPChecksumOffloadIPv4"], ["0", "1", "2", "3"]),
        ({"model": "killer-1525", "network": 1}, [], None),
    ],
)
def test_which_keyword_a_driver_has(
    tmp_path: Path, adapter: dict[str, Any], keywords: list[str], valid: list[str] | None
) -> None:
    machine = machine_of(tmp_path, adapters=[adapter])
    rows = [*keyword(machine), *keyword(machine, "*TCPUDPChecksumOffloadIPv4")]
    assert [row.properties["RegistryKeyword"] for row in rows] == keywords
    assert all(row.properties["ValidRegistryValues"] == valid for row in rows)


def checksum_offload(machine: Machine) -> list[CimInstance]:
    return machine.enumerate(STANDARD, "MSFT_NetAdapterChecksumOffloadSettingData", None)


def test_active_state_and_capabilities(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=[I211 | {"configured": "tx", "active": "rx_tx"}])
    row = only(checksum_offload(machine))
    assert (row["UdpIPv4Enabled"], row["TcpIPv4Enabled"], row["Source"]) == (3, 3, 2)
    assert only(keyword(machine))["RegistryValue"] == ["1"]
    capabilities = row["ChecksumOffloadHardwareCapabilities"]
    assert isinstance(capabilities, CimInstance)
    assert capabilities.properties["IPv4ReceiveUdpChecksumSupported"] is True


def test_grouped_keyword_rules_ip_and_tcp(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, adapters=[I211 | {"keyword": "grouped", "configured": "tx"}])
    row = only(checksum_offload(machine))
    assert [row[name] for name in ("IpIPv4Enabled", "TcpIPv4Enabled", "UdpIPv4Enabled", "UdpIPv6Enabled")] == [
        1,
        1,
        1,
        3,
    ]


def test_active_state_that_can_not_be_told(tmp_path: Path) -> None:
    assert (
        only(checksum_offload(machine_of(tmp_path, adapters=[I211 | {"active_report": "unknown"}])))["UdpIPv4Enabled"]
        is None
    )
    assert checksum_offload(machine_of(tmp_path, adapters=[I211 | {"active_report": "missing"}])) == []


def test_hyper_v_stack(tmp_path: Path) -> None:
    adapters = [
        {"model": "hyperv-vnic", "network": 1, "name": "vEthernet (LAN)", "above": ["Ethernet"]},
        {"model": "intel-i211", "name": "Ethernet"},
    ]
    machine = machine_of(tmp_path, adapters=adapters)
    rows = {str(row.properties["Name"]): row.properties for row in machine.enumerate(STANDARD, "MSFT_NetAdapter", None)}
    top, extension, bottom = rows["vEthernet (LAN)"], rows["vSwitch (vEthernet (LAN))"], rows["Ethernet"]
    assert top["LowerLayerInterfaceIndices"] == [extension["InterfaceIndex"]]
    assert extension["LowerLayerInterfaceIndices"] == [bottom["InterfaceIndex"]]
    assert (top["Hidden"], extension["Hidden"], top["HardwareInterface"]) == (False, True, False)
    assert top["PermanentAddress"] == bottom["PermanentAddress"]
    where = "ComponentID = 'vms_pp' AND Enabled = TRUE"
    binding = only(machine.enumerate(STANDARD, "MSFT_NetAdapterBindingSettingData", where))
    assert binding["Name"] == "Ethernet"
    (address,) = machine.enumerate(STANDARD, "MSFT_NetIPAddress", "AddressFamily = 2")
    assert address.properties["InterfaceIndex"] == top["InterfaceIndex"]


def test_team_members(tmp_path: Path) -> None:
    adapters = [
        {"model": "lbfo-team", "network": 1, "name": "Team1", "above": ["A", "B"]},
        {"model": "intel-i211", "name": "A"},
        {"model": "intel-i211", "name": "B"},
    ]
    machine = machine_of(tmp_path, adapters=adapters)
    where = "ComponentID = 'ms_implat' AND Enabled = TRUE"
    members = machine.enumerate(STANDARD, "MSFT_NetAdapterBindingSettingData", where)
    assert sorted(str(row.properties["Name"]) for row in members) == ["A", "B"]
    where = "ComponentID = 'ms_tcpip' AND Enabled = TRUE"
    assert only(machine.enumerate(STANDARD, "MSFT_NetAdapterBindingSettingData", where))["Name"] == "Team1"
    rows = {str(row.properties["Name"]): row.properties for row in shown(machine)}
    assert rows["Team1"]["LowerLayerInterfaceIndices"] == [rows[name]["InterfaceIndex"] for name in ("A", "B")]
    assert [rows[name]["InterfaceDescription"] for name in ("A", "B")] == [
        "Intel(R) I211 Gigabit Network Connection",
        "Intel(R) I211 Gigabit Network Connection #2",
    ]


def test_addresses_and_routes(tmp_path: Path) -> None:
    adapters = [
        I211 | {"prefix": 16, "gateway": True, "name": "A"},
        {"model": "intel-i211", "network": 5, "prefix": 16, "name": "B", "routes": [{"to": "127.2.0.0/16"}]},
    ]
    machine = machine_of(tmp_path, adapters=adapters)
    addresses = machine.enumerate(STANDARD, "MSFT_NetIPAddress", "AddressFamily = 2")
    found = [(row.properties["InterfaceAlias"], row.properties["IPAddress"]) for row in addresses]
    assert sorted(found, key=str) == [("A", "127.1.0.1"), ("B", "127.5.0.1")]
    routes = {
        (row.properties["DestinationPrefix"], row.properties["NextHop"], row.properties["InterfaceAlias"])
        for row in machine.enumerate(STANDARD, "MSFT_NetRoute", "AddressFamily = 2")
    }
    assert ("0.0.0.0/0", "127.1.255.254", "A") in routes
    assert ("127.2.0.0/16", "0.0.0.0", "B") in routes
    assert ("127.1.0.0/16", "0.0.0.0", "A") in routes
    assert not any(prefix == "127.0.0.0/8" for prefix, _unused, _unused in routes)


def test_ping_by_get_and_by_query(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, bmcs=[{"bmc": {}}, {"bmc": {"icmp": "silent"}}])
    answered = machine.get(CIMV2, "Win32_PingStatus", {"Address": "127.2.0.1", "Timeout": "500"})
    assert (answered.properties["StatusCode"], answered.properties["Timeout"]) == (0, 500)
    silent = only(machine.enumerate(CIMV2, "Win32_PingStatus", "Address = '127.2.0.2' AND Timeout = 500"))
    assert (silent["StatusCode"], silent["Address"]) == (11010, "127.2.0.2")
    nobody = machine.get(CIMV2, "Win32_PingStatus", {"Address": "127.2.0.99"})
    assert nobody.properties["StatusCode"] == 11003


@pytest.mark.parametrize(
    ("selectors", "kind"),
    [
        ({}, "insufficient_selectors"),
        ({"Timeout": "5"}, "insufficient_selectors"),
        ({"Address": "127.2.0.1", "Speed": "1"}, "invalid_selectors"),
        ({"Address": "127.2.0.1", "Timeout": "soon"}, "invalid_selectors"),
    ],
)
def test_ping_with_wrong_keys(tmp_path: Path, selectors: dict[str, str], kind: str) -> None:
    with pytest.raises(CimError) as error:
        machine_of(tmp_path).get(CIMV2, "Win32_PingStatus", selectors)
    assert error.value.kind == kind


def test_pinging_nothing_in_particular_fails(tmp_path: Path) -> None:
    with pytest.raises(CimError) as error:
        machine_of(tmp_path).enumerate(CIMV2, "Win32_PingStatus", None)
    assert error.value.kind == "provider_failure"


def test_operating_system_of_a_chinese_host(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, system={"language": "zh", "product": "windows-10"})
    row = only(machine.enumerate(CIMV2, "Win32_OperatingSystem", None))
    assert (row["OSLanguage"], row["MUILanguages"], row["Version"]) == (2052, ["zh-CN"], "10.0.19045")


def test_global_offload_switch(tmp_path: Path) -> None:
    for enabled, value in ((True, 1), (False, 0)):
        machine = machine_of(tmp_path, system={"task_offload": enabled})
        assert only(machine.enumerate(STANDARD, "MSFT_NetOffloadGlobalSetting", None))["TaskOffload"] == value


def test_nothing_can_be_deleted(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    (instance,) = shown(machine)
    with pytest.raises(CimError) as error:
        machine.delete(STANDARD, "MSFT_NetAdapter", instance.keys)
    assert error.value.kind == "not_supported"
    assert len(shown(machine)) == 1
