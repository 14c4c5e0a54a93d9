# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What an exception of the HTTP, TLS and authentication libraries means, told by its type and never by its text.

Text of libraries is not quoted at all: some of it holds URLs with credentials. Only what the operating system and
OpenSSL say about an error number is.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import typing as t
from collections.abc import Iterator, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import (
    AnswerNotPlain,
    AnswerTooLarge,
    SessionLost,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import NOT_WINDOWS

try:
    import requests.exceptions
    import spnego.exceptions
    import urllib3.exceptions
except ImportError:  # both connection libraries need them, and sessions.py refuses to work without one
    HAS_LIBRARIES = False
else:
    HAS_LIBRARIES = True

# X509_V_ERR_*, openssl/x509_vfy.h
_OUTSIDE_VALIDITY = frozenset({9, 10})
_OTHER_NAME = frozenset({62, 64})

# Reason codes of OpenSSL for a peer that answers a ClientHello with something else than TLS.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"})

_MOST_CAUSES = 50

_SCHEME = "ansible_winrm_scheme or ansible_psrp_protocol, and ansible_port,"
_STILL_UP = "Check that the host is still up; its event log tells whether it restarted."


def failure(error: Exception, endpoint: str, *, answered: bool) -> NicError:
    """The error to report instead of *error*, which came up while a message was sent.

    Args:
        error: Exception of pywinrm, pypsrp, requests or below.
        endpoint: URL that was asked.
        answered: Whether this host has answered anything before.
    """
    causes = tuple(_causes(error))
    judged = _guard_failure(error, endpoint)
    if judged is None and HAS_LIBRARIES:
        judged = (
            _authentication_failure(causes, endpoint)
            or _tls_failure(causes, endpoint, answered)
            or _network_failure(error, causes, endpoint, answered)
        )
    return judged or _other_failure(error, endpoint)


def _guard_failure(error: Exception, endpoint: str) -> NicError | None:
    if isinstance(error, AnswerTooLarge):
        return WsmanProtocolError(
            "answer_too_large",
            endpoint,
            "an answer larger than any that was asked for; it was cut off",
            "an answer within the requested MaxEnvelopeSize",
            NOT_WINDOWS,
        )
    if isinstance(error, AnswerNotPlain):
        return WsmanProtocolError(
            "answer_not_plain", endpoint, "a compressed answer or a redirection", "a plain HTTP answer", NOT_WINDOWS
        )
    if isinstance(error, SessionLost):
        return HostUnreachable(
            "session_lost",
            endpoint,
            "a host that no longer knows the session",
            "the connection to last for the whole task",
            "Run the task again: the message was not read. If it happens often, look for a proxy or firewall that cuts"
            " connections.",
        )
    return None


def _authentication_failure(causes: Sequence[BaseException], endpoint: str) -> NicError | None:
    for cause in causes:
        # pywinrm carries its own copy of requests_kerberos, whose exceptions can't be imported where Kerberos is
        # missing.
        if isinstance(cause, spnego.exceptions.SpnegoError) or type(cause).__name__ in (
            "KerberosExchangeError",
            "MutualAuthenticationError",
        ):
            return HostUnreachable(
                "authentication_failed",
                endpoint,
                f"the authentication exchange failed ({type(cause).__name__})",
                "credentials, and for Kerberos a ticket, that fit this host",
                "Check the user name, the domain, the clocks, and the authentication setting of the connection.",
            )
    return None


def _tls_failure(causes: Sequence[BaseException], endpoint: str, answered: bool) -> NicError | None:
    error = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_failure(error, endpoint)
    if error is None:
        return None
    if error.reason in _NOT_TLS:
        return HostUnreachable(
            "answer_not_tls",
            endpoint,
            "an answer that is not TLS",
            "WinRM over HTTPS",
            f"If the port speaks HTTP, set {_SCHEME} accordingly.",
        )
    if answered or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return ConnectionLost(
            "connection_lost",
            endpoint,
            "the TLS connection was closed before the answer was complete",
            "an answer",
            _STILL_UP,
        )
    return HostUnreachable(
        "tls_failed",
        endpoint,
        f"the TLS handshake failed ({error.reason or 'no reason given'})",
        "a TLS version and cipher that both sides know",
        "Compare the TLS settings of the host and of the machine that runs Ansible.",
    )


def _certificate_failure(error: ssl.SSLCertVerificationError, endpoint: str) -> NicError:
    words = error.verify_message
    if error.verify_code in _OUTSIDE_VALIDITY:
        return HostUnreachable(
            "certificate_expired",
            endpoint,
            f"a certificate outside its time of validity ({words})",
            "a certificate that is valid now",
            "Renew the certificate of the host's HTTPS listener, and compare the clocks.",
        )
    if error.verify_code in _OTHER_NAME:
        return HostUnreachable(
            "certificate_wrong_name",
            endpoint,
            f"a certificate for another name ({words})",
            "a certificate for the address that is asked",
            "Use the name in the certificate as ansible_host, or issue a certificate for this address.",
        )
    return HostUnreachable(
        "certificate_untrusted",
        endpoint,
        f"a certificate that the controller does not trust ({words})",
        "a certificate of a trusted authority",
        "Name the authority's certificate in ansible_winrm_ca_trust_path or ansible_psrp_ca_cert.",
    )


def _network_failure(
    error: Exception, causes: Sequence[BaseException], endpoint: str, answered: bool
) -> NicError | None:
    if isinstance(error, requests.exceptions.ProxyError):
        return HostUnreachable(
            "proxy_failed",
            endpoint,
            "the proxy did not pass the connection on",
            "a proxy that leads to the host",
            "Check the proxy setting of the connection (ansible_winrm_proxy or ansible_psrp_proxy) and the proxy"
            " variables of the environment.",
        )
    if isinstance(error, requests.exceptions.ReadTimeout):
        return ConnectionLost(
            "answer_timed_out",
            endpoint,
            "no answer within the read timeout",
            "an answer",
            "Look for load on the host, or raise the connection's operation and read timeouts.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HostUnreachable(
            "name_not_resolved",
            endpoint,
            "a name that does not resolve",
            "a name known to the controller",
            "Check ansible_host, and the resolver of the machine that runs Ansible.",
        )
    if any(_is_no_status_line(cause) for cause in causes):
        return WsmanProtocolError(
            "answer_not_http",
            endpoint,
            "an answer that is not HTTP",
            "WinRM over HTTP",
            f"If the port speaks HTTPS, set {_SCHEME} accordingly.",
        )
    if any(isinstance(cause, urllib3.exceptions.ConnectTimeoutError) for cause in causes):
        return _no_connection(causes, endpoint)
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return ConnectionLost(
            "connection_lost",
            endpoint,
            "the connection was closed before the answer was complete",
            "an answer",
            _STILL_UP
            if answered
            else f"Check that the host is up. If the port speaks HTTPS, set {_SCHEME} accordingly.",
        )
    return None


def _is_no_status_line(cause: BaseException) -> t.TypeGuard[http.client.BadStatusLine]:
    # An empty answer counts as a bad status line for http.client; here it is a lost connection.
    return isinstance(cause, http.client.BadStatusLine) and not isinstance(cause, http.client.RemoteDisconnected)


def _no_connection(causes: Sequence[BaseException], endpoint: str) -> NicError:
    """A connection that was never made. ``NewConnectionError`` is a ``ConnectTimeoutError`` for urllib3."""
    number = next((cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno), None)
    if number == errno.ECONNREFUSED:
        return HostUnreachable(
            "connection_refused",
            endpoint,
            os.strerror(number),
            "a WinRM service that listens",
            "Check that the WinRM service runs on the host and that its listener covers this address and port: winrm"
            " enumerate winrm/config/listener.",
        )
    return HostUnreachable(
        "no_connection",
        endpoint,
        os.strerror(number) if number else "no reply to the attempt to connect",
        "a host that accepts connections",
        "Check that the host is up, that there is a route, and that no firewall drops packets to this port.",
    )


def _other_failure(error: Exception, endpoint: str) -> NicError:
    if isinstance(error, ImportError):
        return NicError(
            "library_missing",
            endpoint,
            f"Python can't import {error.name or 'a library of the connection'}",
            "the libraries of the connection's authentication method",
            "Install them for the Python that runs Ansible.",
        )
    # Before it connects, requests raises InvalidURL, and a bare OSError for a certificate file that does not exist.
    wrong = None
    if type(error) in (OSError, PermissionError):
        wrong = "a certificate file that can't be read"
    elif HAS_LIBRARIES and isinstance(error, requests.exceptions.InvalidURL):
        wrong = "an address or proxy that is no URL"
    if wrong is not None:
        return NicError(
            "connection_settings_invalid",
            endpoint,
            wrong,
            "settings that the connection can use",
            "Correct the connection variables of this host.",
        )
    return WsmanProtocolError(
        "answer_unreadable",
        endpoint,
        f"an answer that the connection's library could not read ({type(error).__name__})",
        "an answer as WinRM sends it",
        NOT_WINDOWS,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """*error* and every exception inside it. The libraries nest them as arguments, reasons, causes and contexts."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_CAUSES:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(each for each in nested if isinstance(each, BaseException))
