# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import PciId
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    Adapter,
    Driver,
    Ipv4Address,
    Pci,
    format_mac,
    guid_in,
    ipv4,
    place_adapters,
    read_adapters,
    read_addresses,
    read_pci,
)
from tests.unit.plugins.plugin_utils._nic.fakehost import Row, guid, instance


def row(**changes: object) -> Row:
    complete: Row = {
        "Name": "Ethernet",
        "InterfaceDescription": "Intel(R) I211 Gigabit Network Connection",
        "InterfaceGuid": guid(1),
        "DeviceID": guid(1),
        "InterfaceIndex": 7,
        "PermanentAddress": "AABBCCDDEEFF",
        "NetworkAddresses": ["020000000001"],
        "InterfaceOperationalStatus": 1,
        "State": 2,
        "HardwareInterface": True,
        "Virtual": False,
        "Hidden": False,
        "ComponentID": r" PCI\VEN_8086&DEV_1539 ",
        "PnPDeviceID": r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4&2F1E5C0&0&00E4",
        "DriverName": r"\SystemRoot\System32\drivers\E1R68x64.sys",
        "DriverVersionString": "12.18.11.1",
        "DriverDate": "2020-06-15",
        "DriverProvider": "Intel",
        "LowerLayerInterfaceIndices": [3],
        "HigherLayerInterfaceIndices": [8, 9],
    }
    return {**complete, **changes}  # type: ignore[dict-item]


def read(**changes: object) -> Adapter:
    (adapter,) = read_adapters([instance("MSFT_NetAdapter", row(**changes), {"DeviceID": guid(1)})])
    return adapter


def test_a_row_becomes_an_adapter() -> None:
    assert read() == Adapter(
        name="Ethernet",
        description="Intel(R) I211 Gigabit Network Connection",
        guid=guid(1),
        index=7,
        mac="aa:bb:cc:dd:ee:ff",
        up=True,
        started=True,
        physical=True,
        hidden=False,
        component_id=r"pci\ven_8086&dev_1539",
        pci=Pci(PciId("8086", "1539", "85F01043"), "03"),
        driver=Driver("e1r68x64.sys", "12.18.11.1", "2020-06-15", "Intel"),
        layers_below=(3,),
        layers_above=(8, 9),
        selectors={"DeviceID": guid(1)},
        device_id=r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4&2F1E5C0&0&00E4",
    )


@pytest.mark.parametrize(
    ("changes", "attribute", "expected"),
    [
        ({"InterfaceOperationalStatus": 2}, "up", False),
        ({"InterfaceOperationalStatus": None}, "up", False),
        ({"State": 3}, "started", False),
        ({"State": None}, "started", True),
        ({"Virtual": True}, "physical", False),
        ({"HardwareInterface": False}, "physical", False),
        ({"HardwareInterface": None}, "physical", False),
        ({"Virtual": None}, "physical", True),
        ({"Hidden": True}, "hidden", True),
        ({"Hidden": None}, "hidden", False),
        ({"PermanentAddress": "000000000000"}, "mac", "02:00:00:00:00:01"),
        ({"PermanentAddress": None, "NetworkAddresses": []}, "mac", None),
        ({"InterfaceDescription": None}, "description", ""),
        ({"ComponentID": None}, "component_id", ""),
        ({"PnPDeviceID": r"ROOT\VMS_MP\0000"}, "pci", None),
        ({"LowerLayerInterfaceIndices": []}, "layers_below", ()),
        ({"LowerLayerInterfaceIndices": ["x", "-1", "12"]}, "layers_below", (12,)),
        ({"LowerLayerInterfaceIndices": list(range(1, 100))}, "layers_below", tuple(range(1, 65))),
        ({"InterfaceGuid": None}, "guid", guid(1)),
        ({"InterfaceGuid": guid(1).lower()}, "guid", guid(1)),
    ],
)
def test_properties_that_are_missing_or_otherwise(changes: dict[str, object], attribute: str, expected: object) -> None:
    assert getattr(read(**changes), attribute) == expected


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("e1r68x64.sys", "e1r68x64.sys"),
        (r"\??\C:\Windows\system32\DRIVERS\Qcamain10x64.sys", "qcamain10x64.sys"),
        ("/odd/path/X.SYS ", "x.sys"),
        ("", None),
        (None, None),
        ("C:\\ends\\with\\", None),
    ],
)
def test_the_driver_is_known_by_its_file_name(path: str | None, file: str | None) -> None:
    assert read(DriverName=path).driver.file == file


