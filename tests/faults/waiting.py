# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab time: moved on whenever all that is left to do is to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tests.faults.findings import guards
from tests.labfixture import RunningLab

_LOOK_SECONDS: Final = 1.0
_SKIP_SECONDS: Final = 60.0
_HOUR_SECONDS: Final = 3600.0
_DAY_SECONDS: Final = 86_400.0
_PACES: Final = ((3 * _HOUR_SECONDS, _SKIP_SECONDS), (2 * _DAY_SECONDS, _HOUR_SECONDS))
_SETTLE_SECONDS: Final = 0.02
_BACK_WITHIN_SECONDS: Final = 90.0

States = Mapping[str, Mapping[str, Any]]


@contextmanager
def time_moves_on(lab: RunningLab, hosts: Collection[str], ended: Collection[str]) -> Iterator[None]:
    """While the context lasts, move lab time on as long as every host that has not *ended* can't be reached.

    Whoever can be reached has something to do, and gets the time that it takes.
    """
    over = threading.Event()

    def watch() -> None:
        quiet = 0
        while not over.wait(_LOOK_SECONDS):
            state = lab.state()
            left = [host for host in hosts if host not in ended]
            waiting = bool(left) and not any(state[host]["reachable"] for host in left)
            quiet = quiet + 1 if waiting else 0
            if quiet > 1:
                lab.skip(_SKIP_SECONDS)

    watcher = threading.Thread(target=watch, name="lab time")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def pass_time(lab: RunningLab, seconds: float, enough: Callable[[States], bool] = lambda _states: False) -> None:
    """Let lab time pass, slowly enough that everything happens that is due, until it is *enough*.

    The first hours go by the minute, the first days by the hour, whatever follows by the day.
    """
    passed = 0.0
    while passed < seconds:
        step = next((step for until, step in _PACES if passed < until), _DAY_SECONDS)
        lab.skip(step)
        passed += step
        time.sleep(_SETTLE_SECONDS)
        if enough(lab.state()):
            return


def await_hosts(lab: RunningLab, hosts: Collection[str]) -> None:
    """Wait until hosts that are on their way back can be reached.

    Those that are not back in time stay as they are: the look at them that follows will say so.
    """
    deadline = time.monotonic() + _BACK_WITHIN_SECONDS
    while time.monotonic() < deadline:
        state = lab.state()
        if all(state[host]["reachable"] for host in hosts):
            return
        time.sleep(_LOOK_SECONDS)


def no_guard(hosts: Collection[str]) -> Callable[[States], bool]:
    """Whether no guard is left on any of these hosts."""
    return lambda states: not any(guards(states[host]) for host in hosts)
