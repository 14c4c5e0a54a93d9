# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the task ``checksum_offload`` on a host in memory, and what the host has to show for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

from ansible_collections.remediation.windows_nic.plugins.action import checksum_offload
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import holder
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import sessions
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer
from tests.inmemory import Killed, MemoryHost, MemoryTransport, Sent, Strike
from tests.lab.machine import UNDO_PATH
from tests.lab.registry import REG_SZ

KEYWORDS: Final = ("*UDPChecksumOffloadIPv4", "*TCPUDPChecksumOffloadIPv4")
CLASS_KEY: Final = r"system\currentcontrolset\control\class\{4d36e972-e325-11ce-bfc1-08002be10318}" + "\\"
OWN_KEY: Final = r"software\remediation.windows_nic" + "\\"
GUARD: Final = "remediation.windows_nic guard "
READING: Final = frozenset({"GetStringValue", "EnumValues", "EnumKey", "GetInfoByName", "ExportByName"})
"""Methods that change nothing."""

_PLACES: Final = ("sSubKeyName", "sValueName", "TaskName", "DeviceID", "InstanceID")
_READERS_OF_KEYWORDS: Final = frozenset({"MSFT_NetAdapterAdvancedPropertySettingData"})
_READERS_OF_RESTARTS: Final = frozenset({"MSFT_NetAdapter", "MSFT_NetAdapterChecksumOffloadSettingData"})
_MESSAGE_ID: Final = re.compile(rb"<a:MessageID>([^<]*)<")
_ACTION: Final = re.compile(rb"<a:Action[^>]*>([^<]*)<")
_RESOURCE: Final = re.compile(rb"<w:ResourceURI[^>]*>([^<]*)<")
_QUERY: Final = re.compile(rb"SELECT \* FROM (\w+)")
_ARGUMENT: Final = re.compile(rb"<p:(\w+)>([^<]*)</p:")
_SELECTOR: Final = re.compile(rb'<w:Selector Name="(\w+)">([^<]*)</w:Selector>')


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the controller sees it: sent, and answered in a way that says that it was carried out, or not.

    ``number`` is that of the request in its run, as for strikes.
    """

    number: int
    content: bytes
    answered: bool

    @property
    def id(self) -> bytes:
        """Its MessageID."""
        return _found(_MESSAGE_ID, self.content)

    @property
    def call(self) -> tuple[str, str]:
        """Class and method, or class and the word of the action."""
        verb = _found(_ACTION, self.content).decode().rpartition("/")[2]
        named = _found(_QUERY, self.content) or _found(_RESOURCE, self.content)
        return named.decode().rpartition("/")[2], verb

    @property
    def place(self) -> Mapping[str, str]:
        """The arguments and selectors that say what it is about, whatever is written there."""
        named = {name.decode(): text.decode() for name, text in (*_ARGUMENT.findall(self.content), *_selectors(self))}
        return {name: named[name].casefold() for name in _PLACES if name in named}


def resent(wire: Sequence[Message]) -> list[str]:
    """The changing requests of one run that were sent again although nobody knew what had become of the first one.

    A request without a good answer may have been carried out, now or a moment later. To send it again is right only
    after a reading that would show that: of the same registry value or key, the same task, the adapters. Another text
    for the same place, or another guard under the same name, is the same request here.
    """
    unknown: list[Message] = []
    found: list[str] = []
    for message in wire:
        if is_reading(message):
            if message.answered:
                unknown = [each for each in unknown if not _shows(message, each)]
            continue
        same = [each for each in unknown if (each.call, each.place) == (message.call, message.place)]
        found += [f"{' '.join(message.call)} {dict(message.place)}"] if same else []
        if not message.answered:
            unknown.append(message)
    return found


def is_reading(message: Message) -> bool:
    """Whether a message changes nothing."""
    return message.call[1] in READING | {"Enumerate", "Pull", "Release", "Get"}


def _shows(reading: Message, write: Message) -> bool:
    """Whether the answer to a reading tells whether a write was carried out."""
    (read_from, _verb), (written_to, _method) = reading.call, write.call
    if "sSubKeyName" in write.place:
        if write.place["sSubKeyName"].startswith(CLASS_KEY) and read_from in _READERS_OF_KEYWORDS:
            return True
        asked = {**reading.place}
        return asked.pop("sSubKeyName", None) == write.place["sSubKeyName"] and asked.items() <= write.place.items()
    if written_to == "MSFT_NetAdapter":
        return read_from in _READERS_OF_RESTARTS
    return reading.place.get("TaskName") == write.place["TaskName"]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, its result, and what it sent; a controller that was killed has no result."""

    word: str
    result: Mapping[str, Any] = field(default_factory=dict)
    wire: Sequence[Message] = ()

    @property
    def code(self) -> str | None:
        """Code of its error."""
        error: Mapping[str, str] = self.result.get("error", {})
        return error.get("code")


