# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""XML in and out, for messages of hosts that may be broken or hostile.

Reading builds on expat itself: its handlers are the place where a document type, an entity, too much depth or too many
elements can be refused before memory is spent on them. Element names are compared by local name only, since Windows
changes the letter case of namespaces and moves elements between them (``Items`` is in one namespace in an
EnumerateResponse and in another in a PullResponse).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError

XSI = "http://www.w3.org/2001/XMLSchema-instance"

NOT_WINDOWS = "Find out what answers at this address and port: a proxy or another service may stand in front of WinRM."
"""Next step where an answer is none that Windows would give."""

_MOST_DEPTH = 64
"""A real answer is about a dozen elements deep."""
_MOST_ELEMENTS = 200_000
"""A real answer of 500 kB, the largest that Windows sends by default, has about 15 000."""

# Stands between namespace and name in what expat reports; neither can contain it unescaped.
_SEPARATOR = "\n"

# What XML 1.0, production 2 (Char), leaves out.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("\t"): "&#9;",
    ord("\n"): "&#10;",
    ord("\r"): "&#13;",
}


@dataclasses.dataclass(slots=True)
class Element:
    """One element. Attributes without a namespace have their name as key."""

    namespace: str
    name: str
    attributes: Mapping[str, str]
    children: list[Element] = dataclasses.field(default_factory=list)
    text: str = ""
    """Character data directly inside, white space kept."""

    def child(self, *path: str) -> Element | None:
        """The first element below *path*, a chain of local names, or ``None``."""
        here: Element | None = self
        for name in path:
            here = next(here.each(name), None) if here is not None else None
        return here

    def each(self, name: str) -> Iterator[Element]:
        """The children of this local name."""
        return (child for child in self.children if child.name == name)

    def below(self) -> Iterator[Element]:
        """Every element below this one, in document order."""
        for child in self.children:
            yield child
            yield from child.below()

    def value(self, *path: str) -> str | None:
        """The text below *path* without white space around it; ``None`` where it is absent or empty."""
        found = self.child(*path)
        return (found.text.strip() or None) if found is not None else None

    @property
    def is_nil(self) -> bool:
        """Whether the element is marked ``xsi:nil``."""
        return self.attributes.get(f"{XSI}{_SEPARATOR}nil") in ("true", "1")

    @property
    def type_name(self) -> str | None:
        """The local part of ``xsi:type``."""
        qualified = self.attributes.get(f"{XSI}{_SEPARATOR}type")
        return qualified.rpartition(":")[2] if qualified else None


class _Builder:
    """Collects expat's events into elements."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._open: list[Element] = []
        self._text: list[list[str]] = []
        self._count = 0
        self.root: Element | None = None

    def start(self, qualified: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS:
            raise self._refusal("answer_too_large", f"more than {_MOST_ELEMENTS} XML elements", "a plausible number")
        if len(self._open) >= _MOST_DEPTH:
            raise self._refusal("answer_too_large", f"XML more than {_MOST_DEPTH} levels deep", "a plausible depth")
        namespace, _separator, name = qualified.rpartition(_SEPARATOR)
        element = Element(namespace, name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._text.append([])

    def end(self, _qualified: str) -> None:
        self._open.pop().text = "".join(self._text.pop())

    def characters(self, text: str) -> None:
        self._text[-1].append(text)

    def document_type(self, *_declaration: t.Any) -> None:
        raise self._refusal("answer_with_dtd", "a document type declaration", "SOAP, which has none")

    def _refusal(self, code: str, seen: str, expected: str) -> WsmanProtocolError:
        return WsmanProtocolError(code, self._subject, f"an answer with {seen}", expected, NOT_WINDOWS)


def parse(document: bytes, subject: str) -> Element:
    """Read a whole XML document.

    Args:
        document: The bytes as they came.
        subject: What the document is an answer to, for the error.

    Raises:
        WsmanProtocolError: ``answer_not_xml`` where it is not well-formed, ``answer_with_dtd``, ``answer_too_large``
            where it is too deep or has too many elements.
    """
    builder = _Builder(subject)
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    # Entities are declared inside a document type: refusing it refuses every expansion, internal and external.
    parser.StartDoctypeDeclHandler = builder.document_type
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError and ValueError: a declared encoding that Python does not know or expat can't use.
        raise WsmanProtocolError(
            "answer_not_xml",
            subject,
            f"an answer of {len(document)} bytes that is not well-formed XML ({error})",
            "a SOAP envelope",
            NOT_WINDOWS,
        ) from error
    # expat has reported a document without an element as not well-formed.
    return t.cast("Element", builder.root)


def escape(text: str, subject: str) -> str:
    """Return *text* as XML character data, fit for an attribute in double quotes too.

    Carriage return, line feed and tab become character references, since a parser turns them into other white space.

    Args:
        text: Any text.
        subject: What the text is for, for the error.

    Raises:
        NicError: ``invalid_character``, where a character can't be written in XML 1.0 at all.
    """
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        raise NicError(
            "invalid_character",
            subject,
            f"the character U+{ord(forbidden.group()):04X} at position {forbidden.start()}",
            "text that XML 1.0 can carry",
            "Remove the character.",
        )
    return text.translate(_ESCAPES)
