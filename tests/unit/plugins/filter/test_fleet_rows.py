# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.remediation.windows_nic.plugins.filter.fleet_rows import FilterModule, fleet_rows
from ansible_collections.remediation.windows_nic.plugins.filter.verdict import verdict
from tests.unit.plugins.plugin_utils.evidence import CONTROL, SILENT, facts

AFFECTED = verdict({"facts": facts(), "probe": SILENT, "controls": [CONTROL]})


class HostVariables(Mapping[str, Any]):
    """Variables as ``hostvars`` holds them; reading one that the filter has no business with is an error."""

    def __init__(self, **values: Any) -> None:
        self.values_by_name = {f"udp_rx_offload_{name}": value for name, value in values.items()}

    def __getitem__(self, name: str) -> Any:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the filter must not read all variables")

    def __len__(self) -> int:
        raise AssertionError("the filter must not read all variables")


def test_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"fleet_rows": fleet_rows}


def test_there_is_a_row_for_every_host_in_their_order() -> None:
    hostvars = {
        "b": HostVariables(result=AFFECTED),
        "a": HostVariables(failure="no such role"),
        "c": HostVariables(result=AFFECTED, not_reached=True),
        "d": HostVariables(),
        "e": HostVariables(result=AFFECTED),
    }
    rows = fleet_rows(["b", "a", "c", "d"], hostvars)
    assert [(row["host"], row["title"], row["attention"]) for row in rows] == [
        ("b", "affected", None),
        ("a", "failed", "failed"),
        ("c", "not reached", "not_reached"),
        ("d", "not reached", "not_reached"),
    ]
    assert rows[0]["adapters"][0]["driver"] == "e1r68x64.sys 12.18.11.1"


def test_a_host_that_is_not_in_the_inventory_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="host x is not in hostvars"):
        fleet_rows(["x"], {})
