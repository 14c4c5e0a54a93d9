# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WQL, the query language of WMI, as far as data queries go (Microsoft Learn, "SELECT Statement for Data Queries").

Deliberately stricter than Windows: unknown properties, comparisons between different types, unknown escapes and
anything after the end of the condition are an invalid query, so that a client can't lean on lenience that it might
not find elsewhere.
"""

from __future__ import annotations

import operator as python_operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.cim.values import CimError, Value

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<number>[+-]?\d+(?![\w.]))
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<operator><>|<=|>=|!=|=|<|>)
      | (?P<mark>[(),*])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"\\": "\\", "'": "'", '"': '"'}
_MIRRORED = {"=": "=", "<>": "<>", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": python_operator.eq,
    "<>": python_operator.ne,
    "<": python_operator.lt,
    ">": python_operator.gt,
    "<=": python_operator.le,
    ">=": python_operator.ge,
}
_RESERVED = frozenset({"and", "or", "not", "like", "is", "null", "true", "false", "select", "from", "where", "isa"})

Constant = str | int | bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """``property operator constant``; the operator is one of = <> < > <= >= like."""

    name: str
    operator: str
    constant: Constant

    def holds(self, properties: Mapping[str, Value]) -> bool:
        """Whether the comparison is true; against null it never is."""
        value = _scalar(properties, self.name)
        if value is None:
            return False
        constant = self.constant
        if isinstance(value, bool) != isinstance(constant, bool) or isinstance(value, str) != isinstance(constant, str):
            raise CimError("invalid_query", f"Property {self.name} can't be compared with {constant!r}")
        if isinstance(value, str) and isinstance(constant, str):
            return self._text_holds(value.casefold(), constant.casefold())
        if isinstance(value, bool) and self.operator not in ("=", "<>"):
            raise CimError("invalid_query", f"Boolean property {self.name} can't be ordered")
        if self.operator == "like":
            raise CimError("invalid_query", f"LIKE needs a string property, and {self.name} is not one")
        return _ordered(self.operator, int(value), int(constant))

    def _text_holds(self, value: str, constant: str) -> bool:
        if self.operator == "like":
            return re.fullmatch(_like_pattern(constant), value, re.DOTALL) is not None
        return _ordered(self.operator, value, constant)


@dataclass(frozen=True, slots=True)
class NullTest:
    """``property IS NULL`` or ``property IS NOT NULL``."""

    name: str
    is_null: bool

    def holds(self, properties: Mapping[str, Value]) -> bool:
        """Whether the property is null, or is not, as the test asks."""
        return (_lookup(properties, self.name) is None) is self.is_null


@dataclass(frozen=True, slots=True)
class Negation:
    """``NOT condition``."""

    condition: Condition

    def holds(self, properties: Mapping[str, Value]) -> bool:
        """Whether the condition is false."""
        return not self.condition.holds(properties)


@dataclass(frozen=True, slots=True)
class Combination:
    """Two or more conditions joined by AND (``every``) or OR."""

    every: bool
    conditions: tuple[Condition, ...]

    def holds(self, properties: Mapping[str, Value]) -> bool:
        """Whether all, or any, of the conditions hold. Each is evaluated, so that a bad name is found in any case."""
        results = [condition.holds(properties) for condition in self.conditions]
        return all(results) if self.every else any(results)


Condition = Comparison | NullTest | Negation | Combination


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed ``SELECT`` statement. ``properties`` is empty for ``SELECT *``; ``where`` is the text after WHERE."""

    class_name: str
    properties: tuple[str, ...]
    where: str | None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def parse_query(text: str) -> Query:
    """Split ``SELECT * FROM Class WHERE condition``.

    Raises:
        CimError: ``invalid_query`` when the text is not a well-formed data query.
    """
    tokens = _tokens(text)
    reader = _Reader(tokens, text)
    reader.word("select")
    properties: list[str] = []
    if not reader.mark("*"):
        properties.append(reader.name())
        while reader.mark(","):
            properties.append(reader.name())
    reader.word("from")
    class_name = reader.name()
    if reader.finished():
        return Query(class_name, tuple(properties), None)
    reader.word("where")
    where = text[reader.position() :]
    parse_condition(where)
    return Query(class_name, tuple(properties), where)


def parse_condition(text: str) -> Condition:
    """Parse what follows WHERE.

    Raises:
        CimError: ``invalid_query`` when the text is not a well-formed condition.
    """
    reader = _Reader(_tokens(text), text)
    condition = _alternatives(reader)
    if not reader.finished():
        raise reader.error()
    return condition


def names_in(condition: Condition) -> set[str]:
    """The property names a condition mentions, in lower case."""
    if isinstance(condition, (Comparison, NullTest)):
        return {condition.name.casefold()}
    if isinstance(condition, Negation):
        return names_in(condition.condition)
    return {name for part in condition.conditions for name in names_in(part)}


def equalities(condition: Condition) -> dict[str, Constant]:
    """The ``name = constant`` parts that must hold for the condition to hold, by lower-case name."""
    if isinstance(condition, Comparison) and condition.operator == "=":
        return {condition.name.casefold(): condition.constant}
    if isinstance(condition, Combination) and condition.every:
        return {name: value for part in condition.conditions for name, value in equalities(part).items()}
    return {}


