# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM shells of the lab."""

from __future__ import annotations

import asyncio
import base64
from xml.etree import ElementTree as ET

import pytest

from tests.lab.wirespec import WireSpec
from tests.unit.lab.fake_machine import FakeMachine, FakeRights
from tests.unit.lab.messages import CMD, PREFIXES, SHELL, TRANSFER, find, message, names, text
from tests.unit.lab.winrm_host import Host, fault_code

CREATE = f"{TRANSFER}/Create"
DELETE = f"{TRANSFER}/Delete"
STREAMS = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
SKIP = '<w:Option Name="WINRS_SKIP_CMD_SHELL">TRUE</w:Option>'
SIGNAL = f"{SHELL}/signal/"
NO_SHELL = (2150858843, "s:Sender", "w:InvalidSelectors")
BAD_PARAMETER = (2150858810, "s:Sender", "w:InvalidParameter")


def shell_body(inner: str = STREAMS, attributes: str = "") -> str:
    return f"<rsp:Shell{attributes}>{inner}</rsp:Shell>"


async def opened(host: Host) -> str:
    answer = await host.ask(message(CREATE, CMD, shell_body()))
    return text(answer, "s:Body/x:ResourceCreated/a:ReferenceParameters/w:SelectorSet/w:Selector")


def request(verb: str, shell: str, body: str, **rest: str) -> bytes:
    return message(f"{SHELL}/{verb}", CMD, body, selectors={"ShellId": shell}, **rest)


async def command(host: Host, shell: str, line: str = "reader", arguments: str = "", options: str = SKIP) -> str:
    body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command>{arguments}</rsp:CommandLine>"
    return text(
        await host.ask(request("Command", shell, body, options=options)), "s:Body/rsp:CommandResponse/rsp:CommandId"
    )


async def send(host: Host, shell: str, command_id: str, data: bytes, *, end: bool = True) -> ET.Element:
    content = base64.b64encode(data).decode()
    ending = str(end).lower()
    body = (
        f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command_id}" End="{ending}">{content}</rsp:Stream></rsp:Send>'
    )
    return await host.ask(request("Send", shell, body))


async def receive(host: Host, shell: str, command_id: str, streams: str = "stdout stderr", **rest: str) -> ET.Element:
    body = f'<rsp:Receive><rsp:DesiredStream CommandId="{command_id}">{streams}</rsp:DesiredStream></rsp:Receive>'
    return await host.ask(request("Receive", shell, body, **rest))


async def signal(host: Host, shell: str, command_id: str, code: str = "terminate") -> ET.Element:
    body = f'<rsp:Signal CommandId="{command_id}"><rsp:Code>{SIGNAL}{code}</rsp:Code></rsp:Signal>'
    return await host.ask(request("Signal", shell, body))


def test_create_answers_as_recorded_and_tells_the_shell() -> None:
    answer = Host().answer(message(CREATE, CMD, shell_body()))
    assert names(find(answer, "s:Body")) == ["x:ResourceCreated", "rsp:Shell"]
    assert text(answer, "s:Header/a:Action") == f"{CREATE}Response"
    assert text(answer, "s:Body/x:ResourceCreated/a:ReferenceParameters/w:ResourceURI") == CMD
    assert text(answer, "s:Body/rsp:Shell/rsp:Owner") == "labadmin"
    assert text(answer, "s:Body/rsp:Shell/rsp:OutputStreams") == "stdout stderr"


def test_a_command_with_input_runs_when_its_input_ends() -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_result=(0, b"answer", b"")))
        shell = await opened(host)
        command_id = await command(
            host, shell, arguments="<rsp:Arguments>-a</rsp:Arguments><rsp:Arguments>b c</rsp:Arguments>"
        )
        assert names(find(await send(host, shell, command_id, b"one ", end=False), "s:Body")) == ["rsp:SendResponse"]
        assert host.machine.calls == []
        await send(host, shell, command_id, b"two")
        await receive(host, shell, command_id)
        assert host.machine.calls == [("run_command", "reader", "-a b c", b"one two")]

    asyncio.run(scenario())


