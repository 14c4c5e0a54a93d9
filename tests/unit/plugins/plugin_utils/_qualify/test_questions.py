# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions and what their answers mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    NO_ANSWER,
    NOT_ASKED,
    QUESTIONS,
    Answer,
    Question,
    settled,
)

ROOT = Path(__file__).parents[5]

IDS = [each.id for each in QUESTIONS]


def test_questions_are_told_apart() -> None:
    assert len(set(IDS)) == len(IDS) == 13


@pytest.mark.parametrize("question", QUESTIONS, ids=IDS)
def test_every_question_has_an_answer_that_is_expected_and_others(question: Question) -> None:
    first, *others = question.answers.values()
    assert first.fits is not False
    assert others
    assert question.text.endswith("?")
    assert not {NOT_ASKED, NO_ANSWER} & set(question.answers)
    # Where the first answer is the one that is counted on, it is the only one that fits.
    if first.fits:
        assert [meaning.fits for meaning in others] == [False] * len(others)


def test_what_is_expected_in_words() -> None:
    expected = {each.id: each.expected for each in QUESTIONS}
    assert expected["class_key_index"] == "it is"
    assert expected["restart_answers"] == "yes or the answer is lost"
    assert expected["relay_powershell_7"] == "it does, it is not installed or not in Constrained Language Mode"


def test_every_question_is_told_in_the_same_order() -> None:
    rows = settled([Answer("active_follows", "stays"), Answer("class_key_index", "index", "Index 3, key 0003")])
    assert [row["id"] for row in rows] == IDS
    assert rows[0] == {
        "id": "class_key_index",
        "question": "Is Win32_NetworkAdapter.Index the number of the adapter's class key?",
        "expected": "it is",
        "seen": "index",
        "seen_words": "it is",
        "as_expected": True,
        "consequence": "none: this is what the collection counts on",
        "detail": "Index 3, key 0003",
    }
    assert rows[-1]["as_expected"] is False
    assert {row["seen"] for row in rows[1:-1]} == {NOT_ASKED}
    assert {row["as_expected"] for row in rows[1:-1]} == {None}


def test_a_question_without_an_answer_says_where_to_look() -> None:
    (row,) = [row for row in settled([Answer("wmi_options", NO_ANSWER, "x")]) if row["id"] == "wmi_options"]
    assert (row["seen_words"], row["consequence"]) == ("no answer", "not settled by this run; the detail says why")


@pytest.mark.parametrize("answer", [Answer("no_question", "index"), Answer("class_key_index", "runs")])
def test_answers_that_there_are_not(answer: Answer) -> None:
    with pytest.raises(KeyError):
        settled([answer])


def documented(each: Question) -> list[str]:
    """The rows of a question in the documentation."""
    rows = []
    text = f"{each.text}<br>`{each.id}`"
    for code, meaning in each.answers.items():
        words = meaning.words + (" (expected)" if meaning.fits else "")
        rows.append(f"| {text} | {words} | `{code}` | {meaning.consequence} |")
        text = ""
    return rows


def test_the_documentation_has_every_question_and_answer() -> None:
    page = (ROOT / "docs" / "qualify.md").read_text(encoding="utf-8")
    _before, head, table = page.partition(
        "| question | answer | in the file | what follows |\n| --- | --- | --- | --- |\n"
    )
    assert head
    assert table.partition("\n\n")[0].splitlines() == [row for each in QUESTIONS for row in documented(each)]
