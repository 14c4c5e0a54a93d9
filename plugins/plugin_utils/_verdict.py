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
from typing import Final, Literal, TypedDict, Unpack

Host = Literal[
    "read",
    "unreachable",
    "lost",  # unreachable since this run changed an adapter
    "unreadable",
]

Heard = Literal[
    "not_asked",
    "unavailable",  # the host can't send probes: no right to a shell, Constrained Language Mode
    "no_route",
    "blocked_outbound",
    "port_unreachable",
    "answered_elsewhere",
    "malformed",
    "too_few",  # nothing came back, but fewer than three attempts were made
    "silent",  # at least three attempts, and nothing ever came back
    "answers_once",
    "answers",  # at least twice
]

Control = Literal["none", "silent", "answers"]
"""The same BMC asked from elsewhere: nobody could ask, everybody who asked heard nothing, somebody heard it."""

Way = Literal["unread", "unproven", "proven"]
"""Whether datagrams get from the host to the BMC and back: ICMP answered, or a neighbour was resolved on the link."""

Adapter = Literal[
    "candidate",  # of a chosen class, with receive offload on, and its driver can do without
    "pending",  # set already, but the driver was not restarted since
    "perhaps_pending",  # likewise, or in force: the driver does not tell, or tells of the old value after its restart
    "record_unreadable",  # would be a candidate, but its undo record can't be understood, so that it is not changed
    "no_keyword",
    "wider_only",  # only by a change that takes more than UDP receive, which was not allowed
    "team_member",
    "off",
    "dormant",  # off now, but on again after a restart, or with the global switch
    "class_not_chosen",  # suspected of the fault, but that class is not to be changed
    "not_known",  # nothing says that this hardware has the fault
]
"""The adapter that the way from the host to the BMC leads through."""

Change = Literal["none", "pending", "made", "undone"]
"""What this run did to the adapter; pending means that the restart was left to the operator."""

Earlier = Literal["none", "changed", "not_cured"]
"""What an earlier run left on the host: a change in force, or the record that it did not cure this driver."""

