# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that a simulated machine can start, by path or name, and cmd.exe, which starts others."""

from __future__ import annotations

import ntpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tests.lab import cmdparser
from tests.lab.cmdparser import Command, Condition, Conditional, Joined, Loop, NotUnderstood, Simple, command_of, parse
from tests.lab.commandline import split_arguments, split_program
from tests.lab.netprograms import NETWORK_PROGRAMS
from tests.lab.programs import SYSTEM_PROGRAMS, Process, Program, Result
from tests.lab.taskvalues import ExecAction

if TYPE_CHECKING:
    from tests.lab.machine import Machine

FILE_NOT_FOUND: Final = 0x80070002
NOT_RECOGNIZED: Final = 9009
SYNTAX_ERROR: Final = 255
MAX_ROUNDS: Final = 10_000

_SYSTEM32: Final = "c:\\windows\\system32"
_PROGRAMS: Final[Mapping[str, Program]] = {**SYSTEM_PROGRAMS, **NETWORK_PROGRAMS}


class StartFailed(Exception):
    """A program that can't be started; ``code`` is an HRESULT."""

    def __init__(self, code: int, command: str) -> None:
        super().__init__(f"{command} can't be started")
        self.code = code


class _Exit(Exception):
    """The command ``exit``."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def environment(machine: Machine) -> dict[str, str]:
    """The variables of a process that the Task Scheduler starts as SYSTEM."""
    return {
        "COMPUTERNAME": machine.host.name.upper()[:15],
        "ComSpec": "C:\\WINDOWS\\system32\\cmd.exe",
        "ProgramData": "C:\\ProgramData",
        "SystemDrive": "C:",
        "SystemRoot": "C:\\WINDOWS",
        "TEMP": "C:\\WINDOWS\\TEMP",
        "TMP": "C:\\WINDOWS\\TEMP",
        "windir": "C:\\WINDOWS",
    }


async def execute(machine: Machine, action: ExecAction, *, elevated: bool) -> int:
    """Run an action of a task to its end: its exit code.

    Raises:
        StartFailed: there is no such program.
    """
    command = cmdparser.expand(action.command, environment(machine)).strip('"')
    program = _find(command)
    if program is None:
        raise StartFailed(FILE_NOT_FOUND, command)
    process = Process(machine, split_arguments(action.arguments), elevated)
    if program == "cmd":
        result = await _cmd(process, action.arguments)
    else:
        result = await _PROGRAMS[program](process)
    machine.note("Run", f"{program} {action.arguments} -> {result.exit_code}")
    return result.exit_code


def _find(command: str) -> str | None:
    """The program that a path or name means, None for one that is not there."""
    directory, name = ntpath.split(command.casefold())
    if directory and ntpath.normpath(directory) != _SYSTEM32:
        return None
    stem = name.removesuffix(".exe")
    return stem if stem == "cmd" or stem in _PROGRAMS else None


@dataclass(slots=True)
class _Shell:
    """One cmd.exe: its error level, and the variables of the loops it is in."""

    process: Process
    error_level: int = 0
    loops: Mapping[str, int] | None = None

    async def run(self, command: Command) -> str:
        """Carry a command out: its output."""
        if isinstance(command, Simple):
            return await self._start(command, None)
        if isinstance(command, Joined):
            return await self._joined(command)
        if isinstance(command, Conditional):
            if self._holds(command.condition):
                return await self.run(command.then)
            return "" if command.otherwise is None else await self.run(command.otherwise)
        return await self._repeat(command)

    async def _joined(self, command: Joined) -> str:
        output = await self.run(command.left)
        if command.operator == "|":
            right = command.right
            if not isinstance(right, Simple):
                raise NotUnderstood("a pipe into something else than a program")
            return await self._start(right, output)
        skipped = {"&&": self.error_level != 0, "||": self.error_level == 0}.get(command.operator, False)
        return output if skipped else output + await self.run(command.right)

    async def _repeat(self, loop: Loop) -> str:
        output, number, rounds = "", loop.first, 0
        outer = self.loops or {}
        while (number <= loop.last if loop.step > 0 else number >= loop.last) and rounds < MAX_ROUNDS:
            self.loops = {**outer, loop.variable: number}
            output += await self.run(loop.body)
            number, rounds = number + loop.step, rounds + 1
            await self.process.machine.clock.sleep(0)
        self.loops = outer
        return output

    def _filled(self, text: str) -> str:
        for variable, number in (self.loops or {}).items():
            text = text.replace(f"%{variable}", str(number))
        return text

    async def _start(self, command: Simple, stdin: str | None) -> str:
        text = self._filled(command.text)
        name, arguments = split_program(text)
        builtin = self._builtin(name.casefold(), arguments)
        if builtin is not None:
            return "" if command.silent else builtin
        program = _find(name)
        if program is None:
            self.error_level = NOT_RECOGNIZED
            return ""
        given = "" if command.reads_file and stdin is None else stdin
        process = replace(self.process, arguments=split_arguments(arguments), stdin=given)
        result = await (_cmd(process, arguments) if program == "cmd" else _PROGRAMS[program](process))
        self.error_level = result.exit_code
        return "" if command.silent else result.output

    def _builtin(self, name: str, arguments: str) -> str | None:
        """The output of a command of cmd.exe itself, None for anything else."""
        if name == "exit":
            number = arguments.casefold().removeprefix("/b").strip()
            raise _Exit(int(number) if number.lstrip("-").isdecimal() else self.error_level)
        if name == "echo":
            return arguments + "\r\n"
        return "" if name in ("rem", "cls") else None

    def _holds(self, condition: Condition) -> bool:
        left, right = self._filled(condition.left), self._filled(condition.right)
        if condition.kind == "errorlevel":
            if not left.lstrip("-").isdecimal():
                raise NotUnderstood(f"errorlevel {left}")
            found = self.error_level >= int(left)
        elif condition.kind == "exist":
            found = _find(left) is not None and "\\" in left
        else:
            found = _compare(condition.kind, left, right, condition.ignores_case)
        return found != condition.negated


def _compare(kind: str, left: str, right: str, ignores_case: bool) -> bool:
    if ignores_case:
        left, right = left.casefold(), right.casefold()
    if kind == "==":
        return left == right
    numbers = left.lstrip("-").isdecimal() and right.lstrip("-").isdecimal()
    first, second = (int(left), int(right)) if numbers else (left, right)
    order = (first > second) - (first < second)  # type: ignore[operator]
    return {
        "EQU": order == 0,
        "NEQ": order != 0,
        "LSS": order < 0,
        "LEQ": order <= 0,
        "GTR": order > 0,
        "GEQ": order >= 0,
    }[kind]


async def _cmd(process: Process, arguments: str) -> Result:
    """cmd.exe. What it does not take, or this lab does not, ends with 255 and shows in the journal."""
    shell = _Shell(process)
    try:
        line = cmdparser.expand(command_of(arguments), environment(process.machine) | {"ERRORLEVEL": "0"})
        output = await shell.run(parse(line))
    except _Exit as leaving:
        return Result(leaving.code, "")
    except NotUnderstood as refusal:
        process.machine.note("NotUnderstood", f"cmd.exe: {refusal}")
        return Result(SYNTAX_ERROR, "")
    return Result(1 if shell.error_level == NOT_RECOGNIZED else shell.error_level, output)
