# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import (
    GuardNotSet,
    GuardReport,
    Guards,
    Leftover,
    Relief,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import (
    GUARD_KEY,
    GuardNote,
    mark,
    read_note,
    task_name,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from tests.unit.plugins.plugin_utils._nic.changing import KEY, carrying
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, Refusal, fault, guid, lost, unreachable
from tests.unit.plugins.plugin_utils._nic.fakescheduler import FakeTask
from tests.unit.plugins.plugin_utils._nic.guards import TOKEN, Lab, note

NAME = task_name(guid(1))
DENIED = {"hresult": 0x80070005, "cim_status": 2}


def guards(lab: Lab, **changes: Any) -> Guards:
    return Guards(lab.host.client, lab.time.clock, token=lambda: "f" * 16, **changes)


def adapter_of(lab: Lab) -> Adapter:
    found = read_host(lab.host.client).adapter(guid(1))
    assert found is not None
    return found


def set_one(lab: Lab, restores: str | None = "3", minutes: int = 10) -> tuple[GuardNote, float]:
    return guards(lab).set(adapter_of(lab), KEY, GRANULAR, restores, minutes)


def refused(lab: Lab) -> NicError:
    with pytest.raises(NicError) as caught:
        set_one(lab)
    return caught.value


def test_a_guard_is_due_by_the_clock_of_the_host_and_worth_waiting_for_by_ours() -> None:
    lab = Lab(carrying(), skew=dt.timedelta(hours=5, microseconds=7))
    made, until = set_one(lab, minutes=7)
    assert made.set_at == lab.clock().replace(microsecond=0)
    assert made.due_at - made.set_at == dt.timedelta(minutes=7)
    assert until == lab.time.now + 7 * 60 + 300
    assert (made.holder, made.guid, made.keyword, made.restores) == (Holder.here(), guid(1), GRANULAR, "3")
    assert read_note(lab.host.scheduler.tasks[NAME].xml) == made


def test_marks_of_earlier_guards_are_swept_once_the_lock_is_held() -> None:
    lab = Lab(carrying())
    others = {mark(guid(2), "fired", TOKEN): "1", "something else": "1"}
    lab.host.registry[GUARD_KEY.casefold()] = {mark(guid(1), "fired", TOKEN): "1", **others}
    set_one(lab)
    assert lab.host.registry[GUARD_KEY.casefold()] == others


def test_of_two_runs_one_gets_the_guard() -> None:
    lab = Lab(carrying())
    theirs = lab.leave_guard()
    error = refused(lab)
    assert error.code == "guard_held"
    assert "process 4711 on controller.example" in error.seen
    assert read_note(lab.host.scheduler.tasks[NAME].xml) == theirs


def test_another_runs_task_in_place_of_ours_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(carrying())
    host_call = lab.host.scheduler.call

    def call(method: str, arguments: Any) -> Any:
        if method == "RegisterByXml":
            lab.leave_guard()
            return {"ReturnValue": 0}
        return host_call(method, arguments)

    monkeypatch.setattr(lab.host.scheduler, "call", call)
    assert refused(lab).code == "guard_held"


def test_a_registration_that_comes_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(carrying())
    lab.host.refusals.append(Refusal("RegisterByXml", lost))
    original = lab.host.scheduler.call
    waiting: list[Any] = []
    monkeypatch.setattr(lab.host, "invoke", keep_registration(lab.host.invoke, waiting))
    lab.time.passing = lambda _now: [original("RegisterByXml", each) for each in waiting] and waiting.clear()
    made, _until = set_one(lab)
    assert read_note(lab.host.scheduler.tasks[NAME].xml) == made


def keep_registration(invoke: Any, kept: list[Any]) -> Any:
    def wrapped(namespace: str, class_name: str, method: str, arguments: Any, **more: Any) -> Any:
        if method == "RegisterByXml":
            kept.append(arguments)
        return invoke(namespace, class_name, method, arguments, **more)

    return wrapped


def test_a_host_that_can_not_be_reached_has_no_guard_and_says_so_itself() -> None:
    lab = Lab(carrying())
    lab.host.refusals.append(Refusal("RegisterByXml", unreachable))
    assert isinstance(refused(lab), HostUnreachable)


def test_a_host_without_a_clock_has_no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(carrying())
    monkeypatch.setattr(lab.host.scheduler, "system_row", dict)
    error = refused(lab)
    assert isinstance(error, GuardNotSet)
    assert error.reason == "clock"


def test_what_is_no_refusal_of_the_scheduler_stays_what_it_is() -> None:
    lab = Lab(carrying())
    lab.host.refusals.append(Refusal("enumerate Win32_OperatingSystem", lambda: fault(cim_status=2)))
    assert refused(lab).code == "access_denied"


# Guards that are there before.


def test_none_is_resolved_where_none_is() -> None:
    lab = Lab(carrying())
    assert guards(lab).resolve(adapter_of(lab), 300) is None
    assert guards(lab).find(guid(1)) is None
    assert lab.host.writes == []


def test_where_tasks_can_not_be_read_none_is_found() -> None:
    lab = Lab(carrying())
    lab.leave_guard()
    lab.host.refusals.append(Refusal("ExportByName", lambda: fault(**DENIED)))
    assert guards(lab).find(guid(1)) is None
    lab.host.refusals.append(Refusal("ExportByName", unreachable))
    with pytest.raises(HostUnreachable):
        guards(lab).find(guid(1))


def test_the_guard_of_a_dead_process_is_removed_at_once() -> None:
    lab = Lab(carrying())
    gone = replace(Holder.here(), started=1)
    left = lab.leave_guard(holder=gone)
    assert guards(lab).resolve(adapter_of(lab), 300) == Leftover(left, "removed")
    assert (lab.tasks, lab.marks, lab.time.slept) == ([], [], [])


def test_a_guard_of_this_very_process_is_of_a_run_that_has_ended() -> None:
    lab = Lab(carrying())
    left = lab.leave_guard(holder=Holder.here())
    assert guards(lab).resolve(adapter_of(lab), 300) == Leftover(left, "removed")


def test_the_guard_of_a_living_run_is_waited_for_and_named() -> None:
    lab = Lab(carrying(), late=dt.timedelta(days=1))
    left = lab.leave_guard()
    with pytest.raises(NicError) as caught:
        guards(lab).resolve(adapter_of(lab), 120)
    assert caught.value.code == "guard_held"
    assert left.due_at.isoformat(timespec="seconds") in caught.value.seen
    assert sum(lab.time.slept) == 120
    assert lab.host.writes == []
    assert lab.tasks == [NAME]


def test_a_guard_that_goes_while_it_is_waited_for_is_no_obstacle() -> None:
    lab = Lab(carrying())
    left = lab.leave_guard(due_at=lab.clock() + dt.timedelta(minutes=1))
    assert guards(lab).resolve(adapter_of(lab), 120) == Leftover(left, "gone")
    assert lab.fired == 1


def test_the_host_may_go_away_while_a_guard_is_waited_for() -> None:
    lab = Lab(carrying())
    left = lab.leave_guard(due_at=lab.clock() + dt.timedelta(minutes=1))
    slept: list[float] = []

    def away(_now: float) -> None:
        slept.append(1)
        if len(slept) == 1:
            lab.host.away = 3
        lab.passing(0)

    lab.time.passing = away
    assert guards(lab).resolve(adapter_of(lab), 120) == Leftover(left, "gone")


@pytest.mark.parametrize(("minutes", "abandoned"), [(19, False), (21, True)])
def test_a_guard_that_was_due_long_ago_is_abandoned(minutes: int, abandoned: bool) -> None:
    lab = Lab(carrying(), late=dt.timedelta(days=9), skew=dt.timedelta(hours=9))
    lab.leave_guard()
    lab.time.sleep(minutes * 60)
    found = None
    if abandoned:
        found = guards(lab).resolve(adapter_of(lab), 0)
        assert found is not None
        assert found.state == "removed"
    else:
        with pytest.raises(NicError):
            guards(lab).resolve(adapter_of(lab), 0)


@pytest.mark.parametrize("xml", ["<Task/>", "", "no XML"])
def test_a_task_of_somebody_else_under_that_name_is_not_touched(xml: str) -> None:
    lab = Lab(carrying())
    lab.host.scheduler.tasks[NAME] = FakeTask(xml)
    with pytest.raises(NicError) as caught:
        guards(lab).resolve(adapter_of(lab), 10)
    assert caught.value.code == "guard_held"
    assert "does not understand" in caught.value.seen
    assert lab.tasks == [NAME]


def test_a_note_about_another_adapter_is_not_understood() -> None:
    lab = Lab(carrying())
    other = lab.leave_guard(guid=guid(2))
    lab.host.scheduler.tasks[NAME] = lab.host.scheduler.tasks.pop(task_name(other.guid))
    assert guards(lab).find(guid(1)) == Leftover(None, "found")


# Relieving.


def test_relieving_takes_few_requests() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.host.log.clear()
    assert guards(lab).relieve(made) == Relief(True, False, False, True)
    confirmed = f"{GUARD_KEY} {mark(guid(1), 'confirmed', made.token)}"
    assert lab.host.log == [
        f"CreateKey {GUARD_KEY}",
        f"SetStringValue {confirmed}",
        f"EnumValues {GUARD_KEY}",
        f"ExportByName {NAME}",
        f"delete {NAME}",
        f"ExportByName {NAME}",
        f"EnumValues {GUARD_KEY}",
        f"DeleteValue {confirmed}",
    ]


@pytest.mark.parametrize("executed", [True, False])
def test_a_mark_whose_answer_was_lost_is_looked_for_before_it_is_written_again(executed: bool) -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.host.log.clear()
    lab.host.refusals += [Refusal("SetStringValue", lost, executed), Refusal("EnumValues", unreachable)]
    assert guards(lab).relieve(made) == Relief(True, False, False, True)
    confirmed = f"{GUARD_KEY} {mark(guid(1), 'confirmed', made.token)}"
    write = [f"CreateKey {GUARD_KEY}", f"SetStringValue {confirmed}", f"EnumValues {GUARD_KEY}"]
    again = [f"EnumValues {GUARD_KEY}", *(() if executed else write), f"ExportByName {NAME}"]
    assert lab.host.log[: 3 + len(again)] == [*write, *again]
    assert (lab.tasks, lab.marks) == ([], [])


def test_a_guard_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.write(made, "begun")
    looks: list[float] = []

    def passing(_now: float) -> None:
        looks.append(lab.time.now)
        if len(looks) == 5:
            lab.host.away = 2
            lab.put_back(made)

    lab.time.passing = passing
    relief = guards(lab).relieve(made)
    assert relief == Relief(True, True, True, True)
    assert relief.state == "fired"
    assert (lab.tasks, lab.marks) == ([], [])


def test_a_guard_that_stands_down_while_it_is_looked_at_did_nothing() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.write(made, "begun")
    lab.time.passing = lambda _now: lab.act() if lab.tasks else None
    relief = guards(lab).relieve(made)
    assert (relief.began, relief.fired, relief.state, lab.fired) == (True, False, "removed", 0)


def test_a_guard_that_never_ends_is_not_waited_for_for_ever() -> None:
    lab = Lab(carrying(), late=dt.timedelta(days=1))
    made, _until = set_one(lab)
    lab.write(made, "begun")
    relief = guards(lab).relieve(made)
    assert (relief.began, relief.fired, relief.removed) == (True, False, True)
    assert 420 <= sum(lab.time.slept) < 430


def test_the_guard_of_another_run_is_not_deleted_in_place_of_ours() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    del lab.host.scheduler.tasks[NAME]
    theirs = lab.leave_guard()
    assert guards(lab).relieve(made).removed
    assert read_note(lab.host.scheduler.tasks[NAME].xml) == theirs


@pytest.mark.parametrize("executed", [True, False])
def test_deleting_without_an_answer_is_looked_after(executed: bool) -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.host.refusals.append(Refusal("delete", lost, executed))
    assert guards(lab).relieve(made).removed
    assert sum(line.startswith("delete") for line in lab.host.log) == (1 if executed else 2)


def test_deleting_that_is_never_answered_ends() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.host.refusals.append(Refusal("delete", lost, times=99))
    relief = guards(lab).relieve(made)
    assert (relief.state, relief.why) == ("left", "deleting it was not answered")


def test_a_refusal_counts_only_while_the_task_is_there() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)

    def gone_meanwhile() -> NicError:
        lab.host.scheduler.tasks.clear()
        return fault(**DENIED)

    lab.host.refusals.append(Refusal("delete", gone_meanwhile))
    assert guards(lab).relieve(made).removed


