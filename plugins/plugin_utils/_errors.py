# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Errors of this collection: each has four parts, and its class says how Ansible must take it."""

from __future__ import annotations

import typing as t
import unicodedata

_LONGEST_PART = 600
"""Characters kept of one part. Text of a host is quoted in errors, and a host may send a lot of it."""


def one_line(text: str, limit: int = _LONGEST_PART) -> str:
    """Return *text* on one line, without control characters, cut to *limit* characters.

    Line breaks and other separators become one space. Control and format characters (Unicode categories Cc, Cf, Cs) are
    dropped, so that text from a host can't move a terminal's cursor or hide what follows.
    """
    spaced = " ".join(text[: limit * 4].split())
    cleaned = "".join(character for character in spaced if unicodedata.category(character) not in ("Cc", "Cf", "Cs"))
    if len(cleaned) > limit:
        return cleaned[: limit - 3].rstrip() + "..."
    return cleaned


class NicError(Exception):
    """Something a person must know, in four parts: the object, what was seen, what was expected, what to do next.

    Callers branch on the class and on :attr:`code`, never on the text.
    """

    code: str
    """Stable word in snake_case, part of the collection's contract."""
    subject: str
    seen: str
    expected: str
    next_step: str
    partial: dict[str, t.Any] | None
    """Result keys that hold although the task failed, such as the adapters changed so far."""

    def __init__(self, code: str, subject: str, seen: str, expected: str, next_step: str) -> None:
        super().__init__(code, subject, seen, expected, next_step)
        self.code = code
        self.subject = one_line(subject)
        self.seen = one_line(seen)
        self.expected = one_line(expected)
        self.next_step = one_line(next_step)
        self.partial = None

    def as_dict(self) -> dict[str, str]:
        """The parts as they stand in a task's result, below ``error``."""
        return {
            "code": self.code,
            "subject": self.subject,
            "seen": self.seen,
            "expected": self.expected,
            "next_step": self.next_step,
        }

    def __str__(self) -> str:
        return f"{self.subject}: {self.seen}; expected {self.expected}. {self.next_step}"


class HostUnreachable(NicError):
    """The host could not be reached or let nobody in: name, network, TLS, credentials. Ansible reports UNREACHABLE."""


class ConnectionLost(HostUnreachable):
    """The connection ended, or fell silent, when the request may have left: it may or may not have been carried out."""


class WsmanProtocolError(NicError):
    """The host answered with something that is no answer: not XML, another message's, too large, without end."""
