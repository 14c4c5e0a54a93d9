# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import BUILT_IN
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import facts as module
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    add_records,
    assemble,
    management_addresses,
    read_host,
    task_offload_word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import Outcome, Records
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, GROUPED, FakeAdapter, FakeHost, guid
from tests.unit.plugins.plugin_utils._nic.recorded import record


def facts_of(*adapters: FakeAdapter, management: str = "192.0.2.10") -> list[dict[str, Any]]:
    return assemble(read_host(FakeHost(list(adapters)).client), BUILT_IN, frozenset({management}))


def test_the_facts_of_an_adapter() -> None:
    adapter = FakeAdapter(1, address="192.0.2.10")
    assert facts_of(adapter) == [
        {
            "name": "Ethernet",
            "description": "Intel(R) I211 Gigabit Network Connection",
            "guid": guid(1),
            "index": 11,
            "mac": "aa:bb:cc:dd:ee:01",
            "up": True,
            "physical": True,
            "pci": {
                "vendor": "8086",
                "device": "1539",
                "subsystem": "85F01043",
                "revision": "03",
                "location": "0000:03:00.0",
            },
            "driver": {
                "file": "e1r68x64.sys",
                "version": "12.18.11.1",
                "date": "2020-06-15",
                "provider": "Intel",
            },
            "addresses": [{"address": "192.0.2.10", "prefix": 24}],
            "member_of": None,
            "member_kind": None,
            "carries_management": True,
            "udp_ipv4_checksum": {
                "keyword": GRANULAR,
                "configured": "rx_tx",
                "active": "rx_tx",
                "default": "rx_tx",
                "allowed": ["disabled", "tx", "rx", "rx_tx"],
                "restart_pending": False,
            },
            "assessment": {
                "class": "confirmed",
                "rule": "intel-i211-e1r68",
                "reason": "Intel I211 with e1r68x64.sys reports valid UDP datagrams as having a bad checksum",
                "source": "os2museum.com, When Networking Doesn't Work, May 2026 (one reporter, two hosts)",
            },
        }
    ]


def test_the_facts_are_json() -> None:
    adapter = FakeAdapter(1, "以太网 'O\"Neil' <&>\u202e", pnp="\x01?", driver=None, slot=None)
    (facts,) = json.loads(json.dumps(facts_of(adapter)))
    assert facts["name"] == "以太网 'O\"Neil' <&>\u202e"
    assert facts["pci"] is None
    assert facts["assessment"]["class"] == "unknown"


def test_an_adapter_without_a_keyword_has_none() -> None:
    (facts,) = facts_of(FakeAdapter(1, keywords=(), active=None))
    assert facts["udp_ipv4_checksum"] == {
        "keyword": None,
        "configured": None,
        "active": None,
        "default": None,
        "allowed": [],
        "restart_pending": None,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stored": None}, {"configured": None, "restart_pending": False}),
        ({"stored": "1"}, {"configured": "tx", "active": "rx_tx", "restart_pending": True}),
        ({"active": None}, {"active": None, "restart_pending": None}),
        ({"keywords": (GROUPED,)}, {"keyword": GROUPED}),
        ({"keywords": (GROUPED, GRANULAR)}, {"keyword": GRANULAR}),
        ({"allowed": ("0", "3")}, {"allowed": ["disabled", "rx_tx"]}),
        ({"stored": "9"}, {"configured": None, "restart_pending": None}),
    ],
)
def test_the_offload_of_an_adapter(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (facts,) = facts_of(FakeAdapter(1, **changes))
    assert expected.items() <= facts["udp_ipv4_checksum"].items()


def test_hidden_interfaces_are_not_listed_and_others_sorted_by_name() -> None:
    adapters = [FakeAdapter(1, "b"), FakeAdapter(2, "A"), FakeAdapter(3, "a filter", hidden=True)]
    assert [facts["name"] for facts in facts_of(*adapters)] == ["A", "b"]


def test_members_name_what_they_feed() -> None:
    port = FakeAdapter(2, "vEthernet (LAN)", component="vms_mp", hardware=False, virtual=True, address="192.0.2.10")
    first, second = facts_of(FakeAdapter(1, bindings=("vms_pp",)), port)
    assert (first["member_of"], first["member_kind"]) == ("vEthernet (LAN)", "virtual_switch")
    assert first["carries_management"] is True
    assert first["addresses"] == []
    assert (second["member_of"], second["physical"]) == (None, False)


def test_a_host_is_read_by_seven_enumerations() -> None:
    host = FakeHost([FakeAdapter(1), FakeAdapter(2, "Ethernet 2")])
    read_host(host.client)
    assert host.log == [
        "enumerate MSFT_NetAdapter",
        "enumerate MSFT_NetAdapterBindingSettingData",
        "enumerate MSFT_NetAdapterHardwareInfoSettingData",
        "enumerate MSFT_NetAdapterAdvancedPropertySettingData",
        "enumerate MSFT_NetAdapterChecksumOffloadSettingData",
        "enumerate MSFT_NetIPAddress",
        "enumerate MSFT_NetOffloadGlobalSetting",
    ]
    assert host.writes == []


def test_an_adapter_keeps_the_keys_it_is_restarted_by() -> None:
    reading = read_host(FakeHost([FakeAdapter(1)]).client)
    assert reading.adapters[0].selectors["SystemName"] == "host.example"


@pytest.mark.parametrize(("value", "expected"), [(1, "enabled"), (0, "disabled"), (None, None)])
def test_the_host_wide_switch(value: int | None, expected: str | None) -> None:
    assert task_offload_word(read_host(FakeHost([FakeAdapter(1)], task_offload=value).client)) == expected


def test_readings_are_found_by_guid_and_name() -> None:
    reading = read_host(FakeHost([FakeAdapter(1, keywords=(GROUPED, GRANULAR))]).client)
    keyword = reading.keyword(guid(1), GROUPED)
    assert keyword is not None
    assert keyword.name == GROUPED
    assert reading.keyword(guid(1), "*Other") is None
    assert reading.keyword(guid(2)) is None
    assert reading.adapter(guid(2)) is None


def test_the_address_the_controller_connects_to() -> None:
    assert management_addresses("192.0.2.10") == {"192.0.2.10"}


@pytest.mark.parametrize("error", [socket.gaierror(-2, "?"), UnicodeError("label too long")])
def test_a_name_that_does_not_resolve_leaves_the_question_open(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_unused: object) -> list[Any]:
        raise error

    monkeypatch.setattr(module.socket, "getaddrinfo", fail)
    assert management_addresses("host.example") == frozenset()


def test_a_name_with_several_addresses_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, *_unused: object) -> list[Any]:
        assert host == "host.example"
        return [(2, 1, 6, "", ("192.0.2.1", 0)), (2, 1, 6, "", ("192.0.2.2", 0))]

    monkeypatch.setattr(module.socket, "getaddrinfo", answer)
    assert management_addresses("host.example") == {"192.0.2.1", "192.0.2.2"}


