# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import (
    MEANINGS,
    TITLES,
    Subject,
    explain,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    ROWS,
    UNGUARDED,
    Row,
    Verdict,
    VerdictWord,
)

SUBJECT = Subject(bmc="card.example", adapter="Ethernet (e1r68x64.sys)", problem="timed out")


def of(row: Row, reason: str | None = None) -> Verdict:
    return Verdict(row.verdict, reason or row.reason, row.confidence, ROWS.index(row), would_change=False)


def test_every_row_has_a_meaning_and_nothing_else_has() -> None:
    rows = {(row.verdict, row.reason) for row in ROWS}
    unguarded = {key for key in MEANINGS if key[1] == UNGUARDED}
    assert set(MEANINGS) - unguarded == rows
    assert {key[0] for key in unguarded} == {"affected", "suspicious", "at_risk"}


def test_every_verdict_has_a_title() -> None:
    assert tuple(TITLES) == get_args(VerdictWord)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.verdict}-{row.reason}")
def test_sentences_are_whole_and_without_open_places(row: Row) -> None:
    meaning = explain(of(row), SUBJECT)
    assert re.fullmatch(r"([A-Z]|card).*(\.|: timed out)", meaning.sentence)
    assert "{" not in meaning.sentence + meaning.next_step
    assert meaning.next_step.endswith(".")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.verdict}-{row.reason}")
def test_sentences_read_well_without_names(row: Row) -> None:
    sentence = explain(of(row), Subject()).sentence
    assert sentence[0].isupper()
    assert "the the" not in sentence.lower()


def test_an_error_knows_better_what_to_do() -> None:
    row = next(row for row in ROWS if row.reason == "host_unreadable")
    assert explain(of(row), Subject(problem="no", remedy="Grant it.")).next_step == "Grant it."


def test_names_keep_their_letter_case() -> None:
    row = next(row for row in ROWS if row.verdict == "bmc_silent")
    assert explain(of(row), SUBJECT).sentence == "card.example answers nobody."
    assert explain(of(row), Subject()).sentence == "The BMC answers nobody."


def test_braces_in_names_are_only_text() -> None:
    row = next(row for row in ROWS if row.reason == "replies_dropped")
    assert "{0} {bmc}" in explain(of(row), Subject(bmc="b", adapter="{0} {bmc}")).sentence


def test_a_refused_restart_is_explained_beside_any_verdict() -> None:
    row = next(row for row in ROWS if row.verdict == "bmc_silent")
    meaning = explain(of(row, UNGUARDED), SUBJECT)
    assert meaning.sentence == "This host would be changed, but the restart of its adapter may cut the connection."
    assert "udp_rx_offload_allow_unguarded_restart" in meaning.next_step


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
    assert f"`{UNGUARDED}`" in page.read_text(encoding="utf-8")
