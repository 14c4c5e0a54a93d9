# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's WinRM against pypsrp, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.shell import Process, SignalCode, WinRS
from pypsrp.wsman import NAMESPACES, SelectorSet, WSMan

from tests.labfixture import PASSWORD, USER, LabFactory, RunningLab, one_host

CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
STANDARD = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/"
ADAPTER = f"{STANDARD}MSFT_NetAdapter"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
CONNECTIONS = [
    ("negotiate", False, "auto"),
    ("ntlm", False, "auto"),
    ("negotiate", True, "auto"),
    ("ntlm", True, "auto"),
    ("ntlm", True, "always"),
    ("basic", True, "auto"),
]


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    fleet = one_host()
    kind = fleet["kinds"]["tested"]
    restarting = {"model": "intel-i211", "network": 1, "restart": {"outage_seconds": 0.5}}
    for name, variant in {
        "restarted": {"adapters": [restarting]},
        "restarted-silently": {"adapters": [restarting], "wire": {"outage": "silent"}},
        "reader": {"account": {"shell": False, "write": False}},
        "rightless": {"account": {"read": False, "shell": False}},
        "misleading": {"wire": {"faults": [{"do": "wrong_relates_to", "action": "Get"}]}},
    }.items():
        fleet["kinds"][name] = kind | variant
        fleet["hosts"].append({"name": name, "kind": name})
    return module_lab_factory(fleet)


def wsman(lab: RunningLab, host: str = "one", auth: str = "ntlm", *, ssl: bool = False, **options: Any) -> WSMan:
    settings: dict[str, Any] = {
        "port": 5986 if ssl else 5985,
        "username": USER,
        "password": PASSWORD,
        "cert_validation": str(lab.authority),
    }
    return WSMan(lab.address(host), ssl=ssl, auth=auth, **(settings | options))


