# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._second_round import note
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    BMC,
    CONTROL,
    DEAF_CONTROL,
    FAILED,
    GUID,
    OTHER_GUID,
    SILENT,
    UNREACHABLE,
    adapter,
    change,
    drops,
    facts,
    other_adapter,
    path,
    probe,
    probes,
    refused,
)

OTHER_BMC = "192.0.2.21"
BACK_ON = change(before={"configured": "tx", "active": "tx"}, after={"configured": "rx_tx", "active": "rx_tx"})
CURED: dict[str, Any] = {
    "facts": facts(),
    "probe": SILENT,
    "controls": [CONTROL],
    "change": change(),
    "probe_after": ANSWERED,
    "controls_after": [CONTROL],
}
ON: dict[str, Any] = {**CURED, "on": BACK_ON}
SILENT_ON: dict[str, Any] = {**ON, "probe_on": SILENT, "controls_on": [CONTROL]}
HEARD_ON: dict[str, Any] = {**ON, "probe_on": ANSWERED, "controls_on": [CONTROL]}
OFF_AGAIN: dict[str, Any] = {**SILENT_ON, "off_again": change()}
TWICE: dict[str, Any] = {**OFF_AGAIN, "probe_again": ANSWERED, "controls_again": [CONTROL]}
CURED_AS_BEFORE = ("remediated", "cured", "likely")
BEGUN = ("inconclusive", "second_round_begun", "none")


def judged(evidence: dict[str, Any]) -> tuple[str, str, str]:
    found = judge(evidence, Settings())
    return found["verdict"], found["reason"], found["confidence"]


def next_of(evidence: dict[str, Any]) -> tuple[list[str], list[str]]:
    found = judge(evidence, Settings())
    assert found["to_undo"] == []
    return found["to_repeat"], found["to_restore"]


def test_a_full_proof_from_step_to_step() -> None:
    assert (judged(CURED), next_of(CURED)) == (CURED_AS_BEFORE, ([GUID], []))
    assert (judged(ON), next_of(ON)) == (BEGUN, ([GUID], []))
    assert judge(ON, Settings())["adapters"][0]["change"] == "undone"
    assert (judged(SILENT_ON), next_of(SILENT_ON)) == (BEGUN, ([GUID], []))
    assert (judged(OFF_AGAIN)[1], next_of(OFF_AGAIN)) == ("not_repeated", ([], []))
    assert (judged(TWICE), next_of(TWICE)) == (("remediated", "proven_twice", "proven"), ([], []))
    whole = judge(TWICE, Settings())
    assert whole["adapters"][0]["change"] == "made"
    assert whole["probes"][0]["second_round"] == "twice"
    assert whole["sentence"] == (
        "192.0.2.20 was silent, answered with receive offload of Ethernet (e1r68x64.sys) off, was silent with it on"
        " again, and answers with it off again; elsewhere it answered throughout."
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"controls": []},
        {"controls_on": []},
        {"controls_again": []},
        {"controls": [], "controls_after": [], "controls_on": [], "controls_again": []},
    ],
)
def test_a_control_that_is_missing_once(changed: dict[str, Any]) -> None:
    assert judged({**TWICE, **changed}) == ("remediated", "twice_without_control", "likely")


@pytest.mark.parametrize(
    "while_on",
    [
        # Others did not hear it either.
        {"controls_on": [DEAF_CONTROL]},
        # Nothing says that the host reached it, or that it did so through that adapter.
        {"probe_on": probes(probe("no_answer", path=None))},
        {"probe_on": probes(probe("no_answer", path=path(neighbour=None)))},
        {"probe_on": probes(probe("no_answer", path=path(physical=["Ethernet 2"])))},
        # One answer of three.
        {"probe_on": probes(probe(attempt_outcomes=["answered", "no_answer", "no_answer"]))},
        {"probe_on": probes(probe("no_answer", attempts=2, silent=False))},
        {"probe_on": probes(probe("probe_unavailable"))},
        {"probe_on": {"msg": "failed"}},
        {"probe_on": {}},
        # Its driver says that receive offload was off all the while.
        {"on": change(after={"configured": "rx_tx", "active": "tx"})},
        # It answers here and nowhere else.
        {"controls_again": [DEAF_CONTROL]},
        # The answers came by another way.
        {"probe_after": probes(probe(path=path(physical=["Ethernet 2"])))},
        {"probe_again": probes(probe(path=path(physical=["Ethernet 2"])))},
        {"probe_again": probes(probe(path=None))},
        # It was off when the BMC was silent, or this run did not restart the adapter, or its driver says it stayed on.
        {"change": change(before={"configured": "rx_tx", "active": "tx"})},
        {"change": change(restarted=False)},
        {"change": change(after={"configured": "tx", "active": "rx_tx"})},
        # Its driver says that receive offload is on still.
        {"off_again": change(after={"configured": "tx", "active": "rx_tx"})},
    ],
)
def test_a_second_round_that_shows_nothing_leaves_the_first_verdict(while_on: dict[str, Any]) -> None:
    found = judge({**TWICE, **while_on}, Settings())
    assert (found["verdict"], found["reason"], found["confidence"]) == CURED_AS_BEFORE
    assert found["probes"][0]["second_round"] == "unclear"
    assert "elsewhere it answered throughout. The second round of the proof showed nothing" in found["sentence"]
    assert (found["to_repeat"], found["to_restore"]) == ([], [])


