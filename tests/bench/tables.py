# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured as text for a terminal, 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from tests.bench.capacity import Capacity
from tests.bench.conversation import phases_of
from tests.bench.costs import Cost
from tests.bench.limits import Check
from tests.bench.modules import Row
from tests.bench.prove import Story
from tests.bench.times import FACTS, NOTHING, PYWINRM, Times

WIDTH: Final = 80
_COST_HEAD: Final = ("POSTs", "up", "down", "sessions", "shells", "auth.")
_COST_WIDTHS: Final = (5, 6, 7, 8, 6, 5)
_TIME_HEAD: Final = ("wall s", "CPU s", "lab's CPU s")
_TIME_WIDTHS: Final = (8, 8, 11)
_RUNS: Final = {
    NOTHING: "an action that does nothing",
    PYWINRM: "plain pywinrm in threads",
    FACTS: "nic_facts",
}


def module_tables(rows: Sequence[Row]) -> str:
    """What each module costs one host of each kind."""
    lines = [*_heading("What a task costs one host"), *_paragraph(_COUNTED), "", _line("", _COST_HEAD, _COST_WIDTHS)]
    for task, of_task in groupby(rows, key=lambda row: row.task):
        lines.append(task)
        by_cost: dict[Cost, list[str]] = {}
        for row in of_task:
            by_cost.setdefault(row.cost, []).append(row.kind)
        if len(by_cost) == 1:
            by_cost = {cost: ["every kind"] for cost in by_cost}
        for cost, kinds in by_cost.items():
            lines += [_line(f"  {kind}", _cells(cost), _COST_WIDTHS) for kind in kinds]
    return "\n".join(lines)


def story_table(story: Story) -> str:
    """What one run of the role costs a host, step by step, and what its requests were for."""
    lines = _heading(f"The role in mode prove, {story.title}: {story.host}, {story.verdict}")
    lines.append(_line("", _COST_HEAD, _COST_WIDTHS))
    for step in story.steps:
        lines += _wrapped_line(step.window.task, _cells(step.cost), _COST_WIDTHS)
        if not step.requests:
            lines.append("    asks the host nothing")
        for phase in phases_of(step.requests):
            indent = " " * 8
            words = textwrap.fill(phase.words, WIDTH, initial_indent=indent, subsequent_indent=indent)
            lines += f"{phase.posts:6}  {words.lstrip()}".splitlines()
    lines.append(_line("all steps", _cells(story.cost), _COST_WIDTHS))
    if story.cost.polls:
        lines.append(f"besides {story.cost.polls} polls for the host's return that it did not answer")
    return "\n".join(lines)


def times_table(times: Times) -> str:
    """The three runs and their ratios."""
    lines = [
        *_heading(f"How long {times.hosts} hosts take, {times.forks} at once"),
        *_paragraph(_TIMED.format(rounds=times.rounds)),
        "",
        _line("", _TIME_HEAD, _TIME_WIDTHS),
    ]
    for name, words in _RUNS.items():
        run = times.runs[name]
        seconds = (run.usage.wall_seconds, run.usage.cpu_seconds, run.lab_cpu_seconds)
        lines.append(_line(words, [f"{each:.1f}" for each in seconds], _TIME_WIDTHS))
    for name in (NOTHING, PYWINRM):
        ratios = (f"{times.wall_ratio(name):.2f}", f"{times.cpu_ratio(name):.2f}")
        lines.append(_line(f"nic_facts : {_RUNS[name]}", ratios, _TIME_WIDTHS))
    lines.append(_line("(nic_facts - nothing) : pywinrm", ("", f"{times.cpu_above_nothing:.2f}"), _TIME_WIDTHS))
    return "\n".join(lines)


def capacity_table(capacity: Capacity) -> str:
    """Memory of a lab with many hosts."""
    text = (
        f"One process served {capacity.hosts} hosts, each read by nic_facts in one session. Its memory was at most"
        f" {_megabytes(capacity.start_bytes)} before the first question and {_megabytes(capacity.peak_bytes)} at the"
        f" end. Reading them all took {capacity.usage.wall_seconds:.0f} s here."
    )
    return "\n".join([*_heading(f"A lab of {capacity.hosts} hosts"), *_paragraph(text)])


def checks_table(checks: Iterable[Check]) -> str:
    """The limits, and whether they were kept."""
    widths = (13, 13, 6)
    lines = [*_heading("Limits"), _line("", ("measured", "at most", ""), widths)]
    for check in checks:
        lines += _wrapped_line(check.what, (f"{check.measured:,}", f"{check.most:,}", _word(check)), widths)
    return "\n".join(lines)


_COUNTED: Final = (
    "Counted from the lab's request log: POSTs with a message in them; bytes of their bodies, up to the host and down"
    " from it; authenticated sessions; WinRM shells; and, apart, POSTs that only authenticate. Of each kind of host the"
    " one that cost the most."
)
_TIMED: Final = (
    "Whole runs with everything they start, on this machine, which the lab shares. Only the ratios can be compared"
    " with other machines. Rounds: {rounds}, in which the three take turns; the least time counts. Both ways of reading"
    " left the same requests in the lab's log."
)


def _word(check: Check) -> str:
    return "kept" if check.kept else "BROKEN"


def _megabytes(number: int) -> str:
    return f"{number / 1_000_000:.0f} MB"


def _cells(cost: Cost) -> tuple[str, ...]:
    numbers = (cost.posts, cost.bytes_up, cost.bytes_down, cost.sessions, cost.shells, cost.authentication_posts)
    return tuple(str(each) for each in numbers)


def _heading(text: str) -> list[str]:
    wrapped = textwrap.wrap(text, WIDTH)
    return ["", *wrapped, "=" * max(len(line) for line in wrapped)]


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _line(name: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    """A name on the left and numbers on the right."""
    padded = [*cells, *[""] * (len(widths) - len(cells))]
    right = "  ".join(f"{cell:>{width}}" for cell, width in zip(padded, widths, strict=True))
    return f"{name:{WIDTH - len(right) - 2}}  {right}".rstrip()


def _wrapped_line(name: str, cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """As :func:`_line`; a name that is too long goes on below."""
    room = WIDTH - sum(widths) - 2 * len(widths)
    first, *more = textwrap.wrap(name, room, subsequent_indent="  ")
    return [_line(first, cells, widths), *more]
