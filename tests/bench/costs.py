# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests cost, counted from the lab's request log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

_SHELL: Final = "cmd"
"""Last part of the resource URI of WinRM shells."""


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log.

    Attributes:
        time: Seconds since the epoch when the request was answered or cut off.
        connection: Number of the TCP connection. NTLM authenticates connections, so that one is one session.
        action: Enumerate, Pull, Invoke ...; None where there was no message.
        name: CIM class, or the last part of another resource URI.
        bytes_up: Length of the request's HTTP body, as it travelled.
        bytes_down: Length of the answer's.
        answered: False where the connection was cut instead.
        authentication: Whether it served nothing but authentication.
    """

    time: float
    host: str
    connection: int
    action: str | None
    name: str | None
    method: str | None
    bytes_up: int
    bytes_down: int
    answered: bool
    authentication: bool

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Self:
        """Read a line, parsed as JSON."""
        return cls(
            time=line["time"],
            host=line["host"],
            connection=line["connection"],
            action=line["action"],
            name=line["name"],
            method=line["method"],
            bytes_up=line["bytes_in"],
            bytes_down=line["bytes_out"],
            answered=line["status"] is not None,
            authentication=line["authentication"],
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """What some requests to one host cost it.

    Attributes:
        posts: POSTs with a message in them.
        bytes_up: Of their bodies, towards the host.
        bytes_down: Of the answers' bodies.
        sessions: Authenticated sessions in which the host answered a message.
        polls: Sessions in which it answered none: questions to a host that was away.
        shells: WinRM shells that were opened.
        authentication_posts: POSTs that only authenticate. Their tokens travel in headers.
    """

    posts: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    sessions: int = 0
    polls: int = 0
    shells: int = 0
    authentication_posts: int = 0


def cost_of(requests: Iterable[Request]) -> Cost:
    """Add up what requests to one host cost."""
    listed = list(requests)
    messages = [each for each in listed if not each.authentication]
    spoken = {each.connection for each in messages}
    answered = {each.connection for each in messages if each.answered}
    return Cost(
        posts=len(messages),
        bytes_up=sum(each.bytes_up for each in messages),
        bytes_down=sum(each.bytes_down for each in messages),
        sessions=len(answered),
        polls=len(spoken - answered),
        shells=sum(each.action == "Create" and each.name == _SHELL for each in messages),
        authentication_posts=len(listed) - len(messages),
    )


def read_log(path: Path) -> list[Request]:
    """Every request that a lab has logged so far, in its order."""
    return [Request.of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def by_host(requests: Iterable[Request]) -> dict[str, list[Request]]:
    """Requests by the host that was asked, in their order."""
    found: dict[str, list[Request]] = {}
    for each in requests:
        found.setdefault(each.host, []).append(each)
    return found
