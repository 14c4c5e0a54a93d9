# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.locks import any_lock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.pacing import (
    SLOTS,
    bmc_key,
    paced,
)
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import Clock

BMC = ("192.0.2.9", 623)
OTHER = ("192.0.2.10", 623)


def test_keys_are_file_names_of_their_own() -> None:
    keys = {bmc_key("192.0.2.9", 623), bmc_key("192.0.2.9", 624), bmc_key("192.0.2.96", 23), bmc_key("192.0.2.9", "")}
    assert len(keys) == 4
    assert all(key.isalnum() and len(key) == 32 for key in keys)
    assert bmc_key("192.0.2.9", 623) == bmc_key("192.0.2.9", "623")


def test_a_bmc_has_so_many_slots_and_no_more(tmp_path: Path) -> None:
    clock = Clock()
    with paced(tmp_path, [BMC], clock.waiting(), slots=2), paced(tmp_path, [BMC], clock.waiting(), slots=2) as second:
        assert second == []
        with paced(tmp_path, [BMC], clock.waiting(3.0), slots=2) as third:
            (warning,) = third
            assert "Waited 3 seconds" in warning
            assert "192.0.2.9" in warning
    with paced(tmp_path, [BMC], clock.waiting(0.0), slots=1) as free:
        assert free == []


def test_two_probes_at_a_time_are_the_default(tmp_path: Path) -> None:
    with paced(tmp_path, [BMC], Clock().waiting()):
        assert len(list(tmp_path.iterdir())) == SLOTS == 2


def test_another_bmc_or_port_has_slots_of_its_own(tmp_path: Path) -> None:
    clock = Clock()
    with (
        paced(tmp_path, [BMC], clock.waiting(), slots=1),
        paced(tmp_path, [OTHER, ("192.0.2.9", 624)], clock.waiting(0.0), slots=1) as others,
    ):
        assert others == []


def test_a_bmc_named_twice_takes_one_slot(tmp_path: Path) -> None:
    with paced(tmp_path, [BMC, BMC], Clock().waiting(0.0), slots=1) as held:
        assert held == []


def test_slots_are_taken_in_one_order_whatever_the_task_says(tmp_path: Path) -> None:
    clock = Clock()
    first = min(BMC, OTHER)
    with (
        any_lock([tmp_path / f"{bmc_key(*max(BMC, OTHER))}.slot0"], clock.waiting()),
        paced(tmp_path, [max(BMC, OTHER), first], clock.waiting(0.0), slots=1) as warnings,
    ):
        assert len(warnings) == 1
        assert max(BMC, OTHER)[0] in warnings[0]
        with any_lock([tmp_path / f"{bmc_key(*first)}.slot0"], clock.waiting(0.0)) as held:
            assert not held


def test_without_a_directory_nothing_is_paced() -> None:
    with paced(None, [BMC], Clock().waiting()) as warnings:
        assert warnings == []


def test_unusable_locks_are_told_once_and_the_block_runs(tmp_path: Path) -> None:
    with paced(tmp_path / "gone", [BMC, OTHER], Clock().waiting()) as warnings:
        (warning,) = warnings
    assert "not paced" in warning
    assert "No such file or directory" in warning
