# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tools of the reported case, run through a host: deaf before it is remediated, hearing after, deaf when undone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.running import ansible_playbook
from tests.labfixture import LabFactory, RunningLab

NEVER: Final = {"datagrams": 100_000}
"""The tools ask faster than the card of the fault bears; here it is not to drown."""
FLEET: Final[dict[str, Any]] = {
    "name": "tools",
    "description": "an affected host and a healthy one with the same kind of card",
    "kinds": {
        "affected": {
            "description": "the reported case",
            "adapters": [{"model": "intel-i211", "network": 1}],
            "bmcs": [{"bmc": {"behaviour": "smdc", "drown": NEVER}, "neighbour": "resolved", "tool_address": True}],
        },
        "healthy": {
            "description": "an adapter without the fault",
            "adapters": [{"model": "intel-i219", "network": 1}],
            "bmcs": [{"bmc": {"behaviour": "smdc", "drown": NEVER}, "neighbour": "resolved", "tool_address": True}],
        },
    },
    "hosts": [{"name": "affected", "kind": "affected"}, {"name": "healthy", "kind": "healthy"}],
}
QUICKLY: Final = {
    "udp_rx_offload_interval_ms": 300,
    "udp_rx_offload_wait_ms": 700,
    "udp_rx_offload_guard": "never",
    "udp_rx_offload_allow_unguarded_restart": True,
}
"""The lab's cards bear a faster pace than real ones, and guards have tests of their own."""
BUILT_IN_PORT: Final = 623
"""The only one that freeipmi's tools know."""


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(FLEET)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def heard_by(lab: RunningLab, host: str) -> Mapping[str, bool]:
    """Which tools hear the card through a host."""
    (address,) = lab.state()[host]["tools"].values()
    port = str(lab.bmc_port)
    session = ("-I", "lan", "-A", "NONE", "-U", "", "-P", "", "-H", address, "-p", port, "-N", "1", "-R", "1")
    heard = {
        "ipmitool": "Tyan Computer Corporation" in _run("ipmitool", *session, "mc", "info"),
        "ipmiutil": "1 responses" in _run("ipmiutil", "discover", "-b", address, "-e", address, "-p", port),
    }
    if lab.bmc_port == BUILT_IN_PORT:
        heard["ipmi-ping"] = "response received from" in _run("ipmi-ping", "-c", "1", "-t", "1", address)
        heard["rmcpping"] = "pong received from" in _run("rmcpping", "-c", "1", "-t", "1", address)
    return heard


def playbook(lab: RunningLab, directory: Path, name: str) -> dict[str, dict[str, Any]]:
    """Run a playbook on the whole lab; the rows of its report by host."""
    report = directory / f"{name}.json"
    variables = json.dumps({**QUICKLY, "udp_rx_offload_report_file": str(report)})
    run = ansible_playbook(
        directory, ["-i", str(lab.inventory), f"remediation.windows_nic.{name}", "--extra-vars", variables]
    )
    assert report.exists(), run.stdout + run.stderr
    return {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}


def test_the_tools_through_a_host_before_and_after(lab: RunningLab, tmp_path: Path) -> None:
    before = heard_by(lab, "affected")
    assert len(before) == (4 if os.geteuid() == 0 else 2)
    assert set(before.values()) == {False}
    assert set(heard_by(lab, "healthy").values()) == {True}
    errors = lab.state()["affected"]["udp_errors"]

    rows = playbook(lab, tmp_path, "remediate")
    assert (rows["affected"]["verdict"], rows["affected"]["reason"]) == ("remediated", "cured")
    assert set(heard_by(lab, "affected").values()) == {True}
    assert lab.state()["healthy"]["adapters"][0]["restarts"] == 0

    playbook(lab, tmp_path, "rollback")
    assert set(heard_by(lab, "affected").values()) == {False}
    assert lab.state()["affected"]["udp_errors"] > errors
