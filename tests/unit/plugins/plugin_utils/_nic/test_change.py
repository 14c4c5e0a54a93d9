# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Step
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import difference
from tests.unit.plugins.plugin_utils._nic.changing import (
    BACK,
    KEY,
    LEAVE,
    NAME,
    NEVER,
    OFF,
    Run,
    carrying,
    index,
    kept,
    one,
)
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    CLASS,
    GRANULAR,
    OUTCOME,
    UNDO,
    FakeAdapter,
    FakeHost,
    guid,
)


def test_a_change_goes_step_by_step() -> None:
    host = one()
    run = Run(host)()
    after = host.log[index(host.log, "--- prepared") + 1 :]
    assert after == [
        "--- surroundings Ethernet",
        f"GetStringValue {UNDO} {NAME}",
        f"CreateKey {UNDO}",
        f"SetStringValue {UNDO} {NAME}",
        f"GetStringValue {UNDO} {NAME}",
        f"SetStringValue {KEY} {GRANULAR}",
        "enumerate MSFT_NetAdapterAdvancedPropertySettingData",
        f"SetStringValue {UNDO} {NAME}",
        f"GetStringValue {UNDO} {NAME}",
        f"Restart {guid(1)}",
        rf"GetStringValue {CLASS} Class",
        f"get MSFT_NetAdapter {guid(1)}",
        "enumerate MSFT_NetAdapter",
        "enumerate MSFT_NetAdapterBindingSettingData",
        "enumerate MSFT_NetAdapterHardwareInfoSettingData",
        "enumerate MSFT_NetAdapterAdvancedPropertySettingData",
        "enumerate MSFT_NetAdapterChecksumOffloadSettingData",
        "enumerate MSFT_NetIPAddress",
        "enumerate MSFT_NetOffloadGlobalSetting",
        f"SetStringValue {UNDO} {NAME}",
        f"GetStringValue {UNDO} {NAME}",
        f"DeleteValue {OUTCOME} {NAME}",
        "--- surroundings Ethernet",
    ]
    assert "--- preflight Ethernet" in host.log
    assert host.value(host.adapters[0]) == "1"
    assert host.adapters[0].active == 1
    assert host.adapters[0].restarts == 1
    assert run.changes[0].step is Step.CONFIRMED


def test_what_a_change_returns() -> None:
    run = Run(one())()
    at = "1970-01-01T00:16:40+00:00"
    assert run.only == {
        "name": "Ethernet",
        "guid": guid(1),
        "keyword": GRANULAR,
        "before": {"configured": "rx_tx", "active": "rx_tx"},
        "after": {"configured": "tx", "active": "tx"},
        "changed": True,
        "restarted": True,
        "restart_pending": False,
        "confirmed": True,
        "outage_seconds": 0.0,
        "undo": {
            "original": "rx_tx",
            "written": "tx",
            "keyword": GRANULAR,
            "taken_at": at,
            "driver_version": "12.18.11.1",
            "restart_requested_at": at,
            "restarted_at": at,
            "outage_seconds": 0.0,
            "outcome": "confirmed",
        },
        "guard": None,
        "side_effects": [],
    }
    assert run.reading is not None
    assert run.reading.active[guid(1)] == 1


def test_the_record_tells_how_to_find_the_adapter_again() -> None:
    host = one(name="以太网 'O\"Neil' " + "x" * 400)
    Run(host)()
    content = kept(host)
    assert content["adapter"].startswith("以太网 'O\"Neil' x")
    assert len(content["adapter"]) == 256
    assert {name: content[name] for name in ("format", "original", "written", "pci", "location", "mac")} == {
        "format": 1,
        "original": "3",
        "written": "1",
        "pci": "8086:1539",
        "location": "0000:03:00.0",
        "mac": "aa:bb:cc:dd:ee:01",
    }
    assert (content["driver_file"], content["driver_version"]) == ("e1r68x64.sys", "12.18.11.1")


def test_the_record_is_there_before_the_value_is_written() -> None:
    host = one()
    states: list[tuple[str | None, str | None]] = []

    class Watching(FakeHost):
        def _registry_call(self, method: str, arguments: Any) -> Any:
            if method == "SetStringValue" and arguments["sValueName"] == GRANULAR:
                states.append((self.undo(self.adapters[0]), self.value(self.adapters[0])))
            return super()._registry_call(method, arguments)

    watching = Watching(host.adapters)
    Run(watching)()
    ((undo, value),) = states
    assert undo is not None
    assert json.loads(undo)["original"] == "3"
    assert value == "3"


def test_a_second_run_changes_nothing() -> None:
    host = one()
    Run(host)()
    again = Run(host)()
    assert not again.changed
    assert host.writes == []
    assert again.host.log[-1] == "--- prepared"
    assert again.only["changed"] is False
    assert again.only["confirmed"] is True
    assert again.only["restarted"] is False
    assert again.only["undo"]["original"] == "rx_tx"
    assert host.adapters[0].restarts == 1


