# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: ``python -m tests.integration.demo`` finds, fixes, proves and undoes the fault on simulated hosts.

It starts the lab with a fleet, runs the playbooks as an operator would, and compares the verdict that every host ends
every stage with to the one that the fleet file expects. The exit code is 0 only if all are the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.lab.control import read_state
from tests.lab.fleet import Fleet, FleetError, Stage, load_fleet

ROOT: Final = Path(__file__).resolve().parents[2]
DIRECTORY: Final = ROOT / "build" / "demo"
FLEET: Final = ROOT / "tests" / "lab" / "fleets" / "demo.yml"
_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 20
_FORKS: Final = 25
_BMC_PORT: Final = 623 if os.geteuid() == 0 else 16623
"""The real port where that is allowed, as only root may listen below 1024."""
_RECAP: Final = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s")
_TASK: Final = re.compile(r"^TASK \[(?:remediation\.windows_nic\.udp_rx_offload : )?(?P<name>.*?)\] \**$")
_QUIET: Final = ("Validating arguments", "Say why", "Judge", "Count", "Keep", "Choose", "Decide", "Compare", "Publish")
"""First words of tasks that a spectator learns nothing from."""


@dataclass(frozen=True, slots=True)
class End:
    """What a stage ended with on one host, and whether it changed the host."""

    verdict: str | None = None
    reason: str | None = None
    changed: bool = False


Ended = dict[str, End]
"""By host."""


class DemoError(Exception):
    """The demonstration can't go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Act:
    """One stage: the heading for the spectator, and the playbook that is run."""

    stage: Stage
    heading: str
    playbook: str


ACTS: Final = (
    Act("audit", "Find: every host is read and probed, nothing is changed", "audit"),
    Act("remediate", "Fix and prove: hosts that need it are changed, guarded, and probed again", "remediate"),
    Act("again", "Once more: a second run finds nothing left to change", "remediate"),
    Act("rollback", "Undo: one host gets its original value back, and the fault with it", "rollback"),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; 0 if every host ended every stage as expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--fleet", type=Path, default=FLEET, help="another fleet file (default: %(default)s)")
    options = parser.parse_args(arguments)
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    try:
        fleet = load_fleet(options.fleet, bmc_port=_BMC_PORT)
        with lab(options.fleet):
            result, faults = perform(fleet)
    except (DemoError, FleetError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    path = DIRECTORY / "result.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    conclude(result, faults, path)
    return 1 if faults else 0


def perform(fleet: Fleet) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Run every stage; return result by host and stage, and what was not as expected."""
    result: dict[str, dict[str, Any]] = {host.name: {} for host in fleet.hosts}
    faults: list[str] = []
    first = standing()
    for act in ACTS:
        expected = {host.name: getattr(host.expect, act.stage) for host in fleet.hosts}
        reasons = {host.name: host.expect.reasons.get(act.stage) for host in fleet.hosts}
        hosts = [name for name, verdict in expected.items() if verdict is not None]
        if not hosts:
            continue
        before = standing()
        ended = run(act, hosts)
        after = standing()
        for host in hosts:
            end = ended.get(host, End())
            changed = end.changed
            result[host][act.stage] = {
                "expected": expected[host],
                "verdict": end.verdict,
                "reason": end.reason,
                "changed": changed,
            }
            if end.verdict != expected[host]:
                faults.append(f"{host}, {act.stage}: {end.verdict} instead of {expected[host]}")
            if reasons[host] not in (None, end.reason):
                faults.append(f"{host}, {act.stage}: {end.reason} instead of {reasons[host]}")
            if changed != (before[host] != after[host]):
                faults.append(f"{host}, {act.stage}: said to be {'changed' if changed else 'unchanged'}, and is not")
            if after[host]["tasks"]:
                faults.append(f"{host}, {act.stage}: a guard was left behind")
            if changed and act.stage in ("audit", "again"):
                faults.append(f"{host}, {act.stage}: changed")
            if act.stage == "rollback" and values(after[host]) != values(first[host]):
                faults.append(f"{host}, {act.stage}: has not its first values again")
    return result, faults


