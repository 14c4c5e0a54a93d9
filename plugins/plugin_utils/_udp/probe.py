# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The probe itself: schedule, exchange, judge, and one plain result for each target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Protocol, Random
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchange,
    ExchangeUnavailable,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.judge import Judgement, judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import ANSWERS, Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import (
    LEAST_ATTEMPTS,
    Target,
    Timing,
    schedules,
)

_SETTLE_MS = 250
"""Time left for duplicates and strays after each target has answered as often as it was asked."""
_MOST_REPLIES = 32
_LONGEST_REPLY = 256
"""Bytes kept of a reply; the longest of a BMC has 30."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe of one target came to, in values that JSON knows."""

    address: str
    port: int
    asked_at: float
    """Seconds since the epoch, by the controller's clock."""
    outcome: Outcome
    reason: str | None
    """Why the probe was not available; None in every other outcome."""
    detail: str
    attempt_outcomes: tuple[Outcome, ...]
    round_trip_ms: float | None
    told: tuple[str, ...]
    """What the answers say about the target besides, in words of the protocol."""
    replies: tuple[str, ...]
    """Datagrams that came in, in hex."""

    @property
    def answers(self) -> int:
        """Attempts that were answered, with or without an error code."""
        return sum(outcome in ANSWERS for outcome in self.attempt_outcomes)

    @property
    def silent(self) -> bool:
        """At least three attempts, and nothing but silence."""
        return len(self.attempt_outcomes) >= LEAST_ATTEMPTS and all(
            outcome is Outcome.NO_ANSWER for outcome in self.attempt_outcomes
        )


def ask(
    targets: Sequence[Target],
    protocol: Protocol,
    exchange: Exchange,
    timing: Timing,
    *,
    turn: Turn,
    source: str | None,
    random: Random,
    now: Callable[[], float],
) -> tuple[list[ProbeResult], list[str]]:
    """Probe every target once, each with the attempts of *timing*.

    Args:
        targets: Whom to ask, each once.
        protocol: What to ask, and what is an answer.
        exchange: How datagrams travel.
        timing: How often and how long to ask.
        turn: Those it names as missed are not asked.
        source: IPv4 address to send from; None leaves it to the system.
        random: Where sequence numbers and the like start.
        now: Seconds since the epoch.

    Returns:
        One result for each target, in their order, and warnings.

    Raises:
        HostUnreachable: the host that sends went away.
    """
    results: dict[Target, ProbeResult] = {}
    warnings = list(turn.warnings)
    for target in targets:
        if (target.address, target.port) in turn.missed:
            detail = f"others of this run were asking it, and no turn came within {turn.waited_seconds:g} seconds"
            results[target] = _unavailable(target, now(), "not_paced", detail)
    asked = [target for target in targets if target not in results]
    for schedule in schedules(asked, protocol, timing, random):
        asked_at = now()
        try:
            heard = exchange.exchange(schedule.sends, source=source, wait_ms=timing.wait_ms, settle_ms=_SETTLE_MS)
        except ExchangeUnavailable as unavailable:
            for plan in schedule.plans:
                results[plan.target] = _unavailable(plan.target, asked_at, unavailable.reason, unavailable.detail)
            continue
        warnings.extend(heard.warnings)
        for plan, judgement in zip(schedule.plans, judge(schedule, heard), strict=True):
            results[plan.target] = _result(plan.target, asked_at, judgement)
    return [results[target] for target in targets], warnings


def _unavailable(target: Target, asked_at: float, reason: str, detail: str) -> ProbeResult:
    return ProbeResult(
        address=target.address,
        port=target.port,
        asked_at=asked_at,
        outcome=Outcome.PROBE_UNAVAILABLE,
        reason=reason,
        detail=f"not asked: {detail}",
        attempt_outcomes=(),
        round_trip_ms=None,
        told=(),
        replies=(),
    )


def _result(target: Target, asked_at: float, judgement: Judgement) -> ProbeResult:
    unavailable = judgement.outcome is Outcome.PROBE_UNAVAILABLE
    return ProbeResult(
        address=target.address,
        port=target.port,
        asked_at=asked_at,
        outcome=judgement.outcome,
        reason="socket_error" if unavailable else None,
        detail=_detail(target, judgement),
        attempt_outcomes=judgement.attempt_outcomes,
        round_trip_ms=None if judgement.round_trip_ms is None else round(float(judgement.round_trip_ms), 3),
        told=judgement.told,
        replies=tuple(reply[:_LONGEST_REPLY].hex() for reply in judgement.replies[:_MOST_REPLIES]),
    )


def _detail(target: Target, judgement: Judgement) -> str:
    count = sum(outcome is judgement.outcome for outcome in judgement.attempt_outcomes)
    share = f"{count} of {len(judgement.attempt_outcomes)} attempts"
    peer = f"{target.address} port {target.port}"
    evidence = judgement.evidence
    sentences = {
        Outcome.ANSWERED: f"{peer} answered {share}",
        Outcome.ANSWERED_WITH_ERROR_CODE: f"{peer} answered {share} with {evidence}: the way there and back works",
        Outcome.ANSWERED_ELSEWHERE: f"{share} to {peer} were answered {evidence}",
        Outcome.MALFORMED: f"{peer} sent datagrams that are no reply to {share}: {evidence}",
        Outcome.PORT_UNREACHABLE: f"{target.address} said to {share} that nothing listens on UDP port {target.port}",
        Outcome.BLOCKED_OUTBOUND: f"the sending system's own firewall refused {share} to {peer} ({evidence})",
        Outcome.NO_ROUTE: f"there was no route to {peer} for {share} ({evidence})",
        Outcome.PROBE_UNAVAILABLE: f"{share} to {peer} could not be made ({evidence})",
        Outcome.NO_ANSWER: f"{peer} was silent in {share}",
    }
    return sentences[judgement.outcome]
