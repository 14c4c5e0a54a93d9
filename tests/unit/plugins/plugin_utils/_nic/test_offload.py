# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    GRANULAR,
    GROUPED,
    KEYWORD_CONDITION,
    RECEIVE,
    TRANSMIT,
    OffloadKeyword,
    Wish,
    is_original,
    parse_value,
    plan_value,
    read_active,
    read_keywords,
    word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import parse_undo
from tests.lab.cim.wql import parse_condition
from tests.unit.plugins.plugin_utils._nic.fakehost import Row, guid, instance

NO_RECEIVE = Wish(receive=False)
ALL = (0, 1, 2, 3)
VALUES = st.integers(0, 3)
WISHES = st.builds(Wish, receive=st.booleans(), transmit=st.sampled_from([None, True, False]))


def keyword(
    stored: str | None = "3", default: int | None = 3, allowed: tuple[int, ...] = ALL, name: str = GRANULAR
) -> OffloadKeyword:
    return OffloadKeyword(guid(1), name, stored, default, allowed)


def plan(present: OffloadKeyword, active: int | None = 3, wish: Wish = NO_RECEIVE, *, allow_wider: bool = False) -> int:
    return plan_value(present, active, wish, allow_wider=allow_wider, adapter="Ethernet")


def refusal(
    present: OffloadKeyword, active: int | None = 3, wish: Wish = NO_RECEIVE, *, allow_wider: bool = False
) -> NicError:
    with pytest.raises(NicError) as caught:
        plan(present, active, wish, allow_wider=allow_wider)
    return caught.value


@pytest.mark.parametrize(("value", "expected"), [(0, "disabled"), (1, "tx"), (2, "rx"), (3, "rx_tx"), (None, None)])
def test_values_have_words(value: int | None, expected: str | None) -> None:
    assert word(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("3", 3),
        (" 2 ", 2),
        ("03", 3),
        ("4", None),
        ("-1", None),
        ("", None),
        (None, None),
        ("\u00b3", None),
        ("3x", None),
        # More digits than int() takes, and digits of other scripts.
        ("0" * 5000 + "3", 3),
        ("0" * 5000, 0),
        ("\u0663", None),
    ],
)
def test_only_0_to_3_are_values(text: str | None, expected: int | None) -> None:
    assert parse_value(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, True),
        ("0", True),
        ("3", True),
        ("003", True),
        (" 3 ", True),
        (" " * 8 + "0" * 8 + "3" + " " * 8, True),
        ("", False),
        ("4", False),
        ("0" * 9 + "3", False),
        (" " * 9 + "3", False),
        ("3" + " " * 9, False),
        ("\t3", False),
        ("3\n", False),
        ("\u0663", False),
        (3, False),
        (False, False),
        (["3"], False),
    ],
)
def test_only_what_is_short_and_plain_is_put_back(value: object, expected: bool) -> None:
    assert is_original(value) is expected
    # An undo record holds the same.
    content = {"format": 1, "original": value, "taken_at": "", "adapter": ""}
    try:
        parse_undo("{}", GRANULAR, json.dumps(content))
    except NicError as error:
        assert (error.code, expected) == ("undo_record_damaged", False)
    else:
        assert expected


@pytest.mark.parametrize("stored", ["0" * 9 + "3", "\t3", "3\n", " " * 9 + "3"])
@pytest.mark.parametrize("wish", [Wish(receive=False), Wish(receive=True)])
def test_a_value_that_could_not_be_put_back_is_left_alone(stored: str, wish: Wish) -> None:
    with pytest.raises(NicError) as caught:
        plan(keyword(stored), wish=wish)
    assert caught.value.code == "value_not_understood"


@pytest.mark.parametrize(("present", "target"), [(0, 0), (1, 1), (2, 0), (3, 1)])
def test_receive_is_cleared_and_transmit_is_kept(present: int, target: int) -> None:
    assert plan(keyword(str(present))) == target


@pytest.mark.parametrize(("present", "target"), [(0, 2), (1, 3), (2, 2), (3, 3)])
def test_receive_is_set_and_transmit_is_kept(present: int, target: int) -> None:
    assert plan(keyword(str(present)), wish=Wish(receive=True)) == target


@pytest.mark.parametrize(
    ("receive", "transmit", "target"), [(False, False, 0), (False, True, 1), (True, False, 2), (True, True, 3)]
)
@pytest.mark.parametrize("present", ALL)
def test_both_directions_can_be_asked_for(receive: bool, transmit: bool, target: int, present: int) -> None:
    assert plan(keyword(str(present)), wish=Wish(receive, transmit)) == target


