# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled tasks, reboots and lost hosts over the wire, with pypsrp and pywinrm as they come.

Task definitions have no independent reader here: the schema that Microsoft publishes is not part of any package.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from pypsrp.exceptions import WinRMError
from pypsrp.wsman import SelectorSet, WSMan
from requests.exceptions import RequestException
from winrm.exceptions import WSManFaultError
from winrm.protocol import Protocol

from tests.lab.fleet import moved_address
from tests.labfixture import PASSWORD, PROJECT_ROOT, USER, LabFactory, RunningLab, one_host

NAMESPACE: Final = "root/microsoft/windows/taskscheduler"
CLASSIC: Final = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{NAMESPACE}/"
DMTF: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
SYSTEM: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_OperatingSystem"
ADAPTER: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/MSFT_NetAdapter"
PATIENCE_SECONDS: Final = 30.0
SPEED: Final = 60.0


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    fleet = one_host()
    kind = fleet["kinds"]["tested"]

    def restarting(**changes: Any) -> list[dict[str, Any]]:
        outage = {"outage_seconds": 5.0, "answer": "normal"}
        behind = {"prefix": 16, "gateway": True, "origin": "dhcp"}
        return [{"model": "intel-i211", "network": 1, "restart": outage | changes} | behind]

    for name, variant in {
        "lost": {"adapters": restarting(leaves="disabled")},
        "public": {"adapters": restarting(profile="public", profile_seconds=7200.0)},
        "moved": {"adapters": restarting(address="moves")},
        "rebooted": {"system": {"boot_seconds": 60.0}},
        "skewed": {"system": {"clock_skew_seconds": -18_000.0, "utc_offset_minutes": 345}},
    }.items():
        fleet["kinds"][name] = kind | variant
        fleet["hosts"].append({"name": name, "kind": name})
    return module_lab_factory(fleet, speed=SPEED)


def connect(lab: RunningLab, host: str, address: str | None = None) -> WSMan:
    options: dict[str, Any] = {"ssl": False, "auth": "ntlm", "port": 5985, "username": USER, "password": PASSWORD}
    server = address or lab.address(host)
    return WSMan(server, connection_timeout=1, read_timeout=3, reconnection_retries=0, **options)


def invoke(
    client: WSMan, uri: str, method: str, arguments: dict[str, str], keys: dict[str, str] | None = None
) -> ET.Element:
    body = ET.Element(f"{{{uri}}}{method}_INPUT")
    for name, value in arguments.items():
        ET.SubElement(body, f"{{{uri}}}{name}").text = value
    return client.invoke(f"{uri}/{method}", uri, body, selector_set=selectors(keys or {}))


def selectors(keys: dict[str, str]) -> SelectorSet:
    chosen = SelectorSet()
    for name, value in keys.items():
        chosen.add_option(name, value)
    return chosen


def clock_of(client: WSMan) -> datetime:
    """LocalDateTime of the host, which travels as UTC."""
    name = "Microsoft Windows 11 Pro|C:\\WINDOWS|\\Device\\Harddisk0\\Partition3"
    answer = client.get(SYSTEM, selector_set=selectors({"Name": name}))
    text = answer.findtext(".//{*}LocalDateTime/{*}Datetime")
    assert text is not None
    return datetime.fromisoformat(text)


def guard(client: WSMan, minutes: int, command: str, arguments: str) -> dict[str, str]:
    start, end = (clock_of(client) + timedelta(minutes=more) for more in (minutes, 60))
    return {
        "Force": "false",
        "TaskName": "guard",
        "TaskPath": "\\",
        "Xml": f"""<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
          <Triggers><TimeTrigger>
            <StartBoundary>{start:%Y-%m-%dT%H:%M:%SZ}</StartBoundary><EndBoundary>{end:%Y-%m-%dT%H:%M:%SZ}</EndBoundary>
          </TimeTrigger></Triggers>
          <Principals><Principal><UserId>S-1-5-18</UserId></Principal></Principals>
          <Actions><Exec><Command>{command}</Command><Arguments>{arguments}</Arguments></Exec></Actions></Task>""",
    }


def restart(lab: RunningLab, client: WSMan, host: str) -> None:
    state = lab.state()[host]
    guid = next(adapter["guid"] for adapter in state["adapters"])
    keys = {"CreationClassName": "MSFT_NetAdapter", "SystemCreationClassName": "CIM_NetworkPort"}
    invoke(client, ADAPTER, "Restart", {}, keys | {"DeviceID": guid, "SystemName": host.upper()})


