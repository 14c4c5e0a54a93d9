# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Fault,
    Reply,
    Send,
    SocketError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import ShellResult

SENDS = [Send(b"\x06\x00", "192.0.2.9", 623, 0), Send(b"\xff", "192.0.2.9", 623, 500)]
REPLY = {"send": 1, "hex": "06AB", "address": "192.0.2.9", "port": 623, "ms": 501}
ERROR = {"send": 0, "code": 10054, "ms": 3}
CLIENT = cast("Any", object())


def answer(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "replies": [REPLY], "errors": [ERROR], **changes}


def encoded(content: Any) -> bytes:
    return json.dumps(content).encode("ascii") + b"\r\n"


def unavailable(stdout: bytes) -> ExchangeUnavailable:
    with pytest.raises(ExchangeUnavailable) as caught:
        relay.read_answer(stdout, 2)
    return caught.value


class Shell:
    """Stands for the WinRM shell: keeps what it is given, and answers or fails."""

    def __init__(self, result: ShellResult | NicError) -> None:
        self.result = result
        self.calls: list[tuple[Any, str, tuple[str, ...], bytes, dict[str, Any]]] = []

    def __call__(
        self, client: Any, executable: str, arguments: tuple[str, ...], stdin: bytes, **limits: Any
    ) -> ShellResult:
        self.calls.append((client, executable, arguments, stdin, limits))
        if isinstance(self.result, NicError):
            raise self.result
        return self.result


def exchange(monkeypatch: pytest.MonkeyPatch, result: ShellResult | NicError) -> tuple[Shell, Exchanged]:
    shell = Shell(result)
    monkeypatch.setattr(relay.shell, "run_command", shell)
    heard = relay.RelayExchange(CLIENT).exchange(SENDS, source="192.0.2.1", wait_ms=2000, settle_ms=250)
    return shell, heard


def refused(monkeypatch: pytest.MonkeyPatch, result: ShellResult | NicError) -> ExchangeUnavailable:
    with pytest.raises(ExchangeUnavailable) as caught:
        exchange(monkeypatch, result)
    return caught.value


def test_one_shell_carries_script_and_request(monkeypatch: pytest.MonkeyPatch) -> None:
    shell, heard = exchange(monkeypatch, ShellResult(0, encoded(answer()), b""))
    assert heard == Exchanged(
        (Reply(1, b"\x06\xab", "192.0.2.9", 623, 501.0),), (SocketError(0, Fault.PORT_UNREACHABLE, 10054, 3.0),)
    )
    ((client, executable, arguments, stdin, limits),) = shell.calls
    assert client is CLIENT
    assert executable == "powershell.exe"
    assert arguments == relay.BOOTSTRAP_ARGUMENTS
    assert limits["deadline_seconds"] == 60 + 2.75
    assert limits["max_output_bytes"] == 2_000_000
    script, request = stdin.split(b"\n#request\n")
    assert script == relay.relay_script().rstrip()
    assert json.loads(request) == {
        "version": 1,
        "source": "192.0.2.1",
        "wait_ms": 2000,
        "settle_ms": 250,
        "sends": [
            {"hex": "0600", "address": "192.0.2.9", "port": 623, "after_ms": 0},
            {"hex": "ff", "address": "192.0.2.9", "port": 623, "after_ms": 500},
        ],
    }
    assert request.count(b"\n") == 1
    assert stdin.isascii()


def test_a_shell_that_stays_behind_is_told_and_the_answer_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    left = NicError("left", "shell", "it stayed", "it to go", "Wait.")
    _unused, heard = exchange(monkeypatch, ShellResult(0, encoded(answer()), b"", left))
    assert len(heard.replies) == 1
    assert heard.warnings == (f"The relay's WinRM shell was left behind: {left}",)


def test_without_the_right_to_a_shell_the_probe_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    found = refused(monkeypatch, WsmanFault("shell", "Access is denied.", fault_code=5))
    assert found.reason == "shell_denied"
    assert "WinRM shell" in found.detail


