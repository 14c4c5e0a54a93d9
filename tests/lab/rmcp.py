# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""RMCP, ASF and IPMI 1.5 LAN messages from the controller's side.

Written from the specifications: IPMI v2.0 rev 1.1 sections 13.1 (RMCP), 13.6 (session header) and 13.8 (LAN message
format), DSP0136 v2.0 section 3.2 (ASF). The lab's own code, so that a mistake in the product's packets can't be made
twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

RMCP_VERSION: Final = 0x06
NO_ACK_SEQUENCE: Final = 0xFF
CLASS_ASF: Final = 0x06
CLASS_IPMI: Final = 0x07
CLASS_ACK: Final = 0x80

ASF_IANA: Final = 4542
ASF_PONG: Final = 0x40
ASF_PING: Final = 0x80
ASF_UNIDIRECTIONAL: Final = 0xFF
ENTITY_IPMI: Final = 0x80
ENTITY_ASF: Final = 0x01

BMC_ADDRESS: Final = 0x20
NETFN_APP: Final = 0x06
AUTHENTICATION_NONE: Final = 0x00


class Malformed(ValueError):
    """A datagram a controller ignores without a word."""


@dataclass(frozen=True, slots=True)
class Rmcp:
    """The RMCP header and what follows it."""

    sequence: int
    message_class: int
    body: bytes

    @classmethod
    def parse(cls, datagram: bytes) -> Rmcp:
        """Read a datagram.

        Raises:
            Malformed: too short, or another RMCP version.
        """
        if len(datagram) < 4 or datagram[0] != RMCP_VERSION:
            raise Malformed("not RMCP")
        return cls(datagram[2], datagram[3], datagram[4:])

    @property
    def acknowledgement(self) -> bytes:
        """The acknowledgement of this message: its header with the ACK bit."""
        return bytes((RMCP_VERSION, 0, self.sequence, self.message_class | CLASS_ACK))


def rmcp_datagram(message_class: int, body: bytes) -> bytes:
    """A datagram that asks for no acknowledgement."""
    return bytes((RMCP_VERSION, 0, NO_ACK_SEQUENCE, message_class)) + body


def ping_tag(body: bytes) -> int:
    """The tag of an ASF presence ping.

    Raises:
        Malformed: not a presence ping that wants an answer.
    """
    if len(body) < 8 or int.from_bytes(body[0:4], "big") != ASF_IANA or body[4] != ASF_PING:
        raise Malformed("not a presence ping")
    if body[5] == ASF_UNIDIRECTIONAL:
        raise Malformed("a unidirectional ping")
    return body[5]


def pong(tag: int, entities: int) -> bytes:
    """The presence pong to a ping."""
    data = ASF_IANA.to_bytes(4, "big") + bytes(4) + bytes((entities, 0)) + bytes(6)
    header = ASF_IANA.to_bytes(4, "big") + bytes((ASF_PONG, tag, 0, len(data)))
    return rmcp_datagram(CLASS_ASF, header + data)


@dataclass(frozen=True, slots=True)
class IpmiRequest:
    """One IPMI request in an IPMI 1.5 session wrapper of authentication type none."""

    session_sequence: int
    session_id: int
    network_function: int
    requester: int
    sequence: int
    command: int
    data: bytes

    @classmethod
    def parse(cls, body: bytes) -> IpmiRequest:
        """Read what follows the RMCP header. One legacy pad byte after the counted message is accepted.

        Raises:
            Malformed: another authentication type, a wrong length or a wrong checksum.
        """
        if len(body) < 10 or body[0] != AUTHENTICATION_NONE:
            raise Malformed("not an unauthenticated IPMI 1.5 packet")
        length = body[9]
        message = body[10 : 10 + length]
        if len(message) != length or len(body) > 11 + length or length < 7:
            raise Malformed("wrong length")
        if message[0] != BMC_ADDRESS or sum(message[:3]) & 0xFF or sum(message[3:]) & 0xFF:
            raise Malformed("wrong address or checksum")
        if message[1] & 0x03 or message[1] >> 2 & 1:
            raise Malformed("not a request to LUN 0")
        return cls(
            session_sequence=int.from_bytes(body[1:5], "little"),
            session_id=int.from_bytes(body[5:9], "little"),
            network_function=message[1] >> 2,
            requester=message[3],
            sequence=message[4],
            command=message[5],
            data=message[6:-1],
        )


def ipmi_response(
    request: IpmiRequest,
    payload: bytes,
    *,
    session_sequence: int = 0,
    network_function: int | None = None,
    sequence: int | None = None,
    command: int | None = None,
) -> bytes:
    """The datagram that answers a request; ``payload`` begins with the completion code.

    The three last arguments are for controllers that answer wrongly.
    """
    function = request.network_function | 1 if network_function is None else network_function
    head = bytes((request.requester, function << 2))
    answered_sequence = request.sequence if sequence is None else sequence
    answered_command = request.command if command is None else command
    rest = bytes((BMC_ADDRESS, answered_sequence, answered_command)) + payload
    message = head + checksum(head) + rest + checksum(rest)
    session = bytes((AUTHENTICATION_NONE,)) + session_sequence.to_bytes(4, "little")
    session += request.session_id.to_bytes(4, "little")
    return rmcp_datagram(CLASS_IPMI, session + bytes((len(message),)) + message)


def checksum(data: bytes) -> bytes:
    """The two's complement of the sum, so that data and checksum add up to zero."""
    return bytes((-sum(data) & 0xFF,))
