# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    ROWS,
    UNGUARDED,
    Observations,
    Verdict,
    VerdictWord,
    decide,
    topmost,
)

SILENT: dict[str, Any] = {"before": "silent", "way": "proven", "control_before": "answers"}
"""Silent here, heard elsewhere, and the way works."""
CANDIDATE: dict[str, Any] = {**SILENT, "adapter": "candidate"}
CHANGED: dict[str, Any] = {**CANDIDATE, "change": "made"}
CURED: dict[str, Any] = {**CHANGED, "after": "answers", "control_after": "answers"}
STILL_SILENT: dict[str, Any] = {**CHANGED, "after": "silent", "way_after": "proven", "control_after": "answers"}
HEARD: dict[str, Any] = {"before": "answers", "way": "proven"}
ENFORCED: dict[str, Any] = {**HEARD, "adapter": "candidate", "mode": "enforce", "change": "made", "after": "answers"}

# What was seen; then verdict, reason, confidence.
EVERY_ROW: list[tuple[dict[str, Any], VerdictWord, str, str]] = [
    ({"host": "lost", **CHANGED}, "unreachable", "lost_in_change", "proven"),
    ({"host": "unreachable"}, "unreachable", "host_unreachable", "proven"),
    ({"host": "unreadable"}, "unknown", "host_unreadable", "none"),
    (STILL_SILENT, "not_cured", "still_silent", "likely"),
    ({**STILL_SILENT, "change": "undone"}, "not_cured", "still_silent", "likely"),
    ({**CANDIDATE, "earlier": "not_cured"}, "not_cured", "earlier", "likely"),
    ({**CANDIDATE, "earlier": "not_cured", "control_before": "none"}, "not_cured", "earlier", "likely"),
    ({**STILL_SILENT, "cured_for_another": True}, "inconclusive", "cured_elsewhere", "none"),
    ({**STILL_SILENT, "cured_for_another": True, "change": "undone"}, "inconclusive", "cured_elsewhere", "none"),
    ({**STILL_SILENT, "control_after": "silent"}, "inconclusive", "control_silent", "none"),
    ({**STILL_SILENT, "way_after": "unproven"}, "inconclusive", "way_lost", "none"),
    ({**STILL_SILENT, "way_after": "unread", "control_after": "none"}, "inconclusive", "way_lost", "none"),
    ({**STILL_SILENT, "in_force": False}, "inconclusive", "not_in_force", "none"),
    ({**STILL_SILENT, "in_force": False, "control_after": "none"}, "inconclusive", "not_in_force", "none"),
    ({**STILL_SILENT, "control_after": "none"}, "inconclusive", "no_control", "none"),
    ({**ENFORCED, "after": "silent", "control_after": "answers"}, "inconclusive", "silent_after", "none"),
    ({**ENFORCED, "before": "unavailable", "after": "silent"}, "inconclusive", "silent_after", "none"),
    ({**CURED, "after": "answers_once"}, "inconclusive", "mixed_answers", "none"),
    ({**ENFORCED, "after": "answers_once"}, "inconclusive", "mixed_answers", "none"),
    ({**CURED, "control_after": "silent"}, "inconclusive", "control_lost", "none"),
    ({**CURED, "control_after": "none"}, "inconclusive", "control_lost", "none"),
    (CHANGED, "inconclusive", "not_verified", "none"),
    ({**CHANGED, "after": "no_route"}, "inconclusive", "not_verified", "none"),
    ({**ENFORCED, "after": "unavailable"}, "inconclusive", "not_verified", "none"),
    ({**CANDIDATE, "change": "pending"}, "restart_pending", "restart_left", "proven"),
    ({**SILENT, "adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({**HEARD, "adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({"adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({**SILENT, "adapter": "perhaps_pending", "earlier": "changed"}, "restart_pending", "set_before", "proven"),
    ({"adapter": "perhaps_pending", "earlier": "changed"}, "restart_pending", "set_before", "proven"),
    ({**SILENT, "adapter": "record_unreadable"}, "unknown", "undo_record_unreadable", "none"),
    ({**HEARD, "adapter": "record_unreadable"}, "unknown", "undo_record_unreadable", "none"),
    (CANDIDATE, "affected", "replies_dropped", "likely"),
    ({**CANDIDATE, "control_before": "none"}, "suspicious", "no_control", "possible"),
    ({**SILENT, "adapter": "no_keyword"}, "unsupported", "no_keyword", "possible"),
    ({**SILENT, "adapter": "wider_only"}, "unsupported", "wider_only", "possible"),
    ({**SILENT, "adapter": "team_member", "control_before": "none"}, "unsupported", "team_member", "possible"),
    ({**SILENT, "adapter": "off"}, "other_cause", "offload_off", "likely"),
    ({**SILENT, "adapter": "dormant"}, "other_cause", "offload_off", "likely"),
    ({**SILENT, "adapter": "class_not_chosen"}, "other_cause", "class_not_chosen", "possible"),
    ({**SILENT, "adapter": "not_known"}, "other_cause", "adapter_not_known", "likely"),
    ({**CANDIDATE, "own_bmc": True}, "unreachable_from_host", "own_bmc", "likely"),
    ({**CANDIDATE, "own_bmc": True, "control_before": "none"}, "unreachable_from_host", "own_bmc", "likely"),
    ({"before": "no_route", "adapter": "candidate"}, "unreachable_from_host", "no_route", "proven"),
    ({"before": "blocked_outbound"}, "unreachable_from_host", "blocked_outbound", "proven"),
    ({**CANDIDATE, "way": "unproven"}, "unreachable_from_host", "no_way", "likely"),
    ({**CANDIDATE, "control_before": "silent"}, "bmc_silent", "silent_everywhere", "likely"),
    ({**CANDIDATE, "control_before": "silent", "own_bmc": True}, "bmc_silent", "silent_everywhere", "likely"),
    (CURED, "remediated", "cured", "likely"),
    ({**CURED, "control_before": "none"}, "remediated", "no_control", "possible"),
    ({**CURED, "control_before": "none", "control_after": "none"}, "remediated", "no_control", "possible"),
    ({**HEARD, "adapter": "off", "earlier": "changed"}, "remediated", "earlier", "likely"),
    ({**HEARD, "before": "answers_once", "adapter": "off", "earlier": "changed"}, "remediated", "earlier", "likely"),
    ({**HEARD, "adapter": "perhaps_pending", "earlier": "changed"}, "remediated", "earlier", "likely"),
    (ENFORCED, "enforced", "answered_before", "possible"),
    ({**CURED, "control_before": "silent"}, "enforced", "bmc_was_silent", "possible"),
    ({"adapter": "candidate", "change": "made"}, "enforced", "not_proven", "none"),
    ({**ENFORCED, "before": "unavailable", "after": "unavailable"}, "enforced", "not_proven", "none"),
    ({**STILL_SILENT, "own_bmc": True}, "enforced", "not_proven", "none"),
    ({**STILL_SILENT, "way": "unproven"}, "enforced", "not_proven", "none"),
    ({"before": "port_unreachable"}, "unknown", "port_unreachable", "none"),
    ({"before": "answered_elsewhere"}, "unknown", "answered_elsewhere", "none"),
    ({"before": "malformed", "adapter": "candidate"}, "unknown", "malformed", "none"),
    ({"before": "too_few"}, "unknown", "too_few", "none"),
    ({**CANDIDATE, "way": "unread"}, "unknown", "way_unread", "none"),
    ({**SILENT, "control_before": "none"}, "unknown", "no_control", "none"),
    ({**CANDIDATE, "way": "unproven", "control_before": "none"}, "unknown", "no_control", "none"),
    ({**HEARD, "adapter": "candidate"}, "at_risk", "answers", "possible"),
    ({**HEARD, "adapter": "wider_only"}, "at_risk", "answers", "possible"),
    ({**HEARD, "adapter": "off", "other_candidate": True}, "at_risk", "answers", "possible"),
    ({"before": "unavailable", "adapter": "candidate"}, "at_risk", "probe_unavailable", "possible"),
    ({"adapter": "candidate"}, "at_risk", "no_bmc", "possible"),
    ({"adapter": "team_member"}, "at_risk", "no_bmc", "possible"),
    ({**HEARD, "adapter": "dormant"}, "at_risk", "dormant", "possible"),
    ({"adapter": "dormant"}, "at_risk", "dormant", "possible"),
    ({**HEARD, "adapter": "off"}, "healthy", "offload_off", "proven"),
    ({**HEARD, "adapter": "perhaps_pending"}, "healthy", "offload_off", "proven"),
    ({**HEARD, "adapter": "not_known"}, "healthy", "answers", "proven"),
    ({**HEARD, "adapter": "class_not_chosen"}, "healthy", "answers", "proven"),
    ({**HEARD, "adapter": "no_keyword"}, "healthy", "answers", "proven"),
    ({"before": "unavailable"}, "unknown", "probe_unavailable", "none"),
    ({"before": "unavailable", "adapter": "off", "earlier": "changed"}, "unknown", "probe_unavailable", "none"),
    ({}, "unknown", "no_bmc", "none"),
    ({"adapter": "off", "earlier": "changed"}, "unknown", "no_bmc", "none"),
]


@pytest.mark.parametrize(("seen", "verdict", "reason", "confidence"), EVERY_ROW)
def test_every_row(seen: dict[str, Any], verdict: str, reason: str, confidence: str) -> None:
    decided = decide(Observations(**seen))
    assert (decided.verdict, decided.reason, decided.confidence) == (verdict, reason, confidence)


def test_every_row_is_tested() -> None:
    assert {decide(Observations(**case[0])).rank for case in EVERY_ROW} == set(range(len(ROWS)))


def test_rows_can_be_told_apart() -> None:
    assert len({(row.verdict, row.reason) for row in ROWS}) == len(ROWS)


def test_every_verdict_has_a_row() -> None:
    assert {row.verdict for row in ROWS} == set(get_args(VerdictWord))


def test_conditions_name_attributes_that_there_are() -> None:
    seen = Observations()
    assert [name for row in ROWS for name in row.conditions if not hasattr(seen, name)] == []


# Observations that could be taken for either verdict; the first word is the one that wins.
TIES: list[tuple[str, str, dict[str, Any]]] = [
    ("unreachable", "unknown", {"host": "unreachable", **CURED}),
    ("unknown", "remediated", {"host": "unreadable", **CURED}),
    ("not_cured", "affected", {**CANDIDATE, "earlier": "not_cured"}),
    ("not_cured", "suspicious", {**CANDIDATE, "earlier": "not_cured", "control_before": "none"}),
    ("bmc_silent", "not_cured", {**CANDIDATE, "earlier": "not_cured", "control_before": "silent"}),
    ("restart_pending", "other_cause", {**SILENT, "adapter": "pending"}),
    ("restart_pending", "unreachable_from_host", {"before": "no_route", "adapter": "pending"}),
    ("restart_pending", "bmc_silent", {**SILENT, "adapter": "pending", "control_before": "silent"}),
    ("restart_pending", "affected", {**CANDIDATE, "change": "pending"}),
    ("bmc_silent", "unsupported", {**SILENT, "adapter": "no_keyword", "control_before": "silent"}),
    ("bmc_silent", "other_cause", {**SILENT, "control_before": "silent"}),
    ("bmc_silent", "unreachable_from_host", {**SILENT, "way": "unproven", "control_before": "silent"}),
    ("unreachable_from_host", "affected", {**CANDIDATE, "own_bmc": True}),
    ("unreachable_from_host", "suspicious", {**CANDIDATE, "own_bmc": True, "control_before": "none"}),
    ("unreachable_from_host", "unknown", {"before": "silent", "own_bmc": True}),
    ("unreachable_from_host", "at_risk", {"before": "blocked_outbound", "adapter": "candidate"}),
    ("unknown", "at_risk", {"before": "port_unreachable", "adapter": "candidate"}),
    ("unknown", "suspicious", {**CANDIDATE, "way": "unread", "control_before": "none"}),
    ("remediated", "healthy", {**HEARD, "adapter": "off", "earlier": "changed"}),
    ("remediated", "at_risk", {**HEARD, "adapter": "off", "earlier": "changed", "other_candidate": True}),
    ("at_risk", "healthy", {**HEARD, "adapter": "candidate"}),
    ("at_risk", "remediated", {**HEARD, "adapter": "candidate", "earlier": "changed"}),
]


@pytest.mark.parametrize(("wins", "loses", "seen"), TIES)
def test_ties(wins: str, loses: str, seen: dict[str, Any]) -> None:
    verdict = decide(Observations(**seen)).verdict
    assert verdict == wins
    assert verdict != loses


@pytest.mark.parametrize(
    ("seen", "would_change"),
    [
        (CANDIDATE, True),
        ({**CANDIDATE, "control_before": "none"}, True),
        ({**CANDIDATE, "control_before": "none", "change_without_control": False}, False),
        ({**CANDIDATE, "change_without_control": False}, True),
        ({**CANDIDATE, "control_before": "silent"}, False),
        ({**CANDIDATE, "way": "unproven"}, False),
        ({**CANDIDATE, "own_bmc": True}, False),
        ({**CANDIDATE, "earlier": "not_cured"}, False),
        ({**HEARD, "adapter": "candidate"}, False),
        ({"adapter": "candidate"}, False),
        ({**SILENT, "adapter": "pending"}, False),
        ({**SILENT, "adapter": "wider_only"}, False),
        ({**SILENT, "adapter": "record_unreadable"}, False),
        ({**SILENT, "adapter": "off", "other_candidate": True}, False),
        (CHANGED, False),
        ({**CANDIDATE, "change": "pending"}, False),
        ({**CANDIDATE, "host": "unreadable"}, False),
    ],
)
@pytest.mark.parametrize("mode", ["prove", "report"])
def test_what_prove_changes_and_report_would(seen: dict[str, Any], would_change: bool, mode: str) -> None:
    assert decide(Observations(**{**seen, "mode": mode})).would_change is would_change


@pytest.mark.parametrize(
    ("seen", "would_change"),
    [
        (CANDIDATE, True),
        ({"adapter": "candidate"}, True),
        ({**HEARD, "adapter": "candidate"}, True),
        ({**HEARD, "other_candidate": True}, True),
        ({**CANDIDATE, "control_before": "silent"}, True),
        ({**CANDIDATE, "control_before": "none", "change_without_control": False}, True),
        ({"before": "unavailable", "adapter": "candidate"}, True),
        ({**CANDIDATE, "earlier": "not_cured"}, False),
        ({**CANDIDATE, "earlier": "not_cured", "other_candidate": True}, True),
        ({**HEARD, "adapter": "team_member"}, False),
        ({**HEARD, "adapter": "pending"}, False),
        ({**HEARD, "adapter": "off"}, False),
        (ENFORCED, False),
        ({**CANDIDATE, "host": "unreachable"}, False),
    ],
)
def test_what_enforce_changes(seen: dict[str, Any], would_change: bool) -> None:
    assert decide(Observations(**{**seen, "mode": "enforce"})).would_change is would_change


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (CANDIDATE, "affected"),
        ({**CANDIDATE, "control_before": "none"}, "suspicious"),
        ({**HEARD, "adapter": "candidate", "mode": "enforce"}, "at_risk"),
    ],
)
def test_a_restart_that_may_cut_the_connection_is_not_made(seen: dict[str, Any], verdict: str) -> None:
    decided = decide(Observations(**seen, restart_allowed=False))
    assert (decided.verdict, decided.reason, decided.would_change) == (verdict, UNGUARDED, False)


def test_a_refused_restart_is_no_reason_where_nothing_would_be_changed() -> None:
    decided = decide(Observations(**HEARD, adapter="candidate", restart_allowed=False))
    assert (decided.verdict, decided.reason) == ("at_risk", "answers")


def test_of_several_bmcs_the_topmost_row_speaks() -> None:
    verdicts = [
        decide(Observations(**seen)) for seen in (HEARD, {**CANDIDATE, "control_before": "silent"}, CANDIDATE, {})
    ]
    assert topmost(verdicts).verdict == "affected"
    assert topmost(verdicts[:2]).verdict == "bmc_silent"
    with pytest.raises(ValueError, match="empty"):
        topmost([])


hints = get_type_hints(Observations)
observations = st.builds(
    Observations,
    **{
        field.name: st.booleans() if hints[field.name] is bool else st.sampled_from(get_args(hints[field.name]))
        for field in fields(Observations)
    },
)


@settings(max_examples=2000)
@given(observations)
def test_there_is_always_exactly_one_verdict(seen: Observations) -> None:
    decided = decide(seen)
    assert isinstance(decided, Verdict)
    assert ROWS[decided.rank].verdict == decided.verdict
    assert ROWS[decided.rank].fits(seen)
    assert not any(row.fits(seen) for row in ROWS[: decided.rank])


@settings(max_examples=2000)
@given(observations)
def test_nothing_is_changed_without_a_candidate(seen: Observations) -> None:
    decided = decide(seen)
    if decided.would_change or decided.reason == UNGUARDED:
        assert seen.adapter == "candidate" or (seen.mode == "enforce" and seen.other_candidate)
        assert seen.host == "read"
        assert seen.change == "none"
    if seen.mode != "enforce" and decided.would_change:
        assert decided.verdict in ("affected", "suspicious")
        assert (seen.before, seen.way, seen.own_bmc) == ("silent", "proven", False)


@settings(max_examples=2000)
@given(observations)
def test_a_change_is_called_useless_only_where_it_could_have_helped(seen: Observations) -> None:
    if (decide(seen).verdict, decide(seen).reason) == ("not_cured", "still_silent"):
        assert (seen.way, seen.way_after, seen.control_after) == ("proven", "proven", "answers")
        assert (seen.in_force, seen.cured_for_another) == (True, False)


@settings(max_examples=1000)
@given(observations)
def test_a_cure_is_claimed_only_where_the_host_hears_the_bmc(seen: Observations) -> None:
    if decide(seen).verdict == "remediated":
        assert seen.after == "answers" or seen.before in ("answers", "answers_once")
        assert seen.change in ("made", "undone") or seen.earlier == "changed"
    if decide(seen).verdict == "healthy":
        assert seen.before in ("answers", "answers_once")


@settings(max_examples=1000)
@given(observations, st.sampled_from([field.name for field in fields(Observations)]))
def test_a_missing_observation_never_makes_a_change_more_likely(seen: Observations, name: str) -> None:
    """Without what could not be observed no host becomes one to change; what the operator decides is left out here."""
    if name in ("host", "own_bmc", "earlier", "change", "mode", "change_without_control", "restart_allowed"):
        return
    unseen: Any = next(field.default for field in fields(Observations) if field.name == name)
    without = decide(replace(seen, **{name: unseen}))
    if without.would_change and seen.mode != "enforce":
        # Only a control that was silent turns a silent host from one to leave into one to change.
        assert decide(seen).would_change or (name == "control_before" and seen.control_before == "silent")
