# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_topology_adapters
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.restart import (
    Clock,
    Returned,
    await_return,
    request_restart,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    FakeAdapter,
    FakeHost,
    Refusal,
    fault,
    guid,
    lost,
    unreachable,
)
from tests.unit.plugins.plugin_utils._nic.faketime import FakeTime


def nonsense() -> WsmanProtocolError:
    return WsmanProtocolError("answer_not_xml", "host", "<", "XML", "Look.")


def adapter(host: FakeHost) -> Adapter:
    (found,) = read_topology_adapters(host.client)
    host.log.clear()
    return found


def wait(
    host: FakeHost,
    before: Adapter,
    time: FakeTime,
    *,
    seconds: float = 60,
    read: Callable[[], int] = lambda: 1,
    settled: Callable[[int], bool] = lambda reading: reading == 1,
) -> Returned[int]:
    return await_return(host.client, before, read, settled, deadline_seconds=seconds, clock=time.clock)


class Script:
    """Readings, and errors in between, one after the other; the last one stays."""

    def __init__(self, *steps: int | Callable[[], NicError]) -> None:
        self.steps = list(steps)
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if callable(step):
            raise step()
        return step


def test_a_restart_that_is_answered() -> None:
    host = FakeHost([FakeAdapter(1)])
    assert request_restart(host.client, adapter(host)) is True
    assert host.log == [f"Restart {guid(1)}"]
    assert host.reconnects == 0


@pytest.mark.parametrize("error", [lost, nonsense])
def test_a_lost_answer_leaves_open_what_happened(error: Callable[[], NicError]) -> None:
    host = FakeHost([FakeAdapter(1)], refusals=[Refusal("Restart", error, executed=True, times=9)])
    assert request_restart(host.client, adapter(host)) is False
    assert host.log == [f"Restart {guid(1)}"]
    assert host.reconnects == 1


def test_a_request_that_did_not_leave_is_no_restart() -> None:
    host = FakeHost([FakeAdapter(1)], refusals=[Refusal("Restart", unreachable)])
    with pytest.raises(HostUnreachable) as caught:
        request_restart(host.client, adapter(host))
    assert caught.value.code == "host_unreachable"
    assert host.adapters[0].restarts == 0


def test_a_restart_that_outlasts_the_operation_timeout_goes_on() -> None:
    host = FakeHost([FakeAdapter(1)], refusals=[Refusal("Restart", lambda: fault(fault_code=0x80338029))])
    assert request_restart(host.client, adapter(host)) is False
    assert host.reconnects == 0


def test_a_refusal_is_passed_on() -> None:
    host = FakeHost([FakeAdapter(1)], refusals=[Refusal("Restart", lambda: fault(cim_status=2))])
    with pytest.raises(WsmanFault) as caught:
        request_restart(host.client, adapter(host))
    assert caught.value.access_denied


def test_a_return_value_other_than_0_is_a_refusal() -> None:
    host = FakeHost([FakeAdapter(1)], return_codes={"Restart": 4})
    with pytest.raises(NicError) as caught:
        request_restart(host.client, adapter(host))
    assert (caught.value.code, caught.value.seen) == ("restart_refused", "Restart returned 4")


def test_a_host_that_is_back_at_once_is_not_waited_for() -> None:
    host, time = FakeHost([FakeAdapter(1)]), FakeTime()
    assert wait(host, adapter(host), time) == Returned(1, 1000.0)
    assert time.slept == []
    assert [line.split()[0] for line in host.log] == ["GetStringValue", "get"]


def test_pauses_grow_up_to_five_seconds() -> None:
    host, time = FakeHost([FakeAdapter(1)]), FakeTime()
    before = adapter(host)
    host.away = 6
    assert wait(host, before, time).at == 1017.5
    assert time.slept == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert host.reconnects == 6


def test_half_of_a_pause_is_random() -> None:
    host, time = FakeHost([FakeAdapter(1)]), FakeTime()
    before = adapter(host)
    host.away = 2
    clock = Clock(monotonic=time.clock.monotonic, sleep=time.sleep, random=lambda: 0.0)
    await_return(host.client, before, lambda: 1, bool, deadline_seconds=60, clock=clock)
    assert time.slept == [0.25, 0.5]


