# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import (
    Instance,
    read_instance,
    read_item,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import escape, parse

HEAD = (
    'xmlns:p="urn:p" xmlns:cim="urn:cim" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:a="urn:a" xmlns:w="urn:w"'
)


def instance(properties: str) -> Instance:
    return read_instance(parse(f"<p:Test_Widget {HEAD}>{properties}</p:Test_Widget>".encode(), "x"))


def one(value: str | Instance | None) -> Instance:
    return Instance("Test_Widget", {"Value": (value,)})


def refused(caught: pytest.ExceptionInfo[WsmanProtocolError]) -> tuple[str, str, str, str]:
    error = caught.value
    return error.code, error.subject, error.seen, error.expected


def test_names_keep_the_order_and_class_is_the_element() -> None:
    found = instance("<p:Zeta>1</p:Zeta><p:Alpha/><p:Zeta>2</p:Zeta>")
    assert found.class_name == "Test_Widget"
    assert found.names() == ["Zeta", "Alpha"]
    assert (found.selectors, found.resource_uri) == (None, None)


@pytest.mark.parametrize("name", ["DHCPEnabled", "dhcpenabled", "DhcpEnabled"])
def test_names_match_in_any_letter_case(name: str) -> None:
    assert instance("<p:Other>x</p:Other><p:DHCPEnabled>yes</p:DHCPEnabled>").text(name) == "yes"


def test_a_name_in_exact_case_wins() -> None:
    found = Instance("Test_Widget", {"NAME": ("upper",), "name": ("lower",)})
    assert (found.text("NAME"), found.text("name")) == ("upper", "lower")


def test_null_absent_and_empty_are_told_apart() -> None:
    found = instance('<p:Null xsi:nil="true"/><p:Empty/><p:Blank> </p:Blank>')
    assert found.text("Null") is None
    assert found.text("Absent") is None
    assert found.text("Empty") == ""
    assert found.text("Blank") == " "


def test_arrays() -> None:
    found = instance('<p:Two>a</p:Two><p:Two>b</p:Two><p:One>a</p:One><p:Gap>a</p:Gap><p:Gap xsi:nil="true"/>')
    assert found.strings("Two") == ["a", "b"]
    assert found.strings("One") == ["a"]
    assert found.strings("Gap") == ["a"]
    assert found.strings("Absent") == []
    with pytest.raises(WsmanProtocolError) as caught:
        found.text("Two")
    assert refused(caught) == ("wrong_property_type", "property Two of Test_Widget", "2 values", "one value")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("18446744073709551615", 2**64 - 1), ("-5", -5), ("+7", 7), (" 12\n", 12), (None, None)],
)
def test_integers(text: str | None, expected: int | None) -> None:
    assert one(text).integer("Value") == expected


@pytest.mark.parametrize("text", ["", "abc", "1.5", "0x10", "1e3", "١", "1 2", "1" * 21, "--1"])
def test_no_integers(text: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        one(text).integer("Value")
    assert refused(caught) == ("wrong_property_type", "property Value of Test_Widget", repr(text), "an integer")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("false", False),
        ("True", True),
        ("FALSE", False),
        ("1", True),
        ("0", False),
        (" true ", True),
        (None, None),
    ],
)
def test_booleans(text: str | None, expected: bool | None) -> None:
    assert one(text).boolean("Value") is expected


