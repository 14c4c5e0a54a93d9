# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay of the lab: what it runs and refuses, and what it hears from real sockets on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.lab import relay
from tests.lab.bmc import BmcServers
from tests.lab.fleet import Fleet, FleetError
from tests.lab.machine import Machine
from tests.lab.network import Network
from tests.unit.lab.machines import I211, fleet_of

BLOCK = 30
SCRIPT = b"# a script\n"
ARGUMENTS = "-Command run"
PING = "0600ff06000011be80420000"
PONG = "0600FF06000011BE40420010000011BE000000008100000000000000"
HOST, OTHER_BMC = "127.1.240.1", "127.2.240.2"
BMC, SECOND_ADDRESS = "127.2.240.1", "127.3.240.1"


@pytest.fixture(autouse=True)
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {
        "relay.ps1": hashlib.sha256(SCRIPT).hexdigest(),
        "bootstrap": hashlib.sha256(ARGUMENTS.encode()).hexdigest(),
    }
    monkeypatch.setattr(relay, "locked_hashes", lambda: hashes)


@pytest.fixture
def port() -> int:
    """A UDP port that is free on the BMC's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((BMC, 0))
        return int(probe.getsockname()[1])


def sends(port: int, *addresses: str, every_ms: int = 0) -> list[dict[str, Any]]:
    return [
        {"hex": PING, "address": address, "port": port, "after_ms": number * every_ms}
        for number, address in enumerate(addresses)
    ]


def stdin(sent: list[dict[str, Any]], script: bytes = SCRIPT, **changes: Any) -> bytes:
    request = {"version": 1, "source": None, "wait_ms": 300, "settle_ms": 0, "sends": sent} | changes
    return script + b"#request\n" + json.dumps(request).encode() + b"\n"


def run(fleet: Fleet, data: bytes, arguments: str = ARGUMENTS) -> tuple[int, dict[str, Any], str, Machine]:
    """Run the relay on the first machine of a fleet whose BMCs listen."""

    async def inner() -> tuple[int, dict[str, Any], str, Machine]:
        network = Network.of(fleet)
        machine = Machine(fleet.hosts[0], network)
        servers = BmcServers(fleet, network)
        await servers.start()
        try:
            code, out, err = await machine.run_command("powershell.exe", arguments, data)
        finally:
            servers.close()
        assert out.isascii()
        return code, json.loads(out) if out else {}, err.decode(), machine

    return asyncio.run(inner())


def fleet(directory: Path, port: int, *bmcs: dict[str, Any], **kind: Any) -> Fleet:
    links = [{"bmc": bmc, "neighbour": "resolved"} for bmc in bmcs] or [{"bmc": {}, "neighbour": "resolved"}]
    return fleet_of(directory, block=BLOCK, bmc_port=port, **({"bmcs": links} | kind))


def test_answer_of_a_bmc(tmp_path: Path, port: int) -> None:
    code, answer, err, machine = run(fleet(tmp_path, port), stdin(sends(port, BMC)))
    assert (code, err) == (0, "")
    (reply,) = answer["replies"]
    assert [reply[key] for key in ("send", "hex", "address", "port")] == [0, PONG, BMC, port]
    assert isinstance(reply["ms"], int)
    assert (answer["version"], answer["errors"]) == (1, [])
    assert (machine.udp.sent, machine.udp.received, machine.relay_calls) == (1, 1, 1)


def test_several_sends_to_several_bmcs(tmp_path: Path, port: int) -> None:
    data = stdin(sends(port, BMC, OTHER_BMC, BMC, every_ms=30))
    _unused, answer, _unused, _unused = run(fleet(tmp_path, port, {}, {}), data)
    heard = sorted((reply["send"], reply["address"]) for reply in answer["replies"])
    assert heard == [(0, BMC), (1, OTHER_BMC), (2, BMC)]


def test_cold_neighbour_loses_the_first(tmp_path: Path, port: int) -> None:
    cold = fleet(tmp_path, port, bmcs=[{"bmc": {}}])
    _unused, answer, _unused, _unused = run(cold, stdin(sends(port, BMC, BMC, every_ms=10)))
    assert [reply["send"] for reply in answer["replies"]] == [1]


def test_driver_fault_loses_the_reply_and_counts_it(tmp_path: Path, port: int) -> None:
    affected = fleet(tmp_path, port, {"behaviour": "smdc", "answer_delay_ms": 0})
    _unused, answer, _unused, machine = run(affected, stdin(sends(port, BMC)))
    assert (answer["replies"], answer["errors"]) == ([], [])
    assert machine.udp.errors == 4
    cured = fleet(tmp_path, port, {"behaviour": "smdc"}, adapters=[I211 | {"configured": "tx"}])
    _unused, answer, _unused, machine = run(cured, stdin(sends(port, BMC)))
    assert len(answer["replies"]) == 1
    assert machine.udp.errors == 3


def test_answers_that_come_when_nobody_waits_any_more(tmp_path: Path, port: int) -> None:
    late = fleet(tmp_path, port, {"too_late": True})
    _unused, answer, _unused, machine = run(late, stdin(sends(port, BMC, BMC, every_ms=10)))
    assert (answer["replies"], answer["errors"]) == ([], [])
    assert (machine.udp.no_port, machine.udp.received) == (2, 0)


def test_source_address_is_the_hosts_own(tmp_path: Path, port: int) -> None:
    closed_to_controller = fleet(tmp_path, port, {"reachable_from": "hosts"})
    _unused, answer, _unused, _unused = run(closed_to_controller, stdin(sends(port, BMC), source=HOST))
    assert len(answer["replies"]) == 1


def test_foreign_source_address(tmp_path: Path, port: int) -> None:
    _unused, answer, _unused, _unused = run(fleet(tmp_path, port), stdin(sends(port, BMC), source="127.1.240.9"))
    assert (answer["error"], answer["code"]) == ("System.Net.Sockets.SocketException", 10049)
    assert "replies" not in answer


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ({"bmcs": [{"bmc": {"behaviour": "closed"}, "neighbour": "resolved"}]}, 10054),
        ({"bmcs": [{"bmc": {}, "path": "unrouted"}]}, 10051),
        ({"system": {"outbound_firewall": "block"}}, 10013),
    ],
)
def test_socket_errors(tmp_path: Path, port: int, kind: dict[str, Any], code: int) -> None:
    _unused, answer, _unused, _unused = run(fleet(tmp_path, port, **kind), stdin(sends(port, BMC, BMC, every_ms=5)))
    assert [(error["send"], error["code"]) for error in answer["errors"]] == [(0, code), (1, code)]
    assert answer["replies"] == []


@pytest.mark.parametrize("origin", ["other_port", "other_address"])
def test_answer_from_elsewhere(tmp_path: Path, port: int, origin: str) -> None:
    open_to_strangers = {"firewall": {"private": {"inbound": "allow"}}}
    test_fleet = fleet(tmp_path, port, {"answers_from": origin}, system=open_to_strangers)
    _unused, answer, _unused, _unused = run(test_fleet, stdin(sends(port, BMC)))
    (reply,) = answer["replies"]
    assert (reply["address"], reply["port"]) != (BMC, port)
    assert reply["address"] == (SECOND_ADDRESS if origin == "other_address" else BMC)


def test_stops_soon_after_the_last_answer(tmp_path: Path, port: int) -> None:
    data = stdin(sends(port, BMC), wait_ms=60_000, settle_ms=20)
    _unused, answer, _unused, _unused = run(fleet(tmp_path, port, {"duplicates": True}), data)
    assert [reply["hex"] for reply in answer["replies"]] == [PONG, PONG]


def test_constrained_language_mode(tmp_path: Path, port: int) -> None:
    constrained = fleet(tmp_path, port, system={"language_mode": "constrained"})
    _unused, answer, _unused, machine = run(constrained, b"")
    assert answer == {"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"}
    assert machine.udp.sent == 0


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no line #request"),
        (SCRIPT, "no line #request"),
        (stdin([], script=b"# another script\n"), "script is not the one"),
        (stdin([], script=b""), "script is not the one"),
        (stdin([]), "sends must be there"),
        (SCRIPT + b"#request\n", "not one line of ASCII"),
        (SCRIPT + b"#request\n{}\n{}\n", "not one line of ASCII"),
        (SCRIPT + b"#request\n\xc3\xa4\n", "not one line of ASCII"),
        (SCRIPT + b"#request\nnot json\n", "not as agreed"),
        (SCRIPT + b"#request\n[]\n", "not as agreed"),
        (stdin(sends(1, BMC), version=2), "keys or version"),
        (stdin(sends(1, BMC), extra=1), "keys or version"),
        (stdin(sends(0, BMC)), "port"),
        (stdin(sends(1, "bmc.example")), "not as agreed"),
        (stdin(sends(1, BMC), wait_ms=-1), "no number of milliseconds"),
        (stdin(sends(1, BMC), wait_ms=True), "no number of milliseconds"),
        (stdin(sends(1, BMC), source="here"), "not as agreed"),
        (stdin(list(reversed(sends(1, BMC, BMC, every_ms=5)))), "in order of after_ms"),
        (stdin([{"hex": "", "address": BMC, "port": 1, "after_ms": 0}]), "length of a datagram"),
        (stdin([{"hex": "0", "address": BMC, "port": 1, "after_ms": 0}]), "not as agreed"),
    ],
)
def test_input_that_is_refused(tmp_path: Path, port: int, data: bytes, why: str) -> None:
    code, answer, err, machine = run(fleet(tmp_path, port), data)
    assert (code, answer) == (1, {})
    assert why in err
    assert machine.udp.sent == 0


@pytest.mark.parametrize(
    ("executable", "arguments"),
    [
        ("powershell.exe", "-Command other"),
        ("powershell.exe", ""),
        ("cmd.exe", ARGUMENTS),
        ("cmd.exe", f"/c powershell.exe {ARGUMENTS} & ipconfig"),
        ("cmd.exe", f"/c powershell.exe {ARGUMENTS} >nul"),
        ("cmd.exe", "/c ("),
        ("ipconfig", ""),
    ],
)
def test_commands_that_are_refused(tmp_path: Path, executable: str, arguments: str) -> None:
    assert not relay.is_relay_command(executable, arguments)
    test_fleet = fleet_of(tmp_path)
    machine = Machine(test_fleet.hosts[0], Network.of(test_fleet))
    code, out, err = asyncio.run(machine.run_command(executable, arguments, b""))
    assert (code, out) == (1, b"")
    assert b"the command line is not the bootstrap" in err


@pytest.mark.parametrize("installed", [True, False])
def test_powershell_7_runs_it_where_it_is_installed(tmp_path: Path, installed: bool) -> None:
    fleet = fleet_of(tmp_path, block=BLOCK, system={"powershell_7": installed, "language_mode": "constrained"})
    machine = Machine(fleet.hosts[0], Network.of(fleet))
    code, out, err = asyncio.run(machine.run_command("PwSh.exe", ARGUMENTS, b""))
    if installed:
        assert (code, json.loads(out)["error"]) == (0, "language_mode")
    else:
        assert (code, b"PowerShell 7 is not installed" in err) == (1, True)


def test_executable_in_any_case() -> None:
    assert relay.is_relay_command("PowerShell.EXE", ARGUMENTS)


def test_cmd_hands_the_bootstrap_on(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, block=BLOCK, system={"language_mode": "constrained"})
    machine = Machine(fleet.hosts[0], Network.of(fleet))
    code, out, _unused = asyncio.run(machine.run_command("cmd.exe", f"/c powershell.exe {ARGUMENTS}", b""))
    assert (code, json.loads(out)["error"]) == (0, "language_mode")


def test_carriage_returns_on_the_way_do_not_matter(tmp_path: Path, port: int) -> None:
    data = stdin(sends(port, BMC)).replace(b"\n", b"\r\n")
    code, answer, _unused, _unused = run(fleet(tmp_path, port), data)
    assert (code, len(answer["replies"])) == (0, 1)


def test_bmc_port_in_use(tmp_path: Path, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((BMC, port))
        with pytest.raises(FleetError) as error:
            run(fleet(tmp_path, port), b"")
    assert "can't be bound" in str(error.value)
