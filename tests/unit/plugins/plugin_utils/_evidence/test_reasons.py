# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import reasons


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (1203, "reason 1203, checksum"),
        (1207, "reason 1207, receive inspection (Windows Filtering Platform)"),
        (1204, "reason 1204, no socket on the port"),
        (923, "reason 923, the address resolution failed"),
        (4242, "reason 4242"),
    ],
)
def test_a_reason_has_its_number_and_what_is_known_of_it(reason: int, words: str) -> None:
    assert reasons.words(reason) == words


def test_of_many_reasons_the_first_are_told() -> None:
    assert (
        reasons.all_words([1204, 34]) == "reason 1204, no socket on the port; reason 34, packet filter of the adapter"
    )
    assert reasons.all_words([1, 2, 3, 4]) == "reason 1; reason 2; reason 3; reason 4"
    assert reasons.all_words(range(1, 4001)) == "reason 1; reason 2; reason 3; reason 4; 3996 more reasons"


def test_of_very_many_reasons_those_that_mean_something_are_kept() -> None:
    assert reasons.kept([1203, 12, 1203]) == [12, 1203]
    found = reasons.kept(range(5000, 900, -1))
    assert len(found) == 32
    assert found == sorted(found)
    assert {904, 909, 912, 915, 1203, 1204, 1207, 1408} < set(found)
    assert max(found) == 1408


def test_no_reason_stands_for_two_causes() -> None:
    sets = [set(each) for each in (reasons.FIREWALL, reasons.NO_LISTENER, reasons.NO_NEIGHBOUR)]
    assert len(set.union(*sets)) == sum(map(len, sets))
    assert not set.union(*sets) & {reasons.CHECKSUM_INVALID, reasons.IP_CHECKSUM_INVALID}