@dataclass(slots=True)
class Processes:
    """Processes of controllers, of which one runs at a time. What has ended is seen by its own controller only."""

    _last: int = 0
    _running: int | None = None

    @contextmanager
    def one_more(self, controller: str) -> Iterator[None]:
        """Be a new process on a controller."""
        self._last += 1
        self._running = self._last
        system = SimpleNamespace(getpid=lambda: self._running, kill=self._signal)
        with (
            mock.patch.object(holder, "os", system),
            mock.patch.object(holder, "platform", SimpleNamespace(node=lambda: controller)),
            mock.patch.object(holder, "_place", return_value=controller),
            mock.patch.object(holder, "_started", lambda pid: pid if pid == self._running else None),
        ):
            try:
                yield
            finally:
                self._running = None

    def _signal(self, pid: int, _number: int) -> None:
        if pid != self._running:
            raise ProcessLookupError


class Listening:
    """A transport that notes what goes through it."""

    def __init__(self, host: MemoryHost, wire: list[Message]) -> None:
        self._transport = MemoryTransport(host)
        self.endpoint = self._transport.endpoint
        self._host = host
        self._wire = wire

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        """See ``Transport.send`` of the collection."""
        sent = Message(self._host.requests + 1, message, answered=False)
        try:
            answer = self._transport.send(message, read_timeout_seconds)
        except HostUnreachable as error:
            # Otherwise it has not left.
            if isinstance(error, ConnectionLost):
                self._wire.append(sent)
            raise
        except WsmanProtocolError:
            self._wire.append(sent)
            raise
        good = answer.status == 200 and b"RelatesTo>" + sent.id in answer.body and b"<!DOCTYPE" not in answer.body
        self._wire.append(replace(sent, answered=good))
        return answer

    def close(self) -> None:
        """See ``Transport.close`` of the collection."""
        self._transport.close()


def run(
    host: MemoryHost,
    strikes: Mapping[int, Strike] | None = None,
    *,
    processes: Processes | None = None,
    controller: str = "here",
    **arguments: Any,
) -> Ended:
    """Run the task once, in a fresh process of the controller, as Ansible would.

    Args:
        host: The host.
        processes: Of all runs on this host.
        controller: Where the run takes place.
        strikes: What happens to requests, by their number in this run.
        arguments: Options of the task; the adapter is chosen unless they say otherwise.
    """
    host.requests, host.strikes = 0, dict(strikes or {})
    task = SimpleNamespace(
        args={"adapters": {"name": ADAPTER}, **arguments},
        action="remediation.windows_nic.checksum_offload",
        async_val=0,
        check_mode=False,
        diff=True,
    )
    connection = SimpleNamespace(transport="winrm", become=None, _shell=SimpleNamespace(tmpdir=None))
    wire: list[Message] = []

    def connect(_connection: object) -> Client:
        return Client(Listening(host, wire), host=host.address, sleep=host.pass_time, random=lambda: 1.0)

    clock = Clock(monotonic=host.loop.time, sleep=host.pass_time, random=lambda: 1.0)
    with (
        (processes or Processes()).one_more(controller),
        mock.patch.object(sessions, "open_client", side_effect=connect),
        mock.patch.object(checksum_offload, "Changer", partial(Changer, clock=clock, now=host.now)),
    ):
        action = checksum_offload.ActionModule(task, connection, None, None, None, None)
        action._display = SimpleNamespace(vvv=lambda _text: None)
        try:
            result = action.run(None, {})
        except Killed:
            return Ended("killed", wire=wire)
        finally:
            host.strikes = {}
    word = "unreachable" if result.get("unreachable") else "failed" if result.get("failed") else "ok"
    return Ended(word, result, wire)


