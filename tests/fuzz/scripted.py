# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client whose host answers by a script, and what hosts of the lab answered, to begin with."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import shell
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer, Limits
from tests.inmemory import MemoryHost, Sent

ANY_MESSAGE: Final = b"uuid:00000000-0000-0000-0000-00000000F422"
"""Stands in a script for the id of the message that is answered."""

_ACTION: Final = re.compile(rb"Action[^>]*>([^<]*)<")
_RANDOM_ID: Final = re.compile(rb"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")
_FIXED_ID: Final = b"00000000-0000-4000-8000-000000000001"
_MESSAGE_ID: Final = re.compile(rb"<a:MessageID>([^<]*)<")
_LIMITS: Final = Limits(max_pulls=3, read_attempts=2)

KINDS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"adapters": [{"model": "intel-i210", "network": 1, "keyword": "grouped"}], "system": {"language": "de"}},
    {"account": {"read": False, "shell": False}},
)


class ScriptedTransport:
    """Answers each message with what the script makes of it."""

    endpoint = "http://192.0.2.10:5985/wsman"

    def __init__(self, script: Callable[[bytes], tuple[int, bytes]]) -> None:
        self._script = script

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        """See ``Transport.send`` of the collection."""
        _unused = read_timeout_seconds
        found = _MESSAGE_ID.search(message)
        status, content = self._script(message)
        return HttpAnswer(status, content.replace(ANY_MESSAGE, found[1] if found else b""))

    def close(self) -> None:
        """There is nothing to close."""


def scripted_client(script: Callable[[bytes], tuple[int, bytes]]) -> Client:
    """A client that waits for nothing and gives up soon."""
    return Client(
        ScriptedTransport(script), host="192.0.2.10", limits=_LIMITS, sleep=lambda _seconds: None, random=lambda: 0.0
    )


@cache
def conversations() -> tuple[bytes, ...]:
    """Answers of hosts of the lab: facts, faults of both shapes, methods, a shell. Each kind of answer once."""
    kept: dict[tuple[object, ...], bytes] = {}
    for kind in KINDS:
        host = MemoryHost(kind)
        try:
            _talk(host)
        finally:
            host.close()
        for sent in host.sent:
            if sent.answer:
                kept.setdefault((sent.call.action, sent.call.name, b"Fault>" in sent.answer), _open(sent))
    return tuple(kept.values())


def _talk(host: MemoryHost) -> None:
    client = host.controller()
    questions: tuple[Callable[[], object], ...] = (
        lambda: read_host(client),
        lambda: client.get("root/standardcimv2", "MSFT_NetAdapter", {"DeviceID": "missing"}),
        lambda: client.enumerate("root/cimv2", "Win32_OperatingSystem"),
        lambda: client.enumerate("root/cimv2", "No_Such_Class"),
        lambda: client.enumerate("root/nowhere", "No_Such_Class"),
        lambda: client.invoke("root/cimv2", "StdRegProv", "EnumKey", {"hDefKey": 2**31 + 2, "sSubKeyName": "SOFTWARE"}),
        lambda: client.invoke("root/cimv2", "StdRegProv", "NoSuchMethod", {}),
        lambda: shell.run_command(client, "whoami.exe", (), b"", deadline_seconds=5),
    )
    for ask in questions:
        try:
            ask()
        except NicError:
            continue


def _open(sent: Sent) -> bytes:
    """An answer that fits any message, and is the same in every run: random ids of the lab become one."""
    answer = (sent.answer or b"").replace((sent.call.message_id or "").encode(), ANY_MESSAGE)
    return _RANDOM_ID.sub(_FIXED_ID, answer)


def answers(*, faults: bool) -> list[bytes]:
    """The recorded answers that are faults, or those that are none."""
    return [each for each in conversations() if (b"Fault>" in each) is faults]


def action_of(message: bytes) -> bytes:
    """The first action that a message names; empty without one."""
    found = _ACTION.search(message)
    return found[1].strip() if found else b""
