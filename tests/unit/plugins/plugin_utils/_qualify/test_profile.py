# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles as they are written, and what is made of them; anybody may have written one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import (
    HostProfile,
    Windows,
    make_profile,
    not_proven,
    read_profile,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import QUESTIONS, Answer
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, guid
from tests.unit.plugins.plugin_utils._nic.scripted import reading_of

WINDOWS = Windows("10.0.22631", "64-bit", 1033)
GUARD = [Answer("guard_registers", "registered"), Answer("guard_fires", "fires"), Answer("guard_deletes", "deleted")]


def profile(*answers: Answer, **changes: Any) -> dict[str, Any]:
    adapter = reading_of(FakeAdapter(1, address="192.0.2.10", **changes)).adapter(guid(1))
    assert adapter is not None
    return make_profile(WINDOWS, adapter, answers)


def answering(**answers: object) -> dict[str, Any]:
    return {"format": 1, "windows": {}, "driver": {}, "answers": answers}


def test_a_profile_has_kinds_and_no_names() -> None:
    assert profile(Answer("restart_answers", "lost", "4.6 seconds until it was back")) == {
        "format": 1,
        "windows": {"version": "10.0.22631", "architecture": "64-bit", "language": 1033},
        "driver": {"pci": "8086:1539", "file": "e1r68x64.sys", "version": "12.18.11.1"},
        "answers": {"restart_answers": "lost"},
    }


def test_text_of_the_host_is_short_and_harmless() -> None:
    driver = profile(version="1\x1b[2J" + "9" * 500)["driver"]
    assert driver["version"].startswith("1[2J9")
    assert len(driver["version"]) == 100


def test_what_is_written_can_be_read() -> None:
    everything = [Answer(each.id, next(iter(each.answers))) for each in QUESTIONS]
    assert read_profile(json.loads(json.dumps(profile(*everything)))) == HostProfile()


@pytest.mark.parametrize("content", [{}, answering()])
def test_without_answers_everything_is_as_expected(content: dict[str, Any]) -> None:
    assert read_profile(content) == HostProfile(write_restarts=False, guard_fails=())


@pytest.mark.parametrize(
    ("seen", "restarts"), [("went_away", True), ("left_alone", False), ("active_at_once", False), ("no_answer", False)]
)
def test_a_write_that_restarts(seen: str, restarts: bool) -> None:
    assert read_profile(answering(write_leaves_adapter_up=seen)).write_restarts is restarts


@pytest.mark.parametrize(
    ("answers", "fails"),
    [
        ({"guard_registers": "refused"}, ("guard_registers",)),
        ({"guard_fires": "fires_not", "guard_deletes": "stays"}, ("guard_fires", "guard_deletes")),
        ({"guard_registers": "no_answer", "guard_fires": "not_asked"}, ()),
        ({"guard_is_a_lock": "replaced", "guard_expires": "stays"}, ()),
    ],
)
def test_guards_that_can_not_be_trusted(answers: dict[str, str], fails: tuple[str, ...]) -> None:
    assert read_profile(answering(**answers)).guard_fails == fails


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ({"answers": {}}, "format None"),
        ({"format": 2, "answers": {}}, "format 2"),
        ({"format": True, "answers": {}}, "format True"),
        ({"format": 1.0, "answers": {}}, "format 1.0"),
        ({"format": 1}, "no answers"),
        ({"format": 1, "answers": ["x"]}, "no answers"),
        (answering(other="x"), "'other': 'x'"),
        (answering(guard_fires="perhaps"), "'guard_fires': 'perhaps'"),
        (answering(guard_fires=["fires"]), "'guard_fires': ['fires']"),
        (answering(guard_fires=None), "'guard_fires': None"),
        ({"format": 1, "answers": {7: "fires"}}, "7: 'fires'"),
    ],
)
def test_files_that_are_no_profile(content: dict[str, Any], seen: str) -> None:
    with pytest.raises(NicError) as caught:
        read_profile(content)
    assert (caught.value.code, caught.value.seen) == ("host_profile_invalid", seen)


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        (GUARD, []),
        (GUARD[:2], ["guard_deletes"]),
        ([*GUARD[1:], Answer("guard_registers", "no_answer")], ["guard_registers"]),
        ([*GUARD[:1], Answer("guard_fires", "fires_not"), GUARD[2]], ["guard_fires"]),
        ([], ["guard_registers", "guard_fires", "guard_deletes"]),
    ],
)
def test_a_guard_is_proven_by_all_its_answers(answers: list[Answer], missing: list[str]) -> None:
    assert not_proven(answers) == missing
