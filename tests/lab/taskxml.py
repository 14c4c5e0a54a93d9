# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions in XML, refused where Windows refuses them ([MS-TSCH] 2.5; Win32 "Task Scheduler Schema").

The children of a trigger have an order in the schema, and another one in what Windows itself exports; a definition has
to keep to one of the two. Windows is not that strict. Triggers and actions that the lab does not simulate are
``NotSimulated``, so that nobody takes a task for working that does not run here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast, get_args

from tests.lab.tasknodes import (
    INVALID_VALUE,
    MISSING_NODE,
    TASK_NAMESPACE,
    TOO_MANY_NODES,
    UNEXPECTED_NODE,
    WRONG_NAMESPACE,
    Node,
    TaskXmlError,
    read_nodes,
    write_nodes,
)
from tests.lab.taskvalues import (
    ExecAction,
    InstancesPolicy,
    Principal,
    Repetition,
    TaskDefinition,
    TaskSettings,
    Trigger,
    TriggerKind,
    read_boolean,
    read_date_time,
    read_duration,
)

__all__ = ["NotSimulated", "TaskXmlError", "export_task", "read_task"]

Version = tuple[int, int]
Value = TypeVar("Value")

_FIRST: Final[Version] = (1, 1)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)(?:\.\d+){0,2}")
_MINUTE: Final = timedelta(minutes=1)
_MONTH: Final = timedelta(days=31)
_MAX_PATH: Final = 260
_MAX_ACTIONS: Final = 32
_MAX_TRIGGERS: Final = 48

_SECTIONS: Final = ("RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions")
_EXPORTED: Final = ("RegistrationInfo", "Principals", "Settings", "Triggers", "Actions", "Data")
_REGISTRATION: Final = (
    *("URI", "SecurityDescriptor", "Source", "Date", "Author", "Version", "Description", "Documentation"),
)
_TRIGGERS: Final = (
    *("BootTrigger", "RegistrationTrigger", "IdleTrigger", "TimeTrigger", "EventTrigger", "LogonTrigger"),
    *("SessionStateChangeTrigger", "CalendarTrigger"),
)
_ACTIONS: Final = ("Exec", "ComHandler", "SendEmail", "ShowMessage")
_SCHEMA_ORDER: Final = ("Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit")
_EXPORT_ORDER: Final = ("Repetition", "StartBoundary", "EndBoundary", "ExecutionTimeLimit", "Enabled")
_DELAY: Final = {"BootTrigger": "Delay", "RegistrationTrigger": "Delay", "TimeTrigger": "RandomDelay"}
_LOGON_TYPES: Final = ("S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword")
_RUN_LEVELS: Final = ("LeastPrivilege", "HighestAvailable")
_PRINCIPAL: Final[Mapping[str, Version]] = {
    **dict.fromkeys(("UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"), _FIRST),
    **dict.fromkeys(("ProcessTokenSidType", "RequiredPrivileges"), (1, 3)),
}
_SETTINGS: Final[Mapping[str, Version]] = {
    **dict.fromkeys(
        (
            *("AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy", "DisallowStartIfOnBatteries"),
            *("StopIfGoingOnBatteries", "AllowHardTerminate", "StartWhenAvailable", "NetworkProfileName"),
            *("RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled", "Hidden", "DeleteExpiredTaskAfter"),
            *("IdleSettings", "NetworkSettings", "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle"),
        ),
        _FIRST,
    ),
    **dict.fromkeys(("UseUnifiedSchedulingEngine", "DisallowStartOnRemoteAppSession"), (1, 3)),
    **dict.fromkeys(("MaintenanceSettings", "Volatile"), (1, 4)),
}
_NESTED: Final = {
    "RestartOnFailure": ("Interval", "Count"),
    "IdleSettings": ("Duration", "WaitTimeout", "StopOnIdleEnd", "RestartOnIdle"),
    "NetworkSettings": ("Name", "Id"),
    "MaintenanceSettings": ("Period", "Deadline", "Exclusive"),
}


class NotSimulated(Exception):
    """A definition that Windows takes and this lab can't carry out."""


