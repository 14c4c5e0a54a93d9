# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guard's task: what it says about itself. What it does: test_guardtask_machine.py."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import (
    Guard,
    command_line,
    definition,
    mark,
    needs_build,
    read_note,
    refuse_impossible,
    task_name,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, guid
from tests.unit.plugins.plugin_utils._nic.guards import DUE, NEW_BUILD, OLD_BUILD, TOKEN, adapter, guard, note

AWKWARD = 'Büro "Süd" & 50%'
SAFE_NAMES = ["Ethernet", "Büro & Süd (2)", "以太网", "a|b<c>d", "LAN 'x' = 1;2,3", "vEthernet (LAN)", "$x", "#"]
UNSAFE_NAMES = ['a"b', "50%", "a!b", "a^b", "a\\", "$(Arg0)", " x", "x ", "a\nb", "a\u202eb"]


# What it says about itself.


def test_the_name_is_the_adapters() -> None:
    assert task_name(guid(7)) == "remediation.windows_nic guard 00000000-0000-4000-8000-000000000007"
    assert guard().name == task_name(guid(1))
    assert mark(guid(7), "fired", TOKEN) == guid(7) + "::fired::" + TOKEN


def test_the_note_comes_back_out_of_the_definition() -> None:
    for restores in ("3", None):
        exported = '<?xml version="1.0" encoding="UTF-16"?>\r\n' + definition(guard(restores=restores))
        assert read_note(exported) == note(restores=restores)
    holder = Holder("ctl & <co> äöü", 1, None, None)
    assert read_note(definition(guard(holder=holder))) == note(holder=holder)


@pytest.mark.parametrize("restores", [None, "0", "1", "2", "3", "03", " 3 ", "0" * 8 + "3", " " * 8 + "3" + " " * 8])
def test_a_guard_puts_back_what_an_undo_record_may_hold(restores: str | None) -> None:
    found = read_note(definition(guard(restores=restores)))
    assert found is not None
    assert found.restores == restores


@pytest.mark.parametrize("restores", ["5", "on", "", '3" & calc & "', "3\n", "0" * 9 + "3"])
@pytest.mark.parametrize("work", [definition, command_line])
def test_a_guard_that_would_put_anything_else_back_is_refused(work: Callable[[Guard], object], restores: str) -> None:
    with pytest.raises(NicError) as caught:
        work(guard(restores=restores))
    assert caught.value.code == "guard_not_possible"
    assert GRANULAR in caught.value.seen
    assert all(caught.value.as_dict().values())


def test_the_note_is_one_line_of_ascii() -> None:
    text = note(holder=Holder("äöü", 1, None, None)).text
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text) == {
        "format": 1,
        "token": TOKEN,
        "holder": {"node": "äöü", "pid": 1, "started": None, "place": None},
        "set_at": "2026-11-22T14:00:00+00:00",
        "due_at": "2026-11-22T14:10:00+00:00",
        "guid": guid(1),
        "keyword": GRANULAR,
        "restores": "3",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", 2),
        ("format", True),
        ("format", "1"),
        ("token", "0123"),
        ("token", TOKEN.upper()),
        ("token", None),
        ("holder", "me"),
        ("holder", {"node": "n", "pid": -1, "started": None, "place": None}),
        ("holder", {"node": "n", "pid": True, "started": None, "place": None}),
        ("holder", {"node": 1, "pid": 1, "started": None, "place": None}),
        ("holder", {"node": "n", "pid": 1, "started": "x", "place": None}),
        ("holder", {"node": "n", "pid": 1, "started": None, "place": 5}),
        ("holder", {"node": "n", "pid": 2**70, "started": None, "place": None}),
        ("holder", {}),
        ("set_at", "yesterday"),
        ("due_at", "2026-11-22T14:10:00"),
        ("due_at", "9999-12-31T23:59:59+00:00"),
        ("due_at", "0001-01-01T00:00:00+00:00"),
        ("due_at", 5),
        ("guid", 5),
        ("keyword", None),
        ("restores", 3),
        ("restores", True),
        ("restores", ""),
        ("restores", "4"),
        ("restores", "-1"),
        ("restores", "3\n"),
        ("restores", "\t3"),
        ("restores", "\u0663"),
        ("restores", '3" & calc & "'),
        ("restores", "0" * 9 + "3"),
        ("restores", " " * 9 + "3"),
    ],
)
def test_a_note_that_is_not_ours_says_nothing(name: str, value: object) -> None:
    content = {**json.loads(note().text), name: value}
    assert read_note(with_description(json.dumps(content))) is None


