# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import (
    REFUSALS,
    CaptureExchange,
    capture_request,
    capture_script,
    read_capture,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Reply,
    Send,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._evidence.fakecapture import FakeShell, answer
from tests.unit.plugins.plugin_utils._evidence.recordings import BMC, PORT, Packet, Recording

SENDS = [Send(b"\x06\x00", BMC, PORT, 0), Send(b"\xff", BMC, PORT, 500)]
HEARD = {"version": 1, "replies": [{"send": 0, "hex": "AB", "address": BMC, "port": PORT, "ms": 3}], "errors": []}
STOPPED = NicError("command_timed_out", "shell", "no end within 120 seconds", "an end", "Look.")


def encoded(**changes: Any) -> bytes:
    return json.dumps(answer(**changes)).encode("ascii")


def garbage(stdout: bytes) -> ExchangeUnavailable:
    with pytest.raises(ExchangeUnavailable) as caught:
        read_capture(stdout)
    return caught.value


def run(monkeypatch: pytest.MonkeyPatch, shell: FakeShell) -> tuple[CaptureExchange, Exchanged]:
    monkeypatch.setattr(relay.shell, "run_command", shell)
    exchange = CaptureExchange(cast("Any", object()), BMC, PORT)
    return exchange, exchange.exchange(SENDS, source="192.0.2.10", wait_ms=2000, settle_ms=250)


def refused(monkeypatch: pytest.MonkeyPatch, shell: FakeShell) -> tuple[CaptureExchange, ExchangeUnavailable]:
    monkeypatch.setattr(relay.shell, "run_command", shell)
    exchange = CaptureExchange(cast("Any", object()), BMC, PORT)
    with pytest.raises(ExchangeUnavailable) as caught:
        exchange.exchange(SENDS, source=None, wait_ms=2000, settle_ms=250)
    return exchange, caught.value


def test_the_script_is_the_capture_with_the_relay_in_it() -> None:
    script = capture_script()
    assert script.isascii()
    assert script.endswith(b"}')\n")
    before, after = script.split(relay.relay_script().rstrip())
    assert before.endswith(b"$relay = {\n")
    assert after.startswith(b"\n}\n")


def test_the_request_carries_that_of_the_relay_as_text() -> None:
    request = capture_request(BMC, PORT, '{"version": 1}')
    assert "\n" not in request
    assert json.loads(request) == {
        "version": 1,
        "address": BMC,
        "port": PORT,
        "packet_bytes": 2000,
        "file_mb": 8,
        "max_events": 4000,
        "relay": '{"version": 1}',
    }


def test_one_shell_captures_and_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording()
    recording.lost(Packet(), 1203)
    shell = FakeShell(answer(relay=HEARD, events=recording.events, events_left_out=2))
    exchange, heard = run(monkeypatch, shell)
    assert heard == Exchanged((Reply(0, b"\xab", BMC, PORT, 3.0),))
    assert exchange.capture is not None
    assert len(exchange.capture.recorded.appearances) == 3
    assert (exchange.capture.left_out, exchange.capture.refusal) == (2, None)
    assert exchange.payloads == (b"\x06\x00", b"\xff")
    assert exchange.warnings == []
    (request,), (limits,) = shell.requests, shell.limits
    assert shell.scripts == [capture_script()]
    assert json.loads(request["relay"]) == json.loads(
        relay.relay_request(SENDS, source="192.0.2.10", wait_ms=2000, settle_ms=250)
    )
    assert limits["deadline_seconds"] == 60 + 60 + 2.75
    assert limits["max_output_bytes"] == 6_000_000


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_why_nothing_was_asked(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    shell = FakeShell(answer(unavailable=code, detail="in words", relay=None))
    exchange, found = refused(monkeypatch, shell)
    assert (found.reason, found.detail) == (code, "in words")
    assert exchange.capture is not None
    assert exchange.capture.refusal == (code, "in words")
    assert len(shell.requests) == 1


def test_an_empty_capture_keeps_what_the_relay_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(answer(unavailable="no_events", detail="nothing recorded", relay=HEARD))
    exchange, heard = run(monkeypatch, shell)
    assert len(heard.replies) == 1
    assert exchange.capture is not None
    assert exchange.capture.refusal == ("no_events", "nothing recorded")


def test_a_relay_that_says_nothing_is_not_silence_of_the_bmc(monkeypatch: pytest.MonkeyPatch) -> None:
    _unused, found = refused(monkeypatch, FakeShell(answer(relay=None)))
    assert found.reason == "relay_failed"


def test_a_relay_that_could_not_work_says_so_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"version": 1, "error": "SocketException", "code": 10049, "mode": "FullLanguage"}
    _unused, found = refused(monkeypatch, FakeShell(answer(relay=failed)))
    assert found.reason == "source_unusable"


