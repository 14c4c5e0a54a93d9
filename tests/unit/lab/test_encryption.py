# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The multipart body of message encryption."""

from __future__ import annotations

import struct

import pytest

from tests.lab.encryption import CONTENT_TYPE, EncryptionError, is_encrypted, pack, unpack

SEALED = (b"S" * 16, b"\r\n--Encrypted Boundary\r\nsealed")
LITERAL = (
    b"--Encrypted Boundary\r\n"
    b"\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
    b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=5\r\n"
    b"--Encrypted Boundary\r\n"
    b"\tContent-Type: application/octet-stream\r\n"
    b"\x10\x00\x00\x00" + SEALED[0] + SEALED[1] + b"--Encrypted Boundary--\r\n"
)


def opened(header: bytes, data: bytes) -> bytes:
    assert (header, data) == SEALED
    return b"12345"


def test_the_body_is_as_the_protocol_says() -> None:
    assert pack(b"12345", lambda message: SEALED) == LITERAL


def test_sealed_data_may_look_like_a_boundary() -> None:
    assert unpack(LITERAL, opened) == b"12345"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        LITERAL[:-2],
        LITERAL + b"x",
        LITERAL.replace(b"SPNEGO", b"CredSSP"),
        LITERAL.replace(b"Length=5", b"Length=6"),
        LITERAL.replace(b"Length=5", b"Length=-5"),
        LITERAL.replace(b";Length=5", b""),
        LITERAL.replace(b"soap+xml", b"json"),
        LITERAL.replace(b"octet-stream", b"text"),
        LITERAL.replace(b"\x10\x00\x00\x00", struct.pack("<I", 1 << 31)),
        LITERAL.replace(b"\x10\x00\x00\x00" + SEALED[0] + SEALED[1], b"\x10"),
    ],
)
def test_any_other_body_is_refused(body: bytes) -> None:
    with pytest.raises(EncryptionError):
        unpack(body, lambda header, data: b"12345")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (CONTENT_TYPE, True),
        ('Multipart/Encrypted;protocol="x"', True),
        ("multipart/x-multi-encrypted", True),
        ("application/soap+xml;charset=UTF-8", False),
        ("", False),
    ],
)
def test_encrypted_bodies_are_announced(content_type: str, expected: bool) -> None:
    assert is_encrypted(content_type) is expected
