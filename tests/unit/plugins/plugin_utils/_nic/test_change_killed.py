# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller that dies at any request, before or after the host carries it out: the next run mends what it left.

A run is ended by an exception that nothing in the product catches, at the first request, at the second, and so on until
it gets through. What follows is another run at once, or one after the guard has acted, or a way back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from tests.unit.plugins.plugin_utils._nic.changing import BACK, GUARDED, Run, carrying, kept, one
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeHost
from tests.unit.plugins.plugin_utils._nic.guards import Lab

RESTORE = replace(BACK, guard="auto")
MOST_REQUESTS = 400


class Killed(BaseException):
    """The controller is dead."""


@dataclass
class Executioner:
    """Ends a run at one of its requests, before the host carries it out, or after."""

    host: FakeHost
    at: int
    executed: bool
    count: int = 0

    def __post_init__(self) -> None:
        self.original = {name: getattr(self.host, name) for name in ("enumerate", "get", "invoke", "delete")}
        for name in self.original:
            setattr(self.host, name, self._deadly(self.original[name]))

    def _deadly(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def request(*arguments: Any, **more: Any) -> Any:
            self.count += 1
            if self.count == self.at and not self.executed:
                raise Killed
            try:
                return call(*arguments, **more)
            finally:
                if self.count == self.at and self.executed:
                    raise Killed

        return request

    def end(self) -> None:
        """Let the host be as it was."""
        for name, call in self.original.items():
            setattr(self.host, name, call)


def killed(lab: Lab, request: Any, at: int, executed: bool) -> bool:
    """Run until request number *at*. Whether the run came so far."""
    executioner = Executioner(lab.host, at, executed)
    try:
        Run(lab.host, request, False, lab.time)()
    except Killed:
        return True
    finally:
        executioner.end()
        lab.host.away = 0
    assert executioner.count < at
    return False


def settled(lab: Lab, value: str | None, active: int) -> None:
    """Nothing is left but what should be, and a further run finds nothing to do."""
    assert (lab.host.value(lab.adapter), lab.adapter.active) == (value, active)
    assert (lab.tasks, lab.marks) == ([], [])


def absent() -> FakeHost:
    return carrying(stored=None)


def silent() -> FakeHost:
    """A driver that does not tell what it does."""
    return one(active=None, follows=False)


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("make", [carrying, one, absent])
def test_a_second_run_at_once_brings_the_change_to_its_end(make: Callable[[], FakeHost], executed: bool) -> None:
    for at in range(1, MOST_REQUESTS):
        lab = Lab(make())
        original = lab.host.value(lab.adapter)
        if not killed(lab, GUARDED, at, executed):
            assert at > 40
            return
        done = Run(lab.host, GUARDED, False, lab.time)()
        settled(lab, "1", 1)
        assert done.only["confirmed"] is True
        assert (kept(lab.host)["original"], kept(lab.host)["outcome"]) == (original, "confirmed")
        assert not Run(lab.host, GUARDED, False, lab.time)().changed
        assert Run(lab.host, RESTORE, False, lab.time)().only["confirmed"] is True
        settled(lab, original, 3)
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
def test_a_run_after_the_guard_has_acted_begins_anew(executed: bool) -> None:
    for at in range(1, MOST_REQUESTS):
        lab = Lab(carrying())
        if not killed(lab, GUARDED, at, executed):
            return
        lab.time.sleep(3600)
        assert lab.tasks == []
        assert lab.fired <= 1
        assert Run(lab.host, GUARDED, False, lab.time)().only["confirmed"] is True
        settled(lab, "1", 1)
        assert kept(lab.host)["original"] == "3"
        assert not Run(lab.host, GUARDED, False, lab.time)().changed
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
def test_a_way_back_at_once_takes_everything_back(executed: bool) -> None:
    for at in range(1, MOST_REQUESTS):
        lab = Lab(carrying())
        if not killed(lab, GUARDED, at, executed):
            return
        Run(lab.host, RESTORE, False, lab.time)()
        settled(lab, "3", 3)
        assert lab.host.undo(lab.adapter) is None
        assert not Run(lab.host, RESTORE, False, lab.time)().changed
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("later", [False, True])
def test_a_way_back_that_breaks_off_is_brought_to_its_end(executed: bool, later: bool) -> None:
    for at in range(1, MOST_REQUESTS):
        lab = Lab(carrying())
        Run(lab.host, GUARDED, False, lab.time)()
        if not killed(lab, RESTORE, at, executed):
            return
        if later:
            lab.time.sleep(3600)
        Run(lab.host, RESTORE, False, lab.time)()
        settled(lab, "3", 3)
        assert lab.host.undo(lab.adapter) is None
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
def test_two_deaths_in_a_row_lose_nothing(executed: bool) -> None:
    for at in range(1, MOST_REQUESTS, 3):
        for second in range(1, MOST_REQUESTS, 7):
            lab = Lab(carrying())
            first = killed(lab, GUARDED, at, executed)
            if not killed(lab, GUARDED, second, executed):
                break
            Run(lab.host, GUARDED, False, lab.time)()
            settled(lab, "1", 1)
            assert kept(lab.host)["original"] == "3"
        if not first:
            return
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
def test_a_driver_that_tells_nothing_is_restarted_at_least_once(executed: bool) -> None:
    for at in range(1, MOST_REQUESTS):
        lab = Lab(silent())
        if not killed(lab, GUARDED, at, executed):
            return
        Run(lab.host, GUARDED, False, lab.time)()
        assert lab.host.value(lab.adapter) == "1"
        assert 1 <= lab.adapter.restarts <= 2
        assert (lab.tasks, lab.marks, kept(lab.host)["outcome"]) == ([], [], "unconfirmed")
        assert not Run(lab.host, GUARDED, False, lab.time)().changed
    raise AssertionError("it never got through")


@pytest.mark.parametrize("executed", [False, True])
@pytest.mark.parametrize("at", [*range(1, 60), 80, 100, 120])
def test_a_lost_host_comes_back_whoever_dies_waiting_for_it(at: int, executed: bool) -> None:
    lab = Lab(carrying(), lost=True)
    executioner = Executioner(lab.host, at, executed)
    with pytest.raises((Killed, NicError)):
        Run(lab.host, GUARDED, False, lab.time)()
    executioner.end()
    lab.time.sleep(3600)
    assert (lab.host.away, lab.tasks) == (0, [])
    lab.lost = False
    assert Run(lab.host, GUARDED, False, lab.time)().only["confirmed"] is True
    settled(lab, "1", 1)
    assert kept(lab.host)["original"] == "3"


def test_the_clock_of_the_host_does_not_matter() -> None:
    for at in range(1, MOST_REQUESTS, 5):
        lab = Lab(carrying(), skew=dt.timedelta(hours=-7))
        if not killed(lab, GUARDED, at, True):
            return
        assert Run(lab.host, GUARDED, False, lab.time)().only["confirmed"] is True
        settled(lab, "1", 1)
        assert kept(lab.host)["original"] == "3"
        assert lab.fired == 0
    raise AssertionError("it never got through")
