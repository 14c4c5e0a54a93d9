# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that the documentation shows, as they stand there."""

from __future__ import annotations

from typing import Any

import yaml

from tests.integration.running import PROJECT_ROOT


def documented_examples(folder: str, name: str) -> list[dict[str, Any]]:
    """The EXAMPLES of a module or plugin, parsed and otherwise untouched."""
    file = PROJECT_ROOT / "plugins" / folder / f"{name}.yml"
    documentation = yaml.safe_load(file.read_text(encoding="utf-8"))
    tasks: list[dict[str, Any]] = yaml.safe_load(documentation["EXAMPLES"])
    return tasks


def documented_keys(module: str, *path: str) -> set[str]:
    """The keys that RETURN of a module documents below *path*."""
    file = PROJECT_ROOT / "plugins" / "modules" / f"{module}.yml"
    entry = yaml.safe_load(file.read_text(encoding="utf-8"))["RETURN"]
    for name in path:
        entry = entry[name]["contains"]
    return set(entry)
