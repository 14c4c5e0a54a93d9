# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many examples are tried: few and always the same, or with ``--hypothesis-profile=long`` many and new ones."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

LONG: Final = "long"
TIMES: Final = 30
"""How many times more examples the long profile tries."""


def register() -> None:
    """Make the long profile known to hypothesis."""
    settings.register_profile(LONG, settings(print_blob=True))


def examples(count: int) -> settings:
    """Settings for so many examples in the gate. No example waits for wall time, so that none has a deadline."""
    is_long = settings.get_current_profile_name() == LONG
    return settings(
        max_examples=count * TIMES if is_long else count,
        stateful_step_count=12,
        deadline=None,
        derandomize=not is_long,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
