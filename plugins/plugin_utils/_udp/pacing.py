# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A bound on how many hosts of one Ansible run ask one target at a time: an old card drowns in a fleet's questions."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import pathlib
from collections.abc import Iterable, Iterator

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import (
    LocksUnusable,
    Waiting,
    any_lock,
)

SLOTS = 2
"""Probes of one target at a time. Each of a BMC sends two datagrams a second; ipmitool alone sends one every one to two
seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """What was had of the slots that were waited for."""

    missed: frozenset[tuple[str, int]] = frozenset()
    """Targets without a free slot in all the time: they must not be asked."""
    waited_seconds: float = 0.0
    """How long was waited for those at most."""
    warnings: tuple[str, ...] = ()


def file_key(*parts: object) -> str:
    """A file name for *parts*, such as address and port."""
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8")).hexdigest()[:32]


@contextlib.contextmanager
def paced(
    directory: pathlib.Path | None, targets: Iterable[tuple[str, int]], waiting: Waiting, slots: int = SLOTS
) -> Iterator[Turn]:
    """Hold one slot of each target for the length of the ``with`` block.

    Slots are taken in one order everywhere, so that no two probes can wait for each other, and all of them together
    are waited for no longer than *waiting* allows. Where locks can't be had at all the block runs without: a probe
    without pacing is better than none on a system without locks.

    Args:
        directory: A private one for the lock files, the same for all processes of the run; None paces nothing.
        targets: Address and port of each target.
        waiting: How to wait for the slots.
        slots: Probes of one target at a time.
    """
    if directory is None:
        yield Turn()
        return
    end = waiting.monotonic() + waiting.deadline_seconds
    missed: set[tuple[str, int]] = set()
    warnings: tuple[str, ...] = ()
    with contextlib.ExitStack() as stack:
        for address, port in sorted(set(targets)):
            candidates = [directory / f"{file_key(address, port)}.slot{number}" for number in range(slots)]
            left = dataclasses.replace(waiting, deadline_seconds=max(0.0, end - waiting.monotonic()))
            try:
                held = stack.enter_context(any_lock(candidates, left))
            except LocksUnusable as error:
                warnings = (f"Probes of {address} are not paced: {error}",)
                break
            if not held:
                missed.add((address, port))
        yield Turn(frozenset(missed), waiting.deadline_seconds, warnings)
