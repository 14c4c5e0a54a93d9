# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import (
    Changer,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.changing import (
    BACK,
    ELSEWHERE,
    KEY,
    LEAVE,
    MANAGEMENT,
    NAME,
    NEVER,
    OFF,
    Run,
    carrying,
    host_with,
    kept,
    one,
)
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    GRANULAR,
    UNDO,
    FakeAdapter,
    FakeHost,
    Refusal,
    fault,
    guid,
    lost,
    unreachable,
)


def test_a_crash_after_writing_leaves_the_restart_to_the_next_run() -> None:
    host = one()
    Run(host)()
    host.registry[KEY.casefold()][GRANULAR] = "3"
    host.adapters[0].active = 3
    host.return_codes["Restart"] = 4
    with pytest.raises(NicError):
        Run(host)()
    del host.return_codes["Restart"]
    host.adapters[0].active = 3
    assert kept(host)["restart_requested_at"] is None
    assert Run(host)().only["restarted"] is True


def test_an_adapter_that_may_carry_the_connection_is_refused_untouched() -> None:
    host = carrying()
    for check in (True, False):
        with pytest.raises(NicError) as caught:
            Run(host, check=check)()
        assert caught.value.code == "restart_not_allowed"
        assert host.writes == []
    assert caught.value.partial is None


def test_a_host_that_does_not_come_back_is_unreachable_and_not_restarted_again() -> None:
    host = carrying(follows=False)
    host.away_after_restart = 999
    with pytest.raises(HostUnreachable) as caught:
        Run(host, replace(LEAVE, reconnect_timeout_seconds=30))()
    assert caught.value.code == "host_not_back"
    assert caught.value.partial is not None
    assert caught.value.partial["changed"] is True
    (entry,) = caught.value.partial["adapters"]
    assert entry["undo"]["restart_requested_at"] is not None
    assert (entry["restarted"], entry["confirmed"], entry["after"]["configured"]) == (False, False, "tx")
    host.away = 0
    # Without a guard it is not asked for again; that the value is in the registry is all there is to tell.
    again = Run(host, LEAVE)()
    assert (again.changed, again.only["restarted"], again.only["undo"]["outcome"]) == (True, False, "unconfirmed")
    assert not Run(host, LEAVE)().changed
    assert host.adapters[0].restarts == 1


def test_a_refused_restart_may_be_tried_again() -> None:
    host = one()
    host.refusals.append(Refusal("Restart", lambda: fault(cim_status=2)))
    with pytest.raises(WsmanFault) as caught:
        Run(host)()
    assert caught.value.partial is not None
    assert caught.value.partial["changed"] is True
    assert kept(host)["restart_requested_at"] is None
    assert host.value(host.adapters[0]) == "1"
    again = Run(host)()
    assert again.only["restarted"] is True
    assert host.adapters[0].restarts == 1


def test_a_restart_whose_request_did_not_leave_may_be_tried_again() -> None:
    host = one()
    host.refusals.append(Refusal("Restart", unreachable))
    with pytest.raises(HostUnreachable) as caught:
        Run(host)()
    assert (caught.value.code, caught.value.seen) == ("host_unreachable", "refused")
    assert caught.value.partial is not None
    assert caught.value.partial["adapters"][0]["restarted"] is False
    assert kept(host)["restart_requested_at"] is None
    assert host.reconnects == 1
    assert Run(host)().only["restarted"] is True
    assert host.adapters[0].restarts == 1


def test_a_mark_that_can_not_be_taken_back_is_told_of() -> None:
    host = one()

    def gone() -> HostUnreachable:
        host.away = 99
        return unreachable()

    host.refusals.append(Refusal("Restart", gone))
    with pytest.raises(HostUnreachable) as caught:
        Run(host)()
    assert caught.value.seen.startswith("refused; the restart was not asked for, but its mark")
    assert "by hand" in caught.value.next_step
    assert caught.value.partial is not None
    assert caught.value.partial["adapters"][0]["undo"]["restart_requested_at"] is not None
    assert kept(host)["restart_requested_at"] is not None
    assert host.adapters[0].restarts == 0


@pytest.mark.parametrize("executed", [True, False])
def test_a_write_whose_answer_is_lost_is_read_back_and_never_sent_again(executed: bool) -> None:
    host = one()
    host.refusals.append(Refusal(rf"SetStringValue {KEY}", lost, executed=executed))
    line = f"SetStringValue {KEY} {GRANULAR}"
    if executed:
        assert Run(host)().only["confirmed"] is True
    else:
        with pytest.raises(NicError) as caught:
            Run(host)()
        assert caught.value.code == "write_not_confirmed"
        assert host.adapters[0].restarts == 0
    assert host.log.count(line) == 1
    assert host.reconnects == 1


def test_a_value_the_second_reader_does_not_see_stops_before_the_restart() -> None:
    host = one()

    class Blind(FakeHost):
        def _keyword_rows(self) -> Any:
            return [{**row, "RegistryValue": ["3"]} for row in super()._keyword_rows()]

    blind = Blind(host.adapters)
    with pytest.raises(NicError) as caught:
        Run(blind)()
    error = caught.value
    assert error.code == "write_not_confirmed"
    assert error.seen == "after 1 (tx) was written, the CIM provider reports 3 (rx_tx); the adapter was not restarted"
    assert error.expected == "1 (tx)"
    assert "The original (3 (rx_tx)) is kept" in error.next_step
    assert blind.adapters[0].restarts == 0
    assert error.partial is not None
    assert error.partial["adapters"][0]["after"]["configured"] == "rx_tx"


