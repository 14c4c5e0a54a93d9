# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerate, Pull and Release of the lab."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.lab.cim.values import CimError
from tests.lab.wirespec import Misbehaviour, WireSpec
from tests.unit.lab.fake_machine import FakeMachine, adapter
from tests.unit.lab.messages import (
    ADAPTER,
    DMTF_ADAPTER,
    ENUMERATION,
    PREFIXES,
    WMI,
    enumerate_body,
    find,
    message,
    names,
    pull_body,
    text,
)
from tests.unit.lab.winrm_host import Host, fault_code

ENUMERATE = f"{ENUMERATION}/Enumerate"
PULL = f"{ENUMERATION}/Pull"
RELEASE = f"{ENUMERATION}/Release"
FIRST = "s:Body/n:EnumerateResponse"
NEXT = "s:Body/n:PullResponse"


def begin(host: Host, uri: str = ADAPTER, *, wql: str = "", mode: str = "") -> ET.Element:
    return host.answer(message(ENUMERATE, uri, enumerate_body(wql=wql, mode=mode)))


def context_of(answer: ET.Element, where: str = FIRST) -> str:
    return text(answer, f"{where}/n:EnumerationContext")


def test_the_first_answer_has_one_item_and_the_context_comes_before_it() -> None:
    first = find(begin(Host()), FIRST)
    assert names(first) == ["n:EnumerationContext", "w:Items"]
    assert len(find(first, "w:Items")) == 1


def test_a_pull_has_the_rest_in_the_other_namespace_and_no_context() -> None:
    host = Host()
    answer = host.answer(message(PULL, ADAPTER, pull_body(context_of(begin(host)))))
    pulled = find(answer, NEXT)
    assert names(pulled) == ["n:Items", "n:EndOfSequence"]
    assert [item.findtext(f"{{{ADAPTER}}}InterfaceIndex") for item in find(pulled, "n:Items")] == ["2", "3"]


@pytest.mark.parametrize("count", [0, 1])
def test_when_nothing_follows_the_first_answer_ends_with_an_empty_context(count: int) -> None:
    first = find(begin(Host(FakeMachine([adapter(1)] * count))), FIRST)
    assert names(first) == ["n:EnumerationContext", "w:Items", "w:EndOfSequence"]
    assert (context_of(begin(Host(FakeMachine([adapter(1)] * count)))), len(find(first, "w:Items"))) == ("", count)


def test_without_optimisation_the_first_answer_is_a_context_only() -> None:
    host = Host()
    answer = host.answer(message(ENUMERATE, ADAPTER, enumerate_body(optimize=False)))
    assert names(find(answer, FIRST)) == ["n:EnumerationContext"]
    pulled = host.answer(message(PULL, ADAPTER, pull_body(context_of(answer))))
    assert len(find(pulled, f"{NEXT}/n:Items")) == 3


def test_each_pull_brings_a_new_context_and_the_old_one_is_dead() -> None:
    host = Host()
    old = context_of(begin(host))
    answer = host.answer(message(PULL, ADAPTER, pull_body(old, 1)))
    assert names(find(answer, NEXT)) == ["n:EnumerationContext", "n:Items"]
    new = context_of(answer, NEXT)
    assert new != old
    refused = host.answer(message(PULL, ADAPTER, pull_body(old, 1)))
    assert fault_code(refused) == (2150858779, "s:Receiver", "n:InvalidEnumerationContext")
    assert names(find(host.answer(message(PULL, ADAPTER, pull_body(new, 1))), NEXT)) == ["n:Items", "n:EndOfSequence"]


def test_a_pull_without_a_limit_brings_one_item() -> None:
    host = Host()
    answer = host.answer(message(PULL, ADAPTER, pull_body(context_of(begin(host)), None)))
    assert len(find(answer, f"{NEXT}/n:Items")) == 1


def test_an_idle_context_expires() -> None:
    host = Host(wire=WireSpec(enumeration_timeout_ms=5000))
    context = context_of(begin(host))
    host.now += 4.9
    context = context_of(host.answer(message(PULL, ADAPTER, pull_body(context, 1))), NEXT)
    host.now += 5.0
    assert host.service.snapshot()["enumerations_open"] == 0
    assert fault_code(host.answer(message(PULL, ADAPTER, pull_body(context))))[2] == "n:InvalidEnumerationContext"


def test_a_released_context_is_gone() -> None:
    host = Host()
    body = pull_body(context_of(begin(host)), None).replace("Pull", "Release")
    assert host.service.snapshot()["enumerations_open"] == 1
    answer = host.answer(message(RELEASE, ADAPTER, body))
    assert text(answer, "s:Header/a:Action") == f"{RELEASE}Response"
    assert len(find(answer, "s:Body")) == 0
    assert host.service.snapshot()["enumerations_open"] == 0
    assert fault_code(host.answer(message(RELEASE, ADAPTER, body)))[2] == "n:InvalidEnumerationContext"


