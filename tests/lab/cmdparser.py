# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How cmd.exe reads a line: a strict part of its grammar, and ``NotUnderstood`` for all the rest.

Understood are ``&``, ``&&``, ``||``, ``|``, parentheses, ``if`` (errorlevel, exist, comparisons) with ``else`` after a
block, ``for /l``, redirections, quotes, the caret, and variables in percent signs, which are replaced before anything
else is read; an undefined one stays as it is, as it does outside of batch files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Operator = Literal["&", "&&", "||", "|"]

_BLANKS: Final = " \t"
_SEPARATORS: Final = " \t,;="
_SPECIAL: Final = '&<>()@^|"'
_COMPARISONS: Final = ("EQU", "NEQ", "LSS", "LEQ", "GTR", "GEQ")


class NotUnderstood(Exception):
    """A line that cmd.exe refuses, or that this reader does not take."""


@dataclass(frozen=True, slots=True)
class Simple:
    """A program with its arguments as typed; ``reads_file`` when its input is redirected."""

    text: str
    reads_file: bool = False
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Two commands and what joins them."""

    operator: Operator
    left: Command
    right: Command


@dataclass(frozen=True, slots=True)
class Condition:
    """What an ``if`` asks. ``kind`` is errorlevel, exist, == or a word of comparison."""

    kind: str
    left: str
    right: str = ""
    negated: bool = False
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class Conditional:
    """An ``if``."""

    condition: Condition
    then: Command
    otherwise: Command | None


@dataclass(frozen=True, slots=True)
class Loop:
    """A ``for /l``: the variable takes every number from ``first`` by ``step`` to ``last``."""

    variable: str
    first: int
    step: int
    last: int
    body: Command


Command: TypeAlias = Simple | Joined | Conditional | Loop


def command_of(arguments: str) -> str:
    """The command in the arguments of cmd.exe: what follows /c, with the outer quotes handled as ``cmd /?`` tells.

    Raises:
        NotUnderstood: there is no /c, or a switch that this reader does not take.
    """
    rest, keeps_nothing = arguments.lstrip(_BLANKS), False
    while match := re.match(r"/([a-zA-Z])(?=[ \t\"/]|$)[ \t]*", rest):
        rest = rest[match.end() :]
        switch = match[1].lower()
        if switch == "c":
            return _unquoted(rest, keeps_nothing)
        if switch not in "sdq":
            raise NotUnderstood(f"the switch /{switch} of cmd.exe")
        keeps_nothing = keeps_nothing or switch == "s"
    raise NotUnderstood("cmd.exe without /c waits for its input")


def _unquoted(text: str, keeps_nothing: bool) -> str:
    text = text.strip(_BLANKS)
    if not text.startswith('"'):
        return text
    inner = text[1:].split('"')[0]
    plain = text.count('"') == 2 and not any(character in _SPECIAL.replace('"', "") for character in inner)
    if plain and not keeps_nothing and any(blank in inner for blank in _BLANKS):
        return text
    last = text.rfind('"')
    return text[1:last] + text[last + 1 :] if last > 0 else text[1:]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``%name%``; names are compared without case."""
    known = {name.casefold(): value for name, value in variables.items()}
    parts: list[str] = []
    place = 0
    while (begin := text.find("%", place)) >= 0:
        parts.append(text[place:begin])
        end = text.find("%", begin + 1)
        value = known.get(text[begin + 1 : end].casefold()) if end > begin + 1 else None
        parts.append("%" if value is None else value)
        place = begin + 1 if value is None else end + 1
    return "".join(parts) + text[place:]


