# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import read_topology_adapters
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry, find_class_key
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.fakehost import (
    CLASS,
    UNDO,
    FakeAdapter,
    FakeHost,
    Refusal,
    fault,
    guid,
    lost,
    unreachable,
)

KEY = r"SOFTWARE\remediation.windows_nic\undo"


def registry(host: FakeHost) -> Registry:
    return Registry(host.client)


def test_a_value_is_read() -> None:
    host = FakeHost(registry={KEY.casefold(): {"a": "text", "empty": ""}})
    assert registry(host).get_string(KEY, "a") == "text"
    assert registry(host).get_string(KEY, "empty") == ""
    assert host.log == [f"GetStringValue {KEY} a", f"GetStringValue {KEY} empty"]


@pytest.mark.parametrize("code", [1, 2, 0x80041002, 0x80041002 - 2**32])
def test_a_missing_value_or_key_is_none(code: int) -> None:
    host = FakeHost(return_codes={f"GetStringValue {KEY}": code})
    assert registry(host).get_string(KEY, "a") is None


def test_lists_of_names() -> None:
    host = FakeHost(registry={KEY.casefold(): {"a": "1", "b": "2"}, f"{KEY.casefold()}\\sub": {}})
    assert registry(host).value_names(KEY) == ["a", "b"]
    assert registry(host).subkeys(KEY) == ["sub"]


def test_a_missing_key_has_no_names() -> None:
    assert registry(FakeHost()).value_names(KEY) == []
    assert registry(FakeHost()).subkeys(KEY) == []


def test_a_value_can_not_be_written_below_a_missing_key() -> None:
    host = FakeHost()
    with pytest.raises(NicError) as caught:
        registry(host).set_string(KEY, "a", "1")
    assert caught.value.code == "registry_key_missing"
    assert caught.value.subject == rf"HKLM\{KEY}"
    assert registry(host).create_key(KEY) is True
    assert registry(host).set_string(KEY, "a", "1") is True
    assert host.registry == {KEY.casefold(): {"a": "1"}}
    assert host.writes == [f"SetStringValue {KEY} a", f"CreateKey {KEY}", f"SetStringValue {KEY} a"]


def test_a_value_is_deleted_once_and_may_be_missing() -> None:
    host = FakeHost(registry={KEY.casefold(): {"a": "1"}})
    assert registry(host).delete_value(KEY, "a") is True
    assert host.registry == {KEY.casefold(): {}}
    assert registry(host).delete_value(KEY, "a") is True
    assert registry(host).delete_value("missing", "a") is True


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (5, "registry_access_denied"),
        (0x80041003, "registry_access_denied"),
        (0x80041003 - 2**32, "registry_access_denied"),
        (13, "registry_other_type"),
        (0x80041005, "registry_other_type"),
        (1450, "registry_failed"),
    ],
)
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("GetStringValue", lambda found: found.get_string(KEY, "a")),
        ("EnumValues", lambda found: found.value_names(KEY)),
        ("EnumKey", lambda found: found.subkeys(KEY)),
        ("CreateKey", lambda found: found.create_key(KEY)),
        ("SetStringValue", lambda found: found.set_string(KEY, "a", "1")),
        ("DeleteValue", lambda found: found.delete_value(KEY, "a")),
    ],
)
def test_return_codes_become_errors_of_four_parts(
    method: str, call: Callable[[Registry], object], code: int, expected: str
) -> None:
    host = FakeHost(return_codes={f"{method} {KEY}": code}, registry={KEY.casefold(): {}})
    with pytest.raises(NicError) as caught:
        call(registry(host))
    assert caught.value.code == expected
    assert caught.value.subject.startswith(rf"HKLM\{KEY}")
    assert str(code & 0xFFFFFFFF) in caught.value.seen


@pytest.mark.parametrize("error", [lost, lambda: fault(fault_code=0x80338029)])
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("CreateKey", lambda found: found.create_key(KEY)),
        ("SetStringValue", lambda found: found.set_string(KEY, "a", "1")),
        ("DeleteValue", lambda found: found.delete_value(KEY, "a")),
    ],
)
def test_a_write_whose_answer_is_lost_is_sent_once_and_stays_open(
    method: str, call: Callable[[Registry], object], error: Callable[[], NicError]
) -> None:
    host = FakeHost(registry={KEY.casefold(): {}}, refusals=[Refusal(method, error, executed=True, times=9)])
    assert call(registry(host)) is False
    assert len(host.log) == 1
    assert host.reconnects == (1 if isinstance(error(), ConnectionLost) else 0)


def test_other_faults_of_a_write_are_passed_on() -> None:
    host = FakeHost(refusals=[Refusal("SetStringValue", lambda: fault(fault_code=5))])
    with pytest.raises(WsmanFault) as caught:
        registry(host).set_string(KEY, "a", "1")
    assert caught.value.access_denied


