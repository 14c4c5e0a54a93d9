# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a machine does for others over its network: services, iSCSI sessions, virtual machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tests.lab.adapters import host_guid
from tests.lab.cim.classes import CIMV2, CimClass, declare
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

STORAGE: Final = "root/microsoft/windows/storage"
VIRTUALIZATION: Final = "root/virtualization/v2"
_ENABLED: Final = 2
_DISABLED: Final = 3
_VIRTUAL_MACHINE: Final = {
    "de": "Virtueller Computer",
    "fr": "Ordinateur virtuel",
    "it": "Macchina virtuale",
    "ja": "仮想マシン",
    "zh": "虚拟机",
}


def has_hyper_v(machine: Machine) -> bool:
    """Whether the role is installed; without it its namespace is not there."""
    return machine.has_switch or bool(machine.host.system.virtual_machines)


def _services(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """Services by name, display name, start mode and whether they run; those of roles only where the role is."""
    system = machine.host.system
    listed = [
        ("Dhcp", "DHCP Client", "Auto", True),
        (
            "dot3svc",
            "Wired AutoConfig",
            "Auto" if system.wired_authentication else "Manual",
            system.wired_authentication,
        ),
        ("MSiSCSI", "Microsoft iSCSI Initiator Service", "Manual", bool(system.iscsi_sessions)),
        ("Schedule", "Task Scheduler", "Auto", machine.host.kind.tasks.register_task != "service_stopped"),
        ("WinRM", "Windows Remote Management (WS-Management)", "Auto", True),
    ]
    if system.cluster != "none":
        listed.append(("ClusSvc", "Cluster Service", "Auto", system.cluster == "running"))
    if has_hyper_v(machine):
        listed.append(("vmms", "Hyper-V Virtual Machine Management", "Auto", True))
    for name, display, start, runs in listed:
        yield {
            "AcceptPause": False,
            "AcceptStop": runs,
            "Caption": display,
            "CreationClassName": "Win32_Service",
            "DesktopInteract": False,
            "DisplayName": display,
            "ErrorControl": "Normal",
            "ExitCode": 0 if runs else 1077,
            "Name": name,
            "PathName": "C:\\WINDOWS\\system32\\svchost.exe -k netsvcs -p",
            "ProcessId": 1000 if runs else 0,
            "ServiceType": "Share Process",
            "Started": runs,
            "StartMode": start,
            "StartName": "LocalSystem",
            "State": "Running" if runs else "Stopped",
            "Status": "OK",
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": machine.host.name.upper()[:15],
        }


def _iscsi_sessions(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for number, session in enumerate(machine.host.system.iscsi_sessions, 1):
        via = next((one for one in machine.adapters if one.name == session.via), None)
        portal = str(via.interfaces[0].ip) if via is not None and via.interfaces else "0.0.0.0"
        yield {
            "AuthenticationType": "NONE",
            "InitiatorInstanceName": "ROOT\\ISCSIPRT\\0000_0",
            "InitiatorNodeAddress": f"iqn.1991-05.com.microsoft:{machine.host.name.lower()}",
            "InitiatorPortalAddress": portal,
            "InitiatorSideIdentifier": "400001370000",
            "IsConnected": True,
            "IsDataDigest": False,
            "IsDiscovered": True,
            "IsHeaderDigest": False,
            "IsPersistent": True,
            "NumberOfConnections": 1,
            "SessionIdentifier": f"ffff{machine.number:04x}00000000-4000013700000{number:03x}",
            "TargetNodeAddress": session.target,
            "TargetSideIdentifier": f"{number:04x}",
        }


def _computer_systems(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """The host itself first, then its virtual machines. Captions are in the host's language."""
    yield {
        "Caption": "Hosting Computer System",
        "CreationClassName": "Msvm_ComputerSystem",
        "ElementName": machine.host.name.upper(),
        "EnabledState": _ENABLED,
        "HealthState": 5,
        "Name": machine.host.name.upper(),
        "OperationalStatus": [2],
    }
    for number, guest in enumerate(machine.host.system.virtual_machines):
        yield {
            "Caption": _VIRTUAL_MACHINE.get(machine.host.language, "Virtual Machine"),
            "CreationClassName": "Msvm_ComputerSystem",
            "ElementName": guest.name,
            "EnabledState": _ENABLED if guest.running else _DISABLED,
            "HealthState": 5,
            "InstallDate": machine.booted_at,
            "Name": host_guid(machine.host, f"virtual machine {number}").strip("{}"),
            "NumberOfNumaNodes": 1,
            "OnTimeInMilliseconds": 86_400_000 if guest.running else 0,
            "OperationalStatus": [2],
            "ProcessID": 4000 + number if guest.running else None,
            "TimeOfLastStateChange": machine.booted_at,
        }


CLASSES: tuple[CimClass, ...] = (
    declare(
        "Win32_Service",
        "AcceptPause AcceptStop Caption CheckPoint CreationClassName DelayedAutoStart Description DesktopInteract"
        " DisplayName ErrorControl ExitCode InstallDate Name PathName ProcessId ServiceSpecificExitCode ServiceType"
        " Started StartMode StartName State Status SystemCreationClassName SystemName TagId WaitHint",
        "Name",
        _services,
        namespaces=(CIMV2,),
        provider="wmi",
    ),
    declare(
        "MSFT_iSCSISession",
        "AuthenticationType InitiatorInstanceName InitiatorNodeAddress InitiatorPortalAddress InitiatorSideIdentifier"
        " IsConnected IsDataDigest IsDiscovered IsHeaderDigest IsPersistent NumberOfConnections SessionIdentifier"
        " TargetNodeAddress TargetSideIdentifier",
        "SessionIdentifier",
        _iscsi_sessions,
        namespaces=(STORAGE,),
    ),
    declare(
        "Msvm_ComputerSystem",
        "AvailableRequestedStates[] Caption CommunicationStatus CreationClassName Description DetailedStatus"
        " ElementName EnabledState HealthState IdentifyingDescriptions[] InstallDate InstanceID Name NameFormat"
        " NumberOfNumaNodes OnTimeInMilliseconds OperatingStatus OperationalStatus[] ProcessID ReplicationHealth"
        " RequestedState Status StatusDescriptions[] TimeOfLastStateChange",
        "CreationClassName Name",
        _computer_systems,
        namespaces=(VIRTUALIZATION,),
        provider="wmi",
        present=has_hyper_v,
    ),
)
