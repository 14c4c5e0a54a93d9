# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import CapabilitiesResponse
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    Fault,
    Reply,
    Send,
    SocketError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult, ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target, Timing
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL, Clock, First, Service, result

TARGET = Target("192.0.2.9", 623, sacrifice=False)
TIMING = Timing(3, 1000, 2000)


class Scripted:
    """Gives the same back whatever is sent."""

    def __init__(self, *replies: Reply, errors: tuple[SocketError, ...] = ()) -> None:
        self.heard = Exchanged(replies, errors)

    def exchange(self, _sends: Sequence[Send], **_unused: object) -> Exchanged:
        return self.heard


def probes(
    targets: list[Target], exchange: Service | Scripted, *, turn: Turn | None = None, now: float = 1000.0
) -> tuple[list[ProbeResult], list[str]]:
    return ask(
        targets, PROTOCOL, exchange, TIMING, turn=turn or Turn(), source="192.0.2.1", random=First(), now=Clock(now)
    )


def probe(*replies: Reply, errors: tuple[SocketError, ...] = ()) -> ProbeResult:
    (found,), _unused = probes([TARGET], Scripted(*replies, errors=errors))
    return found


def test_an_answering_target() -> None:
    exchange = Service()
    (found,), warnings = probes([TARGET], exchange, now=1732.5)
    assert warnings == []
    assert exchange.calls[0][1] == {"source": "192.0.2.1", "wait_ms": 2000, "settle_ms": 250}
    assert (found.address, found.port, found.asked_at) == ("192.0.2.9", 623, 1732.5)
    assert (found.outcome, found.reason) == (Outcome.ANSWERED, None)
    assert found.attempt_outcomes == (Outcome.ANSWERED,) * 3
    assert (found.answers, found.silent) == (3, False)
    assert found.round_trip_ms == 2.0
    assert found.told == ()
    assert found.replies == ("5a01", "5a02", "5a03")
    assert found.detail == "192.0.2.9 port 623 answered 3 of 3 attempts"


def test_a_silent_target() -> None:
    found = probe()
    assert (found.outcome, found.answers, found.silent) == (Outcome.NO_ANSWER, 0, True)
    assert found.round_trip_ms is None
    assert found.detail == "192.0.2.9 port 623 was silent in 3 of 3 attempts"


def test_some_answers_are_counted() -> None:
    found = probe(Reply(1, b"\x5a\x02", "192.0.2.9", 623, 1000.12345))
    assert (found.outcome, found.answers, found.silent) == (Outcome.ANSWERED, 1, False)
    assert found.round_trip_ms == 0.123
    assert found.detail == "192.0.2.9 port 623 answered 1 of 3 attempts"


def test_a_refusal_proves_the_way_and_is_quoted() -> None:
    answer = CapabilitiesResponse(0, 0xCC, None).pack()
    exchange = Scripted(Reply(0, answer, "192.0.2.9", 623, 2))
    (found,), _unused = ask(
        [TARGET], BmcProtocol(), exchange, TIMING, turn=Turn(), source=None, random=First(), now=Clock()
    )
    assert (found.outcome, found.answers, found.silent) == (Outcome.ANSWERED_WITH_ERROR_CODE, 1, False)
    assert (
        found.detail
        == "192.0.2.9 port 623 answered 1 of 3 attempts with completion code 0xCC: the way there and back works"
    )


@pytest.mark.parametrize(
    ("outcomes", "silent"),
    [
        ((Outcome.NO_ANSWER,) * 3, True),
        ((Outcome.NO_ANSWER,) * 4, True),
        ((Outcome.NO_ANSWER,) * 2, False),
        ((), False),
        ((Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.MALFORMED), False),
        ((Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.NO_ROUTE), False),
        ((Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.NO_ANSWER), False),
    ],
)
def test_silent_means_at_least_three_attempts_and_nothing_but_silence(
    outcomes: tuple[Outcome, ...], silent: bool
) -> None:
    assert result(attempt_outcomes=outcomes).silent is silent


