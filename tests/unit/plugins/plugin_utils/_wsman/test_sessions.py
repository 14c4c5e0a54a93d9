# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions from Ansible's real connection plugins, through the real libraries, to a server on loopback."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import sessions
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Limits
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.sessions import (
    check_connection,
    open_client,
)
from tests.unit.plugins.plugin_utils._wsman.answers import fixture
from tests.unit.plugins.plugin_utils._wsman.connections import (
    BASIC,
    KINDS,
    MESSAGE,
    PASSWORD,
    Clock,
    connection,
    transport,
)
from tests.unit.plugins.plugin_utils._wsman.loopback import Answer, Received, certificate, free_port, http, serving

# --- which connections


@pytest.mark.parametrize("name", ["winrm", "psrp", "ansible.builtin.winrm", "ansible.builtin.psrp"])
def test_connections_that_speak_wsman_pass(name: str) -> None:
    check_connection(type("Connection", (), {"transport": name})())


@pytest.mark.parametrize(
    ("name", "subject"), [("ssh", "connection ssh"), ("local", "connection local"), ("", "connection Connection")]
)
def test_other_connections_are_refused_in_one_sentence(name: str, subject: str) -> None:
    other = type("Connection", (), {"transport": name})()
    for call in (check_connection, open_client):
        with pytest.raises(NicError) as caught:
            call(other)
        assert caught.value.code == "connection_unsupported"
        assert caught.value.subject == subject
        assert caught.value.next_step == "Set ansible_connection to winrm or psrp for this host."


def test_a_connection_without_a_name_is_refused() -> None:
    with pytest.raises(NicError) as caught:
        check_connection(object())
    assert caught.value.subject == "connection object"


@pytest.mark.parametrize(
    ("kind", "flag", "library"), [("winrm", "HAS_PYWINRM", "pywinrm"), ("psrp", "HAS_PYPSRP", "pypsrp")]
)
def test_a_missing_library_is_named(kind: str, flag: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, flag, False)
    with pytest.raises(NicError) as caught:
        open_client(connection(kind, 5985))
    assert caught.value.code == "library_missing"
    assert library in caught.value.subject


# --- settings


def test_winrm_settings_are_kept() -> None:
    client = open_client(
        connection("winrm", 15985, ansible_winrm_operation_timeout_sec="33", ansible_winrm_read_timeout_sec="44")
    )
    assert client.host == "127.0.0.1"
    assert client.operation_timeout_seconds == 33


def test_winrm_connection_timeout_is_the_operation_timeout() -> None:
    assert open_client(connection("winrm", 1, ansible_winrm_connection_timeout=7)).operation_timeout_seconds == 7
    assert open_client(connection("winrm", 1)).operation_timeout_seconds == 20


def test_psrp_settings_are_kept() -> None:
    client = open_client(connection("psrp", 15985, ansible_psrp_operation_timeout=34, ansible_psrp_read_timeout=45))
    assert client.host == "127.0.0.1"
    assert client.operation_timeout_seconds == 34


@pytest.mark.parametrize(
    ("host", "path", "endpoint"),
    [
        ("box.example", "/wsman", "http://box.example:5985/wsman"),
        ("2001:db8::5", "wsman", "http://[2001:db8::5]:5985/wsman"),
        ("192.0.2.1", "/other/path", "http://192.0.2.1:5985/other/path"),
    ],
)
def test_winrm_endpoint(host: str, path: str, endpoint: str) -> None:
    found = transport("winrm", 5985, ansible_host=host, ansible_winrm_path=path)
    assert (found.endpoint, found.host) == (endpoint, host)


def test_psrp_endpoint() -> None:
    found = transport("psrp", 5985, ansible_host="box.example")
    assert (found.endpoint, found.host) == ("http://box.example:5985/wsman", "box.example")


