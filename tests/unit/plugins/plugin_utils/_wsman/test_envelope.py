# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import envelope
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._wsman.answers import NAMESPACES, fixture

GET = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
WIDGET = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/Test_Widget"
REQUEST = envelope.Request(GET, WIDGET, subject="Get Test_Widget on box.example")
MESSAGE_ID = "uuid:0B1C49AD-0000-4000-8000-0123456789AB"
UNDERSTAND = "{http://www.w3.org/2003/05/soap-envelope}mustUnderstand"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def built(request: envelope.Request) -> ET.Element:
    message = envelope.build(
        request, "http://box.example:5985/wsman", operation_timeout_seconds=17, max_envelope_bytes=512000
    )
    return ET.fromstring(message.content)


def header(root: ET.Element, path: str) -> ET.Element:
    found = root.find(f"s:Header/{path}", NAMESPACES)
    assert found is not None, path
    return found


def test_headers_that_windows_wants() -> None:
    root = built(REQUEST)
    assert root.tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"
    expected: list[tuple[str, str | None, str | None]] = [
        ("a:To", "http://box.example:5985/wsman", None),
        ("w:ResourceURI", WIDGET, "true"),
        ("a:ReplyTo/a:Address", "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous", "true"),
        ("a:Action", GET, "true"),
        ("w:MaxEnvelopeSize", "512000", "true"),
        ("w:Locale", None, "false"),
        ("m:DataLocale", None, "false"),
        ("w:OperationTimeout", "PT17S", None),
    ]
    for path, text, understand in expected:
        element = header(root, path)
        assert (element.text, element.get(UNDERSTAND)) == (text, understand), path
    assert header(root, "w:Locale").get(LANGUAGE) == "en-US"
    assert header(root, "m:DataLocale").get(LANGUAGE) == "en-US"
    assert root.find("s:Header/w:SelectorSet", NAMESPACES) is None
    assert root.find("s:Header/w:OptionSet", NAMESPACES) is None


def test_every_message_has_an_id_of_its_own() -> None:
    ids = set()
    for _number in range(20):
        message = envelope.build(REQUEST, "urn:e", operation_timeout_seconds=1, max_envelope_bytes=1)
        assert re.fullmatch("uuid:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", message.message_id)
        assert header(ET.fromstring(message.content), "a:MessageID").text == message.message_id
        ids.add(message.message_id)
    assert len(ids) == 20


def test_selectors_options_and_body() -> None:
    root = built(
        envelope.Request(
            GET,
            WIDGET,
            "<extra>1</extra>",
            selectors={"InstanceID": "{A}::*UDP", "System<Name>": 'a"b&c'},
            options=(("wmi:NoRestart", "xs:boolean", "true"), ("PLAIN", "", "<x>")),
        )
    )
    selectors = root.findall("s:Header/w:SelectorSet/w:Selector", NAMESPACES)
    assert [(each.attrib, each.text) for each in selectors] == [
        ({"Name": "InstanceID"}, "{A}::*UDP"),
        ({"Name": "System<Name>"}, 'a"b&c'),
    ]
    options = root.findall("s:Header/w:OptionSet/w:Option", NAMESPACES)
    assert [(each.attrib, each.text) for each in options] == [
        ({"Name": "wmi:NoRestart", "Type": "xs:boolean"}, "true"),
        ({"Name": "PLAIN"}, "<x>"),
    ]
    assert root.findtext("s:Body/extra", namespaces=NAMESPACES) == "1"


def test_nothing_stands_between_the_elements() -> None:
    request = envelope.Request(
        GET, WIDGET, selectors={"First": "1", "Second": "2"}, options=(("a", "", "1"), ("b", "xs:int", "2"))
    )
    for root in (built(request), built(REQUEST)):
        assert {each.tail for each in root.iter()} == {None}
        assert {each.text for each in root.iter() if len(each)} == {None}
    body = built(REQUEST).find("s:Body", NAMESPACES)
    assert body is not None
    assert (len(body), body.text) == (0, None)


@given(st.text())
def test_a_selector_arrives_as_it_is_or_is_refused(text: str) -> None:
    request = envelope.Request(GET, WIDGET, selectors={"Name": text}, subject="selector")
    try:
        root = built(request)
    except NicError as error:
        assert error.code == "invalid_character"
    else:
        assert (root.findtext("s:Header/w:SelectorSet/w:Selector", namespaces=NAMESPACES) or "") == text


