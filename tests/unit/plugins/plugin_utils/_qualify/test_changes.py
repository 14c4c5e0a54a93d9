# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trials that change an adapter, against hosts in memory that answer otherwise, break off, or don't come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import change
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import request_restart
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Outcome, RecordStore
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.changes import ChangeTrial
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from tests.inmemory import Strike
from tests.lab.wirespec import Misbehaviour
from tests.unit.plugins.plugin_utils._qualify.qualifying import Trials, details, told

Qualify = Callable[..., Trials]
EXPECTED = {"write_leaves_adapter_up": "left_alone", "restart_answers": "lost", "active_follows": "follows"}
NO_WAY_BACK = {"answer": "cut", "leaves": "disabled"}
"""Only a guard brings such an adapter back."""


def run(trials: Trials, trial: ChangeTrial | None = None) -> ChangeTrial:
    trial = trial or trials.changes()
    trial.run(read_host(trials.host.controller()))
    return trial


def error_of(trials: Trials, trial: ChangeTrial) -> NicError:
    with pytest.raises(NicError) as caught:
        run(trials, trial)
    return caught.value


def test_the_expected_answers_and_nothing_left(qualify: Qualify) -> None:
    trials = qualify()
    trial = run(trials)
    assert told(trial.answers) == EXPECTED
    assert details(trial.answers)["write_leaves_adapter_up"] == "watched for 12 seconds"
    assert trial.left_behind == []
    assert trial.touched
    assert trials.state() == trials.before
    assert len(trials.sent("Restart")) == 2


@pytest.mark.parametrize(
    ("restart", "adapter", "expected"),
    [
        ({"answer": "normal"}, {}, {"restart_answers": "answered"}),
        ({}, {"active_report": "unknown"}, {"active_follows": "not_told"}),
        ({"applies": False}, {}, {"active_follows": "stays"}),
        ({"answer": "refused"}, {}, {"restart_answers": "refused", "active_follows": "not_asked"}),
        (
            {"on_write": True},
            {},
            {"write_leaves_adapter_up": "went_away", "restart_answers": "not_asked", "active_follows": "not_asked"},
        ),
    ],
)
def test_answers_that_are_otherwise(
    qualify: Qualify, restart: Mapping[str, Any], adapter: Mapping[str, Any], expected: Mapping[str, str]
) -> None:
    trials = qualify(restart, adapter=adapter)
    trial = run(trials)
    assert told(trial.answers) == EXPECTED | expected
    assert trial.left_behind == []
    assert trials.state() == trials.before


def test_a_driver_that_takes_the_value_without_a_restart(qualify: Qualify) -> None:
    trials = qualify()
    machine = trials.host.machine
    (adapter,) = (each for each in machine.adapters if each.keyword)

    def take(_trial: ChangeTrial, _change: object) -> bool:
        adapter.active = adapter.reported = machine.configured_bits(adapter)
        return True

    with mock.patch.object(ChangeTrial, "_is_up", take):
        trial = run(trials)
    assert told(trial.answers)["write_leaves_adapter_up"] == "active_at_once"
    assert details(trial.answers)["write_leaves_adapter_up"] == "the driver reports tx without a restart"
    assert trials.state() == trials.before


def test_a_guard_brings_back_what_the_write_alone_has_cut_off(qualify: Qualify) -> None:
    trials = qualify({**NO_WAY_BACK, "on_write": True})
    trial = run(trials)
    assert told(trial.answers) == {
        "write_leaves_adapter_up": "went_away",
        "restart_answers": "not_asked",
        "active_follows": "not_asked",
    }
    assert details(trial.answers)["write_leaves_adapter_up"] == "the guard had to bring the adapter back"
    assert trial.left_behind == []
    assert trials.state() == trials.before
    assert trials.sent("Restart") == []


def test_a_guard_brings_back_what_the_restart_has_cut_off(qualify: Qualify) -> None:
    trials = qualify(NO_WAY_BACK)
    trial = trials.changes()
    error = error_of(trials, trial)
    assert error.code == "undone_by_guard"
    assert told(trial.answers) == {"write_leaves_adapter_up": "left_alone"}
    assert trial.left_behind == []
    assert trials.state() == trials.before


def test_a_host_that_does_not_come_back_at_all(qualify: Qualify) -> None:
    trials = qualify(NO_WAY_BACK, tasks={"late_seconds": 80_000.0})
    trial = trials.changes()
    error = error_of(trials, trial)
    assert isinstance(error, HostUnreachable)
    assert error.code == "host_not_back"
    assert told(trial.answers) == {"write_leaves_adapter_up": "left_alone"}
    (what,) = trial.left_behind
    assert what.startswith("the change of the adapter (")
    assert what.endswith("Then run the playbook rollback on this host.")


def test_where_no_guard_can_be_set_nothing_is_touched(qualify: Qualify) -> None:
    trials = qualify(tasks={"register_task": "policy"})
    trial = run(trials)
    assert set(told(trial.answers).values()) == {"no_answer"}
    assert (details(trial.answers)["restart_answers"] or "").startswith("guard_not_set: no guard could be set (policy)")
    assert trials.state() == trials.before
    assert trials.sent("SetStringValue") == []


