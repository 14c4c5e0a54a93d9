# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``checksum_offload`` through the real ansible-playbook: changing, restarting, losing answers, and the way back.

Each test has a host of its own in one lab, so that they don't depend on each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.changing import CARDS, CHANGE, Host, together
from tests.integration.documented import documented_examples, documented_keys
from tests.integration.running import play
from tests.labfixture import LabFactory, RunningLab

GRANULAR = "*UDPChecksumOffloadIPv4"
ALL = {"class": "confirmed"}

MANAGEMENT = {"model": "intel-i219", "name": "Management", "network": 1}


def beside(**changes: Any) -> dict[str, Any]:
    """An affected adapter beside the one that carries the connection."""
    return {"adapters": [MANAGEMENT, {"model": "intel-i211", "name": "Cards", "network": 5, **changes}]}


def carrying(**changes: Any) -> dict[str, Any]:
    """An affected adapter that carries the connection."""
    return {"adapters": [{"model": "intel-i211", "name": "Cards", "network": 1, **changes}]}


def lost_write(do: str) -> dict[str, Any]:
    """The answer to the second SetStringValue is lost, which is that of the value; the first is that of the record."""
    faults = [{"do": do, "action": "Invoke", "method": "SetStringValue", "skip": 1}]
    return {**beside(), "wire": {"faults": faults}}


KINDS: dict[str, dict[str, Any]] = {
    "change": beside(),
    "check": beside(),
    "check-never": beside(),
    "check-pending": beside(configured="tx", active="rx_tx"),
    "check-fixed": beside(configured="tx"),
    "check-absent": beside(configured="absent"),
    "check-stuck": beside(active_report="stuck"),
    "absent": beside(configured="absent"),
    "pending": beside(configured="tx", active="rx_tx"),
    "left": beside(),
    "stuck": beside(active_report="stuck"),
    "unknown": beside(active_report="unknown"),
    "not-applied": beside(restart={"applies": False}),
    "refused": beside(restart={"answer": "refused"}),
    "outcome": beside(),
    "outcome-back": beside(),
    "directions": beside(),
    "grouped": beside(keyword="grouped"),
    "zero-or-three": beside(allowed=["disabled", "rx_tx"]),
    "disabled": beside(state="disabled"),
    "written-unheard": lost_write("cut_after"),
    "not-written": lost_write("cut_before"),
    "carrying-cut": carrying(restart={"answer": "cut", "outage_seconds": 1.0}),
    "carrying-late": carrying(restart={"answer": "late", "outage_seconds": 1.0}),
    "carrying-normal": carrying(restart={"answer": "normal", "outage_seconds": 1.0}),
    "carrying-silent": {
        **carrying(restart={"answer": "late", "outage_seconds": 1.0}),
        "wire": {"outage": "silent"},
    },
    "carrying-psrp": {
        **carrying(restart={"answer": "cut", "outage_seconds": 0.5}),
        "wire": {"connection": "psrp", "authentication": "negotiate"},
    },
    "carrying-refused": carrying(),
    "gone": carrying(restart={"outage_seconds": 60.0}),
    "hyper-v": {
        "adapters": [
            {"model": "intel-i211", "name": "Cards", "restart": {"outage_seconds": 0.5}},
            {"model": "hyperv-vnic", "name": "vEthernet (LAN)", "network": 1, "above": ["Cards"]},
        ]
    },
    "german": {
        "system": {"language": "de"},
        "adapters": [MANAGEMENT, {"model": "intel-i211", "name": "B\u00fcro \"S\u00fcd\" 'x'", "network": 5}],
    },
    "examples": {**carrying(restart={"outage_seconds": 0.5}), "bmcs": [{"bmc": {"behaviour": "ipmi20"}}]},
}


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(
        {
            "name": "checksum-offload",
            "description": "one host for each test",
            "kinds": {f"kind-{name}": {"description": name, **kind} for name, kind in KINDS.items()},
            "hosts": [{"name": name, "kind": f"kind-{name}"} for name in KINDS],
        }
    )


@pytest.fixture
def host(lab: RunningLab, tmp_path: Path, request: pytest.FixtureRequest) -> Host:
    return Host(lab, request.param, tmp_path)


