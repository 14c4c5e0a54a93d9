# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which branches the kept inputs reach: ``python -m tests.fuzz.reach PLACE TARGET ...`` prints them as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import coverage

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

PLUGIN_UTILS: Final = Path(__file__).resolve().parents[2] / "plugins" / "plugin_utils"


def measure(target: Target, corpus: Path) -> dict[str, Any]:
    """Branches reached and branches there are, together and for each function.

    Returns:
        ``reached``, ``branches``, and ``missing``: function by function, the branches not taken as ``from->to``.
    """
    measured = coverage.Coverage(branch=True, config_file=False, data_file=None, include=[f"{PLUGIN_UTILS}/*"])
    measured.start()
    try:
        for file in sorted(corpus.iterdir()):
            target.feed(file.read_bytes())
    finally:
        measured.stop()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "reach.json"
        measured.json_report(outfile=str(report))
        return summary(target, json.loads(report.read_text(encoding="utf-8")))


def summary(target: Target, report: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a coverage report that is about a target.

    Raises:
        LookupError: a file or function that the target names is not there.
    """
    reached = branches = 0
    missing: dict[str, list[str]] = {}
    files = {Path(path).resolve(): each for path, each in report["files"].items()}
    for name, wanted in target.reach:
        functions: Mapping[str, Any] = files[(PLUGIN_UTILS / name).resolve()]["functions"]
        # The part of a file outside of functions has an empty name.
        chosen = {key: each for key, each in functions.items() if key and _is_wanted(key, wanted)}
        for word in wanted:
            if not any(_is_wanted(key, (word,)) for key in functions):
                raise LookupError(f"{name} has no {word}")
        for key, each in chosen.items():
            reached += each["summary"]["covered_branches"]
            branches += each["summary"]["num_branches"]
            if each["missing_branches"]:
                missing[f"{name}: {key}"] = [f"{begin}->{end}" for begin, end in each["missing_branches"]]
    return {"reached": reached, "branches": branches, "missing": missing}


def _is_wanted(key: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or any(key == word or key.startswith(f"{word}.") for word in wanted)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    print(json.dumps({name: measure(TARGETS[name], place / name / "kept") for name in sys.argv[2:]}))
