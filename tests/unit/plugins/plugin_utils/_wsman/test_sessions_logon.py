# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions whose log-on is refused, breaks off or is tried by several methods in turn."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests_ntlm
import spnego.exceptions

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import GuardedAdapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.sessions import (
    PsrpTransport,
    WinrmTransport,
    open_client,
)
from tests.unit.plugins.plugin_utils._wsman.connections import (
    BASIC,
    KINDS,
    MESSAGE,
    PASSWORD,
    Clock,
    connection,
    transport,
)
from tests.unit.plugins.plugin_utils._wsman.loopback import Answer, http, serving

# --- winrm: authentication methods in turn


def test_the_next_method_is_tried_where_one_is_refused() -> None:
    with serving(http(401), http(200, b"<answer/>")) as server:
        sender = transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"])
        assert sender.send(MESSAGE).status == 200
        sender.send(MESSAGE)
        sender.close()
    assert len(server.received) == 3


def test_the_next_method_is_tried_where_clear_text_is_refused() -> None:
    with serving(http(500), http(200, b"<answer/>")) as server:
        sender = transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"])
        assert sender.send(MESSAGE).status == 200
        sender.close()
    assert len(server.received) == 2


def test_the_method_that_worked_stays_when_it_is_refused_later() -> None:
    with serving(http(200, b"<answer/>"), http(401)) as server:
        sender = transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"])
        assert sender.send(MESSAGE).status == 200
        assert sender.send(MESSAGE).status == 401
    assert len(server.received) == 2


def test_the_last_method_decides() -> None:
    with serving(http(401)) as server:
        sender = transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"])
        assert sender.send(MESSAGE).status == 401
        assert sender.send(MESSAGE).status == 401
    assert len(server.received) == 3


def test_a_fault_is_no_reason_to_try_another_method() -> None:
    with serving(http(500, b"<fault/>")) as server:
        assert (
            transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"]).send(MESSAGE).status == 500
        )
    assert len(server.received) == 1


def test_a_lost_connection_is_no_reason_to_try_another_method() -> None:
    with serving(None) as server, pytest.raises(ConnectionLost):
        transport("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"]).send(MESSAGE)
    assert len(server.received) == 1


def test_a_method_that_can_not_be_set_up_is_passed_over() -> None:
    with serving(http(200, b"<answer/>")) as server:
        # Without its certificate files, certificate authentication can't be set up.
        sender = transport("winrm", server.port, ansible_winrm_transport=["certificate", "plaintext"])
        assert sender.send(MESSAGE).status == 200
        sender.close()
        sender = transport("winrm", server.port, ansible_winrm_transport=["certificate"])
        with pytest.raises(HostUnreachable) as caught:
            sender.send(MESSAGE)
    assert caught.value.code == "authentication_failed"
    assert "cert_pem" in caught.value.seen


def test_a_method_whose_exchange_breaks_off_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: Any, **_kwargs: Any) -> Any:
        raise spnego.exceptions.InvalidTokenError

    monkeypatch.setattr(requests_ntlm.HttpNtlmAuth, "__call__", breaks)
    with serving(http(200, b"<answer/>")) as server:
        sender = transport("winrm", server.port, ansible_winrm_transport=["ntlm", "plaintext"])
        assert sender.send(MESSAGE).status == 200
        sender.close()
        with pytest.raises(HostUnreachable) as caught:
            transport("winrm", server.port, ansible_winrm_transport=["ntlm"]).send(MESSAGE)
    assert caught.value.code == "authentication_failed"


def test_the_plugin_keeps_its_own_state() -> None:
    with serving(http(200, b"<answer/>")) as server:
        plugin = connection("winrm", server.port, ansible_winrm_transport=["plaintext", "basic"])
        sender = WinrmTransport(plugin, Clock())
        sender.send(MESSAGE)
        sender.close()
    assert plugin.shell_id is None
    assert plugin.protocol is None
    assert plugin._winrm_transport == ["plaintext", "basic"]
    # No shell was opened: the message is all that the host ever saw.
    assert [each.body for each in server.received] == [MESSAGE]


def test_a_host_without_ntlm_is_a_matter_of_credentials() -> None:
    with serving(http(401, b"", WWW_Authenticate="Negotiate")) as server:
        answer = transport("winrm", server.port, ansible_winrm_transport=["ntlm"]).send(MESSAGE)
    assert answer.status == 401
    assert all(MESSAGE not in each.body for each in server.received)


def test_a_file_that_may_not_be_read_is_no_matter_of_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: Any, **_kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(requests_ntlm.HttpNtlmAuth, "__call__", denied)
    with serving(http(200)) as server, pytest.raises(NicError) as caught:
        transport("winrm", server.port, ansible_winrm_transport=["ntlm"]).send(MESSAGE)
    assert caught.value.code == "connection_settings_invalid"


ENCRYPTED = {
    "winrm": {"ansible_winrm_transport": ["ntlm"]},
    "psrp": {"ansible_psrp_auth": "ntlm", "ansible_psrp_message_encryption": "auto"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_failed_log_on_is_not_followed_by_clear_text(kind: str, status: int) -> None:
    """pywinrm keeps a session whose log-on failed; with it the next message would go out unencrypted."""
    with serving(http(status, b"who are you?" if status == 500 else b"")) as server:
        sender = transport(kind, server.port, **ENCRYPTED[kind])
        for _number in range(3):
            try:
                assert sender.send(MESSAGE).status == status
            except NicError as error:
                assert error.code == "answer_unreadable"
    assert len(server.received) == 3
    assert all(each.body == b"" for each in server.received)


@pytest.mark.parametrize("kind", KINDS)
def test_the_log_on_is_guarded_too(kind: str) -> None:
    with serving(http(200, b"x" * 4_000_001)) as server, pytest.raises(WsmanProtocolError) as caught:
        transport(kind, server.port, **ENCRYPTED[kind]).send(MESSAGE)
    assert caught.value.code == "answer_too_large"


def test_psrp_sessions_are_guarded_and_connect_retries_kept() -> None:
    with serving(http(200, b"<answer/>")) as server:
        sender = transport("psrp", server.port, ansible_psrp_reconnection_retries=2)
        assert isinstance(sender, PsrpTransport)
        sender.send(MESSAGE)
        adapter = sender._transport.session.get_adapter("http://x")
        assert isinstance(adapter, GuardedAdapter)
        retries = adapter._inner.max_retries
        sender.close()
    assert (retries.connect, retries.read, retries.status, retries.other) == (2, False, 0, 0)


def test_opening_a_client_does_not_use_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[tuple[object, ...]] = []

    def note(*arguments: object, **_options: object) -> Any:
        used.append(arguments)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "getaddrinfo", note)
    monkeypatch.setattr(socket.socket, "connect", note)
    for kind in KINDS:
        open_client(connection(kind, 5985, ansible_host="box.example")).close()
    assert used == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "answer", [None, http(401), http(500), http(200, b"", Content_Encoding="gzip"), b"nonsense\r\n"]
)
def test_the_password_stands_in_no_error(kind: str, answer: Answer) -> None:
    with serving(answer) as server:
        server.close_after_answer = True
        client = open_client(connection(kind, server.port))
        with pytest.raises(NicError) as caught:
            client.delete("root/cimv2", "Test_Widget", {})
    everything: BaseException | None = caught.value
    assert isinstance(everything, NicError)
    for text in (str(everything), str(everything.as_dict()), repr(everything)):
        assert PASSWORD not in text
        assert BASIC not in text
