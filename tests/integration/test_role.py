# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role in plays that know nothing else of the collection: how it is embedded, what it costs, what it leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.running import Run, ansible_playbook
from tests.labfixture import LabFactory, RunningLab

ROLE = "remediation.windows_nic.udp_rx_offload"
FAST = {"udp_rx_offload_interval_ms": 300, "udp_rx_offload_wait_ms": 700}
SMDC = {"bmc": {"behaviour": "smdc"}}


def kind(**changes: Any) -> dict[str, Any]:
    """A kind of host that is affected and can be cured."""
    return {
        "description": "affected",
        "adapters": [{"model": "intel-i211", "network": 1}],
        "bmcs": [SMDC],
        # Guards have tests of their own; here they would only cost time.
        "variables": {"udp_rx_offload_guard": "never", "udp_rx_offload_allow_unguarded_restart": True},
        **changes,
    }


def fleet(kinds: Mapping[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A fleet with one host of each kind, named like it."""
    return {
        "name": "role",
        "description": "hosts of a test",
        "kinds": dict(kinds),
        "hosts": [{"name": name, "kind": name} for name in kinds],
        **more,
    }


def play(
    lab: RunningLab,
    directory: Path,
    tasks: Sequence[Mapping[str, Any]],
    *arguments: str,
    variables: Mapping[str, Any] | None = None,
    **keywords: Any,
) -> tuple[Run, dict[str, Any]]:
    """Run a foreign play with these tasks; return what it said, and ``udp_rx_offload_result`` of every host."""
    results = directory / "results"
    results.mkdir(exist_ok=True)
    for left in results.iterdir():
        left.unlink()
    keep = {
        "name": "Keep the result for the test",
        "delegate_to": "localhost",
        "connection": "local",
        "ansible.builtin.copy": {
            "content": "{{ udp_rx_offload_result | default({}) | to_json }}",
            "dest": f"{results}/{{{{ inventory_hostname }}}}.json",
            "mode": "0600",
        },
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "check_mode": False,
        "changed_when": False,
    }
    content = {"hosts": "all", "gather_facts": False, "vars": dict(FAST), **keywords, "tasks": [*tasks, keep]}
    playbook = directory / "play.yml"
    playbook.write_text(yaml.safe_dump([content], sort_keys=False), encoding="utf-8")
    extra = ["-e", json.dumps(variables)] if variables else []
    run = ansible_playbook(directory, ["-i", str(lab.inventory), str(playbook), *extra, *arguments])
    return run, {each.stem: json.loads(each.read_text(encoding="utf-8")) for each in results.iterdir()}


def role(how: str = "include_role", **arguments: Any) -> dict[str, Any]:
    return {"name": "Embed", f"ansible.builtin.{how}": {"name": ROLE, **arguments}}


def restarts(lab: RunningLab) -> dict[str, list[int]]:
    return {host: [each["restarts"] for each in machine["adapters"]] for host, machine in lab.state().items()}


@pytest.mark.matrix
@pytest.mark.parametrize(("how", "strategy"), [("include_role", "linear"), ("import_role", "free")])
def test_embedded_it_finds_changes_and_proves(lab_factory: LabFactory, tmp_path: Path, how: str, strategy: str) -> None:
    healthy = kind(adapters=[{"model": "intel-i219", "network": 1}])
    # As an operator has it who sets nothing: guarded.
    lab = lab_factory(fleet({"affected": kind(variables={}), "healthy": healthy}))
    run, results = play(lab, tmp_path, [role(how)], strategy=strategy)
    assert run.returncode == 0, run.stdout + run.stderr
    result = results["affected"]
    assert (result["verdict"], result["reason"], result["confidence"]) == ("remediated", "cured", "likely")
    assert (result["changed"], result["error"]) == (True, None)
    (adapter,) = result["adapters"]
    assert (adapter["name"], adapter["driver"], adapter["change"]) == ("Ethernet", "e1r68x64.sys 12.18.11.1", "made")
    (probe,) = result["probes"]
    assert (probe["before"], probe["after"]) == ("no_answer", "answered")
    assert (probe["control_before"], probe["control_after"]) == ("answers", "answers")
    assert (results["healthy"]["verdict"], results["healthy"]["changed"]) == ("healthy", False)
    assert run.recap()["affected"]["changed"] == 1
    assert run.recap()["healthy"]["changed"] == 0
    # What it costs: two sessions where nothing is wrong, five where everything has to be done.
    assert lab.sessions("healthy") == 2
    assert lab.sessions("affected") <= 5
    assert restarts(lab) == {"affected": [1], "healthy": [0]}


def test_a_second_run_changes_nothing(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    play(lab, tmp_path, [role()])
    before, sessions = lab.state(), lab.sessions()
    run, results = play(lab, tmp_path, [role()])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("remediated", "earlier")
    assert run.recap()["one"]["changed"] == 0
    after = lab.state()
    for key in ("adapters", "undo", "outcome"):
        assert after["one"][key] == before["one"][key]
    assert lab.sessions() - sessions == 2


def test_check_mode_predicts_and_touches_nothing(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    before = lab.state()["one"]
    run, results = play(lab, tmp_path, [role()], "--check", "--diff")
    assert run.returncode == 0, run.stdout
    predicted = run.recap()["one"]["changed"]
    assert (results["one"]["verdict"], results["one"]["would_change"]) == ("affected", True)
    assert results["one"]["changed"] is False
    after = lab.state()["one"]
    assert (after["adapters"], after["undo"]) == (before["adapters"], before["undo"])
    prediction = run.stdout[run.stdout.index("--- before") :].split("\n\n")[0]

    run, results = play(lab, tmp_path, [role()], "--diff")
    assert run.recap()["one"]["changed"] == predicted == 1
    assert run.stdout[run.stdout.index("--- before") :].split("\n\n")[0] == prediction
    assert results["one"]["verdict"] == "remediated"


def test_mode_report_changes_nothing_and_says_what_prove_would(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    run, results = play(lab, tmp_path, [role()], variables={"udp_rx_offload_mode": "report"})
    assert (results["one"]["verdict"], results["one"]["would_change"]) == ("affected", True)
    assert run.recap()["one"]["changed"] == 0
    assert restarts(lab) == {"one": [0]}


def test_entry_points_can_be_run_one_by_one(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    _run, results = play(lab, tmp_path, [role(tasks_from="assess")])
    assert results["one"]["verdict"] == "affected"
    # Without an assessment in this run it makes one, and without a verification it claims no cure.
    _run, results = play(lab, tmp_path, [role(tasks_from="remediate")])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("inconclusive", "not_verified")
    assert results["one"]["changed"] is True
    _run, results = play(lab, tmp_path, [role(tasks_from="verify")])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("remediated", "earlier")
    run, results = play(lab, tmp_path, [role(tasks_from="rollback")])
    assert (results["one"]["verdict"], results["one"]["changed"]) == ("affected", True)
    assert run.recap()["one"]["changed"] == 1
    assert lab.state()["one"]["undo"] == {}
    run, results = play(lab, tmp_path, [role(tasks_from="rollback")])
    assert (results["one"]["verdict"], results["one"]["changed"]) == ("affected", False)
    assert run.recap()["one"]["changed"] == 0


def test_an_assessment_that_is_old_is_made_anew_before_a_change(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    tasks = [role(tasks_from="assess"), role(tasks_from="remediate")]
    _run, results = play(lab, tmp_path, tasks, variables={"udp_rx_offload_assessment_valid_seconds": 0})
    assert results["one"]["changed"] is True
    # Facts and probe twice, and two sessions for the change.
    assert lab.sessions("one") == 6


def test_a_change_is_kept_where_it_cured_one_of_two_bmcs(lab_factory: LabFactory, tmp_path: Path) -> None:
    routed = {"model": "intel-i211", "network": 1, "prefix": 16, "gateway": True}
    filtered = {"bmc": {"behaviour": "smdc"}, "path": "udp_filtered"}
    accepting = {**kind()["variables"], "udp_rx_offload_accept_risks": ["public_profile"]}
    lab = lab_factory(fleet({"one": kind(adapters=[routed], bmcs=[SMDC, filtered], variables=accepting)}))
    _run, results = play(lab, tmp_path, [role()])
    assert [each["reason"] for each in results["one"]["probes"]] == ["cured", "cured_elsewhere"]
    assert (results["one"]["verdict"], results["one"]["adapters"][0]["change"]) == ("inconclusive", "made")
    assert (len(lab.state()["one"]["undo"]), lab.state()["one"]["outcome"]) == (1, {})
    _run, results = play(lab, tmp_path, [role()])
    assert [each["reason"] for each in results["one"]["probes"]] == ["earlier", "offload_off"]
    assert restarts(lab) == {"one": [1]}


def test_a_change_that_is_not_in_force_is_kept_and_not_remembered(lab_factory: LabFactory, tmp_path: Path) -> None:
    stuck = {"model": "intel-i211", "network": 1, "active_report": "stuck", "receive_fault": "always"}
    lab = lab_factory(fleet({"one": kind(adapters=[stuck])}))
    _run, results = play(lab, tmp_path, [role()])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("inconclusive", "not_in_force")
    assert (len(lab.state()["one"]["undo"]), lab.state()["one"]["outcome"]) == (1, {})
    _run, results = play(lab, tmp_path, [role()])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("restart_pending", "set_before")
    assert restarts(lab) == {"one": [1]}


def test_twice_in_one_play_it_starts_afresh(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    run, results = play(lab, tmp_path, [role(), role()])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("remediated", "earlier")
    assert results["one"]["changed"] is False
    assert run.recap()["one"]["changed"] == 1
    assert restarts(lab) == {"one": [1]}


def test_cached_facts_are_not_believed(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    pretend = {
        "name": "Pretend that nothing is wrong",
        "ansible.builtin.set_fact": {"cacheable": True, "windows_nics": [], "windows_nics_task_offload": "disabled"},
    }
    _run, results = play(lab, tmp_path, [pretend, role()])
    assert results["one"]["verdict"] == "remediated"


def test_the_controller_asks_each_bmc_once_for_all_hosts(lab_factory: LabFactory, tmp_path: Path) -> None:
    shared = kind(bmcs=[{"shared": "card"}], variables={})
    content = fleet({"shared": shared}, shared_bmcs={"card": {"behaviour": "smdc", "trips_receive_offload": True}})
    content["hosts"] = [{"name": "host", "kind": "shared", "count": 3}]
    lab = lab_factory(content)
    task = {
        "name": "Count",
        "ansible.builtin.debug": {"msg": "reused {{ __udp_rx_offload_control.probes[0].reused }}"},
    }
    run, results = play(lab, tmp_path, [role(tasks_from="assess"), task], vars={})
    assert {result["reason"] for result in results.values()} == {"replies_dropped"}
    assert run.stdout.count('"msg": "reused False"') == 1
    assert run.stdout.count('"msg": "reused True"') == 2


def test_witnesses_ask_where_the_controller_cannot(lab_factory: LabFactory, tmp_path: Path) -> None:
    hidden = [{"bmc": {"behaviour": "smdc", "reachable_from": "hosts"}}]
    lab = lab_factory(
        fleet(
            {
                "one": kind(bmcs=hidden),
                "witness": kind(adapters=[{"model": "intel-i219", "network": 1}]),
                "gone": kind(wire={"down": True}),
            }
        )
    )
    alone = {"udp_rx_offload_ask_from_controller": False}
    _run, results = play(lab, tmp_path, [role(tasks_from="assess")], "--limit", "one", variables=alone)
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("suspicious", "no_control")
    # A witness that can't be reached is no witness; the host itself is none either.
    for witnesses, verdict in ((["gone", "one"], "suspicious"), (["gone", "witness"], "affected")):
        variables = {**alone, "udp_rx_offload_witnesses": witnesses}
        run, results = play(lab, tmp_path, [role(tasks_from="assess")], "--limit", "one", variables=variables)
        assert run.returncode == 0, run.stdout
        assert results["one"]["verdict"] == verdict
    variables = {**alone, "udp_rx_offload_witnesses": ["witness"]}
    _run, results = play(lab, tmp_path, [role()], "--limit", "one", variables=variables)
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("remediated", "cured")


def test_without_a_control_it_can_be_left_at_a_report(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    variables = {"udp_rx_offload_ask_from_controller": False, "udp_rx_offload_without_control": "report"}
    _run, results = play(lab, tmp_path, [role()], variables=variables)
    assert (results["one"]["verdict"], results["one"]["would_change"]) == ("suspicious", False)
    assert restarts(lab) == {"one": [0]}


def test_a_host_that_cannot_be_reached_is_unreachable_and_not_failed(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind(), "down": kind(wire={"down": True})}))
    run, results = play(lab, tmp_path, [role(tasks_from="assess")])
    assert run.returncode == 4
    assert run.recap()["down"]["unreachable"] == 1
    assert run.recap()["down"]["failed"] == 0
    assert results["one"]["verdict"] == "affected"
    # A play that goes on all the same gets the verdict.
    run, results = play(lab, tmp_path, [role()], ignore_unreachable=True)
    assert run.returncode == 0
    assert (results["down"]["verdict"], results["down"]["reason"]) == ("unreachable", "host_unreachable")


def test_a_host_that_cannot_be_read_fails_with_its_verdict_set(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind(account={"read": False, "write": False, "shell": False})}))
    rescued = {"name": "Rescued", "block": [role()], "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}]}
    run, results = play(lab, tmp_path, [rescued])
    assert run.returncode == 0
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("unknown", "host_unreadable")
    assert results["one"]["error"]["code"] == "access_denied"
    run, _results = play(lab, tmp_path, [role()])
    assert run.returncode == 2
    assert run.recap()["one"]["failed"] == 1
    assert "The host could not be judged: Enumerate MSFT_NetAdapter" in run.stdout


def test_wrong_variables_are_refused_before_a_host_is_touched(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(fleet({"one": kind()}))
    for variables, message in (
        ({"udp_rx_offload_mode": "full"}, "value of udp_rx_offload_mode must be one of: report, prove, enforce"),
        ({"udp_rx_offload_attempts": 2}, "value of udp_rx_offload_attempts must be one of: 3, 4"),
        ({"udp_rx_offload_classes": ["unknown"]}, "value of udp_rx_offload_classes must be one or more of"),
    ):
        run, _results = play(lab, tmp_path, [role()], variables=variables)
        assert run.returncode == 2
        assert message in run.stdout
    assert lab.requests() == []


def test_selected_adapters_and_rules_decide_who_is_a_candidate(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(
        fleet({"one": kind(adapters=[{"model": "intel-i219", "network": 1, "receive_fault": "offload"}])})
    )
    _run, results = play(lab, tmp_path, [role(tasks_from="assess")])
    assert (results["one"]["verdict"], results["one"]["reason"]) == ("other_cause", "adapter_not_known")
    line = {"id": "site", "pci": ["8086:15B8"], "class": "confirmed", "reason": "seen", "source": "here"}
    rules = {"udp_rx_offload_rules": [line]}
    others = {**rules, "udp_rx_offload_adapters": {"driver": ["e1r*.sys"]}}
    _run, results = play(lab, tmp_path, [role()], variables=others)
    assert (results["one"]["verdict"], results["one"]["changed"]) == ("other_cause", False)
    _run, results = play(lab, tmp_path, [role()], variables=rules)
    assert (results["one"]["verdict"], results["one"]["changed"]) == ("remediated", True)


def test_names_from_hosts_are_only_text(lab_factory: LabFactory, tmp_path: Path) -> None:
    name = "{{ lookup('pipe', 'touch " + str(tmp_path / "templated") + '\') }} \u4ee5\u592a\u7f51 "x"'
    lab = lab_factory(fleet({"one": kind(adapters=[{"model": "intel-i211", "network": 1, "name": name}])}))
    run, results = play(
        lab, tmp_path, [role(), {"ansible.builtin.debug": {"msg": "{{ udp_rx_offload_result.sentence }}"}}]
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert results["one"]["verdict"] == "remediated"
    assert results["one"]["adapters"][0]["name"] == name
    assert not (tmp_path / "templated").exists()
