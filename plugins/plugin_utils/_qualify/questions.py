# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What no document says for certain, as questions that one real host answers, and what each answer means.

The collection has a second road wherever an answer could be another than the expected one. The answers tell an
operator which road his hosts take, before a thousand of them are changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NOT_ASKED: Final = "not_asked"
"""Answer to a question that this run left out."""
NO_ANSWER: Final = "no_answer"
"""Answer to a question that failed: the host did not let it be settled."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means. ``fits``: whether it is what was expected; None where every answer is provided for."""

    words: str
    fits: bool | None
    consequence: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``answers`` has each possible answer by its code, the expected one first."""

    id: str
    text: str
    answers: Mapping[str, Meaning]

    @property
    def expected(self) -> str:
        """The expected answer in words."""
        *others, last = [meaning.words for meaning in self.answers.values() if meaning.fits is not False]
        return f"{', '.join(others)} or {last}" if others else last


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered. ``detail`` is a figure or an error in words, for the reader alone."""

    id: str
    seen: str
    detail: str | None = None


def _question(identifier: str, text: str, **answers: tuple[str, bool | None, str]) -> Question:
    return Question(identifier, text, {code: Meaning(*meaning) for code, meaning in answers.items()})


_NOTHING: Final = "none: this is what the collection counts on"

QUESTIONS: Final[tuple[Question, ...]] = (
    _question(
        "class_key_index",
        "Is Win32_NetworkAdapter.Index the number of the adapter's class key?",
        index=("it is", True, _NOTHING),
        search=("it is not", False, "the key is searched for among all class keys, which costs a few requests more"),
    ),
    _question(
        "wmi_options",
        "Does WMI obey options that are passed on as wmi:...?",
        obeyed=("it does", True, _NOTHING),
        ignored=(
            "it does not",
            False,
            "undo records may stand below SOFTWARE\\WOW6432Node; the collection finds them there all the same",
        ),
    ),
    _question(
        "relay_windows_powershell",
        "Does Windows PowerShell run the relay?",
        runs=("it does", True, _NOTHING),
        constrained=("not in Constrained Language Mode", False, "this host can't probe; a witness may"),
        no_shell=("the account may not open a shell", False, "this host can't probe; a witness may"),
        fails=("it fails", False, "this host can't probe; please send the detail in"),
    ),
    _question(
        "relay_powershell_7",
        "Does PowerShell 7 run the relay?",
        runs=("it does", None, "none: the collection uses Windows PowerShell"),
        not_installed=("it is not installed", None, "none: the collection uses Windows PowerShell"),
        constrained=("not in Constrained Language Mode", None, "none: the collection uses Windows PowerShell"),
        fails=("it fails", False, "none today; please send the detail in"),
    ),
    _question(
        "reader_may_read",
        "Can an account that is no administrator read the adapters?",
        may_read=("it can", True, "such an account is enough for an audit without probes"),
        refused=("it can't", False, "an audit needs an administrator, or rights as docs/rights.md lists them"),
    ),
    _question(
        "guard_registers",
        "Can a guard task be registered from XML, without a password?",
        registered=("it can", True, _NOTHING),
        refused=("it can't", False, "changes that restart the adapter of the connection are refused on such hosts"),
    ),
    _question(
        "guard_is_a_lock",
        "Is a second task of the same name refused?",
        refused=("it is", True, _NOTHING),
        replaced=("it replaces the first", False, "never let two controllers change the same host at the same time"),
    ),
    _question(
        "guard_fires",
        "Does the task run when it is due by the host's clock?",
        fires=("it does", True, _NOTHING),
        fires_not=("it does not", False, "no guard can be trusted there: such changes are refused"),
    ),
    _question(
        "guard_deletes",
        "Can the task be deleted over WS-Management?",
        deleted=("it can", True, _NOTHING),
        stays=("it stays", False, "a guard would take every change back: such changes are refused"),
    ),
    _question(
        "guard_expires",
        "Does the Task Scheduler remove an expired task?",
        expires=("it does", True, _NOTHING),
        stays=("it does not", False, "a guard that nobody removes stays listed, and does nothing any more"),
    ),
    _question(
        "write_leaves_adapter_up",
        "Does a write to the registry leave the adapter running as it is?",
        left_alone=("it does", True, _NOTHING),
        active_at_once=("the driver takes it at once", False, "changes are in force without a restart"),
        went_away=("the adapter restarts", False, "restart: never is refused, since the write alone restarts"),
    ),
    _question(
        "restart_answers",
        "Is the restart of the adapter answered?",
        answered=("yes", None, "none: each of these is provided for"),
        lost=("the answer is lost", None, "none: each of these is provided for"),
        refused=("the host refuses to restart it", False, "set restart to never, and restart such hosts by hand"),
    ),
    _question(
        "active_follows",
        "Does the driver report the new value after the restart?",
        follows=("it does", True, _NOTHING),
        stays=("it reports the old one", False, "only a probe can tell whether a change is in force"),
        not_told=("it does not tell", False, "only a probe can tell whether a change is in force"),
    ),
)

_UNSETTLED: Final = {
    NOT_ASKED: Meaning("not asked", None, "not settled by this run"),
    NO_ANSWER: Meaning("no answer", None, "not settled by this run; the detail says why"),
}


def settled(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Every question with what was seen, in the order in which they are told.

    Returns:
        Mappings with ``id``, ``question``, ``expected``, ``seen`` (a code), ``seen_words``, ``as_expected`` (None where
        every answer is provided for, or there is none), ``consequence`` and ``detail``.

    Raises:
        KeyError: an answer is none of its question's.
    """
    given = {answer.id: answer for answer in answers}
    rows = []
    for each in QUESTIONS:
        answer = given.pop(each.id, Answer(each.id, NOT_ASKED))
        meaning = _UNSETTLED.get(answer.seen) or each.answers[answer.seen]
        rows.append(
            {
                "id": each.id,
                "question": each.text,
                "expected": each.expected,
                "seen": answer.seen,
                "seen_words": meaning.words,
                "as_expected": meaning.fits,
                "consequence": meaning.consequence,
                "detail": answer.detail,
            }
        )
    if given:
        raise KeyError(f"no question {', '.join(sorted(given))}")
    return rows
