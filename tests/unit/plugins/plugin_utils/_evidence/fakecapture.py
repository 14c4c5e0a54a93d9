# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands for the WinRM shell that runs the capture: answers as the script would, with a recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import ShellResult
from tests.unit.plugins.plugin_utils._evidence.recordings import BAD, Packet, Recording, question
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import answer_to

Change = Callable[[Recording, Packet], object]
"""What becomes of a reply."""

SILENCE: dict[str, Any] = {"version": 1, "replies": [], "errors": []}


def answer(**changes: Any) -> dict[str, Any]:
    """The script's answer; without changes one of a probe that nobody answered."""
    return {
        "version": 1,
        "unavailable": None,
        "detail": None,
        "relay": SILENCE,
        "events": [],
        "events_left_out": 0,
        "cleaned": [],
        "left_behind": [],
        **changes,
    }


def recorded(reply_to: Change | None, *, hears: bool = False) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answers a request with a recording: every question is seen on its way out, and every reply comes to its end.

    Args:
        reply_to: What becomes of each reply; None where the BMC sends none.
        hears: The relay hears the replies too.
    """

    def made(request: dict[str, Any]) -> dict[str, Any]:
        recording = Recording()
        replies = []
        for number, send in enumerate(json.loads(request["relay"])["sends"]):
            recording.sent(question(number, payload=bytes.fromhex(send["hex"]), destination=send["address"]))
            if reply_to is None:
                continue
            payload = answer_to(bytes.fromhex(send["hex"]))
            reply_to(recording, Packet(payload=payload, source=send["address"], identification=number))
            heard = {"send": number, "hex": payload.hex(), "address": send["address"], "port": send["port"]}
            replies.append({**heard, "ms": send["after_ms"] + 2})
        relay = {**SILENCE, "replies": replies if hears else []}
        return answer(relay=relay, events=recording.events)

    return made


def marked_bad(recording: Recording, packet: Packet) -> object:
    """The fault: a good reply, that the driver calls bad."""
    return recording.lost(packet, 1203, BAD)


class FakeShell:
    """Gives the answers in turn, and the last one again and again. Keeps the requests and limits it was given."""

    def __init__(
        self, *answers: Callable[[dict[str, Any]], dict[str, Any]] | dict[str, Any] | bytes | Exception
    ) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.scripts: list[bytes] = []
        self.limits: list[dict[str, Any]] = []
        self.cleanup_error: NicError | None = None

    def __call__(
        self, _client: object, _executable: str, _arguments: object, stdin: bytes, **limits: Any
    ) -> ShellResult:
        script, _mark, request = stdin.partition(b"\n#request\n")
        self.scripts.append(script + b"\n")
        self.requests.append(json.loads(request))
        self.limits.append(limits)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, Exception):
            raise given
        if callable(given):
            given = given(self.requests[-1])
        printed = given if isinstance(given, bytes) else json.dumps(given).encode("ascii") + b"\r\n"
        return ShellResult(0, printed, b"", self.cleanup_error)
