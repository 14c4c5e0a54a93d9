# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

r"""The scheduled task that puts an adapter back unless a controller says in time that it is still there.

The task runs as SYSTEM and starts programs of Windows only: reg, find, pnputil, netsh, ping and schtasks, in one line
of cmd. It begins when it is due, every minute anew until it has done its work, and after each boot that comes later.
It is one action, because a task that is deleted while it runs may end between two of them.

Guard and controller meet in the registry, below ``HKLM\SOFTWARE\remediation.windows_nic\guard``. The guard writes
``begun`` and then looks for ``confirmed``; the controller writes ``confirmed`` and then looks for ``begun``. So one of
them always sees the other, in whatever order their requests come. The names hold a token that is new for each guard:
what is left of one says nothing to the next.

A restart of the adapter may take the whole host down, and each boot begins the guard anew. So that it does not reboot
the host for ever, it notes in a key that Windows makes anew at each boot that it has begun. One that has begun before
and does not find this note was interrupted by a boot: where the value was back by then, the boot has made it active,
and the adapter is only enabled.

Task XML: "Task Scheduler Schema" and [MS-TSCH] 2.5. Quoting: ``cmd /?``. There is no percent sign in the line, since
the Task Scheduler replaces variables in it as well as cmd does.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    NicError,
    WsmanProtocolError,
    one_line,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import is_original
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import escape, parse

GUARD_KEY: Final = r"SOFTWARE\remediation.windows_nic\guard"
BOOT_KEY: Final = r"HARDWARE\DESCRIPTION\System"
"""Values in this key are gone with the next boot: Windows makes the hive HARDWARE anew each time it starts (Microsoft
TechNet, "HKLM\\HARDWARE"). The key itself is always there; one that lasts can't be made below it."""
FORMAT: Final = 1
RUN_SECONDS: Final = 300
"""A run of the task that takes longer is ended, and the next one begins."""
REPEAT_SECONDS: Final = 60

_XML_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_TIMED: Final = dt.timedelta(days=1)
_BOOTED: Final = dt.timedelta(days=30)
"""How long after it was due a boot still starts the guard: a host may have been switched off meanwhile."""
_RESTART_DEVICE_BUILD: Final = 19041
"""Windows 10 2004: the first whose pnputil restarts devices (Microsoft Learn, "PnPUtil Command Syntax")."""
_ROUNDS: Final = 3
_ENABLE_PAUSES: Final = (10, 15, 30, 30)
"""Seconds between orders to enable. A slow device may take most of them to go, and to come."""
_LONGEST_LINE: Final = 8191
"""What cmd.exe takes (Microsoft Learn, "Command prompt line string limitation")."""
_LONGEST_NOTE: Final = 2048
_SAFE_DEVICE: Final = re.compile(r"[A-Za-z0-9&_.{}#+-]+(?:\\[A-Za-z0-9&_.{}#+-]+){1,8}")
_UNSAFE_IN_NAMES: Final = frozenset('"%!^\\')
"""Characters that cmd or the Task Scheduler may take for something else inside quotes."""
_TOKEN: Final = re.compile("[0-9a-f]{16}")
_QUIET: Final = ">nul 2>&1"


def task_name(guid: str) -> str:
    """Name of an adapter's guard in the root folder: the same for everybody, so that there is one at a time."""
    return f"remediation.windows_nic guard {guid.strip('{}')}"


def mark(guid: str, word: str, token: str) -> str:
    """Name of the value by which guard and controller tell each other *word*: begun, fired or confirmed."""
    return f"{guid}::{word}::{token}"


