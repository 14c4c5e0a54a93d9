# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""One command in a WinRM shell, with standard input, over the same session as everything else.

The messages of a shell are those of [MS-WSMV]: Create, Command, Send, Receive, Signal, Delete. None may be sent
twice: a Receive whose answer is lost has taken its output along, and a Command may be running already.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import time
from collections.abc import Callable, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import envelope
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import (
    NOT_WINDOWS,
    Element,
    escape,
)

_RESOURCE = f"{envelope.SHELL}/cmd"
_TERMINATE = f"{envelope.SHELL}/signal/terminate"
_DONE = f"{envelope.SHELL}/CommandState/Done"

_STDIN_CHUNK_BYTES = 64_000
"""In base64, with its envelope, well below the 150 kB that WinRM 2 takes."""
_IDLE_TIMEOUT_SECONDS = 180
"""Windows removes a shell that nobody asks for this long, should the controller die. Its default is two hours."""
_CLEANUP_TIMEOUT_SECONDS = 15
_LAST_WORDS_SECONDS = 5.0
"""How long to listen to a command that takes no more input. One that ended early says why."""
_READ_MARGIN_SECONDS = 10
"""How much later than the host's own timeout the controller gives up; pywinrm keeps the same distance."""

_FILE_NOT_FOUND = 0x80070002
"""ERROR_FILE_NOT_FOUND as an HRESULT."""

_EXIT_CODE = re.compile("-?[0-9]{1,10}")


