# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full proof, off, on and off again: of the fault, of what only looks like it, and of what breaks off in between.

Lab time runs thirty times as fast as wall time. Each host gives its proof in an ansible-playbook run of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.integration.running import Run, ansible_playbook
from tests.labfixture import RunningLab, labs

VARIABLES: Final = {
    "udp_rx_offload_interval_ms": 300,
    "udp_rx_offload_wait_ms": 700,
    "udp_rx_offload_guard_minutes": 60,
    "udp_rx_offload_proof": "full",
}


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of host that is affected; keys of its adapter and of its BMC may be given directly."""
    adapter = {"model": "intel-i211", "network": 1, **changes.pop("adapter", {})}
    restart = {"outage_seconds": 6.0, **changes.pop("restart", {})}
    return {
        "description": "affected",
        "adapters": [{**adapter, "restart": restart}],
        "bmcs": [{"bmc": {"behaviour": "smdc", **changes.pop("bmc", {})}}],
        **changes,
    }


KINDS: Final = {
    "the-fault": kind(),
    "no-control": kind(bmc={"reachable_from": "hosts"}, variables={"udp_rx_offload_ask_from_controller": False}),
    "any-restart-cures": kind(adapter={"receive_fault": "until_restart"}),
    "silent-in-the-end": kind(restart={"loses_replies_from": 3}),
    "card-falls-silent": kind(bmc={"silent_after_restart": True, "survives_restarts": 1}),
    "no-second-guard": kind(tasks={"register_task": "policy", "registers_first": 1}),
    "no-third-guard": kind(tasks={"register_task": "policy", "registers_first": 2}),
    "second-restart-refused": kind(
        wire={"faults": [{"do": "access_denied", "resource": "MSFT_NetAdapter", "method": "Restart", "skip": 1}]}
    ),
}
OFF: Final = ("1", 1)
ON: Final = ("3", 3)
# Verdict, reason, confidence; then what is in force, how many restarts, whether the original is kept.
ENDS: Final = {
    "the-fault": (("remediated", "proven_twice", "proven"), OFF, 3, True),
    "no-control": (("remediated", "twice_without_control", "likely"), OFF, 3, True),
    "any-restart-cures": (("inconclusive", "heard_with_offload", "none"), ON, 2, False),
    "silent-in-the-end": (("inconclusive", "not_repeated", "none"), OFF, 3, True),
    "card-falls-silent": (("inconclusive", "not_repeated", "none"), OFF, 3, True),
    "no-second-guard": (("remediated", "cured", "likely"), OFF, 1, True),
    "no-third-guard": (("unknown", "second_round_failed", "none"), ON, 2, True),
    # The value was written and is taken back, which needs no restart.
    "second-restart-refused": (("unknown", "second_round_failed", "none"), OFF, 1, True),
}


def run(lab: RunningLab, directory: Path, playbook: str, limit: str, *arguments: str) -> tuple[Run, dict[str, Any]]:
    here = directory / f"{playbook}-{limit.replace(',', '-')}-{len(arguments)}"
    here.mkdir(exist_ok=True)
    report = here / "report.json"
    report.unlink(missing_ok=True)
    variables = json.dumps({**VARIABLES, "udp_rx_offload_report_file": str(report)})
    command = ["-i", str(lab.inventory), f"remediation.windows_nic.{playbook}", "-e", variables, "--limit", limit]
    finished = ansible_playbook(here, [*command, *arguments])
    assert report.exists(), finished.stdout + finished.stderr
    return finished, {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}


def standing(lab: RunningLab) -> dict[str, Any]:
    """What is in force on every host, its restarts, and what is kept or left on it."""
    found = {}
    for name, machine in lab.state().items():
        adapter = machine["adapters"][0]
        found[name] = {
            "value": (adapter["configured"], adapter["active"]),
            "restarts": adapter["restarts"],
            "originals": [each["original"] for each in machine["undo"].values()],
            "outcome": machine["outcome"],
            "tasks": machine["tasks"],
        }
    return found


def remediate_two(lab: RunningLab, directory: Path) -> Run:
    """The variable is given to the role alone, where no host sees what another one was given."""
    role = {"name": "remediation.windows_nic.udp_rx_offload", "tasks_from": "remediate"}
    play = {
        "hosts": "the-fault:silent-in-the-end",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_role": role, "vars": VARIABLES}],
    }
    playbook = directory / "of-two.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return ansible_playbook(directory, ["-i", str(lab.inventory), str(playbook)])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Two hosts at once, which is refused; a prediction; a proof by each host; and what runs after it find."""
    directory = tmp_path_factory.mktemp("proof")
    content = {
        "name": "proof",
        "description": "hosts that give a full proof",
        "kinds": KINDS,
        "hosts": [{"name": name, "kind": name} for name in KINDS],
    }
    with labs(directory) as start, ThreadPoolExecutor(3) as pool:
        lab = start(content, speed=30.0)
        told: dict[str, Any] = {"first": standing(lab)}
        told["two"] = run(lab, directory, "remediate", "the-fault,silent-in-the-end")
        told["of two"] = remediate_two(lab, directory)
        told["check"] = run(lab, directory, "remediate", "the-fault", "--check")
        told["untouched"] = standing(lab)
        runs = pool.map(lambda name: run(lab, directory, "remediate", name), KINDS)
        told["proofs"] = {name: (finished, rows[name]) for name, (finished, rows) in zip(KINDS, runs, strict=True)}
        told["after"] = standing(lab)
        again = pool.submit(run, lab, directory, "remediate", "the-fault", "--diff")
        back = pool.submit(run, lab, directory, "rollback", "no-third-guard")
        told["again"], told["back"] = again.result(), back.result()
        told["last"] = standing(lab)
        yield told


