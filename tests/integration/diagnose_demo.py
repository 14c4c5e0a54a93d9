# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis shown: ``python -m tests.integration.diagnose_demo`` finds every cause on a simulated fleet.

It starts the lab with a host for every reason why a management card is not heard, or is, runs the playbook ``diagnose``
as an operator would, and compares verdict, reason and confidence of every host with what the fleet file expects. The
packets that were saved are opened with tshark, which must call their checksums good where the driver called them bad.
The exit code is 0 only if everything is as expected.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._report import lay_out
from tests.integration.demo import DemoError, environment, lab
from tests.lab.fleet import Fleet, FleetError, load_fleet

ROOT: Final = Path(__file__).resolve().parents[2]
DIRECTORY: Final = ROOT / "build" / "diagnose"
FLEET: Final = ROOT / "tests" / "lab" / "fleets" / "causes.yml"
AFFECTED: Final = "i211"
SUSPECTED: Final = "udp-filtered"
"""Two hosts whose stories are printed: one with the fault, and one that looks like it and has another cause."""
_COMPARED: Final = ("verdict", "reason", "confidence")
_FORKS: Final = 20
_BMC_PORT: Final = 623 if os.geteuid() == 0 else 16623
"""The real port where that is allowed, as only root may listen below 1024."""
_GOOD: Final = "1"
_NONE: Final = "3"
"""What tshark says of a UDP checksum: good, or that the sender computed none."""
_WIDTH: Final = 110

Result = dict[str, dict[str, Any]]


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; 0 if every host ended as expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.integration.diagnose_demo")
    parser.add_argument("--fleet", type=Path, default=FLEET, help="another fleet file (default: %(default)s)")
    parser.add_argument("--hosts", default="", help="only these hosts, separated by commas (default: all)")
    parser.add_argument("--bmc-port", type=int, default=_BMC_PORT, help="UDP port of the cards (default: %(default)s)")
    parser.add_argument("--block", type=int, help="addresses of the lab, where another one runs")
    options = parser.parse_args(arguments)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    try:
        fleet = load_fleet(options.fleet, bmc_port=options.bmc_port)
        hosts = options.hosts.split(",") if options.hosts else [host.name for host in fleet.hosts]
        more = ("--block", str(options.block)) if options.block is not None else ()
        with lab(options.fleet, DIRECTORY / "lab", "--bmc-port", str(options.bmc_port), *more):
            rows = diagnose(hosts)
        result, faults = compare(fleet, rows, hosts)
        faults += dissect(rows)
    except (DemoError, FleetError) as error:
        print(f"diagnose-demo: {error}", file=sys.stderr)
        return 2
    path = DIRECTORY / "result.json"
    path.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    tell(rows, result, faults, path)
    return 1 if faults else 0


def diagnose(hosts: Sequence[str]) -> list[dict[str, Any]]:
    """Run the playbook and return its rows.

    Raises:
        DemoError: The playbook wrote no report.
    """
    report = DIRECTORY / "report.json"
    variables = {
        "target": ",".join(hosts),
        "udp_rx_offload_report_file": str(report),
        "udp_rx_offload_evidence_directory": str(DIRECTORY / "packets"),
    }
    command = ["ansible-playbook", "-i", str(DIRECTORY / "lab" / "inventory.yml"), "--forks", str(_FORKS)]
    command += ["--extra-vars", json.dumps(variables), "remediation.windows_nic.diagnose"]
    print(f"$ ansible-playbook -i inventory.yml {command[-1]}    ({len(hosts)} hosts)", flush=True)
    started = time.monotonic()
    log = DIRECTORY / "diagnose.log"
    with log.open("w", encoding="utf-8") as kept:
        ended = subprocess.run(command, cwd=ROOT, env=environment(), stdout=kept, stderr=subprocess.STDOUT, check=False)
    print(f"({time.monotonic() - started:.0f} s, exit code {ended.returncode}; output in {log.relative_to(ROOT)})")
    if not report.exists():
        raise DemoError(f"the playbook wrote no report. Look at {log.relative_to(ROOT)}.")
    rows: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["hosts"]
    return rows


