# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.wql import wql_string


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ethernet", "'Ethernet'"),
        ("O'Neil", r"'O\'Neil'"),
        ("a\\b", r"'a\\b'"),
        ("\\'", r"'\\\''"),
        ("", "''"),
        ("' OR '1'='1", r"'\' OR \'1\'=\'1'"),
    ],
)
def test_quotes_and_backslashes_are_escaped(text: str, expected: str) -> None:
    assert wql_string(text) == expected


@given(st.text())
def test_a_literal_ends_only_at_its_end_and_means_the_text(text: str) -> None:
    literal = wql_string(text)
    assert re.fullmatch(r"'(?:[^'\\]|\\['\\])*'", literal, re.DOTALL)
    assert re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL) == text
