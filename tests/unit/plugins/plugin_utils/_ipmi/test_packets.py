# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    COMPLETION_INVALID_FIELD,
    Acknowledgement,
    Capabilities,
    CapabilitiesRequest,
    CapabilitiesResponse,
    PacketError,
    PresencePing,
    PresencePong,
    Rejection,
    RejectionReason,
    checksum,
    unpack,
)

REQUEST = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")
"""As ipmitool -I lanplus sends it."""
PLAIN_REQUEST = bytes.fromhex("0600ff07000000000000000000092018c88104380e0431")
"""As ipmitool -I lan sends it."""
RESPONSE = bytes.fromhex("0600ff0700000000000000000010811c63200038000197050300000000" + "08")
"""Of ipmi_sim to the first request."""
PLAIN_RESPONSE = bytes.fromhex("0600ff0700000000000000000010811c6320043800011705000000000087")
"""Of ipmi_sim to the second request."""
REFUSAL = bytes.fromhex("0600ff0700000000000000000008811c63200038ccdc")
"""Of ipmi_sim to a request for a channel that it has not."""
DEVICE_ID_REFUSAL = bytes.fromhex("0600ff0700000000000000000008811c63200001d50a")
"""Of ipmi_sim to another command outside of a session."""
PING = bytes.fromhex("0600ff06000011be80000000")
PONG = bytes.fromhex("0600ff06000011be40000010000011be000000008100000000000000")

byte = st.integers(0, 255)
sequences = st.integers(0, 63)
capabilities = st.builds(
    Capabilities,
    channel=byte,
    authentication_types=byte,
    status=byte,
    extended=byte,
    oem=st.binary(min_size=3, max_size=3),
    oem_auxiliary=byte,
)
responses = st.builds(
    CapabilitiesResponse, sequence=sequences, completion_code=st.just(0), capabilities=capabilities
) | st.builds(CapabilitiesResponse, sequence=sequences, completion_code=st.integers(1, 255), capabilities=st.none())
messages = (
    st.builds(PresencePing, tag=st.integers(0, 254))
    | st.builds(PresencePong, tag=byte, entities=byte, interactions=byte)
    | st.builds(CapabilitiesRequest, sequence=sequences, extended=st.booleans())
    | responses
)


def reseal(datagram: bytes) -> bytes:
    """Put both checksums of an IPMI datagram right again."""
    head, message = datagram[:14], bytearray(datagram[14:])
    message[2] = checksum(message[:2])
    message[-1] = checksum(message[3:-1])
    return head + bytes(message)


def changed(datagram: bytes, offset: int, value: int) -> bytes:
    return datagram[:offset] + bytes((value,)) + datagram[offset + 1 :]


@pytest.mark.parametrize(
    ("message", "datagram"),
    [
        (CapabilitiesRequest(sequence=0, extended=True), REQUEST),
        (CapabilitiesRequest(sequence=1, extended=False), PLAIN_REQUEST),
        (CapabilitiesResponse(0, 0, Capabilities(1, 0x97, 0x05, 0x03)), RESPONSE),
        (CapabilitiesResponse(1, 0, Capabilities(1, 0x17, 0x05)), PLAIN_RESPONSE),
        (CapabilitiesResponse(0, COMPLETION_INVALID_FIELD, None), REFUSAL),
        (PresencePing(0), PING),
        (PresencePong(0), PONG),
    ],
)
def test_measured_datagrams_pack_and_unpack(
    message: CapabilitiesRequest | CapabilitiesResponse | PresencePing | PresencePong, datagram: bytes
) -> None:
    assert message.pack() == datagram
    assert unpack(datagram) == message


@given(messages)
def test_what_is_packed_unpacks_to_the_same(
    message: CapabilitiesRequest | CapabilitiesResponse | PresencePing | PresencePong,
) -> None:
    assert unpack(message.pack()) == message


@given(messages, st.binary(min_size=1, max_size=40))
def test_bytes_after_the_counted_message_are_ignored(
    message: CapabilitiesRequest | CapabilitiesResponse | PresencePing | PresencePong, pad: bytes
) -> None:
    assert unpack(message.pack() + pad) == message


@given(messages, st.data())
def test_a_datagram_cut_short_is_rejected(
    message: CapabilitiesRequest | CapabilitiesResponse | PresencePing | PresencePong, data: st.DataObject
) -> None:
    datagram = message.pack()
    found = unpack(datagram[: data.draw(st.integers(0, len(datagram) - 1))])
    assert isinstance(found, Rejection)
    assert found.reason in (RejectionReason.TOO_SHORT, RejectionReason.WRONG_LENGTH)


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"\x06\x00\xff\x07" + tail))
def test_any_bytes_give_a_message_or_a_rejection(datagram: bytes) -> None:
    found = unpack(datagram)
    assert isinstance(
        found, Acknowledgement | PresencePing | PresencePong | CapabilitiesRequest | CapabilitiesResponse | Rejection
    )


