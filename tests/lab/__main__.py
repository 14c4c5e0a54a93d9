# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: ``python -m tests.lab up`` runs a fleet; ``state``, ``reboot``, ``skip`` speak to it."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.lab.control import OrderRefused, give_order, read_state
from tests.lab.errors import LabError
from tests.lab.fleet import Fleet, FleetError, load_fleet
from tests.lab.lab import Lab
from tests.lab.site import Site

_READY: Final = "ready"
_FILES_PER_HOST: Final = 8
"""Two listeners, the credential store while it is read, and room for a handful of connections."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did what was asked, 2 when it could not."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="lab: %(levelname)s: %(name)s: %(message)s")
    try:
        if options.command == "up":
            fleet = load_fleet(
                options.fleet,
                block=options.block,
                hosts=options.hosts,
                bmc_port=options.bmc_port,
                speed=options.speed,
            )
            asyncio.run(_up(fleet, options.run_dir))
        else:
            told = {"reboot": ("host",), "skip": ("seconds",)}.get(options.command, ())
            answer = _ordered(options.run_dir, options.command, **{name: getattr(options, name) for name in told})
            print(json.dumps(answer, ensure_ascii=False, indent=2))
    except (LabError, FleetError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description="A fleet of simulated Windows hosts.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run a fleet in the foreground until SIGTERM or Ctrl-C")
    up.add_argument("--fleet", type=Path, required=True, metavar="FILE.yml", help="fleet file, see tests/lab/README.md")
    up.add_argument("--hosts", type=int, metavar="N", help="repeat or shorten the fleet to exactly N hosts")
    up.add_argument(
        "--block", type=int, default=0, metavar="B", help="address block, so that labs can run side by side"
    )
    up.add_argument("--bmc-port", type=int, default=623, metavar="P", help="UDP port of the management cards")
    up.add_argument("--speed", type=float, metavar="N", help="lab time runs N times faster than wall time")
    state = commands.add_parser("state", help="print the state of a running lab as JSON")
    reboot = commands.add_parser("reboot", help="reboot a machine of a running lab")
    reboot.add_argument("--host", required=True, metavar="NAME", help="which one")
    skip = commands.add_parser("skip", help="move the time of a running lab on")
    skip.add_argument("--seconds", type=float, required=True, metavar="N", help="how far")
    for command in (up, state, reboot, skip):
        command.add_argument("--run-dir", type=Path, required=True, metavar="DIR", help="where the lab keeps its files")
    return parser


def _ordered(run_dir: Path, order: str, **more: object) -> dict[str, object]:
    try:
        return give_order(run_dir, order, **more)
    except OrderRefused as error:
        told = ", ".join(f"{name} {value}" for name, value in more.items())
        raise LabError(
            f"{order} {told}",
            str(error),
            "an order that the lab can carry out",
            "Ask it with: python -m tests.lab state",
        ) from error
    except (OSError, ValueError) as error:
        raise LabError(
            str(run_dir),
            "no lab answers there",
            "the run directory of a running lab",
            "Start one with: python -m tests.lab up",
        ) from error


async def _up(fleet: Fleet, run_dir: Path) -> None:
    """Run a fleet until a signal ends it."""
    _prepare(run_dir, len(fleet.hosts))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    site = Site(fleet)
    lab = Lab(fleet, site.machines, run_dir, site.clock)
    try:
        await site.start()
        await lab.start()
        (run_dir / _READY).write_text(
            json.dumps({"pid": os.getpid(), "hosts": len(fleet.hosts)}) + "\n", encoding="utf-8"
        )
        await stopped.wait()
    finally:
        (run_dir / _READY).unlink(missing_ok=True)
        await lab.stop()
        site.stop()


def _prepare(run_dir: Path, hosts: int) -> None:
    """Make the run directory and room for the sockets.

    Raises:
        LabError: the directory can't be used, or the system allows too few open files.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / _READY).unlink(missing_ok=True)
    except OSError as error:
        raise LabError(
            str(run_dir),
            f"can't be used ({error.strerror})",
            "a directory the lab may write to",
            "Choose another --run-dir.",
        ) from error
    if (run_dir / "state.sock").exists():
        try:
            read_state(run_dir)
        except (OSError, ValueError):
            pass  # Left behind by a lab that was killed; the new one replaces it.
        else:
            raise LabError(str(run_dir), "another lab runs here", "a directory of its own", "Choose another --run-dir.")
    needed = 256 + hosts * _FILES_PER_HOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise LabError(
                f"{hosts} hosts",
                f"at most {hard} open files are allowed",
                f"{needed}",
                "Raise the limit with: ulimit -n",
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


if __name__ == "__main__":
    sys.exit(main())