def test_a_host_that_stays_away_is_unreachable_at_the_deadline() -> None:
    host, time = FakeHost([FakeAdapter(1)]), FakeTime()
    before = adapter(host)
    host.away = 999
    with pytest.raises(HostUnreachable) as caught:
        wait(host, before, time, seconds=10)
    assert caught.value.code == "host_not_back"
    assert "refused" in caught.value.seen
    assert time.now == 1010.0
    assert time.slept[-1] == pytest.approx(2.5)


def test_polls_do_not_wait_long_and_are_not_repeated() -> None:
    class Polls(FakeHost):
        asked: list[tuple[object, object]]

        def invoke(self, *arguments: Any, **options: Any) -> Any:
            self.asked.append((options["read_only"], options["read_timeout_seconds"]))
            return super().invoke(*arguments, **options)

    host = Polls([FakeAdapter(1)])
    before = adapter(host)
    host.asked = []
    wait(host, before, FakeTime())
    assert host.asked == [(False, 5.0)]


@pytest.mark.parametrize("error", [nonsense, lambda: fault(fault_code=0x80338029), lambda: fault(hresult=0x80041004)])
def test_a_host_that_is_just_coming_back_may_say_so_in_any_way(error: Callable[[], NicError]) -> None:
    refusals = [Refusal("GetStringValue", error, times=2), Refusal("get MSFT", error, times=2)]
    host, time = FakeHost([FakeAdapter(1)], refusals=refusals), FakeTime()
    wait(host, adapter(host), time)
    assert time.slept == [0.5, 1.0, 0.5, 1.0]


def test_an_error_that_stays_is_passed_on_at_the_deadline() -> None:
    host = FakeHost([FakeAdapter(1)], refusals=[Refusal("GetStringValue", nonsense, times=99)])
    with pytest.raises(WsmanProtocolError):
        wait(host, adapter(host), FakeTime(), seconds=10)


@pytest.mark.parametrize("what", ["GetStringValue", "get MSFT"])
def test_access_that_is_denied_is_not_waited_for(what: str) -> None:
    host, time = FakeHost([FakeAdapter(1)], refusals=[Refusal(what, lambda: fault(fault_code=5), times=9)]), FakeTime()
    with pytest.raises(WsmanFault):
        wait(host, adapter(host), time)
    assert time.slept == []


class Rising(FakeHost):
    """Its adapter comes up after it was asked for a few times."""

    polls: int
    final: dict[str, Any]

    def get(self, *arguments: Any) -> Any:
        self.polls -= 1
        if self.polls == 0:
            for name, value in self.final.items():
                setattr(self.adapters[0], name, value)
        return super().get(*arguments)


def rising(polls: int, **final: Any) -> Rising:
    host = Rising([FakeAdapter(1)])
    host.polls, host.final = polls, final
    return host


def test_an_adapter_is_waited_for_until_it_is_up_again() -> None:
    host, time = rising(3, up=True, state=2), FakeTime()
    before = adapter(host)
    host.adapters[0].up, host.adapters[0].state = False, 3
    wait(host, before, time)
    assert time.slept == [0.5, 1.0]


def test_an_adapter_that_was_down_needs_to_be_started_only() -> None:
    host, time = rising(3, state=2), FakeTime()
    host.adapters[0].up = False
    before = adapter(host)
    host.adapters[0].state = 3
    wait(host, before, time)
    assert time.slept == [0.5, 1.0]
    assert host.adapters[0].up is False


def test_an_adapter_that_does_not_come_up_is_an_error() -> None:
    host = FakeHost([FakeAdapter(1)])
    before = adapter(host)
    host.adapters[0].up = False
    with pytest.raises(NicError) as caught:
        wait(host, before, FakeTime(), seconds=10)
    assert (caught.value.code, caught.value.seen) == (
        "adapter_not_back",
        "up: False, started: True, since its restart",
    )
    assert not isinstance(caught.value, HostUnreachable)


