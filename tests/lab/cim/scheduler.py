# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root/Microsoft/Windows/TaskScheduler: the methods of PS_ScheduledTask, and MSFT_ScheduledTask.

Parameters and properties are those of Windows Server 2019. Tasks that run as SYSTEM are there for administrators only.
Of the methods those by name are there; the ones that take or make objects are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.lab import schedulererrors as errors
from tests.lab.cim.classes import CimClass, declare
from tests.lab.cim.values import CimError, CimInstance, ErrorKind, Value
from tests.lab.cim.wql import Condition
from tests.lab.schedulererrors import SchedulerError
from tests.lab.tasks import RunsAs, Task
from tests.lab.taskvalues import ExecAction, Principal, TaskDefinition, Trigger, duration_text
from tests.lab.taskxml import NotSimulated, TaskXmlError, export_task

if TYPE_CHECKING:
    from tests.lab.machine import Machine

NAMESPACE: Final = "root/microsoft/windows/taskscheduler"
STATES: Final = {"disabled": 1, "queued": 2, "ready": 3, "running": 4}
NEVER: Final = datetime(1999, 11, 30, tzinfo=UTC)
NOT_FOUND: Final = 0x80070490

Row = Mapping[str, Value]
Arguments = Mapping[str, str | Sequence[str] | None]

_SYSTEM: Final = frozenset({"s-1-5-18", "system", "nt authority\\system", "localsystem"})
_SERVICES: Final = frozenset(
    {"s-1-5-19", "s-1-5-20", "local service", "network service"}
    | {"nt authority\\localservice", "nt authority\\networkservice", "localservice", "networkservice"}
)
_LOGON_TYPES: Final = {"Password": 1, "S4U": 2, "InteractiveToken": 3, "InteractiveTokenOrPassword": 6}
_SERVICE_ACCOUNT: Final = 5
_POLICIES: Final = {"Parallel": 0, "Queue": 1, "IgnoreNew": 2, "StopExisting": 3}
_KINDS: Final[dict[int, ErrorKind]] = {
    errors.ACCESS_DENIED: "access_denied",
    errors.ALREADY_EXISTS: "already_exists",
    errors.FILE_NOT_FOUND: "not_found",
}
_BUILT_IN: Final = (
    ("\\Microsoft\\Windows\\Time Synchronization\\", "SynchronizeTime", "Microsoft Corporation"),
    ("\\Microsoft\\Windows\\Defrag\\", "ScheduledDefrag", "Microsoft Corporation"),
)
_BY_NAME: Final = ("TaskName", "TaskPath")
_PARAMETERS: Final = {
    "RegisterByXml": ("Force", "Xml", "Password", "User", "TaskPath", "TaskName"),
    "GetInfoByName": _BY_NAME,
    "ExportByName": _BY_NAME,
    "StartByPath": _BY_NAME,
    "StopByPath": _BY_NAME,
    "EnableByName": _BY_NAME,
    "DisableByName": _BY_NAME,
}


def call(machine: Machine, method: str, arguments: Arguments, selectors: Mapping[str, str]) -> dict[str, Value]:
    """Call a method of PS_ScheduledTask.

    Raises:
        CimError: no such method, wrong parameters, or the scheduler refuses.
    """
    if selectors:
        raise CimError("invalid_selectors", "PS_ScheduledTask has static methods only", "mi")
    known = {name.casefold(): name for name in _PARAMETERS}
    name = known.get(method.casefold())
    if name is None:
        raise CimError("method_not_found", f"PS_ScheduledTask has no method {method}", "mi")
    given = _given(arguments, _PARAMETERS[name])
    try:
        if name == "RegisterByXml":
            return _register(machine, given)
        return _METHODS[name](machine, _visible(machine, given))
    except SchedulerError as error:
        raise _cim_error(error) from error


def delete(machine: Machine, instance: CimInstance) -> None:
    """Delete a MSFT_ScheduledTask.

    Raises:
        CimError: it can't be deleted.
    """
    try:
        task = machine.tasks.get(str(instance.properties["TaskPath"]), str(instance.properties["TaskName"]))
        machine.tasks.delete(task)
    except SchedulerError as error:
        kept = SchedulerError(errors.ACCESS_DENIED) if error.code == errors.FILE_NOT_FOUND else error
        raise _cim_error(kept) from error


def _cim_error(error: SchedulerError) -> CimError:
    return CimError(_KINDS.get(error.code, "failed"), str(error), "mi", error.code)


def _given(arguments: Arguments, names: Sequence[str]) -> dict[str, str]:
    """The arguments that are not null, by their declared names."""
    known = {name.casefold(): name for name in names}
    given: dict[str, str] = {}
    for name, value in arguments.items():
        if name.casefold() not in known:
            raise CimError("invalid_parameter", f"there is no parameter {name}", "mi")
        if value is not None and not isinstance(value, str):
            raise CimError("invalid_parameter", f"{name} is one text, not a list", "mi")
        if value is not None:
            given[known[name.casefold()]] = value
    return given


