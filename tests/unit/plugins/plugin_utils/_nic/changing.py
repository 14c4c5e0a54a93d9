# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out changes on a host in memory, and looking at what they leave there."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading, read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Preflight
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.results import result
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects import Surroundings
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    CLASS,
    GRANULAR,
    UNDO,
    FakeAdapter,
    FakeHost,
    guid,
)
from tests.unit.plugins.plugin_utils._nic.faketime import FakeTime

NAME = f"{guid(1)}::{GRANULAR}"
KEY = rf"{CLASS}\0001"
GUARDED = Request("present", Wish(receive=False))
OFF = replace(GUARDED, guard="never")
NEVER = replace(OFF, may_restart=False)
BACK = Request("restored", Wish(receive=False), guard="never")
MANAGEMENT = frozenset({"192.0.2.10"})
ELSEWHERE = {"address": "198.51.100.1"}
LEAVE = replace(OFF, allow_unguarded_restart=True)


@dataclass
class Run:
    """One run of the task's work on a host."""

    host: FakeHost
    request: Request = OFF
    check: bool = False
    time: FakeTime = field(default_factory=FakeTime)
    preflight: Preflight = field(default_factory=Preflight)
    side_effects: list[dict[str, Any]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    reading: HostReading | None = None
    changer: Changer = field(init=False)

    def __call__(self, *numbers: int) -> Run:
        self.host.log.clear()
        self.host.writes.clear()
        """Run it; what looks at the surroundings has tests of its own, and finds here what the test says."""
        module = "ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change"
        with (
            patch(f"{module}.read_preflight", self._look),
            patch(f"{module}.read_surroundings", self._survey),
            patch(f"{module}.compare", lambda _before, _after, _guid: self.side_effects),
        ):
            return self._run(numbers)

    def _run(self, numbers: Sequence[int]) -> Run:
        changer = self.changer = Changer(self.host.client, self.request, clock=self.time.clock, now=self.now)
        guids = [guid(number) for number in numbers or (1,)]
        first = changer.settle(read_host(self.host.client), guids, check_mode=self.check)
        self.changes = changer.prepare(first, guids, MANAGEMENT)
        self.host.log.append("--- prepared")
        if not self.check:
            self.reading = changer.carry_out(self.changes, first)
        return self

    def _look(self, _client: object, _reading: object, adapters: Sequence[Adapter], *_more: object) -> Preflight:
        self.host.log.append(f"--- preflight {' '.join(adapter.name for adapter in adapters)}".rstrip())
        return self.preflight

    def _survey(self, _client: object, _reading: object, adapters: Sequence[Adapter]) -> Surroundings:
        self.host.log.append(f"--- surroundings {' '.join(adapter.name for adapter in adapters)}")
        return Surroundings({})

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.time.now, dt.UTC)

    @property
    def results(self) -> list[dict[str, Any]]:
        return [result(change, check_mode=self.check) for change in self.changes]

    @property
    def only(self) -> dict[str, Any]:
        (found,) = self.results
        return found

    @property
    def changed(self) -> bool:
        return any(change.plan.changes for change in self.changes)


def host_with(*adapters: FakeAdapter, **more: Any) -> FakeHost:
    carrier = FakeAdapter(8, "Management", address="192.0.2.10", keywords=(), active=None, mac="AABBCCDDEE08", slot=8)
    return FakeHost([*adapters, carrier], **more)


def one(**changes: Any) -> FakeHost:
    return host_with(FakeAdapter(1, **{**ELSEWHERE, **changes}))


def carrying(**changes: Any) -> FakeHost:
    return FakeHost([FakeAdapter(1, address="192.0.2.10", carries=True, **changes)], away_after_restart=3)


def kept(host: FakeHost, name: str = NAME) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(host.registry[UNDO.casefold()][name])
    return content


def index(log: Sequence[str], line: str, start: int = 0) -> int:
    return list(log).index(line, start)
