# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every protocol owes to a probe."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Answer, Misfit, Protocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import read_protocol
from tests.unit.plugins.plugin_utils._ipmi import stand_ins as bmc
from tests.unit.plugins.plugin_utils._udp import stand_ins as service
from tests.unit.plugins.plugin_utils._udp.stand_ins import First

PROTOCOLS: dict[str, tuple[Protocol, Callable[[bytes], bytes]]] = {
    "bmc": (BmcProtocol(), bmc.answer_to),
    "numbered": (service.PROTOCOL, service.answer_to),
    "unnumbered": (read_protocol({"payload": "a5", "reply": "5a"}), service.answer_to),
}


@pytest.mark.parametrize(("protocol", "answer_to"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_the_answer_to_each_question_is_read_as_such(protocol: Protocol, answer_to: Callable[[bytes], bytes]) -> None:
    dialogue = protocol.dialogue(5, First())
    for attempt in range(5):
        questions = dialogue.questions(attempt)
        assert len(questions) == protocol.questions_per_attempt
        for index, question in enumerate(questions):
            reading = dialogue.read(answer_to(question), attempt)
            assert isinstance(reading, Answer)
            assert (reading.attempt, reading.question, reading.error_code) == (attempt, index, None)


@pytest.mark.parametrize(("protocol", "answer_to"), PROTOCOLS.values(), ids=PROTOCOLS)
def test_the_answer_to_the_sacrificed_datagram_says_nothing(
    protocol: Protocol, answer_to: Callable[[bytes], bytes]
) -> None:
    dialogue = protocol.dialogue(3, First())
    assert dialogue.read(answer_to(dialogue.sacrifice), None) is None


def test_no_two_protocols_are_taken_for_each_other() -> None:
    assert len({protocol.identity for protocol, _unused in PROTOCOLS.values()}) == 3


@given(st.sampled_from(sorted(PROTOCOLS)), st.binary(max_size=64), st.none() | st.integers(0, 2))
def test_any_datagram_is_read(name: str, payload: bytes, latest: int | None) -> None:
    reading = PROTOCOLS[name][0].dialogue(3, First()).read(payload, latest)
    if isinstance(reading, Answer):
        assert 0 <= reading.attempt < 3
    else:
        assert reading is None or (isinstance(reading, Misfit) and reading.evidence)
