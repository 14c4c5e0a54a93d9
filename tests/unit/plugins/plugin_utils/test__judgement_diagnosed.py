# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judgements on hosts that were looked at more closely."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    BMC,
    CONTROL,
    DEAF_CONTROL,
    FAILED,
    GUID,
    SILENT,
    SKIPPED,
    UNREACHABLE,
    adapter,
    change,
    drops,
    facts,
    other_adapter,
    path,
    probe,
    probes,
    receive_path,
    sources,
    undo_record,
)

NPCAP = {"adapters": ["Ethernet"], "version": "0.93", "runs": True, "overrides_offload": True}
NPCAP_OF_UNKNOWN_VERSION = {**NPCAP, "version": None, "overrides_offload": None}


def judged(**evidence: Any) -> dict[str, Any]:
    return judge({"facts": facts(), "probe": SILENT, **evidence}, Settings())


def found(**evidence: Any) -> tuple[str, str, str]:
    result = judged(**evidence)
    return result["verdict"], result["reason"], result["confidence"]


def test_packets_prove_the_fault_though_nobody_else_reaches_the_bmc() -> None:
    result = judged(drops=drops("driver_marked_bad", pcap="packets/a.pcap"))
    assert (result["verdict"], result["reason"], result["confidence"]) == ("affected", "replies_marked_bad", "proven")
    assert (result["would_change"], result["to_change"]) == (True, [GUID])
    assert result["sentence"] == (
        "192.0.2.20 answers, and its replies reach this host: Ethernet (e1r68x64.sys) marks them bad, so that Windows"
        " drops them. What the packets show."
    )
    assert (result["probes"][0]["cause"], result["probes"][0]["pcap"]) == ("driver_marked_bad", "packets/a.pcap")


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("corrupt_reply", ("other_cause", "corrupt_reply", "proven")),
        ("firewall", ("other_cause", "firewall", "proven")),
        ("no_listener", ("other_cause", "late_reply", "proven")),
        ("nothing_arrived", ("other_cause", "nothing_arrived", "proven")),
        ("other", ("unknown", "lost_in_host", "none")),
        ("answered", ("unknown", "answered_later", "none")),
    ],
)
def test_a_host_with_another_cause_is_left_alone(cause: str, expected: tuple[str, str, str]) -> None:
    result = judged(controls=[CONTROL], drops=drops(cause))
    assert (result["verdict"], result["reason"], result["confidence"]) == expected
    assert (result["would_change"], result["to_change"]) == (False, [])
    assert result["sentence"].endswith(". What the packets show.")


@pytest.mark.parametrize("result", [drops("unavailable"), FAILED, SKIPPED, None, drops("firewall", bmc="192.0.2.99")])
def test_without_evidence_the_verdict_is_that_of_the_assessment(result: Any) -> None:
    assert found(controls=[CONTROL], drops=result, receive_path=FAILED, sources=SKIPPED) == found(controls=[CONTROL])
    assert "What the packets show" not in judged(controls=[CONTROL], drops=result)["sentence"]


@pytest.mark.parametrize("step", ["receive_path", "drops"])
def test_a_host_that_is_lost_while_it_is_looked_at_is_unreachable(step: str) -> None:
    assert found(controls=[CONTROL], **{step: UNREACHABLE}) == ("unreachable", "host_unreachable", "proven")


def test_a_cure_of_what_the_packets_had_shown_is_proven() -> None:
    evidence = {"drops": drops("driver_marked_bad"), "change": change(), "probe_after": ANSWERED}
    assert found(**evidence) == ("remediated", "marks_gone", "proven")
    assert found(**evidence, controls=[CONTROL], controls_after=[CONTROL]) == ("remediated", "marks_gone", "proven")


def test_an_answer_to_another_address_of_the_adapter_clears_its_driver() -> None:
    evidence = {
        "controls": [CONTROL],
        "receive_path": receive_path(),
        "sources": sources(probe("answered", source_address="192.0.2.11")),
    }
    assert found(**evidence) == ("other_cause", "source_address", "likely")
    elsewhere = {**evidence, "sources": sources(probe("answered", source_address="198.51.100.10"))}
    assert found(**elsewhere) == ("affected", "replies_dropped", "likely")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"task_offload": "disabled"}, ("unknown", "offload_overridden", "none")),
        ({"npcap": NPCAP}, ("unknown", "offload_overridden", "none")),
        ({"npcap": NPCAP_OF_UNKNOWN_VERSION}, ("unknown", "offload_overridden", "none")),
        ({"npcap": {**NPCAP, "overrides_offload": False}}, ("healthy", "answers", "proven")),
        ({"npcap": {**NPCAP, "adapters": ["Ethernet 2"]}}, ("healthy", "answers", "proven")),
        ({}, ("healthy", "answers", "proven")),
    ],
)
def test_an_answer_proves_nothing_while_something_else_switches_the_offload_off(
    more: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert found(facts=facts(adapter(class_="unknown"), **more), probe=ANSWERED) == expected


@pytest.mark.parametrize("more", [{"task_offload": "disabled"}, {"npcap": NPCAP}])
def test_a_candidate_whose_offload_is_overridden_is_dormant(more: dict[str, Any]) -> None:
    assert found(facts=facts(**more), probe=ANSWERED) == ("at_risk", "dormant", "possible")
    assert found(facts=facts(**more), controls=[CONTROL]) == ("other_cause", "offload_off", "likely")


def test_a_candidate_stays_one_where_nobody_knows_whether_npcap_overrides_it() -> None:
    read = facts(npcap=NPCAP_OF_UNKNOWN_VERSION)
    assert found(facts=read, controls=[CONTROL]) == ("affected", "replies_dropped", "likely")
    assert found(facts=read, probe=ANSWERED) == ("at_risk", "answers", "possible")


def test_a_change_of_an_earlier_run_is_not_called_the_cure_then() -> None:
    changed = adapter(configured="tx", active="tx", undo=undo_record())
    assert found(facts=facts(changed), probe=ANSWERED) == ("remediated", "earlier", "likely")
    assert found(facts=facts(changed, npcap=NPCAP), probe=ANSWERED) == ("unknown", "offload_overridden", "none")


def test_only_adapters_on_the_way_count() -> None:
    read = facts(adapter(class_="unknown"), other_adapter(), npcap={**NPCAP, "adapters": ["Ethernet 2"]})
    assert found(facts=read, probe=ANSWERED) == ("healthy", "answers", "proven")
    through = probes(probe("answered", path=path(physical=["Ethernet 2"])))
    assert found(facts=read, probe=through) == ("unknown", "offload_overridden", "none")
    assert found(facts=read, probe=probes(probe("answered", path=None))) == ("unknown", "offload_overridden", "none")


def test_each_bmc_has_its_own_packets() -> None:
    second = "192.0.2.21"
    asked = probes(probe("no_answer"), probe("no_answer", bmc=second))
    both = {"evidence": [*drops("nothing_arrived")["evidence"], *drops("driver_marked_bad", bmc=second)["evidence"]]}
    result = judged(probe=asked, controls=[DEAF_CONTROL], drops=both)
    assert {each["bmc"]: each["reason"] for each in result["probes"]} == {
        BMC: "silent_everywhere",
        second: "replies_marked_bad",
    }
    assert (result["verdict"], result["confidence"]) == ("affected", "proven")
