# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a protocol brings to a probe: the questions of each attempt, and what a datagram that comes back means.

A dialogue is all that is said to one target in one probe. It knows neither sockets nor times: the schedule decides
when its questions leave, the judgement which of them were out when a datagram came.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass


class Random(t.Protocol):
    """The part of ``random.Random`` that is used."""

    def randrange(self, stop: int, /) -> int:
        """A number from 0 to below *stop*."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The datagram answers a question of the dialogue."""

    attempt: int
    question: int = 0
    """Index in the questions of the attempt."""
    error_code: str | None = None
    """The answer is a refusal, in these words. It proves the way there and back all the same."""
    told: tuple[str, ...] = ()
    """What the answer says about the target besides, in words of the protocol."""
    if_not_asked: str = "not_asked"
    """What it is where that question was not out yet."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """The datagram answers no question of the dialogue."""

    evidence: str
    """What did not fit, as a stable word."""


Reading = Answer | Misfit | None
"""What a datagram means; None where it says nothing, such as the answer to a sacrificed question."""


class Dialogue(t.Protocol):
    """All that is said to one target in one probe."""

    @property
    def sacrifice(self) -> bytes:
        """A datagram to send ahead, whose answer :meth:`read` takes for nothing where it can be told apart."""

    def questions(self, attempt: int) -> Sequence[bytes]:
        """The datagrams of an attempt, numbered from 0, which leave in equal parts of an interval."""

    def read(self, payload: bytes, latest: int | None) -> Reading:
        """What *payload* means, from whatever address it came. Never raises: it is hostile input.

        Args:
            payload: The datagram.
            latest: The attempt that was made last when it came; None before the first.
        """


class Protocol(t.Protocol):
    """How to speak with targets of one kind."""

    @property
    def identity(self) -> str:
        """The same for two probes if, and only if, they ask the same and read answers alike."""

    @property
    def questions_per_attempt(self) -> int:
        """Datagrams of one attempt."""

    def dialogue(self, attempts: int, random: Random) -> Dialogue:
        """A new dialogue of so many attempts."""
