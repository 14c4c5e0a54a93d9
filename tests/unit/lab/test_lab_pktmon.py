# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PktMon of a machine: captures and filters, and the events of a datagram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.frames import Datagram, ipv4_packet, spoiled
from tests.lab.machine import Machine
from tests.lab.pktmon import OUR_FILE, OURS, PktMonFailed
from tests.lab.pktmonevents import Event
from tests.unit.lab.machines import I211, machine_of

BMC = "127.2.0.1"
LOCAL = ("127.1.0.1", 50_000)
REQUEST = Datagram(*LOCAL, BMC, 623, b"request of some length")
REPLY = Datagram(BMC, 623, *LOCAL, b"reply of some length")


def capturing(directory: Path, packet_bytes: int = 0, **kind: Any) -> Machine:
    """A machine that captures what its BMC and it say to each other."""
    link = {"bmc": {"behaviour": "smdc"}, "neighbour": "resolved"}
    machine = machine_of(directory, **({"bmcs": [link]} | kind))
    machine.pktmon.add_filter(OURS, BMC, 623)
    machine.pktmon.start(OUR_FILE, packet_bytes)
    machine.stack.open(LOCAL)
    return machine


def send(machine: Machine) -> None:
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    machine.stack.sends(hop, REQUEST)


def recorded(machine: Machine) -> list[Event]:
    machine.pktmon.stop()
    return machine.pktmon.files[OUR_FILE]


def of(events: list[Event], *numbers: int) -> list[tuple[Any, ...]]:
    return [event.values for event in events if event.id in numbers]


@pytest.mark.parametrize(
    ("product", "grammar"),
    [
        ("server-2012r2", "none"),
        ("server-2019", "etw"),
        ("windows-10", "capture"),
        ("windows-11", "capture"),
        ("server-2022", "capture"),
        ("server-2025", "capture"),
    ],
)
def test_grammar_by_product(tmp_path: Path, product: str, grammar: str) -> None:
    assert machine_of(tmp_path, system={"product": product}).pktmon.grammar == grammar
    updated = machine_of(tmp_path, system={"product": product, "pktmon": {"grammar": "capture"}})
    assert updated.pktmon.grammar == "capture"


def test_one_capture_at_a_time(tmp_path: Path) -> None:
    pktmon = machine_of(tmp_path, system={"pktmon": {"capture": "foreign"}}).pktmon
    with pytest.raises(PktMonFailed):
        pktmon.start(OUR_FILE, 0)
    assert pktmon.snapshot()["capture"] == "foreign"
    pktmon.stop()
    pktmon.start(OUR_FILE, 0)
    assert (pktmon.snapshot()["capture"], pktmon.captures) == ("ours", 1)
    with pytest.raises(PktMonFailed):
        pktmon.delete(OUR_FILE)
    pktmon.stop()
    with pytest.raises(PktMonFailed):
        pktmon.stop()
    pktmon.delete(OUR_FILE)
    assert pktmon.snapshot()["files"] == []


def test_filters_go_all_at_once(tmp_path: Path) -> None:
    pktmon = machine_of(tmp_path, system={"pktmon": {"filters": 31}}).pktmon
    pktmon.add_filter(OURS, BMC, 623)
    with pytest.raises(PktMonFailed):
        pktmon.add_filter(OURS, BMC, 623)
    pktmon.remove_filters()
    assert pktmon.snapshot()["filters"] == []


def test_what_a_killed_run_has_left_until_the_machine_reboots(tmp_path: Path) -> None:
    pktmon = machine_of(tmp_path, system={"pktmon": {"capture": "ours"}}).pktmon
    left = {"capture": "ours", "filters": [OURS], "files": [OUR_FILE]}
    assert left.items() <= pktmon.snapshot().items()
    pktmon.power_off()
    assert {"capture": None, "filters": [], "files": [OUR_FILE]}.items() <= pktmon.snapshot().items()


