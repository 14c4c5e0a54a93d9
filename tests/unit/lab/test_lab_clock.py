# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lab time: its speed, moving it on, and machines whose clocks are wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.lab.clock import HostClock, LabClock

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Wall:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_lab_time_runs_faster_than_wall_time() -> None:
    wall = Wall()
    clock = LabClock(20.0, monotonic=wall, start=NOON)
    assert clock.now == NOON
    wall.seconds += 3
    assert clock.elapsed == 60.0
    assert clock.now == NOON + timedelta(minutes=1)


@pytest.mark.parametrize("speed", [0, -1.0])
def test_a_clock_that_does_not_run_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="as fast"):
        LabClock(speed)


def test_sleeping_takes_lab_time() -> None:
    async def scenario() -> tuple[float, float]:
        clock = LabClock(1000.0)
        begun, wall = clock.elapsed, asyncio.get_running_loop().time()
        await clock.sleep(30.0)
        return clock.elapsed - begun, asyncio.get_running_loop().time() - wall

    lab, wall = asyncio.run(scenario())
    assert lab >= 30.0 - 1e-3
    assert wall < lab


def test_moving_time_on_wakes_those_whose_time_has_come_and_no_others() -> None:
    async def scenario() -> list[str]:
        clock = LabClock(monotonic=Wall())
        woken: list[str] = []

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append(name)

        tasks = [asyncio.create_task(sleeper("early", 60)), asyncio.create_task(sleeper("late", 600))]
        await asyncio.sleep(0)
        clock.skip(61)
        await tasks[0]
        before = list(woken)
        clock.skip(540)
        await tasks[1]
        return [*before, *woken]

    assert asyncio.run(scenario()) == ["early", "early", "late"]


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        LabClock().skip(-1)


def test_a_wait_of_nothing_lets_others_run() -> None:
    async def scenario() -> list[str]:
        clock, seen = LabClock(), list[str]()

        async def other() -> None:
            seen.append("other")

        task = asyncio.create_task(other())
        await clock.sleep(-5)
        seen.append("sleeper")
        await task
        return seen

    assert asyncio.run(scenario()) == ["other", "sleeper"]


def test_the_clock_of_a_machine_may_be_wrong() -> None:
    lab = LabClock(monotonic=Wall(), start=NOON)
    host = HostClock(lab, skew=timedelta(hours=-5), offset=timedelta(minutes=-210))
    assert host.now == NOON - timedelta(hours=5)
    local = datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001 - a task definition may leave the zone out
    assert host.aware(local) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    elsewhere = datetime(2026, 3, 1, 8, 30, tzinfo=timezone(timedelta(hours=2)))
    assert host.aware(elsewhere) is elsewhere


def test_waiting_for_a_time_of_the_machine() -> None:
    async def scenario() -> float:
        lab = LabClock(monotonic=Wall(), start=NOON)
        host = HostClock(lab, skew=timedelta(hours=2))
        task = asyncio.create_task(host.sleep_until(NOON + timedelta(hours=2, minutes=3)))
        await asyncio.sleep(0)
        lab.skip(180)
        await task
        await host.sleep_until(NOON)
        return lab.elapsed

    assert asyncio.run(scenario()) == 180.0
