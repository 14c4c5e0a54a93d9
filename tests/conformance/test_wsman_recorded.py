# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management client against recorded messages of Windows: answers are replayed, requests compared."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import envelope
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer, Limits
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import run_command

pytestmark = pytest.mark.needs_recorded

MESSAGE_ID = re.compile(rb"<a:MessageID>(.*?)</a:MessageID>")
RELATES_TO = re.compile(rb"(<a:RelatesTo>).*?(</a:RelatesTo>)")


class Replay:
    """Gives recorded answers in turn. Only the id of the message that they relate to is exchanged."""

    endpoint = "http://box.example:5985/wsman"

    def __init__(self, *recordings: bytes) -> None:
        self.waiting = list(recordings)
        self.requests: list[bytes] = []

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        self.requests.append(message)
        found = MESSAGE_ID.search(message)
        assert found is not None
        recorded = self.waiting.pop(0)
        answer = RELATES_TO.sub(rb"\g<1>" + found.group(1) + rb"\g<2>", recorded)
        return HttpAnswer(500 if b":Fault>" in answer else 200, answer)

    def close(self) -> None:
        pass


@pytest.fixture
def windows(recorded: Path) -> Path:
    return recorded / "windows-txwinrm"


@pytest.fixture
def ruby(recorded: Path) -> Path:
    return recorded / "windows-winrm-ruby"


def enumerated(class_name: str, *recordings: Path) -> tuple[list[Instance], Replay]:
    replay = Replay(*(each.read_bytes() for each in recordings))
    found = Client(replay, host="box.example").enumerate("root/cimv2", class_name)
    assert replay.waiting == []
    return found, replay


def recordings(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(f"server_2012-{pattern}_0*.xml"))


def test_a_finished_answer_needs_no_pull(windows: Path) -> None:
    found, replay = enumerated("Win32_OperatingSystem", *recordings(windows, "Win32_OperatingSystem_star"))
    assert len(replay.requests) == 1
    (system,) = found
    assert system.class_name == "Win32_OperatingSystem"
    assert len(system.names()) == 64
    assert system.text("Caption") == "Microsoft Windows Server 2012 Standard"
    assert system.text("Version") == "6.2.9200"
    assert system.text("Name") == "Microsoft Windows Server 2012 Standard|C:\\Windows|\\Device\\Harddisk0\\Partition2"
    assert system.integer("MaxProcessMemorySize") == 8589934464
    assert system.integer("MaxNumberOfProcesses") == 2**32 - 1
    assert system.boolean("Primary") is True
    assert system.boolean("Debug") is False
    assert system.text("Description") == ""
    assert system.text("CSDVersion") is None
    assert system.boolean("PAEEnabled") is None
    # An array of one looks like a scalar.
    assert system.strings("MUILanguages") == ["en-US"]
    assert system.when("InstallDate") == dt.datetime(2013, 3, 9, 2, 57, 32, tzinfo=dt.UTC)
    assert system.when("LastBootUpTime") == dt.datetime(2013, 4, 15, 16, 28, 43, 488171, tzinfo=dt.UTC)
    assert system.when("LocalDateTime") == dt.datetime(2013, 4, 15, 20, 28, 20, 913000, tzinfo=dt.UTC)


def test_one_item_first_and_the_rest_by_pull(windows: Path) -> None:
    first = windows / "server_2012-Win32_NetworkAdapterConfiguration_all_000.xml"
    rest = windows / "server_2012-Win32_NetworkAdapterConfiguration_star_001.xml"
    found, replay = enumerated("Win32_NetworkAdapterConfiguration", first, rest)
    assert [each.integer("Index") for each in found] == list(range(13))
    assert len(replay.requests) == 2
    assert (
        b"<n:EnumerationContext>uuid:44EE26E6-B260-4158-A62E-CB1D559E20CF</n:EnumerationContext>" in replay.requests[1]
    )
    assert [each.class_name for each in found] == ["XmlFragment"] + ["Win32_NetworkAdapterConfiguration"] * 12
    (bound,) = [each for each in found if each.boolean("IPEnabled")]
    assert bound.text("Description") == "Citrix PV Ethernet Adapter #0"
    assert bound.text("MACAddress") == "12:4A:CE:9E:11:23"
    assert bound.strings("IPAddress") == ["10.30.40.193"]
    assert bound.strings("DefaultIPGateway") == ["10.30.40.1"]
    assert bound.when("DHCPLeaseObtained") == dt.datetime(2013, 4, 15, 19, 58, 58, tzinfo=dt.UTC)
    for other in found:
        if other is not bound:
            # A null array is no element at all.
            assert "IPAddress" not in other.names()
            assert other.strings("IPAddress") == []
            assert other.when("DHCPLeaseObtained") is None


@pytest.mark.parametrize(
    ("class_name", "items", "first", "last"),
    [
        (
            "Win32_NetworkAdapterConfiguration",
            [1, 12],
            "[00000000] WAN Miniport (L2TP)",
            "[00000012] Microsoft Teredo Tunneling Adapter",
        ),
        (
            "Win32_Service",
            [1, 59, 61, 10],
            "Application Experience",
            "Citrix Tools for Virtual Machines Service",
        ),
    ],
)
def test_projections_over_several_pulls(
    windows: Path, class_name: str, items: list[int], first: str, last: str
) -> None:
    found, replay = enumerated(class_name, *recordings(windows, f"{class_name}_all"))
    assert len(replay.requests) == len(items)
    assert len(found) == sum(items)
    assert (found[0].text("Caption"), found[-1].text("Caption")) == (first, last)
    assert {each.class_name for each in found} == {"XmlFragment"}


