# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules: which request they strike and what happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError

from tests.lab.connections import Connection
from tests.lab.dispatch import Call
from tests.lab.misbehaviour import Outcome, carry_out
from tests.lab.switches import Switches
from tests.lab.wirespec import CutBy, FaultRule, Misbehaviour, WireSpec
from tests.unit.lab.messages import ADAPTER, MESSAGE_ID, TRANSFER, message, text
from tests.unit.lab.winrm_host import Host, fault_code

GET = message(f"{TRANSFER}/Get", ADAPTER, selectors={"DeviceID": "{ADAPTER-1}"})


def call(action: str = "Get", name: str = "MSFT_NetAdapter", method: str | None = None) -> Call:
    return Call(None, None, None, action, None, name, method)


def rule(do: str = "quota", **rest: Any) -> FaultRule:
    return FaultRule.model_validate({"do": do, **rest})


def struck(switches: Switches, calls: list[Call]) -> list[str]:
    found = [switches.strike(each) for each in calls]
    return ["-" if each is None else each.do.value for each in found]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, ["quota", "-", "-", "-"]),
        ({"times": 2}, ["quota", "quota", "-", "-"]),
        ({"times": None}, ["quota"] * 4),
        ({"skip": 2}, ["-", "-", "quota", "-"]),
        ({"skip": 1, "times": None}, ["-", "quota", "quota", "quota"]),
    ],
)
def test_rules_count(counts: dict[str, Any], expected: list[str]) -> None:
    assert struck(Switches([rule(**counts)]), [call()] * 4) == expected


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ({}, [0, 1, 2, 3]),
        ({"action": "Invoke"}, [2, 3]),
        ({"action": "invoke", "method": "restart"}, [2]),
        ({"resource": "msft_netadapter"}, [0, 2]),
        ({"resource": "StdRegProv", "method": "SetStringValue"}, [3]),
        ({"method": "None"}, []),
    ],
)
def test_rules_choose(wanted: dict[str, Any], hits: list[int]) -> None:
    calls = [
        call(),
        call("Enumerate", "MSFT_NetIPAddress"),
        call("Invoke", method="Restart"),
        call("Invoke", "StdRegProv", "SetStringValue"),
    ]
    switches = Switches([rule(times=None, **wanted)])
    assert [number for number, each in enumerate(calls) if switches.strike(each)] == hits


def test_the_first_rule_that_is_due_wins() -> None:
    switches = Switches([rule("quota", skip=1), rule("timeout", times=2)])
    assert struck(switches, [call()] * 4) == ["timeout", "quota", "timeout", "-"]


def test_rules_about_enumerations_wait_for_one() -> None:
    switches = Switches([rule("endless_pull"), rule("empty_pull")])
    calls = [call("Get"), call("Pull"), call("Enumerate"), call("Enumerate")]
    assert struck(switches, calls) == ["-", "empty_pull", "endless_pull", "-"]


@pytest.mark.parametrize(
    "values",
    [{"do": "dance"}, {"do": "quota", "times": 0}, {"do": "quota", "skip": -1}, {"do": "delay"}, {"unknown": 1}],
)
def test_bad_rules_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FaultRule.model_validate(values)
    with pytest.raises(ValidationError):
        WireSpec.model_validate({"faults": [values]})


@pytest.mark.parametrize(
    "values",
    [{"authentication": "negotiate"}, {"authentication": "kerberos"}, {"scheme": "ftp"}, {"connection": "ssh"}],
)
def test_an_inventory_that_can_not_work_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WireSpec.model_validate(values)


def outcome(host: Host, do: str, **rest: Any) -> Outcome:
    return asyncio.run(carry_out(host.service, host.service.read(GET), "labadmin", rule(do, **rest)))


def test_without_a_rule_the_answer_is_the_answer() -> None:
    host = Host()
    plain = asyncio.run(carry_out(host.service, host.service.read(GET), "labadmin", None))
    assert (plain.status, plain.fault, plain.cut, plain.truncate, plain.chunked) == (200, None, None, False, False)
    assert text(plain.content, "s:Header/a:RelatesTo") == MESSAGE_ID


