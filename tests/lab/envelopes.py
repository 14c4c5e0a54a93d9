# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading requests strictly and writing answers as WinRM lays them out.

What a request must carry is DSP0226 with the deviations of [MS-WSMV] 3.1.4.1: mustUnderstand is honoured for unknown
headers, refused on Locale and required on FragmentTransfer, and a document type declaration ends the conversation.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree as ET

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.xmltext import escape

_ENVELOPE_PREFIXES: Final = {
    "a": ns.ADDRESSING,
    "e": ns.EVENTING,
    "n": ns.ENUMERATION,
    "x": ns.TRANSFER,
    "w": ns.WSMAN,
    "rsp": ns.SHELL,
    "p": ns.MS_WSMAN,
}

_KNOWN_HEADERS: Final = frozenset(
    {
        *(ns.tag(ns.ADDRESSING, name) for name in ("To", "Action", "MessageID", "ReplyTo", "FaultTo", "From")),
        *(
            ns.tag(ns.WSMAN, name)
            for name in (
                "ResourceURI",
                "SelectorSet",
                "OptionSet",
                "MaxEnvelopeSize",
                "OperationTimeout",
                "Locale",
                "FragmentTransfer",
            )
        ),
        *(ns.tag(ns.MS_WSMAN, name) for name in ("DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId")),
    }
)

_MINIMUM_ENVELOPE_BYTES: Final = 8192  # DSP0226 R13.1-4
_TRUE: Final = frozenset({"true", "1"})
_DURATION: Final = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS: Final = {
    "years": 31_536_000,
    "months": 2_592_000,
    "days": 86_400,
    "hours": 3_600,
    "minutes": 60,
    "seconds": 1,
}


class _NoDoctype(ET.TreeBuilder):
    """A tree builder that stops at a document type declaration, before any entity of it is declared."""

    def doctype(self, *_declaration: str | None) -> None:
        raise faults.invalid_xml("The message has a document type declaration. ")


@dataclass(frozen=True, slots=True)
class Option:
    """One w:Option."""

    value: str
    must_comply: bool
    type: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message that is SOAP 1.2 and nothing more is known of it."""

    header: tuple[ET.Element, ...]
    body: tuple[ET.Element, ...]

    @property
    def message_id(self) -> str | None:
        """What the answer relates to; null when the request gives none."""
        for element in self.header:
            if element.tag == ns.tag(ns.ADDRESSING, "MessageID"):
                return _text(element) or None
        return None


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose header is in order."""

    action: str
    resource_uri: str
    message_id: str
    selectors: dict[str, str]
    options: dict[str, Option]
    max_envelope_bytes: int
    operation_timeout_seconds: float
    body: tuple[ET.Element, ...]

    def only_child(self, namespace: str, name: str) -> ET.Element:
        """The single child that the body must be.

        Raises:
            WsmanFault: w:InvalidBody, when the body is something else.
        """
        if len(self.body) != 1 or self.body[0].tag != ns.tag(namespace, name):
            raise faults.invalid_body(f"The body of {self.action} must be one {name} element. ")
        return self.body[0]

    def refuse_selectors(self, *allowed: str) -> None:
        """Raise w:InvalidSelectors when the request has others than these."""
        known = {name.lower() for name in allowed}
        for name in self.selectors:
            if name.lower() not in known:
                raise faults.WsmanFault(
                    2150858843,
                    "w:InvalidSelectors",
                    f"The selector {name} does not belong here. ",
                    detail="UnexpectedSelectors",
                )

    def refuse_mandatory_options(self, *known: str) -> None:
        """Raise w:InvalidOptions when an option that the resource does not know must be complied with."""
        for name, option in self.options.items():
            if option.must_comply and name not in known:
                raise faults.WsmanFault(2150858833, "w:InvalidOptions", f"The option {name} can't be complied with. ")


