# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the programs of a machine do when a task runs them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.lab.adapters import Adapter
from tests.lab.classkeys import class_key_path
from tests.lab.machine import Machine
from tests.lab.netprograms import INVALID_PARAMETER, NO_SUCH_DEVICE
from tests.lab.processes import StartFailed
from tests.lab.taskvalues import ExecAction
from tests.unit.lab.machines import pass_time, settle, stopped_machine

KEYWORD = "*UDPChecksumOffloadIPv4"


def adapter_of(machine: Machine, name: str | None = None) -> Adapter:
    return next(one for one in machine.adapters if not one.hidden and name in (None, one.name))


def i211(**changes: Any) -> dict[str, Any]:
    return {"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 3.0}} | changes


def machine_with(directory: Path, **changes: Any) -> Machine:
    system = changes.pop("system", {})
    return stopped_machine(directory, adapters=[i211(**changes)], system=system)


async def run(machine: Machine, command: str, arguments: str, *, elevated: bool = True, within: float = 60.0) -> int:
    """The exit code of an action, which has to end within so many seconds of lab time."""
    task = asyncio.ensure_future(machine.run_action(ExecAction(command, arguments), elevated=elevated))
    await settle()
    waited = 0.0
    while not task.done() and waited < within:
        await pass_time(machine, 0.5, 0.5)
        waited += 0.5
    if not task.done():
        task.cancel()
        raise TimeoutError(f"{command} {arguments}")
    return task.result()


def exit_code(machine: Machine, command: str, arguments: str, **more: Any) -> int:
    return asyncio.run(run(machine, command, arguments, **more))


def key_of(machine: Machine) -> str:
    return f"HKLM\\{class_key_path(adapter_of(machine))}"


@pytest.mark.parametrize(
    "command",
    ["reg", "reg.exe", "REG.EXE", "C:\\Windows\\System32\\reg.exe", "%SystemRoot%\\system32\\reg.exe", '"reg.exe"'],
)
def test_a_program_is_found_by_name_or_path(tmp_path: Path, command: str) -> None:
    machine = machine_with(tmp_path)
    arguments = f'add "{key_of(machine)}" /v {KEYWORD} /t REG_SZ /d 1 /f'
    assert exit_code(machine, command, arguments) == 0
    assert machine.configured_text(adapter_of(machine), KEYWORD) == "1"


@pytest.mark.parametrize("command", ["regedit.exe", "C:\\Tools\\reg.exe", "%none%\\reg.exe", "powershell.exe"])
def test_other_programs_can_not_be_started(tmp_path: Path, command: str) -> None:
    with pytest.raises(StartFailed) as failure:
        exit_code(machine_with(tmp_path), command, "")
    assert failure.value.code == 0x80070002


def test_reg_adds_values_of_every_type_below_new_keys(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    for type_name, data in (("REG_DWORD", "0x1F"), ("REG_SZ", "a b"), ("REG_MULTI_SZ", "a\\0b")):
        line = f'add HKEY_LOCAL_MACHINE\\SOFTWARE\\New\\Key /v {type_name} /t {type_name} /d "{data}" /f'
        assert exit_code(machine, "reg.exe", line) == 0
    _unused, key = machine.registry.open("SOFTWARE\\New\\Key")
    assert key is not None
    assert {value.name: value.data for value in key.values()} == {
        "REG_DWORD": 31,
        "REG_SZ": "a b",
        "REG_MULTI_SZ": ("a", "b"),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        "add",
        "add HKCU\\Software\\x /v a /d b /f",
        "add {key} /v a /t REG_BINARY /d 00 /f",
        "add {key} /v a /t REG_DWORD /d many /f",
        "add {key} /v a /d b /x",
        "add {key} {key}",
        "copy {key} /f",
        "delete {key} /f",
        "delete {key} /v NoSuchValue /f",
        "delete HKLM\\SOFTWARE\\NoSuchKey /v a /f",
        "query {key} /v NoSuchValue",
        (
            "add HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\"
            "{{4D36E972-E325-11CE-BFC1-08002BE10318}}\\Properties /v a /d b /f"
        ),
    ],
)
def test_reg_refuses(tmp_path: Path, arguments: str) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "reg.exe", arguments.format(key=key_of(machine))) == 1


