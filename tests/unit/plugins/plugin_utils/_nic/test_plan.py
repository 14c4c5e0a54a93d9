# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import (
    Plan,
    Request,
    Situation,
    make_plan,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import MemberKind, Membership
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import UndoRecord
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, GROUPED, FakeAdapter, FakeHost, guid

OFF = Request("present", Wish(receive=False))
ON = Request("present", Wish(receive=True))
BACK = Request("restored", Wish(receive=False))
AT = "2026-11-22T14:09:00+00:00"


def record(**changes: Any) -> UndoRecord:
    values: dict[str, Any] = {
        "guid": guid(1),
        "keyword": GRANULAR,
        "original": "3",
        "taken_at": AT,
        "adapter": "Ethernet",
        "pci": None,
        "location": None,
        "mac": None,
        "driver_file": None,
        "driver_version": None,
        "written": "1",
        "outcome": "unconfirmed",
    }
    return UndoRecord(**{**values, **changes})


RESTARTED = record(restart_requested_at=AT)


def situation(
    *,
    membership: Membership | None = None,
    carries: bool | None = False,
    kept: UndoRecord | None = None,
    other: UndoRecord | None = None,
    **changes: Any,
) -> Situation:
    reading = read_host(FakeHost([FakeAdapter(1, **changes)]).client)
    adapter = reading.adapters[0]
    return Situation(
        adapter, reading.keyword(adapter.guid), reading.active.get(adapter.guid), membership, carries, kept, other
    )


def steps(plan: Plan) -> tuple[str | None, bool, bool, bool, bool]:
    return plan.target, plan.write, plan.restart, plan.restart_due, plan.remove_record


def never(request: Request) -> Request:
    return replace(request, may_restart=False)


def unguarded(request: Request) -> Request:
    return replace(request, guard="never")


NOTHING = (False, False, False, False)
WRITE = (True, False, False, False)
WRITE_RESTART = (True, True, False, False)
RESTART = (False, True, False, False)
DUE = (False, False, True, False)
WRITE_DUE = (True, False, True, False)


@pytest.mark.parametrize(
    ("changes", "request_", "kept", "expected"),
    [
        # what is there already is left alone
        ({"stored": "1", "active": 1}, OFF, None, ("1", *NOTHING)),
        ({"stored": "0", "active": 0}, OFF, None, ("0", *NOTHING)),
        ({"stored": "3", "active": 3}, ON, None, ("3", *NOTHING)),
        ({"stored": None, "default": "1", "active": 1}, OFF, None, (None, *NOTHING)),
        # a value is written and the driver restarted
        ({"stored": "3", "active": 3}, OFF, None, ("1", *WRITE_RESTART)),
        ({"stored": "2", "active": 2}, OFF, None, ("0", *WRITE_RESTART)),
        ({"stored": None, "active": 3}, OFF, None, ("1", *WRITE_RESTART)),
        ({"stored": "3", "active": None}, OFF, None, ("1", *WRITE_RESTART)),
        ({"stored": "3", "active": 3}, never(OFF), None, ("1", *WRITE_DUE)),
        # the driver does so already: writing is enough
        ({"stored": "3", "active": 1}, OFF, None, ("1", *WRITE)),
        ({"stored": "3", "active": 1}, never(OFF), None, ("1", *WRITE)),
        # a restart is pending
        ({"stored": "1", "active": 3}, OFF, None, ("1", *RESTART)),
        ({"stored": "1", "active": 3}, never(OFF), None, ("1", *DUE)),
        ({"stored": None, "default": "1", "active": 3}, OFF, None, (None, *RESTART)),
        # the other direction is none of the task's business
        ({"stored": "1", "active": 0}, OFF, None, ("1", *NOTHING)),
        # never restarted twice for one value
        ({"stored": "1", "active": 3}, OFF, RESTARTED, ("1", *NOTHING)),
        ({"stored": "1", "active": 3}, never(OFF), RESTARTED, ("1", *NOTHING)),
        ({"stored": "1", "active": None}, OFF, RESTARTED, ("1", *NOTHING)),
        ({"stored": "0", "active": 3}, OFF, RESTARTED, ("0", *RESTART)),
        ({"stored": "3", "active": 3}, OFF, RESTARTED, ("1", *WRITE_RESTART)),
        # an earlier run wrote the value of a driver that tells nothing, and left the restart
        ({"stored": "1", "active": None}, OFF, record(), ("1", *RESTART)),
        ({"stored": "1", "active": None}, never(OFF), record(), ("1", *DUE)),
        ({"stored": "1", "active": None}, OFF, None, ("1", *NOTHING)),
        ({"stored": "0", "active": None}, OFF, record(), ("0", *NOTHING)),
        # A rollback broke off before it wrote, and its record has taken the place of the one that told of a restart.
        ({"stored": "1", "active": None}, OFF, record(written="3", outcome=None), ("1", *RESTART)),
        ({"stored": "1", "active": None}, OFF, record(written="3"), ("1", *NOTHING)),
        # a driver that does not run takes the value when it is started
        ({"stored": "3", "active": 3, "state": 3}, OFF, None, ("1", *WRITE)),
        ({"stored": "1", "active": 3, "state": 3}, never(OFF), None, ("1", *NOTHING)),
        # no keyword, and nothing to wish for
        ({"keywords": (), "active": 1}, OFF, None, (None, *NOTHING)),
    ],
)
def test_what_a_wish_needs(
    changes: dict[str, Any], request_: Request, kept: UndoRecord | None, expected: tuple[object, ...]
) -> None:
    plan = make_plan(situation(kept=kept, **changes), request_)
    assert steps(plan) == expected
    assert plan.changes is any(expected[1:3])