def read_task(text: str, newest: Version = (1, 6)) -> tuple[TaskDefinition, Node]:
    """Read a definition; also gives its tree, for ``export_task``.

    Args:
        text: the XML.
        newest: the highest version of the schema that this Windows knows.

    Raises:
        TaskXmlError: Windows refuses it.
        NotSimulated: Windows takes it, the lab does not.
    """
    root = read_nodes(text)
    if root.name != "Task":
        raise root.wrong(UNEXPECTED_NODE)
    for node in root.walk():
        if node.namespace != TASK_NAMESPACE and not _below_data(root, node):
            raise node.wrong(WRONG_NAMESPACE)
    version = _version(root, newest)
    _attributes(root, "version")
    _once(root, dict.fromkeys(_SECTIONS, _FIRST), version)
    actions = root.child("Actions")
    if actions is None:
        raise root.wrong(MISSING_NODE, "Actions")
    principal = _principal(root.child("Principals"), version)
    definition = TaskDefinition(
        _triggers(root.child("Triggers")),
        principal,
        _settings(root.child("Settings"), version),
        _actions(actions, principal),
        _registration(root.child("RegistrationInfo"), version),
    )
    _check_expiry(root, definition)
    return definition, root


def export_task(root: Node, path: str) -> str:
    """The definition of a registered task as Windows gives it out: sections in its own order, with the task's path."""
    sections = {section.name: section for section in root.children}
    registration = sections.get("RegistrationInfo") or _made("RegistrationInfo")
    others = [child for child in registration.children if child.name != "URI"]
    uri = _made("URI", text=path)
    sections["RegistrationInfo"] = _made("RegistrationInfo", children=[*others, uri])
    children = [sections[name] for name in _EXPORTED if name in sections]
    task = Node("Task", TASK_NAMESPACE, dict(root.attributes), 1, 1, children=[_trimmed(child) for child in children])
    return '<?xml version="1.0" encoding="UTF-16"?>\r\n' + write_nodes(task)


def _made(name: str, text: str = "", children: Sequence[Node] = ()) -> Node:
    return Node(name, TASK_NAMESPACE, {}, 1, 1, text, list(children))


def _trimmed(node: Node) -> Node:
    text = "" if node.children else node.text
    children = [_trimmed(child) for child in node.children]
    return Node(node.name, node.namespace, node.attributes, node.line, node.column, text, children)


def _below_data(root: Node, node: Node) -> bool:
    data = root.child("Data")
    return data is not None and node is not data and any(found is node for found in data.walk())


def _version(root: Node, newest: Version) -> Version:
    text = root.attributes.get("version", "1.2")
    match = _VERSION.fullmatch(text)
    if match is None or not _FIRST <= (int(match[1]), int(match[2])) <= newest:
        raise root.wrong(INVALID_VALUE, "version", text)
    return int(match[1]), int(match[2])


def _attributes(node: Node, *allowed: str) -> None:
    for name, value in node.attributes.items():
        if " " in name:
            raise node.wrong(WRONG_NAMESPACE, name.rpartition(" ")[2])
        if name not in allowed:
            raise node.wrong(UNEXPECTED_NODE, name, value)


def _no_text(node: Node) -> None:
    if node.text.strip():
        raise node.wrong(UNEXPECTED_NODE, value=node.text.strip())


def _once(node: Node, allowed: Mapping[str, Version], version: Version) -> None:
    """The children are known to this version of the schema, and each is there at most once (``xs:all``)."""
    _no_text(node)
    seen: set[str] = set()
    for child in node.children:
        if child.name not in allowed or allowed[child.name] > version:
            raise child.wrong(UNEXPECTED_NODE)
        if child.name in seen:
            raise child.wrong(TOO_MANY_NODES)
        seen.add(child.name)


def _leaf(parent: Node, name: str, read: Callable[[str], Value]) -> Value | None:
    """What a child says, None without such a child."""
    node = parent.child(name)
    if node is None:
        return None
    _attributes(node)
    if node.children:
        raise node.children[0].wrong(UNEXPECTED_NODE)
    try:
        return read(node.text)
    except ValueError:
        raise node.wrong(INVALID_VALUE, value=node.text) from None


def _needed(parent: Node, name: str, read: Callable[[str], Value]) -> Value:
    value = _leaf(parent, name, read)
    if value is None:
        raise parent.wrong(MISSING_NODE, name)
    return value


