# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import (
    Npcap,
    read_npcap,
    version_numbers,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, Refusal, fault

UNINSTALL = r"software\wow6432node\microsoft\windows\currentversion\uninstall\npcapinst"
UNINSTALL_32 = r"software\microsoft\windows\currentversion\uninstall\npcapinst"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0.93", (0, 93)),
        ("0.9994", (0, 9994)),
        ("0.10", (0, 10)),
        ("0.99-r7", (0, 99)),
        ("0.10 r7", (0, 10)),
        ("1.79", (1, 79)),
        (" 1.0 ", (1, 0)),
        ("1", None),
        ("unknown", None),
        ("0.99999999", None),
        ("", None),
        (None, None),
    ],
)
def test_versions_are_two_numbers(text: str | None, numbers: tuple[int, int] | None) -> None:
    assert version_numbers(text) == numbers


@pytest.mark.parametrize(
    ("version", "runs", "overrides"),
    [
        ("0.93", True, True),
        ("0.93", None, True),
        ("0.93", False, False),
        ("0.09", True, True),
        ("0.94", True, False),
        ("0.9994", True, False),
        ("1.79", True, False),
        (None, True, None),
        (None, None, None),
        (None, False, False),
    ],
)
def test_old_versions_override_the_offload_while_they_run(
    version: str | None, runs: bool | None, overrides: bool | None
) -> None:
    npcap = Npcap(("Ethernet",), version, runs)
    assert npcap.overrides_offload is overrides
    assert npcap.as_dict() == {
        "adapters": ["Ethernet"],
        "version": version,
        "runs": runs,
        "overrides_offload": overrides,
    }


def denied() -> WsmanFault:
    return fault(fault_code=5)


def host(registry: dict[str, dict[str, str]], **more: Any) -> FakeHost:
    return FakeHost([FakeAdapter(1)], registry=registry, **more)


@pytest.mark.parametrize(
    ("registry", "version"),
    [
        ({UNINSTALL: {"DisplayVersion": "1.79"}}, "1.79"),
        ({UNINSTALL: {"DisplayVersion": "0.93"}, UNINSTALL_32: {"DisplayVersion": "1.79"}}, "0.93"),
        ({UNINSTALL_32: {"DisplayVersion": "1.10"}}, "1.10"),
        ({UNINSTALL: {"DisplayName": "Npcap 0.86"}}, "0.86"),
        ({UNINSTALL: {"DisplayVersion": "soon", "DisplayName": "Npcap"}}, None),
        ({UNINSTALL: {"DisplayVersion": "1.2" + "x" * 100}}, "1.2" + "x" * 34 + "..."),
        ({}, None),
    ],
)
def test_the_version_is_that_of_the_installer(registry: dict[str, dict[str, str]], version: str | None) -> None:
    fake = host(registry, tables={"Win32_SystemDriver": [{"Name": "npcap", "Started": True}]})
    reader = TolerantReader(fake.client)
    assert read_npcap(reader, ["Ethernet 2", "Ethernet"]) == Npcap(("Ethernet", "Ethernet 2"), version, True)
    assert (reader.not_read, fake.writes) == ([], [])


@pytest.mark.parametrize(
    ("drivers", "runs"),
    [
        ([{"Name": "npcap", "Started": True}], True),
        ([{"Name": "NPCAP", "Started": False}], False),
        ([{"Name": "Tcpip", "Started": True}], None),
        ([], None),
    ],
)
def test_the_state_is_that_of_its_driver(drivers: list[dict[str, Any]], runs: bool | None) -> None:
    found = read_npcap(TolerantReader(host({}, tables={"Win32_SystemDriver": drivers}).client), ["Ethernet"])
    assert found is not None
    assert found.runs is runs


def test_nothing_is_asked_where_it_is_bound_to_no_adapter() -> None:
    fake = host({UNINSTALL: {"DisplayVersion": "0.93"}})
    assert read_npcap(TolerantReader(fake.client), []) is None
    assert fake.log == []


def test_what_can_not_be_read_is_noted() -> None:
    fake = host(
        {UNINSTALL: {"DisplayVersion": "0.93"}},
        refusals=[Refusal("GetStringValue", denied, times=4), Refusal("Win32_SystemDriver", denied)],
    )
    reader = TolerantReader(fake.client)
    assert read_npcap(reader, ["Ethernet"]) == Npcap(("Ethernet",), None, None)
    assert {each.what for each in reader.not_read} == {"version of Npcap", "state of Npcap's driver"}
