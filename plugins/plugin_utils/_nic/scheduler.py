# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The Task Scheduler of a Windows host: tasks in its root folder, registered from XML.

PS_ScheduledTask has static methods (MOF of Windows Server 2019, as the ScheduledTasks module calls them) and none that
deletes; a task is deleted as an instance of MSFT_ScheduledTask, whose keys are TaskName and TaskPath. Refusals are
HRESULTs of winerror.h and of [MS-TSCH] 2.3.14.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

NAMESPACE: Final = "root/Microsoft/Windows/TaskScheduler"
ROOT: Final = "\\"
"""Folder of every task here. A folder of one's own would stay behind, since deleting a task leaves it."""

_METHODS: Final = "PS_ScheduledTask"
_TASK: Final = "MSFT_ScheduledTask"
_STATES: Final[Mapping[int, str]] = {1: "disabled", 2: "queued", 3: "ready", 4: "running"}
_LONGEST_DEFINITION: Final = 65_536
"""Characters of a definition that are looked at: a host may send a lot, and a guard is a few thousand."""

# ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_NOT_FOUND.
_MISSING: Final = frozenset({0x80070002, 0x80070003, 0x80070490})
_EXISTS: Final = frozenset({0x800700B7})
_DENIED: Final = frozenset({5, 0x80070005})
# ERROR_ACCESS_DISABLED_BY_POLICY.
_POLICY: Final = frozenset({0x800704EC})
# SCHED_E_SERVICE_NOT_RUNNING, SCHED_E_SERVICE_NOT_AVAILABLE, ERROR_SERVICE_DISABLED, ERROR_SERVICE_NOT_ACTIVE,
# EPT_S_NOT_REGISTERED, RPC_S_SERVER_UNAVAILABLE.
_NO_SERVICE: Final = frozenset({0x80041315, 0x80041322, 0x80070422, 0x80070426, 0x800706D9, 0x800706BA})
# SCHED_E_UNEXPECTEDNODE, _NAMESPACE, _INVALIDVALUE, _MISSINGNODE, _MALFORMEDXML, _TOO_MANY_NODES.
_XML: Final = frozenset({0x80041316, 0x80041317, 0x80041318, 0x80041319, 0x8004131A, 0x8004131D})


@dataclass(frozen=True, slots=True)
class Task:
    """A registered task. ``state`` is ready, running, disabled, queued or unknown."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class System:
    """A host's operating system: what time it is by its own clock, in UTC, and its build; None where it is not told."""

    now: dt.datetime
    build: int | None


