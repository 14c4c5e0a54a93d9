# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many inputs for several targets, each in a process of its own, and what came of them."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.target import Target

ROOT: Final = Path(__file__).resolve().parents[2]
PLACE: Final = ROOT / "build" / "fuzz"
WORKER: Final = (sys.executable, "-m", "tests.fuzz.worker")
_EXECUTED: Final = re.compile(r"^stat::number_of_executed_units:\s*(\d+)", re.MULTILINE)
_LAST_EXECUTED: Final = re.compile(r"^#(\d+)\t", re.MULTILINE)
_INPUT_SECONDS: Final = 10
_MEMORY_MB: Final = 1024
_SECONDS_AT_MOST: Final = 3600
_WORDS_OF_FAILURE: Final = 30


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one target.

    Attributes:
        inputs: How many inputs it took.
        seconds: Of wall time, start of the process and its instrumentation included.
        kept: Inputs that reached new code, and those to begin with.
        reached: Branches that these reach.
        branches: Branches there are.
        missing: The branches not reached, by function.
        failing: The file with the input that failed.
        said: The end of what the process printed, where it failed.
    """

    target: str
    inputs: int
    seconds: float
    kept: int
    reached: int = 0
    branches: int = 0
    missing: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    failing: str | None = None
    said: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return self.said is None

    @property
    def inputs_per_second(self) -> float:
        """Speed, overhead included."""
        return self.inputs / self.seconds

    @property
    def reach(self) -> float:
        """Percent of the branches."""
        return 100 * self.reached / self.branches if self.branches else 0.0


def run(targets: Sequence[Target], inputs: int, seed: int, *, place: Path = PLACE, jobs: int = 2) -> list[Result]:
    """Give *inputs* inputs to the targets, each the same share, and leave what they kept below *place*."""
    share = -(-inputs // len(targets))
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda target: run_target(target, share, seed, place / target.name), targets))
    results = _with_reach(results, place)
    content = json.dumps([dataclasses.asdict(each) for each in results], indent=1)
    (place / "result.json").write_text(content + "\n", encoding="utf-8")
    return results


def run_target(target: Target, inputs: int, seed: int, place: Path, worker: Sequence[str] = WORKER) -> Result:
    """Fuzz one target in a process of its own; what an earlier run left at *place* is removed."""
    shutil.rmtree(place, ignore_errors=True)
    corpus = place / "kept"
    corpus.mkdir(parents=True)
    options = [
        f"-runs={inputs}",
        # libFuzzer takes 0 for "choose one".
        f"-seed={seed + 1}",
        f"-artifact_prefix={place}/",
        f"-timeout={_INPUT_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB}",
        "-print_final_stats=1",
        # Reading the kept inputs anew every second would make the sequence depend on the time.
        "-reload=0",
        # Of two inputs that reach the same, the shorter one is kept, so that what is kept stays quick to read.
        "-reduce_inputs=1",
    ]
    started = time.monotonic()
    ended = _command([*worker, target.name, str(corpus), *options])
    seconds = time.monotonic() - started
    (place / "log.txt").write_text(ended.stdout, encoding="utf-8")
    counts = _EXECUTED.findall(ended.stdout) or _LAST_EXECUTED.findall(ended.stdout)
    result = Result(target.name, int(counts[-1]) if counts else 0, seconds, len(list(corpus.iterdir())))
    if ended.returncode != 0:
        failing = next((str(file) for file in sorted(place.iterdir()) if "-" in file.name), None)
        said = [line for line in ended.stdout.splitlines() if not line.startswith(("#", "INFO:"))]
        return dataclasses.replace(result, failing=failing, said="\n".join(said[-_WORDS_OF_FAILURE:]))
    return result


def _with_reach(results: Sequence[Result], place: Path) -> list[Result]:
    """The results with the branches that the kept inputs reach; not of a target that failed."""
    names = [each.target for each in results if each.ok]
    measured = _command([sys.executable, "-m", "tests.fuzz.reach", str(place), *names])
    if measured.returncode != 0:
        return [dataclasses.replace(each, said=each.said or measured.stdout) for each in results]
    reach = json.loads(measured.stdout)
    return [dataclasses.replace(each, **reach.get(each.target, {})) for each in results]


def _command(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # Sets and dictionaries of the fuzzed code must be walked in the same order in every run.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=_SECONDS_AT_MOST,
        check=False,
    )


def table(results: Sequence[Result]) -> str:
    """The results for people, one target a line, and one line for all of them."""
    rows = [("target", "inputs", "inputs/s", "kept", "branches reached", "result")]
    for each in results:
        reach = f"{each.reached} of {each.branches} ({each.reach:.0f} %)" if each.branches else "not measured"
        speed = f"{each.inputs_per_second:.0f}"
        rows.append((each.target, f"{each.inputs}", speed, f"{each.kept}", reach, "ok" if each.ok else "FAILED"))
    inputs, seconds = sum(each.inputs for each in results), sum(each.seconds for each in results)
    verdict = "ok" if all(each.ok for each in results) else "FAILED"
    rows.append(("all", f"{inputs}", f"{inputs / seconds:.0f}", f"{sum(each.kept for each in results)}", "", verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
