# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP connections of one host: who holds which, and the ways to lose them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tests.lab.authentication import NegotiateSession


@dataclass(slots=True, eq=False)
class Connection:
    """One TCP connection and the authentication that belongs to it."""

    number: int
    scheme: str
    transport: asyncio.Transport
    session: NegotiateSession
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    frozen: bool = False
    """The link is down and the other end does not know it yet: nothing may be sent."""

    def freeze(self) -> None:
        """Fall silent: read nothing, answer nothing."""
        self.frozen = True
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def reset(self) -> None:
        """End with a TCP reset; nothing happens to a connection that ends already."""
        if self.transport.is_closing():
            return
        plain = self.transport.get_extra_info("socket")
        if plain is not None:
            # Closing with a linger time of zero makes the kernel send RST instead of FIN.
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        """End in order, after what is already written."""
        self.transport.close()


class ConnectionServer(web.Server):
    """An aiohttp server that knows its connections.

    Args:
        opened: makes the record of a new connection.
    """

    def __init__(
        self, handler: Callable[..., Any], opened: Callable[[asyncio.Transport], Connection], **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self._opened = opened
        self._open: dict[RequestHandler, Connection] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Called by aiohttp when the connection stands, TLS included."""
        super().connection_made(handler, transport)
        self._open[handler] = self._opened(transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Called by aiohttp when the connection is over, whoever ended it."""
        super().connection_lost(handler, exc)
        connection = self._open.pop(handler, None)
        if connection is not None:
            connection.gone.set()

    def connection_of(self, request: web.BaseRequest) -> Connection | None:
        """The connection that a request came over, null when it is gone already."""
        return self._open.get(request.protocol)

    @property
    def open_connections(self) -> list[Connection]:
        """All connections that stand."""
        return list(self._open.values())


class DeafListener:
    """A port that answers no SYN, as when the machine is not on the network.

    Linux drops a SYN when the accept queue is full (listen(2)): the queue here holds one connection, and the lab itself
    takes that place.
    """

    def __init__(self, address: str, port: int) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((address, port))
            self._listener.listen(0)
            self._filler.connect((address, port))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Free the port."""
        self._filler.close()
        self._listener.close()
