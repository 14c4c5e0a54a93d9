# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Exchange of datagrams through a Windows host: ``relay.ps1``, run by Windows PowerShell in a WinRM shell.

The script travels on standard input behind a short bootstrap on the command line, since a command line has no room
for it. In Constrained Language Mode no script can be made from text and no socket be opened, so the bootstrap looks
at the language mode itself. It holds no double quote, backslash, pipe or percent sign: nothing on the way could take
it for anything but text.
"""

from __future__ import annotations

import codecs
import dataclasses
import ipaddress
import json
import pathlib
import typing as t
from collections.abc import Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Fault,
    Reply,
    Send,
    SocketError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import shell
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault

VERSION = 1
"""Version of the relay's request and answer."""

EXECUTABLE = "powershell.exe"
BOOTSTRAP_ARGUMENTS = (
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    "-InputFormat",
    "Text",
    "-OutputFormat",
    "Text",
    "-Command",
    (
        "$ProgressPreference = 'SilentlyContinue';"
        " $mode = [string]$ExecutionContext.SessionState.LanguageMode;"
        " if ($mode -ne 'FullLanguage')"
        " { ConvertTo-Json -Compress -InputObject @{ version = 1; error = 'language_mode'; mode = $mode } }"
        " else { $code, $request = @($input) -join [char]10 -split '#request', 2;"
        " . ([scriptblock]::Create($code)) $request }"
    ),
)

_START_SECONDS = 60
"""Allowed for PowerShell to start. Seconds are usual; a loaded host with a virus scanner takes much longer."""
_MOST_OUTPUT_BYTES = 2_000_000
_MOST_ENTRIES = 4096
_LARGEST_DATAGRAM = 2048
_ADDRESS_NOT_AVAILABLE = 10049
_RELAY_MISBEHAVED = ("command_timed_out", "shell_output_too_large")

_FAULTS = {
    10054: Fault.PORT_UNREACHABLE,
    10061: Fault.PORT_UNREACHABLE,
    10051: Fault.NO_ROUTE,
    10052: Fault.NO_ROUTE,
    10065: Fault.NO_ROUTE,
    10013: Fault.BLOCKED_OUTBOUND,
    10040: Fault.OVERSIZED,
}
"""Windows Sockets error codes (Winsock2.h). On a UDP socket 10054 is an ICMP port unreachable, and 10052 a time-to-live
that expired on the way."""


class RelayExchange:
    """A Windows host's way to exchange datagrams."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        """See :meth:`exchange.Exchange.exchange`.

        Raises:
            HostUnreachable: the host went away.
        """
        stdin = relay_input(sends, source=source, wait_ms=wait_ms, settle_ms=settle_ms)
        longest_ms = max(send.after_ms for send in sends) + wait_ms + settle_ms
        result = run_script(self._client, "relay", stdin, seconds=longest_ms / 1000)
        heard = read_answer(result.stdout, len(sends))
        if result.cleanup_error is None:
            return heard
        return dataclasses.replace(
            heard, warnings=(f"The relay's WinRM shell was left behind: {result.cleanup_error}",)
        )


def run_script(
    client: Client,
    name: str,
    stdin: bytes,
    *,
    seconds: float,
    most_output_bytes: int = _MOST_OUTPUT_BYTES,
    executable: str = EXECUTABLE,
) -> shell.ShellResult:
    """Run a script of this collection on the host, and return what it printed, which is not nothing.

    Args:
        client: Client of the host.
        name: What the script is called in front of people.
        stdin: Standard input of the bootstrap.
        seconds: How long the script itself takes at most; the start of PowerShell is allowed for.
        most_output_bytes: Limit of standard output and standard error together.
        executable: The edition of PowerShell that runs it.

    Raises:
        ExchangeUnavailable: no shell is to be had, or the script printed nothing, did not end or did not stop printing.
        HostUnreachable: the host went away.
    """
    try:
        result = shell.run_command(
            client,
            executable,
            BOOTSTRAP_ARGUMENTS,
            stdin,
            deadline_seconds=_START_SECONDS + seconds,
            max_output_bytes=most_output_bytes,
        )
    except WsmanFault as fault:
        if fault.access_denied:
            raise ExchangeUnavailable(
                "shell_denied",
                f"the account may not open a WinRM shell on this host, which the {name} needs",
            ) from fault
        raise ExchangeUnavailable(
            "shell_refused", f"the host refused the WinRM shell for the {name}: {fault.seen}"
        ) from fault
    except NicError as error:
        if error.code not in _RELAY_MISBEHAVED:
            raise
        raise ExchangeUnavailable("relay_failed", f"the {name} was stopped: {error.seen}") from error
    if not result.stdout.strip():
        raise ExchangeUnavailable(
            "relay_failed",
            f"the {name} ended with exit code {result.exit_code} and printed nothing but:"
            f" {one_line(result.stderr.decode('ascii', 'replace'), 200) or '(no error either)'}",
        )
    return result


def relay_script() -> bytes:
    """The relay as shipped."""
    return pathlib.Path(__file__).with_name("relay.ps1").read_bytes()


def relay_input(sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> bytes:
    """Standard input of the bootstrap for one run of the relay."""
    return script_input(relay_script(), relay_request(sends, source=source, wait_ms=wait_ms, settle_ms=settle_ms))


def script_input(script: bytes, request: str) -> bytes:
    """Standard input of the bootstrap: the script, a line ``#request``, the request as one line of ASCII JSON."""
    return script.rstrip() + b"\n#request\n" + request.encode("ascii") + b"\n"


