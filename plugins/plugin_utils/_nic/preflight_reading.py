# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Looking at everything that a restart of adapters would harm, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Preflight, Restart
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_access import find_public_profiles
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_network import (
    find_lost_routes,
    find_shared_ports,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_roles import (
    ISCSI_INITIATOR,
    find_iscsi_sessions,
    find_services,
    find_virtual_machines,
    read_services,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import Topology
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client


def read_preflight(
    client: Client,
    reading: HostReading,
    adapters: Sequence[Adapter],
    management: frozenset[str],
    carries: Mapping[str, bool | None],
) -> Preflight:
    """Look at everything that a restart of *adapters* would harm. Touches nothing.

    Args:
        client: Asked in the session that is open.
        reading: What was read of the host.
        adapters: The adapters that will be restarted. Without any, nothing is asked.
        management: The addresses that the controller connects to.
        carries: By GUID, whether an adapter carries the connection to the controller; None where it can't be told.

    Raises:
        HostUnreachable: the host does not answer any more. Whatever else can't be read becomes a line of ``not_read``.
    """
    if not adapters:
        return Preflight()
    reader = TolerantReader(client)
    restarts = [Restart(adapter, interfaces_through(reading.topology, adapter)) for adapter in adapters]
    carrying = [restart for restart in restarts if carries.get(restart.adapter.guid) is not False]
    services = read_services(reader)
    may_have_sessions = not services.complete or ISCSI_INITIATOR in services.items
    findings = [
        *find_public_profiles(reader, reading, carrying, management, client.port),
        *find_services(restarts, services.items),
        *(find_iscsi_sessions(reader, reading, restarts) if may_have_sessions else ()),
        *find_lost_routes(reader, restarts),
        *find_shared_ports(reader, reading, restarts),
        *find_virtual_machines(reader, reading, restarts),
    ]
    ordered = sorted(findings, key=lambda finding: (finding.adapter.casefold(), finding.code))
    return Preflight(tuple(ordered), tuple(dict.fromkeys(reader.not_read)))


def interfaces_through(topology: Topology, adapter: Adapter) -> frozenset[int]:
    """Indices of the interfaces whose traffic an adapter carries: its own, and those of whatever lies on it."""
    found = {adapter.index}
    for each in topology.adapters:
        above = adapter.index in topology.indices_below(each.index)
        if above or (not each.physical and adapter in topology.physical_below(each)):
            found.add(each.index)
    return frozenset(found)