@pytest.mark.parametrize(
    ("do", "fault", "status"),
    [
        ("quota", 2150859174, 500),
        ("timeout", 2150858793, 500),
        ("access_denied", 5, 500),
        ("unauthorized", None, 401),
        ("unavailable", None, 503),
    ],
)
def test_refusals_execute_nothing(do: str, fault: int | None, status: int) -> None:
    host = Host()
    refused = outcome(host, do)
    assert (refused.fault, refused.status, host.machine.calls) == (fault, status, [])
    if do == "timeout":
        assert fault_code(ET.fromstring(refused.content)) == (2150858793, "s:Receiver", "w:TimedOut")


@pytest.mark.parametrize(("do", "executed"), [("cut_before", False), ("cut_after", True)])
@pytest.mark.parametrize(("how", "cut"), [(CutBy.RESET, Connection.reset), (CutBy.CLOSE, Connection.close)])
def test_cuts(do: str, executed: bool, how: CutBy, cut: Callable[[Connection], None]) -> None:
    host = Host()
    result = outcome(host, do, how=how)
    assert result.cut is cut
    assert bool(host.machine.calls) is executed


def test_answers_that_are_no_answers() -> None:
    host = Host()
    assert text(outcome(host, "wrong_relates_to").content, "s:Header/a:RelatesTo") not in ("", MESSAGE_ID)
    assert b"RelatesTo" not in outcome(host, "no_relates_to").content
    with pytest.raises(ET.ParseError):
        ET.fromstring(outcome(host, "not_xml").content)
    assert outcome(host, "dtd").content.startswith(b"<!DOCTYPE ")
    assert outcome(host, "truncate").truncate
    huge = outcome(host, "huge")
    assert (len(huge.content) > 10 * 1024 * 1024, huge.chunked) == (True, True)
    assert text(huge.content, "s:Header/a:RelatesTo") == MESSAGE_ID
    assert len(host.machine.calls) == 6


@pytest.mark.parametrize(("do", "executed_first"), [("delay", False), ("hold", True)])
def test_slow_answers(do: str, executed_first: bool) -> None:
    async def scenario() -> None:
        host = Host()
        work = carry_out(host.service, host.service.read(GET), "labadmin", rule(do, seconds=0.01))
        task = asyncio.create_task(work)
        await asyncio.sleep(0)
        assert bool(host.machine.calls) is executed_first
        assert (await task).status == 200
        assert len(host.machine.calls) == 1

    asyncio.run(scenario())


def test_an_answer_may_never_come() -> None:
    async def scenario() -> None:
        host = Host()
        task = asyncio.create_task(carry_out(host.service, host.service.read(GET), "labadmin", rule("hold")))
        done, _unused = await asyncio.wait({task}, timeout=0.01)
        assert not done
        assert len(host.machine.calls) == 1
        task.cancel()

    asyncio.run(scenario())


def test_a_reboot_in_the_middle_of_a_request() -> None:
    async def scenario() -> None:
        host = Host()
        task = asyncio.create_task(carry_out(host.service, host.service.read(GET), "labadmin", rule("reboot")))
        done, _unused = await asyncio.wait({task}, timeout=0.01)
        assert not done
        assert [call[0] for call in host.machine.calls] == ["reboot", "get"]
        task.cancel()

    asyncio.run(scenario())


def test_every_misbehaviour_is_tried_somewhere() -> None:
    elsewhere = {Misbehaviour.ENDLESS_PULL, Misbehaviour.EMPTY_PULL, Misbehaviour.GO_DOWN}
    here = {
        *(
            "quota",
            "timeout",
            "access_denied",
            "unauthorized",
            "unavailable",
            "cut_before",
            "cut_after",
            "wrong_relates_to",
        ),
        *("no_relates_to", "not_xml", "dtd", "truncate", "huge", "delay", "hold", "reboot"),
    }
    assert {each.value for each in set(Misbehaviour) - elsewhere} == here
