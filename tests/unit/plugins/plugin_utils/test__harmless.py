# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._harmless import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ethernet 2", "Ethernet 2"),
        ("two\nlines\tof text", "two\nlines\tof text"),
        ("\x1b[2J", "\ufffd[2J"),
        ("\x9b2J", "\ufffd2J"),
        ("a\rb\x00c\x7f\x85", "a\ufffdb\ufffdc\ufffd\ufffd"),
        ("\u202egnp.exe\u2066\u2069\u200f", "\ufffdgnp.exe\ufffd\ufffd\ufffd"),
        ("a\u2028b\u2029", "a\ufffdb\ufffd"),
        ("\ud800", "\ufffd"),
        # Names of people who write so.
        (
            "\u0627\u062a\u0635\u0627\u0644\u200c\u0634\u0628\u06a9\u0647",
            "\u0627\u062a\u0635\u0627\u0644\u200c\u0634\u0628\u06a9\u0647",
        ),
        ("以太网", "以太网"),
        ("Connexion au réseau local", "Connexion au réseau local"),
        ("{{ lookup('pipe', 'id') }}", "{{ lookup('pipe', 'id') }}"),
    ],
)
def test_what_a_terminal_obeys_is_replaced_and_nothing_else(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_everything_inside_a_result_is_looked_at() -> None:
    result = {"a\x9b": [{"b": ("\x9b", 1, None)}], "c": 1.5, "d": True}
    assert harmless(result) == {"a\ufffd": [{"b": ["\ufffd", 1, None]}], "c": 1.5, "d": True}


def test_a_result_without_any_is_equal_to_what_it_was() -> None:
    result = {"changed": False, "adapters": [{"name": "Ethernet", "addresses": []}]}
    assert harmless(result) == result