@dataclasses.dataclass(frozen=True, slots=True)
class ShellResult:
    """What a command left."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    cleanup_error: NicError | None = None
    """Why the shell could not be removed. The host removes it after three idle minutes."""


@dataclasses.dataclass(slots=True)
class _Output:
    stdout: bytearray = dataclasses.field(default_factory=bytearray)
    stderr: bytearray = dataclasses.field(default_factory=bytearray)
    exit_code: int | None = None


def run_command(
    client: Client,
    executable: str,
    arguments: Sequence[str],
    stdin: bytes,
    *,
    deadline_seconds: float,
    max_output_bytes: int = 1_000_000,
    clock: Callable[[], float] = time.monotonic,
) -> ShellResult:
    """Run a command, give it *stdin*, and wait for its end. The shell is removed in every case.

    Windows is asked to start the program without cmd.exe, and only old versions do that: the arguments must survive
    cmd.exe too.

    Args:
        client: Client of the host.
        executable: Program to start.
        arguments: Its arguments. Windows joins them with spaces and quotes nothing.
        stdin: What the command reads until the end of its standard input.
        deadline_seconds: How long the command may take, from its start.
        max_output_bytes: Limit of standard output and standard error together.
        clock: Seconds from any start, never running back.

    Raises:
        WsmanFault: The host refuses; ``access_denied`` where the account may not open shells. A command that ends
            without reading all of its input is no error: its output and exit code say why.
        WsmanProtocolError: ``shell_output_too_large``, or an answer that makes no sense.
        NicError: ``command_timed_out``.
        HostUnreachable: The connection was lost; the command may have run.
    """
    shell = _Shell(client, executable)
    try:
        shell.create()
        deadline = clock() + deadline_seconds
        shell.start(arguments)
        refused = shell.write(stdin)
        if refused is not None:
            deadline = min(deadline, clock() + _LAST_WORDS_SECONDS)
        output = _Output()
        while output.exit_code is None:
            left = deadline - clock()
            if left <= 0:
                raise refused or shell.timed_out(deadline_seconds)
            shell.read_into(output, left, max_output_bytes)
    except BaseException as error:
        # A task timeout or an interruption too: the host must not keep the command.
        if shell.remove() is not None and isinstance(error, NicError):
            error.next_step += " The shell could not be removed; the host removes it after three idle minutes."
        raise
    return ShellResult(output.exit_code, bytes(output.stdout), bytes(output.stderr), shell.remove())


class _Shell:
    """One shell and its one command."""

    def __init__(self, client: Client, executable: str) -> None:
        self._client = client
        self._executable = executable
        self._subject = f"shell command {executable} on {client.host}"
        self._shell_id: str | None = None
        self._command_id: str | None = None

    def create(self) -> None:
        body = (
            "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
            f"<rsp:IdleTimeOut>PT{_IDLE_TIMEOUT_SECONDS}S</rsp:IdleTimeOut></rsp:Shell>"
        )
        options = (("WINRS_NOPROFILE", "", "TRUE"), ("WINRS_CODEPAGE", "", "65001"))
        request = self._request(f"{envelope.TRANSFER}/Create", body, options)
        answer = self._client.request(request, again_if_refused=True)
        selectors = answer.child("ResourceCreated", "ReferenceParameters", "SelectorSet")
        named = selectors.each("Selector") if selectors is not None else ()
        self._shell_id = next((each.text for each in named if each.attributes.get("Name") == "ShellId"), None)
        if not self._shell_id:
            raise self._nonsense("an answer without a shell id")

    def start(self, arguments: Sequence[str]) -> None:
        parts = "".join(f"<rsp:Arguments>{escape(each, self._subject)}</rsp:Arguments>" for each in arguments)
        command = escape(self._executable, self._subject)
        body = f"<rsp:CommandLine><rsp:Command>{command}</rsp:Command>{parts}</rsp:CommandLine>"
        try:
            answer = self._command(body, skip_cmd="TRUE")
        except WsmanFault as fault:
            if fault.fault_code != _FILE_NOT_FOUND:
                raise
            # Nothing was started. Where Windows obeys the option it looks for the program by its full path only
            # (Server 2012; recorded in pypsrp's tests). Since Server 2012 R2 it ignores the option.
            answer = self._command(body, skip_cmd="FALSE")
        self._command_id = answer.value("CommandResponse", "CommandId")
        if not self._command_id:
            raise self._nonsense("an answer without a command id")

    def _command(self, body: str, *, skip_cmd: str) -> Element:
        options = (("WINRS_CONSOLEMODE_STDIN", "", "FALSE"), ("WINRS_SKIP_CMD_SHELL", "", skip_cmd))
        return self._client.request(self._request(f"{envelope.SHELL}/Command", body, options))

    def write(self, stdin: bytes) -> WsmanFault | None:
        """Send the whole standard input, or up to the fault that is returned."""
        for start in range(0, max(len(stdin), 1), _STDIN_CHUNK_BYTES):
            chunk = base64.b64encode(stdin[start : start + _STDIN_CHUNK_BYTES]).decode("ascii")
            end = ' End="true"' if start + _STDIN_CHUNK_BYTES >= len(stdin) else ""
            stream = f'<rsp:Stream Name="stdin" CommandId="{self._escaped_command_id()}"{end}>{chunk}</rsp:Stream>'
            try:
                self._client.request(self._request(f"{envelope.SHELL}/Send", f"<rsp:Send>{stream}</rsp:Send>"))
            except WsmanFault as fault:
                # A busy host that answers too late has still taken the input.
                if not fault.timed_out:
                    return fault
        return None

    def read_into(self, output: _Output, left_seconds: float, max_output_bytes: int) -> None:
        """Wait for output, or the end, no longer than the client's operation timeout. Add what came to *output*."""
        wait = max(1, min(self._client.operation_timeout_seconds, round(left_seconds)))
        wanted = f'<rsp:DesiredStream CommandId="{self._escaped_command_id()}">stdout stderr</rsp:DesiredStream>'
        try:
            answer = self._client.request(
                self._request(f"{envelope.SHELL}/Receive", f"<rsp:Receive>{wanted}</rsp:Receive>"),
                operation_timeout_seconds=wait,
                read_timeout_seconds=wait + _READ_MARGIN_SECONDS,
            )
        except WsmanFault as fault:
            if fault.timed_out:
                # Nothing to read yet: the normal answer while a command is silent.
                return
            raise
        self._take(answer, output)
        if len(output.stdout) + len(output.stderr) > max_output_bytes:
            raise WsmanProtocolError(
                "shell_output_too_large",
                self._subject,
                f"more than {max_output_bytes} bytes of output",
                "the short answer of this command",
                "Find out what the command is on this host; another program may stand in its place.",
            )

    def timed_out(self, deadline_seconds: float) -> NicError:
        return NicError(
            "command_timed_out",
            self._subject,
            f"no end within {deadline_seconds:g} seconds",
            "a command that ends",
            "Look for load on the host, and for security software that holds new processes back.",
        )

    def remove(self) -> NicError | None:
        """End the command and delete the shell. Returns what went wrong: the caller has something to report itself."""
        failed = None
        steps = []
        if self._command_id:
            code = f"<rsp:Code>{_TERMINATE}</rsp:Code>"
            signal = f'<rsp:Signal CommandId="{self._escaped_command_id()}">{code}</rsp:Signal>'
            steps.append((f"{envelope.SHELL}/Signal", signal))
        if self._shell_id:
            steps.append((f"{envelope.TRANSFER}/Delete", ""))
        for action, body in steps:
            try:
                self._client.request(
                    self._request(action, body),
                    operation_timeout_seconds=_CLEANUP_TIMEOUT_SECONDS,
                    read_timeout_seconds=_CLEANUP_TIMEOUT_SECONDS + _READ_MARGIN_SECONDS,
                )
            except HostUnreachable as error:
                return error
            except NicError as error:
                failed = error
            else:
                # Deleting the shell ends its command too.
                failed = None
        return failed

    def _take(self, answer: Element, output: _Output) -> None:
        response = answer.child("ReceiveResponse")
        if response is None:
            raise self._nonsense("an answer without ReceiveResponse")
        for stream in response.each("Stream"):
            name = stream.attributes.get("Name", "")
            if name not in ("stdout", "stderr"):
                raise self._nonsense(f"output of a stream {name!r}")
            try:
                content = base64.b64decode("".join(stream.text.split()), validate=True)
            except ValueError as error:
                raise self._nonsense("output that is not base64") from error
            (output.stdout if name == "stdout" else output.stderr).extend(content)
        state = response.child("CommandState")
        if state is not None and state.attributes.get("State", "").casefold() == _DONE.casefold():
            text = state.value("ExitCode") or "0"
            if not _EXIT_CODE.fullmatch(text):
                raise self._nonsense(f"the exit code {text!r}")
            output.exit_code = int(text)

    def _request(self, action: str, body: str, options: Sequence[envelope.Option] = ()) -> envelope.Request:
        selectors = {"ShellId": self._shell_id} if self._shell_id else {}
        return envelope.Request(action, _RESOURCE, body, selectors=selectors, options=options, subject=self._subject)

    def _escaped_command_id(self) -> str:
        return escape(self._command_id or "", self._subject)

    def _nonsense(self, seen: str) -> WsmanProtocolError:
        expected = "the messages of a WinRM shell ([MS-WSMV])"
        return WsmanProtocolError("shell_protocol", self._subject, seen, expected, NOT_WINDOWS)
