# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role costs a host, step by step: one that is cured, one that is healthy, and the cured one once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.costs import Cost, cost_of, read_log
from tests.bench.errors import BenchError
from tests.bench.limits import MOST_SESSIONS_CHANGED, MOST_SESSIONS_HEALTHY, Check
from tests.bench.modules import kinds_of
from tests.bench.playbook import ROLE, Window, run_play
from tests.bench.steps import Step, steps_of
from tests.labfixture import RunningLab

_CURABLE: Final = "affected"
_HEALTHY: Final = "desktop"
"""Kinds of the fleet that is measured."""
_FORKS: Final = 2


@dataclass(frozen=True, slots=True)
class Story:
    """One run of the role on one host.

    Attributes:
        title: What is special about it.
        verdict: What the role ended with.
        steps: The tasks that touched the host or asked BMCs, in their order.
        most_sessions: The limit for the authenticated sessions, polls apart.
    """

    title: str
    host: str
    verdict: str
    steps: tuple[Step, ...]
    most_sessions: int

    @property
    def cost(self) -> Cost:
        """What all steps cost together."""
        return cost_of(request for step in self.steps for request in step.requests)

    @property
    def check(self) -> Check:
        """The limit of its sessions."""
        return Check(f"role, {self.title}: sessions", self.cost.sessions, self.most_sessions)


def measure_role(lab: RunningLab, directory: Path, variables: Mapping[str, Any]) -> list[Story]:
    """Run the role twice, in a play that knows nothing else, on a host that it cures and on a healthy one.

    Args:
        lab: A lab with hosts of both kinds; the last of each is measured.
        directory: Where the files go.
        variables: Variables of the role, where they are not to be the defaults.

    Raises:
        BenchError: A host did not end as its kind should.
    """
    kinds = kinds_of(lab)
    affected, healthy = kinds[_CURABLE][-1], kinds[_HEALTHY][-1]
    first = _run(lab, directory, "role", variables, {affected: "remediated", healthy: "healthy"})
    again = _run(lab, directory, "role-again", variables, {affected: "remediated", healthy: "healthy"})
    return [
        Story("a host that is cured", affected, "remediated", first[affected], MOST_SESSIONS_CHANGED),
        Story("a healthy host", healthy, "healthy", first[healthy], MOST_SESSIONS_HEALTHY),
        Story("the cured host once more", affected, "remediated", again[affected], MOST_SESSIONS_HEALTHY),
    ]


def _run(
    lab: RunningLab, directory: Path, name: str, variables: Mapping[str, Any], expected: Mapping[str, str]
) -> dict[str, tuple[Step, ...]]:
    """Run the role on the hosts that a verdict is expected of."""
    earlier = len(read_log(lab.log))
    restarts = _restarts(lab)
    tasks = [
        {"name": "Run the role", "ansible.builtin.include_role": {"name": ROLE}},
        {
            "name": "See that the host ended as it should",
            "ansible.builtin.assert": {"that": "udp_rx_offload_result.verdict == expected[inventory_hostname]"},
        },
    ]
    windows, _unused = run_play(
        directory,
        name,
        lab.inventory,
        tasks,
        forks=_FORKS,
        hosts=list(expected),
        variables={**variables, "expected": dict(expected)},
    )
    steps = steps_of(windows, read_log(lab.log)[earlier:])
    changed = {host for host, number in _restarts(lab).items() if number != restarts[host]}
    if changed != {step.window.host for listed in steps.values() for step in listed if _restarted(step)}:
        raise BenchError(f"the lab restarted adapters of {sorted(changed)}, and its log tells otherwise")
    return {host: tuple(step for step in listed if _counts(step.window, step)) for host, listed in steps.items()}


def _counts(window: Window, step: Step) -> bool:
    """Whether a step is worth a line: it made requests, or it is the collection's own and did something else."""
    own = window.action.startswith("remediation.windows_nic.") and window.outcome != "skipped"
    return own or bool(step.requests)


def _restarted(step: Step) -> bool:
    return any(request.method == "Restart" for request in step.requests)


def _restarts(lab: RunningLab) -> dict[str, int]:
    return {host: sum(adapter["restarts"] for adapter in machine["adapters"]) for host, machine in lab.state().items()}


def role_checks(stories: Sequence[Story]) -> list[Check]:
    """The limits of the role."""
    return [story.check for story in stories]
