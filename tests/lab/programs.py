# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""reg.exe, ping.exe, timeout.exe, find.exe and schtasks.exe of a simulated machine.

A program that would ask its user something waits for ever: a task has nobody to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from tests.lab.registry import REG_DWORD, REG_MULTI_SZ, REG_SZ, SUCCESS, Data
from tests.lab.schedulererrors import SchedulerError

if TYPE_CHECKING:
    from tests.lab.machine import Machine

_HIVES: Final = ("HKLM\\", "HKEY_LOCAL_MACHINE\\")
_REG_TYPES: Final = {"REG_SZ": REG_SZ, "REG_DWORD": REG_DWORD, "REG_MULTI_SZ": REG_MULTI_SZ}
_REG_WITH_VALUE: Final = ("/v", "/t", "/d")
_REG_ALONE: Final = ("/f", "/reg:32", "/reg:64")
_PING_WITH_VALUE: Final = ("-n", "-w", "-l", "-i")
_PING_WAIT_MS: Final = 4000
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Process:
    """A started program: its arguments, whether it may administer the machine, and its input (None: a console)."""

    machine: Machine
    arguments: list[str]
    elevated: bool
    stdin: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it wrote to its standard output."""

    exit_code: int
    output: str = ""


Program = Callable[[Process], Awaitable[Result]]


class _Wrong(Exception):
    """Arguments that a program does not take."""


async def _asks_its_user() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("nobody answers")


def _switches(
    arguments: list[str], with_value: tuple[str, ...], alone: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """Split arguments into plain ones and switches, whose names are compared without case."""
    plain: list[str] = []
    found: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name = word.casefold()
        if name in with_value:
            if not waiting:
                raise _Wrong(f"{word} needs a value")
            found[name] = waiting.pop(0)
        elif name in alone:
            found[name] = ""
        elif word.startswith("/"):
            raise _Wrong(f"there is no {word}")
        else:
            plain.append(word)
    return plain, found


async def _reg(process: Process) -> Result:
    try:
        plain, switches = _switches(process.arguments, _REG_WITH_VALUE, _REG_ALONE)
        if len(plain) != 2:
            raise _Wrong("a verb and a key are needed")
        verb, path = plain[0].casefold(), _below_hive(plain[1])
        if verb not in ("add", "delete", "query"):
            raise _Wrong(f"there is no {verb}")
        return await {"add": _reg_add, "delete": _reg_delete, "query": _reg_query}[verb](process, path, switches)
    except _Wrong:
        return Result(1)


def _below_hive(text: str) -> str:
    for hive in _HIVES:
        if text.upper().startswith(hive):
            return text[len(hive) :].rstrip("\\")
    raise _Wrong(f"{text} is in no hive that the lab has")


async def _reg_add(process: Process, path: str, switches: Mapping[str, str]) -> Result:
    name = switches.get("/v")
    type_name = switches.get("/t", "REG_SZ").upper()
    if type_name not in _REG_TYPES:
        raise _Wrong(f"the lab has no {type_name}")
    data = _data(type_name, switches.get("/d", ""))
    registry = process.machine.registry
    code, key = registry.open(path)
    if not process.elevated or (key is None and code != 2):
        return Result(1)
    if key is None and path.upper().startswith("HARDWARE\\"):
        # A key that lasts can't be made below one that does not (winerror.h, ERROR_CHILD_MUST_BE_VOLATILE).
        return Result(1)
    if key is not None and name is not None and key.value(name) is not None and "/f" not in switches:
        await _asks_its_user()
    key = registry.ensure(path)
    if name is not None:
        key.set(name, _REG_TYPES[type_name], data)
    return Result(0)


def _data(type_name: str, text: str) -> Data:
    if type_name == "REG_DWORD":
        try:
            number = int(text, 16 if text.casefold().startswith("0x") else 10)
        except ValueError:
            raise _Wrong(f"{text} is no number") from None
        if not 0 <= number < 2**32:
            raise _Wrong(f"{text} does not fit into 32 bits")
        return number
    return tuple(text.split("\\0")) if type_name == "REG_MULTI_SZ" else text


async def _reg_delete(process: Process, path: str, switches: Mapping[str, str]) -> Result:
    name = switches.get("/v")
    if name is None:
        raise _Wrong("the lab deletes values only")
    if "/f" not in switches:
        await _asks_its_user()
    _unused, key = process.machine.registry.open(path)
    if not process.elevated or key is None:
        return Result(1)
    return Result(0 if key.remove_value(name) else 1)


async def _reg_query(process: Process, path: str, switches: Mapping[str, str]) -> Result:
    code, key = process.machine.registry.open(path)
    if key is None or code != SUCCESS:
        return Result(1)
    wanted = switches.get("/v")
    found = [value for value in key.values() if wanted is None or value.name.casefold() == wanted.casefold()]
    if wanted is not None and not found:
        return Result(1)
    types = {number: name for name, number in _REG_TYPES.items()}
    lines = [f"HKEY_LOCAL_MACHINE\\{path}"]
    for value in found:
        text = "\\0".join(value.data) if isinstance(value.data, tuple) else value.data
        lines.append(f"    {value.name}    {types[value.type]}    {hex(text) if isinstance(text, int) else text}")
    return Result(0, "\r\n" + "\r\n".join(lines) + "\r\n\r\n")


async def _ping(process: Process) -> Result:
    """A second between echo requests; one that is not answered takes its timeout."""
    words, count, timeout_ms, target = list(process.arguments), 4, _PING_WAIT_MS, ""
    while words:
        word = words.pop(0).casefold().replace("/", "-", 1)
        if word in _PING_WITH_VALUE:
            if not words or not words[0].isdecimal():
                return Result(1)
            number = int(words.pop(0))
            count = number if word == "-n" else count
            timeout_ms = number if word == "-w" else timeout_ms
        elif word in ("-4", "-6"):
            continue
        elif word.startswith("-") or target:
            return Result(1)
        else:
            target = word
    machine = process.machine
    if not target or count < 1:
        return Result(1)
    if target in _LOCAL:
        await machine.clock.sleep(count - 1)
        return Result(0, f"Reply from {target}: bytes=32 time<1ms TTL=128\r\n" * count)
    answered = 0
    for number in range(count):
        here = machine.ping(target) == "answered"
        answered += here
        await machine.clock.sleep((1.0 if number + 1 < count else 0.0) if here else timeout_ms / 1000)
    return Result(0 if answered else 1, f"Reply from {target}: bytes=32 time=1ms TTL=64\r\n" * answered)


async def _timeout(process: Process) -> Result:
    """It refuses to run with redirected input; then it waits not at all."""
    words = [word.casefold().replace("-", "/", 1) for word in process.arguments]
    numbers = [word for word in words if word.isdecimal()]
    rest = [word for word in words if not word.isdecimal()]
    if len(numbers) != 1 or any(word not in ("/t", "/nobreak") for word in rest) or process.stdin is not None:
        return Result(1)
    await process.machine.clock.sleep(int(numbers[0]))
    return Result(0)


async def _find(process: Process) -> Result:
    """find.exe on its standard input: 0 when a line has the text."""
    switches = {word.casefold() for word in process.arguments if word.startswith("/")}
    texts = [word for word in process.arguments if not word.startswith("/")]
    if len(texts) != 1 or not switches <= {"/i", "/v"}:
        return Result(2)
    if process.stdin is None:
        await _asks_its_user()
    fold = str.casefold if "/i" in switches else str
    lines = process.stdin.splitlines() if process.stdin else []
    found = [line for line in lines if (fold(texts[0]) in fold(line)) != ("/v" in switches)]
    return Result(0 if found else 1, "".join(f"{line}\r\n" for line in found))


async def _schtasks(process: Process) -> Result:
    verbs = ("/delete", "/run", "/end", "/change", "/query")
    try:
        plain, switches = _switches(process.arguments, ("/tn",), (*verbs, "/f", "/enable", "/disable"))
    except _Wrong:
        return Result(1)
    asked = [verb for verb in verbs if verb in switches]
    if plain or len(asked) != 1 or "/tn" not in switches or not process.elevated:
        return Result(1)
    path, _unused, name = ("\\" + switches["/tn"].lstrip("\\")).rpartition("\\")
    if asked[0] == "/delete" and "/f" not in switches:
        await _asks_its_user()
    scheduler = process.machine.tasks
    try:
        task = scheduler.get(f"{path}\\", name)
        if asked[0] == "/delete":
            scheduler.delete(task)
        elif asked[0] == "/run":
            scheduler.start(task)
        elif asked[0] == "/end":
            scheduler.stop(task)
        elif asked[0] == "/change":
            scheduler.enable(task, "/enable" in switches)
    except SchedulerError:
        return Result(1)
    return Result(0)


SYSTEM_PROGRAMS: Final[Mapping[str, Program]] = {
    "find": _find,
    "ping": _ping,
    "reg": _reg,
    "schtasks": _schtasks,
    "timeout": _timeout,
}
