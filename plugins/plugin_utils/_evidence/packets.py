# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Whole packets out of what single components saw of them. Pure.

PktMon records a packet once at each component that it passes. All these appearances share a group and a number, except
where a component, such as a virtual switch, passes on a copy; then the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.datagrams import (
    Datagram,
    in_frame,
    in_packet,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import (
    Appearance,
    Kind,
    Recorded,
    Verdict,
)

_COMPARED_BYTES = 64
"""Of the payload, to find copies of a packet. More may have been cut off where it was recorded."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, with all that was recorded of it."""

    datagram: Datagram
    """Where it was dropped, if it was; else where it was seen first."""
    appearances: tuple[Appearance, ...]
    """At least one, in the order of time."""
    verdict: Verdict | None
    """What the driver said of it; None where that was not recorded."""

    @property
    def drops(self) -> tuple[Appearance, ...]:
        """The appearances at components that dropped it: more than one where copies of it were made."""
        return tuple(each for each in self.appearances if each.reason is not None)

    @property
    def reasons(self) -> tuple[int, ...]:
        """Why it was dropped, each number once."""
        return tuple(dict.fromkeys(each.reason for each in self.appearances if each.reason is not None))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The packets of one probe of one BMC."""

    requests: tuple[Packet, ...]
    replies: tuple[Packet, ...]


def conversation(recorded: Recorded, address: str, port: int, asked: Collection[bytes]) -> Conversation:
    """Pick the packets of one probe out of *recorded*.

    Args:
        recorded: What PktMon recorded.
        address: IPv4 address of the BMC.
        port: Its UDP port.
        asked: Payloads that the probe sent. Another program of the host may be asking the same BMC; its packets have
            other payloads, and the replies to it go to another port.
    """
    packets = assemble(recorded)
    requests = [
        each
        for each in packets
        if (each.datagram.destination, each.datagram.destination_port) == (address, port)
        and each.datagram.payload
        and any(payload.startswith(each.datagram.payload) for payload in asked)
    ]
    askers = {(each.datagram.source, each.datagram.source_port) for each in requests}
    replies = [
        each
        for each in packets
        if (each.datagram.source, each.datagram.source_port) == (address, port)
        and (not askers or (each.datagram.destination, each.datagram.destination_port) in askers)
    ]
    return Conversation(tuple(requests), tuple(replies))


def assemble(recorded: Recorded) -> list[Packet]:
    """The UDP datagrams of *recorded*, in the order in which they were first seen."""
    identities: dict[tuple[int, int], tuple[object, ...]] = {}
    groups: dict[tuple[object, ...], list[Appearance]] = {}
    parsed: dict[int, Datagram | None] = {}
    for position, appearance in enumerate(recorded.appearances):
        parsed[position] = datagram = datagram_of(appearance)
        if datagram is not None:
            identities.setdefault(appearance.packet, _identity(datagram))
    datagrams: dict[tuple[object, ...], list[tuple[Appearance, Datagram]]] = {}
    for position, appearance in enumerate(recorded.appearances):
        identity = identities.get(appearance.packet)
        if identity is None:
            continue
        groups.setdefault(identity, []).append(appearance)
        found = parsed[position]
        if found is not None:
            datagrams.setdefault(identity, []).append((appearance, found))
    verdicts = _verdicts(recorded, identities)
    return [
        Packet(_best(datagrams[identity]), tuple(appearances), verdicts.get(identity))
        for identity, appearances in groups.items()
    ]


def datagram_of(appearance: Appearance) -> Datagram | None:
    """The datagram in the bytes that one component saw, whatever these begin with."""
    readers = {Kind.ETHERNET: in_frame, Kind.IP: in_packet}
    reader = readers.pop(Kind(appearance.kind), None) if appearance.kind in list(Kind) else None
    datagram = reader(appearance.data) if reader is not None else None
    if datagram is not None or appearance.kind == Kind.WIFI:
        return datagram
    # What a component calls its packets is not always right; a good header is.
    others = (each(appearance.data) for each in readers.values())
    return next((each for each in others if each is not None and each.header_good), None)


def _identity(datagram: Datagram) -> tuple[object, ...]:
    return (*datagram.headers, datagram.payload[:_COMPARED_BYTES])


def _best(found: Sequence[tuple[Appearance, Datagram]]) -> Datagram:
    """Of several recordings the one that says most: whole before cut off, dropped before seen, early before late."""
    return min(found, key=lambda each: (each[1].checksum.computed is None, each[0].reason is None))[1]


def _verdicts(
    recorded: Recorded, identities: dict[tuple[int, int], tuple[object, ...]]
) -> dict[tuple[object, ...], Verdict]:
    """By packet, all that was said of it on its way: a component may clear what the driver said; none adds to it."""
    verdicts: dict[tuple[object, ...], Verdict] = {}
    for metadata in recorded.metadata:
        identity = identities.get(metadata.packet)
        if identity is not None:
            verdicts[identity] = verdicts.get(identity, Verdict(0)) | metadata.verdict
    return verdicts
