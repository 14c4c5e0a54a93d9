# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Classes that a diagnosis looks at: UDP endpoints, drivers, processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tests.lab.cim.classes import CIMV2, CimClass, declare
from tests.lab.cim.tcpip import ACCESS_POINT_KEYS, ELEMENT
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition
from tests.lab.npcap import DISPLAY_NAME as NPCAP_NAME
from tests.lab.npcap import DRIVER_PATH as NPCAP_PATH

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

_USUAL_ENDPOINTS: Final = ((500, "svchost.exe"), (4500, "svchost.exe"), (5353, "svchost.exe"), (5355, "svchost.exe"))
_USUAL_PROCESSES: Final = ("System Idle Process", "System", "smss.exe", "svchost.exe", "lsass.exe", "wsmprovhost.exe")


def process_ids(machine: Machine) -> dict[str, int]:
    """The processes of a machine with their numbers."""
    names = dict.fromkeys((*_USUAL_PROCESSES, *(one.process for one in machine.host.system.udp_endpoints)))
    return {name: 4 * place * (1 + machine.number % 7) for place, name in enumerate(names)}


def _udp_endpoints(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    processes = process_ids(machine)
    for port, process in _USUAL_ENDPOINTS:
        yield _udp_endpoint(machine, "0.0.0.0", port, processes[process])
        yield _udp_endpoint(machine, "::", port, processes[process])
    for adapter in machine.adapters:
        # NetBIOS over TCP/IP has one address of an adapter, the first.
        for interface in adapter.interfaces[:1]:
            for port in (137, 138):
                yield _udp_endpoint(machine, str(interface.ip), port, processes["System"])
    for endpoint in machine.host.system.udp_endpoints:
        yield _udp_endpoint(machine, endpoint.address, endpoint.port, processes[endpoint.process])
    for address, port in machine.stack.sockets:
        yield _udp_endpoint(machine, address, port, processes["wsmprovhost.exe"])


def _udp_endpoint(machine: Machine, address: str, port: int, process: int) -> Row:
    return {
        "InstanceID": f"{address}++{port}++{process}",
        "Name": f"{address}++{port}",
        "CreationClassName": "",
        "SystemCreationClassName": "",
        "SystemName": "",
        "CreationTime": machine.booted_at,
        "LocalAddress": address,
        "LocalPort": port,
        "OwningProcess": process,
    }


def _drivers(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """Kernel drivers: those of the adapters, of the network stack, and of Npcap."""
    listed = {
        "Tcpip": ("TCP/IP Protocol Driver", "C:\\WINDOWS\\system32\\drivers\\tcpip.sys", True),
        "Psched": ("QoS Packet Scheduler", "C:\\WINDOWS\\system32\\drivers\\pacer.sys", True),
        "WFPLWFS": ("Microsoft Windows Filtering Platform", "C:\\WINDOWS\\system32\\drivers\\wfplwfs.sys", True),
    }
    for adapter in machine.adapters:
        path = f"C:\\WINDOWS\\system32\\drivers\\{adapter.driver_file}"
        listed[adapter.model.service] = (adapter.model.description, path, adapter.state == "started")
    npcap = machine.host.system.npcap
    if npcap is not None:
        listed["npcap"] = (NPCAP_NAME, NPCAP_PATH, npcap.runs)
    for name, (display, path, runs) in listed.items():
        yield {
            "AcceptPause": False,
            "AcceptStop": runs,
            "Caption": display,
            "CreationClassName": "Win32_SystemDriver",
            "Description": display,
            "DesktopInteract": False,
            "DisplayName": display,
            "ErrorControl": "Normal",
            "ExitCode": 0 if runs else 1077,
            "Name": name,
            "PathName": path,
            "ServiceType": "Kernel Driver",
            "Started": runs,
            "StartMode": "System" if name == "npcap" else "Manual",
            "StartName": "",
            "State": "Running" if runs else "Stopped",
            "Status": "OK",
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": machine.host.name.upper()[:15],
        }


def _processes(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for name, number in process_ids(machine).items():
        yield {
            "Caption": name,
            "CreationClassName": "Win32_Process",
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": machine.host.name.upper()[:15],
            "Description": name,
            "ExecutablePath": f"C:\\WINDOWS\\system32\\{name}" if number > 4 else None,
            "Handle": str(number),
            "Name": name,
            "ProcessId": number,
        }


CLASSES: tuple[CimClass, ...] = (
    declare(
        "MSFT_NetUDPEndpoint",
        ELEMENT + " NameFormat OtherTypeDescription ProtocolIFType ProtocolType AggregationBehavior CreationTime"
        " LocalAddress LocalPort OwningProcess",
        ACCESS_POINT_KEYS,
        _udp_endpoints,
    ),
    declare(
        "Win32_SystemDriver",
        "AcceptPause AcceptStop Caption CreationClassName Description DesktopInteract DisplayName ErrorControl ExitCode"
        " InstallDate Name PathName ServiceSpecificExitCode ServiceType Started StartMode StartName State Status"
        " SystemCreationClassName SystemName TagId",
        "Name",
        _drivers,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
    declare(
        "Win32_Process",
        "Caption CommandLine CreationClassName CreationDate CSCreationClassName CSName Description ExecutablePath"
        " Handle HandleCount Name OSCreationClassName OSName ParentProcessId ProcessId SessionId ThreadCount"
        " WindowsVersion",
        "Handle",
        _processes,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
)
