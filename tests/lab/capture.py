# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the second script does: a capture with PktMon around one run of the relay.

Its order of steps is that of the script, since what it leaves behind when it is killed depends on it: a killed process
frees its lock, and leaves capture, filter and file.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, Final

from tests.lab.pktmon import OUR_FILE, OURS, PktMon, PktMonFailed
from tests.lab.pktmonevents import COMPONENT as COMPONENT_EVENT
from tests.lab.pktmonevents import DROP, DROP_METADATA, PACKET, PACKET_METADATA, Event, Value
from tests.lab.relayexchange import RelayRequest, relay
from tests.lab.relayexchange import checked_request as checked_relay_request

if TYPE_CHECKING:
    from tests.lab.machine import Machine

VERSION: Final = 1
STOP_SECONDS: Final = 0.25
READ: Final = frozenset({COMPONENT_EVENT, PACKET, DROP, PACKET_METADATA, DROP_METADATA})
_KEYS: Final = frozenset({"version", "address", "port", "packet_bytes", "file_mb", "max_events", "relay"})


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """A request that is as agreed; without a relay request it only removes what an earlier run has left."""

    address: str
    port: int
    packet_bytes: int
    max_events: int
    relay: RelayRequest | None


class _Refused(Exception):
    """The capture ends early; ``args`` are the code and a sentence."""


def checked_request(data: Any) -> CaptureRequest:
    """A request of the capture.

    Raises:
        ValueError, TypeError, KeyError: it is not as agreed.
    """
    if not isinstance(data, dict) or set(data) != _KEYS or data["version"] != VERSION:
        raise ValueError("keys or version")
    _number(data["file_mb"], 1, 64)
    text = data["relay"]
    if text is not None and not isinstance(text, str):
        raise TypeError("relay is the line that the relay gets, as text")
    return CaptureRequest(
        str(IPv4Address(data["address"])),
        _number(data["port"], 1, 65_535),
        _number(data["packet_bytes"], 0, 65_535),
        _number(data["max_events"], 1, 10_000),
        None if text is None else checked_relay_request(json.loads(text)),
    )


def _number(value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{value!r} is not from {least} to {most}")
    return value


async def play(machine: Machine, request: CaptureRequest) -> dict[str, Any]:
    """Do what the script does: its answer."""
    run = _Run(machine, machine.pktmon, request)
    try:
        await run.steps()
    except _Refused as refused:
        run.unavailable, run.detail = refused.args
    except PktMonFailed as failed:
        run.unavailable, run.detail = "failed", f"pktmon {failed} ended with exit code 1"
    finally:
        # A killed process holds no lock; what it would have done next it does not do.
        held, run.pktmon.locked = run.holds_lock, run.pktmon.locked and not run.holds_lock
    if held:
        run.clean_up()
    return run.answer()


@dataclass(slots=True)
class _Run:
    machine: Machine
    pktmon: PktMon
    request: CaptureRequest
    unavailable: str | None = None
    detail: str | None = None
    heard: dict[str, Any] | None = None
    events: list[Event] = field(default_factory=list)
    left_out: int = 0
    cleaned: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    started: bool = False
    holds_lock: bool = False

    async def steps(self) -> None:
        self._check_machine()
        self.pktmon.locked = self.holds_lock = True
        self.cleaned = self._remove_own()
        if self.request.relay is None:
            return
        if self.pktmon.capture is not None:
            raise _Refused("capture_running", "a capture of somebody else is running")
        if self.pktmon.filters:
            raise _Refused("filters_present", "somebody else has set filters")
        self.pktmon.add_filter(OURS, self.request.address, self.request.port)
        self.pktmon.start(OUR_FILE, self.request.packet_bytes)
        self.started = True
        self.heard = await relay(self.machine, self.request.relay)
        # Starting pktmon.exe takes a while, in which the capture goes on; what comes now finds no socket.
        await asyncio.sleep(STOP_SECONDS)
        self.pktmon.stop()
        self.started = False
        self._read()

    def _check_machine(self) -> None:
        account = self.machine.host.account
        if self.pktmon.grammar == "none":
            raise _Refused("no_pktmon", "this version of Windows has no PktMon.exe")
        if not (account.elevated and account.write):
            raise _Refused("not_allowed", "the account has not the rights of an administrator, which PktMon needs")
        if self.pktmon.grammar == "etw":
            raise _Refused("old_grammar", "pktmon start does not know --capture --type --pkt-size --flags")
        if self.pktmon.locked:
            raise _Refused("capture_running", "another capture of this collection is at work")

    def _read(self) -> None:
        found = [event for event in self.pktmon.files.get(OUR_FILE, []) if event.id in READ]
        self.events = found[: self.request.max_events]
        self.left_out = len(found) - len(self.events)
        if not any(event.id in (PACKET, DROP) for event in found):
            raise _Refused("no_events", "the capture has recorded no packet at all")

    def _remove_own(self) -> list[str]:
        """Remove what is ours, and name it; filters only go all at once, and not from under somebody else's capture."""
        removed: list[str] = []
        pktmon = self.pktmon
        own_capture = pktmon.capture is not None and pktmon.capture.file == OUR_FILE
        foreign_capture = pktmon.capture is not None and not own_capture
        own_file = OUR_FILE in pktmon.files
        if own_capture or self.started:
            pktmon.stop()
            removed.append("capture")
        own_filters = [one for one in pktmon.filters if one.name == OURS]
        if own_filters and len(own_filters) == len(pktmon.filters) and not foreign_capture:
            pktmon.remove_filters()
            removed.append("filter")
        if own_file:
            pktmon.delete(OUR_FILE)
            removed.append("file")
        return removed

    def clean_up(self) -> None:
        """What the script does at its end, whatever happened."""
        # What has been recorded counts all the same, and what is left is named next.
        with suppress(PktMonFailed):
            self._remove_own()
        pktmon = self.pktmon
        if pktmon.capture is not None and pktmon.capture.file == OUR_FILE:
            self.left_behind.append("capture")
        if any(one.name == OURS for one in pktmon.filters):
            self.left_behind.append("filter")
        if OUR_FILE in pktmon.files:
            self.left_behind.append("file")

    def answer(self) -> dict[str, Any]:
        """The line the script prints."""
        return {
            "version": VERSION,
            "unavailable": self.unavailable,
            "detail": self.detail,
            "relay": self.heard,
            "events": [
                {"id": event.id, "us": event.us, "values": [_text(value) for value in event.values]}
                for event in self.events
            ],
            "events_left_out": self.left_out,
            "cleaned": self.cleaned,
            "left_behind": self.left_behind,
        }


def _text(value: Value) -> str:
    """A property as the script prints it: bytes as hex, text in printable ASCII."""
    if isinstance(value, bytes):
        return value.hex().upper()
    return "".join(mark if " " <= mark <= "~" and mark not in '"\\' else "?" for mark in str(value))
