# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks how many branches of plugins/plugin_utils the unit tests covered, from the report they left."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from tests.gate.steps import BRANCHES_FROM_UNIT_TESTS, BUILD, ROOT

if TYPE_CHECKING:
    from pathlib import Path

REPORT: Final = BUILD / "coverage" / "unit.json"
MEASURED: Final = ROOT / "plugins" / "plugin_utils"


def percent(summary: dict[str, Any]) -> float:
    """Covered branches in percent; a file without branches is covered if all its lines are."""
    if summary["num_branches"]:
        return 100.0 * float(summary["covered_branches"]) / float(summary["num_branches"])
    return float(summary["percent_covered"])


def unmeasured(report: dict[str, Any], files: list[Path]) -> list[Path]:
    """Files that the report knows nothing of, as when another folder was measured."""
    known = {(ROOT / name).resolve() for name in report["files"]}
    return [path for path in files if path.resolve() not in known]


def main() -> int:
    """Print the least covered files and compare the whole with the threshold."""
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    files = [path for path in sorted(MEASURED.rglob("*.py")) if path.stat().st_size]
    missing = unmeasured(report, files)
    for path in missing:
        print(f"not measured: {path.relative_to(ROOT)}")
    by_percent = sorted((percent(entry["summary"]), name) for name, entry in report["files"].items())
    for share, name in by_percent[:10]:
        print(f"{share:6.1f} %  {name}")
    reached = percent(report["totals"])
    print(f"{reached:6.1f} %  of all branches of plugins/plugin_utils; {BRANCHES_FROM_UNIT_TESTS:.0f} % are asked for")
    return 0 if not missing and files and reached >= BRANCHES_FROM_UNIT_TESTS else 1


if __name__ == "__main__":
    sys.exit(main())
