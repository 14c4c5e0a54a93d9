# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's answers against recorded ones of real Windows hosts.

Objects are read out of a recording by a reader of this file, given to the lab as those of its machine, and asked for as
the recorded client did. What comes back must be the recording again: the same elements in the same order with the same
names, attributes and text. Only identifiers, computer names and sentences for people may differ.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.lab.cim.values import CimError, CimInstance, Value
from tests.lab.faults import ProviderFault, WsmanFault
from tests.lab.wirespec import WireSpec
from tests.unit.lab.fake_machine import FakeMachine
from tests.unit.lab.messages import CMD, ENUMERATION, PREFIXES, TRANSFER, enumerate_body, find, message, pull_body, text
from tests.unit.lab.winrm_host import Host

pytestmark = pytest.mark.needs_recorded

CIMV2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/"
XSI = PREFIXES["xsi"]
NIL = f"{{{XSI}}}nil"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
FREE_TEXT = frozenset({"MessageID", "RelatesTo", "EnumerationContext", "Text", "Message", "error_WindowsErrorMessage"})
FREE_ATTRIBUTES = frozenset({"Machine", "provider", LANGUAGE})

Tree = tuple[str, dict[str, str], str, list["Tree"]]


def tree(element: ET.Element) -> Tree:
    """An element as plain data, without white space around text and without what may differ."""
    local = element.tag.rpartition("}")[2]
    content = "" if local in FREE_TEXT and not len(element) else " ".join((element.text or "").split())
    attributes = {name: "" if name in FREE_ATTRIBUTES else value for name, value in element.attrib.items()}
    return element.tag, attributes, content, [tree(child) for child in element]


def parsed(path: Path) -> ET.Element:
    return ET.fromstring(path.read_bytes())


@pytest.fixture
def windows(recorded: Path) -> Path:
    return recorded / "windows-txwinrm"


@pytest.fixture
def faults(recorded: Path) -> Path:
    return recorded / "windows-winrm-ruby"


@dataclass
class Replaying(FakeMachine):
    """A machine that has the recorded objects."""

    objects: list[CimInstance] = field(default_factory=list)

    def enumerate(self, namespace: str, class_name: str, where: str | None) -> list[CimInstance]:
        if self.error is not None:
            raise self.error
        return self.objects


def read_objects(answers: list[ET.Element], class_name: str) -> list[CimInstance]:
    """The objects of recorded answers, whatever the encoding of their values."""
    return [
        CimInstance(class_name, "root/cimv2", dict(read_values(item)), frozenset(repeated(item)))
        for answer in answers
        for items in answer.iter()
        if items.tag.rpartition("}")[2] == "Items"
        for item in items
    ]


def repeated(item: ET.Element) -> set[str]:
    names = [child.tag.rpartition("}")[2] for child in item]
    return {name for name in names if names.count(name) > 1}


def read_values(item: ET.Element) -> Iterator[tuple[str, Value]]:
    arrays = repeated(item)
    for child in item:
        name = child.tag.rpartition("}")[2]
        if name in arrays:
            yield name, [each.text for each in item if each.tag == child.tag]
        elif child.get(NIL) == "true":
            yield name, None
        elif len(child):
            yield name, datetime.fromisoformat(child[0].text or "")
        else:
            yield name, child.text or ""


def ask_all(host: Host, uri: str, first: str, counts: list[int]) -> list[ET.Element]:
    """The answers to an Enumerate and to pulls of as many items as the recorded answers had."""
    answers = [host.answer(message(f"{ENUMERATION}/Enumerate", uri, first))]
    for count in counts:
        context = next(each.text or "" for each in answers[-1].iter(f"{{{ENUMERATION}}}EnumerationContext"))
        answers.append(host.answer(message(f"{ENUMERATION}/Pull", uri, pull_body(context, count))))
    return answers


def items_in(answer: ET.Element) -> int:
    return sum(len(each) for each in answer.iter() if each.tag.rpartition("}")[2] == "Items")


def test_a_single_object_of_a_class(windows: Path) -> None:
    wanted = parsed(windows / "server_2012-Win32_OperatingSystem_star_000.xml")
    objects = read_objects([wanted], "Win32_OperatingSystem")
    assert len(objects[0].properties) == 64
    host = Host(Replaying(objects=objects))
    assert tree(ask_all(host, f"{CIMV2}Win32_OperatingSystem", enumerate_body(), [])[0]) == tree(wanted)


