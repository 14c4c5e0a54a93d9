# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may in: NTLM bare and inside SPNEGO, channel binding, Basic."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.lab.authentication import (
    Accounts,
    NegotiateSession,
    carries_channel_bindings,
    check_basic,
    write_accounts,
)
from tests.lab.wirespec import ChannelBinding

CERTIFICATE_HASH = bytes(range(32))
PASSWORD = "p\u00e4ss <&> word"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return write_accounts(tmp_path / "one.accounts", "one", {"labadmin": PASSWORD})


def bindings(certificate_hash: bytes) -> GssChannelBindings:
    return GssChannelBindings(application_data=b"tls-server-end-point:" + certificate_hash)


def shake_hands(
    session: NegotiateSession,
    user: str = "labadmin",
    password: str = PASSWORD,
    protocol: str = "ntlm",
    channel: GssChannelBindings | None = None,
) -> tuple[str | None, spnego.ContextProxy]:
    client = spnego.client(user, password, hostname="one", service="http", protocol=protocol, channel_bindings=channel)
    token = client.step()
    while token is not None:
        verdict = session.step(token)
        if verdict.user is not None or verdict.token is None:
            if verdict.token is not None:
                client.step(verdict.token)
            return verdict.user, client
        token = client.step(verdict.token)
    return None, client


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize("user", ["labadmin", "LABADMIN", ".\\labadmin", "ONE\\labadmin", "one\\LabAdmin"])
def test_the_right_password_is_let_in(accounts: Accounts, protocol: str, user: str) -> None:
    session = NegotiateSession(accounts, ChannelBinding.RELAXED, None)
    found, client = shake_hands(session, user, protocol=protocol)
    assert found is not None
    assert (found.lower(), client.complete, session.user) == ("labadmin", True, found)


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize(
    ("user", "password"), [("labadmin", "wrong"), ("nobody", PASSWORD), ("OTHER\\labadmin", PASSWORD), ("labadmin", "")]
)
def test_anything_else_is_not(accounts: Accounts, protocol: str, user: str, password: str) -> None:
    session = NegotiateSession(accounts, ChannelBinding.RELAXED, None)
    assert shake_hands(session, user, password, protocol)[0] is None
    assert session.user is None
    assert shake_hands(session, protocol=protocol)[0] == "labadmin"


@pytest.mark.parametrize("token", [b"", b"NTLMSSP\x00", b"\x60\x03abc", bytes(range(200, 140, -1))])
def test_a_token_that_is_none_is_refused(accounts: Accounts, token: bytes) -> None:
    session = NegotiateSession(accounts, ChannelBinding.RELAXED, None)
    assert session.step(token).user is None


def test_hosts_have_accounts_of_their_own(tmp_path: Path) -> None:
    one = write_accounts(tmp_path / "1", "one", {"labadmin": "first"})
    two = write_accounts(tmp_path / "2", "two", {"labadmin": "second"})
    first = NegotiateSession(one, ChannelBinding.RELAXED, None)
    second = NegotiateSession(two, ChannelBinding.RELAXED, None)
    assert shake_hands(first, password="first")[0] == "labadmin"
    assert shake_hands(second, password="first")[0] is None
    assert shake_hands(second, password="second")[0] == "labadmin"
    assert "NTLM_USER_FILE" not in os.environ


def test_a_password_that_the_store_can_not_hold_is_refused(tmp_path: Path) -> None:
    for password in ("a:b", "a\nb"):
        with pytest.raises(ValueError, match="password"):
            write_accounts(tmp_path / "store", "one", {"labadmin": password})


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
def test_messages_are_sealed_with_the_keys_of_the_connection(accounts: Accounts, protocol: str) -> None:
    session = NegotiateSession(accounts, ChannelBinding.RELAXED, None)
    _unused, client = shake_hands(session, protocol=protocol)
    for message in (b"first", b"second" * 1000):
        sealed = client.wrap_winrm(message)
        assert message not in sealed.data
        assert session.decrypt(sealed.header, sealed.data) == message
        signature, data = session.encrypt(message)
        assert client.unwrap_winrm(signature, data) == message
    sealed = client.wrap_winrm(b"third")
    with pytest.raises(SpnegoError):
        session.decrypt(sealed.header, bytes([sealed.data[0] ^ 1]) + sealed.data[1:])


def test_a_new_handshake_begins_anew(accounts: Accounts) -> None:
    session = NegotiateSession(accounts, ChannelBinding.RELAXED, None)
    shake_hands(session)
    assert session.user == "labadmin"
    half = session.step(spnego.client("labadmin", PASSWORD, protocol="ntlm").step() or b"")
    assert half.token is not None
    assert {half.user, session.user} == {None}
    with pytest.raises(TypeError):
        session.encrypt(b"no keys yet")


@pytest.mark.parametrize("protocol", ["ntlm", "negotiate"])
@pytest.mark.parametrize(
    ("level", "sent", "let_in"),
    [
        (ChannelBinding.RELAXED, None, True),
        (ChannelBinding.RELAXED, CERTIFICATE_HASH, True),
        (ChannelBinding.RELAXED, bytes(32), False),
        (ChannelBinding.STRICT, None, False),
        (ChannelBinding.STRICT, CERTIFICATE_HASH, True),
        (ChannelBinding.STRICT, bytes(32), False),
        (ChannelBinding.NONE, bytes(32), True),
    ],
)
def test_channel_binding(
    accounts: Accounts, protocol: str, level: ChannelBinding, sent: bytes | None, let_in: bool
) -> None:
    session = NegotiateSession(accounts, level, CERTIFICATE_HASH)
    found, _unused = shake_hands(session, protocol=protocol, channel=bindings(sent) if sent is not None else None)
    assert (found is not None) is let_in


@pytest.mark.parametrize(
    "token", [b"", b"NTLMSSP\x00\x03\x00\x00\x00", b"NTLMSSP\x00\x03\x00\x00\x00" + b"\xff" * 40, os.urandom(200)]
)
def test_a_damaged_token_carries_no_bindings(token: bytes) -> None:
    assert carries_channel_bindings(token) is False


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("credentials", "user"),
    [
        (basic(f"labadmin:{PASSWORD}"), "labadmin"),
        (basic(f"LabAdmin:{PASSWORD}"), "LabAdmin"),
        (basic(f".\\labadmin:{PASSWORD}"), "labadmin"),
        (basic("labadmin:wrong"), None),
        (basic(f"nobody:{PASSWORD}"), None),
        (basic("labadmin"), None),
        ("not base64!", None),
        (base64.b64encode(b"\xff\xfe:\xff").decode(), None),
    ],
)
def test_basic(accounts: Accounts, credentials: str, user: str | None) -> None:
    assert check_basic(accounts, credentials).user == user


def test_the_store_is_private(accounts: Accounts) -> None:
    assert accounts.store.stat().st_mode & 0o777 == 0o600