@pytest.mark.parametrize(
    "before", [{"probe": probes(probe("no_answer", path=path(own_bmc=True)))}, {"controls": [DEAF_CONTROL]}]
)
def test_no_proof_where_the_first_silence_proves_nothing(before: dict[str, Any]) -> None:
    found = judge({**TWICE, **before}, Settings(mode="enforce"))
    assert found["probes"][0]["second_round"] == "unclear"
    assert found["reason"] not in ("proven_twice", "twice_without_control")


def test_what_is_not_clear_is_switched_off_again() -> None:
    assert next_of({**SILENT_ON, "controls_on": [DEAF_CONTROL]}) == ([GUID], [])
    assert next_of({**ON, "probe_on": {"msg": "failed"}}) == ([GUID], [])


def test_a_driver_that_does_not_tell_what_it_does() -> None:
    on = change(after={"configured": "rx_tx", "active": None})
    off = change(after={"configured": "tx", "active": None})
    assert judged({**TWICE, "on": on, "off_again": off})[1] == "proven_twice"


def test_a_bmc_that_answers_with_receive_offload_on_was_cured_by_something_else() -> None:
    assert judged(HEARD_ON) == ("inconclusive", "heard_with_offload", "none")
    assert next_of(HEARD_ON) == ([], [GUID])
    back = {**HEARD_ON, "undo": change(restarted=False)}
    assert (judged(back), next_of(back)) == (("inconclusive", "heard_with_offload", "none"), ([], []))
    assert judge(back, Settings())["adapters"][0]["change"] == "undone"
    # Whatever the packets showed of the first silence.
    assert judged({**HEARD_ON, "drops": drops("driver_marked_bad")})[1] == "heard_with_offload"


@pytest.mark.parametrize(
    "again", [SILENT, probes(probe(attempt_outcomes=["answered", "no_answer", "no_answer"])), {"msg": "failed"}, {}]
)
def test_a_cure_that_does_not_come_again(again: dict[str, Any]) -> None:
    found = {**TWICE, "probe_again": again}
    assert judged(found) == ("inconclusive", "not_repeated", "none")
    assert next_of(found) == ([], [])


def test_a_second_round_that_is_refused_changes_no_verdict() -> None:
    found = judge({**CURED, "on": refused("guard_not_set")}, Settings())
    assert (found["verdict"], found["reason"], found["confidence"]) == CURED_AS_BEFORE
    assert (found["to_repeat"], found["error"]) == ([], None)
    assert found["sentence"].endswith(
        " The second round of the proof was not begun: adapter Ethernet: what speaks against it; expected nothing."
    )
    assert judge({**CURED, "on": FAILED}, Settings())["reason"] == "cured"
    untouched = {**CURED, "on": change(changed=False, restarted=False)}
    assert judge(untouched, Settings())["sentence"].endswith("was not begun: no adapter was switched.")
    assert next_of(untouched) == ([], [])


def test_a_second_round_that_breaks_off_is_told() -> None:
    left_on = judge({**SILENT_ON, "off_again": refused("guard_not_set")}, Settings())
    assert (left_on["verdict"], left_on["reason"]) == ("unknown", "second_round_failed")
    assert left_on["adapters"][0]["change"] == "undone"
    assert (left_on["to_repeat"], left_on["to_restore"]) == ([], [])
    assert left_on["next_step"].startswith("Run the remediate playbook")
    assert left_on["changed"] is True
    assert left_on["error"]["code"] == "guard_not_set"
    assert judged({**CURED, "on": UNREACHABLE})[:2] == ("unreachable", "lost_in_change")
    half_way = {**refused("restart_refused", changed=True), "adapters": change(restarted=False)["adapters"]}
    broken = {**CURED, "on": half_way}
    assert (judged(broken)[1], next_of(broken)) == ("second_round_failed", ([GUID], []))
    ended = {**broken, "off_again": change(restarted=False)}
    assert (judged(ended)[1], next_of(ended)) == ("second_round_failed", ([], []))
    assert judge(ended, Settings())["adapters"][0]["change"] == "made"
    # Its guard has put the value from before back already.
    undone = {**CURED, "on": {**half_way, "error": refused("undone_by_guard")["error"]}}
    untouched = change(changed=False, restarted=False)
    assert judge({**undone, "off_again": untouched}, Settings())["adapters"][0]["change"] == "made"


