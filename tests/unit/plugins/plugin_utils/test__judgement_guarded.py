# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judgements on changes that were refused, undone, left half done, or taken back by somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    BMC,
    CONTROL,
    GUID,
    OTHER_GUID,
    SILENT,
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
HALF_DONE = adapter(configured="tx", active="tx", undo=undo_record(outcome=None))
NOT_RESTARTED = adapter(configured="tx", undo=undo_record(outcome=None, restart_requested_at=None))
DRIFTED = adapter(undo=undo_record(drift=True))
OTHER_BMC = "192.0.2.21"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("guard_held", "guard_held"),
        ("guard_not_set", "guard_not_set"),
        ("guard_not_possible", "guard_not_possible"),
        ("guard_not_removed", "guard_in_the_way"),
        ("restart_risky", "restart_risky"),
        ("restart_not_allowed", "restart_unguarded"),
        ("write_restarts", "write_restarts"),
    ],
)
def test_a_refused_change_keeps_the_verdict_of_the_assessment(code: str, reason: str) -> None:
    result = refused(code)
    judged = judge({**AFFECTED, "change": result}, Settings())
    assert (judged["verdict"], judged["reason"], judged["changed"]) == ("affected", reason, False)
    assert (judged["would_change"], judged["to_change"]) == (False, [])
    assert judged["error"] == result["error"]
    assert judged["probes"][0]["before"] == "no_answer"
    # The next step speaks of the role's variables, not of the module's options.
    assert "option of the module" not in judged["next_step"]
    assert judge({**AFFECTED, "controls": [], "change": result}, Settings())["verdict"] == "suspicious"


def test_the_sentence_tells_what_speaks_against_the_restart() -> None:
    judged = judge({**AFFECTED, "change": refused("restart_risky")}, Settings())
    assert judged["sentence"].endswith("since its restart may do harm: what speaks against it.")
    assert "udp_rx_offload_accept_risks" in judged["next_step"]


def test_a_host_that_its_guard_brought_back() -> None:
    result = refused("undone_by_guard", **{**change(restarted=True), "changed": True})
    judged = judge({**AFFECTED, "change": result}, Settings())
    assert (judged["verdict"], judged["reason"], judged["changed"]) == ("unknown", "undone_by_guard", True)
    assert judged["sentence"] == (
        "The restart of Ethernet (e1r68x64.sys) cut this host off; the guard on it brought it back, with the value"
        " from before."
    )
    assert "udp_rx_offload_retry" in judged["next_step"]
    assert judged["error"]["code"] == "undone_by_guard"


def test_a_change_whose_guard_stays_says_how_to_go_on() -> None:
    judged = judge({**AFFECTED, "change": refused("guard_not_removed", **{**change(), "changed": True})}, Settings())
    assert (judged["verdict"], judged["reason"], judged["changed"]) == ("unknown", "guard_not_removed", True)
    assert judged["next_step"] == "Accept it with an option of the module."


def test_what_cut_the_host_off_is_left_alone_until_the_driver_changes_or_it_is_asked_for() -> None:
    undone = not_cured(outcome="undone_by_guard")
    evidence = {**AFFECTED, "facts": facts(adapter(outcome=undone))}
    for mode in ("prove", "enforce", "report"):
        judged = judge(evidence, Settings(mode=mode))  # type: ignore[arg-type]
        assert (judged["verdict"], judged["reason"]) == ("affected", "undone_earlier")
        assert (judged["would_change"], judged["to_change"]) == (False, [])
    assert judge(evidence, Settings(retry=True))["to_change"] == [GUID]
    newer = {**AFFECTED, "facts": facts(adapter(outcome=not_cured("12.17.0.0", outcome="undone_by_guard")))}
    assert judge(newer, Settings())["to_change"] == [GUID]


def test_enforce_changes_the_others_beside_an_adapter_that_cut_the_host_off() -> None:
    undone = adapter(outcome=not_cured(outcome="undone_by_guard"))
    evidence = {**AFFECTED, "facts": facts(undone, other_adapter(class_="confirmed"))}
    assert judge(evidence, Settings(mode="enforce"))["to_change"] == [OTHER_GUID]


@pytest.mark.parametrize("facts_of", [HALF_DONE, NOT_RESTARTED])
@pytest.mark.parametrize("heard", [SILENT, ANSWERED, {}])
@pytest.mark.parametrize("mode", ["prove", "enforce", "report"])
def test_a_change_that_broke_off_is_to_be_finished(facts_of: dict[str, Any], heard: dict[str, Any], mode: Any) -> None:
    judged = judge({"facts": facts(facts_of), "probe": heard, "controls": [CONTROL]}, Settings(mode=mode))
    assert (judged["verdict"], judged["reason"]) == ("inconclusive", "unfinished")
    assert (judged["would_change"], judged["to_change"]) == (True, [GUID])


def test_a_change_that_broke_off_is_finished_whatever_the_way_to_the_bmc() -> None:
    other_way = probes(probe("no_answer", path=path(physical=["Ethernet 2"])))
    evidence = {
        "facts": facts(HALF_DONE, other_adapter(class_="confirmed")),
        "probe": other_way,
        "controls": [CONTROL],
    }
    judged = judge(evidence, Settings())
    # The other adapter is judged once this one is done.
    assert (judged["reason"], judged["to_change"]) == ("unfinished", [GUID])


