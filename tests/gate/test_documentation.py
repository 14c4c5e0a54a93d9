# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action takes exactly the options that its documentation shows."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.gate.steps import COLLECTION, ROOT

NAMES = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py") if not path.stem.startswith("_"))

COMPARED = ("type", "elements", "default", "choices", "required")
TYPE_IF_UNSAID = "str"


@cache
def documentation() -> dict[str, Any]:
    """What ansible-doc shows of every module of the collection, with its fragments taken in."""
    collection = COLLECTION.removeprefix("ansible_collections.")
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "--type", "module"]
    command += [f"{collection}.{name}" for name in NAMES]
    shown = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    return {name.rpartition(".")[2]: entry for name, entry in json.loads(shown).items()}


def essence(options: dict[str, Any], nested: str) -> dict[str, Any]:
    """What counts of each option, whether documented or in an argument spec; ``nested`` names its sub-options."""
    result = {}
    for name, option in options.items():
        counted = {key: option[key] for key in COMPARED if option.get(key) not in (None, False, [])}
        # An empty list that is a default is not the same as no default.
        if option.get("default") is not None:
            counted["default"] = option["default"]
        counted.setdefault("type", TYPE_IF_UNSAID)
        if "choices" in counted:
            counted["choices"] = sorted(counted["choices"])
        if option.get(nested):
            counted["options"] = essence(option[nested], nested)
        result[name] = counted
    return result


def test_there_are_actions() -> None:
    assert NAMES


@pytest.mark.parametrize("name", NAMES)
def test_documented_options_are_those_that_the_action_takes(name: str) -> None:
    action = importlib.import_module(f"{COLLECTION}.plugins.action.{name}").ActionModule
    documented = documentation()[name]["doc"]["options"]
    assert essence(action.argument_spec, "options") == essence(documented, "suboptions")


@pytest.mark.parametrize("name", NAMES)
def test_examples_and_return_values_are_documented(name: str) -> None:
    entry = documentation()[name]
    assert f"{COLLECTION.removeprefix('ansible_collections.')}.{name}:" in entry["examples"]
    assert entry["return"]
    for key, value in entry["return"].items():
        assert {"description", "returned", "type"} <= set(value), key


@pytest.mark.parametrize("name", NAMES)
def test_support_for_check_and_diff_mode_is_documented(name: str) -> None:
    assert {"check_mode", "diff_mode", "platform"} <= set(documentation()[name]["doc"]["attributes"])
