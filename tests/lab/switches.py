# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which request of a host a fault rule strikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.lab.dispatch import Call
from tests.lab.wirespec import FaultRule, Misbehaviour

_ONLY_FOR: Final = {Misbehaviour.ENDLESS_PULL: "Enumerate", Misbehaviour.EMPTY_PULL: "Pull"}


@dataclass(slots=True)
class _Count:
    rule: FaultRule
    seen: int = 0

    def used_up(self) -> bool:
        return self.rule.times is not None and self.seen >= self.rule.skip + self.rule.times


@dataclass(slots=True)
class Switches:
    """The fault rules of one host and how often each has been looked at."""

    rules: Sequence[FaultRule]
    _counts: list[_Count] = field(init=False)

    def __post_init__(self) -> None:
        self._counts = [_Count(rule) for rule in self.rules]

    def strike(self, call: Call) -> FaultRule | None:
        """The rule that strikes this call. Every rule that fits counts it, the first that is due wins."""
        struck: FaultRule | None = None
        for count in self._counts:
            if not _fits(count.rule, call) or count.used_up():
                continue
            if count.seen < count.rule.skip:
                count.seen += 1
            elif struck is None:
                count.seen += 1
                struck = count.rule
        return struck


def _fits(rule: FaultRule, call: Call) -> bool:
    only = _ONLY_FOR.get(rule.do)
    if only is not None and call.action != only:
        return False
    wanted = ((rule.action, call.action), (rule.resource, call.name), (rule.method, call.method))
    return all(asked is None or (found or "").lower() == asked.lower() for asked, found in wanted)
