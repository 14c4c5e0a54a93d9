# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Finding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_roles import (
    find_iscsi_sessions,
    find_services,
    find_virtual_machines,
    read_services,
)
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter
from tests.unit.plugins.plugin_utils._nic.scripted import (
    DENIED,
    NO_CLASS,
    ScriptedHost,
    reading_of,
    restarts_of,
)

SERVICES = "root/cimv2:Win32_Service"
SESSIONS = "root/microsoft/windows/storage:MSFT_iSCSISession"
MACHINES = "root/virtualization/v2:Msvm_ComputerSystem"
FIRST, SECOND = "192.0.2.10", "198.51.100.10"
TWO = FakeAdapter(1, name="First", address=FIRST), FakeAdapter(2, name="Second", address=SECOND)


def test_services_that_run() -> None:
    rows: list[Row] = [
        {"Name": "ClusSvc", "Started": True, "State": "Running"},
        {"Name": "dot3svc", "Started": False, "State": "Stopped"},
        {"Name": "MSiSCSI", "Started": True},
        {"Name": "WinRM", "Started": True},
    ]
    reader = ScriptedHost({SERVICES: rows}).reader
    services = read_services(reader)
    assert (services.items, services.complete) == (("clussvc", "msiscsi"), True)
    assert reader.not_read == []


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (DENIED, ()),
        ([{"Name": "ClusSvc", "Started": "maybe"}], ()),
        ([{"Name": "ClusSvc", "Started": "maybe"}, {"Name": "dot3svc", "Started": True}], ("dot3svc",)),
    ],
)
def test_services_that_can_not_be_read(answer: Any, known: tuple[str, ...]) -> None:
    reader = ScriptedHost({SERVICES: answer}).reader
    services = read_services(reader)
    assert (services.items, services.complete) == (known, False)
    assert [line.what for line in reader.not_read] == ["services"]


@pytest.mark.parametrize(
    ("services", "codes"),
    [
        (set(), []),
        ({"msiscsi"}, []),
        ({"clussvc"}, ["cluster_service"]),
        ({"dot3svc"}, ["wired_authentication"]),
        ({"clussvc", "dot3svc"}, ["cluster_service", "wired_authentication"]),
    ],
)
def test_what_running_services_mean(services: set[str], codes: list[str]) -> None:
    restarts = restarts_of(reading_of(*TWO), 1, 2)
    found = find_services(restarts, services)
    assert [(finding.adapter, finding.code) for finding in found] == [
        (name, code) for name in ("First", "Second") for code in codes
    ]


def session(target: str, address: str | None, connected: bool | None = True) -> Row:
    return {"TargetNodeAddress": target, "InitiatorPortalAddress": address, "IsConnected": connected}


def disks(rows: Any, connections: Any = (), adapters: tuple[FakeAdapter, ...] = TWO) -> dict[str, dict[str, Any]]:
    """What was seen, by adapter."""
    host = ScriptedHost({SESSIONS: rows, "MSFT_NetTCPConnection": connections})
    reading = reading_of(*adapters)
    found = find_iscsi_sessions(host.reader, reading, restarts_of(reading, 1, 2))
    assert {finding.code for finding in found} <= {"iscsi_session"}
    return {finding.adapter: dict(finding.seen) for finding in found}


def test_sessions_belong_to_the_adapter_of_their_address() -> None:
    rows = [session("iqn.b", FIRST), session("iqn.a", FIRST), session("iqn.c", SECOND)]
    assert disks(rows) == {
        "First": {"targets": ["iqn.a", "iqn.b"], "over_this_adapter": True},
        "Second": {"targets": ["iqn.c"], "over_this_adapter": True},
    }
    assert disks(rows[:2]) == {"First": {"targets": ["iqn.a", "iqn.b"], "over_this_adapter": True}}


def test_a_session_that_leaves_its_address_to_windows_is_found_by_its_connection() -> None:
    rows = [session("iqn.a", "0.0.0.0")]
    connection: Row = {"LocalAddress": SECOND, "LocalPort": 50000, "RemotePort": 3260, "State": 5}
    assert disks(rows, [connection]) == {"Second": {"targets": ["iqn.a"], "over_this_adapter": True}}
    unknown = {"targets": ["iqn.a"], "over_this_adapter": None}
    for useless in ({**connection, "State": 8}, {**connection, "RemotePort": 445}):
        assert disks(rows, [useless]) == {"First": unknown, "Second": unknown}
    assert disks(rows, DENIED) == {"First": unknown, "Second": unknown}