REMOVE = (False, False, False, True)
WRITE_RESTART_REMOVE = (True, True, False, True)


@pytest.mark.parametrize(
    ("changes", "request_", "kept", "expected"),
    [
        # nothing was changed here
        ({"stored": "3", "active": 3}, BACK, None, ("3", *NOTHING)),
        ({"keywords": (), "active": 1}, BACK, None, (None, *NOTHING)),
        # the original comes back
        ({"stored": "1", "active": 1}, BACK, RESTARTED, ("3", *WRITE_RESTART_REMOVE)),
        ({"stored": "1", "active": None}, BACK, RESTARTED, ("3", *WRITE_RESTART_REMOVE)),
        ({"stored": "1", "active": 1}, BACK, record(original=None), (None, *WRITE_RESTART_REMOVE)),
        ({"stored": "1", "active": 1, "default": None}, BACK, record(original=None), (None, *WRITE_RESTART_REMOVE)),
        ({"stored": "1", "active": 1}, never(BACK), RESTARTED, ("3", *WRITE_DUE)),
        # written, and never made active: no restart is needed
        ({"stored": "1", "active": 3}, BACK, record(), ("3", True, False, False, True)),
        # the original is there already
        ({"stored": "3", "active": 3}, BACK, RESTARTED, ("3", *REMOVE)),
        ({"stored": None, "active": 3}, BACK, record(original=None), (None, *REMOVE)),
        ({"stored": "3", "active": None}, BACK, RESTARTED, ("3", *REMOVE)),
        ({"stored": "1", "active": 1}, BACK, record(original="1"), ("1", *REMOVE)),
        ({"stored": None, "active": 3, "default": None}, BACK, record(original=None), (None, *REMOVE)),
        # written back earlier, the restart was left
        ({"stored": "3", "active": 1}, BACK, record(written="3"), ("3", False, True, False, True)),
        ({"stored": "3", "active": None}, BACK, record(written="3"), ("3", False, True, False, True)),
        ({"stored": "3", "active": 1}, never(BACK), record(written="3"), ("3", *DUE)),
        # never twice for one value
        ({"stored": "3", "active": 1}, BACK, record(written="3", restart_requested_at=AT), ("3", *REMOVE)),
        # a driver that does not run
        ({"stored": "1", "active": 1, "state": 3}, BACK, RESTARTED, ("3", True, False, False, True)),
    ],
)
def test_what_a_way_back_needs(
    changes: dict[str, Any], request_: Request, kept: UndoRecord | None, expected: tuple[object, ...]
) -> None:
    plan = make_plan(situation(kept=kept, **changes), request_)
    assert steps(plan) == expected
    assert plan.changes is (expected[1] or expected[2] or expected[4])


