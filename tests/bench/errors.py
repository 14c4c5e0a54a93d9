# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends the benchmark."""

from __future__ import annotations


class BenchError(Exception):
    """The benchmark can't go on, or what it measured can't be trusted. The text says why."""
