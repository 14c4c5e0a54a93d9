# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dependencies point one way, and the simulated fleet shares nothing with what it tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.imports import PLUGINS, below, imported
from tests.gate.tree import project_files

UTILS = f"{PLUGINS}.plugin_utils"
ABOVE_EVERYTHING = (
    f"{PLUGINS}.action",
    f"{PLUGINS}.modules",
    f"{PLUGINS}.filter",
    f"{UTILS}._action",
    f"{UTILS}._probe_action",
)

MAY_IMPORT_ANSIBLE = (
    Path("plugins/plugin_utils/_action.py"),
    Path("plugins/plugin_utils/_probe_action.py"),
    Path("plugins/plugin_utils/_wsman/sessions.py"),
)

FORBIDDEN = {
    "tests/lab": (PLUGINS, "plugins"),
    "plugins": ("tests",),
    "plugins/plugin_utils/_errors.py": (PLUGINS,),
    "plugins/plugin_utils/_wsman": (
        *ABOVE_EVERYTHING,
        f"{UTILS}._nic",
        f"{UTILS}._ipmi",
        f"{UTILS}._udp",
        f"{UTILS}._knowledge",
        f"{UTILS}._verdict",
    ),
    "plugins/plugin_utils/_nic": (*ABOVE_EVERYTHING, f"{UTILS}._ipmi", f"{UTILS}._udp", f"{UTILS}._verdict"),
    "plugins/plugin_utils/_udp": (
        *ABOVE_EVERYTHING,
        f"{UTILS}._nic",
        f"{UTILS}._ipmi",
        f"{UTILS}._knowledge",
        f"{UTILS}._verdict",
    ),
    "plugins/plugin_utils/_ipmi": (
        *ABOVE_EVERYTHING,
        f"{UTILS}._nic",
        f"{UTILS}._wsman",
        f"{UTILS}._knowledge",
        f"{UTILS}._verdict",
    ),
    "plugins/plugin_utils/_knowledge.py": (*ABOVE_EVERYTHING, f"{UTILS}._ipmi", f"{UTILS}._verdict"),
    "plugins/plugin_utils/_verdict.py": (*ABOVE_EVERYTHING,),
}
"""Modules that the files below a path must not import."""


def files_below(place: str) -> list[Path]:
    """Python files at or below a path of the project."""
    return [path for path in project_files() if path.suffix == ".py" and path.is_relative_to(place)]


@pytest.mark.parametrize("place", FORBIDDEN)
def test_dependencies_point_one_way(place: str) -> None:
    files = files_below(place)
    assert files, f"there is no Python file at {place}"
    wrong = {str(path): below(imported(path), *FORBIDDEN[place]) for path in files}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_only_the_base_action_and_sessions_know_ansible() -> None:
    files = files_below("plugins/plugin_utils")
    knowing = {path for path in files if below(imported(path), "ansible")}
    assert knowing <= set(MAY_IMPORT_ANSIBLE)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b, c as d", {"a.b", "c"}),
        ("def f():\n    from a import b as c", {"a.b"}),
        ("from . import _errors", {f"{UTILS}._nic._errors"}),
        ("from .._errors import NicError", {f"{UTILS}._errors.NicError"}),
    ],
)
def test_imports_are_found_wherever_they_stand(
    source: str, names: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.gate.imports.ROOT", tmp_path)
    path = Path("plugins/plugin_utils/_nic/x.py")
    (tmp_path / path.parent).mkdir(parents=True)
    (tmp_path / path).write_text(source, encoding="utf-8")
    assert imported(path) == names


def test_a_package_is_told_from_one_whose_name_begins_alike() -> None:
    assert below({"ansible.errors", "ansible", "ansible_collections.x"}, "ansible") == {"ansible.errors", "ansible"}
