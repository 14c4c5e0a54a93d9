# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client sends again, what never, and what it makes of HTTP statuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer, Limits
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.envelope import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._wsman.answers import ScriptedTransport, client_of

NAMESPACE = "root/standardcimv2"
WIDGET = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/Test_Widget"


def lost(code: str = "connection_lost") -> ConnectionLost:
    return ConnectionLost(code, "here", "gone", "an answer", "Wait.")


# --- what is sent again


def read_enumerate(client: Client) -> object:
    return client.enumerate(NAMESPACE, "Test_Widget")


def read_get(client: Client) -> object:
    return client.get(NAMESPACE, "Test_Widget", {})


def read_invoke(client: Client) -> object:
    return client.invoke(NAMESPACE, "Test_Widget", "Polish", {}, read_only=True)


READS: list[tuple[Callable[[Client], object], str]] = [
    (read_enumerate, "Test_Widget-enumerate-complete"),
    (read_get, "Test_Widget-get-found"),
    (read_invoke, "Test_Widget-invoke-done"),
]

UNAVAILABLE = HttpAnswer(503, b"")
SESSION_LOST = HostUnreachable("session_lost", "here", "gone", "a session", "Again.")

PASSING = [
    pytest.param("fault-wsman-timed_out", 0, id="operation timeout"),
    pytest.param("fault-wmi-quota", 0, id="quota"),
    pytest.param(lost(), 1, id="connection lost"),
    pytest.param(SESSION_LOST, 1, id="session lost"),
    pytest.param(UNAVAILABLE, 1, id="service unavailable"),
]


@pytest.mark.parametrize(("read", "answer"), READS)
@pytest.mark.parametrize(("trouble", "closed"), PASSING)
def test_reads_are_sent_again_after_what_passes(
    read: Callable[[Client], object], answer: str, trouble: str | HttpAnswer | BaseException, closed: int
) -> None:
    transport = ScriptedTransport(trouble, trouble, answer)
    client, pauses = client_of(transport, random=0.25)
    assert read(client)
    assert len(transport.sent) == 3
    assert len({each.message_id for each in transport.sent}) == 3
    assert pauses.seconds == [0.25, 0.5]
    assert transport.closed == 2 * closed


@pytest.mark.parametrize(("trouble", "_closed"), PASSING)
def test_reads_are_given_up_after_the_last_attempt(trouble: str | HttpAnswer | BaseException, _closed: int) -> None:
    transport = ScriptedTransport(*[trouble] * 5)
    client, pauses = client_of(transport, random=1.0)
    with pytest.raises(NicError):
        read_get(client)
    assert len(transport.sent) == 5
    assert pauses.seconds == [1.0, 2.0, 4.0, 8.0]


def test_pauses_are_bounded() -> None:
    transport = ScriptedTransport(*["fault-wmi-quota"] * 8)
    limits = Limits(read_attempts=8, first_pause_seconds=3.0, longest_pause_seconds=15.0)
    client, pauses = client_of(transport, limits=limits, random=1.0)
    with pytest.raises(WsmanFault):
        read_get(client)
    assert pauses.seconds == [3.0, 6.0, 12.0, 15.0, 15.0, 15.0, 15.0]


LASTING = [
    pytest.param("fault-wsman-access_denied", id="access denied"),
    pytest.param("fault-wsman-not_found", id="not found"),
    pytest.param("any-any-wrong_relates_to", id="wrong RelatesTo"),
    pytest.param(lost("answer_timed_out"), id="read timeout"),
    pytest.param(HostUnreachable("connection_refused", "here", "x", "y", "z"), id="refused"),
    pytest.param(HttpAnswer(401, b""), id="401"),
]


@pytest.mark.parametrize(("read", "_answer"), READS)
@pytest.mark.parametrize("trouble", LASTING)
def test_reads_are_not_sent_again_after_what_lasts(
    read: Callable[[Client], object], _answer: str, trouble: str | HttpAnswer | BaseException
) -> None:
    transport = ScriptedTransport(trouble)
    client, pauses = client_of(transport)
    with pytest.raises(NicError):
        read(client)
    assert len(transport.sent) == 1
    assert pauses.seconds == []


def write_invoke(client: Client) -> object:
    return client.invoke(NAMESPACE, "Test_Widget", "Polish", {})


def write_delete(client: Client) -> object:
    return client.delete(NAMESPACE, "Test_Widget", {})


def write_request(client: Client) -> object:
    return client.request(Request(f"{WIDGET}/Polish", WIDGET))


@pytest.mark.parametrize("write", [write_invoke, write_delete, write_request])
@pytest.mark.parametrize("trouble", [each.values[0] for each in (*PASSING, *LASTING)])
def test_writes_are_never_sent_again(
    write: Callable[[Client], object], trouble: str | HttpAnswer | BaseException
) -> None:
    transport = ScriptedTransport(trouble)
    client, pauses = client_of(transport)
    with pytest.raises(NicError):
        write(client)
    assert len(transport.sent) == 1
    assert pauses.seconds == []


