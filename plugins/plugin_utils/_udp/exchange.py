# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What every way of exchanging datagrams has in common: datagrams out, datagrams and socket errors back.

An exchange moves bytes and knows no protocol. There are two: a relay on a Windows host (``relay``) and the sockets of
the controller (``sockets``). Both use one unconnected socket with an ephemeral local port for each target, so that a
reply from another address is still seen and an ICMP error belongs to one target.
"""

from __future__ import annotations

import enum
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

RESERVED_LOCAL_PORTS = (623, 664)
"""Network cards may divert what arrives at these ports to their management controller before the system sees it (Intel
I210 datasheet, section 10.6.3.14)."""


class Fault(enum.StrEnum):
    """What a socket error says about the way to the target. Windows and POSIX numbers are mapped to the same words."""

    PORT_UNREACHABLE = "port_unreachable"
    NO_ROUTE = "no_route"
    BLOCKED_OUTBOUND = "blocked_outbound"
    OVERSIZED = "oversized"
    """A datagram came, larger than anything that answers a probe."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Send:
    """One datagram to be sent."""

    payload: bytes
    address: str
    port: int
    after_ms: int
    """Milliseconds after the start of the exchange."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One datagram that came back."""

    send: int
    """Index of the last send on the socket it came in on: tells the target, not the question."""
    payload: bytes
    address: str
    port: int
    ms: float
    """Milliseconds after the start of the exchange."""


@dataclass(frozen=True, slots=True)
class SocketError:
    """A send that failed, or an ICMP error that a socket reported while receiving."""

    send: int
    fault: Fault
    code: int
    """The number of the system it happened on."""
    ms: float


@dataclass(frozen=True, slots=True)
class Exchanged:
    """All that came back."""

    replies: tuple[Reply, ...] = ()
    errors: tuple[SocketError, ...] = ()
    warnings: tuple[str, ...] = ()
    """What went wrong without touching the exchange, a sentence each."""


class Exchange(t.Protocol):
    """A way to exchange datagrams."""

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        """Send every datagram at its time and collect what comes back.

        Listening ends *wait_ms* after the last send, or *settle_ms* after each target has sent back as many datagrams
        and ICMP errors as it got datagrams. *sends* are in the order of ``after_ms``; *source* is the IPv4 address to
        send from, None for the one the system takes.

        Raises:
            ExchangeUnavailable: no datagram could be sent at all.
        """


class ExchangeUnavailable(Exception):
    """The exchange could not take place, which says nothing about the target."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        """Stable word, such as ``shell_denied``."""
        self.detail = detail
        """One sentence for a person."""


class Outstanding:
    """Counts, for each target, the datagrams that it still owes an answer to."""

    def __init__(self) -> None:
        self._owed: dict[tuple[str, int], int] = {}

    def sent(self, target: tuple[str, int]) -> None:
        """A datagram has left for *target*."""
        self._owed[target] = self._owed.get(target, 0) + 1

    def answered(self, target: tuple[str, int]) -> None:
        """A datagram or an ICMP error of *target* has come back. Duplicates don't pay for questions still to come."""
        self._owed[target] = max(0, self._owed.get(target, 0) - 1)

    @property
    def none_left(self) -> bool:
        """Whether each target has answered as often as it was asked."""
        return not any(self._owed.values())


def targets_of(sends: Iterable[Send]) -> list[tuple[str, int]]:
    """The distinct targets of *sends*, in order of their first datagram."""
    return list(dict.fromkeys((send.address, send.port) for send in sends))