def waited_for(lab: RunningLab, host: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The state of a host once it is as wanted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        state: dict[str, Any] = lab.state()[host]
        if wanted(state):
            return state
        time.sleep(0.05)
    raise AssertionError(f"{host} stays {lab.state()[host]}")


def answers(lab: RunningLab, host: str, address: str | None = None) -> bool:
    try:
        clock_of(connect(lab, host, address))
    except (WinRMError, RequestException):
        return False
    return True


def test_a_task_brings_a_lost_host_back(lab: RunningLab) -> None:
    client = connect(lab, "lost")
    task = guard(client, 50, "netsh.exe", 'interface set interface name="Ethernet" admin=enabled')
    output = invoke(client, f"{CLASSIC}PS_ScheduledTask", "RegisterByXml", task)
    assert output.findtext(".//{*}cmdletOutput/{*}TaskName") == "guard"
    assert output.findtext(".//{*}ReturnValue") == "0"
    uri = f"{CLASSIC}MSFT_ScheduledTask"
    found = client.get(uri, selector_set=selectors({"TaskName": "guard", "TaskPath": "\\"}))
    assert found.findtext(".//{*}Actions/{*}Execute") == "netsh.exe"
    restart(lab, client, "lost")
    waited_for(lab, "lost", lambda state: state["adapters"][0]["state"] == "disabled")
    assert not answers(lab, "lost")
    lab.skip(3000)
    state = waited_for(lab, "lost", lambda state: state["reachable"])
    assert [run["exit_codes"] for run in state["task_runs"]] == [[0]]
    client = connect(lab, "lost")
    client.delete(uri, selector_set=selectors({"TaskName": "guard", "TaskPath": "\\"}))
    assert lab.state()["lost"]["tasks"] == []


def test_a_second_task_of_the_name_is_an_mi_fault_that_pywinrm_knows(lab: RunningLab) -> None:
    client = connect(lab, "one")
    task = guard(client, 30, "ping.exe", "127.0.0.1")
    invoke(client, f"{CLASSIC}PS_ScheduledTask", "RegisterByXml", task)
    endpoint = f"http://{lab.address('one')}:5985/wsman"
    protocol = Protocol(endpoint, "ntlm", USER, PASSWORD, ca_trust_path=str(lab.authority))
    uri = f"{DMTF}PS_ScheduledTask"
    message = protocol.build_wsman_header(f"{uri}/RegisterByXml", uri)
    message["env:Header"]["w:SelectorSet"] = {"w:Selector": [{"@Name": "__cimnamespace", "#text": NAMESPACE}]}
    arguments = {f"p:{name}": value for name, value in task.items()}
    message["env:Body"] = {"p:RegisterByXml_INPUT": {"@xmlns:p": uri} | arguments}
    with pytest.raises(WSManFaultError) as caught:
        protocol.send_message(_written({"env:Envelope": message}))
    assert caught.value.wmierror_code == 0x800700B7
    assert "CIMStatusCode" in caught.value.response


def _written(message: dict[str, Any]) -> str:
    xmltodict = pytest.importorskip("xmltodict")
    return str(xmltodict.unparse(message))


def test_the_clock_of_a_host_is_not_that_of_the_controller(lab: RunningLab) -> None:
    behind = clock_of(connect(lab, "one")) - clock_of(connect(lab, "skewed"))
    assert timedelta(hours=4) < behind < timedelta(hours=6)


def test_a_public_profile_locks_a_routed_controller_out_for_a_while(lab: RunningLab) -> None:
    client = connect(lab, "public")
    restart(lab, client, "public")
    state = waited_for(lab, "public", lambda state: state["adapters"][0]["restarts"] == 1)
    assert (state["adapters"][0]["connected"], state["reachable"]) == (True, False)
    assert not answers(lab, "public")
    lab.skip(7200)
    waited_for(lab, "public", lambda state: state["reachable"])
    waited_for(lab, "public", lambda _state: answers(lab, "public"))


def test_a_host_that_moved_answers_at_its_new_address(lab: RunningLab) -> None:
    client = connect(lab, "moved")
    restart(lab, client, "moved")
    moved = moved_address(lab.address("moved"))
    waited_for(lab, "moved", lambda state: state["answers_at"] == moved)
    waited_for(lab, "moved", lambda _state: answers(lab, "moved", moved))
    assert not answers(lab, "moved")
    restart(lab, connect(lab, "moved", moved), "moved")
    waited_for(lab, "moved", lambda state: state["reachable"])
    waited_for(lab, "moved", lambda _state: answers(lab, "moved"))


def test_a_machine_is_rebooted_from_the_command_line(lab: RunningLab) -> None:
    client = connect(lab, "rebooted")
    before = clock_of(client)
    assert told(lab, "reboot", "--host", "rebooted").returncode == 0
    state = waited_for(lab, "rebooted", lambda state: "Booted rebooted" in state["journal"])
    assert datetime.fromisoformat(state["booted_at"]) > before
    waited_for(lab, "rebooted", lambda _state: answers(lab, "rebooted"))
    refused = told(lab, "reboot", "--host", "nobody")
    assert (refused.returncode, b"nobody" in refused.stderr) == (2, True)


def told(lab: RunningLab, order: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What became of an order on the command line."""
    command = [sys.executable, "-m", "tests.lab", order, "--run-dir", str(lab.run_dir), *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, check=False, capture_output=True)


def test_lab_time_is_moved_on_from_the_command_line(lab: RunningLab) -> None:
    before = clock_of(connect(lab, "one"))
    lab.skip(7200)
    assert clock_of(connect(lab, "one")) - before > timedelta(hours=2)