@pytest.mark.parametrize(
    ("request_", "expected", "met", "unmet"),
    [(OFF, 1, (0, 1), (2, 3, None)), (BACK, 3, (3,), (0, 1, 2, None))],
)
def test_when_a_plan_is_met(
    request_: Request, expected: int, met: tuple[int, ...], unmet: tuple[int | None, ...]
) -> None:
    stored = "3" if request_ is OFF else "1"
    plan = make_plan(situation(stored=stored, active=int(stored), kept=RESTARTED), request_)
    assert plan.expected == expected
    assert all(plan.is_met_by(active) for active in met)
    assert not any(plan.is_met_by(active) for active in unmet)


def test_nothing_known_is_expected_of_a_driver_without_a_default() -> None:
    plan = make_plan(situation(stored="1", active=1, default=None, kept=record(original=None)), BACK)
    assert plan.expected is None
    assert not plan.is_met_by(3)


@pytest.mark.parametrize(
    ("changes", "request_", "kept", "pending"),
    [
        ({"stored": "3", "active": 3}, OFF, None, False),
        ({"stored": "3", "active": 3}, never(OFF), None, True),
        ({"stored": "1", "active": 1}, OFF, None, False),
        ({"stored": "1", "active": 3}, OFF, RESTARTED, True),
        ({"stored": "3", "active": None}, OFF, None, None),
        ({"stored": "3", "active": None}, never(OFF), None, True),
        ({"stored": "3", "active": 1}, OFF, None, False),
        ({"stored": "3", "active": 3, "state": 3}, OFF, None, True),
        ({"keywords": (), "active": 1}, OFF, None, None),
        ({"stored": "3", "active": 1}, BACK, record(written="3", restart_requested_at=AT), True),
    ],
)
def test_whether_a_restart_stays_pending(
    changes: dict[str, Any], request_: Request, kept: UndoRecord | None, pending: bool | None
) -> None:
    assert make_plan(situation(kept=kept, **changes), request_).pending_after is pending


@pytest.mark.parametrize(
    ("changes", "request_", "kept", "recorded"),
    [
        ({"stored": "3", "active": 3}, OFF, None, True),
        ({"stored": "1", "active": 3}, OFF, None, True),
        ({"stored": "1", "active": 1}, OFF, None, False),
        ({"stored": "1", "active": 1}, OFF, RESTARTED, True),
        ({"stored": "1", "active": 1}, BACK, RESTARTED, False),
        ({"stored": "1", "active": 1}, never(BACK), RESTARTED, True),
        ({"stored": "1", "active": 1}, BACK, None, False),
    ],
)
def test_whether_a_record_stays(
    changes: dict[str, Any], request_: Request, kept: UndoRecord | None, recorded: bool
) -> None:
    assert make_plan(situation(kept=kept, **changes), request_).recorded_after is recorded


def refusal(request_: Request, **changes: Any) -> NicError:
    with pytest.raises(NicError) as caught:
        make_plan(situation(**changes), request_)
    return caught.value


@pytest.mark.parametrize("active", [None, 3])
def test_an_adapter_without_a_keyword_is_refused(active: int | None) -> None:
    error = refusal(OFF, keywords=(), active=active)
    assert error.code == "keyword_unsupported"
    assert error.seen == f"e1r68x64.sys offers neither {GRANULAR} nor {GROUPED}"


def test_an_adapter_of_an_unnamed_driver_is_refused_likewise() -> None:
    assert refusal(OFF, keywords=(), active=None, driver=None).seen.startswith("an unnamed driver offers neither")


