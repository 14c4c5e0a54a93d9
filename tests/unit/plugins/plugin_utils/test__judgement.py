# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    BMC,
    CONTROL,
    DEAF_CONTROL,
    ERROR,
    FAILED,
    GUID,
    OTHER_GUID,
    SILENT,
    SKIPPED,
    UNREACHABLE,
    adapter,
    change,
    facts,
    not_cured,
    other_adapter,
    path,
    probe,
    probes,
    refused,
    undo_record,
)

AFFECTED: dict[str, Any] = {"facts": facts(), "probe": SILENT, "controls": [CONTROL]}
CHANGED: dict[str, Any] = {**AFFECTED, "change": change()}
CURED: dict[str, Any] = {**CHANGED, "probe_after": ANSWERED, "controls_after": [CONTROL]}
STILL_SILENT: dict[str, Any] = {**CHANGED, "probe_after": SILENT, "controls_after": [CONTROL]}

UNTOLD = change(restarted=False, restart_pending=None, undo=undo_record(restart_requested_at=None))
LOST = ("unreachable", "lost_in_change")
LOST_BEFORE = ("unreachable", "lost_before_change")
REFUSALS = (
    "guard_held",
    "guard_not_set",
    "guard_not_possible",
    "guard_not_removed",
    "restart_risky",
    "restart_not_allowed",
    "undone_by_guard",
)


def verdict(evidence: dict[str, Any], settings: Settings | None = None) -> tuple[str, str]:
    judged = judge(evidence, settings or Settings())
    return judged["verdict"], judged["reason"]


def test_the_whole_judgement_on_an_affected_host() -> None:
    assert judge(AFFECTED, Settings()) == {
        "verdict": "affected",
        "reason": "replies_dropped",
        "confidence": "likely",
        "sentence": "192.0.2.20 is silent here and answers elsewhere, the way to it works: "
        "Ethernet (e1r68x64.sys) drops its replies.",
        "next_step": "Run the remediate playbook.",
        "would_change": True,
        "changed": False,
        "to_change": [GUID],
        "to_undo": [],
        "to_repeat": [],
        "to_restore": [],
        "error": None,
        "adapters": [
            {
                "name": "Ethernet",
                "guid": GUID,
                "description": "Intel(R) I211 Gigabit Network Connection",
                "driver": "e1r68x64.sys 12.18.11.1",
                "physical": True,
                "pci": "8086:1539",
                "file": "e1r68x64.sys",
                "version": "12.18.11.1",
                "class": "confirmed",
                "state": "candidate",
                "earlier": "none",
                "drift": False,
                "change": "none",
                "guard": None,
                "side_effects": [],
            }
        ],
        "probes": [
            {
                "bmc": BMC,
                "address": BMC,
                "verdict": "affected",
                "reason": "replies_dropped",
                "confidence": "likely",
                "sentence": "192.0.2.20 is silent here and answers elsewhere, the way to it works: "
                "Ethernet (e1r68x64.sys) drops its replies.",
                "next_step": "Run the remediate playbook.",
                "way": "proven",
                "adapters": ["Ethernet"],
                "before": "no_answer",
                "control_before": "answers",
                "cause": "none",
                "pcap": None,
                "second_round": "none",
                "after": None,
                "control_after": None,
            }
        ],
        "preflight": None,
        "orphaned_records": [],
    }


def test_a_cure() -> None:
    judged = judge(CURED, Settings())
    assert (judged["verdict"], judged["confidence"], judged["changed"]) == ("remediated", "likely", True)
    assert (judged["would_change"], judged["to_change"], judged["to_undo"]) == (False, [], [])
    assert judged["adapters"][0]["change"] == "made"
    assert judged["probes"][0]["after"] == "answered"
    assert judged["probes"][0]["control_after"] == "answers"


