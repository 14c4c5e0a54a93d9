# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, get_args

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import (
    Observations,
    Refusal,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    REFUSALS,
    ROWS,
    UNDONE,
    VerdictWord,
    decide,
    topmost,
)

SILENT: dict[str, Any] = {"before": "silent", "way": "proven", "control_before": "answers"}
"""Silent here, heard elsewhere, and the way works."""
CANDIDATE: dict[str, Any] = {**SILENT, "adapter": "candidate"}
MARKED: dict[str, Any] = {"before": "silent", "adapter": "candidate", "cause": "driver_marked_bad"}
"""Nobody else could ask, and the way could not be read; but the packets were watched."""
CHANGED: dict[str, Any] = {**CANDIDATE, "change": "made"}
CURED: dict[str, Any] = {**CHANGED, "after": "answers", "control_after": "answers"}
STILL_SILENT: dict[str, Any] = {**CHANGED, "after": "silent", "way_after": "proven", "control_after": "answers"}
HEARD: dict[str, Any] = {"before": "answers", "way": "proven"}
ENFORCED: dict[str, Any] = {**HEARD, "adapter": "candidate", "mode": "enforce", "change": "made", "after": "answers"}

# What was seen; then verdict, reason, confidence.
EVERY_ROW: list[tuple[dict[str, Any], VerdictWord, str, str]] = [
    ({"host": "lost", **CHANGED}, "unreachable", "lost_in_change", "proven"),
    ({"host": "lost_before", **CANDIDATE}, "unreachable", "lost_before_change", "proven"),
    ({"host": "unreachable"}, "unreachable", "host_unreachable", "proven"),
    ({"host": "undone_by_guard", **CANDIDATE}, "unknown", "undone_by_guard", "none"),
    ({"host": "guard_left", **CHANGED}, "unknown", "guard_not_removed", "none"),
    ({"host": "not_restored", **STILL_SILENT}, "unknown", "not_restored", "none"),
    ({"host": "second_round_failed", **CURED}, "unknown", "second_round_failed", "none"),
    ({"host": "unreadable"}, "unknown", "host_unreadable", "none"),
    ({**CURED, "repeated": "begun"}, "inconclusive", "second_round_begun", "none"),
    ({**CURED, "repeated": "heard_on"}, "inconclusive", "heard_with_offload", "none"),
    ({**CURED, "repeated": "heard_on", "cause": "driver_marked_bad"}, "inconclusive", "heard_with_offload", "none"),
    ({**CURED, "repeated": "not_again"}, "inconclusive", "not_repeated", "none"),
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
    ({**SILENT, "adapter": "unfinished", "earlier": "changed"}, "inconclusive", "unfinished", "none"),
    ({**HEARD, "adapter": "unfinished", "earlier": "changed"}, "inconclusive", "unfinished", "none"),
    ({"adapter": "unfinished"}, "inconclusive", "unfinished", "none"),
    ({**SILENT, "adapter": "restoring"}, "restart_pending", "restore_left", "proven"),
    ({**HEARD, "adapter": "restoring"}, "restart_pending", "restore_left", "proven"),
    ({**SILENT, "adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({**HEARD, "adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({"adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({**SILENT, "adapter": "perhaps_pending", "earlier": "changed"}, "restart_pending", "set_before", "proven"),
    ({"adapter": "perhaps_pending", "earlier": "changed"}, "restart_pending", "set_before", "proven"),
    ({**SILENT, "adapter": "record_unreadable"}, "unknown", "undo_record_unreadable", "none"),
    ({**HEARD, "adapter": "record_unreadable"}, "unknown", "undo_record_unreadable", "none"),
    ({**CANDIDATE, "earlier": "drift"}, "affected", "drift", "likely"),
    (CANDIDATE, "affected", "replies_dropped", "likely"),
    ({**MARKED, "earlier": "drift"}, "affected", "drift", "proven"),
    (MARKED, "affected", "replies_marked_bad", "proven"),
    ({**MARKED, "before": "too_few"}, "affected", "replies_marked_bad", "proven"),
    ({**MARKED, "control_before": "silent", "way": "unread"}, "affected", "replies_marked_bad", "proven"),
    ({**MARKED, "adapter": "class_not_chosen"}, "affected", "replies_marked_bad", "proven"),
    ({**MARKED, "adapter": "not_known", "way": "unproven"}, "affected", "replies_marked_bad", "proven"),
    ({**MARKED, "adapter": "no_keyword"}, "unsupported", "no_keyword", "proven"),
    ({**MARKED, "adapter": "wider_only"}, "unsupported", "wider_only", "proven"),
    ({**MARKED, "adapter": "team_member"}, "unsupported", "team_member", "proven"),
    ({**MARKED, "adapter": "off"}, "other_cause", "offload_off", "proven"),
    ({**MARKED, "adapter": "dormant"}, "other_cause", "offload_off", "proven"),
    ({**MARKED, "adapter": "pending"}, "restart_pending", "set_before", "proven"),
    ({**MARKED, "adapter": "unfinished"}, "inconclusive", "unfinished", "none"),
    ({**MARKED, "adapter": "record_unreadable"}, "unknown", "undo_record_unreadable", "none"),
    ({**MARKED, "way": "proven", "earlier": "not_cured"}, "not_cured", "earlier", "likely"),
    ({**CANDIDATE, "cause": "corrupt_reply"}, "other_cause", "corrupt_reply", "proven"),
    ({**CANDIDATE, "cause": "corrupt_reply", "control_before": "silent"}, "other_cause", "corrupt_reply", "proven"),
    ({**CANDIDATE, "cause": "firewall"}, "other_cause", "firewall", "proven"),
    ({"before": "too_few", "cause": "firewall"}, "other_cause", "firewall", "proven"),
    ({**CANDIDATE, "cause": "no_listener", "control_before": "silent"}, "other_cause", "late_reply", "proven"),
    ({"before": "port_unreachable", "cause": "no_listener"}, "unknown", "port_unreachable", "none"),
    ({"before": "blocked_outbound", "cause": "firewall"}, "unreachable_from_host", "blocked_outbound", "proven"),
    ({**CANDIDATE, "cause": "nothing_arrived"}, "other_cause", "nothing_arrived", "proven"),
    ({**SILENT, "cause": "nothing_arrived"}, "other_cause", "nothing_arrived", "proven"),
    ({**CANDIDATE, "cause": "nothing_arrived", "control_before": "none"}, "unknown", "nothing_arrived", "none"),
    ({**CANDIDATE, "cause": "nothing_arrived", "own_bmc": True}, "unreachable_from_host", "own_bmc", "likely"),
    ({**CANDIDATE, "cause": "nothing_arrived", "way": "unproven"}, "unreachable_from_host", "no_way", "proven"),
    (
        {**CANDIDATE, "cause": "nothing_arrived", "control_before": "silent"},
        "bmc_silent",
        "silent_everywhere",
        "likely",
    ),
    ({**CANDIDATE, "cause": "other"}, "unknown", "lost_in_host", "none"),
    ({"before": "malformed", "cause": "other"}, "unknown", "malformed", "none"),
    ({**CANDIDATE, "cause": "answered"}, "unknown", "answered_later", "none"),
    ({**CANDIDATE, "cause": "unavailable"}, "affected", "replies_dropped", "likely"),
    ({**CANDIDATE, "other_source": "answers"}, "other_cause", "source_address", "likely"),
    ({**CANDIDATE, "other_source": "silent"}, "affected", "replies_dropped", "likely"),
    ({**MARKED, "other_source": "answers"}, "affected", "replies_marked_bad", "proven"),
    ({**CURED, "repeated": "twice"}, "remediated", "proven_twice", "proven"),
    ({**CURED, "repeated": "twice", "cause": "driver_marked_bad"}, "remediated", "proven_twice", "proven"),
    ({**CURED, "repeated": "twice", "mode": "enforce"}, "remediated", "proven_twice", "proven"),
    ({**CURED, "repeated": "twice_alone", "control_before": "none"}, "remediated", "twice_without_control", "likely"),
    ({**CURED, "repeated": "unclear"}, "remediated", "cured", "likely"),
    ({**CURED, "repeated": "refused"}, "remediated", "cured", "likely"),
    ({**CURED, "repeated": "unclear", "cause": "driver_marked_bad"}, "remediated", "marks_gone", "proven"),
    ({**CURED, "cause": "driver_marked_bad"}, "remediated", "marks_gone", "proven"),
    (
        {**CURED, "cause": "driver_marked_bad", "control_before": "none", "control_after": "none"},
        *("remediated", "marks_gone", "proven"),
    ),
    ({**STILL_SILENT, "cause": "driver_marked_bad"}, "not_cured", "still_silent", "likely"),
    ({**HEARD, "overridden": True}, "unknown", "offload_overridden", "none"),
    ({**HEARD, "overridden": True, "adapter": "off"}, "unknown", "offload_overridden", "none"),
    ({**HEARD, "overridden": True, "adapter": "off", "earlier": "changed"}, "unknown", "offload_overridden", "none"),
    ({**HEARD, "overridden": True, "adapter": "no_keyword"}, "unknown", "offload_overridden", "none"),
    ({**HEARD, "overridden": True, "adapter": "dormant"}, "at_risk", "dormant", "possible"),
    (
        {**HEARD, "overridden": True, "adapter": "off", "earlier": "changed", "other_candidate": True},
        *("at_risk", "answers", "possible"),
    ),
    ({**HEARD, "overridden": True, "adapter": "candidate"}, "at_risk", "answers", "possible"),
    ({**HEARD, "overridden": True, "other_candidate": True}, "at_risk", "answers", "possible"),
    ({**ENFORCED, "adapter": "unfinished", "overridden": True}, "enforced", "answered_before", "possible"),
    ({**CANDIDATE, "overridden": True}, "affected", "replies_dropped", "likely"),
    ({**CANDIDATE, "earlier": "drift", "control_before": "none"}, "suspicious", "drift", "possible"),
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
    ({**ENFORCED, "adapter": "unfinished", "mode": "prove"}, "remediated", "finished", "likely"),
    ({**CURED, "adapter": "unfinished"}, "remediated", "cured", "likely"),
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
    ({**HEARD, "adapter": "candidate", "earlier": "drift"}, "at_risk", "drift", "possible"),
    ({"adapter": "wider_only", "earlier": "drift"}, "at_risk", "drift", "possible"),
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
    assert len({(row.verdict, row.reason, row.confidence) for row in ROWS}) == len(ROWS)


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
    ("inconclusive", "remediated", {**HEARD, "adapter": "unfinished", "earlier": "changed"}),
    ("inconclusive", "bmc_silent", {**SILENT, "adapter": "unfinished", "control_before": "silent"}),
    ("inconclusive", "remediated", {**CURED, "adapter": "unfinished", "after": "answers_once"}),
    ("bmc_silent", "affected", {**CANDIDATE, "earlier": "drift", "control_before": "silent"}),
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
        (MARKED, True),
        ({**MARKED, "adapter": "not_known"}, False),
        ({**CANDIDATE, "cause": "nothing_arrived"}, False),
        ({**CANDIDATE, "cause": "nothing_arrived", "control_before": "none"}, False),
        ({**CANDIDATE, "cause": "other"}, False),
        ({**CANDIDATE, "other_source": "answers"}, False),
        ({**CANDIDATE, "control_before": "none"}, True),
        ({**CANDIDATE, "control_before": "none", "change_without_control": False}, False),
        ({**CANDIDATE, "change_without_control": False}, True),
        ({**CANDIDATE, "control_before": "silent"}, False),
        ({**CANDIDATE, "way": "unproven"}, False),
        ({**CANDIDATE, "own_bmc": True}, False),
        ({**CANDIDATE, "earlier": "not_cured"}, False),
        ({**CANDIDATE, "earlier": "undone_by_guard"}, False),
        ({**CANDIDATE, "earlier": "drift"}, True),
        ({**HEARD, "adapter": "candidate", "earlier": "drift"}, False),
        ({**HEARD, "adapter": "unfinished"}, True),
        ({"adapter": "unfinished"}, True),
        ({**HEARD, "adapter": "unfinished", "change": "made"}, False),
        ({**CANDIDATE, "refusal": "guard_held"}, False),
        ({**HEARD, "adapter": "unfinished", "refusal": "guard_held"}, False),
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
        ({**CANDIDATE, "earlier": "undone_by_guard"}, False),
        ({**CANDIDATE, "earlier": "undone_by_guard", "other_candidate": True}, True),
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
    decided = decide(Observations(**seen, obstacle="restart_unguarded"))
    assert (decided.verdict, decided.reason, decided.would_change) == (verdict, "restart_unguarded", False)


def test_a_refused_restart_is_no_reason_where_nothing_would_be_changed() -> None:
    decided = decide(Observations(**HEARD, adapter="candidate", obstacle="restart_unguarded"))
    assert (decided.verdict, decided.reason) == ("at_risk", "answers")


@pytest.mark.parametrize("refusal", [each for each in get_args(Refusal) if each != "none"])
@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (CANDIDATE, "affected"),
        ({**CANDIDATE, "earlier": "undone_by_guard"}, "affected"),
        ({**CANDIDATE, "obstacle": "guard_not_trusted"}, "affected"),
        ({**CANDIDATE, "control_before": "none"}, "suspicious"),
        ({**HEARD, "adapter": "unfinished"}, "inconclusive"),
        ({**HEARD, "adapter": "candidate", "mode": "enforce"}, "at_risk"),
    ],
)
def test_a_refused_change_leaves_the_verdict_and_gives_the_reason(
    seen: dict[str, Any], verdict: str, refusal: Any
) -> None:
    decided = decide(Observations(**seen, refusal=refusal))
    assert (decided.verdict, decided.reason, decided.would_change) == (verdict, refusal, False)


def test_what_cut_a_host_off_once_is_not_tried_again() -> None:
    decided = decide(Observations(**CANDIDATE, earlier="undone_by_guard"))
    assert (decided.verdict, decided.reason, decided.would_change) == ("affected", UNDONE, False)
    assert decide(Observations(**HEARD, adapter="candidate", earlier="undone_by_guard")).reason == "answers"


def test_reasons_of_refusals_are_none_of_a_row() -> None:
    assert not set(REFUSALS) & {row.reason for row in ROWS}


def test_of_several_bmcs_the_topmost_row_speaks() -> None:
    verdicts = [
        decide(Observations(**seen)) for seen in (HEARD, {**CANDIDATE, "control_before": "silent"}, CANDIDATE, {})
    ]
    assert topmost(verdicts).verdict == "affected"
    assert topmost(verdicts[:2]).verdict == "bmc_silent"
    with pytest.raises(ValueError, match="empty"):
        topmost([])