def test_a_record_of_a_keyword_that_is_gone_is_refused() -> None:
    error = refusal(BACK, keywords=(), kept=record(keyword=GROUPED))
    assert (error.code, error.seen) == ("keyword_unsupported", f"e1r68x64.sys offers no {GROUPED}")
    error = refusal(BACK, other=record(keyword=GROUPED))
    assert (error.code, error.seen) == ("keyword_unsupported", f"e1r68x64.sys offers no {GROUPED}")


@pytest.mark.parametrize("kind", [kind for kind in MemberKind if kind.is_team])
@pytest.mark.parametrize(
    ("request_", "changes"),
    [(OFF, {}), (OFF, {"stored": "1"}), (BACK, {"stored": "1", "active": 1, "kept": RESTARTED})],
)
def test_a_member_of_a_team_is_refused(kind: MemberKind, request_: Request, changes: dict[str, Any]) -> None:
    error = refusal(request_, membership=Membership(kind, "Team 1"), **changes)
    assert error.code == "team_member"
    assert error.seen.startswith("a member of Team 1, ")


def test_a_member_of_a_team_that_needs_no_change_is_left_alone() -> None:
    membership = Membership(MemberKind.LBFO_TEAM, "Team 1")
    assert not make_plan(situation(membership=membership, stored="1", active=1), OFF).changes


def test_the_one_adapter_of_a_virtual_switch_is_changed() -> None:
    membership = Membership(MemberKind.VIRTUAL_SWITCH, "vEthernet (LAN)")
    assert make_plan(situation(membership=membership), OFF).write


def test_a_virtual_adapter_is_refused() -> None:
    assert refusal(OFF, hardware=False).code == "adapter_not_physical"
    assert not make_plan(situation(hardware=False, stored="1", active=1), OFF).changes


@pytest.mark.parametrize(("carries", "how"), [(True, "it carries"), (None, "it may carry")])
@pytest.mark.parametrize("changes", [{}, {"stored": "1"}])
def test_an_adapter_that_may_carry_the_connection_is_not_restarted(
    carries: bool | None, how: str, changes: dict[str, Any]
) -> None:
    error = refusal(unguarded(OFF), carries=carries, **changes)
    assert error.code == "restart_not_allowed"
    assert error.seen.startswith(how)
    leave = replace(OFF, allow_unguarded_restart=True)
    for request in (leave, unguarded(leave), OFF, replace(OFF, guard="always")):
        assert make_plan(situation(carries=carries, **changes), request).restart
    assert not make_plan(situation(carries=carries, **changes), never(OFF)).restart


@pytest.mark.parametrize(
    ("guard", "leave", "carries", "tolerated"),
    [
        ("auto", False, False, True),
        ("auto", False, None, False),
        ("auto", False, True, False),
        ("auto", True, True, True),
        ("always", True, False, False),
        ("never", False, False, True),
        ("never", True, True, True),
        ("never", False, None, False),
    ],
)
def test_when_no_guard_is_needed(guard: Any, leave: bool, carries: bool | None, tolerated: bool) -> None:
    request = replace(OFF, guard=guard, allow_unguarded_restart=leave)
    assert request.tolerates_no_guard(carries=carries) is tolerated


BROKEN_OFF = record(outcome=None)
BROKEN_OFF_LATER = record(outcome=None, restart_requested_at=AT)


