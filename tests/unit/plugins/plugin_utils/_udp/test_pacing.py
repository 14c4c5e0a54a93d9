# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import any_lock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import (
    SLOTS,
    Turn,
    file_key,
    paced,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import Clock

ONE = ("192.0.2.9", 623)
OTHER = ("192.0.2.10", 623)


def test_keys_are_file_names_of_their_own() -> None:
    keys = {
        file_key("192.0.2.9", 623),
        file_key("192.0.2.9", 624),
        file_key("192.0.2.96", 23),
        file_key("192.0.2.9", ""),
    }
    assert len(keys) == 4
    assert all(key.isalnum() and len(key) == 32 for key in keys)
    assert file_key("192.0.2.9", 623) == file_key("192.0.2.9", "623")


def test_a_target_has_so_many_slots_and_no_more(tmp_path: Path) -> None:
    clock = Clock()
    with paced(tmp_path, [ONE], clock.waiting(), slots=2), paced(tmp_path, [ONE], clock.waiting(), slots=2) as second:
        assert second.missed == frozenset()
        with paced(tmp_path, [ONE], clock.waiting(3.0), slots=2) as third:
            assert third == Turn(frozenset({ONE}), 3.0)
    with paced(tmp_path, [ONE], clock.waiting(0.0), slots=1) as free:
        assert free == Turn(frozenset(), 0.0)


def test_two_probes_at_a_time_are_the_default(tmp_path: Path) -> None:
    with paced(tmp_path, [ONE], Clock().waiting()):
        assert len(list(tmp_path.iterdir())) == SLOTS == 2


def test_another_target_or_port_has_slots_of_its_own(tmp_path: Path) -> None:
    clock = Clock()
    with (
        paced(tmp_path, [ONE], clock.waiting(), slots=1),
        paced(tmp_path, [OTHER, ("192.0.2.9", 624)], clock.waiting(0.0), slots=1) as others,
    ):
        assert others.missed == frozenset()


def test_a_target_named_twice_takes_one_slot(tmp_path: Path) -> None:
    with paced(tmp_path, [ONE, ONE], Clock().waiting(0.0), slots=1) as held:
        assert held.missed == frozenset()


def test_slots_are_taken_in_one_order_whatever_the_task_says(tmp_path: Path) -> None:
    clock = Clock()
    first, last = sorted([ONE, OTHER])
    with (
        any_lock([tmp_path / f"{file_key(*last)}.slot0"], clock.waiting()),
        paced(tmp_path, [last, first], clock.waiting(0.0), slots=1) as turn,
    ):
        assert turn.missed == {last}
        with any_lock([tmp_path / f"{file_key(*first)}.slot0"], clock.waiting(0.0)) as held:
            assert not held


def test_all_slots_together_are_waited_for_no_longer_than_one(tmp_path: Path) -> None:
    clock = Clock()
    with (
        paced(tmp_path, [ONE, OTHER], clock.waiting(), slots=1),
        paced(tmp_path, [ONE, OTHER], clock.waiting(5.0), slots=1) as turn,
    ):
        assert turn == Turn(frozenset({ONE, OTHER}), 5.0)
        assert 5.0 <= sum(clock.slept) < 5.5


def test_a_slot_that_is_free_is_taken_though_the_time_is_over(tmp_path: Path) -> None:
    clock = Clock()
    first, last = sorted([ONE, OTHER])
    with (
        paced(tmp_path, [first], clock.waiting(), slots=1),
        paced(tmp_path, [first, last], clock.waiting(5.0), slots=1) as turn,
    ):
        assert turn.missed == {first}


def test_without_a_directory_nothing_is_paced() -> None:
    with paced(None, [ONE], Clock().waiting()) as turn:
        assert turn == Turn()


def test_unusable_locks_are_told_once_and_the_block_runs(tmp_path: Path) -> None:
    with paced(tmp_path / "gone", [ONE, OTHER], Clock().waiting()) as turn:
        (warning,) = turn.warnings
        assert turn.missed == frozenset()
    assert "not paced" in warning
    assert "No such file or directory" in warning