def with_records(adapter: FakeAdapter, records: Records, outcomes: dict[str, Outcome]) -> dict[str, Any]:
    reading = read_host(FakeHost([adapter]).client)
    (facts,) = assemble(reading, BUILT_IN, frozenset())
    return add_records(facts, records, outcomes, reading)


def test_records_become_part_of_the_facts() -> None:
    name = f"{guid(1)}::{GRANULAR}"
    outcome = Outcome("not_cured", "12.18.11.1", "2026-11-22T14:10:00+00:00")
    facts = with_records(FakeAdapter(1), Records({name: record()}, {}), {name: outcome})
    assert facts["undo"] == {
        "original": "rx_tx",
        "written": "tx",
        "keyword": GRANULAR,
        "taken_at": "2026-11-22T14:09:00+00:00",
        "driver_version": "12.18.11.1",
        "restart_requested_at": None,
        "restarted_at": None,
        "outage_seconds": None,
        "outcome": None,
        "drift": False,
    }
    assert facts["outcome"] == {
        "outcome": "not_cured",
        "driver_version": "12.18.11.1",
        "at": "2026-11-22T14:10:00+00:00",
    }


def test_an_adapter_that_was_installed_anew_finds_its_record() -> None:
    name = f"{guid(9)}::{GRANULAR}"
    facts = with_records(FakeAdapter(1), Records({name: record(guid=guid(9))}, {}), {})
    assert facts["undo"]["original"] == "rx_tx"


def test_a_record_that_can_not_be_read_is_reported_and_nothing_fails() -> None:
    error = NicError("undo_record_unknown_version", "record", "format 2", "format 1", "Update.")
    facts = with_records(FakeAdapter(1), Records({}, {f"{guid(1)}::{GRANULAR}": error}), {})
    assert facts["undo"] == {"error": error.as_dict()}
    assert facts["outcome"] is None


@pytest.mark.parametrize("keywords", [(), (GROUPED,), (GRANULAR, GROUPED)])
def test_a_record_of_a_keyword_that_the_driver_had_is_shown(keywords: tuple[str, ...]) -> None:
    name = GROUPED if GRANULAR in keywords else GRANULAR
    kept = record(keyword=name, outcome="confirmed")
    facts = with_records(FakeAdapter(1, keywords=keywords), Records({kept.value_name: kept}, {}), {})
    assert facts["undo"]["keyword"] == name
    # The present keyword lets the driver receive; without one nobody can tell.
    assert facts["undo"]["drift"] is bool(keywords)


def test_the_record_of_the_governing_keyword_goes_first() -> None:
    mine, other = record(), record(keyword=GROUPED, original="0")
    records = Records({each.value_name: each for each in (other, mine)}, {})
    assert with_records(FakeAdapter(1, keywords=(GRANULAR, GROUPED)), records, {})["undo"]["original"] == "rx_tx"


def test_drift_is_told() -> None:
    kept = record(outcome="confirmed")
    records = Records({kept.value_name: kept}, {})
    assert with_records(FakeAdapter(1, stored="3"), records, {})["undo"]["drift"] is True
    assert with_records(FakeAdapter(1, stored="1"), records, {})["undo"]["drift"] is False


@pytest.mark.parametrize("keywords", [(), (GRANULAR,)])
def test_without_records_both_are_null(keywords: tuple[str, ...]) -> None:
    facts = with_records(FakeAdapter(1, keywords=keywords), Records({}, {}), {})
    assert (facts["undo"], facts["outcome"]) == (None, None)
