# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What the datagrams that came back say about a target. Pure.

A reply counts only if its protocol takes it for the answer to a question that was out when it came, and if it comes
from where the question went. An error code counts as an answer all the same: it proves the way there and back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Answer, Misfit
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Exchanged, Reply
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import (
    OUTCOME_OF_FAULT,
    Outcome,
    best,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Plan, Schedule

_MOST_EVIDENCE = 4
"""Of what was seen in one probe is told; a host may have heard from thousands of ports."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing heard that says something about one attempt."""

    attempt: int
    outcome: Outcome
    round_trip_ms: float | None = None
    told: tuple[str, ...] = ()
    evidence: str = ""
    """What exactly was seen, where the outcome alone leaves that open."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one probe of one target came to."""

    outcome: Outcome
    attempt_outcomes: tuple[Outcome, ...]
    round_trip_ms: float | None
    """Of the fastest answer; None without one."""
    told: tuple[str, ...]
    """What the answers say about the target besides, in words of the protocol."""
    evidence: str
    replies: tuple[bytes, ...]
    """Every datagram that came in on this target's socket."""


def judge(schedule: Schedule, heard: Exchanged) -> list[Judgement]:
    """Judge one exchange: one judgement for each plan of *schedule*, in its order."""
    return [_judge_plan(schedule, position, heard) for position in range(len(schedule.plans))]


def _judge_plan(schedule: Schedule, position: int, heard: Exchanged) -> Judgement:
    plan = schedule.plans[position]
    replies = [reply for reply in heard.replies if schedule.owners[reply.send][0] == position]
    observations: list[Observation] = []
    for reply in replies:
        _unused, latest = schedule.owners[reply.send]
        observation = _observe(plan, reply, latest)
        if observation is not None:
            observations.append(observation)
    for error in heard.errors:
        owner, attempt = schedule.owners[error.send]
        if owner == position and attempt is not None:
            observations.append(
                Observation(attempt, OUTCOME_OF_FAULT[error.fault], evidence=f"socket error {error.code}")
            )
    attempt_outcomes = tuple(
        best(each.outcome for each in observations if each.attempt == index) for index in range(len(plan.asked_ms))
    )
    outcome = best(attempt_outcomes)
    return Judgement(
        outcome=outcome,
        attempt_outcomes=attempt_outcomes,
        round_trip_ms=min(
            (each.round_trip_ms for each in observations if each.round_trip_ms is not None), default=None
        ),
        told=tuple(sorted({word for each in observations for word in each.told})),
        evidence=_evidence(observations, outcome),
        replies=tuple(reply.payload for reply in replies),
    )


def _evidence(observations: Sequence[Observation], outcome: Outcome) -> str:
    seen = list(dict.fromkeys(each.evidence for each in observations if each.outcome is outcome and each.evidence))
    more = [f"and {len(seen) - _MOST_EVIDENCE} more"] if len(seen) > _MOST_EVIDENCE else []
    return ", ".join([*seen[:_MOST_EVIDENCE], *more])


def _observe(plan: Plan, reply: Reply, latest: int | None) -> Observation | None:
    """What *reply* says. *latest* is the attempt that was made last when it came."""
    reading = plan.dialogue.read(reply.payload, latest)
    if reading is None:
        return None
    expected = (reply.address, reply.port) == (plan.target.address, plan.target.port)
    if isinstance(reading, Answer):
        round_trip_ms = reply.ms - plan.asked_ms[reading.attempt][reading.question]
        # Nothing answers a question that is not out yet.
        if round_trip_ms >= 0:
            return _answered(reading, reply, round_trip_ms if expected else None)
    if not expected:
        return None
    evidence = reading.evidence if isinstance(reading, Misfit) else reading.if_not_asked
    return Observation(latest or 0, Outcome.MALFORMED, evidence=evidence)


def _answered(answer: Answer, reply: Reply, round_trip_ms: float | None) -> Observation:
    """What an answer says. Without a round trip it came from elsewhere."""
    if round_trip_ms is None:
        evidence = f"from {reply.address} port {reply.port}"
        return Observation(answer.attempt, Outcome.ANSWERED_ELSEWHERE, evidence=evidence)
    outcome = Outcome.ANSWERED if answer.error_code is None else Outcome.ANSWERED_WITH_ERROR_CODE
    return Observation(answer.attempt, outcome, round_trip_ms, answer.told, answer.error_code or "")
