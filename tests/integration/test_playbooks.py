# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, run by their names against a lab: waves, the summary, exit codes, what is left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import Run, ansible_playbook
from tests.labfixture import LabFactory, RunningLab

FAST = {"udp_rx_offload_interval_ms": 300, "udp_rx_offload_wait_ms": 700}
"""The lab's cards bear a faster pace than real ones."""


@dataclass(frozen=True)
class Fleet:
    """A lab and the folder that its runs write to."""

    lab: RunningLab
    directory: Path
    settings: Mapping[str, str] | None = None

    def run(self, playbook: str, *arguments: str, **variables: Any) -> tuple[Run, dict[str, dict[str, Any]]]:
        """Run a playbook; return what it said, and the rows of its report by host."""
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        given = {**FAST, "udp_rx_offload_report_file": str(report), **variables}
        run = ansible_playbook(
            self.directory,
            ["-i", str(self.lab.inventory), f"remediation.windows_nic.{playbook}", "-e", json.dumps(given), *arguments],
            settings=self.settings,
        )
        assert report.exists(), run.stdout + run.stderr
        return run, {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}

    def standing(self) -> dict[str, Any]:
        """Values, restarts and records of every host, as the lab knows them."""
        return {
            host: {
                "values": [(each["configured"], each["active"], each["restarts"]) for each in machine["adapters"]],
                "undo": sorted(machine["undo"]),
                "outcome": sorted(machine["outcome"]),
            }
            for host, machine in self.lab.state().items()
        }


