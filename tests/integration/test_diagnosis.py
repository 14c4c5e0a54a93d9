# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook diagnose on a fair sample of the fleet that the diagnosis is shown on, and a cure with evidence.

All hosts are in one lab. One run diagnoses; another one remediates some of them, looking closer first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.integration.diagnose_demo import FLEET
from tests.integration.running import PROJECT_ROOT, Run, ansible_playbook, play
from tests.lab.fleet import load_fleet
from tests.labfixture import RunningLab, labs

FAST: Final = {"udp_rx_offload_interval_ms": 300, "udp_rx_offload_wait_ms": 700}
"""The lab's cards bear a faster pace than real ones."""
SAMPLE: Final = (
    "i211",
    "controller-blind",
    "i225-not-in-the-table",
    "hyper-v",
    "drifted",
    "foreign-capture",
    "corrupted-on-the-way",
    "filtering-program",
    "udp-filtered",
    "answers-too-late",
    "lost-in-host",
    "answers-later",
    "source-address",
    "source-address-of-windows",
    "every-source-silent",
    "other-adapter-hears",
    "sources-not-usable",
    "no-way",
    "healthy",
    "npcap-old-i219",
    "npcap-stopped",
    "offload-off-globally-i219",
    "down",
)
CURED: Final = ("controller-blind", "german")
LEFT_ALONE: Final = ("corrupted-on-the-way", "filtering-program", "udp-filtered", "source-address")
"""Hosts that an assessment alone calls affected, and that have another cause."""