class _Reader:
    def __init__(self, tokens: list[_Token], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._next = 0

    def finished(self) -> bool:
        return self._next >= len(self._tokens)

    def position(self) -> int:
        return len(self._text) if self.finished() else self._tokens[self._next].start

    def error(self) -> CimError:
        rest = self._text[self.position() :][:60]
        return CimError("invalid_query", f"Invalid query near {rest!r}" if rest else "Invalid query: it ends too early")

    def peek(self) -> _Token | None:
        return None if self.finished() else self._tokens[self._next]

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise self.error()
        self._next += 1
        return token

    def mark(self, text: str) -> bool:
        token = self.peek()
        if token is not None and token.kind == "mark" and token.text == text:
            self._next += 1
            return True
        return False

    def keyword(self, text: str) -> bool:
        token = self.peek()
        if token is not None and token.kind == "word" and token.text.casefold() == text:
            self._next += 1
            return True
        return False

    def word(self, text: str) -> None:
        if not self.keyword(text):
            raise self.error()

    def name(self) -> str:
        token = self.peek()
        if token is None or token.kind != "word" or token.text.casefold() in _RESERVED:
            raise self.error()
        self._next += 1
        return token.text

    def operator(self) -> str:
        token = self.peek()
        if token is None or token.kind != "operator":
            raise self.error()
        self._next += 1
        return token.text

    def constant(self) -> Constant:
        token = self.peek()
        if token is None:
            raise self.error()
        if token.kind == "string":
            value: Constant = _unescaped(token.text)
        elif token.kind == "number":
            value = int(token.text)
        elif token.kind == "word" and token.text.casefold() in ("true", "false"):
            value = token.text.casefold() == "true"
        else:
            raise self.error()
        self._next += 1
        return value


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise CimError("invalid_query", f"Invalid query near {text[position:][:60]!r}")
        tokens.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        position = match.end()
    return tokens


def _alternatives(reader: _Reader) -> Condition:
    parts = [_conjunction(reader)]
    while reader.keyword("or"):
        parts.append(_conjunction(reader))
    return parts[0] if len(parts) == 1 else Combination(False, tuple(parts))


def _conjunction(reader: _Reader) -> Condition:
    parts = [_term(reader)]
    while reader.keyword("and"):
        parts.append(_term(reader))
    return parts[0] if len(parts) == 1 else Combination(True, tuple(parts))


def _term(reader: _Reader) -> Condition:
    if reader.keyword("not"):
        return Negation(_term(reader))
    if reader.mark("("):
        condition = _alternatives(reader)
        if not reader.mark(")"):
            raise reader.error()
        return condition
    token = reader.peek()
    if token is not None and (token.kind in ("string", "number") or token.text.casefold() in ("true", "false")):
        constant = reader.constant()
        operator = reader.operator()
        return Comparison(reader.name(), _canonical(_MIRRORED[operator]), constant)
    name = reader.name()
    if reader.keyword("is"):
        is_null = not reader.keyword("not")
        reader.word("null")
        return NullTest(name, is_null)
    if reader.keyword("like"):
        pattern = reader.constant()
        if not isinstance(pattern, str):
            raise reader.error()
        return Comparison(name, "like", pattern)
    operator = reader.operator()
    return Comparison(name, _canonical(operator), reader.constant())


def _canonical(operator: str) -> str:
    return "<>" if operator == "!=" else operator


def _unescaped(literal: str) -> str:
    result: list[str] = []
    characters = iter(literal[1:-1])
    for character in characters:
        if character == "\\":
            escaped = next(characters)
            if escaped not in _ESCAPES:
                raise CimError("invalid_query", f"Unknown escape \\{escaped} in a string")
            result.append(_ESCAPES[escaped])
        else:
            result.append(character)
    return "".join(result)


def _like_pattern(pattern: str) -> str:
    """The regular expression of a LIKE pattern: % any text, _ any character, [a-f] a set, [^a-f] its complement."""
    result: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        end = pattern.find("]", position + 1) if character == "[" else -1
        if character == "%":
            result.append(".*")
        elif character == "_":
            result.append(".")
        elif character == "[":
            if end < 0:
                raise CimError("invalid_query", "A [ in a LIKE pattern is never closed")
            inside = pattern[position + 1 : end]
            negated = inside.startswith("^")
            members = inside[1:] if negated else inside
            if not members:
                raise CimError("invalid_query", "An empty set in a LIKE pattern")
            escaped = re.sub(r"([\\^\[\]&~|])", r"\\\1", members)
            result.append(f"[{'^' if negated else ''}{escaped}]")
            position = end
        else:
            result.append(re.escape(character))
        position += 1
    return "".join(result)


def _lookup(properties: Mapping[str, Value], name: str) -> Value:
    if name in properties:
        return properties[name]
    wanted = name.casefold()
    for known, value in properties.items():
        if known.casefold() == wanted:
            return value
    raise CimError("invalid_query", f"The class has no property {name}")


def _scalar(properties: Mapping[str, Value], name: str) -> str | int | None:
    value = _lookup(properties, name)
    if value is None or isinstance(value, (str, int)):
        return value
    raise CimError("invalid_query", f"Property {name} is not a simple value and can't be compared")


def _ordered(operator: str, left: str | int, right: str | int) -> bool:
    return _ORDER[operator](left, right)
