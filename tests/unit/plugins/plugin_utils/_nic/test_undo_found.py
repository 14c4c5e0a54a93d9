# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which undo record belongs to which adapter, and what a record tells of the present."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import OffloadKeyword
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Records
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, GROUPED, UNDO, FakeAdapter, FakeHost, guid
from tests.unit.plugins.plugin_utils._nic.recorded import NAME, record, store


def records_of(host: FakeHost, wanted: set[str], present: set[str]) -> Records:
    return store(host).read(wanted, present)


def test_records_of_the_wanted_and_of_the_vanished_are_read() -> None:
    texts = {f"{guid(number)}::{GRANULAR}": record(guid=guid(number)).text for number in (1, 2, 9)}
    host = FakeHost(registry={UNDO.casefold(): {**texts, f"{guid(1)}::{GROUPED}": "{", "note": "mine", "{x}::y": ""}})
    found = records_of(host, {guid(1)}, {guid(1), guid(2)})
    assert set(found.readable) == {NAME, f"{guid(9)}::{GRANULAR}"}
    assert {name: error.code for name, error in found.unreadable.items()} == {
        f"{guid(1)}::{GROUPED}": "undo_record_damaged"
    }
    assert not [line for line in host.log if guid(2) in line or "note" in line]


def test_the_letter_case_of_a_records_guid_does_not_matter() -> None:
    name = f"{guid(0xAB).lower()}::{GRANULAR}"
    host = FakeHost(registry={UNDO.casefold(): {name: record().text}})
    assert set(records_of(host, {guid(0xAB)}, {guid(0xAB)}).readable) == {f"{guid(0xAB)}::{GRANULAR}"}


def test_a_key_full_of_records_is_read_in_part() -> None:
    texts = {f"{guid(number)}::{GRANULAR}": "{" for number in range(300)}
    host = FakeHost(registry={UNDO.casefold(): texts})
    assert len(records_of(host, set(), set()).unreadable) == 200


def test_records_of_nobody_do_not_crowd_out_those_of_the_adapters() -> None:
    texts = {f"{guid(number)}::{GRANULAR}": "{" for number in range(1000, 1400)}
    host = FakeHost(registry={UNDO.casefold(): {**texts, NAME: record().text}})
    assert list(records_of(host, {guid(1)}, {guid(1)}).readable) == [NAME]


def test_a_record_is_read_once_however_often_it_is_listed() -> None:
    names = [f"{guid(0xAB)}::{GRANULAR}", f"{guid(0xAB).lower()}::{GRANULAR}"]
    host = FakeHost(registry={UNDO.casefold(): dict.fromkeys(names, record().text)})
    records_of(host, {guid(0xAB)}, {guid(0xAB)})
    assert len([line for line in host.log if line.startswith("GetStringValue")]) == 1


def test_a_record_that_vanishes_meanwhile_is_none() -> None:
    host = FakeHost(registry={UNDO.casefold(): {NAME: record().text}}, return_codes={f"GetStringValue {UNDO}": 2})
    assert records_of(host, {guid(1)}, {guid(1)}) == Records({}, {})


def adapter(**changes: Any) -> Adapter:
    return read_host(FakeHost([FakeAdapter(1, **changes)]).client).adapters[0]


def test_a_record_is_found_by_guid() -> None:
    found = Records({NAME: record()}, {})
    assert found.find(adapter(), GRANULAR, {guid(1)}) == record()
    assert found.find(adapter(), GROUPED, {guid(1)}) is None


def test_a_record_is_found_by_slot_and_mac_where_the_guid_changed() -> None:
    old = record(guid=guid(9))
    found = Records({old.value_name: old}, {})
    assert found.find(adapter(), GRANULAR, {guid(1)}) == old
    assert found.find(adapter(), GROUPED, {guid(1)}) is None
    assert found.find(adapter(mac="AABBCCDDEE02"), GRANULAR, {guid(1)}) is None
    assert found.find(adapter(), GRANULAR, {guid(1), guid(9)}) is None


NAMED_CARD = "A8BBCCDDEE01"
"""A MAC address that IEEE gave away: neither locally administered nor a group."""


def test_a_card_in_another_slot_is_found_by_mac_and_pci_id() -> None:
    old = record(guid=guid(9), mac="a8:bb:cc:dd:ee:01")
    found = Records({old.value_name: old}, {})
    assert found.find(adapter(slot=4, mac=NAMED_CARD), GRANULAR, {guid(1)}) == old
    assert found.find(adapter(slot=4, mac="A8BBCCDDEE02"), GRANULAR, {guid(1)}) is None
    assert found.find(adapter(slot=4, mac=NAMED_CARD, pnp="PCI\\VEN_8086&DEV_1533"), GRANULAR, {guid(1)}) is None
    assert found.find(adapter(slot=4, mac=NAMED_CARD), GRANULAR, {guid(1), guid(9)}) is None


@pytest.mark.parametrize("mac", ["AABBCCDDEE01", "A9BBCCDDEE01"])
def test_a_mac_that_names_no_card_finds_nothing_in_another_slot(mac: str) -> None:
    read = ":".join(mac[at : at + 2] for at in range(0, 12, 2)).lower()
    old = record(guid=guid(9), mac=read)
    assert Records({old.value_name: old}, {}).find(adapter(slot=4, mac=mac), GRANULAR, {guid(1)}) is None