@pytest.mark.parametrize(
    ("changes", "request_"),
    [
        ({}, OFF),
        ({}, NEVER),
        ({"stored": "1"}, OFF),
        ({"stored": "1"}, NEVER),
        ({"stored": "1", "active": 1}, OFF),
        ({"stored": None}, OFF),
        ({"active": None}, OFF),
        ({"active": 1}, OFF),
        ({"follows": False}, OFF),
        ({"keywords": (), "active": 0}, OFF),
        ({"state": 3}, OFF),
    ],
)
def test_check_mode_reads_all_writes_nothing_and_says_the_same(changes: dict[str, Any], request_: Request) -> None:
    checked_host, real_host = one(**changes), one(**changes)
    checked = Run(checked_host, request_, check=True)()
    real = Run(real_host, request_)()
    assert checked_host.writes == []
    assert checked_host.log == real_host.log[: index(real_host.log, "--- prepared") + 1]
    assert checked.changed is real.changed
    assert difference(checked.changes) == difference(real.changes)
    assert [each["changed"] for each in checked.results] == [each["changed"] for each in real.results]
    assert checked.only["restarted"] is False
    assert checked.only["after"]["configured"] == real.only["after"]["configured"]


def test_check_mode_predicts_what_would_be() -> None:
    only = Run(one(), check=True)().only
    assert only["after"] == {"configured": "tx", "active": "tx"}
    assert (only["changed"], only["restart_pending"], only["confirmed"]) == (True, False, False)
    assert only["undo"] is None
    left = Run(one(), NEVER, check=True)().only
    assert left["after"] == {"configured": "tx", "active": "rx_tx"}
    assert left["restart_pending"] is True
    silent = Run(one(active=None), check=True)().only
    assert silent["after"] == {"configured": "tx", "active": None}


def test_the_diff() -> None:
    before = {"configured": "rx_tx", "restart_pending": False, "undo_record": False}
    after = {"configured": "tx", "restart_pending": False, "undo_record": True}
    assert difference(Run(one(), check=True)().changes) == {
        "before": {"Ethernet": {GRANULAR: before}},
        "after": {"Ethernet": {GRANULAR: after}},
    }


def test_the_diff_is_the_same_for_two_equal_hosts() -> None:
    first, second = Run(one()), Run(one())
    second.time.now = 5_000_000.0
    assert difference(first().changes) == difference(second().changes)


def test_an_adapter_without_a_keyword_is_not_in_the_diff() -> None:
    run = Run(one(keywords=(), active=1), check=True)()
    assert difference(run.changes) == {"before": {}, "after": {}}
    assert run.only["keyword"] is None
    assert run.only["before"] == run.only["after"] == {"configured": None, "active": "tx"}


def test_left_restarts_are_made_later_and_once() -> None:
    host = one()
    first = Run(host, NEVER)()
    assert first.only["restart_pending"] is True
    assert first.only["confirmed"] is False
    assert first.only["restarted"] is False
    assert (host.value(host.adapters[0]), host.adapters[0].active, host.adapters[0].restarts) == ("1", 3, 0)
    assert kept(host)["restart_requested_at"] is None
    assert kept(host)["outcome"] == "unconfirmed"
    again = Run(host, NEVER)()
    assert not again.changed
    assert again.only["restart_pending"] is True
    second = Run(host)()
    assert second.changed
    assert second.only["restarted"] is True
    assert f"SetStringValue {KEY} {GRANULAR}" not in host.writes
    assert (host.adapters[0].active, host.adapters[0].restarts) == (1, 1)
    assert kept(host)["original"] == "3"
    assert not Run(host)().changed


def test_a_left_restart_is_pending_also_where_the_driver_tells_nothing() -> None:
    host = one(active=None, follows=False)
    predicted = Run(host, NEVER, check=True)().only
    first = Run(host, NEVER)()
    assert (first.only["restarted"], first.only["restart_pending"]) == (False, True)
    assert predicted["restart_pending"] is True
    again = Run(host, NEVER)()
    assert not again.changed
    assert again.only["restart_pending"] is True
    assert Run(host)().only["restart_pending"] is None


def test_a_driver_that_never_follows_is_restarted_once() -> None:
    host = one(follows=False)
    run = Run(host)()
    assert run.only["confirmed"] is False
    assert run.only["restart_pending"] is True
    assert run.only["undo"]["outcome"] == "unconfirmed"
    for _unused in range(2):
        again = Run(host)()
        assert not again.changed
        assert again.only["confirmed"] is False
    assert host.adapters[0].restarts == 1


