# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import ShellResult, run_command
from tests.unit.plugins.plugin_utils._wsman.answers import ScriptedTransport, client_of

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
OPENED = ["shell-create-done", "shell-command-done"]
CLOSED = ["shell-signal-done", "shell-delete-done"]
LOST = ConnectionLost("connection_lost", "here", "gone", "an answer", "Wait.")


def ticking(step: float) -> Callable[[], float]:
    """A clock that goes on by *step* each time it is read."""

    def moments() -> Iterator[float]:
        now = 1000.0
        while True:
            yield now
            now += step

    clock = moments()
    return lambda: next(clock)


def run(
    *script: str | BaseException, stdin: bytes = b"input", step: float = 0.0, deadline: float = 30.0, most: int = 1000
) -> tuple[ShellResult, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    client, _pauses = client_of(transport)
    result = run_command(
        client,
        "powershell.exe",
        ["-NoProfile", "-Command", 'a < "b"'],
        stdin,
        deadline_seconds=deadline,
        max_output_bytes=most,
        clock=ticking(step),
    )
    assert transport.script == []
    return result, transport


def test_a_command_from_create_to_delete() -> None:
    result, transport = run(*OPENED, "shell-send-done", "shell-receive-running", "shell-receive-done", *CLOSED)
    assert result == ShellResult(3, b"hello world", b"oop")
    assert transport.actions == ["Create", "Command", "Send", "Receive", "Receive", "Signal", "Delete"]
    create, command, send, receive, _receive, signal, delete = transport.sent

    assert create.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
    assert create.options() == [("WINRS_NOPROFILE", None, "TRUE"), ("WINRS_CODEPAGE", None, "65001")]
    assert create.selectors() == {}
    assert create.text("s:Body/rsp:Shell/rsp:InputStreams") == "stdin"
    assert create.text("s:Body/rsp:Shell/rsp:OutputStreams") == "stdout stderr"
    assert create.text("s:Body/rsp:Shell/rsp:IdleTimeOut") == "PT180S"

    assert command.text("s:Header/a:Action") == f"{SHELL}/Command"
    assert command.options() == [("WINRS_CONSOLEMODE_STDIN", None, "FALSE"), ("WINRS_SKIP_CMD_SHELL", None, "TRUE")]
    assert command.text("s:Body/rsp:CommandLine/rsp:Command") == "powershell.exe"
    line = command.find("s:Body/rsp:CommandLine")
    assert [each.text for each in line if each.tag.endswith("Arguments")] == ["-NoProfile", "-Command", 'a < "b"']

    assert send.text("s:Header/a:Action") == f"{SHELL}/Send"
    stream = send.find("s:Body/rsp:Send/rsp:Stream")
    assert stream.attrib == {"Name": "stdin", "CommandId": "COMMAND-1", "End": "true"}
    assert base64.b64decode(stream.text or "") == b"input"

    assert receive.text("s:Header/a:Action") == f"{SHELL}/Receive"
    wanted = receive.find("s:Body/rsp:Receive/rsp:DesiredStream")
    assert (wanted.text, wanted.attrib) == ("stdout stderr", {"CommandId": "COMMAND-1"})

    assert signal.text("s:Header/a:Action") == f"{SHELL}/Signal"
    assert signal.find("s:Body/rsp:Signal").attrib == {"CommandId": "COMMAND-1"}
    assert signal.text("s:Body/rsp:Signal/rsp:Code") == f"{SHELL}/signal/terminate"

    assert delete.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
    for sent in transport.sent:
        assert sent.text("s:Header/w:ResourceURI") == f"{SHELL}/cmd"
    for sent in transport.sent[1:]:
        assert sent.selectors() == {"ShellId": "SHELL-1"}
    for sent in (signal, delete):
        assert sent.text("s:Header/w:OperationTimeout") == "PT15S"
        assert sent.read_timeout_seconds == 25


@pytest.mark.parametrize(
    ("length", "chunks"),
    [(0, [0]), (1, [1]), (64_000, [64_000]), (64_001, [64_000, 1]), (150_000, [64_000, 64_000, 22_000])],
)
def test_standard_input_is_sent_in_parts_and_ended_once(length: int, chunks: list[int]) -> None:
    stdin = bytes(number % 251 for number in range(length))
    sends = ["shell-send-done"] * len(chunks)
    _result, transport = run(*OPENED, *sends, "shell-receive-done", *CLOSED, stdin=stdin)
    streams = [each.find("s:Body/rsp:Send/rsp:Stream") for each in transport.sent if each.action == "Send"]
    parts = [base64.b64decode(each.text or "") for each in streams]
    assert [len(part) for part in parts] == chunks
    assert b"".join(parts) == stdin
    assert [each.get("End") for each in streams] == [None] * (len(chunks) - 1) + ["true"]


def test_each_wait_is_as_long_as_allowed_and_no_longer_than_what_is_left() -> None:
    script = [
        *OPENED,
        "shell-send-done",
        "fault-wsman-timed_out",
        "fault-wsman-timed_out",
        "shell-receive-done",
        *CLOSED,
    ]
    _result, transport = run(*script, step=9.8)
    receives = [each for each in transport.sent if each.action == "Receive"]
    assert [each.text("s:Header/w:OperationTimeout") for each in receives] == ["PT17S", "PT10S", "PT1S"]
    assert [each.read_timeout_seconds for each in receives] == [27, 20, 11]


def test_a_command_without_end_is_ended_at_the_deadline() -> None:
    transport = ScriptedTransport(*OPENED, "shell-send-done", "fault-wsman-timed_out", "shell-receive-running", *CLOSED)
    client, _pauses = client_of(transport)
    with pytest.raises(NicError) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=25, clock=ticking(10))
    assert caught.value.code == "command_timed_out"
    assert caught.value.subject == "shell command powershell.exe on box.example"
    assert caught.value.seen == "no end within 25 seconds"
    assert "could not be removed" not in caught.value.next_step
    assert transport.actions[-2:] == ["Signal", "Delete"]