@pytest.mark.parametrize(
    "request_",
    [
        envelope.Request(GET, "urn:\x00"),
        envelope.Request("urn:\x00", WIDGET),
        envelope.Request(GET, WIDGET, selectors={"\x00": "x"}),
        envelope.Request(GET, WIDGET, selectors={"x": "\x00"}),
        envelope.Request(GET, WIDGET, options=(("\x00", "", "x"),)),
        envelope.Request(GET, WIDGET, options=(("x", "\x00", "x"),)),
        envelope.Request(GET, WIDGET, options=(("x", "", "\x00"),)),
    ],
)
def test_characters_that_xml_can_not_carry_are_refused(request_: envelope.Request) -> None:
    with pytest.raises(NicError) as caught:
        built(request_)
    assert caught.value.code == "invalid_character"
    assert caught.value.subject == "request"


def test_resource() -> None:
    assert envelope.resource("root/standardcimv2", "Test_Widget") == WIDGET
    assert envelope.resource("root", "__Namespace") == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/__Namespace"
    assert envelope.resource("root/cimv2", "*") == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*"


@pytest.mark.parametrize(
    ("namespace", "class_name", "subject"),
    [
        ("root\\cimv2", "A", r"namespace name 'root\\cimv2'"),
        ("/root", "A", "namespace name '/root'"),
        ("root/", "A", "namespace name 'root/'"),
        ("", "A", "namespace name ''"),
        ("root", "", "class name ''"),
        ("root", "A B", "class name 'A B'"),
        ("root", "1A", "class name '1A'"),
        ("root", "A/B", "class name 'A/B'"),
        ("root", "**", "class name '**'"),
        ("root", "A\n", r"class name 'A\n'"),
    ],
)
def test_names_that_are_none_are_refused(namespace: str, class_name: str, subject: str) -> None:
    with pytest.raises(NicError) as caught:
        envelope.resource(namespace, class_name)
    assert caught.value.code == "invalid_name"
    assert caught.value.subject == subject


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mixed Case", ["Mixed Case"]),
        ("", [None]),
        ("a<b>\r\n", ["a<b>\r\n"]),
        (2147483650, ["2147483650"]),
        (-1, ["-1"]),
        (0, ["0"]),
        (True, ["true"]),
        (False, ["false"]),
        (["a", "b"], ["a", "b"]),
        (("a",), ["a"]),
        ([], []),
    ],
)
def test_method_input_writes_each_type(value: str | int | Sequence[str], expected: list[str | None]) -> None:
    root = ET.fromstring(envelope.method_input(WIDGET, "Polish", {"First": "1", "Value": value}, "x"))
    assert root.tag == f"{{{WIDGET}}}Polish_INPUT"
    assert root[0].tag == f"{{{WIDGET}}}First"
    assert [each.text for each in root.findall(f"{{{WIDGET}}}Value")] == expected
    assert len(root) == 1 + len(expected)
    assert {each.tail for each in root.iter()} == {None}


def test_method_input_without_arguments_is_an_empty_element() -> None:
    assert (
        envelope.method_input(WIDGET, "Restart", {}, "x") == f'<p:Restart_INPUT xmlns:p="{WIDGET}"></p:Restart_INPUT>'
    )


@pytest.mark.parametrize(
    ("method", "arguments", "code", "subject"),
    [
        ("Po lish", {}, "invalid_name", "method name 'Po lish'"),
        ("Polish", {"a b": "x"}, "invalid_name", "parameter name 'a b'"),
        ("Polish", {"a": "\x01"}, "invalid_character", "Test_Widget.Polish"),
        ("Polish", {"a": ["x", "\x01"]}, "invalid_character", "Test_Widget.Polish"),
    ],
)
def test_method_input_refuses_what_xml_or_cim_can_not_carry(
    method: str, arguments: dict[str, envelope.Argument], code: str, subject: str
) -> None:
    with pytest.raises(NicError) as caught:
        envelope.method_input(WIDGET, method, arguments, "Test_Widget.Polish")
    assert (caught.value.code, caught.value.subject) == (code, subject)


