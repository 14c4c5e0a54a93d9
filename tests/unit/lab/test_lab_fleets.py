# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleets that come with the lab, their documentation, and that the lab shares no code with the collection."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from tests.lab import schema, wirespec
from tests.lab.catalogue import MODELS
from tests.lab.fleet import load_fleet
from tests.lab.machine import Machine
from tests.lab.network import Network
from tests.lab.npcap import overrides_offload

LAB = Path(schema.__file__).parent
FLEETS = sorted((LAB / "fleets").glob("*.yml"))
VERDICTS = (LAB.parents[1] / "docs" / "verdicts.md").read_text(encoding="utf-8")
AFTER_A_CHANGE = {
    ("unreachable", "lost_in_change"),
    ("unreachable", "lost_before_change"),
    ("unknown", "undone_by_guard"),
    ("unknown", "guard_not_removed"),
    ("unknown", "not_restored"),
    ("unknown", "second_round_failed"),
    ("unknown", "second_round_failed"),
    ("inconclusive", "second_round_begun"),
    ("inconclusive", "heard_with_offload"),
    ("inconclusive", "not_repeated"),
    ("not_cured", "still_silent"),
    ("inconclusive", "cured_elsewhere"),
    ("inconclusive", "control_silent"),
    ("inconclusive", "way_lost"),
    ("inconclusive", "not_in_force"),
    ("inconclusive", "no_control"),
    ("inconclusive", "silent_after"),
    ("inconclusive", "mixed_answers"),
    ("inconclusive", "control_lost"),
    ("inconclusive", "not_verified"),
    ("inconclusive", "heard_with_offload"),
    ("inconclusive", "not_repeated"),
    ("restart_pending", "restart_left"),
    ("remediated", "cured"),
    ("remediated", "no_control"),
    ("remediated", "finished"),
    ("remediated", "marks_gone"),
    ("remediated", "proven_twice"),
    ("remediated", "twice_without_control"),
    ("remediated", "proven_twice"),
    ("remediated", "twice_without_control"),
    ("enforced", "answered_before"),
    ("enforced", "bmc_was_silent"),
    ("enforced", "not_proven"),
    # The role asks three times at least, so that only a mixture of errors and silence ends here.
    ("unknown", "too_few"),
}
"""Rows that only a run which changes something ends in, or that no standing state of a host leads to."""
README = (LAB / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FLEETS, ids=lambda file: file.stem)
def test_fleet_loads_and_its_machines_run(file: Path) -> None:
    fleet = load_fleet(file)
    network = Network.of(fleet)
    for host in fleet.hosts:
        machine = Machine(host, network)
        assert machine.reachable
        assert machine.snapshot()["adapters"]


@pytest.mark.parametrize("file", FLEETS, ids=lambda file: file.stem)
def test_every_host_has_expectations(file: Path) -> None:
    for host in load_fleet(file).hosts:
        expect = host.expect
        if expect.diagnose is not None:
            continue
        assert None not in (expect.audit, expect.remediate, expect.again), host.name


@pytest.mark.parametrize("file", FLEETS, ids=lambda file: file.stem)
def test_every_expectation_is_explained(file: Path) -> None:
    """Above each ``expect`` line stands a comment; only what is unreachable explains itself."""
    lines = file.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("    expect:"):
            assert lines[number - 1].lstrip().startswith("#") or "unreachable" in line, line


def test_size_of_the_demonstration() -> None:
    fleet = load_fleet(LAB / "fleets" / "demo.yml")
    assert len(fleet.hosts) >= 26
    assert len({host.kind_name for host in fleet.hosts}) >= 14
    used = {host.kind_name for host in fleet.hosts}
    assert used == set(fleet.file.kinds), "a kind that no host is of"
    rolled_back = [host.name for host in fleet.hosts if host.expect.rollback is not None]
    assert len(rolled_back) == 1


def test_demonstration_has_one_host_for_nearly_every_verdict() -> None:
    fleet = load_fleet(LAB / "fleets" / "demo.yml")
    found = {word for host in fleet.hosts for word in (host.expect.audit, host.expect.remediate, host.expect.again)}
    assert set(get_args(schema.Verdict)) - found == {"enforced"}, "mode enforce is not part of the demonstration"


