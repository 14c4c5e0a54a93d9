# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's WinRM service refuses before it looks at the body."""

from __future__ import annotations

import pytest

from tests.lab.envelopes import duration_seconds
from tests.unit.lab.messages import ADAPTER, CMD, ENUMERATION, HEADERS, MESSAGE_ID, TRANSFER, find, message, names, text
from tests.unit.lab.winrm_host import Host, fault_code

GET = f"{TRANSFER}/Get"
KEYS = {"DeviceID": "{ADAPTER-1}"}


def get(**headers: str) -> bytes:
    return message(GET, ADAPTER, selectors=KEYS, **headers)


def test_a_plain_request_is_answered_with_its_message_id() -> None:
    answer = Host().answer(get())
    assert names(find(answer, "s:Header")) == ["a:Action", "a:MessageID", "a:To", "a:RelatesTo"]
    assert text(answer, "s:Header/a:Action") == f"{GET}Response"
    assert text(answer, "s:Header/a:RelatesTo") == MESSAGE_ID
    assert text(answer, "s:Header/a:To") == "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"to": ""}, (2150858769, "s:Sender", "a:MessageInformationHeaderRequired")),
        ({"id": ""}, (2150858769, "s:Sender", "a:MessageInformationHeaderRequired")),
        ({"reply_to": ""}, (2150858769, "s:Sender", "a:MessageInformationHeaderRequired")),
        (
            {"reply_to": "<a:ReplyTo><a:Address>http://elsewhere.example</a:Address></a:ReplyTo>"},
            (2150858870, "s:Sender", "w:UnsupportedFeature"),
        ),
        ({"id": "<a:MessageID>17</a:MessageID>"}, (2150858767, "s:Sender", "a:InvalidMessageInformationHeader")),
        ({"extra": HEADERS["id"]}, (2150858767, "s:Sender", "a:InvalidMessageInformationHeader")),
        (
            {"size": "<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize>"},
            (2150858878, "s:Sender", "w:EncodingLimit"),
        ),
        (
            {"size": "<w:MaxEnvelopeSize>much</w:MaxEnvelopeSize>"},
            (2150858767, "s:Sender", "a:InvalidMessageInformationHeader"),
        ),
        (
            {"timeout": "<w:OperationTimeout>60</w:OperationTimeout>"},
            (2150858881, "s:Sender", "a:InvalidMessageInformationHeader"),
        ),
        (
            {"timeout": "<w:OperationTimeout>PT0S</w:OperationTimeout>"},
            (2150858764, "s:Sender", "w:UnsupportedFeature"),
        ),
        (
            {"locale": '<w:Locale xml:lang="en-US" s:mustUnderstand="true"/>'},
            (2150858887, "s:Sender", "w:UnsupportedFeature"),
        ),
        (
            {"extra": "<w:FragmentTransfer>Name</w:FragmentTransfer>"},
            (2150858767, "s:Sender", "a:InvalidMessageInformationHeader"),
        ),
        (
            {"extra": '<w:FragmentTransfer s:mustUnderstand="true">Name</w:FragmentTransfer>'},
            (2150858871, "s:Sender", "w:UnsupportedFeature"),
        ),
    ],
)
def test_a_bad_header_is_refused_with_its_own_code(headers: dict[str, str], expected: tuple[int, str, str]) -> None:
    host = Host()
    assert fault_code(host.answer(get(**headers))) == expected
    assert host.machine.calls == []


@pytest.mark.parametrize("value", ["true", "1"])
def test_an_unknown_header_that_must_be_understood_ends_it(value: str) -> None:
    answer = Host().answer(get(extra=f'<m:Invention s:mustUnderstand="{value}"/>'))
    assert text(answer, "s:Body/s:Fault/s:Code/s:Value") == "s:MustUnderstand"
    assert find(answer, "s:Body/s:Fault/s:Detail/f:WSManFault").get("Code") == "2150858768"


@pytest.mark.parametrize("header", ['<m:Invention s:mustUnderstand="false"/>', '<m:Invention mustUnderstand="true"/>'])
def test_an_unknown_header_that_need_not_be_understood_is_ignored(header: str) -> None:
    assert text(Host().answer(get(extra=header)), "s:Header/a:Action") == f"{GET}Response"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no XML",
        b"<s:Envelope",
        b"\xff\xfe<",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        b'<!DOCTYPE s:Envelope SYSTEM "http://elsewhere.example/x.dtd"><a/>',
    ],
)
def test_what_is_not_xml_or_has_a_dtd_is_refused(content: bytes) -> None:
    assert fault_code(Host().answer(content)) == (2150858817, "s:Sender", "w:SchemaValidationError")


