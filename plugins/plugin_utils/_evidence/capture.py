# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A probe through a Windows host while PktMon records its packets: ``capture.ps1``, with the relay in it.

One remote call does all of it, and removes what it made before it prints a word. So a connection that breaks leaves
nothing: the shell goes on for its idle minutes. A shell that is killed does; the next capture recognises that by its
name and removes it.
"""

from __future__ import annotations

import codecs
import json
import pathlib
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import Recorded, read_events
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Send,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.relay import (
    read_answer,
    relay_request,
    relay_script,
    run_script,
    script_input,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client

VERSION = 1
"""Version of the capture's request and answer."""

REFUSALS = (
    "no_pktmon",
    "not_allowed",
    "old_grammar",
    "capture_running",
    "filters_present",
    "no_events",
    "failed",
)
"""Why the script has recorded nothing."""

LEFTOVERS = ("capture", "filter", "file")
"""What a capture makes on the host."""

_RELAY_MARK = b"#relay"
_PACKET_BYTES = 2000
"""Recorded of each packet: more than any Ethernet frame without jumbo size has, so that its sum can be computed."""
_FILE_MEGABYTES = 8
_MOST_EVENTS = 4000
"""A probe makes some hundreds; only a busy neighbour of the same BMC makes more."""
_MOST_VALUES = 64
_LONGEST_VALUE = 2 * 65536
_LONGEST_DETAIL = 300
_LATEST_MICROSECONDS = 2**53
_MOST_OUTPUT_BYTES = 6_000_000
_TOOLS_SECONDS = 60
"""Allowed for PktMon's own commands and for reading what it recorded."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What the script says."""

    refusal: tuple[str, str] | None
    """Code and sentence where nothing was recorded."""
    relay: dict[str, t.Any] | None
    """The relay's own answer; None where it did not run."""
    recorded: Recorded
    left_out: int
    """Events for which there was no room in the answer."""
    cleaned: tuple[str, ...]
    """What an earlier run had left, and this one removed."""
    left_behind: tuple[str, ...]
    """What this run could not remove."""


class CaptureExchange:
    """A Windows host's way to exchange datagrams with one target, and to tell what became of them."""

    def __init__(self, client: Client, address: str, port: int) -> None:
        self._client = client
        self._address = address
        self._port = port
        self.payloads: tuple[bytes, ...] = ()
        """What was sent."""
        self.capture: Capture | None = None
        """Of the last exchange; None where the script gave no answer."""
        self.warnings: list[str] = []
        """About what stayed on the host."""

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        """See :meth:`exchange.Exchange.exchange`.

        Raises:
            HostUnreachable: the host went away.
        """
        self.payloads = tuple(send.payload for send in sends)
        relay = relay_request(sends, source=source, wait_ms=wait_ms, settle_ms=settle_ms)
        longest_ms = max(send.after_ms for send in sends) + wait_ms + settle_ms
        try:
            self.capture = self._run(relay, longest_ms / 1000)
        except ExchangeUnavailable as unavailable:
            if unavailable.reason == "relay_failed":
                self._clean()
            raise
        if self.capture.relay is None:
            code, detail = self.capture.refusal or ("relay_failed", "the relay printed nothing")
            raise ExchangeUnavailable(code, detail)
        return read_answer(json.dumps(self.capture.relay).encode("ascii"), len(sends))

    def _run(self, relay: str | None, seconds: float) -> Capture:
        result = run_script(
            self._client,
            "capture",
            script_input(capture_script(), capture_request(self._address, self._port, relay)),
            seconds=seconds + _TOOLS_SECONDS,
            most_output_bytes=_MOST_OUTPUT_BYTES,
        )
        if result.cleanup_error is not None:
            self.warnings.append(f"The capture's WinRM shell was left behind: {result.cleanup_error}")
        capture = read_capture(result.stdout)
        if capture.cleaned:
            self.warnings.append(
                f"An earlier capture had been stopped and had left its {_and(capture.cleaned)}: removed."
            )
        if capture.left_behind:
            self.warnings.append(
                f"PktMon would not let go of the capture's {_and(capture.left_behind)}: still on the host. The next"
                " capture removes it."
            )
        return capture

    def _clean(self) -> None:
        """After a script that may have been killed before it could remove what it made."""
        try:
            self._run(None, 0)
        except ExchangeUnavailable as unavailable:
            self.warnings.append(
                f"What the stopped capture may have left on the host is still there ({unavailable.detail}). The next"
                " capture removes it."
            )


