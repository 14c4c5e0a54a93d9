# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a WinRM shell of the lab runs: the collection's two scripts and nothing else.

The scripts and their bootstrap are read as data and compared with the SHA-256 in ``relay.lock``; then the lab does what
they do: ``relayexchange.py`` and ``capture.py``.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.lab import capture
from tests.lab.cmdparser import NotUnderstood, Simple, command_of, expand, parse
from tests.lab.commandline import split_program
from tests.lab.relayexchange import VERSION, checked_request, relay

if TYPE_CHECKING:
    from tests.lab.machine import Machine

LOCK: Final = Path(__file__).with_name("relay.lock")
EXECUTABLE: Final = "powershell.exe"
POWERSHELL_7: Final = "pwsh.exe"
REQUEST_MARK: Final = b"#request"
REFUSED: Final = 1


class RelayRefused(Exception):
    """The command or its input is none of the collection's."""


@cache
def locked_hashes(path: Path = LOCK) -> dict[str, str]:
    """The SHA-256 of what may run, by name: ``relay.ps1``, ``capture.ps1`` and ``bootstrap``."""
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {parts[1]: parts[0] for parts in lines if len(parts) == 2}


def is_relay_command(executable: str, arguments: str) -> bool:
    """Whether a command line is the bootstrap, to the letter; in either PowerShell, with or without cmd.exe."""
    executable, arguments = _started(executable, arguments)
    return (
        executable.casefold() in (EXECUTABLE, POWERSHELL_7)
        and _sha256(arguments.encode()) == locked_hashes()["bootstrap"]
    )


def _started(executable: str, arguments: str) -> tuple[str, str]:
    """The program that starts in the end, and its arguments: what cmd.exe hands on, where it is one plain command."""
    if executable.casefold() != "cmd.exe":
        return executable, arguments
    try:
        command = parse(expand(command_of(arguments), {}))
    except NotUnderstood:
        return executable, arguments
    if not isinstance(command, Simple) or command.reads_file or command.silent:
        return executable, arguments
    return split_program(command.text)


async def run(machine: Machine, executable: str, arguments: str, stdin: bytes) -> tuple[int, bytes, bytes]:
    """Run one of the scripts, or refuse: exit code, standard output, standard error."""
    try:
        answer = await _answer(machine, executable, arguments, stdin)
    except RelayRefused as refusal:
        return REFUSED, b"", f"This host runs nothing but the relay: {refusal}.\r\n".encode("ascii", "replace")
    return 0, json.dumps(answer, separators=(",", ":")).encode("ascii") + b"\r\n", b""


async def _answer(machine: Machine, executable: str, arguments: str, stdin: bytes) -> dict[str, Any]:
    if not is_relay_command(executable, arguments):
        raise RelayRefused("the command line is not the bootstrap that tests/lab/relay.lock names")
    executable = _started(executable, arguments)[0]
    if executable.casefold() == POWERSHELL_7 and not machine.host.system.powershell_7:
        raise RelayRefused("PowerShell 7 is not installed")
    if machine.host.system.language_mode == "constrained":
        return {"version": VERSION, "mode": "ConstrainedLanguage", "error": "language_mode"}
    script, data = _script_and_request(stdin)
    try:
        request = capture.checked_request(data) if script == "capture.ps1" else checked_request(data)
    except (ValueError, TypeError, KeyError) as error:
        raise RelayRefused(f"the request is not as agreed ({error})") from error
    if isinstance(request, capture.CaptureRequest):
        return await capture.play(machine, request)
    return await relay(machine, request)


def _script_and_request(stdin: bytes) -> tuple[str, Any]:
    """Take standard input apart: a script, the line ``#request``, one line of JSON."""
    lines = stdin.replace(b"\r\n", b"\n").split(b"\n")
    if REQUEST_MARK not in lines:
        raise RelayRefused("standard input has no line #request")
    mark = lines.index(REQUEST_MARK)
    digest = _sha256(b"".join(line + b"\n" for line in lines[:mark]))
    names = {known: name for name, known in locked_hashes().items() if name != "bootstrap"}
    if digest not in names:
        raise RelayRefused("the script is not the one that tests/lab/relay.lock names")
    rest = [line for line in lines[mark + 1 :] if line.strip()]
    if len(rest) != 1 or not rest[0].isascii():
        raise RelayRefused("the request is not one line of ASCII")
    try:
        return names[digest], json.loads(rest[0])
    except ValueError as error:
        raise RelayRefused(f"the request is not as agreed ({error})") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