def test_another_fault_of_the_shell_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = refused(monkeypatch, WsmanFault("shell", "too many shells", fault_code=2150859173))
    assert found.reason == "shell_refused"
    assert "too many shells" in found.detail


@pytest.mark.parametrize(
    "error",
    [
        NicError("command_timed_out", "shell", "no end within 63 seconds", "an end", "Look."),
        WsmanProtocolError("shell_output_too_large", "shell", "more than 2000000 bytes", "a short answer", "Look."),
    ],
)
def test_a_relay_that_does_not_end_or_talks_on_is_not_available(
    monkeypatch: pytest.MonkeyPatch, error: NicError
) -> None:
    found = refused(monkeypatch, error)
    assert found.reason == "relay_failed"
    assert error.seen in found.detail


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost("connection_lost", "host", "gone", "an answer", "Try again."),
        WsmanProtocolError("shell_protocol", "host", "nonsense", "sense", "Look."),
    ],
)
def test_a_lost_or_nonsensical_host_is_not_a_probe_that_is_not_available(
    monkeypatch: pytest.MonkeyPatch, error: NicError
) -> None:
    with pytest.raises(type(error)) as caught:
        exchange(monkeypatch, error)
    assert caught.value is error


def test_a_relay_without_output_shows_exit_code_and_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found = refused(monkeypatch, ShellResult(3, b" \r\n", b"blocked by\r\n\x1b[2Jpolicy \xff"))
    assert found.reason == "relay_failed"
    assert "exit code 3" in found.detail
    assert "blocked by [2Jpolicy" in found.detail
    assert "(no error either)" in refused(monkeypatch, ShellResult(0, b"", b"")).detail


def test_constrained_language_mode_is_told_by_its_word() -> None:
    found = unavailable(encoded({"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"}))
    assert found.reason == "constrained_language"
    assert "ConstrainedLanguage" in found.detail


def test_a_source_that_the_host_has_not_is_told_by_the_socket_error() -> None:
    failure = {"version": 1, "error": "System.Net.Sockets.SocketException", "code": 10049, "mode": "FullLanguage"}
    assert unavailable(encoded(failure)).reason == "source_unusable"
    found = unavailable(encoded({**failure, "code": 10055}))
    assert found.reason == "relay_failed"
    assert "System.Net.Sockets.SocketException" in found.detail
    assert "10055" in found.detail


@pytest.mark.parametrize("error", ["language_mode", "\x1b[2J\u202e\ud800 went\nwrong"])
def test_words_of_the_host_are_on_one_line_and_move_no_cursor(error: str) -> None:
    found = unavailable(encoded({"version": 1, "error": error, "mode": "\x1b[31m\udfff a\r\nb\u2028"}))
    assert found.detail.isprintable()
    assert found.detail.encode("utf-8")
    assert ("[31m a b" in found.detail) is (error == "language_mode")
    assert ("[2J went wrong" in found.detail) is (error != "language_mode")


def test_folded_lines_and_a_byte_order_mark_are_put_right() -> None:
    text = encoded(answer())
    folded = b"\xef\xbb\xbf" + b"\r\n".join(text[start : start + 20] for start in range(0, len(text), 20))
    assert relay.read_answer(folded, 2) == relay.read_answer(text, 2)


def test_unknown_keys_are_ignored() -> None:
    assert relay.read_answer(encoded(answer(source_port=50000, more=[1])), 2) == relay.read_answer(encoded(answer()), 2)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (10054, Fault.PORT_UNREACHABLE),
        (10061, Fault.PORT_UNREACHABLE),
        (10051, Fault.NO_ROUTE),
        (10052, Fault.NO_ROUTE),
        (10065, Fault.NO_ROUTE),
        (10013, Fault.BLOCKED_OUTBOUND),
        (10040, Fault.OVERSIZED),
        (10055, Fault.OTHER),
        (0, Fault.OTHER),
        (-1, Fault.OTHER),
    ],
)
def test_windows_socket_errors_become_words(code: int, fault: Fault) -> None:
    heard = relay.read_answer(encoded(answer(replies=[], errors=[{**ERROR, "code": code}])), 2)
    assert heard.errors == (SocketError(0, fault, code, 3.0),)


