# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The BMCs' UDP sockets: every controller of a fleet listens on its own loopback address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.lab.controller import Answer, Controller, Origin
from tests.lab.fleet import Fleet, FleetError
from tests.lab.network import Network

Peer = tuple[str, int]


@dataclass(slots=True)
class _Socket(asyncio.DatagramProtocol):
    """The socket a controller is asked on, with the further ones it may answer from."""

    controller: Controller
    network: Network
    transport: asyncio.DatagramTransport | None = None
    others: dict[Origin, asyncio.DatagramTransport] = field(default_factory=dict)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if not self.network.lets_through(self.controller.plan, str(addr[0])):
            return
        loop = asyncio.get_running_loop()
        for answer in self.controller.answers(data, loop.time() * 1000):
            if answer.delay_ms:
                loop.call_later(answer.delay_ms / 1000, self._send, answer, (str(addr[0]), addr[1]))
            else:
                self._send(answer, (str(addr[0]), addr[1]))

    def _send(self, answer: Answer, peer: Peer) -> None:
        transport = self.transport if answer.origin == "itself" else self.others[answer.origin]
        if transport is not None and not transport.is_closing():
            transport.sendto(answer.datagram, peer)

    def close(self) -> None:
        for transport in (self.transport, *self.others.values()):
            if transport is not None:
                transport.close()


class BmcServers:
    """All controllers of a fleet, listening."""

    def __init__(self, fleet: Fleet, network: Network) -> None:
        self._fleet = fleet
        self._network = network
        self._sockets: list[_Socket] = []

    async def start(self) -> None:
        """Listen on every controller's address.

        Raises:
            FleetError: an address or port can't be had; port 623 needs root.
        """
        try:
            for plan in self._fleet.bmcs:
                if plan.spec.behaviour != "closed":
                    self._sockets.append(await self._listen(Controller(plan)))
        except OSError as error:
            self.close()
            subject = f"{self._fleet.source}, BMC port {self._fleet.bmc_port}"
            raise FleetError(
                subject, f"can't be bound ({error.strerror})", "a free port", "Try --bmc-port or --block."
            ) from error

    def close(self) -> None:
        """Stop listening."""
        for socket in self._sockets:
            socket.close()
        self._sockets.clear()

    async def _listen(self, controller: Controller) -> _Socket:
        plan = controller.plan
        socket = _Socket(controller, self._network)
        socket.transport = await _bind(socket, plan.address, self._fleet.bmc_port)
        if plan.spec.answers_from == "other_port":
            socket.others["other_port"] = await _bind(asyncio.DatagramProtocol(), plan.address, 0)
        elif plan.spec.answers_from == "other_address":
            socket.others["other_address"] = await _bind(
                asyncio.DatagramProtocol(), plan.other_address, self._fleet.bmc_port
            )
        return socket


async def _bind(protocol: asyncio.DatagramProtocol, address: str, port: int) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _unused = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(address, port))
    return transport