def test_the_slot_goes_before_the_card_and_of_several_the_oldest_counts() -> None:
    moved = record(guid=guid(7), mac="a8:bb:cc:dd:ee:01", location="0000:09:00.0", taken_at="2020")
    late = record(guid=guid(8), mac="a8:bb:cc:dd:ee:01", taken_at="2026-02")
    early = record(guid=guid(9), mac="a8:bb:cc:dd:ee:01", taken_at="2026-01")
    found = Records({each.value_name: each for each in (moved, late, early)}, {})
    assert found.find(adapter(mac=NAMED_CARD), GRANULAR, {guid(1)}) == early


def test_records_of_adapters_that_are_gone_are_told_of() -> None:
    own, moved, gone = record(), record(guid=guid(8), location=None), record(guid=guid(9), mac="a8:bb:cc:dd:ee:09")
    other = record(guid=guid(7), keyword=GROUPED)
    error = NicError("undo_record_damaged", "record", "no JSON", "JSON", "Delete it.")
    found = Records(
        {each.value_name: each for each in (own, moved, gone, other)},
        {f"{guid(6)}::{GRANULAR}": error, f"{guid(1)}::{GROUPED}": error},
    )
    orphans = found.orphans([adapter()])
    assert [(each["guid"], each["keyword"]) for each in orphans] == [
        (guid(6), GRANULAR),
        # The adapter's own record of this keyword can't be read: nobody knows which of them is right.
        (guid(7), GROUPED),
        (guid(8), GRANULAR),
        (guid(9), GRANULAR),
    ]
    assert orphans[0]["error"] == error.as_dict()
    assert orphans[3] == {
        **gone.as_facts(),
        "guid": guid(9),
        "adapter": gone.adapter,
        "pci": "8086:1539",
        "location": "0000:03:00.0",
        "mac": "a8:bb:cc:dd:ee:09",
        "driver_file": "e1r68x64.sys",
    }


def test_a_record_that_an_adapter_finds_again_is_nobodys_orphan() -> None:
    old = record(guid=guid(9))
    found = Records({old.value_name: old}, {})
    assert found.orphans([adapter()]) == []
    assert len(found.orphans([adapter(mac="AABBCCDDEE02")])) == 1


def keyword(stored: str | None, default: int | None = 3) -> OffloadKeyword:
    return OffloadKeyword(guid(1), GRANULAR, stored, default, (0, 1, 2, 3))


@pytest.mark.parametrize(
    ("changes", "now", "drifted"),
    [
        ({}, keyword("3"), True),
        ({}, keyword("2"), True),
        ({}, keyword(None), True),
        ({}, keyword(None, default=None), True),
        ({"outcome": "unconfirmed"}, keyword("3"), True),
        # Another keyword of a new driver.
        ({}, OffloadKeyword(guid(1), GROUPED, "3", 3, ()), True),
        ({}, keyword("1"), False),
        ({}, keyword("0"), False),
        ({}, keyword(None, default=1), False),
        ({}, None, False),
        ({"outcome": None}, keyword("3"), False),
        # The original is back, and its restart was left to somebody else.
        ({"written": "3"}, keyword("3"), False),
        ({"written": None}, keyword("3"), False),
    ],
)
def test_drift(changes: dict[str, Any], now: OffloadKeyword | None, drifted: bool) -> None:
    assert record(**{"outcome": "confirmed", **changes}).drifted(now) is drifted


def test_a_record_without_a_place_belongs_to_nobody_else() -> None:
    old = record(guid=guid(9), location=None, mac=None)
    assert Records({old.value_name: old}, {}).find(adapter(slot=None, mac=""), GRANULAR, {guid(1)}) is None
    assert Records({old.value_name: old}, {}).find(adapter(pnp="USB"), GRANULAR, {guid(1)}) is None


def test_an_own_record_goes_before_that_of_an_earlier_guid() -> None:
    old, new = record(guid=guid(9), original="2"), record()
    found = Records({old.value_name: old, new.value_name: new}, {})
    assert found.find(adapter(), GRANULAR, {guid(1)}) == new


def test_an_unreadable_record_is_an_error_when_its_adapter_is_asked_for() -> None:
    error = NicError("undo_record_unknown_version", "record", "format 2", "format 1", "Update.")
    found = Records({}, {NAME: error})
    with pytest.raises(NicError) as caught:
        found.find(adapter(), GRANULAR, {guid(1)})
    assert caught.value is error
    assert found.find(adapter(), GROUPED, {guid(1)}) is None


@pytest.mark.parametrize("keyword", ["*FlowControl", "*UDPChecksumOffloadIPv4\\..", "", "*udpchecksumoffloadipv4"])
def test_a_record_of_any_other_keyword_is_not_even_read(keyword: str) -> None:
    name = f"{guid(1)}::{keyword}"
    host = FakeHost(registry={UNDO.casefold(): {name: record().text}})
    assert records_of(host, {guid(1)}, {guid(1)}) == Records({}, {})
    assert f"GetStringValue {UNDO} {name}" not in host.log