def test_a_guard_that_cant_be_deleted_ends_the_trial(qualify: Qualify) -> None:
    trials = qualify(tasks={"delete_task": "fails"})
    trial = trials.changes()
    assert error_of(trials, trial).code == "guard_not_removed"
    assert trials.sent("Restart") == []
    assert trials.state()["adapters"] == trials.before["adapters"]
    assert trials.state()["undo"] == {}


@pytest.mark.parametrize("do", [Misbehaviour.CUT_BEFORE, Misbehaviour.CUT_AFTER])
def test_a_connection_that_breaks_until_the_restart_leaves_nothing(qualify: Qualify, do: Misbehaviour) -> None:
    first = qualify()
    run(first)
    restart = first.sent("Restart")[0]
    writes = [number for method in ("SetStringValue", "RegisterByXml") for number in first.sent(method)]
    strikes = [*(number for number in writes if number < restart), restart]
    assert len(strikes) > 5
    codes = set()
    for number in strikes:
        trials = qualify()
        trial = trials.changes()
        trials.host.requests, trials.host.strikes = len(trials.host.sent), {number: Strike(do=do)}
        try:
            run(trials, trial)
        except NicError as error:
            codes.add(error.code)
        assert trials.host.strikes == {}, number
        assert trial.left_behind == [], number
        assert trials.state() == trials.before, number
    assert codes <= {"guard_not_set", "undo_not_stored", "write_not_confirmed"}


def test_a_driver_that_does_not_follow_back_is_told(qualify: Qualify) -> None:
    trials = qualify()
    asked: list[str] = []

    def ask(client: Client, adapter: Adapter) -> bool:
        asked.append(adapter.name)
        return request_restart(client, adapter) if len(asked) == 1 else True

    with mock.patch.object(change, "request_restart", ask):
        trial = run(trials)
    assert len(asked) == 2
    assert told(trial.answers) == EXPECTED
    (what,) = trial.left_behind
    assert what == (
        "adapter Ethernet: the registry holds the original again, and the driver still reports tx. Restart the host."
    )


def failing(code: str) -> Callable[..., Any]:
    def fail(*_arguments: object) -> None:
        raise NicError(code, "adapter Ethernet", "seen", "expected", "Do this.")

    return fail


def test_the_error_of_putting_back_does_not_hide_the_first_one(qualify: Qualify) -> None:
    trials = qualify()
    trial = trials.changes()
    with (
        mock.patch.object(ChangeTrial, "_restart", failing("first")),
        mock.patch.object(ChangeTrial, "_roll_back", failing("second")),
    ):
        error = error_of(trials, trial)
    assert error.code == "first"
    (what,) = trial.left_behind
    assert what == (
        "the change of the adapter (adapter Ethernet: seen; expected expected. Do this.) Then run the playbook rollback"
        " on this host."
    )
    # What the sentence says helps: the record is on the host.
    trial._roll_back()  # pylint: disable=protected-access
    assert trials.state() == trials.before


def test_putting_back_alone_may_fail(qualify: Qualify) -> None:
    trials = qualify()
    trial = trials.changes()
    with mock.patch.object(ChangeTrial, "_roll_back", failing("second")):
        assert error_of(trials, trial).code == "second"
    assert told(trial.answers) == EXPECTED
    assert len(trial.left_behind) == 1


def test_whatever_breaks_off_is_put_back(qualify: Qualify) -> None:
    trials = qualify()
    with (
        mock.patch.object(ChangeTrial, "_restart", mock.Mock(side_effect=ZeroDivisionError)),
        pytest.raises(ZeroDivisionError),
    ):
        run(trials)
    assert trials.state() == trials.before


def test_what_was_known_of_earlier_changes_is_kept(qualify: Qualify) -> None:
    trials = qualify()
    store = RecordStore(Registry(trials.host.controller()))
    guid = trials.adapter.guid
    outcome = Outcome("not_cured", "12.18.11.1", "2026-02-01T10:00:00+00:00")
    store.write_outcome(f"{guid}::*UDPChecksumOffloadIPv4", outcome)
    run(trials)
    assert store.read_outcomes({guid}) == {f"{guid}::*UDPChecksumOffloadIPv4": outcome}


def test_a_change_that_is_in_force_is_no_ground_to_try_things_on(qualify: Qualify) -> None:
    trials = qualify()
    trial = trials.changes()
    with (
        mock.patch.object(ChangeTrial, "_restart", failing("first")),
        mock.patch.object(ChangeTrial, "_roll_back", failing("second")),
    ):
        error_of(trials, trial)
    writes = len(trials.sent("SetStringValue"))
    with pytest.raises(NicError) as caught:
        trials.changes().refuse_unless_possible(read_host(trials.host.controller()))
    assert caught.value.code == "change_in_force"
    assert len(trials.sent("SetStringValue")) == writes


def test_planning_touches_nothing(qualify: Qualify) -> None:
    trials = qualify()
    trial = trials.changes()
    trial.refuse_unless_possible(read_host(trials.host.controller()))
    assert not trial.touched
    assert trials.sent("SetStringValue") == trials.sent("CreateKey") == trials.sent("RegisterByXml") == []


def test_skipped_questions_say_why(qualify: Qualify) -> None:
    trial = qualify().changes()
    trial.skip("no guard works there")
    assert set(told(trial.answers).values()) == {"not_asked"}
    assert set(details(trial.answers).values()) == {"no guard works there"}
    assert list(told(trial.answers)) == list(EXPECTED)
