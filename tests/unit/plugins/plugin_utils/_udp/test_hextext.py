# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.hextext import COUNTER, tokens

BYTE = r"[0-9a-f]{2}|\{n\}"


def cut(value: Any) -> list[str]:
    return tokens("payload", value, BYTE, "bytes")


def refused(value: Any) -> NicError:
    with pytest.raises(NicError) as caught:
        cut(value)
    assert all(caught.value.as_dict().values())
    return caught.value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n", []),
        ("0600ff06", ["06", "00", "ff", "06"]),
        ("06 00\tFF\n06\n", ["06", "00", "ff", "06"]),
        ("0600 FF{n}06", ["06", "00", "ff", COUNTER, "06"]),
        ("{N}", [COUNTER]),
    ],
)
def test_text_is_cut_wherever_a_byte_ends(text: str, found: list[str]) -> None:
    assert cut(text) == found


@pytest.mark.parametrize("value", [384, 12e3, True, None, ["06", "00"], b"06"])
def test_what_yaml_took_for_something_else_is_told(value: Any) -> None:
    error = refused(value)
    assert error.code == "payload_not_text"
    assert type(value).__name__ in error.seen
    assert "quotes" in error.next_step


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("0x06", "'0x06' at position 1"),
        ("06 0", "'0' at position 4"),
        ("06 0 0", "'0 0' at position 4"),
        ("06:00", "':00' at position 3"),
        ("06 ??", "'??' at position 4"),
        ("06 {m}", "'{m}' at position 4"),
        ("06 é0 and much more", "'é0 and much ' at position 4"),
        ("\u0661\u0662", "'\u0661\u0662' at position 1"),
    ],
)
def test_what_is_no_byte_is_shown_with_its_place(text: str, seen: str) -> None:
    error = refused(text)
    assert error.code == "payload_not_hex"
    assert error.seen == seen


def test_a_text_has_its_limit() -> None:
    assert len(cut("0" * 16_384)) == 8192
    assert refused("0" * 16_385).code == "payload_too_long"