def test_limits_reach_the_client() -> None:
    with serving(http(503)) as server:
        client = open_client(connection("winrm", server.port), Limits(read_attempts=1, max_envelope_bytes=4321))
        with pytest.raises(HostUnreachable):
            client.get("root/cimv2", "Test_Widget", {})
    assert len(server.received) == 1
    assert b'<w:MaxEnvelopeSize s:mustUnderstand="true">4321<' in server.received[0].body


def test_winrm_settings_that_can_not_be_used() -> None:
    for variables in ({"ansible_winrm_transport": ["pigeon"]}, {"ansible_winrm_operation_timeout_sec": "soon"}):
        with pytest.raises(NicError) as caught:
            open_client(connection("winrm", 1, **variables))
        assert caught.value.code == "connection_settings_invalid"
        assert caught.value.subject == "connection winrm"


def test_psrp_settings_that_can_not_be_used() -> None:
    with pytest.raises(NicError) as caught:
        open_client(connection("psrp", 1, ansible_psrp_message_encryption="always"))
    assert caught.value.code == "connection_settings_invalid"
    assert caught.value.subject == "connection psrp"
    assert "basic" in caught.value.seen


def test_secrets_do_not_stand_in_errors_about_settings() -> None:
    plugin = connection("winrm", 1)

    def breaks() -> None:
        raise AnsibleConnectionFailure(f"kinit said {PASSWORD}")

    plugin._build_winrm_kwargs = breaks
    with pytest.raises(NicError) as caught:
        open_client(plugin)
    assert caught.value.seen == "kinit said ********"


# --- one message, one answer


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_sent_once_with_the_credentials_of_the_connection(kind: str) -> None:
    with serving(http(200, b"<answer/>")) as server:
        sender = transport(kind, server.port)
        assert server.received == []
        answer = sender.send(MESSAGE)
        sender.close()
    assert (answer.status, answer.body) == (200, b"<answer/>")
    assert [each.body for each in server.received] == [MESSAGE]
    headers = server.received[0].headers
    assert headers["authorization"] == BASIC
    assert headers["content-type"] == "application/soap+xml;charset=UTF-8"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("kind", KINDS)
def test_messages_share_a_connection_until_it_is_closed(kind: str) -> None:
    with serving(http(200, b"<answer/>")) as server:
        sender = transport(kind, server.port)
        for _number in range(3):
            sender.send(MESSAGE)
        sender.close()
        sender.send(MESSAGE)
        sender.close()
        sender.close()
    assert [each.connection for each in server.received] == [1, 1, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("idle", "connections"), [(60.0, [1, 1]), (60.1, [1, 2])])
def test_a_session_that_was_idle_for_long_is_opened_anew(kind: str, idle: float, connections: list[int]) -> None:
    clock = Clock()
    with serving(http(200, b"<answer/>")) as server:
        sender = transport(kind, server.port, clock)
        sender.send(MESSAGE)
        clock.now += idle
        sender.send(MESSAGE)
        sender.close()
    assert [each.connection for each in server.received] == connections


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (http(500, b"<fault/>"), 500, b"<fault/>"),
        (http(500), 500, b""),
        (http(404), 404, b""),
        (http(503), 503, b""),
        (http(401, b"go away"), 401, b""),
    ],
)
def test_statuses_and_bodies_come_back(kind: str, answer: bytes, status: int, body: bytes) -> None:
    with serving(answer) as server:
        found = transport(kind, server.port).send(MESSAGE)
    assert (found.status, found.body) == (status, body)
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (None, ConnectionLost, "connection_lost"),
        (http(200, b"x" * 4_000_001), WsmanProtocolError, "answer_too_large"),
        (http(200, b"x", Content_Encoding="gzip"), WsmanProtocolError, "answer_not_plain"),
        (http(307, b"", Location="http://127.0.0.1:1/"), WsmanProtocolError, "answer_not_plain"),
        (b"nonsense\r\n\r\n", WsmanProtocolError, "answer_not_http"),
    ],
)
def test_bad_answers_are_errors_and_nothing_is_sent_again(
    kind: str, answer: Answer, error: type[NicError], code: str
) -> None:
    with serving(answer) as server:
        server.close_after_answer = True
        sender = transport(kind, server.port)
        with pytest.raises(error) as caught:
            sender.send(MESSAGE)
    assert caught.value.code == code
    assert caught.value.subject == sender.endpoint
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_no_text_is_an_error_or_left_to_the_parser(kind: str) -> None:
    """It depends on the library and its version whether it wants to decode the body of an HTTP error."""
    with serving(http(500, b"\xff\xfe\xfd")) as server:
        try:
            assert transport(kind, server.port).send(MESSAGE).status == 500
        except WsmanProtocolError as error:
            assert error.code == "answer_unreadable"
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_refused_connection(kind: str) -> None:
    with pytest.raises(HostUnreachable) as caught:
        transport(kind, free_port()).send(MESSAGE)
    assert caught.value.code == "connection_refused"


