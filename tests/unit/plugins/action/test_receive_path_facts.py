# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.remediation.windows_nic.plugins.action.receive_path_facts import ActionModule
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, Refusal, fault, unreachable

ROWS = {
    "MSFT_NetFirewallProfile": [{"Name": "Private", "Enabled": 1}],
    "MSFT_NetConnectionProfile": [{"InterfaceIndex": 11, "NetworkCategory": 1}],
    "MSFT_NetUDPEndpoint": [],
}


def runner(*refusals: Refusal) -> ActionRunner:
    fake = FakeHost([FakeAdapter(1, address="192.0.2.10")], tables=dict(ROWS), refusals=list(refusals))
    return ActionRunner(ActionModule, "receive_path_facts", fake)


def test_everything_is_read_in_one_session_and_nothing_is_written() -> None:
    run = runner()
    result = run()
    assert result["changed"] is False
    assert result["receive_path"]["firewall"]["reply"] == "passes"
    assert result["receive_path"]["task_offload"] == "enabled"
    assert (result["receive_path"]["findings"], result["receive_path"]["not_read"]) == ([], [])
    assert (run.opened, run.host.writes) == (1, [])
    assert json.loads(json.dumps(result)) == result


def test_check_mode_is_the_same() -> None:
    assert runner()(check=True) == runner()()


def test_without_the_adapters_nothing_can_be_told() -> None:
    result = runner(Refusal("enumerate MSFT_NetAdapter", lambda: fault(fault_code=5)))()
    assert result["failed"] is True
    assert set(result["error"]) == {"code", "subject", "seen", "expected", "next_step"}


def test_a_host_that_is_lost_is_unreachable() -> None:
    result = runner(Refusal("MSFT_NetUDPEndpoint", unreachable))()
    assert result["unreachable"] is True
    assert result["error"]["code"] == "host_unreachable"


def test_options_are_refused() -> None:
    assert runner()(port=623)["error"]["code"] == "invalid_arguments"