def tag(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"


def enumerate_all(client: WSMan, uri: str, wql: str | None = None, mode: str | None = None) -> Iterator[ET.Element]:
    body = ET.Element(tag("wsen", "Enumerate"))
    ET.SubElement(body, tag("wsman", "OptimizeEnumeration"))
    ET.SubElement(body, tag("wsman", "MaxElements")).text = "32000"
    if mode is not None:
        ET.SubElement(body, tag("wsman", "EnumerationMode")).text = mode
    if wql is not None:
        ET.SubElement(body, tag("wsman", "Filter"), Dialect=WQL).text = wql
    answer = client.enumerate(uri, body)
    yield from answer.find(".//wsman:Items", NAMESPACES) or []
    while answer.find(".//{*}EndOfSequence") is None:
        pull = ET.Element(tag("wsen", "Pull"))
        context = answer.findtext(".//wsen:EnumerationContext", None, NAMESPACES)
        ET.SubElement(pull, tag("wsen", "EnumerationContext")).text = context
        ET.SubElement(pull, tag("wsen", "MaxElements")).text = "32000"
        answer = client.pull(uri, pull)
        yield from answer.find(".//wsen:Items", NAMESPACES) or []


def adapter_keys(client: WSMan) -> SelectorSet:
    query = "SELECT * FROM MSFT_NetAdapter WHERE HardwareInterface = TRUE"
    item = next(enumerate_all(client, f"{STANDARD}*", query, "EnumerateObjectAndEPR"))
    keys = SelectorSet()
    for selector in item.iter(tag("wsman", "Selector")):
        keys.add_option(str(selector.get("Name")), str(selector.text))
    return keys


def invoke(client: WSMan, uri: str, method: str, keys: SelectorSet | None = None, **arguments: str) -> ET.Element:
    body = ET.Element(f"{{{uri}}}{method}_INPUT")
    for name, value in arguments.items():
        ET.SubElement(body, f"{{{uri}}}{name}").text = value
    answer = client.invoke(f"{uri}/{method}", uri, body, selector_set=keys)
    output = answer.find(f"s:Body/{{{uri}}}{method}_OUTPUT", NAMESPACES)
    assert output is not None
    return output


@pytest.mark.parametrize(("auth", "ssl", "encryption"), CONNECTIONS)
def test_enumerate_get_and_invoke(lab: RunningLab, auth: str, ssl: bool, encryption: str) -> None:
    client = wsman(lab, auth=auth, ssl=ssl, encryption=encryption)
    names = [item.findtext(f"{{{ADAPTER}}}Name") for item in enumerate_all(client, ADAPTER)]
    assert "Ethernet" in names
    assert len(names) > 1
    got = client.get(ADAPTER, selector_set=adapter_keys(client))
    assert got.findtext(f"{{{ADAPTER}}}MSFT_NetAdapter/{{{ADAPTER}}}DriverProvider") == "Intel"
    output = invoke(
        client,
        f"{CIMV2}StdRegProv",
        "EnumKey",
        hDefKey="2147483650",
        sSubKeyName="SYSTEM\\CurrentControlSet\\Control\\Class\\{4D36E972-E325-11CE-BFC1-08002BE10318}",
    )
    assert output.findtext(f"{{{CIMV2}StdRegProv}}ReturnValue") == "0"
    assert "0002" in [each.text for each in output.findall(f"{{{CIMV2}StdRegProv}}sNames")]
    client.close()


def test_the_server_configuration(lab: RunningLab) -> None:
    client = wsman(lab)
    client.update_max_payload_size()
    assert client.max_envelope_size == 500 * 1024


@pytest.mark.parametrize(("auth", "ssl", "encryption"), CONNECTIONS)
def test_a_wrong_password(lab: RunningLab, auth: str, ssl: bool, encryption: str) -> None:
    with pytest.raises(AuthenticationError):
        wsman(lab, auth=auth, ssl=ssl, encryption=encryption, password="wrong").get_server_config()


@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_plain_messages_are_refused_over_http(lab: RunningLab, auth: str) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        wsman(lab, auth=auth, encryption="never").get_server_config()
    assert (caught.value.code, caught.value.response_text) == (500, "")


def test_basic_over_http_is_refused(lab: RunningLab) -> None:
    with pytest.raises(AuthenticationError):
        wsman(lab, auth="basic", encryption="never").get_server_config()


@pytest.mark.parametrize(
    ("uri", "wql", "code"),
    [
        (f"{STANDARD}MSFT_Nothing", None, 2150858752),
        (f"{STANDARD}*", "SELECT * FROM MSFT_Nothing", 2150858778),
        (f"{STANDARD}*", "SELECT * FROM MSFT_NetAdapter WHERE", 2150858778),
        (ADAPTER, "SELECT * FROM MSFT_NetAdapter", 2150859003),
        ("http://schemas.microsoft.com/wbem/wsman/1/nothing", None, 2150858754),
    ],
)
def test_faults_carry_their_code(lab: RunningLab, uri: str, wql: str | None, code: int) -> None:
    with pytest.raises(WSManFaultError) as caught:
        list(enumerate_all(wsman(lab), uri, wql))
    assert caught.value.code == code


def test_a_session_survives_a_fault(lab: RunningLab) -> None:
    client = wsman(lab)
    with pytest.raises(WSManFaultError):
        list(enumerate_all(client, f"{STANDARD}MSFT_Nothing"))
    assert list(enumerate_all(client, f"{STANDARD}MSFT_NetOffloadGlobalSetting"))


def test_rights(lab: RunningLab) -> None:
    assert list(enumerate_all(wsman(lab, "reader"), ADAPTER))
    for host, work in (
        ("rightless", lambda client: list(enumerate_all(client, ADAPTER))),
        ("rightless", lambda client: WinRS(client).open()),
        ("reader", lambda client: WinRS(client).open()),
    ):
        with pytest.raises(WSManFaultError) as caught:
            work(wsman(lab, host))
        assert caught.value.code == 5


def test_a_command_of_a_shell_is_refused(lab: RunningLab) -> None:
    with WinRS(wsman(lab)) as shell:
        process = Process(shell, "powershell.exe", ["-NoProfile", "-Command", "exit"], no_shell=True)
        process.invoke()
        process.signal(SignalCode.TERMINATE)
        assert (process.rc, process.stdout) == (1, b"")
        assert b"relay" in process.stderr


def test_powershell_endpoints_do_not_exist(lab: RunningLab) -> None:
    with pytest.raises(WSManFaultError) as caught, RunspacePool(wsman(lab)) as pool:
        PowerShell(pool).add_script("1").invoke()
    assert caught.value.code == 2150858754


def test_the_relation_of_an_answer_is_seen_to_be_wrong(lab: RunningLab) -> None:
    with pytest.raises(WinRMError, match="related id"):
        wsman(lab, "misleading").get_server_config()


@pytest.mark.parametrize("host", ["restarted", "restarted-silently"])
def test_a_restart_takes_every_connection_with_it(lab: RunningLab, host: str) -> None:
    bystander = wsman(lab, host)
    assert list(enumerate_all(bystander, ADAPTER))
    client = wsman(lab, host)
    with pytest.raises(OSError, match="Connection aborted"):
        invoke(client, ADAPTER, "Restart", adapter_keys(client))
    if host == "restarted":
        with pytest.raises(OSError, match="refused"):
            wsman(lab, host).get_server_config()
    while not lab.state()[host]["reachable"]:
        pass
    returned = wsman(lab, host, reconnection_retries=5, reconnection_backoff=0.1)
    assert list(enumerate_all(returned, ADAPTER))
    # The keys of message encryption went with the connection: pypsrp reconnects and seals with the old ones.
    with pytest.raises(WinRMTransportError) as caught:
        bystander.get_server_config()
    assert caught.value.code == 400
    assert [adapter["restarts"] for adapter in lab.state()[host]["adapters"]] == [1]
    cut = [line for line in lab.requests(host) if line["method"] == "Restart"]
    assert [(line["status"], line["bytes_out"]) for line in cut] == [(None, 0)]