def test_a_pull_must_name_the_resource_of_its_enumerate() -> None:
    host = Host()
    context = context_of(begin(host))
    assert fault_code(host.answer(message(PULL, f"{WMI}*", pull_body(context))))[0] == 2150859181
    assert names(find(host.answer(message(PULL, ADAPTER.upper(), pull_body(context))), NEXT))[0] == "n:Items"


def test_a_context_belongs_to_its_user() -> None:
    host = Host()
    context = context_of(begin(host))
    assert fault_code(host.answer(message(PULL, ADAPTER, pull_body(context)), user="other"))[0] == 5


def test_answers_keep_to_the_envelope_size_of_the_request() -> None:
    note = "x" * 3000
    host = Host(FakeMachine([adapter(number, Note=note) for number in range(1, 8)]))
    size = "<w:MaxEnvelopeSize>12000</w:MaxEnvelopeSize>"
    context = context_of(host.answer(message(ENUMERATE, ADAPTER, enumerate_body(), size=size)))
    counts = []
    while context:
        answer = host.answer(message(PULL, ADAPTER, pull_body(context), size=size))
        assert len(ET.tostring(answer)) < 12000
        counts.append(len(find(answer, f"{NEXT}/n:Items")))
        context = answer.findtext(f"{NEXT}/n:EnumerationContext", "", PREFIXES)
    assert counts == [2, 2, 2]


def test_an_object_that_never_fits_is_a_fault() -> None:
    host = Host(FakeMachine([adapter(1), adapter(2, Note="x" * 20000)]))
    size = "<w:MaxEnvelopeSize>9000</w:MaxEnvelopeSize>"
    context = context_of(host.answer(message(ENUMERATE, ADAPTER, enumerate_body(), size=size)))
    too_small = (2150858824, "s:Sender", "w:EncodingLimit")
    assert fault_code(host.answer(message(PULL, ADAPTER, pull_body(context), size=size))) == too_small
    host.machine.objects.pop(0)
    assert fault_code(host.answer(message(ENUMERATE, ADAPTER, enumerate_body(), size=size))) == too_small


def test_objects_with_their_references() -> None:
    item = find(begin(Host(), mode="EnumerateObjectAndEPR"), f"{FIRST}/w:Items/w:Item")
    assert names(item) == ["MSFT_NetAdapter#MSFT_NetAdapter", "a:EndpointReference"]
    parameters = find(item, "a:EndpointReference/a:ReferenceParameters")
    assert text(parameters, "w:ResourceURI") == ADAPTER
    selectors = find(parameters, "w:SelectorSet")
    assert {each.get("Name"): each.text for each in selectors} == {"DeviceID": "{ADAPTER-1}", "SystemName": "host"}


def test_references_alone_and_an_unknown_mode() -> None:
    assert names(find(begin(Host(), mode="EnumerateEPR"), f"{FIRST}/w:Items")) == ["a:EndpointReference"]
    assert fault_code(begin(Host(), mode="EnumerateDreams"))[0] == 2150858886


def test_a_filter_works_on_the_star_only() -> None:
    host = Host()
    wql = "SELECT * FROM MSFT_NetAdapter WHERE InterfaceIndex = 2"
    item = find(begin(host, f"{WMI}*", wql=wql), f"{FIRST}/w:Items/{{{ADAPTER}}}MSFT_NetAdapter")
    assert item.findtext(f"{{{ADAPTER}}}InterfaceIndex") == "2"
    assert host.machine.calls == [("enumerate", "root/standardcimv2", "MSFT_NetAdapter", "InterfaceIndex = 2")]
    assert fault_code(begin(host, ADAPTER, wql=wql))[0] == 2150859003
    assert fault_code(begin(host, f"{WMI}*"))[2] == "w:FilteringRequired"


def test_a_property_list_brings_fragments_without_namespace() -> None:
    host = Host()
    answer = begin(host, f"{WMI}*", wql="SELECT name, MtuSize, Higher, Lower, Changed FROM MSFT_NetAdapter")
    fragment = find(answer, f"{FIRST}/w:Items/w:XmlFragment")
    assert names(fragment) == ["Name", "MtuSize", "Lower", "Lower", "Changed"]
    assert find(fragment, "MtuSize").get(f"{{{PREFIXES['xsi']}}}nil") == "true"
    assert text(fragment, "Changed/Datetime") == "2024-05-01T10:00:00.5Z"
    assert fault_code(begin(host, f"{WMI}*", wql="SELECT Nothing FROM MSFT_NetAdapter"))[0] == 2150858778


