# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM shells of one host ([MS-WSMV] 3.1.4.5.2 and following).

A shell runs commands; a command that reads standard input starts to work when that ends, any other at once. Output
comes in pieces: answers with state Running while there is some, one with state Done and the exit code after it, and a
timeout fault when there is none yet. What a command does is the machine's business.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.envelopes import Answer, Request, duration_seconds
from tests.lab.interfaces import Machine
from tests.lab.xmltext import escape

_PREFIXES: Final = ("a", "x", "w", "rsp", "p")
_TOO_MANY_SHELLS: Final = 2150859173  # 0x803381A5
_MAX_COMMANDS: Final = 25
_DEFAULT_IDLE_SECONDS: Final = 7200.0
_CMD_LINE_LIMIT: Final = 8191  # cmd.exe takes no longer line
_FULL_PATH: Final = re.compile(r"[A-Za-z]:\\|\\\\")
_STATE: Final = f"{ns.SHELL}/CommandState/"
_SIGNAL: Final = f"{ns.SHELL}/signal/"
_CREATE_OPTIONS: Final = ("WINRS_NOPROFILE", "WINRS_CODEPAGE")
_COMMAND_OPTIONS: Final = ("WINRS_CONSOLEMODE_STDIN", "WINRS_SKIP_CMD_SHELL")
_RECEIVE_OPTIONS: Final = ("WSMAN_CMDSHELL_OPTION_KEEPALIVE",)


@dataclass(slots=True)
class _Command:
    executable: str
    arguments: str
    waits_for_stdin: bool
    stdin: bytearray = field(default_factory=bytearray)
    stdin_ended: bool = False
    task: asyncio.Task[tuple[int, bytes, bytes]] | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    delivered: int = 0
    done: bool = False


@dataclass(slots=True)
class _Shell:
    owner: str
    input_streams: frozenset[str]
    output_streams: tuple[str, ...]
    idle_seconds: float
    expires_at: float
    commands: dict[str, _Command] = field(default_factory=dict)


class ReadsStdin(Protocol):
    """Whether a command waits for the end of its standard input before it does anything."""

    def __call__(self, executable: str, arguments: str) -> bool:
        """Tell of one command line."""


