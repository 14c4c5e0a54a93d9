# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import heapq
import itertools
import selectors
import socket
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import sockets
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Fault,
    Reply,
    Send,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.sockets import (
    SocketExchange,
    source_toward,
)
from tests.responder import Responder

BMC = ("192.0.2.9", 623)
OTHER = ("192.0.2.10", 623)


class Wire:
    """A simulated network: its clock stands still but for the waiting of whoever listens."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent: list[tuple[float, bytes, tuple[str, int]]] = []
        self.sockets: list[FakeSocket] = []
        self.on_send: Callable[[FakeSocket, bytes, tuple[str, int]], None] = lambda *_unused: None
        self._events: list[tuple[float, int, FakeSocket, Any]] = []
        self._numbers = itertools.count()

    def later(self, ms: float, to: FakeSocket, arrival: Any) -> None:
        """Something arrives at a socket *ms* from now: a datagram with its sender, an OSError, or a queued error."""
        heapq.heappush(self._events, (self.now + ms / 1000, next(self._numbers), to, arrival))

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        # A real clock never stands still, however short the wait.
        end = self.now + max(seconds, 1e-7)
        if self._events and self._events[0][0] <= end:
            self.now = max(self.now, self._events[0][0])
            _unused, _unused, to, arrival = heapq.heappop(self._events)
            (to.errors if isinstance(arrival, bytes) else to.inbox).append(arrival)
        else:
            self.now = end


class FakeSocket:
    def __init__(self, wire: Wire, port: int) -> None:
        self.wire, self.port = wire, port
        self.inbox: list[Any] = []
        self.errors: list[bytes] = []
        self.bound: tuple[str, int] | None = None
        self.options: list[tuple[int, int, int]] = []
        self.closed = False
        self.send_errors: list[OSError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.closed = True

    def setblocking(self, flag: bool) -> None:
        assert flag is False

    def setsockopt(self, *option: int) -> None:
        self.options.append(cast("tuple[int, int, int]", option))

    def bind(self, address: tuple[str, int]) -> None:
        self.bound = address

    def getsockname(self) -> tuple[str, int]:
        return ("0.0.0.0", self.port)

    def sendto(self, payload: bytes, target: tuple[str, int]) -> None:
        if self.send_errors:
            raise self.send_errors.pop(0)
        self.wire.sent.append((round((self.wire.now - 100) * 1000, 3), payload, target))
        self.wire.on_send(self, payload, target)

    def recvfrom(self, size: int) -> tuple[bytes, tuple[str, int]]:
        assert size == 2048
        if not self.inbox:
            raise BlockingIOError
        arrival = self.inbox.pop(0)
        if isinstance(arrival, OSError):
            raise arrival
        return cast("tuple[bytes, tuple[str, int]]", arrival)

    def recvmsg(self, _size: int, _ancillary: int, flags: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, Any]:
        assert flags == socket.MSG_ERRQUEUE
        if not self.errors:
            raise BlockingIOError
        return b"", [(0, 11, self.errors.pop(0))], 0, None


class FakeSelector(AbstractContextManager["FakeSelector"]):
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.registered: list[tuple[FakeSocket, Any]] = []

    def __exit__(self, *_unused: object) -> None:
        self.registered.clear()

    def register(self, opened: FakeSocket, events: int, data: Any) -> None:
        assert events == selectors.EVENT_READ
        self.registered.append((opened, data))

    def select(self, timeout: float) -> list[tuple[SimpleNamespace, int]]:
        assert 0 < timeout < 3600
        if not self._ready():
            self.wire.wait(timeout)
        return self._ready()

    def _ready(self) -> list[tuple[SimpleNamespace, int]]:
        return [(SimpleNamespace(data=data), 1) for each, data in self.registered if each.inbox or each.errors]


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    ports = itertools.count(50000)

    def open_socket(*_unused: object) -> FakeSocket:
        made.sockets.append(FakeSocket(made, next(ports)))
        return made.sockets[-1]

    monkeypatch.setattr(sockets.socket, "socket", open_socket)
    monkeypatch.setattr(sockets.selectors, "DefaultSelector", lambda: FakeSelector(made))
    monkeypatch.setattr(sockets.sys, "platform", "linux")
    return made


def run(wire: Wire, sends: list[Send], *, source: str | None = None, wait_ms: int = 2000) -> Exchanged:
    return SocketExchange(wire.monotonic).exchange(sends, source=source, wait_ms=wait_ms, settle_ms=250)


def send(after_ms: int, payload: bytes = b"?", target: tuple[str, int] = BMC) -> Send:
    return Send(payload, *target, after_ms)


def queued(number: int, kind: int = 3, code: int = 3, origin: int = 2) -> bytes:
    """struct sock_extended_err, and the address of who complains."""
    return struct.pack("=IBBBBII", number, origin, kind, code, 0, 0, 0) + bytes(16)


def ended_ms(wire: Wire) -> float:
    return round((wire.now - 100) * 1000, 3)


def test_every_datagram_leaves_at_its_time_and_silence_lasts_to_the_end(wire: Wire) -> None:
    assert run(wire, [send(0, b"a"), send(0, b"b"), send(700, b"c")]) == Exchanged()
    assert wire.sent == [(0, b"a", BMC), (0, b"b", BMC), (700, b"c", BMC)]
    assert ended_ms(wire) == 2700


def test_listening_ends_soon_after_as_many_answers_as_questions(wire: Wire) -> None:
    wire.on_send = lambda to, payload, target: wire.later(40, to, (payload.upper(), target))
    heard = run(wire, [send(0, b"a"), send(1000, b"b")])
    assert [(each.send, each.payload, each.address, each.port, round(each.ms, 3)) for each in heard.replies] == [
        (0, b"A", *BMC, 40),
        (1, b"B", *BMC, 1040),
    ]
    assert ended_ms(wire) == 1290


def test_one_missing_answer_keeps_listening_to_the_end(wire: Wire) -> None:
    wire.on_send = lambda to, payload, target: wire.later(40, to, (payload, target)) if payload == b"b" else None
    run(wire, [send(0, b"a"), send(1000, b"b")])
    assert ended_ms(wire) == 3000


def test_answers_of_one_target_do_not_stand_for_those_of_another(wire: Wire) -> None:
    def twice(to: FakeSocket, payload: bytes, target: tuple[str, int]) -> None:
        if target == BMC:
            wire.later(10, to, (payload, target))
            wire.later(20, to, (payload, target))

    wire.on_send = twice
    heard = run(wire, [send(0), send(5, target=OTHER)])
    assert len(heard.replies) == 2
    assert ended_ms(wire) == 2005


def test_duplicates_in_the_settling_time_are_still_heard(wire: Wire) -> None:
    def twice(to: FakeSocket, payload: bytes, target: tuple[str, int]) -> None:
        wire.later(10, to, (payload, target))
        wire.later(200, to, (payload, target))

    wire.on_send = twice
    assert len(run(wire, [send(0)]).replies) == 2
    assert ended_ms(wire) == 260


def test_each_target_has_a_socket_and_a_reply_of_a_stranger_belongs_to_it(wire: Wire) -> None:
    wire.on_send = lambda to, payload, target: (
        wire.later(10, to, (b"!", ("203.0.113.1", 999))) if target == OTHER else None
    )
    heard = run(wire, [send(0), send(0, target=OTHER), send(500)])
    assert heard.replies == (Reply(1, b"!", "203.0.113.1", 999, pytest.approx(10)),)
    assert len(wire.sockets) == 2
    assert all(each.closed for each in wire.sockets)
    assert ended_ms(wire) == 2500


def test_the_last_send_of_the_socket_is_noted_with_a_reply(wire: Wire) -> None:
    wire.on_send = lambda to, payload, target: wire.later(300, to, (payload, target))
    assert [each.send for each in run(wire, [send(0, b"a"), send(200, b"b")]).replies] == [1, 1]


def test_an_icmp_error_is_noted_and_listening_goes_on(wire: Wire) -> None:
    def refuse_first(to: FakeSocket, payload: bytes, target: tuple[str, int]) -> None:
        wire.later(5, to, queued(errno.ECONNREFUSED) if payload == b"a" else (payload, target))

    wire.on_send = refuse_first
    heard = run(wire, [send(0, b"a"), send(100, b"b")])
    assert [(each.send, each.fault, each.code, round(each.ms)) for each in heard.errors] == [
        (0, Fault.PORT_UNREACHABLE, errno.ECONNREFUSED, 5)
    ]
    assert [each.payload for each in heard.replies] == [b"b"]
    assert ended_ms(wire) == 355


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (queued(errno.ECONNREFUSED, 3, 3), Fault.PORT_UNREACHABLE),
        (queued(errno.ENETUNREACH, 3, 0), Fault.NO_ROUTE),
        (queued(errno.EHOSTUNREACH, 3, 13), Fault.NO_ROUTE),
        (queued(errno.EHOSTUNREACH, 11, 1), Fault.NO_ROUTE),
        (queued(errno.EHOSTUNREACH, 3, 1, origin=1), Fault.NO_ROUTE),
        (queued(errno.EPROTO, 12, 0), Fault.OTHER),
    ],
)
def test_queued_errors_become_words(wire: Wire, content: bytes, fault: Fault) -> None:
    wire.on_send = lambda to, *_unused: wire.later(5, to, content)
    assert [each.fault for each in run(wire, [send(0)]).errors] == [fault]
    assert ended_ms(wire) == 255


@pytest.mark.parametrize("content", [queued(errno.EHOSTUNREACH, 3, 1), queued(errno.EHOSTUNREACH, 3, 7), b"short"])
def test_nobody_at_the_address_is_silence_and_no_missing_route(wire: Wire, content: bytes) -> None:
    wire.on_send = lambda to, *_unused: wire.later(5, to, content)
    assert run(wire, [send(0)]) == Exchanged()
    assert ended_ms(wire) == 2000


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENETUNREACH, Fault.NO_ROUTE),
        (errno.EHOSTUNREACH, Fault.NO_ROUTE),
        (errno.EPERM, Fault.BLOCKED_OUTBOUND),
        (errno.EACCES, Fault.BLOCKED_OUTBOUND),
        (errno.EINVAL, Fault.OTHER),
        (None, Fault.OTHER),
    ],
)
def test_a_failed_send_becomes_a_word_and_awaits_no_answer(wire: Wire, number: int | None, fault: Fault) -> None:
    wire.on_send = lambda to, payload, target: wire.later(5, to, (payload, target))

    def fail_once(to: FakeSocket) -> None:
        to.send_errors = [OSError(number, "no") if number else OSError("no")]

    opened = sockets.socket.socket
    sockets.socket.socket = lambda *_unused: _prepared(opened(), fail_once)  # type: ignore[assignment,misc]
    heard = run(wire, [send(0, b"a"), send(100, b"b")])
    assert [(each.send, each.fault, each.code) for each in heard.errors] == [(0, fault, number or 0)]
    assert [each.payload for each in heard.replies] == [b"b"]
    assert ended_ms(wire) == 355


def _prepared(opened: Any, prepare: Callable[[FakeSocket], None]) -> FakeSocket:
    prepare(opened)
    return cast("FakeSocket", opened)


def test_a_send_that_reports_an_earlier_icmp_error_is_made_again(wire: Wire) -> None:
    def first_refused(to: FakeSocket) -> None:
        error = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
        to.send_errors = [error]
        original = to.sendto

        def sendto(payload: bytes, target: tuple[str, int]) -> None:
            if to.send_errors:
                to.errors.append(queued(errno.ECONNREFUSED))
            original(payload, target)

        to.sendto = sendto  # type: ignore[method-assign]

    opened = sockets.socket.socket
    sockets.socket.socket = lambda *_unused: _prepared(opened(), first_refused)  # type: ignore[assignment,misc]
    heard = run(wire, [send(0, b"a")])
    assert wire.sent == [(0, b"a", BMC)]
    assert [each.fault for each in heard.errors] == [Fault.PORT_UNREACHABLE]


def test_an_error_while_receiving_is_noted_and_counts_as_answer(wire: Wire) -> None:
    wire.on_send = lambda to, *_unused: wire.later(5, to, ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    assert [each.fault for each in run(wire, [send(0)]).errors] == [Fault.PORT_UNREACHABLE]
    assert ended_ms(wire) == 255


def test_a_flood_is_cut_off(wire: Wire) -> None:
    wire.on_send = lambda to, payload, target: to.inbox.extend([(payload, target)] * 300)
    assert len(run(wire, [send(0)]).replies) == 256


def test_a_flood_of_queued_errors_ends(wire: Wire) -> None:
    wire.on_send = lambda to, *_unused: to.errors.extend([queued(errno.ECONNREFUSED)] * 200)
    assert len(run(wire, [send(0)]).errors) == 200


def test_readable_without_anything_to_read_is_no_harm(wire: Wire) -> None:
    def vanish(to: FakeSocket, *_unused: object) -> None:
        to.inbox.append(BlockingIOError(errno.EAGAIN, "nothing there"))

    wire.on_send = vanish
    assert run(wire, [send(0)]) == Exchanged()
    assert ended_ms(wire) == 2000


def test_the_error_queue_is_switched_on_where_there_is_one(wire: Wire) -> None:
    run(wire, [send(0)], source="198.51.100.7")
    assert wire.sockets[0].options == [(socket.IPPROTO_IP, 11, 1)]
    assert wire.sockets[0].bound == ("198.51.100.7", 0)


def test_elsewhere_than_on_linux_there_is_no_error_queue(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets.sys, "platform", "darwin")
    monkeypatch.delattr(FakeSocket, "recvmsg")
    wire.on_send = lambda to, payload, target: to.inbox.append((payload, target))
    heard = run(wire, [send(0)])
    assert heard.errors == ()
    assert len(heard.replies) == 1
    assert wire.sockets[0].options == []
    assert wire.sockets[0].bound == ("", 0)


def test_a_management_port_is_never_the_local_one(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = iter([623, 664, 50123])

    def open_socket(*_unused: object) -> FakeSocket:
        wire.sockets.append(FakeSocket(wire, next(ports)))
        return wire.sockets[-1]

    monkeypatch.setattr(sockets.socket, "socket", open_socket)
    used: list[int] = []
    wire.on_send = lambda to, *_unused: used.append(to.port)
    run(wire, [send(0)])
    assert used == [50123]
    assert [each.closed for each in wire.sockets] == [True, True, True]


def test_a_source_that_is_not_there_makes_the_exchange_unavailable() -> None:
    with pytest.raises(ExchangeUnavailable) as caught:
        SocketExchange().exchange([send(0)], source="192.0.2.1", wait_ms=100, settle_ms=10)
    assert caught.value.reason == "source_unusable"
    assert "192.0.2.1" in caught.value.detail


def test_datagrams_really_travel() -> None:
    with Responder(lambda datagram: [datagram[::-1]], lambda datagram: [b"other " + datagram]) as responder:
        heard = SocketExchange().exchange(
            [Send(b"abc", "127.0.0.1", responder.port, 0), Send(b"def", "127.0.0.1", responder.port, 20)],
            source="127.0.0.1",
            wait_ms=5000,
            settle_ms=100,
        )
    assert heard.errors == ()
    assert {(each.payload, each.address, each.port) for each in heard.replies} == {
        (b"cba", "127.0.0.1", responder.port),
        (b"fed", "127.0.0.1", responder.port),
        (b"other abc", "127.0.0.1", responder.other_port),
        (b"other def", "127.0.0.1", responder.other_port),
    }
    assert [payload for payload, _unused in responder.received] == [b"abc", b"def"]
    assert len({port for _unused, port in responder.received}) == 1


def test_a_closed_port_is_heard_of() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    heard = SocketExchange().exchange(
        [Send(b"a", "127.0.0.1", port, 0), Send(b"b", "127.0.0.1", port, 10)], source=None, wait_ms=5000, settle_ms=10
    )
    assert [(each.send, each.fault) for each in heard.errors] == [
        (0, Fault.PORT_UNREACHABLE),
        (1, Fault.PORT_UNREACHABLE),
    ]
    assert heard.replies == ()


def test_the_source_toward_an_address_is_that_of_the_route() -> None:
    assert source_toward("127.0.0.9", 623) == "127.0.0.1"


def test_there_is_no_source_without_a_route() -> None:
    assert source_toward("255.255.255.255", 623) is None
