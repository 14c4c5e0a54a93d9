# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Why Windows dropped a packet: numbers of PktMon, and what they mean here.

The numbers are those of PktMon's own header, as Microsoft's retina has them (``PktMonDrop_INET_ChecksumInvalid`` and so
on). The texts that PktMon prints for them are translated, and not used.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

CHECKSUM_INVALID = 1203
"""The transport layer found, or was told, that the checksum does not fit."""
IP_CHECKSUM_INVALID = 912

FIREWALL = {
    12: "a security policy of a virtual switch",
    909: "inspection in the network layer (Windows Filtering Platform)",
    911: "administratively prohibited",
    919: "absorbed by inspection in the network layer (Windows Filtering Platform)",
    1207: "receive inspection (Windows Filtering Platform)",
    1407: "clear text where IPsec is required",
    1408: "authenticated firewall (IPsec)",
}
"""Somebody decided that the packet must not pass."""

NO_LISTENER = {
    904: "no listener on the port",
    1204: "no socket on the port",
}
"""The packet came to a port of this host that nobody listens at, or not any more."""

NO_NEIGHBOUR = {
    915: "address unreachable",
    922: "the address resolution got no answer",
    923: "the address resolution failed",
}
"""A question could not leave, since nobody answers for the address in the network."""

_OTHERS = {
    IP_CHECKSUM_INVALID: "checksum of the IPv4 header",
    CHECKSUM_INVALID: "checksum",
    8: "filtered",
    34: "packet filter of the adapter",
    1202: "header invalid",
    1205: "another peer is connected",
    1206: "session state",
}


_MOST_SHOWN = 4
_MOST_KEPT = 32


def kept(numbers: Collection[int]) -> list[int]:
    """Several numbers, each once and in order; of very many those whose meaning is known, and then the lowest."""
    chosen = sorted(set(numbers), key=lambda each: (_meaning(each) is None, each))[:_MOST_KEPT]
    return sorted(chosen)


def all_words(numbers: Sequence[int]) -> str:
    """Several numbers for people, the first ones where there are many."""
    more = [f"{len(numbers) - _MOST_SHOWN} more reasons"] if len(numbers) > _MOST_SHOWN else []
    return "; ".join([*map(words, numbers[:_MOST_SHOWN]), *more])


def words(reason: int) -> str:
    """The number for people, with what it means where that is known."""
    known = _meaning(reason)
    return f"reason {reason}, {known}" if known else f"reason {reason}"


def _meaning(reason: int) -> str | None:
    return FIREWALL.get(reason) or NO_LISTENER.get(reason) or NO_NEIGHBOUR.get(reason) or _OTHERS.get(reason)
