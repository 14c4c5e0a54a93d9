# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A probe with a payload that the task gives: what is sent in each attempt, and what counts as its answer.

Where payload and pattern hold the number of the attempt, a reply belongs to the attempt that it names. Otherwise all
attempts look alike on the wire, and a reply that fits belongs to the attempt that was made last when it came: a slow
answer to the first question then counts as a quick one to the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import (
    Answer,
    Misfit,
    Random,
    Reading,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.hextext import COUNTER
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pattern import Pattern, read_pattern
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.payload import Payload, read_payload

_SACRIFICED = 0
"""Number of the datagram that is sent ahead; attempts are numbered from 1."""
_QUESTION = 0


@dataclass(frozen=True, slots=True)
class PayloadProtocol:
    """How to speak with a service of which only one question and its answer are known."""

    payload: Payload
    reply: Pattern
    questions_per_attempt: int = 1

    @property
    def identity(self) -> str:
        """See :class:`dialogue.Protocol`."""
        sent = "".join(COUNTER if byte is None else f"{byte:02x}" for byte in self.payload.content)
        return f"udp {sent} {self.reply.text}"

    def dialogue(self, attempts: int, random: Random) -> PayloadDialogue:  # noqa: ARG002 - nothing is left to chance
        """A new dialogue."""
        return PayloadDialogue(self.payload, self.reply, attempts)


@dataclass(frozen=True, slots=True)
class PayloadDialogue:
    """All that is said to one target in one probe."""

    payload: Payload
    reply: Pattern
    attempts: int

    @property
    def sacrifice(self) -> bytes:
        """The payload with the number 0, if it holds a number at all."""
        return self.payload.pack(_SACRIFICED)

    def questions(self, attempt: int) -> tuple[bytes]:
        """The payload with the number of the attempt, from 1."""
        return (self.payload.pack(attempt + 1),)

    def read(self, payload: bytes, latest: int | None) -> Reading:
        """See :meth:`dialogue.Dialogue.read`."""
        if not self.reply.matches(payload, None):
            asked = _SACRIFICED if latest is None else latest + 1
            return Misfit("question_echoed" if payload == self.payload.pack(asked) else "unlike_reply")
        if not self.reply.counted:
            return None if latest is None else Answer(latest, _QUESTION)
        # A pattern that leaves open where the number stands may fit several: the question asked last is meant then.
        for number in range(_SACRIFICED if latest is None else latest + 1, _SACRIFICED - 1, -1):
            if self.reply.matches(payload, number):
                return None if number == _SACRIFICED else Answer(number - 1, _QUESTION)
        return Misfit("wrong_number")


def read_protocol(options: Mapping[str, Any]) -> PayloadProtocol:
    """Return what the options ``payload`` and ``reply`` give.

    Raises:
        NicError: ``reply_number_not_sent``, and what :func:`payload.read_payload` and :func:`pattern.read_pattern`
            raise.
    """
    payload, reply = read_payload(options["payload"]), read_pattern(options["reply"])
    if reply.counted and not payload.counted:
        raise NicError(
            "reply_number_not_sent",
            "option reply",
            f"{COUNTER}, which is not in payload",
            "a number that comes back because it was sent",
            f"Put {COUNTER} into payload too, where the service takes it over into its reply; or take ?? in reply.",
        )
    return PayloadProtocol(payload, reply)
