# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""From what was seen of one host and one BMC to exactly one verdict: the first row of a table that fits.

Nothing here reads results or knows Ansible: ``_observations.py`` turns task results into :class:`Observations`, and the
sentences for people stand in ``_sentences.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypedDict, Unpack, get_args

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import Cause, OtherSource
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import (
    Adapter,
    Change,
    Control,
    Earlier,
    Heard,
    Host,
    Observations,
    Refusal,
    Repeated,
    Way,
)

Confidence = Literal["proven", "likely", "possible", "none"]
VerdictWord = Literal[
    "unreachable",
    "unknown",
    "not_cured",
    "inconclusive",
    "restart_pending",
    "affected",
    "suspicious",
    "unsupported",
    "other_cause",
    "unreachable_from_host",
    "bmc_silent",
    "remediated",
    "enforced",
    "at_risk",
    "healthy",
]


class Conditions(TypedDict, total=False):
    """What a row asks of :class:`Observations`: its attributes, each with the value or the values that fit."""

    host: Host
    before: Heard
    control_before: Control | tuple[Control, ...]
    way: Way
    own_bmc: bool
    adapter: Adapter | tuple[Adapter, ...]
    earlier: Earlier
    change: Change
    after: Heard
    way_after: Way | tuple[Way, ...]
    control_after: Control | tuple[Control, ...]
    changed: bool
    silent: bool
    heard: bool
    unchanged_silent: bool
    unheard: bool
    only_here: bool
    perhaps_only_here: bool
    silent_throughout: bool
    still_silent: bool
    in_force: bool
    cured_for_another: bool
    now_heard: bool
    restart_missing: bool
    clear_before: bool
    clear_after: bool
    at_risk: bool
    cause: Cause
    marked_bad: bool
    shown: Cause
    other_source: OtherSource
    overridden: bool
    heard_all_the_same: bool
    repeated: Repeated


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. It may rely on no earlier line having fitted. ``reason`` is a code."""

    verdict: VerdictWord
    reason: str
    confidence: Confidence
    conditions: Conditions

    def fits(self, observations: Observations) -> bool:
        """Whether every condition holds."""
        return all(
            getattr(observations, name) in (value if isinstance(value, tuple) else (value,))
            for name, value in self.conditions.items()
        )


def _row(verdict: VerdictWord, reason: str, confidence: Confidence, **conditions: Unpack[Conditions]) -> Row:
    return Row(verdict, reason, confidence, conditions)


_OFF: Final[tuple[Adapter, ...]] = ("off", "perhaps_pending")
_NOT_SILENT: Final = ("answers", "none")
_NOT_HEARING: Final = ("silent", "none")
_WAY_NOT_PROVEN: Final = ("unread", "unproven")
_WHATEVER_IS_KNOWN: Final[tuple[Adapter, ...]] = ("candidate", "class_not_chosen", "not_known")
_NOT_DORMANT: Final[tuple[Adapter, ...]] = (*_OFF, "not_known", "class_not_chosen", "no_keyword")

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    _row("unreachable", "lost_in_change", "proven", host="lost"),
    _row("unreachable", "lost_before_change", "proven", host="lost_before"),
    _row("unreachable", "host_unreachable", "proven", host="unreachable"),
    _row("unknown", "undone_by_guard", "none", host="undone_by_guard"),
    _row("unknown", "guard_not_removed", "none", host="guard_left"),
    _row("unknown", "not_restored", "none", host="not_restored"),
    _row("unknown", "second_round_failed", "none", host="second_round_failed"),
    _row("unknown", "host_unreadable", "none", host="unreadable"),

    # Changed, but that was not the cure, or nobody can tell.
    _row("inconclusive", "second_round_begun", "none", now_heard=True, repeated="begun"),
    _row("inconclusive", "heard_with_offload", "none", now_heard=True, repeated="heard_on"),
    _row("inconclusive", "not_repeated", "none", now_heard=True, repeated="not_again"),
    _row("not_cured", "still_silent", "likely", still_silent=True, control_after="answers"),
    _row("not_cured", "earlier", "likely", perhaps_only_here=True, earlier="not_cured", change="none"),
    _row("inconclusive", "cured_elsewhere", "none", silent_throughout=True, cured_for_another=True),
    _row("inconclusive", "control_silent", "none", changed=True, after="silent", control_after="silent"),
    _row("inconclusive", "way_lost", "none", silent_throughout=True, way_after=_WAY_NOT_PROVEN),
    _row("inconclusive", "not_in_force", "none", silent_throughout=True, in_force=False),
    _row("inconclusive", "no_control", "none", still_silent=True),
    _row("inconclusive", "silent_after", "none", changed=True, silent=False, after="silent"),
    _row("inconclusive", "mixed_answers", "none", changed=True, after="answers_once"),
    _row("inconclusive", "control_lost", "none", now_heard=True, control_before="answers", control_after=_NOT_HEARING),
    _row("inconclusive", "not_verified", "none", changed=True, clear_before=True, clear_after=False),
    _row("restart_pending", "restart_left", "proven", change="pending"),
    _row("inconclusive", "unfinished", "none", adapter="unfinished", changed=False),
    _row("restart_pending", "set_before", "proven", restart_missing=True, changed=False),
    _row("restart_pending", "restore_left", "proven", adapter="restoring", changed=False),

    _row("unknown", "undo_record_unreadable", "none", adapter="record_unreadable", changed=False),

    # Not heard, nothing changed, and the packets say why. They come before every comparison.
    _row("affected", "drift", "proven", marked_bad=True, adapter="candidate", earlier="drift"),
    _row("affected", "replies_marked_bad", "proven", marked_bad=True, adapter=_WHATEVER_IS_KNOWN),
    _row("unsupported", "no_keyword", "proven", marked_bad=True, adapter="no_keyword"),
    _row("unsupported", "wider_only", "proven", marked_bad=True, adapter="wider_only"),
    _row("unsupported", "team_member", "proven", marked_bad=True, adapter="team_member"),
    _row("other_cause", "offload_off", "proven", marked_bad=True),
    _row("other_cause", "corrupt_reply", "proven", shown="corrupt_reply"),
    _row("other_cause", "firewall", "proven", shown="firewall"),
    _row("other_cause", "late_reply", "proven", shown="no_listener"),
    _row("unknown", "lost_in_host", "none", shown="other"),
    _row("unknown", "answered_later", "none", shown="answered"),
    _row("other_cause", "source_address", "likely", unchanged_silent=True, other_source="answers"),
    _row("other_cause", "nothing_arrived", "proven", only_here=True, shown="nothing_arrived"),
    _row("unknown", "nothing_arrived", "none", perhaps_only_here=True, shown="nothing_arrived"),

    # Silent, and nothing changed: from the host's own fault to the BMC's.
    _row("affected", "drift", "likely", only_here=True, adapter="candidate", earlier="drift"),
    _row("affected", "replies_dropped", "likely", only_here=True, adapter="candidate"),
    _row("suspicious", "drift", "possible", unheard=True, control_before="none", adapter="candidate", earlier="drift"),
    _row("suspicious", "no_control", "possible", unheard=True, control_before="none", adapter="candidate"),
    _row("unsupported", "no_keyword", "possible", perhaps_only_here=True, adapter="no_keyword"),
    _row("unsupported", "wider_only", "possible", perhaps_only_here=True, adapter="wider_only"),
    _row("unsupported", "team_member", "possible", perhaps_only_here=True, adapter="team_member"),
    _row("other_cause", "offload_off", "likely", only_here=True, adapter=("off", "dormant")),
    _row("other_cause", "class_not_chosen", "possible", only_here=True, adapter="class_not_chosen"),
    _row("other_cause", "adapter_not_known", "likely", only_here=True),
    _row("unreachable_from_host", "own_bmc", "likely", unchanged_silent=True, own_bmc=True, control_before=_NOT_SILENT),
    _row("unreachable_from_host", "no_route", "proven", before="no_route", changed=False),
    _row("unreachable_from_host", "blocked_outbound", "proven", before="blocked_outbound", changed=False),
    _row(
        "unreachable_from_host", "no_way", "proven",
        unchanged_silent=True, control_before="answers", way="unproven", shown="nothing_arrived",
    ),
    _row("unreachable_from_host", "no_way", "likely", unchanged_silent=True, control_before="answers", way="unproven"),
    _row("bmc_silent", "silent_everywhere", "likely", unchanged_silent=True, control_before="silent"),

    # Changed, and it answers; or changed on the operator's word alone.
    _row("remediated", "proven_twice", "proven", now_heard=True, repeated="twice"),
    _row("remediated", "twice_without_control", "likely", now_heard=True, repeated="twice_alone"),
    _row("remediated", "marks_gone", "proven", now_heard=True, cause="driver_marked_bad"),
    _row("remediated", "cured", "likely", now_heard=True, control_before="answers", control_after="answers"),
    _row("remediated", "no_control", "possible", now_heard=True, control_before="none"),
    _row("unknown", "offload_overridden", "none", heard_all_the_same=True, adapter=_NOT_DORMANT),
    _row(
        "remediated", "earlier", "likely",
        earlier="changed", adapter=_OFF, heard=True, changed=False, overridden=False,
    ),
    _row(
        "remediated", "finished", "likely",
        adapter="unfinished", heard=True, changed=True, after="answers", overridden=False,
    ),
    _row("enforced", "answered_before", "possible", changed=True, heard=True),
    _row("enforced", "bmc_was_silent", "possible", now_heard=True),
    _row("enforced", "not_proven", "none", changed=True),

    # Asked, but this gives nothing to judge by.
    _row("unknown", "port_unreachable", "none", before="port_unreachable"),
    _row("unknown", "answered_elsewhere", "none", before="answered_elsewhere"),
    _row("unknown", "malformed", "none", before="malformed"),
    _row("unknown", "too_few", "none", before="too_few"),
    _row("unknown", "way_unread", "none", silent=True, way="unread"),
    _row("unknown", "no_control", "none", silent=True),

    # Nothing to complain of.
    _row("at_risk", "drift", "possible", at_risk=True, earlier="drift"),
    _row("at_risk", "answers", "possible", at_risk=True, heard=True),
    _row("at_risk", "probe_unavailable", "possible", at_risk=True, before="unavailable"),
    _row("at_risk", "no_bmc", "possible", at_risk=True),
    _row("at_risk", "dormant", "possible", adapter="dormant"),
    _row("healthy", "offload_off", "proven", adapter=_OFF, heard=True),
    _row("healthy", "answers", "proven", heard=True),
    _row("unknown", "probe_unavailable", "none", before="unavailable"),
    # No conditions: whatever else was seen, there is a verdict.
    _row("unknown", "no_bmc", "none"),
)
# fmt: on

UNDONE: Final = "undone_earlier"
REFUSALS: Final[tuple[str, ...]] = (UNDONE, *(each for each in get_args(Refusal) if each != "none"))
"""Reasons that stand in place of a row's where a host is to be changed and is left as it is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. ``rank`` is the row's place in the table: of a host's BMCs, the one with the lowest speaks for it."""

    verdict: VerdictWord
    reason: str
    confidence: Confidence
    rank: int
    would_change: bool
    """Whether the mode, or ``prove`` in mode ``report``, changes an adapter of this host now."""