def test_what_did_not_help_is_to_be_undone_and_then_is_undone() -> None:
    judged = judge(STILL_SILENT, Settings())
    assert (judged["verdict"], judged["reason"], judged["to_undo"]) == ("not_cured", "still_silent", [GUID])
    judged = judge({**STILL_SILENT, "undo": change()}, Settings())
    assert (judged["verdict"], judged["reason"], judged["to_undo"]) == ("not_cured", "still_silent", [])
    assert judged["changed"] is True
    assert judged["adapters"][0]["change"] == "undone"
    judged = judge({**STILL_SILENT, "undo": change(changed=False)}, Settings())
    assert judged["adapters"][0]["change"] == "made"


OTHER_BMC = "192.0.2.21"
BOTH: dict[str, Any] = {
    **CHANGED,
    "probe": probes(probe("no_answer"), probe("no_answer", bmc=OTHER_BMC)),
    "controls": [probes(probe(path=None), probe(bmc=OTHER_BMC, path=None))],
    "controls_after": [probes(probe(path=None), probe(bmc=OTHER_BMC, path=None))],
}


@pytest.mark.parametrize("heard", [["answered"] * 3, ["no_answer", "answered", "no_answer"]])
def test_a_change_that_made_one_bmc_heard_is_kept_for_the_sake_of_it(heard: list[str]) -> None:
    after = probes(probe("answered", attempt_outcomes=heard), probe("no_answer", bmc=OTHER_BMC))
    judged = judge({**BOTH, "probe_after": after}, Settings())
    assert judged["to_undo"] == []
    assert (judged["probes"][1]["verdict"], judged["probes"][1]["reason"]) == ("inconclusive", "cured_elsewhere")
    assert judged["verdict"] == "inconclusive"


def test_a_change_that_helped_no_bmc_is_undone() -> None:
    after = probes(probe("no_answer"), probe("no_answer", bmc=OTHER_BMC))
    judged = judge({**BOTH, "probe_after": after}, Settings())
    assert (judged["verdict"], judged["to_undo"]) == ("not_cured", [GUID])


def test_a_change_for_one_bmc_says_nothing_about_another_adapter() -> None:
    evidence = {
        **BOTH,
        "facts": facts(adapter(), other_adapter(class_="confirmed")),
        "probe": probes(probe("no_answer"), probe("no_answer", bmc=OTHER_BMC, path=path(physical=["Ethernet 2"]))),
        "change": {
            "changed": True,
            "adapters": [*change()["adapters"], *change(name="Ethernet 2", guid=OTHER_GUID)["adapters"]],
        },
        "probe_after": probes(probe(), probe("no_answer", bmc=OTHER_BMC, path=path(physical=["Ethernet 2"]))),
    }
    judged = judge(evidence, Settings())
    assert (judged["verdict"], judged["to_undo"]) == ("not_cured", [OTHER_GUID])


@pytest.mark.parametrize("way", [None, path(neighbour=None), path(physical=["Ethernet 2"])])
def test_a_host_whose_way_did_not_come_back_keeps_its_change(way: dict[str, Any] | None) -> None:
    judged = judge({**STILL_SILENT, "probe_after": probes(probe("no_answer", path=way))}, Settings())
    assert (judged["verdict"], judged["reason"], judged["to_undo"]) == ("inconclusive", "way_lost", [])


@pytest.mark.parametrize("active", ["rx", "rx_tx"])
def test_a_change_that_is_not_in_force_proves_nothing(active: str) -> None:
    unconfirmed = change(confirmed=False, restart_pending=True, after={"configured": "tx", "active": active})
    judged = judge({**STILL_SILENT, "change": unconfirmed}, Settings())
    assert (judged["verdict"], judged["reason"], judged["to_undo"]) == ("inconclusive", "not_in_force", [])
    assert "Restart the host" in judged["next_step"]


