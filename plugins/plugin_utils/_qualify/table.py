# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The answers of a qualified host as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import NO_ANSWER, NOT_ASKED

NARROWEST: Final = 80
_WIDEST: Final = 120
_MARKS: Final = {True: "as expected", False: "OTHERWISE", None: "noted"}
_MARK_WIDTH: Final = 14
_LABEL_WIDTH: Final = 13
_LONGEST_DETAIL: Final = 300


def lay_out(rows: Sequence[Mapping[str, Any]], width: int) -> str:
    """The table: each question, and below it what was expected, what was seen and what follows.

    Args:
        rows: As :func:`questions.settled` makes them.
        width: Columns of the terminal; no less than 80 are used, and no more than are read with ease.
    """
    width = min(max(width, NARROWEST), _WIDEST)
    asked = [row for row in rows if row["seen"] not in (NOT_ASKED, NO_ANSWER)]
    other = sum(row["as_expected"] is False for row in rows)
    head = f"Qualification: {len(asked)} of {len(rows)} questions answered, {other} of them otherwise than expected"
    return "\n\n".join([head, *(_block(row, width) for row in rows)])


def _block(row: Mapping[str, Any], width: int) -> str:
    detail = one_line(row["detail"], _LONGEST_DETAIL) if row["detail"] else ""
    if row["seen"] == NOT_ASKED:
        why = [_fill(detail, width, _MARK_WIDTH, _MARK_WIDTH)] if detail else []
        return "\n".join([_headline("not asked", row["question"], width), *why])
    mark = "no answer" if row["seen"] == NO_ANSWER else _MARKS[row["as_expected"]]
    return "\n".join(
        [
            _headline(mark, row["question"], width),
            _line("expected", row["expected"], width),
            _line("seen", row["seen_words"] + (f" ({detail})" if detail else ""), width),
            _line("consequence", row["consequence"], width),
        ]
    )


def _headline(mark: str, question: str, width: int) -> str:
    return _fill(f"[{mark}]".ljust(_MARK_WIDTH) + question, width, 0, _MARK_WIDTH)


def _line(label: str, text: str, width: int) -> str:
    return _fill(label.ljust(_LABEL_WIDTH) + text, width, _MARK_WIDTH, _MARK_WIDTH + _LABEL_WIDTH)


def _fill(text: str, width: int, first: int, others: int) -> str:
    return textwrap.fill(text, width, initial_indent=" " * first, subsequent_indent=" " * others)
