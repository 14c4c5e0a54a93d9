# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The datagram that a task wants to be sent."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.hextext import COUNTER, tokens, too_long

LARGEST_PAYLOAD = 1472
"""Bytes that fit into one Ethernet frame of 1500 bytes with the headers of IPv4 and UDP (RFC 791, RFC 768). A card that
checks checksums leaves those of fragmented datagrams alone, so that a larger one would prove nothing about it."""

_TOKEN = r"[0-9a-f]{2}|\{n\}"  # noqa: S105  # a regular expression
_TOKENS = "bytes of two hexadecimal digits each, and {n}"


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes; in place of None comes the number of the attempt."""

    content: tuple[int | None, ...]

    @property
    def counted(self) -> bool:
        """Whether the number of the attempt is in it, so that no two attempts send the same."""
        return None in self.content

    def pack(self, number: int) -> bytes:
        """Return the datagram of attempt *number*."""
        return bytes(number if byte is None else byte for byte in self.content)


def read_payload(value: t.Any) -> Payload:
    """Return the payload that the option of the same name gives.

    Raises:
        NicError: ``payload_not_text``, ``payload_not_hex``, ``payload_too_long`` or ``payload_empty``.
    """
    found = tokens("payload", value, _TOKEN, _TOKENS)
    if not found:
        raise NicError(
            "payload_empty",
            "option payload",
            "no byte",
            f"1 to {LARGEST_PAYLOAD} bytes",
            "Give a request that the service answers.",
        )
    if len(found) > LARGEST_PAYLOAD:
        raise too_long("payload", f"{len(found)} bytes", f"1 to {LARGEST_PAYLOAD} bytes, which fit into one frame")
    return Payload(tuple(None if token == COUNTER else int(token, 16) for token in found))
