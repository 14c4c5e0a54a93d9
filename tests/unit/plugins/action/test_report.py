# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.action import report
from ansible_collections.remediation.windows_nic.plugins.filter.fleet_rows import fleet_rows
from ansible_collections.remediation.windows_nic.plugins.filter.verdict import verdict
from tests.unit.plugins.plugin_utils.evidence import (
    CONTROL,
    SILENT,
    UNREACHABLE,
    adapter,
    facts,
    not_cured,
    other_adapter,
    path,
    probe,
    probes,
)

RESULTS = {
    "affected": verdict({"facts": facts(), "probe": SILENT, "controls": [CONTROL]}),
    "healthy": verdict({"facts": facts(other_adapter()), "probe": probes(probe(path=path(physical=["Ethernet 2"])))}),
    "lost": verdict({"facts": UNREACHABLE}),
    "not-cured": verdict({"facts": facts(adapter(outcome=not_cured())), "probe": SILENT, "controls": [CONTROL]}),
}
Run = Callable[..., tuple[dict[str, Any], str]]


def rows(*hosts: str) -> list[dict[str, Any]]:
    variables = {host: {"udp_rx_offload_result": RESULTS[host]} if host in RESULTS else {} for host in hosts}
    return fleet_rows(hosts, variables)


@pytest.fixture
def run() -> Run:
    """Runs the action with its options; returns its result and what it printed."""

    def run_action(*, check: bool = False, columns: int = 79, **options: Any) -> tuple[dict[str, Any], str]:
        printed: list[str] = []
        display = SimpleNamespace(display=printed.append, columns=columns, vvv=lambda line: None)
        task = SimpleNamespace(
            args=options, action="remediation.windows_nic.report", async_val=0, check_mode=check, diff=False
        )
        connection = SimpleNamespace(transport="ssh", become=object(), _shell=SimpleNamespace(tmpdir=None))
        action = report.ActionModule(task, connection, None, None, None, None)
        action._display = display
        return dict(action.run(None, {})), "".join(printed)

    return run_action


def test_prints_the_summary_in_the_width_of_the_terminal(run: Run) -> None:
    result, printed = run(rows=rows("affected", "healthy"), title="Audit")
    assert printed.startswith("\nAudit: 2 hosts. 1 affected, 1 healthy\n\nHOST      VERDICT   ADAPTER AND DRIVER\n")
    assert printed.endswith("\n")
    assert max(len(line) for line in printed.splitlines()) <= 80
    assert result == {"changed": False, "counts": {"affected": 1, "healthy": 1}}


def test_a_wider_terminal_or_width_is_used(run: Run) -> None:
    wide = run(rows=rows("affected"), columns=119)[1]
    assert 80 < max(len(line) for line in wide.splitlines()) <= 120
    assert run(rows=rows("affected"), width=120)[1] == wide


def test_needs_no_connection_to_a_windows_host_and_no_become(run: Run) -> None:
    # The connection of the fixture is ssh with become.
    assert "failed" not in run(rows=rows("healthy"))[0]


def test_fails_after_printing_where_hosts_need_attention(run: Run) -> None:
    result, printed = run(rows=rows("affected", "lost", "not-cured", "never", "healthy"))
    assert "never" in printed
    assert result["failed"] is True
    assert result["error"]["code"] == "hosts_need_attention"
    assert result["msg"] == (
        "3 of 5 hosts: 1 lost or unreachable, 1 not cured, 1 not reached; expected every host to end well. "
        "The summary above says for each of them what to do."
    )
    assert result["attention"] == {"lost": "lost or unreachable", "not-cured": "not cured", "never": "not reached"}
    assert result["counts"] == {"affected": 1, "unreachable": 1, "not_cured": 1, "not_reached": 1, "healthy": 1}


def test_further_verdicts_can_be_refused(run: Run) -> None:
    assert "failed" not in run(rows=rows("affected"))[0]
    result, _printed = run(rows=rows("affected", "healthy"), fail_on=["affected", "suspicious"])
    assert result["attention"] == {"affected": "affected"}


@pytest.mark.parametrize("check", [False, True])
def test_writes_the_rows_to_a_file(run: Run, tmp_path: Path, check: bool) -> None:
    path = tmp_path / "report.json"
    path.write_text("an older one")
    run(rows=rows("lost"), path=str(path), title="Audit", check=check)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert (written["title"], [row["host"] for row in written["hosts"]]) == ("Audit", ["lost"])
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_file_that_cannot_be_written_is_an_error_after_the_summary(run: Run, tmp_path: Path) -> None:
    result, printed = run(rows=rows("healthy"), path=str(tmp_path / "missing" / "report.json"))
    assert "1 healthy" in printed
    assert (result["failed"], result["error"]["code"]) == (True, "report_not_written")
    assert result["error"]["seen"] == "No such file or directory"
    (tmp_path / "folder").mkdir()
    result, _printed = run(rows=rows("healthy"), path=str(tmp_path / "folder"))
    assert result["error"]["code"] == "report_not_written"
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_rows_of_another_shape_are_refused(run: Run) -> None:
    result, printed = run(rows=[*rows("healthy"), {"host": "x", "verdict": "healthy"}])
    assert printed == ""
    assert (result["error"]["code"], result["error"]["subject"]) == ("rows_invalid", "row 2")
    assert result["error"]["seen"].startswith("no adapters, attention, changed")


def test_rows_are_needed(run: Run) -> None:
    assert run()[0]["error"]["code"] == "invalid_arguments"


def test_stories_are_told_only_where_they_are_wanted(run: Run) -> None:
    told = [{**row, "story": [{"about": "Asked", "text": "and heard nothing."}]} for row in rows("affected")]
    assert "and heard nothing." not in run(rows=told)[1]
    assert "\n  Asked  and heard nothing.\n" in run(rows=told, stories=True)[1]


def test_a_pipe_is_written_to_and_stays_one(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Both ends in one process: the pipe holds what is written until it is read.
    end = os.open(pipe, os.O_RDWR)
    try:
        run(rows=rows("healthy"), path=str(pipe))
        assert json.loads(os.read(end, 65_536))["hosts"][0]["host"] == "healthy"
    finally:
        os.close(end)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
