# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Clients from a task's own connection: the one file that knows the inside of Ansible's connection plugins.

Every setting of the connection is kept, because its plugin turns its own options into the library's arguments
(``_build_winrm_kwargs`` and ``_build_kwargs``, present in ansible-core 2.16 to 2.21). What is left out is what the
plugins do next: open a command shell, or start PowerShell. Requests for CIM classes need neither, and an account may
have the right for the one and not for the other.
"""

from __future__ import annotations

import abc
import logging
import time
import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleError

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer, Limits
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.failures import failure
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import guard

try:
    import winrm.exceptions as winrm_exceptions
except ImportError:
    HAS_PYWINRM = False
else:
    HAS_PYWINRM = True

try:
    import pypsrp.exceptions as pypsrp_exceptions
    import pypsrp.wsman as pypsrp_wsman
except ImportError:
    HAS_PYPSRP = False
else:
    HAS_PYPSRP = True

_MOST_ANSWER_BYTES = 4_000_000
"""Body of one HTTP answer. Several times the envelope that is asked for, since encryption wraps it."""

_IDLE_SECONDS = 60.0
"""A session unused for longer is opened anew: Windows drops idle connections after about 120 seconds, and a message
encrypted for a dropped connection can't be read on the next one."""

_LONGEST_WAITS = 4
"""How many times the read timeout a message and its answer may take: three legs of a log-on may come first."""


def check_connection(connection: t.Any) -> None:
    """Refuse a connection that does not speak WS-Management.

    Raises:
        NicError: ``connection_unsupported``.
    """
    if _kind(connection) not in ("winrm", "psrp"):
        raise NicError(
            "connection_unsupported",
            f"connection {getattr(connection, 'transport', None) or type(connection).__name__}",
            "a connection that does not speak WS-Management",
            "winrm or psrp",
            "Set ansible_connection to winrm or psrp for this host.",
        )


def open_client(
    connection: t.Any, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic
) -> Client:
    """A client that uses the settings of *connection*. Nothing is sent yet.

    Args:
        connection: The connection plugin of a task, its options set.
        limits: What the host may make the controller do.
        clock: Seconds from any start, never running back.

    Raises:
        NicError: ``connection_unsupported``, ``library_missing``, ``connection_settings_invalid``.
    """
    check_connection(connection)
    transport: _LibraryTransport
    if _kind(connection) == "winrm":
        _check_library("pywinrm", HAS_PYWINRM)
        transport = WinrmTransport(connection, clock)
    else:
        _check_library("pypsrp", HAS_PYPSRP)
        transport = PsrpTransport(connection, clock)
    return Client(
        transport,
        host=transport.host,
        operation_timeout_seconds=transport.operation_timeout_seconds,
        limits=limits,
    )


class _LibraryTransport(abc.ABC):
    """What both libraries have in common: one message, one answer, and every exception turned into one of ours."""

    host: str
    endpoint: str
    operation_timeout_seconds: int
    read_timeout_seconds: float

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = Deadline()
        self._last_used: float | None = None
        self._answered = False

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        """See :class:`client.Transport`."""
        if self._last_used is not None and self._clock() - self._last_used > _IDLE_SECONDS:
            self.close()
        longest = _LONGEST_WAITS * (read_timeout_seconds or self.read_timeout_seconds)
        try:
            with self._deadline.within(longest):
                answer = self._post(message, read_timeout_seconds)
        # The libraries let through what a bad answer makes their code raise: KeyError, struct.error and many more.
        except Exception as error:
            self.close()
            if self._deadline.passed:
                raise self._too_slow(longest) from error
            if isinstance(error, NicError):
                raise
            raise failure(error, self.endpoint, answered=self._answered) from error
        except BaseException:
            # A task timeout, or an interruption: the connection is in the middle of an answer.
            self.close()
            raise
        if self._deadline.passed:
            # A header that was cut off looks like an answer without a body.
            self.close()
            raise self._too_slow(longest)
        self._answered = True
        self._last_used = self._clock()
        return answer

    def close(self) -> None:
        """See :class:`client.Transport`."""
        self._last_used = None
        self._drop()

    def _too_slow(self, seconds: float) -> ConnectionLost:
        return ConnectionLost(
            "answer_timed_out",
            self.endpoint,
            f"an answer that was not complete after {seconds:g} seconds, though bytes of it kept coming",
            "a whole answer",
            "Find out what answers at this address and port, and how good the line is; or raise the read timeout of the"
            " connection.",
        )

    @abc.abstractmethod
    def _post(self, message: bytes, read_timeout_seconds: float | None) -> HttpAnswer:
        """Send *message* once."""

    @abc.abstractmethod
    def _drop(self) -> None:
        """Forget the HTTP session and its encryption."""