@pytest.mark.matrix
def test_more_than_one_host_is_refused_before_anything_is_touched(story: dict[str, Any]) -> None:
    finished, rows = story["two"]
    assert finished.returncode == 2
    assert {row["verdict"] for row in rows.values()} == {"affected"}
    refused = rows["silent-in-the-end"]
    assert "udp_rx_offload_proof is full on this host, on 2 of 2 hosts of this play" in refused["sentence"]
    assert "Nothing was changed for the proof. Name the host with --limit" in refused["sentence"]
    # The canary was refused, so that no further wave began.
    assert (refused["attention"], rows["the-fault"]["attention"]) == ("failed", "not_reached")
    of_two = story["of two"]
    assert of_two.returncode == 2
    assert {name: counts["failed"] for name, counts in of_two.recap().items()} == {
        "the-fault": 1,
        "silent-in-the-end": 1,
    }
    assert "udp_rx_offload_proof is full on this host, on 2 of 2 hosts of this play" in of_two.stdout
    assert story["untouched"] == story["first"]


def test_check_mode_predicts_the_change(story: dict[str, Any]) -> None:
    finished, rows = story["check"]
    assert finished.returncode == 0, finished.stdout
    assert (rows["the-fault"]["verdict"], rows["the-fault"]["changed"]) == ("affected", False)


@pytest.mark.matrix
@pytest.mark.parametrize("name", ENDS)
def test_what_a_proof_ends_in(story: dict[str, Any], name: str) -> None:
    verdict, value, restarts, kept = ENDS[name]
    finished, row = story["proofs"][name]
    assert (row["verdict"], row["reason"], row["confidence"]) == verdict, finished.stdout
    assert row["changed"] is True
    host = story["after"][name]
    assert (host["value"], host["restarts"]) == (value, restarts)
    assert host["originals"] == (["3"] if kept else [])
    # No guard is left, and nothing is remembered that would keep a later run from trying.
    assert (host["tasks"], host["outcome"]) == ([], {})


def test_what_a_proof_says(story: dict[str, Any]) -> None:
    finished, row = story["proofs"]["the-fault"]
    assert finished.returncode == 0
    assert "was silent with it on again, and answers with it off again; elsewhere it answered" in row["sentence"]
    _finished, refused = story["proofs"]["no-second-guard"]
    assert "The second round of the proof was not begun: " in refused["sentence"]
    broken, left_on = story["proofs"]["no-third-guard"]
    assert broken.returncode == 2
    assert "the second round of the proof broke off: " in left_on["sentence"]
    assert "switches receive offload off where this run has left it on" in left_on["next_step"]


def test_a_second_run_changes_nothing(story: dict[str, Any]) -> None:
    _finished, rows = story["again"]
    assert (rows["the-fault"]["verdict"], rows["the-fault"]["reason"]) == ("remediated", "earlier")
    assert rows["the-fault"]["changed"] is False
    assert story["last"]["the-fault"] == story["after"]["the-fault"]


def test_a_proof_that_broke_off_can_be_rolled_back(story: dict[str, Any]) -> None:
    _finished, rows = story["back"]
    assert (rows["no-third-guard"]["verdict"], rows["no-third-guard"]["reason"]) == ("affected", "replies_dropped")
    host = story["last"]["no-third-guard"]
    assert (host["value"], host["restarts"], host["originals"]) == (ON, 2, [])
