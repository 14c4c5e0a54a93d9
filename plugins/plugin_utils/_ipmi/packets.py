# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The four messages of a probe and the RMCP acknowledgement, as bytes and as typed objects.

Pure functions: no sockets, no clock. What a BMC sends is hostile input, so :func:`unpack` never raises: it returns a
message, or a :class:`Rejection` that says what did not fit. Leniency is limited to what real controllers do: bytes
after the counted message (the "legacy pad" of IPMI v1.5 table 12-8 and v2.0 table 13-8), any RMCP sequence number in
a reply, any supported-interactions bits in a pong.

Sources: IPMI v2.0 rev 1.1 sections 13.1.3 (RMCP header), 13.6 (v1.5 session header), 13.8 (message fields), 22.13 (Get
Channel Authentication Capabilities); ASF 2.0 (DSP0136) section 3.2 (RMCP, presence ping and pong).
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

_RMCP_VERSION = 0x06
_RMCP_NO_ACKNOWLEDGEMENT = 0xFF
_CLASS_ASF = 0x06
_CLASS_IPMI = 0x07
_CLASS_ACKNOWLEDGEMENT_BIT = 0x80

_ASF_ENTERPRISE = 4542
_ASF_PRESENCE_PONG = 0x40
_ASF_PRESENCE_PING = 0x80
_ASF_PONG_DATA = struct.Struct(">II2B6x")

_SESSION_HEADER = struct.Struct("<BIIB")
_AUTHENTICATION_NONE = 0x00
_BMC_ADDRESS = 0x20
_REMOTE_CONSOLE = 0x81
_NETFN_APPLICATION_REQUEST = 0x06
_NETFN_APPLICATION_RESPONSE = 0x07
_GET_CHANNEL_AUTHENTICATION_CAPABILITIES = 0x38
_THIS_CHANNEL = 0x0E
_EXTENDED_DATA_BIT = 0x80
_PRIVILEGE_ADMINISTRATOR = 0x04
_CAPABILITIES = struct.Struct("<BBBB3sB")

COMPLETION_OK = 0x00
COMPLETION_INVALID_FIELD = 0xCC
"""What a BMC that knows only IPMI 1.5 says to a request for the extended (2.0) data."""

SEQUENCE_NUMBERS = 64
"""rqSeq has six bits (IPMI v2.0 section 13.8)."""
TAGS = 0xFF
"""Tags run from 0 to 254: 255 marks a message that wants no answer (ASF 2.0 section 3.2.4.1)."""


class PacketError(ValueError):
    """A field of a message to be sent is out of its range: a mistake of the caller, never of a peer."""


def _check_range(field: str, value: int, limit: int) -> None:
    if not 0 <= value < limit:
        raise PacketError(f"{field} is {value}; expected 0 to {limit - 1}")


