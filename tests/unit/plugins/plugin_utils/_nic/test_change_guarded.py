# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes under a guard: what a host in memory goes through, and what is told of it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import GUARD_KEY, task_name
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import warnings
from tests.unit.plugins.plugin_utils._nic.changing import BACK, GUARDED, KEY, LEAVE, NAME, OFF, Run, carrying, kept, one
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    CLASS,
    GRANULAR,
    OUTCOME,
    UNDO,
    FakeAdapter,
    FakeHost,
    Refusal,
    fault,
    guid,
    lost,
)
from tests.unit.plugins.plugin_utils._nic.fakescheduler import FakeTask
from tests.unit.plugins.plugin_utils._nic.guards import Lab

UNGUARD = replace(GUARDED, allow_unguarded_restart=True)
ALWAYS = replace(GUARDED, guard="always")
RESTORE = replace(BACK, guard="auto")
DENIED = {"hresult": 0x80070005, "cim_status": 2}
AWKWARD = 'a "b" %c%'


def run(lab: Lab, request: Any = GUARDED, *, check: bool = False) -> Run:
    return Run(lab.host, request, check, lab.time)()


def broken(lab: Lab, request: Any = GUARDED, *, check: bool = False) -> NicError:
    with pytest.raises(NicError) as caught:
        run(lab, request, check=check)
    return caught.value


def outcome(host: FakeHost) -> dict[str, Any] | None:
    text = host.registry.get(OUTCOME.casefold(), {}).get(NAME)
    return None if text is None else json.loads(text)


def test_the_guard_stands_from_before_the_write_until_the_host_is_back() -> None:
    lab = Lab(carrying())
    done = run(lab)
    task = task_name(guid(1))
    assert [line.rpartition("::")[0] if "::" in line and GUARD_KEY in line else line for line in lab.host.writes] == [
        f"CreateKey {UNDO}",
        f"SetStringValue {UNDO} {NAME}",
        f"CreateKey {GUARD_KEY}",
        f"RegisterByXml {task}",
        f"SetStringValue {KEY} {GRANULAR}",
        f"SetStringValue {UNDO} {NAME}",
        f"Restart {guid(1)}",
        f"CreateKey {GUARD_KEY}",
        f"SetStringValue {GUARD_KEY} {guid(1)}::confirmed",
        f"delete {task}",
        f"DeleteValue {GUARD_KEY} {guid(1)}::confirmed",
        f"SetStringValue {UNDO} {NAME}",
        f"DeleteValue {OUTCOME} {NAME}",
    ]
    assert lab.tasks == []
    assert lab.marks == []
    assert done.only["guard"] == {
        "task": task,
        "state": "removed",
        "due_at": "1970-01-01T00:26:40+00:00",
        "reason": None,
        "resolved": None,
    }
    assert (done.only["restarted"], done.only["confirmed"]) == (True, True)
    assert warnings(done.changes) == []


def test_nothing_is_guarded_where_nothing_is_restarted() -> None:
    lab = Lab(carrying())
    done = run(lab, replace(GUARDED, may_restart=False))
    assert done.only["guard"] is None
    assert not any(line.startswith("RegisterByXml") for line in lab.host.log)
    assert "--- preflight" in lab.host.log
    assert not any(line.startswith("--- surroundings") for line in lab.host.log)


def test_check_mode_sets_no_guard_and_says_the_same() -> None:
    lab = Lab(carrying())
    assert run(lab, check=True).changed
    assert lab.host.writes == []


