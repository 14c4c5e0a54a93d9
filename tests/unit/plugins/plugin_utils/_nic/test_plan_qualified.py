# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host profile means for a plan: a write that restarts the adapter counts as a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request, make_plan
from tests.unit.plugins.plugin_utils._nic.test_plan import BACK, OFF, ON, record, situation, steps

NEVER = replace(OFF, may_restart=False, write_restarts=True)


@pytest.mark.parametrize("request_", [replace(OFF, write_restarts=True), replace(BACK, write_restarts=True)])
def test_a_write_that_restarts_is_a_restart(request_: Request) -> None:
    # The driver works with the value already; only the registry differs.
    present = request_.state == "present"
    kept = None if present else record(original="1")
    plain = make_plan(situation(active=1, kept=kept), replace(request_, write_restarts=False))
    plan = make_plan(situation(active=1, kept=kept), request_)
    assert steps(plain) == ("1", True, False, False, not present)
    assert steps(plan) == ("1", True, True, False, not present)


def test_where_nothing_is_written_a_profile_changes_nothing() -> None:
    assert not make_plan(situation(), replace(ON, write_restarts=True)).changes
    assert not make_plan(situation(stored="1", active=1), NEVER).changes


def test_an_adapter_that_does_not_run_is_not_restarted_by_a_write() -> None:
    plan = make_plan(situation(state=3, up=False), NEVER)
    assert (plan.write, plan.restart) == (True, False)


@pytest.mark.parametrize("request_", [NEVER, replace(BACK, may_restart=False, write_restarts=True)])
def test_a_write_without_leave_to_restart_is_refused(request_: Request) -> None:
    with pytest.raises(NicError) as caught:
        make_plan(situation(kept=record(original="0") if request_.state == "restored" else None), request_)
    assert caught.value.code == "write_restarts"
    assert "nothing was changed" in caught.value.next_step


def test_a_write_that_restarts_needs_a_guard_or_leave() -> None:
    request_ = replace(OFF, write_restarts=True, guard="never")
    with pytest.raises(NicError) as caught:
        make_plan(situation(carries=True, active=1), request_)
    assert caught.value.code == "restart_not_allowed"
    assert make_plan(situation(carries=True, active=1), replace(request_, allow_unguarded_restart=True)).restart
