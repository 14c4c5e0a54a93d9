# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that speak HTTP as no WinRM service would: one port for each way, in threads of the test itself.

They let everybody in and ask for no encryption: what they send must be harmless without either.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

GIGABYTE: Final = 1 << 30
DRIP_SECONDS: Final = 0.05
_MESSAGE_ID: Final = re.compile(rb"<a:MessageID>([^<]*)<")
_LENGTH: Final = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_CHUNK: Final = b"<a>" + b"x" * 65_000 + b"</a>"
_IDLE_SECONDS: Final = 120.0

Answer = Callable[["Served", socket.socket, bytes], None]
"""Takes the connection and the request's body."""


@dataclass
class Served:
    """One hostile host: its port, and what became of its answers."""

    answer: Answer
    beacon: int = 0
    port: int = 0
    requests: int = 0
    sent: int = 0
    _closing: threading.Event = field(default_factory=threading.Event)

    def send(self, connection: socket.socket, content: bytes) -> None:
        """Send, and count."""
        connection.sendall(content)
        self.sent += len(content)

    def pause(self, seconds: float) -> None:
        """Wait; over at once when the test is."""
        if self._closing.wait(seconds):
            raise OSError("the test is over")

    def close(self) -> None:
        """Let every thread end."""
        self._closing.set()

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE_SECONDS)
        with connection, contextlib.suppress(OSError):
            while (body := _request(connection)) is not None:
                self.requests += 1
                self.answer(self, connection, body)


@contextlib.contextmanager
def hostile_hosts(answers: dict[str, Answer]) -> Iterator[dict[str, Served]]:
    """A host for each answer, and one named ``beacon`` that nobody has a reason to ask."""
    beacon = Served(lambda served, connection, _body: served.send(connection, _head(200, length=0)))
    hosts = {"beacon": beacon}
    with contextlib.ExitStack() as stack:
        hosts |= {name: Served(answer) for name, answer in answers.items()}
        for host in hosts.values():
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            host.port = listener.getsockname()[1]
            stack.callback(host.close)
            threading.Thread(target=host.serve, args=(listener,), daemon=True).start()
        for host in hosts.values():
            host.beacon = beacon.port
        yield hosts


