# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The findings as text for a terminal, and what is said at the end."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from tests.faults.findings import Row

_HEAD: Final = ("fault", "step", "verdict", "reachable", "recoverable", "guard left")
_NARROW: Final = (9, 11, 10)
_FAULT_WIDTH: Final = 31
_VERDICT_WIDTH: Final = 12
_LEAST_WIDTH: Final = 112
_MOST_WIDTH: Final = 140


def table(rows: Sequence[Row]) -> str:
    """Every row, as wide as the terminal at most."""
    width = min(max(shutil.get_terminal_size((_LEAST_WIDTH, 50)).columns, _LEAST_WIDTH), _MOST_WIDTH)
    step = width - _FAULT_WIDTH - _VERDICT_WIDTH - sum(_NARROW) - 2 * (len(_HEAD) - 1)
    widths = (_FAULT_WIDTH, step, _VERDICT_WIDTH, *_NARROW)
    lines = [_line(_HEAD, widths), _line(tuple("-" * each for each in widths), widths)]
    lines += [
        _line(
            (row.fault, row.step, row.verdict, _word(row.reachable), _word(row.recoverable), _word(row.guard_left)),
            widths,
        )
        for row in rows
    ]
    return "\n".join(lines)


def conclusion(rows: Sequence[Row]) -> str:
    """How many combinations there were, and a sentence for each thing that was not as it must be."""
    failing = [row for row in rows if row.failures]
    distinct = len({(row.fault, row.step) for row in rows})
    lines = [f"\n{distinct} combinations of fault and step, {len(failing)} of them not as they must be."]
    for row in failing:
        lines.append(f"{row.fault} - {row.step}:")
        lines += [_indented(sentence) for sentence in row.failures]
    return "\n".join(lines)


def _indented(sentence: str) -> str:
    return textwrap.fill(sentence, _LEAST_WIDTH, initial_indent="  ", subsequent_indent="    ")


def _word(said: bool) -> str:
    return "yes" if said else "no"


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(_fitted(cell, width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _fitted(text: str, width: int) -> str:
    return f"{text:{width}}" if len(text) <= width else f"{text[: width - 1]}\N{HORIZONTAL ELLIPSIS}"
