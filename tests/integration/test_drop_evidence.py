# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""drop_evidence through the real ansible-playbook, on simulated hosts that lose replies in every way there is."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.documented import documented_examples, documented_keys
from tests.integration.running import Run, play
from tests.labfixture import PASSWORD, LabFactory, RunningLab

I211: Final = [{"model": "intel-i211", "network": 1}]
I219: Final = [{"model": "intel-i219", "network": 1}]
SMDC: Final = {"behaviour": "smdc"}


def deaf(**system: Any) -> dict[str, Any]:
    """A host with the fault."""
    return {"adapters": I211, "bmcs": [{"bmc": SMDC}], "system": system}


def sound(bmc: dict[str, Any] | None = None, link: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A host without the fault."""
    return {"adapters": I219, "bmcs": [{"bmc": bmc or {}, **(link or {})}], **more}


KINDS: Final[dict[str, dict[str, Any]]] = {
    "deaf": deaf(),
    "deaf-german": deaf(language="de"),
    "deaf-chinese": deaf(language="zh"),
    "deaf-tagged": deaf(pktmon={"vlan": 7}),
    "deaf-copied": deaf(pktmon={"drop_group": "own", "duplicate_drops": True}),
    "deaf-cleared": deaf(pktmon={"metadata": "cleared_at_drop"}),
    "deaf-untold": deaf(pktmon={"metadata": "absent"}),
    "deaf-cut": deaf(pktmon={"logged_bytes": 40}),
    "corrupt": sound(link={"replies": "wrong_checksum"}),
    "corrupt-unchecked": sound(link={"replies": "damaged_payload"}, system={"task_offload": False}),
    "firewalled": sound(system={"inspection": "drops_replies"}),
    "blocked": sound(system={"outbound_firewall": "block"}),
    "closed": sound({"behaviour": "closed"}),
    "silent": sound({"behaviour": "silent"}),
    "filtered": sound(link={"path": "udp_filtered"}),
    "healthy": sound(),
    "foreign": deaf(pktmon={"capture": "foreign"}),
    "counting": deaf(pktmon={"capture": "counting"}),
    "filters": deaf(pktmon={"filters": 2}),
    "leftover": deaf(pktmon={"capture": "ours"}),
    "sticky": deaf(pktmon={"fails": "filter_remove"}),
    "unstartable": deaf(pktmon={"fails": "start"}),
    "empty": deaf(pktmon={"events": "none"}),
    "old": deaf(product="server-2012r2"),
    "elder": deaf(product="server-2019"),
    "constrained": deaf(language_mode="constrained"),
    "no-shell": {**deaf(), "account": {"shell": False}},
    "unelevated": {**deaf(), "account": {"elevated": False}},
    "down": {**deaf(), "wire": {"down": True}},
}
FLEET: Final = {
    "name": "evidence",
    "description": "hosts that lose replies in every way there is",
    "kinds": {name: {"description": name, **kind} for name, kind in KINDS.items()},
    "hosts": [{"name": name, "kind": name} for name in KINDS],
}
BMC: Final = {"bmc": "{{ udp_rx_offload_bmc }}", "port": "{{ udp_rx_offload_port | default(623) }}"}
QUICK: Final = {**BMC, "interval_ms": 300, "wait_ms": 600}
MODULE: Final = "remediation.windows_nic.drop_evidence"


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(FLEET)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def found(lab: RunningLab, directory: Path) -> Run:
    """Every host's evidence, in one play."""
    return play(directory, lab.hosts, [{MODULE: {**QUICK, "save_to": "saved/"}}], arguments=["--forks", "16"])


def result_of(run: Run, host: str) -> dict[str, Any]:
    word, result = run.results()[host]
    assert word == "ok", result
    assert result["changed"] is False
    return result


def evidence_of(run: Run, host: str) -> dict[str, Any]:
    (evidence,) = result_of(run, host)["evidence"]
    found: dict[str, Any] = evidence
    return found


def unfolded(text: str) -> str:
    """Ansible folds warnings to the width of the terminal."""
    return " ".join(text.split())


def pktmon(lab: RunningLab, host: str) -> dict[str, Any]:
    state: dict[str, Any] = lab.state()[host]["pktmon"]
    return state


@pytest.mark.parametrize(
    ("host", "cause", "reasons"),
    [
        ("deaf", "driver_marked_bad", [1203]),
        ("deaf-german", "driver_marked_bad", [1203]),
        ("deaf-chinese", "driver_marked_bad", [1203]),
        ("deaf-tagged", "driver_marked_bad", [1203]),
        ("deaf-copied", "driver_marked_bad", [1203]),
        ("deaf-cleared", "driver_marked_bad", [1203]),
        ("leftover", "driver_marked_bad", [1203]),
        ("sticky", "driver_marked_bad", [1203]),
        ("corrupt", "corrupt_reply", [1203]),
        ("corrupt-unchecked", "corrupt_reply", [1203]),
        ("firewalled", "firewall", [1207]),
        ("blocked", "firewall", []),
        ("closed", "no_listener", []),
        ("silent", "nothing_arrived", []),
        ("filtered", "nothing_arrived", []),
        ("healthy", "answered", []),
    ],
)
def test_each_way_to_lose_a_reply_has_its_cause(found: Run, host: str, cause: str, reasons: list[int]) -> None:
    evidence = evidence_of(found, host)
    assert (evidence["cause"], evidence["reasons"]) == (cause, reasons), evidence["sentence"]
    assert evidence["unavailable"] is None


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("deaf-untold", "no_metadata"),
        ("deaf-cut", "checksum_unknown"),
        ("foreign", "capture_running"),
        ("counting", "capture_running"),
        ("filters", "filters_present"),
        ("unstartable", "failed"),
        ("empty", "no_events"),
        ("old", "no_pktmon"),
        ("elder", "old_grammar"),
        ("constrained", "constrained_language"),
        ("no-shell", "shell_denied"),
        ("unelevated", "not_allowed"),
    ],
)
def test_without_evidence_the_reason_is_told_and_nothing_is_claimed(found: Run, host: str, code: str) -> None:
    evidence = evidence_of(found, host)
    assert (evidence["cause"], evidence["unavailable"]["code"]) == ("unavailable", code)
    assert evidence["unavailable"]["detail"] in evidence["sentence"]


