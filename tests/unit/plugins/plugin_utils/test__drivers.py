# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._drivers import (
    NOT_ASKED,
    Pair,
    as_yaml,
    drivers_of,
    rules_for,
    tally,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import PciId, assess, parse_rules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    CONTROL,
    SILENT,
    adapter,
    change,
    drops,
    facts,
    other_adapter,
    path,
    probe,
    probes,
)


def judged(**evidence: Any) -> dict[str, Any]:
    return judge(evidence, Settings())


def row(host: str, **evidence: Any) -> dict[str, Any]:
    return {"host": host, "drivers": drivers_of(judged(**evidence))}


MARKED: dict[str, Any] = {"probe": SILENT, "drops": drops("driver_marked_bad")}
UNKNOWN = adapter(class_="unknown")


def test_each_physical_adapter_has_its_driver_and_what_came_of_its_probes() -> None:
    virtual = adapter(name="vEthernet", guid="{6E5A1C1C-0000-4000-8000-000000000009}", physical=False)
    drivers = drivers_of(judged(facts=facts(adapter(), other_adapter(), virtual), probe=SILENT, controls=[CONTROL]))
    assert drivers == [
        {
            "description": "Intel(R) I211 Gigabit Network Connection",
            "pci": "8086:1539",
            "file": "e1r68x64.sys",
            "version": "12.18.11.1",
            "class": "confirmed",
            "title": "affected",
            "proven": False,
        },
        {
            "description": "Intel(R) I211 Gigabit Network Connection",
            "pci": "8086:1539",
            "file": "e1r68x64.sys",
            "version": "12.18.11.1",
            "class": "unknown",
            "title": NOT_ASKED,
            "proven": False,
        },
    ]


@pytest.mark.parametrize(
    ("evidence", "proven"),
    [
        ({"facts": facts(UNKNOWN), **MARKED}, True),
        ({"facts": facts(), **MARKED}, True),
        ({"facts": facts(UNKNOWN), "probe": SILENT, "controls": [CONTROL]}, False),
        ({"facts": facts(UNKNOWN), "probe": SILENT, "drops": drops("corrupt_reply")}, False),
        (
            {
                "facts": facts(UNKNOWN, other_adapter()),
                "probe": probes(probe("no_answer", path=path(physical=["Ethernet", "Ethernet 2"]))),
                "drops": drops("driver_marked_bad"),
            },
            False,
        ),
        (
            {
                "facts": facts(),
                **MARKED,
                "change": change(),
                "probe_after": ANSWERED,
                "controls_after": [CONTROL],
            },
            True,
        ),
    ],
)
def test_a_driver_is_proven_by_packets_on_the_way_through_it_alone(evidence: dict[str, Any], proven: bool) -> None:
    assert drivers_of(judged(**evidence))[0]["proven"] is proven


def test_pairs_are_counted_with_classes_and_verdicts() -> None:
    rows = [
        row("a", facts=facts(UNKNOWN), **MARKED),
        row("b", facts=facts(UNKNOWN), probe=ANSWERED),
        row("c", facts=facts(UNKNOWN), probe=ANSWERED),
        row("d", facts=facts(adapter(driver={"file": "e1r68x64.sys", "version": "13.0"})), probe=ANSWERED),
        {"host": "lost", "drivers": []},
    ]
    first, second = tally(rows)
    assert (first.version, first.class_, first.count, first.verdicts) == (
        "12.18.11.1",
        "unknown",
        3,
        {"affected": 1, "healthy": 2},
    )
    assert (first.proven_on, first.wants_rule) == (("a",), True)
    assert (second.version, second.count, second.verdicts, second.wants_rule) == ("13.0", 1, {"at risk": 1}, False)


def pair(**changes: Any) -> Pair:
    values: dict[str, Any] = {
        "description": "Adapter",
        "pci": "8086:15f3",
        "file": "e2f.sys",
        "version": "1.0",
        "class_": "unknown",
        "verdicts": {"affected": 2},
        "proven_on": ("a", "b"),
    }
    return Pair(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "wants"),
    [
        ({}, True),
        ({"class_": "suspected"}, True),
        ({"class_": "confirmed"}, False),
        ({"proven_on": ()}, False),
        ({"pci": None}, False),
        ({"file": None}, False),
    ],
)
def test_only_what_is_proven_and_not_confirmed_wants_a_rule(changes: dict[str, Any], wants: bool) -> None:
    assert pair(**changes).wants_rule is wants
    assert len(rules_for([pair(**changes)])) == wants


def test_a_rule_can_be_pasted_and_makes_the_adapter_confirmed() -> None:
    text = as_yaml(rules_for([pair(), pair(version="1.1", proven_on=("c",)), pair(pci="8086:1533", file="e1r.sys")]))
    lines = yaml.safe_load(text)["udp_rx_offload_rules"]
    assert [line["id"] for line in lines] == ["seen-8086-1533-e1r", "seen-8086-15f3-e2f"]
    assert lines[1] == {
        "id": "seen-8086-15f3-e2f",
        "pci": "8086:15F3",
        "driver": "e2f.sys",
        "class": "confirmed",
        "reason": "loses good UDP replies with receive offload on, version 1.0, 1.1",
        "source": "proven on a and 2 more",
    }
    rules = parse_rules(lines)
    assert assess(PciId("8086", "15F3", None), "e2f.sys", rules).class_ == "confirmed"
    assert assess(PciId("8086", "15F3", None), "e2g.sys", rules).class_ == "unknown"


@pytest.mark.parametrize("file", ["e2f drv.sys", "a*b.sys", "a[1].sys", 'a": {x}.sys', "x" * 300 + ".sys"])
def test_a_strange_name_of_a_driver_is_only_a_name(file: str) -> None:
    lines = yaml.safe_load(as_yaml(rules_for([pair(file=file)])))["udp_rx_offload_rules"]
    assert [line["class"] for line in lines] == ["confirmed"]
    rules = parse_rules(lines)
    if len(file) < 64:
        assert assess(PciId("8086", "15F3", None), file, rules).class_ == "confirmed"
    assert assess(PciId("8086", "15F3", None), "another.sys", rules).class_ == "unknown"
