# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on the other end of a connection: NTLM inside Negotiate, raw or wrapped in SPNEGO, and Basic.

Negotiate authenticates a TCP connection, not a request: its state lives as long as the connection, and so do the keys
of message encryption. Basic comes anew with every request and is for HTTPS only.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from tests.lab.wirespec import ChannelBinding

_STORE_VARIABLE: Final = "NTLM_USER_FILE"
_AUTHENTICATE: Final = b"NTLMSSP\x00\x03\x00\x00\x00"
_CHANNEL_BINDINGS_ID: Final = 10  # MsvAvChannelBindings, [MS-NLMP] 2.2.2.1


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of one host.

    ``store`` is the file in pyspnego's format that its acceptor reads them from; ``basic`` has the same ones.
    """

    store: Path
    basic: dict[str, str]
    """Password by user name in lower case."""


def write_accounts(store: Path, computer: str, passwords: dict[str, str]) -> Accounts:
    r"""Write the credential store of a host.

    A local account answers to its bare name, to ``.\name`` and to ``COMPUTER\name``.

    Raises:
        ValueError: a name or password that the store has no form for.
    """
    for user, password in passwords.items():
        if any(mark in user + password for mark in ":\r\n"):
            raise ValueError(f"the user name or password of {user} has a colon or a line break in it")
    lines = [
        f"{domain}:{user}:{password}" for user, password in passwords.items() for domain in ("", ".", computer.upper())
    ]
    store.write_text("\n".join(lines) + "\n", encoding="utf-8")
    store.chmod(0o600)
    return Accounts(store, {user.lower(): password for user, password in passwords.items()})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one Authorization header led to."""

    user: str | None
    """Who it is; null: not (yet) known, answer 401."""
    token: bytes | None = None
    """For the WWW-Authenticate header of the answer."""


class NegotiateSession:
    """The Negotiate state of one TCP connection.

    Args:
        certificate_hash: of the listener's certificate for tls-server-end-point (RFC 5929), null over HTTP.
    """

    def __init__(self, accounts: Accounts, level: ChannelBinding, certificate_hash: bytes | None) -> None:
        self._accounts = accounts
        self._level = level
        self._certificate_hash = certificate_hash
        self._context: spnego.ContextProxy | None = None
        self.user: str | None = None
        """Who is authenticated on this connection."""

    def step(self, token: bytes) -> Verdict:
        """Take one token from the client. After a failure, as after a success, the next token starts anew."""
        if self._context is None or self._context.complete:
            self.user = None
            self._context = None
        bindings = self._bindings(token)
        try:
            with _credential_store(self._accounts.store):
                if self._context is None:
                    self._context = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
                answer = self._context.step(token, channel_bindings=bindings)
        except (SpnegoError, ValueError, struct.error):
            self._context = None
            return Verdict(None)
        if not self._context.complete:
            return Verdict(None, answer)
        self.user = _bare_name(self._context.client_principal or "")
        return Verdict(self.user, answer)

    def decrypt(self, header: bytes, data: bytes) -> bytes:
        """Open a sealed message.

        Raises:
            SpnegoError: it was not sealed with the keys of this connection, or arrived out of turn.
        """
        return self._established().unwrap_winrm(header, data)

    def encrypt(self, data: bytes) -> tuple[bytes, bytes]:
        """Seal a message: signature and sealed data."""
        sealed = self._established().wrap_winrm(data)
        return sealed.header, sealed.data

    def _established(self) -> spnego.ContextProxy:
        if self._context is None or not self._context.complete:
            raise TypeError("message encryption needs an authenticated connection")
        return self._context

    def _bindings(self, token: bytes) -> GssChannelBindings | None:
        """The bindings to insist on: none where the client may leave them out and does."""
        if self._certificate_hash is None or self._level is ChannelBinding.NONE:
            return None
        if self._level is ChannelBinding.RELAXED and not carries_channel_bindings(token):
            return None
        return GssChannelBindings(application_data=b"tls-server-end-point:" + self._certificate_hash)


def carries_channel_bindings(token: bytes) -> bool:
    """Whether an NTLM authenticate message, bare or inside SPNEGO, says which TLS channel it belongs to."""
    start = token.find(_AUTHENTICATE)
    if start < 0:
        return False
    message = token[start:]
    try:
        length, _unused, offset = struct.unpack_from("<HHI", message, 20)  # NtChallengeResponseFields
        response = message[offset : offset + length]
        position = 16 + 28  # NTProofStr, then NTLMv2_CLIENT_CHALLENGE up to its AvPairs
        while True:
            identifier, size = struct.unpack_from("<HH", response, position)
            if identifier == 0:
                return False
            if identifier == _CHANNEL_BINDINGS_ID:
                return any(response[position + 4 : position + 4 + size])
            position += 4 + size
    except struct.error:
        return False


def check_basic(accounts: Accounts, credentials: str) -> Verdict:
    """Check the credentials of a Basic header, still in base64."""
    try:
        user, _unused, password = base64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Verdict(None)
    name = _bare_name(user)
    expected = accounts.basic.get(name.lower())
    if expected is None or not hmac.compare_digest(expected.encode(), password.encode()):
        return Verdict(None)
    return Verdict(name)


def _bare_name(user: str) -> str:
    return user.rpartition("\\")[2]


@contextmanager
def _credential_store(store: Path) -> Iterator[None]:
    """Point pyspnego at the accounts of one host.

    Its acceptor reads them from the file that this variable names, at the moment a token is judged. A step is
    synchronous and the lab has one thread, so every host can have its own.
    """
    before = os.environ.get(_STORE_VARIABLE)
    os.environ[_STORE_VARIABLE] = str(store)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_STORE_VARIABLE]
        else:
            os.environ[_STORE_VARIABLE] = before
