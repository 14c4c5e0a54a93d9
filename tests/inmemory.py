# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of the lab in this process: the collection's client in front, no HTTP in between, and no waiting.

What goes over the wire are the same messages as with HTTP. A minute of waiting takes no time: whenever nothing is left
to do, the clock of the event loop moves on to the next thing that is due.
"""

from __future__ import annotations

import asyncio
import selectors
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer
from tests.lab.clock import LabClock
from tests.lab.dispatch import Call, WinRmService
from tests.lab.fleet import load_fleet
from tests.lab.machine import Machine
from tests.lab.misbehaviour import Outcome, carry_out
from tests.lab.network import Network
from tests.lab.relay import is_relay_command
from tests.lab.wirespec import FaultRule, Misbehaviour

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_LATENCY_SECONDS: Final = 0.01
_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 30.0
_LARGEST_ANSWER: Final = 1_000_000

_Result = TypeVar("_Result")


class Killed(BaseException):
    """The controller's process is gone. No ``Exception``: nothing in the collection may catch it and go on."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the time on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now; None where nothing will ever be."""
        if timeout is None:
            raise RuntimeError("everything waits for something that nothing will bring about")
        self.now += timeout
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when everybody waits, and then at once."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jumping.now


@dataclass(frozen=True, slots=True)
class Strike:
    """What becomes of one request.

    Attributes:
        do: What the host or the network does to it; None for nothing.
        kills: Whether the controller dies before its answer arrives.
        spoil: What becomes of the answer on the way.
    """

    do: Misbehaviour | None = None
    kills: bool = False
    spoil: Callable[[bytes], bytes] | None = None

    @property
    def arrives(self) -> bool:
        """Whether the host sees the request."""
        return self.do is not Misbehaviour.CUT_BEFORE


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that reached the host, and its answer's bytes; none where the answer was lost."""

    call: Call
    message: bytes
    answer: bytes | None


@dataclass(slots=True)
class MemoryHost:
    """A machine of the lab behind its WinRM service.

    Attributes:
        kind: The machine, as ``kinds`` of a fleet file describe it.
        strikes: What happens to requests, by their number since ``calm``.
        sent: Every request that arrived, in order.
    """

    kind: Mapping[str, Any]
    strikes: dict[int, Strike] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    requests: int = 0
    loop: JumpingLoop = field(default_factory=JumpingLoop)
    machine: Machine = field(init=False)
    service: WinRmService = field(init=False)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: set[asyncio.Task[Outcome]] = field(default_factory=set)

    def __post_init__(self) -> None:
        described = {"description": "a machine of a test", "adapters": [{"model": "intel-i211", "network": 1}]}
        content = {
            "name": "memory",
            "description": "one machine",
            "kinds": {"tested": described | dict(self.kind)},
            "hosts": [{"name": "pc", "kind": "tested"}],
        }
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "fleet.yml"
            file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
            fleet = load_fleet(file)
        (host,) = fleet.hosts
        clock = LabClock(monotonic=self.loop.time, start=START)
        self.machine = Machine(host, Network(fleet.hosts, fleet.bmcs, fleet.bmc_port, clock))
        self.service = WinRmService(
            self.machine,
            host.wire,
            computer=host.name,
            endpoint=f"http://{host.address}:5985/wsman",
            language=host.language,
            reads_stdin=is_relay_command,
            clock=self.loop.time,
        )
        self.machine.on_reboot.append(self.service.reboot)
        self.machine.on_disconnect.append(self._disconnect)

    @property
    def address(self) -> str:
        """The address that the controller connects to."""
        return self.machine.host.address

    def controller(self) -> Client:
        """A client as a new process of the controller has it."""
        return Client(MemoryTransport(self), host=self.address, sleep=self.pass_time, random=lambda: 1.0)

    def now(self) -> datetime:
        """The right time."""
        return self.machine.network.clock.now

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds pass, and everything happen that falls due in them."""
        self.run(asyncio.sleep(max(seconds, 0.0)))

    def reboot(self) -> None:
        """Reboot, and wait until the machine is up again."""

        async def go_down() -> None:
            self.machine.reboot()

        self.run(go_down())
        self.pass_time(self.machine.host.system.boot_seconds + 1.0)

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run something that the machine does."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """End everything that still goes on."""

        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.service.close()
        self.run(end())
        self.loop.close()

    def _disconnect(self) -> None:
        gone, self._gone = self._gone, asyncio.Event()
        gone.set()

    async def exchange(self, message: bytes, read_timeout_seconds: float) -> tuple[HttpAnswer | None, Strike]:
        """One request and its answer; no answer where it was lost, or the strike kept it.

        Raises:
            HostUnreachable: the host is not there.
        """
        self.requests += 1
        strike = self.strikes.pop(self.requests, Strike())
        if not strike.arrives:
            return None, strike
        if not self.machine.reachable:
            await asyncio.sleep(_CONNECT_SECONDS)
            raise HostUnreachable("no_connection", self.address, "no reply", "a reply", "Wait.")
        await asyncio.sleep(_LATENCY_SECONDS)
        call = self.service.read(message)
        rule = None if strike.do is None else FaultRule(do=strike.do)
        work = asyncio.create_task(carry_out(self.service, call, self.machine.host.user, rule))
        # The loop itself keeps no task alive that waits for ever.
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        gone = asyncio.create_task(self._gone.wait())
        await asyncio.wait({work, gone}, timeout=read_timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        answer = None
        if work.done() and not (outcome := work.result()).truncate and outcome.cut is None:
            content = outcome.content if strike.spoil is None else strike.spoil(outcome.content)
            answer = HttpAnswer(outcome.status, content)
        self.sent.append(Sent(call, message, answer.body if answer else None))
        return answer, strike


class MemoryTransport:
    """Carries messages to a host in memory, for as long as the controller's process lives."""

    def __init__(self, host: MemoryHost) -> None:
        self.endpoint = f"http://{host.address}:5985/wsman"
        self._host = host
        self._dead = False

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        """See ``Transport.send`` of the collection."""
        if self._dead:
            raise Killed
        answer, strike = self._host.run(self._host.exchange(message, read_timeout_seconds or _READ_SECONDS))
        if strike.kills:
            self._dead = True
            raise Killed
        if answer is None:
            raise ConnectionLost("connection_lost", self.endpoint, "the connection was lost", "an answer", "Look.")
        if len(answer.body) > _LARGEST_ANSWER:
            raise WsmanProtocolError("answer_too_large", self.endpoint, "too much", "less", "Look.")
        return answer

    def close(self) -> None:
        """There is no session to drop."""
