# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a WinRM shell of the lab runs: the relay and nothing else.

The script and its bootstrap are read as data and compared with the SHA-256 in ``relay.lock``; then this module does
what they do, with real datagrams from the machine's own loopback address.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.lab.network import Delivery
from tests.lab.routing import Hop

if TYPE_CHECKING:
    from tests.lab.machine import Machine

LOCK: Final = Path(__file__).with_name("relay.lock")
VERSION: Final = 1
EXECUTABLE: Final = "powershell.exe"
REQUEST_MARK: Final = b"#request"
MANAGEMENT_PORTS: Final = frozenset({623, 664})
MAX_REPLIES: Final = 256
MAX_SENDS: Final = 4096
MAX_DATAGRAM: Final = 2048
REFUSED: Final = 1

WSAEACCES: Final = 10013
WSAEADDRNOTAVAIL: Final = 10049
WSAENETUNREACH: Final = 10051
WSAECONNRESET: Final = 10054


class RelayRefused(Exception):
    """The command or its input is not the relay's."""


@cache
def locked_hashes(path: Path = LOCK) -> dict[str, str]:
    """The SHA-256 of the relay's parts, by name: ``relay.ps1`` and ``bootstrap``."""
    lines = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {parts[1]: parts[0] for parts in lines if len(parts) == 2}


def is_relay_command(executable: str, arguments: str) -> bool:
    """Whether a command line is the relay's bootstrap, to the letter."""
    return executable.casefold() == EXECUTABLE and _sha256(arguments.encode()) == locked_hashes()["bootstrap"]


async def run(machine: Machine, executable: str, arguments: str, stdin: bytes) -> tuple[int, bytes, bytes]:
    """Run the relay, or refuse: exit code, standard output, standard error."""
    try:
        answer = await _answer(machine, executable, arguments, stdin)
    except RelayRefused as refusal:
        return REFUSED, b"", f"This host runs nothing but the relay: {refusal}.\r\n".encode("ascii", "replace")
    return 0, json.dumps(answer, separators=(",", ":")).encode("ascii") + b"\r\n", b""


async def _answer(machine: Machine, executable: str, arguments: str, stdin: bytes) -> dict[str, Any]:
    if not is_relay_command(executable, arguments):
        raise RelayRefused("the command line is not the bootstrap that tests/lab/relay.lock names")
    if machine.host.system.language_mode == "constrained":
        return {"version": VERSION, "mode": "ConstrainedLanguage", "error": "language_mode"}
    request = _request(stdin)
    if request.source is not None and not machine.owns(request.source):
        code = WSAEADDRNOTAVAIL
        return {"version": VERSION, "error": "System.Net.Sockets.SocketException", "code": code, "mode": "FullLanguage"}
    exchange = _Exchange(machine, request)
    try:
        await exchange.run()
    finally:
        exchange.close()
    return {"version": VERSION, "replies": exchange.replies, "errors": exchange.errors}


@dataclass(frozen=True, slots=True)
class _Send:
    payload: bytes
    address: str
    port: int
    after_ms: int


@dataclass(frozen=True, slots=True)
class _Request:
    source: str | None
    wait_ms: int
    settle_ms: int
    sends: tuple[_Send, ...]


def _request(stdin: bytes) -> _Request:
    """Take standard input apart: the script, the line ``#request``, one line of JSON."""
    lines = stdin.replace(b"\r\n", b"\n").split(b"\n")
    if REQUEST_MARK not in lines:
        raise RelayRefused("standard input has no line #request")
    mark = lines.index(REQUEST_MARK)
    script = b"".join(line + b"\n" for line in lines[:mark])
    if _sha256(script) != locked_hashes()["relay.ps1"]:
        raise RelayRefused("the script is not the one that tests/lab/relay.lock names")
    rest = [line for line in lines[mark + 1 :] if line.strip()]
    if len(rest) != 1 or not rest[0].isascii():
        raise RelayRefused("the request is not one line of ASCII")
    try:
        return _checked_request(json.loads(rest[0]))
    except (ValueError, TypeError, KeyError) as error:
        raise RelayRefused(f"the request is not as agreed ({error})") from error


def _checked_request(data: dict[str, Any]) -> _Request:
    if set(data) != {"version", "source", "wait_ms", "settle_ms", "sends"} or data["version"] != VERSION:
        raise ValueError("keys or version")
    sends = tuple(_checked_send(entry) for entry in data["sends"])
    if not 0 < len(sends) <= MAX_SENDS or list(sends) != sorted(sends, key=lambda send: send.after_ms):
        raise ValueError("sends must be there and in order of after_ms")
    source = data["source"]
    if source is not None:
        IPv4Address(source)
    return _Request(source, _milliseconds(data["wait_ms"]), _milliseconds(data["settle_ms"]), sends)