def _filled(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text


def _path(text: str) -> str:
    if not 1 <= len(text) <= _MAX_PATH:
        raise ValueError("empty or too long")
    return text


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"not one of {words}")
        return text

    return read


def _between(low: timedelta, high: timedelta = timedelta.max) -> Callable[[str], timedelta]:
    def read(text: str) -> timedelta:
        value = read_duration(text)
        if not low <= value <= high:
            raise ValueError("out of range")
        return value

    return read


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not text.isdecimal() or not low <= value <= high:
            raise ValueError("out of range")
        return value

    return read


def _registration(node: Node | None, version: Version) -> dict[str, str]:
    if node is None:
        return {}
    _attributes(node)
    _once(node, dict.fromkeys(_REGISTRATION, _FIRST), version)
    _leaf(node, "Date", read_date_time)
    texts = {name: _leaf(node, name, str) for name in _REGISTRATION}
    return {name: text for name, text in texts.items() if text is not None}


def _triggers(node: Node | None) -> tuple[Trigger, ...]:
    if node is None:
        return ()
    _attributes(node)
    _no_text(node)
    for child in node.children:
        if child.name not in _TRIGGERS:
            raise child.wrong(UNEXPECTED_NODE)
    if len(node.children) > _MAX_TRIGGERS:
        raise node.children[_MAX_TRIGGERS].wrong(TOO_MANY_NODES)
    return tuple(_trigger(child) for child in node.children)


def _trigger(node: Node) -> Trigger:
    if node.name not in _DELAY:
        raise NotSimulated(f"the lab has no {node.name}")
    _attributes(node, "id")
    _no_text(node)
    delay = _DELAY[node.name]
    _in_order(node, (*_SCHEMA_ORDER, delay), (*_EXPORT_ORDER, delay))
    start = _leaf(node, "StartBoundary", read_date_time)
    end = _leaf(node, "EndBoundary", read_date_time)
    if start is None and node.name == "TimeTrigger":
        raise node.wrong(MISSING_NODE, "StartBoundary")
    if start is not None and end is not None and _before(end, start):
        raise (node.child("EndBoundary") or node).wrong(INVALID_VALUE, value=end.isoformat())
    return Trigger(
        kind=cast(TriggerKind, node.name),
        identifier=node.attributes.get("id"),
        enabled=_leaf(node, "Enabled", read_boolean) is not False,
        start=start,
        end=end,
        repetition=_repetition(node.child("Repetition")),
        time_limit=_leaf(node, "ExecutionTimeLimit", read_duration),
        delay=_leaf(node, delay, read_duration) or timedelta(),
    )


def _before(first: datetime, second: datetime) -> bool:
    """Whether one comes before the other; one with and one without a zone can't be compared here."""
    return (first.tzinfo is None) == (second.tzinfo is None) and first < second


def _in_order(node: Node, *orders: Sequence[str]) -> None:
    found = [child.name for child in node.children]
    for child in node.children:
        if child.name not in orders[0]:
            raise child.wrong(UNEXPECTED_NODE)
        if found.count(child.name) > 1:
            raise child.wrong(TOO_MANY_NODES)
    if not any(found == sorted(found, key=order.index) for order in orders):
        first = sorted(found, key=orders[0].index)
        wrong = next(child for child, name in zip(node.children, first, strict=True) if child.name != name)
        raise wrong.wrong(UNEXPECTED_NODE)


def _repetition(node: Node | None) -> Repetition | None:
    if node is None:
        return None
    _attributes(node)
    _once(node, dict.fromkeys(("Interval", "Duration", "StopAtDurationEnd"), _FIRST), _FIRST)
    interval = _needed(node, "Interval", _between(_MINUTE, _MONTH))
    duration = _leaf(node, "Duration", _between(_MINUTE))
    if duration is not None and duration < interval:
        raise (node.child("Duration") or node).wrong(INVALID_VALUE)
    if _leaf(node, "StopAtDurationEnd", read_boolean):
        raise NotSimulated("the lab does not stop a task at the end of its repetition")
    return Repetition(interval, duration)


