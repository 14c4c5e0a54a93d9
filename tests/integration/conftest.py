# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for the integration tests."""

from __future__ import annotations

from tests.labfixture import lab_factory, module_lab_factory

__all__ = ["lab_factory", "module_lab_factory"]
