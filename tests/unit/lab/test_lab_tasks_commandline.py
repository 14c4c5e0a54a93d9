# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines: how programs take them apart, and what cmd.exe makes of them."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.cmdparser import (
    Condition,
    Conditional,
    Joined,
    Loop,
    NotUnderstood,
    Simple,
    command_of,
    expand,
    parse,
)
from tests.lab.commandline import split_arguments, split_program


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        ("a b\tc", ["a", "b", "c"]),
        ('"a b" c', ["a b", "c"]),
        ('name="Local Area" admin=disabled', ["name=Local Area", "admin=disabled"]),
        (r'"C:\a\\" b', ["C:\\a\\", "b"]),
        (r'"C:\a\" b', ['C:\\a" b']),
        (r"C:\a\b", ["C:\\a\\b"]),
        (r"a\\\"b", ['a\\"b']),
        (r'a\\"b c"', ["a\\b c"]),
        ('""', [""]),
        ('"a""b"', ['a"b']),
        ('"a', ["a"]),
    ],
)
def test_arguments(text: str, arguments: list[str]) -> None:
    assert split_arguments(text) == arguments


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12), max_size=5))
def test_the_quoting_of_an_independent_writer_is_read_back(arguments: list[str]) -> None:
    """The standard library quotes by the rules of the Microsoft C runtime."""
    assert split_arguments(subprocess.list2cmdline(arguments)) == arguments


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("reg add x", "reg", "add x"),
        (' "C:\\Program Files\\a.exe"  /x "y"', "C:\\Program Files\\a.exe", '/x "y"'),
        ("ver", "ver", ""),
    ],
)
def test_the_program_is_split_off(text: str, name: str, rest: str) -> None:
    assert split_program(text) == (name, rest)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ("/c reg add", "reg add"),
        ("/C reg add", "reg add"),
        ('/d /s /c "reg add"', "reg add"),
        ('/c "reg add "a b" & ver"', 'reg add "a b" & ver'),
        ('/c "C:\\Program Files\\x.exe"', '"C:\\Program Files\\x.exe"'),
        ('/c "a.exe"', "a.exe"),
        ('/c netsh name="a"', 'netsh name="a"'),
    ],
)
def test_the_outer_quotes_of_cmd(arguments: str, command: str) -> None:
    assert command_of(arguments) == command


@pytest.mark.parametrize("arguments", ["", "reg add", "/k reg add", "/v:on /c reg add", "/x"])
def test_arguments_that_cmd_takes_otherwise(arguments: str) -> None:
    with pytest.raises(NotUnderstood):
        command_of(arguments)


def test_variables_are_replaced_and_unknown_ones_stay() -> None:
    known = {"SystemRoot": "C:\\WINDOWS", "empty": ""}
    assert expand("%systemroot%\\x %empty%|%none%|100%|%%", known) == "C:\\WINDOWS\\x |%none%|100%|%%"


A, B, C = Simple("a"), Simple("b"), Simple("c")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("a", A),
        ('reg add "x & y" /f', Simple('reg add "x & y" /f')),
        ("echo a^&b", Simple("echo a&b")),
        ("a & b", Joined("&", A, B)),
        ("a&b&&c", Joined("&", A, Joined("&&", B, C))),
        ("a || b && c", Joined("||", A, Joined("&&", B, C))),
        ("a && b || c", Joined("||", Joined("&&", A, B), C)),
        ("a | b && c", Joined("&&", Joined("|", A, B), C)),
        ("(a & b) || c", Joined("||", Joined("&", A, B), C)),
        ("(a & b) >nul 2>&1 || c", Joined("||", Joined("&", A, B), C)),
        ("a &", A),
        ("@a", A),
        ("a >nul", Simple("a", silent=True)),
        ("a >nul 2>&1 & b", Joined("&", Simple("a", silent=True), B)),
        ("a 2>nul", Simple("a")),
        ("a <nul", Simple("a", reads_file=True)),
        ("ping 127.0.0.1>nul", Simple("ping 127.0.0.1", silent=True)),
        ("if errorlevel 1 a", Conditional(Condition("errorlevel", "1"), A, None)),
        ("if not errorlevel 1 a & b", Conditional(Condition("errorlevel", "1", negated=True), Joined("&", A, B), None)),
        ("if errorlevel 1 (a) else b", Conditional(Condition("errorlevel", "1"), A, B)),
        ("if errorlevel 1 (a) else (b)", Conditional(Condition("errorlevel", "1"), A, B)),
        ('if /i "x"=="X" a', Conditional(Condition("==", '"x"', '"X"', ignores_case=True), A, None)),
        ("if x == y a", Conditional(Condition("==", "x", "y"), A, None)),
        ("if 1 lss 2 a", Conditional(Condition("LSS", "1", "2"), A, None)),
        ('if exist "C:\\a b" a', Conditional(Condition("exist", "C:\\a b"), A, None)),
        ("for /l %i in (1,1,3) do a & b", Loop("i", 1, 1, 3, Joined("&", A, B))),
        ("for /L %i in (3 -1 1) do (a)", Loop("i", 3, -1, 1, A)),
        ("(for /l %i in (1,1,3) do (a)) & b", Joined("&", Loop("i", 1, 1, 3, A), B)),
    ],
)
def test_lines(text: str, command: object) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "& a",
        "a && ",
        "(a",
        "(a))",
        "a >",
        "a > C:\\file",
        "if errorlevel 1 (a) & b",
        "if x a",
        "for %i in (a b) do a",
        "for /l %i in (1,0,3) do a",
        "for /l %i in (1,1,3) do (a) & b",
    ],
)
def test_lines_that_are_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse(text)