def on(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("host", names, indirect=True)


@on("change")
def test_the_whole_way_there_and_back(host: Host) -> None:
    word, result = host.run()
    assert word == "changed"
    (changed,) = result["adapters"]
    assert set(changed) == documented_keys("checksum_offload", "adapters")
    assert (changed["before"], changed["after"]) == (
        {"configured": "rx_tx", "active": "rx_tx"},
        {"configured": "tx", "active": "tx"},
    )
    assert (changed["restarted"], changed["confirmed"], changed["restart_pending"]) == (True, True, False)
    assert (host.adapter["configured"], host.adapter["restarts"]) == ("1", 1)
    ((name, record),) = host.undo.items()
    assert name == f"{host.adapter['guid']}::{GRANULAR}"
    assert {key: record[key] for key in ("format", "original", "written", "outcome")} == {
        "format": 1,
        "original": "3",
        "written": "1",
        "outcome": "confirmed",
    }
    assert host.writes() == [
        *("CreateKey", "SetStringValue"),  # the record
        *("CreateKey", "RegisterByXml"),  # the guard
        "SetStringValue",  # the value
        *("SetStringValue", "Restart"),  # marked in the record, then restarted
        *("CreateKey", "SetStringValue", "DeleteValue"),  # the guard is told, deleted, and its mark removed
        *("SetStringValue", "DeleteValue"),  # the outcome; that of an earlier change is forgotten
    ]
    assert host.lab.sessions(host.name) == 1

    seen = host.requests
    word, again = host.run()
    assert (word, host.writes(seen)) == ("ok", [])
    assert again["diff"]["before"] == again["diff"]["after"]

    word, back = host.run(state="restored")
    assert word == "changed"
    assert back["adapters"][0]["after"] == {"configured": "rx_tx", "active": "rx_tx"}
    assert back["adapters"][0]["undo"] is None
    assert (host.adapter["configured"], host.adapter["restarts"], host.undo) == ("3", 2, {})

    seen = host.requests
    word, again = host.run(state="restored")
    assert (word, host.writes(seen)) == ("ok", [])


CHECKED: dict[str, dict[str, Any]] = {
    "check": {},
    "check-never": {"restart": "never"},
    "check-pending": {},
    "check-fixed": {},
    "check-absent": {},
    "check-stuck": {},
}


def test_check_mode_says_what_the_real_run_does(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {name: Host(lab, name, tmp_path) for name in CHECKED}
    before = {name: host.adapter for name, host in hosts.items()}
    for state in ("present", "restored"):
        options = {name: {**each, "state": state} for name, each in CHECKED.items()}
        written = {name: host.writes() for name, host in hosts.items()}
        predicted = together(lab, tmp_path, options, check=True).results()
        for name, host in hosts.items():
            assert host.writes() == written[name]
            assert state == "restored" or (host.adapter, host.undo) == (before[name], {})
        done = together(lab, tmp_path, options).results()
        for name in CHECKED:
            (predicted_word, prediction), (word, result) = predicted[name], done[name]
            assert predicted_word == word == ("ok" if name == "check-fixed" else "changed")
            assert prediction["changed"] is result["changed"]
            assert prediction["diff"] == result["diff"]
            predicted_after, after = prediction["adapters"][0]["after"], result["adapters"][0]["after"]
            assert predicted_after["configured"] == after["configured"]


@on("absent")
def test_an_absent_value_is_absent_again(host: Host) -> None:
    assert host.adapter["configured"] is None
    word, result = host.run()
    assert result["adapters"][0]["before"] == {"configured": None, "active": "rx_tx"}
    assert (word, host.adapter["configured"]) == ("changed", "1")
    word, result = host.run(state="restored")
    assert (word, host.adapter["configured"], host.undo) == ("changed", None, {})
    assert result["adapters"][0]["after"] == {"configured": None, "active": "rx_tx"}
    assert result["adapters"][0]["confirmed"] is True
    assert host.run(state="restored")[0] == "ok"


@on("pending")
def test_a_pending_restart_is_made_and_nothing_written(host: Host) -> None:
    word, result = host.run(guard="never")
    assert (word, result["adapters"][0]["confirmed"]) == ("changed", True)
    assert host.adapter["restarts"] == 1
    assert host.writes().count("SetStringValue") == 3
    assert host.run()[0] == "ok"


@on("left")
def test_a_restart_that_is_left_is_made_later(host: Host) -> None:
    word, result = host.run(restart="never")
    assert (word, result["adapters"][0]["restart_pending"], host.adapter["restarts"]) == ("changed", True, 0)
    assert host.run(restart="never")[0] == "ok"
    word, result = host.run()
    assert (word, result["adapters"][0]["restart_pending"], host.adapter["restarts"]) == ("changed", False, 1)
    assert next(iter(host.undo.values()))["original"] == "3"


def test_a_driver_that_does_not_follow_is_restarted_once(lab: RunningLab, tmp_path: Path) -> None:
    names = ("stuck", "unknown", "not-applied")
    for expected in ("changed", "ok", "ok"):
        run = together(lab, tmp_path, {name: {} for name in names})
        for name in names:
            word, result = run.results()[name]
            assert (word, result["adapters"][0]["confirmed"]) == (expected, False)
        assert "Only a probe can tell" in run.stdout + run.stderr
    assert {Host(lab, name, tmp_path).adapter["restarts"] for name in names} == {1}


@on("refused")
def test_a_refused_restart_leaves_the_value_and_says_so(host: Host) -> None:
    for _unused in range(2):
        word, result = host.run()
        assert word == "FAILED"
        assert result["changed"] is True
        assert result["adapters"][0]["after"]["configured"] == "tx"
        assert result["adapters"][0]["undo"]["restart_requested_at"] is None
    # The restart is left to somebody else: now that is all that there is to do.
    assert host.run(restart="never")[0] == "changed"
    assert host.run(restart="never")[0] == "ok"
    assert host.run(state="restored", restart="never")[0] == "changed"
    assert (host.adapter["configured"], host.adapter["restarts"]) == ("3", 0)


@on("outcome")
def test_what_came_of_a_change_stays_until_the_next_one(host: Host) -> None:
    name = f"{host.adapter['guid']}::{GRANULAR}"
    host.run()
    assert host.run(state="restored", outcome="not_cured")[0] == "changed"
    outcome = host.lab.state()[host.name]["outcome"]
    assert outcome[name].pop("at")
    assert outcome == {name: {"format": 1, "outcome": "not_cured", "driver_version": "12.18.11.1"}}
    assert host.run(state="restored", outcome="not_cured")[0] == "ok"
    assert host.run()[0] == "changed"
    assert host.lab.state()[host.name]["outcome"] == {}


@on("outcome-back")
def test_facts_tell_of_records_and_outcomes(host: Host) -> None:
    facts = {"remediation.windows_nic.nic_facts": {"undo_records": True, "adapters": CARDS}}
    variables = {host.name: host.lab.hosts[host.name]}
    leave = {CHANGE: {"adapters": CARDS}}
    first = play(host.directory, variables, [leave, facts]).results()[host.name][1]
    (nic,) = first["ansible_facts"]["windows_nics"]
    assert (nic["undo"]["original"], nic["undo"]["written"], nic["outcome"]) == ("rx_tx", "tx", None)
    assert set(nic["undo"]) == documented_keys("nic_facts", "ansible_facts", "windows_nics", "undo")
    back = {CHANGE: {"adapters": CARDS, "state": "restored", "outcome": "not_cured"}}
    second = play(host.directory, variables, [back, facts]).results()[host.name][1]
    (nic,) = second["ansible_facts"]["windows_nics"]
    assert (nic["undo"], nic["outcome"]["outcome"]) == (None, "not_cured")
    assert set(nic["outcome"]) == documented_keys("nic_facts", "ansible_facts", "windows_nics", "outcome")


@on("directions")
def test_both_directions_and_the_first_original(host: Host) -> None:
    for options, configured in (
        ({}, "1"),
        ({"transmit": "disabled"}, "0"),
        ({"receive": "enabled"}, "2"),
        ({"receive": "enabled", "transmit": "enabled"}, "3"),
        ({}, "1"),
    ):
        assert host.run(**options)[0] == "changed"
        assert host.adapter["configured"] == configured
        assert next(iter(host.undo.values()))["original"] == "3"
    host.run(state="restored")
    assert (host.adapter["configured"], host.undo) == ("3", {})


@on("grouped", "zero-or-three")
def test_a_wider_change_needs_leave(host: Host) -> None:
    word, result = host.run()
    assert (word, result["error"]["code"]) == ("FAILED", "wider_change_not_allowed")
    assert host.writes() == []
    word, result = host.run(allow_wider=True)
    assert (word, host.adapter["configured"]) == ("changed", "1" if host.name == "grouped" else "0")
    assert host.run(allow_wider=True)[0] == "ok"
    assert host.run(state="restored")[0] == "changed"
    assert host.adapter["configured"] == "3"


@on("disabled")
def test_a_disabled_adapter_is_set_and_stays_disabled(host: Host) -> None:
    assert host.run()[0] == "changed"
    assert (host.adapter["configured"], host.adapter["restarts"], host.adapter["state"]) == ("1", 0, "disabled")
    assert host.run()[0] == "ok"


@on("written-unheard")
def test_a_write_whose_answer_is_lost_is_found_to_have_worked(host: Host) -> None:
    word, result = host.run(guard="never")
    assert (word, result["adapters"][0]["confirmed"]) == ("changed", True)
    struck = [each for each in host.lab.requests(host.name) if each["struck_by"]]
    assert [each["method"] for each in struck] == ["SetStringValue"]
    # Two of the record, one of the value and one of the record at the end: nothing was sent again.
    assert host.writes().count("SetStringValue") == 4
    assert (host.adapter["configured"], host.adapter["restarts"]) == ("1", 1)


@on("not-written")
def test_a_write_that_never_arrived_is_not_sent_again(host: Host) -> None:
    word, result = host.run(guard="never")
    assert (word, result["error"]["code"]) == ("FAILED", "write_not_confirmed")
    assert host.writes() == ["CreateKey", "SetStringValue", "SetStringValue"]
    assert (host.adapter["configured"], host.adapter["restarts"]) == ("3", 0)
    # The next run takes up where this one broke off.
    word, result = host.run()
    assert (word, result["adapters"][0]["confirmed"]) == ("changed", True)


def test_the_adapter_that_carries_the_connection(lab: RunningLab, tmp_path: Path) -> None:
    names = [f"carrying-{way}" for way in ("cut", "late", "normal", "silent", "psrp")]
    options = {name: {"allow_unguarded_restart": True} for name in names}
    for name, (word, result) in together(lab, tmp_path, options).results().items():
        assert word == "changed", (name, result)
        (changed,) = result["adapters"]
        assert (changed["restarted"], changed["confirmed"]) == (True, True), name
        assert changed["outage_seconds"] > 0
        host = Host(lab, name, tmp_path)
        assert host.adapter["restarts"] == host.writes().count("Restart") == 1
    assert {word for word, _result in together(lab, tmp_path, options).results().values()} == {"ok"}
    # The connection is cut once; everything before is one session, and everything after another one, besides polls.
    carried = [each["connection"] for each in lab.requests("carrying-cut") if each["status"] is not None]
    restart = [each["method"] for each in lab.requests("carrying-cut")].index("Restart")
    until = {each["connection"] for each in lab.requests("carrying-cut")[: restart + 1]}
    assert len(until) == 1
    # The second run, which changed nothing, is the last session.
    assert len(set(carried)) == 3


@on("carrying-refused")
def test_without_leave_it_is_left_alone(host: Host) -> None:
    for check in (True, False):
        word, result = host.run(check=check, guard="never")
        assert (word, result["error"]["code"]) == ("FAILED", "restart_not_allowed")
    assert host.writes() == []


@on("gone")
def test_a_host_that_does_not_come_back_is_unreachable(host: Host) -> None:
    word, result = host.run(guard="never", allow_unguarded_restart=True, reconnect_timeout_seconds=3)
    assert word == "UNREACHABLE"
    assert (result["error"]["code"], result["changed"]) == ("host_not_back", True)
    assert result["adapters"][0]["undo"]["original"] == "rx_tx"
    assert (host.adapter["configured"], host.writes().count("Restart")) == ("1", 1)
    assert next(iter(host.undo.values()))["restart_requested_at"]


@on("hyper-v")
def test_the_adapter_below_a_virtual_switch(host: Host) -> None:
    word, result = host.run(adapters={"toward": "127.1.255.253"}, allow_unguarded_restart=True)
    assert (word, result["adapters"][0]["name"]) == ("changed", "Cards")
    assert result["adapters"][0]["confirmed"] is True
    word, result = host.run(adapters={"name": "vEthernet*"}, allow_unguarded_restart=True)
    assert (word, result["error"]["code"]) == ("FAILED", "adapter_not_physical")


@on("german")
def test_names_of_any_language(host: Host) -> None:
    word, result = host.run(adapters={"name": "B\u00fcro \"S\u00fcd\" 'x'"})
    assert (word, result["adapters"][0]["confirmed"]) == ("changed", True)
    assert next(iter(host.undo.values()))["adapter"] == "B\u00fcro \"S\u00fcd\" 'x'"
    assert host.run(adapters=ALL)[0] == "ok"


@on("examples")
def test_the_documented_examples_run_as_written(host: Host) -> None:
    tasks = documented_examples("modules", "checksum_offload")
    variables = dict(host.lab.hosts[host.name])
    variables["bmc_address"] = variables["udp_rx_offload_bmc"][0]
    run = play(host.directory, {host.name: variables}, tasks)
    assert run.returncode == 0, run.stdout + run.stderr
    counts = run.recap()[host.name]
    assert (counts["ok"], counts["changed"]) == (4, 3)
    assert (host.adapter["configured"], host.adapter["restarts"], host.undo) == ("3", 2, {})


def test_no_shell_was_opened(lab: RunningLab) -> None:
    assert {lab.state()[name]["winrm"]["shells_opened"] for name in KINDS} == {0}
