# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The WS-Management client: enumerate, get, invoke, delete, over any transport.

Reads are repeated after errors that pass (operation timeout, quota, a connection that was cut), with growing, random
pauses. Writes are sent once and never again: after a lost answer only a new read can tell what happened.
"""

from __future__ import annotations

import dataclasses
import random as random_module
import time
import typing as t
import urllib.parse
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import envelope, faults
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import (
    Instance,
    read_instance,
    read_item,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import (
    NOT_WINDOWS,
    Element,
    escape,
)

_ENUMERATE = f"{envelope.ENUMERATION}/Enumerate"
_PULL = f"{envelope.ENUMERATION}/Pull"
_RELEASE = f"{envelope.ENUMERATION}/Release"
_GET = f"{envelope.TRANSFER}/Get"
_DELETE = f"{envelope.TRANSFER}/Delete"

_BATCH_ITEMS = 32_000
"""Instances asked for at once; the default of MaxBatchItems on Windows."""

_Result = t.TypeVar("_Result")


@dataclasses.dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer, decrypted."""

    status: int
    body: bytes


class Transport(t.Protocol):
    """Carries one message to the host and brings back the answer."""

    endpoint: str
    """URL of the service."""

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        """Send *message* exactly once.

        Args:
            message: The envelope.
            read_timeout_seconds: How long to wait for the answer, where it is not the connection's own setting.

        Raises:
            HostUnreachable: The message did not leave.
            ConnectionLost: It may have left, and no answer came.
            WsmanProtocolError: The answer is too large, or can't be decrypted.
        """

    def close(self) -> None:
        """Drop the HTTP session. The next message authenticates anew."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a host may make the controller do. The defaults are far above what a real host needs."""

    max_envelope_bytes: int = 512_000
    """Largest answer asked for: the default limit of Windows itself (MaxEnvelopeSizekb 500)."""
    max_items: int = 20_000
    """Instances of one enumeration."""
    max_pulls: int = 2_000
    """Requests of one enumeration after the first."""
    max_enumeration_bytes: int = 32_000_000
    """Answers of one enumeration together."""
    max_enumeration_seconds: float = 300.0
    """From its first request to its last. Without this, 2000 answers may each take as long as one may."""
    read_attempts: int = 5
    """How often a read is sent at most."""
    first_pause_seconds: float = 1.0
    """Longest pause before the second attempt; it doubles with each further one."""
    longest_pause_seconds: float = 15.0


