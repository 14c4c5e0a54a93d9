# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import (
    Outcome,
    parse_outcome,
    parse_undo,
)
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    GRANULAR,
    OUTCOME,
    UNDO,
    FakeHost,
    Refusal,
    guid,
    lost,
)
from tests.unit.plugins.plugin_utils._nic.recorded import AT, NAME, record, store


def kept(host: FakeHost, name: str = NAME) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(host.registry[UNDO.casefold()][name])
    return content


def test_a_record_is_one_line_of_ascii_json_with_its_format() -> None:
    text = record(original=None).text
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "format": 1,
        "original": None,
        "taken_at": AT,
        "adapter": "以太网 'O\"Neil'",
        "pci": "8086:1539",
        "location": "0000:03:00.0",
        "mac": "aa:bb:cc:dd:ee:01",
        "driver_file": "e1r68x64.sys",
        "driver_version": "12.18.11.1",
        "written": "1",
        "restart_requested_at": None,
        "restarted_at": None,
        "outage_seconds": None,
        "outcome": None,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"original": None, "written": None, "pci": None, "location": None, "mac": None},
        {"restart_requested_at": AT, "restarted_at": AT, "outage_seconds": 4.6, "outcome": "confirmed"},
        {"driver_file": None, "driver_version": None, "outage_seconds": 4},
    ],
)
def test_a_record_is_read_as_it_was_written(changes: dict[str, Any]) -> None:
    written = record(**changes)
    assert parse_undo(written.guid, written.keyword, written.text) == written


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.0, -1, [1], {"1": 1}])
def test_a_record_of_another_format_is_refused(version: object) -> None:
    text = json.dumps({**json.loads(record().text), "format": version})
    with pytest.raises(NicError) as caught:
        parse_undo(guid(1), GRANULAR, text)
    assert caught.value.code == "undo_record_unknown_version"
    assert caught.value.subject == rf"HKLM\{UNDO}, value {NAME}"
    assert repr(version) in caught.value.seen


def without(name: str) -> str:
    return json.dumps({key: value for key, value in json.loads(record().text).items() if key != name})


def with_value(name: str, value: object) -> str:
    return json.dumps({**json.loads(record().text), name: value})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "[" * 4000,
        "x" * 5000,
        json.dumps({"format": 1, "padding": "x" * 5000}),
        without("original"),
        without("taken_at"),
        without("adapter"),
        with_value("original", 3),
        with_value("original", "9"),
        with_value("original", "calc.exe"),
        with_value("written", "9"),
        with_value("written", []),
        with_value("mac", 1),
        with_value("taken_at", None),
        with_value("outage_seconds", "4"),
        with_value("outage_seconds", True),
        with_value("restart_requested_at", 1.5),
        with_value("original", "3; calc"),
        with_value("original", "3\n"),
        with_value("original", "\u0663"),
        with_value("original", "0" * 40 + "3"),
        with_value("written", "\t1"),
        with_value("outage_seconds", -1),
        with_value("outage_seconds", 10**400),
        record().text.replace('"outage_seconds":null', '"outage_seconds":NaN'),
        record().text.replace('"outage_seconds":null', '"outage_seconds":-Infinity'),
        record().text.replace('"outage_seconds":null', '"outage_seconds":1e999'),
        record().text.replace('"adapter":"', '"adapter":"\\ud800'),
        with_value("adapter", "x" * 600),
        with_value("driver_version", "x" * 600),
    ],
)
def test_a_damaged_record_is_refused(text: str) -> None:
    with pytest.raises(NicError) as caught:
        parse_undo(guid(1), GRANULAR, text)
    assert caught.value.code == "undo_record_damaged"


@pytest.mark.parametrize("original", ["0", "1", "2", "3", "03", " 3 ", None])
def test_an_original_is_kept_as_it_stood_in_the_registry(original: str | None) -> None:
    assert parse_undo(guid(1), GRANULAR, with_value("original", original)).original == original


@pytest.mark.parametrize("name", ['{{ lookup("pipe", "id") }}', "\x1b[2J", "\u202e", "x" * 256, ""])
def test_whatever_an_adapter_is_called_its_record_can_be_read(name: str) -> None:
    assert parse_undo(guid(1), GRANULAR, record(adapter=name).text).adapter == name


def test_keys_of_a_record_that_nobody_knows_are_left_out() -> None:
    assert parse_undo(guid(1), GRANULAR, with_value("class_key", "SYSTEM")) == record()


def test_a_record_is_written_into_a_new_key_and_read_back() -> None:
    host = FakeHost()
    assert store(host).keep(record()) == record()
    assert host.log == [
        f"GetStringValue {UNDO} {NAME}",
        f"CreateKey {UNDO}",
        f"SetStringValue {UNDO} {NAME}",
        f"GetStringValue {UNDO} {NAME}",
    ]
    assert kept(host)["original"] == "3"


def test_an_original_that_is_there_is_never_overwritten() -> None:
    host = FakeHost()
    store(host).keep(record(original="3"))
    second = store(host).keep(record(original="1", written="0", taken_at="later", driver_version="13"))
    assert (second.original, second.written, second.taken_at, second.driver_version) == ("3", "0", AT, "12.18.11.1")
    assert kept(host)["original"] == "3"
    assert kept(host)["written"] == "0"


