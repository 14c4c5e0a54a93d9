# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import sessions
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.deadline import Deadline
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import guard
from tests.unit.plugins.plugin_utils._wsman.connections import KINDS, MESSAGE, transport
from tests.unit.plugins.plugin_utils._wsman.loopback import certificate, http, serving

MOST = 100_000
SHORT = 0.3
"""Less than the client would wait for the next byte, more than a good answer on loopback takes."""
LONG = 60.0

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
HEADER = b"HTTP/1.1 200 OK\r\nX-Header: "


class Dripping:
    """A server that lets a byte fall every few milliseconds, for ever. ``done`` ends it."""

    def __init__(self, beginning: bytes, tls: ssl.SSLContext | None) -> None:
        self._beginning = beginning
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.done = threading.Event()
        self.cut = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.done.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        try:
            connection, _address = self._listener.accept()
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                connection.recv(65536)
                connection.sendall(self._beginning)
                while not self.done.wait(0.01):
                    connection.sendall(b"x")
        except OSError:
            self.cut.set()


@contextlib.contextmanager
def dripping(beginning: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Dripping]:
    server = Dripping(beginning, tls)
    try:
        yield server
    finally:
        server.close()


def watched(deadline: Deadline) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    guard(session, MOST, deadline)
    return session


@pytest.mark.parametrize("beginning", [BODY, HEADER], ids=["body", "header"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
def test_an_answer_that_never_ends_is_cut_at_the_deadline(beginning: bytes, encrypted: bool, tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path) if encrypted else (None, None)
    deadline = Deadline()
    with dripping(beginning, tls) as server, watched(deadline) as session:
        if trusted is not None:
            session.verify = str(trusted)
        scheme = "https" if encrypted else "http"
        with contextlib.suppress(requests.exceptions.RequestException), deadline.within(SHORT):
            session.post(f"{scheme}://127.0.0.1:{server.port}/", b"x", timeout=LONG)
        assert deadline.passed
        assert server.cut.wait(LONG)


def test_through_a_proxy_too() -> None:
    deadline = Deadline()
    with dripping(BODY) as proxy, watched(deadline) as session:
        proxies = {"http": f"http://127.0.0.1:{proxy.port}"}
        with contextlib.suppress(requests.exceptions.RequestException), deadline.within(SHORT):
            session.post("http://192.0.2.1/", b"x", timeout=LONG, proxies=proxies)
        assert deadline.passed
        assert proxy.cut.wait(LONG)


def test_a_good_answer_is_left_alone_and_its_connection_kept() -> None:
    deadline = Deadline()
    with serving(http(200, b"good")) as server, watched(deadline) as session:
        for _time in range(2):
            with deadline.within(LONG):
                assert session.post(f"http://127.0.0.1:{server.port}/", b"x", timeout=LONG).content == b"good"
            assert not deadline.passed
        assert [each.connection for each in server.received] == [1, 1]


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with Deadline().within(LONG):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_deadline_that_passed_does_not_count_for_the_next_message() -> None:
    deadline = Deadline()
    with deadline.within(0.01):
        assert deadline._over.wait(LONG)
    assert deadline.passed
    with deadline.within(LONG):
        assert not deadline.passed


@pytest.mark.parametrize("beginning", [BODY, HEADER], ids=["body", "header"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_transport_says_that_the_answer_took_too_long(
    kind: str, beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_LONGEST_WAITS", SHORT / LONG)
    with dripping(beginning) as server:
        asked: Any = transport(kind, server.port)
        with pytest.raises(ConnectionLost) as caught:
            asked.send(MESSAGE, read_timeout_seconds=LONG)
        assert caught.value.code == "answer_timed_out"
        assert "not complete after 0.3 seconds" in caught.value.seen
        assert server.cut.wait(LONG)