def test_an_exit_code_that_is_missing_is_zero() -> None:
    result, _transport = run(*OPENED, "shell-send-done", "shell-receive-done_without_exit_code", *CLOSED)
    assert result == ShellResult(0, b"", b"")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ("shell-receive-bad_exit_code", "the exit code 'many'"),
        ("shell-receive-not_base64", "output that is not base64"),
        ("shell-receive-unknown_stream", "output of a stream 'pr'"),
        ("shell-receive-without_response_element", "an answer without ReceiveResponse"),
    ],
)
def test_nonsense_ends_the_command(answer: str, seen: str) -> None:
    transport = ScriptedTransport(*OPENED, "shell-send-done", answer, *CLOSED)
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanProtocolError) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert (caught.value.code, caught.value.seen) == ("shell_protocol", seen)
    assert transport.actions[-2:] == ["Signal", "Delete"]


def test_too_much_output_ends_the_command() -> None:
    result, _transport = run(
        *OPENED, "shell-send-done", "shell-receive-running", "shell-receive-done", *CLOSED, most=14
    )
    assert len(result.stdout) + len(result.stderr) == 14
    transport = ScriptedTransport(*OPENED, "shell-send-done", "shell-receive-running", "shell-receive-done", *CLOSED)
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanProtocolError) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5, max_output_bytes=13)
    assert caught.value.code == "shell_output_too_large"
    assert caught.value.seen == "more than 13 bytes of output"
    assert transport.actions[-2:] == ["Signal", "Delete"]


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        (["fault-wsman-access_denied"], ["Create"]),
        (["shell-create-without_id"], ["Create"]),
        (["shell-create-done", "fault-wsman-access_denied", "shell-delete-done"], ["Create", "Command", "Delete"]),
        (["shell-create-done", "shell-command-without_id", "shell-delete-done"], ["Create", "Command", "Delete"]),
        (
            [*OPENED, "fault-wsman-unknown", "fault-wsman-access_denied", *CLOSED],
            ["Create", "Command", "Send", "Receive", "Signal", "Delete"],
        ),
        (
            [*OPENED, "shell-send-done", "fault-wsman-access_denied", *CLOSED],
            ["Create", "Command", "Send", "Receive", "Signal", "Delete"],
        ),
    ],
)
def test_whatever_fails_no_shell_stays_and_nothing_is_sent_twice(script: list[str], actions: list[str]) -> None:
    transport = ScriptedTransport(*script)
    client, _pauses = client_of(transport)
    with pytest.raises(NicError) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert caught.value.code in ("access_denied", "shell_protocol")
    assert transport.actions == actions
    assert transport.script == []


def test_a_command_that_ends_without_reading_its_input_says_why() -> None:
    refused = "fault-wsman-unknown"
    result, transport = run(
        *OPENED, refused, "shell-receive-running", "shell-receive-done", *CLOSED, stdin=b"x" * 64_001
    )
    assert (result.exit_code, result.stderr) == (3, b"oop")
    assert transport.actions == ["Create", "Command", "Send", "Receive", "Receive", "Signal", "Delete"]


@pytest.mark.parametrize(("deadline", "receives"), [(30.0, 2), (5.0, 1)])
def test_a_command_that_takes_no_input_and_says_nothing_is_given_up(deadline: float, receives: int) -> None:
    silence = ["fault-wsman-timed_out"] * receives
    transport = ScriptedTransport(*OPENED, "fault-wsman-unknown", *silence, *CLOSED)
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanFault) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=deadline, clock=ticking(2))
    assert caught.value.fault_code == 2150858817
    assert transport.script == []
    waits = [each.text("s:Header/w:OperationTimeout") for each in transport.sent if each.action == "Receive"]
    assert waits == ["PT3S", "PT1S"][2 - receives :]


