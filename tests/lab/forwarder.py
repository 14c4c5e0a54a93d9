# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tools of this computer, run as if on a simulated machine.

A machine may have an address of its own on the loopback interface that leads to one of its BMCs: what a tool sends
there leaves by the machine's route and adapter, and what comes back has to get past its driver and its stack. An
ipmitool that is told this address hears what an ipmitool on that Windows would hear.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.lab.errors import LabError
from tests.lab.frames import Datagram
from tests.lab.machine import Machine
from tests.lab.network import Delivery

Peer = tuple[str, int]
MOST_FLOWS: Final = 64
"""Sockets that one tool address keeps for its clients; the one that was idle longest goes first."""


@dataclass(slots=True)
class _Flow(asyncio.DatagramProtocol):
    """The socket on the machine that stands for one socket of a tool."""

    door: _Door
    client: Peer
    transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A reply got past the machine's stack. The tools connect their sockets, and hear nobody else."""
        if (str(addr[0]), addr[1]) == self.door.bmc:
            self.door.give_back(data, self.client)

    def local(self) -> Peer:
        """Address and port on the machine."""
        if self.transport is None:
            raise AssertionError("the flow has no socket yet")
        address, port = self.transport.get_extra_info("sockname")[:2]
        return str(address), int(port)

    def close(self) -> None:
        """Close the socket."""
        if self.transport is not None:
            self.door.machine.stack.close(self.local())
            self.transport.close()


@dataclass(slots=True)
class _Door(asyncio.DatagramProtocol):
    """One tool address."""

    machine: Machine
    bmc: Peer
    transport: asyncio.DatagramTransport | None = None
    flows: OrderedDict[tuple[Peer, str], _Flow] = field(default_factory=OrderedDict)
    work: set[asyncio.Task[None]] = field(default_factory=set)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def listen(self, address: str) -> None:
        """Take what tools send to an address."""
        loop = asyncio.get_running_loop()
        self.transport, _unused = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, self.bmc[1]))

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """A tool sent something."""
        task = asyncio.get_running_loop().create_task(self._send(data, (str(addr[0]), addr[1])))
        self.work.add(task)
        task.add_done_callback(self.work.discard)

    def give_back(self, data: bytes, client: Peer) -> None:
        """Send a reply to the tool that waits for it."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data, client)

    async def _send(self, data: bytes, client: Peer) -> None:
        """What the machine does with a datagram of a tool; what it can't send is lost, as tools ignore the error."""
        hop = self.machine.surroundings.hop(self.bmc[0], None)
        if hop is None or not self.machine.running or self.machine.stack.blocks_outbound(hop.entry.adapter):
            return
        async with self.turn:
            flow = await self._flow(client, str(hop.source))
        delivery = self.machine.stack.sends(hop, Datagram(*flow.local(), *self.bmc, data))
        if delivery is Delivery.DELIVERED and flow.transport is not None:
            flow.transport.sendto(data, self.bmc)

    async def _flow(self, client: Peer, source: str) -> _Flow:
        key = (client, source)
        flow = self.flows.pop(key, None)
        if flow is None:
            made = _Flow(self, client)
            loop = asyncio.get_running_loop()
            made.transport, _unused = await loop.create_datagram_endpoint(lambda: made, local_addr=(source, 0))
            self.machine.stack.open(made.local())
            flow = made
        self.flows[key] = flow
        while len(self.flows) > MOST_FLOWS:
            self.flows.popitem(last=False)[1].close()
        return flow

    def close(self) -> None:
        """Stop listening."""
        for task in self.work:
            task.cancel()
        for flow in self.flows.values():
            flow.close()
        self.flows.clear()
        if self.transport is not None:
            self.transport.close()


class Forwarder:
    """The tool addresses of a fleet."""

    def __init__(self, machines: Iterable[Machine], bmc_port: int) -> None:
        self._machines = list(machines)
        self._port = bmc_port
        self._doors: list[_Door] = []

    async def start(self) -> None:
        """Listen on every tool address.

        Raises:
            LabError: an address or port can't be had.
        """
        for machine in self._machines:
            for bmc, address in machine.host.tools.items():
                door = _Door(machine, (bmc, self._port))
                self._doors.append(door)
                try:
                    await door.listen(address)
                except OSError as error:
                    self.close()
                    subject = f"{machine.host.name}, tool address {address}:{self._port}"
                    seen = f"can't be bound ({error.strerror})"
                    raise LabError(subject, seen, "a free port", "Try --bmc-port or --block.") from error

    def close(self) -> None:
        """Stop listening."""
        for door in self._doors:
            door.close()
        self._doors.clear()