@given(responses, st.data())
def test_one_changed_byte_of_the_counted_message_is_never_taken_for_the_same_message(
    message: CapabilitiesResponse, data: st.DataObject
) -> None:
    datagram = message.pack()
    offset = data.draw(st.integers(14, len(datagram) - 1))
    damaged = changed(datagram, offset, data.draw(byte.filter(lambda value: value != datagram[offset])))
    assert unpack(damaged) in (
        Rejection(RejectionReason.WRONG_HEADER_CHECKSUM),
        Rejection(RejectionReason.WRONG_DATA_CHECKSUM),
    )


@pytest.mark.parametrize("offset", [14, 15, 16])
def test_a_damaged_header_is_named(offset: int) -> None:
    damaged = changed(RESPONSE, offset, RESPONSE[offset] ^ 0x40)
    assert unpack(damaged) == Rejection(RejectionReason.WRONG_HEADER_CHECKSUM)


@pytest.mark.parametrize("offset", range(17, 30))
def test_a_damaged_body_is_named(offset: int) -> None:
    damaged = changed(RESPONSE, offset, RESPONSE[offset] ^ 0x40)
    assert unpack(damaged) == Rejection(RejectionReason.WRONG_DATA_CHECKSUM)


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", RejectionReason.TOO_SHORT),
        (PONG[:3], RejectionReason.TOO_SHORT),
        (PONG[:11], RejectionReason.TOO_SHORT),
        (RESPONSE[:13], RejectionReason.TOO_SHORT),
        (changed(RESPONSE, 0, 0x05), RejectionReason.NOT_RMCP),
        (changed(RESPONSE, 3, 0x08), RejectionReason.WRONG_CLASS),
        (changed(RESPONSE, 3, 0x00), RejectionReason.WRONG_CLASS),
        (changed(RESPONSE, 4, 0x06), RejectionReason.WRONG_AUTHENTICATION_TYPE),
        (changed(RESPONSE, 13, 17), RejectionReason.WRONG_LENGTH),
        (changed(RESPONSE, 13, 6), RejectionReason.WRONG_LENGTH),
        (changed(RESPONSE, 13, 0), RejectionReason.WRONG_LENGTH),
        (changed(RESPONSE, 13, 15), RejectionReason.WRONG_DATA_CHECKSUM),
        (reseal(changed(RESPONSE, 15, 0x0A << 2)), RejectionReason.WRONG_NETWORK_FUNCTION),
        (reseal(changed(RESPONSE, 15, 0x05 << 2)), RejectionReason.WRONG_NETWORK_FUNCTION),
        (reseal(changed(RESPONSE, 19, 0x37)), RejectionReason.WRONG_COMMAND),
        (DEVICE_ID_REFUSAL, RejectionReason.WRONG_COMMAND),
        (changed(PONG, 7, 0xBF), RejectionReason.WRONG_ENTERPRISE),
        (changed(PONG, 8, 0x41), RejectionReason.WRONG_MESSAGE_TYPE),
        (changed(PONG, 11, 0x0F), RejectionReason.WRONG_LENGTH),
        (changed(PONG, 11, 0x11), RejectionReason.WRONG_LENGTH),
    ],
)
def test_each_misfit_has_its_reason(datagram: bytes, reason: RejectionReason) -> None:
    assert unpack(datagram) == Rejection(reason)


def test_reasons_are_words_that_stay() -> None:
    assert [reason.value for reason in RejectionReason] == [
        "too_short",
        "not_rmcp",
        "wrong_class",
        "wrong_authentication_type",
        "wrong_length",
        "wrong_header_checksum",
        "wrong_data_checksum",
        "wrong_network_function",
        "wrong_command",
        "wrong_enterprise",
        "wrong_message_type",
    ]


def test_a_message_without_data_is_long_enough_to_be_read() -> None:
    other_command = reseal(bytes.fromhex("0600ff07" + "00" * 9 + "07" + "811c00200001" + "00"))
    assert unpack(other_command) == Rejection(RejectionReason.WRONG_COMMAND)


def message_with_data(network_function: int, data: bytes) -> bytes:
    body = bytes((0x20, 0x00, 0x38)) + data + b"\0"
    message = bytes((0x81, network_function << 2, 0)) + body
    return reseal(bytes.fromhex("0600ff07") + bytes(9) + bytes((len(message),)) + message)


