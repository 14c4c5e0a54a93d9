# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.faults``: every fault at every step; the exit code is 0 if no host was harmed by any of them."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.faults.combinations import combinations
from tests.faults.findings import Row
from tests.faults.interruptions import Interruptions
from tests.faults.machines import Machines, every_machine_fault
from tests.faults.progress import Progress
from tests.faults.recording import record
from tests.faults.runs import RunError
from tests.faults.table import conclusion, table
from tests.labfixture import PROJECT_ROOT, labs

DIRECTORY: Final = PROJECT_ROOT / "build" / "faults"
LEAST_COMBINATIONS: Final = 80


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials; 0 if every row is as it must be, 1 if one is not, 2 if they could not be run."""
    options = _parser().parse_args(arguments)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    try:
        rows = trials(DIRECTORY, options)
    # The lab's fixture tells of a lab that did not start, or that complained, as a failed assertion.
    except (AssertionError, RunError) as error:
        print(f"faults: {error}", file=sys.stderr)
        return 2
    path = DIRECTORY / "result.json"
    path.write_text(json.dumps([row.as_dict() for row in rows], indent=2) + "\n", encoding="utf-8")
    print(table(rows))
    print(conclusion(rows))
    print(f"Everything: {path.relative_to(PROJECT_ROOT)}")
    few = (
        options.only is None
        and options.every == 1
        and len({(row.fault, row.step) for row in rows}) < LEAST_COMBINATIONS
    )
    if few:
        print(f"faults: fewer than {LEAST_COMBINATIONS} combinations", file=sys.stderr)
    return 1 if few or any(row.failures for row in rows) else 0


def trials(directory: Path, options: argparse.Namespace) -> list[Row]:
    """Run what the options choose."""
    variables: Mapping[str, Any] = json.loads(options.extra_vars)
    progress = Progress(sys.stderr)
    rows: list[Row] = []
    with labs(directory) as start:
        if options.only != "machine":
            recording = record(start, directory, variables)
            combined = combinations(recording.steps, every_request=options.every_request)
            if options.words:
                combined = [each for each in combined if options.words in f"{each.fault} - {each.step.label}"]
            combined = combined[:: options.every]
            rows += Interruptions(combined, recording, variables, progress).run(start, directory, options.forks)
        if options.only != "wire":
            chosen = every_machine_fault()[:: options.every]
            rows += Machines(chosen, variables, progress).run(start, directory, options.forks)
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition(": ")[2])
    parser.add_argument("--only", choices=("wire", "machine"), help="faults of one kind")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth combination (%(default)s)")
    parser.add_argument("--words", metavar="TEXT", help="only faults on the way whose line of the table has this text")
    parser.add_argument(
        "--every-request", action="store_true", help="every fault at every request; takes more than an hour"
    )
    parser.add_argument("--forks", type=int, default=25, metavar="N", help="hosts at once (%(default)s)")
    parser.add_argument("--extra-vars", default="{}", metavar="JSON", help="variables of every run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
