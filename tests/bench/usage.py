# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long programs take, and how much of the processor and the memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.errors import BenchError

_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run of a program took.

    Attributes:
        wall_seconds: From its start to its end.
        cpu_seconds: Processor time of the program and of all processes that it started and waited for.
    """

    wall_seconds: float
    cpu_seconds: float


def run_measured(
    command: Sequence[str], *, output: Path, environment: Mapping[str, str], directory: Path
) -> tuple[int, Usage]:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        output: File for its standard output and standard error.
        environment: Its environment.
        directory: Where it runs.

    Returns:
        The exit code, and what the run took.
    """
    with output.open("wb") as kept:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=kept, stderr=kept
        )
        try:
            # wait4(2) tells of this one program and its descendants, getrusage(2) of every child so far.
            _unused, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, Usage(wall, used.ru_utime + used.ru_stime)


def cpu_seconds_of(process: int) -> float:
    """Processor time that a running process has used so far.

    Raises:
        BenchError: It does not run any more.
    """
    # proc_pid_stat(5): the name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it.
    fields = _proc(process, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def peak_memory_bytes_of(process: int) -> int:
    """The most memory that a running process has had resident so far (VmHWM of proc_pid_status(5)).

    Raises:
        BenchError: It does not run any more.
    """
    for line in _proc(process, "status").splitlines():
        name, _unused, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise BenchError(f"the kernel does not tell the peak memory of process {process}")


def _proc(process: int, name: str) -> str:
    try:
        return Path(f"/proc/{process}/{name}").read_text(encoding="utf-8")
    except OSError as error:
        raise BenchError(f"process {process} does not run any more ({error.strerror})") from error
