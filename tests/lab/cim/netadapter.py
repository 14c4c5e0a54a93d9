# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetAdapterCim classes of root/standardcimv2 (Microsoft Learn, "Network Adapter CIM WMI Provider")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.lab import npcap
from tests.lab.adapters import Adapter
from tests.lab.catalogue import GROUPED_IPV4, MODELS, Keyword
from tests.lab.cim.classes import CIMV2, STANDARD, CimClass, declare
from tests.lab.cim.values import CimInstance, Value
from tests.lab.cim.wql import Condition
from tests.lab.classkeys import display_name, display_values, has_class_key
from tests.lab.languages import LANGUAGES

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

GIGABIT = 1_000_000_000
CLIENT_CLASS = "{4D36E973-E325-11CE-BFC1-08002BE10318}"
TRANSPORT_CLASS = "{4D36E975-E325-11CE-BFC1-08002BE10318}"
SERVICE_CLASS = "{4D36E974-E325-11CE-BFC1-08002BE10318}"

_PORT = (
    "Caption Description InstallDate Name Status Availability ConfigManagerErrorCode ConfigManagerUserConfig"
    " CreationClassName DeviceID ErrorCleared ErrorDescription LastErrorCode PowerManagementCapabilities[]"
    " PowerManagementSupported StatusInfo SystemCreationClassName SystemName Speed MaxSpeed RequestedSpeed"
    " UsageRestriction PortType OtherPortType OtherNetworkPortType PortNumber LinkTechnology OtherLinkTechnology"
    " PermanentAddress NetworkAddresses[] FullDuplex AutoSense SupportedMaximumTransmissionUnit"
    " ActiveMaximumTransmissionUnit"
)
_ADAPTER = (
    " InterfaceDescription InterfaceName NetLuid InterfaceGuid InterfaceIndex DeviceName NetLuidIndex Virtual Hidden"
    " NotUserRemovable IMFilter InterfaceType HardwareInterface WdmInterface EndPointInterface iSCSIInterface State"
    " NdisMedium NdisPhysicalMedium InterfaceOperationalStatus OperationalStatusDownDefaultPortNotAuthenticated"
    " OperationalStatusDownMediaDisconnected OperationalStatusDownInterfacePaused"
    " OperationalStatusDownLowPowerState InterfaceAdminStatus MediaConnectState MtuSize VlanID TransmitLinkSpeed"
    " ReceiveLinkSpeed PromiscuousMode DeviceWakeUpEnable ConnectorPresent MediaDuplexState DriverDate DriverDateData"
    " DriverVersionString DriverName DriverDescription MajorDriverVersion MinorDriverVersion DriverMajorNdisVersion"
    " DriverMinorNdisVersion PnPDeviceID DriverProvider ComponentID LowerLayerInterfaceIndices[]"
    " HigherLayerInterfaceIndices[] AdminLocked"
)
SETTING_PROPERTIES = "Caption Description ElementName InstanceID InterfaceDescription Name Source SystemName"