@pytest.mark.parametrize("kind", KINDS)
def test_the_read_timeout_of_one_message(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with serving(b"", http(200, b"<answer/>")) as server:
        sender = transport(kind, server.port)
        with pytest.raises(ConnectionLost) as caught:
            sender.send(MESSAGE, 0.2)
        assert caught.value.code == "answer_timed_out"
        # The next message has the connection's own timeout again, and a new connection.
        assert sender.send(MESSAGE).status == 200
        sender.close()
        server.drop_connections()
    assert [each.connection for each in server.received] == [1, 2]
    assert (
        any(isinstance(each, logging.NullHandler) for each in logging.getLogger("pypsrp").handlers) or kind == "winrm"
    )
    assert caplog.text.count(PASSWORD) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_that_was_lost_once_says_so_differently(kind: str) -> None:
    with serving(http(200, b"<answer/>"), None) as server:
        sender = transport(kind, server.port)
        sender.send(MESSAGE)
        with pytest.raises(ConnectionLost) as caught:
            sender.send(MESSAGE)
    assert "restarted" in caught.value.next_step
    assert len(server.received) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_an_interruption_closes_the_session(kind: str) -> None:
    class Interrupted(BaseException):
        pass

    with serving(http(200, b"<answer/>")) as server:
        sender = transport(kind, server.port)
        sender.send(MESSAGE)
        usual = sender._post

        def interrupted(message: bytes, read_timeout_seconds: float | None) -> Any:
            raise Interrupted

        sender._post = interrupted  # type: ignore[method-assign]
        with pytest.raises(Interrupted):
            sender.send(MESSAGE)
        sender._post = usual  # type: ignore[method-assign]
        sender.send(MESSAGE)
        sender.close()
    assert [each.connection for each in server.received] == [1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_certificate_settings_are_kept(kind: str, tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    scheme = {"ansible_winrm_scheme": "https", "ansible_psrp_protocol": "https"}
    ca = {"ansible_winrm_ca_trust_path": str(trusted), "ansible_psrp_ca_cert": str(trusted)}
    with serving(http(200, b"<answer/>"), tls=context) as server:
        with pytest.raises(HostUnreachable) as caught:
            transport(kind, server.port, **scheme).send(MESSAGE)
        assert caught.value.code == "certificate_untrusted"
        sender = transport(kind, server.port, **scheme, **ca)
        assert sender.send(MESSAGE).status == 200
        sender.close()
        ignoring = {"ansible_winrm_server_cert_validation": "ignore", "ansible_psrp_cert_validation": "ignore"}
        sender = transport(kind, server.port, **scheme, **ignoring)
        assert sender.send(MESSAGE).status == 200
        sender.close()


def test_a_whole_request_through_the_client() -> None:
    def answer(request: Received) -> bytes:
        found = re.search(rb"<a:MessageID>(.*?)<", request.body)
        assert found is not None
        return http(200, fixture("Test_Widget-get-found").replace("@MESSAGE_ID@", found.group(1).decode()).encode())

    with serving(answer) as server:
        for kind in KINDS:
            client = open_client(connection(kind, server.port))
            assert client.get("root/standardcimv2", "Test_Widget", {}).text("Name") == "alpha"
            client.close()
