# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import pattern
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pattern import LONGEST_PATTERN, read_pattern


@pytest.mark.parametrize(
    ("text", "datagram", "fits"),
    [
        ("0600ff", "0600ff", True),
        ("06 00 FF", "0600ff", True),
        ("0600ff", "0600fe", False),
        ("0600ff", "0600", False),
        ("0600ff", "0600ff00", False),
        ("", "", True),
        ("", "00", False),
        ("*", "", True),
        ("*", "00ff", True),
        ("??", "7f", True),
        ("??", "", False),
        ("??", "7f7f", False),
        ("4?", "4f", True),
        ("4?", "5f", False),
        ("?a", "fa", True),
        ("?a", "af", False),
        ("06 00 ?? 07 *", "0600ff07", True),
        ("06 00 ?? 07 *", "0600ff0701", True),
        ("06 00 ?? 07 *", "0600ff06", False),
        ("* ff", "ff", True),
        ("* ff", "00ff", True),
        ("* ff", "ff00", False),
        ("01 * 02 * 03", "010203", True),
        ("01 * 02 * 03", "0102020303", True),
        ("01 * 02 * 03", "010302", False),
        ("* 0102 *", "00010102ff", True),
        ("* 0102 *", "1020", False),
        ("***", "00", True),
    ],
)
def test_the_whole_datagram_must_fit(text: str, datagram: str, fits: bool) -> None:
    assert read_pattern(text).matches(bytes.fromhex(datagram), None) is fits


def test_the_number_of_the_attempt_is_one_byte() -> None:
    found = read_pattern("aa {n} *")
    assert found.counted
    assert found.matches(b"\xaa\x03\x00", 3)
    assert not found.matches(b"\xaa\x03\x00", 2)
    assert not found.matches(b"\xaa", 3)
    assert found.matches(b"\xaa\x03", None)
    assert not found.matches(b"\xab\x03", None)
    assert not read_pattern("aa 03").counted
    twice = read_pattern("{n} 00 {n}")
    assert [twice.matches(each, 3) for each in (b"\3\0\3", b"\3\0\2", b"\2\0\3")] == [True, False, False]


def test_a_pattern_has_one_spelling() -> None:
    assert read_pattern("AA{N}\n4?*").text == read_pattern("aa {n} 4? *").text == "aa {n} 4? *"
    assert read_pattern("** 00 *\n* *") == read_pattern("* 00 *")


tokens = st.sampled_from(["00", "01", "10", "??", "0?", "?1", "*", "{n}"])


def as_expression(found: list[str], number: int) -> re.Pattern[bytes]:
    """The same as a regular expression over bytes, for short patterns."""
    parts = []
    for token in found:
        if token == "*":
            parts.append(b".*")
        elif token == "{n}":
            parts.append(re.escape(bytes((number,))))
        else:
            digits = token.replace("?", "[0-9a-f]")
            values = [value for value in range(256) if re.fullmatch(digits, f"{value:02x}")]
            parts.append(b"[" + b"".join(re.escape(bytes((value,))) for value in values) + b"]")
    return re.compile(b"".join(parts), re.DOTALL)


@given(st.lists(tokens, max_size=6), st.lists(st.sampled_from([0, 1, 2, 16, 17]), max_size=7), st.integers(0, 2))
def test_it_finds_what_a_regular_expression_finds(found: list[str], datagram: list[int], number: int) -> None:
    expected = as_expression(found, number).fullmatch(bytes(datagram)) is not None
    assert read_pattern("".join(found)).matches(bytes(datagram), number) is expected


def steps(work: Callable[[], object]) -> int:
    """Lines of the pattern's own code that ran."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != pattern.__file__:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_no_reply_can_stretch_the_time() -> None:
    hostile = read_pattern("* 00" * 600 + " ff")
    short, long = (steps(lambda size=size: hostile.matches(bytes(size), None)) for size in (1000, 2000))
    assert 0 < long <= 2.1 * short


def test_a_pattern_that_is_too_long_is_refused_before_work_is_done_for_it() -> None:
    def refuse(size: int) -> None:
        with pytest.raises(NicError):
            read_pattern("??" * size)

    short, long = (steps(lambda size=size: refuse(size)) for size in (LONGEST_PATTERN + 1, 8192))
    assert 0 < long < 5 * short
    assert short < steps(lambda: read_pattern("??" * 100))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0", "reply_not_hex"),
        ("06 00 ?", "reply_not_hex"),
        ("06..", "reply_not_hex"),
        ("[06]", "reply_not_hex"),
        (6, "reply_not_text"),
        ("??" * (LONGEST_PATTERN + 1), "reply_too_long"),
    ],
)
def test_what_is_no_pattern_is_refused(value: Any, code: str) -> None:
    with pytest.raises(NicError) as caught:
        read_pattern(value)
    assert caught.value.code == code
    assert caught.value.subject == "option reply"
    assert all(caught.value.as_dict().values())


def test_the_longest_pattern_is_taken() -> None:
    found = read_pattern("??" * LONGEST_PATTERN + "*")
    assert found.matches(bytes(LONGEST_PATTERN), None)
    assert not found.matches(bytes(LONGEST_PATTERN - 1), None)