def _principal(node: Node | None, version: Version) -> Principal:
    if node is None or not node.children:
        return Principal()
    _attributes(node)
    _once(node, {"Principal": _FIRST}, version)
    (inner,) = node.children
    _attributes(inner, "id")
    _once(inner, _PRINCIPAL, version)
    principal = Principal(
        user=_leaf(inner, "UserId", _filled),
        group=_leaf(inner, "GroupId", _filled),
        logon_type=_leaf(inner, "LogonType", _one_of(_LOGON_TYPES)),
        run_level=_leaf(inner, "RunLevel", _one_of(_RUN_LEVELS)) or "LeastPrivilege",
        identifier=inner.attributes.get("id"),
        display_name=_leaf(inner, "DisplayName", str),
    )
    if principal.user is not None and principal.group is not None:
        raise (inner.child("GroupId") or inner).wrong(UNEXPECTED_NODE)
    return principal


def _settings(node: Node | None, version: Version) -> TaskSettings:
    if node is None:
        return TaskSettings()
    _attributes(node)
    _once(node, _SETTINGS, version)
    for name, inner in _NESTED.items():
        nested = node.child(name)
        if nested is not None:
            _attributes(nested)
            _once(nested, dict.fromkeys(inner, _FIRST), version)
    restart = node.child("RestartOnFailure")
    if restart is not None:
        _needed(restart, "Interval", _between(_MINUTE, _MONTH))
        _needed(restart, "Count", _number(1, 255))

    def boolean(name: str, *, default: bool) -> bool:
        value = _leaf(node, name, read_boolean)
        return default if value is None else value

    limit = _leaf(node, "ExecutionTimeLimit", read_duration)
    policy = _leaf(node, "MultipleInstancesPolicy", _one_of(get_args(InstancesPolicy)))
    priority = _leaf(node, "Priority", _number(0, 10))
    usual = TaskSettings()
    return TaskSettings(
        enabled=boolean("Enabled", default=True),
        allow_start_on_demand=boolean("AllowStartOnDemand", default=True),
        allow_hard_terminate=boolean("AllowHardTerminate", default=True),
        disallow_start_on_batteries=boolean("DisallowStartIfOnBatteries", default=True),
        stop_on_batteries=boolean("StopIfGoingOnBatteries", default=True),
        start_when_available=boolean("StartWhenAvailable", default=False),
        only_with_network=boolean("RunOnlyIfNetworkAvailable", default=False),
        only_if_idle=boolean("RunOnlyIfIdle", default=False),
        wake_to_run=boolean("WakeToRun", default=False),
        hidden=boolean("Hidden", default=False),
        instances=cast("InstancesPolicy", policy or usual.instances),
        time_limit=usual.time_limit if limit is None else limit or None,
        delete_expired_after=_leaf(node, "DeleteExpiredTaskAfter", read_duration),
        priority=usual.priority if priority is None else priority,
    )


def _actions(node: Node, principal: Principal) -> tuple[ExecAction, ...]:
    _attributes(node, "Context")
    _no_text(node)
    context = node.attributes.get("Context")
    if context is not None and context != principal.identifier:
        raise node.wrong(INVALID_VALUE, "Context", context)
    if not node.children:
        raise node.wrong(MISSING_NODE, "Exec")
    for child in node.children:
        if child.name not in _ACTIONS:
            raise child.wrong(UNEXPECTED_NODE)
    if len(node.children) > _MAX_ACTIONS:
        raise node.children[_MAX_ACTIONS].wrong(TOO_MANY_NODES)
    return tuple(_action(child) for child in node.children)


def _action(node: Node) -> ExecAction:
    if node.name != "Exec":
        raise NotSimulated(f"the lab has no {node.name} action")
    _attributes(node, "id")
    _once(node, dict.fromkeys(("Command", "Arguments", "WorkingDirectory"), _FIRST), _FIRST)
    return ExecAction(
        _needed(node, "Command", _path),
        _leaf(node, "Arguments", str) or "",
        _leaf(node, "WorkingDirectory", _path),
        node.attributes.get("id"),
    )


def _check_expiry(root: Node, definition: TaskDefinition) -> None:
    """A task that is to be deleted once it has expired needs a trigger that ends."""
    if definition.settings.delete_expired_after is None or any(trigger.end for trigger in definition.triggers):
        return
    raise (root.child("Settings") or root).wrong(MISSING_NODE, "EndBoundary")
