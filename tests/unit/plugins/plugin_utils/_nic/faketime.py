# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time for tests: it passes when somebody sleeps, and never else."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import Clock


class FakeTime:
    """A clock that stands still but for sleeping; ``slept`` holds every pause.

    ``passing`` is called with the new time whenever time has passed.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.passing: Callable[[float], None] | None = None

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds
        if self.passing is not None:
            self.passing(self.now)

    @property
    def clock(self) -> Clock:
        """As the product wants it."""
        return Clock(monotonic=lambda: self.now, sleep=self.sleep, random=lambda: 1.0)
