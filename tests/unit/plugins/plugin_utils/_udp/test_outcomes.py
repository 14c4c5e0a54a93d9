# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Fault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import (
    ANSWERS,
    OUTCOME_OF_FAULT,
    Outcome,
    best,
)


def test_outcomes_are_words_that_stay() -> None:
    assert [outcome.value for outcome in Outcome] == [
        "answered",
        "answered_with_error_code",
        "answered_elsewhere",
        "malformed",
        "port_unreachable",
        "blocked_outbound",
        "no_route",
        "probe_unavailable",
        "no_answer",
    ]


def test_the_order_of_outcomes_is_that_of_their_weight() -> None:
    assert best([]) is Outcome.NO_ANSWER
    assert best(reversed(Outcome)) is Outcome.ANSWERED
    assert list(Outcome)[-1] is Outcome.NO_ANSWER
    for weak in Outcome:
        for strong in list(Outcome)[: list(Outcome).index(weak)]:
            assert best([weak, strong]) is strong


def test_only_answers_prove_the_way() -> None:
    assert {each.value for each in ANSWERS} == {"answered", "answered_with_error_code"}


def test_every_fault_has_an_outcome_and_none_is_silence() -> None:
    assert set(OUTCOME_OF_FAULT) == set(Fault)
    assert {Outcome.NO_ANSWER, *ANSWERS}.isdisjoint(OUTCOME_OF_FAULT.values())