def test_output_comes_in_pieces_and_the_exit_code_after_it() -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_result=(-1073741510, b"12345", b"67")), WireSpec(receive_chunk_bytes=3))
        shell = await opened(host)
        command_id = await command(host, shell, "anything")
        seen = []
        for _unused in range(4):
            answer = find(await receive(host, shell, command_id), "s:Body/rsp:ReceiveResponse")
            streams = [
                (each.get("Name"), base64.b64decode(each.text or ""), each.get("End"))
                for each in answer.findall("rsp:Stream", PREFIXES)
            ]
            state = find(answer, "rsp:CommandState")
            assert state.get("CommandId") == command_id
            exit_code = state.findtext("rsp:ExitCode", None, PREFIXES)
            seen.append((streams, (state.get("State") or "").rpartition("/")[2], exit_code))
        assert seen == [
            ([("stdout", b"123", None)], "Running", None),
            ([("stdout", b"45", None)], "Running", None),
            ([("stderr", b"67", None)], "Running", None),
            ([("stdout", b"", "true"), ("stderr", b"", "true")], "Done", "3221225786"),
        ]
        assert fault_code(await receive(host, shell, command_id)) == BAD_PARAMETER

    asyncio.run(scenario())


@pytest.mark.parametrize("line", ["reader", "anything"])
def test_receive_times_out_while_there_is_no_output(line: str) -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_gate=asyncio.Event()))
        shell = await opened(host)
        command_id = await command(host, shell, line)
        answer = await receive(host, shell, command_id, timeout="<w:OperationTimeout>PT0.01S</w:OperationTimeout>")
        assert fault_code(answer) == (2150858793, "s:Receiver", "w:TimedOut")
        waiting = asyncio.create_task(receive(host, shell, command_id))
        await asyncio.sleep(0)
        if line == "reader":
            await send(host, shell, command_id, b"")
        assert host.machine.command_gate is not None
        host.machine.command_gate.set()
        assert find(await waiting, "s:Body/rsp:ReceiveResponse/rsp:Stream").get("Name") == "stderr"

    asyncio.run(scenario())


def test_without_the_option_cmd_runs_the_line() -> None:
    async def scenario() -> None:
        host = Host()
        shell = await opened(host)
        await command(host, shell, "ipconfig", "<rsp:Arguments>/all</rsp:Arguments>", "")
        await command(host, shell, "reader", "", SKIP.replace("TRUE", "FALSE"))
        await asyncio.sleep(0)
        assert [call[1:3] for call in host.machine.calls] == [("cmd.exe", "/c ipconfig /all"), ("cmd.exe", "/c reader")]
        long = f"<rsp:CommandLine><rsp:Command>{'x' * 8200}</rsp:Command></rsp:CommandLine>"
        assert fault_code(await host.ask(request("Command", shell, long)))[0] == 206
        assert len(await command(host, shell, "x" * 8200)) == 36

    asyncio.run(scenario())


def test_terminate_ends_a_command_and_forgets_it() -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_gate=asyncio.Event()))
        shell = await opened(host)
        command_id = await command(host, shell, "anything")
        waiting = asyncio.create_task(receive(host, shell, command_id))
        await asyncio.sleep(0)
        assert names(find(await signal(host, shell, command_id), "s:Body")) == ["rsp:SignalResponse"]
        assert fault_code(await waiting)[0] == 995
        assert fault_code(await signal(host, shell, command_id)) == BAD_PARAMETER
        assert fault_code(await receive(host, shell, command_id)) == BAD_PARAMETER

    asyncio.run(scenario())


def test_ctrl_c_ends_a_command_and_keeps_it() -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_gate=asyncio.Event()))
        shell = await opened(host)
        command_id = await command(host, shell, "anything")
        assert fault_code(await signal(host, shell, command_id, "dance")) == BAD_PARAMETER
        await signal(host, shell, command_id, "Ctrl_C")
        await asyncio.sleep(0)
        assert fault_code(await receive(host, shell, command_id))[0] == 995
        assert names(find(await signal(host, shell, command_id), "s:Body")) == ["rsp:SignalResponse"]

    asyncio.run(scenario())