@pytest.mark.parametrize(
    ("body", "subcode"),
    [
        ("", "w:InvalidBody"),
        ("<n:Enumerate/><n:Enumerate/>", "w:InvalidBody"),
        ("<w:Enumerate/>", "w:InvalidBody"),
        ("<n:Enumerate><n:MaxElements>1</n:MaxElements></n:Enumerate>", "w:InvalidBody"),
        ("<n:Enumerate><w:MaxElements>0</w:MaxElements></n:Enumerate>", "w:InvalidBody"),
        ("<n:Enumerate><w:MaxElements>many</w:MaxElements></n:Enumerate>", "w:InvalidBody"),
        ("<n:Enumerate><n:Expires>PT5M</n:Expires></n:Enumerate>", "w:UnsupportedFeature"),
        ("<n:Enumerate><n:EndTo/></n:Enumerate>", "w:UnsupportedFeature"),
        ("<n:Enumerate><n:Filter>/a</n:Filter></n:Enumerate>", "n:FilterDialectRequestedUnavailable"),
        ('<n:Enumerate><w:Filter Dialect="x">/a</w:Filter></n:Enumerate>', "n:FilterDialectRequestedUnavailable"),
        (enumerate_body(wql=" "), "n:CannotProcessFilter"),
        (enumerate_body(wql="SELECT"), "n:CannotProcessFilter"),
    ],
)
def test_a_bad_enumerate_is_refused(body: str, subcode: str) -> None:
    assert fault_code(Host().answer(message(ENUMERATE, f"{WMI}*", body)))[2] == subcode


def test_an_enumeration_takes_no_keys() -> None:
    answer = Host().answer(message(ENUMERATE, ADAPTER, enumerate_body(), selectors={"DeviceID": "1"}))
    assert fault_code(answer) == (2150859003, "s:Sender", "w:InvalidSelectors")


@pytest.mark.parametrize(
    "uri", ["http://schemas.microsoft.com/wbem/wsman/1/wmi/ROOT/StandardCimv2/msft_netadapter", ADAPTER]
)
def test_answers_spell_the_namespace_in_lower_case_and_the_class_as_it_is(uri: str) -> None:
    assert find(begin(Host(), uri), f"{FIRST}/w:Items")[0].tag == f"{{{ADAPTER}}}MSFT_NetAdapter"


def test_dmtf_uris_take_the_namespace_from_a_selector() -> None:
    host = Host()
    body = enumerate_body(mode="EnumerateObjectAndEPR")
    answer = host.answer(message(ENUMERATE, DMTF_ADAPTER, body, selectors={"__cimnamespace": "root\\StandardCimv2"}))
    item = find(answer, f"{FIRST}/w:Items/w:Item")
    assert item[0].tag == f"{{{DMTF_ADAPTER}}}MSFT_NetAdapter"
    selectors = find(item, "a:EndpointReference/a:ReferenceParameters/w:SelectorSet")
    assert {each.get("Name"): each.text for each in selectors}["__cimnamespace"] == "root/standardcimv2"
    assert host.machine.calls == [("enumerate", "root/standardcimv2", "MSFT_NetAdapter", None)]
    host.answer(message(ENUMERATE, DMTF_ADAPTER, enumerate_body()))
    assert host.machine.calls[-1] == ("enumerate", "root/hardware", "MSFT_NetAdapter", None)


def test_an_endless_enumeration_never_ends() -> None:
    host = Host(FakeMachine([adapter(1)]))
    answer = host.answer(message(ENUMERATE, ADAPTER, enumerate_body()), struck_by=Misbehaviour.ENDLESS_PULL)
    context = context_of(answer)
    for _unused in range(5):
        answer = host.answer(message(PULL, ADAPTER, pull_body(context)))
        assert len(find(answer, f"{NEXT}/n:Items")) == 1
        context = context_of(answer, NEXT)
    assert context


def test_a_pull_may_come_without_items() -> None:
    host = Host()
    context = context_of(begin(host))
    answer = host.answer(message(PULL, ADAPTER, pull_body(context)), struck_by=Misbehaviour.EMPTY_PULL)
    assert names(find(answer, NEXT)) == ["n:EnumerationContext"]
    answer = host.answer(message(PULL, ADAPTER, pull_body(context_of(answer, NEXT))))
    assert len(find(answer, f"{NEXT}/n:Items")) == 2


def test_a_missing_class_in_a_query_is_a_filter_fault_with_the_status_of_wmi() -> None:
    query = 'SELECT * FROM Nothing WHERE Name = "a"'
    answer = begin(Host(), f"{WMI}*", wql=query)
    assert fault_code(answer) == (2150858778, "s:Sender", "n:CannotProcessFilter")
    provider = find(answer, "s:Body/s:Fault/s:Detail/f:WSManFault/f:Message/f:ProviderFault")
    status = find(provider, "f:ExtendedError")[0]
    assert [(each.tag.rpartition("}")[2], each.text) for each in status] == [
        ("Description", None),
        ("Operation", "ExecQuery"),
        ("ParameterInfo", query),
        ("ProviderName", "WinMgmt"),
        ("StatusCode", None),
    ]


def test_a_missing_class_in_the_uri_is_another_fault() -> None:
    answer = begin(Host(), f"{WMI}Nothing")
    assert fault_code(answer) == (2150858752, "s:Sender", "a:DestinationUnreachable")
    host = Host()
    host.machine.error = CimError("access_denied", "no")
    assert fault_code(begin(host)) == (5, "s:Sender", "w:AccessDenied")