def test_reg_needs_rights(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    for line in (f"add {key_of(machine)} /v {KEYWORD} /d 1 /f", f"delete {key_of(machine)} /v {KEYWORD} /f"):
        assert exit_code(machine, "reg.exe", line, elevated=False) == 1
    assert machine.configured_text(adapter_of(machine), KEYWORD) == "3"


@pytest.mark.parametrize("verb", ["add {key} /v {keyword} /d 1", "delete {key} /v {keyword}"])
def test_reg_without_force_asks_and_nobody_answers(tmp_path: Path, verb: str) -> None:
    machine = machine_with(tmp_path)
    with pytest.raises(TimeoutError):
        exit_code(machine, "reg.exe", verb.format(key=key_of(machine), keyword=KEYWORD))
    assert machine.configured_text(adapter_of(machine), KEYWORD) == "3"


def test_reg_deletes_a_value(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "reg.exe", f"delete {key_of(machine)} /v {KEYWORD.lower()} /f") == 0
    assert machine.configured_text(adapter_of(machine), KEYWORD) is None


@pytest.mark.parametrize("name", ["Ethernet", "Büro 1", 'Büro "Süd"', "Réseau d'entreprise\\1", "50% & more (x)"])
def test_netsh_finds_adapters_of_any_name(tmp_path: Path, name: str) -> None:
    machine = machine_with(tmp_path, name=name)
    quoted = name.replace('"', '\\"')
    assert exit_code(machine, "netsh.exe", f'interface set interface name="{quoted}" admin=disabled') == 0
    assert adapter_of(machine).state == "changing"


@pytest.mark.parametrize(
    "arguments",
    [
        "int set int Ethernet DISABLED",
        'interface set interface "ethernet" admin=disable',
        "interface set interface admin=disabled name=Ethernet",
    ],
)
def test_ways_to_say_it_to_netsh(tmp_path: Path, arguments: str) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "netsh.exe", arguments) == 0
    assert adapter_of(machine).state == "changing"


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "interface show interface",
        "interface set interface name=Other admin=disabled",
        "interface set interface name=Ethernet admin=off",
        "interface set interface name=Ethernet",
        "interface set interface name=Ethernet name=Ethernet admin=disabled",
        "interface ipv4 set interface name=Ethernet admin=disabled",
    ],
)
def test_netsh_refuses(tmp_path: Path, arguments: str) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "netsh.exe", arguments) == 1
    assert adapter_of(machine).state == "started"


def test_netsh_needs_rights(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "netsh.exe", "interface set interface Ethernet disabled", elevated=False) == 1
    assert adapter_of(machine).state == "started"


NETSH = 'netsh interface set interface name="Ethernet" admin='


@pytest.mark.parametrize(
    ("policy", "line", "code", "state"),
    [
        ("refused", f"{NETSH}disabled & {NETSH}enabled", 1, "disabled"),
        ("ignored", f"{NETSH}disabled & {NETSH}enabled", 0, "disabled"),
        ("accepted", f"{NETSH}disabled & {NETSH}enabled", 0, "started"),
        ("refused", f"{NETSH}disabled & ping -n 5 127.0.0.1 >nul & {NETSH}enabled", 0, "started"),
        ("refused", f"{NETSH}disabled & ping -n 3 127.0.0.1 >nul & {NETSH}enabled", 1, "disabled"),
        ("refused", f"{NETSH}disabled & timeout /t 4 /nobreak >nul & {NETSH}enabled", 0, "started"),
        (
            "refused",
            f"{NETSH}disabled & (for /l %i in (1,1,9) do ({NETSH}enabled || ping -n 2 127.0.0.1 >nul))",
            0,
            "started",
        ),
    ],
)
def test_enabling_while_the_disabling_is_under_way(
    tmp_path: Path, policy: str, line: str, code: int, state: str
) -> None:
    machine = machine_with(tmp_path, enable_while_disabling=policy)

    async def scenario() -> None:
        assert await run(machine, "cmd.exe", f'/c "{line}"') == code
        await pass_time(machine, 10)

    asyncio.run(scenario())
    assert adapter_of(machine).state == state


def pnp(machine: Machine) -> str:
    return adapter_of(machine).pnp_device_id


@pytest.mark.parametrize("product", ["windows-10", "windows-11", "server-2022", "server-2025"])
def test_pnputil_restarts_a_device_and_waits_for_it(tmp_path: Path, product: str) -> None:
    machine = machine_with(tmp_path, system={"product": product})
    machine.registry.ensure(class_key_path(adapter_of(machine))).set(KEYWORD, 1, "1")
    cuts: list[bool] = []
    machine.on_disconnect.append(lambda: cuts.append(machine.reachable))
    assert exit_code(machine, "pnputil.exe", f'/restart-device "{pnp(machine)}"') == 0
    adapter = adapter_of(machine)
    assert (adapter.state, adapter.active, adapter.restarts, cuts) == ("started", 1, 1, [False])


