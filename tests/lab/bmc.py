# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The BMCs' UDP sockets: every controller of a fleet listens on its own loopback address.

What they send to a machine goes past the machine's stack first, which may drop it. A reply with a wrong UDP checksum
travels for real where that is allowed, as a raw packet, and the kernel of the receiving end throws it away.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from tests.lab.controller import Answer, Controller, Origin
from tests.lab.fleet import Fleet, FleetError
from tests.lab.frames import Datagram, ipv4_packet, spoiled
from tests.lab.network import Network, Peer

SO_NO_CHECK: Final = 11
"""Linux, asm-generic/socket.h: send UDP datagrams without a checksum."""


@dataclass(slots=True)
class _Socket(asyncio.DatagramProtocol):
    """The socket a controller is asked on, with the further ones it may answer from."""

    controller: Controller
    network: Network
    raw: sockets.socket | None
    transport: asyncio.DatagramTransport | None = None
    others: dict[Origin, asyncio.DatagramTransport] = field(default_factory=dict)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if not self.network.lets_through(self.controller.plan, str(addr[0])):
            return
        loop = asyncio.get_running_loop()
        for answer in self.controller.answers(data, loop.time() * 1000):
            peer = (str(addr[0]), addr[1])
            if self.controller.spec.too_late:
                self.network.once_closed(peer, partial(self._send, answer, peer))
            elif answer.delay_ms:
                loop.call_later(answer.delay_ms / 1000, self._send, answer, peer)
            else:
                self._send(answer, peer)

    def _send(self, answer: Answer, peer: Peer) -> None:
        transport = self.transport if answer.origin == "itself" else self.others[answer.origin]
        if transport is None or transport.is_closing():
            return
        address, port = transport.get_extra_info("sockname")[:2]
        state = self.network.state_of_replies(self.controller.plan, peer[0])
        identification = self.controller.asked & 0xFFFF
        whole = Datagram(address, port, *peer, answer.datagram, identification=identification)
        datagram = spoiled(whole, state)
        reaches = self.network.arrives(datagram)
        if not datagram.damaged:
            if reaches:
                transport.sendto(datagram.payload, peer)
        elif self.raw is not None and not self.network.is_machine(peer[0]):
            self.raw.sendto(ipv4_packet(datagram), (peer[0], 0))

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
        self._raw: sockets.socket | None = None

    async def start(self) -> None:
        """Listen on every controller's address.

        Raises:
            FleetError: an address or port can't be had; port 623 needs root.
        """
        with suppress(PermissionError):
            # Without the right to send raw packets a damaged reply does not travel; nobody would have taken it anyway.
            self._raw = sockets.socket(sockets.AF_INET, sockets.SOCK_RAW, sockets.IPPROTO_RAW)
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
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    async def _listen(self, controller: Controller) -> _Socket:
        plan = controller.plan
        socket = _Socket(controller, self._network, self._raw)
        socket.transport = await _bind(socket, plan.address, self._fleet.bmc_port)
        if plan.spec.answers_from == "other_port":
            socket.others["other_port"] = await _bind(asyncio.DatagramProtocol(), plan.address, 0)
        elif plan.spec.answers_from == "other_address":
            socket.others["other_address"] = await _bind(
                asyncio.DatagramProtocol(), plan.other_address, self._fleet.bmc_port
            )
        if plan.spec.replies == "no_checksum":
            for transport in (socket.transport, *socket.others.values()):
                transport.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, SO_NO_CHECK, 1)
        return socket


async def _bind(protocol: asyncio.DatagramProtocol, address: str, port: int) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _unused = await loop.create_datagram_endpoint(lambda: protocol, local_addr=(address, port))
    return transport
