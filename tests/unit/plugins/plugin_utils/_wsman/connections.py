# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's real connection plugins with their options set, and what sends over them."""

from __future__ import annotations

import base64
from typing import Any

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.sessions import (
    PsrpTransport,
    WinrmTransport,
)

PASSWORD = "Geheim <&> 7"
BASIC = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
MESSAGE = b"<message/>"


def connection(kind: str, port: int, **variables: Any) -> Any:
    """A connection plugin with its options set, as a task gets it."""
    plugin = connection_loader.get(kind, PlayContext(), "/dev/null")
    values = {"ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": "admin", "ansible_password": PASSWORD}
    if kind == "winrm":
        values |= {"ansible_winrm_scheme": "http", "ansible_winrm_transport": ["plaintext"]}
    else:
        values |= {
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "basic",
            "ansible_psrp_message_encryption": "never",
        }
    values |= variables
    extras = {name: value for name, value in values.items() if name.startswith("ansible_winrm_")}
    plugin.set_options(var_options={**values, "_extras": extras})
    return plugin


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def transport(kind: str, port: int, clock: Clock | None = None, **variables: Any) -> WinrmTransport | PsrpTransport:
    plugin = connection(kind, port, **variables)
    return (WinrmTransport if kind == "winrm" else PsrpTransport)(plugin, clock or Clock())


KINDS = ["winrm", "psrp"]