def test_what_a_finished_change_ends_in() -> None:
    finished = change(restarted=False, restart_pending=False)
    heard = {"facts": facts(HALF_DONE), "probe": ANSWERED, "change": finished}
    assert judge({**heard, "probe_after": ANSWERED}, Settings())["reason"] == "finished"
    silent = {"facts": facts(NOT_RESTARTED), "probe": SILENT, "controls": [CONTROL], "change": change()}
    cured = {**silent, "probe_after": ANSWERED, "controls_after": [CONTROL]}
    assert judge(cured, Settings())["reason"] == "cured"
    useless = {**silent, "probe_after": SILENT, "controls_after": [CONTROL]}
    assert judge(useless, Settings())["to_undo"] == [GUID]


@pytest.mark.parametrize(
    ("undo", "made"), [(undo_record(), "made"), (undo_record(restart_requested_at=None), "pending"), (None, "pending")]
)
def test_a_driver_that_does_not_tell_was_restarted_if_its_record_says_so(undo: Any, made: str) -> None:
    untold = change(restarted=False, restart_pending=None, after={"configured": "tx", "active": None}, undo=undo)
    judged = judge({"facts": facts(HALF_DONE), "change": untold}, Settings())
    assert judged["adapters"][0]["change"] == made


def test_a_change_that_broke_off_and_is_held_by_another_run() -> None:
    judged = judge({"facts": facts(HALF_DONE), "probe": ANSWERED, "change": refused("guard_held")}, Settings())
    assert (judged["verdict"], judged["reason"], judged["changed"]) == ("inconclusive", "guard_held", False)


@pytest.mark.parametrize(
    ("evidence", "verdict", "would_change"),
    [
        ({"probe": SILENT, "controls": [CONTROL]}, "affected", True),
        ({"probe": SILENT}, "suspicious", True),
        ({"probe": ANSWERED}, "at_risk", False),
        ({}, "at_risk", False),
    ],
)
def test_drift(evidence: dict[str, Any], verdict: str, would_change: bool) -> None:
    judged = judge({"facts": facts(DRIFTED), **evidence}, Settings())
    assert (judged["verdict"], judged["reason"], judged["would_change"]) == (verdict, "drift", would_change)
    assert judged["adapters"][0]["drift"] is True
    assert "is on again" in judged["sentence"]


def test_drift_that_is_repaired_is_a_cure_like_any_other() -> None:
    evidence = {
        "facts": facts(DRIFTED),
        "probe": SILENT,
        "controls": [CONTROL],
        "change": change(),
        "probe_after": ANSWERED,
        "controls_after": [CONTROL],
    }
    judged = judge(evidence, Settings())
    assert (judged["verdict"], judged["reason"]) == ("remediated", "cured")


def test_a_restore_that_waits_for_its_restart_is_no_dormant_fault() -> None:
    restored = adapter(active="tx", undo=undo_record(written="rx_tx", restart_requested_at=None))
    for heard in (SILENT, ANSWERED):
        judged = judge({"facts": facts(restored), "probe": heard, "controls": [CONTROL]}, Settings())
        assert (judged["verdict"], judged["reason"]) == ("restart_pending", "restore_left")
        assert judged["sentence"].startswith("The original value of Ethernet (e1r68x64.sys) is back")


@pytest.mark.parametrize("lost", [UNREACHABLE, {**UNREACHABLE, **change(changed=False), "changed": False}])
def test_a_host_lost_before_its_change_is_told_of_with_the_adapter(lost: dict[str, Any]) -> None:
    judged = judge({**AFFECTED, "change": lost}, Settings())
    assert judged["sentence"].startswith(
        "The host was lost before anything of Ethernet (e1r68x64.sys) was changed: 192.0.2.1: timed out"
    )
    assert judged["changed"] is False


def test_a_value_that_was_not_put_back_names_the_adapter_and_the_message() -> None:
    judged = judge({**AFFECTED, "undo": refused("restart_risky", **change(changed=False))}, Settings())
    assert judged["sentence"] == (
        "The original value of Ethernet (e1r68x64.sys) was not put back: "
        "adapter Ethernet: what speaks against it; expected nothing."
    )


def test_what_was_found_around_the_restart_is_handed_on() -> None:
    finding = {"code": "public_profile", "adapter": "Ethernet", "sentence": "It may.", "override": "x"}
    unread = {"what": "routes", "code": "access_denied", "why": "denied"}
    guard = {"task": "remediation.windows_nic guard", "state": "removed"}
    effect = {"what": "rss", "before": "on", "after": "off"}
    result = {
        **change(guard=guard, side_effects=[effect]),
        "preflight": {"findings": [finding], "not_read": [unread]},
    }
    undone = {**change(), "preflight": {"findings": [], "not_read": [unread]}}
    judged = judge({**AFFECTED, "change": result}, Settings())
    assert judged["preflight"] == {"findings": [finding], "not_read": [unread]}
    assert (judged["adapters"][0]["guard"], judged["adapters"][0]["side_effects"]) == (guard, [effect])
    both = judge({**AFFECTED, "change": result, "probe_after": SILENT, "undo": undone}, Settings())
    assert both["preflight"] == {"findings": [finding], "not_read": [unread]}


def test_records_of_adapters_that_are_gone_are_handed_on() -> None:
    orphan = {**undo_record(), "guid": OTHER_GUID, "adapter": "Old"}
    assert judge({"facts": facts(orphans=[orphan])}, Settings())["orphaned_records"] == [orphan]


def test_of_several_bmcs_each_has_the_reason_of_the_refusal() -> None:
    evidence = {
        "facts": facts(),
        "probe": probes(probe("no_answer"), probe("no_answer", bmc=OTHER_BMC)),
        "controls": [probes(probe(path=None), probe(bmc=OTHER_BMC, path=None))],
        "change": refused("guard_not_set"),
    }
    judged = judge(evidence, Settings())
    assert [(each["bmc"], each["reason"]) for each in judged["probes"]] == [
        (BMC, "guard_not_set"),
        (OTHER_BMC, "guard_not_set"),
    ]
