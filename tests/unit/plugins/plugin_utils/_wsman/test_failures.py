# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions as the libraries really raise and nest them, wherever loopback can provoke them."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests
import spnego.exceptions
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ConnectTimeout, ProxyError, ReadTimeout
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import failures
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.failures import failure
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import (
    AnswerNotPlain,
    AnswerTooLarge,
    SessionLost,
)
from tests.unit.plugins.plugin_utils._wsman.loopback import certificate, free_port, http, serving


def provoked(url: str, *, answered: bool = False, **settings: Any) -> NicError:
    """The error for the exception that a real request to *url* ends with."""
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises((requests.RequestException, OSError)) as caught:
            session.post(url, data=b"message", timeout=settings.pop("timeout", 10), **settings)
        judged = failure(caught.value, url, answered=answered)
    assert judged.subject == url
    return judged


@pytest.mark.parametrize(("answered", "hint"), [(False, "HTTPS"), (True, "restarted")])
def test_a_connection_closed_without_an_answer_is_lost(answered: bool, hint: str) -> None:
    with serving(None) as server:
        judged = provoked(f"http://127.0.0.1:{server.port}/wsman", answered=answered)
    assert judged.__class__ is ConnectionLost
    assert judged.code == "connection_lost"
    assert hint in judged.next_step


def test_an_answer_cut_short_is_lost() -> None:
    with serving(http(200, b"x" * 100)[:-50]) as server:
        # Half of the body arrives, then the other side closes.
        server.close_after_answer = True
        judged = provoked(f"http://127.0.0.1:{server.port}/wsman", answered=True)
    assert judged.__class__ is ConnectionLost
    assert judged.code == "connection_lost"


def test_a_port_where_nothing_listens_refuses() -> None:
    judged = provoked(f"http://127.0.0.1:{free_port()}/wsman")
    assert judged.__class__ is HostUnreachable
    assert judged.code == "connection_refused"
    assert judged.seen == "Connection refused"


def test_a_host_that_never_answers_times_out() -> None:
    with serving(b"") as server:
        judged = provoked(f"http://127.0.0.1:{server.port}/wsman", timeout=0.2)
    assert judged.__class__ is ConnectionLost
    assert judged.code == "answer_timed_out"


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_kwargs: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    judged = provoked("http://box.example:5985/wsman")
    assert judged.__class__ is HostUnreachable
    assert judged.code == "name_not_resolved"


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x16", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_an_answer_that_is_no_http(answer: bytes) -> None:
    with serving(answer) as server:
        server.close_after_answer = True
        judged = provoked(f"http://127.0.0.1:{server.port}/wsman")
    assert judged.__class__ is WsmanProtocolError
    assert judged.code == "answer_not_http"
    assert "ansible_winrm_scheme" in judged.next_step


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    context, _trusted = certificate(tmp_path)
    with serving(http(200), tls=context) as server:
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman")
    assert judged.__class__ is HostUnreachable
    assert judged.code == "certificate_untrusted"
    assert judged.seen == "a certificate that the controller does not trust (self-signed certificate)"


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, days=-1)
    with serving(http(200), tls=context) as server:
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman", verify=str(trusted))
    assert judged.__class__ is HostUnreachable
    assert judged.code == "certificate_expired"
    assert judged.seen == "a certificate outside its time of validity (certificate has expired)"


def test_a_certificate_for_another_address(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, address="192.0.2.1")
    with serving(http(200), tls=context) as server:
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman", verify=str(trusted))
    assert judged.__class__ is HostUnreachable
    assert judged.code == "certificate_wrong_name"
    assert "127.0.0.1" in judged.seen


def test_http_where_https_is_spoken() -> None:
    with serving(None) as server:
        server.greeting = http(400, b"plain")
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman")
    assert judged.__class__ is HostUnreachable
    assert judged.code == "answer_not_tls"