def decide(observations: Observations) -> Verdict:
    """Give the verdict on one host and one BMC."""
    rank, row = next((rank, row) for rank, row in enumerate(ROWS) if row.fits(observations))
    wanted = _wanted(observations, row.verdict)
    refusal = _refusal(observations) if wanted else None
    return Verdict(row.verdict, refusal or row.reason, row.confidence, rank, wanted and refusal is None)


def _refusal(observations: Observations) -> str | None:
    """Why an adapter that should be changed is not; what came of trying goes before what speaks against trying."""
    if observations.refusal != "none":
        return observations.refusal
    if observations.earlier == "undone_by_guard" and not observations.other_wanted:
        return UNDONE
    return None if observations.obstacle == "none" else observations.obstacle


def topmost(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that speaks for a host with several BMCs.

    Raises:
        ValueError: There is none.
    """
    return min(verdicts, key=lambda verdict: verdict.rank)


def _wanted(observations: Observations, verdict: VerdictWord) -> bool:
    """Whether something should be changed: never without a candidate, and never again what did not help this driver."""
    if observations.host != "read" or observations.change != "none":
        return False
    # Neither the mode nor what is heard decides about a change that broke off: it was justified when it was begun.
    if observations.adapter == "unfinished":
        return True
    on_the_way = observations.adapter == "candidate" and observations.earlier != "not_cured"
    if observations.mode == "enforce":
        return on_the_way or observations.other_candidate
    return on_the_way and (verdict == "affected" or (verdict == "suspicious" and observations.change_without_control))
