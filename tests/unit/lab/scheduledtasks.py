# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions for tests, and the calls of the task scheduler's CIM classes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from tests.lab.cim.scheduler import NAMESPACE
from tests.lab.cim.values import CimError, CimInstance, Value
from tests.lab.cimfaults import cim_fault
from tests.lab.machine import Machine
from tests.lab.resources import CimResource
from tests.unit.lab.machines import NOON

KEYWORD = "*UDPChecksumOffloadIPv4"
SYSTEM = "<UserId>S-1-5-18</UserId>"
ON_MAINS = "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
Result = TypeVar("Result")


def run(scenario: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(scenario)


def at(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_trigger(start: float, end: float | None = 60, every: int | None = 1) -> str:
    """A trigger so many minutes after noon."""
    ends = "" if end is None else f"<EndBoundary>{at(end)}</EndBoundary>"
    repeats = "" if every is None else f"<Repetition><Interval>PT{every}M</Interval></Repetition>"
    return f"<TimeTrigger><StartBoundary>{at(start)}</StartBoundary>{ends}{repeats}</TimeTrigger>"


def actions(*lines: str) -> str:
    texts = [line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split(" ", 1) for line in lines]
    return "".join(
        f"<Exec><Command>{command}</Command><Arguments>{arguments}</Arguments></Exec>" for command, arguments in texts
    )


PING = actions("ping.exe -n 1 127.0.0.1")


def task_xml(triggers: str = "", settings: str = ON_MAINS, *, acts: str = PING, principal: str = SYSTEM) -> str:
    who = f"<Principals><Principal>{principal}</Principal></Principals>" if principal else ""
    return (
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">'
        "<RegistrationInfo><Description>a test</Description></RegistrationInfo>"
        f"<Triggers>{triggers}</Triggers>{who}<Settings>{settings}</Settings><Actions>{acts}</Actions></Task>"
    )


async def call(machine: Machine, method: str, **arguments: str) -> dict[str, Value]:
    return await machine.invoke(NAMESPACE, "PS_ScheduledTask", method, arguments, {})


async def register(machine: Machine, xml: str, name: str = "guard", **arguments: str) -> dict[str, Value]:
    return await call(machine, "RegisterByXml", **({"Force": "false", "Xml": xml, "TaskName": name} | arguments))


def listed(machine: Machine, name: str = "guard") -> CimInstance | None:
    found = machine.enumerate(NAMESPACE, "MSFT_ScheduledTask", f"TaskName = '{name}'")
    return found[0] if found else None


def delete(machine: Machine, name: str = "guard", path: str = "\\") -> None:
    machine.delete(NAMESPACE, "MSFT_ScheduledTask", {"TaskName": name, "TaskPath": path})


async def info(machine: Machine, name: str = "guard") -> dict[str, Value]:
    output = (await call(machine, "GetInfoByName", TaskName=name, TaskPath="\\"))["cmdletOutput"]
    assert isinstance(output, CimInstance)
    return output.properties


def code_of(error: CimError) -> int:
    """The HRESULT that a client sees."""
    resource = CimResource(NAMESPACE, "PS_ScheduledTask", False, {})
    fault = cim_fault(error, resource, "ExecMethod", "PS_ScheduledTask")
    assert fault.wmi_error is not None
    assert fault.wmi_error.code == fault.code
    return fault.code


def status_of(error: CimError) -> int:
    fault = cim_fault(error, CimResource(NAMESPACE, "PS_ScheduledTask", False, {}), "ExecMethod", "PS_ScheduledTask")
    assert fault.wmi_error is not None
    return fault.wmi_error.cim_status


def started_at(machine: Machine) -> list[float]:
    """When runs began, in minutes after noon."""
    return [(one.started - NOON).total_seconds() / 60 for _task, one in machine.tasks.runs]


def journal(machine: Machine, what: str) -> list[str]:
    return [entry.detail for entry in machine.journal if entry.what == what]
