# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import difference, warnings
from tests.unit.plugins.plugin_utils._nic.changing import BACK, KEY, NAME, OFF, Run, index, kept, one
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    CLASS,
    GRANULAR,
    GROUPED,
    OUTCOME,
    UNDO,
    FakeHost,
    Refusal,
    guid,
    lost,
)


def test_the_diff_of_the_way_back() -> None:
    host = one()
    Run(host)()
    assert difference(Run(host, BACK, check=True)().changes) == {
        "before": {"Ethernet": {GRANULAR: {"configured": "tx", "restart_pending": False, "undo_record": True}}},
        "after": {"Ethernet": {GRANULAR: {"configured": "rx_tx", "restart_pending": False, "undo_record": False}}},
    }


def test_a_restart_that_was_pending_before_us_is_made_and_recorded() -> None:
    host = one(stored="1")
    run = Run(host)()
    assert run.only["before"] == {"configured": "tx", "active": "rx_tx"}
    assert run.only["restarted"] is True
    assert [line for line in host.writes if KEY in line] == []
    assert (kept(host)["original"], kept(host)["written"]) == ("1", "1")
    back = Run(host, BACK)()
    assert back.changed
    assert back.only["undo"] is None
    assert host.value(host.adapters[0]) == "1"
    assert host.adapters[0].restarts == 1


def test_the_way_back_restores_restarts_and_forgets() -> None:
    host = one()
    Run(host)()
    run = Run(host, BACK)()
    adapter = host.adapters[0]
    assert (host.value(adapter), adapter.active, adapter.restarts) == ("3", 3, 2)
    assert host.registry[UNDO.casefold()] == {}
    assert run.only["before"] == {"configured": "tx", "active": "tx"}
    assert run.only["after"] == {"configured": "rx_tx", "active": "rx_tx"}
    assert (run.only["confirmed"], run.only["restarted"], run.only["undo"]) == (True, True, None)
    restart = index(host.writes, f"Restart {guid(1)}")
    assert index(host.writes, f"SetStringValue {KEY} {GRANULAR}") < restart
    assert restart < index(host.writes, f"DeleteValue {UNDO} {NAME}")
    assert host.writes[-1] == f"DeleteValue {UNDO} {NAME}"
    again = Run(host, BACK)()
    assert not again.changed
    assert host.writes == []


def test_an_absent_value_is_restored_as_absent() -> None:
    host = one(stored=None)
    Run(host)()
    assert host.value(host.adapters[0]) == "1"
    assert kept(host)["original"] is None
    run = Run(host, BACK)()
    assert host.value(host.adapters[0]) is None
    assert f"DeleteValue {KEY} {GRANULAR}" in host.writes
    assert host.adapters[0].active == 3
    assert run.only["after"] == {"configured": None, "active": "rx_tx"}
    assert run.only["confirmed"] is True
    assert not Run(host, BACK)().changed


def test_a_provider_that_reports_the_default_for_an_absent_value() -> None:
    host = one(stored=None)
    host.reported[GRANULAR] = "3"
    prepared = Run(host, check=True)()
    assert prepared.only["before"]["configured"] == "rx_tx"
    assert prepared.changes[0].original is None
    del host.reported[GRANULAR]
    Run(host)()
    assert kept(host)["original"] is None

    class Reporting(FakeHost):
        def _keyword_rows(self) -> Any:
            return [{**row, "RegistryValue": row["RegistryValue"] or ["3"]} for row in super()._keyword_rows()]

    reporting = Reporting(host.adapters)
    reporting.registry = host.registry
    run = Run(reporting, BACK)()
    assert run.only["after"]["configured"] == "rx_tx"
    assert host.value(host.adapters[0]) is None
    assert reporting.registry[UNDO.casefold()] == {}


def test_the_way_back_without_a_record_changes_nothing() -> None:
    host = one(stored="1", active=1)
    run = Run(host, replace(BACK, outcome="not_cured"))()
    assert not run.changed
    assert host.writes == []


def test_a_way_back_without_a_restart_keeps_the_record_until_it_is_made() -> None:
    host = one()
    Run(host)()
    left = Run(host, replace(BACK, may_restart=False))()
    assert left.changed
    assert left.only["restart_pending"] is True
    assert host.value(host.adapters[0]) == "3"
    assert kept(host)["original"] == "3"
    assert not Run(host, replace(BACK, may_restart=False))().changed
    done = Run(host, BACK)()
    assert done.only["restarted"] is True
    assert host.registry[UNDO.casefold()] == {}
    assert host.adapters[0].active == 3


def lost_way_back(*, executed: bool, follows: bool = True, active: int | None = 3) -> FakeHost:
    """A host whose way back loses the answer to the restart."""
    host = one(active=active)
    host.adapters[0].follows = follows or active is not None
    Run(host)()
    host.adapters[0].follows = follows
    host.refusals.append(Refusal("Restart", lost, executed=executed))
    return host


