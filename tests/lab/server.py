# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP and HTTPS of one host: HTTP.sys and the WinRM listener in front of the WS-Management service."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from aiohttp import web
from spnego.exceptions import SpnegoError

from tests.lab import encryption
from tests.lab.authentication import Accounts, NegotiateSession, Verdict, check_basic
from tests.lab.certificates import ServerIdentity
from tests.lab.connections import Connection, ConnectionServer, DeafListener
from tests.lab.dispatch import Call, WinRmService
from tests.lab.interfaces import Machine
from tests.lab.misbehaviour import Outcome, carry_out
from tests.lab.requestlog import LogLine, RequestLog
from tests.lab.switches import Switches
from tests.lab.wirespec import FaultRule, Misbehaviour, Outage, WireSpec

HTTP_PORT: Final = 5985
HTTPS_PORT: Final = 5986
_PATH: Final = "/wsman"
_SOAP: Final = "application/soap+xml;charset=UTF-8"
_HTTP_SYS: Final = "Microsoft-HTTPAPI/2.0"
_IDLE_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.02
_PLAIN: Final = Outcome()

log = logging.getLogger(__name__)

# aiohttp calls every client that talks nonsense an error. A lab has such clients on purpose and tells its bugs itself.
_NOISE: Final = logging.getLogger("tests.lab.noise")
_NOISE.setLevel(logging.CRITICAL)


@dataclass(slots=True)
class _Exchange:
    """What the log will say of one request."""

    connection: Connection
    bytes_in: int
    call: Call | None = None
    bytes_out: int = 0
    status: int | None = None
    fault: int | None = None
    struck_by: Misbehaviour | None = None


