# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.action import checksum_offload
from ansible_collections.remediation.windows_nic.plugins.action.checksum_offload import ActionModule
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    GRANULAR,
    GROUPED,
    OUTCOME,
    UNDO,
    FakeAdapter,
    FakeHost,
    Refusal,
    Row,
    fault,
    guid,
)
from tests.unit.plugins.plugin_utils._nic.faketime import FakeTime
from tests.unit.plugins.plugin_utils._nic.guards import Lab

NAME = f"{guid(1)}::{GRANULAR}"
ETHERNET = {"name": "Ethernet"}
MANAGEMENT = {"name": "Management"}
ACCEPTED = {"accept_risks": ["public_profile"]}


def route(prefix: str, index: int) -> Row:
    return {
        "DestinationPrefix": prefix,
        "NextHop": "0.0.0.0",
        "InterfaceIndex": index,
        "RouteMetric": 0,
        "InterfaceMetric": 25,
        "AddressFamily": 2,
        "Store": 1,
    }


def host(**changes: Any) -> FakeHost:
    """Ethernet, which fails; Ethernet 2, of another kind; and Management, which carries the connection."""
    return FakeHost(
        [
            FakeAdapter(1, **{"address": "198.51.100.1", **changes}),
            FakeAdapter(
                2, "Ethernet 2", mac="AABBCCDDEE02", pnp=r"PCI\VEN_10EC&DEV_8168", slot=4, stored="1", active=1
            ),
            FakeAdapter(8, "Management", mac="AABBCCDDEE08", slot=8, address="192.0.2.10", carries=True),
        ],
        routes=[route("198.51.100.0/24", 11), route("192.0.2.0/24", 18)],
    )


def runner(fake: FakeHost) -> ActionRunner:
    return ActionRunner(ActionModule, "checksum_offload", fake)


def facts_of(result: dict[str, Any], name: str = "Ethernet") -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in result["ansible_facts"]["windows_nics"] if each["name"] == name)
    return found


def test_receive_offload_is_taken_off() -> None:
    run = runner(host())
    result = run(adapters=ETHERNET)
    assert result["changed"] is True
    (adapter,) = result["adapters"]
    assert (adapter["name"], adapter["before"]["active"], adapter["after"]["active"]) == ("Ethernet", "rx_tx", "tx")
    assert (adapter["confirmed"], adapter["restarted"], adapter["restart_pending"]) == (True, True, False)
    assert facts_of(result)["udp_ipv4_checksum"]["active"] == "tx"
    assert result["ansible_facts"]["windows_nics_task_offload"] == "enabled"
    assert "diff" not in result
    assert "warnings" not in result
    assert run.opened == 1
    assert json.loads(json.dumps(result)) == result


def test_a_second_run_is_unchanged_and_returns_the_facts_all_the_same() -> None:
    run = runner(host())
    run(adapters=ETHERNET)
    run.host.writes.clear()
    result = run(adapters=ETHERNET, diff=True)
    assert result["changed"] is False
    assert run.host.writes == []
    assert result["diff"]["before"] == result["diff"]["after"]
    assert facts_of(result)["udp_ipv4_checksum"]["configured"] == "tx"


@pytest.mark.parametrize("arguments", [{}, {"restart": "never"}, {"transmit": "disabled"}, {"receive": "enabled"}])
def test_check_mode_and_the_real_run_say_the_same(arguments: dict[str, Any]) -> None:
    checked, real = runner(host()), runner(host())
    predicted = checked(adapters=ETHERNET, check=True, diff=True, **arguments)
    done = real(adapters=ETHERNET, diff=True, **arguments)
    assert predicted["changed"] is done["changed"]
    assert predicted["diff"] == done["diff"]
    assert predicted["adapters"][0]["after"] == done["adapters"][0]["after"]
    assert checked.host.writes == []
    assert facts_of(predicted)["udp_ipv4_checksum"]["configured"] == "rx_tx"


def test_both_directions() -> None:
    run = runner(host())
    assert run(adapters=ETHERNET, transmit="disabled")["adapters"][0]["after"]["configured"] == "disabled"
    assert run(adapters=ETHERNET, receive="enabled")["adapters"][0]["after"]["configured"] == "rx"
    result = run(adapters=ETHERNET, receive="enabled", transmit="enabled")
    assert result["adapters"][0]["after"]["configured"] == "rx_tx"
    assert result["adapters"][0]["undo"]["original"] == "rx_tx"


def test_the_way_back_and_what_came_of_it() -> None:
    run = runner(host())
    run(adapters=ETHERNET)
    result = run(adapters=ETHERNET, state="restored", outcome="not_cured")
    assert result["changed"] is True
    assert result["adapters"][0]["after"] == {"configured": "rx_tx", "active": "rx_tx"}
    assert result["adapters"][0]["undo"] is None
    assert json.loads(run.host.registry[OUTCOME.casefold()][NAME])["outcome"] == "not_cured"
    assert run(adapters=ETHERNET, state="restored")["changed"] is False