Mode = Literal["report", "prove", "enforce"]
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


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of one host and one BMC, and what the operator allows.

    ``after``, ``way_after`` and ``control_after`` speak of the time after this run's change; ``way_after`` is proven
    only where the way leads through an adapter that was changed. ``in_force`` is false where the driver says that it
    still works with receive offload after its restart. ``cured_for_another`` tells that the same change made another
    BMC heard, which had been silent. ``other_candidate`` tells of a candidate
    that the way to this BMC does not lead through. ``restart_allowed`` is false where the change would restart an
    adapter that may carry the connection, with no guard on the host and without the operator's leave.
    """

    host: Host = "read"
    before: Heard = "not_asked"
    control_before: Control = "none"
    way: Way = "unread"
    own_bmc: bool = False
    adapter: Adapter = "not_known"
    other_candidate: bool = False
    earlier: Earlier = "none"
    change: Change = "none"
    after: Heard = "not_asked"
    way_after: Way = "unread"
    control_after: Control = "none"
    in_force: bool = True
    cured_for_another: bool = False
    mode: Mode = "prove"
    change_without_control: bool = True
    restart_allowed: bool = True

    @property
    def changed(self) -> bool:
        """This run changed the adapter and restarted it, whether or not it undid that."""
        return self.change in ("made", "undone")

    @property
    def silent(self) -> bool:
        """Never heard before any change of this run."""
        return self.before == "silent"

    @property
    def heard(self) -> bool:
        """Heard at least once before any change of this run."""
        return self.before in ("answers", "answers_once")

    @property
    def way_proven(self) -> bool:
        """Silence would be the host's own: the way works, and it leads to another machine's BMC.

        A host can't reach its own BMC through a port that both share, so its silence there is no evidence.
        """
        return self.way == "proven" and not self.own_bmc

    @property
    def unchanged_silent(self) -> bool:
        """Silent, and nothing was changed in this run."""
        return self.silent and not self.changed

    @property
    def unheard(self) -> bool:
        """Silent although the way works, and nothing was changed in this run."""
        return self.unchanged_silent and self.way_proven

    @property
    def only_here(self) -> bool:
        """This host doesn't hear the BMC, and another machine does."""
        return self.unheard and self.control_before == "answers"

    @property
    def perhaps_only_here(self) -> bool:
        """This host doesn't hear the BMC, and nobody is known to hear it as little."""
        return self.unheard and self.control_before != "silent"

    @property
    def silent_throughout(self) -> bool:
        """Silent before the change, although the way worked, and after it."""
        return self.changed and self.silent and self.way_proven and self.after == "silent"

    @property
    def still_silent(self) -> bool:
        """Silent before and after the change, although it is in force, and the way works through that very adapter.

        A change that made another BMC heard is no failure, whatever this one does.
        """
        return self.silent_throughout and self.way_after == "proven" and self.in_force and not self.cured_for_another

    @property
    def heard_since(self) -> bool:
        """Silent before the change, and heard at least once after it."""
        return self.changed and self.silent and self.after in ("answers", "answers_once")

    @property
    def now_heard(self) -> bool:
        """Silent before the change, and heard more than once after it."""
        return self.changed and self.silent and self.after == "answers"

    @property
    def restart_missing(self) -> bool:
        """The value is there, and nothing shows that it is in force: neither the driver nor an answer."""
        return self.adapter == "pending" or (self.adapter == "perhaps_pending" and not self.heard)

    @property
    def clear_before(self) -> bool:
        """Before any change it was clear whether the host hears the BMC."""
        return self.heard or (self.silent and self.way_proven)

    @property
    def clear_after(self) -> bool:
        """After the change it was clear whether the host hears the BMC."""
        return self.after in ("answers", "answers_once", "silent")

    @property
    def at_risk(self) -> bool:
        """An adapter of a chosen class works with receive offload on, whether or not it could be changed."""
        return self.other_candidate or self.adapter in ("candidate", "wider_only", "team_member", "record_unreadable")


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

# fmt: off
ROWS: Final[tuple[Row, ...]] = (
    _row("unreachable", "lost_in_change", "proven", host="lost"),
    _row("unreachable", "host_unreachable", "proven", host="unreachable"),
    _row("unknown", "host_unreadable", "none", host="unreadable"),

    # Changed, but that was not the cure, or nobody can tell.
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
    _row("restart_pending", "set_before", "proven", restart_missing=True, changed=False),

    _row("unknown", "undo_record_unreadable", "none", adapter="record_unreadable", changed=False),

    # Silent, and nothing changed: from the host's own fault to the BMC's.
    _row("affected", "replies_dropped", "likely", only_here=True, adapter="candidate"),
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
    _row("unreachable_from_host", "no_way", "likely", unchanged_silent=True, control_before="answers", way="unproven"),
    _row("bmc_silent", "silent_everywhere", "likely", unchanged_silent=True, control_before="silent"),

    # Changed, and it answers; or changed on the operator's word alone.
    _row("remediated", "cured", "likely", now_heard=True, control_before="answers", control_after="answers"),
    _row("remediated", "no_control", "possible", now_heard=True, control_before="none"),
    _row("remediated", "earlier", "likely", earlier="changed", adapter=_OFF, heard=True, changed=False),
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

UNGUARDED: Final = "restart_unguarded"
"""Reason of a host that would be changed, were it not for the restart of the adapter that may carry the connection."""


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
    allowed = observations.restart_allowed
    reason = UNGUARDED if wanted and not allowed else row.reason
    return Verdict(row.verdict, reason, row.confidence, rank, wanted and allowed)


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
    on_the_way = observations.adapter == "candidate" and observations.earlier != "not_cured"
    if observations.mode == "enforce":
        return on_the_way or observations.other_candidate
    return on_the_way and (verdict == "affected" or (verdict == "suspicious" and observations.change_without_control))
