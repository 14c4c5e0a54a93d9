# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects as XML and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import pytest

from tests.lab.cim.values import CimInstance
from tests.lab.faults import WsmanFault
from tests.lab.instances import class_uri, datetime_text, instance_xml, interval_text, output_xml, read_arguments
from tests.lab.xmltext import escape
from tests.unit.lab.fake_machine import adapter
from tests.unit.lab.messages import ADAPTER, DMTF_ADAPTER, PREFIXES

NIL = f"{{{PREFIXES['xsi']}}}nil"
TYPE = f"{{{PREFIXES['xsi']}}}type"


def element(instance: CimInstance, *, dmtf: bool = False) -> ET.Element:
    return ET.fromstring(instance_xml(instance, dmtf))


def texts(root: ET.Element, name: str) -> list[str | None]:
    return [each.text for each in root.findall(f"{{{ADAPTER}}}{name}")]


def test_an_object_is_an_element_of_its_class() -> None:
    root = element(adapter(1))
    assert root.tag == f"{{{ADAPTER}}}MSFT_NetAdapter"
    assert root.get(TYPE) == "p:MSFT_NetAdapter_Type"
    assert {child.get(TYPE) for child in root} == {None, "e0:MSFT_Capabilities_Type"}


def test_scalars() -> None:
    root = element(adapter(1))
    assert texts(root, "Speed") == ["18446744073709551615"]
    assert texts(root, "HardwareInterface") == ["true"]
    assert texts(root, "Name") == ['Ethernet "1" <&>']
    empty, null = root.find(f"{{{ADAPTER}}}Caption"), root.find(f"{{{ADAPTER}}}MtuSize")
    assert empty is not None and null is not None
    assert (empty.text, empty.get(NIL)) == (None, None)
    assert (null.text, null.get(NIL)) == (None, "true")


def test_arrays_repeat_their_element_and_null_ones_are_absent() -> None:
    root = element(adapter(1, Lower=[], Higher=None, Single=["one"]))
    assert (texts(root, "Lower"), texts(root, "Higher"), texts(root, "Single")) == ([], [], ["one"])
    assert texts(element(adapter(1)), "Lower") == ["1", "2"]


@pytest.mark.parametrize(("name", "value"), [("Lower", "text"), ("Lower", 7), ("Name", ["a"])])
def test_a_value_that_is_not_what_its_class_declares_is_a_bug_of_the_machine(name: str, value: object) -> None:
    broken = adapter(1)
    broken.properties[name] = value  # type: ignore[assignment]
    with pytest.raises(TypeError, match=name):
        instance_xml(broken)


def test_embedded_objects_carry_their_own_class() -> None:
    inner = CimInstance("B", "root/x", {"C": CimInstance("D", "root/x", {"E": None})})
    root = element(CimInstance("A", "root/x", {"In": inner}))
    embedded = root[0]
    assert (embedded.tag.rpartition("}")[2], embedded.get(TYPE)) == ("In", "e0:B_Type")
    assert embedded[0].tag == f"{{{class_uri('root/x', 'B', False)}}}C"
    assert embedded[0][0].tag == f"{{{class_uri('root/x', 'D', False)}}}E"
    assert embedded[0][0].get(NIL) == "true"


def test_dmtf_objects_have_the_dmtf_namespace() -> None:
    assert element(adapter(1), dmtf=True).tag == f"{{{DMTF_ADAPTER}}}MSFT_NetAdapter"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2013, 4, 15, 16, 28, 43, 488171, tzinfo=UTC), "2013-04-15T16:28:43.488171Z"),
        (datetime(2013, 4, 15, 20, 28, 20, 913000, tzinfo=UTC), "2013-04-15T20:28:20.913Z"),
        (datetime(2013, 3, 9, 2, 57, 30, tzinfo=UTC), "2013-03-09T02:57:30Z"),
        (datetime(2013, 3, 9, 2, 0, tzinfo=timezone(timedelta(hours=2))), "2013-03-09T00:00:00Z"),
    ],
)
def test_times_are_utc_without_trailing_zeros(value: datetime, expected: str) -> None:
    assert datetime_text(value) == expected
    root = element(adapter(1, Changed=value))
    assert root.findtext(f"{{{ADAPTER}}}Changed/{{{PREFIXES['cim']}}}Datetime") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (timedelta(days=1, hours=2, minutes=3, seconds=4), "P1DT2H3M4S"),
        (timedelta(milliseconds=1500), "P0DT0H0M1.5S"),
    ],
)
def test_intervals_are_durations(value: timedelta, expected: str) -> None:
    assert interval_text(value) == expected
    root = element(adapter(1, Changed=value))
    assert root.findtext(f"{{{ADAPTER}}}Changed/{{{PREFIXES['cim']}}}Interval") == expected


def test_text_that_xml_cannot_hold_is_replaced_and_all_other_text_survives() -> None:
    assert escape("a\x00b\x1f\ud800c\ufffe") == "a\ufffdb\ufffd\ufffdc\ufffd"
    for hard in ("<&>\"'", "a\r\nb\tc", "]]>", "\u4ee5\u592a\u7f51", "\U0001f600"):
        assert ET.fromstring(f'<a b="{escape(hard)}">{escape(hard)}</a>').text == hard.replace("\r\n", "\r\n")


def test_outputs() -> None:
    root = ET.fromstring(output_xml("EnumKey", ADAPTER, {"sNames": ["a", "b"], "sValue": None, "ReturnValue": 0}))
    assert root.tag == f"{{{ADAPTER}}}EnumKey_OUTPUT"
    assert [(child.tag.rpartition("}")[2], child.text) for child in root] == [
        ("sNames", "a"),
        ("sNames", "b"),
        ("sValue", None),
        ("ReturnValue", "0"),
    ]
    assert len(ET.fromstring(output_xml("Restart", ADAPTER, {}))) == 0


def body(content: str, name: str = "Do_INPUT", namespace: str = ADAPTER) -> list[ET.Element]:
    declared = f'xmlns:p="{namespace}" xmlns:xsi="{PREFIXES["xsi"]}" xmlns:cim="{PREFIXES["cim"]}"'
    return [ET.fromstring(f"<p:{name} {declared}>{content}</p:{name}>")]


def test_arguments() -> None:
    content = (
        "<p:A>1</p:A><p:B> x </p:B><p:C/><p:D xsi:nil='true'/><p:E>1</p:E><p:E>2</p:E><p:E>3</p:E>"
        "<p:F><cim:Datetime>2024-05-01T10:00:00Z</cim:Datetime></p:F>"
    )
    assert read_arguments(body(content), "Do", ADAPTER) == {
        "A": "1",
        "B": " x ",
        "C": "",
        "D": None,
        "E": ["1", "2", "3"],
        "F": "2024-05-01T10:00:00Z",
    }
    assert read_arguments(body("", "do_input"), "Do", ADAPTER.upper()) == {}


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ([], 2150858791),
        (body("") * 2, 2150858791),
        (body("", "Do"), 2150858791),
        (body("", namespace="urn:x"), 2150858840),
        (body("<A>1</A>"), 2150858840),
        (body("<p:A><p:B/></p:A>"), 2150858836),
        (body("<p:A>1</p:A><p:A xsi:nil='true'/>"), 2150858791),
    ],
)
def test_bad_arguments_are_refused(elements: list[ET.Element], code: int) -> None:
    with pytest.raises(WsmanFault) as caught:
        read_arguments(elements, "Do", ADAPTER)
    assert caught.value.code == code