def test_tls_that_ends_in_the_middle(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    with serving(None, tls=context) as server:
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman", verify=str(trusted))
    assert judged.__class__ is ConnectionLost
    assert judged.code == "connection_lost"


def test_tls_versions_that_do_not_meet(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path)
    context.maximum_version = context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    with serving(http(200), tls=context) as server:
        judged = provoked(f"https://127.0.0.1:{server.port}/wsman", verify=str(trusted))
    assert judged.__class__ is HostUnreachable
    assert judged.code == "tls_failed"
    assert judged.seen == "the TLS handshake failed (SSLV3_ALERT_HANDSHAKE_FAILURE)"


def test_a_file_of_trusted_certificates_that_does_not_exist() -> None:
    judged = provoked("https://127.0.0.1:1/wsman", verify="/nonexistent/ca.pem")
    assert judged.__class__ is NicError
    assert judged.code == "connection_settings_invalid"
    assert judged.seen == "a certificate file that can't be read"


def test_an_address_that_makes_no_url() -> None:
    judged = provoked("http://box example:x/wsman")
    assert judged.__class__ is NicError
    assert judged.code == "connection_settings_invalid"


def test_a_proxy_that_refuses() -> None:
    proxy = f"http://someone:secret@127.0.0.1:{free_port()}"
    judged = provoked("http://192.0.2.1:5985/wsman", proxies={"http": proxy})
    assert judged.__class__ is HostUnreachable
    assert judged.code == "proxy_failed"
    assert "secret" not in str(judged)


def nested(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def no_route(number: int) -> Exception:
    pool: Any = None
    new = NewConnectionError(pool, "no")
    new.__cause__ = OSError(number, "x")
    return RequestsConnectionError(MaxRetryError(pool, "/wsman", new))


POOL: Any = None


@pytest.mark.parametrize(
    ("error", "kind", "code", "seen"),
    [
        (AnswerTooLarge(), WsmanProtocolError, "answer_too_large", "cut off"),
        (AnswerNotPlain(), WsmanProtocolError, "answer_not_plain", "redirection"),
        (SessionLost(), HostUnreachable, "session_lost", "session"),
        (spnego.exceptions.InvalidTokenError(), HostUnreachable, "authentication_failed", "InvalidTokenError"),
        (
            nested(ValueError(), spnego.exceptions.BadMICError()),
            HostUnreachable,
            "authentication_failed",
            "BadMICError",
        ),
        (type("KerberosExchangeError", (OSError,), {})(), HostUnreachable, "authentication_failed", "Kerberos"),
        (type("MutualAuthenticationError", (OSError,), {})(), HostUnreachable, "authentication_failed", "Mutual"),
        (no_route(errno.EHOSTUNREACH), HostUnreachable, "no_connection", "No route to host"),
        (no_route(errno.ENETUNREACH), HostUnreachable, "no_connection", "Network is unreachable"),
        (
            ConnectTimeout(MaxRetryError(POOL, "/wsman", ConnectTimeoutError())),
            HostUnreachable,
            "no_connection",
            "no reply to the attempt to connect",
        ),
        (ReadTimeout(), ConnectionLost, "answer_timed_out", "no answer"),
        (ProxyError(), HostUnreachable, "proxy_failed", "proxy"),
        (
            RequestsConnectionError(ConnectionResetError(errno.ECONNRESET, "x")),
            ConnectionLost,
            "connection_lost",
            "closed",
        ),
        (ImportError("no", name="requests_credssp"), NicError, "library_missing", "requests_credssp"),
        (ImportError("no"), NicError, "library_missing", "a library of the connection"),
        (KeyError("www-authenticate"), WsmanProtocolError, "answer_unreadable", "KeyError"),
        (struct.error("x"), WsmanProtocolError, "answer_unreadable", "(error)"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), WsmanProtocolError, "answer_unreadable", "UnicodeDecodeError"),
        (requests.exceptions.ContentDecodingError(), WsmanProtocolError, "answer_unreadable", "ContentDecodingError"),
        (OSError("no such certificate"), NicError, "connection_settings_invalid", "certificate file"),
        (PermissionError(errno.EACCES, "x"), NicError, "connection_settings_invalid", "certificate file"),
        (requests.exceptions.InvalidProxyURL(), NicError, "connection_settings_invalid", "no URL"),
    ],
)
def test_each_exception_has_one_meaning(error: Exception, kind: type, code: str, seen: str) -> None:
    judged = failure(error, "http://box.example:5985/wsman", answered=False)
    assert judged.__class__ is kind
    assert judged.code == code
    assert seen in judged.seen
    assert judged.subject == "http://box.example:5985/wsman"


def tls_error(reason: str | None, kind: type[ssl.SSLError] = ssl.SSLError) -> Exception:
    error = kind(1, "x")
    error.reason = reason  # type: ignore[assignment]
    return requests.exceptions.SSLError(MaxRetryError(POOL, "/wsman", error))


@pytest.mark.parametrize(
    ("error", "answered", "kind", "code"),
    [
        (tls_error("WRONG_VERSION_NUMBER"), True, HostUnreachable, "answer_not_tls"),
        (tls_error("HTTP_REQUEST"), False, HostUnreachable, "answer_not_tls"),
        (tls_error("NO_SHARED_CIPHER"), False, HostUnreachable, "tls_failed"),
        (tls_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), True, ConnectionLost, "connection_lost"),
        (tls_error(None, ssl.SSLEOFError), False, ConnectionLost, "connection_lost"),
        (tls_error(None, ssl.SSLZeroReturnError), False, ConnectionLost, "connection_lost"),
        (tls_error(None), False, HostUnreachable, "tls_failed"),
    ],
)
def test_tls_errors(error: Exception, answered: bool, kind: type, code: str) -> None:
    judged = failure(error, "x", answered=answered)
    assert judged.__class__ is kind
    assert judged.code == code