@pytest.mark.parametrize(
    ("adapters", "names"),
    [
        ({"class": "confirmed"}, ["Ethernet", "Management"]),
        ({"class": "confirmed", "name": "Eth*"}, ["Ethernet"]),
        ({"toward": "198.51.100.7"}, ["Ethernet"]),
        ({"query": "[?udp_ipv4_checksum.active=='rx_tx']"}, ["Ethernet", "Management"]),
        ({"name": "nothing*"}, []),
        ({"class": "suspected"}, []),
    ],
)
def test_what_is_selected_is_changed(adapters: dict[str, Any], names: list[str]) -> None:
    run = runner(host())
    result = run(adapters=adapters, restart="never")
    assert [each["name"] for each in result["adapters"]] == names
    assert result["changed"] is bool(names)
    assert [each.name for each in run.host.adapters[:3:2] if run.host.value(each) == "1"] == names


def test_the_carrying_adapter_needs_a_guard_or_leave() -> None:
    run = runner(host())
    refused = run(adapters=MANAGEMENT, guard="never", **ACCEPTED)
    assert refused["error"]["code"] == "restart_not_allowed"
    assert run.host.writes == []
    result = run(adapters=MANAGEMENT, guard="never", allow_unguarded_restart=True, **ACCEPTED)
    assert result["adapters"][0]["restarted"] is True
    assert result["adapters"][0]["guard"] is None
    assert run.host.reconnects == 1
    result = runner(host())(adapters=MANAGEMENT, **ACCEPTED)
    assert (result["adapters"][0]["restarted"], result["adapters"][0]["guard"]["state"]) == (True, "removed")


@pytest.mark.parametrize("check", [False, True])
def test_what_speaks_against_a_restart_is_told_and_refused(check: bool) -> None:
    run = runner(host())
    refused = run(adapters=MANAGEMENT, check=check)
    assert (refused["error"]["code"], refused["changed"]) == ("restart_risky", False)
    assert [each["code"] for each in refused["preflight"]["findings"]] == ["public_profile"]
    assert run.host.writes == []
    accepted = run(adapters=MANAGEMENT, check=check, **ACCEPTED)
    assert [each["code"] for each in accepted["preflight"]["findings"]] == ["public_profile"]
    assert accepted["changed"] is True


def test_the_options_of_the_guard_reach_it() -> None:
    fake = host()
    fake.scheduler.vanishes = True
    refused = runner(fake)(adapters=ETHERNET, guard="always")
    assert (refused["error"]["code"], refused["changed"]) == ("guard_not_set", False)
    assert runner(fake)(adapters=ETHERNET)["adapters"][0]["guard"]["reason"] == "vanished"
    fake = host()
    result = runner(fake)(adapters=ETHERNET, guard_minutes=60)
    assert result["adapters"][0]["guard"]["due_at"] == "2026-11-22T15:00:00+00:00"


@pytest.mark.parametrize("check", [False, True])
def test_a_guard_that_was_left_is_resolved_and_told_of(check: bool) -> None:
    lab = Lab(host())
    left = lab.leave_guard(holder=Holder.here())
    for again in range(2):
        result = runner(lab.host)(adapters=ETHERNET, restart="never", receive="enabled", check=check)
        if again and not check:
            assert "warnings" not in result
            assert (result["changed"], result["adapters"][0]["guard"]) == (False, None)
            continue
        (warning,) = result["warnings"]
        assert str(left.holder) in warning
        assert result["adapters"][0]["guard"]["resolved"]["state"] == ("found" if check else "removed")
        assert result["changed"] is not check
        assert bool(lab.tasks) is check


def test_a_refusal_after_a_guard_was_removed_says_that_something_changed() -> None:
    lab = Lab(host(keywords=(), active=None))
    lab.leave_guard(holder=Holder.here())
    result = runner(lab.host)(adapters=ETHERNET)
    assert (result["error"]["code"], result["changed"]) == ("keyword_unsupported", True)


def test_a_driver_that_does_not_follow_is_reported_and_nothing_fails() -> None:
    run = runner(host(follows=False))
    result = run(adapters=ETHERNET)
    assert "failed" not in result
    assert result["adapters"][0]["confirmed"] is False
    (warning,) = result["warnings"]
    assert warning.startswith("Adapter Ethernet: ")
    assert "rx_tx after a restart" in warning
    again = run(adapters=ETHERNET)
    assert (again["changed"], len(again["warnings"])) == (False, 1)
    assert "warnings" not in run(adapters=ETHERNET, check=True)