def test_what_was_left_and_what_stays_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(answer(cleaned=["capture", "filter", "file"], left_behind=["file"]))
    shell.cleanup_error = NicError("left", "shell", "it stayed", "it to go", "Wait.")
    exchange, _heard = run(monkeypatch, shell)
    assert exchange.warnings == [
        f"The capture's WinRM shell was left behind: {shell.cleanup_error}",
        "An earlier capture had been stopped and had left its capture and filter and file: removed.",
        "PktMon would not let go of the capture's file: still on the host. The next capture removes it.",
    ]


def test_a_script_that_was_stopped_is_cleaned_up_after(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(STOPPED, answer(relay=None, cleaned=["capture", "filter", "file"]))
    exchange, found = refused(monkeypatch, shell)
    assert found.reason == "relay_failed"
    assert [each["relay"] is None for each in shell.requests] == [False, True]
    assert exchange.warnings == [
        "An earlier capture had been stopped and had left its capture and filter and file: removed."
    ]
    assert exchange.capture is None


def test_what_can_not_be_cleaned_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, _found = refused(monkeypatch, FakeShell(STOPPED))
    (warning,) = exchange.warnings
    assert warning.startswith("What the stopped capture may have left on the host is still there")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (WsmanFault("shell", "Access is denied.", fault_code=5), "shell_denied"),
        (WsmanFault("shell", "too many shells", fault_code=2150859173), "shell_refused"),
    ],
)
def test_without_a_shell_there_is_nothing_to_clean_up(
    monkeypatch: pytest.MonkeyPatch, error: NicError, reason: str
) -> None:
    shell = FakeShell(error)
    exchange, found = refused(monkeypatch, shell)
    assert (found.reason, len(shell.requests), exchange.warnings) == (reason, 1, [])
    assert "capture" in found.detail


def test_a_lost_host_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(ConnectionLost("connection_lost", "host", "gone", "an answer", "Try again."))
    with pytest.raises(ConnectionLost):
        run(monkeypatch, shell)
    assert len(shell.requests) == 1


def test_folded_lines_and_a_mark_of_the_byte_order_are_read() -> None:
    text = encoded(events_left_out=5)
    folded = b"\xef\xbb\xbf" + b"\r\n".join(text[first : first + 80] for first in range(0, len(text), 80))
    assert read_capture(folded).left_out == 5


def test_constrained_language_mode_is_told_by_the_bootstrap() -> None:
    printed = b'{"version":1,"error":"language_mode","mode":"ConstrainedLanguage"}'
    assert garbage(printed).reason == "constrained_language"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": True},
        {"version": 1.0},
        {"unavailable": "who knows", "detail": "x"},
        {"unavailable": "failed", "detail": None},
        {"relay": []},
        {"relay": "text"},
        {"events": None},
        {"events": [1]},
        {"events": [{}] * 4001},
        {"events": [{"id": -1, "us": 1, "values": []}]},
        {"events": [{"id": True, "us": 1, "values": []}]},
        {"events": [{"id": 160, "us": 2**60, "values": []}]},
        {"events": [{"id": 160, "us": 1, "values": {}}]},
        {"events": [{"id": 160, "us": 1, "values": [1]}]},
        {"events": [{"id": 160, "us": 1, "values": ["x"] * 65}]},
        {"events": [{"id": 160, "us": 1, "values": ["x" * 131073]}]},
        {"events_left_out": -1},
        {"events_left_out": "0"},
        {"cleaned": ["disk"]},
        {"cleaned": "file"},
        {"left_behind": ["file"] * 4},
        {"left_behind": [[]]},
    ],
)
def test_an_answer_of_another_shape_is_garbage(changes: dict[str, Any]) -> None:
    assert garbage(encoded(**changes)).reason == "relay_garbage"


@pytest.mark.parametrize("printed", [b"", b"null", b"[]", b"{}", b'{"version": NaN}', b"[" * 100_000, b"\xff\xfe"])
def test_other_output_is_garbage(printed: bytes) -> None:
    found = garbage(printed)
    assert found.reason == "relay_garbage"
    assert len(found.detail) < 500


def test_a_detail_is_short_and_on_one_line() -> None:
    capture = read_capture(encoded(unavailable="failed", detail="a\x1b[2J\n" + "b" * 1000))
    assert capture.refusal is not None
    assert len(capture.refusal[1]) <= 300
    assert capture.refusal[1].startswith("a[2J b")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.lists(each, max_size=3)))
def test_no_value_anywhere_breaks_the_reading(value: Any) -> None:
    for key in answer():
        try:
            read_capture(encoded(**{key: value}))
        except ExchangeUnavailable as unavailable:
            assert unavailable.reason == "relay_garbage"
