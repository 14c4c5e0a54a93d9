# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcDialogue, BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    Capabilities,
    CapabilitiesRequest,
    CapabilitiesResponse,
    PresencePing,
    PresencePong,
    unpack,
)
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

ADDRESS = "192.0.2.9"
CAPABLE = Capabilities(1, 0x97, 0x05, 0x03)


class Zero:
    """Chance that picks the sequence number 20 and the tag 100."""

    def randrange(self, stop: int, /) -> int:
        return 20 if stop == 64 else 100


class Fixed:
    """Gives these numbers, and notes what for."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = iter(numbers)
        self.asked: list[int] = []

    def randrange(self, stop: int, /) -> int:
        self.asked.append(stop)
        return next(self.numbers)


def plan(*, sacrifice: bool = False) -> Schedule:
    """Three attempts: sequence 20, 21, 22 at 0, 1000, 2000 ms and tag 100, 101, 102 at 500, 1500, 2500 ms."""
    (schedule,) = schedules([Target(ADDRESS, 623, sacrifice)], BmcProtocol(), Timing(3, 1000, 2000), Zero())
    return schedule


def reply(send: int, payload: bytes, ms: float, address: str = ADDRESS, port: int = 623) -> Reply:
    return Reply(send, payload, address, port, ms)


def judged(*replies: Reply, errors: tuple[SocketError, ...] = (), schedule: Schedule | None = None) -> Judgement:
    (judgement,) = judge(schedule or plan(), Exchanged(replies, errors))
    return judgement


def response(sequence: int) -> bytes:
    return CapabilitiesResponse(sequence, 0, CAPABLE).pack()


def refusal(sequence: int, code: int = 0xCC) -> bytes:
    return CapabilitiesResponse(sequence, code, None).pack()


def outcomes(*words: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(word) for word in words)


def test_each_attempt_is_a_request_and_half_an_interval_later_a_ping() -> None:
    protocol = BmcProtocol()
    assert protocol.questions_per_attempt == len(protocol.dialogue(3, Zero()).questions(0)) == 2
    (schedule,) = schedules([Target(ADDRESS, 623, sacrifice=False)], protocol, Timing(3, 1000, 2000), Fixed(62, 253))
    assert [(send.after_ms, unpack(send.payload)) for send in schedule.sends] == [
        (0, CapabilitiesRequest(62, extended=True)),
        (500, PresencePing(253)),
        (1000, CapabilitiesRequest(63, extended=False)),
        (1500, PresencePing(254)),
        (2000, CapabilitiesRequest(0, extended=True)),
        (2500, PresencePing(0)),
    ]


def test_a_sacrificed_ping_goes_one_interval_ahead_with_a_tag_of_its_own() -> None:
    (schedule,) = schedules([Target(ADDRESS, 623, sacrifice=True)], BmcProtocol(), Timing(3, 400, 2000), Fixed(0, 10))
    assert [(send.after_ms, unpack(send.payload)) for send in schedule.sends][:3] == [
        (0, PresencePing(13)),
        (400, CapabilitiesRequest(0, extended=True)),
        (600, PresencePing(10)),
    ]


def test_the_start_is_drawn_over_the_whole_range() -> None:
    source = Fixed(1, 2)
    assert BmcProtocol().dialogue(3, source) == BmcDialogue(3, 1, 2)
    assert source.asked == [64, 255]


@given(st.integers(0, 63), st.integers(0, 254), st.integers(3, 10))
def test_no_two_questions_to_a_bmc_look_the_same(sequence: int, tag: int, attempts: int) -> None:
    dialogue = BmcDialogue(attempts, sequence, tag)
    sent = [dialogue.sacrifice, *(each for attempt in range(attempts) for each in dialogue.questions(attempt))]
    assert len(set(sent)) == len(sent) == 2 * attempts + 1


def test_nothing_heard_is_no_answer() -> None:
    assert judged() == Judgement(Outcome.NO_ANSWER, outcomes("no_answer", "no_answer", "no_answer"), None, (), "", ())


def test_a_response_answers_the_attempt_of_its_sequence_number() -> None:
    found = judged(reply(2, response(21), 1004.5))
    assert found.outcome is Outcome.ANSWERED
    assert found.attempt_outcomes == outcomes("no_answer", "answered", "no_answer")
    assert found.round_trip_ms == 4.5
    assert found.told == ("1.5", "2.0")
    assert found.replies == (response(21),)


def test_a_late_response_answers_the_attempt_it_belongs_to() -> None:
    found = judged(reply(4, response(20), 2300))
    assert found.attempt_outcomes == outcomes("answered", "no_answer", "no_answer")
    assert found.round_trip_ms == 2300


def test_a_pong_answers_the_attempt_of_its_tag() -> None:
    found = judged(reply(5, PresencePong(102).pack(), 2502))
    assert found.attempt_outcomes == outcomes("no_answer", "no_answer", "answered")
    assert found.round_trip_ms == 2
    assert found.told == ()


def test_a_pong_of_a_device_without_ipmi_proves_the_way_too() -> None:
    assert judged(reply(1, PresencePong(100, entities=0x01).pack(), 501)).outcome is Outcome.ANSWERED


def test_the_fastest_answer_gives_the_round_trip() -> None:
    found = judged(
        reply(0, response(20), 9),
        reply(2, response(21), 1003),
        reply(4, response(22), 2007),
        reply(5, response(22), 2600),
    )
    assert found.round_trip_ms == 3
    assert found.attempt_outcomes == outcomes("answered", "answered", "answered")


def test_an_error_code_proves_the_way() -> None:
    found = judged(reply(0, refusal(20), 2), reply(4, refusal(22, 0xC1), 2002))
    assert found.outcome is Outcome.ANSWERED_WITH_ERROR_CODE
    assert found.outcome in ANSWERS
    assert found.attempt_outcomes == outcomes("answered_with_error_code", "no_answer", "answered_with_error_code")
    assert found.evidence == "completion code 0xCC, completion code 0xC1"
    assert found.round_trip_ms == 2
    assert found.told == ()


def test_a_refusal_of_the_extended_request_and_an_answer_to_the_plain_one_is_an_answer() -> None:
    plain = CapabilitiesResponse(21, 0, Capabilities(1, 0x17)).pack()
    found = judged(reply(0, refusal(20), 2), reply(2, plain, 1002), reply(4, refusal(22), 2002))
    assert found.outcome is Outcome.ANSWERED
    assert found.attempt_outcomes == outcomes("answered_with_error_code", "answered", "answered_with_error_code")
    assert found.told == ("1.5",)
    assert found.evidence == ""


def test_an_answer_outweighs_an_error_code_in_one_attempt() -> None:
    found = judged(reply(0, refusal(20), 2), reply(1, PresencePong(100).pack(), 502))
    assert found.attempt_outcomes[0] is Outcome.ANSWERED


@pytest.mark.parametrize(("address", "port"), [("192.0.2.77", 623), (ADDRESS, 624)])
def test_an_answer_from_another_address_or_port_is_told_apart(address: str, port: int) -> None:
    found = judged(reply(0, response(20), 2, address, port))
    assert found.outcome is Outcome.ANSWERED_ELSEWHERE
    assert found.outcome not in ANSWERS
    assert found.attempt_outcomes == outcomes("answered_elsewhere", "no_answer", "no_answer")
    assert found.evidence == f"from {address} port {port}"
    assert found.round_trip_ms is None
    assert found.told == ()


@pytest.mark.parametrize(
    "payload", [response(40), PresencePong(7).pack(), b"noise", CapabilitiesRequest(20, extended=True).pack()]
)
def test_what_answers_nothing_and_comes_from_a_stranger_says_nothing(payload: bytes) -> None:
    found = judged(reply(0, payload, 2, "192.0.2.77"))
    assert found.outcome is Outcome.NO_ANSWER
    assert found.replies == (payload,)


@pytest.mark.parametrize(
    ("payload", "evidence"),
    [
        (response(23), "wrong_sequence"),
        (response(19), "wrong_sequence"),
        (refusal(40), "wrong_sequence"),
        (PresencePong(104).pack(), "wrong_tag"),
        (PresencePong(20).pack(), "wrong_tag"),
        (response(21)[:-1] + b"\0", "wrong_data_checksum"),
        (b"hello", "not_rmcp"),
        (b"", "too_short"),
        (CapabilitiesRequest(21, extended=False).pack(), "question_echoed"),
        (PresencePing(101).pack(), "question_echoed"),
    ],
)
def test_what_answers_nothing_and_comes_from_the_bmc_is_malformed(payload: bytes, evidence: str) -> None:
    found = judged(reply(2, payload, 1002))
    assert found.outcome is Outcome.MALFORMED
    assert found.attempt_outcomes == outcomes("no_answer", "malformed", "no_answer")
    assert found.evidence == evidence
    assert found.round_trip_ms is None


def test_nothing_answers_a_question_that_is_not_out_yet() -> None:
    early = judged(reply(1, response(21), 999.9), reply(1, PresencePong(101).pack(), 999.9))
    assert early.attempt_outcomes == outcomes("malformed", "no_answer", "no_answer")
    assert early.evidence == "wrong_sequence, wrong_tag"
    assert judged(reply(2, response(21), 1000)).attempt_outcomes == outcomes("no_answer", "answered", "no_answer")


def test_an_acknowledgement_is_no_answer_and_no_misfit() -> None:
    assert judged(reply(0, bytes((6, 0, 0xFF, 0x87)), 1)).outcome is Outcome.NO_ANSWER


def test_the_answer_to_the_sacrificed_ping_proves_nothing_and_is_no_misfit() -> None:
    schedule = plan(sacrifice=True)
    assert judged(reply(0, PresencePong(103).pack(), 1), schedule=schedule).outcome is Outcome.NO_ANSWER
    assert judged(reply(0, PresencePong(104).pack(), 1), schedule=schedule).attempt_outcomes == outcomes(
        "malformed", "no_answer", "no_answer"
    )


datagrams = (
    st.binary(max_size=40)
    | st.integers(15, 30).map(response)
    | st.integers(15, 30).map(refusal)
    | st.integers(95, 110).map(lambda tag: PresencePong(tag).pack())
    | st.integers(15, 30).map(lambda sequence: CapabilitiesRequest(sequence, extended=True).pack())
)
heard_replies = st.builds(
    Reply,
    send=st.integers(0, 5),
    payload=datagrams,
    address=st.sampled_from([ADDRESS, "192.0.2.77"]),
    port=st.sampled_from([623, 664]),
    ms=st.floats(0, 5000),
)
heard_errors = st.builds(
    SocketError, send=st.integers(0, 5), fault=st.sampled_from(Fault), code=st.integers(), ms=st.floats(0, 5000)
)


@given(st.lists(heard_replies, max_size=12), st.lists(heard_errors, max_size=3))
def test_an_attempt_counts_as_answered_only_with_its_own_answer_from_its_own_bmc(
    replies: list[Reply], errors: list[SocketError]
) -> None:
    (judgement,) = judge(plan(), Exchanged(tuple(replies), tuple(errors)))
    assert len(judgement.attempt_outcomes) == 3
    assert judgement.outcome is best(judgement.attempt_outcomes)
    assert (judgement.round_trip_ms is None) == (judgement.outcome not in ANSWERS)
    for index, outcome in enumerate(judgement.attempt_outcomes):
        good = any(
            (each.address, each.port) == (ADDRESS, 623)
            and (
                (each.payload.startswith(response(20 + index)) and each.ms >= 1000 * index)
                or (each.payload.startswith(PresencePong(100 + index).pack()) and each.ms >= 1000 * index + 500)
            )
            for each in replies
        )
        assert (outcome is Outcome.ANSWERED) == good