@pytest.mark.parametrize("original", ["3", None])
@pytest.mark.parametrize("skew", [dt.timedelta(hours=5), dt.timedelta(hours=-3)])
@pytest.mark.parametrize("late", [dt.timedelta(), dt.timedelta(minutes=4)])
def test_a_lost_host_is_brought_back_and_told_of(original: str | None, skew: dt.timedelta, late: dt.timedelta) -> None:
    lab = Lab(carrying(stored=original), skew=skew, late=late, lost=True)
    error = broken(lab, replace(GUARDED, reconnect_timeout_seconds=30))
    assert error.code == "undone_by_guard"
    assert (lab.host.value(lab.adapter), lab.adapter.active) == (original, 3)
    assert (lab.tasks, lab.marks) == ([], [])
    assert lab.host.undo(lab.adapter) is None
    remembered = outcome(lab.host)
    assert remembered is not None
    assert (remembered["outcome"], remembered["driver_version"]) == ("undone_by_guard", "12.18.11.1")
    assert error.partial is not None
    assert error.partial["changed"] is True
    (told,) = error.partial["adapters"]
    assert (told["guard"]["state"], told["undo"], told["confirmed"]) == ("fired", None, False)
    assert told["after"]["active"] == "rx_tx"
    assert lab.fired == 1


def test_the_second_run_after_a_lost_host_begins_anew() -> None:
    lab = Lab(carrying(), lost=True)
    broken(lab)
    assert run(lab).only["confirmed"] is True
    assert outcome(lab.host) is None
    assert kept(lab.host)["original"] == "3"


def test_a_guard_that_never_comes_is_waited_for_to_the_end() -> None:
    lab = Lab(carrying(), lost=True, late=dt.timedelta(days=1))
    with pytest.raises(HostUnreachable) as caught:
        run(lab, replace(GUARDED, reconnect_timeout_seconds=30))
    assert caught.value.code == "host_not_back"
    assert "1970-01-01T00:26:40+00:00" in caught.value.next_step
    assert lab.time.now - 1000 == pytest.approx(15 * 60)
    assert caught.value.partial is not None
    assert caught.value.partial["adapters"][0]["guard"]["state"] == "set"


def test_what_an_earlier_change_kept_is_kept_when_a_way_back_is_undone() -> None:
    lab = Lab(carrying())
    run(lab)
    before = kept(lab.host)
    lab.lost = True
    error = broken(lab, RESTORE)
    assert error.code == "undone_by_guard"
    assert kept(lab.host) == before
    assert lab.host.value(lab.adapter) == "1"
    assert outcome(lab.host) is None
    assert run(lab, RESTORE).only["after"]["active"] == "rx_tx"
    assert lab.host.undo(lab.adapter) is None


def test_a_value_that_was_never_seen_at_work_is_not_what_the_guard_puts_back() -> None:
    """It was written, and the restart left to somebody else."""
    lab = Lab(carrying())
    run(lab, replace(GUARDED, may_restart=False))
    lab.lost = True
    error = broken(lab)
    assert error.code == "undone_by_guard"
    assert (lab.host.value(lab.adapter), lab.adapter.active) == ("3", 3)


def test_a_guard_that_could_not_put_the_value_back_has_done_its_work_all_the_same() -> None:
    lab = Lab(carrying(), lost=True, puts_back=False)
    done = run(lab)
    assert done.only["guard"]["state"] == "fired"
    assert done.only["after"] == {"configured": "tx", "active": "tx"}
    assert done.only["undo"]["outcome"] == "confirmed"
    (warning,) = warnings(done.changes)
    assert "its guard restarted the adapter" in warning


def test_a_guard_that_begins_before_it_reads_that_it_is_not_needed_has_fired() -> None:
    """It acts in the moment when the host is back and nothing has been confirmed yet."""
    lab = Lab(carrying())
    original = lab.host.invoke

    def invoke(namespace: str, class_name: str, method: str, arguments: Any, **more: Any) -> Any:
        if method == "SetStringValue" and arguments["sValueName"].startswith(f"{guid(1)}::confirmed") and lab.tasks:
            lab.act()
        return original(namespace, class_name, method, arguments, **more)

    lab.host.invoke = invoke  # type: ignore[method-assign]
    error = broken(lab)
    assert error.code == "undone_by_guard"
    assert (lab.host.value(lab.adapter), lab.tasks, lab.marks) == ("3", [], [])


