# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry provider of the lab: its return codes are what a client has to live with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.cim import stdregprov
from tests.lab.cim.values import CimError
from tests.lab.classkeys import CLASS_PATH
from tests.lab.machine import Machine
from tests.lab.registry import REG_DWORD, REG_MULTI_SZ, REG_SZ, Registry
from tests.unit.lab.machines import machine_of

MISSING_KEY = 2
MISSING_VALUE = 1
WRONG_TYPE = 13
DENIED = 5


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    key = registry.ensure("SOFTWARE\\Vendor\\Product")
    key.set("Text", REG_SZ, "value")
    key.set("Number", REG_DWORD, 7)
    key.set("List", REG_MULTI_SZ, ("a", "b"))
    return registry


def call(registry: Registry, method: str, **arguments: Any) -> dict[str, Any]:
    return dict(stdregprov.call(registry, method, arguments))


def test_reading_ignores_the_case_of_names(registry: Registry) -> None:
    path = "software\\VENDOR\\product"
    assert call(registry, "GetStringValue", sSubKeyName=path, sValueName="TEXT") == {
        "sValue": "value",
        "ReturnValue": 0,
    }
    assert call(registry, "GetDWORDValue", sSubKeyName=path, sValueName="number") == {"uValue": 7, "ReturnValue": 0}
    strings = call(registry, "GetMultiStringValue", sSubKeyName=path, sValueName="list")
    assert strings == {"sValue": ["a", "b"], "ReturnValue": 0}


@pytest.mark.parametrize(
    ("method", "path", "name", "code"),
    [
        ("GetStringValue", "SOFTWARE\\None", "Text", MISSING_KEY),
        ("GetStringValue", "SOFTWARE\\Vendor\\Product", "None", MISSING_VALUE),
        ("GetStringValue", "SOFTWARE\\Vendor\\Product", "Number", WRONG_TYPE),
        ("GetDWORDValue", "SOFTWARE\\Vendor\\Product", "Text", WRONG_TYPE),
        ("GetMultiStringValue", "SOFTWARE\\Vendor\\Product", "Text", WRONG_TYPE),
        ("GetStringValue", "\\SOFTWARE\\Vendor\\Product", "Text", 161),
        ("DeleteValue", "SOFTWARE\\Vendor\\Product", "None", 2),
        ("DeleteValue", "SOFTWARE\\None", "Text", MISSING_KEY),
    ],
)
def test_codes_of_what_is_not_there(registry: Registry, method: str, path: str, name: str, code: int) -> None:
    assert call(registry, method, sSubKeyName=path, sValueName=name)["ReturnValue"] == code


def test_setting_a_value_needs_the_key(registry: Registry) -> None:
    arguments = {"sSubKeyName": "SOFTWARE\\New\\Deep", "sValueName": "x", "sValue": "1"}
    assert call(registry, "SetStringValue", **arguments)["ReturnValue"] == MISSING_KEY
    assert call(registry, "CreateKey", sSubKeyName="SOFTWARE\\New\\Deep")["ReturnValue"] == 0
    assert call(registry, "CreateKey", sSubKeyName="SOFTWARE\\New\\Deep")["ReturnValue"] == 0
    assert call(registry, "SetStringValue", **arguments)["ReturnValue"] == 0
    assert call(registry, "GetStringValue", sSubKeyName="SOFTWARE\\New\\Deep", sValueName="x")["sValue"] == "1"


def test_replacing_a_value_keeps_the_case_of_its_name(registry: Registry) -> None:
    path = "SOFTWARE\\Vendor\\Product"
    call(registry, "SetDWORDValue", sSubKeyName=path, sValueName="TEXT", uValue="4294967295")
    values = call(registry, "EnumValues", sSubKeyName=path)
    assert values == {"sNames": ["Text", "Number", "List"], "Types": [4, 4, 7], "ReturnValue": 0}
    assert call(registry, "GetDWORDValue", sSubKeyName=path, sValueName="Text")["uValue"] == 2**32 - 1


def test_deleting(registry: Registry) -> None:
    path = "SOFTWARE\\Vendor\\Product"
    assert call(registry, "DeleteValue", sSubKeyName=path, sValueName="text")["ReturnValue"] == 0
    assert call(registry, "EnumValues", sSubKeyName=path)["sNames"] == ["Number", "List"]
    assert call(registry, "DeleteKey", sSubKeyName="SOFTWARE\\Vendor")["ReturnValue"] == DENIED
    assert call(registry, "DeleteKey", sSubKeyName=path)["ReturnValue"] == 0
    assert call(registry, "DeleteKey", sSubKeyName=path)["ReturnValue"] == MISSING_KEY
    assert call(registry, "DeleteKey", sSubKeyName="")["ReturnValue"] == DENIED


