# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XML of a task definition as a tree that knows where each element stands, and the errors of the Task Scheduler.

The texts of these errors name line, column and element, as those of Windows do; the codes are the SCHED_E_ values of
winerror.h.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from tests.lab.xmltext import escape

TASK_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"

UNEXPECTED_NODE: Final = 0x80041316
WRONG_NAMESPACE: Final = 0x80041317
INVALID_VALUE: Final = 0x80041318
MISSING_NODE: Final = 0x80041319
MALFORMED: Final = 0x8004131A
TOO_MANY_NODES: Final = 0x8004131D

_TEXTS: Final = {
    UNEXPECTED_NODE: "The task XML contains an unexpected node.",
    WRONG_NAMESPACE: "The task XML contains an element or attribute from an unexpected namespace.",
    INVALID_VALUE: "The task XML contains a value which is incorrectly formatted or out of range.",
    MISSING_NODE: "The task XML is missing a required element or attribute.",
    MALFORMED: "The task XML is malformed.",
    TOO_MANY_NODES: "The task XML contains too many nodes of the same type.",
}
_MAX_DEPTH: Final = 32
_DECLARED_ENCODINGS: Final = (None, "UTF-16")


class TaskXmlError(Exception):
    """A definition that the Task Scheduler refuses.

    Args:
        code: one of the codes of this module, an HRESULT.
        line, column: where, counted from 1.
        node: name of the element or attribute.
        value: its text, where that is what is wrong.
    """

    def __init__(self, code: int, line: int, column: int, node: str, value: str = "") -> None:
        super().__init__(f"{_TEXTS[code]}\n({line},{column}):{node}:{value}")
        self.code = code


@dataclass(slots=True)
class Node:
    """An element."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    column: int
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def wrong(self, code: int, name: str | None = None, value: str = "") -> TaskXmlError:
        """An error at this element."""
        return TaskXmlError(code, self.line, self.column, self.name if name is None else name, value)

    def child(self, name: str) -> Node | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> Iterator[Node]:
        """This element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_nodes(text: str) -> Node:
    """Take a definition apart. It arrives as a string of UTF-16, so a declaration may name no other encoding.

    Raises:
        TaskXmlError: it is no XML, or has a document type declaration.
    """
    return _Builder().read(text)


class _Builder:
    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[Node] = []
        self._root: Node | None = None

    def read(self, text: str) -> Node:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            raise TaskXmlError(MALFORMED, error.lineno, error.offset + 1, "") from None
        except UnicodeEncodeError:
            raise TaskXmlError(MALFORMED, 1, 1, "") from None
        if self._root is None:
            raise TaskXmlError(MALFORMED, 1, 1, "")
        return self._root

    def _here(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if (encoding and encoding.upper()) not in _DECLARED_ENCODINGS:
            line, column = self._here()
            raise TaskXmlError(MALFORMED, line, column, "", "ERROR: unable to switch the encoding")

    def _doctype(self, *_unused: object) -> None:
        raise TaskXmlError(MALFORMED, *self._here(), "")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _unused, name = tag.rpartition(" ")
        node = Node(name, namespace, attributes, *self._here())
        if len(self._open) >= _MAX_DEPTH:
            raise node.wrong(UNEXPECTED_NODE)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def _end(self, _tag: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text


def write_nodes(node: Node, indent: str = "") -> str:
    """The XML of an element of the task namespace and all below it, as the Task Scheduler lays it out."""
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in node.attributes.items())
    if node.name == "Task" and not indent:
        attributes += f' xmlns="{TASK_NAMESPACE}"'
    if node.children:
        inner = "".join(write_nodes(child, indent + "  ") for child in node.children)
        return f"{indent}<{node.name}{attributes}>\r\n{inner}{indent}</{node.name}>\r\n"
    if node.text:
        return f"{indent}<{node.name}{attributes}>{escape(node.text)}</{node.name}>\r\n"
    return f"{indent}<{node.name}{attributes} />\r\n"