def test_a_guard_that_begins_after_it_was_told_does_nothing() -> None:
    """It acts between the confirmation and the deletion."""
    lab = Lab(carrying())
    original = lab.host.delete

    def delete(namespace: str, class_name: str, selectors: Any) -> None:
        lab.act()
        original(namespace, class_name, selectors)

    lab.host.delete = delete  # type: ignore[method-assign]
    done = run(lab)
    assert (done.only["confirmed"], done.only["guard"]["state"]) == (True, "removed")
    assert (lab.fired, lab.host.value(lab.adapter), lab.tasks, lab.marks) == (0, "1", [], [])


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        (DENIED, "denied"),
        ({"hresult": 0x800704EC}, "policy"),
        ({"hresult": 0x80041322}, "service"),
        ({"hresult": 0x80041318}, "definition"),
        ({"hresult": 0x80004005}, "other"),
    ],
)
def test_without_a_guard_nothing_is_changed(codes: dict[str, Any], reason: str) -> None:
    for request in (GUARDED, ALWAYS, replace(ALWAYS, allow_unguarded_restart=True)):
        lab = Lab(carrying())
        lab.host.refusals.append(Refusal("RegisterByXml", lambda: fault(**codes)))
        error = broken(lab, request)
        assert error.code == "guard_not_set"
        assert f"({reason})" in error.seen
        assert (lab.host.value(lab.adapter), lab.host.undo(lab.adapter), lab.adapter.restarts) == ("3", None, 0)
        assert error.partial is not None
        assert error.partial["changed"] is False
        (told,) = error.partial["adapters"]
        assert (told["changed"], told["undo"], told["guard"]["reason"]) == (False, None, reason)


def test_a_task_that_vanishes_is_no_guard() -> None:
    lab = Lab(carrying())
    lab.host.scheduler.vanishes = True
    assert "(vanished)" in broken(lab).seen


@pytest.mark.parametrize("executed", [True, False])
def test_registering_without_an_answer_is_looked_after(executed: bool) -> None:
    lab = Lab(carrying())
    lab.host.refusals.append(Refusal("RegisterByXml", lost, executed))
    if executed:
        assert run(lab).only["guard"]["state"] == "removed"
    else:
        assert "(answer_lost)" in broken(lab).seen
        assert lab.host.undo(lab.adapter) is None
    assert sum(line.startswith("RegisterByXml") for line in lab.host.log) == 1


def test_a_record_of_before_is_what_it_was_when_no_guard_could_be_set() -> None:
    lab = Lab(carrying())
    run(lab)
    before = lab.host.undo(lab.adapter)
    lab.host.registry[KEY.casefold()][GRANULAR] = "3"
    lab.adapter.active = 3
    lab.host.refusals.append(Refusal("RegisterByXml", lambda: fault(**DENIED)))
    broken(lab)
    assert lab.host.undo(lab.adapter) == before


@pytest.mark.parametrize("carries", [True, False])
def test_a_restart_without_a_guard_is_allowed_where_it_can_not_hurt_or_was_asked_for(carries: bool) -> None:
    lab = Lab(carrying() if carries else one())
    lab.host.refusals.append(Refusal("RegisterByXml", lambda: fault(**DENIED)))
    done = run(lab, UNGUARD if carries else GUARDED)
    assert (done.only["confirmed"], done.only["guard"]["state"], done.only["guard"]["reason"]) == (
        True,
        "not_set",
        "denied",
    )
    assert warnings(done.changes) == [
        "Adapter Ethernet: it was restarted without a guard, since none could be set (denied)."
    ]


def test_a_guard_is_set_also_where_nothing_is_carried() -> None:
    lab = Lab(one())
    assert run(lab).only["guard"]["state"] == "removed"
    lab = Lab(one())
    assert run(lab, OFF).only["guard"] is None