def test_driver_facts_are_null_where_windows_says_nothing() -> None:
    driver = read(DriverName=None, DriverVersionString="", DriverDate=None, DriverProvider="").driver
    assert driver.as_dict() == {"file": None, "version": None, "date": None, "provider": None}


@pytest.mark.parametrize(
    "changes",
    [
        {"InterfaceGuid": None, "DeviceID": None},
        {"InterfaceGuid": "{not-a-guid}", "DeviceID": "x"},
        {"Name": None},
        {"Name": ""},
        {"InterfaceIndex": None},
    ],
)
def test_a_row_that_names_no_adapter_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        read(**changes)
    assert caught.value.code == "adapter_unreadable"


def test_two_rows_of_one_guid_are_refused() -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        read_adapters([instance("MSFT_NetAdapter", row()), instance("MSFT_NetAdapter", row(Name="Other"))])
    assert caught.value.code == "adapter_listed_twice"


def test_a_host_has_so_many_adapters_and_no_more() -> None:
    rows = [row(Name=f"n{number}", InterfaceGuid=guid(number)) for number in range(1001)]
    assert len(read_adapters(instance("MSFT_NetAdapter", each) for each in rows[:1000])) == 1000
    with pytest.raises(WsmanProtocolError) as caught:
        read_adapters(instance("MSFT_NetAdapter", each) for each in rows)
    assert caught.value.code == "too_many_adapters"


def test_adapters_are_sorted_by_name_whatever_its_case() -> None:
    rows = [row(Name=name, InterfaceGuid=guid(number)) for number, name in enumerate(["b", "C", "A"])]
    assert [each.name for each in read_adapters(instance("MSFT_NetAdapter", each) for each in rows)] == ["A", "b", "C"]


def test_names_are_kept_as_they_are() -> None:
    odd = "以太网 'O\"Neil' <&>\u202e\\ \t"
    assert read(Name=odd).name == odd


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4&1", ("8086", "1539", "85F01043", "03")),
        (r"pci\ven_8086&dev_10d3&subsys_07d015ad&rev_00", ("8086", "10D3", "07D015AD", "00")),
        (r"PCI\VEN_8086&DEV_1539", ("8086", "1539", None, None)),
        (r"PCI\VEN_8086&DEV_1539&SUBSYS_ZZ", ("8086", "1539", None, None)),
        (r"PCI\VEN_8086&DEV_1539&SUBSYS_85F010431&REV_03", ("8086", "1539", None, None)),
        (r"PCI\VEN_8086&DEV_1539&REV_03", ("8086", "1539", None, "03")),
    ],
)
def test_pci_identity_is_read_from_the_device_id(text: str, expected: tuple[str | None, ...]) -> None:
    pci = read_pci(text)
    assert pci is not None
    assert (pci.id.vendor, pci.id.device, pci.id.subsystem, pci.revision) == expected


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        r"USB\VID_0BDA&PID_8153",
        r"PCI\VEN_8086&DEV_15390",
        r"PCI\VEN_8O86&DEV_1539",
        r"XPCI\VEN_8086&DEV_1539",
        "PCI\\VEN_\uff18086&DEV_1539",
    ],
)
def test_other_device_ids_are_no_pci_identity(text: str | None) -> None:
    assert read_pci(text) is None