class Client:
    """Speaks WS-Management with one host."""

    host: str
    """Address or name that the controller connects to."""

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        operation_timeout_seconds: int = 20,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = random_module.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set up a client; nothing is sent.

        Args:
            transport: Carries the messages.
            host: Address or name that the controller connects to.
            operation_timeout_seconds: How long the host may take for one request before it answers with a fault.
            limits: What the host may make the controller do.
            sleep: Waits for so many seconds.
            random: Gives a number from 0 to below 1.
            clock: Seconds from any start, never running back.
        """
        self.host = host
        self.operation_timeout_seconds = operation_timeout_seconds
        self._transport = transport
        self._limits = limits or Limits()
        self._sleep = sleep
        self._random = random
        self._clock = clock

    @property
    def port(self) -> int | None:
        """TCP port that the controller connects to; None where the URL of the service has none that can be read."""
        parts = urllib.parse.urlsplit(self._transport.endpoint)
        try:
            return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return None

    def enumerate(
        self,
        namespace: str,
        class_name: str,
        *,
        where: str | None = None,
        with_selectors: bool = False,
        operation_timeout_seconds: int | None = None,
        attempts: int | None = None,
    ) -> list[Instance]:
        """Read all instances of a class, in the order of the host.

        Args:
            namespace: Such as ``root/standardcimv2``.
            class_name: The class.
            where: WQL that follows ``WHERE``; values in it come from :func:`wql.wql_string`.
            with_selectors: Ask for the reference of each instance too, so that it can be addressed later.
            operation_timeout_seconds: How long the host may take for each answer, where it is not the client's setting.
            attempts: How often this is tried at most, where it is not the client's limit.

        Raises:
            WsmanFault: The host refuses, after the last attempt where the fault is one that passes.
            WsmanProtocolError: An answer can't be read, or there is no end of them.
            HostUnreachable: The host does not answer.
        """
        subject = f"Enumerate {class_name} on {self.host}"
        uri = envelope.resource(namespace, envelope.checked_name("class", class_name))
        mode = query = ""
        if with_selectors:
            mode = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>"
        if where is not None:
            # A query on the URI of a class is refused (ERROR_WSMAN_INVALID_URI_WMI_ENUM_WQL).
            uri = envelope.resource(namespace, "*")
            wql = escape(f"SELECT * FROM {class_name} WHERE {where}", subject)
            query = f'<w:Filter Dialect="{envelope.WQL}">{wql}</w:Filter>'
        body = (
            f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{_BATCH_ITEMS}</w:MaxElements>"
            f"{mode}{query}</n:Enumerate>"
        )
        request = envelope.Request(_ENUMERATE, uri, body, subject=subject)
        # The whole sequence is what is repeated: a Pull whose answer was lost has already moved the host's cursor.
        return self._repeat(lambda: self._enumerate_once(request, operation_timeout_seconds), _passes, attempts)

    def get(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> Instance:
        """Read the one instance that *selectors* address.

        Raises:
            WsmanFault: The host refuses; ``not_found`` where there is no such instance.
        """
        uri = envelope.resource(namespace, class_name)
        request = envelope.Request(_GET, uri, selectors=selectors, subject=f"Get {class_name} on {self.host}")
        body = self.request(request, read_only=True)
        if not body.children:
            raise _incomplete(request, "an empty body", f"an instance of {class_name}")
        return read_instance(body.children[0])

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: Mapping[str, envelope.Argument],
        *,
        selectors: Mapping[str, str] | None = None,
        options: Sequence[envelope.Option] = (),
        read_only: bool = False,
        read_timeout_seconds: float | None = None,
    ) -> Instance:
        """Call a method and return its output parameters; some providers send none where all went well.

        Args:
            namespace: Such as ``root/cimv2``.
            class_name: The class.
            method: The method.
            arguments: Input parameters by name.
            selectors: Address the instance; none for a static method.
            options: See :data:`envelope.Option`.
            read_only: The method changes nothing, so that it may be sent again. Without it, it is sent once.
            read_timeout_seconds: How long to wait for the answer, where it is not the connection's own setting.

        Raises:
            WsmanFault: The host refuses.
            ConnectionLost: No answer came; the method may have run.
        """
        subject = f"{class_name}.{method} on {self.host}"
        uri = envelope.resource(namespace, class_name)
        request = envelope.Request(
            f"{uri}/{method}",
            uri,
            envelope.method_input(uri, method, arguments, subject),
            selectors=selectors or {},
            options=options,
            subject=subject,
        )
        body = self.request(request, read_only=read_only, read_timeout_seconds=read_timeout_seconds)
        return read_instance(body.children[0]) if body.children else Instance(f"{method}_OUTPUT", {})

    def delete(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> None:
        """Delete the instance that *selectors* address. Sent once.

        Raises:
            WsmanFault: The host refuses; ``not_found`` where there is no such instance.
            ConnectionLost: No answer came; the instance may be gone.
        """
        uri = envelope.resource(namespace, class_name)
        self.request(envelope.Request(_DELETE, uri, selectors=selectors, subject=f"Delete {class_name} on {self.host}"))

    def request(
        self,
        request: envelope.Request,
        *,
        read_only: bool = False,
        again_if_refused: bool = False,
        operation_timeout_seconds: int | None = None,
        read_timeout_seconds: float | None = None,
    ) -> Element:
        """Send any request and return the body of the answer.

        Args:
            request: What to send.
            read_only: May be sent again after any error that passes.
            again_if_refused: May be sent again after a quota fault, by which the host says that it did nothing.
            operation_timeout_seconds: How long the host may take, where it is not the client's setting.
            read_timeout_seconds: How long to wait for the answer, where it is not the connection's own setting.

        Raises:
            WsmanFault: The host refuses.
            WsmanProtocolError: The answer can't be read.
            HostUnreachable: The host does not answer.
        """

        def attempt() -> Element:
            return self._exchange(request, operation_timeout_seconds, read_timeout_seconds)[0]

        if read_only:
            return self._repeat(attempt, _passes)
        return self._repeat(attempt, _refused_for_now) if again_if_refused else attempt()

    def reconnect(self) -> None:
        """Drop the session; the next request opens a connection and authenticates. For use after an adapter restart."""
        self._transport.close()

    def close(self) -> None:
        """Drop the session."""
        self._transport.close()

    def _exchange(
        self,
        request: envelope.Request,
        operation_timeout_seconds: int | None = None,
        read_timeout_seconds: float | None = None,
    ) -> tuple[Element, int]:
        """Send once. Returns the body of the answer, and the size of the answer in bytes."""
        message = envelope.build(
            request,
            self._transport.endpoint,
            operation_timeout_seconds=operation_timeout_seconds or self.operation_timeout_seconds,
            max_envelope_bytes=self._limits.max_envelope_bytes,
        )
        answer = self._transport.send(message.content, read_timeout_seconds)
        empty = not answer.body.strip()
        status_error = faults.status_error(answer.status, empty, self._transport.endpoint, request.subject)
        if answer.status != 200 and empty:
            raise status_error
        try:
            body = envelope.read_answer(answer.body, request, message.message_id)
        except WsmanProtocolError as error:
            # A proxy or http.sys sends pages for people with its statuses.
            if answer.status != 200 and error.code in ("answer_not_xml", "answer_not_soap", "answer_with_dtd"):
                raise status_error from error
            raise
        if answer.status != 200:
            raise status_error
        return body, len(answer.body)

    def _enumerate_once(self, request: envelope.Request, operation_timeout_seconds: int | None) -> list[Instance]:
        began = self._clock()
        body, size = self._exchange(request, operation_timeout_seconds)
        answer = _expected(body, "EnumerateResponse", request)
        items = _items(answer)
        context = _open_context(answer)
        pulls = 0
        while context is not None:
            pulls += 1
            try:
                self._check_limits(request, len(items), pulls, size, self._clock() - began)
                body, more = self._exchange(_on_context(request, _PULL, context), operation_timeout_seconds)
                answer = _expected(body, "PullResponse", request)
            except HostUnreachable:
                raise
            except NicError:
                self._release(request, context)
                raise
            size += more
            items += _items(answer)
            context = _open_context(answer)
        return items

    def _release(self, request: envelope.Request, context: str) -> None:
        """Free the host's cursor. What led here matters more than an error of this; an idle cursor ends by itself."""
        try:
            self._exchange(_on_context(request, _RELEASE, context))
        except NicError:
            return

    def _check_limits(self, request: envelope.Request, items: int, pulls: int, size: int, seconds: float) -> None:
        for count, limit, what in (
            (items, self._limits.max_items, "instances"),
            (pulls, self._limits.max_pulls, "answers"),
            (size, self._limits.max_enumeration_bytes, "bytes"),
            (seconds, self._limits.max_enumeration_seconds, "seconds"),
        ):
            if count > limit:
                raise WsmanProtocolError(
                    "enumeration_endless",
                    request.subject,
                    f"more than {limit} {what} and no end",
                    "an enumeration that ends",
                    NOT_WINDOWS,
                )

    def _repeat(
        self, attempt: Callable[[], _Result], passes: Callable[[NicError], bool], attempts: int | None = None
    ) -> _Result:
        """Do what may be done again, again after an error that passes."""
        pause = self._limits.first_pause_seconds
        for _number in range((attempts or self._limits.read_attempts) - 1):
            try:
                return attempt()
            except NicError as error:
                if not passes(error):
                    raise
                if isinstance(error, HostUnreachable):
                    self._transport.close()
            # Full jitter: clients that met the same limit must not come back together.
            self._sleep(self._random() * min(pause, self._limits.longest_pause_seconds))
            pause *= 2
        return attempt()


