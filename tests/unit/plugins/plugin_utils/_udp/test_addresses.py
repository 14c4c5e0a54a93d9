# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import (
    Naming,
    Peer,
    check_source,
    resolve,
    system_resolver,
)

NAMING = Naming("bmc", "BMC")
NAMES = {
    ("card.example", socket.AF_INET): ["192.0.2.9"],
    ("two.example", socket.AF_INET): ["192.0.2.11", "192.0.2.10"],
    ("six.example", socket.AF_INET6): ["2001:db8::9"],
    ("router.example", socket.AF_INET): ["224.0.0.2"],
}


def table(name: str, family: socket.AddressFamily) -> list[str]:
    return NAMES.get((name, family), [])


def code_of(asked: list[str]) -> str:
    with pytest.raises(NicError) as caught:
        resolve(asked, NAMING, table)
    assert all(caught.value.as_dict().values())
    return caught.value.code


def test_addresses_stay_and_names_resolve_in_the_order_asked() -> None:
    assert resolve(["192.0.2.200", "card.example", "127.2.0.1"], NAMING, table) == [
        Peer("192.0.2.200", "192.0.2.200"),
        Peer("card.example", "192.0.2.9"),
        Peer("127.2.0.1", "127.2.0.1"),
    ]


def test_a_bmc_asked_twice_is_there_once_and_two_names_of_one_are_two() -> None:
    assert resolve(["card.example", "192.0.2.9", "card.example"], NAMING, table) == [
        Peer("card.example", "192.0.2.9"),
        Peer("192.0.2.9", "192.0.2.9"),
    ]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ([], "bmc_list_empty"),
        ([""], "bmc_name_invalid"),
        (["192.0.2"], "bmc_name_invalid"),
        (["192.0.2.256"], "bmc_name_invalid"),
        (["0x7f000001"], "bmc_name_invalid"),
        (["0X7F.1"], "bmc_name_invalid"),
        (["3221225985"], "bmc_name_invalid"),
        (["192.0.2.9:623"], "bmc_name_invalid"),
        (["192.0.2.0/24"], "bmc_name_invalid"),
        (["admin@card.example"], "bmc_name_invalid"),
        (["card example"], "bmc_name_invalid"),
        (["a" * 254], "bmc_name_invalid"),
        (["2001:db8::9"], "bmc_not_ipv4"),
        (["::ffff:192.0.2.9"], "bmc_not_ipv4"),
        (["six.example"], "bmc_not_ipv4"),
        (["nowhere.example"], "bmc_unresolvable"),
        (["two.example"], "bmc_ambiguous"),
        (["224.0.0.1"], "bmc_not_unicast"),
        (["255.255.255.255"], "bmc_not_unicast"),
        (["0.0.0.0"], "bmc_not_unicast"),
        (["router.example"], "bmc_not_unicast"),
        (["card.example", "nowhere.example"], "bmc_unresolvable"),
    ],
)
def test_what_can_not_be_asked_is_refused_with_its_reason(asked: list[str], code: str) -> None:
    assert code_of(asked) == code


def test_a_name_of_digits_and_letters_is_a_name() -> None:
    assert resolve(["0xcard"], NAMING, lambda _name, _family: ["192.0.2.1"])[0].address == "192.0.2.1"
    assert resolve(["a" * 253], NAMING, lambda _name, _family: ["192.0.2.1"])[0].address == "192.0.2.1"


def test_the_error_names_bmc_and_addresses() -> None:
    with pytest.raises(NicError) as caught:
        resolve(["two.example"], NAMING, table)
    assert str(caught.value).startswith("BMC two.example: 2 addresses: 192.0.2.10, 192.0.2.11; expected one address")


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "again"), UnicodeError("label too long")])
def test_a_failing_name_service_is_no_traceback(error: Exception) -> None:
    def fail(_name: str, _family: socket.AddressFamily) -> list[str]:
        raise error

    with pytest.raises(NicError) as caught:
        resolve(["card.example"], NAMING, fail)
    assert caught.value.code == "bmc_unresolvable"
    assert type(error).__name__ in caught.value.seen


def test_the_system_resolves_localhost_once() -> None:
    assert system_resolver("localhost", socket.AF_INET) == ["127.0.0.1"]


def test_the_system_finds_nothing_under_a_reserved_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_unused: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", missing)
    assert system_resolver("nowhere.invalid", socket.AF_INET) == []


def test_the_system_tells_a_failing_name_service_from_a_missing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_unused: object) -> list[object]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with pytest.raises(socket.gaierror):
        system_resolver("card.example", socket.AF_INET)


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("192.0.2.1", "192.0.2.1")])
def test_a_source_address_is_kept(given: str | None, kept: str | None) -> None:
    assert check_source(given) == kept


@pytest.mark.parametrize("given", ["", "::1", "host.example", "192.0.2.1/24"])
def test_a_source_that_is_no_ipv4_address_is_refused(given: str) -> None:
    with pytest.raises(NicError) as caught:
        check_source(given)
    assert caught.value.code == "source_not_ipv4"


@pytest.mark.parametrize("asked", [[], [""], ["2001:db8::9"], ["nowhere.example"], ["two.example"], ["0.0.0.0"]])
def test_errors_speak_of_targets_as_their_module_does(asked: list[str]) -> None:
    with pytest.raises(NicError) as caught:
        resolve(asked, Naming("target", "service"), table)
    error = caught.value
    assert error.code.startswith("target_")
    assert "bmc" not in str(error).lower()
    assert error.subject == "option target" if not asked else f"service {asked[0]}"