def test_pci_facts() -> None:
    pci = read_pci(r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4")
    assert pci is not None
    assert pci.as_dict() == {
        "vendor": "8086",
        "device": "1539",
        "subsystem": "85F01043",
        "revision": "03",
        "location": None,
    }


@pytest.mark.parametrize(
    ("hardware", "location"),
    [
        ({"SegmentNumber": 1, "BusNumber": 26, "DeviceNumber": 31, "FunctionNumber": 6}, "0001:1a:1f.6"),
        ({"SegmentNumber": None, "BusNumber": 3, "DeviceNumber": 0, "FunctionNumber": 0}, "0000:03:00.0"),
        ({"SegmentNumber": 0, "BusNumber": None, "DeviceNumber": 0, "FunctionNumber": 0}, None),
        ({"SegmentNumber": 0, "BusNumber": 0, "DeviceNumber": None, "FunctionNumber": 0}, None),
        ({"SegmentNumber": 0, "BusNumber": 0, "DeviceNumber": 0, "FunctionNumber": None}, None),
    ],
)
def test_the_place_comes_from_the_hardware_info(hardware: Row, location: str | None) -> None:
    adapters = read_adapters([instance("MSFT_NetAdapter", row())])
    rows = [instance("MSFT_NetAdapterHardwareInfoSettingData", {"InstanceID": guid(1).lower(), **hardware})]
    (placed,) = place_adapters(adapters, rows)
    assert placed.pci is not None
    assert placed.pci.location == location
    assert placed.pci.id.device == "1539"


def test_hardware_info_of_others_and_of_no_pci_function_is_left_aside() -> None:
    usb = row(Name="USB", InterfaceGuid=guid(2), PnPDeviceID=r"USB\VID_0BDA")
    adapters = read_adapters([instance("MSFT_NetAdapter", row()), instance("MSFT_NetAdapter", usb)])
    place: Row = {"BusNumber": 1, "DeviceNumber": 2, "FunctionNumber": 3}
    rows = [instance("H", {"InstanceID": guid(2), **place}), instance("H", {"InstanceID": "?", **place})]
    assert place_adapters(adapters, rows) == adapters


def test_addresses_are_those_in_use_in_numerical_order() -> None:
    rows: list[Row] = [
        {"IPAddress": "192.0.2.100", "InterfaceIndex": 7, "PrefixLength": 24, "AddressState": 4, "Store": 1},
        {"IPAddress": "192.0.2.9", "InterfaceIndex": 7, "PrefixLength": 24, "AddressState": 4, "Store": 1},
        {"IPAddress": "192.0.2.9", "InterfaceIndex": 7, "PrefixLength": 24, "AddressState": 4, "Store": 1},
        {"IPAddress": "192.0.2.50", "InterfaceIndex": 7, "PrefixLength": 24, "AddressState": 4, "Store": 0},
        {"IPAddress": "fe80::1", "InterfaceIndex": 7, "PrefixLength": 64},
        {"IPAddress": None, "InterfaceIndex": 7, "PrefixLength": 24},
        {"IPAddress": "192.0.2.8", "InterfaceIndex": None, "PrefixLength": 24},
        {"IPAddress": "10.0.0.1", "InterfaceIndex": 8, "PrefixLength": 99},
        {"IPAddress": "10.0.0.2", "InterfaceIndex": 8, "PrefixLength": None, "SkipAsSource": True},
        {"IPAddress": "10.0.0.3", "InterfaceIndex": 8, "PrefixLength": 0, "AddressState": 2},
    ]
    assert read_addresses(instance("MSFT_NetIPAddress", each) for each in rows) == (
        Ipv4Address("10.0.0.1", 32, 8, True),
        Ipv4Address("10.0.0.2", 32, 8, False),
        Ipv4Address("10.0.0.3", 0, 8, False),
        Ipv4Address("192.0.2.9", 24, 7, True),
        Ipv4Address("192.0.2.100", 24, 7, True),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" 192.0.2.1 ", "192.0.2.1"), ("192.0.2.01", None), ("::1", None), ("", None), (None, None), ("bmc", None)],
)
def test_only_ipv4_addresses_pass(text: str | None, expected: str | None) -> None:
    assert ipv4(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (guid(1), guid(1)),
        (f"{guid(0xABC).lower()}::*UDPChecksumOffloadIPv4", guid(0xABC)),
        (guid(1)[1:], None),
        (f"x{guid(1)}", None),
        ("{0000}", None),
        ("", None),
        (None, None),
    ],
)
def test_the_guid_an_instance_id_begins_with(text: str | None, expected: str | None) -> None:
    assert guid_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AABBCCDDEEFF", "aa:bb:cc:dd:ee:ff"),
        ("aa-bb-cc-dd-ee-ff", "aa:bb:cc:dd:ee:ff"),
        ("aabb.ccdd.eeff", "aa:bb:cc:dd:ee:ff"),
        ("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff"),
        ("00-00-00-00-00-00", None),
        ("AABBCCDDEE", None),
        ("AABBCCDDEEFF00", None),
        ("GGBBCCDDEEFF", None),
        ("", None),
        (None, None),
    ],
)
def test_mac_addresses_have_one_form(text: str | None, expected: str | None) -> None:
    assert format_mac(text) == expected
