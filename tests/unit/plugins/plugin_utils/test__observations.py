# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import (
    AdapterView,
    BmcView,
    Settings,
    control,
    heard,
    observe,
    view_adapter,
    way_to,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import HostProfile
from tests.unit.plugins.plugin_utils.evidence import adapter, not_cured, other_adapter, path, probe, undo_record

WIDER = Settings(allow_wider=True)
UNGUARDED = Settings(guard="never")


def absent_again() -> dict[str, Any]:
    """The record of a value that was absent, was written, and was deleted again without a restart."""
    return undo_record(original=None, written=None, restart_requested_at=None)


def view(facts: dict[str, Any], settings: Settings | None = None, task_offload: str | None = "enabled") -> AdapterView:
    return view_adapter(facts, task_offload=task_offload, settings=settings or Settings())


def test_view_of_an_adapter() -> None:
    assert view(adapter()) == AdapterView(
        name="Ethernet",
        guid="{6E5A1C1C-0000-4000-8000-000000000001}",
        description="Intel(R) I211 Gigabit Network Connection",
        driver="e1r68x64.sys 12.18.11.1",
        class_="confirmed",
        state="candidate",
        earlier="none",
        drift=False,
        carries_management=False,
        physical=True,
        pci="8086:1539",
        file="e1r68x64.sys",
        version="12.18.11.1",
        override="none",
    )


def test_label_names_the_driver_where_it_is_known() -> None:
    assert view(adapter()).label == "Ethernet (e1r68x64.sys)"
    nothing = {"file": None, "version": None, "date": None, "provider": None}
    assert view(adapter(driver=nothing)).label == "Ethernet"


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (adapter(), "candidate"),
        # Which adapters are spoken of.
        (adapter(physical=False), "not_known"),
        (adapter(class_="unknown"), "not_known"),
        (adapter(class_="unaffected"), "not_known"),
        (adapter(class_="suspected"), "class_not_chosen"),
        # Set, and in force, or not yet.
        (adapter(configured="tx", active="tx"), "off"),
        (adapter(configured="disabled", active="disabled"), "off"),
        (adapter(configured="rx", active="rx"), "candidate"),
        (adapter(configured="tx", active="rx_tx"), "pending"),
        (adapter(configured="tx", active="rx_tx", undo=undo_record(restart_requested_at=None)), "pending"),
        (adapter(configured="tx", active="rx_tx", undo=undo_record(written="disabled")), "pending"),
        (adapter(configured="rx_tx", active="tx"), "dormant"),
        # A change that broke off: before its restart, and after it.
        (adapter(configured="tx", undo=undo_record(outcome=None, restart_requested_at=None)), "unfinished"),
        (adapter(configured="tx", active="tx", undo=undo_record(outcome=None)), "unfinished"),
        (adapter(configured="tx", active="tx", class_="unknown", undo=undo_record(outcome=None)), "unfinished"),
        (adapter(undo=undo_record(outcome=None)), "candidate"),
        (adapter(configured="disabled", active="tx", undo=undo_record(outcome=None)), "off"),
        (adapter(keyword="*TCPUDPChecksumOffloadIPv4", configured="tx", undo=undo_record(outcome=None)), "pending"),
        # The original is back, and not in force yet.
        (adapter(active="tx", undo=undo_record(written="rx_tx", restart_requested_at=None)), "restoring"),
        (adapter(active="tx", undo=undo_record(written="rx_tx", restart_requested_at=None, outcome=None)), "restoring"),
        (adapter(active="tx", undo=undo_record(written="rx_tx")), "dormant"),
        (adapter(configured=None, active="tx", undo=absent_again()), "restoring"),
        (adapter(active="tx", undo=absent_again()), "restoring"),
        (adapter(configured="rx", active="tx", undo=absent_again()), "dormant"),
        (adapter(active="tx", undo={"error": {"code": "undo_record_damaged"}}), "dormant"),
        # A driver that was restarted for its value, and tells of the old one all the same.
        (adapter(configured="tx", active="rx_tx", undo=undo_record()), "perhaps_pending"),
        # A driver that doesn't tell.
        (adapter(active=None), "candidate"),
        (adapter(configured="tx", active=None), "off"),
        (adapter(configured="tx", active=None, undo=undo_record()), "off"),
        (adapter(configured="tx", active=None, undo=undo_record(restart_requested_at=None)), "perhaps_pending"),
        # Nothing is changed where the original can't be kept.
        (adapter(undo={"error": {"code": "undo_record_damaged"}}), "record_unreadable"),
        (adapter(configured="tx", active="tx", undo={"error": {"code": "undo_record_damaged"}}), "off"),
        # A value that is absent: what the driver does stands for it.
        (adapter(configured=None), "candidate"),
        (adapter(configured=None, active=None), "candidate"),
        (adapter(configured=None, active=None, default=None), "candidate"),
        (adapter(configured=None, active=None, default="tx"), "off"),
        (adapter(configured=None, active="tx"), "dormant"),
        # What the driver allows.
        (adapter(allowed=["disabled", "rx_tx"]), "wider_only"),
        (adapter(allowed=["rx", "rx_tx"]), "no_keyword"),
        (adapter(keyword="*TCPUDPChecksumOffloadIPv4"), "wider_only"),
        (adapter(keyword=None, configured=None, active=None, default=None, allowed=[]), "no_keyword"),
        (adapter(keyword=None, configured=None, active="rx_tx", default=None, allowed=[]), "no_keyword"),
        (adapter(keyword=None, configured=None, active="tx", default=None, allowed=[]), "off"),
        # What it feeds.
        (adapter(member_kind="lbfo_team", member_of="Team"), "team_member"),
        (adapter(member_kind="intel_team", member_of="Team"), "team_member"),
        (adapter(member_kind="embedded_team", member_of="vEthernet"), "team_member"),
        (adapter(member_kind="virtual_switch", member_of="vEthernet"), "candidate"),
    ],
)
def test_state_of_an_adapter(facts: dict[str, Any], state: str) -> None:
    assert view(facts).state == state


