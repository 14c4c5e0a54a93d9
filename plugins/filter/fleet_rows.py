# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter ``fleet_rows``: one row for every targeted host, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._report import VARIABLES, fleet_row


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fleet_rows": fleet_rows}


def fleet_rows(hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make one row for each host, in the order given.

    Raises:
        AnsibleFilterError: A host is not in the inventory.
    """
    rows = []
    for host in hosts:
        if host not in hostvars:
            raise AnsibleFilterError(f"fleet_rows: host {host} is not in hostvars; expected a host of the inventory")
        variables = hostvars[host]
        # Only these few: reading a host's other variables would template all of them.
        row = fleet_row(str(host), {name: plain(variables[name]) for name in VARIABLES if name in variables})
        # It holds text of hosts, which ansible-core before 2.19 would template when it is read.
        rows.append(wrap_var(row))
    return rows
