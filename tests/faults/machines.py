# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host does something bad of its own, in a change or in a rollback; then everything is run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.findings import Original, Row
from tests.faults.machinefaults import MACHINE_FAULTS, UNGUARDED, MachineFault
from tests.faults.progress import Progress
from tests.faults.recording import ENTRIES
from tests.faults.runs import Result, Runs
from tests.faults.steps import Story
from tests.faults.waiting import await_hosts, no_guard, pass_time, time_moves_on
from tests.labfixture import LabFactory, RunningLab

_UNTIL_EVERY_TASK_HAS_EXPIRED_SECONDS: Final = 40 * 86_400.0
_AFFECTED: Final = "affected"
_CHANGED: Final = "remediated"

FIRST: Final = {"goes well": _CHANGED, "refused": _AFFECTED, "undone": "unknown", "left": _CHANGED}
"""Verdict of a struck change by its course."""
SECOND: Final = FIRST | {"undone": _AFFECTED}
"""Verdict of the run after it: what the guard had to undo is not tried again."""
AGAIN: Final = {"undone_by_guard": "undone_earlier"}
"""Reasons that the run after it gives in other words."""


@dataclass(frozen=True, slots=True)
class _Struck:
    """A host with its fault."""

    host: str
    fault: MachineFault
    story: Story


def every_machine_fault() -> list[tuple[Story, MachineFault]]:
    """Every fault, in a change and in a rollback."""
    stories: tuple[Story, ...] = ("change", "rollback")
    return [(story, fault) for story in stories for fault in MACHINE_FAULTS]


@dataclass(slots=True)
class Machines:
    """The trial.

    Attributes:
        chosen: The faults, each in the story that it strikes.
        variables: Extra variables of every run.
    """

    chosen: Sequence[tuple[Story, MachineFault]]
    variables: Mapping[str, Any]
    progress: Progress
    _struck: list[_Struck] = field(init=False, default_factory=list)
    _rows: dict[str, Row] = field(init=False, default_factory=dict)
    _originals: dict[str, Original] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for number, (story, fault) in enumerate(self.chosen):
            host = f"m{number:03}"
            self._struck.append(_Struck(host, fault, story))
            self._rows[host] = Row(fault.words, f"{story}: {fault.step}")

    def run(self, start: LabFactory, directory: Path, forks: int) -> list[Row]:
        """Run everything; a row for each fault in each story."""
        lab = start(self._fleet())
        runs = Runs(lab, directory, forks=max(forks, len(self._struck)))
        state = lab.state()
        self._originals = {each.host: Original.of(state[each.host]) for each in self._struck}
        prepared = {each.host: "present" for each in self._struck if each.story == "rollback"}
        needless = [each.host for each in self._struck if each.fault.unguarded_before]
        self._run(runs, "prepare", "change before the rollback", _without(prepared, needless))
        self._run(runs, "prepare-unguarded", "the same without a guard", _only(prepared, needless), UNGUARDED)
        entries = {each.host: ENTRIES[each.story] for each in self._struck}
        self._judge(self._run(runs, "first-machines", "struck run", entries), FIRST, "struck run")
        self._look(lab, "After the fault", guard_may_stay=True)
        left = [each.host for each in self._struck if each.fault.course == "left"]
        self._judge(self._run(runs, "second-machines", "second run", entries), SECOND, "second run", last=True)
        self._look(lab, "After the second run", guard_may_stay=True)
        self._require_gone(lab, left)
        last = dict.fromkeys(entries, "restored")
        unguarded = [each.host for each in self._struck if each.fault.course in ("refused", "left")]
        self._run(runs, "last-machines", "rollback in the end", _without(last, unguarded))
        self._run(runs, "last-unguarded", "the same without a guard", _only(last, unguarded), UNGUARDED)
        self._look(lab, "In the end", guard_may_stay=False)
        state = lab.state()
        for host, row in self._rows.items():
            row.require_back(state[host], self._originals[host])
        lab.stop()
        return list(self._rows.values())

    def _fleet(self) -> dict[str, Any]:
        return {
            "name": "machines",
            "description": "a host for each thing that a host can do to a change",
            "kinds": {each.host: each.fault.kind(each.story) for each in self._struck},
            "hosts": [{"name": each.host, "kind": each.host} for each in self._struck],
        }

    def _run(
        self, runs: Runs, name: str, what: str, entries: Mapping[str, str], variables: Mapping[str, Any] | None = None
    ) -> dict[str, Result]:
        if not entries:
            return {}
        ended: set[str] = set()
        with (
            self.progress.of(what, len(entries)) as show,
            time_moves_on(runs.lab, list(entries), ended),
        ):

            def note(host: str) -> None:
                ended.add(host)
                show(host)

            return runs.run(name, entries, {**self.variables, **(variables or {})}, note)

    def _judge(self, found: Mapping[str, Result], right: Mapping[str, str], run: str, *, last: bool = False) -> None:
        """Compare verdicts with those that must be."""
        for each in self._struck:
            row, result = self._rows[each.host], found[each.host]
            if last:
                row.verdict = result.verdict
            wanted = self._wanted(each, right, last=last)
            if wanted is not None and result.verdict != wanted:
                row.failures.append(f"The {run} ends in {result.verdict} and not in {wanted}: {result.sentence}")
            reason = AGAIN.get(each.fault.reason or "", each.fault.reason) if last else each.fault.reason
            if each.story == "change" and reason is not None and result.reason != reason:
                row.failures.append(f"The {run} names the reason {result.reason} and not {reason}: {result.sentence}")

    @staticmethod
    def _wanted(each: _Struck, right: Mapping[str, str], *, last: bool) -> str | None:
        """The verdict that a run must end in; None where any will do, if only nothing is lost."""
        if each.story == "change":
            return right[each.fault.course]
        if each.fault.course in ("goes well", "left") or (last and each.fault.course == "undone"):
            return _AFFECTED
        return None

    def _look(self, lab: RunningLab, when: str, *, guard_may_stay: bool) -> None:
        await_hosts(lab, list(self._rows))
        state = lab.state()
        for host, row in self._rows.items():
            row.look(when, state[host], self._originals[host], guard_may_stay=guard_may_stay)

    def _require_gone(self, lab: RunningLab, left: list[str]) -> None:
        """A guard that nobody can delete must go by itself. No other may be left after the second run."""
        state = lab.state()
        for host, row in self._rows.items():
            if host not in left:
                row.look("After the second run", state[host], self._originals[host], guard_may_stay=False)
        pass_time(lab, _UNTIL_EVERY_TASK_HAS_EXPIRED_SECONDS, no_guard(left))
        await_hosts(lab, left)
        state = lab.state()
        for host in left:
            self._rows[host].look("After forty days", state[host], self._originals[host], guard_may_stay=False)


def _without(entries: Mapping[str, str], hosts: list[str]) -> dict[str, str]:
    return {host: entry for host, entry in entries.items() if host not in hosts}


def _only(entries: Mapping[str, str], hosts: list[str]) -> dict[str, str]:
    return {host: entry for host, entry in entries.items() if host in hosts}
