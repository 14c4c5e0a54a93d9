# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuzz what reads hostile input.

``python -m tests.fuzz [--inputs N] [--seed S] [--jobs J] [TARGET ...]`` gives the targets N inputs, all the same share.
``python -m tests.fuzz --again FILE TARGET`` gives one target the input in a file, as after a failure.

A seed begins the sequence; what libFuzzer makes of it also depends on how it measures its own progress.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.fuzz import campaign
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

MILLION: Final = 1_000_000


def main(arguments: Sequence[str]) -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads hostile input.")
    parser.add_argument("--inputs", type=int, default=MILLION, help="inputs of all targets together (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="begins the sequence of inputs (%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time (%(default)s)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="give the target this one input")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all of them if none")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no target {unknown[0]}; there are {', '.join(TARGETS)}")
    if asked.again is not None:
        if len(asked.targets) != 1:
            parser.error("--again needs the one target that the input is for")
        TARGETS[asked.targets[0]].feed(asked.again.read_bytes())
        print(f"{asked.targets[0]}: the input of {asked.again} is taken as it should be")
        return 0
    if asked.inputs < 1 or asked.seed < 0 or asked.jobs < 1:
        parser.error("--inputs and --jobs are at least 1, --seed at least 0")
    if importlib.util.find_spec("atheris") is None:
        return _no_atheris()
    return _fuzz([TARGETS[name] for name in asked.targets or TARGETS], asked.inputs, asked.seed, asked.jobs)


def _fuzz(targets: Sequence[Target], inputs: int, seed: int, jobs: int) -> int:
    print(f"{inputs} inputs for {len(targets)} targets, seed {seed}", flush=True)
    results = campaign.run(targets, inputs, seed, jobs=jobs)
    print(campaign.table(results))
    for each in results:
        if not each.ok:
            print(f"\n{each.target} failed:\n{each.said}\n")
            if each.failing is not None:
                print(f"Run it again with: python -m tests.fuzz --again {each.failing} {each.target}")
    return 0 if all(each.ok for each in results) else 1


def _no_atheris() -> int:
    print(
        "error: the Python module atheris is not here; expected it, as requirements-tools.txt names it."
        " It comes ready-made for CPython 3.11 to 3.14 on Linux with an x86-64 processor: fuzz on such a machine.",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
