# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classes of root/cimv2: the operating system, IP configurations, ICMP echo, and the UDP counters of the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tests.lab.adapters import gateway_address
from tests.lab.cim.classes import CIMV2, CimClass, declare
from tests.lab.cim.values import CimError, Value
from tests.lab.cim.wql import Condition, equalities
from tests.lab.classkeys import PRODUCTS
from tests.lab.languages import LANGUAGES

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

PING_TIMEOUT_MS: Final = 4000
LEASE: Final = timedelta(days=8)
ICMP_CODES: Final = {"answered": 0, "unreachable": 11003, "silent": 11010, "no_route": 11050}


def _operating_system(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    caption, version, product_type = PRODUCTS[machine.host.system.product]
    language = LANGUAGES[machine.host.language]
    yield {
        "BootDevice": "\\Device\\HarddiskVolume1",
        "BuildNumber": version.rsplit(".", 1)[1],
        "BuildType": "Multiprocessor Free",
        "Caption": caption,
        "CodeSet": "936" if language.tag == "zh-CN" else "1252",
        "CountryCode": "1",
        "CreationClassName": "Win32_OperatingSystem",
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSName": machine.host.name.upper()[:15],
        "CurrentTimeZone": int(machine.clock.offset.total_seconds() // 60),
        "LastBootUpTime": machine.booted_at,
        "LocalDateTime": machine.clock.now,
        "Locale": f"{language.code:04x}",
        "Manufacturer": "Microsoft Corporation",
        "MUILanguages": [language.tag],
        "Name": f"{caption}|C:\\WINDOWS|\\Device\\Harddisk0\\Partition3",
        "OSArchitecture": "64-bit",
        "OSLanguage": language.code,
        "OSType": 18,
        "ProductType": product_type,
        "Status": "OK",
        "SystemDirectory": "C:\\WINDOWS\\system32",
        "Version": version,
        "WindowsDirectory": "C:\\WINDOWS",
    }


def ping_row(machine: Machine, address: str, timeout_ms: int) -> Row:
    """One echo request to an IPv4 address. It resolves the neighbour, as the real one does."""
    result = machine.ping(address)
    return {
        "Address": address,
        "BufferSize": 32,
        "NoFragmentation": False,
        "PrimaryAddressResolutionStatus": 0,
        "ProtocolAddress": address if result == "answered" else "",
        "ProtocolAddressResolved": "",
        "RecordRoute": 0,
        "ReplyInconsistency": False,
        "ReplySize": 32 if result == "answered" else 0,
        "ResolveAddressNames": False,
        "ResponseTime": 1 if result == "answered" else 0,
        "ResponseTimeToLive": 64 if result == "answered" else 0,
        "SourceRoute": "",
        "SourceRouteType": 0,
        "StatusCode": ICMP_CODES[result],
        "Timeout": timeout_ms,
        "TimestampRoute": 0,
        "TimeToLive": 80,
        "TypeofService": 0,
    }


def _pings(machine: Machine, condition: Condition | None) -> Iterator[Row]:
    """A query has to say ``Address = '...'``; the provider has nothing to enumerate otherwise."""
    wanted = {} if condition is None else equalities(condition)
    address = wanted.get("address")
    if not isinstance(address, str):
        raise CimError("provider_failure", "Win32_PingStatus needs an Address to ask")
    timeout = wanted.get("timeout", PING_TIMEOUT_MS)
    yield ping_row(machine, address, int(timeout))


def get_ping(machine: Machine, selectors: Mapping[str, str], cim_class: CimClass) -> Row:
    """Get of Win32_PingStatus: Address is needed, the other keys have defaults."""
    known = {key.casefold(): key for key in cim_class.keys}
    for name in selectors:
        if name.casefold() not in known:
            raise CimError("invalid_selectors", f"{name} is not a key of Win32_PingStatus")
    given = {name.casefold(): value for name, value in selectors.items()}
    if "address" not in given:
        raise CimError("insufficient_selectors", "Win32_PingStatus needs the key Address")
    timeout = given.get("timeout", str(PING_TIMEOUT_MS))
    if not timeout.isdecimal():
        raise CimError("invalid_selectors", f"Timeout {timeout!r} is not a number")
    return ping_row(machine, given["address"], int(timeout))


def _udp_counters(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    counters = machine.udp
    ticks = int((machine.clock.now - machine.booted_at).total_seconds() * 10_000_000)
    yield {
        "DatagramsNoPortPersec": counters.no_port,
        "DatagramsPersec": (counters.received + counters.sent) % 2**32,
        "DatagramsReceivedErrors": counters.errors,
        "DatagramsReceivedPersec": counters.received,
        "DatagramsSentPersec": counters.sent,
        "Frequency_Object": 0,
        "Frequency_PerfTime": 10_000_000,
        "Frequency_Sys100NS": 10_000_000,
        "Timestamp_Object": 0,
        "Timestamp_PerfTime": ticks,
        "Timestamp_Sys100NS": ticks,
        "Name": "",
    }


def _configurations(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """The IPv4 configuration of adapters, with the lease of those that use DHCP."""
    for adapter in machine.adapters:
        if adapter.spec is None or not adapter.interfaces:
            continue
        leased = adapter.spec.origin == "dhcp"
        addresses = tuple(dict.fromkeys((*adapter.interfaces, *adapter.further))) if adapter.connected else ()
        yield {
            "Caption": f"[{adapter.class_index:08d}] {adapter.description}",
            "Description": adapter.description,
            "SettingID": adapter.guid,
            "Index": adapter.class_index,
            "InterfaceIndex": adapter.index,
            "IPEnabled": adapter.connected,
            "IPAddress": [str(interface.ip) for interface in addresses],
            "IPSubnet": [str(interface.netmask) for interface in addresses],
            "DefaultIPGateway": [str(adapter.gateway)] if adapter.gateway is not None and adapter.connected else [],
            "DHCPEnabled": leased,
            "DHCPServer": gateway_address(adapter.spec.network)
            if leased and adapter.spec.network is not None
            else None,
            "DHCPLeaseObtained": machine.booted_at if leased else None,
            "DHCPLeaseExpires": machine.booted_at + LEASE if leased else None,
            "DNSHostName": machine.host.name,
            "MACAddress": ":".join(adapter.mac[place : place + 2] for place in range(0, 12, 2)) or None,
            "ServiceName": adapter.model.service,
        }


PING_STATUS: Final = declare(
    "Win32_PingStatus",
    "Address BufferSize NoFragmentation PrimaryAddressResolutionStatus ProtocolAddress ProtocolAddressResolved"
    " RecordRoute ReplyInconsistency ReplySize ResolveAddressNames ResponseTime ResponseTimeToLive RouteRecord[]"
    " RouteRecordResolved[] SourceRoute SourceRouteType StatusCode Timeout TimeStampRecord[]"
    " TimeStampRecordAddress[] TimeStampRecordAddressResolved[] TimestampRoute TimeToLive TypeofService",
    "Address BufferSize NoFragmentation RecordRoute ResolveAddressNames SourceRoute SourceRouteType Timeout"
    " TimestampRoute TimeToLive TypeofService",
    _pings,
    namespaces=(CIMV2,),
    provider="wmi",
    get_needs_all_keys=False,
)

CLASSES: tuple[CimClass, ...] = (
    declare(
        "Win32_OperatingSystem",
        "BootDevice BuildNumber BuildType Caption CodeSet CountryCode CreationClassName CSCreationClassName CSDVersion"
        " CSName CurrentTimeZone Description Distributed FreePhysicalMemory InstallDate LastBootUpTime LocalDateTime"
        " Locale Manufacturer MUILanguages[] Name NumberOfProcesses OSArchitecture OSLanguage OSType ProductType"
        " SerialNumber Status SystemDirectory TotalVisibleMemorySize Version WindowsDirectory",
        "Name",
        _operating_system,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
    PING_STATUS,
    declare(
        "Win32_NetworkAdapterConfiguration",
        "Caption Description SettingID ArpAlwaysSourceRoute ArpUseEtherSNAP DatabasePath DeadGWDetectEnabled"
        " DefaultIPGateway[] DefaultTOS DefaultTTL DHCPEnabled DHCPLeaseExpires DHCPLeaseObtained DHCPServer DNSDomain"
        " DNSDomainSuffixSearchOrder[] DNSEnabledForWINSResolution DNSHostName DNSServerSearchOrder[]"
        " DomainDNSRegistrationEnabled FullDNSRegistrationEnabled GatewayCostMetric[] Index InterfaceIndex IPAddress[]"
        " IPConnectionMetric IPEnabled IPFilterSecurityEnabled IPSubnet[] MACAddress MTU ServiceName"
        " TcpipNetbiosOptions",
        "Index",
        _configurations,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
    declare(
        "Win32_PerfRawData_Tcpip_UDPv4",
        "Caption DatagramsNoPortPersec DatagramsPersec DatagramsReceivedErrors DatagramsReceivedPersec"
        " DatagramsSentPersec Description Frequency_Object Frequency_PerfTime Frequency_Sys100NS Name Timestamp_Object"
        " Timestamp_PerfTime Timestamp_Sys100NS",
        "Name",
        _udp_counters,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
)