@given(VALUES, WISHES)
def test_a_wish_changes_the_bits_it_speaks_of_and_no_other(value: int, wish: Wish) -> None:
    changed = wish.applied_to(value)
    assert bool(changed & RECEIVE) is wish.receive
    assert bool(changed & TRANSMIT) is (bool(value & TRANSMIT) if wish.transmit is None else wish.transmit)
    assert changed in ALL
    assert wish.applied_to(changed) == changed
    assert wish.holds_for(changed)
    assert wish.holds_for(value) is (changed == value)


PRESENT = st.builds(
    keyword,
    stored=st.none() | VALUES.map(str),
    default=st.none() | VALUES,
    allowed=st.sets(VALUES).map(lambda values: tuple(sorted(values))),
    name=st.sampled_from([GRANULAR, GROUPED]),
)


def attempt(present: OffloadKeyword, active: int | None, wish: Wish, *, allow_wider: bool) -> int | str:
    try:
        return plan(present, active, wish, allow_wider=allow_wider)
    except NicError as error:
        return error.code


@given(PRESENT, st.none() | VALUES, WISHES)
def test_a_plan_does_what_is_asked_and_is_stable(present: OffloadKeyword, active: int | None, wish: Wish) -> None:
    wide = attempt(present, active, wish, allow_wider=True)
    narrow = attempt(present, active, wish, allow_wider=False)
    if isinstance(wide, str):
        assert wide == narrow == "value_not_allowed"
        return
    assert wish.holds_for(wide)
    assert wide in present.allowed or wide == present.in_force
    assert narrow in (wide, "wider_change_not_allowed")
    if narrow == wide:
        # Without leave for more, only the bits that were asked for differ.
        base = next(value for value in (present.configured, active, present.default, 3) if value is not None)
        assert narrow == wish.applied_to(base)
        assert narrow == present.in_force or not present.grouped
    again = replace(present, stored=str(wide))
    assert plan(again, wide, wish) == wide


def test_nothing_to_change_needs_no_leave_and_no_list() -> None:
    assert plan(keyword("1", allowed=(0, 3))) == 1
    assert plan(keyword("1", allowed=())) == 1
    assert plan(keyword("1", name=GROUPED)) == 1


def test_an_absent_value_is_judged_by_what_the_driver_does() -> None:
    assert plan(keyword(None, default=3), active=2) == 0
    assert plan(keyword(None, default=3), active=3) == 1
    assert plan(keyword(None, default=3), active=1) == 1


def test_without_an_active_state_an_absent_value_is_judged_by_the_default() -> None:
    assert plan(keyword(None, default=2), active=None) == 0
    assert plan(keyword(None, default=None), active=None) == 1


def test_a_default_that_is_fine_is_left_absent() -> None:
    assert plan(keyword(None, default=1, allowed=()), active=1) == 1


def test_an_absent_value_that_would_come_back_is_checked_against_the_list() -> None:
    error = refusal(keyword(None, default=3, allowed=(0, 3)), active=1)
    assert error.code == "wider_change_not_allowed"


def test_a_driver_with_0_and_3_only_needs_leave() -> None:
    present = keyword("3", allowed=(0, 3))
    error = refusal(present)
    assert error.code == "wider_change_not_allowed"
    assert "0 (disabled), 3 (rx_tx)" in error.seen
    assert "disabled is the way left" in error.seen
    assert plan(present, allow_wider=True) == 0


def test_a_driver_with_0_and_3_only_needs_no_leave_for_what_is_asked() -> None:
    assert plan(keyword("3", allowed=(0, 3)), wish=Wish(receive=False, transmit=False)) == 0


def test_leave_never_overrules_what_is_asked() -> None:
    error = refusal(keyword("3", allowed=(0, 3)), wish=Wish(receive=False, transmit=True), allow_wider=True)
    assert error.code == "value_not_allowed"


def test_the_other_way_round_a_driver_with_0_and_3_only_takes_3() -> None:
    assert plan(keyword("0", allowed=(0, 3)), active=0, wish=Wish(receive=True), allow_wider=True) == 3


def test_the_grouped_keyword_needs_leave() -> None:
    present = keyword("3", name=GROUPED)
    error = refusal(present)
    assert error.code == "wider_change_not_allowed"
    assert "IP and TCP" in error.seen
    assert plan(present, allow_wider=True) == 1


@pytest.mark.parametrize(("allowed", "seen"), [((), "no value that it names"), ((2, 3), "2 (rx), 3 (rx_tx)")])
def test_a_value_the_driver_does_not_take_is_never_written(allowed: tuple[int, ...], seen: str) -> None:
    error = refusal(keyword("3", allowed=allowed), allow_wider=True)
    assert error.code == "value_not_allowed"
    assert error.subject == f"{GRANULAR} of adapter Ethernet"
    assert seen in error.seen
    assert error.expected == "1 (tx) among them"