def parse(text: str) -> Command:
    """Read a line.

    Raises:
        NotUnderstood: it is none, or has something that this reader does not take.
    """
    reader = _Reader(text)
    command = reader.sequence()
    if not reader.at_end():
        raise NotUnderstood(f"{reader.rest()!r} was unexpected")
    return command


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def rest(self) -> str:
        return self._text[self._place :]

    def at_end(self) -> bool:
        self._skip_blanks()
        return self._place >= len(self._text)

    def sequence(self) -> Command:
        return self._joined(0)

    def _joined(self, level: int) -> Command:
        operators: tuple[Operator, ...] = ("&", "||", "&&", "|")
        if level == len(operators):
            return self._command()
        left = self._joined(level + 1)
        while self._takes_operator(operators[level]):
            if operators[level] == "&" and self._ends():
                return left
            left = Joined(operators[level], left, self._joined(level + 1))
        return left

    def _ends(self) -> bool:
        return self.at_end() or (self._depth > 0 and self._text[self._place] == ")")

    def _takes_operator(self, operator: Operator) -> bool:
        self._skip_blanks()
        found = re.match(r"&&|&|\|\||\|", self.rest())
        if found is None or found[0] != operator:
            return False
        self._place += len(operator)
        return True

    def _skip_blanks(self) -> None:
        while self._place < len(self._text) and self._text[self._place] in _BLANKS:
            self._place += 1

    def _command(self) -> Command:
        self._skip_blanks()
        while self.rest().startswith("@"):
            self._place += 1
            self._skip_blanks()
        if self.rest().startswith("("):
            return self._block()
        if self._takes_word("if"):
            return self._conditional()
        if self._takes_word("for"):
            return self._loop()
        return self._simple()

    def _takes_word(self, word: str) -> bool:
        self._skip_blanks()
        match = re.match(rf"{re.escape(word)}(?=[ \t(]|$)", self.rest(), re.IGNORECASE)
        if match is None:
            return False
        self._place += match.end()
        self._skip_blanks()
        return True

    def _block(self) -> Command:
        self._place += 1
        self._depth += 1
        inner = self.sequence()
        self._skip_blanks()
        if not self.rest().startswith(")"):
            raise NotUnderstood("a parenthesis is not closed")
        self._place += 1
        self._depth -= 1
        while match := re.match(r"[ \t]*[12]?>+[ \t]*(?:nul|&[12])(?=[ \t)&|]|$)", self.rest(), re.IGNORECASE):
            self._place += match.end()
        return inner

    def _conditional(self) -> Conditional:
        ignores_case = self._takes_word("/i")
        negated = self._takes_word("not")
        condition = self._condition(negated, ignores_case)
        self._skip_blanks()
        if not self.rest().startswith("("):
            return Conditional(condition, self.sequence(), None)
        then = self._block()
        otherwise: Command | None = None
        if self._takes_word("else"):
            otherwise = self._block() if self.rest().startswith("(") else self.sequence()
        elif not self._ends():
            raise NotUnderstood("an operator after the block of an if; close another parenthesis around the if")
        return Conditional(condition, then, otherwise)

    def _condition(self, negated: bool, ignores_case: bool) -> Condition:
        if self._takes_word("errorlevel"):
            return Condition("errorlevel", self._word(), negated=negated)
        if self._takes_word("exist"):
            return Condition("exist", self._word().strip('"'), negated=negated)
        left = self._word(stops_at="==")
        self._skip_blanks()
        if self.rest().startswith("=="):
            self._place += 2
            self._skip_blanks()
            return Condition("==", left, self._word(), negated, ignores_case)
        kind = self._word().upper()
        if kind not in _COMPARISONS:
            raise NotUnderstood(f"the condition {left} {kind}")
        self._skip_blanks()
        return Condition(kind, left, self._word(), negated, ignores_case)

    def _word(self, stops_at: str | None = None) -> str:
        self._skip_blanks()
        begin, quoted = self._place, False
        while self._place < len(self._text):
            character = self._text[self._place]
            if character == '"':
                quoted = not quoted
            elif not quoted and (character in " \t&|()" or (stops_at and self.rest().startswith(stops_at))):
                break
            self._place += 1
        if begin == self._place:
            raise NotUnderstood("a word is missing")
        return self._text[begin : self._place]

    def _loop(self) -> Loop:
        numbers = r"\((-?\d+)[ \t,;=]+(-?\d+)[ \t,;=]+(-?\d+)\)"
        match = re.match(rf"/l[ \t]+%(\w)[ \t]+in[ \t]*{numbers}[ \t]*do(?=[ \t(])[ \t]*", self.rest(), re.IGNORECASE)
        if match is None:
            raise NotUnderstood("a for other than for /l %x in (first,step,last) do")
        self._place += match.end()
        if self.rest().startswith("("):
            body = self._block()
            if not self._ends():
                raise NotUnderstood("an operator after the block of a for; close another parenthesis around the for")
        else:
            body = self.sequence()
        first, step, last = (int(match[group]) for group in (2, 3, 4))
        if step == 0:
            raise NotUnderstood("a for that never ends")
        return Loop(match[1], first, step, last, body)

    def _simple(self) -> Simple:
        text: list[str] = []
        quoted = reads_file = silent = False
        while self._place < len(self._text):
            character = self._text[self._place]
            if quoted:
                quoted = character != '"'
            elif character == '"':
                quoted = True
            elif character == "^":
                self._place += 1
                character = self._text[self._place : self._place + 1]
            elif character in "&|" or (character == ")" and self._depth > 0):
                break
            elif character in "<>":
                silent = self._redirection(text) or silent
                reads_file = reads_file or character == "<"
                continue
            text.append(character)
            self._place += 1
        found = "".join(text).strip(_SEPARATORS)
        if not found:
            raise NotUnderstood(f"a command is missing before {self.rest()[:20]!r}")
        return Simple(found, reads_file, silent)

    def _redirection(self, text: list[str]) -> bool:
        """Read one; tells whether it takes standard output away."""
        handle = ""
        if text and text[-1] in "0123456789" and (len(text) == 1 or text[-2] in _SEPARATORS):
            handle = text.pop()
        match = re.match(r"(<|>>?)[ \t]*(&[0-9]|\"[^\"]*\"|[^ \t&|<>()\"]+)", self.rest())
        if match is None:
            raise NotUnderstood("a redirection without a target")
        if match[2].startswith("&"):
            self._place += match.end()
            return False
        if match[2].strip('"').casefold() != "nul":
            raise NotUnderstood(f"a redirection to {match[2]}; only nul is understood")
        self._place += match.end()
        return match[1] != "<" and handle in ("", "1")