@pytest.mark.parametrize(
    ("stem", "class_name", "projected"),
    [
        ("server_2012-Win32_NetworkAdapterConfiguration_star", "Win32_NetworkAdapterConfiguration", False),
        ("server_2012-Win32_NetworkAdapterConfiguration_all", "Win32_NetworkAdapterConfiguration", True),
        ("server_2012-Win32_Service_all", "Win32_Service", True),
    ],
)
def test_many_objects_in_the_recorded_batches(windows: Path, stem: str, class_name: str, projected: bool) -> None:
    recordings = [parsed(path) for path in sorted(windows.glob(f"{stem}_*.xml"))]
    objects = read_objects(recordings, class_name)
    assert len(objects) > 10
    names = {name: None for instance in objects for name in instance.properties}
    if projected:
        # Fragments leave null arrays out, so that objects of one class differ; the class has all of their properties.
        for instance in objects:
            absent = [name for name in names if name not in instance.properties]
            instance.properties.update(dict.fromkeys(absent))
            instance.arrays |= frozenset(absent)
    first_is_recorded = items_in(recordings[0]) == 1
    if not first_is_recorded:
        objects.insert(0, objects[0])
    wql = f"SELECT {', '.join(names) if projected else '*'} FROM {class_name}"
    counts = [items_in(each) for each in recordings[1 if first_is_recorded else 0 :]]
    answers = ask_all(Host(Replaying(objects=objects)), f"{CIMV2}*", enumerate_body(wql=wql), counts)
    assert items_in(answers[0]) == 1
    assert [tree(each) for each in answers[0 if first_is_recorded else 1 :]] == [tree(each) for each in recordings]


def test_a_class_that_is_missing_in_a_query(faults: Path) -> None:
    wanted = parsed(faults / "soap_fault_v2.xml")
    query = next(each.text for each in wanted.iter() if each.tag.endswith("}ParameterInfo"))
    host = Host(Replaying(error=CimError("invalid_class", "There is no such class")))
    answer = host.answer(message(f"{ENUMERATION}/Enumerate", f"{CIMV2}*", enumerate_body(wql=str(query))))
    assert tree(answer) == tree(wanted)


def test_a_provider_without_extended_status(faults: Path) -> None:
    wanted = find(parsed(faults / "soap_fault_v1.xml"), "s:Body/s:Fault")
    inner = ProviderFault(2150858778, "There is no such class")
    fault = WsmanFault(2150858778, "n:CannotProcessFilter", "The filter is bad", provider=inner)
    declared = f'<s:Envelope xmlns:s="{PREFIXES["s"]}" xmlns:n="{ENUMERATION}">'
    found = ET.fromstring(f"{declared}{fault.body('HOST')}</s:Envelope>")[0]
    for element in wanted.iter():
        # The older plug-in marks the language here; the newer recording does not.
        if element.tag.endswith("}WSManFault"):
            element.attrib.pop(LANGUAGE, None)
    assert tree(found) == tree(wanted)


def test_too_many_shells(faults: Path) -> None:
    wanted = parsed(faults / "wmi_error_v2.xml")

    async def last_of_31() -> ET.Element:
        host = Host(wire=WireSpec(max_shells_per_user=30))
        body = "<rsp:Shell><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
        for _unused in range(30):
            await host.ask(message(f"{TRANSFER}/Create", CMD, body))
        return await host.ask(message(f"{TRANSFER}/Create", CMD, body))

    assert tree(asyncio.run(last_of_31())) == tree(wanted)


def test_a_new_shell(faults: Path) -> None:
    wanted = parsed(faults / "open_shell_v2.xml")
    shell_id = text(wanted, "s:Body/x:ResourceCreated/a:ReferenceParameters/w:SelectorSet/w:Selector")
    body = f'<rsp:Shell ShellId="{shell_id}"><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>'
    answer = Host().answer(message(f"{TRANSFER}/Create", CMD, body))
    address = text(wanted, "s:Body/x:ResourceCreated/a:Address")
    find(answer, "s:Body/x:ResourceCreated/a:Address").text = address
    # The recorded host has WinRM 2; since WinRM 3 a description of the shell follows ([MS-WSMV] 3.1.4.5.2).
    answer_body = find(answer, "s:Body")
    assert [child.tag for child in answer_body][1:] == [f"{{{PREFIXES['rsp']}}}Shell"]
    answer_body.remove(answer_body[1])
    assert tree(answer) == tree(wanted)


@pytest.mark.parametrize(
    ("name", "code"),
    [("Put1", 2150858771), ("Put2", 2150858771), ("GetClassRequest", 2150858754)],
)
def test_requests_of_the_windows_client_pass_the_checks_of_the_header(recorded: Path, name: str, code: int) -> None:
    content = (recorded / "mi-client-requests" / f"{name}.request.xml").read_bytes()
    # The lab has neither Put nor class descriptions; what it says is about these, not about the header.
    answer = Host().answer(content[content.index(b"<s:Envelope") :])
    assert find(answer, "s:Body/s:Fault/s:Detail/f:WSManFault").get("Code") == str(code)
    sent = ET.fromstring(content[content.index(b"<s:Envelope") :])
    assert text(answer, "s:Header/a:RelatesTo") == text(sent, "s:Header/a:MessageID").strip()
