# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import Observations


@pytest.mark.parametrize(
    ("seen", "marked_bad"),
    [
        ({"before": "silent"}, True),
        ({"before": "too_few"}, True),
        ({"before": "answered_elsewhere"}, True),
        ({"before": "answers"}, False),
        ({"before": "answers_once"}, False),
        ({"before": "silent", "change": "made"}, False),
        ({"before": "silent", "change": "undone"}, False),
        ({"before": "silent", "change": "pending"}, True),
    ],
)
def test_marked_replies_count_where_nothing_was_heard_or_changed(seen: dict[str, Any], marked_bad: bool) -> None:
    assert Observations(**seen, cause="driver_marked_bad").marked_bad is marked_bad
    assert not Observations(**seen, cause="corrupt_reply").marked_bad


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ({"before": "silent"}, "firewall"),
        ({"before": "too_few"}, "firewall"),
        ({"before": "blocked_outbound"}, "none"),
        ({"before": "answers"}, "none"),
        ({"before": "silent", "change": "made"}, "none"),
    ],
)
def test_packets_explain_a_silence_that_nothing_was_changed_about(seen: dict[str, Any], shown: str) -> None:
    assert Observations(**seen, cause="firewall").shown == shown


@pytest.mark.parametrize(
    ("seen", "counts"),
    [
        ({}, True),
        ({"before": "silent"}, False),
        ({"overridden": False}, False),
        ({"change": "made"}, False),
        ({"adapter": "candidate"}, False),
        ({"other_candidate": True}, False),
        ({"adapter": "off"}, True),
    ],
)
def test_an_answer_in_spite_of_an_override(seen: dict[str, Any], counts: bool) -> None:
    assert Observations(**{"before": "answers", "overridden": True, **seen}).heard_all_the_same is counts
