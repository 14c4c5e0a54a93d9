# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""inventory.yml: all that Ansible needs to reach the hosts of a lab."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

from tests.lab.fleet import HostSpec
from tests.lab.server import HTTP_PORT, HTTPS_PORT

_NOT_IN_GROUP_NAMES: Final = re.compile(r"[^A-Za-z0-9_]")


def inventory(hosts: Iterable[HostSpec], authority: Path) -> dict[str, Any]:
    """The inventory: every host with its connection and its variables, and a group for each kind of host.

    ``authority`` is the file with the certificate of the authority that signs the listeners' certificates.
    """
    known: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}
    for host in hosts:
        known[host.name] = _connection(host, authority) | host.variables
        group = f"kind_{_NOT_IN_GROUP_NAMES.sub('_', host.kind_name)}"
        groups.setdefault(group, {"hosts": {}})["hosts"][host.name] = None
    return {"all": {"hosts": known, "children": groups}}


def write_inventory(path: Path, hosts: Iterable[HostSpec], authority: Path) -> None:
    """Write the inventory; only the owner may read it, since it holds passwords."""
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(inventory(hosts, authority), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _connection(host: HostSpec, authority: Path) -> dict[str, Any]:
    wire = host.wire
    variables: dict[str, Any] = {
        "ansible_connection": wire.connection,
        "ansible_host": host.address,
        "ansible_port": HTTP_PORT if wire.scheme == "http" else HTTPS_PORT,
        "ansible_user": host.user,
        "ansible_password": host.password,
    }
    if wire.connection == "psrp":
        variables |= {"ansible_psrp_protocol": wire.scheme, "ansible_psrp_auth": wire.authentication}
        if wire.scheme == "https":
            variables |= {"ansible_psrp_cert_validation": "validate", "ansible_psrp_ca_cert": str(authority)}
        return variables
    variables |= {"ansible_winrm_scheme": wire.scheme, "ansible_winrm_transport": [wire.authentication]}
    if wire.scheme == "https":
        variables |= {
            "ansible_winrm_server_cert_validation": "validate",
            "ansible_winrm_ca_trust_path": str(authority),
        }
    return variables
