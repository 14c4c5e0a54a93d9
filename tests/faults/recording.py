# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean run: its requests are the steps that faults strike, its verdicts what a second run must end in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.combinations import clean_kind
from tests.faults.runs import RunError, Runs
from tests.faults.steps import Step, Story, steps_of
from tests.labfixture import LabFactory, RunningLab

ENTRIES: Final[dict[Story, str]] = {"change": "main", "rollback": "rollback"}
"""The role's entry point that a story is about."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a clean run told.

    Attributes:
        steps: The requests of a change, then those of a rollback.
        verdicts: What a second run of a story ends in on a host that nothing happened to.
    """

    steps: tuple[Step, ...]
    verdicts: Mapping[Story, str]


def record(start: LabFactory, directory: Path, variables: Mapping[str, Any]) -> Recording:
    """Change a host; roll another one back, which the module alone has changed; run both again.

    Raises:
        RunError: A clean run did not do what it should, so that there is nothing to break.
    """
    kind = clean_kind()
    fleet = {
        "name": "clean",
        "description": "hosts that nothing happens to",
        "kinds": {"clean": kind},
        "hosts": [{"name": name, "kind": "clean"} for name in ENTRIES],
    }
    lab = start(fleet)
    runs = Runs(lab, directory, forks=2)
    verdicts: dict[Story, str] = {}
    steps: list[Step] = []
    for story, entry in ENTRIES.items():
        host = story
        earlier: list[dict[str, Any]] = []
        if story == "rollback":
            runs.run("clean-prepare", {host: "present"}, variables)
            earlier = _requests(lab, host)
        ended = runs.run(f"clean-{story}", {host: entry}, variables)[host]
        if not ended.changed:
            raise RunError(f"a clean {story} changed nothing: {ended.sentence}")
        steps += steps_of(story, _requests(lab, host)[len(earlier) :], earlier)
        verdicts[story] = runs.run(f"clean-{story}-again", {host: entry}, variables)[host].verdict
    lab.stop()
    return Recording(tuple(steps), verdicts)


def _requests(lab: RunningLab, host: str) -> list[dict[str, Any]]:
    return [line for line in lab.requests(host) if line["action"] is not None]
