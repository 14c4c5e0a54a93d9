# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import NotRead
from tests.unit.plugins.plugin_utils._nic.fakeanswers import fault, lost
from tests.unit.plugins.plugin_utils._nic.scripted import DENIED, ScriptedHost

NET = "root/standardcimv2"


def test_rows_that_are_of_no_interest_are_left_out() -> None:
    reader = ScriptedHost({"C": [{"N": 1}, {"N": None}, {"N": 3}]}).reader
    rows = reader.rows("numbers", NET, "C", lambda row: row.integer("N"))
    assert (rows.items, rows.error, rows.complete) == ((1, 3), None, True)
    assert reader.not_read == []


def test_a_class_that_is_denied() -> None:
    reader = ScriptedHost({"C": DENIED}).reader
    rows = reader.rows("numbers", NET, "C", lambda row: row.integer("N"))
    assert (rows.items, rows.error, rows.complete) == ((), "access_denied", False)
    assert reader.not_read == [NotRead("numbers", "access_denied", "WSMan fault 5 (0x00000005): ...")]


@pytest.mark.parametrize("status", [3, 5])
def test_a_missing_class_or_namespace_is_no_rows_only_where_that_proves_it(status: int) -> None:
    host = ScriptedHost({"C": fault(cim_status=status)})
    reader = host.reader
    assert reader.rows("numbers", NET, "C", lambda row: 1, absence_is_none=True).complete
    assert reader.not_read == []
    assert reader.rows("numbers", NET, "C", lambda row: 1).error == "class_not_available"
    assert [line.code for line in reader.not_read] == ["class_not_available"]


def test_another_fault_is_not_absence() -> None:
    reader = ScriptedHost({"C": DENIED}).reader
    assert reader.rows("numbers", NET, "C", lambda row: 1, absence_is_none=True).error == "access_denied"
    assert len(reader.not_read) == 1


def test_one_row_of_nonsense_does_not_hide_the_others() -> None:
    reader = ScriptedHost({"C": [{"N": "x\x1b[2J"}, {"N": 2}, {"N": "y"}]}).reader
    rows = reader.rows("numbers", NET, "C", lambda row: row.integer("N"))
    assert (rows.items, rows.error) == ((2,), "wrong_property_type")
    assert [line.as_dict() for line in reader.not_read] == [
        {"what": "numbers", "code": "wrong_property_type", "why": "'x\\x1b[2J'"}
    ]


def test_a_host_that_is_gone_is_not_tolerated() -> None:
    reader = ScriptedHost({"C": lost()}).reader
    with pytest.raises(HostUnreachable):
        reader.rows("numbers", NET, "C", lambda row: 1)

    def gone() -> int:
        raise lost()

    with pytest.raises(HostUnreachable):
        reader.value("number", gone, 0)
    assert reader.not_read == []


def test_a_value_or_what_stands_for_it() -> None:
    reader = ScriptedHost().reader

    def refused() -> int:
        raise NicError("registry_failed", "key", "returned 1", "0", "Look.")

    assert reader.value("number", lambda: 7, 0) == 7
    assert reader.value("number", refused, 0) == 0
    assert reader.not_read == [NotRead("number", "registry_failed", "returned 1")]


def test_what_the_host_says_is_cut_and_cleaned() -> None:
    reader = ScriptedHost().reader
    reader.note("text", "code", "a\nb\x07" + "c" * 1000)
    assert len(reader.not_read[0].why) == 300
    assert reader.not_read[0].why.startswith("a bccc")
