# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import (
    LEAST_ATTEMPTS,
    MOST_ATTEMPTS,
    Target,
    Timing,
    schedules,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL, First

TARGET = Target("192.0.2.9", 623, sacrifice=False)


def test_the_usual_timing_is_three_attempts_a_second_apart() -> None:
    assert Timing() == Timing(attempts=3, interval_ms=1000, wait_ms=2000)
    assert (LEAST_ATTEMPTS, MOST_ATTEMPTS) == (3, 10)


def test_each_attempt_is_one_interval_after_the_other() -> None:
    (schedule,) = schedules([TARGET], PROTOCOL, Timing(4, 300, 2000), First())
    assert [(send.after_ms, send.payload) for send in schedule.sends] == [
        (0, b"\xa5\x01"),
        (300, b"\xa5\x02"),
        (600, b"\xa5\x03"),
        (900, b"\xa5\x04"),
    ]
    assert {(send.address, send.port) for send in schedule.sends} == {("192.0.2.9", 623)}
    assert schedule.owners == ((0, 0), (0, 1), (0, 2), (0, 3))
    assert schedule.plans[0].asked_ms == ((0,), (300,), (600,), (900,))


def test_several_questions_of_an_attempt_share_its_interval() -> None:
    (schedule,) = schedules([TARGET], BmcProtocol(), Timing(3, 1001, 2000), First())
    assert schedule.plans[0].asked_ms == ((0, 500), (1001, 1501), (2002, 2502))
    assert schedule.owners == ((0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (0, 2))


def test_a_sacrificed_datagram_goes_one_interval_ahead_and_belongs_to_no_attempt() -> None:
    (schedule,) = schedules([Target("192.0.2.9", 623, sacrifice=True)], PROTOCOL, Timing(3, 400, 2000), First())
    assert [(send.after_ms, send.payload) for send in schedule.sends][:2] == [(0, b"\xa5\x00"), (400, b"\xa5\x01")]
    assert schedule.owners == ((0, None), (0, 0), (0, 1), (0, 2))
    assert schedule.plans[0].asked_ms == ((400,), (800,), (1200,))


def test_targets_are_asked_a_little_apart_in_one_exchange() -> None:
    targets = [TARGET, Target("192.0.2.10", 1623, sacrifice=True)]
    (schedule,) = schedules(targets, PROTOCOL, Timing(3, 1000, 2000), First())
    assert [(send.address, send.port, send.after_ms) for send in schedule.sends][:4] == [
        ("192.0.2.9", 623, 0),
        ("192.0.2.10", 1623, 10),
        ("192.0.2.9", 623, 1000),
        ("192.0.2.10", 1623, 1010),
    ]
    assert schedule.owners[:4] == ((0, 0), (1, None), (0, 1), (1, 0))


@pytest.mark.parametrize(
    ("protocol", "targets", "attempts", "exchanges"),
    [
        (BmcProtocol(), 0, 3, []),
        (BmcProtocol(), 1, 3, [1]),
        (BmcProtocol(), 28, 3, [28]),
        (BmcProtocol(), 29, 3, [28, 1]),
        (BmcProtocol(), 9, 10, [9]),
        (BmcProtocol(), 10, 10, [9, 1]),
        (PROTOCOL, 50, 3, [50]),
        (PROTOCOL, 51, 3, [50, 1]),
        (PROTOCOL, 19, 10, [18, 1]),
    ],
)
def test_an_exchange_has_at_most_200_datagrams(
    protocol: BmcProtocol, targets: int, attempts: int, exchanges: list[int]
) -> None:
    many = [Target(f"192.0.2.{number}", 623, sacrifice=True) for number in range(targets)]
    planned = schedules(many, protocol, Timing(attempts, 1000, 2000), First())
    assert [len(schedule.plans) for schedule in planned] == exchanges
    assert all(len(schedule.sends) <= 200 for schedule in planned)
    assert [plan.target for schedule in planned for plan in schedule.plans] == many
    for schedule in planned:
        times = [send.after_ms for send in schedule.sends]
        assert times == sorted(times)
