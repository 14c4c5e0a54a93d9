# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The registry of a Windows host through StdRegProv, and the class key of an adapter.

StdRegProv answers with Win32 error codes in ReturnValue (Win32 documentation of StdRegProv). Its reads may be
repeated, its writes are sent once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.wql import wql_string

NAMESPACE: Final = "root/cimv2"
NETWORK_CLASS: Final = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
"""Key below which every network adapter has a key of four digits."""

_PROVIDER: Final = "StdRegProv"
_LOCAL_MACHINE: Final = 0x80000002
_OK: Final = 0
# ERROR_FILE_NOT_FOUND for a missing key or value, WBEM_E_NOT_FOUND from some builds; 1 is what the provider itself
# returns for a value that it can't find.
_MISSING: Final = frozenset({1, 2, 0x80041002})
_DENIED: Final = frozenset({5, 0x80041003, 0x80070005})
# ERROR_INVALID_DATA, WBEM_E_TYPE_MISMATCH: the value has another registry type.
_OTHER_TYPE: Final = frozenset({13, 0x80041005})
_64_BIT: Final = (("wmi:__ProviderArchitecture", "xs:int", "64"),)
"""Below HKLM\\SOFTWARE a 32-bit provider sees another tree than regedit; this asks WMI for the 64-bit one."""
_MOST_KEYS: Final = 2000


class Registry:
    """HKEY_LOCAL_MACHINE of one host.

    Writes are sent once. They return whether the host confirmed them: False means that the answer was lost, and only a
    reading can tell whether the write took place.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_string(self, key: str, name: str, *, read_timeout_seconds: float | None = None) -> str | None:
        """Read a REG_SZ value; None where the value or the key is missing.

        Args:
            key: Path below HKEY_LOCAL_MACHINE.
            name: The value's name.
            read_timeout_seconds: Ask once only and wait this long, as for a host that may be away.

        Raises:
            NicError: ``registry_access_denied``, ``registry_other_type`` or ``registry_failed``.
        """
        output = self._client.invoke(
            NAMESPACE,
            _PROVIDER,
            "GetStringValue",
            {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key, "sValueName": name},
            options=_64_BIT,
            read_only=read_timeout_seconds is None,
            read_timeout_seconds=read_timeout_seconds,
        )
        if self._is_missing(output, key, name):
            return None
        return output.text("sValue") or ""

    def value_names(self, key: str) -> list[str]:
        """Names of a key's values; empty where the key is missing."""
        output = self._read("EnumValues", key)
        return [] if self._is_missing(output, key) else output.strings("sNames")

    def subkeys(self, key: str) -> list[str]:
        """Names of a key's subkeys; empty where the key is missing."""
        output = self._read("EnumKey", key)
        return [] if self._is_missing(output, key) else output.strings("sNames")

    def create_key(self, key: str) -> bool:
        """Create a key with everything above it; nothing happens where it exists."""
        output = self._write("CreateKey", {"sSubKeyName": key})
        if output is None:
            return False
        self._require(output, key)
        return True

    def set_string(self, key: str, name: str, text: str) -> bool:
        """Write a REG_SZ value. The key must exist."""
        output = self._write("SetStringValue", {"sSubKeyName": key, "sValueName": name, "sValue": text})
        if output is None:
            return False
        if _code(output) in _MISSING:
            raise NicError(
                "registry_key_missing",
                _path(key),
                f"the key is missing, so that {name} could not be written",
                "the key",
                "Read the host again: the adapter may have been installed anew in between.",
            )
        self._require(output, key, name)
        return True

    def delete_value(self, key: str, name: str) -> bool:
        """Delete a value; nothing happens where it is missing."""
        output = self._write("DeleteValue", {"sSubKeyName": key, "sValueName": name})
        if output is None:
            return False
        self._is_missing(output, key, name)
        return True

    def _read(self, method: str, key: str) -> Instance:
        arguments: dict[str, str | int] = {"hDefKey": _LOCAL_MACHINE, "sSubKeyName": key}
        return self._client.invoke(NAMESPACE, _PROVIDER, method, arguments, options=_64_BIT, read_only=True)

    def _write(self, method: str, texts: Mapping[str, str]) -> Instance | None:
        arguments: dict[str, str | int] = {"hDefKey": _LOCAL_MACHINE, **texts}
        try:
            return self._client.invoke(NAMESPACE, _PROVIDER, method, arguments, options=_64_BIT)
        except ConnectionLost:
            self._client.reconnect()
            return None
        except WsmanFault as fault:
            if fault.timed_out:
                return None
            raise

    def _is_missing(self, output: Instance, key: str, name: str | None = None) -> bool:
        if _code(output) in _MISSING:
            return True
        self._require(output, key, name)
        return False

    def _require(self, output: Instance, key: str, name: str | None = None) -> None:
        code = _code(output)
        if code != _OK:
            _refuse(code, _path(key, name))