@dataclass(frozen=True, slots=True)
class GuardNote:
    """What a guard says about itself, in the description of its task.

    Attributes:
        token: Names its marks.
        holder: The run that set it.
        set_at: When, by the host's clock.
        due_at: When it acts, by the host's clock.
        guid: The adapter.
        keyword: The registry keyword.
        restores: The text that it puts back, None for no value.
    """

    token: str
    holder: Holder
    set_at: dt.datetime
    due_at: dt.datetime
    guid: str
    keyword: str
    restores: str | None

    @property
    def text(self) -> str:
        """One line of ASCII JSON."""
        values = asdict(self) | {"set_at": self.set_at.isoformat(), "due_at": self.due_at.isoformat()}
        return json.dumps({"format": FORMAT, **values}, ensure_ascii=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard for one adapter. ``class_key`` is where the keyword stands, ``build`` that of Windows."""

    note: GuardNote
    adapter: Adapter
    class_key: str
    build: int | None

    @property
    def name(self) -> str:
        """Name of the task."""
        return task_name(self.note.guid)


def refuse_impossible(adapter: Adapter, build: int | None) -> None:
    """Refuse an adapter that no guard could bring up.

    Raises:
        NicError: ``guard_not_possible``.
    """
    if _restartable(adapter, build) or _is_safe(adapter.name):
        return
    raise NicError(
        "guard_not_possible",
        f"adapter {adapter.name}",
        "its name can't be put on a command line safely, and this Windows restarts devices by no other name",
        f'build {_RESTART_DEVICE_BUILD} of Windows or later, or a name without " % ! ^ and backslashes',
        "Rename the connection, set restart to never, or set allow_unguarded_restart to true.",
    )


def needs_build(adapter: Adapter) -> bool:
    """Whether it depends on the build of Windows if the adapter can be guarded."""
    return not _is_safe(adapter.name)


def definition(guard: Guard) -> str:
    """The task as XML, without a declaration: the text has no encoding yet.

    Raises:
        NicError: ``guard_not_possible``.
    """
    refuse_impossible(guard.adapter, guard.build)
    note, subject = guard.note, f"the guard of adapter {guard.adapter.name}"
    due = _boundary(note.due_at)
    every = f"<Repetition><Interval>PT{REPEAT_SECONDS // 60}M</Interval></Repetition>"
    for_an_hour = every.replace("</Repetition>", "<Duration>PT1H</Duration></Repetition>")
    return (
        f'<Task version="1.2" xmlns="{_XML_NAMESPACE}">'
        "<RegistrationInfo><Author>remediation.windows_nic</Author>"
        f"<Description>{escape(note.text, subject)}</Description></RegistrationInfo>"
        f"<Triggers><TimeTrigger><StartBoundary>{due}</StartBoundary>"
        f"<EndBoundary>{_boundary(note.due_at + _TIMED)}</EndBoundary>{every}</TimeTrigger>"
        # With a StartBoundary, a boot trigger does nothing after a boot before it: the guard is never early.
        f"<BootTrigger><StartBoundary>{due}</StartBoundary>"
        f"<EndBoundary>{_boundary(note.due_at + _BOOTED)}</EndBoundary>{for_an_hour}<Delay>PT30S</Delay></BootTrigger>"
        "</Triggers>"
        '<Principals><Principal id="system"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal>'
        "</Principals>"
        "<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>"
        "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
        "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><StartWhenAvailable>true</StartWhenAvailable>"
        f"<DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter><ExecutionTimeLimit>PT{RUN_SECONDS // 60}M"
        "</ExecutionTimeLimit></Settings>"
        r'<Actions Context="system"><Exec><Command>%SystemRoot%\System32\cmd.exe</Command>'
        f"<Arguments>{escape(command_line(guard), subject)}</Arguments></Exec></Actions></Task>"
    )


def command_line(guard: Guard) -> str:
    """The arguments of cmd.exe.

    Raises:
        NicError: ``guard_not_possible``.
    """
    note = guard.note
    if not is_original(note.restores):
        raise NicError(
            "guard_not_possible",
            f"adapter {guard.adapter.name}",
            f"the registry holds {note.restores!r} for {note.keyword}, which no guard puts back",
            "one of 0, 1, 2 and 3, or no value",
            "Set the keyword by hand to a value that the driver knows, then run the task again.",
        )
    key = rf'"HKLM\{GUARD_KEY}"'
    marks = {word: f'{key} /v "{mark(note.guid, word, note.token)}"' for word in ("begun", "fired", "confirmed")}
    leave = rf'schtasks /delete /tn "\{guard.name}" /f {_QUIET} & exit 0'
    done = f"(reg add {marks['fired']} /t REG_SZ /d 1 /f {_QUIET} & {leave})"
    this_boot = rf'"HKLM\{BOOT_KEY}" /v "remediation.windows_nic {note.token}"'
    booted = f"reg query {marks['begun']} {_QUIET} && (reg query {this_boot} {_QUIET} || "
    needed = f"reg query {marks['confirmed']} {_QUIET} || "
    steps = [
        # A guard that could not delete itself must not restart the adapter every minute.
        f"reg query {marks['fired']} {_QUIET} && ({leave})",
        f"{booted}({needed}({_is_back(guard)} ({_enable(guard, done)}))))",
        f"reg add {this_boot} /t REG_SZ /d 1 /f {_QUIET}",
        f"reg add {marks['begun']} /t REG_SZ /d 1 /f {_QUIET}",
        f"reg query {marks['confirmed']} {_QUIET} && (reg delete {marks['begun']} /f {_QUIET} & {leave})",
        _put_back(guard),
        *_bring_up(guard, done),
    ]
    line = f'/d /s /c "{" & ".join(steps)}"'
    if len(line) > _LONGEST_LINE:
        raise NicError(
            "guard_not_possible",
            f"adapter {guard.adapter.name}",
            f"a command line of {len(line)} characters",
            f"{_LONGEST_LINE} at most",
            "Rename the connection, set restart to never, or set allow_unguarded_restart to true.",
        )
    return line


def _put_back(guard: Guard) -> str:
    """Put the value back, if the class key is still the adapter's: a driver's installation numbers them anew."""
    note = guard.note
    key = rf'"HKLM\{guard.class_key}"'
    if note.restores is None:
        change = f'reg delete {key} /v "{note.keyword}" /f {_QUIET}'
    else:
        change = f'reg add {key} /v "{note.keyword}" /t REG_SZ /d "{note.restores}" /f {_QUIET}'
    return f'reg query {key} /v NetCfgInstanceId 2>nul | find /i "{note.guid}" {_QUIET} && {change}'


def _is_back(guard: Guard) -> str:
    """A question, and the operator after it, whether the registry holds what the guard puts back."""
    value = rf'reg query "HKLM\{guard.class_key}" /v "{guard.note.keyword}"'
    if guard.note.restores is None:
        return f"{value} {_QUIET} ||"
    return f'{value} 2>nul | find "REG_SZ    {guard.note.restores}" {_QUIET} &&'


def _enable(guard: Guard, done: str) -> str:
    """Enable the adapter, which harms none that is enabled, and be done with it."""
    steps = []
    if _restartable(guard.adapter, guard.build):
        steps.append(f'pnputil /enable-device "{guard.adapter.device_id}" {_QUIET}')
    if _is_safe(guard.adapter.name):
        steps.append(f"{_order(guard)}enabled {_QUIET} && {done}")
    else:
        steps.append(done)
    return " & ".join(steps)


def _order(guard: Guard) -> str:
    return f'netsh interface set interface name="{guard.adapter.name}" admin='


def _bring_up(guard: Guard, done: str) -> list[str]:
    """Bring the adapter up with the value.

    pnputil waits until a device is back, and leaves a disabled one disabled when it restarts it. netsh does not wait:
    an order to enable that comes while the adapter is still being disabled is refused or lost, so that it is repeated.
    """
    steps = []
    if _restartable(guard.adapter, guard.build):
        device = f'"{guard.adapter.device_id}"'
        restart = f"pnputil /enable-device {device} {_QUIET} & {_pause(5)} & pnputil /restart-device {device} {_QUIET}"
        steps += [f"({restart}) && {done}", _pause(5)] * _ROUNDS
    if _is_safe(guard.adapter.name):
        order = _order(guard)
        steps += [f"{order}disabled {_QUIET}", _pause(20)]
        for seconds in _ENABLE_PAUSES:
            steps += [f"{order}enabled {_QUIET}", _pause(seconds)]
        steps += [f"{order}enabled {_QUIET} && {done}"]
    return steps


def _pause(seconds: int) -> str:
    """A command that takes so long. The program timeout would refuse to run without a console."""
    return f"ping -n {seconds + 1} 127.0.0.1 {_QUIET}"


def _restartable(adapter: Adapter, build: int | None) -> bool:
    is_new = build is not None and build >= _RESTART_DEVICE_BUILD
    return is_new and _SAFE_DEVICE.fullmatch(adapter.device_id) is not None


def _is_safe(name: str) -> bool:
    return not (_UNSAFE_IN_NAMES & set(name)) and "$(" not in name and name.isprintable() and name.strip() == name


def _boundary(moment: dt.datetime) -> str:
    """A moment with Z; without a zone it would be the host's local time."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_note(xml: str) -> GuardNote | None:
    """What the guard behind an exported definition says about itself.

    Args:
        xml: As the host exports it. Anybody may have put anything there.

    Returns:
        None where it is no guard that this version of the collection understands.
    """
    # The text declares the encoding that it had at the host.
    document = re.sub(r"\A\s*<\?xml[^>]*\?>", "", xml).encode("utf-8", "replace")
    try:
        text = parse(document, "a scheduled task").value("RegistrationInfo", "Description") or ""
        content = json.loads(text) if len(text) <= _LONGEST_NOTE else None
    except (WsmanProtocolError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _is_count(content.get("format")) or content["format"] != FORMAT:
        return None
    try:
        return _note(content)
    except (KeyError, TypeError, ValueError):
        return None


def _note(content: Mapping[str, Any]) -> GuardNote:
    """Raises KeyError, TypeError or ValueError where something is missing or is not what it should be."""
    holder, restores, token = content["holder"], content["restores"], _text(content["token"])
    if not _is_count(holder["pid"]) or not (holder["started"] is None or _is_count(holder["started"])):
        raise ValueError("pid, started")
    if not _TOKEN.fullmatch(token):
        raise ValueError("token")
    if not is_original(restores):
        raise ValueError("restores")
    return GuardNote(
        token=token,
        holder=Holder(
            node=one_line(_text(holder["node"]), 64),
            pid=holder["pid"],
            started=holder["started"],
            place=None if holder["place"] is None else _text(holder["place"]),
        ),
        set_at=_moment(content["set_at"]),
        due_at=_moment(content["due_at"]),
        guid=_text(content["guid"]),
        keyword=_text(content["keyword"]),
        restores=restores,
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _moment(value: object) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    if not 1900 < moment.year < 9000:
        # Towards the ends of the calendar, a grace could not be added any more.
        raise ValueError("a moment of another age")
    return moment.astimezone(dt.UTC)