@pytest.mark.parametrize("text", ["", "yes", "2", "truefalse"])
def test_no_booleans(text: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        one(text).boolean("Value")
    assert refused(caught) == ("wrong_property_type", "property Value of Test_Widget", repr(text), "true or false")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-03-09T02:57:32Z", dt.datetime(2013, 3, 9, 2, 57, 32, tzinfo=dt.UTC)),
        ("2013-04-15T16:28:43.488171Z", dt.datetime(2013, 4, 15, 16, 28, 43, 488171, tzinfo=dt.UTC)),
        ("2013-04-15T20:28:20.913Z", dt.datetime(2013, 4, 15, 20, 28, 20, 913000, tzinfo=dt.UTC)),
        ("2013-04-15T20:28:20.1234567Z", dt.datetime(2013, 4, 15, 20, 28, 20, 123456, tzinfo=dt.UTC)),
        ("2013-04-15T20:28:20", dt.datetime(2013, 4, 15, 20, 28, 20, tzinfo=dt.UTC)),
        (" 2013-04-15T20:28:20-05:30 ", dt.datetime(2013, 4, 16, 1, 58, 20, tzinfo=dt.UTC)),
        (None, None),
    ],
)
def test_moments(text: str | None, expected: dt.datetime | None) -> None:
    found = one(text).when("Value")
    assert found == expected
    if found is not None:
        assert found.tzinfo is not None