def test_the_packet_proves_it(found: Run) -> None:
    evidence = evidence_of(found, "deaf")
    assert evidence["checksum"]["good"] is True
    assert evidence["checksum"]["in_datagram"] == evidence["checksum"]["computed"] > 0
    assert evidence["driver_says"] == ["udp_failed", "ip_succeeded"]
    assert evidence["packets"]["replies"] == evidence["packets"]["dropped_replies"] >= 5
    assert evidence["packets"]["requests"] >= 6
    assert bytes.fromhex(evidence["datagram"])[9] == 17
    (drop,) = evidence["drops"]
    assert (drop["reason"], drop["component_name"]) == (1203, "tcpip.sys")
    probe = evidence["probe"]
    assert (probe["outcome"], probe["silent"]) == ("no_answer", True)
    assert probe["udp_errors"]["after"] > probe["udp_errors"]["before"]


def test_a_damaged_reply_has_a_sum_that_does_not_fit(found: Run) -> None:
    for host in ("corrupt", "corrupt-unchecked"):
        checksum = evidence_of(found, host)["checksum"]
        assert (checksum["good"], checksum["in_datagram"] == checksum["computed"]) == (False, False)
    assert "udp_failed" in evidence_of(found, "corrupt")["driver_says"]
    assert evidence_of(found, "corrupt-unchecked")["driver_says"] == []


def test_the_result_is_as_documented(found: Run) -> None:
    assert set(evidence_of(found, "deaf")) == documented_keys("drop_evidence", "evidence")
    assert set(evidence_of(found, "old")) == documented_keys("drop_evidence", "evidence")


def test_a_host_that_is_down_is_unreachable_and_nothing_failed(found: Run) -> None:
    assert found.results()["down"][0] == "UNREACHABLE"
    counts = found.recap()
    assert [host for host, each in counts.items() if each["unreachable"]] == ["down"]
    assert not [host for host, each in counts.items() if each["failed"] or each["changed"]]


def test_what_others_had_set_up_stands_and_nothing_of_ours_is_left(found: Run, lab: RunningLab) -> None:
    assert found.returncode != 0
    state = {host: pktmon(lab, host) for host in KINDS}
    assert (state["foreign"]["capture"], state["counting"]["capture"]) == ("foreign", "foreign")
    assert state["filters"]["filters"] == ["filter1", "filter2"]
    others = {"foreign", "counting", "filters", "sticky"}
    for host in KINDS.keys() - others:
        assert (host, state[host]["capture"], state[host]["filters"], state[host]["files"]) == (host, None, [], [])
    assert {host for host, each in state.items() if each["captures"] == 0} >= {"foreign", "counting", "filters", "old"}


