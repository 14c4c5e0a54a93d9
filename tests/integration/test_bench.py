# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark on a few hosts: that it counts right, refuses what can't be trusted, and tells of a broken limit."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench import __main__ as bench
from tests.bench.capacity import Capacity, measure_capacity
from tests.bench.conversation import phases_of
from tests.bench.costs import Cost, Request, cost_of
from tests.bench.errors import BenchError
from tests.bench.limits import Check
from tests.bench.modules import Row, facts_checks, measure_modules, module_checks
from tests.bench.playbook import Window
from tests.bench.prove import Story, measure_role, role_checks
from tests.bench.results import capacity_result, module_result, story_result, times_result
from tests.bench.steps import steps_of
from tests.bench.tables import WIDTH, capacity_table, checks_table, module_tables, story_table, times_table
from tests.bench.times import FACTS, NOTHING, PYWINRM, Run, Times, least, measure_times
from tests.bench.usage import Usage, cpu_seconds_of, peak_memory_bytes_of, run_measured
from tests.labfixture import LabFactory, RunningLab

FAST = {"interval_ms": 300, "wait_ms": 700}
FAST_ROLE = {f"udp_rx_offload_{name}": value for name, value in FAST.items()}
KINDS = ["affected", "affected_member", "server", "desktop", "virtual"]
FACTS_POSTS = {"affected": 8, "affected_member": 11, "server": 12, "desktop": 8, "virtual": 8}
"""Seven enumerations, and a pull for each that has more than one object."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(bench.FLEET, hosts=20)


@pytest.fixture(scope="module")
def rows(lab: RunningLab, directory: Path) -> list[Row]:
    return measure_modules(lab, directory, FAST)


@pytest.fixture(scope="module")
def stories(lab: RunningLab, rows: list[Row], directory: Path) -> list[Story]:
    """After the modules were measured: which log lines are whose must not depend on an empty log."""
    return measure_role(lab, directory, FAST_ROLE)


@pytest.fixture(scope="module")
def role_log(lab: RunningLab, stories: list[Story]) -> list[dict[str, Any]]:
    """What the lab logged of the host that the role cured, before anything else was measured on it."""
    return lab.requests("affected-r2")[FACTS_POSTS["affected"] :]


@pytest.fixture(scope="module")
def times(lab: RunningLab, role_log: list[dict[str, Any]], directory: Path) -> Times:
    return measure_times(lab, directory, 10, 1)


def request(**changes: Any) -> Request:
    """A request that Enumerates a class."""
    line = {
        "time": 1.0,
        "host": "one",
        "connection": 1,
        "action": "Enumerate",
        "name": "MSFT_NetAdapter",
        "method": None,
        "bytes_in": 1000,
        "bytes_out": 5000,
        "status": 200,
        "authentication": False,
    }
    return Request.of(line | changes)


def window(task: str, began: float, ended: float, host: str = "one") -> Window:
    return Window(host, task, "remediation.windows_nic.nic_facts", began, ended, "ok")


def test_costs_are_added_up() -> None:
    requests = [
        request(action=None, name=None, status=401, bytes_in=0, bytes_out=0, authentication=True),
        request(action=None, name=None, status=200, bytes_in=0, bytes_out=0, authentication=True),
        request(),
        request(action="Create", name="cmd", bytes_in=7, bytes_out=9),
        request(connection=2, action="Invoke", name="MSFT_NetAdapter", method="Restart", status=None, bytes_out=0),
        request(connection=3),
    ]
    assert cost_of(requests) == Cost(
        posts=4,
        bytes_up=3007,
        bytes_down=10009,
        sessions=2,
        polls=1,
        shells=1,
        authentication_posts=2,
    )
    assert cost_of([]) == Cost()


def test_requests_belong_to_the_task_in_whose_time_they_were_answered() -> None:
    windows = [window("second", 3, 4), window("first", 1, 2), window("first", 1, 4, host="two")]
    asked = [request(time=1.5), request(time=3.5, connection=2), request(time=3.5, host="two", connection=3)]
    steps = steps_of(windows, asked)
    assert {host: [(step.window.task, step.requests) for step in listed] for host, listed in steps.items()} == {
        "one": [("first", (asked[0],)), ("second", (asked[1],))],
        "two": [("first", (asked[2],))],
    }


@pytest.mark.parametrize(
    ("windows", "requests", "says"),
    [
        ([window("a", 1, 3), window("b", 2, 4)], [], "b began before a ended"),
        ([window("a", 1, 2), window("b", 3, 4)], [request(time=2.5)], "outside of every task"),
        ([window("a", 1, 2), window("b", 3, 4)], [request(time=1.5), request(time=3.5)], "connection of an earlier"),
        ([window("a", 1, 2)], [request(time=1.5, host="two")], "hosts without a task were asked: two"),
    ],
    ids=["overlap", "between", "shared connection", "stranger"],
)
def test_what_leaves_a_doubt_is_not_counted(windows: list[Window], requests: list[Request], says: str) -> None:
    with pytest.raises(BenchError, match=says):
        steps_of(windows, requests)


def test_what_a_conversation_was_for() -> None:
    asked = [
        request(action=None, name=None, authentication=True),
        request(action="Invoke", name="StdRegProv", method="CreateKey"),
        request(action="Invoke", name="StdRegProv", method="SetStringValue"),
        request(action="Invoke", name="StdRegProv", method="GetStringValue"),
        request(name="MSFT_Unheard"),
        request(action="Pull", name="MSFT_Unheard"),
        request(action="Invoke", name="StdRegProv", method="SetStringValue"),
        request(name="MSFT_NetAdapterAdvancedPropertySettingData"),
    ]
    phases = phases_of(asked)
    assert [(phase.posts, phase.known) for phase in phases] == [(3, True), (2, False), (2, True)]
    assert phases[0].words.startswith("safety: keep the original value")
    assert phases[1].words == "MSFT_Unheard"
    assert phases[2].words.startswith("write the value; safety: have it confirmed")


def test_every_module_is_counted_on_every_kind_of_host(rows: list[Row]) -> None:
    costs = {(row.task, row.kind): row.cost for row in rows}
    assert list(dict.fromkeys(row.kind for row in rows)) == KINDS
    assert len(costs) == len(rows) == 7 * len(KINDS)
    for kind in KINDS:
        facts = costs["nic_facts", kind]
        assert (facts.posts, facts.sessions, facts.shells, facts.authentication_posts) == (FACTS_POSTS[kind], 1, 0, 3)
        probe = costs["ipmi_probe, from the host", kind]
        assert (probe.sessions, probe.shells, probe.polls) == (1, 1, 0)
        assert costs["ipmi_probe, from the controller", kind] == Cost()
        predicted, changed = (costs[task, kind] for task in ("checksum_offload, check mode", "checksum_offload"))
        assert (predicted.sessions, predicted.shells, changed.shells) == (1, 0, 0)
        if kind.startswith("affected"):
            assert changed.sessions == costs["checksum_offload, state restored", kind].sessions == 2
            assert changed.posts > predicted.posts
        else:
            assert changed == predicted


def test_modules_keep_their_limits(rows: list[Row]) -> None:
    checks = module_checks(rows)
    assert [(check.measured, check.kept) for check in checks[::2]] == [(12, True), (0, True)]
    assert checks[1].kept
    assert checks[1].measured > 10_000
    assert [check.most for check in checks] == [14, 40_000, 0]


def test_a_cure_step_by_step(stories: list[Story], role_log: list[dict[str, Any]]) -> None:
    cured, healthy, again = stories
    assert {story.host: story.verdict for story in stories} == {"affected-r2": "remediated", "desktop-04-r2": "healthy"}
    assert [(step.window.task, step.cost.sessions, step.cost.shells) for step in cured.steps] == [
        ("Read the adapters", 1, 0),
        ("Ask the BMCs from this host", 1, 1),
        ("Ask the BMCs that this host does not hear from the controller", 0, 0),
        ("Switch receive offload of UDP off", 2, 0),
        ("Ask the BMCs again from this host", 1, 1),
        ("Ask the same BMCs from the controller", 0, 0),
    ]
    for story in (healthy, again):
        assert [step.cost.sessions for step in story.steps] == [1, 1]
    assert [(check.measured, check.most, check.kept) for check in role_checks(stories)] == [
        (5, 5, True),
        (2, 2, True),
        (2, 2, True),
    ]
    # Nothing was left out: the steps of both runs are all that the log has of this host.
    assert cured.cost.posts + again.cost.posts == len(role_log)
    assert cured.cost.bytes_up + again.cost.bytes_up == sum(each["bytes_in"] for each in role_log)


def test_every_request_of_the_role_is_explained(stories: list[Story]) -> None:
    phases = [phase for story in stories for step in story.steps for phase in phases_of(step.requests)]
    assert [phase.words for phase in phases if not phase.known] == []
    change = [phase.words for phase in phases_of(stories[0].steps[3].requests)]
    assert [words.partition(":")[0] for words in change if words.startswith("safety")] == ["safety"] * 8
    assert sum(words.startswith("restart the adapter") for words in change) == 1


def test_three_ways_are_timed_and_both_readers_ask_the_same(times: Times) -> None:
    assert (times.hosts, times.forks, times.rounds, list(times.runs)) == (20, 10, 1, [NOTHING, PYWINRM, FACTS])
    for run in times.runs.values():
        assert run.usage.wall_seconds > 0
        assert run.usage.cpu_seconds > 0


def test_ratios() -> None:
    runs = {
        NOTHING: Run(Usage(2.0, 4.0), 0.0),
        PYWINRM: Run(Usage(4.0, 2.0), 1.0),
        FACTS: Run(Usage(6.0, 10.0), 1.0),
    }
    times = Times(300, 50, 2, runs)
    assert (times.wall_ratio(NOTHING), times.wall_ratio(PYWINRM)) == (3.0, 1.5)
    assert (times.cpu_ratio(NOTHING), times.cpu_ratio(PYWINRM), times.cpu_above_nothing) == (2.5, 5.0, 3.0)
    assert times_result(times)["nic_facts_to"] == {
        NOTHING: {"wall": 3.0, "cpu": 2.5},
        PYWINRM: {"wall": 1.5, "cpu": 5.0},
    }


def test_the_least_of_all_rounds_counts() -> None:
    runs = [Run(Usage(2.0, 9.0), 5.0), Run(Usage(3.0, 7.0), 4.0), Run(Usage(4.0, 8.0), 6.0)]
    assert least(runs) == Run(Usage(2.0, 7.0), 4.0)


def test_processor_time_is_that_of_the_program_and_its_children(tmp_path: Path) -> None:
    burn = "import subprocess, sys, time\nwhile time.process_time() < 0.3: pass\n"
    parent = burn + f"subprocess.run([sys.executable, '-c', {burn!r}]); print('done'); sys.exit(3)"
    output = tmp_path / "output"
    code, usage = run_measured(
        [sys.executable, "-c", parent], output=output, environment=os.environ, directory=tmp_path
    )
    assert (code, output.read_text()) == (3, "done\n")
    assert usage.cpu_seconds >= 0.6
    assert usage.wall_seconds >= 0.3


def test_memory_and_processor_time_of_a_running_process() -> None:
    assert peak_memory_bytes_of(os.getpid()) > 10_000_000
    assert cpu_seconds_of(os.getpid()) > 0
    with pytest.raises(BenchError, match="does not run any more"):
        cpu_seconds_of(2**22 + 1)


def test_every_host_of_a_lab_is_read(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(bench.FLEET, hosts=5)
    capacity = measure_capacity(lab, tmp_path, 5)
    assert capacity.hosts == len(capacity.costs) == 5
    assert 0 < capacity.start_bytes <= capacity.peak_bytes
    assert all(check.kept for check in capacity.checks)
    # A second reading of the same hosts is not what is measured, and is noticed.
    with pytest.raises(BenchError, match=r"not read in one session: .*\(5 hosts\)"):
        measure_capacity(lab, tmp_path, 5)


@pytest.mark.parametrize(
    ("cost", "broken"),
    [
        (Cost(posts=14, bytes_up=40_000, sessions=1), []),
        (Cost(posts=15, bytes_up=40_000, sessions=1), ["POSTs"]),
        (Cost(posts=14, bytes_up=40_001, sessions=1), ["bytes up"]),
        (Cost(posts=14, bytes_up=40_000, sessions=1, shells=1), ["shells"]),
    ],
)
def test_a_limit_is_broken_by_one_host_too_dear(cost: Cost, broken: list[str]) -> None:
    checks = facts_checks([Cost(posts=8, bytes_up=12_000, sessions=1), cost], "here")
    assert [check.what.rpartition(": ")[2] for check in checks if not check.kept] == broken


def test_nothing_measured_is_no_limit_kept() -> None:
    for costs in ([], [Cost(posts=8), Cost()]):
        with pytest.raises(BenchError, match="was not measured on here"):
            facts_checks(costs, "here")


def test_tables_fit_a_terminal_and_hold_the_numbers(rows: list[Row], stories: list[Story], times: Times) -> None:
    capacity = Capacity(1000, 200_000_000, 300_000_000, Usage(100.0, 150.0), (Cost(posts=8, bytes_up=12_000),))
    dear = dataclasses.replace(stories[0], most_sessions=4)
    texts = {
        "modules": module_tables(rows),
        "role": story_table(stories[0]),
        "times": times_table(times),
        "capacity": capacity_table(capacity),
        "limits": checks_table([*capacity.checks, dear.check]),
    }
    for text in texts.values():
        assert max(len(line) for line in text.splitlines()) <= WIDTH
    lines = [line.split() for line in texts["modules"].splitlines()]
    server = next(row.cost for row in rows if (row.task, row.kind) == ("nic_facts", "server"))
    assert ["server", "12", str(server.bytes_up), str(server.bytes_down), "1", "0", "3"] in lines
    assert ["every", "kind", "0", "0", "0", "0", "0", "0"] in lines
    cost = stories[0].cost
    assert f"{cost.posts}  {cost.bytes_up}" in texts["role"].splitlines()[-1]
    assert "200 MB" in texts["capacity"]
    assert texts["limits"].splitlines()[-1].split()[-3:] == ["5", "4", "BROKEN"]


def test_results_can_be_written_as_json(rows: list[Row], stories: list[Story], times: Times) -> None:
    capacity = Capacity(1, 2, 3, Usage(4.0, 5.0), (Cost(posts=8),))
    result = json.loads(
        json.dumps(
            {
                "modules": module_result(rows),
                "role": [story_result(story) for story in stories],
                "times": times_result(times),
                "capacity": capacity_result(capacity),
            }
        )
    )
    assert result["modules"]["nic_facts"]["server"]["posts"] == 12
    assert [story["sessions"] for story in result["role"]] == [5, 2, 2]
    for story in result["role"]:
        assert sum(step["posts"] for step in story["steps"]) == story["posts"]
        assert all(sum(phase["posts"] for phase in step["phases"]) == step["posts"] for step in story["steps"])
    assert result["capacity"]["memory_bytes_at_most"] == 3


@pytest.mark.parametrize(("measured", "code"), [(5, 0), (6, 1), (None, 2)])
def test_exit_code(
    measured: int | None, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def count(hosts: int, findings: bench.Findings) -> None:
        assert hosts == 7
        if measured is None:
            raise BenchError("it went wrong")
        findings.checks.append(Check("sessions", measured, 5))

    monkeypatch.setattr(bench, "count", count)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setattr(bench, "DIRECTORY", tmp_path / "bench")
    assert bench.main(["--only", "counts", "--count-hosts", "7"]) == code
    output = capsys.readouterr()
    assert ("bench: it went wrong" in output.err) is (measured is None)
    if measured is not None:
        assert ("BROKEN" in output.out) is (code == 1)
        result = json.loads((tmp_path / "bench" / "result.json").read_text())
        assert result["limits"] == [{"what": "sessions", "measured": measured, "most": 5, "kept": code == 0}]
        assert result["machine"]["processors"] == os.cpu_count()
