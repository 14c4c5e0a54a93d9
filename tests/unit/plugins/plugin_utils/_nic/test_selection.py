# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import selection as module
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.selection import (
    Facts,
    fits_pattern,
    parse_selection,
    select,
)
from tests.unit.plugins.plugin_utils._nic.fakehost import guid


def adapter(number: int, name: str, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": name,
        "description": "Intel(R) I211 Gigabit Network Connection",
        "guid": guid(number),
        "mac": f"aa:bb:cc:dd:ee:{number:02x}",
        "up": True,
        "pci": {"vendor": "8086", "device": "1539"},
        "driver": {"file": "e1r68x64.sys"},
        "assessment": {"class": "confirmed"},
    }
    return {**facts, **changes}


ADAPTERS = [
    adapter(1, "Ethernet"),
    adapter(2, "Ethernet [2]", pci={"vendor": "8086", "device": "10D3"}, driver={"file": "e1i65x64.sys"}),
    adapter(3, "以太网 'O\"Neil'", assessment={"class": "suspected"}),
    adapter(4, "vEthernet (LAN)", pci=None, driver={"file": None}, mac="aa:bb:cc:dd:ee:01", up=False,
            assessment={"class": "unknown"}),
]  # fmt: skip


def chosen(*, single: bool = False, **selection: Any) -> list[str]:
    wanted = {key.rstrip("_"): value for key, value in selection.items()}
    return [facts["name"] for facts in select(ADAPTERS, parse_selection(wanted), single=single)]


def refusal(adapters: list[Facts] | None = None, *, single: bool = False, **selection: Any) -> NicError:
    wanted = {key.rstrip("_"): value for key, value in selection.items()}
    with pytest.raises(NicError) as caught:
        select(ADAPTERS if adapters is None else adapters, parse_selection(wanted), single=single)
    return caught.value


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({"name": "Ethernet"}, ["Ethernet"]),
        ({"name": "ETHERNET"}, ["Ethernet"]),
        ({"name": ["Ethernet", "Ethernet [2]"]}, ["Ethernet", "Ethernet [2]"]),
        ({"name": "Ethernet*"}, ["Ethernet", "Ethernet [2]"]),
        ({"name": "Ethernet [?]"}, ["Ethernet [2]"]),
        ({"name": "以太网 'O\"Neil'"}, ["以太网 'O\"Neil'"]),
        ({"name": "*"}, [each["name"] for each in ADAPTERS]),
        ({"name": "nothing*"}, []),
        ({"description": "*I211*"}, [each["name"] for each in ADAPTERS]),
        ({"description": "Realtek"}, []),
        ({"guid": guid(2)}, ["Ethernet [2]"]),
        ({"guid": guid(0xA).strip("{}").lower() + "*"}, []),
        ({"guid": guid(2).strip("{}")}, ["Ethernet [2]"]),
        ({"guid": guid(2).lower()}, ["Ethernet [2]"]),
        ({"guid": "*2}"}, ["Ethernet [2]"]),
        ({"mac": "AA-BB-CC-DD-EE-02"}, ["Ethernet [2]"]),
        ({"mac": "aabbccddee02"}, ["Ethernet [2]"]),
        ({"mac": "AA-BB-CC-DD-EE-*"}, [each["name"] for each in ADAPTERS]),
        ({"mac": "AABBCCDDEE?2"}, ["Ethernet [2]"]),
        ({"mac": "aabb.ccdd.ee03"}, ["以太网 'O\"Neil'"]),
        ({"mac": "AABBCCDDEE01"}, ["Ethernet", "vEthernet (LAN)"]),
        ({"driver": "E1R*.sys"}, ["Ethernet", "以太网 'O\"Neil'"]),
        ({"driver": "e1d68x64.sys"}, []),
        ({"pci": "8086:10d3"}, ["Ethernet [2]"]),
        ({"pci": "8086:*"}, ["Ethernet", "Ethernet [2]", "以太网 'O\"Neil'"]),
        ({"pci": "8086:9999"}, []),
        ({"class_": "confirmed"}, ["Ethernet", "Ethernet [2]"]),
        ({"class_": ["suspected", "unknown"]}, ["以太网 'O\"Neil'", "vEthernet (LAN)"]),
        ({"class_": "unaffected"}, []),
        ({"class_": "confirmed", "driver": "e1r*"}, ["Ethernet"]),
        ({"name": "Ethernet", "class_": "suspected"}, []),
        ({"query": "[?up && assessment.class=='confirmed']"}, ["Ethernet", "Ethernet [2]"]),
        ({"query": "[?pci.device=='10D3']"}, ["Ethernet [2]"]),
        ({"query": "[0]"}, ["Ethernet"]),
        ({"query": "[?name=='x']"}, []),
        ({"query": "missing"}, []),
        ({"query": "reverse(@)"}, [each["name"] for each in ADAPTERS]),
        ({"query": "[?up]", "driver": "e1i*"}, ["Ethernet [2]"]),
        ({"name": "Ethernet", "guid": None, "mac": [], "query": ""}, ["Ethernet"]),
    ],
)
def test_adapters_that_fit_are_chosen_in_their_order(selection: dict[str, Any], names: list[str]) -> None:
    assert chosen(**selection) == names


def test_toward_fits_what_the_routes_lead_through() -> None:
    selection = parse_selection({"toward": ["192.0.2.1"]})
    assert selection.toward == ("192.0.2.1",)
    assert [each["name"] for each in select(ADAPTERS, selection, toward=frozenset({guid(2)}))] == ["Ethernet [2]"]
    assert select(ADAPTERS, selection, toward=frozenset()) == []


