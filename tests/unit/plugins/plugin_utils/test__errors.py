# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
    one_line,
)


def test_error_has_four_parts_and_a_code() -> None:
    error = NicError("adapter_not_found", "adapter Ethernet", "no such name", "one of: LAN, WLAN", "Correct the name.")
    assert error.as_dict() == {
        "code": "adapter_not_found",
        "subject": "adapter Ethernet",
        "seen": "no such name",
        "expected": "one of: LAN, WLAN",
        "next_step": "Correct the name.",
    }
    assert str(error) == "adapter Ethernet: no such name; expected one of: LAN, WLAN. Correct the name."
    assert error.partial is None


def test_every_part_is_cleaned() -> None:
    error = NicError("code", "a\nb", "\x1b[31mred", "c\u202ed", "e\x00f")
    assert error.as_dict() == {"code": "code", "subject": "a b", "seen": "[31mred", "expected": "cd", "next_step": "ef"}
    assert str(error) == "a b: [31mred; expected cd. ef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two\r\nlines", "two lines"),
        ("  much \t space\u2028 between ", "much space between"),
        ("bell\x07 and \x9bescape", "bell and escape"),
        ("Ethernet \u4e2d\u6587 \u00dcbung", "Ethernet \u4e2d\u6587 \u00dcbung"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("", ""),
    ],
)
def test_one_line_keeps_words_and_drops_control_characters(text: str, expected: str) -> None:
    assert one_line(text) == expected


@pytest.mark.parametrize(("length", "expected"), [(10, "x" * 10), (11, "x" * 7 + "..."), (1000, "x" * 7 + "...")])
def test_one_line_cuts_long_text(length: int, expected: str) -> None:
    assert one_line("x" * length, limit=10) == expected


def test_one_line_keeps_600_characters_unless_told() -> None:
    assert one_line("x" * 600) == "x" * 600
    assert one_line("x" * 601) == "x" * 597 + "..."


@given(st.text(max_size=300), st.integers(min_value=4, max_value=50))
def test_one_line_never_leaves_control_characters_or_too_much(text: str, limit: int) -> None:
    cleaned = one_line(text, limit)
    assert len(cleaned) <= limit
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in cleaned)


def test_classes_say_how_ansible_takes_an_error() -> None:
    assert issubclass(HostUnreachable, NicError)
    assert issubclass(ConnectionLost, HostUnreachable)
    assert issubclass(WsmanProtocolError, NicError)
    assert not issubclass(WsmanProtocolError, HostUnreachable)