def test_what_a_killed_run_had_left_is_removed_and_told(found: Run) -> None:
    evidence = evidence_of(found, "leftover")
    assert sorted(evidence["cleaned"]) == ["capture", "file", "filter"]
    assert f"{evidence['address']}: An earlier capture had been stopped and had left its" in unfolded(found.stderr)


def test_what_could_not_be_removed_is_told(found: Run, lab: RunningLab) -> None:
    evidence = evidence_of(found, "sticky")
    assert "filter" in evidence["left_behind"]
    assert f"{evidence['address']}: PktMon would not let go of the capture's filter" in unfolded(found.stderr)
    assert pktmon(lab, "sticky")["filters"] == ["remediation.windows_nic"]


def test_wireshark_opens_what_was_saved_and_agrees(found: Run, lab: RunningLab, directory: Path) -> None:
    statuses = {}
    for host in KINDS.keys() - {"down"}:
        path = evidence_of(found, host)["pcap"]
        if path is None:
            continue
        file = Path(path)
        assert file.parent == directory / "saved"
        assert file.name.startswith(f"{lab.address(host)}_127.2.")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        command = ["tshark", "-r", path, "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "udp.checksum.status"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        statuses[host] = set(printed.split())
    good, wrong = {"1"}, "0"
    assert statuses["deaf"] == statuses["deaf-tagged"] == statuses["deaf-copied"] == statuses["healthy"] == good
    assert wrong in statuses["corrupt"]
    assert wrong in statuses["corrupt-unchecked"]
    assert [host for host in ("foreign", "filters", "old", "no-shell") if host in statuses] == []


def test_no_secret_is_in_any_output(found: Run) -> None:
    assert PASSWORD not in found.stdout
    assert PASSWORD not in found.stderr


def test_check_mode_records_and_asks_nothing(found: Run, lab: RunningLab, tmp_path: Path) -> None:
    before = (pktmon(lab, "deaf")["captures"], lab.log.stat().st_size)
    run = play(tmp_path, {"deaf": lab.hosts["deaf"]}, [{MODULE: {**QUICK, "save_to": "saved/"}}], arguments=["--check"])
    assert run.recap()["deaf"]["skipped"] == 1
    assert (pktmon(lab, "deaf")["captures"], lab.log.stat().st_size) == before
    assert not (tmp_path / "saved").exists()
    assert found.returncode != 0


def test_a_run_that_is_cut_off_is_cleaned_up_by_the_next_one(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {"silent": lab.hosts["silent"]}
    cut_off = play(tmp_path, hosts, [{MODULE: {**BMC, "interval_ms": 5000}, "timeout": 4}])
    assert cut_off.results()["silent"][0] == "FAILED"
    left = pktmon(lab, "silent")
    assert (left["capture"], left["filters"]) == ("ours", ["remediation.windows_nic"])
    evidence = evidence_of(play(tmp_path, hosts, [{MODULE: QUICK}]), "silent")
    assert evidence["cause"] == "nothing_arrived"
    assert sorted(evidence["cleaned"]) == ["capture", "file", "filter"]
    after = pktmon(lab, "silent")
    assert (after["capture"], after["filters"], after["files"]) == (None, [], [])


def test_two_tasks_for_one_host_wait_for_each_other(lab: RunningLab, tmp_path: Path) -> None:
    hosts = {name: lab.hosts[name] for name in ("deaf", "deaf-german")}
    task = {MODULE: {**QUICK, "bmc": lab.hosts["deaf"]["udp_rx_offload_bmc"]}, "delegate_to": "deaf"}
    run = play(tmp_path, hosts, [task])
    assert [evidence_of(run, host)["cause"] for host in hosts] == ["driver_marked_bad"] * 2


def test_the_examples_run_as_they_stand(lab: RunningLab, tmp_path: Path) -> None:
    variables = {
        "bmc_address": "{{ udp_rx_offload_bmc[0] if udp_rx_offload_bmc is not string else udp_rx_offload_bmc }}",
        "bmc_port": "{{ udp_rx_offload_port | default(623) }}",
        "evidence_directory": str(tmp_path / "kept"),
    }
    hosts = {"deaf": {**lab.hosts["deaf"], **variables}}
    run = play(tmp_path, hosts, documented_examples("modules", "drop_evidence"))
    assert run.returncode == 0, run.stdout
    counts = run.recap()["deaf"]
    assert (counts["ok"], counts["skipped"], counts["changed"]) == (4, 0, 0)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert "were dropped for their UDP checksum (reason 1203)" in run.stdout