@pytest.mark.parametrize(
    ("changes", "request_", "kept", "restart", "finish"),
    [
        # everything was done but telling so
        ({"stored": "1", "active": 1}, OFF, BROKEN_OFF_LATER, False, True),
        ({"stored": "1", "active": 1}, OFF, BROKEN_OFF, False, True),
        ({"stored": "1", "active": 1}, OFF, record(outcome="confirmed"), False, False),
        # the restart is asked for once more, where a guard sees to it
        ({"stored": "1", "active": 3}, OFF, BROKEN_OFF_LATER, True, False),
        ({"stored": "1", "active": None}, OFF, BROKEN_OFF_LATER, True, False),
        ({"stored": "1", "active": 3}, unguarded(OFF), BROKEN_OFF_LATER, False, True),
        ({"stored": "1", "active": None}, unguarded(OFF), BROKEN_OFF_LATER, False, True),
        # and not where somebody saw the host back
        ({"stored": "1", "active": 3}, OFF, replace(BROKEN_OFF_LATER, restarted_at=AT), False, True),
        # the restart is left to somebody else
        ({"stored": "1", "active": 3}, never(OFF), BROKEN_OFF, False, True),
        # the value never came to be written
        ({"stored": "3", "active": 3}, OFF, BROKEN_OFF_LATER, True, False),
        # a way back needs no end of its own: its record goes
        ({"stored": "3", "active": 3}, BACK, BROKEN_OFF_LATER, False, False),
        ({"stored": "3", "active": 1}, BACK, replace(BROKEN_OFF_LATER, written="3"), True, False),
        ({"stored": "3", "active": 1}, unguarded(BACK), replace(BROKEN_OFF_LATER, written="3"), False, False),
    ],
)
def test_what_a_run_that_broke_off_leaves_to_the_next(
    changes: dict[str, Any], request_: Request, kept: UndoRecord, restart: bool, finish: bool
) -> None:
    plan = make_plan(situation(kept=kept, **changes), request_)
    assert (plan.restart, plan.finish) == (restart, finish)
    assert plan.changes is (restart or finish or plan.remove_record)


def test_a_way_back_that_cuts_the_connection_needs_leave_too() -> None:
    error = refusal(unguarded(BACK), carries=True, stored="1", active=1, kept=RESTARTED)
    assert error.code == "restart_not_allowed"


def test_no_leave_is_needed_where_nothing_is_restarted() -> None:
    assert make_plan(situation(carries=True, active=1), OFF).write


def test_an_adapter_without_a_reference_is_not_restarted() -> None:
    known = situation()
    bare = Situation(
        type(known.adapter)(
            **{name: getattr(known.adapter, name) for name in known.adapter.__slots__} | {"selectors": {}}
        ),
        known.keyword,
        known.active,
        None,
        False,
        None,
    )
    with pytest.raises(NicError) as caught:
        make_plan(bare, OFF)
    assert caught.value.code == "adapter_not_addressable"
    assert make_plan(bare, never(OFF)).write


def test_an_original_that_the_driver_takes_no_more_is_refused() -> None:
    error = refusal(BACK, stored="0", active=0, allowed=("0", "3"), kept=record(original="1"))
    assert error.code == "value_not_allowed"
    assert error.expected == "one of 0, 3"
    assert f"{guid(1)}::{GRANULAR}" in error.next_step


def test_an_original_is_trusted_where_the_driver_lists_nothing() -> None:
    assert make_plan(situation(stored="0", active=0, allowed=(), kept=record(original="1")), BACK).target == "1"


def test_what_the_driver_can_not_do_is_refused() -> None:
    assert refusal(OFF, allowed=("0", "3")).code == "wider_change_not_allowed"
    wider = Request("present", OFF.wish, allow_wider=True)
    assert make_plan(situation(allowed=("0", "3")), wider).target == "0"
    assert refusal(OFF, stored="9").code == "value_not_understood"


def test_a_plan_without_a_keyword_has_none_to_change() -> None:
    plan = make_plan(situation(keywords=(), active=1), OFF)
    with pytest.raises(NicError) as caught:
        _unused = plan.keyword
    assert caught.value.code == "keyword_unsupported"


@pytest.mark.parametrize(
    ("active", "guard", "restart"),
    [(None, "auto", True), (None, "always", True), (None, "never", False), (1, "auto", False)],
)
def test_a_value_whose_restart_nobody_knows_of_has_one_under_a_guard(
    active: int | None, guard: Any, restart: bool
) -> None:
    kept = record(written="3", outcome=None)
    plan = make_plan(situation(kept=kept, stored="1", active=active), replace(OFF, guard=guard))
    assert (plan.restart, plan.finish, plan.write) == (restart, not restart, False)