def test_a_driver_that_does_not_tell_is_judged_by_its_probe() -> None:
    untold = change(confirmed=False, restart_pending=None, after={"configured": "tx", "active": None})
    assert verdict({**STILL_SILENT, "change": untold}) == ("not_cured", "still_silent")


def test_an_adapter_whose_undo_record_is_unreadable_is_left_alone() -> None:
    evidence = {**AFFECTED, "facts": facts(adapter(undo={"error": ERROR}))}
    for mode in ("prove", "enforce", "report"):
        judged = judge(evidence, Settings(mode=mode))  # type: ignore[arg-type]
        assert (judged["verdict"], judged["reason"]) == ("unknown", "undo_record_unreadable")
        assert (judged["would_change"], judged["to_change"]) == (False, [])


def test_an_adapter_that_did_not_help_is_not_changed_again() -> None:
    evidence = {**AFFECTED, "facts": facts(adapter(outcome=not_cured()))}
    judged = judge(evidence, Settings())
    assert (judged["verdict"], judged["reason"]) == ("not_cured", "earlier")
    assert (judged["would_change"], judged["to_change"]) == (False, [])
    assert judge(evidence, Settings(mode="enforce"))["to_change"] == []
    assert judge(evidence, Settings(retry=True))["to_change"] == [GUID]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        # The way to another day.
        ({"facts": facts()}, ("at_risk", "no_bmc")),
        ({"facts": facts(), "probe": SKIPPED}, ("at_risk", "no_bmc")),
        ({"facts": facts(other_adapter())}, ("unknown", "no_bmc")),
        ({"facts": facts(), "probe": ANSWERED}, ("at_risk", "answers")),
        ({"facts": facts(), "probe": probes(probe("probe_unavailable"))}, ("at_risk", "probe_unavailable")),
        # Controls.
        ({**AFFECTED, "controls": []}, ("suspicious", "no_control")),
        ({**AFFECTED, "controls": [SKIPPED]}, ("suspicious", "no_control")),
        ({**AFFECTED, "controls": [UNREACHABLE, FAILED]}, ("suspicious", "no_control")),
        ({**AFFECTED, "controls": [DEAF_CONTROL]}, ("bmc_silent", "silent_everywhere")),
        ({**AFFECTED, "controls": [DEAF_CONTROL, CONTROL]}, ("affected", "replies_dropped")),
        ({**AFFECTED, "controls": [probes(probe("answered", bmc="192.0.2.99"))]}, ("suspicious", "no_control")),
        # The way through another adapter than the candidate.
        (
            {
                "facts": facts(adapter(), other_adapter()),
                "probe": probes(probe("no_answer", path=path(physical=["Ethernet 2"]))),
                "controls": [CONTROL],
            },
            ("other_cause", "adapter_not_known"),
        ),
        # Earlier runs.
        (
            {"facts": facts(adapter(configured="tx", active="tx", undo=undo_record())), "probe": ANSWERED},
            ("remediated", "earlier"),
        ),
        ({"facts": facts(adapter(configured="tx", active="tx")), "probe": ANSWERED}, ("healthy", "offload_off")),
        # Changes of this run.
        (CHANGED, ("inconclusive", "not_verified")),
        ({**CHANGED, "probe_after": FAILED}, ("inconclusive", "not_verified")),
        ({**CHANGED, "change": change(restarted=False, restart_pending=True)}, ("restart_pending", "restart_left")),
        ({**CHANGED, "change": UNTOLD}, ("restart_pending", "restart_left")),
        ({**CHANGED, "change": change(restarted=False, restart_pending=False)}, ("inconclusive", "not_verified")),
        ({**CHANGED, "change": change(restart_pending=None)}, ("inconclusive", "not_verified")),
        ({**CHANGED, "change": change(changed=False)}, ("affected", "replies_dropped")),
        ({**CURED, "change": change(confirmed=False, restart_pending=True)}, ("remediated", "cured")),
    ],
)
def test_verdicts(evidence: dict[str, Any], expected: tuple[str, str]) -> None:
    assert verdict(evidence) == expected


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ({}, ("unknown", "host_unreadable")),
        ({"facts": SKIPPED}, ("unknown", "host_unreadable")),
        ({"facts": FAILED}, ("unknown", "host_unreadable")),
        ({"facts": UNREACHABLE}, ("unreachable", "host_unreachable")),
        ({"facts": {"changed": False, "msg": "Unexpected failure"}}, ("unknown", "host_unreadable")),
        ({"facts": facts(), "probe": FAILED}, ("unknown", "host_unreadable")),
        ({"facts": facts(), "probe": UNREACHABLE}, ("unreachable", "host_unreachable")),
        ({**AFFECTED, "change": FAILED}, ("unknown", "host_unreadable")),
        ({**AFFECTED, "change": {**FAILED, **change(), "error": ERROR}}, ("unknown", "host_unreadable")),
        ({**AFFECTED, "change": UNREACHABLE}, ("unreachable", "lost_before_change")),
        ({**AFFECTED, "change": {**UNREACHABLE, **change(changed=False), "changed": False}}, LOST_BEFORE),
        ({**AFFECTED, "change": {**change(restarted=False), **UNREACHABLE, "changed": True}}, LOST),
        ({**AFFECTED, "undo": UNREACHABLE}, LOST_BEFORE),
        ({**AFFECTED, "undo": {**UNREACHABLE, "changed": True}}, LOST),
        ({**CHANGED, "probe_after": UNREACHABLE}, ("unreachable", "lost_in_change")),
        ({**STILL_SILENT, "undo": UNREACHABLE}, ("unreachable", "lost_in_change")),
        ({**STILL_SILENT, "undo": FAILED}, ("unknown", "not_restored")),
        ({**STILL_SILENT, "undo": refused("restart_risky")}, ("unknown", "not_restored")),
        ({**STILL_SILENT, "undo": refused("undone_by_guard", changed=True)}, ("unknown", "undone_by_guard")),
        ({**STILL_SILENT, "undo": refused("guard_not_removed", changed=True)}, ("unknown", "guard_not_removed")),
        ({**AFFECTED, "change": refused("undone_by_guard", changed=True)}, ("unknown", "undone_by_guard")),
        ({**AFFECTED, "change": refused("guard_not_removed", changed=True)}, ("unknown", "guard_not_removed")),
        ({**AFFECTED, "change": refused("guard_not_set", changed=True)}, ("unknown", "host_unreadable")),
        ({**AFFECTED, "facts": refused("restart_risky")}, ("unknown", "host_unreadable")),
    ],
)
def test_results_that_are_none(evidence: dict[str, Any], expected: tuple[str, str]) -> None:
    judged = judge(evidence, Settings())
    assert (judged["verdict"], judged["reason"]) == expected
    assert (judged["would_change"], judged["to_change"], judged["to_undo"], judged["probes"]) == (False, [], [], [])


