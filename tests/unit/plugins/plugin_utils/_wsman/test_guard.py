# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import io

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.guard import (
    AnswerNotPlain,
    AnswerTooLarge,
    GuardedAdapter,
    SessionLost,
    guard,
)
from tests.unit.plugins.plugin_utils._wsman.loopback import Server, http, serving

MOST = 1000


def post(server: Server, session: requests.Session | None = None, **headers: str) -> requests.Response:
    session = session or requests.Session()
    guard(session, MOST)
    session.trust_env = False
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return session.post(f"http://127.0.0.1:{server.port}/wsman", data=b"message", headers=named, timeout=10)


@pytest.mark.parametrize("length", [0, 1, MOST])
def test_answers_within_the_limit_pass(length: int) -> None:
    with serving(http(200, b"x" * length)) as server:
        response = post(server)
    assert (response.status_code, response.content) == (200, b"x" * length)
    assert server.received[0].body == b"message"


def test_an_answer_announced_as_too_large_is_not_read() -> None:
    # Only the head is sent: reading the body would wait for it in vain.
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"
    with serving(head) as server, pytest.raises(AnswerTooLarge):
        post(server)


def test_an_answer_of_unknown_length_is_cut_off_while_it_arrives() -> None:
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3
    with serving(endless) as server, pytest.raises(AnswerTooLarge):
        post(server)


def test_an_answer_without_length_within_the_limit_passes() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with serving(chunked) as server:
        assert post(server).content == b"hello"


def test_the_limit_counts_each_answer_alone() -> None:
    session = requests.Session()
    with serving(http(200, b"x" * MOST)) as server:
        for _number in range(3):
            assert len(post(server, session).content) == MOST
    assert {each.connection for each in server.received} == {1}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP"])
def test_compressed_answers_are_refused(encoding: str) -> None:
    bomb = gzip.compress(b"x" * 100_000)
    with serving(http(200, bomb, Content_Encoding=encoding)) as server, pytest.raises(AnswerNotPlain):
        post(server)


def test_identity_is_no_compression() -> None:
    with serving(http(200, b"plain", Content_Encoding="Identity")) as server:
        assert post(server).content == b"plain"
    assert server.received[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirections_are_refused(status: int) -> None:
    with (
        serving(http(200, b"stolen")) as other,
        serving(http(status, b"", Location=f"http://127.0.0.1:{other.port}/")) as server,
        pytest.raises(AnswerNotPlain),
    ):
        post(server)
    assert other.received == []
    assert len(server.received) == 1


def test_an_encrypted_message_that_meets_401_is_not_sent_again() -> None:
    class LogsOnAgain(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.register_hook("response", self.hook)
            return request

        def hook(self, response: requests.Response, **kwargs: object) -> requests.Response:
            if response.status_code == 401:
                return response.connection.send(response.request, **kwargs)  # type: ignore[attr-defined,no-any-return]
            return response

    session = requests.Session()
    session.auth = LogsOnAgain()
    with serving(http(401), http(200, b"logged on"), http(401)) as server:
        assert post(server, session, Content_Type="application/soap+xml").content == b"logged on"
        with pytest.raises(SessionLost):
            post(server, session, Content_Type='multipart/encrypted;protocol="x"')
        with pytest.raises(SessionLost):
            post(server, session, Content_Type='multipart/x-multi-encrypted;protocol="x"')
    assert len(server.received) == 4


def test_the_guard_stands_in_front_of_what_authentication_handlers_send() -> None:
    class SendsAgain(AuthBase):
        def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.register_hook("response", self.hook)
            return request

        def hook(self, response: requests.Response, **kwargs: object) -> requests.Response:
            assert isinstance(response.connection, GuardedAdapter)  # type: ignore[attr-defined]
            response.content  # noqa: B018 - frees the connection, as the real handlers do
            return response.connection.send(response.request, **kwargs)  # type: ignore[attr-defined,no-any-return]

    session = requests.Session()
    session.auth = SendsAgain()
    with serving(http(401), http(200, b"x" * (MOST + 1))) as server, pytest.raises(AnswerTooLarge):
        post(server, session)


def test_a_session_is_guarded_once() -> None:
    session = requests.Session()
    guard(session, 10)
    first = dict(session.adapters)
    guard(session, 20)
    assert dict(session.adapters) == first
    assert all(isinstance(each, GuardedAdapter) for each in first.values())
    assert sorted(first) == ["http://", "https://"]
    session.mount("https://box.example", HTTPAdapter())
    guard(session, 20)
    assert all(isinstance(each, GuardedAdapter) for each in session.adapters.values())


def test_only_attempts_to_connect_may_be_repeated() -> None:
    session = requests.Session()
    inner = HTTPAdapter(max_retries=Retry(total=4, connect=3, read=2, status=5, status_forcelist=(503,)))
    session.mount("http://", inner)
    guard(session, MOST)
    retries = inner.max_retries
    assert (retries.total, retries.connect) == (4, 3)
    assert (retries.read, retries.status, retries.other, retries.redirect) == (False, 0, 0, 0)


def test_the_library_s_adapter_gets_all_that_the_session_gives() -> None:
    seen: list[tuple[tuple[object, ...], dict[str, object]]] = []

    class Remembers(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: object, **kwargs: object) -> requests.Response:
            seen.append((args, kwargs))
            response = requests.Response()
            response.status_code = 200
            response._content = b"ok"
            response.request = request
            return response

    session = requests.Session()
    session.mount("test://", Remembers())
    guard(session, MOST)
    prepared = session.prepare_request(requests.Request("POST", "test://x"))
    session.send(prepared, timeout=5, verify="ca.pem", proxies={"test": "proxy"})
    assert seen[0][1] == {"timeout": 5, "verify": "ca.pem", "proxies": {"test": "proxy"}, "stream": False, "cert": None}
    # As authentication handlers may do it.
    session.get_adapter("test://x").send(prepared, False, 7)
    assert seen[1] == ((False, 7), {})


def test_an_adapter_of_another_kind_is_guarded_too() -> None:
    class Fixed(requests.adapters.BaseAdapter):
        closed = False

        def send(self, request: requests.PreparedRequest, *_args: object, **_kwargs: object) -> requests.Response:
            response = requests.Response()
            response.status_code = 302
            response.headers["Location"] = "elsewhere"
            response.raw = io.BytesIO()
            response.request = request
            return response

        def close(self) -> None:
            self.closed = True

    session = requests.Session()
    inner = Fixed()
    session.mount("test://", inner)
    guard(session, MOST)
    with pytest.raises(AnswerNotPlain):
        session.post("test://x")
    session.close()
    assert inner.closed


@pytest.mark.parametrize("announced", ["many", "", "-5", "\u0665", "1" * 5])
def test_strange_lengths_do_not_matter(announced: str) -> None:
    class Announces(requests.adapters.BaseAdapter):
        def send(self, request: requests.PreparedRequest, *_args: object, **_kwargs: object) -> requests.Response:
            response = requests.Response()
            response.status_code = 200
            response._content = b"ok"
            response.headers["Content-Length"] = announced
            response.request = request
            return response

        def close(self) -> None:
            pass

    session = requests.Session()
    session.mount("test://", Announces())
    guard(session, 99_999)
    assert session.post("test://x").content == b"ok"
