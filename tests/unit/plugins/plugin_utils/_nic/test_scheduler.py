# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.scheduler import Scheduler, System, Task
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeHost, Refusal, fault, lost, unreachable
from tests.unit.plugins.plugin_utils._nic.fakescheduler import RUNNING, FakeTask


def nonsense() -> WsmanProtocolError:
    return WsmanProtocolError("answer_not_xml", "request", "text", "XML", "Look.")


def scheduler(host: FakeHost) -> Scheduler:
    return Scheduler(host.client)


def refused(host: FakeHost, call: str, *arguments: str) -> NicError:
    with pytest.raises(NicError) as caught:
        getattr(scheduler(host), call)(*arguments)
    assert "\\guard" in caught.value.subject
    return caught.value


def test_a_task_is_registered_found_exported_started_and_deleted() -> None:
    host = FakeHost()
    tasks = scheduler(host)
    assert tasks.find("guard") is None
    assert tasks.definition("guard") is None
    assert tasks.register("guard", "<Task/>") is True
    assert tasks.find("guard") == Task("guard", "ready")
    assert tasks.definition("guard") == '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task/>'
    assert tasks.start("guard") is True
    assert host.scheduler.started == ["guard"]
    assert tasks.delete("guard") is True
    assert tasks.find("guard") is None
    assert host.writes == ["RegisterByXml guard", "StartByPath guard", "delete guard"]


@pytest.mark.parametrize(
    ("number", "word"), [(1, "disabled"), (2, "queued"), (3, "ready"), (RUNNING, "running"), (0, "unknown")]
)
def test_states_are_words(number: int, word: str) -> None:
    host = FakeHost()
    host.scheduler.tasks["guard"] = FakeTask("<Task/>", number)
    assert scheduler(host).find("guard") == Task("guard", word)


def test_a_long_definition_is_cut() -> None:
    host = FakeHost()
    host.scheduler.tasks["guard"] = FakeTask("x" * 100_000)
    assert len(scheduler(host).definition("guard") or "") == 65_536


def test_a_task_that_is_there_is_not_replaced() -> None:
    host = FakeHost()
    host.scheduler.tasks["guard"] = FakeTask("<Task>theirs</Task>")
    error = refused(host, "register", "guard", "<Task/>")
    assert error.code == "task_exists"
    assert host.scheduler.tasks["guard"].xml == "<Task>theirs</Task>"


def test_deleting_what_is_not_there_is_no_error() -> None:
    assert scheduler(FakeHost()).delete("guard") is True


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ({"hresult": 0x80070005, "cim_status": 2}, "task_denied"),
        ({"fault_code": 5}, "task_denied"),
        ({"cim_status": 2}, "task_denied"),
        ({"subcode": "AccessDenied"}, "task_denied"),
        ({"hresult": 0x800704EC, "cim_status": 1}, "task_policy"),
        ({"fault_code": 0x800704EC}, "task_policy"),
        ({"hresult": 0x80041322, "cim_status": 1}, "task_service_unavailable"),
        ({"hresult": 0x800706BA, "cim_status": 1}, "task_service_unavailable"),
        ({"hresult": 0x80041010, "cim_status": 5}, "task_service_unavailable"),
        ({"hresult": 0x80041318, "cim_status": 1}, "task_xml_refused"),
        ({"hresult": 0x800700B7, "cim_status": 1}, "task_exists"),
        ({"cim_status": 11}, "task_exists"),
        ({"hresult": 0x80004005, "cim_status": 1}, "task_not_registered"),
        ({}, "task_not_registered"),
    ],
)
def test_refusals_are_told_apart_by_their_codes(codes: dict[str, Any], code: str) -> None:
    host = FakeHost(refusals=[Refusal("RegisterByXml", lambda: fault(**codes))])
    error = refused(host, "register", "guard", "<Task/>")
    assert error.code == code
    assert host.scheduler.tasks == {}