class RejectionReason(enum.StrEnum):
    """What did not fit in a datagram that came back."""

    TOO_SHORT = "too_short"
    NOT_RMCP = "not_rmcp"
    WRONG_CLASS = "wrong_class"
    WRONG_AUTHENTICATION_TYPE = "wrong_authentication_type"
    WRONG_LENGTH = "wrong_length"
    WRONG_HEADER_CHECKSUM = "wrong_header_checksum"
    WRONG_DATA_CHECKSUM = "wrong_data_checksum"
    WRONG_NETWORK_FUNCTION = "wrong_network_function"
    WRONG_COMMAND = "wrong_command"
    WRONG_ENTERPRISE = "wrong_enterprise"
    WRONG_MESSAGE_TYPE = "wrong_message_type"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A datagram that is none of the expected messages."""

    reason: RejectionReason


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """RMCP acknowledgement: the receiver has the message; its answer is still to come."""

    sequence: int


@dataclass(frozen=True, slots=True)
class PresencePing:
    """ASF presence ping: 12 bytes."""

    tag: int

    def pack(self) -> bytes:
        """Return the datagram.

        Raises:
            PacketError: the tag is not 0 to 254.
        """
        _check_range("tag", self.tag, TAGS)
        return _asf(_ASF_PRESENCE_PING, self.tag, b"")


@dataclass(frozen=True, slots=True)
class PresencePong:
    """ASF presence pong: 28 bytes."""

    tag: int
    entities: int = 0x81
    """Supported entities: bit 7 IPMI, low nibble the ASF version."""
    interactions: int = 0x00
    """Supported interactions: bit 7 RMCP security extensions, bit 5 DASH."""

    @property
    def ipmi(self) -> bool:
        """Whether the sender says that it speaks IPMI. A device that knows ASF only clears the bit."""
        return bool(self.entities & 0x80)

    def pack(self) -> bytes:
        """Return the datagram.

        Raises:
            PacketError: a field does not fit into its byte.
        """
        _check_range("tag", self.tag, 0x100)
        _check_range("entities", self.entities, 0x100)
        _check_range("interactions", self.interactions, 0x100)
        data = _ASF_PONG_DATA.pack(_ASF_ENTERPRISE, 0, self.entities, self.interactions)
        return _asf(_ASF_PRESENCE_PONG, self.tag, data)


@dataclass(frozen=True, slots=True)
class CapabilitiesRequest:
    """Get Channel Authentication Capabilities outside of a session, for the channel that the request comes in on."""

    sequence: int
    extended: bool
    """Ask for the IPMI 2.0 data too (bit 7 of the channel byte). A BMC of IPMI 1.5 may refuse it with 0xCC."""

    def pack(self) -> bytes:
        """Return the datagram: 23 bytes.

        Raises:
            PacketError: the sequence number is not 0 to 63.
        """
        _check_range("sequence", self.sequence, SEQUENCE_NUMBERS)
        channel = _THIS_CHANNEL | (_EXTENDED_DATA_BIT if self.extended else 0)
        return _ipmi(
            _NETFN_APPLICATION_REQUEST, _BMC_ADDRESS, _REMOTE_CONSOLE, self.sequence,
            bytes((channel, _PRIVILEGE_ADMINISTRATOR)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The data of a response without error: 8 bytes (IPMI v2.0 table 22-15)."""

    channel: int
    authentication_types: int
    status: int = 0
    extended: int = 0
    oem: bytes = b"\0\0\0"
    oem_auxiliary: int = 0

    @property
    def ipmi_versions(self) -> tuple[str, ...]:
        """IPMI versions that the channel speaks. The extended byte means something only with bit 7 of the types set."""
        if not self.authentication_types & _EXTENDED_DATA_BIT:
            return ("1.5",)
        return tuple(version for bit, version in ((0x01, "1.5"), (0x02, "2.0")) if self.extended & bit)


@dataclass(frozen=True, slots=True)
class CapabilitiesResponse:
    """Response to :class:`CapabilitiesRequest`: 30 bytes, or 22 with an error code."""

    sequence: int
    completion_code: int
    capabilities: Capabilities | None
    """None when, and only when, the completion code is not 0."""

    def pack(self) -> bytes:
        """Return the datagram.

        Raises:
            PacketError: a field does not fit, or code and data contradict each other.
        """
        _check_range("sequence", self.sequence, SEQUENCE_NUMBERS)
        _check_range("completion code", self.completion_code, 0x100)
        if (self.capabilities is None) == (self.completion_code == COMPLETION_OK):
            raise PacketError("completion code and data contradict each other; expected data with code 0 and only then")
        data = b""
        if self.capabilities is not None:
            body = self.capabilities
            if len(body.oem) != 3:
                raise PacketError(f"oem has {len(body.oem)} bytes; expected 3")
            try:
                data = _CAPABILITIES.pack(
                    body.channel, body.authentication_types, body.status, body.extended, body.oem, body.oem_auxiliary
                )
            except struct.error as error:
                raise PacketError(f"a field of the capabilities does not fit into its byte: {error}") from None
        return _ipmi(
            _NETFN_APPLICATION_RESPONSE, _REMOTE_CONSOLE, _BMC_ADDRESS, self.sequence,
            bytes((self.completion_code,)) + data,
        )  # fmt: skip


Message = Acknowledgement | PresencePing | PresencePong | CapabilitiesRequest | CapabilitiesResponse


def checksum(data: bytes) -> int:
    """Two's complement of the sum of *data*, in eight bits (IPMI v2.0 section 13.8)."""
    return -sum(data) & 0xFF


def unpack(datagram: bytes) -> Message | Rejection:
    """Return the message that *datagram* carries, or why it carries none. Never raises.

    Sequence numbers and tags are not compared here: only the asker knows which ones are out.
    """
    if len(datagram) < 4:
        return Rejection(RejectionReason.TOO_SHORT)
    version, sequence, message_class = datagram[0], datagram[2], datagram[3]
    if version != _RMCP_VERSION:
        return Rejection(RejectionReason.NOT_RMCP)
    if message_class & _CLASS_ACKNOWLEDGEMENT_BIT:
        return Acknowledgement(sequence)
    if message_class == _CLASS_ASF:
        return _unpack_asf(datagram[4:])
    if message_class == _CLASS_IPMI:
        return _unpack_ipmi(datagram[4:])
    return Rejection(RejectionReason.WRONG_CLASS)