def _register(machine: Machine, given: Mapping[str, str]) -> dict[str, Value]:
    if "Xml" not in given:
        raise CimError("invalid_parameter", "RegisterByXml needs the parameter Xml", "mi")
    force = given.get("Force", "false").casefold()
    if force not in ("true", "false", "1", "0"):
        raise CimError("invalid_parameter", f"Force is {force}, which is no boolean", "mi")

    def account(definition: TaskDefinition) -> RunsAs:
        return _account(machine, definition.principal, given.get("User"), given.get("Password"))

    try:
        task = machine.tasks.register(
            given["Xml"], given.get("TaskPath", "\\"), given.get("TaskName", ""), account, force=force in ("true", "1")
        )
    except TaskXmlError as error:
        raise CimError("failed", str(error), "mi", error.code) from error
    except NotSimulated as error:
        raise CimError("not_supported", str(error), "mi") from error
    return {"cmdletOutput": _instance(machine, task), "ReturnValue": 0}


def _account(machine: Machine, principal: Principal, user: str | None, password: str | None) -> RunsAs:
    """Who a task runs as. Without a user it is for whoever registers it, while logged on."""
    host = machine.host
    if not host.account.write:
        raise SchedulerError(errors.ACCESS_DENIED)
    name = (user or principal.user or "").casefold()
    if name in _SYSTEM:
        return RunsAs(elevated=True)
    if name in _SERVICES:
        return RunsAs(elevated=False)
    if principal.group is not None or not name:
        return RunsAs(elevated=False, interactive_only=True)
    if name.rsplit("\\", 1)[-1] != host.account.user.casefold():
        raise SchedulerError(errors.NO_SUCH_ACCOUNT)
    elevated = principal.run_level == "HighestAvailable"
    if password is None and principal.logon_type != "S4U":
        if principal.logon_type == "Password":
            raise SchedulerError(errors.LOGON_FAILED)
        return RunsAs(elevated, interactive_only=True)
    if password is not None and password != host.account.password:
        raise SchedulerError(errors.LOGON_FAILED)
    return RunsAs(elevated)


def _visible(machine: Machine, given: Mapping[str, str]) -> Task:
    task = machine.tasks.get(given.get("TaskPath", "\\"), given.get("TaskName", ""))
    if not machine.host.account.write:
        raise SchedulerError(errors.FILE_NOT_FOUND)
    return task


def _get_info(machine: Machine, task: Task) -> dict[str, Value]:
    next_run = machine.tasks.next_run(task)
    info: dict[str, Value] = {
        "LastRunTime": task.last_run or NEVER,
        "LastTaskResult": task.last_result,
        "NextRunTime": next_run,
        "NumberOfMissedRuns": task.missed_runs,
        "TaskName": task.name,
        "TaskPath": task.path,
    }
    keys = {"TaskName": task.name, "TaskPath": task.path}
    output = CimInstance("MSFT_TaskDynamicInfo", NAMESPACE, info, keys=keys)
    return {"cmdletOutput": output, "ReturnValue": 0}


def _export(_unused: Machine, task: Task) -> dict[str, Value]:
    return {"cmdletOutput": export_task(task.tree, task.full_name), "ReturnValue": 0}


def _start(machine: Machine, task: Task) -> dict[str, Value]:
    machine.tasks.start(task)
    return {"ReturnValue": 0}


def _stop(machine: Machine, task: Task) -> dict[str, Value]:
    machine.tasks.stop(task)
    return {"ReturnValue": 0}


def _enable(machine: Machine, task: Task) -> dict[str, Value]:
    machine.tasks.enable(task, True)
    return {"cmdletOutput": _instance(machine, task), "ReturnValue": 0}


def _disable(machine: Machine, task: Task) -> dict[str, Value]:
    machine.tasks.enable(task, False)
    return {"cmdletOutput": _instance(machine, task), "ReturnValue": 0}


_METHODS: Final[Mapping[str, Callable[[Machine, Task], dict[str, Value]]]] = {
    "GetInfoByName": _get_info,
    "ExportByName": _export,
    "StartByPath": _start,
    "StopByPath": _stop,
    "EnableByName": _enable,
    "DisableByName": _disable,
}