def test_a_registry_that_takes_no_mark_does_not_keep_the_task_from_being_deleted() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.host.refusals.append(Refusal("SetStringValue", lambda: fault(cim_status=1)))
    with pytest.raises(NicError):
        guards(lab).relieve(made)
    lab.host.return_codes[f"CreateKey {GUARD_KEY}"] = 5
    relief = guards(lab).relieve(made)
    assert (relief.disarmed, relief.removed) == (False, True)


def test_sweeping_leaves_the_marks_of_a_guard_that_stands() -> None:
    lab = Lab(carrying())
    made, _until = set_one(lab)
    lab.write(made, "begun")
    guards(lab).sweep(guid(1))
    assert lab.marks == ["begun"]
    lab.host.scheduler.tasks.clear()
    guards(lab).sweep(guid(2))
    assert lab.marks == ["begun"]
    guards(lab).sweep(guid(1))
    assert lab.marks == []


# What is told.


def test_what_is_told_of_a_guard() -> None:
    assert GuardReport(guid(1)).as_dict() is None
    told = GuardReport(guid(1), "left", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "denied", Leftover(note(), "gone"))
    assert told.as_dict() == {
        "task": NAME,
        "state": "left",
        "due_at": "2026-01-01T00:00:00+00:00",
        "reason": "denied",
        "resolved": {
            "state": "gone",
            "holder": "process 4711 on controller.example",
            "set_at": "2026-11-22T14:00:00+00:00",
            "due_at": "2026-11-22T14:10:00+00:00",
        },
    }
    unknown = GuardReport(guid(1), leftover=Leftover(None, "found")).as_dict()
    assert unknown is not None
    assert unknown["resolved"] == {"state": "found", "holder": None, "set_at": None, "due_at": None}
