# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the profile ``long`` known before the command line is looked at."""

from __future__ import annotations

from tests.properties.profiles import register

register()
