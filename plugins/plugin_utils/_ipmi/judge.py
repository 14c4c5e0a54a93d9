# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What the datagrams that came back say about a BMC. Pure.

A reply counts only if it is well-formed, comes from where the question went, and carries the sequence number or tag
of a question that was out when it came. An error code counts as an answer all the same: it proves the way there and
back.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi import packets
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.exchange import Exchanged, Fault, Reply
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import Attempt, Plan, Schedule


class Outcome(enum.StrEnum):
    """What one attempt, or a whole probe, came to. In this order: of several observations the first one counts."""

    ANSWERED = "answered"
    ANSWERED_WITH_ERROR_CODE = "answered_with_error_code"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    MALFORMED = "malformed"
    PORT_UNREACHABLE = "port_unreachable"
    BLOCKED_OUTBOUND = "blocked_outbound"
    NO_ROUTE = "no_route"
    PROBE_UNAVAILABLE = "probe_unavailable"
    NO_ANSWER = "no_answer"


ANSWERS = frozenset({Outcome.ANSWERED, Outcome.ANSWERED_WITH_ERROR_CODE})
"""Outcomes that prove that questions reach the BMC and answers the asker."""

_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}
_OUTCOME_OF_FAULT = {
    Fault.PORT_UNREACHABLE: Outcome.PORT_UNREACHABLE,
    Fault.NO_ROUTE: Outcome.NO_ROUTE,
    Fault.BLOCKED_OUTBOUND: Outcome.BLOCKED_OUTBOUND,
    Fault.OVERSIZED: Outcome.MALFORMED,
    # Not sent, for a reason that says nothing about the BMC: it must never pass for silence.
    Fault.OTHER: Outcome.PROBE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing heard that says something about one attempt."""

    attempt: int
    outcome: Outcome
    round_trip_ms: float | None = None
    ipmi_versions: tuple[str, ...] = ()
    evidence: str = ""
    """What exactly was seen, where the outcome alone leaves that open."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one probe of one BMC came to."""

    outcome: Outcome
    attempt_outcomes: tuple[Outcome, ...]
    round_trip_ms: float | None
    """Of the fastest answer; None without one."""
    ipmi_versions: tuple[str, ...]
    evidence: str
    replies: tuple[bytes, ...]
    """Every datagram that came in on this BMC's socket."""


def judge(schedule: Schedule, heard: Exchanged) -> list[Judgement]:
    """Judge one exchange: one judgement for each plan of *schedule*, in its order."""
    return [_judge_plan(schedule, position, heard) for position in range(len(schedule.plans))]


def best(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that counts of several: the first in the order of :class:`Outcome`; ``no_answer`` of none."""
    return min(outcomes, key=_RANK.__getitem__, default=Outcome.NO_ANSWER)


def _judge_plan(schedule: Schedule, position: int, heard: Exchanged) -> Judgement:
    plan = schedule.plans[position]
    replies = [reply for reply in heard.replies if schedule.owners[reply.send][0] == position]
    observations: list[Observation] = []
    for reply in replies:
        _unused, attempt = schedule.owners[reply.send]
        observation = _observe(plan, reply, attempt or 0)
        if observation is not None:
            observations.append(observation)
    for error in heard.errors:
        owner, attempt = schedule.owners[error.send]
        if owner == position and attempt is not None:
            observations.append(
                Observation(attempt, _OUTCOME_OF_FAULT[error.fault], evidence=f"socket error {error.code}")
            )
    attempt_outcomes = tuple(
        best(each.outcome for each in observations if each.attempt == index) for index in range(len(plan.attempts))
    )
    outcome = best(attempt_outcomes)
    return Judgement(
        outcome=outcome,
        attempt_outcomes=attempt_outcomes,
        round_trip_ms=min(
            (each.round_trip_ms for each in observations if each.round_trip_ms is not None), default=None
        ),
        ipmi_versions=tuple(sorted({version for each in observations for version in each.ipmi_versions})),
        evidence=_evidence(observations, outcome),
        replies=tuple(reply.payload for reply in replies),
    )


def _evidence(observations: Sequence[Observation], outcome: Outcome) -> str:
    return ", ".join(dict.fromkeys(each.evidence for each in observations if each.outcome is outcome and each.evidence))


def _observe(plan: Plan, reply: Reply, latest: int) -> Observation | None:
    """What *reply* says. *latest* is the attempt that was made last when it came."""
    message = packets.unpack(reply.payload)
    if isinstance(message, packets.Acknowledgement):
        return None
    expected = (reply.address, reply.port) == (plan.target.address, plan.target.port)
    found = _find_attempt(plan, message, reply.ms)
    if found is None:
        if not expected or (isinstance(message, packets.PresencePong) and message.tag == plan.sacrifice_tag):
            return None
        return Observation(latest, Outcome.MALFORMED, evidence=_misfit(message))
    index, asked_ms = found
    if not expected:
        return Observation(index, Outcome.ANSWERED_ELSEWHERE, evidence=f"from {reply.address} port {reply.port}")
    round_trip_ms = reply.ms - asked_ms
    if isinstance(message, packets.CapabilitiesResponse):
        if message.capabilities is None:
            code = f"completion code 0x{message.completion_code:02X}"
            return Observation(index, Outcome.ANSWERED_WITH_ERROR_CODE, round_trip_ms, evidence=code)
        return Observation(index, Outcome.ANSWERED, round_trip_ms, message.capabilities.ipmi_versions)
    return Observation(index, Outcome.ANSWERED, round_trip_ms)


def _find_attempt(plan: Plan, message: packets.Message | packets.Rejection, ms: float) -> tuple[int, int] | None:
    """The attempt that *message* answers, and when its question was sent. Nothing answers a question not yet asked."""
    for index, attempt in enumerate(plan.attempts):
        asked_ms = _question_ms(attempt, message)
        if asked_ms is not None and asked_ms <= ms:
            return index, asked_ms
    return None


def _question_ms(attempt: Attempt, message: packets.Message | packets.Rejection) -> int | None:
    if isinstance(message, packets.CapabilitiesResponse) and message.sequence == attempt.sequence:
        return attempt.request_after_ms
    if isinstance(message, packets.PresencePong) and message.tag == attempt.tag:
        return attempt.ping_after_ms
    return None


def _misfit(message: packets.Message | packets.Rejection) -> str:
    if isinstance(message, packets.Rejection):
        return message.reason.value
    if isinstance(message, packets.CapabilitiesResponse):
        return "wrong_sequence"
    if isinstance(message, packets.PresencePong):
        return "wrong_tag"
    return "question_echoed"