@pytest.mark.parametrize("product", ["server-2012r2", "server-2019"])
def test_pnputil_of_older_windows_does_not_know_it(tmp_path: Path, product: str) -> None:
    machine = machine_with(tmp_path, system={"product": product})
    assert exit_code(machine, "pnputil.exe", f'/restart-device "{pnp(machine)}"') == INVALID_PARAMETER
    assert adapter_of(machine).restarts == 0


def test_pnputil_refuses(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "pnputil.exe", "/restart-device PCI\\NONE") == NO_SUCH_DEVICE
    assert exit_code(machine, "pnputil.exe", "/restart-device") == INVALID_PARAMETER
    assert exit_code(machine, "pnputil.exe", f'/remove-device "{pnp(machine)}"') == INVALID_PARAMETER
    assert exit_code(machine, "pnputil.exe", f'/restart-device "{pnp(machine)}"', elevated=False) == 5


def test_pnputil_leaves_a_disabled_device_disabled_until_it_enables_it(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "pnputil.exe", f'/disable-device "{pnp(machine)}"') == 0
    assert adapter_of(machine).state == "disabled"
    assert exit_code(machine, "pnputil.exe", f'/restart-device "{pnp(machine)}"') == 0
    assert adapter_of(machine).state == "disabled"
    assert exit_code(machine, "pnputil.exe", f'/enable-device "{pnp(machine)}"') == 0
    assert adapter_of(machine).state == "started"


@pytest.mark.parametrize(
    ("command", "arguments", "seconds", "code"),
    [
        ("ping.exe", "-n 11 127.0.0.1", 10, 0),
        ("ping.exe", "127.0.0.1", 3, 0),
        ("ping.exe", "-n 2 -w 500 127.9.9.9", 1, 1),
        ("ping.exe", "-n many 127.0.0.1", 0, 1),
        ("ping.exe", "", 0, 1),
        ("timeout.exe", "/t 7 /nobreak", 7, 0),
        ("timeout.exe", "7", 7, 0),
        ("timeout.exe", "/t soon", 0, 1),
        ("cmd.exe", "/c timeout /t 7 <nul", 0, 1),
        ("cmd.exe", "/c for /l %i in (1,1,3) do ping -n 3 127.0.0.1 >nul", 6, 0),
    ],
)
def test_ways_to_wait(tmp_path: Path, command: str, arguments: str, seconds: float, code: int) -> None:
    machine = machine_with(tmp_path)
    begun = machine.clock.lab.elapsed
    assert exit_code(machine, command, arguments) == code
    assert machine.clock.lab.elapsed - begun == seconds


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("reg query {key} /v " + KEYWORD, 0),
        ("reg query {key} /v none", 1),
        ("nosuchprogram", 1),
        ("nosuchprogram & reg query {key}", 0),
        ("nosuchprogram || reg query {key}", 0),
        ("nosuchprogram && reg query {key}", 1),
        ("reg query {key} /v none & if errorlevel 1 exit 7", 7),
        ("reg query {key} & if errorlevel 1 exit 7", 0),
        ("reg query {key} & if not errorlevel 1 (exit /b 8) else exit 9", 8),
        ("reg query {key} /v " + KEYWORD + ' | find "REG_SZ"', 0),
        ("reg query {key} /v " + KEYWORD + ' | find "REG_DWORD"', 1),
        ("if exist %windir%\\system32\\pnputil.exe exit 3", 3),
        ("if exist %windir%\\system32\\nothing.exe exit 3", 0),
        ("if %COMPUTERNAME%==PC exit 4", 4),
        ("for /l %i in (1,1,5) do if %i==4 exit %i", 4),
        ("cmd /c exit 6", 6),
        ("exit", 0),
        ("rem nothing", 0),
        ("if errorlevel 1 (rem) & rem", 255),
        ("reg query {key} > C:\\file", 255),
    ],
)
def test_cmd(tmp_path: Path, line: str, code: int) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "cmd.exe", f"/c {line.format(key=key_of(machine))}") == code


def test_what_cmd_does_not_understand_is_in_the_journal(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    assert exit_code(machine, "cmd.exe", "/c a > C:\\file") == 255
    assert [entry.what for entry in machine.journal] == ["NotUnderstood", "Run"]


def test_a_shell_without_a_command_waits_for_ever_in_vain(tmp_path: Path) -> None:
    assert exit_code(machine_with(tmp_path), "cmd.exe", "/k echo a") == 255