def find_class_key(client: Client, adapter: Adapter) -> str:
    """Find the class key of *adapter*: the one whose NetCfgInstanceId is the adapter's GUID.

    Win32_NetworkAdapter.Index is the key's number; the search through all keys is for hosts where that does not fit.

    Raises:
        NicError: ``class_key_not_found`` or ``class_key_ambiguous``.
    """
    registry = Registry(client)
    rows = client.enumerate(NAMESPACE, "Win32_NetworkAdapter", where=f"GUID = {wql_string(adapter.guid)}")
    for row in rows:
        index = row.integer("Index")
        if index is not None and 0 <= index <= 9999:
            key = rf"{NETWORK_CLASS}\{index:04d}"
            if _belongs(registry, key, adapter):
                return key
    numbered = [name for name in registry.subkeys(NETWORK_CLASS)[:_MOST_KEYS] if re.fullmatch("[0-9]{4}", name)]
    found = [key for name in numbered if _belongs(registry, key := rf"{NETWORK_CLASS}\{name}", adapter)]
    if len(found) == 1:
        return found[0]
    raise NicError(
        "class_key_ambiguous" if found else "class_key_not_found",
        f"the class key of adapter {adapter.name}",
        f"{len(found)} of {len(numbered)} keys below {_path(NETWORK_CLASS)} have NetCfgInstanceId {adapter.guid}",
        "exactly one",
        "Nothing was changed. Look at these keys on the host; reinstalling the adapter's driver writes its key anew.",
    )


def _belongs(registry: Registry, key: str, adapter: Adapter) -> bool:
    try:
        identity = registry.get_string(key, "NetCfgInstanceId")
    except NicError as error:
        # Keys of other drivers can be closed even to administrators; such a key is not shown to be the adapter's.
        if error.code in ("registry_access_denied", "registry_other_type"):
            return False
        raise
    return identity is not None and identity.strip().upper() == adapter.guid


def _code(output: Instance) -> int:
    """ReturnValue as an unsigned code. Providers may leave it out where all went well."""
    return (output.integer("ReturnValue") or _OK) & 0xFFFFFFFF


def _path(key: str, name: str | None = None) -> str:
    return rf"HKLM\{key}" + (f", value {name}" if name is not None else "")


def _refuse(code: int, subject: str) -> NoReturn:
    if code in _DENIED:
        raise NicError(
            "registry_access_denied",
            subject,
            f"StdRegProv returned {code}, access denied",
            "an account that may read and write there",
            "Use an account of the host's Administrators group.",
        )
    if code in _OTHER_TYPE:
        raise NicError(
            "registry_other_type",
            subject,
            f"StdRegProv returned {code}: the value is not a REG_SZ",
            "a REG_SZ, as drivers keep their keywords",
            "Look at the value on the host; delete it if no program needs it in this form.",
        )
    raise NicError(
        "registry_failed",
        subject,
        f"StdRegProv returned {code}",
        "0",
        "Look the number up among the Win32 error codes (net helpmsg), and at the host's WMI-Activity event log.",
    )
