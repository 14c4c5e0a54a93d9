# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Plan
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change, Step, shown
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import UndoRecord
from tests.unit.plugins.plugin_utils._nic.test_plan import AT, record, situation


def change(kept: UndoRecord | None, original: str | None) -> Change:
    return Change(Plan(situation(kept=kept), "1", 1, write=True), original=original)


@pytest.mark.parametrize(
    ("kept", "original", "restores"),
    [
        (None, "3", "3"),
        (None, None, None),
        # somebody else changed it since
        (record(), "2", "2"),
        (record(), "odd", "3"),
        (record(outcome="confirmed"), "9", "3"),
        (None, "odd", "odd"),
        # seen at work
        (record(outcome="confirmed"), "1", "1"),
        (record(outcome="unconfirmed", restarted_at=AT), "1", "1"),
        # written, and never seen at work
        (record(outcome="unconfirmed"), "1", "3"),
        (record(outcome=None), "1", "3"),
        (record(outcome=None, restart_requested_at=AT), "1", "3"),
        (record(outcome=None, original=None), "1", None),
    ],
)
def test_a_guard_puts_back_what_is_known_to_work(
    kept: UndoRecord | None, original: str | None, restores: str | None
) -> None:
    assert change(kept, original).restores == restores


def test_a_change_begins_with_what_was_read() -> None:
    begun = change(record(), "1")
    assert (begun.step, begun.changed, begun.confirmed) == (Step.PLANNED, False, False)
    assert (begun.keyword, begun.active, begun.record) == (begun.plan.situation.keyword, 3, record())
    assert begun.kept() == record()
    assert begun.guard.as_dict() is None
    with pytest.raises(TypeError):
        change(None, "3").kept()


def test_what_is_said_of_a_value_that_is_not_in_force() -> None:
    begun = change(record(), "3")
    error = begun.not_in_force("value_not_kept", "so it is")
    assert (error.code, error.expected) == ("value_not_kept", "1 (tx)")
    assert error.seen == "after 1 (tx) was written, the CIM provider reports 3 (rx_tx); so it is"
    assert "3 (rx_tx)" in error.next_step
    begun.keyword = None
    assert "reports missing" in begun.not_in_force("value_not_kept", "so it is").seen


@pytest.mark.parametrize(("text", "words"), [(None, "no value"), ("0", "0 (disabled)"), ("7", "'7'")])
def test_values_for_people(text: str | None, words: str) -> None:
    assert shown(text) == words