ADAPTER: Final = "Cards"
"""Name of the adapter that is changed."""


@dataclass(slots=True)
class Watched:
    """A host, and what stood in its registry before anybody touched it."""

    host: MemoryHost
    values: dict[str, str | None] = field(init=False)
    looked_at: int = 0

    def __post_init__(self) -> None:
        self.values = self.now()

    @property
    def guid(self) -> str:
        """GUID of the adapter."""
        return next(each.guid for each in self.host.machine.adapters if each.name == ADAPTER)

    def now(self) -> dict[str, str | None]:
        """The adapter's keywords as the registry has them."""
        machine = self.host.machine
        adapter = next(each for each in machine.adapters if each.name == ADAPTER)
        return {name: machine.configured_text(adapter, name) for name in KEYWORDS}

    def records(self) -> dict[str, Any]:
        """The undo records, by value name."""
        _code, key = self.host.machine.registry.open(UNDO_PATH)
        return {each.name: json.loads(str(each.data)) for each in (key.values() if key else ()) if each.type == REG_SZ}

    def guards(self) -> list[str]:
        """Names of the guards on the host."""
        names = (task.full_name.lstrip("\\") for task in self.host.machine.tasks.tasks)
        return [name for name in names if name.startswith(GUARD)]

    def new_writes(self) -> Iterator[str]:
        """What each request since the last look wanted to change, in words."""
        new, self.looked_at = self.host.sent[self.looked_at :], len(self.host.sent)
        for sent in new:
            wanted = written(sent)
            if wanted is not None:
                yield wanted


def written(sent: Sent) -> str | None:
    """What a request wanted to change, as ``method place``; None for one that only reads."""
    call = sent.call
    if call.action in ("Enumerate", "Pull", "Release", "Get") or call.method in READING:
        return None
    arguments = {name.decode(): text.decode() for name, text in _ARGUMENT.findall(sent.message)}
    selectors = {name.decode(): text.decode() for name, text in _SELECTOR.findall(sent.message)}
    if call.name == "StdRegProv":
        place = "\\".join(arguments[name] for name in ("sSubKeyName", "sValueName") if name in arguments)
    else:
        named = {**selectors, **arguments}
        place = named.get("TaskName") or named.get("DeviceID") or named.get("InstanceID") or ""
    return f"{call.method or call.action} {call.name} {place}"


def _found(pattern: re.Pattern[bytes], content: bytes) -> bytes:
    found = pattern.search(content)
    return found[1] if found else b""


def _selectors(message: Message) -> list[tuple[bytes, bytes]]:
    return _SELECTOR.findall(message.content)


def is_allowed(write: str, guid: str) -> bool:
    """Whether a write goes where this collection may write: the one keyword, its own keys, the adapter, its guard."""
    method, name, place = write.split(" ", 2)
    if name == "StdRegProv":
        path = place.casefold()
        if method == "CreateKey":
            return path.startswith(OWN_KEY)
        if method not in ("SetStringValue", "DeleteValue"):
            return False
        in_class_key = re.fullmatch(re.escape(CLASS_KEY) + r"[0-9]{4}\\(.*)", path)
        if in_class_key is not None:
            return in_class_key[1] in [each.casefold() for each in KEYWORDS]
        return re.fullmatch(re.escape(OWN_KEY) + r"(undo|outcome|guard)\\.*", path) is not None
    if name == "MSFT_NetAdapter":
        return method == "Restart" and place == guid
    return name in ("PS_ScheduledTask", "MSFT_ScheduledTask") and place.startswith(GUARD)
