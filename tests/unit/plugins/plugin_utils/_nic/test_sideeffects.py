# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.sideeffects import (
    NOTHING,
    Setting,
    Surroundings,
    Unread,
    compare,
)

DENIED = Unread("access_denied")


def differences(before: dict[str, Setting], after: dict[str, Setting]) -> list[dict[str, Any]]:
    return compare(Surroundings({"g": before, "other": {"rss": "enabled"}}), Surroundings({"g": after}), "g")


def test_equal_settings_are_not_listed() -> None:
    same: dict[str, Setting] = {"rss": "enabled", "addresses": ("a", "b"), "uro": NOTHING}
    assert differences(same, dict(same)) == []
    assert compare(Surroundings({}), Surroundings({}), "g") == []


def test_differences_are_sorted_and_in_words() -> None:
    before: dict[str, Setting] = {"rss": "enabled", "addresses": ("192.0.2.1/24 (DHCP)",), "lso_ipv4": "enabled"}
    after: dict[str, Setting] = {"rss": "disabled", "addresses": (), "lso_ipv4": "enabled"}
    assert differences(before, after) == [
        {"what": "addresses", "before": ["192.0.2.1/24 (DHCP)"], "after": "none"},
        {"what": "rss", "before": "enabled", "after": "disabled"},
    ]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (DENIED, "enabled", ("not read (access_denied)", "enabled")),
        ("enabled", Unread("operation_timed_out"), ("enabled", "not read (operation_timed_out)")),
        (DENIED, DENIED, ("not read (access_denied)", "not read (access_denied)")),
    ],
)
def test_what_could_not_be_read_is_not_called_equal(before: Setting, after: Setting, shown: tuple[str, str]) -> None:
    assert differences({"rss": before}, {"rss": after}) == [{"what": "rss", "before": shown[0], "after": shown[1]}]


def test_what_is_missing_on_one_side() -> None:
    assert differences({}, {"uro": "enabled"}) == [{"what": "uro", "before": "none", "after": "enabled"}]
    assert differences({"routes": ()}, {}) == []
    assert differences({"uro": NOTHING}, {}) == []


def test_an_adapter_that_is_gone() -> None:
    before = Surroundings({"g": {"rss": "enabled"}})
    assert compare(before, Surroundings({}), "g") == [{"what": "rss", "before": "enabled", "after": "none"}]