@pytest.mark.parametrize(
    ("fault", "outcome", "reason", "detail"),
    [
        (
            Fault.PORT_UNREACHABLE,
            "port_unreachable",
            None,
            "192.0.2.9 said to 2 of 3 attempts that nothing listens on UDP port 623",
        ),
        (
            Fault.NO_ROUTE,
            "no_route",
            None,
            "there was no route to 192.0.2.9 port 623 for 2 of 3 attempts (socket error 7)",
        ),
        (
            Fault.BLOCKED_OUTBOUND,
            "blocked_outbound",
            None,
            "the sending system's own firewall refused 2 of 3 attempts to 192.0.2.9 port 623 (socket error 7)",
        ),
        (
            Fault.OTHER,
            "probe_unavailable",
            "socket_error",
            "2 of 3 attempts to 192.0.2.9 port 623 could not be made (socket error 7)",
        ),
    ],
)
def test_errors_have_words_and_sentences(fault: Fault, outcome: str, reason: str | None, detail: str) -> None:
    found = probe(errors=(SocketError(0, fault, 7, 1), SocketError(1, fault, 7, 1001)))
    assert (found.outcome.value, found.reason, found.detail) == (outcome, reason, detail)
    assert not found.silent


def test_a_malformed_reply_is_shown() -> None:
    found = probe(Reply(0, b"noise", "192.0.2.9", 623, 3))
    assert found.outcome is Outcome.MALFORMED
    assert found.replies == (b"noise".hex(),)
    assert found.detail == "192.0.2.9 port 623 sent datagrams that are no reply to 1 of 3 attempts: unlike_reply"


def test_an_answer_from_elsewhere_is_shown() -> None:
    found = probe(Reply(1, b"\x5a\x02", "192.0.2.77", 623, 1003))
    assert found.outcome is Outcome.ANSWERED_ELSEWHERE
    assert found.detail == "1 of 3 attempts to 192.0.2.9 port 623 were answered from 192.0.2.77 port 623"


def test_replies_are_capped_in_number_and_length() -> None:
    found = probe(*[Reply(0, bytes(300), "192.0.2.9", 623, 3)] * 40)
    assert len(found.replies) == 32
    assert {len(each) for each in found.replies} == {512}


def test_an_unavailable_exchange_says_nothing_about_the_target() -> None:
    targets = [TARGET, Target("192.0.2.10", 624, sacrifice=True)]
    results, warnings = probes(targets, Service(unavailable="shell_denied"), now=5.0)
    assert warnings == []
    assert [(each.address, each.port, each.asked_at) for each in results] == [
        ("192.0.2.9", 623, 5.0),
        ("192.0.2.10", 624, 5.0),
    ]
    for found in results:
        assert (found.outcome, found.reason) == (Outcome.PROBE_UNAVAILABLE, "shell_denied")
        assert found.detail == "not asked: the reason in words"
        assert found.attempt_outcomes == found.replies == found.told == ()
        assert (found.answers, found.silent, found.round_trip_ms) == (0, False, None)


def test_every_target_has_a_result_though_no_exchange_takes_place() -> None:
    targets = [Target(f"192.0.2.{number}", 623, sacrifice=False) for number in range(60)]
    exchange = Service(unavailable="shell_denied")
    results, _unused = probes(targets, exchange)
    assert [each.address for each in results] == [target.address for target in targets]
    assert len(exchange.calls) == 2


def test_many_targets_take_several_exchanges_and_keep_their_order() -> None:
    targets = [Target(f"192.0.2.{number}", 623, sacrifice=False) for number in range(60)]
    exchange = Service(silent=["192.0.2.29"])
    exchange.warnings = ("left behind",)
    results, warnings = probes(targets, exchange)
    assert [len(asked) for asked in exchange.asked] == [50, 10]
    assert [each.address for each in results] == [target.address for target in targets]
    assert [each.address for each in results if each.silent] == ["192.0.2.29"]
    assert warnings == ["left behind", "left behind"]


def test_a_target_without_a_turn_is_not_asked() -> None:
    targets = [Target("192.0.2.8", 623, sacrifice=False), TARGET]
    exchange = Service()
    turn = Turn(frozenset({("192.0.2.9", 623), ("192.0.2.8", 624)}), 900.0, ("of the turn",))
    results, warnings = probes(targets, exchange, turn=turn, now=7.0)
    assert exchange.asked == [["192.0.2.8"]]
    assert [each.outcome for each in results] == [Outcome.ANSWERED, Outcome.PROBE_UNAVAILABLE]
    found = results[1]
    assert (found.address, found.reason, found.asked_at) == ("192.0.2.9", "not_paced", 7.0)
    assert (found.attempt_outcomes, found.silent, found.answers) == ((), False, 0)
    assert found.detail == "not asked: others of this run were asking it, and no turn came within 900 seconds"
    assert warnings == ["of the turn"]


def test_without_any_turn_nothing_is_sent() -> None:
    exchange = Service()
    ((found,), _unused) = probes([TARGET], exchange, turn=Turn(frozenset({("192.0.2.9", 623)}), 900.0))
    assert (found.outcome, exchange.calls) == (Outcome.PROBE_UNAVAILABLE, [])
