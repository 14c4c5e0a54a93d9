# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults, argument_specs and README say the same; and the writer of the tables does what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.gate.role_tables import ROLES, RoleFiles, all_roles, table

if TYPE_CHECKING:
    from pathlib import Path

every_role = pytest.mark.parametrize("role", all_roles() if ROLES.is_dir() else [], ids=lambda role: role.role.name)


def test_there_is_a_role() -> None:
    assert [role.role.name for role in all_roles()] == ["udp_rx_offload"]


@every_role
def test_defaults_and_argument_specs_hold_the_same_keys(role: RoleFiles) -> None:
    specified = {name for options in role.entry_points().values() for name in options}
    assert specified == set(role.defaults())


@every_role
def test_every_variable_has_the_prefix_of_the_role(role: RoleFiles) -> None:
    assert [name for name in role.defaults() if not name.startswith(f"{role.role.name}_")] == []


@every_role
def test_defaults_have_the_values_that_argument_specs_document(role: RoleFiles) -> None:
    defaults = role.defaults()
    documented = {
        (entry, name): option.get("default")
        for entry, options in role.entry_points().items()
        for name, option in options.items()
    }
    assert documented == {(entry, name): defaults[name] for entry, name in documented}


@every_role
def test_an_option_says_the_same_at_every_entry_point(role: RoleFiles) -> None:
    seen: dict[str, Any] = {}
    for options in role.entry_points().values():
        for name, option in options.items():
            assert seen.setdefault(name, option) == option, name


@every_role
def test_every_entry_point_has_tasks(role: RoleFiles) -> None:
    assert [entry for entry in role.entry_points() if not (role.role / "tasks" / f"{entry}.yml").is_file()] == []


@every_role
def test_readme_tables_are_up_to_date(role: RoleFiles) -> None:
    assert role.readme.read_text(encoding="utf-8") == role.filled_readme(), "run: make docs"


@every_role
def test_readme_shows_every_variable(role: RoleFiles) -> None:
    assert role.documented() == set(role.defaults())


def test_table_shows_type_default_choices_and_markup() -> None:
    options = {
        "r_mode": {
            "description": ["How far V(prove) goes.", "See O(r_list)."],
            "default": "prove",
            "choices": ["a", "b"],
        },
        "r_list": {"type": "list", "elements": "str", "default": [], "description": "Either a|b, B(not) both."},
        "r_must": {"type": "bool", "required": True, "description": "Said L(here, https://example.com/x)."},
    }
    assert table(options).splitlines()[2:] == [
        '| `r_mode` | str | `"prove"` | How far `prove` goes. See `r_list`. One of `a`, `b`. |',
        "| `r_list` | list of str | `[]` | Either a\\|b, **not** both. |",
        "| `r_must` | bool | required | Said [here](https://example.com/x). |",
    ]


def test_block_is_filled_and_the_rest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "argument_specs.yml").write_text(
        "argument_specs: {main: {options: {r_a: {type: int, default: 1, description: An a.}}}}", encoding="utf-8"
    )
    role = RoleFiles(tmp_path)
    role.readme.write_text(
        "before\n<!-- variables of main: begin -->\nstale\n<!-- variables of main: end -->\nafter\n", encoding="utf-8"
    )
    assert role.filled_readme() == (
        "before\n<!-- variables of main: begin -->\n"
        "| variable | type | default | what it does |\n| --- | --- | --- | --- |\n| `r_a` | int | `1` | An a. |\n"
        "<!-- variables of main: end -->\nafter\n"
    )
    assert role.documented() == {"r_a"}
