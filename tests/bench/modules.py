# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each module costs a host, by kind of host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.bench.costs import Cost, read_log
from tests.bench.errors import BenchError
from tests.bench.limits import MOST_BYTES_UP, MOST_POSTS, MOST_SHELLS, Check
from tests.bench.playbook import run_play
from tests.bench.steps import steps_of
from tests.labfixture import RunningLab

_FORKS: Final = 10
_COLLECTION: Final = "remediation.windows_nic"
_FACTS: Final = "nic_facts"
_CHANGING: Final = {"adapters": {"class": "confirmed"}, "allow_unguarded_restart": True}


@dataclass(frozen=True, slots=True)
class Row:
    """What one task cost one host.

    Attributes:
        task: What was measured.
        kind: Kind of the host.
        host: Its name: the one of its kind that cost the most.
    """

    task: str
    kind: str
    host: str
    cost: Cost


def measure_modules(lab: RunningLab, directory: Path, pacing: Mapping[str, int]) -> list[Row]:
    """Run every module, in the order in which a host is cured, and then undo it.

    ``nic_facts`` reads every host of the lab, the others are run on the first host of every kind.

    Args:
        lab: A lab that was asked nothing yet.
        directory: Where the files go.
        pacing: ``interval_ms`` and ``wait_ms`` of probes, where they are not to be the defaults.
    """
    kinds = kinds_of(lab)
    kind_of = {host: kind for kind, hosts in kinds.items() for host in hosts}
    firsts = [hosts[0] for hosts in kinds.values()]
    windows, _unused = run_play(directory, "modules", lab.inventory, _tasks(firsts, pacing), forks=_FORKS)
    steps = steps_of(windows, read_log(lab.log))
    rows: dict[tuple[str, str], Row] = {}
    for host, step in ((host, step) for host, listed in steps.items() for step in listed):
        if step.window.outcome == "skipped":
            continue
        row = Row(step.window.task, kind_of[host], host, step.cost)
        key = (row.task, row.kind)
        if key not in rows or _weight(row.cost) > _weight(rows[key].cost):
            rows[key] = row
    order = [task["name"] for task in _tasks(firsts, pacing)]
    return sorted(rows.values(), key=lambda row: (order.index(row.task), list(kinds).index(row.kind)))


def facts_checks(costs: Iterable[Cost], where: str) -> list[Check]:
    """Hold what ``nic_facts`` cost hosts against its limits.

    Raises:
        BenchError: It cost nothing, so that nothing was measured.
    """
    listed = list(costs)
    if not listed or not all(each.posts for each in listed):
        raise BenchError(f"{_FACTS} was not measured on {where}")
    subject = f"{_FACTS}, {where}"
    return [
        Check(f"{subject}: POSTs", max(each.posts for each in listed), MOST_POSTS),
        Check(f"{subject}: bytes up", max(each.bytes_up for each in listed), MOST_BYTES_UP),
        Check(f"{subject}: shells", max(each.shells for each in listed), MOST_SHELLS),
    ]


def module_checks(rows: Sequence[Row]) -> list[Check]:
    """The limits of single modules."""
    return facts_checks((row.cost for row in rows if row.task == _FACTS), "every kind")


def kinds_of(lab: RunningLab) -> dict[str, list[str]]:
    """Hosts of the lab by kind, in the order of its inventory."""
    inventory: dict[str, Any] = yaml.safe_load(lab.inventory.read_text(encoding="utf-8"))
    groups: dict[str, dict[str, Any]] = inventory["all"]["children"]
    return {name.removeprefix("kind_"): list(group["hosts"]) for name, group in groups.items()}


def _weight(cost: Cost) -> tuple[int, int]:
    return cost.posts, cost.bytes_up


def _tasks(firsts: Sequence[str], pacing: Mapping[str, int]) -> list[dict[str, Any]]:
    """The tasks. Their names say what is measured."""
    probe = {"bmc": "{{ udp_rx_offload_bmc }}", "port": "{{ udp_rx_offload_port | default(623) }}", **pacing}
    on_firsts = {"when": f"inventory_hostname in {firsts!r}"}
    return [
        {"name": _FACTS, f"{_COLLECTION}.nic_facts": {}},
        {"name": "ipmi_probe, from the host", f"{_COLLECTION}.ipmi_probe": probe, **on_firsts},
        {
            "name": "ipmi_probe, from the controller",
            f"{_COLLECTION}.ipmi_probe": {**probe, "vantage": "controller"},
            **on_firsts,
        },
        {
            "name": "checksum_offload, check mode",
            f"{_COLLECTION}.checksum_offload": _CHANGING,
            "check_mode": True,
            **on_firsts,
        },
        {"name": "checksum_offload", f"{_COLLECTION}.checksum_offload": _CHANGING, **on_firsts},
        {"name": "checksum_offload, once more", f"{_COLLECTION}.checksum_offload": _CHANGING, **on_firsts},
        {
            "name": "checksum_offload, state restored",
            f"{_COLLECTION}.checksum_offload": {**_CHANGING, "state": "restored"},
            **on_firsts,
        },
    ]
