# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action on hosts of the lab in this process: the table, the profile, and what is told of a run that broke off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast
from unittest import mock

import pytest

from ansible_collections.remediation.windows_nic.plugins.action import qualify
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.changes import ChangeTrial
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import QUESTIONS
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.tasks import TaskTrial
from tests.inmemory import MemoryHost
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeHost
from tests.unit.plugins.plugin_utils._qualify.qualifying import Trials

ETHERNET = {"name": ["Ethernet"]}
CHANGING = {"SetStringValue", "DeleteValue", "CreateKey", "RegisterByXml", "Restart"}
I211 = {"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 9.0}}


@pytest.fixture
def made() -> Iterator[list[MemoryHost]]:
    hosts: list[MemoryHost] = []
    yield hosts
    for host in hosts:
        host.close()


class Qualification:
    """Runs the action on one host. Time passes when it waits."""

    def __init__(self, made: list[MemoryHost], **kind: Any) -> None:
        made.append(MemoryHost({"adapters": [I211], **kind}))
        self.trials = Trials(made[-1])
        self.runner = ActionRunner(qualify.ActionModule, "qualify", cast(FakeHost, self.trials.host.controller()))

    def __call__(self, **options: Any) -> dict[str, Any]:
        clock = self.trials.clock
        with (
            mock.patch.object(qualify, "TaskTrial", partial(TaskTrial, clock=clock)),
            mock.patch.object(qualify, "ChangeTrial", partial(ChangeTrial, clock=clock, now=self.trials.host.now)),
        ):
            return self.runner(**{"adapters": ETHERNET, **options})

    @property
    def methods(self) -> set[str]:
        return {each.call.method or "" for each in self.trials.host.sent}


def seen(result: dict[str, Any]) -> dict[str, str]:
    answers: dict[str, str] = result["profile"]["answers"]
    return answers


def test_all_questions(made: list[MemoryHost]) -> None:
    run = Qualification(made, system={"powershell_7": True})
    result = run(target=["127.2.0.1"], reader="may_read")
    assert result["changed"] is True
    assert seen(result) == {
        "reader_may_read": "may_read",
        "class_key_index": "index",
        "wmi_options": "obeyed",
        "relay_windows_powershell": "runs",
        "relay_powershell_7": "runs",
        "guard_registers": "registered",
        "guard_is_a_lock": "refused",
        "guard_fires": "fires",
        "guard_deletes": "deleted",
        "guard_expires": "expires",
        "write_leaves_adapter_up": "left_alone",
        "restart_answers": "lost",
        "active_follows": "follows",
    }
    assert [row["id"] for row in result["questions"]] == [each.id for each in QUESTIONS]
    assert {row["as_expected"] for row in result["questions"]} == {True, None}
    assert result["left_behind"] == []
    assert "warnings" not in result
    assert result["profile"]["windows"] == {"version": "10.0.22631", "architecture": "64-bit", "language": 1033}
    (table,) = run.runner.printed
    assert table.startswith("\nQualification: 13 of 13 questions answered, 0 of them otherwise than expected\n")
    assert max(map(len, table.splitlines())) <= 80
    assert run.trials.state() == run.trials.before


def test_reading_changes_nothing(made: list[MemoryHost]) -> None:
    run = Qualification(made)
    result = run(ask=["reading"])
    assert result["changed"] is False
    assert set(seen(result)) == {
        "reader_may_read",
        "class_key_index",
        "wmi_options",
        "relay_windows_powershell",
        "relay_powershell_7",
    }
    assert not CHANGING & run.methods


def test_check_mode_reads_only(made: list[MemoryHost]) -> None:
    run = Qualification(made)
    result = run(check=True)
    assert result["changed"] is False
    assert seen(result)["class_key_index"] == "index"
    assert not CHANGING & run.methods


@pytest.mark.parametrize("tasks", [{"register_task": "policy"}, {"late_seconds": 1000.0}, {"delete_task": "fails"}])
def test_without_a_guard_that_works_the_adapter_is_left_alone(made: list[MemoryHost], tasks: dict[str, Any]) -> None:
    run = Qualification(made, tasks=tasks)
    result = run(ask=["tasks", "changes"], await_expiry=False)
    assert not result.get("failed")
    assert seen(result)["restart_answers"] == "not_asked"
    assert run.trials.sent("Restart") == []
    assert run.trials.state()["adapters"] == run.trials.before["adapters"]


def test_what_stays_on_the_host_is_a_warning(made: list[MemoryHost]) -> None:
    result = Qualification(made, tasks={"delete_task": "lies"})(ask=["tasks"], await_expiry=False)
    sentence = "scheduled task remediation.windows_nic qualify (it was deleted, and is still there)"
    assert result["left_behind"] == [sentence]
    assert result["warnings"] == [f"Still on the host: {sentence}"]


def test_changes_alone(made: list[MemoryHost]) -> None:
    run = Qualification(made)
    result = run(ask=["changes"])
    assert list(seen(result)) == ["reader_may_read", "write_leaves_adapter_up", "restart_answers", "active_follows"]
    assert len(run.trials.sent("Restart")) == 2


def fail(code: str) -> mock.Mock:
    return mock.Mock(side_effect=NicError(code, "adapter Ethernet", "seen", "expected", "Do this."))


def test_a_run_that_breaks_off_tells_both_errors_and_what_it_knows(made: list[MemoryHost]) -> None:
    run = Qualification(made)
    with mock.patch.multiple(ChangeTrial, _restart=fail("first"), _roll_back=fail("second")):
        result = run(ask=["reading", "changes"])
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["error"]["code"] == "first"
    (what,) = result["left_behind"]
    assert "Then run the playbook rollback" in what
    assert result["warnings"] == [f"Still on the host: {what}"]
    assert seen(result)["write_leaves_adapter_up"] == "left_alone"
    assert len(run.runner.printed) == 1


def test_what_speaks_against_a_change_is_said_before_anything_is_asked(made: list[MemoryHost]) -> None:
    run = Qualification(made)
    with mock.patch.multiple(ChangeTrial, _restart=fail("first"), _roll_back=fail("second")):
        run(ask=["changes"])
    printed, requests = len(run.runner.printed), len(run.trials.host.sent)
    result = run()
    assert result["error"]["code"] == "change_in_force"
    assert result["changed"] is False
    assert len(run.runner.printed) == printed
    assert not CHANGING & {each.call.method or "" for each in run.trials.host.sent[requests:]}


@pytest.mark.parametrize(
    ("adapters", "code"), [({"name": ["Other"]}, "adapter_not_found"), ({"name": ["*"]}, "adapter_ambiguous")]
)
def test_one_adapter_is_tried_on(made: list[MemoryHost], adapters: dict[str, Any], code: str) -> None:
    run = Qualification(made, adapters=[I211, {"model": "intel-i211", "name": "Ethernet 2"}])
    result = run(adapters=adapters)
    assert result["error"]["code"] == code
    assert not CHANGING & run.methods


@pytest.mark.parametrize(
    ("option", "value"),
    [("port", 0), ("port", 65536), ("guard_minutes", 1), ("guard_minutes", 61), ("reconnect_timeout_seconds", 0)],
)
def test_options_out_of_range(made: list[MemoryHost], option: str, value: int) -> None:
    run = Qualification(made)
    result = run(**{option: value})
    assert result["error"]["code"] == "invalid_arguments"
    assert f"{option} {value}" in result["error"]["seen"]
    assert run.trials.host.sent == []