def test_each_pull_uses_the_context_of_the_answer_before(windows: Path) -> None:
    files = recordings(windows, "Win32_Service_all")
    _found, replay = enumerated("Win32_Service", *files)
    given = [re.search(rb"<n:EnumerationContext>(.+?)<", each.read_bytes()) for each in files[:-1]]
    used = [re.search(rb"<n:EnumerationContext>(.+?)<", each) for each in replay.requests[1:]]
    assert [each and each.group(1) for each in used] == [each and each.group(1) for each in given]


def test_every_recorded_value_is_read_as_another_parser_reads_it(windows: Path) -> None:
    compared = 0
    for path in sorted(windows.glob("*.xml")):
        root = ET.fromstring(path.read_bytes())
        items = next(each for each in root.iter() if each.tag.endswith("}Items"))
        # A client that stops after one answer: what is compared is this answer.
        cut = re.sub(rb"<n:EnumerationContext>.+?</n:EnumerationContext>", b"", path.read_bytes())
        cut = cut.replace(b"PullResponse", b"EnumerateResponse")
        found = Client(Replay(cut), host="box.example").enumerate("root/cimv2", "Any_Class")
        assert len(found) == len(items)
        for ours, theirs in zip(found, items, strict=True):
            expected: dict[str, list[str]] = {}
            for child in theirs:
                values = expected.setdefault(child.tag.rpartition("}")[2], [])
                if child.get("{http://www.w3.org/2001/XMLSchema-instance}nil") != "true":
                    values.append((child[0].text if len(child) else child.text) or "")
            assert {name: ours.strings(name) for name in ours.names()} == expected
            compared += len(expected)
    assert compared == 4595


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("soap_fault_v1", "The specified class does not exist in the given namespace."),
        ("soap_fault_v2", "The specified class does not exist in the given namespace."),
    ],
)
def test_faults_of_the_service_and_its_provider(ruby: Path, name: str, detail: str) -> None:
    with pytest.raises(WsmanFault) as caught:
        enumerated("Win32_Processa", ruby / f"{name}.xml")
    fault = caught.value
    assert fault.fault_code == 0x8033801A
    assert fault.subcode == "CannotProcessFilter"
    assert fault.reason == (
        "The data source could not process the filter. The filter might be missing or it might be invalid."
        " Change the filter and try the request again."
    )
    assert fault.provider_detail == detail
    assert (fault.cim_status, fault.hresult) == (None, None)
    assert fault.invalid_class
    assert not (fault.access_denied or fault.not_found or fault.quota or fault.timed_out)
    assert fault.code == "class_not_available"


def test_a_quota_fault_without_relates_to(ruby: Path) -> None:
    replay = Replay(*[(ruby / "wmi_error_v2.xml").read_bytes()] * 5)
    client = Client(replay, host="box.example", sleep=lambda _seconds: None)
    with pytest.raises(WsmanFault) as caught:
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    fault = caught.value
    assert len(replay.requests) == 5
    assert (fault.fault_code, fault.subcode, fault.cim_status) == (0x803381A5, "QuotaLimit", 27)
    assert fault.provider_detail is not None
    assert "a maximum number of 30 concurrent shells" in fault.provider_detail
    assert fault.quota
    assert fault.code == "quota_exceeded"


def test_the_id_of_a_new_shell(ruby: Path) -> None:
    refused = (ruby / "wmi_error_v2.xml").read_bytes()
    replay = Replay((ruby / "open_shell_v2.xml").read_bytes(), refused, refused)
    client = Client(replay, host="box.example", limits=Limits(read_attempts=1))
    with pytest.raises(WsmanFault):
        run_command(client, "powershell.exe", [], b"", deadline_seconds=5)
    selector = (
        b'<w:SelectorSet><w:Selector Name="ShellId">62DE33F0-8674-43D9-B6A5-3298012CC4CD</w:Selector></w:SelectorSet>'
    )
    assert [selector in each for each in replay.requests] == [False, True, True]


def headers(document: bytes) -> dict[str, dict[str, str]]:
    """Name and attributes of each header, whatever its content."""
    head = next(each for each in ET.fromstring(document).iter() if each.tag.endswith("}Header"))
    found = {each.tag: dict(each.attrib) for each in head}
    address = next((each for each in head.iter() if each.tag.endswith("}Address")), None)
    if address is not None:
        found["ReplyTo"] = dict(address.attrib)
    return found


@pytest.mark.parametrize("name", ["Put1", "Put2"])
def test_requests_have_the_headers_of_the_mi_client(recorded: Path, name: str) -> None:
    theirs = headers((recorded / "mi-client-requests" / f"{name}.request.xml").read_bytes())
    request = envelope.Request(
        "urn:action", "urn:resource", selectors={"Name": "x"}, options=(("wmi:X", "xs:boolean", "true"),)
    )
    message = envelope.build(request, "urn:endpoint", operation_timeout_seconds=60, max_envelope_bytes=512000)
    ours = headers(message.content)
    for header, attributes in theirs.items():
        if header in ours:
            assert ours[header] == attributes, header
    # The MI client numbers its session and operations, which is optional; it leaves the timeout to the service.
    local = {each.rpartition("}")[2] for each in ours}
    assert {each.rpartition("}")[2] for each in theirs} - local == {"SessionId", "OperationID", "SequenceId"}
    assert local - {each.rpartition("}")[2] for each in theirs} == {"OperationTimeout"}