def run(act: Act, hosts: Iterable[str]) -> Ended:
    """Run the playbook of a stage, show what it does, and return how the hosts ended.

    Raises:
        DemoError: The playbook wrote no report.
    """
    print(f"\n\033[1m{act.heading}\033[0m" if sys.stdout.isatty() else f"\n{act.heading}\n{'=' * len(act.heading)}")
    report = DIRECTORY / f"{act.stage}.json"
    report.unlink(missing_ok=True)
    variables = {
        "target": ",".join(hosts),
        "udp_rx_offload_report_file": str(report),
        # The fleet holds hosts that can't be cured on purpose; they must not keep the others from being shown.
        "udp_rx_offload_max_fail_percentage": 100,
        "udp_rx_offload_wave": "100%",
    }
    command = ["ansible-playbook", "-i", str(DIRECTORY / "lab" / "inventory.yml"), "--forks", str(_FORKS)]
    command += ["--extra-vars", json.dumps(variables), f"remediation.windows_nic.{act.playbook}"]
    print("$ ansible-playbook -i inventory.yml " + command[-1], flush=True)
    log = DIRECTORY / f"{act.stage}.log"
    started = time.monotonic()
    changed: dict[str, bool] = {}
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in show(process.stdout or ()):
            kept.write(line)
            recap = _RECAP.match(line)
            if recap:
                changed[recap["host"]] = recap["changed"] != "0"
    print(
        f"({time.monotonic() - started:.0f} s, exit code {process.returncode}; whole output in {log.relative_to(ROOT)})"
    )
    if not report.exists():
        raise DemoError(f"{act.playbook} wrote no report. Look at {log.relative_to(ROOT)}.")
    rows = json.loads(report.read_text(encoding="utf-8"))["hosts"]
    return {row["host"]: End(row["verdict"], row["reason"], changed.get(row["host"], False)) for row in rows}


def show(lines: Iterable[str]) -> Iterator[str]:
    """Print a playbook's tasks as progress and its summary as it is; hand every line on."""
    in_summary = False
    for line in lines:
        yield line
        task = _TASK.match(line)
        if task:
            in_summary = task["name"] == "Print the summary"
            if not in_summary and not task["name"].startswith(_QUIET):
                print(f"  ... {task['name']}", flush=True)
        elif in_summary and line.startswith(("ok: ", "fatal: ", "[ERROR]")):
            in_summary = False
        elif in_summary:
            print(line, end="", flush=True)


def conclude(result: Mapping[str, Mapping[str, Any]], faults: list[str], path: Path) -> None:
    """Print every host's way through the stages, and whether it was as expected."""
    stages = [act.stage for act in ACTS]
    widths = {
        stage: max(
            [
                len(stage),
                *(len(str(stages_of[stage]["verdict"])) + 2 for stages_of in result.values() if stage in stages_of),
            ]
        )
        for stage in stages
    }
    hosts = max(len(host) for host in result)
    print("\nWhat every host ended every stage with; * changed by it")
    print(f"  {'host':{hosts}}  " + "  ".join(f"{stage:{widths[stage]}}" for stage in stages).rstrip())
    for host, stages_of in result.items():
        cells = []
        for stage in stages:
            ended = stages_of.get(stage)
            text = "" if ended is None else f"{ended['verdict']}{' *' if ended['changed'] else ''}"
            cells.append(f"{text:{widths[stage]}}")
        print(f"  {host:{hosts}}  " + "  ".join(cells).rstrip())
    for host, stages_of in result.items():
        if any(ended["reason"] == "undone_by_guard" for ended in stages_of.values()):
            print(f"\nCut off by the restart of its adapter, and brought back by the guard on it: {host}")
    checks = sum(len(stages_of) for stages_of in result.values())
    print(f"\n{len(result)} hosts, {checks} results: {path.relative_to(ROOT)}")
    for fault in faults:
        print(f"NOT AS EXPECTED: {fault}")
    if not faults:
        print("Every host ended every stage as its fleet file expects.")


def standing() -> dict[str, Any]:
    """What the lab says of every host itself: values, restarts, records and guards."""
    state: dict[str, Any] = read_state(DIRECTORY / "lab")
    kept = ("configured", "active", "restarts")
    return {
        host: {
            "adapters": {each["guid"]: {key: each[key] for key in kept} for each in machine["adapters"]},
            "undo": machine["undo"],
            "outcome": machine["outcome"],
            "tasks": machine["tasks"],
        }
        for host, machine in state.items()
    }


def values(machine: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a host stands at, the values alone."""
    return {guid: (each["configured"], each["active"]) for guid, each in machine["adapters"].items()}


@contextmanager
def lab(fleet: Path, directory: Path = DIRECTORY / "lab", *options: str) -> Iterator[None]:
    """Run the lab for as long as the context lasts.

    Raises:
        DemoError: It did not start.
    """
    command = [sys.executable, "-m", "tests.lab", "up", "--fleet", str(fleet), "--run-dir", str(directory)]
    command += options or ("--bmc-port", str(_BMC_PORT))
    print(f"Starting the simulated fleet {fleet.name}", flush=True)
    (directory / "ready").unlink(missing_ok=True)
    with subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not (directory / "ready").exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise DemoError(f"the lab did not start: {process.communicate()[1].strip() or 'no reason given'}")
                time.sleep(0.05)
            yield
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


def environment() -> dict[str, str]:
    """The environment of Ansible and the lab: this checkout's collection, nothing of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    collections = str(ROOT / "build" / "collections")
    return kept | {
        "ANSIBLE_COLLECTIONS_PATH": collections,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{collections}{os.pathsep}{ROOT}",
        "LC_ALL": "C.UTF-8",
    }


if __name__ == "__main__":
    sys.exit(main())
