# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    CapabilitiesRequest,
    PresencePing,
    unpack,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import (
    LEAST_ATTEMPTS,
    MOST_ATTEMPTS,
    Target,
    Timing,
    schedules,
)

TARGET = Target("192.0.2.9", 623, sacrifice=False)


class Fixed:
    """Gives the same numbers again and again."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers
        self.asked: list[int] = []

    def randrange(self, stop: int, /) -> int:
        self.asked.append(stop)
        return self.numbers[(len(self.asked) - 1) % len(self.numbers)]


def test_the_usual_timing_is_three_attempts_a_second_apart() -> None:
    assert Timing() == Timing(attempts=3, interval_ms=1000, wait_ms=2000)
    assert (LEAST_ATTEMPTS, MOST_ATTEMPTS) == (3, 10)


def test_each_attempt_is_a_request_and_half_an_interval_later_a_ping() -> None:
    (schedule,) = schedules([TARGET], Timing(3, 1000, 2000), Fixed(62, 253))
    assert [(send.after_ms, unpack(send.payload)) for send in schedule.sends] == [
        (0, CapabilitiesRequest(62, extended=True)),
        (500, PresencePing(253)),
        (1000, CapabilitiesRequest(63, extended=False)),
        (1500, PresencePing(254)),
        (2000, CapabilitiesRequest(0, extended=True)),
        (2500, PresencePing(0)),
    ]
    assert {(send.address, send.port) for send in schedule.sends} == {("192.0.2.9", 623)}
    assert schedule.owners == ((0, 0), (0, 0), (0, 1), (0, 1), (0, 2), (0, 2))


def test_a_sacrificed_ping_goes_one_interval_ahead_with_a_tag_of_its_own() -> None:
    (schedule,) = schedules([Target("192.0.2.9", 623, sacrifice=True)], Timing(3, 400, 2000), Fixed(0, 10))
    assert [(send.after_ms, unpack(send.payload)) for send in schedule.sends][:3] == [
        (0, PresencePing(13)),
        (400, CapabilitiesRequest(0, extended=True)),
        (600, PresencePing(10)),
    ]
    assert schedule.owners[:3] == ((0, None), (0, 0), (0, 0))
    assert len(schedule.sends) == 7


def test_the_start_is_drawn_for_each_target_over_the_whole_range() -> None:
    source = Fixed(1, 2, 3, 4)
    (schedule,) = schedules([TARGET, Target("192.0.2.10", 623, sacrifice=False)], Timing(), source)
    assert source.asked == [64, 255, 64, 255]
    assert [(plan.attempts[0].sequence, plan.attempts[0].tag) for plan in schedule.plans] == [(1, 2), (3, 4)]


def test_targets_are_asked_a_little_apart_in_one_exchange() -> None:
    targets = [TARGET, Target("192.0.2.10", 1623, sacrifice=True)]
    (schedule,) = schedules(targets, Timing(3, 1000, 2000), Fixed(0))
    assert [(send.address, send.port, send.after_ms) for send in schedule.sends][:5] == [
        ("192.0.2.9", 623, 0),
        ("192.0.2.10", 1623, 10),
        ("192.0.2.9", 623, 500),
        ("192.0.2.9", 623, 1000),
        ("192.0.2.10", 1623, 1010),
    ]
    assert schedule.owners[:5] == ((0, 0), (1, None), (0, 0), (0, 1), (1, 0))


@pytest.mark.parametrize(
    ("targets", "attempts", "exchanges"),
    [(0, 3, []), (1, 3, [1]), (28, 3, [28]), (29, 3, [28, 1]), (9, 10, [9]), (10, 10, [9, 1])],
)
def test_an_exchange_has_at_most_200_datagrams(targets: int, attempts: int, exchanges: list[int]) -> None:
    many = [Target(f"192.0.2.{number}", 623, sacrifice=True) for number in range(targets)]
    planned = schedules(many, Timing(attempts, 1000, 2000), Fixed(0))
    assert [len(schedule.plans) for schedule in planned] == exchanges
    assert all(len(schedule.sends) <= 200 for schedule in planned)
    assert [plan.target for schedule in planned for plan in schedule.plans] == many


@given(st.integers(), st.integers(3, 10), st.integers(100, 5000), st.lists(st.booleans(), min_size=1, max_size=5))
def test_no_two_questions_to_a_target_look_the_same(
    seed: int, attempts: int, interval_ms: int, sacrifices: list[bool]
) -> None:
    targets = [Target(f"192.0.2.{number}", 623, each) for number, each in enumerate(sacrifices)]
    timing = Timing(attempts, interval_ms, 2000)
    for schedule in schedules(targets, timing, random.Random(seed)):
        assert [send.after_ms for send in schedule.sends] == sorted(send.after_ms for send in schedule.sends)
        assert len(schedule.owners) == len(schedule.sends)
        for position, plan in enumerate(schedule.plans):
            own = [send for send, owner in zip(schedule.sends, schedule.owners, strict=True) if owner[0] == position]
            assert len({send.payload for send in own}) == len(own) == 2 * attempts + plan.target.sacrifice
            assert {send.address for send in own} == {plan.target.address}
            assert {plan.sacrifice_tag}.isdisjoint(attempt.tag for attempt in plan.attempts)
            gaps = {
                later.request_after_ms - earlier.request_after_ms
                for earlier, later in zip(plan.attempts, plan.attempts[1:], strict=False)
            }
            assert gaps == {interval_ms}
