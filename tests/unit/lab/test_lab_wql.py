# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The query parser of the lab."""

from __future__ import annotations

import pytest

from tests.lab.cim.values import CimError, Value
from tests.lab.cim.wql import equalities, names_in, parse_condition, parse_query

ROW: dict[str, Value] = {
    "Name": "Ethernet 2",
    "InterfaceIndex": 7,
    "Hidden": False,
    "Path": "C:\\Windows",
    "Quote": 'it\'s "so"',
    "Empty": None,
    "List": ["a"],
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("Name = 'ethernet 2'", True),
        ('name="ETHERNET 2"', True),
        ("Name <> 'Ethernet 2'", False),
        ("Name != 'x'", True),
        ("InterfaceIndex = 7", True),
        ("InterfaceIndex >= 8", False),
        ("8 > InterfaceIndex", True),
        ("7 < InterfaceIndex", False),
        ("InterfaceIndex <= 7 AND Hidden = FALSE", True),
        ("Hidden = true or Name like 'Eth%'", True),
        ("NOT Hidden = TRUE", True),
        ("NOT (Hidden = FALSE OR InterfaceIndex = 1)", False),
        ("Hidden = TRUE AND InterfaceIndex = 1 OR Name = 'Ethernet 2'", True),
        ("Hidden = TRUE AND (InterfaceIndex = 1 OR Name = 'Ethernet 2')", False),
        ("Name LIKE 'Ethernet _'", True),
        ("Name LIKE 'Ethernet [1-3]'", True),
        ("Name LIKE 'Ethernet [^1-3]'", False),
        ("Name LIKE '%net%'", True),
        ("Name LIKE 'net'", False),
        ("Path = 'C:\\\\Windows'", True),
        ("Quote = 'it\\'s \"so\"'", True),
        ('Quote = "it\'s \\"so\\""', True),
        ("Empty IS NULL", True),
        ("Empty IS NOT NULL", False),
        ("Name is not null", True),
        ("Empty = 'x'", False),
        ("Empty <> 'x'", False),
    ],
)
def test_condition_holds(condition: str, holds: bool) -> None:
    assert parse_condition(condition).holds(ROW) is holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "Name",
        "Name =",
        "Name = 'x",
        "Name = x",
        "Name == 'x'",
        "Name = 'x' AND",
        "Name = 'x' extra",
        "(Name = 'x'",
        "Name = 'x')",
        "Name = NULL",
        "Name LIKE 5",
        "Name IN ('x')",
        "Name = 'C:\\Windows'",
        "Name = 'it''s'",
        "Name = 7.5",
        "Name IS 'x'",
        "Name = 'x'; DELETE",
        "AND = 'x'",
    ],
)
def test_bad_syntax_is_an_invalid_query(condition: str) -> None:
    with pytest.raises(CimError) as error:
        parse_condition(condition)
    assert error.value.kind == "invalid_query"


@pytest.mark.parametrize(
    "condition",
    [
        "Unknown = 'x'",
        "Hidden = FALSE OR Unknown IS NULL",
        "Name = 5",
        "InterfaceIndex = '7'",
        "Hidden = 0",
        "Hidden > FALSE",
        "InterfaceIndex LIKE '7'",
        "List = 'a'",
        "Name LIKE '[abc'",
        "Name LIKE 'a[]'",
    ],
)
def test_what_does_not_fit_the_class_is_an_invalid_query(condition: str) -> None:
    with pytest.raises(CimError) as error:
        parse_condition(condition).holds(ROW)
    assert error.value.kind == "invalid_query"


def test_query_is_taken_apart() -> None:
    query = parse_query("select Name, InterfaceIndex from MSFT_NetAdapter where Hidden = FALSE AND Name LIKE 'where%'")
    assert query.class_name == "MSFT_NetAdapter"
    assert query.properties == ("Name", "InterfaceIndex")
    assert query.where == "Hidden = FALSE AND Name LIKE 'where%'"
    assert parse_query("SELECT * FROM Win32_NetworkAdapter").where is None


@pytest.mark.parametrize(
    "query",
    ["", "SELECT *", "SELECT FROM X", "SELECT * FROM X WHERE", "SELECT * FROM X Y", "DELETE FROM X", "SELECT * X"],
)
def test_bad_query(query: str) -> None:
    with pytest.raises(CimError) as error:
        parse_query(query)
    assert error.value.kind == "invalid_query"


def test_names_and_equalities() -> None:
    condition = parse_condition("Address = '127.2.0.1' AND Timeout = 500 AND (A = 1 OR B = 2) AND NOT C = 3")
    assert names_in(condition) == {"address", "timeout", "a", "b", "c"}
    assert equalities(condition) == {"address": "127.2.0.1", "timeout": 500}
