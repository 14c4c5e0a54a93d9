# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    Fault,
    Reply,
    SocketError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.judge import Judgement, judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import ANSWERS, Outcome, best
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import (
    Schedule,
    Target,
    Timing,
    schedules,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL, First

ADDRESS = "192.0.2.9"


def plan(*, sacrifice: bool = False, targets: int = 1) -> Schedule:
    """Three attempts with the numbers 1, 2, 3 at 0, 1000, 2000 ms, an interval later behind a sacrificed datagram."""
    chosen = [Target(f"192.0.2.{9 + number}", 623, sacrifice) for number in range(targets)]
    (schedule,) = schedules(chosen, PROTOCOL, Timing(3, 1000, 2000), First())
    return schedule


def answer(number: int) -> bytes:
    return bytes((0x5A, number))


def reply(send: int, payload: bytes, ms: float, address: str = ADDRESS, port: int = 623) -> Reply:
    return Reply(send, payload, address, port, ms)


def judged(*replies: Reply, errors: tuple[SocketError, ...] = (), schedule: Schedule | None = None) -> Judgement:
    (judgement,) = judge(schedule or plan(), Exchanged(replies, errors))
    return judgement


def outcomes(*words: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(word) for word in words)


def test_nothing_heard_is_no_answer() -> None:
    assert judged() == Judgement(Outcome.NO_ANSWER, outcomes("no_answer", "no_answer", "no_answer"), None, (), "", ())


def test_a_late_answer_belongs_to_the_question_that_it_names() -> None:
    found = judged(reply(2, answer(1), 2300), reply(2, answer(3), 2004.5))
    assert found.outcome is Outcome.ANSWERED
    assert found.attempt_outcomes == outcomes("answered", "no_answer", "answered")
    assert found.round_trip_ms == 4.5
    assert found.replies == (answer(1), answer(3))


def test_nothing_answers_a_question_that_is_not_out_yet() -> None:
    found = judged(reply(1, answer(2), 999.9))
    assert (found.attempt_outcomes, found.evidence) == (outcomes("no_answer", "malformed", "no_answer"), "not_asked")
    assert judged(reply(1, answer(2), 1000)).attempt_outcomes == outcomes("no_answer", "answered", "no_answer")


@pytest.mark.parametrize(("address", "port"), [("192.0.2.77", 623), (ADDRESS, 624)])
def test_only_an_answer_counts_from_elsewhere(address: str, port: int) -> None:
    found = judged(reply(1, answer(2), 1002, address, port))
    assert found.attempt_outcomes == outcomes("no_answer", "answered_elsewhere", "no_answer")
    assert (found.evidence, found.round_trip_ms) == (f"from {address} port {port}", None)
    stray = judged(reply(1, b"noise", 1002, address, port))
    assert (stray.outcome, stray.replies) == (Outcome.NO_ANSWER, (b"noise",))


def test_of_many_places_that_answered_the_first_are_told() -> None:
    found = judged(*(reply(0, answer(1), 2, ADDRESS, port) for port in range(1000, 5000)))
    ports = ", ".join(f"from {ADDRESS} port {port}" for port in range(1000, 1004))
    assert found.evidence == f"{ports}, and 3996 more"
    assert judged(*(reply(0, answer(1), 2, ADDRESS, port) for port in range(1000, 1004))).evidence == ports


def test_what_is_no_answer_speaks_of_the_attempt_made_last() -> None:
    found = judged(reply(2, b"noise", 2500))
    assert found.attempt_outcomes == outcomes("no_answer", "no_answer", "malformed")
    assert found.evidence == "unlike_reply"
    early = judged(reply(0, b"noise", 5), schedule=plan(sacrifice=True))
    assert early.attempt_outcomes == outcomes("malformed", "no_answer", "no_answer")


def test_the_evidence_is_that_of_the_outcome_that_counts() -> None:
    errors = (SocketError(0, Fault.NO_ROUTE, 10065, 1), SocketError(1, Fault.NO_ROUTE, 10051, 1001))
    assert judged(errors=errors).evidence == "socket error 10065, socket error 10051"
    assert judged(reply(2, b"noise", 2001), errors=errors).evidence == "unlike_reply"
    assert judged(reply(2, answer(3), 2001), errors=errors).evidence == ""


def test_the_answer_to_the_sacrificed_datagram_says_nothing() -> None:
    assert judged(reply(0, answer(0), 5), schedule=plan(sacrifice=True)).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.PORT_UNREACHABLE, Outcome.PORT_UNREACHABLE),
        (Fault.NO_ROUTE, Outcome.NO_ROUTE),
        (Fault.BLOCKED_OUTBOUND, Outcome.BLOCKED_OUTBOUND),
        (Fault.OVERSIZED, Outcome.MALFORMED),
        (Fault.OTHER, Outcome.PROBE_UNAVAILABLE),
    ],
)
def test_a_socket_error_belongs_to_the_attempt_made_last(fault: Fault, outcome: Outcome) -> None:
    found = judged(errors=(SocketError(1, fault, 10099, 1501),))
    assert found.outcome is outcome
    assert found.attempt_outcomes == (Outcome.NO_ANSWER, outcome, Outcome.NO_ANSWER)
    assert found.evidence == "socket error 10099"


