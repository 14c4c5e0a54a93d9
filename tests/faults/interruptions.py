# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of a run goes wrong, or the controller dies while it waits for the answer; then all is run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.combinations import Combination
from tests.faults.findings import Original, Row
from tests.faults.progress import Progress
from tests.faults.recording import ENTRIES, Recording
from tests.faults.runs import Result, Runs
from tests.faults.waiting import await_hosts, no_guard, pass_time
from tests.labfixture import LabFactory, RunningLab

KILLED_TOGETHER: Final = 10
"""Hosts that one controller is killed with: neighbours in the order of steps, held at about the same time."""
_PAST_EVERY_GUARD_SECONDS: Final = 2 * 3600.0


@dataclass(slots=True)
class Interruptions:
    """The trial.

    Attributes:
        combined: What strikes where.
        recording: What a clean run told.
        variables: Extra variables of every run.
    """

    combined: Sequence[Combination]
    recording: Recording
    variables: Mapping[str, Any]
    progress: Progress
    _rows: dict[str, Row] = field(init=False)
    _originals: dict[str, Original] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._rows = {each.host: Row(each.fault, each.step.label) for each in self.combined}

    def run(self, start: LabFactory, directory: Path, forks: int) -> list[Row]:
        """Run everything; a row for each combination."""
        lab = start(self._fleet())
        runs = Runs(lab, directory, forks)
        state = lab.state()
        self._originals = {each.host: Original.of(state[each.host]) for each in self.combined}
        self._run(runs, "prepare", "change before the rollback", lambda each: each.story == "rollback", entry="present")
        self._run(runs, "first", "struck run", lambda each: not each.killed)
        held = self._kill(runs)
        self._look(lab, "After the fault", guard_may_stay=True)
        self._require_struck(lab, held)
        self._second(runs, "second", lambda each: not each.afterwards)
        self._afterwards(runs)
        self._look(lab, "After the second run", guard_may_stay=False)
        self._run(runs, "last", "rollback in the end", lambda _each: True, entry="restored")
        self._look(lab, "In the end", guard_may_stay=False)
        state = lab.state()
        for host, row in self._rows.items():
            row.require_back(state[host], self._originals[host])
        lab.stop()
        return list(self._rows.values())

    def _fleet(self) -> dict[str, Any]:
        return {
            "name": "interruptions",
            "description": "a host for each fault at each step",
            "kinds": {each.host: dict(each.kind) for each in self.combined},
            "hosts": [{"name": each.host, "kind": each.host} for each in self.combined],
        }

    def _run(
        self,
        runs: Runs,
        name: str,
        what: str,
        wanted: Callable[[Combination], bool],
        *,
        entry: str | None = None,
    ) -> dict[str, Result]:
        entries = {each.host: entry or ENTRIES[each.story] for each in self.combined if wanted(each)}
        if not entries:
            return {}
        with self.progress.of(what, len(entries)) as ended:
            return runs.run(name, entries, self.variables, ended)

    def _kill(self, runs: Runs) -> set[str]:
        """Kill controllers; the hosts whose answer was held back when theirs died."""
        killed = [each for each in self.combined if each.killed]
        killed.sort(key=lambda each: (each.story, each.step.number))
        held: set[str] = set()
        with self.progress.of("controllers killed", len(killed)) as ended:
            for number, batch in enumerate(_batches(killed)):
                struck = runs.kill(f"kill-{number}", {each.host: ENTRIES[each.story] for each in batch}, self.variables)
                held |= struck
                for each in batch:
                    ended(each.host)
        return held

    def _second(self, runs: Runs, name: str, wanted: Callable[[Combination], bool]) -> None:
        """Run the same again, and require the verdict that is right."""
        ended = self._run(runs, name, "second run", wanted)
        for each in self.combined:
            if each.host not in ended:
                continue
            row, found, right = (
                self._rows[each.host],
                ended[each.host],
                each.verdict(self.recording.verdicts[each.story]),
            )
            row.verdict = found.verdict
            if found.verdict != right:
                row.failures.append(f"The second run ends in {found.verdict} and not in {right}: {found.sentence}")

    def _afterwards(self, runs: Runs) -> None:
        """The second run of hosts whose guard fires, or which reboot, after their controller has died."""
        lab = runs.lab
        for host in (each.host for each in self.combined if each.afterwards == "reboot"):
            lab.reboot(host)
        fired = [each.host for each in self.combined if each.afterwards]
        if not fired:
            return
        await_hosts(lab, fired)
        pass_time(lab, _PAST_EVERY_GUARD_SECONDS, no_guard(fired))
        await_hosts(lab, fired)
        state = lab.state()
        for host in fired:
            self._rows[host].look("After the guard", state[host], self._originals[host], guard_may_stay=True)
        self._second(runs, "second-afterwards", lambda each: bool(each.afterwards))

    def _look(self, lab: RunningLab, when: str, *, guard_may_stay: bool) -> None:
        await_hosts(lab, list(self._rows))
        state = lab.state()
        for host, row in self._rows.items():
            row.look(when, state[host], self._originals[host], guard_may_stay=guard_may_stay)

    def _require_struck(self, lab: RunningLab, held: set[str]) -> None:
        """Note where a fault did not strike, or not what it was to strike."""
        struck: dict[str, list[dict[str, Any]]] = {}
        for line in lab.requests(authentication=True):
            if line["struck_by"] is not None:
                struck.setdefault(line["host"], []).append(line)
        for each in self.combined:
            lines, row = struck.get(each.host, []), self._rows[each.host]
            if len(lines) != 1 or not each.step.is_meant_by(lines[0]):
                seen = ", ".join(f"{line['action']} {line['name']} {line['method'] or ''}".strip() for line in lines)
                row.failures.append(f"The fault did not strike its step, but {seen or 'nothing'}.")
            if each.killed and each.host not in held:
                row.failures.append("The controller was not killed while it waited for the answer.")


def _batches(killed: Sequence[Combination]) -> Iterator[Sequence[Combination]]:
    for start in range(0, len(killed), KILLED_TOGETHER):
        yield killed[start : start + KILLED_TOGETHER]