@dataclass(slots=True)
class HostServer:
    """The listeners of one host.

    Attributes:
        numbers: source of connection numbers, shared by all hosts of the lab.
    """

    name: str
    address: str
    wire: WireSpec
    machine: Machine
    service: WinRmService
    accounts: Accounts
    identity: ServerIdentity | None
    requests: RequestLog
    numbers: Iterator[int]
    _switches: Switches = field(init=False)
    _servers: dict[str, ConnectionServer] = field(init=False, default_factory=dict)
    _listeners: list[asyncio.Server] = field(init=False, default_factory=list)
    _deaf: list[DeafListener] = field(init=False, default_factory=list)
    _running: set[asyncio.Task[Outcome]] = field(init=False, default_factory=set)
    _return: asyncio.Task[None] | None = field(init=False, default=None)
    _down_until: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._switches = Switches(self.wire.faults)

    async def start(self) -> None:
        """Listen, and follow the machine's adapter restarts.

        Raises:
            OSError: a port is taken, or the address is not one of this computer.
        """
        schemes = [scheme for scheme, wanted in (("http", self.wire.http), ("https", self.wire.https)) if wanted]
        self._servers = {scheme: self._server(scheme) for scheme in schemes}
        self.machine.on_reboot.append(self.service.reboot)
        self.machine.on_disconnect.append(self._link_lost)
        if self.wire.down:
            return
        if self.machine.answers_at is None:
            self._disappear(Outage.SILENT, None)
        else:
            await self._listen(self.machine.answers_at)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._return is not None:
            self._return.cancel()
        for work in self._running:
            work.cancel()
        self._stop_listening()
        self.service.close()
        for server in self._servers.values():
            for connection in server.open_connections:
                connection.transport.abort()
            await server.shutdown(0)

    def _server(self, scheme: str) -> ConnectionServer:
        certificate_hash = self.identity.certificate_hash if scheme == "https" and self.identity is not None else None

        def opened(transport: asyncio.Transport) -> Connection:
            session = NegotiateSession(self.accounts, self.wire.channel_binding, certificate_hash)
            return Connection(next(self.numbers), scheme, transport, session)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._handle(server, request)

        server = ConnectionServer(handle, opened, keepalive_timeout=_IDLE_SECONDS, access_log=None, logger=_NOISE)
        return server

    async def _listen(self, address: str) -> None:
        loop = asyncio.get_running_loop()
        for scheme, server in self._servers.items():
            port = HTTP_PORT if scheme == "http" else HTTPS_PORT
            context = self.identity.context if scheme == "https" and self.identity is not None else None
            self._listeners.append(await loop.create_server(server, address, port, ssl=context))

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for deaf in self._deaf:
            deaf.close()
        self._deaf.clear()

    def _link_lost(self) -> None:
        self._disappear(self.wire.outage, None)

    def _disappear(self, how: Outage, seconds: float | None) -> None:
        """Lose every connection and take no new ones, until the machine is reachable and the seconds are over."""
        if self.wire.down:
            return
        was_listening = bool(self._listeners)
        self._stop_listening()
        lost = [connection for server in self._servers.values() for connection in server.open_connections]
        for connection in lost:
            if how is Outage.SILENT:
                connection.freeze()
            else:
                connection.reset()
        if how is Outage.SILENT and was_listening:
            self._fall_silent()
        if seconds is not None:
            self._down_until = asyncio.get_running_loop().time() + seconds
        if self._return is not None:
            self._return.cancel()
        self._return = asyncio.create_task(self._come_back(lost))
        self._return.add_done_callback(self._came_back)

    def _fall_silent(self) -> None:
        """Answer no connection request at the usual address, as a machine that is not there or filters."""
        ports = [HTTP_PORT if scheme == "http" else HTTPS_PORT for scheme in self._servers]
        self._deaf = [DeafListener(self.address, port) for port in ports]

    async def _come_back(self, lost: list[Connection]) -> None:
        clock = asyncio.get_running_loop().time
        # A machine tells when its link goes, not when it is back.
        while (address := self.machine.answers_at) is None or (
            self._down_until is not None and clock() < self._down_until
        ):
            if self.machine.locked_out and not self._deaf:
                self._fall_silent()
            await asyncio.sleep(_POLL_SECONDS)
        self._down_until = None
        self._stop_listening()
        for connection in lost:
            connection.reset()
        await self._listen(address)

    def _came_back(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("%s does not listen again", self.name, exc_info=task.exception())

    async def _handle(self, server: ConnectionServer, request: web.BaseRequest) -> web.StreamResponse:
        connection = server.connection_of(request)
        if connection is None:
            raise ConnectionResetError("the connection is gone")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return await self._reply(request, _Exchange(connection, request.content_length or 0), 413)
        if connection.frozen:
            await connection.gone.wait()
            raise ConnectionResetError("the link is down")
        exchange = _Exchange(connection, len(body))
        try:
            return await self._answer(request, body, exchange)
        except Exception:
            log.exception("%s can't answer", self.name)
            raise

    async def _answer(self, request: web.BaseRequest, body: bytes, exchange: _Exchange) -> web.StreamResponse:
        connection = exchange.connection
        if self.wire.unavailable:
            return await self._reply(request, exchange, 503)
        if request.path.lower() != _PATH:
            return await self._reply(request, exchange, 404)
        if request.method != "POST":
            return await self._reply(request, exchange, 405)
        verdict = self._authenticate(request, connection)
        if verdict.user is None:
            return await self._reply(request, exchange, 401, challenges=self._challenges(connection, verdict))
        final = [f"Negotiate {base64.b64encode(verdict.token).decode()}"] if verdict.token else []
        if not body:
            return await self._reply(request, exchange, 200, challenges=final)
        encrypted = encryption.is_encrypted(request.headers.get("Content-Type", ""))
        if encrypted:
            try:
                message = encryption.unpack(body, connection.session.decrypt)
            except (encryption.EncryptionError, SpnegoError, TypeError):
                return await self._reply(request, exchange, 400)
        elif connection.scheme == "http":
            # AllowUnencrypted is false: WinRM says nothing more than this.
            return await self._reply(request, exchange, 500)
        else:
            message = body
        exchange.call = self.service.read(message)
        return await self._execute(
            request, exchange, exchange.call, verdict.user, encrypted=encrypted, challenges=final
        )

    async def _execute(
        self,
        request: web.BaseRequest,
        exchange: _Exchange,
        call: Call,
        user: str,
        *,
        encrypted: bool,
        challenges: list[str],
    ) -> web.StreamResponse:
        rule = self._switches.strike(call)
        exchange.struck_by = rule.do if rule else None
        if rule is not None and rule.do is Misbehaviour.GO_DOWN:
            self._log(exchange)
            self._disappear(Outage.REFUSE, rule.seconds if rule.seconds is not None else float("inf"))
            return _to_nobody()
        outcome = await self._outcome(call, user, rule, exchange.connection)
        if outcome is None:
            self._log(exchange)
            return _to_nobody()
        exchange.fault = outcome.fault
        if outcome.cut is not None:
            self._log(exchange)
            outcome.cut(exchange.connection)
            return _to_nobody()
        if outcome.status == HTTPStatus.UNAUTHORIZED:
            challenges = self._challenges(exchange.connection, Verdict(None))
        content, content_type = outcome.content, _SOAP
        if encrypted and content:
            content = encryption.pack(content, exchange.connection.session.encrypt)
            content_type = encryption.CONTENT_TYPE
        return await self._reply(
            request,
            exchange,
            outcome.status,
            content=content,
            content_type=content_type,
            challenges=challenges,
            outcome=outcome,
        )

    async def _outcome(self, call: Call, user: str, rule: FaultRule | None, connection: Connection) -> Outcome | None:
        """Execute a call; null when the connection is gone first. The execution goes on even then, as on Windows."""
        work = asyncio.create_task(carry_out(self.service, call, user, rule))
        self._running.add(work)
        work.add_done_callback(self._running.discard)
        gone = asyncio.create_task(connection.gone.wait())
        held = int(rule is not None and rule.do is Misbehaviour.HOLD)
        self.service.held += held
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        self.service.held -= held
        gone.cancel()
        return work.result() if work.done() else None

    def _authenticate(self, request: web.BaseRequest, connection: Connection) -> Verdict:
        header = request.headers.get("Authorization")
        if header is None:
            return Verdict(connection.session.user)
        scheme, _unused, credentials = header.partition(" ")
        if scheme.lower() == "negotiate":
            try:
                token = base64.b64decode(credentials, validate=True)
            except binascii.Error:
                return Verdict(None)
            return connection.session.step(token) if token else Verdict(None)
        if scheme.lower() == "basic" and connection.scheme == "https" and self.wire.basic:
            return check_basic(self.accounts, credentials)
        return Verdict(None)

    def _challenges(self, connection: Connection, verdict: Verdict) -> list[str]:
        if verdict.token is not None:
            return [f"Negotiate {base64.b64encode(verdict.token).decode()}"]
        basic = ['Basic realm="WSMAN"'] if connection.scheme == "https" and self.wire.basic else []
        return ["Negotiate", *basic]

    async def _reply(
        self,
        request: web.BaseRequest,
        exchange: _Exchange,
        status: int,
        *,
        content: bytes = b"",
        content_type: str = _SOAP,
        challenges: list[str] | None = None,
        outcome: Outcome = _PLAIN,
    ) -> web.StreamResponse:
        if self.wire.answer_delay_ms:
            await asyncio.sleep(self.wire.answer_delay_ms / 1000)
        if exchange.connection.frozen:
            await exchange.connection.gone.wait()
        if exchange.connection.transport.is_closing():
            self._log(exchange)
            return _to_nobody()
        response = web.StreamResponse(status=status, headers={"Server": _HTTP_SYS})
        for challenge in challenges or ():
            response.headers.add("WWW-Authenticate", challenge)
        if content:
            response.headers["Content-Type"] = content_type
        if outcome.chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(content)
        sent = content[: len(content) // 2] if outcome.truncate else content
        exchange.status, exchange.bytes_out = status, len(sent)
        # Before the answer: who has read it may look for it in the log.
        self._log(exchange)
        try:
            await response.prepare(request)
            if sent:
                await response.write(sent)
            if outcome.truncate:
                exchange.connection.close()
            else:
                await response.write_eof()
        except ConnectionError:
            log.debug("%s: connection %d ended during the answer", self.name, exchange.connection.number)
        return response

    def _log(self, exchange: _Exchange) -> None:
        call = exchange.call
        self.requests.write(
            LogLine(
                time=time.time(),
                host=self.name,
                connection=exchange.connection.number,
                scheme=exchange.connection.scheme,
                action=call.action if call else None,
                resource=call.resource if call else None,
                name=call.name if call else None,
                method=call.method if call else None,
                about=_registry_path(call) if call else None,
                message_id=call.message_id if call else None,
                bytes_in=exchange.bytes_in,
                bytes_out=exchange.bytes_out,
                status=exchange.status,
                fault=exchange.fault,
                struck_by=exchange.struck_by,
                authentication=exchange.status == 401 or (exchange.status == 200 and exchange.bytes_in == 0),
            )
        )


def _registry_path(call: Call) -> str | None:
    """Key and value name that a call to StdRegProv is about."""
    if call.request is None or call.method is None or call.name is None or call.name.lower() != "stdregprov":
        return None
    named = {each.tag.rpartition("}")[2]: each.text or "" for element in call.request.body for each in element}
    parts = (named.get(name) for name in ("sSubKeyName", "sValueName"))
    return "\\".join(part for part in parts if part is not None)


def _to_nobody() -> web.StreamResponse:
    """What a handler returns when nobody is left to answer to."""
    return web.Response(status=500)