class Scheduler:
    """The scheduler of one host. What changes something is sent once.

    Errors have the codes ``task_exists``, ``task_denied``, ``task_policy``, ``task_service_unavailable``,
    ``task_xml_refused``, ``task_not_found`` and, for everything else, one that names the request:
    ``task_not_registered``, ``task_not_read``, ``task_not_started``, ``task_not_deleted``.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def clock(self) -> dt.datetime:
        """What time it is by the host's own clock, in UTC.

        Raises:
            NicError: ``host_clock_unknown``.
        """
        return self.system().now

    def system(self) -> System:
        """The host's own clock and its build, from one row of Win32_OperatingSystem.

        Raises:
            NicError: ``host_clock_unknown``.
        """
        row = next(iter(self._client.enumerate("root/cimv2", "Win32_OperatingSystem")), None)
        now = row.when("LocalDateTime") if row is not None else None
        if row is None or now is None:
            raise NicError(
                "host_clock_unknown",
                f"Win32_OperatingSystem of {self._client.host}",
                "no LocalDateTime",
                "the time by the host's clock",
                "Look at the host's WMI repository (winmgmt /verifyrepository).",
            )
        build = (row.text("BuildNumber") or "").strip()
        return System(now.astimezone(dt.UTC), int(build) if re.fullmatch("[0-9]{1,9}", build) else None)

    def register(self, name: str, xml: str) -> bool:
        """Register a task, unless there is one of that name.

        Args:
            name: Its name in the root folder.
            xml: Its definition, without an XML declaration: one that names another encoding than UTF-16 is refused.

        Returns:
            Whether the host confirmed it. False means that the answer was lost, or was none: :meth:`definition` tells.
        """
        arguments: dict[str, str | bool] = {"Force": False, "Xml": xml, "TaskPath": ROOT, "TaskName": name}
        return self._call("RegisterByXml", arguments, name, "task_not_registered")

    def find(self, name: str) -> Task | None:
        """The task of that name, None where there is none."""
        try:
            row = self._client.get(NAMESPACE, _TASK, _keys(name))
        except WsmanFault as fault:
            if _is_missing(fault):
                return None
            raise _refusal(fault, name, "task_not_read") from fault
        return Task(name, _STATES.get(row.integer("State") or 0, "unknown"))

    def definition(self, name: str) -> str | None:
        """The definition of a task as the host exports it, None where there is no such task."""
        try:
            output = self._client.invoke(NAMESPACE, _METHODS, "ExportByName", _keys(name), read_only=True)
        except WsmanFault as fault:
            if _is_missing(fault):
                return None
            raise _refusal(fault, name, "task_not_read") from fault
        code = _code(output)
        if code in _MISSING:
            return None
        if code:
            raise _refused(code, f"returned 0x{code:08X}", name, "task_not_read")
        return (output.text("cmdletOutput") or "")[:_LONGEST_DEFINITION]

    def start(self, name: str) -> bool:
        """Start a task now. False where the answer was lost."""
        return self._call("StartByPath", _keys(name), name, "task_not_started")

    def delete(self, name: str) -> bool:
        """Delete a task; what runs of it goes on. Nothing happens where there is none.

        Returns:
            Whether the host confirmed it. Even then only :meth:`find` shows that it is gone.
        """
        try:
            self._client.delete(NAMESPACE, _TASK, _keys(name))
        except (ConnectionLost, WsmanProtocolError):
            self._client.reconnect()
            return False
        except WsmanFault as fault:
            if fault.timed_out:
                return False
            if _is_missing(fault):
                return True
            raise _refusal(fault, name, "task_not_deleted") from fault
        return True

    def _call(self, method: str, arguments: Mapping[str, str | bool], name: str, otherwise: str) -> bool:
        try:
            output = self._client.invoke(NAMESPACE, _METHODS, method, arguments)
        except (ConnectionLost, WsmanProtocolError):
            self._client.reconnect()
            return False
        except WsmanFault as fault:
            if fault.timed_out:
                return False
            raise _refusal(fault, name, otherwise) from fault
        code = _code(output)
        if code:
            raise _refused(code, f"{method} returned 0x{code:08X}", name, otherwise)
        return True


def _keys(name: str) -> dict[str, str]:
    return {"TaskName": name, "TaskPath": ROOT}


def _code(output: Instance) -> int:
    """ReturnValue as an unsigned HRESULT; providers may leave it out where all went well."""
    return (output.integer("ReturnValue") or 0) & 0xFFFFFFFF


def _is_missing(fault: WsmanFault) -> bool:
    return fault.not_found or bool({fault.fault_code, fault.hresult} & _MISSING)


def _refusal(fault: WsmanFault, name: str, otherwise: str) -> NicError:
    """The error for a fault."""
    for code in (fault.hresult, fault.fault_code):
        if code is not None and _kind(code) is not None:
            return _refused(code, fault.seen, name, otherwise)
    if fault.access_denied:
        return _refused(0x80070005, fault.seen, name, otherwise)
    if fault.cim_status == 11:
        return _refused(0x800700B7, fault.seen, name, otherwise)
    if fault.invalid_class:
        return _refused(0x80041322, fault.seen, name, otherwise)
    return _refused(0, fault.seen, name, otherwise)


def _kind(code: int) -> str | None:
    kinds = {
        "task_exists": _EXISTS,
        "task_denied": _DENIED,
        "task_policy": _POLICY,
        "task_service_unavailable": _NO_SERVICE,
        "task_xml_refused": _XML,
        "task_not_found": _MISSING,
    }
    return next((kind for kind, codes in kinds.items() if code in codes), None)


_EXPECTED: Final[Mapping[str, tuple[str, str]]] = {
    "task_exists": ("no task of that name", "Another run may be at work on this host; run the task again later."),
    "task_denied": (
        "an account that may manage tasks of the local system",
        "Use an account of the host's Administrators group, and look whether security software forbids new tasks.",
    ),
    "task_policy": (
        "a host whose policy lets tasks be registered",
        "Look at the group policies and application control of the host.",
    ),
    "task_service_unavailable": (
        "a running Task Scheduler",
        "Start the service Schedule on the host, and find out who stopped it: Windows does not run well without it.",
    ),
    "task_xml_refused": (
        "a Task Scheduler that takes definitions of schema 1.2",
        "Report this with the Windows version: the definition fits Windows Server 2012 and later.",
    ),
    "task_not_found": ("the task", "Run the task again: something on the host may have removed it."),
}


def _refused(code: int, seen: str, name: str, otherwise: str) -> NicError:
    kind = _kind(code) or otherwise
    expected, next_step = _EXPECTED.get(
        kind,
        ("the request to be carried out", "See the event log Microsoft-Windows-TaskScheduler/Operational of the host."),
    )
    return NicError(kind, f"scheduled task {ROOT}{name}", seen, expected, next_step)