@pytest.mark.parametrize(
    ("network_function", "data", "expected"),
    [
        (7, b"", Rejection(RejectionReason.WRONG_LENGTH)),
        (7, b"\0" + bytes(7), Rejection(RejectionReason.WRONG_LENGTH)),
        (7, b"\0" + bytes(8), CapabilitiesResponse(0, 0, Capabilities(0, 0))),
        (7, b"\0" + bytes(9), CapabilitiesResponse(0, 0, Capabilities(0, 0))),
        (7, b"\xcc" + bytes(8), CapabilitiesResponse(0, 0xCC, None)),
        (6, b"\x8e", Rejection(RejectionReason.WRONG_LENGTH)),
        (6, b"\x8e\x04", CapabilitiesRequest(0, extended=True)),
        (6, b"\x0e\x04", CapabilitiesRequest(0, extended=False)),
    ],
)
def test_the_length_of_the_data_matters(network_function: int, data: bytes, expected: object) -> None:
    assert unpack(message_with_data(network_function, data)) == expected


@given(byte, byte)
def test_any_rmcp_sequence_number_and_reserved_byte_is_accepted(sequence: int, reserved: int) -> None:
    assert unpack(changed(changed(RESPONSE, 2, sequence), 1, reserved)) == unpack(RESPONSE)
    assert unpack(changed(changed(PONG, 2, sequence), 1, reserved)) == unpack(PONG)


@given(st.integers(0x80, 0xFF), byte, st.binary(max_size=4))
def test_an_acknowledgement_is_recognized_by_bit_7_of_the_class(message_class: int, sequence: int, tail: bytes) -> None:
    assert unpack(bytes((6, 0, sequence, message_class)) + tail) == Acknowledgement(sequence)


def test_session_fields_of_a_reply_are_not_looked_at() -> None:
    assert unpack(RESPONSE[:5] + bytes(range(1, 9)) + RESPONSE[13:]) == unpack(RESPONSE)


def test_oem_data_of_a_pong_is_not_looked_at() -> None:
    other = PONG[:12] + bytes.fromhex("0000015712345678") + PONG[20:22] + b"\1\2\3\4\5\6"
    assert unpack(other) == PresencePong(0)


@pytest.mark.parametrize(("entities", "ipmi"), [(0x81, True), (0x80, True), (0x01, False), (0x7F, False)])
def test_a_pong_says_whether_the_device_speaks_ipmi(entities: int, ipmi: bool) -> None:
    assert PresencePong(0, entities).ipmi is ipmi


@pytest.mark.parametrize(
    ("types", "extended", "versions"),
    [
        (0x97, 0x03, ("1.5", "2.0")),
        (0x97, 0x02, ("2.0",)),
        (0x97, 0x01, ("1.5",)),
        (0x97, 0xFC, ()),
        (0x17, 0x03, ("1.5",)),
        (0x17, 0x00, ("1.5",)),
    ],
)
def test_versions_come_from_the_extended_byte_only_where_it_counts(
    types: int, extended: int, versions: tuple[str, ...]
) -> None:
    assert Capabilities(1, types, 0, extended).ipmi_versions == versions


@pytest.mark.parametrize(
    "message",
    [
        CapabilitiesRequest(64, extended=True),
        CapabilitiesRequest(-1, extended=True),
        CapabilitiesResponse(64, 0, Capabilities(1, 0)),
        CapabilitiesResponse(0, 256, None),
        CapabilitiesResponse(0, 0, None),
        CapabilitiesResponse(0, 1, Capabilities(1, 0)),
        CapabilitiesResponse(0, 0, Capabilities(256, 0)),
        CapabilitiesResponse(0, 0, Capabilities(1, 0, oem=b"\0\0")),
        CapabilitiesResponse(0, 0, Capabilities(1, 0, oem=b"\0\0\0\0")),
        PresencePing(255),
        PresencePing(-1),
        PresencePong(256),
        PresencePong(0, entities=256),
        PresencePong(0, interactions=256),
        PresencePong(0, interactions=-1),
    ],
)
def test_a_field_out_of_range_is_not_packed(
    message: CapabilitiesRequest | CapabilitiesResponse | PresencePing | PresencePong,
) -> None:
    with pytest.raises(PacketError):
        message.pack()


def test_the_error_names_field_value_and_range() -> None:
    with pytest.raises(PacketError, match=r"^tag is 255; expected 0 to 254$"):
        PresencePing(255).pack()
    with pytest.raises(PacketError, match=r"^sequence is 64; expected 0 to 63$"):
        CapabilitiesRequest(64, extended=True).pack()
    with pytest.raises(PacketError, match=r"^oem has 2 bytes; expected 3$"):
        CapabilitiesResponse(0, 0, Capabilities(1, 0, oem=b"\0\0")).pack()


@given(st.binary(max_size=30))
def test_data_and_its_checksum_sum_up_to_zero(data: bytes) -> None:
    assert (sum(data) + checksum(data)) % 256 == 0
    assert 0 <= checksum(data) <= 255


def test_messages_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PresencePing(1).tag = 2  # type: ignore[misc]
