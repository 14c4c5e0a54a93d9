# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo records over the years: drivers installed anew, cards moved or gone, other controllers, records of others.

Every host is in one lab, and the same few runs of the playbooks go over all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.integration.running import ansible_playbook
from tests.lab.adapters import Adapter, build_adapters
from tests.lab.fleet import load_fleet
from tests.labfixture import RunningLab, labs

UNDO: Final = r"SOFTWARE\remediation.windows_nic\undo"
KEYWORD: Final = "*UDPChecksumOffloadIPv4"
ELSEWHERE: Final = "{11111111-2222-4333-8444-555555555555}"
"""A GUID that no adapter has any more."""
FAST: Final = {"udp_rx_offload_interval_ms": 300, "udp_rx_offload_wait_ms": 700}
"""The lab's cards bear a faster pace than real ones."""
I211: Final = {"model": "intel-i211", "network": 1}

# By host: the adapter, the GUID of its record (None: its own), and what is different in the record; None for no record.
HOSTS: Final[dict[str, tuple[dict[str, Any], str | None, dict[str, Any] | None]]] = {
    # Nobody was here before.
    "fresh-absent": ({"configured": "absent"}, None, None),
    # A driver update brought its default back; the first original was another one.
    "updated": ({"driver": {"version": "12.19.0.0"}}, None, {"original": "2", "written": "0"}),
    # Installed anew under another GUID; there had been no value.
    "reinstalled": ({}, ELSEWHERE, {"original": None}),
    "renamed": ({"name": "LAN 2"}, None, {"adapter": "Ethernet"}),
    # The same card in another slot.
    "moved": ({}, ELSEWHERE, {"original": "2", "location": "0000:77:00.0"}),
    # The record of a card that is gone.
    "gone": ({}, ELSEWHERE, {"mac": "a0:36:9f:ff:ff:ff", "original": "0"}),
    # Killed after the restart, and before it.
    "half-done": ({"configured": "tx"}, None, {"outcome": None}),
    "not-restarted": (
        {"configured": "tx", "active": "rx_tx"},
        None,
        {"outcome": None, "restart_requested_at": None, "restarted_at": None, "outage_seconds": None},
    ),
    # Whoever wrote these, it was not this version of the collection.
    "newer": ({}, None, {"format": 2}),
    "forged": ({}, None, {"original": "3 & calc.exe"}),
}
REFUSED: Final = ("newer", "forged")


def record(card: Adapter, **changes: Any) -> str:
    """The undo record of a change that was made and confirmed long ago."""
    bus, device, function = card.location
    mac = card.mac.lower()
    content = {
        "format": 1,
        "original": "3",
        "taken_at": "2026-01-02T03:04:05+00:00",
        "adapter": card.name,
        "pci": "8086:1539",
        "location": f"0000:{bus:02x}:{device:02x}.{function:x}",
        "mac": ":".join(mac[at : at + 2] for at in range(0, 12, 2)),
        "driver_file": "e1r68x64.sys",
        "driver_version": "12.18.11.1",
        "written": "1",
        "restart_requested_at": "2026-01-02T03:04:06+00:00",
        "restarted_at": "2026-01-02T03:04:10+00:00",
        "outage_seconds": 4.0,
        "outcome": "confirmed",
    }
    return json.dumps({**content, **changes})


def fleet(directory: Path) -> dict[str, Any]:
    """The hosts; their records need the addresses of their cards, which the plan of the fleet knows."""
    content: dict[str, Any] = {
        "name": "records",
        "description": "hosts with a past",
        "kinds": {
            name: {
                "description": "a host with a past",
                "adapters": [{**I211, **adapter}],
                "bmcs": [{"bmc": {"behaviour": "smdc"}}],
            }
            for name, (adapter, _guid, _changes) in HOSTS.items()
        },
        "hosts": [{"name": name, "kind": name} for name in HOSTS],
    }
    plan = directory / "plan.yml"
    plan.write_text(yaml.safe_dump(content), encoding="utf-8")
    for host in load_fleet(plan).hosts:
        _adapter, guid, changes = HOSTS[host.name]
        card = next(each for each in build_adapters(host) if not each.hidden)
        if changes is not None:
            name = f"{guid or f'{{guid:{card.name}}}'}::{KEYWORD}"
            value = {"key": UNDO, "name": name, "data": record(card, **changes)}
            content["kinds"][host.name]["registry"] = [value]
    return content