@dataclass(frozen=True, slots=True)
class Limits:
    """What the service allows, in bytes and seconds."""

    max_envelope_bytes: int
    max_timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it becomes text."""

    action: str
    body: str
    relates_to: str | None
    fault: int | None = None
    """Decimal fault code; null when the request succeeded."""
    prefixes: tuple[str, ...] = ("a", "w")
    language: str = "en-US"

    @property
    def status(self) -> int:
        """HTTP status: WinRM sends every fault with 500."""
        return 200 if self.fault is None else 500

    def related_to(self, message_id: str | None) -> Answer:
        """The same answer to another request, or to none."""
        return replace(self, relates_to=message_id)

    def render(self) -> bytes:
        """The envelope in UTF-8."""
        declared = "".join(f' xmlns:{prefix}="{_ENVELOPE_PREFIXES[prefix]}"' for prefix in self.prefixes)
        relates_to = "" if self.relates_to is None else f"<a:RelatesTo>{escape(self.relates_to)}</a:RelatesTo>"
        return (
            f'<s:Envelope xml:lang="{escape(self.language)}" xmlns:s="{ns.SOAP}"{declared}><s:Header>'
            f"<a:Action>{escape(self.action)}</a:Action><a:MessageID>{new_id()}</a:MessageID>"
            f"<a:To>{ns.ANONYMOUS}</a:To>{relates_to}</s:Header><s:Body>{self.body}</s:Body></s:Envelope>"
        ).encode()


def fault_answer(fault: faults.WsmanFault, relates_to: str | None, computer: str, language: str) -> Answer:
    """The answer that carries a fault."""
    return Answer(
        action=fault.action,
        body=fault.body(computer, language),
        relates_to=relates_to if fault.relates else None,
        fault=fault.code,
        prefixes=("a", "x", "e", "n", "w", "p"),
        language=language,
    )


def new_id() -> str:
    """A fresh message or context identifier, upper case as WinRM writes them."""
    return f"uuid:{str(uuid.uuid4()).upper()}"


def read_envelope(message: bytes) -> Envelope:
    """Take a message apart as far as every SOAP node must.

    Raises:
        WsmanFault: not well-formed, a document type declaration, not SOAP 1.2, no Header or Body.
    """
    # Entities, which are what makes XML dangerous, can't be declared without a document type declaration.
    parser = ET.XMLParser(target=_NoDoctype())
    try:
        parser.feed(message)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise faults.invalid_xml("The message is not well-formed XML. ") from error
    if root.tag != ns.tag(ns.SOAP, "Envelope"):
        raise faults.WsmanFault(2150858765, "w:SchemaValidationError", "The message is not a SOAP 1.2 envelope. ")
    names = [child.tag for child in root]
    if names != [ns.tag(ns.SOAP, "Header"), ns.tag(ns.SOAP, "Body")]:
        raise faults.invalid_body("An envelope must consist of one Header and one Body. ")
    return Envelope(tuple(root[0]), tuple(root[1]))


def read_request(envelope: Envelope, limits: Limits) -> Request:
    """Check the header of a request.

    Raises:
        WsmanFault: a header is missing, doubled, malformed, or must be understood and is not.
    """
    headers = _understood(envelope.header)
    _check_addressing(headers)
    message_id = _text(headers[ns.tag(ns.ADDRESSING, "MessageID")])
    action = _text(headers[ns.tag(ns.ADDRESSING, "Action")])
    resource = headers.get(ns.tag(ns.WSMAN, "ResourceURI"))
    if resource is None or not _text(resource):
        raise faults.bad_resource_uri("The request has no resource URI. ")

    return Request(
        action=action,
        resource_uri=_text(resource),
        message_id=message_id,
        selectors=_selectors(headers.get(ns.tag(ns.WSMAN, "SelectorSet"))),
        options=_options(headers.get(ns.tag(ns.WSMAN, "OptionSet"))),
        max_envelope_bytes=_max_envelope(headers.get(ns.tag(ns.WSMAN, "MaxEnvelopeSize")), limits),
        operation_timeout_seconds=_timeout(headers.get(ns.tag(ns.WSMAN, "OperationTimeout")), limits),
        body=envelope.body,
    )


def _understood(header: Iterable[ET.Element]) -> dict[str, ET.Element]:
    """The headers that this service knows, by name; one that it must understand and does not ends it here."""
    headers: dict[str, ET.Element] = {}
    for element in header:
        mandatory = element.get(ns.tag(ns.SOAP, "mustUnderstand"), "false") in _TRUE
        if element.tag not in _KNOWN_HEADERS:
            if mandatory:
                raise faults.WsmanFault(
                    2150858768,
                    "w:MustUnderstand",
                    f"The header {element.tag} is not understood. ",
                    must_understand=True,
                )
            continue
        if element.tag in headers:
            raise faults.invalid_header(f"The header {element.tag} is there twice. ")
        if element.tag == ns.tag(ns.WSMAN, "Locale") and mandatory:
            raise faults.unsupported(
                2150858887, "Locale", "The locale can only be a hint: mustUnderstand must be false. "
            )
        if element.tag == ns.tag(ns.WSMAN, "FragmentTransfer"):
            if not mandatory:
                raise faults.invalid_header("FragmentTransfer must be marked mustUnderstand. ")
            raise faults.unsupported(2150858871, "FragmentLevelAccess", "Fragment transfer is not supported. ")
        headers[element.tag] = element

    return headers


def _check_addressing(headers: dict[str, ET.Element]) -> None:
    """The WS-Addressing headers must be there and make sense."""
    for name in ("To", "Action", "MessageID", "ReplyTo"):
        if ns.tag(ns.ADDRESSING, name) not in headers:
            raise faults.missing_header(name)
    reply_to = headers[ns.tag(ns.ADDRESSING, "ReplyTo")].find(ns.tag(ns.ADDRESSING, "Address"))
    if reply_to is None or _text(reply_to) != ns.ANONYMOUS:
        raise faults.unsupported(2150858870, "AddressingMode", "Answers go back on the same connection only. ")
    message_id = _text(headers[ns.tag(ns.ADDRESSING, "MessageID")])
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", message_id):
        raise faults.invalid_header("MessageID must be a URI, such as uuid: and a GUID. ")
    if not _text(headers[ns.tag(ns.ADDRESSING, "Action")]):
        raise faults.invalid_header("The Action header is empty. ")


def duration_seconds(text: str) -> float | None:
    """An xs:duration in seconds, null when it is none. Years and months count 365 and 30 days."""
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    parts = match.groupdict()
    total = sum(float(parts[unit]) * factor for unit, factor in _SECONDS.items() if parts[unit] is not None)
    return -total if parts["sign"] else total


def _text(element: ET.Element) -> str:
    return (element.text or "").strip()


def _selectors(header: ET.Element | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in _children(header, "Selector"):
        name = element.get("Name", "")
        if not name:
            raise faults.WsmanFault(
                2150858813, "w:InvalidSelectors", "A selector has no name. ", detail="UnexpectedSelectors"
            )
        if len(element):
            raise faults.WsmanFault(
                2150858845, "w:InvalidSelectors", f"The selector {name} must be text. ", detail="TypeMismatch"
            )
        if name.lower() in (known.lower() for known in found):
            raise faults.WsmanFault(
                2150858847, "w:InvalidSelectors", f"The selector {name} is there twice. ", detail="DuplicateSelectors"
            )
        found[name] = _text(element)
    return found


def _options(header: ET.Element | None) -> dict[str, Option]:
    found: dict[str, Option] = {}
    for element in _children(header, "Option"):
        name = element.get("Name", "")
        if not name:
            raise faults.WsmanFault(2150858834, "w:InvalidOptions", "An option has no name. ", detail="InvalidName")
        found[name] = Option(_text(element), element.get("MustComply", "false") in _TRUE, element.get("Type"))
    return found


def _children(header: ET.Element | None, name: str) -> Iterable[ET.Element]:
    for element in () if header is None else header:
        if element.tag != ns.tag(ns.WSMAN, name):
            raise faults.invalid_header(f"Only {name} elements belong here, not {element.tag}. ")
        yield element


def _max_envelope(header: ET.Element | None, limits: Limits) -> int:
    if header is None:
        return limits.max_envelope_bytes
    text = _text(header)
    if not re.fullmatch(r"\d{1,18}", text):
        raise faults.invalid_header("MaxEnvelopeSize is not a number. ")
    if int(text) < _MINIMUM_ENVELOPE_BYTES:
        raise faults.WsmanFault(
            2150858878, "w:EncodingLimit", "MaxEnvelopeSize is below 8192 bytes. ", detail="MinimumEnvelopeLimit"
        )
    return min(int(text), limits.max_envelope_bytes)


def _timeout(header: ET.Element | None, limits: Limits) -> float:
    if header is None:
        return limits.max_timeout_seconds
    seconds = duration_seconds(_text(header))
    if seconds is None:
        raise faults.WsmanFault(
            2150858881,
            "a:InvalidMessageInformationHeader",
            "OperationTimeout is not a duration. ",
            detail="OperationTimeout",
        )
    if seconds <= 0:
        raise faults.unsupported(2150858764, "OperationTimeout", "OperationTimeout is too short. ")
    return min(seconds, limits.max_timeout_seconds)
