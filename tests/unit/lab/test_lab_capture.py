# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second script: what it answers, in which order it refuses, and what it leaves behind when it is killed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.lab import capture, relay
from tests.lab.bmc import BmcServers
from tests.lab.machine import Machine
from tests.lab.network import Network
from tests.lab.pktmon import OUR_FILE, OURS
from tests.unit.lab.machines import I211, fleet_of

BLOCK = 30
SCRIPT = b"# the capture\n"
ARGUMENTS = "-Command run"
PING = "0600ff06000011be80420000"
BMC = "127.2.240.1"
ALL_OURS = ["capture", "filter", "file"]


@pytest.fixture(autouse=True)
def locked(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {
        "relay.ps1": hashlib.sha256(b"# the relay\n").hexdigest(),
        "capture.ps1": hashlib.sha256(SCRIPT).hexdigest(),
        "bootstrap": hashlib.sha256(ARGUMENTS.encode()).hexdigest(),
    }
    monkeypatch.setattr(relay, "locked_hashes", lambda: hashes)
    monkeypatch.setattr(capture, "STOP_SECONDS", 0.1)


@pytest.fixture
def port() -> int:
    """A UDP port that is free on the BMC's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((BMC, 0))
        return int(probe.getsockname()[1])


def relay_line(port: int, **changes: Any) -> str:
    sends = [{"hex": PING, "address": BMC, "port": port, "after_ms": 0}]
    return json.dumps({"version": 1, "source": None, "wait_ms": 300, "settle_ms": 0, "sends": sends} | changes)


def stdin(bmc_port: int, script: bytes = SCRIPT, **changes: Any) -> bytes:
    request = {
        "version": 1,
        "address": BMC,
        "port": bmc_port,
        "packet_bytes": 0,
        "file_mb": 8,
        "max_events": 4000,
        "relay": relay_line(bmc_port),
    }
    return script + b"#request\n" + json.dumps(request | changes).encode() + b"\n"


Scenario = Callable[[Machine], Coroutine[Any, Any, Any]]


def on_machine(directory: Path, port: int, scenario: Scenario, **kind: Any) -> Any:
    """Do something on a machine whose BMC listens."""
    links = [{"bmc": {"behaviour": "smdc", "answer_delay_ms": 0}, "neighbour": "resolved"}]
    fleet = fleet_of(directory, block=BLOCK, bmc_port=port, **({"bmcs": links} | kind))

    async def inner() -> Any:
        network = Network.of(fleet)
        machine = Machine(fleet.hosts[0], network)
        servers = BmcServers(fleet, network)
        await servers.start()
        try:
            return await scenario(machine)
        finally:
            servers.close()

    return asyncio.run(inner())


def run(directory: Path, port: int, data: bytes | None = None, **kind: Any) -> tuple[dict[str, Any], Machine]:
    """The answer of one run, and the machine after it."""

    async def scenario(machine: Machine) -> tuple[dict[str, Any], Machine]:
        code, out, err = await machine.run_command("powershell.exe", ARGUMENTS, data or stdin(port))
        assert (code, err) == (0, b"")
        assert out.isascii()
        assert out.count(b"\n") == 1
        return json.loads(out), machine

    found: tuple[dict[str, Any], Machine] = on_machine(directory, port, scenario, **kind)
    return found


def drops(answer: dict[str, Any]) -> list[str]:
    return [event["values"][8] for event in answer["events"] if event["id"] == 170]


def test_the_reply_that_the_driver_marks(tmp_path: Path, port: int) -> None:
    answer, machine = run(tmp_path, port)
    assert (answer["version"], answer["unavailable"], answer["detail"]) == (1, None, None)
    assert answer["relay"] == {"version": 1, "replies": [], "errors": []}
    assert drops(answer) == ["1203"]
    assert (answer["events_left_out"], answer["cleaned"], answer["left_behind"]) == (0, [], [])
    after = machine.pktmon.snapshot()
    assert (after["capture"], after["filters"], after["files"], after["captures"]) == (None, [], [], 1)
    assert not machine.pktmon.locked


def test_properties_are_text(tmp_path: Path, port: int) -> None:
    answer, machine = run(tmp_path, port, system={"language": "zh"})
    events = {event["id"]: event for event in answer["events"]}
    assert {len(events[number]["values"]) for number in (160, 170)} == {13}
    assert {len(events[number]["values"]) for number in (180, 190)} == {22}
    assert events[170]["values"][9] == "-536852982"
    assert bytes.fromhex(events[170]["values"][12])[:1] == b"\x45"
    assert events[170]["values"][12] == events[170]["values"][12].upper()
    described = [event["values"] for event in answer["events"] if event["id"] == 20]
    assert described[2][2:] == ["pacer.sys", "QoS ???????"]
    seconds = machine.clock.now.timestamp() - events[170]["us"] / 1_000_000
    assert 0 <= seconds < 60


def test_events_beyond_the_limit_are_counted(tmp_path: Path, port: int) -> None:
    whole, _unused = run(tmp_path, port)
    some, _unused = run(tmp_path, port, stdin(port, max_events=5))
    assert (len(some["events"]), some["events_left_out"]) == (5, len(whole["events"]) - 5)


@pytest.mark.parametrize(
    ("bmc", "system", "dropped_and_heard"),
    [
        ({"behaviour": "ipmi20"}, {}, ([], 1)),
        ({"behaviour": "ipmi20"}, {"inspection": "drops_replies"}, (["1207"], 0)),
        ({"behaviour": "ipmi20", "answers_from": "other_port"}, {}, ([], 0)),
        ({"behaviour": "ipmi20", "answers_from": "other_address"}, {}, ([], 0)),
        ({"behaviour": "ipmi20", "answer_delay_ms": 1300}, {}, (["1204"], 0)),
        ({"behaviour": "ipmi20", "replies": "wrong_checksum"}, {}, (["1203"], 0)),
        ({"behaviour": "ipmi20", "replies": "damaged_payload"}, {}, (["1203"], 0)),
        ({"behaviour": "ipmi20", "replies": "no_checksum"}, {}, ([], 1)),
        ({"behaviour": "silent"}, {}, ([], 0)),
    ],
)
def test_what_becomes_of_other_replies(
    tmp_path: Path, port: int, bmc: dict[str, Any], system: dict[str, Any], dropped_and_heard: tuple[list[str], int]
) -> None:
    reasons, replies = dropped_and_heard
    links = [{"bmc": bmc, "neighbour": "resolved"}]
    with pytest.MonkeyPatch.context() as patch:
        if "answer_delay_ms" in bmc:
            # A late reply comes a second after the socket was closed, and a second before the capture ends.
            patch.setattr(capture, "STOP_SECONDS", 2.0)
        answer, _unused = run(tmp_path, port, bmcs=links, system=system)
    assert answer["unavailable"] is None
    # From another port or address a reply is none of the filter's.
    assert drops(answer) == reasons
    assert len(answer["relay"]["replies"]) == replies
    sent = [event for event in answer["events"] if event["id"] == 160 and event["values"][3] == "4"]
    assert len(sent) == 6


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ({"system": {"product": "server-2012r2"}, "account": {"elevated": False}}, "no_pktmon"),
        ({"account": {"elevated": False}, "system": {"product": "server-2019"}}, "not_allowed"),
        ({"account": {"write": False}}, "not_allowed"),
        ({"system": {"product": "server-2019", "pktmon": {"capture": "foreign"}}}, "old_grammar"),
        ({"system": {"pktmon": {"capture": "foreign", "filters": 1}}}, "capture_running"),
        ({"system": {"pktmon": {"capture": "counting"}}}, "capture_running"),
        ({"system": {"pktmon": {"filters": 2}}}, "filters_present"),
        ({"system": {"pktmon": {"fails": "filter_add"}}}, "failed"),
        ({"system": {"pktmon": {"fails": "start"}}}, "failed"),
    ],
)
def test_refusals_in_the_order_they_are_looked_at(tmp_path: Path, port: int, kind: dict[str, Any], code: str) -> None:
    answer, machine = run(tmp_path, port, **kind)
    assert (answer["unavailable"], answer["relay"], answer["events"]) == (code, None, [])
    assert (answer["cleaned"], answer["left_behind"]) == ([], [])
    pktmon = kind.get("system", {}).get("pktmon", {})
    assert machine.pktmon.snapshot()["capture"] == ("foreign" if "capture" in pktmon else None)
    assert len(machine.pktmon.filters) == pktmon.get("filters", 0)
    assert machine.udp.sent == 0


def test_no_events(tmp_path: Path, port: int) -> None:
    answer, machine = run(tmp_path, port, system={"pktmon": {"events": "none"}})
    assert (answer["unavailable"], answer["relay"]["errors"]) == ("no_events", [])
    assert machine.pktmon.snapshot()["files"] == []


@pytest.mark.parametrize(
    ("step", "code", "left"),
    [("stop", "failed", ALL_OURS), ("filter_remove", None, ["filter", "file"]), ("delete", None, ["file"])],
)
def test_what_can_not_be_removed(tmp_path: Path, port: int, step: str, code: str | None, left: list[str]) -> None:
    answer, _unused = run(tmp_path, port, system={"pktmon": {"fails": step}})
    assert (answer["unavailable"], answer["left_behind"]) == (code, left)
    assert answer["relay"] is not None
    assert (drops(answer) == ["1203"]) is (code is None), "what has been recorded counts all the same"


def test_what_can_not_be_removed_is_not_called_cleaned(tmp_path: Path, port: int) -> None:
    answer, _unused = run(tmp_path, port, system={"pktmon": {"capture": "ours", "fails": "filter_remove"}})
    assert (answer["unavailable"], answer["cleaned"], answer["relay"]) == ("failed", [], None)
    assert answer["left_behind"] == ["filter", "file"]


def test_what_a_killed_run_has_left_is_removed_first(tmp_path: Path, port: int) -> None:
    answer, machine = run(tmp_path, port, system={"pktmon": {"capture": "ours"}})
    assert (answer["unavailable"], answer["cleaned"], answer["left_behind"]) == (None, ALL_OURS, [])
    assert drops(answer) == ["1203"]
    assert machine.pktmon.snapshot()["filters"] == []


def test_removing_only(tmp_path: Path, port: int) -> None:
    answer, machine = run(tmp_path, port, stdin(port, relay=None), system={"pktmon": {"capture": "ours"}})
    assert (answer["unavailable"], answer["relay"], answer["cleaned"]) == (None, None, ALL_OURS)
    assert (machine.pktmon.captures, machine.udp.sent) == (0, 0)


def test_filters_of_somebody_else_stay_beside_what_a_killed_run_has_left(tmp_path: Path, port: int) -> None:
    system = {"pktmon": {"capture": "ours", "filters": 1}}
    answer, machine = run(tmp_path, port, system=system)
    assert (answer["unavailable"], answer["cleaned"]) == ("filters_present", ["capture", "file"])
    assert answer["left_behind"] == ["filter"]
    assert [one.name for one in machine.pktmon.filters] == ["filter1", OURS]


def test_a_process_that_is_killed_cleans_nothing_up(tmp_path: Path, port: int) -> None:
    async def scenario(machine: Machine) -> dict[str, Any]:
        killed = asyncio.create_task(machine.run_command("powershell.exe", ARGUMENTS, stdin(port)))
        while machine.pktmon.capture is None:
            await asyncio.sleep(0.01)
        other = await machine.run_command("powershell.exe", ARGUMENTS, stdin(port))
        assert json.loads(other[1])["unavailable"] == "capture_running"
        assert machine.pktmon.locked, "the one at work still holds its lock"
        killed.cancel()
        await asyncio.gather(killed, return_exceptions=True)
        left = machine.pktmon.snapshot()
        assert (left["capture"], left["filters"], left["files"]) == ("ours", [OURS], [OUR_FILE])
        answer: dict[str, Any] = json.loads((await machine.run_command("powershell.exe", ARGUMENTS, stdin(port)))[1])
        return answer

    answer = on_machine(tmp_path, port, scenario)
    assert (answer["unavailable"], answer["cleaned"]) == (None, ALL_OURS)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "keys or version"),
        ({"extra": 1}, "keys or version"),
        ({"port": 0}, "is not from 1 to 65535"),
        ({"packet_bytes": -1}, "is not from 0 to 65535"),
        ({"file_mb": 65}, "is not from 1 to 64"),
        ({"max_events": True}, "is not from 1 to 10000"),
        ({"address": "card.example"}, "not as agreed"),
        ({"relay": {"version": 1}}, "as text"),
        ({"relay": "not json"}, "not as agreed"),
        ({"relay": relay_line(623, wait_ms=-1)}, "no number of milliseconds"),
    ],
)
def test_requests_that_are_refused(tmp_path: Path, port: int, changes: dict[str, Any], why: str) -> None:
    async def scenario(machine: Machine) -> tuple[int, bytes, bytes]:
        return await machine.run_command("powershell.exe", ARGUMENTS, stdin(port, **changes))

    code, out, err = on_machine(tmp_path, port, scenario)
    assert (code, out) == (1, b"")
    assert why in err.decode()


def test_each_script_takes_its_own_request_only(tmp_path: Path, port: int) -> None:
    async def scenario(machine: Machine) -> list[int]:
        behind_relay = stdin(port, b"# the relay\n")
        behind_capture = SCRIPT + b"#request\n" + relay_line(port).encode() + b"\n"
        runs = [await machine.run_command("powershell.exe", ARGUMENTS, data) for data in (behind_relay, behind_capture)]
        return [code for code, _out, _err in runs]

    assert on_machine(tmp_path, port, scenario) == [1, 1]


def test_constrained_language_mode(tmp_path: Path, port: int) -> None:
    answer, _unused = run(tmp_path, port, system={"language_mode": "constrained"})
    assert answer == {"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"}


def test_nothing_arrives_at_an_adapter_that_is_not_there(tmp_path: Path, port: int) -> None:
    adapters = [I211 | {"name": "A"}, {"model": "intel-i219", "network": 5, "name": "B", "state": "disconnected"}]
    answer, _unused = run(tmp_path, port, adapters=adapters, bmcs=[{"bmc": {}, "path": "filtered"}])
    assert (answer["unavailable"], answer["relay"]["replies"]) == ("no_events", [])
