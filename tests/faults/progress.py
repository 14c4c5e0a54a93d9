# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling how far a long run is: on one line of a terminal, in tenths anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

Ended = Callable[[str], None]
"""Is told the name of every host that has ended."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where progress is shown."""

    stream: TextIO

    @contextmanager
    def of(self, what: str, hosts: int) -> Iterator[Ended]:
        """Show how many hosts of so many have ended, for as long as the context lasts."""
        began, ended, shown = time.monotonic(), set[str](), -1
        terminal = self.stream.isatty()

        def show(host: str) -> None:
            nonlocal shown
            ended.add(host)
            tenth = len(ended) * 10 // hosts
            if terminal:
                self.stream.write(f"\r{what}: {len(ended)} of {hosts} hosts")
                self.stream.flush()
            elif tenth != shown:
                self.stream.write(f"{what}: {len(ended)} of {hosts} hosts\n")
                self.stream.flush()
            shown = tenth

        yield show
        end = "\r" if terminal else ""
        self.stream.write(f"{end}{what}: {len(ended)} of {hosts} hosts, {time.monotonic() - began:.0f} s\n")
        self.stream.flush()
