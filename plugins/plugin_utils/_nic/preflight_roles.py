# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a host does for others, or with others, over an adapter: cluster, disks over iSCSI, virtual machines, 802.1X.

Services, sessions and virtual machines: Win32_Service, MSFT_iSCSISession and Msvm_ComputerSystem, Win32 documentation.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import NAMESPACE, ipv4
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import (
    LONGEST_NAME,
    MOST_SHOWN,
    Finding,
    Restart,
    Risk,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_access import ESTABLISHED
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import Rows, TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import MemberKind
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

ISCSI_INITIATOR: Final = "msiscsi"
"""Name of the service without which there are no iSCSI sessions, in lower case."""

_CIMV2: Final = "root/cimv2"
_STORAGE: Final = "root/microsoft/windows/storage"
_VIRTUALIZATION: Final = "root/virtualization/v2"

_CLUSTER: Final = "clussvc"
_WIRED_AUTHENTICATION: Final = "dot3svc"
_SERVICES: Final = "Name = 'ClusSvc' OR Name = 'dot3svc' OR Name = 'MSiSCSI'"
_ISCSI_PORT: Final = 3260

_GUID: Final = re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_NOT_RUNNING: Final = frozenset({3, 6, 9})
"""EnabledState of virtual machines that are off, saved or paused."""

_NO_ADDRESS: Final = "0.0.0.0"  # noqa: S104  # what a session has that leaves the address to Windows


def read_services(reader: TolerantReader) -> Rows[str]:
    """Names, in lower case, of the services that run among those that matter here."""

    def read(row: Instance) -> str | None:
        return (row.text("Name") or "").casefold() if row.boolean("Started") is True else None

    return reader.rows("services", _CIMV2, "Win32_Service", read, where=_SERVICES)


def find_services(restarts: Iterable[Restart], services: Collection[str]) -> list[Finding]:
    """The findings ``cluster_service`` and ``wired_authentication``: of every adapter, where the service runs."""
    found = []
    for restart in restarts:
        if _CLUSTER in services:
            found.append(
                restart.finding(
                    Risk.CLUSTER_SERVICE,
                    "The host is a node of a failover cluster, which may take the outage for the failure of a network"
                    " or of the node, and move roles; drain the node first.",
                    service="ClusSvc",
                )
            )
        if _WIRED_AUTHENTICATION in services:
            found.append(
                restart.finding(
                    Risk.WIRED_AUTHENTICATION,
                    "The service for 802.1X on wired networks runs: if the switch port asks for it, the port stays"
                    " closed until the host has authenticated anew, and for good where its certificate or account is"
                    " not valid any more.",
                    service="dot3svc",
                )
            )
    return found


def find_iscsi_sessions(reader: TolerantReader, reading: HostReading, restarts: Sequence[Restart]) -> list[Finding]:
    """The findings ``iscsi_session``: a session belongs to the adapter below the address that it comes from."""

    def read(row: Instance) -> tuple[str, str | None] | None:
        if row.boolean("IsConnected") is False:
            return None
        address = ipv4(row.text("InitiatorPortalAddress"))
        target = one_line(row.text("TargetNodeAddress") or "", LONGEST_NAME)
        return target, None if address == _NO_ADDRESS else address

    sessions = reader.rows("iSCSI sessions", _STORAGE, "MSFT_iSCSISession", read, absence_is_none=True).items
    # A session may leave the choice of its address to Windows; then only its connection shows which it is.
    shown = _read_iscsi_addresses(reader) if any(address is None for _target, address in sessions) else frozenset()
    owners = {row.address: row.interface_index for row in reading.addresses}
    used: list[tuple[str, set[int]]] = [
        (target, {owners[each] for each in (shown if address is None else {address}) if each in owners})
        for target, address in sessions
    ]
    found = []
    for restart in restarts:
        here = {target for target, interfaces in used if interfaces & restart.interfaces}
        maybe = {target for target, interfaces in used if not interfaces} if restart.adapter.up else set()
        if here or maybe:
            count = len(here | maybe)
            found.append(
                restart.finding(
                    Risk.ISCSI_SESSION,
                    f"{count} iSCSI target{'s are' if count > 1 else ' is'} reached"
                    f" {'over' if here else 'maybe over'} this adapter: disks hang while it is away, and fail when that"
                    " takes longer than the initiator waits.",
                    targets=sorted(here | maybe)[:MOST_SHOWN],
                    over_this_adapter=bool(here) or None,
                )
            )
    return found


def _read_iscsi_addresses(reader: TolerantReader) -> frozenset[str]:
    """The host's own addresses of connections to the iSCSI port."""

    def read(row: Instance) -> str | None:
        return ipv4(row.text("LocalAddress"))

    where = f"RemotePort = {_ISCSI_PORT} AND State = {ESTABLISHED}"
    return frozenset(reader.rows("TCP connections", NAMESPACE, "MSFT_NetTCPConnection", read, where=where).items)


def find_virtual_machines(reader: TolerantReader, reading: HostReading, restarts: Sequence[Restart]) -> list[Finding]:
    """The findings ``running_virtual_machines``, of adapters that feed a virtual switch.

    Which of several switches a machine is connected to is not looked at.
    """
    feeding = {
        restart.adapter.guid: one_line(membership.of, LONGEST_NAME)
        for restart in restarts
        if (membership := reading.topology.membership(restart.adapter)) is not None
        and membership.kind in (MemberKind.VIRTUAL_SWITCH, MemberKind.EMBEDDED_TEAM)
    }
    if not feeding:
        return []

    def read(row: Instance) -> str | None:
        # The host is a row too; the Name of a virtual machine is a GUID, and captions are translated.
        if not _GUID.fullmatch(row.text("Name") or "") or row.integer("EnabledState") in _NOT_RUNNING:
            return None
        return one_line(row.text("ElementName") or "", LONGEST_NAME) or "unnamed"

    rows = reader.rows("virtual machines", _VIRTUALIZATION, "Msvm_ComputerSystem", read, absence_is_none=True)
    running = sorted(rows.items)
    if not running:
        return []
    return [
        restart.finding(
            Risk.RUNNING_VIRTUAL_MACHINES,
            f"{len(running)} virtual machine{'s run' if len(running) > 1 else ' runs'} on the host, and the adapter"
            f" feeds {feeding[restart.adapter.guid]}: whatever is connected to it loses the network meanwhile.",
            virtual_machines=running[:MOST_SHOWN],
            count=len(running),
            switch=feeding[restart.adapter.guid],
        )
        for restart in restarts
        if restart.adapter.guid in feeding
    ]
