# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes mutants of one source file: copies with one small fault each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider, WhitespaceInclusivePositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from libcst.metadata import CodeRange

PROSE: Final = re.compile(r"[a-z,]+ [a-z]+")
NOT_PROSE: Final = re.compile(r"[<>=*]")

TYPES_ONLY: Final = (
    m.Annotation()
    | m.Decorator()
    | m.Import()
    | m.ImportFrom()
    | m.TypeAlias()
    | m.Subscript(value=m.Name("Literal"))
    | m.Call(func=m.Name("TypeVar"))
    | m.If(test=m.Name("TYPE_CHECKING"))
)
"""Code that only type checkers read, or that says how a class is made: a fault there changes no behaviour."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A source with one fault in it.

    Attributes:
        line: Where the fault is, counted from 1.
        before: The code that was there.
        after: The code that stands there now.
        source: The whole file.
    """

    line: int
    before: str
    after: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a source, from the top to the bottom."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    finder = _Finder()
    wrapper.visit(finder)
    offsets = [0]
    for text in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(text))
    seen = {source}
    for change in finder.changes:
        begin = offsets[change.span.start.line - 1] + change.span.start.column
        end = offsets[change.span.end.line - 1] + change.span.end.column
        after = wrapper.module.code_for_node(change.mutated)
        mutated = source[:begin] + after + source[end:]
        if mutated not in seen and _compiles(mutated):
            seen.add(mutated)
            yield Mutant(change.line, _one_line(source[begin:end]), _one_line(after), mutated)


def is_prose(node: cst.CSTNode) -> bool:
    """Whether a node is text for people: a string, or several joined, in which two words follow each other.

    What people read is not mutated, since a test that repeats it word by word guards nothing.
    """
    if isinstance(node, cst.ConcatenatedString):
        return is_prose(node.left) or is_prose(node.right)
    if isinstance(node, cst.FormattedString):
        text = "".join(part.value for part in node.parts if isinstance(part, cst.FormattedStringText))
    elif isinstance(node, cst.SimpleString):
        text = node.raw_value
    else:
        return False
    return PROSE.search(text) is not None and NOT_PROSE.search(text) is None


@dataclass(frozen=True, slots=True)
class _Change:
    """One mutation: where the node's whole text stands, blanks and brackets of its own included."""

    line: int
    span: CodeRange
    mutated: cst.CSTNode


class _Finder(cst.CSTVisitor):
    """Collects what mutmut would change."""

    METADATA_DEPENDENCIES = (PositionProvider, WhitespaceInclusivePositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[_Change] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, TYPES_ONLY) or is_prose(node):
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                line = self.get_metadata(PositionProvider, node).start.line
                span = self.get_metadata(WhitespaceInclusivePositionProvider, node)
                found = operator(node)
                # Of a string's mutations the first says it all: does a test notice that the text is another one?
                chosen = islice(found, 1) if operator is operator_string else found
                self.changes += [_Change(line, span, each) for each in chosen if not _only_drops_prose(node, each)]
        return True


def _only_drops_prose(node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    """Whether a mutation of a call only puts None in the place of text for people."""
    if not isinstance(node, cst.Call) or not isinstance(mutated, cst.Call) or len(node.args) != len(mutated.args):
        return False
    changed = [old for old, new in zip(node.args, mutated.args, strict=True) if old is not new]
    return all(is_prose(argument.value) for argument in changed) and bool(changed)


def _compiles(source: str) -> bool:
    """Whether a mutant is a program at all: some mutations, as of a break, are not."""
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _one_line(code: str) -> str:
    """Code on one line, shortened."""
    text = " ".join(code.split())
    return text if len(text) <= 100 else f"{text[:97]}..."