@pytest.mark.parametrize("step", ["filter_add", "start", "stop", "filter_remove", "delete"])
def test_steps_that_fail(tmp_path: Path, step: str) -> None:
    pktmon = machine_of(tmp_path, system={"pktmon": {"fails": step}}).pktmon
    failed = []
    for name, do in {
        "filter_add": lambda: pktmon.add_filter(OURS, BMC, 623),
        "start": lambda: pktmon.start(OUR_FILE, 0),
        "stop": pktmon.stop,
        "filter_remove": pktmon.remove_filters,
        "delete": lambda: pktmon.delete(OUR_FILE),
    }.items():
        try:
            do()
        except PktMonFailed:
            failed.append(name)
    assert failed == {"start": ["start", "stop"], "stop": ["stop", "delete"]}.get(step, [step])


@pytest.mark.parametrize(("address", "port"), [("127.2.0.2", 623), (BMC, 624)])
def test_what_the_filters_do_not_let_through(tmp_path: Path, address: str, port: int) -> None:
    machine = capturing(tmp_path)
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    machine.stack.sends(hop, Datagram(*LOCAL, address, port, b"x"))
    assert of(recorded(machine), 160, 170) == []


def test_a_reply_on_its_way_up(tmp_path: Path) -> None:
    """One packet at every component, in one group, with rising appearances, as Ethernet; dropped as bare IP."""
    machine = capturing(tmp_path)
    assert not machine.receives(REPLY)
    events = recorded(machine)
    packets, (drop,) = of(events, 160), of(events, 170)
    assert len(packets) == 6
    assert {packet[0] for packet in packets} == {drop[0]}
    assert [packet[2] for packet in packets] == [1, 2, 3, 4, 5, 6]
    assert {(packet[3], packet[4]) for packet in packets} == {(3, 1)}
    components = [packet[5] for packet in packets]
    assert components == sorted(components)
    assert (drop[2], drop[3], drop[4], drop[8], drop[9]) == (0, 3, 3, 1203, 0xE000460A - 2**32)
    assert drop[5] == components[-1] + 1
    raw = ipv4_packet(REPLY)
    assert {packet[12][14:34] for packet in packets} == {raw[:20]}
    assert (drop[10], drop[11], drop[12]) == (len(raw), len(raw), raw)
    assert {metadata[10] for metadata in of(events, 180, 190)} == {0x22}
    assert {len(metadata) for metadata in of(events, 180, 190)} == {22}


def test_a_request_on_its_way_down(tmp_path: Path) -> None:
    machine = capturing(tmp_path)
    send(machine)
    events = recorded(machine)
    packets = of(events, 160)
    assert [packet[5] for packet in packets] == sorted((packet[5] for packet in packets), reverse=True)
    assert {(packet[3], packet[4], packet[8]) for packet in packets} == {(4, 1, 0)}
    assert {metadata[10] for metadata in of(events, 180)} == {0x19}
    assert of(events, 170, 190) == []


def test_components_come_at_the_end_in_the_language_of_the_machine(tmp_path: Path) -> None:
    texts = {}
    for language in ("en", "de", "zh"):
        machine = capturing(tmp_path, system={"language": language})
        send(machine)
        events = recorded(machine)
        assert [event.id == 20 for event in events] == sorted(event.id == 20 for event in events)
        rows = of(events, 20)
        assert [(row[1], row[2]) for row in rows] == [
            (2, "e1r68x64.sys"),
            (3, "wfplwfs.sys"),
            (3, "pacer.sys"),
            (4, "tcpip.sys"),
            (11, "tcpip.sys"),
        ]
        texts[language] = [row[3] for row in rows]
    assert texts["de"][2] == "QoS-Paketplaner"
    assert texts["zh"][2] == "QoS 数据包计划程序"
    assert texts["en"][0] == texts["de"][0] == texts["zh"][0]


def test_components_are_numbered_anew_after_a_restart(tmp_path: Path) -> None:
    machine = capturing(tmp_path)
    send(machine)
    first = {row[0] for row in of(recorded(machine), 20)}
    next(one for one in machine.adapters if one.spec is not None).restarts += 1
    machine.pktmon.delete(OUR_FILE)
    machine.pktmon.start(OUR_FILE, 0)
    send(machine)
    assert first.isdisjoint(row[0] for row in of(recorded(machine), 20))