def test_empty_lists_are_null(registry: Registry) -> None:
    assert call(registry, "EnumKey", sSubKeyName="SOFTWARE\\Vendor\\Product") == {"sNames": None, "ReturnValue": 0}
    assert call(registry, "EnumValues", sSubKeyName="SOFTWARE\\Vendor")["Types"] is None
    assert call(registry, "EnumKey", sSubKeyName="SOFTWARE\\None") == {"sNames": None, "ReturnValue": MISSING_KEY}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("CreateKey", {"sSubKeyName": "SOFTWARE\\New"}),
        ("DeleteKey", {"sSubKeyName": "SOFTWARE\\Vendor\\Product"}),
        ("SetStringValue", {"sSubKeyName": "SOFTWARE\\Vendor", "sValueName": "x", "sValue": "1"}),
        ("SetDWORDValue", {"sSubKeyName": "SOFTWARE\\Vendor", "sValueName": "x", "uValue": "1"}),
        ("SetMultiStringValue", {"sSubKeyName": "SOFTWARE\\Vendor", "sValueName": "x", "sValue": "1"}),
        ("DeleteValue", {"sSubKeyName": "SOFTWARE\\Vendor\\Product", "sValueName": "Text"}),
    ],
)
def test_account_without_write_right(registry: Registry, method: str, arguments: dict[str, str]) -> None:
    registry.writable = False
    before = [value.name for value in registry.ensure("SOFTWARE\\Vendor\\Product").values()]
    assert call(registry, method, **arguments)["ReturnValue"] == DENIED
    assert [value.name for value in registry.ensure("SOFTWARE\\Vendor\\Product").values()] == before
    assert registry.open("SOFTWARE\\New")[0] == MISSING_KEY


@pytest.mark.parametrize(
    ("writable", "required", "granted", "code"),
    [(True, "131097", True, 0), (False, "131097", True, 0), (True, "3", True, 0), (False, "3", False, DENIED)],
)
def test_check_access(registry: Registry, writable: bool, required: str, granted: bool, code: int) -> None:
    registry.writable = writable
    answer = call(registry, "CheckAccess", sSubKeyName="SOFTWARE", uRequired=required)
    assert answer == {"bGranted": granted, "ReturnValue": code}


def test_check_access_asks_for_writing_by_default(registry: Registry) -> None:
    registry.writable = False
    assert call(registry, "CheckAccess", sSubKeyName="SOFTWARE") == {"bGranted": False, "ReturnValue": DENIED}
    assert call(registry, "CheckAccess", sSubKeyName="None") == {"bGranted": False, "ReturnValue": MISSING_KEY}


@pytest.mark.parametrize(
    ("method", "arguments", "kind"),
    [
        ("GetBinaryValue", {"sSubKeyName": "A", "sValueName": "b"}, "method_not_found"),
        ("getstringvalue", {"sSubKeyName": "A", "sValueName": "b"}, "method_not_found"),
        ("GetStringValue", {"sSubKeyName": "A"}, "invalid_parameter"),
        ("GetStringValue", {"sSubKeyName": "A", "sValueName": "b", "sValue": "c"}, "invalid_parameter"),
        ("SetDWORDValue", {"sSubKeyName": "A", "sValueName": "b", "uValue": "-1"}, "invalid_parameter"),
        ("SetDWORDValue", {"sSubKeyName": "A", "sValueName": "b", "uValue": "4294967296"}, "invalid_parameter"),
        ("GetStringValue", {"sSubKeyName": ["A"], "sValueName": "b"}, "invalid_parameter"),
        ("GetStringValue", {"hDefKey": "HKLM", "sSubKeyName": "A", "sValueName": "b"}, "invalid_parameter"),
    ],
)
def test_calls_that_are_faults(registry: Registry, method: str, arguments: dict[str, Any], kind: str) -> None:
    with pytest.raises(CimError) as error:
        call(registry, method, **arguments)
    assert error.value.kind == kind


