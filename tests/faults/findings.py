# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a host after a fault: judged by what the lab knows of it, not by what the collection says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]
"""What the lab tells of one host."""


@dataclass(frozen=True, slots=True)
class Original:
    """What a host had before anything was changed: by adapter, the text in the registry and what its driver does."""

    values: Mapping[str, tuple[str | None, int | None]]

    @classmethod
    def of(cls, state: State) -> Original:
        """Of a host as it is now."""
        return cls({each["guid"]: (each["configured"], each["active"]) for each in state["adapters"]})


@dataclass(slots=True)
class Row:
    """One line of the table.

    Attributes:
        fault: The fault, in words.
        step: The step that it struck.
        verdict: The verdict after the second run.
        reachable: Whether the host answered at its address, after every run.
        recoverable: Whether the original value was in force or kept in a record after every run, and back in the end.
        guard_left: Whether a guard was left after the second run or in the end.
        failures: A sentence for each thing that is not as it must be.
    """

    fault: str
    step: str
    verdict: str = "-"
    reachable: bool = True
    recoverable: bool = True
    guard_left: bool = False
    failures: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As the result file holds it."""
        return {
            "fault": self.fault,
            "step": self.step,
            "verdict": self.verdict,
            "reachable": self.reachable,
            "recoverable": self.recoverable,
            "guard_left": self.guard_left,
            "failures": self.failures,
        }

    def look(self, when: str, state: State, original: Original, *, guard_may_stay: bool) -> None:
        """Note what is wrong with the host after a run, though more may be done to it."""
        if not state["reachable"]:
            self.reachable = False
            self.failures.append(f"{when}, the host does not answer at its address.")
        for guid, name in not_recoverable(state, original):
            self.recoverable = False
            self.failures.append(f"{when}, the original value of {name} ({guid}) is neither in force nor in a record.")
        left = guards(state)
        if len(left) > len(state["adapters"]):
            self.failures.append(f"{when}, there are more guards than adapters: {', '.join(left)}.")
        if left and not guard_may_stay:
            self.guard_left = True
            self.failures.append(f"{when}, a guard is left: {', '.join(left)}.")

    def require_back(self, state: State, original: Original) -> None:
        """Note what is not as it was before anything was changed."""
        if Original.of(state) != original:
            self.recoverable = False
            now = Original.of(state).values
            was = ", ".join(f"{guid} {value}" for guid, value in original.values.items() if now.get(guid) != value)
            self.failures.append(f"In the end, the values (configured, active) are not what they were: {was}.")
        if state["undo"]:
            self.failures.append(f"In the end, an undo record is left: {', '.join(state['undo'])}.")


def guards(state: State) -> list[str]:
    """The tasks on a host. Hosts of the lab have none of their own."""
    return [task["name"] for task in state["tasks"]]


def not_recoverable(state: State, original: Original) -> Iterable[tuple[str, str]]:
    """GUID and name of the adapters whose original value is neither in force nor in an undo record."""
    for adapter in state["adapters"]:
        configured, _active = original.values[adapter["guid"]]
        if adapter["configured"] == configured:
            continue
        record = state["undo"].get(f"{adapter['guid']}::{adapter['keyword']}")
        if not isinstance(record, Mapping) or "original" not in record or record["original"] != configured:
            yield adapter["guid"], adapter["name"]
