# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import reuse
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.reuse import (
    Freshness,
    load,
    save,
    turns,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import Clock, result


@pytest.mark.parametrize(
    ("asked_at", "fits"),
    [(1000.0, True), (940.0, True), (939.9, False), (1000.1, False), (930.0, False), (900.0, False)],
)
def test_an_answer_is_fresh_for_so_long_and_never_from_the_future(asked_at: float, fits: bool) -> None:
    assert Freshness(60.0, 0.0).fits(result(asked_at=asked_at), 1000.0) is fits


@pytest.mark.parametrize(("asked_after", "fits"), [(999.0, True), (1000.0, False), (1000.5, False)])
def test_an_answer_must_be_asked_after_the_given_time(asked_after: float, fits: bool) -> None:
    assert Freshness(60.0, asked_after).fits(result(asked_at=1000.0), 1010.0) is fits


@pytest.mark.parametrize(
    "kept",
    [
        result(),
        result(round_trip_ms=None, outcome=Outcome.NO_ANSWER, attempt_outcomes=(Outcome.NO_ANSWER,) * 3, replies=()),
        result(reason="socket_error", outcome=Outcome.PROBE_UNAVAILABLE),
    ],
)
def test_what_is_kept_comes_back(tmp_path: Path, kept: Any) -> None:
    assert save(tmp_path, "key", kept) == []
    assert load(tmp_path, "key") == kept
    assert load(tmp_path, "other") is None
    assert (tmp_path / "key.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.json"]


def test_a_newer_answer_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    save(tmp_path, "key", result(asked_at=1.0))
    (tmp_path / "key.new").write_text("left by a process that was killed")
    save(tmp_path, "key", result(asked_at=2.0))
    kept = load(tmp_path, "key")
    assert kept is not None
    assert kept.asked_at == 2.0


def test_an_answer_that_can_not_be_kept_is_told(tmp_path: Path) -> None:
    (warning,) = save(tmp_path / "gone", "key", result())
    assert "192.0.2.9" in warning
    assert "No such file or directory" in warning


def rewrite(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"format": None},
        {"address": 1},
        {"port": "623"},
        {"port": True},
        {"asked_at": 1000},
        {"asked_at": "now"},
        {"outcome": "fine"},
        {"outcome": None},
        {"reason": 1},
        {"detail": None},
        {"attempt_outcomes": "answered"},
        {"attempt_outcomes": ["fine"]},
        {"round_trip_ms": "1"},
        {"round_trip_ms": 1},
        {"told": ["1.5", 2]},
        {"told": "1.5"},
        {"replies": [1]},
        {"replies": None},
    ],
)
def test_a_damaged_answer_counts_as_not_there(tmp_path: Path, changes: dict[str, Any]) -> None:
    save(tmp_path, "key", result())
    rewrite(tmp_path / "key.json")
    assert load(tmp_path, "key") == result()
    rewrite(tmp_path / "key.json", **changes)
    assert load(tmp_path, "key") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"[" * 50_000, b" " * 100_001, b'{"format": 1}']
)
def test_what_is_no_answer_at_all_counts_as_not_there(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.json").write_bytes(content)
    (tmp_path / "key.json").chmod(0o600)
    assert load(tmp_path, "key") is None


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    save(tmp_path, "key", result())
    path = tmp_path / "key.json"
    path.write_bytes(path.read_bytes().ljust(100_000))
    assert load(tmp_path, "key") == result()
    path.write_bytes(path.read_bytes() + b" ")
    assert load(tmp_path, "key") is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_counts_as_not_there(tmp_path: Path, mode: int) -> None:
    save(tmp_path, "key", result())
    (tmp_path / "key.json").chmod(mode)
    assert load(tmp_path, "key") is None


def test_somebody_elses_file_counts_as_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "key", result())
    monkeypatch.setattr(reuse.os, "geteuid", lambda: os.getuid() + 1)
    assert load(tmp_path, "key") is None


def test_a_link_counts_as_not_there(tmp_path: Path) -> None:
    save(tmp_path, "real", result())
    (tmp_path / "key.json").symlink_to(tmp_path / "real.json")
    assert load(tmp_path, "key") is None


def test_a_pipe_counts_as_not_there_and_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key.json", 0o600)
    assert load(tmp_path, "key") is None


def test_only_one_has_the_turn(tmp_path: Path) -> None:
    clock = Clock()
    with (
        turns(tmp_path, ["b", "a", "a"], clock.waiting(0.0)) as first,
        turns(tmp_path, ["c"], clock.waiting(0.0)) as other,
    ):
        assert first == other == []
        with turns(tmp_path, ["a"], clock.waiting(2.0)) as second:
            (warning,) = second
            assert "Waited 2 seconds for another host's answer" in warning
    with turns(tmp_path, ["a", "b"], clock.waiting(0.0)) as again:
        assert again == []


def test_without_locks_the_block_runs_and_says_so_once(tmp_path: Path) -> None:
    with turns(tmp_path / "gone", ["a", "b"], Clock().waiting()) as warnings:
        (warning,) = warnings
    assert "not shared between hosts" in warning
