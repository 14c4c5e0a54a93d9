# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who drops a reply on its way up a machine: driver, stack, firewall, nobody; and what a watcher sees of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.frames import Datagram, Replies, spoiled
from tests.lab.machine import Machine
from tests.lab.network import Delivery
from tests.lab.udpstack import Drop, Passage
from tests.unit.lab.machines import I211, hears, machine_of

BMC = "127.2.0.1"
HOST = "127.1.0.1"
LOCAL = (HOST, 50_000)
I219 = {"model": "intel-i219", "network": 1}


class Seen(list[Passage]):
    """A watcher that keeps what it saw."""

    def saw(self, passage: Passage) -> None:
        self.append(passage)


def asked(directory: Path, bmc: dict[str, Any] | None = None, **kind: Any) -> tuple[Machine, Seen]:
    """A machine with one open socket that has asked its BMC, and what passes from now on."""
    link = {"bmc": bmc or {}, "neighbour": "resolved"} | kind.pop("link", {})
    machine = machine_of(directory, **({"bmcs": [link], "adapters": [I219]} | kind))
    machine.stack.open(LOCAL)
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    machine.stack.sends(hop, Datagram(*LOCAL, BMC, 623, b"request"))
    seen = machine.stack.watcher = Seen()
    return machine, seen


def reply(state: Replies = "whole", port: int = 623, source: str = BMC) -> Datagram:
    return spoiled(Datagram(source, port, *LOCAL, b"reply"), state)


@pytest.mark.parametrize(
    ("adapter", "bmc", "state", "seen_as"),
    [
        (I219, {}, "whole", (0x30, None)),
        (I219 | {"configured": "tx"}, {}, "whole", (0x00, None)),
        (I211, {"behaviour": "smdc"}, "whole", (0x22, Drop.CHECKSUM_INVALID)),
        (I211 | {"configured": "tx"}, {"behaviour": "smdc"}, "whole", (0x00, None)),
        (I211 | {"configured": "tx", "receive_fault": "always"}, {"behaviour": "smdc"}, "whole", (0x22, 1203)),
        (I219, {}, "wrong_checksum", (0x22, Drop.CHECKSUM_INVALID)),
        (I219 | {"configured": "tx"}, {}, "damaged_payload", (0x00, Drop.CHECKSUM_INVALID)),
        (I219, {}, "no_checksum", (0x20, None)),
        (I211, {"behaviour": "smdc"}, "no_checksum", (0x22, Drop.CHECKSUM_INVALID)),
        ({"model": "killer-1525", "network": 1}, {}, "wrong_checksum", (0x00, Drop.CHECKSUM_INVALID)),
    ],
)
def test_verdict_of_the_driver_and_what_becomes_of_it(
    tmp_path: Path, adapter: dict[str, Any], bmc: dict[str, Any], state: Replies, seen_as: tuple[int, int | None]
) -> None:
    checksum, drop = seen_as
    machine, seen = asked(tmp_path, bmc, adapters=[adapter])
    errors = machine.udp.errors
    assert machine.receives(reply(state)) is (drop is None)
    (passage,) = seen
    assert (passage.checksum, passage.drop, passage.received) == (checksum, drop, True)
    assert (machine.udp.errors - errors, machine.udp.received) == ((0, 1) if drop is None else (1, 0))


def test_a_reply_after_the_socket_was_closed(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path)
    machine.stack.close(LOCAL)
    assert not machine.receives(reply())
    assert seen[0].drop is Drop.ENDPOINT_NOT_FOUND
    assert (machine.udp.no_port, machine.udp.received) == (1, 0)


def test_what_waits_for_a_socket_to_be_closed(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path)

    def answer() -> None:
        machine.receives(reply())

    for local in (LOCAL, (HOST, 50_001), ("127.0.0.1", 50_000)):
        machine.network.once_closed(local, answer)
    machine.stack.close((HOST, 50_001))
    assert seen == [], "nobody had opened it"
    machine.stack.close(LOCAL)
    machine.stack.close(LOCAL)
    assert [passage.drop for passage in seen] == [Drop.ENDPOINT_NOT_FOUND], "once"


def test_a_program_in_the_filtering_platform(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path, system={"inspection": "drops_replies"})
    assert not machine.receives(reply())
    assert seen[0].drop is Drop.RECEIVE_INSPECTION
    assert machine.udp.errors == machine.host.system.udp_errors, "no error of the datagram"


def test_a_drop_for_whatever_reason(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path, system={"drops_replies_for": 1206})
    assert not machine.receives(reply())
    assert seen[0].drop == 1206
    machine.stack.close(LOCAL)
    assert not machine.receives(reply())
    assert seen[1].drop is Drop.ENDPOINT_NOT_FOUND
    assert machine.udp.errors == machine.host.system.udp_errors, "no error of the datagram"