@pytest.mark.parametrize("stored", ["4", "on", ""])
def test_a_value_that_nobody_understands_is_left_alone(stored: str) -> None:
    error = refusal(keyword(stored))
    assert error.code == "value_not_understood"
    assert repr(stored) in error.seen


@pytest.mark.parametrize(
    ("stored", "default", "active", "pending"),
    [
        ("3", 3, 3, False),
        ("1", 3, 3, True),
        ("3", 3, None, None),
        (None, 3, 1, True),
        (None, 3, 3, False),
        (None, None, 3, None),
        ("x", 3, 3, None),
    ],
)
def test_a_restart_is_pending_while_driver_and_next_start_differ(
    stored: str | None, default: int | None, active: int | None, pending: bool | None
) -> None:
    assert keyword(stored, default).restart_pending(active) is pending


def row(**changes: object) -> Row:
    complete: Row = {
        "InstanceID": f"{guid(1)}::{GRANULAR}",
        "RegistryKeyword": GRANULAR,
        "RegistryValue": ["3"],
        "DefaultRegistryValue": "3",
        "ValidRegistryValues": ["0", "1", "2", "3"],
    }
    return {**complete, **changes}  # type: ignore[dict-item]


def read_one(**changes: object) -> OffloadKeyword:
    ((found,),) = read_keywords([instance("Setting", row(**changes))]).values()
    return found


def test_a_row_becomes_a_keyword() -> None:
    assert read_one() == OffloadKeyword(guid(1), GRANULAR, "3", 3, ALL)
    assert not read_one().grouped


@pytest.mark.parametrize(
    ("changes", "attribute", "expected"),
    [
        ({"RegistryValue": []}, "stored", None),
        ({"RegistryValue": []}, "configured", None),
        ({"RegistryValue": []}, "in_force", 3),
        ({"RegistryValue": ["7"]}, "stored", "7"),
        ({"RegistryValue": ["7"]}, "configured", None),
        ({"RegistryValue": ["7"]}, "in_force", None),
        ({"DefaultRegistryValue": None}, "default", None),
        ({"ValidRegistryValues": ["3", "0"]}, "allowed", (0, 3)),
        ({"ValidRegistryValues": ["3", "0", "9", "x"]}, "allowed", (0, 3)),
        ({"ValidRegistryValues": []}, "allowed", ()),
        (
            {"ValidRegistryValues": [], "NumericParameterMinValue": "0", "NumericParameterMaxValue": "3"},
            "allowed",
            ALL,
        ),
        ({"ValidRegistryValues": [], "NumericParameterMinValue": "0"}, "allowed", ()),
        ({"ValidRegistryValues": [], "NumericParameterMaxValue": "3"}, "allowed", ()),
        ({"RegistryKeyword": GROUPED.lower()}, "name", GROUPED),
        ({"RegistryKeyword": GROUPED}, "grouped", True),
        ({"InstanceID": f"{guid(1).lower()}::x"}, "guid", guid(1)),
    ],
)
def test_properties_that_are_missing_or_otherwise(changes: dict[str, object], attribute: str, expected: object) -> None:
    assert getattr(read_one(**changes), attribute) == expected


@pytest.mark.parametrize(
    "changes", [{"RegistryKeyword": "*JumboPacket"}, {"RegistryKeyword": None}, {"InstanceID": "?"}]
)
def test_other_rows_are_left_aside(changes: dict[str, object]) -> None:
    assert read_keywords([instance("Setting", row(**changes))]) == {}


def test_the_granular_keyword_comes_first() -> None:
    rows = [row(RegistryKeyword=GROUPED), row()]
    found = read_keywords(instance("Setting", each) for each in rows)
    assert [each.name for each in found[guid(1)]] == [GRANULAR, GROUPED]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [(GRANULAR, True), (GROUPED, True), ("*UDPChecksumOffloadIPv6", False), ("*TCPChecksumOffloadIPv4", False)],
)
def test_only_the_two_keywords_are_asked_for(name: str, wanted: bool) -> None:
    assert parse_condition(KEYWORD_CONDITION).holds({"RegistryKeyword": name}) is wanted


def test_active_states_outside_the_values_say_nothing() -> None:
    rows: list[Row] = [
        {"InstanceID": guid(1), "UdpIPv4Enabled": 3},
        {"InstanceID": guid(2).lower(), "UdpIPv4Enabled": 0},
        {"InstanceID": guid(3), "UdpIPv4Enabled": 4},
        {"InstanceID": guid(4), "UdpIPv4Enabled": None},
        {"InstanceID": guid(5), "UdpIPv4Enabled": -1},
        {"InstanceID": "?", "UdpIPv4Enabled": 1},
    ]
    assert read_active(instance("Setting", each) for each in rows) == {guid(1): 3, guid(2): 0}