@pytest.mark.parametrize(
    "facts", [adapter(allowed=["disabled", "rx_tx"]), adapter(keyword="*TCPUDPChecksumOffloadIPv4")]
)
def test_a_wider_change_needs_leave(facts: dict[str, Any]) -> None:
    assert view(facts, WIDER).state == "candidate"


def test_chosen_classes_decide() -> None:
    assert view(adapter(class_="suspected"), Settings(classes=("confirmed", "suspected"))).state == "candidate"
    assert view(adapter(), Settings(classes=("suspected",))).state == "class_not_chosen"


@pytest.mark.parametrize(("configured", "state"), [("rx_tx", "dormant"), ("tx", "off")])
def test_the_global_switch_hides_the_fault_for_now(configured: str, state: str) -> None:
    facts = adapter(configured=configured, active=configured)
    assert view(facts, task_offload="disabled").state == state
    assert view(facts, task_offload=None).state == view(facts).state


@pytest.mark.parametrize(
    ("facts", "earlier"),
    [
        (adapter(), "none"),
        (adapter(outcome=not_cured()), "not_cured"),
        (adapter(outcome=not_cured("12.17.0.0")), "none"),
        (adapter(outcome={**not_cured(), "outcome": "something_else"}), "none"),
        (adapter(configured="tx", active="tx", undo=undo_record()), "changed"),
        (adapter(undo=undo_record()), "none"),
        (adapter(undo={"error": {"code": "undo_record_damaged"}}), "none"),
        (adapter(undo=undo_record(drift=True)), "drift"),
        (adapter(undo=undo_record(drift=True), outcome=not_cured()), "not_cured"),
        (adapter(outcome=not_cured(outcome="undone_by_guard")), "undone_by_guard"),
        (adapter(outcome=not_cured("12.17.0.0", outcome="undone_by_guard")), "none"),
        # A way back that cut the host off: what is in force counts.
        (
            adapter(configured="tx", active="tx", undo=undo_record(), outcome=not_cured(outcome="undone_by_guard")),
            "changed",
        ),
        (adapter(keyword="*TCPUDPChecksumOffloadIPv4", configured="tx", active="tx", undo=undo_record()), "none"),
    ],
)
def test_what_an_earlier_run_left(facts: dict[str, Any], earlier: str) -> None:
    assert view(facts).earlier == earlier