@dataclass(frozen=True)
class Played:
    """A finished playbook with the rows of its report, by host, and what the lab said of the hosts before and after."""

    run: Run
    rows: dict[str, dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with labs(tmp_path_factory.mktemp("diagnosis")) as start:
        yield start(FLEET)


def played(
    lab: RunningLab, directory: Path, playbook: str, hosts: Sequence[str], variables: Mapping[str, Any] | None = None
) -> Played:
    report = directory / "report.json"
    given = {"target": ",".join(hosts), "udp_rx_offload_report_file": str(report), **FAST, **(variables or {})}
    before = lab.state()
    run = ansible_playbook(
        directory, ["-i", str(lab.inventory), "--extra-vars", json.dumps(given), f"remediation.windows_nic.{playbook}"]
    )
    rows = json.loads(report.read_text(encoding="utf-8"))["hosts"]
    return Played(run, {row["host"]: row for row in rows}, before, lab.state())


@pytest.fixture(scope="module")
def diagnosis(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Played:
    directory = tmp_path_factory.mktemp("diagnose")
    packets = {"udp_rx_offload_evidence_directory": str(directory / "packets")}
    return played(lab, directory, "diagnose", SAMPLE, packets)


@pytest.mark.parametrize("host", SAMPLE)
def test_every_cause_is_found(diagnosis: Played, host: str) -> None:
    expected = next(each.expect.diagnose for each in load_fleet(FLEET).hosts if each.name == host)
    assert expected is not None
    row = diagnosis.rows[host]
    assert (row["verdict"], row["reason"], row["confidence"]) == (
        expected.verdict,
        expected.reason,
        expected.confidence,
    )
    if expected.cause is not None:
        assert {probe["cause"] for probe in row["probes"]} == {expected.cause}
    assert row["changed"] is False


@pytest.mark.parametrize(
    ("host", "heard"),
    [
        ("i211", []),
        ("source-address", [True]),
        ("every-source-silent", [False, False]),
        ("other-adapter-hears", [True]),
        ("sources-not-usable", []),
    ],
)
def test_the_card_is_asked_from_every_address_that_windows_sends_from(
    diagnosis: Played, host: str, heard: list[bool]
) -> None:
    elsewhere = next(each["text"] for each in diagnosis.rows[host]["story"] if each["about"] == "Elsewhere")
    told = [text for text in elsewhere.split(". ") if text.startswith("From this host's address ")]
    assert [text.removesuffix(".").endswith(" it answered") for text in told] == heard


def test_nothing_is_changed_and_nothing_is_left_behind(diagnosis: Played) -> None:
    kept = ("adapters", "undo", "outcome", "tasks", "shells")
    for host in SAMPLE:
        before, after = diagnosis.before[host], diagnosis.after[host]
        assert {key: before.get(key) for key in kept} == {key: after.get(key) for key in kept}


def test_the_story_is_told_and_the_packets_are_saved(diagnosis: Played) -> None:
    story = {each["about"]: each["text"] for each in diagnosis.rows["i211"]["story"]}
    assert list(story) == ["Asked", "Elsewhere", "Way", "Packets", "Host", "So", "Next"]
    assert "dropped for their UDP checksum (reason 1203)" in story["Packets"]
    assert story["So"].startswith("Affected, proven (replies_marked_bad).")
    assert "From the controller it answered." in story["Elsewhere"]
    assert f"\n  Packets    {story['Packets'][:40]}" in diagnosis.run.stdout
    saved = Path(diagnosis.rows["i211"]["probes"][0]["pcap"])
    assert saved.read_bytes()[:4] in (
        b"\xd4\xc3\xb2\xa1",
        b"\xa1\xb2\xc3\xd4",
        b"\x4d\x3c\xb2\xa1",
        b"\xa1\xb2\x3c\x4d",
    )


def test_a_driver_that_is_proven_and_not_known_is_printed_as_a_rule(diagnosis: Played) -> None:
    printed = diagnosis.run.stdout.partition("udp_rx_offload_rules:\n")[2]
    rules = yaml.safe_load(printed.partition("\n[ERROR]")[0].partition("\n\n")[0])
    assert [(rule["pci"], rule["driver"], rule["class"]) for rule in rules] == [
        ("8086:15F3", "e2fexpress.sys", "confirmed")
    ]


@pytest.fixture(scope="module")
def remediation(lab: RunningLab, diagnosis: Played, tmp_path_factory: pytest.TempPathFactory) -> Played:
    given = {"udp_rx_offload_diagnose": True, "udp_rx_offload_max_fail_percentage": 100, "udp_rx_offload_wave": "100%"}
    return played(lab, tmp_path_factory.mktemp("remediate"), "remediate", (*CURED, *LEFT_ALONE), given)


@pytest.mark.parametrize("host", CURED)
def test_a_cure_of_what_the_packets_had_shown_is_proven(remediation: Played, host: str) -> None:
    row = remediation.rows[host]
    assert (row["verdict"], row["reason"], row["confidence"], row["changed"]) == (
        "remediated",
        "marks_gone",
        "proven",
        True,
    )


@pytest.mark.parametrize("host", LEFT_ALONE)
def test_a_host_with_another_cause_is_never_changed(remediation: Played, host: str) -> None:
    row = remediation.rows[host]
    assert (row["verdict"], row["changed"]) == ("other_cause", False)
    assert remediation.before[host]["adapters"] == remediation.after[host]["adapters"]


def test_the_addresses_of_the_adapter_on_the_way_are_asked_from_first(tmp_path: Path) -> None:
    """Sixteen at most are asked from; the lowest twenty are those of an adapter that explains nothing."""
    other = [{"address": f"10.0.0.{number}", "adapter": "Other"} for number in range(1, 21)]
    way = [{"address": f"192.0.2.{number}", "adapter": "Way"} for number in (7, 8, 9)]
    variables = {
        "ansible_connection": "local",
        "__udp_rx_offload_probe": {"probes": [{"source_address": "192.0.2.8", "path": {"adapter": "Way"}}]},
        "__udp_rx_offload_receive_path": {"receive_path": {"source_addresses": other + way}},
    }
    tasks = [
        {"ansible.builtin.include_vars": str(PROJECT_ROOT / "roles" / "udp_rx_offload" / "vars" / "main.yml")},
        {"ansible.builtin.debug": {"var": "__udp_rx_offload_other_sources"}},
    ]
    _word, result = play(tmp_path, {"host": variables}, tasks).results()["host"]
    assert result["__udp_rx_offload_other_sources"] == [
        *("192.0.2.7", "192.0.2.9"),
        *(each["address"] for each in other),
    ]