def test_a_refused_request_may_be_sent_again_when_allowed() -> None:
    transport = ScriptedTransport("fault-wmi-quota", "Test_Widget-invoke-done")
    client, pauses = client_of(transport)
    body = client.request(Request(f"{WIDGET}/Polish", WIDGET), again_if_refused=True)
    assert body.child("Polish_OUTPUT") is not None
    assert pauses.seconds == [0.5]


@pytest.mark.parametrize("trouble", ["fault-wsman-timed_out", lost(), UNAVAILABLE, SESSION_LOST])
def test_a_request_that_may_have_run_is_not_sent_again_even_when_allowed(
    trouble: str | HttpAnswer | BaseException,
) -> None:
    transport = ScriptedTransport(trouble)
    client, _pauses = client_of(transport)
    with pytest.raises(NicError):
        client.request(Request(f"{WIDGET}/Polish", WIDGET), again_if_refused=True)
    assert len(transport.sent) == 1


def test_a_request_may_have_timeouts_of_its_own() -> None:
    transport = ScriptedTransport("Test_Widget-invoke-done")
    client, _pauses = client_of(transport)
    request = Request(f"{WIDGET}/Polish", WIDGET)
    client.request(request, operation_timeout_seconds=3, read_timeout_seconds=13)
    assert transport.sent[0].text("s:Header/w:OperationTimeout") == "PT3S"
    assert transport.sent[0].read_timeout_seconds == 13


def test_an_enumeration_may_have_a_timeout_and_attempts_of_its_own() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", "Test_Widget-pull-last")
    client, _pauses = client_of(transport)
    client.enumerate(NAMESPACE, "Test_Widget", operation_timeout_seconds=5)
    assert [each.text("s:Header/w:OperationTimeout") for each in transport.sent] == ["PT5S", "PT5S"]
    slow = ScriptedTransport(*["fault-wsman-timed_out"] * 3)
    client, pauses = client_of(slow, random=0.25)
    with pytest.raises(WsmanFault) as caught:
        client.enumerate(NAMESPACE, "Test_Widget", attempts=2)
    assert caught.value.timed_out
    assert len(slow.sent) == 2
    assert pauses.seconds == [0.25]
    assert slow.sent[0].text("s:Header/w:OperationTimeout") == "PT17S"


# --- HTTP statuses


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (HttpAnswer(401, b""), HostUnreachable, "credentials_rejected"),
        (HttpAnswer(404, b"<!DOCTYPE html><html/>"), HostUnreachable, "no_wsman_service"),
        (HttpAnswer(500, b""), HostUnreachable, "encryption_required"),
        (HttpAnswer(500, b" \r\n"), HostUnreachable, "encryption_required"),
        (HttpAnswer(500, b"not xml"), WsmanProtocolError, "unexpected_http_status"),
        (HttpAnswer(502, b"<html/>"), WsmanProtocolError, "unexpected_http_status"),
        (HttpAnswer(400, b""), WsmanProtocolError, "unexpected_http_status"),
        (HttpAnswer(200, b""), WsmanProtocolError, "answer_not_xml"),
        (HttpAnswer(200, b"<html/>"), WsmanProtocolError, "answer_not_soap"),
        (HttpAnswer(200, b"<!DOCTYPE html><html/>"), WsmanProtocolError, "answer_with_dtd"),
    ],
)
def test_answers_without_a_soap_message(answer: HttpAnswer, kind: type, code: str) -> None:
    client, _pauses = client_of(ScriptedTransport(answer))
    with pytest.raises(NicError) as caught:
        write_invoke(client)
    assert caught.value.__class__ is kind
    assert caught.value.code == code


class Scripted500(ScriptedTransport):
    """Gives every answer with another status than it should have."""

    status = 500

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        return HttpAnswer(self.status, super().send(message, read_timeout_seconds).body)


def test_a_good_answer_with_a_bad_status_is_not_believed() -> None:
    client, _pauses = client_of(Scripted500("Test_Widget-invoke-done"))
    with pytest.raises(WsmanProtocolError) as caught:
        write_invoke(client)
    assert caught.value.code == "unexpected_http_status"
    assert caught.value.seen == "HTTP 500 from http://box.example:5985/wsman"


def test_a_stray_answer_with_a_bad_status_says_what_is_wrong_with_it() -> None:
    client, _pauses = client_of(Scripted500("any-any-wrong_relates_to"))
    with pytest.raises(WsmanProtocolError) as caught:
        write_invoke(client)
    assert caught.value.code == "wrong_relates_to"


class Scripted200(Scripted500):
    status = 200


@pytest.mark.parametrize("kind", [Scripted200, Scripted500])
def test_a_fault_is_a_fault_with_any_status(kind: type[ScriptedTransport]) -> None:
    client, _pauses = client_of(kind("fault-wsman-access_denied"))
    with pytest.raises(WsmanFault) as caught:
        write_invoke(client)
    assert caught.value.access_denied