def test_input_after_its_end_is_refused() -> None:
    async def scenario() -> None:
        host = Host()
        shell = await opened(host)
        command_id = await command(host, shell)
        await send(host, shell, command_id, b"")
        assert fault_code(await send(host, shell, command_id, b"more"))[0] == 232

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        ('<rsp:Stream Name="stdin" CommandId="{id}">not base64!</rsp:Stream>', 2150858791),
        ('<rsp:Stream Name="stdout" CommandId="{id}">QQ==</rsp:Stream>', 2150858810),
        ('<rsp:Stream Name="stdin" CommandId="other">QQ==</rsp:Stream>', 2150858810),
        ('<rsp:Stream Name="stdin">QQ==</rsp:Stream>', 2150858810),
        ("<rsp:Other/>", 2150858791),
        ("", 2150858791),
    ],
)
def test_bad_input_is_refused(stream: str, code: int) -> None:
    async def scenario() -> None:
        host = Host()
        shell = await opened(host)
        command_id = await command(host, shell)
        body = f"<rsp:Send>{stream.format(id=command_id)}</rsp:Send>"
        assert fault_code(await host.ask(request("Send", shell, body)))[0] == code

    asyncio.run(scenario())


def test_a_deleted_shell_is_gone_with_its_commands() -> None:
    async def scenario() -> None:
        host = Host(FakeMachine(command_gate=asyncio.Event()))
        shell = await opened(host)
        command_id = await command(host, shell, "anything")
        assert host.service.snapshot()["shells_open"] == 1
        answer = await host.ask(message(DELETE, CMD, selectors={"ShellId": shell.lower()}))
        assert (text(answer, "s:Header/a:Action"), len(find(answer, "s:Body"))) == (f"{DELETE}Response", 0)
        assert host.service.snapshot() == {"shells_open": 0, "shells_opened": 1, "enumerations_open": 0}
        refused = await receive(host, shell, command_id)
        assert fault_code(refused) == NO_SHELL
        assert text(refused, "s:Body/s:Fault/s:Detail/w:FaultDetail").endswith("UnexpectedSelectors")

    asyncio.run(scenario())


def test_an_idle_shell_expires_and_use_keeps_it() -> None:
    async def scenario() -> None:
        host = Host()
        body = shell_body(f"<rsp:IdleTimeOut>PT10S</rsp:IdleTimeOut>{STREAMS}", ' ShellId="abc"')
        await host.ask(message(CREATE, CMD, body))
        host.now += 9
        await command(host, "ABC")
        host.now += 9
        assert host.service.snapshot()["shells_open"] == 1
        host.now += 1
        assert host.service.snapshot()["shells_open"] == 0

    asyncio.run(scenario())


def test_a_shell_belongs_to_its_user() -> None:
    async def scenario() -> None:
        host = Host()
        shell = await opened(host)
        answer = await host.ask(message(DELETE, CMD, selectors={"ShellId": shell}), "other")
        assert fault_code(answer) == (5, "s:Sender", "w:AccessDenied")

    asyncio.run(scenario())


def test_without_the_right_a_shell_is_denied() -> None:
    host = Host(FakeMachine(granted=FakeRights(shell=False)))
    assert fault_code(host.answer(message(CREATE, CMD, shell_body()))) == (5, "s:Sender", "w:AccessDenied")
    assert host.service.snapshot()["shells_opened"] == 0


def test_the_shell_quota_is_told_by_a_wmi_error_without_relates_to() -> None:
    async def scenario() -> None:
        host = Host(wire=WireSpec(max_shells_per_user=2))
        await opened(host)
        await opened(host)
        answer = await host.ask(message(CREATE, CMD, shell_body()))
        assert fault_code(answer)[1:] == ("s:Sender", "w:QuotaLimit")
        assert names(find(answer, "s:Header")) == ["a:Action", "a:MessageID", "a:To"]
        uri = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
        error = find(answer, f"s:Body/s:Fault/s:Detail/{{{uri}}}MSFT_WmiError")
        assert error.findtext(f"{{{uri}}}error_Code") == "2150859173"
        assert (
            len(text(await host.ask(message(CREATE, CMD, shell_body()), "other"), "s:Body/rsp:Shell/rsp:ShellId")) == 36
        )

    asyncio.run(scenario())