def test_errors_are_handed_on_with_their_message() -> None:
    judged = judge({"facts": FAILED}, Settings())
    assert judged["error"] == ERROR
    assert judged["sentence"] == (
        "The host could not be judged: root/standardcimv2: access denied; expected the right to read."
    )
    assert judged["next_step"] == "Grant it."
    assert judge({"facts": {"msg": "Unexpected failure"}}, Settings())["error"] == {"seen": "Unexpected failure"}
    assert judge({"facts": UNREACHABLE}, Settings())["error"] is None


def test_a_host_lost_in_a_change_is_told_of_with_the_adapter() -> None:
    judged = judge({**CHANGED, "probe_after": UNREACHABLE}, Settings())
    assert judged["changed"] is True
    assert judged["sentence"].startswith("The host did not come back from the change of Ethernet (e1r68x64.sys): ")


def test_partial_results_of_a_failed_change_count_as_changed() -> None:
    assert judge({**AFFECTED, "change": {**change(), "error": ERROR, "msg": "no"}}, Settings())["changed"] is True


def test_several_bmcs_have_a_verdict_each_and_the_topmost_speaks() -> None:
    other = "192.0.2.21"
    evidence = {
        "facts": facts(adapter(), other_adapter()),
        "probe": probes(probe("answered", bmc=other, path=path(physical=["Ethernet 2"])), probe("no_answer")),
        "controls": [CONTROL],
    }
    judged = judge(evidence, Settings())
    assert [(each["bmc"], each["verdict"]) for each in judged["probes"]] == [(other, "at_risk"), (BMC, "affected")]
    assert (judged["verdict"], judged["to_change"]) == ("affected", [GUID])
    assert judged["sentence"].startswith(BMC)


