# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What is said to a BMC, and what its datagrams mean. Pure but for the random start that the caller provides.

Each attempt is one Get Channel Authentication Capabilities and, half an interval later, one presence ping, with a
sequence number and a tag of its own: controllers get confused by quick repetitions of one number (freeipmi,
ipmi-ping). The first attempt asks for the IPMI 2.0 data, the second asks again without, and so on in turn: a
controller that knows only IPMI 1.5 may refuse the first form with 0xCC, or not answer it at all, and no second
exchange is needed to find out.

A reply counts only if it is well-formed and carries the sequence number or tag of a question. An error code counts as
an answer all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi import packets
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import (
    Answer,
    Misfit,
    Random,
    Reading,
)

_REQUEST, _PING = 0, 1
"""The questions of an attempt."""


@dataclass(frozen=True, slots=True)
class BmcProtocol:
    """How to speak with BMCs."""

    identity: str = "ipmi"
    questions_per_attempt: int = 2

    def dialogue(self, attempts: int, random: Random) -> BmcDialogue:
        """A new dialogue, from a sequence number and a tag that *random* picks."""
        return BmcDialogue(attempts, random.randrange(packets.SEQUENCE_NUMBERS), random.randrange(packets.TAGS))


@dataclass(frozen=True, slots=True)
class BmcDialogue:
    """All that is said to one BMC in one probe."""

    attempts: int
    first_sequence: int
    first_tag: int

    def sequence(self, attempt: int) -> int:
        """Sequence number of the request of an attempt."""
        return (self.first_sequence + attempt) % packets.SEQUENCE_NUMBERS

    def tag(self, attempt: int) -> int:
        """Tag of the ping of an attempt."""
        return (self.first_tag + attempt) % packets.TAGS

    @property
    def sacrifice(self) -> bytes:
        """A ping with a tag of its own."""
        return packets.PresencePing(self.tag(self.attempts)).pack()

    def questions(self, attempt: int) -> tuple[bytes, bytes]:
        """The request and the ping of an attempt."""
        return (
            packets.CapabilitiesRequest(self.sequence(attempt), extended=attempt % 2 == 0).pack(),
            packets.PresencePing(self.tag(attempt)).pack(),
        )

    def read(self, payload: bytes, latest: int | None) -> Reading:  # noqa: ARG002 - numbers and tags tell attempts apart
        """See :meth:`dialogue.Dialogue.read`."""
        message = packets.unpack(payload)
        if isinstance(message, packets.Rejection):
            return Misfit(message.reason.value)
        if isinstance(message, packets.Acknowledgement):
            return None
        if isinstance(message, packets.CapabilitiesResponse):
            return self._read_response(message)
        if isinstance(message, packets.PresencePong):
            return self._read_pong(message)
        return Misfit("question_echoed")

    def _read_response(self, message: packets.CapabilitiesResponse) -> Reading:
        for attempt in range(self.attempts):
            if message.sequence != self.sequence(attempt):
                continue
            if message.capabilities is None:
                code = f"completion code 0x{message.completion_code:02X}"
                return Answer(attempt, _REQUEST, error_code=code, if_not_asked="wrong_sequence")
            return Answer(attempt, _REQUEST, told=message.capabilities.ipmi_versions, if_not_asked="wrong_sequence")
        return Misfit("wrong_sequence")

    def _read_pong(self, message: packets.PresencePong) -> Reading:
        for attempt in range(self.attempts):
            if message.tag == self.tag(attempt):
                return Answer(attempt, _PING, if_not_asked="wrong_tag")
        # What answers the sacrificed ping proves nothing, and is no misfit either.
        return None if message.tag == self.tag(self.attempts) else Misfit("wrong_tag")
