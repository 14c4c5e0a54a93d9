# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import Element, escape, parse

XML_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.sampled_from(
    "\t\n\r"
)
NAMES = st.from_regex("[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)


def read(document: str) -> Element:
    return parse(document.encode(), "Get Test_Widget")


def test_parse_gives_names_namespaces_attributes_and_text() -> None:
    root = read('<p:a xmlns:p="urn:P" xmlns:q="urn:Q" k="1" q:l="2"> x <b>y</b> z </p:a>')
    assert (root.namespace, root.name, root.text) == ("urn:P", "a", " x  z ")
    assert root.attributes == {"k": "1", "urn:Q\nl": "2"}
    assert [(each.namespace, each.name, each.text) for each in root.children] == [("", "b", "y")]


def test_child_follows_a_path_of_local_names_and_takes_the_first() -> None:
    root = read('<r><x/><a xmlns="urn:1"><b>first</b><b>second</b></a><a><b>third</b></a></r>')
    found = root.child("a", "b")
    assert found is not None
    assert found.text == "first"
    assert root.child() is root
    assert root.child("a", "missing") is None
    assert root.child("missing", "b") is None


def test_each_and_below_keep_the_order() -> None:
    root = read("<r><a>1<c>2</c></a><b/><a>3</a></r>")
    assert [each.text for each in root.each("a")] == ["1", "3"]
    assert [each.name for each in root.below()] == ["a", "c", "b", "a"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [("<r><v> x y </v></r>", "x y"), ("<r><v/></r>", None), ("<r><v>  </v></r>", None), ("<r/>", None)],
)
def test_value_is_stripped_and_none_where_empty(document: str, expected: str | None) -> None:
    assert read(document).value("v") == expected


@pytest.mark.parametrize(
    ("attribute", "nil"),
    [('x:nil="true"', True), ('x:nil="1"', True), ('x:nil="false"', False), ('nil="true"', False), ("", False)],
)
def test_nil_is_an_attribute_of_the_schema_instance_namespace(attribute: str, nil: bool) -> None:
    assert read(f'<v xmlns:x="http://www.w3.org/2001/XMLSchema-instance" {attribute}/>').is_nil is nil


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ('x:type="p:Test_Type"', "Test_Type"),
        ('x:type="Test_Type"', "Test_Type"),
        ('type="p:Other"', None),
        ('x:type=""', None),
    ],
)
def test_type_name_is_local(attribute: str, expected: str | None) -> None:
    assert read(f'<v xmlns:x="http://www.w3.org/2001/XMLSchema-instance" {attribute}/>').type_name == expected


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"   ",
        b"not xml",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a/>trailing",
        b"<a b=1/>",
        b"<a>&undeclared;</a>",
        b"<p:a/>",
        b"<a>\x00</a>",
        b"<a>\xff\xfe\xfd</a>",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
    ],
)
def test_damaged_documents_are_refused(document: bytes) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        parse(document, "Get Test_Widget on box.example")
    assert caught.value.code == "answer_not_xml"
    assert caught.value.subject == "Get Test_Widget on box.example"
    assert f"an answer of {len(document)} bytes that is not well-formed XML" in caught.value.seen


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        '<!DOCTYPE a PUBLIC "-//X//Y" "x.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]><a/>',
    ],
)
def test_document_types_are_refused(document: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        read(document)
    assert caught.value.code == "answer_with_dtd"
    assert caught.value.seen == "an answer with a document type declaration"


def test_other_encodings_that_expat_knows_are_read() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><a>Übung 中</a>'
    assert parse(text.encode("utf-16"), "x").text == "Übung 中"


def test_depth_is_limited() -> None:
    deepest = 64
    root = read("<a>" * deepest + "</a>" * deepest)
    assert sum(1 for _unused in root.below()) == deepest - 1
    with pytest.raises(WsmanProtocolError) as caught:
        read("<a>" * (deepest + 1) + "</a>" * (deepest + 1))
    assert caught.value.code == "answer_too_large"
    assert caught.value.seen == "an answer with XML more than 64 levels deep"


def test_number_of_elements_is_limited() -> None:
    most = 200_000
    assert len(read("<r>" + "<a/>" * (most - 1) + "</r>").children) == most - 1
    with pytest.raises(WsmanProtocolError) as caught:
        read("<r>" + "<a/>" * most + "</r>")
    assert caught.value.code == "answer_too_large"
    assert caught.value.seen == "an answer with more than 200000 XML elements"


@given(st.binary(max_size=200))
def test_any_bytes_give_an_element_or_a_clear_error(document: bytes) -> None:
    try:
        assert parse(document, "x").name
    except WsmanProtocolError as error:
        assert error.code in ("answer_not_xml", "answer_with_dtd")


@given(
    st.recursive(
        st.tuples(NAMES, st.text(XML_CHARACTERS)), lambda i: st.tuples(NAMES, st.lists(i, max_size=4)), max_leaves=20
    )
)
def test_what_the_standard_library_writes_is_read_the_same(tree: tuple[str, object]) -> None:
    def to_xml(node: tuple[str, object]) -> ET.Element:
        element = ET.Element(node[0], {"k": node[0]})
        if isinstance(node[1], str):
            element.text = node[1]
        elif isinstance(node[1], list):
            element.extend(to_xml(each) for each in node[1])
        return element

    def same(ours: Element, theirs: ET.Element) -> None:
        assert (ours.name, ours.text, dict(ours.attributes)) == (theirs.tag, theirs.text or "", theirs.attrib)
        assert len(ours.children) == len(theirs)
        for one, other in zip(ours.children, theirs, strict=True):
            same(one, other)

    document = ET.tostring(to_xml(tree))
    same(parse(document, "x"), ET.fromstring(document))


@given(st.text(XML_CHARACTERS))
def test_escaped_text_comes_back_unchanged(text: str) -> None:
    escaped = escape(text, "x")
    element = ET.fromstring(f'<a k="{escaped}">{escaped}</a>')
    assert element.get("k") == text
    assert (element.text or "") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c'"),
        ("1\t2\n3\r4", "1&#9;2&#10;3&#13;4"),
        ("]]>", "]]&gt;"),
        ("\U0001f600\ud7ff\ue000\ufffd", "\U0001f600\ud7ff\ue000\ufffd"),
    ],
)
def test_escape_writes_references(text: str, expected: str) -> None:
    assert escape(text, "x") == expected


@pytest.mark.parametrize(
    "code", [0x00, 0x08, 0x0B, 0x0C, 0x0E, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF], ids="U+{:04X}".format
)
def test_characters_that_xml_can_not_carry_are_refused(code: int) -> None:
    with pytest.raises(NicError) as caught:
        escape(f"ab{chr(code)}", "selector Name")
    assert caught.value.code == "invalid_character"
    assert caught.value.subject == "selector Name"
    assert caught.value.seen == f"the character U+{code:04X} at position 2"
