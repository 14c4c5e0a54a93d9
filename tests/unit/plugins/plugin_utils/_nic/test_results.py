# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import Leftover
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Plan
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change, Step
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import difference, result, warnings
from tests.unit.plugins.plugin_utils._nic.guards import note
from tests.unit.plugins.plugin_utils._nic.test_plan import AT, record, situation


def change(**plan: Any) -> Change:
    return Change(Plan(situation(), "1", 1, **{"write": True, "restart": True, **plan}))


def test_a_plan_for_people_and_programs() -> None:
    planned = result(change(), check_mode=True)
    assert (planned["changed"], planned["restarted"], planned["restart_pending"]) == (True, False, False)
    assert planned["before"] == {"configured": "rx_tx", "active": "rx_tx"}
    assert planned["after"] == {"configured": "tx", "active": "tx"}
    assert (planned["guard"], planned["side_effects"]) == (None, [])


def test_what_became_of_it() -> None:
    done = change()
    done.step, done.active, done.confirmed, done.outage_seconds = Step.CONFIRMED, 1, True, 4.0
    done.side_effects = [{"what": "rss", "before": "enabled", "after": "disabled"}]
    done.guard.state = "removed"
    told = result(done)
    assert (told["changed"], told["restarted"], told["confirmed"], told["outage_seconds"]) == (True, True, True, 4.0)
    assert told["side_effects"] == [{"what": "rss", "before": "enabled", "after": "disabled"}]
    assert told["guard"]["state"] == "removed"


def test_a_change_that_stopped_before_its_restart_restarted_nothing() -> None:
    stopped = change()
    stopped.step = Step.READ_BACK
    assert (result(stopped)["changed"], result(stopped)["restarted"]) == (True, False)
    assert result(change())["changed"] is False


def test_the_difference_is_of_the_plan_alone() -> None:
    shown = difference([change(), Change(Plan(situation(keywords=()), None, 3))])
    (before,), (after,) = shown["before"].values(), shown["after"].values()
    assert next(iter(before.values())) == {"configured": "rx_tx", "restart_pending": False, "undo_record": False}
    assert next(iter(after.values())) == {"configured": "tx", "restart_pending": False, "undo_record": True}


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        ("none", None, None),
        ("set", None, None),
        ("removed", None, None),
        ("not_set", "policy", "without a guard, since none could be set (policy)"),
        ("fired", None, "its guard restarted the adapter"),
        ("left", "access denied", "could not be deleted"),
    ],
)
def test_warnings_about_a_guard(state: Any, reason: str | None, words: str | None) -> None:
    guarded = change()
    guarded.confirmed = True
    guarded.guard.state, guarded.guard.reason = state, reason
    told = warnings([guarded])
    assert [words in each for each in told] == ([True] if words else [])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("removed", "was removed"),
        ("fired", "had put the original back"),
        ("left", "could not be deleted"),
        ("gone", "ended while this run waited"),
        ("found", "is there"),
    ],
)
def test_warnings_about_a_guard_of_before(state: Any, words: str) -> None:
    for found in (note(), None):
        found_before = change()
        found_before.guard.leftover = Leftover(found, state)
        (told,) = warnings([found_before], check_mode=True)
        assert told.startswith("Adapter Ethernet: ")
        assert words in told
        assert ("process 4711 on controller.example" in told) is (found is not None)


def test_a_driver_that_does_not_follow_is_told_of_after_a_restart_only() -> None:
    stubborn = change()
    stubborn.record = record(restart_requested_at=AT)
    assert "still reports rx_tx" in warnings([stubborn])[0]
    assert warnings([stubborn], check_mode=True) == []
    stubborn.record = record()
    assert warnings([stubborn]) == []
