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


def test_no_reason_stands_for_two_causes() -> None:
    sets = [set(each) for each in (reasons.FIREWALL, reasons.NO_LISTENER, reasons.NO_NEIGHBOUR)]
    assert len(set.union(*sets)) == sum(map(len, sets))
    assert not set.union(*sets) & {reasons.CHECKSUM_INVALID, reasons.IP_CHECKSUM_INVALID}
