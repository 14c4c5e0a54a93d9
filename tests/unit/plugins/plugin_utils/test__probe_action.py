# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils import _probe_action
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._probe_action import (
    COMMON_OPTIONS,
    ProbeAction,
    shared_directory,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import Waiting, any_lock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import file_key
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest, read_request
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.action.probing import ONE, OTHER, OWN, ProbingHost, probing_host
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL, answer_to

ROOM = "remediation.windows_nic.probes"


class ClockAction(ProbeAction):
    """Asks clocks."""

    argument_spec = {  # noqa: RUF012 - as in every action
        "clock": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 37},
        **COMMON_OPTIONS,
    }

    def request(self, arguments: Mapping[str, Any]) -> ProbeRequest:
        return read_request(arguments, Naming("clock", "clock"), PROTOCOL)


class TellingAction(ClockAction):
    def told(self, result: ProbeResult) -> dict[str, Any]:
        return {"heard": len(result.replies)}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ProbingHost:
    return probing_host(monkeypatch, str(tmp_path), answer_to)


@pytest.fixture
def run(host: ProbingHost) -> ActionRunner:
    return ActionRunner(ClockAction, "clock_probe", host)


def test_targets_are_called_what_the_action_calls_them(run: ActionRunner) -> None:
    (probe,) = run(clock=[ONE])["probes"]
    assert (probe["clock"], probe["port"], probe["outcome"]) == (ONE, 37, "answered")
    assert "heard" not in probe


@pytest.mark.parametrize("more", [{}, {"vantage": "controller", "source_address": "192.0.2.1"}])
def test_a_protocol_may_add_keys(host: ProbingHost, more: dict[str, Any]) -> None:
    (probe,) = ActionRunner(TellingAction, "clock_probe", host)(clock=[ONE], **more)["probes"]
    assert probe["heard"] == (0 if more else 3)


def test_the_hosts_own_address_is_refused_in_the_actions_words(run: ActionRunner, host: ProbingHost) -> None:
    result = run(clock=[OWN])
    assert (result["failed"], result["error"]["code"]) == (True, "clock_is_host")
    assert "clock's own address" in result["error"]["next_step"]
    assert "relay" not in host.log


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = [0.0]

    def sleep(seconds: float) -> None:
        waited[0] += seconds

    monkeypatch.setattr(_probe_action, "Waiting", lambda: Waiting(900.0, lambda: waited[0], sleep))


def test_a_target_that_others_keep_busy_is_not_asked(
    run: ActionRunner, host: ProbingHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impatient(monkeypatch)
    (tmp_path / ROOM).mkdir(mode=0o700)
    with ExitStack() as stack:
        for number in range(2):
            slot = tmp_path / ROOM / f"{file_key(ONE, 37)}.slot{number}"
            stack.enter_context(any_lock([slot], Waiting()))
        busy, free = run(clock=[ONE, OTHER])["probes"]
        alone = run(clock=[ONE])
        controller = run(clock=[ONE], vantage="controller")
    assert (busy["outcome"], busy["reason"], busy["silent"]) == ("probe_unavailable", "not_paced", False)
    assert "900 seconds" in busy["detail"]
    assert free["outcome"] == "answered"
    assert {send["address"] for request in host.requests for send in request["sends"]} == {OTHER}
    assert alone["probes"][0]["reason"] == controller["probes"][0]["reason"] == "not_paced"
    assert "warnings" not in alone
    assert run(clock=[ONE])["probes"][0]["outcome"] == "answered"


def test_the_shared_directory_is_one_for_the_whole_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_probe_action.constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    warnings: list[str] = []
    assert shared_directory(warnings) == shared_directory(warnings) == tmp_path / ROOM
    assert warnings == []
    (tmp_path / ROOM).chmod(0o777)
    assert shared_directory(warnings) is None
    (warning,) = warnings
    assert "not paced" in warning
