# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The multipart/encrypted body of message encryption ([MS-WSMV] 2.2.9.1)."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Final

PROTOCOL: Final = "application/HTTP-SPNEGO-session-encrypted"
CONTENT_TYPE: Final = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'

_BODY: Final = re.compile(
    rb"--Encrypted Boundary\r\n"
    rb"[\t ]*Content-Type: " + re.escape(PROTOCOL.encode()) + rb"\r\n"
    rb"[\t ]*OriginalContent: type=(?P<type>[^;\r\n]+);charset=(?P<charset>[^;\r\n]+);Length=(?P<length>\d{1,9})\r\n"
    rb"--Encrypted Boundary\r\n"
    rb"[\t ]*Content-Type: application/octet-stream\r\n"
    rb"(?P<sealed>.*)"
    rb"--Encrypted Boundary--\r\n\Z",
    re.DOTALL,
)


class EncryptionError(Exception):
    """The body is not what message encryption prescribes."""


def is_encrypted(content_type: str) -> bool:
    """Whether a Content-Type announces an encrypted body."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def unpack(body: bytes, decrypt: Callable[[bytes, bytes], bytes]) -> bytes:
    """The message inside an encrypted body; ``decrypt`` takes signature and sealed data.

    Raises:
        EncryptionError: the body has another form, or its length is not the one announced.
    """
    match = _BODY.match(body)
    if match is None or match["type"] != b"application/soap+xml":
        raise EncryptionError("the body is not one encrypted part")
    sealed = match["sealed"]
    if len(sealed) < 4:
        raise EncryptionError("the encrypted part is too short")
    (size,) = struct.unpack_from("<I", sealed)
    if size > len(sealed) - 4:
        raise EncryptionError("the signature is longer than the encrypted part")
    message = decrypt(sealed[4 : 4 + size], sealed[4 + size :])
    if len(message) != int(match["length"]):
        raise EncryptionError("the announced length is not that of the message")
    return message


def pack(message: bytes, encrypt: Callable[[bytes], tuple[bytes, bytes]]) -> bytes:
    """The encrypted body of a message; ``encrypt`` returns signature and sealed data."""
    signature, sealed = encrypt(message)
    head = (
        f"--Encrypted Boundary\r\n\tContent-Type: {PROTOCOL}\r\n"
        f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n"
        "--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n"
    )
    return head.encode() + struct.pack("<I", len(signature)) + signature + sealed + b"--Encrypted Boundary--\r\n"