def test_a_driver_that_tells_nothing_is_restarted_once() -> None:
    host = one(active=None, follows=False)
    run = Run(host)()
    assert run.only["after"] == {"configured": "tx", "active": None}
    assert (run.only["restarted"], run.only["confirmed"], run.only["restart_pending"]) == (True, False, None)
    assert not Run(host)().changed
    assert host.adapters[0].restarts == 1


@pytest.mark.parametrize(("carries", "pauses"), [(True, 0), (False, 5)])
def test_where_nothing_can_be_told_a_cut_connection_shows_the_restart(carries: bool, pauses: int) -> None:
    host = FakeHost([FakeAdapter(1, address="192.0.2.10", carries=carries, active=None, follows=False)])
    run = Run(host, LEAVE)()
    assert run.only["restarted"] is True
    assert len(run.time.slept) == pauses


def test_a_driver_that_tells_nothing_elsewhere_is_not_waited_for() -> None:
    assert Run(one(active=None, follows=False))().time.slept == []


def test_a_driver_that_follows_late_is_confirmed() -> None:
    host = one(follows=False)

    class Late(FakeHost):
        readings = 0

        def _active_rows(self) -> Any:
            self.readings += bool(self.adapters[0].restarts)
            if self.readings == 3:
                self.adapters[0].active = 1
            return super()._active_rows()

    late = Late(host.adapters)
    run = Run(late)()
    assert (run.only["confirmed"], run.only["outage_seconds"]) == (True, 1.5)


def test_a_left_restart_of_a_driver_that_tells_nothing_is_made_later() -> None:
    host = one(active=None, follows=False)
    Run(host, NEVER)()
    assert not Run(host, NEVER)().changed
    assert Run(host)().only["restarted"] is True
    assert not Run(host)().changed
    assert host.adapters[0].restarts == 1


def test_a_value_that_came_back_is_written_and_restarted_again() -> None:
    host = one()
    Run(host)()
    host.registry[KEY.casefold()][GRANULAR] = "3"
    host.adapters[0].active = 3
    again = Run(host)()
    assert again.only["restarted"] is True
    assert host.adapters[0].restarts == 2
    assert kept(host)["original"] == "3"
    assert not Run(host)().changed


def test_the_original_survives_every_further_change() -> None:
    host = one()
    Run(host)()
    Run(host, replace(OFF, wish=Wish(receive=False, transmit=False)))()
    assert (host.value(host.adapters[0]), kept(host)["original"], kept(host)["written"]) == ("0", "3", "0")
    Run(host, replace(OFF, wish=Wish(receive=True)))()
    assert (host.value(host.adapters[0]), kept(host)["original"]) == ("2", "3")
    Run(host, BACK)()
    assert host.value(host.adapters[0]) == "3"


def test_an_original_of_an_earlier_run_is_not_overwritten() -> None:
    host = one(stored="2", active=2)
    record = {"format": 1, "original": "3", "taken_at": "then", "adapter": "old", "written": "2"}
    host.registry[UNDO.casefold()] = {NAME: json.dumps(record)}
    Run(host)()
    assert (kept(host)["original"], kept(host)["taken_at"], kept(host)["written"]) == ("3", "then", "0")


def test_the_restart_of_the_carrying_adapter_loses_its_answer() -> None:
    host = carrying()
    run = Run(host, LEAVE)()
    assert host.writes.count(f"Restart {guid(1)}") == 1
    assert run.only["restarted"] is True
    assert run.only["confirmed"] is True
    assert run.only["outage_seconds"] == 3.5
    assert run.time.slept == [0.5, 1.0, 2.0]
    assert kept(host)["outage_seconds"] == 3.5
    assert kept(host)["restarted_at"] == "1970-01-01T00:16:43+00:00"
    assert not Run(host, LEAVE)().changed


def test_the_carrying_adapter_is_changed_last() -> None:
    host = FakeHost(
        [
            FakeAdapter(1, "A", address="192.0.2.10", carries=True),
            FakeAdapter(2, "B", mac="AABBCCDDEE02"),
            FakeAdapter(3, "C", mac="AABBCCDDEE03", stored="1", active=1),
        ]
    )
    run = Run(host, LEAVE)(1, 2, 3)
    assert [line for line in host.writes if line.startswith("Restart")] == [f"Restart {guid(2)}", f"Restart {guid(1)}"]
    assert [(each["name"], each["changed"]) for each in run.results] == [("A", True), ("B", True), ("C", False)]
    assert run.reading is not None
    assert run.reading.active == {guid(1): 1, guid(2): 1, guid(3): 1}


def test_a_disabled_adapter_is_set_and_not_started() -> None:
    host = one(state=3, up=False)
    run = Run(host)()
    assert host.value(host.adapters[0]) == "1"
    assert host.adapters[0].restarts == 0
    assert run.only["restarted"] is False


def test_the_real_time_of_day_has_a_zone() -> None:
    assert Changer(one().client, OFF).now().tzinfo is dt.UTC