def test_a_second_bmc_is_looked_up_by_name_after_the_change() -> None:
    other = "card.example"
    evidence = {
        **CURED,
        "probe": probes(probe("no_answer"), probe("answered", bmc=other)),
        "probe_after": probes(probe("answered", bmc=other), probe("answered")),
    }
    judged = judge(evidence, Settings())
    assert [each["verdict"] for each in judged["probes"]] == ["remediated", "enforced"]
    assert judged["verdict"] == "remediated"


def test_enforce_takes_every_candidate_and_prove_those_on_the_way() -> None:
    second = other_adapter(class_="confirmed")
    evidence = {
        **AFFECTED,
        "facts": facts(adapter(), second, adapter(guid="{3}", name="Ethernet 3", class_="suspected")),
    }
    assert judge(evidence, Settings())["to_change"] == [GUID]
    assert judge(evidence, Settings(mode="enforce"))["to_change"] == [GUID, OTHER_GUID]
    assert judge({"facts": facts(adapter(), second)}, Settings(mode="enforce"))["to_change"] == [GUID, OTHER_GUID]
    assert judge({"facts": facts(adapter(), second)}, Settings())["to_change"] == []


def test_report_says_what_prove_would_do() -> None:
    judged = judge(AFFECTED, Settings(mode="report"))
    assert (judged["would_change"], judged["to_change"]) == (True, [GUID])


def test_a_host_whose_restart_is_not_allowed_keeps_its_verdict() -> None:
    evidence = {**AFFECTED, "facts": facts(adapter(carries_management=True))}
    judged = judge(evidence, Settings(guard="never"))
    assert (judged["verdict"], judged["reason"]) == ("affected", "restart_unguarded")
    assert (judged["would_change"], judged["to_change"]) == (False, [])
    assert "udp_rx_offload_allow_unguarded_restart" in judged["next_step"]
    assert judge(evidence, Settings(guard="never", allow_unguarded_restart=True))["to_change"] == [GUID]
    assert judge(evidence, Settings())["to_change"] == [GUID]


def test_the_global_switch_is_taken_from_the_facts() -> None:
    assert verdict({"facts": facts(task_offload="disabled"), "probe": ANSWERED}) == ("at_risk", "dormant")


result = st.sampled_from(
    [
        *(None, SKIPPED, FAILED, UNREACHABLE, SILENT, ANSWERED, DEAF_CONTROL, change(), facts(), {}),
        *(refused(code, changed=changed) for code in REFUSALS for changed in (False, True)),
        facts(adapter(configured="tx", active="tx", undo=undo_record(outcome=None))),
    ]
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("facts", "probe", "change", "probe_after", "undo"), result),
            "controls": st.lists(result, max_size=2),
            "controls_after": st.lists(result, max_size=2),
        },
    ),
    st.sampled_from(["report", "prove", "enforce"]),
)
def test_whatever_was_registered_there_is_a_judgement(evidence: dict[str, Any], mode: Any) -> None:
    judged = judge(evidence, Settings(mode=mode))
    assert judged["verdict"]
    assert judged["sentence"]
    assert judged["would_change"] == bool(judged["to_change"])
