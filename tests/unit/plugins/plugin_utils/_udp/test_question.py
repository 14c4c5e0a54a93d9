# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Answer, Misfit, Reading
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import (
    PayloadDialogue,
    read_protocol,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import First


def dialogue(payload: str, reply: str, attempts: int = 3) -> PayloadDialogue:
    return read_protocol({"payload": payload, "reply": reply}).dialogue(attempts, First())


def test_each_attempt_sends_the_payload_once() -> None:
    same = dialogue("a5 00", "*")
    assert [same.questions(attempt) for attempt in range(3)] == [(b"\xa5\x00",)] * 3
    assert same.sacrifice == b"\xa5\x00"
    assert read_protocol({"payload": "a5 00", "reply": "*"}).questions_per_attempt == len(same.questions(0)) == 1


def test_attempts_are_numbered_from_one_and_the_sacrificed_datagram_is_none_of_them() -> None:
    counted = dialogue("a5 {n}", "5a {n}")
    assert [counted.questions(attempt) for attempt in range(3)] == [(b"\xa5\x01",), (b"\xa5\x02",), (b"\xa5\x03",)]
    assert counted.sacrifice == b"\xa5\x00"


@pytest.mark.parametrize(
    ("payload", "latest", "reading"),
    [
        (b"\x5a\x01", 0, Answer(0)),
        (b"\x5a\x01", 2, Answer(0)),
        (b"\x5a\x03", 2, Answer(2)),
        (b"\x5a\x03", 1, Misfit("wrong_number")),
        (b"\x5a\x04", 2, Misfit("wrong_number")),
        (b"\x5a\x00", 2, None),
        (b"\x5a\x00", None, None),
        (b"\x5a\x01", None, Misfit("wrong_number")),
        (b"\x5b\x01", 0, Misfit("unlike_reply")),
        (b"", 0, Misfit("unlike_reply")),
        (b"\xa5\x02", 1, Misfit("question_echoed")),
        (b"\xa5\x00", None, Misfit("question_echoed")),
        (b"\xa5\x01", 1, Misfit("unlike_reply")),
    ],
)
def test_a_number_tells_attempts_apart(payload: bytes, latest: int | None, reading: Reading) -> None:
    assert dialogue("a5 {n}", "5a {n}").read(payload, latest) == reading


@pytest.mark.parametrize(
    ("payload", "latest", "reading"),
    [
        (b"\x5a\x07", 0, Answer(0)),
        (b"\x5a\x07", 2, Answer(2)),
        (b"\x5a\x07", None, None),
        (b"\xff", 1, Misfit("unlike_reply")),
    ],
)
def test_without_a_number_a_reply_belongs_to_the_attempt_made_last(
    payload: bytes, latest: int | None, reading: Reading
) -> None:
    assert dialogue("a5 {n}", "5a ??").read(payload, latest) == reading


def test_where_several_numbers_fit_the_question_asked_last_is_meant() -> None:
    loose = dialogue("a5 {n}", "* {n} *")
    assert loose.read(b"\x01\x03\x02", 2) == Answer(2)
    assert loose.read(b"\x01\x03\x02", 1) == Answer(1)
    assert loose.read(b"\x01\x00\x03", None) is None


def test_an_echo_that_fits_is_an_answer() -> None:
    assert dialogue("a5 00", "*").read(b"\xa5\x00", 1) == Answer(1)


def test_two_protocols_are_the_same_only_with_the_same_bytes_and_pattern() -> None:
    same = [read_protocol({"payload": text, "reply": "5A{n}*"}).identity for text in ("a5 {n}", "A5{N}")]
    assert same == ["udp a5{n} 5a {n} *"] * 2
    other = [
        read_protocol({"payload": "a5 {n} 00", "reply": "5a {n} *"}).identity,
        read_protocol({"payload": "a5 {n}", "reply": "5a {n}"}).identity,
    ]
    assert len({*same, *other}) == 3


def test_a_number_that_was_not_sent_can_not_come_back() -> None:
    with pytest.raises(NicError) as caught:
        read_protocol({"payload": "a5", "reply": "5a {n}"})
    assert caught.value.code == "reply_number_not_sent"
    assert all(caught.value.as_dict().values())
    assert not read_protocol({"payload": "a5 {n}", "reply": "5a ??"}).reply.counted
