# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins that the tests of probes share: a service that returns the number it was asked with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Reply,
    Send,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import Waiting
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import (
    PayloadProtocol,
    read_protocol,
)

PROTOCOL: PayloadProtocol = read_protocol({"payload": "a5 {n}", "reply": "5a {n} *"})


def answer_to(payload: bytes) -> bytes:
    """What the service answers."""
    return b"\x5a" + payload[1:]


class Clock:
    """A clock that only waiting moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()

    def waiting(self, deadline_seconds: float = 10.0) -> Waiting:
        return Waiting(deadline_seconds, self, self.sleep)


class First:
    """Chance that always picks the first."""

    def randrange(self, _stop: int, /) -> int:
        return 0


class Service:
    """An exchange with targets that answer everything after 2 ms; those in ``silent`` answer nothing."""

    def __init__(
        self,
        *,
        silent: Sequence[str] = (),
        unavailable: str | None = None,
        answer: Callable[[bytes], bytes] = answer_to,
    ) -> None:
        self.silent = silent
        self.unavailable = unavailable
        self.answer = answer
        self.calls: list[tuple[tuple[Send, ...], dict[str, Any]]] = []
        self.warnings: tuple[str, ...] = ()

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        self.calls.append((tuple(sends), {"source": source, "wait_ms": wait_ms, "settle_ms": settle_ms}))
        if self.unavailable:
            raise ExchangeUnavailable(self.unavailable, "the reason in words")
        replies = [
            Reply(index, self.answer(send.payload), send.address, send.port, send.after_ms + 2)
            for index, send in enumerate(sends)
            if send.address not in self.silent
        ]
        return Exchanged(tuple(replies), (), self.warnings)

    @property
    def asked(self) -> list[list[str]]:
        """The distinct addresses of each call."""
        return [list(dict.fromkeys(send.address for send in sends)) for sends, _unused in self.calls]


def result(address: str = "192.0.2.9", **changes: Any) -> ProbeResult:
    """A result of an answered probe."""
    values: dict[str, Any] = {
        "address": address,
        "port": 623,
        "asked_at": 1000.0,
        "outcome": Outcome.ANSWERED,
        "reason": None,
        "detail": "answered",
        "attempt_outcomes": (Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.ANSWERED),
        "round_trip_ms": 1.5,
        "told": ("1.5", "2.0"),
        "replies": ("0600ff07",),
    }
    return ProbeResult(**{**values, **changes})