def test_what_was_not_cured_is_not_proven_twice() -> None:
    assert judge({**CURED, "probe_after": SILENT}, Settings())["to_repeat"] == []
    for before in ({"probe": ANSWERED}, {"change": change(changed=False)}):
        assert next_of({**CURED, **before})[0] == []
    enforced = judge({**CURED, "controls": [DEAF_CONTROL]}, Settings(mode="enforce"))
    assert (enforced["reason"], enforced["to_repeat"]) == ("bmc_was_silent", [])
    left = change(restarted=False, restart_pending=True)
    assert next_of({**CURED, "change": left})[0] == []


def of_two(first: str, second: str) -> dict[str, Any]:
    return probes(probe(first), probe(second, bmc=OTHER_BMC))


def test_of_two_bmcs_each_has_its_own_proof() -> None:
    control = probes(*(probe(bmc=bmc, vantage="controller", path=None) for bmc in (BMC, OTHER_BMC)))
    everywhere = {f"controls{step}": [control] for step in ("", "_after", "_on", "_again")}
    cured = {**CURED, **everywhere, "probe": of_two(*["no_answer"] * 2), "probe_after": of_two(*["answered"] * 2)}
    one_heard = {**cured, "on": BACK_ON, "probe_on": of_two("no_answer", "answered")}
    # The first one needs the change, so that it is made again.
    assert next_of(one_heard) == ([GUID], [])
    ended = {**one_heard, "off_again": change(), "probe_again": of_two("answered", "answered")}
    found = judge(ended, Settings())
    assert [each["second_round"] for each in found["probes"]] == ["twice", "heard_on"]
    assert (found["reason"], found["to_restore"]) == ("heard_with_offload", [])
    # A BMC that was heard all the time is judged by what was heard last.
    heard = {**CURED, **everywhere, "probe": of_two("no_answer", "answered"), "probe_after": of_two(*["answered"] * 2)}
    heard = {**heard, "on": BACK_ON, "probe_on": of_two("no_answer", "answered"), "off_again": change()}
    gone = judge({**heard, "probe_again": of_two("answered", "no_answer")}, Settings())
    assert [each["reason"] for each in gone["probes"]] == ["proven_twice", "silent_after"]
    assert [each["after"] for each in gone["probes"]] == ["answered", "no_answer"]
    assert judge({**TWICE, "probe_again": SILENT}, Settings())["probes"][0]["after"] == "no_answer"


def of_second_adapter(result: dict[str, Any]) -> dict[str, Any]:
    """A result on both adapters."""
    both = [{**result["adapters"][0], "name": name, "guid": guid} for name, guid in (("Ethernet", GUID), OTHER_ADAPTER)]
    return {**result, "adapters": both}


OTHER_ADAPTER = ("Ethernet 2", OTHER_GUID)


def test_of_two_adapters_the_one_that_made_no_difference_goes_back() -> None:
    def asked(first: str, second: str) -> dict[str, Any]:
        return probes(probe(first), probe(second, bmc=OTHER_BMC, path=path(physical=["Ethernet 2"])))

    control = probes(*(probe(bmc=bmc, vantage="controller", path=None) for bmc in (BMC, OTHER_BMC)))
    evidence = {
        **{f"controls{step}": [control] for step in ("", "_after", "_on", "_again")},
        "facts": facts(adapter(), other_adapter(class_="confirmed")),
        "probe": asked("no_answer", "no_answer"),
        "change": of_second_adapter(change()),
        "probe_after": asked("answered", "answered"),
    }
    assert next_of(evidence) == ([GUID, OTHER_GUID], [])
    on = {**evidence, "on": of_second_adapter(BACK_ON), "probe_on": asked("no_answer", "answered")}
    assert next_of(on) == ([GUID], [OTHER_GUID])
    off_again = {**on, "off_again": change(), "probe_again": asked("answered", "answered")}
    assert next_of(off_again) == ([], [OTHER_GUID])
    back = change(guid=OTHER_GUID, name="Ethernet 2", restarted=False)
    ended = judge({**off_again, "undo": back}, Settings())
    assert [each["second_round"] for each in ended["probes"]] == ["twice", "heard_on"]
    assert [each["change"] for each in ended["adapters"]] == ["made", "undone"]
    assert ended["to_restore"] == []


@pytest.mark.parametrize("came_of_it", ["none", "begun", "twice", "twice_alone", "heard_on", "not_again"])
def test_what_has_a_verdict_of_its_own_needs_no_note(came_of_it: Any) -> None:
    assert note({}, came_of_it) == ""
