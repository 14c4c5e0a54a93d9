# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the tree: complete triples, mirrored tests, licence lines, no trace of one machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.gate.steps import ROOT
from tests.gate.tree import project_files

LICENCE_LINE = "SPDX-License-Identifier: GPL-3.0-or-later"
WITH_LICENCE_LINE = {".cfg", ".ps1", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}

LINES_AT_MOST = 450
"""A file past this is about more than one thing."""

MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|farm|root|tmp/team)(?=/)(?!/\.\.\.)")
FOREIGN = re.compile(r"\bdesign section|\bmemo section|\bshared/(?:design|reference|hooks)")
"""References to texts that a reader of this project does not have."""

LEFT_UNDONE = re.compile(r"\bNotImplementedError\b|#\s*(?:TODO|FIXME|XXX)\b")

PRIVATE_LINE = re.compile(r"^# .*[Pp]rivate to the .*collection.* may change in any release\.$", re.MULTILINE)

PLUGIN_UTILS = Path("plugins/plugin_utils")


def text_files() -> dict[Path, str]:
    """Text of every file of the project that has a text."""
    texts = {}
    for path in project_files():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content and path.name != "COPYING":
            texts[path] = content.decode("utf-8")
    return texts


def names_in(folder: str, suffix: str) -> set[str]:
    """Names of the files in a folder, without suffix; private ones left out."""
    return {path.stem for path in (ROOT / folder).glob(f"*{suffix}") if not path.stem.startswith("_")}


def has_code(path: Path) -> bool:
    """Whether a file defines a function or a class; tables are tested through what uses them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in tree.body)


def test_every_action_is_a_triple_with_a_unit_test() -> None:
    actions = names_in("plugins/action", ".py")
    assert actions
    assert names_in("plugins/modules", ".py") == actions
    assert names_in("plugins/modules", ".yml") == actions
    assert {f"test_{name}" for name in actions} <= names_in("tests/unit/plugins/action", ".py")


def test_the_action_group_holds_every_action() -> None:
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"]["all"] == sorted(names_in("plugins/action", ".py"))


def test_every_filter_is_documented_and_tested() -> None:
    files = names_in("plugins/filter", ".py")
    assert files
    assert {f"test_{name}" for name in files} <= names_in("tests/unit/plugins/filter", ".py")
    assert names_in("plugins/filter", ".yml") >= files


def test_every_helper_has_a_unit_test_of_its_own() -> None:
    helpers = [path for path in project_files() if path.is_relative_to(PLUGIN_UTILS) and path.suffix == ".py"]
    untested = []
    for helper in helpers:
        folder = ROOT / "tests" / "unit" / helper.parent
        if has_code(helper) and not any(folder.glob(f"test_{helper.stem}*.py")):
            untested.append(str(helper))
    assert untested == []


def test_every_unit_test_of_a_plugin_mirrors_a_plugin() -> None:
    orphans = []
    for path in project_files():
        if path.match("tests/unit/plugins/**/test_*.py") or path.match("tests/unit/plugins/*/test_*.py"):
            subject = path.stem.removeprefix("test_")
            folder = ROOT / path.parent.relative_to("tests/unit")
            # test_plan_edge_cases.py is about plan.py as well.
            if not any(f"{subject}_".startswith(f"{plugin.stem}_") for plugin in folder.glob("*.py")):
                orphans.append(str(path))
    assert orphans == []


def test_every_source_file_has_its_licence_line() -> None:
    without = [
        str(path)
        for path, text in text_files().items()
        if path.suffix in WITH_LICENCE_LINE and text.strip() and LICENCE_LINE not in "\n".join(text.splitlines()[:8])
    ]
    assert without == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert [str(path) for path, text in text_files().items() if MACHINE_PATH.search(text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see /" + "work/main", True),
        ("'/" + "root/x'", True),
        ("https://example.com/" + "work/a", False),
        ("a/" + "root/b", False),
        ("network/", False),
    ],
)
def test_a_path_of_one_machine_is_told_from_the_rest(text: str, found: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) is found


@pytest.mark.parametrize("pattern", [LEFT_UNDONE, FOREIGN], ids=["left undone", "foreign"])
def test_nothing_is_left_undone_and_no_text_is_named_that_a_reader_lacks(pattern: re.Pattern[str]) -> None:
    patterns_here = Path("tests/gate/test_tree.py")
    assert [str(path) for path, text in text_files().items() if path != patterns_here and pattern.search(text)] == []


def test_no_source_file_is_too_long() -> None:
    lengths = {str(path): text.count("\n") for path, text in text_files().items() if path.suffix in (".py", ".ps1")}
    assert {path: lines for path, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_private_helpers_say_that_they_are_private() -> None:
    silent = [
        str(path)
        for path, text in text_files().items()
        if path.is_relative_to(PLUGIN_UTILS)
        and path.suffix == ".py"
        and text.strip()
        and not PRIVATE_LINE.search(text[:600])
    ]
    assert silent == []


def test_no_finding_of_ansible_test_is_ignored() -> None:
    ignore_files = {
        path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests/sanity").glob("ignore-*.txt")
    }
    assert ignore_files == {f"ignore-2.{minor}.txt": "" for minor in range(16, 22)}
