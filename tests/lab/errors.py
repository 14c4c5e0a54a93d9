# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a lab can't run, for the person who started it."""

from __future__ import annotations


class LabError(Exception):
    """What it is about, what was seen, what was expected, what to do next."""

    def __init__(self, subject: str, seen: str, expected: str, next_step: str) -> None:
        super().__init__(f"{subject}: {seen}; expected {expected}. {next_step}")
