# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of the project import, read from their syntax without running them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from tests.gate.steps import COLLECTION, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLUGINS: Final = f"{COLLECTION}.plugins"


def imported(path: Path) -> set[str]:
    """Full names of the modules and members that a file of the project imports, wherever in it the import stands."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))
    return set(_imported(tree, ".".join([COLLECTION, *path.with_suffix("").parts[:-1]])))


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import leaves one name of the package for each dot but the first.
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def below(names: set[str], *packages: str) -> set[str]:
    """The names that are one of the packages, or inside one."""
    return {name for name in names if any(f"{name}.".startswith(f"{package}.") for package in packages)}
