# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Who set a guard, and whether that run is still alive, as far as this controller can tell.

A process is known by its number and its start, in its process namespace, on one boot of one machine: none of these is
enough by itself where controllers run in containers of the same name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line

_LONGEST_NODE = 64


@dataclass(frozen=True, slots=True)
class Holder:
    """One process on one controller.

    Attributes:
        node: Name of the controller, for people.
        pid: Number of the process.
        started: When it started, in the clock ticks of its machine; None where that can't be told.
        place: Fingerprint of machine, boot and process namespace; None where these can't be told.
    """

    node: str
    pid: int
    started: int | None
    place: str | None

    @classmethod
    def here(cls) -> Holder:
        """This process."""
        pid = os.getpid()
        return cls(one_line(platform.node(), _LONGEST_NODE) or "unknown", pid, _started(pid), _place())

    def is_gone(self) -> bool:
        """Whether the process has certainly ended. False also where that can't be told from here."""
        if self.place is None or self.place != _place():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except (PermissionError, OverflowError):
            return False
        started = _started(self.pid)
        if started is None:
            # Another user's process where these are hidden, or a zombie, which does nothing any more.
            return _is_zombie(self.pid)
        return self.started is not None and started != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.node}"


def _place() -> str | None:
    """Fingerprint of machine, boot and process namespace, on systems that have proc(5)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except (OSError, ValueError):
        return None
    return hashlib.sha256(f"{platform.node()}\n{boot}\n{namespace}".encode()).hexdigest()[:16]


def _status(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty where it can't be read."""
    with contextlib.suppress(OSError, ValueError):
        # The name of the program stands in parentheses and may hold anything, also parentheses.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return []


def _started(pid: int) -> int | None:
    """The start of a process that runs: field 22 of its status, in ticks since the boot (proc(5))."""
    fields = _status(pid)
    return int(fields[19]) if len(fields) > 19 and fields[0] not in "ZX" and fields[19].isdecimal() else None


def _is_zombie(pid: int) -> bool:
    return _status(pid)[:1] in (["Z"], ["X"])