class Reads(FakeHost):
    """Keeps how reads were asked for."""

    asked: list[tuple[bool, float | None]]

    def invoke(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        self.asked.append((bool(options["read_only"]), options["read_timeout_seconds"]))  # type: ignore[arg-type]
        return super().invoke(*arguments, **options)  # type: ignore[arg-type]


def test_a_read_may_be_repeated_unless_it_asks_a_host_that_may_be_away() -> None:
    host = Reads()
    host.asked = []
    registry(host).get_string(KEY, "a")
    registry(host).get_string(KEY, "a", read_timeout_seconds=5.0)
    assert host.asked == [(True, None), (False, 5.0)]


def adapter(host: FakeHost) -> Adapter:
    (found,) = read_topology_adapters(host.client)
    host.log.clear()
    return found


def test_the_class_key_is_found_by_the_index() -> None:
    host = FakeHost([FakeAdapter(7)])
    assert find_class_key(host.client, adapter(host)) == rf"{CLASS}\0007"
    assert host.log == ["enumerate Win32_NetworkAdapter", rf"GetStringValue {CLASS}\0007 NetCfgInstanceId"]


def test_the_class_key_is_confirmed_whatever_the_letter_case() -> None:
    host = FakeHost([FakeAdapter(7)])
    host.registry[rf"{CLASS}\0007".casefold()]["NetCfgInstanceId"] = f" {guid(7).lower()} "
    assert find_class_key(host.client, adapter(host)) == rf"{CLASS}\0007"


def test_where_the_index_does_not_fit_all_keys_are_searched() -> None:
    host = FakeHost([FakeAdapter(7, key=rf"{CLASS}\0012")])
    host.registry[rf"{CLASS}\0007".casefold()] = {"NetCfgInstanceId": guid(99)}
    host.registry[rf"{CLASS}\Properties".casefold()] = {"NetCfgInstanceId": guid(7)}
    host.registry[rf"{CLASS}\0003".casefold()] = {}
    assert find_class_key(host.client, adapter(host)) == rf"{CLASS}\0012"
    assert not [line for line in host.log if "Properties" in line]


def test_closed_keys_of_others_are_passed_by() -> None:
    host = FakeHost(
        [FakeAdapter(7, key=rf"{CLASS}\0012")],
        return_codes={rf"GetStringValue {CLASS}\0007": 5, rf"GetStringValue {CLASS}\0001": 13},
    )
    host.registry[rf"{CLASS}\0001".casefold()] = {"NetCfgInstanceId": guid(7)}
    assert find_class_key(host.client, adapter(host)) == rf"{CLASS}\0012"


def test_a_failing_registry_is_not_passed_by() -> None:
    host = FakeHost([FakeAdapter(7)], return_codes={rf"GetStringValue {CLASS}\0007": 1450})
    with pytest.raises(NicError) as caught:
        find_class_key(host.client, adapter(host))
    assert caught.value.code == "registry_failed"


def test_an_adapter_without_a_class_key_is_refused() -> None:
    host = FakeHost([FakeAdapter(7)])
    del host.registry[rf"{CLASS}\0007".casefold()]
    host.registry[rf"{CLASS}\0001".casefold()] = {"NetCfgInstanceId": guid(1)}
    with pytest.raises(NicError) as caught:
        find_class_key(host.client, adapter(host))
    assert caught.value.code == "class_key_not_found"
    assert caught.value.seen.startswith("0 of 1 keys")


def test_two_class_keys_are_refused() -> None:
    host = FakeHost([FakeAdapter(7, key=rf"{CLASS}\0012")])
    host.registry[rf"{CLASS}\0013".casefold()] = {"NetCfgInstanceId": guid(7)}
    with pytest.raises(NicError) as caught:
        find_class_key(host.client, adapter(host))
    assert caught.value.code == "class_key_ambiguous"


@pytest.mark.parametrize("index", [None, -1, 10000])
def test_an_index_that_is_no_key_number_leads_to_the_search(index: int | None) -> None:
    class Odd(FakeHost):
        def _rows(self, namespace: str, class_name: str) -> object:  # type: ignore[override]
            if class_name == "Win32_NetworkAdapter":
                return [({"GUID": guid(7), "Index": index}, {})]
            return super()._rows(namespace, class_name)

    host = Odd([FakeAdapter(7)])
    assert find_class_key(host.client, adapter(host)) == rf"{CLASS}\0007"
    assert f"EnumKey {CLASS}" in host.log


def test_a_host_that_is_away_is_told_as_such() -> None:
    host = FakeHost(refusals=[Refusal("GetStringValue", unreachable)])
    with pytest.raises(NicError) as caught:
        registry(host).get_string(UNDO, "a")
    assert caught.value.code == "host_unreachable"