def laughs(served: Served, connection: socket.socket, _body: bytes) -> None:
    """Entities of entities: a billion of them, were they expanded."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    _whole(served, connection, f'<!DOCTYPE e [<!ENTITY l0 "ha">{entities}]><e>&l9;</e>'.encode())


def outside(served: Served, connection: socket.socket, _body: bytes) -> None:
    """Entities, a subset and a style sheet that lie elsewhere: in a file of the controller, and on another host."""
    there = f"http://127.0.0.1:{served.beacon}/"
    document = (
        f'<?xml version="1.0"?><?xml-stylesheet href="{there}style"?><!DOCTYPE e SYSTEM "{there}dtd" ['
        f'<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "{there}entity"><!ENTITY % p SYSTEM "{there}p">%p;]>'
        "<e>&f;&h;</e>"
    )
    _whole(served, connection, document.encode())


def stream(served: Served, connection: socket.socket, _body: bytes) -> None:
    """A gigabyte of well-formed XML in pieces, of which nobody says how many there are."""
    served.send(connection, _head(200, chunked=True))
    served.send(connection, b"4\r\n<e> \r\n")
    while served.sent < GIGABYTE:
        served.send(connection, b"%x\r\n%b\r\n" % (len(_CHUNK), _CHUNK))


def announced(served: Served, connection: socket.socket, _body: bytes) -> None:
    """A gigabyte, said so."""
    served.send(connection, _head(200, length=GIGABYTE))
    while served.sent < GIGABYTE:
        served.send(connection, _CHUNK)


def bomb(served: Served, connection: socket.socket, _body: bytes) -> None:
    """A megabyte that a hundred bytes stand for."""
    packed = gzip.compress(b"\0" * 10_000_000)
    served.send(connection, _head(200, length=len(packed), more="Content-Encoding: gzip\r\n") + packed)


def redirect(served: Served, connection: socket.socket, _body: bytes) -> None:
    """Another host, to be asked with the same credentials."""
    served.send(connection, _head(307, length=0, more=f"Location: http://127.0.0.1:{served.beacon}/wsman\r\n"))


def headers(served: Served, connection: socket.socket, _body: bytes) -> None:
    """Headers without end, as fast as they go."""
    served.send(connection, b"HTTP/1.1 200 OK\r\n")
    while served.sent < GIGABYTE:
        served.send(connection, b"X-Header: " + b"x" * 60_000 + b"\r\n")


def drip(served: Served, connection: socket.socket, _body: bytes) -> None:
    """An answer of half a megabyte, a byte at a time: no single wait is long."""
    served.send(connection, _head(200, length=500_000))
    while True:
        served.send(connection, b" ")
        served.pause(DRIP_SECONDS)


def drip_header(served: Served, connection: socket.socket, _body: bytes) -> None:
    """A header, a byte at a time."""
    served.send(connection, b"HTTP/1.1 200 OK\r\nX-Header: ")
    while True:
        served.send(connection, b"x")
        served.pause(DRIP_SECONDS)


def depths(served: Served, connection: socket.socket, _body: bytes) -> None:
    """Elements in elements, a hundred thousand deep."""
    _whole(served, connection, b"<e>" * 100_000)


def crowd(served: Served, connection: socket.socket, body: bytes) -> None:
    """As many empty instances as fit into an answer, with one name each, and the promise of more."""
    rows = "".join(f"<r{number:x}/>" for number in range(60_000))
    _soap(
        served,
        connection,
        body,
        "EnumerateResponse",
        f"<Items>{rows}</Items><EnumerationContext>c</EnumerationContext>",
    )


def pulls(served: Served, connection: socket.socket, body: bytes) -> None:
    """An enumeration that always has one more cursor, and never anything in it."""
    name = "PullResponse" if b"enumeration/Pull<" in body else "EnumerateResponse"
    _soap(served, connection, body, name, f"<Items/><EnumerationContext>{time.monotonic_ns()}</EnumerationContext>")


def liar(served: Served, connection: socket.socket, body: bytes) -> None:
    """A fault whose words are commands: for a terminal, for YAML, for Jinja, and for the reader."""
    words = "\x9b2J\u202e\u2028ok: [good] =&gt; {{ lookup('pipe', 'id') }}{% for x in y %} !unsafe - &amp;a *a %s{0}"
    found = _MESSAGE_ID.search(body)
    content = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><RelatesTo>'
        f"{found[1].decode() if found else ''}</RelatesTo></s:Header><s:Body><s:Fault><s:Code><s:Subcode><s:Value>"
        f"{words}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{words * 50}</s:Text></s:Reason></s:Fault></s:Body>"
        "</s:Envelope>"
    ).encode()
    served.send(connection, _head(500, length=len(content)) + content)


def _soap(served: Served, connection: socket.socket, body: bytes, name: str, content: str) -> None:
    found = _MESSAGE_ID.search(body)
    relates_to = found[1].decode() if found else ""
    action = f"http://schemas.xmlsoap.org/ws/2004/09/enumeration/{name}"
    head = f"<Header><Action>{action}</Action><RelatesTo>{relates_to}</RelatesTo></Header>"
    _whole(served, connection, f"<Envelope>{head}<Body><{name}>{content}</{name}></Body></Envelope>".encode())


def _whole(served: Served, connection: socket.socket, content: bytes) -> None:
    served.send(connection, _head(200, length=len(content)) + content)


def _head(status: int, *, length: int | None = None, chunked: bool = False, more: str = "") -> bytes:
    size = "Transfer-Encoding: chunked\r\n" if chunked else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status} Said\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n{size}{more}\r\n".encode()


def _request(connection: socket.socket) -> bytes | None:
    """The body of the next request; None where there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65_536)
        if not piece:
            return None
        received += piece
    head, _separator, body = received.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    while found is not None and len(body) < int(found[1]):
        body += connection.recv(65_536)
    return body