def read(name: str, request: envelope.Request = REQUEST) -> str:
    answer = fixture(name).replace("@MESSAGE_ID@", MESSAGE_ID)
    return envelope.read_answer(answer.encode(), request, MESSAGE_ID).name


def test_the_body_of_a_fitting_answer_is_returned() -> None:
    assert read("Test_Widget-get-found") == "Body"


def test_letter_case_of_id_and_action_does_not_matter() -> None:
    answer = (
        fixture("Test_Widget-get-found")
        .replace("@MESSAGE_ID@", MESSAGE_ID.lower())
        .replace("/GetResponse", "/GETResponse")
    )
    assert envelope.read_answer(answer.encode(), REQUEST, MESSAGE_ID).name == "Body"


@pytest.mark.parametrize(
    ("name", "code", "seen"),
    [
        ("any-any-not_soap", "answer_not_soap", "an XML document <html>"),
        ("any-any-no_body", "answer_not_soap", "an XML document <Envelope>"),
        (
            "any-any-wrong_relates_to",
            "wrong_relates_to",
            "an answer to message uuid:11111111-2222-3333-4444-555555555555",
        ),
        ("any-any-no_relates_to", "wrong_relates_to", "an answer to message None"),
        (
            "any-any-wrong_action",
            "wrong_action",
            "an answer of action http://schemas.xmlsoap.org/ws/2004/09/transfer/PutResponse",
        ),
        ("any-any-dtd", "answer_with_dtd", "an answer with a document type declaration"),
        ("any-any-external_dtd", "answer_with_dtd", "an answer with a document type declaration"),
    ],
)
def test_other_answers_are_refused(name: str, code: str, seen: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        read(name)
    assert caught.value.code == code
    assert caught.value.subject == "Get Test_Widget on box.example"
    assert caught.value.seen == seen


def test_an_answer_without_action_is_refused() -> None:
    answer = re.sub("<a:Action>.*?</a:Action>", "", fixture("Test_Widget-get-found")).replace(
        "@MESSAGE_ID@", MESSAGE_ID
    )
    with pytest.raises(WsmanProtocolError) as caught:
        envelope.read_answer(answer.encode(), REQUEST, MESSAGE_ID)
    assert caught.value.code == "wrong_action"


def test_a_body_in_another_document_is_no_soap() -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        envelope.read_answer(b"<x><Body/></x>", REQUEST, MESSAGE_ID)
    assert caught.value.code == "answer_not_soap"


def test_a_fault_is_raised_whatever_its_action() -> None:
    with pytest.raises(WsmanFault) as caught:
        read("fault-wsman-access_denied")
    assert caught.value.fault_code == 5
    assert caught.value.subject == "Get Test_Widget on box.example"


def test_a_fault_may_come_without_relates_to_but_not_with_another() -> None:
    with pytest.raises(WsmanFault) as caught:
        read("fault-wmi-quota")
    assert caught.value.quota
    stray = fixture("fault-wsman-access_denied").replace("@MESSAGE_ID@", "uuid:OTHER")
    with pytest.raises(WsmanProtocolError) as refused:
        envelope.read_answer(stray.encode(), REQUEST, MESSAGE_ID)
    assert refused.value.code == "wrong_relates_to"


@given(st.binary(max_size=300))
def test_damage_anywhere_in_an_answer_gives_a_clear_error(noise: bytes) -> None:
    answer = fixture("Test_Widget-get-found").replace("@MESSAGE_ID@", MESSAGE_ID).encode()
    middle = len(answer) // 2
    try:
        body = envelope.read_answer(answer[:middle] + noise + answer[middle:], REQUEST, MESSAGE_ID)
    except NicError as error:
        assert error.code.startswith(("answer_", "wrong_"))
    else:
        assert body.name == "Body"


@given(st.integers(min_value=0, max_value=2000))
def test_an_answer_cut_short_anywhere_is_refused(length: int) -> None:
    answer = fixture("Test_Widget-get-found").replace("@MESSAGE_ID@", MESSAGE_ID).strip().encode()
    with pytest.raises(WsmanProtocolError) as caught:
        envelope.read_answer(answer[: min(length, len(answer) - 1)], REQUEST, MESSAGE_ID)
    assert caught.value.code == "answer_not_xml"