@pytest.mark.parametrize(
    "stdout",
    [
        b"hello",
        b"\xff\xfe{}",
        '{"version": 1, "error": "ü"}'.encode(),
        b"[]",
        b"null",
        b"1",
        b"[" * 100_000,
        b'{"version": 1, "replies": [], "errors": []} trailing',
        encoded({}),
        encoded(answer(version=2)),
        encoded(answer(version="1")),
        encoded(answer(version=True)),
        encoded({"version": 1}),
        encoded({"version": 1, "replies": []}),
        encoded(answer(replies={})),
        encoded(answer(replies=[1])),
        encoded(answer(errors=[REPLY] * 4097)),
        encoded(answer(errors="x")),
        encoded({"version": 1, "error": 1, "mode": "x"}),
        encoded({"version": 1, "error": "x"}),
        encoded({"version": 1, "error": "x", "mode": None}),
        encoded({"version": 1, "error": "x", "mode": "y" * 201}),
        encoded({"version": 1, "error": "x", "mode": "y", "code": [1]}),
        b'{"version": 1, "replies": [], "errors": [{"send": 0, "code": 1, "ms": NaN}]}',
        b'{"version": 1, "replies": [], "errors": [{"send": 0, "code": 1, "ms": 1e400}]}',
    ],
)
def test_what_is_not_the_relays_answer_is_garbage(stdout: bytes) -> None:
    found = unavailable(stdout)
    assert found.reason == "relay_garbage"
    assert len(found.detail) < 500


@pytest.mark.parametrize(
    "change",
    [
        {"send": 2},
        {"send": -1},
        {"send": "1"},
        {"send": None},
        {"send": True},
        {"hex": "0"},
        {"hex": "zz"},
        {"hex": 6},
        {"hex": "00" * 2049},
        {"address": "192.0.2.256"},
        {"address": "::1"},
        {"address": None},
        {"port": 65536},
        {"port": -1},
        {"ms": -1},
        {"ms": 10**7},
        {"ms": "1"},
        {"ms": True},
        {"ms": None},
    ],
)
def test_a_damaged_reply_is_garbage(change: dict[str, Any]) -> None:
    assert unavailable(encoded(answer(replies=[{**REPLY, **change}]))).reason == "relay_garbage"


@pytest.mark.parametrize("change", [{"send": 2}, {"code": "x"}, {"code": 2**31}, {"code": -(2**31) - 1}, {"ms": None}])
def test_a_damaged_error_is_garbage(change: dict[str, Any]) -> None:
    assert unavailable(encoded(answer(errors=[{**ERROR, **change}]))).reason == "relay_garbage"


@pytest.mark.parametrize(
    "change", [{"send": 0}, {"hex": ""}, {"hex": "00" * 2048}, {"port": 0}, {"port": 65535}, {"ms": 0}]
)
def test_the_edges_of_a_reply_are_accepted(change: dict[str, Any]) -> None:
    (found,) = relay.read_answer(encoded(answer(replies=[{**REPLY, **change}])), 2).replies
    expected = {**REPLY, **change}
    assert found == Reply(
        expected["send"], bytes.fromhex(expected["hex"]), expected["address"], expected["port"], expected["ms"]
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["send", "hex", "address", "port", "ms", "code"]), inner, max_size=6)
    ),
    max_leaves=12,
)


@given(json_values, json_values)
def test_any_answer_is_read_or_refused(replies: Any, errors: Any) -> None:
    try:
        heard = relay.read_answer(encoded(answer(replies=replies, errors=errors)), 2)
    except ExchangeUnavailable as found:
        assert found.reason == "relay_garbage"
    else:
        assert all(0 <= each.send < 2 for each in (*heard.replies, *heard.errors))


def test_the_script_does_not_hold_the_mark_that_ends_it() -> None:
    assert b"#request" not in relay.relay_script()
