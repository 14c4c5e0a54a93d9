# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server on loopback that answers as a test tells it, also in ways that are no HTTP."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclasses.dataclass(frozen=True)
class Received:
    """A request that came in, and the connection that it came on."""

    connection: int
    headers: dict[str, str]
    body: bytes


Answer = bytes | None
"""Bytes to send as they are; ``None`` closes the connection without a word."""


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """An HTTP answer. Underscores in names of headers stand for hyphens."""
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Server:
    """Answers requests with what *answer* returns, one connection at a time or many."""

    def __init__(self, answer: Callable[[Received], Answer], tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.received: list[Received] = []
        self.close_after_answer = False
        self.greeting: bytes | None = None
        self._connections = 0
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def drop_connections(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _address = self._listener.accept()
            except OSError:
                return
            self._connections += 1
            self._sockets.append(accepted)
            thread = threading.Thread(target=self._serve, args=(accepted, self._connections))
            self._threads.append(thread)
            thread.start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        if self._tls is not None:
            try:
                accepted = self._tls.wrap_socket(accepted, server_side=True)
                self._sockets.append(accepted)
            except OSError:
                accepted.close()
                return
        with accepted, accepted.makefile("rb") as stream, contextlib.suppress(OSError):
            if self.greeting is not None:
                # As a server of another protocol: it takes the first bytes for its own and complains.
                accepted.recv(65536)
                accepted.sendall(self.greeting)
                return
            while stream.readline():
                headers = {}
                while line := stream.readline().strip():
                    name, _colon, value = line.decode("latin-1").partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", "0")))
                request = Received(number, headers, body)
                self.received.append(request)
                answer = self._answer(request)
                if answer is None:
                    return
                accepted.sendall(answer)
                if self.close_after_answer:
                    return


@contextlib.contextmanager
def serving(*answers: Answer | Callable[[Received], Answer], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that gives these answers in turn, and the last one for ever."""
    waiting = list(answers)

    def answer(request: Received) -> Answer:
        step = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return step(request) if callable(step) else step

    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.close()


def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def certificate(folder: Path, *, address: str = "127.0.0.1", days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context with a certificate of its own, and the file that makes it trusted.

    *days* below zero make the certificate one that has expired.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
