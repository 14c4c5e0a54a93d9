# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lab time, which may run fast and may be moved on, and the clock of one machine, which may be wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_EARLY_SECONDS: Final = 1e-6
"""A timer of the event loop may come this much early by rounding; whoever waited is let go all the same."""


class LabClock:
    """The time of a whole lab. What a machine waits for, it waits for in this time.

    Args:
        speed: lab seconds in a second of wall time.
        monotonic: wall time in seconds from anywhere, for tests.
        start: what time it is in the lab at the beginning.
    """

    def __init__(
        self, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic, start: datetime | None = None
    ) -> None:
        if speed <= 0:
            raise ValueError(f"a clock can't run {speed} times as fast")
        self.speed = speed
        self._monotonic = monotonic
        self._begun = monotonic()
        self._start = start or datetime.now(UTC)
        self._skipped = 0.0
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def elapsed(self) -> float:
        """Lab seconds since the beginning."""
        return (self._monotonic() - self._begun) * self.speed + self._skipped

    @property
    def now(self) -> datetime:
        """The right time in the lab, UTC."""
        return self._start + timedelta(seconds=self.elapsed)

    async def sleep(self, seconds: float) -> None:
        """Wait so many lab seconds. None at all still lets others run once, as ``asyncio.sleep`` does."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        until = self.elapsed + seconds
        while (left := until - self.elapsed) > _EARLY_SECONDS:
            moved = asyncio.get_running_loop().create_future()
            self._sleepers.add(moved)
            try:
                await asyncio.wait({moved}, timeout=left / self.speed)
            finally:
                self._sleepers.discard(moved)

    def skip(self, seconds: float) -> None:
        """Move the time on; whoever waits looks at the clock anew.

        Raises:
            ValueError: backwards.
        """
        if seconds < 0:
            raise ValueError("lab time does not run backwards")
        self._skipped += seconds
        for moved in list(self._sleepers):
            if not moved.done():
                moved.set_result(None)


@dataclass(frozen=True, slots=True)
class HostClock:
    """What one machine takes the time to be: lab time, off by ``skew``, shown in a zone ``offset`` east of UTC."""

    lab: LabClock
    skew: timedelta = timedelta()
    offset: timedelta = timedelta()

    @property
    def now(self) -> datetime:
        """The machine's own time as an aware UTC time."""
        return self.lab.now + self.skew

    @property
    def zone(self) -> timezone:
        """Its time zone."""
        return timezone(self.offset)

    def aware(self, moment: datetime) -> datetime:
        """A point in time as the machine understands it: without a zone it is local time."""
        return moment.replace(tzinfo=self.zone) if moment.tzinfo is None else moment

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of its time."""
        await self.lab.sleep(seconds)

    async def sleep_until(self, moment: datetime) -> None:
        """Wait until its clock shows a time; one that is past is not waited for."""
        await self.lab.sleep((moment - self.now).total_seconds())