def relay_request(sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> str:
    """The request as one line of ASCII JSON."""
    return json.dumps(
        {
            "version": VERSION,
            "source": source,
            "wait_ms": wait_ms,
            "settle_ms": settle_ms,
            "sends": [
                {"hex": send.payload.hex(), "address": send.address, "port": send.port, "after_ms": send.after_ms}
                for send in sends
            ],
        }
    )


def read_answer(stdout: bytes, sends: int) -> Exchanged:
    """Return what the relay heard.

    Args:
        stdout: Standard output of the relay: what a host sends, so nothing about it is taken for granted.
        sends: How many datagrams it was asked to send.

    Raises:
        ExchangeUnavailable: it says that it could not work, or its output is not the relay's.
    """
    try:
        # A console of few columns folds lines, and JSON has no line breaks of its own here.
        answer = json.loads(
            b"".join(stdout.removeprefix(codecs.BOM_UTF8).splitlines()).decode("ascii"), parse_constant=_refuse_constant
        )
        if not isinstance(answer, dict):
            raise ValueError("no object")
        _integer(answer, "version", VERSION, VERSION)
        if "error" not in answer:
            replies = tuple(_reply(entry, sends) for entry in _entries(answer, "replies"))
            return Exchanged(replies, tuple(_error(entry, sends) for entry in _entries(answer, "errors")))
        error, mode = one_line(_text(answer, "error")), one_line(_text(answer, "mode"))
        code = _code(answer) if "code" in answer else 0
    except (ValueError, RecursionError) as misfit:
        seen = one_line(stdout.decode("ascii", "replace"), 200)
        raise ExchangeUnavailable(
            "relay_garbage", f"the relay's output is not its answer ({one_line(str(misfit), 100)}): {seen}"
        ) from misfit
    if error == "language_mode":
        raise ExchangeUnavailable(
            "constrained_language",
            f"PowerShell runs in the language mode {mode} here, which opens no sockets; expected FullLanguage",
        )
    if code == _ADDRESS_NOT_AVAILABLE:
        raise ExchangeUnavailable("source_unusable", "the source address is not one of this host's addresses")
    raise ExchangeUnavailable("relay_failed", f"the relay could not work: {error}, socket error {code}")


def _reply(entry: dict[str, t.Any], sends: int) -> Reply:
    encoded = _text(entry, "hex", 2 * _LARGEST_DATAGRAM)
    return Reply(
        send=_integer(entry, "send", 0, sends - 1),
        payload=bytes.fromhex(encoded),
        address=str(ipaddress.IPv4Address(_text(entry, "address"))),
        port=_integer(entry, "port", 0, 65535),
        ms=_milliseconds(entry),
    )


def _error(entry: dict[str, t.Any], sends: int) -> SocketError:
    code = _code(entry)
    return SocketError(
        send=_integer(entry, "send", 0, sends - 1),
        fault=_FAULTS.get(code, Fault.OTHER),
        code=code,
        ms=_milliseconds(entry),
    )


def _entries(answer: dict[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    entries = answer.get(name)
    if (
        not isinstance(entries, list)
        or len(entries) > _MOST_ENTRIES
        or not all(isinstance(entry, dict) for entry in entries)
    ):
        raise ValueError(f"{name} is no list of at most {_MOST_ENTRIES} objects")
    return entries


def _integer(entry: dict[str, t.Any], name: str, least: int, most: int) -> int:
    value = entry.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is no integer from {least} to {most}")
    return value


def _code(entry: dict[str, t.Any]) -> int:
    return _integer(entry, "code", -(2**31), 2**31 - 1)


def _milliseconds(entry: dict[str, t.Any]) -> float:
    value = entry.get("ms")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 10**7:
        raise ValueError("ms is no time in milliseconds")
    return float(value)


def _text(entry: dict[str, t.Any], name: str, longest: int = 200) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{name} is no text of at most {longest} characters")
    return value


def _refuse_constant(name: str) -> t.Any:
    raise ValueError(f"{name} is no JSON")