def _rmcp(message_class: int) -> bytes:
    return bytes((_RMCP_VERSION, 0, _RMCP_NO_ACKNOWLEDGEMENT, message_class))


def _asf(message_type: int, tag: int, data: bytes) -> bytes:
    return _rmcp(_CLASS_ASF) + struct.pack(">IBBxB", _ASF_ENTERPRISE, message_type, tag, len(data)) + data


def _ipmi(network_function: int, to: int, sender: int, sequence: int, data: bytes) -> bytes:
    header = bytes((to, network_function << 2))
    body = bytes((sender, sequence << 2, _GET_CHANNEL_AUTHENTICATION_CAPABILITIES)) + data
    message = header + bytes((checksum(header),)) + body + bytes((checksum(body),))
    return _rmcp(_CLASS_IPMI) + _SESSION_HEADER.pack(_AUTHENTICATION_NONE, 0, 0, len(message)) + message


def _unpack_asf(payload: bytes) -> Message | Rejection:
    if len(payload) < 8:
        return Rejection(RejectionReason.TOO_SHORT)
    enterprise, message_type, tag, length = struct.unpack_from(">IBBxB", payload)
    if enterprise != _ASF_ENTERPRISE:
        return Rejection(RejectionReason.WRONG_ENTERPRISE)
    if message_type == _ASF_PRESENCE_PING:
        return PresencePing(tag)
    if message_type != _ASF_PRESENCE_PONG:
        return Rejection(RejectionReason.WRONG_MESSAGE_TYPE)
    data = payload[8 : 8 + length]
    if length < _ASF_PONG_DATA.size or len(data) < length:
        return Rejection(RejectionReason.WRONG_LENGTH)
    _oem_enterprise, _oem_defined, entities, interactions = _ASF_PONG_DATA.unpack_from(data)
    return PresencePong(tag, entities, interactions)


def _unpack_ipmi(payload: bytes) -> Message | Rejection:
    if len(payload) < _SESSION_HEADER.size:
        return Rejection(RejectionReason.TOO_SHORT)
    authentication_type, _session_sequence, _session, length = _SESSION_HEADER.unpack_from(payload)
    if authentication_type != _AUTHENTICATION_NONE:
        return Rejection(RejectionReason.WRONG_AUTHENTICATION_TYPE)
    message = payload[_SESSION_HEADER.size : _SESSION_HEADER.size + length]
    # Addresses, function, checksum; addresses, sequence, command; checksum.
    if length < 7 or len(message) < length:
        return Rejection(RejectionReason.WRONG_LENGTH)
    if checksum(message[:2]) != message[2]:
        return Rejection(RejectionReason.WRONG_HEADER_CHECKSUM)
    if checksum(message[3:-1]) != message[-1]:
        return Rejection(RejectionReason.WRONG_DATA_CHECKSUM)
    network_function, sequence, command, data = message[1] >> 2, message[4] >> 2, message[5], message[6:-1]
    if network_function not in (_NETFN_APPLICATION_REQUEST, _NETFN_APPLICATION_RESPONSE):
        return Rejection(RejectionReason.WRONG_NETWORK_FUNCTION)
    if command != _GET_CHANNEL_AUTHENTICATION_CAPABILITIES:
        return Rejection(RejectionReason.WRONG_COMMAND)
    if network_function == _NETFN_APPLICATION_REQUEST:
        if len(data) < 2:
            return Rejection(RejectionReason.WRONG_LENGTH)
        return CapabilitiesRequest(sequence, bool(data[0] & _EXTENDED_DATA_BIT))
    return _response(sequence, data)


def _response(sequence: int, data: bytes) -> CapabilitiesResponse | Rejection:
    if not data:
        return Rejection(RejectionReason.WRONG_LENGTH)
    if data[0] != COMPLETION_OK:
        return CapabilitiesResponse(sequence, data[0], None)
    if len(data) < 1 + _CAPABILITIES.size:
        return Rejection(RejectionReason.WRONG_LENGTH)
    return CapabilitiesResponse(sequence, COMPLETION_OK, Capabilities(*_CAPABILITIES.unpack_from(data, 1)))