def test_an_adapter_that_is_gone_is_an_error() -> None:
    host = FakeHost([FakeAdapter(1)])
    before = adapter(host)
    host.adapters.clear()
    with pytest.raises(NicError) as caught:
        wait(host, before, FakeTime(), seconds=10)
    assert (caught.value.code, caught.value.seen) == ("adapter_not_back", "missing")


def test_a_host_that_goes_away_once_more_is_waited_for() -> None:
    host, time = FakeHost([FakeAdapter(1)], refusals=[Refusal("get MSFT", lost, times=2)]), FakeTime()
    wait(host, adapter(host), time)
    assert host.reconnects == 2
    assert time.slept == [0.5, 0.5]


def test_a_host_that_goes_away_for_good_while_the_adapter_comes_up_is_unreachable() -> None:
    host, time = FakeHost([FakeAdapter(1)], refusals=[Refusal("get MSFT", lost, times=99)]), FakeTime()
    with pytest.raises(HostUnreachable) as caught:
        wait(host, adapter(host), time, seconds=10)
    assert caught.value.code == "host_not_back"
    assert time.now == 1010.0


def test_a_driver_that_follows_late_is_read_again() -> None:
    host, time, read = FakeHost([FakeAdapter(1)]), FakeTime(), Script(3, 3, 1)
    assert wait(host, adapter(host), time, read=read) == Returned(1, 1001.5)
    assert (time.slept, read.asked) == ([0.5, 1.0], 3)


def test_a_driver_that_does_not_follow_has_ten_seconds() -> None:
    host, time, read = FakeHost([FakeAdapter(1)]), FakeTime(), Script(3)
    assert wait(host, adapter(host), time, read=read) == Returned(3, 1000.0)
    assert time.slept == [0.5, 1.0, 2.0, 4.0, 5.0]
    assert read.asked == 6


def test_a_driver_has_no_longer_than_the_deadline() -> None:
    host, time, read = FakeHost([FakeAdapter(1)]), FakeTime(), Script(3)
    assert wait(host, adapter(host), time, seconds=2, read=read) == Returned(3, 1000.0)
    assert sum(time.slept) == 2.0


def test_a_restart_that_begins_after_its_answer_is_waited_for() -> None:
    """The host still answers, then goes away, and comes back with the new value."""
    host, time = FakeHost([FakeAdapter(1)]), FakeTime()
    before = adapter(host)
    read = Script(3, lost, 1)

    def reading() -> int:
        if read.asked == 1:
            host.away = 2
        return read()

    assert wait(host, before, time, read=reading) == Returned(1, 1004.0)
    assert time.slept == [0.5, 0.5, 1.0, 2.0]
    assert host.reconnects == 3


@pytest.mark.parametrize("error", [nonsense, lambda: fault(fault_code=0x80338029)])
def test_a_reading_that_fails_is_made_again(error: Callable[[], NicError]) -> None:
    host, time, read = FakeHost([FakeAdapter(1)]), FakeTime(), Script(error, error, 1)
    assert wait(host, adapter(host), time, read=read) == Returned(1, 1001.5)
    assert host.reconnects == 0


@pytest.mark.parametrize(("error", "kind"), [(nonsense, WsmanProtocolError), (lambda: fault(fault_code=5), WsmanFault)])
def test_a_reading_that_keeps_failing_is_an_error(error: Callable[[], NicError], kind: type[NicError]) -> None:
    host, time, read = FakeHost([FakeAdapter(1)]), FakeTime(), Script(error)
    with pytest.raises(kind):
        wait(host, adapter(host), time, seconds=10, read=read)
    assert sum(time.slept) == (10.0 if kind is WsmanProtocolError else 0.0)


def test_without_a_clock_the_real_one_is_taken() -> None:
    host = FakeHost([FakeAdapter(1)])
    assert await_return(host.client, adapter(host), lambda: 1, bool, deadline_seconds=5).reading == 1
    assert Clock().monotonic() <= Clock().monotonic()
