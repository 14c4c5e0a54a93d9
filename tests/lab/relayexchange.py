# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the relay: real datagrams from the machine's own loopback address, and what comes back."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, Final

from tests.lab.frames import Datagram
from tests.lab.network import Delivery
from tests.lab.routing import Hop

if TYPE_CHECKING:
    from tests.lab.machine import Machine

VERSION: Final = 1
MANAGEMENT_PORTS: Final = frozenset({623, 664})
MAX_REPLIES: Final = 256
MAX_SENDS: Final = 4096
MAX_DATAGRAM: Final = 2048

WSAEACCES: Final = 10013
WSAEADDRNOTAVAIL: Final = 10049
WSAENETUNREACH: Final = 10051
WSAECONNRESET: Final = 10054


async def relay(machine: Machine, request: RelayRequest) -> dict[str, Any]:
    """Do what the relay does: its answer."""
    if request.source is not None and not machine.owns(request.source):
        error = "System.Net.Sockets.SocketException"
        return {"version": VERSION, "error": error, "code": WSAEADDRNOTAVAIL, "mode": "FullLanguage"}
    exchange = Exchange(machine, request)
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
class RelayRequest:
    """A request that is as agreed."""

    source: str | None
    wait_ms: int
    settle_ms: int
    sends: tuple[_Send, ...]


def checked_request(data: Any) -> RelayRequest:
    """A request of the relay.

    Raises:
        ValueError, TypeError, KeyError: it is not as agreed.
    """
    if not isinstance(data, dict):
        raise ValueError("no object")
    if set(data) != {"version", "source", "wait_ms", "settle_ms", "sends"} or data["version"] != VERSION:
        raise ValueError("keys or version")
    sends = tuple(_checked_send(entry) for entry in data["sends"])
    if not 0 < len(sends) <= MAX_SENDS or list(sends) != sorted(sends, key=lambda send: send.after_ms):
        raise ValueError("sends must be there and in order of after_ms")
    source = data["source"]
    if source is not None:
        IPv4Address(source)
    return RelayRequest(source, _milliseconds(data["wait_ms"]), _milliseconds(data["settle_ms"]), sends)


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


@dataclass(slots=True)
class _Target(asyncio.DatagramProtocol):
    """One socket of the relay: all sends to one address and port, and what comes back to it."""

    exchange: Exchange
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
class Exchange:
    """One run of the relay: sends at their times, replies and socket errors until nothing more is due."""

    machine: Machine
    request: RelayRequest
    replies: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    _targets: dict[tuple[str, int], _Target] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _started: float = 0.0

    async def run(self) -> None:
        """Send everything, and listen until nothing more is due."""
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
        """Close its sockets."""
        for target in self._targets.values():
            if target.transport is not None:
                self.machine.stack.close(_local(target.transport))
                target.transport.close()

    def received(self, target: _Target, data: bytes, address: str, port: int) -> None:
        """A datagram got past the machine's stack to the socket."""
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
        if self.machine.stack.blocks_outbound(target.hop.entry.adapter):
            self.failed(target, WSAEACCES)
            return
        if target.transport is None:
            target.transport = await _bound_socket(str(target.hop.source), target)
            self.machine.stack.open(_local(target.transport))
        datagram = Datagram(*_local(target.transport), *key, send.payload)
        delivery = self.machine.stack.sends(target.hop, datagram)
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


def _local(transport: asyncio.DatagramTransport) -> tuple[str, int]:
    """Address and port a socket is bound to."""
    address, port = transport.get_extra_info("sockname")[:2]
    return str(address), int(port)
