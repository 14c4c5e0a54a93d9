# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a fleet and the network between them and their management cards."""

from __future__ import annotations

from tests.lab.bmc import BmcServers
from tests.lab.fleet import Fleet
from tests.lab.forwarder import Forwarder
from tests.lab.machine import Machine
from tests.lab.network import Network


class Site:
    """Everything of a fleet that is not its WinRM side."""

    def __init__(self, fleet: Fleet) -> None:
        network = Network.of(fleet)
        self.clock = network.clock
        self.machines = {host.name: Machine(host, network) for host in fleet.hosts}
        self._cards = BmcServers(fleet, network)
        self._forwarder = Forwarder(self.machines.values(), fleet.bmc_port)

    async def start(self) -> None:
        """Switch the management cards on, and open the tool addresses.

        Raises:
            LabError: their port can't be had.
        """
        await self._cards.start()
        await self._forwarder.start()

    def stop(self) -> None:
        """Switch everything off."""
        self._forwarder.close()
        self._cards.close()