def _checked_send(entry: dict[str, Any]) -> _Send:
    if set(entry) != {"hex", "address", "port", "after_ms"}:
        raise ValueError("keys of a send")
    port = entry["port"]
    if not isinstance(port, int) or not 0 < port < 65536:
        raise ValueError("port")
    payload = bytes.fromhex(entry["hex"])
    if not 0 < len(payload) <= MAX_DATAGRAM:
        raise ValueError("length of a datagram")
    return _Send(payload, str(IPv4Address(entry["address"])), port, _milliseconds(entry["after_ms"]))


def _milliseconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 600_000:
        raise ValueError(f"{value!r} is no number of milliseconds")
    return value


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass(slots=True)
class _Target(asyncio.DatagramProtocol):
    """One socket of the relay: all sends to one address and port, and what comes back to it."""

    exchange: _Exchange
    address: str
    port: int
    transport: asyncio.DatagramTransport | None = None
    hop: Hop | None = None
    last: int = 0
    due: int = 0

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.exchange.received(self, data, str(addr[0]), addr[1])

    def error_received(self, exc: Exception) -> None:
        """Linux reports an ICMP error on this socket; which one, Windows would tell the same way."""
        self.exchange.failed(self, WSAENETUNREACH if getattr(exc, "errno", 0) == errno.ENETUNREACH else WSAECONNRESET)


@dataclass(slots=True)
class _Exchange:
    """One run of the relay: sends at their times, replies and socket errors until nothing more is due."""

    machine: Machine
    request: _Request
    replies: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    _targets: dict[tuple[str, int], _Target] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _started: float = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        for number, send in enumerate(self.request.sends):
            await asyncio.sleep(send.after_ms / 1000 - (loop.time() - self._started))
            await self._send(number, send)
        end = loop.time() + self.request.wait_ms / 1000
        settling = False
        while loop.time() < end:
            if not settling and all(target.due <= 0 for target in self._targets.values()):
                settling = True
                end = min(end, loop.time() + self.request.settle_ms / 1000)
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), end - loop.time())
            except TimeoutError:
                return

    def close(self) -> None:
        for target in self._targets.values():
            if target.transport is not None:
                target.transport.close()

    def received(self, target: _Target, data: bytes, address: str, port: int) -> None:
        """A datagram reached the host; whether it reaches the socket is up to the adapter's driver."""
        if target.hop is None or not self.machine.accepts_datagram(target.hop, address):
            return
        if target.due > 0 and (address, port) == (target.address, target.port):
            target.due -= 1
        if len(self.replies) < MAX_REPLIES:
            entry = {"send": target.last, "hex": data.hex().upper(), "address": address, "port": port, "ms": self._ms()}
            self.replies.append(entry)
        self._changed.set()

    def failed(self, target: _Target, code: int) -> None:
        """A socket error on one target."""
        target.due -= 1
        self.errors.append({"send": target.last, "code": code, "ms": self._ms()})
        self._changed.set()

    async def _send(self, number: int, send: _Send) -> None:
        key = (send.address, send.port)
        target = self._targets.setdefault(key, _Target(self, send.address, send.port))
        target.last = number
        target.due += 1
        target.hop = self.machine.surroundings.hop(send.address, self.request.source)
        if target.hop is None:
            self.failed(target, WSAENETUNREACH)
            return
        if self.machine.host.system.outbound_firewall == "block":
            self.failed(target, WSAEACCES)
            return
        if target.transport is None:
            target.transport = await _bound_socket(str(target.hop.source), target)
        delivery = self.machine.sends_datagram(target.hop, send.address, send.port)
        if delivery is Delivery.REFUSED:
            asyncio.get_running_loop().call_soon(self.failed, target, WSAECONNRESET)
        elif delivery is Delivery.DELIVERED:
            target.transport.sendto(send.payload, key)

    def _ms(self) -> int:
        return round((asyncio.get_running_loop().time() - self._started) * 1000)


async def _bound_socket(source: str, target: _Target) -> asyncio.DatagramTransport:
    """A socket on an ephemeral port that no network card diverts to its management controller."""
    loop = asyncio.get_running_loop()
    while True:
        transport, _unused = await loop.create_datagram_endpoint(lambda: target, local_addr=(source, 0))
        if transport.get_extra_info("sockname")[1] not in MANAGEMENT_PORTS:
            return transport
        transport.close()