def test_drift_is_told_whatever_else_is_known() -> None:
    assert view(adapter(undo=undo_record(drift=True), class_="unknown")).drift is True
    assert view(adapter(undo=undo_record(drift=True), outcome=not_cured())).drift is True
    assert [view(facts).drift for facts in (adapter(), adapter(undo=undo_record()))] == [False, False]


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (adapter(), True),
        (adapter(undo=undo_record(drift=True)), True),
        (adapter(outcome=not_cured()), False),
        (adapter(outcome=not_cured(outcome="undone_by_guard")), False),
        (adapter(configured="tx", active="tx", undo=undo_record(outcome=None)), True),
        (adapter(configured="tx", active="tx", undo=undo_record(outcome=None), outcome=not_cured()), True),
        (adapter(configured="tx", active="tx"), False),
    ],
)
def test_which_adapters_would_be_changed(facts: dict[str, Any], wanted: bool) -> None:
    assert view(facts).wanted is wanted


def test_retry_forgets_what_did_not_help() -> None:
    adapter_view = view(adapter(outcome=not_cured()), Settings(retry=True))
    assert (adapter_view.earlier, adapter_view.wanted) == ("none", True)
    assert view(adapter(outcome=not_cured())).wanted is False


@pytest.mark.parametrize(
    ("way", "proven"),
    [
        (path(), "proven"),
        (path(neighbour={"mac": "00:e0:81:00:00:01", "state": "stale"}), "proven"),
        (path(icmp="answered", neighbour=None), "proven"),
        (path(icmp="answered", on_link=False), "proven"),
        (path(neighbour=None), "unproven"),
        (path(neighbour={"mac": None, "state": "incomplete"}), "unproven"),
        (path(neighbour={"mac": "00:e0:81:00:00:01", "state": "unreachable"}), "unproven"),
        (path(neighbour={"mac": "00:e0:81:00:00:01", "state": "unknown"}), "unproven"),
        # Set by hand: nobody answered for it.
        (path(neighbour={"mac": "00:e0:81:00:00:01", "state": "permanent"}), "unproven"),
        # A router that answers says nothing about what lies behind it.
        (path(on_link=False), "unproven"),
        (path(on_link=None, neighbour=None, icmp="unknown"), "unproven"),
        (None, "unread"),
    ],
)
def test_way(way: dict[str, Any] | None, proven: str) -> None:
    assert way_to(probe("no_answer", path=way)) == proven


def test_no_probe_is_no_way() -> None:
    assert way_to(None) == "unread"


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (None, "not_asked"),
        (probe("answered"), "answers"),
        (probe("answered_with_error_code"), "answers"),
        (probe("answered", attempt_outcomes=["answered", "no_answer", "answered_with_error_code"]), "answers"),
        (probe("answered", attempt_outcomes=["no_answer", "answered", "no_answer"]), "answers_once"),
        (probe("no_answer"), "silent"),
        (probe("no_answer", silent=False, attempts=2), "too_few"),
        (probe("probe_unavailable"), "unavailable"),
        (probe("no_route"), "no_route"),
        (probe("blocked_outbound"), "blocked_outbound"),
        (probe("port_unreachable"), "port_unreachable"),
        (probe("answered_elsewhere"), "answered_elsewhere"),
        (probe("malformed"), "malformed"),
        (probe("a_word_of_tomorrow"), "malformed"),
    ],
)
def test_heard(result: dict[str, Any] | None, word: str) -> None:
    assert heard(result) == word


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ([], "none"),
        (["answered"], "answers"),
        (["answered_with_error_code"], "answers"),
        (["no_answer"], "silent"),
        (["no_answer", "answered"], "answers"),
        (["port_unreachable"], "silent"),
        (["no_route"], "none"),
        (["no_route", "no_answer"], "silent"),
        (["blocked_outbound", "probe_unavailable", "answered_elsewhere", "malformed"], "none"),
    ],
)
def test_control(outcomes: list[str], word: str) -> None:
    assert control([probe(outcome, path=None) for outcome in outcomes]) == word