@pytest.mark.parametrize("address", [None, "", "203.0.113.77", "initiator.example"])
def test_a_session_of_which_nobody_knows_the_adapter(address: str | None) -> None:
    down = FakeAdapter(2, name="Second", address=SECOND, up=False)
    found = disks([session("iqn.a", address)], adapters=(TWO[0], down))
    assert found == {"First": {"targets": ["iqn.a"], "over_this_adapter": None}}


def test_known_and_unknown_sessions_together() -> None:
    found = disks([session("iqn.a", FIRST), session("iqn.b", "203.0.113.77")])
    assert found == {
        "First": {"targets": ["iqn.a", "iqn.b"], "over_this_adapter": True},
        "Second": {"targets": ["iqn.b"], "over_this_adapter": None},
    }


def test_sessions_that_are_not_connected() -> None:
    assert disks([session("iqn.a", FIRST, connected=False)]) == {}
    assert list(disks([session("iqn.a", FIRST, connected=None)])) == ["First"]


def test_many_targets() -> None:
    found = disks([session(f"iqn.{number:02}", FIRST) for number in range(25)])
    assert len(found["First"]["targets"]) == 10


@pytest.mark.parametrize(("answer", "codes"), [(NO_CLASS, []), (DENIED, ["access_denied"])])
def test_sessions_that_can_not_be_read(answer: Any, codes: list[str]) -> None:
    reader = ScriptedHost({SESSIONS: answer}).reader
    reading = reading_of()
    assert find_iscsi_sessions(reader, reading, restarts_of(reading)) == []
    assert [line.code for line in reader.not_read] == codes


GUEST = "00000000-0000-4000-8000-0000000000AB"
CARD = FakeAdapter(1, name="Card", bindings=["vms_pp"], above=[12])
PORT = FakeAdapter(2, name="vEthernet (LAN)", component="vms_mp", hardware=False, virtual=True)


def machine(name: str, state: int | None, identity: str = GUEST) -> Row:
    return {"Name": identity, "ElementName": name, "EnabledState": state, "Caption": "Virtueller Computer"}


def machines(rows: Any, *adapters: FakeAdapter) -> tuple[list[Finding], list[str], list[str]]:
    host = ScriptedHost({MACHINES: rows})
    reading, reader = reading_of(*adapters), host.reader
    found = find_virtual_machines(reader, reading, restarts_of(reading))
    return found, [line.code for line in reader.not_read], host.asked


def test_virtual_machines_that_run() -> None:
    rows = [machine("HOST", 2, "HOST"), machine("web", 2), machine("spare", 3), machine("db", 10)]
    ((finding,), unread, _asked) = machines(rows, CARD, PORT)
    assert (finding.code, finding.adapter, unread) == ("running_virtual_machines", "Card", [])
    assert finding.seen == {"virtual_machines": ["db", "web"], "count": 2, "switch": "vEthernet (LAN)"}
    assert finding.sentence.startswith("2 virtual machines run on the host, and the adapter feeds vEthernet (LAN)")


@pytest.mark.parametrize(("state", "found"), [(2, 1), (3, 0), (4, 1), (6, 0), (9, 0), (10, 1), (0, 1), (None, 1)])
def test_states_of_virtual_machines(state: int | None, found: int) -> None:
    assert len(machines([machine("", state)], CARD, PORT)[0]) == found


def test_nothing_is_asked_without_a_switch() -> None:
    assert machines([machine("web", 2)]) == ([], [], [])
    team = FakeAdapter(1, bindings=["ms_implat"])
    assert machines([machine("web", 2)], team) == ([], [], [])


@pytest.mark.parametrize(("answer", "codes"), [(NO_CLASS, []), (DENIED, ["access_denied"])])
def test_virtual_machines_that_can_not_be_read(answer: Any, codes: list[str]) -> None:
    assert machines(answer, CARD, PORT)[:2] == ([], codes)


def test_many_machines_with_names_of_their_own() -> None:
    rows = [machine(f"\x1b[31m{number:03}" + "n" * 500, 2) for number in range(30)]
    ((finding,), _unread, _asked) = machines(rows, CARD, PORT)
    assert finding.seen["count"] == 30
    assert len(finding.seen["virtual_machines"]) == 10
    assert all(len(name) <= 120 and "\x1b" not in name for name in finding.seen["virtual_machines"])