def test_moments_stand_in_an_element_of_their_own() -> None:
    found = instance("<p:When><cim:Datetime>2024-05-01T10:00:00.5Z</cim:Datetime></p:When>")
    assert found.when("When") == dt.datetime(2024, 5, 1, 10, 0, 0, 500000, tzinfo=dt.UTC)
    assert found.text("When") == "2024-05-01T10:00:00.5Z"
    for kind, text in (("Interval", "P1DT2H"), ("Date", "2024-05-01"), ("Time", "10:00:00"), ("CIM_DateTime", "x")):
        assert instance(f"<p:For><cim:{kind}>{text}</cim:{kind}></p:For>").text("For") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "20130415202820.000000+000",
        "2013-04-15",
        "2013-04-15T20:28:20 Z",
        "\u0662\u0660\u0661\u0663-04-15T20:28:20Z",
    ],
)
def test_no_moments(text: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        one(text).when("Value")
    assert refused(caught) == ("wrong_property_type", "property Value of Test_Widget", repr(text), "a date and time")


@pytest.mark.parametrize("text", ["2013-02-30T00:00:00Z", "2013-01-01T25:00:00Z", "2013-01-01T00:00:00+99:00"])
def test_moments_that_do_not_exist(text: str) -> None:
    with pytest.raises(WsmanProtocolError) as caught:
        one(text).when("Value")
    assert refused(caught)[1:] == ("property Value of Test_Widget", repr(text), "a date and time that exist")


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_every_moment_comes_back(moment: dt.datetime) -> None:
    assert one(moment.isoformat().replace("+00:00", "Z")).when("Value") == moment


EMBEDDED = [
    '<p:Inner xsi:type="p:Test_Part_Type"><p:Size>1</p:Size><p:Name>n</p:Name></p:Inner>',
    "<p:Inner><p:Test_Part><p:Size>1</p:Size><p:Name>n</p:Name></p:Test_Part></p:Inner>",
]


@pytest.mark.parametrize("written", EMBEDDED)
def test_embedded_instances_in_both_forms(written: str) -> None:
    inner = instance(written).instance("Inner")
    assert inner is not None
    assert inner.class_name == "Test_Part"
    assert inner.integer("Size") == 1
    assert inner.text("Name") == "n"


def test_an_embedded_instance_without_properties() -> None:
    inner = instance('<p:Inner><p:Test_Part xsi:type="p:Test_Part_Type"/></p:Inner>').instance("Inner")
    assert inner == Instance("Test_Part", {})


def test_an_untyped_embedded_instance_of_one_property() -> None:
    inner = instance("<p:Inner><p:Size>1</p:Size></p:Inner>").instance("Inner")
    assert inner is not None
    assert (inner.class_name, inner.integer("Size")) == ("Inner", 1)


def test_an_untyped_embedded_instance_of_several_properties() -> None:
    written = "<p:Inner><p:Part><p:Size>1</p:Size></p:Part><p:Name>n</p:Name></p:Inner>"
    inner = instance(written).instance("Inner")
    assert inner is not None
    assert (inner.class_name, inner.names(), inner.text("Name")) == ("Inner", ["Part", "Name"], "n")
    dated = instance("<p:Inner><cim:Datetime>2024</cim:Datetime><p:Name>n</p:Name></p:Inner>").instance("Inner")
    assert dated is not None
    assert dated.names() == ["Datetime", "Name"]


REFERENCE = (
    "<a:Address>here</a:Address><a:ReferenceParameters><w:ResourceURI>urn:wmi/root/cimv2/Test_Part</w:ResourceURI>"
    '<w:SelectorSet><w:Selector Name="Key">k 1</w:Selector></w:SelectorSet></a:ReferenceParameters>'
)


@pytest.mark.parametrize("written", [REFERENCE, f"<a:EndpointReference>{REFERENCE}</a:EndpointReference>"])
def test_references_are_selectors(written: str) -> None:
    found = instance(f"<p:Part>{written}</p:Part>").instance("Part")
    assert found == Instance("Test_Part", {}, {"Key": "k 1"}, "urn:wmi/root/cimv2/Test_Part")


def test_a_reference_without_resource() -> None:
    found = instance("<p:Part><a:ReferenceParameters/></p:Part>").instance("Part")
    assert found == Instance("", {}, {}, None)


def test_embedded_instances_are_no_text_and_text_is_no_instance() -> None:
    found = instance(f"{EMBEDDED[0]}<p:Plain>x</p:Plain>")
    for read in (found.text, found.strings, found.integer, found.boolean, found.when):
        with pytest.raises(WsmanProtocolError) as caught:
            read("Inner")
        assert refused(caught)[1:] == ("property Inner of Test_Widget", "an embedded instance", "text")
    with pytest.raises(WsmanProtocolError) as caught:
        found.instance("Plain")
    assert refused(caught)[1:] == ("property Plain of Test_Widget", "'x'", "an embedded instance")
    assert found.instance("Absent") is None


def item(content: str) -> Any:
    return read_item(parse(f"<w:Item {HEAD}>{content}</w:Item>".encode(), "x"))


def test_item_joins_instance_and_reference_in_either_order() -> None:
    parts = [
        "<p:Test_Widget><p:Name>n</p:Name></p:Test_Widget>",
        f"<a:EndpointReference>{REFERENCE}</a:EndpointReference>",
    ]
    for content in ("".join(parts), "".join(reversed(parts))):
        found = item(content)
        assert found.class_name == "Test_Widget"
        assert found.text("Name") == "n"
        assert found.selectors == {"Key": "k 1"}
        assert found.resource_uri == "urn:wmi/root/cimv2/Test_Part"


def test_item_without_reference_or_without_instance() -> None:
    assert item("<p:Test_Widget/>") == Instance("Test_Widget", {})
    assert item(f"<a:EndpointReference>{REFERENCE}</a:EndpointReference>") == Instance(
        "", {}, {"Key": "k 1"}, "urn:wmi/root/cimv2/Test_Part"
    )
    assert item("") == Instance("", {})


def test_selectors_that_are_references_themselves_are_left_out() -> None:
    nested = f'<w:Selector Name="Antecedent"><a:EndpointReference>{REFERENCE}</a:EndpointReference></w:Selector>'
    reference = REFERENCE.replace("<w:SelectorSet>", f"<w:SelectorSet>{nested}<w:Selector>unnamed</w:Selector>")
    found = item(f"<p:Test_Widget/><a:EndpointReference>{reference}</a:EndpointReference>")
    assert found.selectors == {"": "unnamed", "Key": "k 1"}


def test_an_element_of_items_that_is_no_item_is_an_instance() -> None:
    found = read_item(parse(b"<XmlFragment><Name>n</Name></XmlFragment>", "x"))
    assert (found.class_name, found.text("Name")) == ("XmlFragment", "n")


XML_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
NAMES = st.from_regex("[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, st.lists(XML_TEXT, min_size=1, max_size=4), max_size=6))
def test_whatever_text_is_written_comes_back(properties: dict[str, list[str]]) -> None:
    written = "".join(
        f"<p:{name}>{escape(each, 'x')}</p:{name}>" for name, values in properties.items() for each in values
    )
    found = instance(written)
    assert {name: found.strings(name) for name in found.names()} == properties
