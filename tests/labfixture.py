# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for tests: started as a process of their own on free addresses, stopped when the test is over.

Import the fixture that fits into a ``conftest.py``: ``lab_factory`` starts labs for one test, ``module_lab_factory``
for all tests of a module. A lab that writes anything to its standard error fails the test that used it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.lab.control import give_order, read_state
from tests.lab.fleet import BLOCKS

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent
USER: Final = "labadmin"
PASSWORD: Final = "Nic-Lab <&> 2026"
"""Of the account that a fleet file has where it names no other."""
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.02
_UNPRIVILEGED_BMC_PORT: Final = 16623


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab that runs.

    ``fleet`` is the fleet file it runs, ``bmc_port`` the UDP port of its management cards.
    """

    run_dir: Path
    fleet: Path
    bmc_port: int
    process: subprocess.Popen[bytes]

    @property
    def inventory(self) -> Path:
        """A complete Ansible inventory of its hosts."""
        return self.run_dir / "inventory.yml"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signs its HTTPS certificates."""
        return self.run_dir / "ca.pem"

    @property
    def log(self) -> Path:
        """Its request log."""
        return self.run_dir / "requests.jsonl"

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The inventory variables of every host."""
        inventory: dict[str, Any] = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))
        hosts: dict[str, dict[str, Any]] = inventory["all"]["hosts"]
        return hosts

    def address(self, host: str) -> str:
        """The address of a host."""
        return str(self.hosts[host]["ansible_host"])

    def state(self) -> dict[str, Any]:
        """Every host's adapters, values, restarts, records and open shells, as of now."""
        return read_state(self.run_dir)

    def held(self) -> dict[str, int]:
        """How many answers fault rules hold back at this moment, by host."""
        return give_order(self.run_dir, "held")

    def reboot(self, host: str) -> None:
        """Have a host go down and come up again."""
        give_order(self.run_dir, "reboot", host=host)

    def skip(self, seconds: float) -> None:
        """Move lab time on."""
        give_order(self.run_dir, "skip", seconds=seconds)

    def requests(self, host: str | None = None, *, authentication: bool = False) -> list[dict[str, Any]]:
        """The log so far, of all hosts or of one; round trips of authentication only if wanted."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]
        return [
            line for line in lines if host in (None, line["host"]) and (authentication or not line["authentication"])
        ]

    def sessions(self, host: str | None = None) -> int:
        """How many authenticated sessions there were: distinct connections that carried a message."""
        return len({line["connection"] for line in self.requests(host) if line["action"] is not None})

    def stop(self) -> None:
        """Stop it, and see that it ended well. A second call does nothing.

        Raises:
            AssertionError: it did not end in time, ended with an error, or complained while it ran.
        """
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the lab in {self.run_dir} did not stop on SIGTERM") from None
        complaints = (self.run_dir / "stderr.txt").read_text(encoding="utf-8")
        assert self.process.returncode == 0, f"the lab ended with {self.process.returncode}: {complaints}"
        assert not complaints, f"the lab complained: {complaints}"


def one_host(**kind: Any) -> dict[str, Any]:
    """A fleet of one host named ``one`` with an affected adapter; keywords are keys of its kind, such as ``wire``."""
    default = {"description": "the host of a test", "adapters": [{"model": "intel-i211", "network": 1}]}
    return {
        "name": "test",
        "description": "one host",
        "kinds": {"tested": default | kind},
        "hosts": [{"name": "one", "kind": "tested"}],
    }


LabFactory = Callable[..., RunningLab]
"""``(fleet, *, hosts=None, bmc_port=None, speed=None) -> RunningLab``; ``fleet`` is a file or the content of one."""


@contextmanager
def labs(directory: Path) -> Iterator[LabFactory]:
    """Start labs below a directory; all of them are stopped at the end."""
    with ExitStack() as stack:
        started: list[RunningLab] = []

        def start(
            fleet: Path | str | Mapping[str, Any],
            *,
            hosts: int | None = None,
            bmc_port: int | None = None,
            speed: float | None = None,
        ) -> RunningLab:
            place = directory / f"lab{len(started)}"
            place.mkdir()
            file = place / "fleet.yml" if isinstance(fleet, Mapping) else Path(fleet)
            if isinstance(fleet, Mapping):
                file.write_text(yaml.safe_dump(dict(fleet), allow_unicode=True), encoding="utf-8")
            port = bmc_port or (623 if os.geteuid() == 0 else _UNPRIVILEGED_BMC_PORT)
            options = ["--bmc-port", str(port)]
            options += [] if hosts is None else ["--hosts", str(hosts)]
            options += [] if speed is None else ["--speed", str(speed)]
            block = stack.enter_context(_free_block())
            lab = RunningLab(place / "run", file, port, _start(place / "run", file, block, options))
            started.append(lab)
            stack.callback(lab.stop)
            return lab

        yield start


def _start(run_dir: Path, fleet: Path, block: int, options: list[str]) -> subprocess.Popen[bytes]:
    run_dir.mkdir()
    command = [sys.executable, "-m", "tests.lab", "up", "--fleet", str(fleet), "--run-dir", str(run_dir)]
    command += ["--block", str(block), *options]
    with (run_dir / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stderr=errors)
    deadline = time.monotonic() + _START_SECONDS
    while not (run_dir / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError(f"the lab did not start: {(run_dir / 'stderr.txt').read_text(encoding='utf-8')}")
        time.sleep(_POLL_SECONDS)
    return process


@contextmanager
def _free_block() -> Iterator[int]:
    """An address block that no other lab of this computer's tests uses, for as long as the context lasts.

    Block 0 is left to people and to the demo.
    """
    directory = Path(tempfile.gettempdir()) / f"windows-nic-lab-{os.geteuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    for block in range(1, BLOCKS):
        with (directory / f"block{block}").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield block
            return
    raise AssertionError(f"all {BLOCKS - 1} address blocks are in use")


@pytest.fixture
def lab_factory(tmp_path: Path) -> Iterator[LabFactory]:
    """Starts labs that live as long as the test."""
    with labs(tmp_path) as factory:
        yield factory


@pytest.fixture(scope="module")
def module_lab_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabFactory]:
    """Starts labs that live as long as the tests of the module."""
    with labs(tmp_path_factory.mktemp("labs")) as factory:
        yield factory