def capture_script() -> bytes:
    """The script as it is sent: ``capture.ps1`` with the relay in its place."""
    template = pathlib.Path(__file__).with_name("capture.ps1").read_bytes()
    lines = template.rstrip().split(b"\n")
    lines[lines.index(_RELAY_MARK)] = relay_script().rstrip()
    return b"\n".join(lines) + b"\n"


def capture_request(address: str, port: int, relay: str | None) -> str:
    """The script's request, as one line of ASCII JSON.

    Args:
        address: IPv4 address of the target.
        port: Its UDP port.
        relay: The relay's request; None to remove leftovers and do nothing else.
    """
    return json.dumps(
        {
            "version": VERSION,
            "address": address,
            "port": port,
            "packet_bytes": _PACKET_BYTES,
            "file_mb": _FILE_MEGABYTES,
            "max_events": _MOST_EVENTS,
            "relay": relay,
        }
    )


def read_capture(stdout: bytes) -> Capture:
    """Return what the script says.

    Args:
        stdout: Its standard output: what a host sends, so nothing about it is taken for granted.

    Raises:
        ExchangeUnavailable: PowerShell could not run it, or its output is not the script's.
    """
    try:
        text = b"".join(stdout.removeprefix(codecs.BOM_UTF8).splitlines()).decode("ascii")
        answer = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(answer, dict):
            raise ValueError("no object")
        if "error" in answer:
            # The bootstrap says it as it says it of the relay, and its reader raises what it means.
            read_answer(stdout, 0)
        return _capture(answer)
    except (ValueError, RecursionError) as misfit:
        seen = one_line(stdout[:2000].decode("ascii", "replace"), 200)
        raise ExchangeUnavailable(
            "relay_garbage", f"the capture's output is not its answer ({one_line(str(misfit), 100)}): {seen}"
        ) from misfit


def _capture(answer: dict[str, t.Any]) -> Capture:
    version = answer.get("version")
    if version.__class__ is not int or version != VERSION:
        raise ValueError("another version")
    code = answer.get("unavailable")
    if code is not None and code not in REFUSALS:
        raise ValueError("unavailable is no known code")
    relay = answer.get("relay")
    if relay is not None and not isinstance(relay, dict):
        raise ValueError("relay is no object")
    events = answer.get("events")
    if not isinstance(events, list) or len(events) > _MOST_EVENTS:
        raise ValueError(f"events is no list of at most {_MOST_EVENTS}")
    for event in events:
        _check_event(event)
    return Capture(
        refusal=None if code is None else (code, _detail(answer)),
        relay=relay,
        recorded=read_events(events),
        left_out=_integer(answer.get("events_left_out"), 2**31),
        cleaned=_leftovers(answer.get("cleaned")),
        left_behind=_leftovers(answer.get("left_behind")),
    )


def _check_event(event: t.Any) -> None:
    if not isinstance(event, dict):
        raise ValueError("an event is no object")
    _integer(event.get("id"), 65535)
    _integer(event.get("us"), _LATEST_MICROSECONDS)
    values = event.get("values")
    if not isinstance(values, list) or len(values) > _MOST_VALUES:
        raise ValueError("the values of an event are no short list")
    if not all(isinstance(value, str) and len(value) <= _LONGEST_VALUE for value in values):
        raise ValueError("a value of an event is no short text")


def _detail(answer: dict[str, t.Any]) -> str:
    detail = answer.get("detail")
    if not isinstance(detail, str):
        raise ValueError("detail is no text")
    return one_line(detail, _LONGEST_DETAIL)


def _leftovers(value: t.Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > len(LEFTOVERS) or not all(each in LEFTOVERS for each in value):
        raise ValueError("a leftover is no known word")
    return tuple(value)


def _integer(value: t.Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"no integer from 0 to {most}")
    return value


def _refuse_constant(name: str) -> t.Any:
    raise ValueError(f"{name} is no JSON")


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
