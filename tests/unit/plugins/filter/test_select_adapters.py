# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.filter.select_adapters import FilterModule
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import BUILT_IN
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import assemble, read_host
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost

select_adapters = FilterModule().filters()["select_adapters"]
FACTS = assemble(
    read_host(
        FakeHost(
            [
                FakeAdapter(1, address="192.0.2.10"),
                FakeAdapter(2, "Ethernet 2", mac="AABBCCDDEE02", pnp=r"PCI\VEN_8086&DEV_1533", active=1),
            ]
        ).client
    ),
    BUILT_IN,
    frozenset(),
)


def names(selection: Any, adapters: Any = FACTS) -> list[str]:
    return [each["name"] for each in select_adapters(adapters, selection)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"class": "confirmed"}, ["Ethernet"]),
        ({"name": ["Ethernet*"]}, ["Ethernet", "Ethernet 2"]),
        ({"pci": "8086:15*", "class": ["suspected"]}, ["Ethernet 2"]),
        ("[?udp_ipv4_checksum.active=='tx']", ["Ethernet 2"]),
        ({"query": "[?up]"}, ["Ethernet", "Ethernet 2"]),
        ({"name": "no*"}, []),
    ],
)
def test_adapters_are_selected_as_in_the_modules(selection: Any, expected: list[str]) -> None:
    assert names(selection) == expected


def test_values_that_ansible_marked_are_taken() -> None:
    assert names(wrap_var("[?up]"), wrap_var(FACTS)) == ["Ethernet", "Ethernet 2"]


@pytest.mark.parametrize(
    ("adapters", "selection", "words"),
    [
        ({}, {"name": "*"}, "no list"),
        ("text", {"name": "*"}, "no list"),
        (None, {"name": "*"}, "no list"),
        ([{"name": "Ethernet"}], {"name": "*"}, "a list that is not made of adapters"),
        (["Ethernet"], {"name": "*"}, "a list that is not made of adapters"),
        (FACTS, ["Ethernet"], "a list; expected a mapping"),
        (FACTS, None, "a NoneType; expected a mapping"),
        (FACTS, {}, "no key with a value"),
        (FACTS, "", "no key with a value"),
        (FACTS, {"toward": "192.0.2.1"}, "which hold no routes"),
        (FACTS, {"name": "Ethernet 9"}, "name Ethernet 9: adapters Ethernet"),
        (FACTS, "[?up", "the query [?up"),
        (FACTS, {"nam": "x"}, "unknown keys nam"),
    ],
)
def test_what_can_not_be_selected_from_is_an_error(adapters: Any, selection: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        select_adapters(adapters, selection)
    assert words in str(caught.value)


def test_no_adapters_are_no_error() -> None:
    assert names({"class": "confirmed"}, []) == []