def adapter_row(machine: Machine, adapter: Adapter) -> dict[str, Value]:
    """One MSFT_NetAdapter."""
    up = adapter.connected
    major, minor = (int(part) for part in adapter.driver_version.split(".")[:2])
    mac = adapter.mac or None
    luid_index = 32768 + adapter.index
    speed = GIGABIT if up and adapter.mac else 0
    return {
        "Name": adapter.name,
        "ConfigManagerErrorCode": 0 if adapter.state == "started" else 22,
        "ConfigManagerUserConfig": adapter.state != "started",
        "CreationClassName": "MSFT_NetAdapter",
        "DeviceID": adapter.guid,
        "SystemCreationClassName": "CIM_NetworkPort",
        "SystemName": machine.system_name,
        "Speed": speed,
        "MaxSpeed": None,
        "RequestedSpeed": 0,
        "PermanentAddress": mac,
        "NetworkAddresses": [mac] if mac else None,
        "FullDuplex": up,
        "AutoSense": None,
        "ActiveMaximumTransmissionUnit": 1500,
        "InterfaceDescription": adapter.description,
        "InterfaceName": f"{'wireless' if adapter.model.interface_type == 71 else 'ethernet'}_{luid_index}",
        "NetLuid": adapter.model.interface_type << 48 | luid_index << 24,
        "InterfaceGuid": adapter.guid,
        "InterfaceIndex": adapter.index,
        "DeviceName": f"\\Device\\{adapter.guid}",
        "NetLuidIndex": luid_index,
        "Virtual": adapter.model.virtual,
        "Hidden": adapter.hidden,
        "NotUserRemovable": False,
        "IMFilter": adapter.model.service == "wfplwfs",
        "InterfaceType": adapter.model.interface_type,
        "HardwareInterface": adapter.physical,
        "WdmInterface": False,
        "EndPointInterface": False,
        "iSCSIInterface": False,
        "State": 2 if adapter.state == "started" else 3,
        "NdisMedium": 0,
        "NdisPhysicalMedium": adapter.model.physical_medium if adapter.physical else 0,
        "InterfaceOperationalStatus": 1 if up else 2,
        "OperationalStatusDownDefaultPortNotAuthenticated": False,
        "OperationalStatusDownMediaDisconnected": adapter.state == "started" and not up,
        "OperationalStatusDownInterfacePaused": False,
        "OperationalStatusDownLowPowerState": False,
        "InterfaceAdminStatus": 1 if adapter.state == "started" else 2,
        "MediaConnectState": 1 if up else (2 if adapter.state == "started" else 0),
        "MtuSize": 1500,
        "VlanID": 0,
        "TransmitLinkSpeed": speed,
        "ReceiveLinkSpeed": speed,
        "PromiscuousMode": False,
        "DeviceWakeUpEnable": False,
        "ConnectorPresent": adapter.physical,
        "MediaDuplexState": 2 if up else 0,
        "DriverDate": adapter.driver_date,
        "DriverDateData": _filetime(adapter.driver_date),
        "DriverVersionString": adapter.driver_version,
        "DriverName": _driver_path(machine, adapter),
        "DriverDescription": adapter.model.description,
        "MajorDriverVersion": major,
        "MinorDriverVersion": minor,
        "DriverMajorNdisVersion": 6,
        "DriverMinorNdisVersion": 30,
        "PnPDeviceID": adapter.pnp_device_id,
        "DriverProvider": adapter.driver_provider,
        "ComponentID": adapter.model.component_id.lower() if machine.number % 2 else adapter.model.component_id,
        "LowerLayerInterfaceIndices": list(adapter.lower) or None,
        "HigherLayerInterfaceIndices": list(adapter.higher) or None,
        "AdminLocked": False,
    }


def adapter_keys(machine: Machine, adapter: Adapter) -> dict[str, str]:
    """The four selectors of an MSFT_NetAdapter."""
    return {
        "CreationClassName": "MSFT_NetAdapter",
        "DeviceID": adapter.guid,
        "SystemCreationClassName": "CIM_NetworkPort",
        "SystemName": machine.system_name,
    }


def _driver_path(machine: Machine, adapter: Adapter) -> str:
    """The NT path of the driver; how its letters are written differs from host to host."""
    directory = (
        "\\SystemRoot\\System32\\drivers",
        "\\SystemRoot\\system32\\DRIVERS",
        "\\??\\C:\\WINDOWS\\System32\\drivers",
    )
    file = adapter.driver_file
    return f"{directory[machine.number % 3]}\\{file if machine.number % 2 else file.upper()}"


def _filetime(iso: str) -> int:
    """A date as a FILETIME: 100 ns steps since 1601."""
    start = datetime(1601, 1, 1, tzinfo=UTC)
    return int((datetime.fromisoformat(iso).replace(tzinfo=UTC) - start).total_seconds()) * 10_000_000


