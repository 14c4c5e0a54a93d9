# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StdRegProv, the registry provider (Microsoft Learn, "System Registry Provider"): static methods, Win32 codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.lab.cim.values import CimError, Value
from tests.lab.registry import ACCESS_DENIED, REG_DWORD, REG_MULTI_SZ, REG_SZ, SUCCESS, Registry

Argument = str | Sequence[str] | None
Arguments = Mapping[str, Argument]

HKEY_LOCAL_MACHINE: Final = 2147483650
OTHER_HIVES: Final = frozenset({2147483648, 2147483649, 2147483651, 2147483653})
WOW64: Final = "WOW6432Node"
"""What a 32-bit provider sees in place of HKLM\\SOFTWARE (Microsoft Learn, "Registry Keys Affected by WOW64")."""
INVALID_HANDLE: Final = 6
READ_RIGHTS: Final = 0x20019
NEEDED: Final = {
    "CreateKey": ("sSubKeyName",),
    "DeleteKey": ("sSubKeyName",),
    "EnumKey": ("sSubKeyName",),
    "EnumValues": ("sSubKeyName",),
    "GetStringValue": ("sSubKeyName", "sValueName"),
    "SetStringValue": ("sSubKeyName", "sValueName", "sValue"),
    "GetDWORDValue": ("sSubKeyName", "sValueName"),
    "SetDWORDValue": ("sSubKeyName", "sValueName", "uValue"),
    "GetMultiStringValue": ("sSubKeyName", "sValueName"),
    "SetMultiStringValue": ("sSubKeyName", "sValueName", "sValue"),
    "DeleteValue": ("sSubKeyName", "sValueName"),
    "CheckAccess": ("sSubKeyName",),
}
OPTIONAL: Final = {"CheckAccess": ("uRequired",)}
QUERY_AND_SET: Final = 0x3
WRITES: Final = frozenset(
    {"CreateKey", "DeleteKey", "SetStringValue", "SetDWORDValue", "SetMultiStringValue", "DeleteValue"}
)


def call(registry: Registry, method: str, arguments: Arguments) -> dict[str, Value]:
    """Call one method; gives the output parameters with ReturnValue.

    Raises:
        CimError: no such method, or parameters that are not those of the method.
    """
    needed = NEEDED.get(method)
    if needed is None:
        raise CimError("method_not_found", f"StdRegProv has no method {method}")
    for name in arguments:
        if name != "hDefKey" and name not in needed and name not in OPTIONAL.get(method, ()):
            raise CimError("invalid_parameter", f"{method} has no parameter {name}")
    for name in needed:
        if arguments.get(name) is None:
            raise CimError("invalid_parameter", f"{method} needs the parameter {name}")
    hive = _number(arguments.get("hDefKey") or str(HKEY_LOCAL_MACHINE), "hDefKey")
    if hive in OTHER_HIVES:
        return _METHODS[method](Registry(writable=registry.writable), arguments)
    if hive != HKEY_LOCAL_MACHINE:
        return {"ReturnValue": INVALID_HANDLE}
    return _METHODS[method](registry, arguments)


def redirected(path: str) -> str:
    """The key that the 32-bit provider takes a path for: below SOFTWARE it works in a tree of its own."""
    first, _unused, rest = path.partition("\\")
    if first.casefold() != "software" or rest.partition("\\")[0].casefold() == WOW64.casefold():
        return path
    return f"{first}\\{WOW64}\\{rest}".rstrip("\\")


def _text(arguments: Arguments, name: str) -> str:
    value = arguments[name]
    if not isinstance(value, str):
        raise CimError("invalid_parameter", f"{name} is one text, not a list")
    return value


def _texts(arguments: Arguments, name: str) -> tuple[str, ...]:
    value = arguments[name]
    return (value,) if isinstance(value, str) else tuple(value or ())


def _number(value: Argument, name: str) -> int:
    if not isinstance(value, str) or not value.isdecimal() or int(value) >= 2**32:
        raise CimError("invalid_parameter", f"{name} is a number of 32 bits, not {value!r}")
    return int(value)


def _create_key(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    return {"ReturnValue": registry.create_key(_text(arguments, "sSubKeyName"))}


def _delete_key(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    return {"ReturnValue": registry.delete_key(_text(arguments, "sSubKeyName"))}


def _enum_key(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    code, key = registry.open(_text(arguments, "sSubKeyName"))
    return {"sNames": None if key is None else [child.name for child in key.subkeys()] or None, "ReturnValue": code}


def _enum_values(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    code, key = registry.open(_text(arguments, "sSubKeyName"))
    values = [] if key is None else key.values()
    return {
        "sNames": [value.name for value in values] or None,
        "Types": [value.type for value in values] or None,
        "ReturnValue": code,
    }


def _get(value_type: int, output: str) -> Callable[[Registry, Arguments], dict[str, Value]]:
    def get(registry: Registry, arguments: Arguments) -> dict[str, Value]:
        code, data = registry.get_value(_text(arguments, "sSubKeyName"), _text(arguments, "sValueName"), value_type)
        value: Value = list(data) if isinstance(data, tuple) else data
        return {output: value, "ReturnValue": code}

    return get


def _set_string(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    path, name = _text(arguments, "sSubKeyName"), _text(arguments, "sValueName")
    return {"ReturnValue": registry.set_value(path, name, REG_SZ, _text(arguments, "sValue"))}


def _set_dword(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    path, name = _text(arguments, "sSubKeyName"), _text(arguments, "sValueName")
    return {"ReturnValue": registry.set_value(path, name, REG_DWORD, _number(arguments["uValue"], "uValue"))}


def _set_strings(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    path, name = _text(arguments, "sSubKeyName"), _text(arguments, "sValueName")
    return {"ReturnValue": registry.set_value(path, name, REG_MULTI_SZ, _texts(arguments, "sValue"))}


def _delete_value(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    path, name = _text(arguments, "sSubKeyName"), _text(arguments, "sValueName")
    return {"ReturnValue": registry.delete_value(path, name)}


def _check_access(registry: Registry, arguments: Arguments) -> dict[str, Value]:
    code, _unused = registry.open(_text(arguments, "sSubKeyName"))
    required = _number(arguments.get("uRequired") or str(QUERY_AND_SET), "uRequired")
    granted = code == SUCCESS and (registry.writable or required & ~READ_RIGHTS == 0)
    return {"bGranted": granted, "ReturnValue": ACCESS_DENIED if code == SUCCESS and not granted else code}


_METHODS: Final[dict[str, Callable[[Registry, Arguments], dict[str, Value]]]] = {
    "CreateKey": _create_key,
    "DeleteKey": _delete_key,
    "EnumKey": _enum_key,
    "EnumValues": _enum_values,
    "GetStringValue": _get(REG_SZ, "sValue"),
    "SetStringValue": _set_string,
    "GetDWORDValue": _get(REG_DWORD, "uValue"),
    "SetDWORDValue": _set_dword,
    "GetMultiStringValue": _get(REG_MULTI_SZ, "sValue"),
    "SetMultiStringValue": _set_strings,
    "DeleteValue": _delete_value,
    "CheckAccess": _check_access,
}