def verification(code: int) -> Exception:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code = code
    error.verify_message = "words of OpenSSL"
    return requests.exceptions.SSLError(MaxRetryError(POOL, "/wsman", error))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (9, "certificate_expired"),
        (10, "certificate_expired"),
        (62, "certificate_wrong_name"),
        (64, "certificate_wrong_name"),
        (18, "certificate_untrusted"),
        (20, "certificate_untrusted"),
        (23, "certificate_untrusted"),
    ],
)
def test_certificates_are_judged_by_number(number: int, code: str) -> None:
    judged = failure(verification(number), "x", answered=False)
    assert judged.code == code
    assert "words of OpenSSL" in judged.seen


@pytest.mark.parametrize(
    "error",
    [
        RequestsConnectionError("http://someone:secret@proxy.example failed"),
        ValueError("secret"),
        KeyError("secret"),
        ImportError("secret", name="requests_credssp"),
        spnego.exceptions.InvalidTokenError(context_msg="secret"),
        OSError("secret"),
    ],
)
def test_text_of_libraries_is_not_quoted(error: Exception) -> None:
    assert "secret" not in str(failure(error, "http://box.example/", answered=False))


def test_without_the_libraries_only_what_needs_them_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "HAS_LIBRARIES", False)
    assert failure(ImportError("x", name="requests"), "x", answered=False).code == "library_missing"
    assert failure(ReadTimeout(), "x", answered=False).code == "answer_unreadable"


def test_exceptions_that_hold_each_other_are_looked_at_once() -> None:
    first, second = ValueError(), ValueError()
    first.args, second.args = (second,), (first,)
    assert failure(first, "x", answered=False).code == "answer_unreadable"


def test_only_so_many_exceptions_are_looked_at() -> None:
    error: Exception = spnego.exceptions.BadMICError()
    for _number in range(49):
        error = ValueError(error)
    assert failure(error, "x", answered=False).code == "authentication_failed"
    assert failure(ValueError(error), "x", answered=False).code == "answer_unreadable"