def _adapters(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    return (adapter_row(machine, adapter) for adapter in machine.adapters)


def setting_row(machine: Machine, adapter: Adapter, instance_id: str, source: int) -> dict[str, Value]:
    """What every setting of an adapter has. Source 2 is the device, 3 the registry."""
    return {
        "InstanceID": instance_id,
        "InterfaceDescription": adapter.description,
        "Name": adapter.name,
        "Source": source,
        "SystemName": machine.system_name,
    }


def _advanced_properties(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for adapter in machine.adapters:
        for keyword in adapter.keywords:
            yield _advanced_property(machine, adapter, keyword)


def _advanced_property(machine: Machine, adapter: Adapter, keyword: Keyword) -> Row:
    """One keyword as configured. Where the registry has no value there is none here; an optional text shows ``--``."""
    language = LANGUAGES[machine.host.language]
    value = machine.configured_text(adapter, keyword.name)
    if value is None and keyword.kind == 6:
        value = "--"
    texts = dict(display_values(keyword, language))
    low, high, step = (str(limit) for limit in keyword.limits) if keyword.limits else (None, None, None)
    return setting_row(machine, adapter, f"{adapter.guid}::{keyword.name}", 3) | {
        "DisplayName": display_name(keyword, language),
        "DisplayValue": None if value is None else texts.get(value, value),
        "DefaultDisplayValue": texts.get(keyword.default, keyword.default),
        "DisplayParameterType": keyword.kind,
        "Optional": keyword.kind == 6,
        "ValidRegistryValues": [value for value, _unused in keyword.values] or None,
        "ValidDisplayValues": [texts[value] for value, _unused in keyword.values] or None,
        "NumericParameterBaseValue": "10" if keyword.limits else None,
        "NumericParameterMinValue": low,
        "NumericParameterMaxValue": high,
        "NumericParameterStepValue": step,
        "RegistryKeyword": keyword.name,
        "RegistryDataType": 1,
        "RegistryValue": None if value is None else [value],
        "DefaultRegistryValue": keyword.default,
    }


def _checksum_offloads(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for adapter in machine.adapters:
        if adapter.keyword is None or (adapter.spec is not None and adapter.spec.active_report == "missing"):
            continue
        yield _checksum_offload(machine, adapter)


def _checksum_offload(machine: Machine, adapter: Adapter) -> Row:
    """What the driver does now. A grouped keyword rules IP and TCP as well."""
    found = machine.host.system.npcap
    overridden = found is not None and found.report == "off" and npcap.overrides_offload(found) and adapter.physical
    reported = 0 if overridden else adapter.reported
    grouped = adapter.keyword is not None and adapter.keyword.name == GROUPED_IPV4
    others = reported if grouped else 3
    running = adapter.state == "started"
    return setting_row(machine, adapter, adapter.guid, 2) | {
        "IpIPv4Enabled": others if running else None,
        "TcpIPv4Enabled": others if running else None,
        "TcpIPv6Enabled": 3 if running else None,
        "UdpIPv4Enabled": reported if running else None,
        "UdpIPv6Enabled": 3 if running else None,
        "ChecksumOffloadHardwareCapabilities": _capabilities(),
    }


def _capabilities() -> CimInstance:
    protocols = ("IpOptions", "TcpOptions", "TcpChecksum", "UdpChecksum", "IpChecksum")
    supported: dict[str, Value] = {}
    for direction in ("Transmit", "Receive"):
        for protocol in protocols:
            supported[f"IPv4{direction}{protocol}Supported"] = True
        for protocol in ("IpExtensionHeaders", "TcpOptions", "TcpChecksum", "UdpChecksum"):
            supported[f"IPv6{direction}{protocol}Supported"] = True
    return CimInstance("MSFT_NetAdapterChecksumOffloadCapabilities", STANDARD, supported)


def _hardware(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    location = LANGUAGES[machine.host.language].location
    for adapter in machine.adapters:
        if adapter.model.vendor is None:
            continue
        bus, device, function = adapter.location
        yield setting_row(machine, adapter, adapter.guid, 2) | {
            "LocationInformationString": location.format(bus=bus, device=device, function=function),
            "SegmentNumber": 0,
            "BusNumber": bus,
            "DeviceNumber": device,
            "FunctionNumber": function,
            "NumaNode": None,
            "PciDeviceType": 2,
            "PciExpressCurrentLinkSpeedEncoded": 1,
            "PciExpressCurrentLinkWidth": 1,
            "PciExpressMaxLinkSpeedEncoded": 1,
            "PciExpressMaxLinkWidth": 1,
            "PciExpressVersion": 2,
            "LineBasedInterruptSupported": True,
            "MsiInterruptSupported": True,
            "MsiXInterruptSupported": True,
            "MaxInterruptMessages": 5,
            "SriovSupport": 0,
        }


def _bindings(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """Protocols and filters of each adapter; a team member or switch uplink has its own protocol instead of IP."""
    protocol = LANGUAGES[machine.host.language].ipv4_protocol
    for adapter in machine.adapters:
        if not has_class_key(adapter) or adapter.hidden:
            continue
        role = machine.role(adapter)
        components = (
            ("ms_tcpip", protocol, TRANSPORT_CLASS, "NetTrans", role == "plain"),
            ("ms_msclient", "Client for Microsoft Networks", CLIENT_CLASS, "NetClient", role == "plain"),
            ("ms_pacer", "QoS Packet Scheduler", SERVICE_CLASS, "NetService", True),
            (
                "ms_implat",
                "Microsoft Network Adapter Multiplexor Protocol",
                TRANSPORT_CLASS,
                "NetTrans",
                role == "member",
            ),
            ("vms_pp", "Hyper-V Extensible Virtual Switch", SERVICE_CLASS, "NetService", role == "uplink"),
        )
        filters = tuple((one, text, SERVICE_CLASS, "NetService", True) for one, text in _filters(machine, adapter))
        for component, display, class_guid, class_name, enabled in (*components, *filters):
            if component == "vms_pp" and not machine.has_switch:
                continue
            yield setting_row(machine, adapter, f"{adapter.guid}::{component}", 2) | {
                "Enabled": enabled,
                "DisplayName": display,
                "ComponentID": component,
                "BindName": {"ms_tcpip": "Tcpip", "ms_pacer": "Psched", "vms_pp": "VMSP"}.get(component, component),
                "ComponentClassName": class_name,
                "ComponentClassGuid": class_guid,
                "Characteristics": 160,
            }


def _win32_adapters(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """Win32_NetworkAdapter: the older view, whose Index is the number of the class key."""
    for adapter in sorted(machine.adapters, key=lambda one: one.class_index):
        if not has_class_key(adapter):
            continue
        mac = ":".join(adapter.mac[place : place + 2] for place in range(0, 12, 2)) if adapter.mac else None
        yield {
            "AdapterType": "Ethernet 802.3" if adapter.mac else None,
            "AdapterTypeId": 0 if adapter.mac else None,
            "Availability": 3,
            "Caption": f"[{adapter.class_index:08d}] {adapter.description}",
            "ConfigManagerErrorCode": 0 if adapter.state == "started" else 22,
            "ConfigManagerUserConfig": False,
            "CreationClassName": "Win32_NetworkAdapter",
            "Description": adapter.model.description,
            "DeviceID": str(adapter.class_index),
            "GUID": None if adapter.hidden and not adapter.mac else adapter.guid,
            "Index": adapter.class_index,
            "Installed": True,
            "InterfaceIndex": adapter.index,
            "MACAddress": mac,
            "Manufacturer": adapter.driver_provider,
            "MaxNumberControlled": 0,
            "Name": adapter.description,
            "NetConnectionID": None if adapter.hidden else adapter.name,
            "NetConnectionStatus": None if adapter.hidden else (2 if adapter.connected else 7),
            "NetEnabled": None if adapter.hidden else adapter.connected,
            "PhysicalAdapter": not adapter.hidden,
            "PNPDeviceID": adapter.pnp_device_id,
            "PowerManagementSupported": False,
            "ProductName": adapter.model.description,
            "ServiceName": adapter.model.service,
            "Speed": GIGABIT if adapter.connected and adapter.mac else None,
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": machine.host.name.upper()[:15],
            "TimeOfLastReset": machine.booted_at,
        }


def _filters(machine: Machine, adapter: Adapter) -> Iterator[tuple[str, str]]:
    """Component ID and name of the filter drivers of other makers that are bound to an adapter."""
    for component in adapter.spec.filters if adapter.spec is not None else ():
        yield component, component
    found = machine.host.system.npcap
    if found is not None and found.bound and adapter.physical:
        yield npcap.COMPONENT, npcap.DISPLAY_NAME


def is_switch_adapter(adapter: Adapter) -> bool:
    """Whether the adapter is the host's port of a virtual switch."""
    return adapter.model is MODELS["hyperv-vnic"]


CLASSES: tuple[CimClass, ...] = (
    declare(
        "MSFT_NetAdapter", _PORT + _ADAPTER, "CreationClassName DeviceID SystemCreationClassName SystemName", _adapters
    ),
    declare(
        "MSFT_NetAdapterAdvancedPropertySettingData",
        SETTING_PROPERTIES
        + " DisplayName DisplayValue DefaultDisplayValue DisplayParameterType Optional ValidRegistryValues[]"
        " ValidDisplayValues[] NumericParameterBaseValue NumericParameterMinValue NumericParameterMaxValue"
        " NumericParameterStepValue RegistryKeyword RegistryDataType RegistryValue[] DefaultRegistryValue",
        "InstanceID",
        _advanced_properties,
    ),
    declare(
        "MSFT_NetAdapterChecksumOffloadSettingData",
        SETTING_PROPERTIES + " IpIPv4Enabled TcpIPv4Enabled TcpIPv6Enabled UdpIPv4Enabled UdpIPv6Enabled"
        " ChecksumOffloadHardwareCapabilities",
        "InstanceID",
        _checksum_offloads,
    ),
    declare(
        "MSFT_NetAdapterHardwareInfoSettingData",
        SETTING_PROPERTIES + " NoInterrupt LineBasedInterrupts MsiSupported MsiEnabled MsiXSupported MsiXEnabled"
        " NumMsixTableEntries NumMsiMessages NumaNode LocationInformationString SegmentNumber BusNumber DeviceNumber"
        " FunctionNumber SlotNumber PciDeviceType PciCurrentSpeedAndMode PciXCurrentSpeedAndMode"
        " PciExpressCurrentPayloadSize PciExpressMaxPayloadSize PciExpressMaxReadRequestSize"
        " PciExpressCurrentLinkSpeedEncoded PciExpressCurrentLinkWidth PciExpressMaxLinkSpeedEncoded"
        " PciExpressMaxLinkWidth PciExpressVersion LineBasedInterruptSupported MsiInterruptSupported"
        " MsiXInterruptSupported MaxInterruptMessages MsixMessageAffinityArray[] Dma64BitSupported SriovSupport"
        " S0WakeupSupported PciDeviceLabelID PciDeviceLabelString",
        "InstanceID",
        _hardware,
    ),
    declare(
        "MSFT_NetAdapterBindingSettingData",
        SETTING_PROPERTIES
        + " Enabled DisplayName ComponentID BindName ComponentClassName ComponentClassGuid Characteristics",
        "InstanceID",
        _bindings,
    ),
    declare(
        "Win32_NetworkAdapter",
        "AdapterType AdapterTypeId AutoSense Availability Caption ConfigManagerErrorCode ConfigManagerUserConfig"
        " CreationClassName Description DeviceID ErrorCleared ErrorDescription GUID Index InstallDate Installed"
        " InterfaceIndex LastErrorCode MACAddress Manufacturer MaxNumberControlled MaxSpeed Name NetConnectionID"
        " NetConnectionStatus NetEnabled NetworkAddresses[] PermanentAddress PhysicalAdapter PNPDeviceID"
        " PowerManagementCapabilities[] PowerManagementSupported ProductName ServiceName Speed Status StatusInfo"
        " SystemCreationClassName SystemName TimeOfLastReset",
        "DeviceID",
        _win32_adapters,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
)