def test_an_absent_original_is_kept_as_absent() -> None:
    host = FakeHost()
    store(host).keep(record(original=None))
    assert store(host).keep(record(original="1", written="0")).original is None


def test_a_new_change_forgets_the_restart_of_the_last_one() -> None:
    host = FakeHost()
    store(host).keep(record())
    done = record(restart_requested_at=AT, restarted_at=AT, outage_seconds=4.6, outcome="confirmed")
    store(host).update(done)
    assert store(host).keep(record(written="1")) == record()


@pytest.mark.parametrize("text", ["{", '{"format": 2}'])
def test_a_record_that_can_not_be_read_is_left_as_it_is(text: str) -> None:
    host = FakeHost(registry={UNDO.casefold(): {NAME: text}})
    with pytest.raises(NicError):
        store(host).keep(record())
    assert host.registry[UNDO.casefold()] == {NAME: text}
    assert host.writes == []


class Forgetful(FakeHost):
    """Accepts writes and forgets them, as under a redirected or filtered key."""

    def _registry_call(self, method: str, arguments: Any) -> Any:
        return (0, {}) if method == "SetStringValue" else super()._registry_call(method, arguments)


def test_a_record_that_does_not_stay_is_an_error() -> None:
    with pytest.raises(NicError) as caught:
        store(Forgetful()).keep(record())
    assert caught.value.code == "undo_not_stored"
    assert "missing" in caught.value.seen
    other = Forgetful(registry={UNDO.casefold(): {NAME: record().text}})
    with pytest.raises(NicError) as caught:
        store(other).update(record(written="0"))
    assert caught.value.code == "undo_not_stored"
    assert "not the one" in caught.value.seen


def test_a_record_whose_answer_is_lost_counts_if_it_is_there() -> None:
    host = FakeHost(refusals=[Refusal("SetStringValue", lost, executed=True)])
    assert store(host).keep(record()) == record()
    assert host.log.count(f"SetStringValue {UNDO} {NAME}") == 1


def test_a_record_that_was_lost_is_not_sent_again() -> None:
    host = FakeHost(refusals=[Refusal("SetStringValue", lost)])
    with pytest.raises(NicError) as caught:
        store(host).keep(record())
    assert caught.value.code == "undo_not_stored"
    assert host.log.count(f"SetStringValue {UNDO} {NAME}") == 1


def test_a_record_is_removed() -> None:
    host = FakeHost()
    store(host).keep(record())
    store(host).remove(record())
    assert host.registry[UNDO.casefold()] == {}


@pytest.mark.parametrize("executed", [True, False])
def test_a_removal_whose_answer_is_lost_is_looked_after(executed: bool) -> None:
    host = FakeHost(refusals=[Refusal("DeleteValue", lost, executed=executed)])
    store(host).keep(record())
    if executed:
        store(host).remove(record())
    else:
        with pytest.raises(NicError) as caught:
            store(host).remove(record())
        assert caught.value.code == "undo_not_removed"
    assert host.log.count(f"DeleteValue {UNDO} {NAME}") == 1


OUTCOME_RECORD = Outcome("not_cured", "12.18.11.1", AT)


def test_what_came_of_a_change_is_kept_read_and_forgotten() -> None:
    host = FakeHost()
    store(host).write_outcome(NAME, OUTCOME_RECORD)
    assert json.loads(host.registry[OUTCOME.casefold()][NAME]) == {
        "format": 1,
        "outcome": "not_cured",
        "driver_version": "12.18.11.1",
        "at": AT,
    }
    assert host.writes == [f"CreateKey {OUTCOME}", f"SetStringValue {OUTCOME} {NAME}"]
    assert store(host).read_outcomes({guid(1)}) == {NAME: OUTCOME_RECORD}
    assert store(host).read_outcomes({guid(2)}) == {}
    store(host).remove_outcome(NAME)
    assert store(host).read_outcomes({guid(1)}) == {}


@pytest.mark.parametrize("executed", [True, False])
def test_an_outcome_whose_answer_is_lost_is_looked_after(executed: bool) -> None:
    host = FakeHost(refusals=[Refusal("SetStringValue", lost, executed=executed)])
    if executed:
        store(host).write_outcome(NAME, OUTCOME_RECORD)
    else:
        with pytest.raises(NicError) as caught:
            store(host).write_outcome(NAME, OUTCOME_RECORD)
        assert caught.value.code == "outcome_not_stored"
    assert host.log.count(f"SetStringValue {OUTCOME} {NAME}") == 1


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        '{"format":2,"outcome":"not_cured","driver_version":null,"at":"x"}',
        '{"format":1,"driver_version":null,"at":"x"}',
        '{"format":1,"outcome":"not_cured","driver_version":null}',
        '{"format":1,"outcome":"not_cured","driver_version":7,"at":"x"}',
        '{"format":true,"outcome":"not_cured","driver_version":null,"at":"x"}',
        '{"format":1,"outcome":"not_cured","driver_version":null,"at":"\\udc00"}',
    ],
)
def test_an_outcome_that_can_not_be_read_says_nothing(text: str | None) -> None:
    assert parse_outcome(text) is None


def test_an_outcome_without_a_driver_version() -> None:
    assert parse_outcome(Outcome("x", None, AT).text) == Outcome("x", None, AT)
