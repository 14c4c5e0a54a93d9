# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    RESERVED_LOCAL_PORTS,
    Exchanged,
    ExchangeUnavailable,
    Fault,
    Outstanding,
    Send,
    targets_of,
)


def test_the_ports_of_management_controllers_are_reserved() -> None:
    assert RESERVED_LOCAL_PORTS == (623, 664)


def test_nothing_was_heard_unless_said() -> None:
    assert (Exchanged().replies, Exchanged().errors, Exchanged().warnings) == ((), (), ())


def test_an_unavailable_exchange_has_a_word_and_a_sentence() -> None:
    error = ExchangeUnavailable("shell_denied", "the account may not")
    assert (error.reason, error.detail, error.args) == (
        "shell_denied",
        "the account may not",
        ("shell_denied", "the account may not"),
    )


def test_faults_are_words_that_stay() -> None:
    assert [fault.value for fault in Fault] == [
        "port_unreachable",
        "no_route",
        "blocked_outbound",
        "oversized",
        "other",
    ]


def test_a_duplicate_does_not_pay_for_the_next_question() -> None:
    outstanding = Outstanding()
    outstanding.sent(("a", 1))
    outstanding.answered(("a", 1))
    outstanding.answered(("a", 1))
    assert outstanding.none_left
    outstanding.sent(("a", 1))
    assert not outstanding.none_left


def test_targets_are_distinct_and_in_order() -> None:
    sends = [Send(b"", "b", 1, 0), Send(b"", "a", 1, 1), Send(b"", "b", 2, 2), Send(b"", "b", 1, 3)]
    assert targets_of(sends) == [("b", 1), ("a", 1), ("b", 2)]


def test_nothing_is_outstanding_at_first() -> None:
    assert Outstanding().none_left


def test_each_target_owes_as_many_answers_as_it_was_asked() -> None:
    outstanding = Outstanding()
    outstanding.sent(("a", 1))
    outstanding.sent(("a", 1))
    outstanding.sent(("b", 1))
    outstanding.answered(("a", 1))
    assert not outstanding.none_left
    outstanding.answered(("a", 1))
    assert not outstanding.none_left
    outstanding.answered(("b", 1))
    assert outstanding.none_left


def test_too_many_answers_of_one_target_do_not_pay_for_another() -> None:
    outstanding = Outstanding()
    outstanding.sent(("a", 1))
    outstanding.answered(("b", 1))
    outstanding.answered(("b", 1))
    assert not outstanding.none_left