def _tasks(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for path, name, author in _BUILT_IN:
        yield {"Author": author, "State": STATES["ready"], "TaskName": name, "TaskPath": path, "URI": f"{path}{name}"}
    if machine.host.account.write:
        for task in machine.tasks.tasks:
            yield _row(task)


def _row(task: Task) -> dict[str, Value]:
    definition, texts = task.definition, task.definition.registration
    return {
        "Actions": [_action(action) for action in definition.actions],
        "Author": texts.get("Author"),
        "Date": texts.get("Date"),
        "Description": texts.get("Description"),
        "Documentation": texts.get("Documentation"),
        "Principal": _principal(definition.principal),
        "SecurityDescriptor": texts.get("SecurityDescriptor"),
        "Settings": _settings(task),
        "Source": texts.get("Source"),
        "State": STATES[task.state],
        "TaskName": task.name,
        "TaskPath": task.path,
        "Triggers": [_trigger(trigger) for trigger in definition.triggers] or None,
        "URI": task.full_name,
        "Version": texts.get("Version"),
    }


def _instance(machine: Machine, task: Task) -> CimInstance:
    return machine.class_of(NAMESPACE, SCHEDULED_TASK).instance(NAMESPACE, _row(task))


def _action(action: ExecAction) -> CimInstance:
    properties: dict[str, Value] = {
        "Id": action.identifier,
        "Arguments": action.arguments or None,
        "Execute": action.command,
        "WorkingDirectory": action.directory,
    }
    return CimInstance("MSFT_TaskExecAction", NAMESPACE, properties)


def _principal(principal: Principal) -> CimInstance:
    system = (principal.user or "").casefold() in _SYSTEM
    properties: dict[str, Value] = {
        "DisplayName": principal.display_name,
        "GroupId": principal.group,
        "Id": principal.identifier,
        "LogonType": _SERVICE_ACCOUNT if system else _LOGON_TYPES.get(principal.logon_type or "", 0),
        "RunLevel": int(principal.run_level == "HighestAvailable"),
        "UserId": "SYSTEM" if system else principal.user,
    }
    return CimInstance("MSFT_TaskPrincipal2", NAMESPACE, properties)


def _settings(task: Task) -> CimInstance:
    settings = task.definition.settings
    properties: dict[str, Value] = {
        "AllowDemandStart": settings.allow_start_on_demand,
        "AllowHardTerminate": settings.allow_hard_terminate,
        "DeleteExpiredTaskAfter": _optional(settings.delete_expired_after),
        "DisallowStartIfOnBatteries": settings.disallow_start_on_batteries,
        "Enabled": task.enabled,
        "ExecutionTimeLimit": duration_text(settings.time_limit or timedelta()),
        "Hidden": settings.hidden,
        "MultipleInstances": _POLICIES[settings.instances],
        "Priority": settings.priority,
        "RunOnlyIfIdle": settings.only_if_idle,
        "RunOnlyIfNetworkAvailable": settings.only_with_network,
        "StartWhenAvailable": settings.start_when_available,
        "StopIfGoingOnBatteries": settings.stop_on_batteries,
        "WakeToRun": settings.wake_to_run,
    }
    return CimInstance("MSFT_TaskSettings3", NAMESPACE, properties)


def _trigger(trigger: Trigger) -> CimInstance:
    repetition = trigger.repetition
    pattern: dict[str, Value] = {
        "Duration": _optional(repetition.duration) if repetition else None,
        "Interval": duration_text(repetition.interval) if repetition else None,
        "StopAtDurationEnd": False,
    }
    properties: dict[str, Value] = {
        "Enabled": trigger.enabled,
        "EndBoundary": _boundary(trigger.end),
        "ExecutionTimeLimit": _optional(trigger.time_limit),
        "Id": trigger.identifier,
        "Repetition": CimInstance("MSFT_TaskRepetitionPattern", NAMESPACE, pattern),
        "StartBoundary": _boundary(trigger.start),
        "RandomDelay" if trigger.kind == "TimeTrigger" else "Delay": _optional(trigger.delay or None),
    }
    return CimInstance(f"MSFT_Task{trigger.kind}", NAMESPACE, properties)


def _optional(value: timedelta | None) -> str | None:
    return None if value is None else duration_text(value)


def _boundary(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _none(_machine: Machine, _condition: Condition | None) -> Iterator[Row]:
    return iter(())


SCHEDULED_TASK: Final = "MSFT_ScheduledTask"
PS_SCHEDULED_TASK: Final = "PS_ScheduledTask"

CLASSES: tuple[CimClass, ...] = (
    declare(
        SCHEDULED_TASK,
        "Actions[] Author Date Description Documentation Principal SecurityDescriptor Settings Source State TaskName"
        " TaskPath Triggers[] URI Version",
        "TaskName TaskPath",
        _tasks,
        namespaces=(NAMESPACE,),
        not_found=NOT_FOUND,
    ),
    declare(PS_SCHEDULED_TASK, "", "", _none, namespaces=(NAMESPACE,)),
)
