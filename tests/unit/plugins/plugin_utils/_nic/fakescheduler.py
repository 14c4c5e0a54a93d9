# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Task Scheduler of a host in memory. It keeps definitions; nothing runs unless a test says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.cim.values import Value
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, fault

NAMESPACE = "root/Microsoft/Windows/TaskScheduler"
READY = 3
RUNNING = 4
EXISTS = 0x800700B7
MISSING = 0x80070002


@dataclass
class FakeTask:
    """A registered task: its definition, and the number of its state."""

    xml: str
    state: int = READY


@dataclass
class FakeScheduler:
    """Tasks by name.

    Attributes:
        clock: The host's own clock.
        vanishes: A task is registered with success and is gone.
        keeps: A task is deleted with success and is still there.
        started: Names of the tasks that were started on demand.
    """

    clock: Callable[[], dt.datetime] = lambda: dt.datetime(2026, 11, 22, 14, 0, tzinfo=dt.UTC)
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    vanishes: bool = False
    keeps: bool = False
    started: list[str] = field(default_factory=list)

    def system_row(self) -> Row:
        """Win32_OperatingSystem."""
        return {"LocalDateTime": self.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "BuildNumber": "22631"}

    def call(self, method: str, arguments: Mapping[str, Any]) -> Row:
        """A method of PS_ScheduledTask."""
        assert arguments["TaskPath"] == "\\"
        name = str(arguments["TaskName"])
        if method == "RegisterByXml":
            assert arguments["Force"] is False
            if name in self.tasks:
                raise fault(hresult=EXISTS, cim_status=11)
            if not self.vanishes:
                self.tasks[name] = FakeTask(str(arguments["Xml"]))
            return {"ReturnValue": 0}
        task = self.get(name)
        if method == "StartByPath":
            self.started.append(name)
            return {"ReturnValue": 0}
        assert method == "ExportByName"
        return {"cmdletOutput": '<?xml version="1.0" encoding="UTF-16"?>\r\n' + task.xml, "ReturnValue": 0}

    def row(self, selectors: Mapping[str, str]) -> dict[str, Value]:
        """The MSFT_ScheduledTask with these keys."""
        assert selectors["TaskPath"] == "\\"
        return {"TaskName": selectors["TaskName"], "State": self.get(selectors["TaskName"]).state}

    def get(self, name: str) -> FakeTask:
        """A task, or the fault that there is none."""
        if name not in self.tasks:
            raise fault(hresult=MISSING, cim_status=6)
        return self.tasks[name]

    def delete(self, selectors: Mapping[str, str]) -> None:
        """Delete the MSFT_ScheduledTask with these keys."""
        assert set(selectors) == {"TaskName", "TaskPath"}
        if selectors["TaskName"] not in self.tasks:
            raise fault(hresult=MISSING, cim_status=6)
        if not self.keeps:
            del self.tasks[selectors["TaskName"]]
