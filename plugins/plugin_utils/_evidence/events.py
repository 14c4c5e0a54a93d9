# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Events of PktMon, as the capture returns them: packets, drops, and what the driver said of their checksums. Pure.

Ids and the order of the properties are those of the provider's manifest, Microsoft-Windows-PktMon (its parsers for
Network Monitor by Microsoft; the ETW listing of OSSEM for the events 180 and 190).
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

COMPONENT = 20
PACKET = 160
DROP = 170
PACKET_METADATA = 180
DROP_METADATA = 190

_LONGEST_NAME = 80
_LARGEST_GROUP = 2**64 - 1
_LARGEST = 2**32 - 1
"""Of all other numbers; the manifest gives 16 or 32 bits to each of them."""


class Verdict(enum.IntFlag):
    """What the driver of a network adapter says of a received packet (NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO)."""

    TCP_FAILED = 0x01
    UDP_FAILED = 0x02
    IP_FAILED = 0x04
    TCP_SUCCEEDED = 0x08
    UDP_SUCCEEDED = 0x10
    IP_SUCCEEDED = 0x20


class Kind(enum.IntEnum):
    """What the recorded bytes of a packet begin with."""

    UNKNOWN = 0
    ETHERNET = 1
    WIFI = 2
    IP = 3


@dataclass(frozen=True, slots=True)
class Appearance:
    """One packet seen, or dropped, by one component."""

    packet: tuple[int, int]
    """Group and number, which the packet keeps on its way through the components."""
    component: int
    kind: int
    reason: int | None
    """Why it was dropped; None where it was only seen."""
    location: int
    original_size: int
    data: bytes
    microseconds: int
    """Since the epoch, by the host's clock."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one component knew of a packet besides its bytes."""

    packet: tuple[int, int]
    component: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded, in the order of time."""

    appearances: tuple[Appearance, ...] = ()
    metadata: tuple[Metadata, ...] = ()
    components: Mapping[int, str] | None = None
    """Names by number."""
    unreadable: int = 0
    """Events of another shape."""

    def component_name(self, number: int) -> str | None:
        """The name of a component, such as ``tcpip.sys``. For people: Windows translates some."""
        return (self.components or {}).get(number)


def read_events(events: Iterable[Mapping[str, t.Any]]) -> Recorded:
    """Return what *events* say: objects with ``id``, ``us``, and the properties as texts in ``values``.

    An event of another shape is counted and passed over: a later Windows may have others.
    """
    appearances: list[Appearance] = []
    metadata: list[Metadata] = []
    components: dict[int, str] = {}
    unreadable = 0
    for event in events:
        number, values = event["id"], event["values"]
        try:
            if number in (PACKET, DROP):
                appearances.append(_appearance(values, number == DROP, event["us"]))
            elif number in (PACKET_METADATA, DROP_METADATA):
                metadata.append(_metadata(values))
            elif number == COMPONENT:
                components[_number(values[0])] = (values[2] or values[3])[:_LONGEST_NAME]
        except (ValueError, IndexError):
            unreadable += 1
    return Recorded(tuple(appearances), tuple(metadata), components, unreadable)


def _appearance(values: Sequence[str], dropped: bool, microseconds: int) -> Appearance:
    logged = _number(values[11])
    return Appearance(
        packet=_packet(values),
        component=_number(values[5]),
        kind=_number(values[4]),
        reason=_unsigned(values[8]) if dropped else None,
        location=_unsigned(values[9]),
        original_size=_number(values[10]),
        data=bytes.fromhex(values[12])[:logged],
        microseconds=microseconds,
    )


def _metadata(values: Sequence[str]) -> Metadata:
    # Other bits, such as those of coalesced segments, say nothing about UDP.
    bits = int(values[10]) & sum(Verdict)
    return Metadata(_packet(values), _number(values[5]), Verdict(bits))


def _packet(values: Sequence[str]) -> tuple[int, int]:
    return _number(values[0], _LARGEST_GROUP), _number(values[1])


def _unsigned(text: str) -> int:
    """A number that .NET may have printed as a signed one of 32 bits."""
    number = int(text)
    return number & _LARGEST if -(2**31) <= number < 0 else _in_range(number, _LARGEST)


def _number(text: str, largest: int = _LARGEST) -> int:
    return _in_range(int(text), largest)


def _in_range(number: int, largest: int) -> int:
    if not 0 <= number <= largest:
        raise ValueError(f"no number from 0 to {largest}")
    return number
