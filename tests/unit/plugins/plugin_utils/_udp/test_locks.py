# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import locks
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import (
    LocksUnusable,
    any_lock,
    private_directory,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import Clock


def test_the_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    made = private_directory(str(tmp_path), "probes")
    assert made == tmp_path / "probes"
    assert made.stat().st_mode & 0o777 == 0o700
    assert private_directory(str(tmp_path), "probes") == made


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_directory_in_which_others_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes").chmod(mode)
    with pytest.raises(LocksUnusable, match="only this user"):
        private_directory(str(tmp_path), "probes")


def test_a_directory_that_others_may_read_will_do(tmp_path: Path) -> None:
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes").chmod(0o755)
    assert private_directory(str(tmp_path), "probes") == tmp_path / "probes"


def test_somebody_elses_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(LocksUnusable, match="only this user"):
        private_directory(str(tmp_path), "probes")


def test_a_link_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "probes").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocksUnusable):
        private_directory(str(tmp_path), "probes")


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "probes").write_text("")
    with pytest.raises(LocksUnusable, match="probes"):
        private_directory(str(tmp_path), "probes")


def test_without_a_place_for_it_there_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(LocksUnusable, match="No such file or directory"):
        private_directory(str(tmp_path / "gone"), "probes")


def test_the_first_free_lock_is_taken_and_given_back(tmp_path: Path) -> None:
    clock = Clock()
    candidates = [tmp_path / "0", tmp_path / "1"]
    with any_lock(candidates, clock.waiting()) as first, any_lock(candidates, clock.waiting()) as second:
        assert first
        assert second
        with any_lock(candidates, clock.waiting(0.0)) as third:
            assert not third
    with any_lock(candidates, clock.waiting(0.0)) as again:
        assert again
    assert clock.slept == []
    assert (tmp_path / "0").stat().st_mode & 0o777 == 0o600


def test_a_lock_that_becomes_free_is_taken(tmp_path: Path) -> None:
    clock = Clock()
    holder = os.open(tmp_path / "0", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)

    def let_go_after_three() -> None:
        if len(clock.slept) == 3:
            os.close(holder)

    clock.on_sleep = let_go_after_three
    with any_lock([tmp_path / "0"], clock.waiting()) as held:
        assert held
    assert clock.slept == [0.02, 0.04, 0.08]


def test_waiting_grows_to_a_quarter_of_a_second_and_ends_at_the_deadline(tmp_path: Path) -> None:
    clock = Clock()
    with any_lock([tmp_path / "0"], clock.waiting()), any_lock([tmp_path / "0"], clock.waiting(1.0)) as held:
        assert not held
    assert clock.slept[:6] == [0.02, 0.04, 0.08, 0.16, 0.25, 0.25]
    assert 1.0 <= sum(clock.slept) < 1.25


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with any_lock([tmp_path / "0"], Clock().waiting()):
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    with any_lock([tmp_path / "0"], Clock().waiting(0.0)) as held:
        assert held


def test_a_link_is_no_lock_file(tmp_path: Path) -> None:
    (tmp_path / "0").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocksUnusable, match="0"), any_lock([tmp_path / "0"], Clock().waiting()):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_unused: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with pytest.raises(LocksUnusable, match="No locks available"), any_lock([tmp_path / "0"], Clock().waiting()):
        pass
