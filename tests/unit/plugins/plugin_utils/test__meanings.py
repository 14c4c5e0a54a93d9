# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._meanings import (
    FOUND,
    MEANINGS,
    REFUSED,
    TITLES,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import REFUSALS, ROWS, VerdictWord


def test_every_row_has_a_meaning_and_nothing_else_has() -> None:
    assert set(MEANINGS) == {(row.verdict, row.reason) for row in ROWS}
    assert set(REFUSED) == set(REFUSALS)


def test_every_verdict_has_a_title() -> None:
    assert tuple(TITLES) == get_args(VerdictWord)


def test_what_was_found_is_said_of_verdicts_that_there_are() -> None:
    assert set(FOUND) <= set(get_args(VerdictWord))


def test_the_documentation_has_the_table_row_by_row() -> None:
    page = Path(__file__).parents[4] / "docs" / "verdicts.md"
    documented: list[tuple[str, str]] = []
    verdict = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = re.match(r"\| (?:`(?P<verdict>\w+)` )?\| `(?P<reason>\w+)` \|", line)
        if cells:
            verdict = cells["verdict"] or verdict
            documented.append((verdict, cells["reason"]))
    assert documented == [(row.verdict, row.reason) for row in ROWS]
    left_alone = page.read_text(encoding="utf-8").partition("\n## Left alone\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", left_alone, re.MULTILINE)) == set(REFUSALS)
