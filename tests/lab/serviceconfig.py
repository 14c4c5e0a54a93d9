# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that the WinRM service tells about itself: a Get on the resource ``config``."""

from __future__ import annotations

from tests.lab import namespaces as ns
from tests.lab.wirespec import WireSpec


def config_xml(wire: WireSpec) -> str:
    """The cfg:Config element with the limits that this host really keeps."""

    def element(name: str, value: object) -> str:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<cfg:{name}>{text}</cfg:{name}>"

    authentication = element("Basic", wire.basic) + "".join(
        element(name, value)
        for name, value in (("Kerberos", False), ("Negotiate", True), ("Certificate", False), ("CredSSP", False))
    )
    service = (
        element("MaxConcurrentOperations", 4294967295)
        + element("MaxConcurrentOperationsPerUser", 1500)
        + element("EnumerationTimeoutms", wire.enumeration_timeout_ms)
        + element("MaxConnections", 300)
        + element("MaxPacketRetrievalTimeSeconds", 120)
        + element("AllowUnencrypted", False)
        + f"<cfg:Auth>{authentication}{element('CbtHardeningLevel', wire.channel_binding.capitalize())}</cfg:Auth>"
        + f"<cfg:DefaultPorts>{element('HTTP', 5985)}{element('HTTPS', 5986)}</cfg:DefaultPorts>"
        + element("AllowRemoteAccess", True)
    )
    shells = (
        element("AllowRemoteShellAccess", True)
        + element("IdleTimeout", 7_200_000)
        + element("MaxConcurrentUsers", 2_147_483_647)
        + element("MaxShellRunTime", 2_147_483_647)
        + element("MaxProcessesPerShell", 25)
        + element("MaxMemoryPerShellMB", 2_147_483_647)
        + element("MaxShellsPerUser", wire.max_shells_per_user)
    )
    return (
        f'<cfg:Config xmlns:cfg="{ns.CONFIG}" xml:lang="en-US">{element("MaxEnvelopeSizekb", wire.max_envelope_kb)}'
        f"{element('MaxTimeoutms', wire.max_timeout_ms)}{element('MaxBatchItems', 32000)}"
        f"<cfg:Service>{service}</cfg:Service><cfg:Winrs>{shells}</cfg:Winrs></cfg:Config>"
    )