def _refused_for_now(error: NicError) -> bool:
    """Whether the host says that it did nothing, for want of a quota slot."""
    return isinstance(error, faults.WsmanFault) and error.quota


def _passes(error: NicError) -> bool:
    """Whether the same read may succeed a moment later."""
    if isinstance(error, faults.WsmanFault):
        return error.timed_out or error.quota
    return error.code in ("connection_lost", "session_lost", "service_unavailable")


def _on_context(request: envelope.Request, action: str, context: str) -> envelope.Request:
    """A Pull or Release for the cursor of *request*. MaxElements is in the n namespace here, unlike in Enumerate."""
    verb = action.rpartition("/")[2]
    elements = f"<n:MaxElements>{_BATCH_ITEMS}</n:MaxElements>" if action == _PULL else ""
    cursor = escape(context, request.subject)
    body = f"<n:{verb}><n:EnumerationContext>{cursor}</n:EnumerationContext>{elements}</n:{verb}>"
    return dataclasses.replace(request, action=action, body=body)


def _expected(body: Element, name: str, request: envelope.Request) -> Element:
    found = body.child(name)
    if found is None:
        raise _incomplete(request, f"a body without {name}", f"{name}")
    return found


def _incomplete(request: envelope.Request, seen: str, expected: str) -> WsmanProtocolError:
    return WsmanProtocolError("answer_incomplete", request.subject, seen, expected, NOT_WINDOWS)


def _items(answer: Element) -> list[Instance]:
    container = answer.child("Items")
    return [read_item(each) for each in container.children] if container is not None else []


def _open_context(answer: Element) -> str | None:
    """The cursor to pull on, or ``None`` at the end, which is ``EndOfSequence``, an empty context, or no context."""
    return None if answer.child("EndOfSequence") is not None else answer.value("EnumerationContext")
