# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a guard means for a change, apart from the whole course of one (test_change_guarded.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import Guards, Leftover
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guarding import Guarding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Plan, Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import RecordStore
from tests.unit.plugins.plugin_utils._nic.changing import GUARDED, carrying
from tests.unit.plugins.plugin_utils._nic.fakehost import unreachable
from tests.unit.plugins.plugin_utils._nic.guards import Lab, note
from tests.unit.plugins.plugin_utils._nic.test_plan import situation


def guarding(lab: Lab, request: Request = GUARDED) -> Guarding:
    client = lab.host.client
    guards = Guards(client, lab.time.clock)
    return Guarding(client, request, guards, RecordStore(Registry(client)), lab.time.clock, lambda: "now")


def change(*, restart: bool = True) -> Change:
    return Change(Plan(situation(carries=True), "1", 1, write=True, restart=restart), original="3")


def test_a_host_is_waited_for_as_long_as_its_guard_may_take() -> None:
    lab = Lab(carrying())
    waiting = change()
    assert guarding(lab).patience_seconds(waiting) == 300
    waiting.patience_until = lab.time.now + 900
    assert guarding(lab).patience_seconds(waiting) == 900
    assert guarding(lab, replace(GUARDED, reconnect_timeout_seconds=1000)).patience_seconds(waiting) == 1000
    lab.time.sleep(800)
    assert guarding(lab).patience_seconds(waiting) == 300


def test_the_outlook_names_when_the_guard_acts() -> None:
    waiting = change()
    assert Guarding.outlook(waiting) == ""
    waiting.note = note()
    assert "2026-11-22T14:10:00+00:00" in Guarding.outlook(waiting)


@pytest.mark.parametrize(
    ("request_", "restart"),
    [
        (GUARDED, False),
        (replace(GUARDED, guard="never"), True),
        (replace(GUARDED, allow_unguarded_restart=True), True),
    ],
)
def test_what_needs_no_guard_is_not_refused_for_want_of_one(request_: Request, restart: bool) -> None:
    lab = Lab(carrying())
    planned = change(restart=restart)
    planned.guard.leftover = Leftover(note(), "left")
    guarding(lab, request_).refuse_unguardable(planned)
    with pytest.raises(NicError) as caught:
        guarding(lab).refuse_unguardable(change_with_leftover())
    assert caught.value.code == "guard_not_removed"
    assert lab.host.writes == []


def change_with_leftover() -> Change:
    planned = change()
    planned.guard.leftover = Leftover(note(), "left")
    return planned


def test_a_guard_without_a_class_key_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypeError):
        guarding(Lab(carrying())).set(change())


def test_nothing_stands_down_where_nothing_stands() -> None:
    lab = Lab(carrying())
    guarding(lab).stand_down(change(), unreachable())
    assert lab.host.log == []


def test_a_host_that_is_gone_is_not_waited_for_to_tell_its_guard() -> None:
    lab = Lab(carrying())
    standing = change()
    standing.note = lab.leave_guard()
    lab.host.away = 10**9
    guarding(lab).stand_down(standing, unreachable())
    assert sum(lab.time.slept) == 20
    assert standing.guard.reason == "after host_unreachable: host_not_back"
    assert standing.note is not None


@pytest.mark.parametrize(
    "request_",
    [GUARDED, replace(GUARDED, guard="always"), replace(GUARDED, guard="always", allow_unguarded_restart=True)],
)
def test_a_guard_that_is_not_trusted_is_missing_before_anything_is_touched(request_: Request) -> None:
    lab = Lab(carrying())
    with pytest.raises(NicError) as caught:
        guarding(lab, replace(request_, guard_fails=("guard_fires",))).refuse_unguardable(change())
    assert caught.value.code == "guard_not_set"
    assert "not_qualified" in caught.value.seen
    assert "guard_fires" in caught.value.seen
    assert lab.host.writes == []


def test_a_guard_that_is_not_trusted_is_not_set_where_none_is_needed() -> None:
    lab = Lab(carrying())
    going_on = change()
    trusting = guarding(lab, replace(GUARDED, guard_fails=("guard_fires",), allow_unguarded_restart=True))
    trusting.refuse_unguardable(going_on)
    trusting.set(going_on)
    assert (going_on.guard.state, going_on.guard.reason, going_on.note) == ("not_set", "not_qualified", None)
    assert lab.host.writes == []