@pytest.mark.parametrize(
    ("selection", "subject"),
    [
        ({"name": "Ethernet 9"}, "name Ethernet 9"),
        ({"name": ["Ethernet", "Ethernet 9"]}, "name Ethernet 9"),
        ({"guid": guid(9)}, f"guid {guid(9)}"),
        ({"mac": "AA-BB-CC-DD-EE-99"}, "mac aabbccddee99"),
        ({"name": "Ethernet 9", "class_": "confirmed"}, "name Ethernet 9"),
    ],
)
def test_an_exact_identity_that_is_missing_is_an_error_that_lists_what_is_there(
    selection: dict[str, Any], subject: str
) -> None:
    error = refusal(**selection)
    assert (error.code, error.subject) == ("adapter_not_found", subject)
    assert f"Ethernet [2] (aa:bb:cc:dd:ee:02, {guid(2)})" in error.seen


def test_the_list_of_what_is_there_is_bounded() -> None:
    many: list[Facts] = [adapter(number, f"n{number}") for number in range(100)]
    error = refusal(many, name="x")
    assert "n19 (" in error.seen or "..." in error.seen
    assert "n20 (" not in error.seen
    few: list[Facts] = [adapter(number, f"n{number}", guid="g", mac="m") for number in range(22)]
    assert refusal(few, name="x").seen.endswith("n19 (m, g), 2 more")
    assert refusal([], name="x").seen == "no adapters at all"


def test_an_identity_that_stands_for_several_is_refused_where_one_is_needed() -> None:
    error = refusal(single=True, mac="AABBCCDDEE01")
    assert error.code == "adapter_ambiguous"
    assert error.seen.startswith("2 adapters: Ethernet (")
    assert chosen(single=True, mac="AABBCCDDEE01", name="Ethernet") == ["Ethernet"]
    assert chosen(single=True, mac="AA:BB:CC:DD:EE:0*") == [each["name"] for each in ADAPTERS]
    assert chosen(single=True, name=["Ethernet", "Ethernet [2]"]) == ["Ethernet", "Ethernet [2]"]


@pytest.mark.parametrize("selection", [{}, {"name": []}, {"name": "", "query": None}, {"class": []}])
def test_a_selection_that_says_nothing_is_refused(selection: dict[str, Any]) -> None:
    with pytest.raises(NicError) as caught:
        parse_selection(selection)
    assert caught.value.code == "selection_empty"


@pytest.mark.parametrize(
    ("selection", "seen"),
    [
        ({"names": "Ethernet"}, "unknown keys names"),
        ({"class": "dangerous"}, "class dangerous"),
        ({"class": ["confirmed", "dangerous"]}, "class dangerous"),
        ({"toward": "bmc.example"}, "toward bmc.example"),
        ({"toward": ["192.0.2.1", "fe80::1"]}, "toward fe80::1"),
        ({"mac": "aa:bb"}, "mac aa:bb"),
        ({"name": 7}, "name 7"),
        ({"name": ["Ethernet", 7]}, "name ['Ethernet', 7]"),
        ({"name": ["Ethernet", ""]}, "name ['Ethernet', '']"),
        ({"query": ["a", "b"]}, "2 queries"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(selection: dict[str, Any], seen: str) -> None:
    with pytest.raises(NicError) as caught:
        parse_selection(selection)
    assert (caught.value.code, caught.value.seen) == ("selection_invalid", seen)


def test_a_query_that_is_no_jmespath_is_refused_before_anything_is_read() -> None:
    with pytest.raises(NicError) as caught:
        parse_selection({"query": "[?up"})
    assert caught.value.code == "query_invalid"
    assert caught.value.subject == "the query [?up"


def test_a_query_that_does_not_fit_the_facts_is_refused() -> None:
    error = refusal(query="length(`5`)")
    assert error.code == "query_failed"


@pytest.mark.parametrize("query", ["[].name", "length(@)", "[0].driver", '`[{"guid": "x"}]`', '`"x"`'])
def test_a_query_must_return_adapters(query: str) -> None:
    assert refusal(query=query).code == "query_result_unusable"


def test_without_jmespath_a_query_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAS_JMESPATH", False)
    with pytest.raises(NicError) as caught:
        parse_selection({"query": "[]"})
    assert caught.value.code == "jmespath_missing"
    assert chosen(name="Ethernet") == ["Ethernet"]


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("", "", True),
        ("", "*", True),
        ("", "?", False),
        ("a", "", False),
        ("abc", "abc", True),
        ("ABC", "aBc", True),
        ("abc", "a?c", True),
        ("abc", "a??c", False),
        ("abc", "*", True),
        ("abc", "**", True),
        ("abc", "a*", True),
        ("abc", "*c", True),
        ("abc", "*b", False),
        ("abc", "a*b*c*", True),
        ("abcbc", "a*bc", True),
        ("abcbd", "a*bc", False),
        ("a[b]c", "a[b]c", True),
        ("abc", "a[b]c", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("a*c", "a*c", True),
        ("Straße", "STRASSE", True),
    ],
)
def test_patterns(text: str, pattern: str, fits: bool) -> None:
    assert fits_pattern(text, pattern) is fits


def test_a_pattern_can_not_take_for_ever() -> None:
    assert not fits_pattern("a" * 3000, "a*" * 30 + "b")