def test_a_control_that_asked_too_little_is_none() -> None:
    assert control([probe("no_answer", silent=False)]) == "none"


def bmc(result: dict[str, Any] | None = None, adapters: tuple[AdapterView, ...] | None = None) -> BmcView:
    return BmcView("card.example", "192.0.2.20", result or probe("no_answer"), None, (), (), adapters)


def test_observations_of_one_bmc() -> None:
    first, second = view(adapter()), view(other_adapter(class_="confirmed"))
    after = probe("answered")
    seen = observe(
        BmcView("card", "192.0.2.20", probe("no_answer"), after, (probe("answered"),), (probe("no_answer"),), (first,)),
        [first, second],
        {first.guid: "made"},
        Settings(mode="prove", without_control="report"),
    )
    assert (seen.before, seen.after, seen.control_before, seen.control_after) == (
        "silent",
        "answers",
        "answers",
        "silent",
    )
    assert (seen.way, seen.own_bmc, seen.adapter, seen.earlier) == ("proven", False, "candidate", "none")
    assert (seen.change, seen.other_candidate, seen.change_without_control) == ("made", True, False)
    assert (seen.host, seen.mode, seen.obstacle) == ("read", "prove", "none")


@pytest.mark.parametrize(
    ("way", "change", "after"),
    [
        (path(), "made", "proven"),
        (path(), "undone", "proven"),
        (path(), "pending", "unproven"),
        (path(physical=["Ethernet 2"]), "made", "unproven"),
        (path(neighbour=None), "made", "unproven"),
        (None, "made", "unread"),
    ],
)
def test_the_way_after_a_change_must_lead_through_the_changed_adapter(
    way: dict[str, Any] | None, change: Any, after: str
) -> None:
    first, second = view(adapter()), view(other_adapter())
    asked = BmcView("card", "192.0.2.20", probe("no_answer"), probe("no_answer", path=way), (), (), (first,))
    assert observe(asked, [first, second], {first.guid: change}, Settings()).way_after == after


def test_an_adapter_that_did_not_help_is_no_other_candidate() -> None:
    way = view(other_adapter())
    tried = view(adapter(outcome=not_cured()))
    assert observe(bmc(adapters=(way,)), [way, tried], {}, Settings()).other_candidate is False


def test_of_several_adapters_on_the_way_the_candidate_counts() -> None:
    known, candidate = view(other_adapter()), view(adapter())
    assert observe(bmc(adapters=(known, candidate)), [known, candidate], {}, Settings()).adapter == "candidate"


def test_without_a_known_way_any_adapter_may_be_on_it() -> None:
    known, candidate = view(other_adapter()), view(adapter())
    seen = observe(bmc(probe("no_answer", path=None)), [known, candidate], {}, Settings())
    assert (seen.way, seen.adapter, seen.other_candidate) == ("unread", "candidate", False)


def test_a_way_that_leads_through_no_selected_adapter() -> None:
    seen = observe(bmc(adapters=()), [], {}, Settings())
    assert (seen.adapter, seen.earlier) == ("not_known", "none")


