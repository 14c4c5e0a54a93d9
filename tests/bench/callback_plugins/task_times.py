# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback plugin: writes for each task and host when it began and ended, one JSON line each."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, ClassVar

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_times
type: aggregate
short_description: writes when each task began and ended on each host
description:
  - Writes one JSON line for each task and host, so that the requests in a log can be told apart by their time.
options:
  file:
    description: The file to write.
    type: path
    required: true
    env:
      - name: BENCH_TASK_TIMES
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core comes without types
    """Notes when tasks begin, and writes a line when they end."""

    CALLBACK_VERSION: ClassVar[float] = 2.0
    CALLBACK_TYPE: ClassVar[str] = "aggregate"
    CALLBACK_NAME: ClassVar[str] = "task_times"
    CALLBACK_NEEDS_ENABLED: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A task is about to begin on a host."""
        self._began[host.get_name(), task._uuid] = time.time()

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task succeeded."""
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        """A task failed."""
        self._write(result, "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task was not run."""
        self._write(result, "skipped")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """The host could not be reached."""
        self._write(result, "unreachable")

    def _write(self, result: Any, outcome: str) -> None:
        host, task = result._host.get_name(), result._task
        line = {
            "host": host,
            "task": task.get_name(),
            "action": task.action,
            "began": self._began.pop((host, task._uuid)),
            "ended": time.time(),
            "outcome": outcome,
        }
        with Path(self.get_option("file")).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