@pytest.mark.parametrize(
    ("firewall", "let_in"),
    [
        ({}, False),
        ({"private": {"inbound": "block"}}, False),
        ({"private": {"inbound": "allow"}}, True),
        ({"private": {"enabled": False}}, True),
        ({"public": {"inbound": "allow"}}, False),
    ],
)
@pytest.mark.parametrize(("source", "port"), [(BMC, 624), ("127.3.0.1", 623)])
def test_an_answer_from_elsewhere(
    tmp_path: Path, firewall: dict[str, Any], source: str, port: int, let_in: bool
) -> None:
    machine, seen = asked(tmp_path, system={"firewall": firewall})
    assert machine.receives(reply(port=port, source=source)) is let_in
    assert seen[0].drop is (None if let_in else Drop.RECEIVE_INSPECTION)


@pytest.mark.parametrize(
    ("system", "blocked"),
    [
        ({}, False),
        ({"outbound_firewall": "block"}, True),
        ({"firewall": {"private": {"outbound": "block"}}}, True),
        ({"firewall": {"private": {"outbound": "block", "enabled": False}}}, False),
        ({"firewall": {"domain": {"outbound": "block"}}}, False),
        ({"firewall": {"domain": {"outbound": "block"}}, "domain": "corp.example"}, True),
    ],
)
def test_who_may_send(tmp_path: Path, system: dict[str, Any], blocked: bool) -> None:
    machine = machine_of(tmp_path, system=system)
    adapter = next(one for one in machine.adapters if one.spec is not None)
    assert machine.stack.blocks_outbound(adapter) is blocked


def test_what_leaves_is_seen_with_the_sum_left_to_the_adapter(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path)
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    assert machine.stack.sends(hop, Datagram(*LOCAL, BMC, 623, b"again")) is Delivery.DELIVERED
    (passage,) = seen
    assert (passage.received, passage.unfinished, passage.checksum) == (False, True, 0x19)
    assert (passage.datagram.ttl, passage.datagram.identification) == (128, 2)
    assert passage.peer_mac == machine.host.bmcs[0][1].mac


def test_what_can_not_leave_is_dropped_for_want_of_a_neighbour(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path, link={"neighbour": "never"})
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    assert machine.stack.sends(hop, Datagram(*LOCAL, BMC, 623, b"again")) is Delivery.LOST
    assert [passage.drop for passage in seen] == [Drop.ADDRESS_RESOLUTION_TIMEOUT]


def test_a_datagram_that_asks_for_the_neighbour_is_lost_unseen(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, bmcs=[{"bmc": {}}])
    seen = machine.stack.watcher = Seen()
    hop = machine.surroundings.hop(BMC, None)
    assert hop is not None
    assert machine.stack.sends(hop, Datagram(*LOCAL, BMC, 623, b"x")) is Delivery.LOST
    assert seen == []


def test_an_old_card_answers_in_the_packet_it_was_asked_with(tmp_path: Path) -> None:
    machine, seen = asked(tmp_path, {"behaviour": "smdc"})
    machine.receives(Datagram(BMC, 623, *LOCAL, b"reply", identification=9))
    assert seen[0].datagram.identification == 1
    modern, others = asked(tmp_path, {"behaviour": "ipmi20"})
    modern.receives(Datagram(BMC, 623, *LOCAL, b"reply", identification=9))
    assert others[0].datagram.identification == 9


def test_damage_on_the_way_to_one_machine(tmp_path: Path) -> None:
    machine, _seen = asked(tmp_path, link={"replies": "damaged_payload"})
    plan = machine.host.bmcs[0][1]
    network = machine.network
    assert network.state_of_replies(plan, HOST) == "damaged_payload"
    assert network.state_of_replies(plan, "127.0.0.1") == "whole"
    assert (network.is_machine(HOST), network.is_machine("127.0.0.1")) == (True, False)


def test_the_socket_and_the_counters_are_gone_after_a_reboot(tmp_path: Path) -> None:
    machine, _seen = asked(tmp_path)
    assert machine.stack.sockets == [LOCAL]
    machine.stack.power_off()
    assert (machine.stack.sockets, machine.udp.sent) == ([], 0)


@pytest.mark.parametrize(
    ("npcap", "heard"),
    [
        ({"version": "0.93"}, True),
        ({"version": "0.10 r7"}, True),
        ({"version": "0.93", "runs": False}, False),
        ({"version": "0.93", "bound": False}, False),
        ({"version": "0.94"}, False),
        ({"version": "0.99-r7"}, False),
        ({"version": "0.9994"}, False),
        ({"version": "1.79"}, False),
    ],
)
def test_old_npcap_hides_the_fault(tmp_path: Path, npcap: dict[str, Any], heard: bool) -> None:
    machine = machine_of(tmp_path, bmcs=[{"bmc": {"behaviour": "smdc"}}], system={"npcap": npcap})
    assert hears(machine, BMC) is heard
