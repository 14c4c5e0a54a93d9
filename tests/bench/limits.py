# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits that the collection promises, and what was measured against them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_POSTS: Final = 14
"""Of nic_facts, for one host."""
MOST_BYTES_UP: Final = 40_000
"""Of nic_facts, for one host, authentication apart."""
MOST_SHELLS: Final = 0
"""Of nic_facts."""
MOST_SESSIONS_HEALTHY: Final = 2
"""Of the role on a host that nothing is wrong with: one reads, one probes."""
MOST_SESSIONS_CHANGED: Final = 5
"""Of the role on a host that it changes, besides polls for the host's return."""
MOST_LAB_BYTES: Final = 1_000_000_000
"""Of memory, for a lab of a thousand hosts in one process."""


@dataclass(frozen=True, slots=True)
class Check:
    """A limit, and what came of it.

    Attributes:
        what: What is limited.
        measured: The largest number that was measured.
        most: The limit.
    """

    what: str
    measured: int
    most: int

    @property
    def kept(self) -> bool:
        """Whether the limit was kept."""
        return self.measured <= self.most
