# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measure of covered branches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.gate import branches

if TYPE_CHECKING:
    from pathlib import Path


def summary(covered: int, branch_count: int, lines: float = 0.0) -> dict[str, Any]:
    return {"covered_branches": covered, "num_branches": branch_count, "percent_covered": lines}


def test_lines_do_not_count_where_there_are_branches() -> None:
    assert branches.percent(summary(1, 4, lines=99.0)) == 25.0
    assert branches.percent(summary(0, 0, lines=40.0)) == 40.0


@pytest.mark.parametrize(
    ("covered", "measured", "status"),
    [(90, ["a.py", "b.py"], 0), (89, ["a.py", "b.py"], 1), (100, ["a.py"], 1)],
    ids=["enough", "too few", "a file not measured"],
)
def test_threshold(
    covered: int, measured: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    report = {"files": {name: {"summary": summary(1, 2)} for name in measured}, "totals": summary(covered, 100)}
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    monkeypatch.setattr(branches, "ROOT", tmp_path)
    monkeypatch.setattr(branches, "MEASURED", tmp_path)
    monkeypatch.setattr(branches, "REPORT", tmp_path / "report.json")
    assert branches.main() == status
