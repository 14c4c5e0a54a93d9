# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Bytes as a person writes them: hexadecimal text, cut into the tokens that payloads and patterns are made of."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError

COUNTER = "{n}"
"""Token for one byte that holds the number of the attempt."""

_SPACE = re.compile(r"\s+")
_LONGEST_TEXT = 16_384
_SHOWN = 12


def tokens(option: str, value: t.Any, allowed: str, expected: str) -> list[str]:
    """Cut the value of *option* into tokens, in lower case. Spaces and line breaks between them mean nothing.

    Args:
        option: Name of the option, also the first word of error codes.
        value: What the task gives.
        allowed: Regular expression for one token.
        expected: What tokens there are, for people.

    Raises:
        NicError: with ``payload`` as *option*: ``payload_not_text``, ``payload_too_long`` or ``payload_not_hex``.
    """
    if not isinstance(value, str):
        raise NicError(
            f"{option}_not_text",
            f"option {option}",
            f"a value of type {type(value).__name__}",
            "text: YAML takes 0600 and 12e3 for numbers, and what was written is lost",
            f"Put the value of {option} in quotes.",
        )
    if len(value) > _LONGEST_TEXT:
        raise too_long(option, f"{len(value)} characters", f"at most {_LONGEST_TEXT} characters")
    token = re.compile(allowed, re.IGNORECASE)
    found: list[str] = []
    position = 0
    while position < len(value):
        space = _SPACE.match(value, position)
        if space:
            position = space.end()
            continue
        match = token.match(value, position)
        if match is None:
            raise NicError(
                f"{option}_not_hex",
                f"option {option}",
                f"'{value[position : position + _SHOWN]}' at position {position + 1}",
                expected,
                f"Correct {option}; the documentation of the module shows some.",
            )
        found.append(match.group().lower())
        position = match.end()
    return found


def too_long(option: str, seen: str, expected: str) -> NicError:
    """The error for more than fits."""
    return NicError(f"{option}_too_long", f"option {option}", seen, expected, f"Shorten {option}.")