class Shells:
    """The WinRM shells of a host.

    Args:
        machine: what runs the commands.
        endpoint: the URL of the service, for the answer to Create.
        reads_stdin: tells which commands wait for their standard input.
        max_per_user: shells that one user may have open.
        chunk_bytes: most bytes of output in one answer.
        clock: monotonic seconds.
        starts_by_path: whether WINRS_SKIP_CMD_SHELL is obeyed, and then only finds programs by their full path.
    """

    def __init__(
        self,
        machine: Machine,
        endpoint: str,
        *,
        reads_stdin: ReadsStdin,
        max_per_user: int,
        chunk_bytes: int,
        clock: Callable[[], float],
        starts_by_path: bool = False,
    ) -> None:
        self._machine = machine
        self._starts_by_path = starts_by_path
        self._endpoint = endpoint
        self._reads_stdin = reads_stdin
        self._max_per_user = max_per_user
        self._chunk_bytes = chunk_bytes
        self._clock = clock
        self._shells: dict[str, _Shell] = {}
        self.opened = 0
        """Shells ever opened."""

    @property
    def open(self) -> int:
        """Shells that nobody has deleted yet."""
        self._drop_expired()
        return len(self._shells)

    async def answer(self, request: Request, user: str) -> Answer:
        """Execute one request on the cmd shell resource.

        Raises:
            WsmanFault: whatever is wrong with the request.
        """
        if request.action == ns.CREATE:
            return self._create(request, user)
        if request.action == ns.COMMAND:
            return self._command(request, user)
        if request.action == ns.SEND:
            return self._send(request, user)
        if request.action == ns.RECEIVE:
            return await self._receive(request, user)
        if request.action == ns.SIGNAL:
            return self._signal(request, user)
        if request.action == ns.DELETE:
            return self._delete(request, user)
        raise faults.action_not_supported(request.action)

    def close(self) -> None:
        """End everything, as a reboot would."""
        for shell in self._shells.values():
            _stop(shell)
        self._shells.clear()

    def _create(self, request: Request, user: str) -> Answer:
        if not self._machine.rights(user).shell:
            raise faults.access_denied()
        request.refuse_mandatory_options(*_CREATE_OPTIONS)
        request.refuse_selectors()
        element = request.only_child(ns.SHELL, "Shell")
        self._drop_expired()
        if sum(shell.owner == user for shell in self._shells.values()) >= self._max_per_user:
            raise faults.quota_exceeded(
                _TOO_MANY_SHELLS, f"This user may have {self._max_per_user} shells at a time. Close some of them. "
            )
        input_streams = (element.findtext(ns.tag(ns.SHELL, "InputStreams")) or "").split()
        output_streams = (element.findtext(ns.tag(ns.SHELL, "OutputStreams")) or "").split()
        if not set(input_streams) <= {"stdin"} or not set(output_streams) <= {"stdout", "stderr"}:
            raise faults.WsmanFault(2150858810, "w:InvalidParameter", "The streams are stdin, stdout and stderr. ")
        idle_text = (element.findtext(ns.tag(ns.SHELL, "IdleTimeOut")) or "").strip()
        idle_seconds = duration_seconds(idle_text) if idle_text else _DEFAULT_IDLE_SECONDS
        if idle_seconds is None or idle_seconds <= 0:
            raise faults.WsmanFault(2150858810, "w:InvalidParameter", "IdleTimeOut is not a duration. ")
        shell_id = (element.get("ShellId") or str(uuid.uuid4())).upper()
        if shell_id in self._shells:
            raise faults.WsmanFault(2150858803, "w:AlreadyExists", f"There is already a shell {shell_id}. ")
        self._shells[shell_id] = _Shell(
            user, frozenset(input_streams), tuple(output_streams), idle_seconds, self._clock() + idle_seconds
        )
        self.opened += 1
        return self._answer(
            request,
            f"<x:ResourceCreated><a:Address>{escape(self._endpoint)}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{ns.CMD_SHELL}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
            "</a:ReferenceParameters></x:ResourceCreated>"
            f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{ns.CMD_SHELL}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(user)}</rsp:Owner><rsp:IdleTimeOut>PT{idle_seconds:.3f}S</rsp:IdleTimeOut>"
            f"<rsp:InputStreams>{' '.join(input_streams)}</rsp:InputStreams>"
            f"<rsp:OutputStreams>{' '.join(output_streams)}</rsp:OutputStreams>"
            "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
            "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>",
        )

    def _command(self, request: Request, user: str) -> Answer:
        _unused, shell = self._shell(request, user)
        request.refuse_mandatory_options(*_COMMAND_OPTIONS)
        element = request.only_child(ns.SHELL, "CommandLine")
        executable = (element.findtext(ns.tag(ns.SHELL, "Command")) or "").strip()
        if not executable:
            raise faults.invalid_body("A command line needs a command. ")
        arguments = " ".join(each.text or "" for each in element.findall(ns.tag(ns.SHELL, "Arguments")))
        skip = request.options.get("WINRS_SKIP_CMD_SHELL")
        if skip is None or skip.value.lower() not in ("true", "1"):
            arguments = f"/c {executable} {arguments}".rstrip()
            executable = "cmd.exe"
            if len(arguments) > _CMD_LINE_LIMIT:
                raise faults.WsmanFault(206, "w:InternalError", "The command line is too long. ", sender=False)
        elif self._starts_by_path and not _FULL_PATH.match(executable):
            raise faults.program_not_found()
        if len(shell.commands) >= _MAX_COMMANDS:
            raise faults.quota_exceeded(
                2150859174, f"A shell may have {_MAX_COMMANDS} commands. Terminate some of them. "
            )
        command_id = (element.get("CommandId") or str(uuid.uuid4())).upper()
        if command_id in shell.commands:
            raise faults.WsmanFault(2150858803, "w:AlreadyExists", f"There is already a command {command_id}. ")
        command = _Command(executable, arguments, self._reads_stdin(executable, arguments))
        shell.commands[command_id] = command
        if not command.waits_for_stdin:
            self._start(command)
        return self._answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _send(self, request: Request, user: str) -> Answer:
        _unused, shell = self._shell(request, user)
        request.refuse_mandatory_options()
        element = request.only_child(ns.SHELL, "Send")
        streams = element.findall(ns.tag(ns.SHELL, "Stream"))
        if not streams or len(streams) != len(element):
            raise faults.invalid_body("Send carries Stream elements. ")
        for stream in streams:
            if stream.get("Name") not in shell.input_streams:
                raise faults.WsmanFault(
                    2150858810, "w:InvalidParameter", "The shell was not created with that stream. "
                )
            command = _known(shell, stream.get("CommandId"))
            if command.stdin_ended or (command.task is not None and command.task.done()):
                raise faults.WsmanFault(232, "w:InternalError", "The pipe is being closed. ", sender=False)
            try:
                command.stdin += base64.b64decode("".join((stream.text or "").split()), validate=True)
            except binascii.Error as error:
                raise faults.invalid_body("A Stream must hold base64. ") from error
            if stream.get("End", "false").lower() in ("true", "1"):
                command.stdin_ended = True
                if command.waits_for_stdin:
                    self._start(command)
        return self._answer(request, "<rsp:SendResponse/>")

    async def _receive(self, request: Request, user: str) -> Answer:
        _unused, shell = self._shell(request, user)
        request.refuse_mandatory_options(*_RECEIVE_OPTIONS)
        desired = request.only_child(ns.SHELL, "Receive").find(ns.tag(ns.SHELL, "DesiredStream"))
        if desired is None or not (desired.text or "").split():
            raise faults.invalid_body("Receive names the streams it wants. ")
        if not set((desired.text or "").split()) <= set(shell.output_streams):
            raise faults.WsmanFault(2150858810, "w:InvalidParameter", "The shell was not created with that stream. ")
        command_id = (desired.get("CommandId") or "").upper()
        command = _known(shell, command_id)
        if command.done:
            raise _no_command(command_id)
        result = await _result(command, request.operation_timeout_seconds)
        return self._answer(request, self._output(command_id, command, result, (desired.text or "").split()))

    def _output(self, command_id: str, command: _Command, result: tuple[int, bytes, bytes], wanted: list[str]) -> str:
        exit_code, stdout, stderr = result
        everything = [(name, data) for name, data in (("stdout", stdout), ("stderr", stderr)) if name in wanted]
        start = command.delivered
        for name, data in everything:
            if start < len(data):
                piece = data[start : start + self._chunk_bytes]
                command.delivered += len(piece)
                return (
                    f'<rsp:ReceiveResponse><rsp:Stream Name="{name}" CommandId="{command_id}">'
                    f"{base64.b64encode(piece).decode()}</rsp:Stream>"
                    f'<rsp:CommandState CommandId="{command_id}" State="{_STATE}Running"/></rsp:ReceiveResponse>'
                )
            start -= len(data)
        command.done = True
        ends = "".join(
            f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"/>' for name, _unused in everything
        )
        return (
            f'<rsp:ReceiveResponse>{ends}<rsp:CommandState CommandId="{command_id}" State="{_STATE}Done">'
            f"<rsp:ExitCode>{exit_code & 0xFFFFFFFF}</rsp:ExitCode></rsp:CommandState></rsp:ReceiveResponse>"
        )

    def _signal(self, request: Request, user: str) -> Answer:
        _unused, shell = self._shell(request, user)
        request.refuse_mandatory_options()
        element = request.only_child(ns.SHELL, "Signal")
        command_id = (element.get("CommandId") or "").upper()
        command = _known(shell, command_id)
        # Clients in use spell the last part with a capital letter.
        code = (element.findtext(ns.tag(ns.SHELL, "Code")) or "").strip().lower()
        if code not in (f"{_SIGNAL}terminate", f"{_SIGNAL}ctrl_c", f"{_SIGNAL}ctrl_break"):
            raise faults.WsmanFault(2150858810, "w:InvalidParameter", "The signal is unknown. ")
        if command.task is not None:
            command.task.cancel()
        if code == f"{_SIGNAL}terminate":
            del shell.commands[command_id]
        return self._answer(request, "<rsp:SignalResponse/>")

    def _delete(self, request: Request, user: str) -> Answer:
        if request.body:
            raise faults.invalid_body("Delete has an empty body. ")
        shell_id, shell = self._shell(request, user)
        _stop(shell)
        del self._shells[shell_id]
        return self._answer(request, "")

    def _start(self, command: _Command) -> None:
        command.task = asyncio.create_task(
            self._machine.run_command(command.executable, command.arguments, bytes(command.stdin))
        )
        command.started.set()

    def _shell(self, request: Request, user: str) -> tuple[str, _Shell]:
        self._drop_expired()
        request.refuse_selectors("ShellId")
        shell_id = next((value for name, value in request.selectors.items() if name.lower() == "shellid"), None)
        if shell_id is None:
            raise faults.WsmanFault(
                2150858842, "w:InvalidSelectors", "The selector ShellId is missing. ", detail="InsufficientSelectors"
            )
        shell = self._shells.get(shell_id.upper())
        if shell is None:
            raise faults.shell_not_found(shell_id)
        if shell.owner != user:
            raise faults.access_denied()
        shell.expires_at = self._clock() + shell.idle_seconds
        return shell_id.upper(), shell

    def _drop_expired(self) -> None:
        now = self._clock()
        for shell_id in [name for name, shell in self._shells.items() if shell.expires_at <= now]:
            _stop(self._shells.pop(shell_id))

    def _answer(self, request: Request, body: str) -> Answer:
        return Answer(f"{request.action}Response", body, request.message_id, prefixes=_PREFIXES)


async def _result(command: _Command, timeout_seconds: float) -> tuple[int, bytes, bytes]:
    try:
        async with asyncio.timeout(timeout_seconds):
            await command.started.wait()
            if command.task is not None:
                await asyncio.wait({command.task})
    except TimeoutError:
        raise faults.timed_out() from None
    if command.task is None or command.task.cancelled():
        raise faults.WsmanFault(995, "w:InternalError", "The command was ended by a signal. ", sender=False)
    return command.task.result()


def _known(shell: _Shell, command_id: str | None) -> _Command:
    command = shell.commands.get((command_id or "").upper())
    if command is None:
        raise _no_command(command_id or "")
    return command


def _no_command(command_id: str) -> faults.WsmanFault:
    return faults.WsmanFault(
        2150858810, "w:InvalidParameter", f"The shell has no command {command_id}, or not any more. "
    )


def _stop(shell: _Shell) -> None:
    for command in shell.commands.values():
        if command.task is not None:
            command.task.cancel()
