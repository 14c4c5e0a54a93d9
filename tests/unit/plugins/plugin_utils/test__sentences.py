# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import (
    Subject,
    explain,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    REFUSALS,
    ROWS,
    UNDONE,
    Row,
    Verdict,
)

SUBJECT = Subject(bmc="card.example", adapter="Ethernet (e1r68x64.sys)", problem="timed out")


def of(row: Row, reason: str | None = None) -> Verdict:
    return Verdict(row.verdict, reason or row.reason, row.confidence, ROWS.index(row), would_change=False)


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
    assert "udp_rx_offload_witnesses" in explain(of(row), SUBJECT).next_step
    assert explain(of(row), Subject()).sentence == "The BMC answers nobody."


def test_braces_in_names_are_only_text() -> None:
    row = next(row for row in ROWS if row.reason == "replies_dropped")
    assert "{0} {bmc}" in explain(of(row), Subject(bmc="b", adapter="{0} {bmc}")).sentence


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.verdict}-{row.reason}")
def test_a_refused_change_is_explained_beside_any_verdict(row: Row, reason: str) -> None:
    meaning = explain(of(row, reason), SUBJECT)
    assert re.fullmatch(r"([A-Z]|card).*\. It was left alone, since .*(\.|: timed out)", meaning.sentence)
    assert "{" not in meaning.sentence + meaning.next_step
    assert meaning.next_step.endswith(".")


@pytest.mark.parametrize(
    ("verdict", "reason", "sentence", "variable"),
    [
        (
            "affected",
            "restart_unguarded",
            (
                "card.example is silent here, though it answers: Ethernet (e1r68x64.sys) drops its replies."
                " It was left alone, since its restart may cut the connection to this host."
            ),
            "udp_rx_offload_allow_unguarded_restart",
        ),
        (
            "suspicious",
            "restart_risky",
            (
                "card.example is silent here, and Ethernet (e1r68x64.sys) may drop its replies."
                " It was left alone, since its restart may do harm: timed out"
            ),
            "udp_rx_offload_accept_risks",
        ),
        (
            "inconclusive",
            "guard_held",
            (
                "A change of Ethernet (e1r68x64.sys) broke off before it was confirmed."
                " It was left alone, since another run guards it: timed out"
            ),
            "run this again",
        ),
        (
            "bmc_silent",
            UNDONE,
            (
                "An adapter of this host would be changed."
                " It was left alone, since an earlier restart of it cut this host off and a guard had to bring it back."
            ),
            "udp_rx_offload_retry",
        ),
    ],
)
def test_what_was_found_and_why_it_was_left(verdict: str, reason: str, sentence: str, variable: str) -> None:
    row = next(row for row in ROWS if row.verdict == verdict)
    meaning = explain(of(row, reason), SUBJECT)
    assert meaning.sentence == sentence
    assert variable in meaning.next_step