class Controller:
    """A controller that runs playbooks; it shares nothing with another one but the inventory."""

    def __init__(self, lab: RunningLab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        directory.mkdir()

    def run(self, playbook: str, target: str) -> dict[str, dict[str, Any]]:
        """The rows of the summary by host."""
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        variables = {
            **FAST,
            "target": target,
            "udp_rx_offload_report_file": str(report),
            "udp_rx_offload_max_fail_percentage": 100,
            "udp_rx_offload_wave": "100%",
        }
        arguments = ["-i", str(self.lab.inventory), f"remediation.windows_nic.{playbook}", "-e", json.dumps(variables)]
        run = ansible_playbook(self.directory, arguments)
        assert report.exists(), run.stdout + run.stderr
        return {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}


def standing(lab: RunningLab) -> dict[str, Any]:
    """What the lab knows of every host: the value, what the driver does, and the records."""
    return {
        name: {
            "configured": machine["adapters"][0]["configured"],
            "active": machine["adapters"][0]["active"],
            "undo": machine["undo"],
            "outcome": machine["outcome"],
            "tasks": machine["tasks"],
        }
        for name, machine in lab.state().items()
    }


def originals(machine: Mapping[str, Any]) -> dict[str, Any]:
    """By value name, without its GUID's braces: the original that is kept."""
    kept = {name: json.loads(text) if isinstance(text, str) else text for name, text in machine["undo"].items()}
    return {name.partition("::")[0]: content["original"] for name, content in kept.items()}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Audit, remediate and once more by one controller, then rollback by another one that was never there before."""
    directory = tmp_path_factory.mktemp("records")
    with labs(directory) as start:
        lab = start(fleet(directory), speed=10.0)
        told: dict[str, Any] = {"first": standing(lab)}
        here = Controller(lab, directory / "here")
        elsewhere = Controller(lab, directory / "elsewhere")
        for act, controller, playbook, target in (
            ("audit", here, "audit", "all"),
            ("remediate", here, "remediate", "all"),
            ("again", here, "remediate", "reinstalled,moved,half-done,newer"),
            ("rollback", elsewhere, "rollback", "all"),
        ):
            told[act] = controller.run(playbook, target)
            told[f"after {act}"] = standing(lab)
        yield told


def reasons(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    return {name: (row["verdict"], row["reason"]) for name, row in rows.items() if name not in REFUSED}


def test_the_audit_tells_what_came_back_what_broke_off_and_what_is_gone(story: dict[str, Any]) -> None:
    drifted = ("affected", "drift")
    assert reasons(story["audit"]) == {
        "fresh-absent": ("affected", "replies_dropped"),
        "updated": drifted,
        "reinstalled": drifted,
        "renamed": drifted,
        "moved": drifted,
        "gone": ("affected", "replies_dropped"),
        "half-done": ("inconclusive", "unfinished"),
        "not-restarted": ("inconclusive", "unfinished"),
    }
    assert {name for name, row in story["audit"].items() if row["adapters"][0]["drift"]} == {
        name for name, row in story["audit"].items() if row["reason"] == "drift"
    }
    assert {
        name: row["orphaned_records"] for name, row in story["audit"].items() if row["orphaned_records"]
    }.keys() == {"gone"}
    (orphan,) = story["audit"]["gone"]["orphaned_records"]
    assert (orphan["guid"], orphan["mac"], orphan["original"]) == (ELSEWHERE, "a0:36:9f:ff:ff:ff", "disabled")
    assert story["after audit"] == story["first"]


def test_what_drifted_or_broke_off_is_put_right(story: dict[str, Any]) -> None:
    ends = reasons(story["remediate"])
    assert ends.pop("half-done") == ("remediated", "finished")
    assert set(ends.values()) == {("remediated", "cured")}
    for name, machine in story["after remediate"].items():
        if name not in REFUSED:
            assert (machine["configured"], machine["active"], machine["tasks"]) == ("1", 1, []), name


def test_the_first_original_is_kept(story: dict[str, Any]) -> None:
    kept = {name: list(originals(machine).values()) for name, machine in story["after remediate"].items()}
    assert {name: values for name, values in kept.items() if name not in REFUSED} == {
        "fresh-absent": [None],
        "updated": ["2"],
        "reinstalled": [None],
        "renamed": ["3"],
        "moved": ["2"],
        # That of the card that is gone stays as it is, beside that of the new one.
        "gone": ["0", "3"],
        "half-done": ["3"],
        "not-restarted": ["3"],
    }


def test_a_second_run_changes_nothing(story: dict[str, Any]) -> None:
    assert set(reasons(story["again"]).values()) == {("remediated", "earlier")}
    assert [name for name, row in story["again"].items() if row["changed"]] == []
    assert story["after again"] == story["after remediate"]


def test_another_controller_puts_every_original_back(story: dict[str, Any]) -> None:
    back = story["after rollback"]
    assert {name: back[name]["configured"] for name in HOSTS if name not in REFUSED} == {
        "fresh-absent": None,
        "updated": "2",
        "reinstalled": None,
        "renamed": "3",
        "moved": "2",
        "gone": "3",
        "half-done": "3",
        "not-restarted": "3",
    }
    left = {name: list(originals(machine)) for name, machine in back.items() if name not in REFUSED}
    assert {name: guids for name, guids in left.items() if guids} == {"gone": [ELSEWHERE]}
    assert {name: back[name]["tasks"] for name in HOSTS} == {name: [] for name in HOSTS}
    # The fault is back with the value.
    assert {row["verdict"] for name, row in story["rollback"].items() if name not in REFUSED} == {"affected"}


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_that_this_version_does_not_understand_is_left_and_so_is_the_adapter(
    story: dict[str, Any], name: str
) -> None:
    for row in [story[act][name] for act in ("audit", "remediate", "again") if name in story[act]]:
        assert (row["verdict"], row["reason"], row["changed"]) == ("unknown", "undo_record_unreadable", False)
    assert story["rollback"][name]["reason"] == "not_restored"
    assert story["rollback"][name]["attention"] == "failed"
    code = "no usable original" if name == "forged" else "an undo record of format"
    assert code in story["rollback"][name]["sentence"]
    assert story["after rollback"][name] == story["first"][name]