class WinrmTransport(_LibraryTransport):
    """Sends through pywinrm, as the ``winrm`` connection plugin sets it up.

    The plugin tries the authentication methods of ``ansible_winrm_transport`` in turn, by opening a shell with each.
    Here the first message decides: the next method is tried where the host refuses one, which it does before it looks
    at the message.
    """

    def __init__(self, connection: t.Any, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        # With Kerberos the connection object owns the ticket cache: it must live as long as this.
        self._connection = connection
        self._protocol: t.Any = None
        try:
            connection._build_winrm_kwargs()
            timeout = connection._winrm_connection_timeout or connection._winrm_kwargs.get("operation_timeout_sec")
            self.operation_timeout_seconds = int(timeout or 20)
        except (AnsibleError, ValueError, TypeError) as error:
            raise _settings_error(connection, error) from error
        # pywinrm's own default, until its protocol object is there.
        self.read_timeout_seconds = float(connection._winrm_kwargs.get("read_timeout_sec") or 30)
        self._methods: list[str] = list(connection._winrm_transport)
        self.host = str(connection._winrm_host)
        address = f"[{self.host}]" if ":" in self.host else self.host
        path = str(connection._winrm_path).removeprefix("/")
        self.endpoint = f"{connection._winrm_scheme}://{address}:{connection._winrm_port}/{path}"

    def _post(self, message: bytes, read_timeout_seconds: float | None) -> HttpAnswer:
        while True:
            try:
                answer = self._send_once(message, read_timeout_seconds)
            except Exception as error:
                judged = error if isinstance(error, NicError) else failure(error, self.endpoint, answered=False)
                if judged.code != "authentication_failed" or len(self._methods) == 1:
                    raise
            else:
                if len(self._methods) == 1 or not _not_let_in(answer):
                    # The method that worked stays, also after a reconnect.
                    del self._methods[1:]
                    return answer
            self._drop()
            self._protocol = None
            del self._methods[0]

    def _send_once(self, message: bytes, read_timeout_seconds: float | None) -> HttpAnswer:
        if self._protocol is None:
            self._protocol = self._connect(self._methods[0])
        transport = self._protocol.transport
        usual = transport.read_timeout_sec
        transport.read_timeout_sec = read_timeout_seconds if read_timeout_seconds is not None else usual
        logged_on = False
        try:
            if not transport.session:
                # Up to pywinrm 0.4 it returns nothing.
                transport.build_session()
                guard(transport.session, _MOST_ANSWER_BYTES, self._deadline)
            logged_on = True
            return HttpAnswer(200, transport.send_message(message))
        except (winrm_exceptions.InvalidCredentialsError, PermissionError) as error:
            logged_on = False
            # requests_ntlm raises PermissionError where the host offers no NTLM; one of the system has a number.
            if isinstance(error, OSError) and error.errno is not None:
                raise
            return HttpAnswer(401, b"")
        except winrm_exceptions.WinRMTransportError as error:
            # Text since pywinrm 0.5, bytes before.
            text: t.Any = error.response_text
            return HttpAnswer(int(error.code), text if isinstance(text, bytes) else text.encode())
        finally:
            transport.read_timeout_sec = usual
            if not logged_on:
                # pywinrm keeps a session whose log-on failed, and would send the next message over it in clear text.
                self._drop()

    def _connect(self, method: str) -> t.Any:
        """A pywinrm protocol for one authentication method. Gets a Kerberos ticket where the plugin would."""
        connection = self._connection
        methods, shell_id = connection._winrm_transport, connection.shell_id
        connection._winrm_transport = [method]
        # The plugin opens a shell unless it has one.
        connection.shell_id = "none"
        try:
            protocol = connection._winrm_connect()
        except AnsibleError as error:
            raise HostUnreachable(
                "authentication_failed",
                self.endpoint,
                _without_secrets(str(error), connection),
                f"a connection set up for {method}",
                "Check the authentication settings of the connection, and that the libraries they need are installed"
                " for the Python that runs Ansible.",
            ) from error
        finally:
            connection._winrm_transport, connection.shell_id = methods, shell_id
        _guard_log_on(protocol.transport, self._deadline)
        self.read_timeout_seconds = float(protocol.transport.read_timeout_sec)
        return protocol

    def _drop(self) -> None:
        if self._protocol is not None:
            self._protocol.transport.close_session()
            self._protocol.transport.encryption = None


class PsrpTransport(_LibraryTransport):
    """Sends through pypsrp's HTTP transport, as the ``psrp`` connection plugin sets it up, without a runspace."""

    def __init__(self, connection: t.Any, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        # pypsrp logs a traceback for a read timeout, which Python prints to stderr where nobody handles it.
        logging.getLogger("pypsrp").addHandler(logging.NullHandler())
        try:
            connection._build_kwargs()
            wsman: t.Any = pypsrp_wsman.WSMan(**connection._psrp_conn_kwargs)
        except (AnsibleError, ValueError, TypeError) as error:
            raise _settings_error(connection, error) from error
        self._transport = wsman.transport
        _guard_sessions(self._transport, self._deadline)
        self.read_timeout_seconds = float(self._transport.read_timeout)
        self.host = str(self._transport.server)
        self.endpoint = str(self._transport.endpoint)
        self.operation_timeout_seconds = int(wsman.operation_timeout)

    def _post(self, message: bytes, read_timeout_seconds: float | None) -> HttpAnswer:
        transport = self._transport
        usual = transport.read_timeout
        transport.read_timeout = read_timeout_seconds if read_timeout_seconds is not None else usual
        try:
            return HttpAnswer(200, transport.send(message))
        except pypsrp_exceptions.AuthenticationError:
            self._drop()
            return HttpAnswer(401, b"")
        except pypsrp_exceptions.WinRMTransportError as error:
            return HttpAnswer(int(error.code), error.response_text.encode())
        finally:
            transport.read_timeout = usual
            if transport.wrap_required and transport.encryption is None:
                # Up to pypsrp 0.8 a session whose log-on failed is kept, and good for nothing.
                self._drop()

    def _drop(self) -> None:
        self._transport.close()
        self._transport.session = None
        self._transport.encryption = None


def _kind(connection: t.Any) -> str:
    """Short name of the connection plugin. Its ``transport`` is the same however a playbook names the plugin."""
    return str(getattr(connection, "transport", "")).rpartition(".")[2]


def _check_library(name: str, present: bool) -> None:
    if not present:
        raise NicError(
            "library_missing",
            f"Python library {name}",
            "it can't be imported",
            "the library that this connection is made of",
            f"Install {name} for the Python that runs Ansible.",
        )


def _not_let_in(answer: HttpAnswer) -> bool:
    """Whether the host refused the authentication method, or clear text, before it looked at the message."""
    return answer.status == 401 or (answer.status == 500 and not answer.body.strip())


def _guard_log_on(transport: t.Any, deadline: Deadline) -> None:
    """Guard a session of pywinrm before it logs on, which it does inside ``build_session`` for encrypted messages."""
    original = transport.setup_encryption

    # The session is an argument since pywinrm 0.5.
    def guarded(*arguments: t.Any) -> None:
        guard(transport.session, _MOST_ANSWER_BYTES, deadline)
        original(*arguments)

    transport.setup_encryption = guarded


def _guard_sessions(transport: t.Any, deadline: Deadline) -> None:
    """Guard each session of pypsrp before it logs on, which it does inside ``send``."""
    original = transport._build_session

    def guarded() -> t.Any:
        session = original()
        guard(session, _MOST_ANSWER_BYTES, deadline)
        return session

    transport._build_session = guarded


def _settings_error(connection: t.Any, error: Exception) -> NicError:
    return NicError(
        "connection_settings_invalid",
        f"connection {_kind(connection)}",
        _without_secrets(str(error), connection),
        "settings that the connection can use",
        "Correct the connection variables of this host.",
    )


def _without_secrets(text: str, connection: t.Any) -> str:
    """*text* without the values of the connection's secret options."""
    for option in ("remote_password", "certificate_key_password", "proxy"):
        try:
            value = connection.get_option(option)
        except (KeyError, AnsibleError):  # an option that this plugin, or this version of it, does not have
            continue
        if value:
            text = text.replace(str(value), "********")
    return text
