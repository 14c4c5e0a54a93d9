# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host in memory, behind the interface of the WS-Management client.

It keeps a registry and adapters, and is as strict as Windows where that matters: a value can't be written below a
missing key, the CIM provider reads what the registry holds, a driver takes a value at its next start only, and a
restart of the adapter that carries the connection loses its answer. Every request is kept, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.lab.cim.wql import parse_condition
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Refusal, Row, fault, instance, lost, unreachable
from tests.unit.plugins.plugin_utils._nic.fakescheduler import NAMESPACE as TASKS
from tests.unit.plugins.plugin_utils._nic.fakescheduler import FakeScheduler

__all__ = ["FakeAdapter", "FakeHost", "Refusal", "fault", "guid", "instance", "lost", "unreachable"]

GRANULAR = "*UDPChecksumOffloadIPv4"
GROUPED = "*TCPUDPChecksumOffloadIPv4"
CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
UNDO = r"SOFTWARE\remediation.windows_nic\undo"
OUTCOME = r"SOFTWARE\remediation.windows_nic\outcome"
NET = "root/standardcimv2"
LOCAL_MACHINE = 0x80000002
_SHOWN = ("DeviceID", "Address", "TaskName")


def guid(number: int) -> str:
    """A GUID that tells adapters apart."""
    return f"{{00000000-0000-4000-8000-{number:012X}}}"


@dataclass
class FakeAdapter:
    """One adapter. ``values`` and ``defaults`` are those of its keywords; the values live in its class key."""

    number: int
    name: str = "Ethernet"
    description: str = "Intel(R) I211 Gigabit Network Connection"
    pnp: str = r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4&2F1E5C0&0&00E4"
    component: str = r"PCI\VEN_8086&DEV_1539"
    driver: str | None = r"\SystemRoot\System32\drivers\E1R68x64.sys"
    version: str = "12.18.11.1"
    mac: str = "AABBCCDDEE01"
    hardware: bool = True
    virtual: bool = False
    hidden: bool = False
    up: bool = True
    state: int = 2
    below: Sequence[int] = ()
    above: Sequence[int] = ()
    address: str | None = None
    prefix: int = 24
    keywords: Sequence[str] = (GRANULAR,)
    stored: str | None = "3"
    default: str | None = "3"
    allowed: Sequence[str] = ("0", "1", "2", "3")
    active: int | None = 3
    follows: bool = True
    carries: bool = False
    key: str | None = None
    bindings: Sequence[str] = ()
    restarts: int = 0
    slot: int | None = 3

    @property
    def guid(self) -> str:
        """Its interface GUID."""
        return guid(self.number)

    @property
    def index(self) -> int:
        """Its interface index."""
        return 10 + self.number

    @property
    def class_key(self) -> str:
        """Path of its class key."""
        return self.key or rf"{CLASS}\{self.number:04d}"