def test_an_adapter_that_no_guard_could_bring_up_is_refused_untouched() -> None:
    lab = Lab(carrying(name=AWKWARD, pnp=""))
    for check in (True, False):
        assert broken(lab, check=check).code == "guard_not_possible"
        assert lab.host.writes == []
    assert run(lab, UNGUARD).only["guard"]["reason"] == "not_possible"
    lab = Lab(one(name=AWKWARD, pnp=""))
    assert broken(lab, ALWAYS).code == "guard_not_possible"
    assert run(lab).only["guard"]["reason"] == "not_possible"


# A task that stays.


@pytest.mark.parametrize("how", ["lies", "denied"])
def test_a_guard_that_can_not_be_deleted_knows_that_it_is_not_needed(how: str) -> None:
    lab = Lab(carrying(), leaves=False)
    lab.host.scheduler.keeps = how == "lies"
    if how == "denied":
        lab.host.refusals.append(Refusal("delete", lambda: fault(**DENIED), times=99))
    done = run(lab)
    assert (done.only["confirmed"], done.only["guard"]["state"]) == (True, "left")
    assert "could not be deleted" in warnings(done.changes)[0]
    assert lab.marks == ["confirmed"]
    lab.time.sleep(3600)
    assert (lab.fired, lab.host.value(lab.adapter)) == (0, "1")
    again = run(lab)
    assert (again.changed, again.changer.touched, again.only["guard"]["resolved"]["state"]) == (False, False, "left")


def test_no_new_guard_is_set_beside_one_that_stays() -> None:
    lab = Lab(carrying(), leaves=False)
    lab.host.scheduler.keeps = True
    run(lab)
    for check, request in ((False, RESTORE), (False, replace(RESTORE, guard="always"))):
        assert broken(lab, request, check=check).code == "guard_not_removed"
        assert (lab.host.value(lab.adapter), lab.adapter.restarts) == ("1", 1)
    done = run(lab, replace(RESTORE, allow_unguarded_restart=True))
    assert (done.only["guard"]["state"], done.only["guard"]["reason"]) == ("not_set", "left")
    assert lab.host.value(lab.adapter) == "3"


def test_a_guard_that_can_neither_be_told_nor_deleted_is_an_error() -> None:
    lab = Lab(carrying())
    lab.host.scheduler.keeps = True
    lab.host.return_codes[f"SetStringValue {GUARD_KEY}"] = 5
    original = lab.host.invoke

    def invoke(namespace: str, class_name: str, method: str, arguments: Any, **more: Any) -> Any:
        answer = original(namespace, class_name, method, arguments, **more)
        if method == "SetStringValue" and arguments["sSubKeyName"] == GUARD_KEY:
            lab.host.registry[GUARD_KEY.casefold()].clear()
        return answer

    lab.host.invoke = invoke  # type: ignore[method-assign]
    error = broken(lab)
    assert error.code == "guard_not_removed"
    assert "3 (rx_tx)" in error.next_step
    assert error.partial is not None
    assert error.partial["changed"] is True
    assert kept(lab.host)["outcome"] is None


# Answers that take minutes, and runs that meet.


