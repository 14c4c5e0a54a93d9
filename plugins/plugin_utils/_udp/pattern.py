# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a reply must look like: bytes with wildcards, matched in a time that no reply can stretch.

A pattern is hexadecimal text in which ``?`` stands for any digit, ``*`` for any number of bytes, and ``{n}`` for the
number of the attempt. It is not a regular expression: those over hexadecimal text match across the halves of bytes,
and those that go back and forth can be kept busy for hours by a reply made for it. This one is followed in all its
branches at once, one step for each byte of the reply, with one bit of a number for each branch (Baeza-Yates and
Gonnet, "A new approach to text searching", 1992).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.hextext import COUNTER, tokens, too_long

LONGEST_PATTERN = 2048
"""Bytes of a pattern: more than a relay returns of any reply."""

_TOKEN = r"[0-9a-f?]{2}|\{n\}|\*"  # noqa: S105  # a regular expression
_TOKENS = "bytes of two hexadecimal digits each, where ? stands for any digit, and * and {n}"
_ANY = "*"
_DIGITS = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, ready to match. Bit *i* of a number stands for the place in front of the byte *i* of the pattern."""

    text: str
    """In one spelling, so that equal patterns have equal texts."""
    accepted: tuple[int, ...]
    """For each byte value, the places that it leads on from."""
    counters: int
    """The places that the number of the attempt leads on from."""
    loops: int
    """The places that any byte leaves as they are."""
    end: int
    """The place behind the last byte."""

    @property
    def counted(self) -> bool:
        """Whether it holds the number of the attempt."""
        return self.counters != 0

    def matches(self, datagram: bytes, number: int | None) -> bool:
        """Whether the whole of *datagram* fits, as a reply to attempt *number*; None is any number."""
        places = 1
        for byte in datagram:
            accepted = self.accepted[byte]
            if number is None or byte == number:
                accepted |= self.counters
            places = (places & accepted) << 1 | places & self.loops
            if not places:
                return False
        return bool(places & self.end)


def read_pattern(value: t.Any) -> Pattern:
    """Return the pattern that the option ``reply`` gives.

    Raises:
        NicError: ``reply_not_text``, ``reply_not_hex`` or ``reply_too_long``.
    """
    given = tokens("reply", value, _TOKEN, _TOKENS)
    # Several * in a row are one.
    found = [token for before, token in zip([None, *given], given, strict=False) if token != _ANY or before != _ANY]
    size = sum(token != _ANY for token in found)
    if size > LONGEST_PATTERN:
        raise too_long("reply", f"{size} bytes", f"at most {LONGEST_PATTERN} bytes")
    accepted = [0] * 256
    counters = loops = place = 0
    for token in found:
        if token == _ANY:
            loops |= 1 << place
            continue
        if token == COUNTER:
            counters |= 1 << place
        else:
            for byte in _values(token):
                accepted[byte] |= 1 << place
        place += 1
    return Pattern(" ".join(found), tuple(accepted), counters, loops, 1 << place)


def _values(token: str) -> list[int]:
    """The byte values that two digits or question marks stand for."""
    high, low = (_DIGITS if digit == "?" else digit for digit in token)
    return [int(first + second, 16) for first in high for second in low]