def test_a_socket_error_of_the_sacrificed_datagram_says_nothing() -> None:
    error = SocketError(0, Fault.NO_ROUTE, 10065, 1)
    assert judged(errors=(error,), schedule=plan(sacrifice=True)).outcome is Outcome.NO_ANSWER


def test_an_answer_outweighs_a_port_unreachable_of_another_attempt() -> None:
    error = SocketError(0, Fault.PORT_UNREACHABLE, 10054, 1)
    found = judged(reply(2, answer(3), 2002), errors=(error,))
    assert found.outcome is Outcome.ANSWERED
    assert found.attempt_outcomes == outcomes("port_unreachable", "no_answer", "answered")


def test_each_target_is_judged_by_what_came_in_on_its_own_socket() -> None:
    schedule = plan(targets=2)
    second = [index for index, owner in enumerate(schedule.owners) if owner[0] == 1]
    heard = Exchanged(
        (Reply(second[0], answer(1), "192.0.2.10", 623, 15),),
        (SocketError(0, Fault.PORT_UNREACHABLE, 10054, 1),),
    )
    first_judged, second_judged = judge(schedule, heard)
    assert first_judged.outcome is Outcome.PORT_UNREACHABLE
    assert first_judged.replies == ()
    assert second_judged.attempt_outcomes == outcomes("answered", "no_answer", "no_answer")
    assert second_judged.round_trip_ms == 5
    assert second_judged.evidence == ""


def test_an_answer_of_one_target_in_the_name_of_another_is_elsewhere() -> None:
    schedule = plan(targets=2)
    first_judged, second_judged = judge(schedule, Exchanged((Reply(0, answer(1), "192.0.2.10", 623, 3),)))
    assert first_judged.outcome is Outcome.ANSWERED_ELSEWHERE
    assert second_judged.outcome is Outcome.NO_ANSWER


def test_an_error_of_one_target_says_nothing_about_another() -> None:
    error = SocketError(0, Fault.PORT_UNREACHABLE, 10054, 1)
    first_judged, second_judged = judge(plan(targets=2), Exchanged((), (error,)))
    assert first_judged.outcome is Outcome.PORT_UNREACHABLE
    assert second_judged.outcome is Outcome.NO_ANSWER


heard_errors = st.builds(
    SocketError, send=st.integers(0, 2), fault=st.sampled_from(Fault), code=st.integers(), ms=st.floats(0, 5000)
)
heard_replies = st.builds(
    Reply,
    send=st.integers(0, 2),
    payload=st.binary(max_size=4) | st.integers(0, 5).map(answer),
    address=st.sampled_from([ADDRESS, "192.0.2.77"]),
    port=st.sampled_from([623, 664]),
    ms=st.floats(0, 5000),
)


@given(st.lists(heard_errors, min_size=1, max_size=5))
def test_a_socket_error_is_never_taken_for_silence(errors: list[SocketError]) -> None:
    assert judged(errors=tuple(errors)).outcome is not Outcome.NO_ANSWER


@given(st.lists(heard_replies, max_size=12), st.lists(heard_errors, max_size=3))
def test_an_attempt_counts_as_answered_only_with_its_own_answer_from_its_own_target(
    replies: list[Reply], errors: list[SocketError]
) -> None:
    found = judged(*replies, errors=tuple(errors))
    assert found.outcome is best(found.attempt_outcomes)
    assert (found.round_trip_ms is None) == (found.outcome not in ANSWERS)
    for index, outcome in enumerate(found.attempt_outcomes):
        good = any(
            (each.address, each.port) == (ADDRESS, 623)
            and each.payload.startswith(answer(index + 1))
            and each.send >= index
            and each.ms >= 1000 * index
            for each in replies
        )
        assert (outcome is Outcome.ANSWERED) == good