def test_no_restart_is_pending_for_a_value_that_was_not_written() -> None:
    host = one(active=None)
    host.refusals.append(Refusal(rf"SetStringValue {KEY}", lost))
    with pytest.raises(NicError) as caught:
        Run(host, NEVER)()
    assert caught.value.partial is not None
    assert caught.value.partial["adapters"][0]["restart_pending"] is None


def test_a_keyword_that_vanishes_is_not_in_force() -> None:
    host = one()

    class Losing(FakeHost):
        def _keyword_rows(self) -> Any:
            return [] if self.writes else super()._keyword_rows()

    losing = Losing(host.adapters)
    with pytest.raises(NicError) as caught:
        Run(losing)()
    assert "reports missing" in caught.value.seen


def test_a_value_that_something_else_takes_back_is_an_error() -> None:
    host = one()

    def take_back(adapter: FakeAdapter) -> None:
        host.registry[adapter.class_key.casefold()][GRANULAR] = "3"

    host.after_restart = take_back
    with pytest.raises(NicError) as caught:
        Run(host)()
    assert caught.value.code == "value_not_kept"
    assert caught.value.partial is not None
    assert caught.value.partial["adapters"][0]["restarted"] is True
    assert kept(host)["original"] == "3"


def test_readers_that_disagree_stop_everything() -> None:
    host = one()
    host.reported[GRANULAR] = "2"
    with pytest.raises(NicError) as caught:
        Run(host)()
    assert caught.value.code == "readers_disagree"
    assert caught.value.seen == "the registry holds '3' and the CIM provider reports '2'"
    assert host.writes == []


@pytest.mark.parametrize(("stored", "reported"), [(None, "2"), ("3", None)])
def test_an_absent_value_must_be_absent_for_both_readers(stored: str | None, reported: str | None) -> None:
    host = one(stored=stored)
    host.reported[GRANULAR] = reported
    with pytest.raises(NicError) as caught:
        Run(host)()
    assert caught.value.code == "readers_disagree"
    assert host.writes == []


def test_a_missing_class_key_stops_everything() -> None:
    host = one()
    host.reported[GRANULAR] = "3"
    del host.registry[KEY.casefold()]
    for check in (True, False):
        with pytest.raises(NicError) as caught:
            Run(host, check=check)()
        assert caught.value.code == "class_key_not_found"
        assert host.writes == []


@pytest.mark.parametrize(
    ("text", "code"), [('{"format": 2}', "undo_record_unknown_version"), ("{", "undo_record_damaged")]
)
@pytest.mark.parametrize("request_", [OFF, BACK])
def test_a_record_that_can_not_be_read_stops_everything(text: str, code: str, request_: Request) -> None:
    host = one()
    host.registry[UNDO.casefold()] = {NAME: text}
    with pytest.raises(NicError) as caught:
        Run(host, request_)()
    assert caught.value.code == code
    assert host.writes == []
    assert host.registry[UNDO.casefold()] == {NAME: text}


def test_a_record_that_can_not_be_stored_stops_before_the_value() -> None:
    host = one()
    host.return_codes[f"SetStringValue {UNDO}"] = 5
    with pytest.raises(NicError) as caught:
        Run(host)()
    assert caught.value.code == "registry_access_denied"
    assert caught.value.partial is not None
    assert caught.value.partial["changed"] is False
    (entry,) = caught.value.partial["adapters"]
    assert entry["before"] == entry["after"] == {"configured": "rx_tx", "active": "rx_tx"}
    assert (entry["changed"], entry["restarted"], entry["undo"]) == (False, False, None)
    assert host.value(host.adapters[0]) == "3"


def test_one_refusal_leaves_every_adapter_untouched() -> None:
    host = host_with(
        FakeAdapter(1, **ELSEWHERE), FakeAdapter(2, "Ethernet 2", keywords=(), active=None, mac="AABBCCDDEE02")
    )
    with pytest.raises(NicError) as caught:
        Run(host)(1, 2)
    assert caught.value.code == "keyword_unsupported"
    assert host.writes == []


def test_a_change_that_breaks_off_leaves_the_next_adapter_alone_and_tells_of_both() -> None:
    host = host_with(FakeAdapter(1, **ELSEWHERE), FakeAdapter(2, "Ethernet 2", mac="AABBCCDDEE02", slot=4))
    host.refusals.append(Refusal(f"Restart {guid(1)}", lambda: fault(hresult=0x80041004)))
    with pytest.raises(WsmanFault) as caught:
        Run(host)(1, 2)
    assert caught.value.partial is not None
    assert [(each["name"], each["changed"]) for each in caught.value.partial["adapters"]] == [
        ("Ethernet", True),
        ("Ethernet 2", False),
    ]
    assert host.value(host.adapters[1]) == "3"


def test_an_adapter_that_is_gone_meanwhile_is_left_out() -> None:
    assert Run(one())(99).changes == []


def test_a_record_dropped_from_memory_is_a_fault_of_the_program() -> None:
    changer = Changer(one().client, OFF)
    (change,) = changer.prepare(read_host(one().client), [guid(1)], MANAGEMENT)
    with pytest.raises(TypeError):
        change.kept()
    change.class_key = None
    with pytest.raises(TypeError):
        changer._write(change)
