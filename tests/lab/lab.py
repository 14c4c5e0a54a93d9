# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab: every host of a fleet behind its listeners, the request log, the inventory and the state socket."""

from __future__ import annotations

import asyncio
import errno
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.lab.authentication import write_accounts
from tests.lab.certificates import CertificateAuthority
from tests.lab.clock import LabClock
from tests.lab.control import Order, serve_orders
from tests.lab.dispatch import WinRmService
from tests.lab.errors import LabError
from tests.lab.fleet import Fleet, HostSpec
from tests.lab.interfaces import Machine
from tests.lab.inventory import write_inventory
from tests.lab.relay import is_relay_command
from tests.lab.requestlog import RequestLog
from tests.lab.server import HTTP_PORT, HostServer

_PRIVATE: Final = "private"


class Lab:
    """The WinRM side of a fleet.

    Args:
        machines: what is behind each host, by host name.
        run_dir: where inventory.yml, ca.pem, requests.jsonl and the state socket go.
        clock: the time of the machines.
    """

    def __init__(self, fleet: Fleet, machines: Mapping[str, Machine], run_dir: Path, clock: LabClock) -> None:
        self._fleet = fleet
        self._clock = clock
        self._machines = machines
        self._run_dir = run_dir
        self._requests = RequestLog(run_dir / "requests.jsonl")
        self._services: dict[str, WinRmService] = {}
        self._servers: list[HostServer] = []
        self._state: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen for every host, then write the inventory.

        Raises:
            LabError: a port is in use.
        """
        private = self._run_dir / _PRIVATE
        private.mkdir(mode=0o700, exist_ok=True)
        authority_file = self._run_dir / "ca.pem"
        authority = CertificateAuthority(private, authority_file)
        numbers = itertools.count(1)
        for host in self._fleet.hosts:
            server = self._server(host, authority, private, numbers)
            self._servers.append(server)
            try:
                await server.start()
            except OSError as error:
                raise _not_listening(host, error) from error
        write_inventory(self._run_dir / "inventory.yml", self._fleet.hosts, authority_file)
        orders: dict[str, Order] = {
            "state": lambda _unused: self.state(),
            "held": lambda _unused: self.held(),
            "reboot": self._reboot,
            "skip": self._skip,
        }
        self._state = await serve_orders(self._run_dir, orders)

    async def stop(self) -> None:
        """Drop all connections and close everything."""
        if self._state is not None:
            self._state.close()
        for server in self._servers:
            await server.stop()
        self._requests.close()

    def state(self) -> dict[str, Any]:
        """Every host's adapters, values, restarts and undo records, and what is open in its WinRM service."""
        return {
            name: {**machine.snapshot(), "winrm": self._services[name].snapshot()}
            for name, machine in self._machines.items()
        }

    def held(self) -> dict[str, int]:
        """How many requests of each host wait because a fault rule holds their answers back, where any do."""
        return {name: service.held for name, service in self._services.items() if service.held}

    def _reboot(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self._machines[order["host"]].reboot()
        return {"host": order["host"]}

    def _skip(self, order: Mapping[str, Any]) -> dict[str, Any]:
        self._clock.skip(float(order["seconds"]))
        return {"now": self._clock.now.isoformat()}

    def _server(
        self, host: HostSpec, authority: CertificateAuthority, private: Path, numbers: itertools.count[int]
    ) -> HostServer:
        machine = self._machines[host.name]
        service = WinRmService(
            machine,
            host.wire,
            computer=host.name,
            endpoint=f"http://{host.address}:{HTTP_PORT}/wsman",
            language=host.language,
            reads_stdin=is_relay_command,
            clock=asyncio.get_running_loop().time,
        )
        self._services[host.name] = service
        identity = authority.identity(host.name, host.address, host.wire.certificate) if host.wire.https else None
        try:
            accounts = write_accounts(private / f"{host.name}.accounts", host.name, {host.user: host.password})
        except ValueError as error:
            raise LabError(host.name, str(error), "neither", "Choose other credentials in the fleet file.") from error
        return HostServer(
            host.name, host.address, host.wire, machine, service, accounts, identity, self._requests, numbers
        )


def _not_listening(host: HostSpec, error: OSError) -> LabError:
    if error.errno == errno.EADDRINUSE:
        return LabError(
            f"{host.name} ({host.address})",
            "port 5985 or 5986 is in use",
            "a free address",
            "Stop the other lab, or move this one with --block.",
        )
    return LabError(
        f"{host.name} ({host.address})",
        f"can't listen ({error.strerror})",
        "an address of this computer",
        "The lab needs the whole of 127.0.0.0/8 on the loopback interface, as Linux has it.",
    )
