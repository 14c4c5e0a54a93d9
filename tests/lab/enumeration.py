# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerate, Pull and Release of one host.

As recorded from Windows: the first answer holds one item however many were asked for, its Items and EndOfSequence are
in the WS-Management namespace and its context comes first, empty when nothing follows; the answer to a Pull has all of
it in the WS-Enumeration namespace, no context when nothing follows, and a new context with every answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.envelopes import Answer, Request, new_id

_FRAME_BYTES: Final = 1500
"""Room for everything in an answer that is not an item."""
_MAX_BATCH_ITEMS: Final = 32_000
_PREFIXES: Final = ("a", "n", "w")


class Mode(StrEnum):
    """What an item consists of (DSP0226 section 8.7)."""

    OBJECT = "object"
    OBJECT_AND_EPR = "EnumerateObjectAndEPR"
    EPR = "EnumerateEPR"


@dataclass(frozen=True, slots=True)
class EnumerateBody:
    """What an n:Enumerate element asks for."""

    optimized: bool
    max_elements: int
    mode: Mode
    query: str | None
    """WQL, when there is a filter."""


@dataclass(frozen=True, slots=True)
class _Context:
    resource_uri: str
    class_name: str
    user: str
    items: tuple[str, ...]
    endless: bool
    expires_at: float = 0.0


class Enumerations:
    """The open enumerations of a host.

    Args:
        idle_seconds: a context that is not pulled for this long is gone (EnumerationTimeoutms).
        clock: monotonic seconds.
    """

    def __init__(self, idle_seconds: float, clock: Callable[[], float]) -> None:
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._contexts: dict[str, _Context] = {}

    def __len__(self) -> int:
        self._drop_expired()
        return len(self._contexts)

    def clear(self) -> None:
        """Forget all of them, as a reboot does."""
        self._contexts.clear()

    def class_name(self, context_id: str) -> str | None:
        """The class that an enumeration began with."""
        context = self._contexts.get(context_id)
        return context.class_name if context else None

    def begin(
        self,
        request: Request,
        asked: EnumerateBody,
        items: list[str],
        *,
        class_name: str,
        user: str,
        endless: bool = False,
    ) -> Answer:
        """Answer an Enumerate with at most one item and keep the rest.

        Raises:
            WsmanFault: w:EncodingLimit, when the first item does not fit.
        """
        first = items[:1] if asked.optimized and asked.max_elements else []
        if first and len(first[0].encode()) + _FRAME_BYTES > request.max_envelope_bytes:
            raise faults.envelope_too_small()
        rest = items[len(first) :]
        if endless and items:
            rest = rest or items[-1:]
        context_id = ""
        if rest or not asked.optimized:
            context_id = self._keep(_Context(request.resource_uri.lower(), class_name, user, tuple(rest), endless))
        body = f"<n:EnumerateResponse><n:EnumerationContext>{context_id}</n:EnumerationContext>"
        if asked.optimized:
            body += f"<w:Items>{''.join(first)}</w:Items>"
            body += "" if context_id else "<w:EndOfSequence/>"
        return Answer(
            f"{ns.ENUMERATE}Response", f"{body}</n:EnumerateResponse>", request.message_id, prefixes=_PREFIXES
        )

    def pull(self, request: Request, user: str, *, empty: bool = False) -> Answer:
        """Answer a Pull with as many items as fit.

        Raises:
            WsmanFault: unknown or expired context, another resource than the Enumerate's, an item that never fits.
        """
        element = request.only_child(ns.ENUMERATION, "Pull")
        context_id = (element.findtext(ns.tag(ns.ENUMERATION, "EnumerationContext")) or "").strip()
        limit = min(_number(element, ns.ENUMERATION, "MaxElements", 1), _MAX_BATCH_ITEMS)
        context = self._find(context_id, request, user)
        batch: list[str] = []
        room = request.max_envelope_bytes - _FRAME_BYTES
        for item in () if empty else context.items[:limit]:
            room -= len(item.encode())
            if room < 0:
                break
            batch.append(item)
        if not batch and not empty and context.items:
            raise faults.envelope_too_small()
        del self._contexts[context_id]
        rest = context.items[len(batch) :]
        if context.endless and not rest:
            rest = context.items[-1:]
        following = self._keep(replace(context, items=rest)) if rest else ""
        body = "<n:PullResponse>"
        body += f"<n:EnumerationContext>{following}</n:EnumerationContext>" if following else ""
        body += "" if empty else f"<n:Items>{''.join(batch)}</n:Items>"
        body += "" if following else "<n:EndOfSequence/>"
        return Answer(f"{ns.PULL}Response", f"{body}</n:PullResponse>", request.message_id, prefixes=_PREFIXES)

    def release(self, request: Request, user: str) -> Answer:
        """Forget an enumeration before its end."""
        element = request.only_child(ns.ENUMERATION, "Release")
        context_id = (element.findtext(ns.tag(ns.ENUMERATION, "EnumerationContext")) or "").strip()
        self._find(context_id, request, user)
        del self._contexts[context_id]
        return Answer(f"{ns.RELEASE}Response", "", request.message_id, prefixes=_PREFIXES)

    def _keep(self, context: _Context) -> str:
        self._drop_expired()
        context_id = new_id()
        self._contexts[context_id] = replace(context, expires_at=self._clock() + self._idle_seconds)
        return context_id

    def _find(self, context_id: str, request: Request, user: str) -> _Context:
        self._drop_expired()
        context = self._contexts.get(context_id)
        if context is None:
            raise faults.WsmanFault(
                2150858779,
                "n:InvalidEnumerationContext",
                "There is no such enumeration, or not any more. ",
                sender=False,
            )
        if context.user != user:
            raise faults.access_denied()
        if context.resource_uri != request.resource_uri.lower():
            raise faults.WsmanFault(
                2150859181, "w:InvalidParameter", "The resource is not the one that Enumerate named. "
            )
        return context

    def _drop_expired(self) -> None:
        now = self._clock()
        for context_id in [name for name, context in self._contexts.items() if context.expires_at <= now]:
            del self._contexts[context_id]