@pytest.mark.parametrize(
    ("changes", "arguments"), [({"active": None, "follows": False}, {}), ({}, {"restart": "never"})]
)
def test_what_can_not_be_told_is_no_reason_to_warn(changes: dict[str, Any], arguments: dict[str, Any]) -> None:
    assert "warnings" not in runner(host(**changes))(adapters=ETHERNET, **arguments)


@pytest.mark.parametrize(
    ("changes", "arguments", "code"),
    [
        ({}, {"adapters": {"name": "Ethernet 9"}}, "adapter_not_found"),
        ({"mac": "AABBCCDDEE02"}, {"adapters": {"mac": "AABBCCDDEE02"}}, "adapter_ambiguous"),
        ({}, {"adapters": {}}, "selection_empty"),
        ({}, {}, "invalid_arguments"),
        ({}, {"adapters": {"query": "[?"}}, "query_invalid"),
        ({"keywords": (), "active": None}, {"adapters": ETHERNET}, "keyword_unsupported"),
        ({"allowed": ("0", "3")}, {"adapters": ETHERNET}, "wider_change_not_allowed"),
        ({"keywords": (GROUPED,)}, {"adapters": ETHERNET}, "wider_change_not_allowed"),
        ({"allowed": ("2", "3")}, {"adapters": ETHERNET, "allow_wider": True}, "value_not_allowed"),
        ({"stored": "9"}, {"adapters": ETHERNET}, "value_not_understood"),
        ({"bindings": ("ms_implat",)}, {"adapters": ETHERNET}, "team_member"),
        ({"hardware": False}, {"adapters": ETHERNET}, "adapter_not_physical"),
        ({}, {"adapters": ETHERNET, "receive": "off"}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "outcome": "not_cured"}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "state": "restored", "outcome": "Not cured!"}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "state": "restored", "outcome": "x" * 65}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "state": "restored", "outcome": ""}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "reconnect_timeout_seconds": 0}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "reconnect_timeout_seconds": 3601}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "guard": "perhaps"}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "guard_minutes": 1}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "guard_minutes": 61}, "invalid_arguments"),
        ({}, {"adapters": ETHERNET, "accept_risks": ["everything"]}, "invalid_arguments"),
        ({"name": 'a "b"', "pnp": ""}, {"adapters": {"mac": "AABBCCDDEE01"}, "guard": "always"}, "guard_not_possible"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_bad_input_is_an_error_of_four_parts_and_touches_nothing(
    changes: dict[str, Any], arguments: dict[str, Any], code: str, check: bool
) -> None:
    run = runner(host(**changes))
    result = run(check=check, **arguments)
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["error"]["code"] == code
    assert set(result["error"]) == {"code", "subject", "seen", "expected", "next_step"}
    assert all(result["error"].values())
    assert run.host.writes == []


@pytest.mark.parametrize("seconds", [1, 3600])
def test_the_limits_of_the_wait(seconds: int) -> None:
    assert runner(host())(adapters=ETHERNET, reconnect_timeout_seconds=seconds)["changed"] is True


def test_the_wait_for_a_host_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeTime()
    monkeypatch.setattr(checksum_offload, "Changer", partial(Changer, clock=time.clock))
    fake = host()
    fake.away_after_restart = 9999
    options = {"guard": "never", "allow_unguarded_restart": True, **ACCEPTED}
    result = runner(fake)(adapters=MANAGEMENT, reconnect_timeout_seconds=40, **options)
    assert sum(time.slept) == 40
    assert result["unreachable"] is True
    assert result["changed"] is True
    assert result["error"]["code"] == "host_not_back"
    assert result["adapters"][0]["undo"]["original"] == "rx_tx"


def test_a_change_that_breaks_off_tells_how_far_it_went() -> None:
    fake = host()
    fake.refusals.append(Refusal("Restart", lambda: fault(cim_status=2)))
    result = runner(fake)(adapters=ETHERNET)
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["adapters"][0]["after"]["configured"] == "tx"
    assert result["error"]["code"] == "access_denied"


def test_a_record_of_an_unknown_version_stops_the_task() -> None:
    fake = host()
    fake.registry[UNDO.casefold()] = {NAME: '{"format": 7}'}
    result = runner(fake)(adapters=ETHERNET)
    assert result["error"]["code"] == "undo_record_unknown_version"
    assert fake.writes == []


def test_become_is_refused_before_anything_is_asked() -> None:
    run = ActionRunner(ActionModule, "checksum_offload", host(), become=object())
    assert run(adapters=ETHERNET)["error"]["code"] == "become_unsupported"
    assert run.opened == 0


def test_rules_of_the_task_choose_too() -> None:
    rule = {"id": "ours", "pci": "10EC:8168", "class": "confirmed", "reason": "seen here", "source": "ticket"}
    result = runner(host())(adapters={"class": "confirmed"}, rules=[rule], restart="never")
    assert [each["name"] for each in result["adapters"]] == ["Ethernet", "Ethernet 2", "Management"]
