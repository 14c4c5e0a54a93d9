# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain


class Marked(str):
    """Text with a mark, as unsafe text is."""

    __slots__ = ()


class Lazy(Mapping[str, Any]):
    """A mapping that is no dict, as Ansible's host variables are."""

    def __getitem__(self, key: str) -> Any:
        return {"name": Marked("Ethernet")}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["name"])

    def __len__(self) -> int:
        return 1


class Whole(int):
    pass


class Real(float):
    pass


def types_of(value: Any) -> set[type]:
    found = {type(value)}
    if isinstance(value, dict):
        for key, each in value.items():
            found |= types_of(key) | types_of(each)
    elif isinstance(value, list):
        for each in value:
            found |= types_of(each)
    return found


PLAIN = {dict, list, str, int, float, bool, type(None)}

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_plain_values_stay_equal(value: Any) -> None:
    assert plain(value) == value
    assert types_of(plain(value)) <= PLAIN


@given(VALUES)
def test_values_marked_by_ansible_lose_the_mark(value: Any) -> None:
    assert plain(wrap_var(value)) == value
    assert types_of(plain(wrap_var(value))) <= PLAIN


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Lazy(), {"name": "Ethernet"}),
        (collections.OrderedDict(a=(1, 2)), {"a": [1, 2]}),
        (Whole(7), 7),
        (Real(1.5), 1.5),
        (b"caf\xc3\xa9", "caf\u00e9"),
        ({"only"}, ["only"]),
        (frozenset({"only"}), ["only"]),
        (dt.date(2024, 5, 1), "2024-05-01"),
        ({1: True}, {1: True}),
    ],
)
def test_other_types_become_plain(value: Any, expected: Any) -> None:
    assert plain(value) == expected
    assert types_of(plain(value)) <= PLAIN
    assert plain(value).__class__ is type(expected)