def test_a_restart_that_never_arrived_is_asked_for_by_the_next_run() -> None:
    host = lost_way_back(executed=False)
    run = Run(host, replace(BACK, outcome="not_cured"))()
    assert (run.only["restart_pending"], run.only["confirmed"]) == (True, False)
    assert (kept(host)["original"], kept(host)["written"], kept(host)["restart_requested_at"]) == ("3", "3", None)
    assert kept(host)["outcome"] == "unconfirmed"
    assert "asks for it again" in warnings(run.changes)[0]
    assert json.loads(host.registry[OUTCOME.casefold()][NAME])["outcome"] == "not_cured"
    assert [line for line in host.log if line.startswith("Restart")] == [f"Restart {guid(1)}"]
    again = Run(host, BACK)()
    assert (again.only["restarted"], again.only["confirmed"], again.only["restart_pending"]) == (True, True, False)
    assert (host.adapters[0].active, host.adapters[0].restarts) == (3, 2)
    assert host.registry[UNDO.casefold()] == {}
    assert NAME in host.registry[OUTCOME.casefold()]


def test_a_driver_that_never_follows_is_asked_no_third_time() -> None:
    host = lost_way_back(executed=True, follows=False)
    assert Run(host, BACK)().only["undo"] is not None
    host.refusals.append(Refusal("Restart", lost, executed=True))
    second = Run(host, BACK)()
    assert (second.only["undo"], second.only["restart_pending"]) == (None, True)
    assert not Run(host, BACK)().changed
    assert host.adapters[0].restarts == 3


@pytest.mark.parametrize("active", [3, None])
def test_a_lost_answer_to_a_restart_that_took_place_leaves_nothing(active: int | None) -> None:
    host = lost_way_back(executed=True, follows=active is not None, active=active)
    assert Run(host, BACK)().only["undo"] is None
    assert host.registry[UNDO.casefold()] == {}


def test_a_driver_that_does_not_follow_an_answered_restart_is_left() -> None:
    host = one()
    Run(host)()
    host.adapters[0].follows = False
    assert Run(host, BACK)().only["undo"] is None
    assert host.registry[UNDO.casefold()] == {}


def test_what_came_of_a_change_is_kept_before_the_record_goes() -> None:
    host = one()
    Run(host)()
    Run(host, replace(BACK, outcome="not_cured"))()
    assert json.loads(host.registry[OUTCOME.casefold()][NAME]) == {
        "format": 1,
        "outcome": "not_cured",
        "driver_version": "12.18.11.1",
        "at": "1970-01-01T00:16:40+00:00",
    }
    assert host.writes[-3:] == [
        f"CreateKey {OUTCOME}",
        f"SetStringValue {OUTCOME} {NAME}",
        f"DeleteValue {UNDO} {NAME}",
    ]
    assert not Run(host, replace(BACK, outcome="not_cured"))().changed
    Run(host)()
    assert host.registry[OUTCOME.casefold()] == {}


def test_an_adapter_that_was_installed_anew_goes_back_to_its_first_original() -> None:
    host = one(stored="2", active=2)
    Run(host)()
    host.adapters[0].number = 5
    host.install(host.adapters[0])
    host.registry[rf"{CLASS}\0005".casefold()][GRANULAR] = "3"
    host.adapters[0].active = 3
    Run(host)(5)
    assert (kept(host)["original"], kept(host)["written"]) == ("2", "1")
    run = Run(host, BACK)(5)
    assert host.value(host.adapters[0]) == "2"
    assert host.registry[UNDO.casefold()] == {}
    assert run.only["guid"] == guid(5)


def test_the_grouped_keyword_is_changed_with_leave_and_restored() -> None:
    host = one(keywords=(GROUPED,))
    wider = replace(OFF, allow_wider=True)
    run = Run(host, wider)()
    assert run.only["keyword"] == GROUPED
    assert host.value(host.adapters[0], GROUPED) == "1"
    assert kept(host, f"{guid(1)}::{GROUPED}")["original"] == "3"
    Run(host, BACK)()
    assert host.value(host.adapters[0], GROUPED) == "3"


def test_the_way_back_follows_the_keyword_that_was_changed() -> None:
    host = one(keywords=(GROUPED,))
    Run(host, replace(OFF, allow_wider=True))()
    host.adapters[0].keywords = (GRANULAR, GROUPED)
    host.registry[KEY.casefold()][GRANULAR] = "3"
    run = Run(host, BACK)()
    assert run.only["keyword"] == GROUPED
    assert host.value(host.adapters[0], GROUPED) == "3"
    assert host.registry[UNDO.casefold()] == {}


def test_a_record_of_a_keyword_that_the_driver_lost_is_refused() -> None:
    host = one(keywords=(GROUPED,))
    Run(host, replace(OFF, allow_wider=True))()
    host.adapters[0].keywords = (GRANULAR,)
    host.registry[KEY.casefold()][GRANULAR] = "3"
    with pytest.raises(NicError) as caught:
        Run(host, BACK)()
    assert caught.value.code == "keyword_unsupported"
    assert GROUPED in caught.value.seen