def test_input_that_is_taken_late_is_not_sent_again() -> None:
    result, transport = run(
        *OPENED, "fault-wsman-timed_out", "shell-send-done", "shell-receive-done", *CLOSED, stdin=b"x" * 64_001
    )
    assert result.exit_code == 3
    sends = [each.find("s:Body/rsp:Send/rsp:Stream") for each in transport.sent if each.action == "Send"]
    assert [len(base64.b64decode(each.text or "")) for each in sends] == [64_000, 1]


def test_cmd_looks_for_a_program_that_windows_alone_does_not_find() -> None:
    opened = ["shell-create-done", "fault-shell-file_not_found", "shell-command-done"]
    result, transport = run(*opened, "shell-send-done", "shell-receive-done", *CLOSED)
    assert result.exit_code == 3
    first, second = (each for each in transport.sent if each.action == "Command")
    assert ("WINRS_SKIP_CMD_SHELL", None, "TRUE") in first.options()
    assert ("WINRS_SKIP_CMD_SHELL", None, "FALSE") in second.options()
    assert len(first.options()) == len(second.options()) == 2
    assert first.text("s:Body/rsp:CommandLine/rsp:Command") == second.text("s:Body/rsp:CommandLine/rsp:Command")


def test_a_program_that_is_not_there_at_all() -> None:
    missing = "fault-shell-file_not_found"
    transport = ScriptedTransport("shell-create-done", missing, missing, "shell-delete-done")
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanFault) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert caught.value.fault_code == 0x80070002
    assert caught.value.provider_detail == "Die angegebene Datei fehlt."
    assert transport.script == []


def test_a_full_quota_of_shells_is_waited_for() -> None:
    script = ["fault-wmi-quota", *OPENED, "shell-send-done", "shell-receive-done", *CLOSED]
    result, transport = run(*script)
    assert result.exit_code == 3
    assert transport.actions[:3] == ["Create", "Create", "Command"]


@pytest.mark.parametrize("position", range(4))
def test_a_lost_connection_is_reported_and_no_message_repeated(position: int) -> None:
    script = [*OPENED, "shell-send-done", "shell-receive-done"][:position]
    cleanup: list[str | BaseException] = [[], ["shell-delete-done"], [*CLOSED], [*CLOSED]][position]  # type: ignore[assignment]
    transport = ScriptedTransport(*script, LOST, *cleanup)
    client, _pauses = client_of(transport)
    with pytest.raises(ConnectionLost):
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert transport.script == []
    sent = [action for action in transport.actions if action not in ("Signal", "Delete")]
    assert len(sent) == len(set(sent)) == position + 1


def test_a_failed_cleanup_does_not_hide_the_result() -> None:
    fault = "fault-wsman-unknown"
    result, _transport = run(*OPENED, "shell-send-done", "shell-receive-done", "shell-signal-done", fault)
    assert (result.exit_code, result.stdout) == (3, b"world")
    assert isinstance(result.cleanup_error, WsmanFault)


def test_deleting_the_shell_makes_up_for_a_failed_signal() -> None:
    script = [*OPENED, "shell-send-done", "shell-receive-done", "fault-wsman-unknown", "shell-delete-done"]
    result, transport = run(*script)
    assert result.cleanup_error is None
    assert transport.actions[-2:] == ["Signal", "Delete"]


def test_cleanup_of_a_host_that_is_gone_is_tried_once() -> None:
    gone = HostUnreachable("no_connection", "here", "x", "y", "z")
    result, transport = run(*OPENED, "shell-send-done", "shell-receive-done", gone)
    assert result.cleanup_error is gone
    assert transport.actions[-1] == "Signal"


def test_a_failed_cleanup_is_told_with_the_first_error() -> None:
    transport = ScriptedTransport(*OPENED, "shell-send-done", "fault-wsman-access_denied", LOST)
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanFault) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert caught.value.access_denied
    assert caught.value.next_step.startswith("Use an account of the host's Administrators group")
    assert caught.value.next_step.endswith(
        " The shell could not be removed; the host removes it after three idle minutes."
    )


class Interrupted(BaseException):
    """As Ansible's task timeout is: no Exception."""


@pytest.mark.parametrize("cleanup", [CLOSED, [LOST]])
def test_an_interruption_ends_the_command_too(cleanup: list[str | BaseException]) -> None:
    transport = ScriptedTransport(*OPENED, "shell-send-done", Interrupted(), *cleanup)
    client, _pauses = client_of(transport)
    with pytest.raises(Interrupted):
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    assert transport.script == []


def test_arguments_that_xml_can_not_carry_are_refused_before_the_command() -> None:
    transport = ScriptedTransport("shell-create-done", "shell-delete-done")
    client, _pauses = client_of(transport)
    with pytest.raises(NicError) as caught:
        run_command(client, "powershell.exe", ["\x00"], b"", deadline_seconds=5)
    assert caught.value.code == "invalid_character"
    assert transport.actions == ["Create", "Delete"]
