# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No write is sent again before it was read what became of the first one; and a client that does it is found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer
from tests.inmemory import MemoryHost, Strike
from tests.lab.wirespec import Misbehaviour
from tests.properties.runs import ADAPTER, Ended, Listening, Message, is_reading, resent, run

KIND = {"adapters": [{"model": "intel-i211", "name": ADAPTER, "network": 1}]}
MANAGEMENT = {"model": "intel-i219", "name": "Management", "network": 1}
UNCUT = {"adapters": [{"model": "intel-i211", "name": ADAPTER, "network": 4}, MANAGEMENT]}
"""Its restart leaves the connection alone, so that no answer is lost but those that a strike loses."""
IN_A_ROW = 12
"""More than a reading is tried again: the controller finds the host gone, and comes back."""


def struck(state: str, strikes: Mapping[int, Strike], kind: Mapping[str, Any] | None = None) -> Ended:
    host = MemoryHost(kind or KIND)
    try:
        if state == "restored":
            assert run(host).word == "ok"
        return run(host, strikes, state=state)
    finally:
        host.close()


def writes(ended: Ended) -> list[Message]:
    return [message for message in ended.wire if not is_reading(message)]


@pytest.mark.parametrize("state", ["present", "restored"])
@pytest.mark.parametrize(
    ("do", "times"),
    [
        (Misbehaviour.CUT_AFTER, 1),
        (Misbehaviour.CUT_BEFORE, IN_A_ROW),
        (Misbehaviour.CUT_AFTER, IN_A_ROW),
        (Misbehaviour.TIMEOUT, 1),
        (Misbehaviour.QUOTA, 1),
    ],
)
def test_a_write_whose_answer_was_lost_is_not_sent_again(state: str, do: Misbehaviour, times: int) -> None:
    clean = struck(state, {})
    assert clean.word == "ok"
    sent = {message.call for message in writes(clean)}
    assert {("StdRegProv", "SetStringValue"), ("MSFT_NetAdapter", "Restart")} < sent
    assert {("PS_ScheduledTask", "RegisterByXml"), ("MSFT_ScheduledTask", "Delete")} < sent
    for message in writes(clean):
        ended = struck(state, {message.number + later: Strike(do) for later in range(times)})
        assert resent(ended.wire) == [], message.call
        assert len({each.id for each in ended.wire}) == len(ended.wire), message.call


def test_a_client_that_sends_writes_again_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test above, and the invariant of the sequences, would show nothing."""
    clean = struck("present", {}, UNCUT)
    request = Client.request

    def careless(client: Client, *arguments: Any, **options: Any) -> Any:
        return request(client, *arguments, **{**options, "read_only": True})

    monkeypatch.setattr(Client, "request", careless)
    for message in writes(clean):
        ended = struck("present", {message.number: Strike(Misbehaviour.CUT_AFTER)}, UNCUT)
        assert [each.rpartition(" {")[0] for each in resent(ended.wire)] == [" ".join(message.call)]


def test_a_connection_that_sends_a_message_twice_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Listening.send

    def careless(transport: Listening, *arguments: Any) -> HttpAnswer:
        send(transport, *arguments)
        return send(transport, *arguments)

    monkeypatch.setattr(Listening, "send", careless)
    ended = struck("present", {})
    assert len(ended.wire) == 2 * len({each.id for each in ended.wire}) > 0


@pytest.mark.parametrize(
    ("readings", "known"),
    [
        ([], False),
        ([("EnumValues", {"sSubKeyName": "SOFTWARE\\x"})], True),
        ([("GetStringValue", {"sSubKeyName": "SOFTWARE\\X", "sValueName": "A"})], True),
        ([("GetStringValue", {"sSubKeyName": "SOFTWARE\\x", "sValueName": "b"})], False),
        ([("EnumValues", {"sSubKeyName": "SOFTWARE\\y"})], False),
    ],
)
def test_only_a_reading_of_the_same_place_tells_what_became_of_a_write(
    readings: list[tuple[str, dict[str, str]]], known: bool
) -> None:
    write = message("SetStringValue", {"sSubKeyName": "SOFTWARE\\x", "sValueName": "a", "sValue": "1"})
    again = message("SetStringValue", {"sSubKeyName": "SOFTWARE\\x", "sValueName": "a", "sValue": "2"})
    lost = replace(write, answered=False)
    between = [message(*each) for each in readings]
    assert resent([write, again]) == []
    assert resent([lost, *(replace(each, answered=False) for each in between), again]) != []
    assert (resent([lost, *between, again]) == []) is known


def message(method: str, arguments: Mapping[str, str]) -> Message:
    """A good answer's message for StdRegProv."""
    texts = "".join(f"<p:{name}>{text}</p:{name}>" for name, text in arguments.items())
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/StdRegProv"
    content = f"<w:ResourceURI>{uri}</w:ResourceURI><a:Action>{uri}/{method}</a:Action>{texts}"
    return Message(1, content.encode(), answered=True)
