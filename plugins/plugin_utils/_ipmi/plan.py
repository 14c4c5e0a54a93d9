# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""When each BMC is asked what: the schedule of a probe. Pure but for the random start that the caller provides.

Each attempt is one Get Channel Authentication Capabilities and, half an interval later, one presence ping, with a
sequence number and a tag of its own: controllers get confused by quick repetitions of one number (freeipmi,
ipmi-ping). The first attempt asks for the IPMI 2.0 data, the second asks again without, and so on in turn: a
controller that knows only IPMI 1.5 may refuse the first form with 0xCC, or not answer it at all, and no second
exchange is needed to find out.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.exchange import Send
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    SEQUENCE_NUMBERS,
    TAGS,
    CapabilitiesRequest,
    PresencePing,
)

LEAST_ATTEMPTS = 3
"""Fewer prove no silence: one lost datagram is no fault."""
MOST_ATTEMPTS = 10
_MOST_SENDS = 200
"""Datagrams of one exchange. A relay's answer stays small, and well below the replies that it counts."""
_BETWEEN_TARGETS_MS = 10


class Random(t.Protocol):
    """The part of ``random.Random`` that is used."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 to below *stop*."""


@dataclass(frozen=True, slots=True)
class Target:
    """A BMC to ask."""

    address: str
    port: int
    sacrifice: bool
    """Send one datagram ahead that nobody waits for: Windows keeps only one while it resolves a neighbour."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often and how long a BMC is asked."""

    attempts: int = 3
    interval_ms: int = 1000
    wait_ms: int = 2000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question to a BMC, in two forms."""

    sequence: int
    tag: int
    extended: bool
    request_after_ms: int
    ping_after_ms: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All questions to one BMC."""

    target: Target
    attempts: tuple[Attempt, ...]
    sacrifice_tag: int
    sacrifice_after_ms: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """One exchange: datagrams in the order of sending, and whose they are."""

    plans: tuple[Plan, ...]
    sends: tuple[Send, ...]
    owners: tuple[tuple[int, int | None], ...]
    """For each send the index of its plan and of its attempt, None for the sacrificed one."""


def schedules(targets: Sequence[Target], timing: Timing, random: Random) -> list[Schedule]:
    """Plan the exchanges that ask every target, as few as the number of datagrams of one exchange allows."""
    together = max(1, _MOST_SENDS // (2 * timing.attempts + 1))
    return [_schedule(targets[first : first + together], timing, random) for first in range(0, len(targets), together)]


def _schedule(targets: Sequence[Target], timing: Timing, random: Random) -> Schedule:
    plans = tuple(
        _plan(
            target, timing, position * _BETWEEN_TARGETS_MS, random.randrange(SEQUENCE_NUMBERS), random.randrange(TAGS)
        )
        for position, target in enumerate(targets)
    )
    timed: list[tuple[int, bytes, int, int | None]] = []
    for position, plan in enumerate(plans):
        if plan.target.sacrifice:
            timed.append((plan.sacrifice_after_ms, PresencePing(plan.sacrifice_tag).pack(), position, None))
        for index, attempt in enumerate(plan.attempts):
            request = CapabilitiesRequest(attempt.sequence, attempt.extended).pack()
            timed.append((attempt.request_after_ms, request, position, index))
            timed.append((attempt.ping_after_ms, PresencePing(attempt.tag).pack(), position, index))
    timed.sort(key=lambda entry: entry[0])
    return Schedule(
        plans,
        tuple(
            Send(payload, plans[plan].target.address, plans[plan].target.port, ms)
            for ms, payload, plan, _attempt in timed
        ),
        tuple((plan, attempt) for _ms, _payload, plan, attempt in timed),
    )


def _plan(target: Target, timing: Timing, start_ms: int, first_sequence: int, first_tag: int) -> Plan:
    first_ms = start_ms + (timing.interval_ms if target.sacrifice else 0)
    attempts = tuple(
        Attempt(
            sequence=(first_sequence + index) % SEQUENCE_NUMBERS,
            tag=(first_tag + index) % TAGS,
            extended=index % 2 == 0,
            request_after_ms=first_ms + index * timing.interval_ms,
            ping_after_ms=first_ms + index * timing.interval_ms + timing.interval_ms // 2,
        )
        for index in range(timing.attempts)
    )
    return Plan(target, attempts, (first_tag + timing.attempts) % TAGS, start_ms)
