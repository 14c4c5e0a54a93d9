# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds of every verdict, whatever was seen."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import Observations
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import REFUSALS, ROWS, Verdict, decide

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
    if decided.would_change or decided.reason in REFUSALS:
        assert seen.adapter in ("candidate", "unfinished") or (seen.mode == "enforce" and seen.other_candidate)
        assert seen.host == "read"
        assert seen.change == "none"
    if seen.mode != "enforce" and decided.would_change and seen.adapter != "unfinished":
        assert decided.verdict in ("affected", "suspicious")
        compared = (seen.before, seen.way, seen.own_bmc) == ("silent", "proven", False)
        assert compared or (seen.cause == "driver_marked_bad" and not seen.heard)
        assert seen.cause in ("none", "unavailable", "driver_marked_bad")


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
        assert seen.adapter != "unfinished" or seen.change in ("made", "undone")
    if decide(seen).verdict == "healthy":
        assert seen.before in ("answers", "answers_once")


@settings(max_examples=1000)
@given(observations)
def test_nothing_is_well_while_something_else_switches_the_offload_off(seen: Observations) -> None:
    decided = decide(replace(seen, overridden=True, change="none"))
    assert decided.verdict not in ("healthy", "remediated")


FOR_ANOTHER_CAUSE: set[tuple[str, Any]] = {
    ("control_before", "silent"),
    ("other_source", "answers"),
    *(("cause", each) for each in ("corrupt_reply", "firewall", "no_listener", "nothing_arrived", "other", "answered")),
}


@settings(max_examples=1000)
@given(observations, st.sampled_from([field.name for field in fields(Observations)]))
def test_a_missing_observation_never_makes_a_change_more_likely(seen: Observations, name: str) -> None:
    """Without what could not be observed no host becomes one to change; what the operator decides is left out here."""
    if name in ("host", "own_bmc", "earlier", "change", "mode", "change_without_control", "obstacle", "refusal"):
        return
    unseen: Any = next(field.default for field in fields(Observations) if field.name == name)
    without = decide(replace(seen, **{name: unseen}))
    if without.would_change and seen.mode != "enforce":
        # Only what speaks for another cause turns a host from one to leave into one to change.
        assert decide(seen).would_change or (name, getattr(seen, name)) in FOR_ANOTHER_CAUSE