def compare(fleet: Fleet, rows: Iterable[Mapping[str, Any]], hosts: Iterable[str]) -> tuple[Result, list[str]]:
    """Return what every host ended with and was to end with, and what was not as expected."""
    found = {row["host"]: row for row in rows}
    result: Result = {}
    faults: list[str] = []
    for host in (each for each in fleet.hosts if each.name in set(hosts)):
        expected, row = host.expect.diagnose, found.get(host.name, {})
        if expected is None:
            faults.append(f"{host.name}: the fleet file expects nothing of a diagnosis")
            continue
        ended = {name: row.get(name) for name in _COMPARED}
        wanted = {name: getattr(expected, name) for name in _COMPARED}
        result[host.name] = {
            "expected": wanted["verdict"],
            **ended,
            "expected_reason": wanted["reason"],
            "expected_confidence": wanted["confidence"],
        }
        faults += [
            f"{host.name}: {name} {ended[name]} instead of {wanted[name]}"
            for name in _COMPARED
            if ended[name] != wanted[name]
        ]
        causes = {each["cause"] for each in row.get("probes", ())} - {"none"}
        if expected.cause is not None and causes and causes != {expected.cause}:
            faults.append(f"{host.name}: the packets show {', '.join(sorted(causes))} instead of {expected.cause}")
        if row.get("changed"):
            faults.append(f"{host.name}: changed")
    return result, faults


def dissect(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Open the packets of every host whose driver called good replies bad; return what tshark doesn't call good.

    Raises:
        DemoError: There is no tshark.
    """
    tshark = shutil.which("tshark")
    if tshark is None:
        raise DemoError("there is no tshark. Install the Debian package tshark, or run: make setup")
    faults: list[str] = []
    opened = 0
    for row in rows:
        for probe in row["probes"]:
            if probe["cause"] != "driver_marked_bad":
                continue
            if not probe["pcap"]:
                faults.append(f"{row['host']}: no packets were saved")
                continue
            opened += 1
            statuses = checksums(tshark, Path(probe["pcap"]))
            if not statuses or not set(statuses) <= {_GOOD, _NONE}:
                faults.append(f"{row['host']}: tshark says {statuses} of the checksums in {probe['pcap']}")
    print(f"tshark opened {opened} files of packets that drivers had called bad.")
    return faults


def checksums(tshark: str, path: Path) -> list[str]:
    """What tshark says of the UDP checksum of every packet in a file."""
    command = [tshark, "-r", str(path), "-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "udp.checksum.status"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return output.split()


def tell(rows: Sequence[Mapping[str, Any]], result: Result, faults: Sequence[str], path: Path) -> None:
    """Print two stories, what every host ended with, and whether that was as expected."""
    for host, title in ((AFFECTED, "A host with the fault"), (SUSPECTED, "A host that looks like it, wrongly")):
        told = [{**row, "drivers": []} for row in rows if row["host"] == host]
        if told:
            print(f"\n{title}\n{'=' * len(title)}\n")
            print(lay_out(told, _WIDTH, "Diagnosis", stories=True).partition("\n\n")[0])
    print("\nWhat every host ended with")
    width = max((len(host) for host in result), default=0)
    for host, ended in result.items():
        print(f"  {host:{width}}  " + "  ".join(f"{ended[name] or '-':22}" for name in _COMPARED).rstrip())
    print(f"\n{len(result)} hosts: {path.relative_to(ROOT)}")
    for fault in faults:
        print(f"NOT AS EXPECTED: {fault}")
    if not faults:
        print("Every host ended with the verdict, reason and confidence that its fleet file expects.")


if __name__ == "__main__":
    sys.exit(main())
