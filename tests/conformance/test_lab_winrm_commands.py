# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's command line: start, state, stop, and what it says when it can't."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.labfixture import PROJECT_ROOT, LabFactory, one_host


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the lab that is expected to end by itself."""
    command = [sys.executable, "-m", "tests.lab", *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False)


def up(tmp_path: Path, fleet: dict[str, Any] | str, *extra: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "fleet.yml"
    file.write_text(fleet if isinstance(fleet, str) else yaml.safe_dump(fleet))
    return run("up", "--fleet", str(file), "--run-dir", str(tmp_path / "run"), "--bmc-port", "17623", *extra)


def test_a_life(lab_factory: LabFactory) -> None:
    lab = lab_factory(one_host(), hosts=3)
    assert json.loads((lab.run_dir / "ready").read_text()) == {"pid": lab.process.pid, "hosts": 3}
    told = run("state", "--run-dir", str(lab.run_dir))
    assert told.returncode == 0
    state = json.loads(told.stdout)
    assert list(state) == ["one", "one-r2", "one-r3"]
    assert state["one"]["adapters"][0]["configured"] == "3"
    assert state["one"]["winrm"] == {"shells_open": 0, "shells_opened": 0, "enumerations_open": 0}
    for name in ("inventory.yml", "requests.jsonl", "ca.pem"):
        assert (lab.run_dir / name).exists()
    lab.stop()
    assert not (lab.run_dir / "ready").exists()
    gone = run("state", "--run-dir", str(lab.run_dir))
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "no lab answers there; expected the run directory of a running lab" in gone.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly_while_connections_are_open(lab_factory: LabFactory, number: signal.Signals) -> None:
    lab = lab_factory(one_host())
    connections = [socket.create_connection((lab.address("one"), port)) for port in (5985, 5986)]
    lab.process.send_signal(number)
    assert lab.process.wait(20) == 0
    lab.stop()
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("fleet", "extra", "said"),
    [
        ("[", [], "is not YAML"),
        ("- 1", [], "is a list"),
        (one_host(wire={"htttp": True}), [], "kind tested, key wire.htttp: unknown key"),
        (one_host(wire={"faults": [{"do": "dance"}]}), [], "key wire.faults.0.do"),
        (one_host(account={"password": "a:b"}), [], "has a colon or a line break"),
        (one_host(), ["--block", "99"], "block 99; expected 0 to 30"),
        (one_host(), ["--hosts", "0"], "0 hosts; expected at least one"),
        (one_host(), ["--hosts", "5000"], "more than 2000 hosts"),
    ],
)
def test_a_bad_fleet_is_one_sentence_and_exit_code_2(
    tmp_path: Path, fleet: dict[str, Any] | str, extra: list[str], said: str
) -> None:
    done = up(tmp_path, fleet, *extra)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "; expected " in done.stderr
    assert done.stderr.startswith("lab: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run" / "ready").exists()


def test_a_port_in_use_is_told(tmp_path: Path, lab_factory: LabFactory) -> None:
    lab = lab_factory(one_host())
    block = str(int(lab.address("one").split(".")[2]) // 8)
    done = up(tmp_path, one_host(), "--block", block)
    assert done.returncode == 2
    assert f"one ({lab.address('one')}): port 5985 or 5986 is in use; expected a free address." in done.stderr
    assert "--block" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_directory_belongs_to_one_lab(lab_factory: LabFactory) -> None:
    lab = lab_factory(one_host())
    arguments = ("up", "--fleet", str(lab.fleet), "--run-dir", str(lab.run_dir), "--block", "0")
    done = run(*arguments)
    assert done.returncode == 2
    assert "another lab runs here" in done.stderr
    assert list(lab.state()) == ["one"]


def test_a_run_directory_can_be_used_again_after_a_kill(lab_factory: LabFactory, tmp_path: Path) -> None:
    lab = lab_factory(one_host())
    requests.post(f"http://{lab.address('one')}:5985/wsman", timeout=10)
    assert len(lab.requests(authentication=True)) == 1
    lab.process.kill()
    lab.process.wait()
    command = [sys.executable, "-m", "tests.lab", "up", "--fleet", str(lab.fleet), "--run-dir", str(lab.run_dir)]
    command += ["--block", str(int(lab.address("one").split(".")[2]) // 8), "--bmc-port", str(lab.bmc_port)]
    with subprocess.Popen(command, cwd=PROJECT_ROOT) as again:
        while not (lab.run_dir / "ready").exists() or lab.log.read_text():
            assert again.poll() is None
            time.sleep(0.02)
        assert list(lab.state()) == ["one"]
        again.terminate()
        assert again.wait(20) == 0
    lab.process.returncode = 0


def test_a_run_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    done = up(tmp_path, one_host())
    assert (done.returncode, "can't be used" in done.stderr) == (2, True)


def test_a_thousand_hosts_answer_from_one_process_in_less_than_a_gigabyte(lab_factory: LabFactory) -> None:
    lab = lab_factory(one_host(), hosts=1000)
    addresses = [variables["ansible_host"] for variables in lab.hosts.values()]
    assert len(set(addresses)) == 1000

    def status(address: str) -> int:
        return requests.post(f"http://{address}:5985/wsman", timeout=60).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(status, addresses)) == {401}
    process = Path("/proc") / str(lab.process.pid)
    assert (process / "task" / str(lab.process.pid) / "children").read_text() == ""
    memory = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    assert int(memory["VmHWM"].split()[0]) * 1024 < 1_000_000_000
    assert len(lab.requests(authentication=True)) == 1000
