# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A bound on how many hosts of one Ansible run ask one BMC at a time: an old card drowns in a fleet's questions."""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
from collections.abc import Iterable, Iterator

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.locks import (
    LocksUnusable,
    Waiting,
    any_lock,
)

SLOTS = 2
"""Probes of one BMC at a time. Each sends two datagrams a second; ipmitool alone sends one every one to two seconds."""


def bmc_key(*parts: object) -> str:
    """A file name for *parts*, such as address and port."""
    return hashlib.sha256("\n".join(map(str, parts)).encode("utf-8")).hexdigest()[:32]


@contextlib.contextmanager
def paced(
    directory: pathlib.Path | None, targets: Iterable[tuple[str, int]], waiting: Waiting, slots: int = SLOTS
) -> Iterator[list[str]]:
    """Hold one slot of each target for the length of the ``with`` block.

    Slots are taken in one order everywhere, so that no two probes can wait for each other. Without locks the block
    runs all the same: a probe without pacing is better than none.

    Args:
        directory: A private one for the lock files, the same for all processes of the run; None paces nothing.
        targets: Address and port of each BMC.
        waiting: How to wait for a slot.
        slots: Probes of one BMC at a time.

    Yields:
        Warnings.
    """
    warnings: list[str] = []
    if directory is None:
        yield warnings
        return
    with contextlib.ExitStack() as stack:
        for address, port in sorted(set(targets)):
            candidates = [directory / f"{bmc_key(address, port)}.slot{number}" for number in range(slots)]
            try:
                held = stack.enter_context(any_lock(candidates, waiting))
            except LocksUnusable as error:
                warnings.append(f"Probes of {address} are not paced: {error}")
                break
            if not held:
                warnings.append(
                    f"Waited {waiting.deadline_seconds:g} seconds for a turn to ask {address}, then asked without one."
                )
        yield warnings
