# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as a log tells them, and which fault strikes which of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.combinations import combinations
from tests.faults.steps import Step, steps_of, words_of
from tests.faults.wirefaults import WIRE_FAULTS, WireFault
from tests.lab.dispatch import Call
from tests.lab.switches import Switches
from tests.lab.wirespec import FaultRule

UNDO = r"SOFTWARE\remediation.windows_nic\undo"
VALUE = r"SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0001\*UDPChecksumOffloadIPv4"


def line(action: str, name: str, method: str | None = None, about: str | None = None) -> dict[str, Any]:
    return {"action": action, "name": name, "method": method, "about": about}


def registry(method: str, about: str) -> dict[str, Any]:
    return line("Invoke", "StdRegProv", method, about)


EARLIER = [line("Enumerate", "MSFT_NetAdapter"), line("Pull", "MSFT_NetAdapter")]
RUN = [
    line("Enumerate", "MSFT_NetAdapter"),
    line("Pull", "MSFT_NetAdapter"),
    registry("SetStringValue", rf"{UNDO}\{{GUID}}::*UDPChecksumOffloadIPv4"),
    registry("GetStringValue", rf"{UNDO}\{{GUID}}::*UDPChecksumOffloadIPv4"),
    line("Invoke", "MSFT_NetAdapter", "Restart"),
    line("Get", "MSFT_NetAdapter"),
    registry("SetStringValue", rf"{UNDO}\{{GUID}}::*UDPChecksumOffloadIPv4"),
]


@pytest.mark.parametrize(
    ("request_line", "words"),
    [
        (RUN[0], "read adapters"),
        (RUN[1], "read more adapters"),
        (RUN[2], "write undo record"),
        (registry("CreateKey", UNDO), "make the key of undo records"),
        (registry("EnumValues", UNDO), "list undo records"),
        (registry("SetStringValue", VALUE), "write the value"),
        (registry("DeleteValue", VALUE), "delete the value"),
        (
            registry("GetStringValue", VALUE.replace("*UDPChecksumOffloadIPv4", "NetCfgInstanceId")),
            "read the class key",
        ),
        (registry("GetStringValue", r"SYSTEM\Somewhere\Else"), "read the host's registry"),
        (registry("Frobnicate", r"SYSTEM\Somewhere\Else"), "Frobnicate the host's registry"),
        (line("Invoke", "MSFT_NetAdapter", "Restart"), "restart the adapter"),
        (line("Get", "MSFT_NetAdapter"), "ask whether the adapter is up"),
        (line("Invoke", "PS_ScheduledTask", "RegisterByXml"), "set the guard"),
        (line("Delete", "MSFT_ScheduledTask"), "delete the guard"),
        (line("Enumerate", "MSFT_BrandNew"), "read MSFT_BrandNew"),
        (line("Send", "cmd"), "send, in a shell"),
    ],
)
def test_what_a_request_does_in_words(request_line: dict[str, Any], words: str) -> None:
    assert words_of(request_line) == words


def test_steps_know_their_place_and_after_which_change_they_are() -> None:
    steps = steps_of("rollback", RUN, EARLIER)
    assert [(each.number, each.before, each.alike_before) for each in steps[:3]] == [(1, 2, 1), (2, 3, 1), (3, 4, 0)]
    assert [each.writes for each in steps] == [False, False, True, False, True, False, True]
    assert [each.sort for each in steps] == [
        (False, ""),
        (False, ""),
        (True, "write undo record"),
        (False, "write undo record"),
        (True, "restart the adapter"),
        (False, "restart the adapter"),
        (True, "write undo record"),
    ]
    assert steps[4].label == "rollback 5: restart the adapter"


@pytest.mark.parametrize("fault", WIRE_FAULTS, ids=lambda fault: fault.words)
def test_a_rule_strikes_its_step_and_nothing_else(fault: WireFault) -> None:
    """The lab's own switch decides, as it will in the run."""
    steps = steps_of("rollback", RUN, EARLIER)
    for step in filter(fault.strikes, steps):
        switches = Switches([FaultRule.model_validate(fault.rule(step))])
        calls = [
            Call(None, None, None, each["action"], None, each["name"], each["method"]) for each in [*EARLIER, *RUN]
        ]
        struck = [place for place, call in enumerate(calls) if switches.strike(call)]
        assert struck == [step.before]


def every_step() -> list[Step]:
    change = [*RUN, *RUN[:2]]
    return [*steps_of("change", change, []), *steps_of("rollback", RUN, change)]


def test_every_fault_strikes_every_sort_of_step_that_it_can() -> None:
    steps = every_step()
    found = combinations(steps, every_request=False)
    for fault in WIRE_FAULTS:
        able = {step.sort for step in steps if fault.strikes(step)}
        struck = [each.step.sort for each in found if each.fault == fault.words and each.struck_by == fault.do]
        assert (set(struck), len(struck)) == (able, len(able))
    assert {each.story for each in found if not each.killed} == {"change", "rollback"}


def test_the_controller_dies_at_every_request_and_hosts_reboot_or_their_guards_fire_after_every_write() -> None:
    steps = every_step()
    killed = [each for each in combinations(steps, every_request=False) if each.killed]
    assert [each.step for each in killed if not each.afterwards] == steps
    assert [each.step for each in killed if each.afterwards] == [step for step in steps if step.writes]
    assert {each.afterwards for each in killed} == {"", "guard fires", "reboot"}


def test_every_request_can_be_a_step_to_every_fault() -> None:
    steps = every_step()
    found = combinations(steps, every_request=True)
    possible = sum(fault.strikes(step) for fault in WIRE_FAULTS for step in steps)
    assert len(found) == possible + 3 * len(steps)
    assert len({each.host for each in found}) == len(found)
    assert len({(each.fault, each.step) for each in found}) == len(found)
