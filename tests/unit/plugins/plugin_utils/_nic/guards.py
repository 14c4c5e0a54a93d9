# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards for tests, and a host in memory that has some."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter, read_adapters
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import (
    GUARD_KEY,
    Guard,
    GuardNote,
    definition,
    mark,
    read_note,
    task_name,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from tests.unit.plugins.plugin_utils._nic.fakehost import CLASS, GRANULAR, FakeAdapter, FakeHost, guid, instance
from tests.unit.plugins.plugin_utils._nic.fakescheduler import FakeTask
from tests.unit.plugins.plugin_utils._nic.faketime import FakeTime

TOKEN = "0123456789abcdef"
NOW = dt.datetime(2026, 11, 22, 14, 0, tzinfo=dt.UTC)
DUE = NOW + dt.timedelta(minutes=10)
ELSEWHERE = Holder("controller.example", 4711, 12345, "an other machine")
NEW_BUILD = 22631
OLD_BUILD = 17763
DEVICE = r"PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\4&2F1E5C0&0&00E4"


def adapter(name: str = "Ethernet", device: str = DEVICE, number: int = 1) -> Adapter:
    row = {"Name": name, "InterfaceGuid": guid(number), "InterfaceIndex": number, "PnPDeviceID": device}
    return read_adapters([instance("MSFT_NetAdapter", row)])[0]


def note(**changes: Any) -> GuardNote:
    usual: dict[str, Any] = {
        "token": TOKEN,
        "holder": ELSEWHERE,
        "set_at": NOW,
        "due_at": DUE,
        "guid": guid(1),
        "keyword": GRANULAR,
        "restores": "3",
    }
    return GuardNote(**{**usual, **changes})


def guard(build: int | None = NEW_BUILD, of: Adapter | None = None, **changes: Any) -> Guard:
    return Guard(note(**changes), of or adapter(), rf"{CLASS}\0001", build)


@dataclass
class Lab:
    """A host whose guards act when they are due, by a clock that is *skew* off, and whose adapter may get lost.

    Attributes:
        host: The host.
        time: The controller's time.
        skew: How far the host's clock is off.
        late: How long after it was due a guard acts.
        puts_back: Whether it succeeds in putting the value back.
        leaves: Whether it succeeds in deleting itself.
        lost: Whether the first restart that is asked for makes the host unreachable until its guard acts.
    """

    host: FakeHost
    time: FakeTime = field(default_factory=FakeTime)
    skew: dt.timedelta = dt.timedelta()
    late: dt.timedelta = dt.timedelta()
    puts_back: bool = True
    leaves: bool = True
    lost: bool = False
    fired: int = 0

    def __post_init__(self) -> None:
        self.host.scheduler.clock = self.clock
        self.time.passing = self.passing
        self.host.after_restart = self.lose

    def clock(self) -> dt.datetime:
        """The host's own clock."""
        return dt.datetime.fromtimestamp(self.time.now, dt.UTC) + self.skew

    @property
    def adapter(self) -> FakeAdapter:
        """The adapter of the tests."""
        return self.host.adapters[0]

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks on the host."""
        return list(self.host.scheduler.tasks)

    @property
    def marks(self) -> list[str]:
        """Words of the marks on the host."""
        return sorted(name.split("::")[1] for name in self.host.registry.get(GUARD_KEY.casefold(), {}))

    def lose(self, _adapter: FakeAdapter) -> None:
        """The host goes away as its adapter restarts."""
        if self.lost:
            self.host.away_after_restart = 10**9
            self.lost = False

    def passing(self, _now: float) -> None:
        """Let guards act that are due."""
        for name, task in list(self.host.scheduler.tasks.items()):
            found = read_note(task.xml)
            if found is not None and self.clock() >= found.due_at + self.late:
                self.act(name)

    def act(self, name: str | None = None) -> None:
        """What the command line of a guard does (tests of the task itself see to that on a machine of the lab)."""
        name = name or task_name(self.adapter.guid)
        found = read_note(self.host.scheduler.tasks[name].xml)
        assert found is not None
        if not self.has(found, "fired"):
            self.write(found, "begun")
            if self.has(found, "confirmed"):
                del self.host.registry[GUARD_KEY.casefold()][mark(found.guid, "begun", found.token)]
            else:
                self.put_back(found)
        if self.leaves:
            del self.host.scheduler.tasks[name]

    def put_back(self, found: GuardNote) -> None:
        """Put the value back and restart the adapter."""
        adapter = next(each for each in self.host.adapters if each.guid == found.guid)
        values = self.host.registry[adapter.class_key.casefold()]
        if self.puts_back:
            values.pop(found.keyword, None)
            values |= {} if found.restores is None else {found.keyword: found.restores}
        stored = values.get(found.keyword, adapter.default)
        adapter.active = None if stored is None or not adapter.follows else int(stored)
        adapter.state, adapter.up = 2, True
        self.fired += 1
        self.host.away = self.host.away_after_restart = 0
        self.write(found, "fired")

    def write(self, found: GuardNote, word: str) -> None:
        """Write a mark."""
        self.host.registry.setdefault(GUARD_KEY.casefold(), {})[mark(found.guid, word, found.token)] = "1"

    def has(self, found: GuardNote, word: str) -> bool:
        """Whether there is a mark."""
        return mark(found.guid, word, found.token) in self.host.registry.get(GUARD_KEY.casefold(), {})

    def leave_guard(self, **changes: Any) -> GuardNote:
        """A guard of another run, as of now."""
        now = self.clock()
        usual = {"set_at": now, "due_at": now + dt.timedelta(minutes=10), "guid": self.adapter.guid}
        left = guard(**{**usual, **changes})
        self.host.scheduler.tasks[left.name] = FakeTask(definition(left))
        return left.note