def read_enumerate(request: Request) -> EnumerateBody:
    """Read an n:Enumerate element.

    Raises:
        WsmanFault: an element that does not belong there, an unknown mode or filter dialect.
    """
    element = request.only_child(ns.ENUMERATION, "Enumerate")
    known = {ns.tag(ns.WSMAN, name) for name in ("OptimizeEnumeration", "MaxElements", "EnumerationMode", "Filter")}
    for child in element:
        if child.tag == ns.tag(ns.ENUMERATION, "EndTo"):
            raise faults.unsupported(2150858870, "AddressingMode", "EndTo is not supported. ")
        if child.tag == ns.tag(ns.ENUMERATION, "Expires"):
            raise faults.unsupported(2150858775, "ExpirationTime", "Expires is not supported. ")
        if child.tag == ns.tag(ns.ENUMERATION, "Filter"):
            raise faults.WsmanFault(
                2150858777, "n:FilterDialectRequestedUnavailable", "XPath filters are not supported. "
            )
        if child.tag not in known:
            raise faults.invalid_body(f"{child.tag} does not belong into Enumerate. ")
    mode = (element.findtext(ns.tag(ns.WSMAN, "EnumerationMode")) or Mode.OBJECT).strip()
    if mode not in set(Mode):
        raise faults.unsupported(2150858886, "EnumerationMode", "The enumeration mode is not supported. ")
    return EnumerateBody(
        optimized=element.find(ns.tag(ns.WSMAN, "OptimizeEnumeration")) is not None,
        max_elements=_number(element, ns.WSMAN, "MaxElements", 1),
        mode=Mode(mode),
        query=_query(element.find(ns.tag(ns.WSMAN, "Filter"))),
    )


def _query(element: ET.Element | None) -> str | None:
    if element is None:
        return None
    if element.get("Dialect") != ns.WQL:
        raise faults.WsmanFault(
            2150858777, "n:FilterDialectRequestedUnavailable", "The filter dialect is not supported. "
        )
    text = (element.text or "").strip()
    if len(element) or not text:
        raise faults.WsmanFault(2150858778, "n:CannotProcessFilter", "The filter is empty or not text. ")
    return text


def _number(element: ET.Element, namespace: str, name: str, default: int) -> int:
    text = element.findtext(ns.tag(namespace, name))
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text.strip()) or int(text) == 0:
        raise faults.invalid_body(f"{name} must be a number above 0. ")
    return int(text)
