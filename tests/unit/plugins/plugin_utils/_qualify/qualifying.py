# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of the lab in this process to try things on, and looking at what a trial leaves there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.changes import ChangeTrial
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import Answer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.tasks import TaskTrial
from tests.inmemory import MemoryHost

REQUEST = Request("present", Wish(receive=True), allow_wider=True, guard="always", guard_minutes=5)


@dataclass
class Trials:
    """A host, and trials on it. Time passes when they wait."""

    host: MemoryHost
    before: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.state()

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=self.host.loop.time, sleep=self.host.pass_time, random=lambda: 1.0)

    @property
    def adapter(self) -> Adapter:
        (adapter,) = [each for each in read_host(self.host.controller()).topology.adapters if each.physical]
        return adapter

    def changes(self) -> ChangeTrial:
        client = self.host.controller()
        management = frozenset({self.host.address})
        return ChangeTrial(client, self.adapter.guid, management, REQUEST, clock=self.clock, now=self.host.now)

    def tasks(self, *, await_expiry: bool = True) -> TaskTrial:
        return TaskTrial(self.host.controller(), await_expiry=await_expiry, clock=self.clock)

    def state(self) -> dict[str, Any]:
        """What a trial must leave as it was."""
        found = self.host.machine.snapshot()
        adapters = [(each["configured"], each["active"]) for each in found["adapters"]]
        return {"adapters": adapters, "undo": found["undo"], "tasks": found["tasks"]}

    def sent(self, method: str) -> list[int]:
        """Numbers of the requests that called a method."""
        return [number for number, each in enumerate(self.host.sent, 1) if each.call.method == method]


def told(answers: Sequence[Answer]) -> Mapping[str, str]:
    """What was seen, by question."""
    return {answer.id: answer.seen for answer in answers}


def details(answers: Sequence[Answer]) -> Mapping[str, str | None]:
    """Details, by question."""
    return {answer.id: answer.detail for answer in answers}
