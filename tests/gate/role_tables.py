# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a role's documentation equal to its argument_specs: the variable tables of its README, and its defaults.

Usage: ``python -m tests.gate.role_tables --write`` fills the marked blocks of every role's README. A block is

    <!-- variables of ENTRY_POINT: begin -->
    <!-- variables of ENTRY_POINT: end -->
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from tests.gate.steps import ROOT

ROLES: Final = ROOT / "roles"

BLOCK: Final = re.compile(
    r"(?P<begin><!-- variables of (?P<entry>[a-z_]+): begin -->\n)"
    r"(?P<table>.*?)"
    r"(?P<end><!-- variables of (?P=entry): end -->)",
    re.DOTALL,
)

MARKUP: Final = (
    # Ansible's documentation markup, and what it is in Markdown. O(), V() and C() are all shown as code.
    (re.compile(r"\b[OVCE]\(((?:[^()]|\([^()]*\))*)\)"), r"`\1`"),
    (re.compile(r"\bM\(([^()]*)\)"), r"`\1`"),
    (re.compile(r"\bB\(([^()]*)\)"), r"**\1**"),
    (re.compile(r"\bI\(([^()]*)\)"), r"*\1*"),
    (re.compile(r"\bL\(([^(),]*),\s*([^()]*)\)"), r"[\1](\2)"),
    (re.compile(r"\bU\(([^()]*)\)"), r"<\1>"),
)


class RoleFiles:
    """What a role says of its variables, in three places."""

    def __init__(self, role: Path) -> None:
        self.role = role
        self.readme = role / "README.md"

    def entry_points(self) -> dict[str, dict[str, Any]]:
        """Options of each entry point, from meta/argument_specs.yml."""
        specs = yaml.safe_load((self.role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        return {entry: spec.get("options", {}) for entry, spec in specs["argument_specs"].items()}

    def defaults(self) -> dict[str, Any]:
        """Default values, from defaults/main.yml."""
        loaded = yaml.safe_load((self.role / "defaults" / "main.yml").read_text(encoding="utf-8"))
        return dict(loaded or {})

    def filled_readme(self) -> str:
        """The README as it should be: every marked block holds the table of its entry point.

        Raises:
            KeyError: A block names an entry point that there is none of.
        """
        entries = self.entry_points()
        text = self.readme.read_text(encoding="utf-8")
        return BLOCK.sub(lambda block: f"{block['begin']}{table(entries[block['entry']])}{block['end']}", text)

    def documented(self) -> set[str]:
        """Variables that stand in a table of the README."""
        entries = self.entry_points()
        blocks = BLOCK.finditer(self.readme.read_text(encoding="utf-8"))
        return {name for block in blocks for name in entries.get(block["entry"], {})}


def table(options: dict[str, Any]) -> str:
    """A Markdown table of options, in the order of the specification."""
    lines = ["| variable | type | default | what it does |", "| --- | --- | --- | --- |"]
    for name, option in options.items():
        cells = (f"`{name}`", kind(option), default(option), prose(option))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def kind(option: dict[str, Any]) -> str:
    """Type of an option, with the type of its elements."""
    name = str(option.get("type", "str"))
    return f"{name} of {option['elements']}" if "elements" in option else name


def default(option: dict[str, Any]) -> str:
    """Default of an option, as one would write it in YAML."""
    if option.get("required"):
        return "required"
    return f"`{json.dumps(option['default'], ensure_ascii=False)}`" if "default" in option else ""


def prose(option: dict[str, Any]) -> str:
    """Description of an option and its choices, on one line."""
    description = option.get("description", [])
    parts = [description] if isinstance(description, str) else [str(part) for part in description]
    if "choices" in option:
        parts.append("One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + ".")
    text = " ".join(" ".join(parts).split())
    for pattern, markdown in MARKUP:
        text = pattern.sub(markdown, text)
    return text


def all_roles() -> list[RoleFiles]:
    """Every role of the collection."""
    return [RoleFiles(path) for path in sorted(ROLES.iterdir()) if path.is_dir()]


def main(arguments: list[str]) -> int:
    """Write the tables."""
    if arguments != ["--write"]:
        print("usage: python -m tests.gate.role_tables --write", file=sys.stderr)
        return 2
    for role in all_roles():
        role.readme.write_text(role.filled_readme(), encoding="utf-8")
        print(f"{role.readme.relative_to(ROOT)}: {len(role.documented())} variables")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
