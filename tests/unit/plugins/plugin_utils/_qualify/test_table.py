# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table as it is printed."""

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    QUESTIONS,
    Answer,
    settled,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.table import lay_out

LONG = "the language mode ConstrainedLanguage, in which nothing can be started that opens a socket, " * 8


def blocks(*answers: Answer, width: int = 80) -> list[str]:
    return lay_out(settled(answers), width).split("\n\n")


def test_a_block_for_each_question() -> None:
    head, first, second, *_others = blocks(
        Answer("class_key_index", "index", "Index 3"), Answer("wmi_options", "ignored")
    )
    assert head == "Qualification: 2 of 13 questions answered, 1 of them otherwise than expected"
    assert first.splitlines() == [
        "[as expected] Is Win32_NetworkAdapter.Index the number of the adapter's class",
        "              key?",
        "              expected     it is",
        "              seen         it is (Index 3)",
        "              consequence  none: this is what the collection counts on",
    ]
    assert second.splitlines() == [
        "[OTHERWISE]   Does WMI obey options that are passed on as wmi:...?",
        "              expected     it does",
        "              seen         it does not",
        "              consequence  undo records may stand below SOFTWARE\\WOW6432Node;",
        "                           the collection finds them there all the same",
    ]


def test_what_was_not_asked_takes_a_line() -> None:
    *_others, last = blocks(Answer("active_follows", "not_asked", "no guard works"))
    assert last.splitlines() == [
        "[not asked]   Does the driver report the new value after the restart?",
        "              no guard works",
    ]
    assert blocks()[1].startswith("[not asked]   Is Win32_NetworkAdapter.Index")


def test_marks() -> None:
    found = blocks(Answer("relay_powershell_7", "not_installed"), Answer("wmi_options", "no_answer", "x: y"))
    assert found[2].startswith("[no answer]   Does WMI")
    assert "seen         no answer (x: y)" in found[2]
    assert found[4].startswith("[noted]       Does PowerShell 7")
    assert found[0].startswith("Qualification: 1 of 13 questions answered, 0 ")


@pytest.mark.parametrize(("width", "most"), [(20, 80), (80, 80), (100, 100), (400, 120)])
def test_no_line_is_longer_than_the_terminal(width: int, most: int) -> None:
    answers = [Answer(each.id, list(each.answers)[-1], LONG) for each in QUESTIONS]
    lengths = [len(line) for block in blocks(*answers, width=width) for line in block.splitlines()]
    assert most - 12 < max(lengths) <= most


def test_text_of_a_host_can_not_move_the_cursor() -> None:
    text = lay_out(settled([Answer("wmi_options", "no_answer", "a\x1b[2J\r\nb\u202e" + "c" * 900)]), 80)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("c" * 53) <= 6