def test_the_guard_fleet_has_a_host_for_every_switch() -> None:
    kinds = [host.kind for host in load_fleet(LAB / "fleets" / "guard.yml").hosts]
    restarts = [adapter.restart for kind in kinds for adapter in kind.adapters]
    for model, keys, found in (
        (schema.Tasks, ("register_task", "delete_task"), [kind.tasks for kind in kinds]),
        (schema.Restart, ("leaves", "address", "profile"), restarts),
        (schema.System, ("power", "cluster"), [kind.system for kind in kinds]),
    ):
        for key in keys:
            used = {getattr(one, key) for one in found}
            assert used == set(words(model.model_fields[key].annotation)), key
    assert {restart.answer for restart in restarts} == {"cut", "late", "normal"}
    assert any(restart.reboots_after_seconds for restart in restarts)
    assert {kind.system.clock_skew_seconds > 0 for kind in kinds if kind.system.clock_skew_seconds} == {True, False}
    assert not all(kind.tasks.expires for kind in kinds)
    assert any(kind.tasks.late_seconds for kind in kinds)


def documented_rows() -> set[tuple[str, str]]:
    """Verdict and reason of each row of the table in docs/verdicts.md; an empty first cell repeats the one above."""
    rows: set[tuple[str, str]] = set()
    verdict = ""
    for line in VERDICTS.splitlines():
        row = re.match(r"\| (?:`(\w+)`)? ?\| `(\w+)` \|", line)
        if row is not None:
            verdict = row[1] or verdict
            rows.add((verdict, row[2]))
    return rows


def test_the_fleet_of_causes_has_a_host_for_every_row_and_every_cause() -> None:
    diagnoses = [host.expect.diagnose for host in load_fleet(LAB / "fleets" / "causes.yml").hosts]
    found = {(one.verdict, one.reason) for one in diagnoses if one is not None}
    rows = documented_rows()
    assert len(rows) >= 60
    assert rows >= AFTER_A_CHANGE
    assert {row for row in rows if row not in AFTER_A_CHANGE} <= found
    causes = {one.cause for one in diagnoses if one is not None}
    assert set(get_args(schema.Cause)) <= causes
    assert {one.confidence for one in diagnoses if one is not None} == set(get_args(schema.Confidence))


@pytest.mark.parametrize("verdict", ["healthy", "remediated", "enforced"])
def test_nothing_is_well_where_somebody_else_has_switched_offload_off(verdict: str) -> None:
    for host in load_fleet(LAB / "fleets" / "causes.yml").hosts:
        overridden = overrides_offload(host.system.npcap) or not host.system.task_offload
        assert host.expect.diagnose is not None
        assert not overridden or host.expect.diagnose.verdict != verdict, host.name


def test_bench_repeats_to_a_thousand() -> None:
    fleet = load_fleet(LAB / "fleets" / "bench.yml", hosts=1000)
    assert len({host.address for host in fleet.hosts}) == 1000
    assert len({host.name for host in fleet.hosts}) == 1000


def models(module: object) -> Iterator[type[BaseModel]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, BaseModel) and value not in (BaseModel, schema.Spec):
            yield value


def by_name(*modules: object) -> list[type[BaseModel]]:
    return sorted({model for module in modules for model in models(module)}, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", by_name(schema, wirespec), ids=lambda model: model.__name__)
def test_every_key_is_documented(model: type[BaseModel]) -> None:
    missing = [name for name in model.model_fields if f"`{name}`" not in README]
    assert missing == []


def words(annotation: object) -> Iterator[str]:
    """The literal words a type allows."""
    if isinstance(annotation, str):
        yield annotation
    for part in get_args(annotation):
        yield from words(part)


@pytest.mark.parametrize("model", by_name(schema), ids=lambda model: model.__name__)
def test_every_word_is_documented(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        if schema.Verdict in (field.annotation, *get_args(field.annotation)):
            continue
        missing = [word for word in words(field.annotation) if f"`{word}`" not in README]
        assert missing == [], name


def test_every_adapter_model_is_documented() -> None:
    assert [name for name in MODELS if f"`{name}`" not in README] == []


def test_example_of_the_documentation_works(tmp_path: Path) -> None:
    example = README.split("```yaml\n")[1].split("```")[0]
    file = tmp_path / "mine.yml"
    file.write_text(example, encoding="utf-8")
    assert [host.name for host in load_fleet(file).hosts] == ["pc-01", "pc-02", "pc-03"]
    assert yaml.safe_load(example)["name"] == "mine"


def test_catalogue_entries_are_whole() -> None:
    for name, model in MODELS.items():
        assert model.file.endswith(".sys"), name
        assert (model.vendor is None) == (model.device is None), name
        for keyword in model.keywords:
            assert not keyword.values or keyword.default in dict(keyword.values), (name, keyword.name)


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("file", sorted(LAB.rglob("*.py")), ids=lambda file: str(file.relative_to(LAB)))
def test_lab_shares_no_code_with_the_collection(file: Path) -> None:
    for name in imported(file):
        assert not name.startswith(("ansible_collections", "plugins", "ansible")), name
        assert not name.startswith("tests.") or name.startswith("tests.lab"), name
