# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""How far the change of one adapter went."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import GuardReport
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import GuardNote
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    OffloadKeyword,
    is_original,
    parse_value,
    word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Plan
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import UndoRecord


class Step(Enum):
    """How far the change of one adapter went."""

    PLANNED = 1
    RECORDED = 2
    WRITTEN = 3
    READ_BACK = 4
    RESTARTED = 5
    CONFIRMED = 6


@dataclass(slots=True)
class Change:
    """The change of one adapter: its plan, and what became of it.

    Attributes:
        plan: What will be done.
        class_key: The adapter's class key, for a plan that writes or is guarded.
        original: What stands in the class key, likewise.
        step: The last step that was reached.
        record: The undo record as it stands on the host.
        keyword: The keyword as it was last read.
        active: What the driver did when it was last asked.
        restart_answered: Whether the host answered the restart; None before one.
        outage_seconds: How long the adapter was away.
        confirmed: Whether the driver works with what was asked for, as far as the host tells.
        guard: What is to be told of the guard.
        note: The guard that stands, None for none.
        patience_until: Until when it is worth waiting for the host, by the controller's clock, where a guard stands.
        side_effects: What else was different after the restart.
    """

    plan: Plan
    class_key: str | None = None
    original: str | None = None
    step: Step = Step.PLANNED
    record: UndoRecord | None = None
    keyword: OffloadKeyword | None = None
    active: int | None = None
    restart_answered: bool | None = None
    outage_seconds: float | None = None
    confirmed: bool = False
    guard: GuardReport = field(init=False)
    note: GuardNote | None = None
    patience_until: float | None = None
    side_effects: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.guard = GuardReport(self.adapter.guid)
        self.record = self.plan.situation.record
        self.keyword = self.plan.situation.keyword
        self.active = self.plan.situation.active
        self.confirmed = not self.plan.changes and self.plan.is_met_by(self.active)

    @property
    def adapter(self) -> Adapter:
        """The adapter as it was read at first."""
        return self.plan.situation.adapter

    @property
    def changed(self) -> bool:
        """Whether anything on the host may have changed by now."""
        return self.step is not Step.PLANNED

    @property
    def restores(self) -> str | None:
        """What a guard puts back: what stood before this change, or what it was that last worked.

        A value that an earlier run wrote and nobody saw at work is not known to let the host be reached. What somebody
        else wrote, and no guard may put back, is neither.
        """
        record = self.plan.situation.record
        if record is not None and not is_original(self.original):
            return record.original
        if record is None or record.written != self.original:
            return self.original
        proven = record.outcome == "confirmed" or record.restarted_at is not None
        return self.original if proven else record.original

    @property
    def owes_restart(self) -> bool:
        """Whether the next run is to ask for the restart of a restored value once more.

        The answer was lost, and the driver tells of the value from before: the request may never have arrived. A run
        that has asked for it a second time leaves it at that, for the driver may not follow at all.
        """
        before = self.plan.situation.record
        asked_before = before is not None and before.written == self.plan.target and before.outcome is not None
        unheard = self.restart_answered is False and self.active is not None and not self.confirmed
        return unheard and not asked_before

    def kept(self) -> UndoRecord:
        """The undo record of a change that touches the host, which always has one."""
        if self.record is None:
            raise TypeError("a change that touches the host has an undo record")
        return self.record

    def not_in_force(self, code: str, seen: str) -> NicError:
        """The error of a value that is not what it should be."""
        in_force = "missing" if self.keyword is None else shown(self.keyword.stored)
        return NicError(
            code,
            f"{self.plan.keyword.name} of adapter {self.adapter.name}",
            f"after {shown(self.plan.target)} was written, the CIM provider reports {in_force}; {seen}",
            shown(self.plan.target),
            f"The original ({shown(self.kept().original)}) is kept on the host: state restored writes it back.",
        )


def shown(text: str | None) -> str:
    """A registry value for people."""
    value = parse_value(text)
    return "no value" if text is None else f"{text} ({word(value)})" if value is not None else repr(text)