@pytest.mark.parametrize(
    ("call", "line", "code"),
    [
        ("find", "get MSFT_ScheduledTask", "task_not_read"),
        ("definition", "ExportByName", "task_not_read"),
        ("start", "StartByPath", "task_not_started"),
        ("delete", "delete", "task_not_deleted"),
    ],
)
def test_each_request_has_its_own_code_for_a_refusal_that_is_not_known(call: str, line: str, code: str) -> None:
    host = FakeHost(refusals=[Refusal(line, lambda: fault(hresult=0x80004005, cim_status=1))])
    host.scheduler.tasks["guard"] = FakeTask("<Task/>")
    assert refused(host, call, "guard").code == code
    host.refusals.append(Refusal(line, lambda: fault(hresult=0x80070005)))
    assert refused(host, call, "guard").code == "task_denied"


def test_starting_what_is_not_there_is_an_error() -> None:
    assert refused(FakeHost(), "start", "guard").code == "task_not_found"


@pytest.mark.parametrize("error", [lost, nonsense, lambda: fault(subcode="TimedOut")])
@pytest.mark.parametrize("executed", [True, False])
def test_a_lost_answer_is_not_asked_for_again(error: Any, executed: bool) -> None:
    host = FakeHost(refusals=[Refusal("RegisterByXml", error, executed), Refusal("delete", error, executed)])
    tasks = scheduler(host)
    assert tasks.register("guard", "<Task/>") is False
    assert (tasks.find("guard") is not None) is executed
    host.scheduler.tasks["guard"] = FakeTask("<Task/>")
    assert tasks.delete("guard") is False
    assert (tasks.find("guard") is None) is executed
    assert [line.split()[0] for line in host.log].count("RegisterByXml") == 1
    assert [line.split()[0] for line in host.log].count("delete") == 1


def test_a_host_that_is_not_there_is_not_a_lost_answer() -> None:
    host = FakeHost(refusals=[Refusal("RegisterByXml", unreachable)])
    with pytest.raises(NicError) as caught:
        scheduler(host).register("guard", "<Task/>")
    assert caught.value.code == "host_unreachable"


def test_a_return_value_counts_like_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    host.scheduler.tasks["guard"] = FakeTask("<Task/>")
    for value, code in ((-0x7FF8FFFB, "task_denied"), (0x800704EC, "task_policy"), (7, "task_not_started")):
        monkeypatch.setattr(host.scheduler, "call", lambda *_unused, number=value: {"ReturnValue": number})
        assert refused(host, "start", "guard").code == code
    monkeypatch.setattr(host.scheduler, "call", lambda *_unused: {"ReturnValue": 0x80070002})
    assert scheduler(host).definition("guard") is None
    monkeypatch.setattr(host.scheduler, "call", lambda *_unused: {"ReturnValue": 9})
    assert refused(host, "definition", "guard").code == "task_not_read"
    monkeypatch.setattr(host.scheduler, "call", lambda *_unused: {})
    assert scheduler(host).definition("guard") == ""


def test_the_clock_is_the_hosts_own_in_utc() -> None:
    host = FakeHost()
    zone = dt.timezone(dt.timedelta(hours=5))
    host.scheduler.clock = lambda: dt.datetime(2026, 11, 22, 14, 9, 2, tzinfo=zone).astimezone(dt.UTC)
    assert scheduler(host).clock() == dt.datetime(2026, 11, 22, 9, 9, 2, tzinfo=dt.UTC)
    assert scheduler(host).clock().tzinfo is dt.UTC


def test_a_host_without_a_clock_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    monkeypatch.setattr(host.scheduler, "system_row", lambda: {"BuildNumber": "1"})
    with pytest.raises(NicError) as caught:
        scheduler(host).clock()
    assert caught.value.code == "host_clock_unknown"


def test_the_build_is_a_number_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    host = FakeHost()
    now = dt.datetime(2026, 11, 22, 14, 0, tzinfo=dt.UTC)
    assert scheduler(host).system() == System(now, 22631)
    for text in ("", "22H2", "1" * 30):
        row = {**host.scheduler.system_row(), "BuildNumber": text}
        monkeypatch.setattr(host.scheduler, "system_row", lambda shown=row: shown)
        assert scheduler(host).system() == System(now, None)