def test_another_soap_version_is_refused() -> None:
    other = get().replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/")
    assert fault_code(Host().answer(other))[0] == 2150858765


def test_an_envelope_without_header_is_refused() -> None:
    start, _unused, rest = get().partition(b"<s:Header>")
    assert fault_code(Host().answer(start + rest.partition(b"</s:Header>")[2]))[2] == "w:InvalidBody"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/MSFT_NetAdapter",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/",
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/MSFT_NetAdapter?DeviceID=1",
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/root/MSFT_NetAdapter",
        "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
        "urn:nothing",
    ],
)
def test_a_bad_resource_uri_is_told_as_one(uri: str) -> None:
    answer = Host().answer(message(GET, uri))
    assert fault_code(answer) == (2150858754, "s:Sender", "a:DestinationUnreachable")
    assert text(answer, "s:Body/s:Fault/s:Detail/w:FaultDetail").endswith("/faultDetail/InvalidResourceURI")
    assert text(answer, "s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('<w:Option Name="wmi:NoRestart" Type="xs:boolean">true</w:Option>', None),
        (
            '<w:Option Name="wmi:NoRestart" MustComply="true">true</w:Option>',
            (2150858833, "s:Sender", "w:InvalidOptions"),
        ),
        ('<w:Option MustComply="false">x</w:Option>', (2150858834, "s:Sender", "w:InvalidOptions")),
        ("<w:Selector/>", (2150858767, "s:Sender", "a:InvalidMessageInformationHeader")),
    ],
)
def test_options_that_must_be_complied_with_are_refused(options: str, expected: tuple[int, str, str] | None) -> None:
    answer = Host().answer(message(GET, ADAPTER, selectors=KEYS, options=options))
    if expected is None:
        assert text(answer, "s:Header/a:Action") == f"{GET}Response"
    else:
        assert fault_code(answer) == expected


@pytest.mark.parametrize(
    ("selectors", "code"),
    [
        ('<w:Selector Name="A">1</w:Selector><w:Selector Name="a">2</w:Selector>', 2150858847),
        ("<w:Selector>1</w:Selector>", 2150858813),
        ('<w:Selector Name="A"><a:EndpointReference/></w:Selector>', 2150858845),
    ],
)
def test_malformed_selectors_are_refused(selectors: str, code: int) -> None:
    answer = Host().answer(message(GET, ADAPTER, extra=f"<w:SelectorSet>{selectors}</w:SelectorSet>"))
    assert fault_code(answer) == (code, "s:Sender", "w:InvalidSelectors")


@pytest.mark.parametrize(
    ("action", "uri"),
    [
        (f"{TRANSFER}/Put", ADAPTER),
        (f"{ADAPTER}/", ADAPTER),
        (f"{ADAPTER}Other/Restart", ADAPTER),
        (f"{ENUMERATION}/Renew", ADAPTER),
        (GET, CMD),
        (f"{TRANSFER}/Put", "http://schemas.microsoft.com/wbem/wsman/1/config"),
    ],
)
def test_an_action_that_the_resource_does_not_know_is_refused(action: str, uri: str) -> None:
    assert fault_code(Host().answer(message(action, uri))) == (2150858771, "s:Sender", "a:ActionNotSupported")


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT60S", 60.0),
        ("PT0.5S", 0.5),
        ("PT1M30.25S", 90.25),
        ("P1DT1H", 90000.0),
        ("P1Y2M", 36720000.0),
        ("-PT1S", -1.0),
        ("P", None),
        ("PT", None),
        ("P1DT", None),
        ("60", None),
        ("PT1S ", None),
        ("PT1H1S1M", None),
    ],
)
def test_durations(duration: str, seconds: float | None) -> None:
    assert duration_seconds(duration) == seconds


def test_the_log_learns_what_a_request_is_about() -> None:
    host = Host()
    call = host.service.read(message(f"{ADAPTER}/Restart", ADAPTER, selectors=KEYS))
    assert (call.action, call.name, call.method, call.message_id) == (
        "Invoke",
        "MSFT_NetAdapter",
        "Restart",
        MESSAGE_ID,
    )
    call = host.service.read(message(f"{TRANSFER}/Create", CMD))
    assert (call.action, call.resource, call.name, call.method) == ("Create", CMD, "cmd", None)
    call = host.service.read(get(to=""))
    assert (call.action, call.message_id) == (None, MESSAGE_ID)
