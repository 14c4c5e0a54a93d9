# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The UDP error counter of a Windows host, as a hint beside a probe."""

from __future__ import annotations

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault

_TIMEOUT_SECONDS = 5
_ATTEMPTS = 2
"""Together about 10 seconds of waiting for a performance class whose provider hangs."""


def read_udp_errors(client: Client) -> int | None:
    """Datagrams over IPv4 that the host received and could not deliver for another reason than a missing listener.

    Win32_PerfRawData_Tcpip_UDPv4.DatagramsReceivedErrors: a raw uint32 counter of the whole host, which wraps.
    Performance classes may be missing, damaged, slow, or closed to the account: then None, since a hint is not worth a
    failed or a late probe.

    Raises:
        HostUnreachable: the host went away.
    """
    try:
        counters = client.enumerate(
            "root/cimv2",
            "Win32_PerfRawData_Tcpip_UDPv4",
            operation_timeout_seconds=_TIMEOUT_SECONDS,
            attempts=_ATTEMPTS,
        )
        return counters[0].integer("DatagramsReceivedErrors") if counters else None
    except (WsmanFault, WsmanProtocolError):
        return None