@pytest.mark.parametrize(("minutes", "of", "fired"), [(7, 10, 0), (9, 10, 0), (11, 10, 1), (0.9, 2, 0), (1.1, 2, 0)])
def test_a_guard_that_has_too_little_time_left_is_none(minutes: float, of: int, fired: int) -> None:
    lab = Lab(carrying())
    original = lab.host.invoke

    def invoke(namespace: str, class_name: str, method: str, arguments: Any, **more: Any) -> Any:
        answer = original(namespace, class_name, method, arguments, **more)
        if method == "RegisterByXml":
            lab.time.sleep(minutes * 60)
            # The task was still there when it was looked for.
            lab.host.scheduler.tasks.setdefault(task_name(guid(1)), FakeTask(str(arguments["Xml"])))
        return answer

    lab.host.invoke = invoke  # type: ignore[method-assign]
    request = replace(GUARDED, guard_minutes=of)
    if minutes in (7, 0.9):
        assert run(lab, request).only["confirmed"] is True
        return
    error = broken(lab, request)
    assert (error.code, lab.adapter.restarts, lab.fired) == ("guard_not_set", 0, fired)
    assert "(too_late)" in error.seen
    assert error.partial is not None
    assert error.partial["changed"] is True
    assert (lab.tasks, lab.marks) == ([], [])
    lab.host.invoke = original  # type: ignore[method-assign]
    assert run(lab).only["confirmed"] is True
    assert kept(lab.host)["original"] == "3"


@pytest.mark.parametrize("executed", [True, False])
def test_the_record_of_a_run_that_was_quicker_is_left_to_it(executed: bool) -> None:
    """Its answer lost, this run finds another one's guard: the other relies on the record by now."""
    lab = Lab(carrying())
    original = lab.host.invoke

    def invoke(namespace: str, class_name: str, method: str, arguments: Any, **more: Any) -> Any:
        if method == "RegisterByXml":
            if executed:
                lab.leave_guard()
            raise lost() if executed else fault(**DENIED)
        if method == "ExportByName" and not executed and lab.host.undo(lab.adapter) is not None:
            lab.leave_guard()
        return original(namespace, class_name, method, arguments, **more)

    lab.host.invoke = invoke  # type: ignore[method-assign]
    assert broken(lab).code == ("guard_held" if executed else "guard_not_set")
    assert kept(lab.host)["original"] == "3"
    assert lab.tasks == [task_name(guid(1))]


# Changes that break off while the guard stands.


@pytest.mark.parametrize(
    ("line", "code"), [(f"SetStringValue {KEY}", "registry_access_denied"), ("Restart", "restart_refused")]
)
def test_a_change_that_breaks_off_before_the_restart_leaves_no_guard(line: str, code: str) -> None:
    lab = Lab(one())
    lab.host.return_codes[line] = 5
    error = broken(lab)
    assert error.code == code
    assert (lab.tasks, lab.marks) == ([], [])
    assert error.partial is not None
    assert error.partial["adapters"][0]["guard"]["state"] == "removed"


def test_what_broke_the_change_off_stays_the_error() -> None:
    lab = Lab(one())
    lab.host.return_codes["Restart"] = 4
    original = lab.host.delete

    def delete(namespace: str, class_name: str, selectors: Any) -> None:
        lab.host.away = 10**9
        original(namespace, class_name, selectors)

    lab.host.delete = delete  # type: ignore[method-assign]
    error = broken(lab)
    assert error.code == "restart_refused"
    assert error.partial is not None
    told = error.partial["adapters"][0]["guard"]
    assert (told["state"], told["reason"]) == ("set", "after restart_refused: host_not_back")


def test_every_adapter_has_a_guard_of_its_own() -> None:
    lab = Lab(
        FakeHost([FakeAdapter(1, "A", address="198.51.100.1"), FakeAdapter(2, "B", key=rf"{CLASS}\0042", slot=4)])
    )
    done = Run(lab.host, GUARDED, False, lab.time)(1, 2)
    registered = [line for line in lab.host.log if line.startswith("RegisterByXml")]
    assert registered == [f"RegisterByXml {task_name(guid(number))}" for number in (1, 2)]
    assert [each["guard"]["state"] for each in done.results] == ["removed", "removed"]
    assert (lab.tasks, lab.marks) == ([], [])


def test_leave_to_do_without_a_guard_does_not_keep_one_from_being_set() -> None:
    lab = Lab(carrying(), lost=True)
    assert broken(lab, UNGUARD).code == "undone_by_guard"
    assert LEAVE.guard == "never"