@pytest.mark.parametrize(
    ("settings", "way", "own"),
    [
        (Settings(), path(), False),
        (Settings(), path(own_bmc=True), True),
        (Settings(), path(own_bmc=None), False),
        (Settings(own_bmc=("card.example",)), path(), True),
        (Settings(own_bmc=("192.0.2.20",)), path(), True),
        (Settings(own_bmc=("192.0.2.21",)), path(), False),
        (Settings(), None, False),
    ],
)
def test_own_bmc(settings: Settings, way: dict[str, Any] | None, own: bool) -> None:
    assert observe(bmc(probe("no_answer", path=way), ()), [], {}, settings).own_bmc is own


UNTRUSTED = HostProfile(guard_fails=("guard_fires",))
RESTARTING = HostProfile(write_restarts=True)


@pytest.mark.parametrize(
    ("settings", "carries", "obstacle"),
    [
        (UNGUARDED, False, "none"),
        (UNGUARDED, True, "restart_unguarded"),
        (UNGUARDED, None, "restart_unguarded"),
        (Settings(guard="never", allow_unguarded_restart=True), True, "none"),
        (Settings(guard="never", restart="never"), True, "none"),
        (Settings(), None, "none"),
        (Settings(guard="always"), True, "none"),
        (Settings(host_profile=UNTRUSTED), True, "guard_not_trusted"),
        (Settings(host_profile=UNTRUSTED), False, "none"),
        (Settings(host_profile=UNTRUSTED, guard="never"), True, "restart_unguarded"),
        (Settings(host_profile=UNTRUSTED, allow_unguarded_restart=True), True, "none"),
        (Settings(host_profile=RESTARTING), True, "none"),
        (Settings(host_profile=RESTARTING, restart="never"), False, "write_restarts"),
        (Settings(host_profile=RESTARTING, restart="never", allow_unguarded_restart=True), True, "write_restarts"),
    ],
)
def test_what_speaks_against_a_change_before_it_is_tried(
    settings: Settings, carries: bool | None, obstacle: str
) -> None:
    way = view(adapter(carries_management=carries))
    assert observe(bmc(adapters=(way,)), [way], {}, settings).obstacle == obstacle
    nothing = view(adapter(carries_management=carries, configured="tx", active="tx"))
    assert observe(bmc(adapters=(nothing,)), [nothing], {}, settings).obstacle == "none"


def test_only_adapters_that_would_be_changed_need_leave_to_restart() -> None:
    way, carrier = view(adapter()), view(other_adapter(class_="confirmed", carries_management=True))
    enforce = replace(UNGUARDED, mode="enforce")
    assert observe(bmc(adapters=(way,)), [way, carrier], {}, UNGUARDED).obstacle == "none"
    assert observe(bmc(adapters=(way,)), [way, carrier], {}, enforce).obstacle == "restart_unguarded"
    known = view(other_adapter(carries_management=True))
    assert observe(bmc(adapters=(way,)), [way, known], {}, enforce).obstacle == "none"


def test_what_was_left_half_done_may_have_had_its_restart() -> None:
    left = view(adapter(carries_management=True, configured="tx", active="tx", undo=undo_record(outcome=None)))
    seen = observe(bmc(adapters=(left,)), [left], {}, UNGUARDED)
    assert (seen.adapter, seen.obstacle) == ("unfinished", "none")


def test_a_refusal_is_handed_on() -> None:
    assert observe(bmc(adapters=()), [], {}, Settings()).refusal == "none"
    assert observe(bmc(adapters=()), [], {}, Settings(), "guard_held").refusal == "guard_held"


def test_changes_of_other_adapters_count_only_where_they_were_enforced() -> None:
    way, changed = view(other_adapter()), view(adapter())
    arguments = (bmc(adapters=(way,)), [way, changed], {changed.guid: "made"})
    assert observe(*arguments, Settings()).change == "none"
    assert observe(*arguments, Settings(mode="enforce")).change == "made"


def test_of_several_changes_the_furthest_counts() -> None:
    first, second = view(adapter()), view(other_adapter(class_="confirmed"))
    seen = observe(
        bmc(adapters=(first, second)), [first, second], {first.guid: "pending", second.guid: "made"}, Settings()
    )
    assert seen.change == "made"
