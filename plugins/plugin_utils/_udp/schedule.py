# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""When each target is asked what: the schedule of a probe. Pure but for the random start that the caller provides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Dialogue, Protocol, Random
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Send

LEAST_ATTEMPTS = 3
"""Fewer prove no silence: one lost datagram is no fault."""
MOST_ATTEMPTS = 10
_MOST_SENDS = 200
"""Datagrams of one exchange. A relay's answer stays small, and well below the replies that it counts."""
_BETWEEN_TARGETS_MS = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to ask."""

    address: str
    port: int
    sacrifice: bool
    """Send one datagram ahead that nobody waits for: Windows keeps only one while it resolves a neighbour."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often and how long a target is asked."""

    attempts: int = 3
    interval_ms: int = 1000
    wait_ms: int = 2000


@dataclass(frozen=True, slots=True)
class Plan:
    """All questions to one target."""

    target: Target
    dialogue: Dialogue
    asked_ms: tuple[tuple[int, ...], ...]
    """For each attempt, when each of its questions leaves, in milliseconds after the start."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One exchange: datagrams in the order of sending, and whose they are."""

    plans: tuple[Plan, ...]
    sends: tuple[Send, ...]
    owners: tuple[tuple[int, int | None], ...]
    """For each send the index of its plan and of its attempt, None for the sacrificed one."""


def schedules(targets: Sequence[Target], protocol: Protocol, timing: Timing, random: Random) -> list[Schedule]:
    """Plan the exchanges that ask every target, as few as the number of datagrams of one exchange allows."""
    together = max(1, _MOST_SENDS // (protocol.questions_per_attempt * timing.attempts + 1))
    return [
        _schedule(targets[first : first + together], protocol, timing, random)
        for first in range(0, len(targets), together)
    ]


def _schedule(targets: Sequence[Target], protocol: Protocol, timing: Timing, random: Random) -> Schedule:
    plans: list[Plan] = []
    timed: list[tuple[Send, int, int | None]] = []
    for position, target in enumerate(targets):
        dialogue = protocol.dialogue(timing.attempts, random)
        first_ms = position * _BETWEEN_TARGETS_MS
        if target.sacrifice:
            timed.append((Send(dialogue.sacrifice, target.address, target.port, first_ms), position, None))
            first_ms += timing.interval_ms
        asked_ms: list[tuple[int, ...]] = []
        for attempt in range(timing.attempts):
            questions = dialogue.questions(attempt)
            start_ms = first_ms + attempt * timing.interval_ms
            times = tuple(start_ms + index * timing.interval_ms // len(questions) for index in range(len(questions)))
            asked_ms.append(times)
            timed.extend(
                (Send(payload, target.address, target.port, ms), position, attempt)
                for payload, ms in zip(questions, times, strict=True)
            )
        plans.append(Plan(target, dialogue, tuple(asked_ms)))
    timed.sort(key=lambda entry: entry[0].after_ms)
    return Schedule(
        tuple(plans),
        tuple(send for send, _plan, _attempt in timed),
        tuple((plan, attempt) for _send, plan, attempt in timed),
    )