@dataclass
class FakeHost:
    """The host. ``log`` holds every request as one line, ``writes`` those that change something."""

    adapters: list[FakeAdapter] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    neighbours: list[Row] = field(default_factory=list)
    interfaces: list[Row] = field(default_factory=list)
    addresses: list[Row] = field(default_factory=list)
    pings: dict[str, int | None] = field(default_factory=dict)
    task_offload: int | None = 1
    host: str = "192.0.2.10"
    port: int = 5985
    registry: dict[str, dict[str, str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    return_codes: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    away_after_restart: int = 0
    away: int = 0
    reconnects: int = 0
    reported: dict[str, str | None] = field(default_factory=dict)
    """By keyword: what the CIM provider says, where it doesn't say what the registry holds."""
    after_restart: Callable[[FakeAdapter], None] | None = None
    scheduler: FakeScheduler = field(default_factory=FakeScheduler)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    """Rows of further classes."""

    def __post_init__(self) -> None:
        for adapter in self.adapters:
            self.install(adapter)

    @property
    def client(self) -> Client:
        """The host as its client."""
        return cast(Client, self)

    def install(self, adapter: FakeAdapter) -> None:
        """Give an adapter its class key."""
        values = {"NetCfgInstanceId": adapter.guid, "DriverDesc": adapter.description}
        if adapter.stored is not None:
            values |= dict.fromkeys(adapter.keywords, adapter.stored)
        self.registry.setdefault(CLASS.casefold(), {"Class": "Net"})
        self.registry[adapter.class_key.casefold()] = values

    def value(self, adapter: FakeAdapter, keyword: str = GRANULAR) -> str | None:
        """What the registry holds."""
        return self.registry.get(adapter.class_key.casefold(), {}).get(keyword)

    def undo(self, adapter: FakeAdapter, keyword: str = GRANULAR) -> str | None:
        """The undo record, as text."""
        return self.registry.get(UNDO.casefold(), {}).get(f"{adapter.guid}::{keyword}")

    # The interface of the client.

    def enumerate(
        self, namespace: str, class_name: str, *, where: str | None = None, with_selectors: bool = False
    ) -> list[Instance]:
        """Rows of a class."""
        with _Request(self, f"enumerate {class_name}"):
            rows = self._rows(namespace, class_name)
            if where is not None:
                condition = parse_condition(where)
                rows = [(row, keys) for row, keys in rows if condition.holds(row)]
            return [instance(class_name, row, keys if with_selectors else None) for row, keys in rows]

    def get(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> Instance:
        """One row, or the answer of a ping."""
        with _Request(self, f"get {class_name} {next((selectors[key] for key in _SHOWN if key in selectors), '')}"):
            if class_name == "Win32_PingStatus":
                assert namespace == "root/cimv2"
                assert set(selectors) == {"Address", "Timeout"}
                return instance(class_name, {"StatusCode": self.pings.get(selectors["Address"])})
            if class_name == "MSFT_ScheduledTask":
                assert namespace == TASKS
                return instance(class_name, self.scheduler.row(selectors))
            for row, keys in self._rows(namespace, class_name):
                if keys == dict(selectors):
                    return instance(class_name, row)
            raise fault(cim_status=6)

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        selectors: Mapping[str, str] | None = None,
        options: Sequence[tuple[str, str, str]] = (),
        read_only: bool = False,
        read_timeout_seconds: float | None = None,
    ) -> Instance:
        """A method of StdRegProv or of PS_ScheduledTask, or the restart of an adapter."""
        if class_name == "MSFT_NetAdapter":
            assert (namespace, method, read_only) == (NET, "Restart", False)
            assert read_timeout_seconds is not None
            return self._restart(dict(selectors or {}))
        if class_name == "PS_ScheduledTask":
            assert (namespace, read_only) == (TASKS, method == "ExportByName")
            with _Request(self, f"{method} {arguments['TaskName']}", writing=not read_only):
                return instance(f"{method}_OUTPUT", self.scheduler.call(method, arguments))
        assert (namespace, class_name) == ("root/cimv2", "StdRegProv")
        assert tuple(options) == (("wmi:__ProviderArchitecture", "xs:int", "64"),)
        assert arguments["hDefKey"] == LOCAL_MACHINE
        writing = method in ("CreateKey", "SetStringValue", "DeleteValue")
        assert not (writing and read_only), "a write must not be repeated"
        what = " ".join(str(arguments[name]) for name in ("sSubKeyName", "sValueName") if name in arguments)
        with _Request(self, f"{method} {what}", writing=writing):
            code, output = self._registry_call(method, arguments)
            code = self.return_codes.get(f"{method} {arguments['sSubKeyName']}", code)
            return instance(f"{method}_OUTPUT", {"ReturnValue": code, **output})

    def delete(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> None:
        """Delete a scheduled task; nothing else is ever deleted."""
        assert (namespace, class_name) == (TASKS, "MSFT_ScheduledTask")
        with _Request(self, f"delete {selectors['TaskName']}", writing=True):
            self.scheduler.delete(selectors)

    def reconnect(self) -> None:
        """Count the new sessions."""
        self.reconnects += 1

    def close(self) -> None:
        """Nothing to close."""

    # What is behind it.

    def _rows(self, namespace: str, class_name: str) -> list[tuple[Row, dict[str, str]]]:
        if class_name in self.tables:
            return [(row, {}) for row in self.tables[class_name]]
        if class_name == "Win32_NetworkAdapter":
            assert namespace == "root/cimv2"
            return [({"GUID": each.guid, "Index": each.number}, {}) for each in self.adapters]
        if class_name == "Win32_OperatingSystem":
            return [(self.scheduler.system_row(), {})]
        if namespace != NET:
            raise fault(cim_status=3)
        tables: dict[str, Callable[[], list[Row]]] = {
            "MSFT_NetAdapterAdvancedPropertySettingData": self._keyword_rows,
            "MSFT_NetAdapterChecksumOffloadSettingData": self._active_rows,
            "MSFT_NetIPAddress": self._address_rows,
            "MSFT_NetAdapterHardwareInfoSettingData": self._hardware_rows,
            "MSFT_NetAdapterBindingSettingData": self._binding_rows,
            "MSFT_NetOffloadGlobalSetting": lambda: [{"TaskOffload": self.task_offload}],
            "MSFT_NetRoute": lambda: self.routes,
            "MSFT_NetNeighbor": lambda: self.neighbours,
            "MSFT_NetIPInterface": lambda: self.interfaces,
        }
        if class_name == "MSFT_NetAdapter":
            return [(self._adapter_row(each), self._keys(each)) for each in self.adapters]
        if class_name not in tables:
            raise fault(cim_status=5)
        return [(row, {}) for row in tables[class_name]()]

    def _keys(self, adapter: FakeAdapter) -> dict[str, str]:
        return {
            "CreationClassName": "MSFT_NetAdapter",
            "DeviceID": adapter.guid,
            "SystemCreationClassName": "CIM_NetworkPort",
            "SystemName": "host.example",
        }

    def _adapter_row(self, adapter: FakeAdapter) -> Row:
        return {
            "Name": adapter.name,
            "InterfaceDescription": adapter.description,
            "InterfaceGuid": adapter.guid.lower(),
            "DeviceID": adapter.guid,
            "InterfaceIndex": adapter.index,
            "PermanentAddress": adapter.mac,
            "NetworkAddresses": [adapter.mac] if adapter.mac else [],
            "InterfaceOperationalStatus": 1 if adapter.up else 2,
            "State": adapter.state,
            "HardwareInterface": adapter.hardware,
            "Virtual": adapter.virtual,
            "Hidden": adapter.hidden,
            "ComponentID": adapter.component,
            "PnPDeviceID": adapter.pnp,
            "DriverName": adapter.driver,
            "DriverVersionString": adapter.version,
            "DriverDate": "2020-06-15",
            "DriverProvider": "Intel",
            "LowerLayerInterfaceIndices": list(adapter.below),
            "HigherLayerInterfaceIndices": list(adapter.above),
        }

    def _keyword_rows(self) -> list[Row]:
        rows: list[Row] = []
        for adapter in self.adapters:
            for keyword in adapter.keywords:
                stored = self.reported.get(keyword, self.value(adapter, keyword))
                rows.append(
                    {
                        "InstanceID": f"{adapter.guid}::{keyword}",
                        "Name": adapter.name,
                        "DisplayName": "UDP-Prüfsummen abladen (IPv4)",
                        "DisplayValue": "Rx und Tx aktiviert",
                        "RegistryKeyword": keyword,
                        "RegistryDataType": 1,
                        "RegistryValue": [] if stored is None else [stored],
                        "DefaultRegistryValue": adapter.default,
                        "ValidRegistryValues": list(adapter.allowed),
                    }
                )
            rows.append(
                {
                    "InstanceID": f"{adapter.guid}::*JumboPacket",
                    "Name": adapter.name,
                    "RegistryKeyword": "*JumboPacket",
                    "RegistryValue": ["1514"],
                }
            )
        return rows

    def _active_rows(self) -> list[Row]:
        return [
            {"InstanceID": adapter.guid, "UdpIPv4Enabled": adapter.active}
            for adapter in self.adapters
            if not adapter.hidden
        ]

    def _address_rows(self) -> list[Row]:
        own = [
            {
                "IPAddress": adapter.address,
                "InterfaceIndex": adapter.index,
                "PrefixLength": adapter.prefix,
                "AddressFamily": 2,
                "AddressState": 4,
                "SkipAsSource": False,
                "Store": 1,
            }
            for adapter in self.adapters
            if adapter.address
        ]
        return [*own, *self.addresses]

    def _hardware_rows(self) -> list[Row]:
        return [
            {
                "InstanceID": adapter.guid,
                "SegmentNumber": 0,
                "BusNumber": adapter.slot,
                "DeviceNumber": 0,
                "FunctionNumber": 0,
            }
            for adapter in self.adapters
            if adapter.slot is not None
        ]

    def _binding_rows(self) -> list[Row]:
        return [
            {"InstanceID": f"{adapter.guid}::{component}", "ComponentID": component, "Enabled": True}
            for adapter in self.adapters
            for component in ("ms_tcpip", *adapter.bindings)
        ]

    def _registry_call(self, method: str, arguments: Mapping[str, Any]) -> tuple[int, Row]:
        path = str(arguments["sSubKeyName"])
        key = self.registry.get(path.casefold())
        if method == "CreateKey":
            self.registry.setdefault(path.casefold(), {})
            return 0, {}
        if method == "EnumKey":
            prefix = f"{path.casefold()}\\"
            names = {each[len(prefix) :].split("\\")[0] for each in self.registry if each.startswith(prefix)}
            return (0, {"sNames": sorted(names)}) if key is not None or names else (2, {})
        if key is None:
            return 2, {}
        if method == "EnumValues":
            return 0, {"sNames": list(key), "Types": [1] * len(key)}
        name = str(arguments["sValueName"])
        if method == "SetStringValue":
            key[name] = str(arguments["sValue"])
            return 0, {}
        if name not in key:
            return 2, {}
        if method == "DeleteValue":
            del key[name]
            return 0, {}
        assert method == "GetStringValue"
        return 0, {"sValue": key[name]}

    def _restart(self, selectors: dict[str, str]) -> Instance:
        adapter = next(each for each in self.adapters if self._keys(each) == selectors)
        with _Request(self, f"Restart {adapter.guid}", writing=True):
            adapter.restarts += 1
            stored = next((self.value(adapter, keyword) for keyword in adapter.keywords), None)
            if adapter.follows:
                text = stored if stored is not None else adapter.default
                adapter.active = None if text is None else int(text)
            if self.after_restart is not None:
                self.after_restart(adapter)
            self.away = self.away_after_restart
            if adapter.carries:
                raise lost()
            return instance("Restart_OUTPUT", {"ReturnValue": self.return_codes.get("Restart", 0)})


@dataclass
class _Request:
    """One request: it is logged, meets an error if one is due, and finds nobody while the host is away."""

    host: FakeHost
    line: str
    writing: bool = False

    def __enter__(self) -> None:
        self.host.log.append(self.line)
        if self.host.away:
            self.host.away -= 1
            raise unreachable()
        self._meet(executed=False)
        if self.writing:
            self.host.writes.append(self.line)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if error is None:
            self._meet(executed=True)

    def _meet(self, *, executed: bool) -> None:
        for refusal in self.host.refusals:
            if refusal.executed is executed and refusal.times and refusal.fits in self.line:
                refusal.times -= 1
                raise refusal.error()