@pytest.mark.parametrize(
    ("pktmon", "kinds", "verdicts"),
    [
        ({"metadata": "absent"}, {160, 170, 20}, set()),
        ({"metadata": "cleared_at_drop"}, {160, 170, 180, 190, 20}, {(180, 0x22), (190, 0)}),
        ({"duplicate_drops": True}, {160, 170, 180, 190, 240, 20}, {(180, 0x22), (190, 0x22)}),
        ({"events": "none"}, set(), set()),
        ({"keeps_last": 2}, {170, 190, 20}, {(190, 0x22)}),
    ],
)
def test_events_that_are_hard_to_read(
    tmp_path: Path, pktmon: dict[str, Any], kinds: set[int], verdicts: set[tuple[int, int]]
) -> None:
    machine = capturing(tmp_path, system={"pktmon": pktmon})
    machine.receives(REPLY)
    events = recorded(machine)
    assert {event.id for event in events} == kinds
    assert {(event.id, event.values[10]) for event in events if event.id in (180, 190)} == verdicts


@pytest.mark.parametrize(("where", "same"), [("same", True), ("own", False)])
def test_group_of_a_drop(tmp_path: Path, where: str, same: bool) -> None:
    machine = capturing(tmp_path, system={"pktmon": {"drop_group": where}})
    machine.receives(REPLY)
    events = recorded(machine)
    assert ({row[0] for row in of(events, 170, 190)} == {row[0] for row in of(events, 160, 180)}) is same


@pytest.mark.parametrize(("asked", "limit", "logged"), [(0, None, 62), (40, None, 40), (0, 50, 50), (40, 50, 40)])
def test_packets_that_are_cut(tmp_path: Path, asked: int, limit: int | None, logged: int) -> None:
    machine = capturing(tmp_path, asked, system={"pktmon": {"logged_bytes": limit}})
    machine.receives(REPLY)
    packet = of(recorded(machine), 160)[0]
    assert (packet[10], packet[11], len(packet[12])) == (14 + 20 + 8 + len(REPLY.payload), logged, logged)


def test_vlan_tag_and_padding(tmp_path: Path) -> None:
    machine = capturing(tmp_path, system={"pktmon": {"vlan": 42}})
    machine.receives(Datagram(BMC, 623, *LOCAL, b"x"))
    packet = of(recorded(machine), 160)[0][12]
    assert packet[12:18] == bytes.fromhex("8100002a0800")
    assert (len(packet), packet[-1:]) == (60, b"\0")


def test_frames_of_a_wireless_adapter(tmp_path: Path) -> None:
    machine = capturing(tmp_path, adapters=[{"model": "killer-1525", "network": 1}])
    machine.receives(spoiled(REPLY, "wrong_checksum"))
    events = recorded(machine)
    assert [packet[4] for packet in of(events, 160)] == [2, 2, 1, 1, 1, 1, 1, 1]
    assert of(events, 160)[0][12][:2] == bytes.fromhex("0802")
    assert of(events, 170)[0][8] == 1203
    assert {metadata[10] for metadata in of(events, 180, 190)} == {0}


def test_a_reply_through_a_virtual_switch_and_a_foreign_filter(tmp_path: Path) -> None:
    adapters = [
        {"model": "hyperv-vnic", "network": 1, "name": "vEthernet (LAN)", "above": ["Ethernet"]},
        I211 | {"network": None, "name": "Ethernet"},
    ]
    machine = capturing(tmp_path, adapters=adapters, system={"npcap": {"version": "1.79"}})
    machine.receives(REPLY)
    events = recorded(machine)
    assert [row[2] for row in of(events, 20)] == [
        "e1r68x64.sys",
        "wfplwfs.sys",
        "npcap.sys",
        "pacer.sys",
        "vmswitch.sys",
        "vmswitch.sys",
        "VmsProxyHNic.sys",
        "tcpip.sys",
        "tcpip.sys",
    ]
    assert of(events, 180)[0][10] == 0x22
    assert of(events, 170)[0][8] == 1203


def test_a_capture_of_somebody_else_records_nothing_for_us(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, bmcs=[{"bmc": {}}], system={"pktmon": {"capture": "foreign"}})
    machine.receives(REPLY)
    assert machine.pktmon.files == {}
