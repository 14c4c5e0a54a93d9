# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a host counts as harmed, and how that is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.findings import Original, Row
from tests.faults.table import conclusion, table

GUID = "{ADAPTER}"
KEYWORD = "*UDPChecksumOffloadIPv4"
NAME = f"{GUID}::{KEYWORD}"
GUARD = {"name": r"\remediation.windows_nic guard ADAPTER"}


def host(
    configured: str | None = "1",
    active: int = 1,
    undo: dict[str, Any] | None = None,
    tasks: int = 0,
    *,
    reachable: bool = True,
) -> dict[str, Any]:
    adapter = {"guid": GUID, "name": "Ethernet", "keyword": KEYWORD, "configured": configured, "active": active}
    return {"reachable": reachable, "adapters": [adapter], "undo": undo or {}, "tasks": [GUARD] * tasks}


def original(configured: str | None = "3") -> Original:
    return Original.of(host(configured, 3))


def looked(state: dict[str, Any], *, first: Original | None = None, guard_may_stay: bool = False) -> Row:
    row = Row("fault", "step")
    row.look("Now", state, first or original(), guard_may_stay=guard_may_stay)
    return row


@pytest.mark.parametrize(
    "state",
    [
        host("3", 3),
        host("3", 1),
        host("1", 1, {NAME: {"original": "3"}}),
    ],
)
def test_an_original_in_force_or_in_a_record_can_be_got_back(state: dict[str, Any]) -> None:
    row = looked(state)
    assert (row.reachable, row.recoverable, row.guard_left, row.failures) == (True, True, False, [])


@pytest.mark.parametrize(
    "undo",
    [
        {},
        {NAME: {"original": "1"}},
        {NAME: {}},
        {NAME: "no record"},
        {f"{{OTHER}}::{KEYWORD}": {"original": "3"}},
        {f"{GUID}::*IPChecksumOffloadIPv4": {"original": "3"}},
    ],
)
def test_an_original_that_is_nowhere_is_lost(undo: dict[str, Any]) -> None:
    row = looked(host("1", 1, undo))
    assert row.recoverable is False
    assert row.failures == ["Now, the original value of Ethernet ({ADAPTER}) is neither in force nor in a record."]


def test_an_absent_value_is_an_original_too() -> None:
    absent = original(None)
    assert looked(host("1", 1, {NAME: {"original": None}}), first=absent).recoverable
    assert not looked(host("1", 1, {NAME: {}}), first=absent).recoverable
    assert not looked(host("3", 3), first=absent).recoverable


def test_a_guard_may_stay_for_a_while_but_not_a_second_one() -> None:
    assert looked(host("3", 3, tasks=1), guard_may_stay=True).failures == []
    assert "more guards than adapters" in looked(host("3", 3, tasks=2), guard_may_stay=True).failures[0]
    row = looked(host("3", 3, tasks=1))
    assert row.guard_left
    assert "a guard is left" in row.failures[0]


def test_a_host_that_does_not_answer() -> None:
    row = looked(host("3", 3, reachable=False))
    assert (row.reachable, row.failures) == (False, ["Now, the host does not answer at its address."])


@pytest.mark.parametrize(
    ("state", "failures"),
    [
        (host("3", 3), 0),
        (host("3", 1), 1),
        (host("1", 3), 1),
        (host("3", 3, {NAME: {"original": "3"}}), 1),
    ],
)
def test_in_the_end_everything_is_as_it_was(state: dict[str, Any], failures: int) -> None:
    row = Row("fault", "step")
    row.require_back(state, original())
    assert len(row.failures) == failures


def test_the_table_fits_a_terminal_and_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    good = Row("answer lost, reset", "change 75: set the guard", "remediated")
    bad = Row("controller killed, host reboots", "rollback 70: " + "x" * 60, "unknown", failures=["It burns."])
    bad.guard_left = True
    head, _rule, first, second = table([good, bad]).splitlines()
    assert head.split() == ["fault", "step", "verdict", "reachable", "recoverable", "guard", "left"]
    assert first.split()[-3:] == ["yes", "yes", "no"]
    assert second.split()[-4:] == ["unknown", "yes", "yes", "yes"]
    assert max(map(len, table([good, bad]).splitlines())) <= 120
    said = conclusion([good, bad])
    assert "2 combinations of fault and step, 1 of them not as they must be." in said
    assert "It burns." in said
    assert "answer lost" not in said