def test_a_shell_has_room_for_so_many_commands() -> None:
    async def scenario() -> None:
        host = Host()
        shell = await opened(host)
        for _unused in range(25):
            await command(host, shell)
        body = "<rsp:CommandLine><rsp:Command>reader</rsp:Command></rsp:CommandLine>"
        assert fault_code(await host.ask(request("Command", shell, body)))[2] == "w:QuotaLimit"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "options", "code"),
    [
        ("", "", 2150858791),
        (shell_body(STREAMS.replace("stdout", "video")), "", 2150858810),
        (shell_body(STREAMS.replace("stdin", "keyboard")), "", 2150858810),
        (shell_body("<rsp:IdleTimeOut>soon</rsp:IdleTimeOut>"), "", 2150858810),
        (shell_body(), '<w:Option Name="WINRS_INVENTION" MustComply="true">1</w:Option>', 2150858833),
    ],
)
def test_a_bad_create_is_refused(body: str, options: str, code: int) -> None:
    assert fault_code(Host().answer(message(CREATE, CMD, body, options=options)))[0] == code


def test_a_known_option_may_demand_compliance() -> None:
    option = '<w:Option Name="WINRS_NOPROFILE" MustComply="true">TRUE</w:Option>'
    assert fault_free(Host().answer(message(CREATE, CMD, shell_body(), options=option)))


def fault_free(answer: ET.Element) -> bool:
    return answer.find("s:Body/s:Fault", PREFIXES) is None


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("Command", "<rsp:CommandLine/>", 2150858791),
        ("Receive", "<rsp:Receive/>", 2150858791),
        ("Receive", "<rsp:Receive><rsp:DesiredStream>video</rsp:DesiredStream></rsp:Receive>", 2150858810),
        ("Disconnect", "<rsp:Disconnect/>", 2150858771),
    ],
)
def test_bad_requests_to_a_shell_are_refused(verb: str, body: str, code: int) -> None:
    async def scenario() -> None:
        host = Host()
        assert fault_code(await host.ask(request(verb, await opened(host), body)))[0] == code

    asyncio.run(scenario())


def test_a_request_must_name_the_shell() -> None:
    host = Host()
    assert fault_code(host.answer(message(f"{SHELL}/Command", CMD, "<rsp:CommandLine/>")))[0] == 2150858842
    answer = host.answer(message(DELETE, CMD, selectors={"ShellId": "x", "More": "y"}))
    assert fault_code(answer) == NO_SHELL


def test_ids_can_not_be_used_twice() -> None:
    async def scenario() -> None:
        host = Host()
        body = shell_body(attributes=' ShellId="abc"')
        assert fault_free(await host.ask(message(CREATE, CMD, body)))
        assert fault_code(await host.ask(message(CREATE, CMD, body)))[0] == 2150858803
        line = '<rsp:CommandLine CommandId="x"><rsp:Command>reader</rsp:Command></rsp:CommandLine>'
        assert fault_free(await host.ask(request("Command", "abc", line)))
        assert fault_code(await host.ask(request("Command", "abc", line)))[0] == 2150858803

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("program", "found"),
    [("reader", False), ("C:\\Windows\\reader", True), (r"\\server\share\reader", True), ("C:reader", False)],
)
def test_an_old_windows_finds_a_program_without_cmd_only_by_its_path(program: str, found: bool) -> None:
    async def scenario() -> tuple[ET.Element, ET.Element]:
        host = Host(wire=WireSpec(skip_cmd_shell="by_path"))
        shell = await opened(host)
        body = f"<rsp:CommandLine><rsp:Command>{program}</rsp:Command></rsp:CommandLine>"
        without = await host.ask(request("Command", shell, body, options=SKIP))
        return without, await host.ask(request("Command", shell, body, options=SKIP.replace("TRUE", "FALSE")))

    without, with_cmd = asyncio.run(scenario())
    assert text(with_cmd, "s:Body/rsp:CommandResponse/rsp:CommandId")
    if found:
        assert text(without, "s:Body/rsp:CommandResponse/rsp:CommandId")
        return
    assert fault_code(without) == (0x80070002, "s:Receiver", "w:InternalError")
    inner = without.find("s:Body/s:Fault/s:Detail/f:WSManFault/f:Message/f:ProviderFault", PREFIXES)
    assert inner is not None
    assert inner.get("provider") == "Shell cmd plugin"
    assert inner.text == "The system cannot find the file specified. "