def verdicts(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {host: row["title"] for host, row in rows.items()}


def summary(run: Run) -> str:
    """What was printed from the last task on."""
    return run.stdout.rpartition("TASK [")[2]


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of host that is affected and can be cured."""
    return {
        "description": "affected",
        "adapters": [{"model": "intel-i211", "network": 1}],
        "bmcs": [{"bmc": {"behaviour": "smdc"}}],
        **changes,
    }


KINDS = {
    "affected": kind(),
    "healthy": kind(adapters=[{"model": "intel-i219", "network": 1}]),
    "not-cured": kind(adapters=[{"model": "intel-i211", "network": 1, "receive_fault": "always"}]),
    "down": kind(wire={"down": True}),
    "powerless": kind(account={"read": False, "write": False, "shell": False}),
    "read-only": kind(account={"write": False}),
    "untemplatable": kind(
        variables=dict.fromkeys(("ansible_password", "ansible_become_password"), "{{ password_of_nobody }}")
    ),
    # As often as a read is tried: the first task of a playbook loses the host, the next one finds it again.
    "lost-for-a-moment": kind(wire={"faults": [{"do": "cut_before", "resource": "MSFT_NetAdapter", "times": 5}]}),
    "lost": kind(wire={"faults": [{"do": "go_down", "action": "Invoke", "method": "Restart", "seconds": None}]}),
}


def fleet(factory: LabFactory, directory: Path, hosts: Mapping[str, str], *, unguarded: bool = True) -> Fleet:
    lab = factory(
        {
            "name": "playbooks",
            "description": "hosts of a test",
            # Guards have tests of their own; here they would only cost time.
            "variables": {"udp_rx_offload_guard": "never", "udp_rx_offload_allow_unguarded_restart": unguarded},
            "kinds": {name: KINDS[name] for name in set(hosts.values())},
            "hosts": [{"name": name, "kind": of} for name, of in hosts.items()],
        }
    )
    return Fleet(lab, directory)


def test_from_audit_to_rollback(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(
        lab_factory, tmp_path, {"a-affected": "affected", "b-healthy": "healthy", "c-affected": "affected"}
    )
    first = machines.standing()

    run, rows = machines.run("audit")
    assert run.returncode == 0, run.stdout
    assert verdicts(rows) == {"a-affected": "affected", "b-healthy": "healthy", "c-affected": "affected"}
    assert machines.standing() == first
    assert "Audit: 3 hosts. 2 affected, 1 healthy" in summary(run)

    run, rows = machines.run("verify")
    assert run.returncode == 2
    assert "2 of 3 hosts: 2 affected; expected every host to end well" in run.stdout

    run, rows = machines.run("remediate", "--check")
    assert run.returncode == 0, run.stdout
    assert machines.standing() == first
    assert {host: counts["changed"] for host, counts in run.recap().items()} == {
        "a-affected": 1,
        "b-healthy": 0,
        "c-affected": 1,
    }
    assert verdicts(rows) == {"a-affected": "affected", "b-healthy": "healthy", "c-affected": "affected"}

    run, rows = machines.run("remediate")
    assert run.returncode == 0, run.stdout
    assert verdicts(rows) == {"a-affected": "remediated", "b-healthy": "healthy", "c-affected": "remediated"}
    assert {host: row["changed"] for host, row in rows.items()} == {
        "a-affected": True,
        "b-healthy": False,
        "c-affected": True,
    }
    assert {host: counts["changed"] for host, counts in run.recap().items()} == {
        "a-affected": 1,
        "b-healthy": 0,
        "c-affected": 1,
    }
    changed = machines.standing()
    assert changed["a-affected"]["values"] == [("1", 1, 1)]
    assert changed["b-healthy"] == first["b-healthy"]

    run, rows = machines.run("remediate")
    assert run.returncode == 0, run.stdout
    assert {row["reason"] for host, row in rows.items() if host != "b-healthy"} == {"earlier"}
    assert sum(counts["changed"] for counts in run.recap().values()) == 0
    assert machines.standing() == changed

    run, _rows = machines.run("verify")
    assert run.returncode == 0, run.stdout

    run, rows = machines.run("rollback", target="a-affected")
    assert run.returncode == 0, run.stdout
    assert verdicts(rows) == {"a-affected": "affected"}
    assert rows["a-affected"]["changed"] is True
    assert machines.standing()["a-affected"] == {"values": [("3", 3, 2)], "undo": [], "outcome": []}
    assert machines.standing()["c-affected"] == changed["c-affected"]

    run, _rows = machines.run("rollback", target="a-affected")
    assert sum(counts["changed"] for counts in run.recap().values()) == 0


def test_hosts_that_cannot_be_judged_are_in_the_summary(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"down": "down", "powerless": "powerless", "healthy": "healthy"})
    run, rows = machines.run("audit")
    assert run.returncode == 2
    assert verdicts(rows) == {"down": "unreachable", "powerless": "unknown", "healthy": "healthy"}
    assert (rows["down"]["attention"], rows["powerless"]["attention"]) == ("lost", "failed")
    assert "Access is denied" in rows["powerless"]["sentence"]
    for host in rows:
        assert f"\n{host} " in summary(run)
    assert run.stdout.rindex("TASK [Print the summary]") < run.stdout.rindex("Audit: 3 hosts")


def test_every_host_is_lost_and_the_summary_is_printed_all_the_same(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"down1": "down", "down2": "down"})
    run, rows = machines.run("remediate")
    assert run.returncode == 2
    assert verdicts(rows) == {"down1": "unreachable", "down2": "unreachable"}
    assert "Remediation: 2 hosts. 2 unreachable" in summary(run)


@pytest.mark.parametrize("playbook", ["audit", "remediate", "verify", "rollback"])
@pytest.mark.parametrize("hosts", [{"a": "untemplatable"}, {"a": "untemplatable", "b": "healthy"}])
def test_a_host_whose_password_cannot_be_templated_is_in_the_summary(
    lab_factory: LabFactory, tmp_path: Path, playbook: str, hosts: dict[str, str]
) -> None:
    machines = fleet(lab_factory, tmp_path, hosts)
    run, rows = machines.run(playbook)
    assert run.returncode == 2
    # It is the canary of the rollback, so that nobody comes after it.
    others = {"b": "not reached" if playbook == "rollback" else "healthy"} if "b" in hosts else {}
    assert verdicts(rows) == {"a": "failed", **others}
    assert rows["a"]["attention"] == "failed"
    assert "'password_of_nobody' is undefined" in rows["a"]["sentence"]
    assert "\na     failed" in summary(run)


def test_the_summary_is_printed_once_under_any_strategy(lab_factory: LabFactory, tmp_path: Path) -> None:
    hosts = {"a": "affected", "b": "affected", "c": "healthy"}
    machines = replace(fleet(lab_factory, tmp_path, hosts), settings={"ANSIBLE_STRATEGY": "free"})
    for playbook in ("audit", "remediate", "verify", "rollback"):
        run, _rows = machines.run(playbook)
        assert run.returncode == 0, run.stdout
        assert run.stdout.count("ADAPTER AND DRIVER") == 1


def test_a_host_that_was_lost_in_the_rollback_and_answers_again_is_not_taken_as_well(
    lab_factory: LabFactory, tmp_path: Path
) -> None:
    machines = fleet(lab_factory, tmp_path, {"a": "lost-for-a-moment", "b": "healthy"})
    run, rows = machines.run("rollback")
    assert run.returncode == 2
    assert (rows["a"]["verdict"], rows["a"]["reason"]) == ("unreachable", "lost_before_change")
    assert rows["a"]["attention"] == "lost"
    assert rows["b"]["title"] == "not reached"
    # The assessment after it reached the host.
    assert [each["driver"] for each in rows["a"]["adapters"]] == ["e1r68x64.sys 12.18.11.1"]

    # Nothing stands in the way of a second one.
    run, rows = machines.run("rollback")
    assert (run.returncode, verdicts(rows)) == (0, {"a": "affected", "b": "healthy"}), run.stdout


@pytest.mark.parametrize(
    ("canary", "title", "attention"),
    [("not-cured", "not cured", "not_cured"), ("lost", "unreachable", "lost"), ("read-only", "unknown", "failed")],
)
def test_a_canary_that_goes_wrong_stops_all_waves(
    lab_factory: LabFactory, tmp_path: Path, canary: str, title: str, attention: str
) -> None:
    hosts = {"a-healthy": "healthy", "b-canary": canary, "c-affected": "affected", "d-affected": "affected"}
    machines = fleet(lab_factory, tmp_path, hosts)
    first = machines.standing()
    run, rows = machines.run("remediate", udp_rx_offload_reconnect_timeout_seconds=3)
    assert run.returncode == 2
    # The first host has no candidate: it is no canary.
    assert verdicts(rows) == {
        "a-healthy": "healthy",
        "b-canary": title,
        "c-affected": "not reached",
        "d-affected": "not reached",
    }
    assert rows["b-canary"]["attention"] == attention
    assert {host: standing for host, standing in machines.standing().items() if host != "b-canary"} == {
        host: standing for host, standing in first.items() if host != "b-canary"
    }
    assert "Found: affected." in rows["c-affected"]["sentence"]
    assert run.stdout.rindex("TASK [Print the summary]") < run.stdout.rindex("Remediation: 4 hosts")


def test_too_many_failures_stop_later_waves(lab_factory: LabFactory, tmp_path: Path) -> None:
    hosts = {"a": "affected", "b": "not-cured", "c": "affected", "d": "affected", "e": "affected"}
    machines = fleet(lab_factory, tmp_path, hosts)
    # Canary, two, two: after the second wave one of three went wrong.
    run, rows = machines.run("remediate", udp_rx_offload_wave=2, udp_rx_offload_max_fail_percentage=20)
    assert run.returncode == 2
    assert verdicts(rows) == {
        "a": "remediated",
        "b": "not cured",
        "c": "remediated",
        "d": "not reached",
        "e": "not reached",
    }
    run, rows = machines.run("remediate", udp_rx_offload_wave=2, udp_rx_offload_max_fail_percentage=40)
    assert run.returncode == 2
    assert (rows["d"]["title"], rows["e"]["title"]) == ("remediated", "remediated")
    # What did not help is left alone from then on.
    assert (rows["b"]["reason"], rows["b"]["changed"]) == ("earlier", False)


def test_what_did_not_help_is_undone_remembered_and_tried_again_only_when_asked(
    lab_factory: LabFactory, tmp_path: Path
) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "not-cured"})
    run, rows = machines.run("remediate")
    assert (run.returncode, rows["one"]["reason"]) == (2, "still_silent")
    after = machines.standing()["one"]
    # Restarted once for the change and once to undo it.
    assert after["values"] == [("3", 3, 2)]
    assert (len(after["undo"]), len(after["outcome"])) == (0, 1)

    run, rows = machines.run("remediate")
    assert (run.returncode, rows["one"]["reason"], rows["one"]["changed"]) == (2, "earlier", False)
    assert machines.standing()["one"] == after

    run, rows = machines.run("remediate", udp_rx_offload_retry=True)
    assert (rows["one"]["reason"], rows["one"]["changed"]) == ("still_silent", True)
    assert machines.standing()["one"]["values"] == [("3", 3, 4)]


def test_undoing_can_be_left_to_the_operator(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "not-cured"})
    _run, rows = machines.run("remediate", udp_rx_offload_undo_not_cured=False)
    assert rows["one"]["title"] == "not cured"
    assert machines.standing()["one"]["values"] == [("1", 1, 1)]
    assert len(machines.standing()["one"]["undo"]) == 1


def test_without_leave_no_carrying_adapter_is_restarted(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "affected"}, unguarded=False)
    first = machines.standing()
    run, rows = machines.run("remediate")
    assert run.returncode == 0, run.stdout
    assert (rows["one"]["verdict"], rows["one"]["reason"]) == ("affected", "restart_unguarded")
    assert "udp_rx_offload_allow_unguarded_restart" in " ".join(summary(run).split())
    assert machines.standing() == first
    assert not [
        line for line in machines.lab.requests() if line["method"] in ("SetStringValue", "CreateKey", "Restart")
    ]


def test_the_restart_can_be_left_to_the_operator(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "affected"}, unguarded=False)
    run, rows = machines.run("remediate", udp_rx_offload_restart="never")
    assert (run.returncode, rows["one"]["reason"], rows["one"]["changed"]) == (0, "restart_left", True)
    assert machines.standing()["one"]["values"] == [("1", 3, 0)]
    run, rows = machines.run("verify")
    assert (run.returncode, rows["one"]["verdict"]) == (2, "restart_pending")


def test_a_report_mode_remediation_changes_nothing(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "affected"})
    first = machines.standing()
    run, rows = machines.run("remediate", udp_rx_offload_mode="report")
    assert (run.returncode, rows["one"]["verdict"], rows["one"]["changed"]) == (0, "affected", False)
    assert machines.standing() == first


def test_enforce_changes_what_answers_and_verifies(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(
        {
            "name": "modern",
            "description": "an adapter with the fault, and a BMC whose answers get through",
            "variables": {"udp_rx_offload_guard": "never", "udp_rx_offload_allow_unguarded_restart": True},
            "kinds": {"modern": kind(bmcs=[{"bmc": {"behaviour": "ipmi20"}}]), "none": kind(bmcs=[])},
            "hosts": [{"name": "modern", "kind": "modern"}, {"name": "none", "kind": "none"}],
        }
    )
    machines = Fleet(lab, tmp_path)
    run, rows = machines.run("remediate", udp_rx_offload_mode="enforce")
    assert run.returncode == 0, run.stdout
    assert (rows["modern"]["verdict"], rows["modern"]["reason"]) == ("enforced", "answered_before")
    assert (rows["none"]["verdict"], rows["none"]["reason"]) == ("enforced", "not_proven")
    assert {host: each["values"] for host, each in machines.standing().items()} == {
        "modern": [("1", 1, 1)],
        "none": [("1", 1, 1)],
    }


def test_no_password_is_printed(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "affected", "down": "down", "powerless": "powerless"})
    run, rows = machines.run("remediate", "-vvv")
    password = machines.lab.hosts["one"]["ansible_password"]
    assert password not in run.stdout + run.stderr + json.dumps(rows)


def test_stats_are_published(lab_factory: LabFactory, tmp_path: Path) -> None:
    machines = fleet(lab_factory, tmp_path, {"one": "affected", "down": "down"})
    run, _rows = machines.run("audit", "-v")
    published = run.stdout[run.stdout.index("TASK [Publish the verdicts") :].split("\nTASK")[0]
    assert '"udp_rx_offload_verdicts": {"down": "unreachable", "one": "affected"}' in published
    assert '"udp_rx_offload_attention": {"down": "lost"}' in published
