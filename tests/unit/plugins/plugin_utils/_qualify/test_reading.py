# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions that change nothing, against hosts in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify import reading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import Windows
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import Answer
from tests.lab.registry import REG_SZ
from tests.unit.plugins.plugin_utils._nic.scripted import ScriptedHost
from tests.unit.plugins.plugin_utils._qualify.qualifying import Trials

Qualify = Callable[..., Trials]
CURRENT = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
TARGETS = ["127.2.0.1"]


def writes(trials: Trials) -> list[str]:
    methods = [each.call.method or "" for each in trials.host.sent]
    return [name for name in methods if name.startswith(("Set", "Delete", "Create", "Register", "Restart"))]


def test_a_failed_question_is_one_without_an_answer() -> None:
    def fail() -> Answer:
        raise NicError("some_code", "pc", "something else", "this", "Look.")

    assert reading.ask("wmi_options", fail) == Answer("wmi_options", "no_answer", "some_code: something else")


def test_a_lost_host_ends_the_questions() -> None:
    lost = mock.Mock(side_effect=HostUnreachable("no_connection", "pc", "no reply", "a reply", "Wait."))
    with pytest.raises(HostUnreachable):
        reading.ask("wmi_options", lost)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"Version": "10.0.22631", "OSArchitecture": "64 bits", "OSLanguage": 1036},
            Windows("10.0.22631", "64-bit", 1036),
        ),
        (
            {"Version": "10.0.19045", "OSArchitecture": "32-Bit", "OSLanguage": 1031},
            Windows("10.0.19045", "32-bit", 1031),
        ),
        ({"Version": "{{ x }}", "OSArchitecture": "unknown"}, Windows(None, None, None)),
    ],
)
def test_the_windows(row: dict[str, Any], expected: Windows) -> None:
    assert reading.windows(ScriptedHost({"root/cimv2:Win32_OperatingSystem": [row]}).client) == expected


def test_a_windows_that_does_not_tell() -> None:
    assert reading.windows(ScriptedHost().client) == Windows(None, None, None)


def test_the_index_of_the_class_key(qualify: Qualify) -> None:
    trials = qualify()
    answer = reading.class_key_index(trials.host.controller(), trials.adapter)
    assert (answer.id, answer.seen) == ("class_key_index", "index")
    assert (answer.detail or "").startswith("Index ")


@pytest.mark.parametrize("indices", [[], [9], [1, 1]])
def test_an_index_that_is_not_that_of_the_class_key(qualify: Qualify, indices: list[int]) -> None:
    trials = qualify()
    client = trials.host.controller()
    rows = [mock.Mock(integer=lambda _name, index=index: index) for index in indices]
    with mock.patch.object(type(client), "enumerate", return_value=rows):
        answer = reading.class_key_index(client, trials_adapter(trials))
    assert answer.seen == "search"
    assert (answer.detail or "").startswith(f"Index {', '.join(map(str, indices)) or 'none'}, key 0")


def trials_adapter(trials: Trials) -> Any:
    (adapter,) = [each for each in trials.host.machine.adapters if each.keyword]
    return mock.Mock(guid=adapter.guid)


@pytest.mark.parametrize(("obeys", "seen"), [(True, "obeyed"), (False, "ignored")])
def test_options_for_wmi(qualify: Qualify, obeys: bool, seen: str) -> None:
    trials = qualify(wire={"obeys_wmi_options": obeys})
    assert reading.wmi_options(trials.host.controller()) == Answer("wmi_options", seen)
    assert writes(trials) == []


def test_a_windows_of_32_bits_has_one_view(qualify: Qualify) -> None:
    trials = qualify()
    trials.host.machine.registry.ensure(CURRENT).remove_value("ProgramFilesDir (x86)")
    answer = reading.wmi_options(trials.host.controller())
    assert answer == Answer("wmi_options", "not_asked", "a 32-bit Windows has one view of its registry only")


def test_options_for_wmi_where_nothing_differs(qualify: Qualify) -> None:
    trials = qualify()
    trials.host.machine.registry.ensure(CURRENT).remove_value("ProgramFilesDir")
    assert reading.wmi_options(trials.host.controller()).seen == "no_answer"
    trials.host.machine.registry.ensure(CURRENT).set("ProgramFilesDir", REG_SZ, "D:\\Programs")
    assert reading.wmi_options(trials.host.controller()).seen == "obeyed"


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ({}, "runs"),
        ({"system": {"language_mode": "constrained"}}, "constrained"),
        ({"account": {"shell": False}}, "no_shell"),
    ],
)
def test_windows_powershell(qualify: Qualify, kind: dict[str, Any], seen: str) -> None:
    answer = reading.windows_powershell(qualify(**kind).host.controller(), TARGETS, 623)
    assert (answer.id, answer.seen) == ("relay_windows_powershell", seen)


def test_windows_powershell_that_prints_something_else(qualify: Qualify) -> None:
    printed = mock.Mock(stdout=b"profile loaded")
    with mock.patch.object(reading, "run_script", mock.Mock(return_value=printed)):
        answer = reading.windows_powershell(qualify().host.controller(), TARGETS, 623)
    assert answer.seen == "fails"
    assert "profile loaded" in (answer.detail or "")


@pytest.mark.parametrize(
    ("system", "seen"),
    [
        ({}, "not_installed"),
        ({"powershell_7": True}, "runs"),
        ({"powershell_7": True, "language_mode": "constrained"}, "constrained"),
    ],
)
def test_powershell_7(qualify: Qualify, system: dict[str, Any], seen: str) -> None:
    answer = reading.powershell_7(qualify(system=system).host.controller(), TARGETS, 623)
    assert (answer.id, answer.seen) == ("relay_powershell_7", seen)


def test_powershell_7_that_is_listed_and_can_not_be_started(qualify: Qualify) -> None:
    trials = qualify()
    trials.host.machine.registry.ensure(r"SOFTWARE\Microsoft\PowerShellCore\InstalledVersions\{X}")
    answer = reading.powershell_7(trials.host.controller(), TARGETS, 623)
    assert answer.seen == "fails"
    assert "PowerShell 7 is not installed" in (answer.detail or "")


@pytest.mark.parametrize("trial", [reading.windows_powershell, reading.powershell_7])
def test_without_a_target_no_shell_is_opened(qualify: Qualify, trial: Callable[..., Answer]) -> None:
    trials = qualify(system={"powershell_7": True})
    answer = trial(trials.host.controller(), [], 623)
    assert (answer.seen, answer.detail) == ("not_asked", "no target was named")
    assert trials.host.sent == []
