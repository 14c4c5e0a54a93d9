# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Lock files that the worker processes of one Ansible run share.

Locks are those of ``flock(2)``: the system drops them when a process ends, however it ends, so none is ever left
behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a lock."""

    deadline_seconds: float = 900.0
    """Above this somebody holds the lock who should not, and going on without it does less harm."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class LocksUnusable(Exception):
    """No lock can be had in this directory. The text says why."""


def private_directory(parent: str, name: str) -> pathlib.Path:
    """Return the directory *name* below *parent*, made if need be, in which only this user can write.

    Raises:
        LocksUnusable: it can't be made, or it is somebody else's, or others can write in it.
    """
    directory = pathlib.Path(parent) / name
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise LocksUnusable(f"{directory}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LocksUnusable(f"{directory} is not a directory in which only this user can write")
    return directory


@contextlib.contextmanager
def any_lock(candidates: Sequence[pathlib.Path], waiting: Waiting) -> Iterator[bool]:
    """Hold one lock of *candidates*, whichever is free first, for the length of the ``with`` block.

    Yields:
        False where none became free before the deadline; the block then runs without.

    Raises:
        LocksUnusable: a lock file can't be opened or locked.
    """
    descriptors: list[int] = []
    try:
        # One by one, so that those opened before a failure are closed.
        descriptors.extend(map(_open, candidates))
        yield _lock_one(descriptors, waiting)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _open(path: pathlib.Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LocksUnusable(f"{path}: {error.strerror}") from error


def _lock_one(descriptors: Sequence[int], waiting: Waiting) -> bool:
    end = waiting.monotonic() + waiting.deadline_seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        for descriptor in descriptors:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LocksUnusable(f"this file system has no locks: {error.strerror}") from error
            return True
        if waiting.monotonic() >= end:
            return False
        waiting.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