def test_a_note_without_a_part_says_nothing() -> None:
    for name in json.loads(note().text):
        content = json.loads(note().text)
        del content[name]
        assert read_note(with_description(json.dumps(content))) is None, name


def with_description(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<Task><RegistrationInfo><Description>{escaped}</Description></RegistrationInfo></Task>"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "x",
        "<Task/>",
        "<Task><RegistrationInfo/></Task>",
        with_description("[]"),
        with_description("NaN"),
        with_description("[" * 2000),
        with_description(note().text[:-1] + " " * 3000 + "}"),
        "<!DOCTYPE a [<!ENTITY b 'c'>]><Task>&b;</Task>",
        "\ud800",
    ],
)
def test_what_is_no_definition_of_a_guard_says_nothing(xml: str) -> None:
    assert read_note(xml) is None


JSON = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(st.recursive(JSON, st.lists))
def test_any_value_in_any_place_of_the_note_is_survived(value: object) -> None:
    for name in ("format", "holder", "token", "due_at", "restores"):
        found = read_note(with_description(json.dumps({**json.loads(note().text), name: value})))
        # Nothing else than what stood there is ever read.
        assert found is None or json.loads(found.text)[name] == value


def test_the_node_of_a_note_has_no_control_characters() -> None:
    content = json.loads(note().text)
    content["holder"]["node"] = "ctl\x1b[31m" + "x" * 500
    found = read_note(with_description(json.dumps(content)))
    assert found is not None
    assert found.holder.node.isprintable()
    assert len(found.holder.node) == 64


# Names that a command line can't carry.


@pytest.mark.parametrize("name", SAFE_NAMES)
def test_a_name_that_can_be_quoted_is_used(name: str) -> None:
    assert not needs_build(adapter(name))
    refuse_impossible(adapter(name), OLD_BUILD)
    assert f'netsh interface set interface name="{name}" admin=enabled' in command_line(guard(OLD_BUILD, adapter(name)))


@pytest.mark.parametrize("name", UNSAFE_NAMES)
def test_a_name_that_can_not_be_quoted_is_left_out(name: str) -> None:
    assert needs_build(adapter(name))
    refuse_impossible(adapter(name), NEW_BUILD)
    line = command_line(guard(NEW_BUILD, adapter(name)))
    assert "netsh" not in line
    assert "pnputil /restart-device" in line


@pytest.mark.parametrize(
    ("build", "device"),
    [(OLD_BUILD, None), (None, None), (NEW_BUILD, ""), (NEW_BUILD, 'PCI\\"x'), (NEW_BUILD, "PCI\\%x%")],
)
@pytest.mark.parametrize("work", [lambda each: refuse_impossible(each.adapter, each.build), definition, command_line])
def test_an_adapter_without_any_usable_name_is_refused(
    build: int | None, device: str | None, work: Callable[[Guard], object]
) -> None:
    awkward = adapter(AWKWARD) if device is None else adapter(AWKWARD, device)
    if work is command_line:
        assert "pnputil" not in command_line(guard(build, awkward))
        return
    with pytest.raises(NicError) as caught:
        work(guard(build, awkward))
    assert caught.value.code == "guard_not_possible"


def test_a_line_that_is_too_long_for_cmd_is_refused() -> None:
    with pytest.raises(NicError) as caught:
        definition(guard(of=adapter("x" * 3000)))
    assert caught.value.code == "guard_not_possible"
    assert len(command_line(guard(of=adapter("x" * 256)))) < 8191


@pytest.mark.parametrize("build", [OLD_BUILD, NEW_BUILD])
@pytest.mark.parametrize("restores", ["3", None])
def test_the_line_has_nothing_that_is_replaced_before_it_runs(build: int, restores: str | None) -> None:
    line = command_line(guard(build, restores=restores))
    assert not {"%", "!", "^"} & set(line)
    assert line.count('"') % 2 == 0
    assert "powershell" not in line.casefold()


def test_only_a_new_windows_is_asked_to_restart_a_device() -> None:
    assert "pnputil" in command_line(guard(19041))
    assert "pnputil" not in command_line(guard(19040))
    assert "pnputil" not in command_line(guard(None))


def test_the_due_time_is_written_in_utc() -> None:
    shifted = DUE.astimezone(dt.timezone(dt.timedelta(hours=-8)))
    assert "<StartBoundary>2026-11-22T14:10:00Z</StartBoundary>" in definition(guard(due_at=shifted))