def test_other_hives_are_empty_and_unknown_ones_an_error(registry: Registry) -> None:
    arguments = {"sSubKeyName": "SOFTWARE\\Vendor\\Product", "sValueName": "Text"}
    assert call(registry, "GetStringValue", hDefKey="2147483649", **arguments)["ReturnValue"] == MISSING_KEY
    assert call(registry, "GetStringValue", hDefKey="2147483650", **arguments)["ReturnValue"] == 0
    assert call(registry, "GetStringValue", hDefKey="5", **arguments) == {"ReturnValue": 6}


def class_keys(machine: Machine) -> list[str]:
    names = call(machine.registry, "EnumKey", sSubKeyName=CLASS_PATH)["sNames"]
    assert isinstance(names, list)
    return names


def test_class_keys_of_a_machine(tmp_path: Path) -> None:
    machine = machine_of(tmp_path)
    names = class_keys(machine)
    assert names[-2:] == ["Configuration", "Properties"]
    assert call(machine.registry, "EnumKey", sSubKeyName=f"{CLASS_PATH}\\Properties")["ReturnValue"] == DENIED
    numbers = [name for name in names if name.isdecimal()]
    described = {name: machine.registry.get_value(f"{CLASS_PATH}\\{name}", "DriverDesc", REG_SZ)[1] for name in numbers}
    same = [name for name, text in described.items() if text == "Intel(R) I211 Gigabit Network Connection"]
    guids = [machine.registry.get_value(f"{CLASS_PATH}\\{name}", "NetCfgInstanceId", REG_SZ)[1] for name in same]
    shown = [adapter.guid for adapter in machine.adapters if not adapter.hidden]
    assert len(same) == 2, "the card that was taken out has left its key"
    assert [guid for guid in guids if guid in shown] == shown


def test_parameters_of_a_keyword(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, system={"language": "fr"})
    adapter = next(adapter for adapter in machine.adapters if not adapter.hidden)
    path = f"{CLASS_PATH}\\{adapter.class_index:04d}\\Ndi\\Params\\*UDPChecksumOffloadIPv4"
    assert machine.registry.get_value(path, "ParamDesc", REG_SZ) == (0, "Délester somme de contrôle UDP (IPv4)")
    assert machine.registry.get_value(path, "Default", REG_SZ) == (0, "3")
    assert call(machine.registry, "EnumValues", sSubKeyName=f"{path}\\Enum")["sNames"] == ["0", "1", "2", "3"]


def test_presets_with_the_adapters_guid(tmp_path: Path) -> None:
    preset = {"key": "SOFTWARE\\Test", "name": "{guid:Ethernet}::x", "data": "{guid:Ethernet}"}
    machine = machine_of(tmp_path, registry=[preset])
    guid = next(adapter.guid for adapter in machine.adapters if adapter.name == "Ethernet")
    assert machine.registry.get_value("software\\test", f"{guid}::x", REG_SZ) == (0, guid)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("SOFTWARE\\Vendor\\Product", "SOFTWARE\\WOW6432Node\\Vendor\\Product"),
        ("software\\Vendor", "software\\WOW6432Node\\Vendor"),
        ("SOFTWARE", "SOFTWARE\\WOW6432Node"),
        ("SOFTWARE\\wow6432node\\Vendor", "SOFTWARE\\wow6432node\\Vendor"),
        ("SYSTEM\\CurrentControlSet", "SYSTEM\\CurrentControlSet"),
        ("SOFTWAREX\\Vendor", "SOFTWAREX\\Vendor"),
    ],
)
def test_what_a_32_bit_provider_takes_a_path_for(path: str, seen: str) -> None:
    assert stdregprov.redirected(path) == seen


def test_both_views_of_the_registry_differ(tmp_path: Path) -> None:
    registry = machine_of(tmp_path).registry
    path, name = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion", "ProgramFilesDir"
    assert registry.get_value(path, name, REG_SZ) == (0, "C:\\Program Files")
    assert registry.get_value(stdregprov.redirected(path), name, REG_SZ) == (0, "C:\\Program Files (x86)")


@pytest.mark.parametrize("installed", [True, False])
def test_powershell_7_has_a_key_for_each_version(tmp_path: Path, installed: bool) -> None:
    machine = machine_of(tmp_path, system={"powershell_7": installed})
    path = "SOFTWARE\\Microsoft\\PowerShellCore\\InstalledVersions"
    answer = call(machine.registry, "EnumKey", sSubKeyName=path)
    assert (answer["ReturnValue"], len(answer["sNames"] or [])) == ((0, 1) if installed else (MISSING_KEY, 0))
