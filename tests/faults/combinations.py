# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fault strikes at which step: one host for each combination."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Literal

from tests.faults.steps import Step, Story
from tests.faults.wirefaults import HELD, OPERATION_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, WIRE_FAULTS, WireFault

Afterwards = Literal["", "guard fires", "reboot"]
"""What happens to a host between the death of its controller and the second run."""

_FOREVER_SECONDS: Final = 150
CARD: Final = {"bmc": {"behaviour": "ipmi15", "trips_receive_offload": True}}
"""A card whose answers the driver fault loses, and which is not slow."""
QUICKLY: Final = {"udp_rx_offload_interval_ms": 100, "udp_rx_offload_wait_ms": 1000}
_HOST: Final[dict[str, Any]] = {
    "bmcs": [CARD],
    "system": {"boot_seconds": 1.0},
    "adapters": [{"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 0.3}}],
}
_OUTAGE_TO_BE_KILLED_IN: Final[dict[str, Any]] = {
    "adapters": [{"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 25.0}}],
    "wire": {"outage": "silent"},
}
"""Of a host whose restart is to be unanswered for long enough that the controller is killed meanwhile."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A fault at a step.

    Attributes:
        host: Name of the host that is struck.
        fault: The fault in words.
        step: The step that it strikes.
        kind: The host's kind in the fleet file.
        killed: Whether the controller is killed while it waits for the answer.
        afterwards: What happens before the second run.
        struck_by: The misbehaviour that the log must tell of.
        arrives: Whether the host may do what the struck request asks for.
    """

    host: str
    fault: str
    step: Step
    kind: Mapping[str, Any]
    killed: bool = False
    afterwards: Afterwards = ""
    struck_by: str = ""
    arrives: bool = True

    @property
    def story(self) -> Story:
        """What the struck run does."""
        return self.step.story

    def verdict(self, clean: str) -> str:
        """What the second run ends in, where that of a host that nothing happened to ends in *clean*.

        An adapter is restarted once for a change, whatever becomes of the request: whether it was is left to a person.
        """
        never_asked = self.story == "change" and self.step.method == "Restart" and not self.arrives
        return "restart_pending" if never_asked else clean


def clean_kind() -> dict[str, Any]:
    """The kind of a host that nothing happens to."""
    return {"description": "a host of this programme", **_HOST, "variables": _variables(READ_TIMEOUT_SECONDS)}


def combinations(steps: Sequence[Step], *, every_request: bool) -> list[Combination]:
    """Every fault at every step that it can strike.

    Steps of one sort are one step: a request that changes something, wherever it occurs, or everything that is read
    after such a change. The faults take turns at its occurrences, in change and rollback. The death of the controller
    strikes at every request.

    Args:
        steps: The steps of all stories.
        every_request: Whether every request is a step to every fault.
    """
    found: list[tuple[WireFault, Step, Afterwards]] = []
    for turn, fault in enumerate(WIRE_FAULTS):
        found += [(fault, step, "") for step in _struck(fault, steps, turn, every_request=every_request)]
    ends: Iterator[Afterwards] = cycle(("guard fires", "reboot"))
    for step in steps:
        found.append((HELD, step, ""))
        if every_request:
            found += [(HELD, step, "guard fires"), (HELD, step, "reboot")]
        elif step.writes:
            found.append((HELD, step, next(ends)))
    found.sort(key=lambda each: (each[1].story, each[1].number))
    return [
        _combination(f"f{number:04}", fault, step, afterwards) for number, (fault, step, afterwards) in enumerate(found)
    ]


def _struck(fault: WireFault, steps: Sequence[Step], turn: int, *, every_request: bool) -> list[Step]:
    able = [step for step in steps if fault.strikes(step)]
    if every_request:
        return able
    chosen = []
    for place, sort in enumerate(dict.fromkeys(step.sort for step in steps)):
        alike = [step for step in able if step.sort == sort]
        stories = list(dict.fromkeys(step.story for step in alike))
        if stories:
            story = stories[(turn + place) % len(stories)]
            told = [step for step in alike if step.story == story]
            chosen.append(told[turn // 2 % len(told)])
    return chosen


def _combination(host: str, fault: WireFault, step: Step, afterwards: Afterwards) -> Combination:
    killed = fault is HELD
    words = fault.words + {"": "", "guard fires": ", guard fires", "reboot": ", host reboots"}[afterwards]
    kind = {
        "description": f"{words} - {step.label}",
        **_HOST,
        "variables": _variables(_FOREVER_SECONDS if killed else READ_TIMEOUT_SECONDS),
    }
    wire = {"faults": [fault.rule(step)]}
    if killed and step.method == "Restart":
        kind |= {"adapters": _OUTAGE_TO_BE_KILLED_IN["adapters"]}
        wire |= _OUTAGE_TO_BE_KILLED_IN["wire"]
    return Combination(host, words, step, kind | {"wire": wire}, killed, afterwards, fault.do, fault.arrives)


def _variables(read_timeout_seconds: int) -> dict[str, Any]:
    operation = OPERATION_TIMEOUT_SECONDS if read_timeout_seconds == READ_TIMEOUT_SECONDS else read_timeout_seconds - 1
    return {
        "ansible_winrm_operation_timeout_sec": operation,
        "ansible_winrm_read_timeout_sec": read_timeout_seconds,
        **QUICKLY,
        "udp_rx_offload_reconnect_timeout_seconds": 60,
        "udp_rx_offload_guard_minutes": 60,
    }
