# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.addresses import Bmc
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.plan import Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.request import (
    ProbeRequest,
    read_request,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.reuse import Freshness

OPTIONS: dict[str, Any] = {
    "bmc": ["card.example", "192.0.2.9", "192.0.2.10"],
    "port": 1623,
    "attempts": 4,
    "interval_ms": 500,
    "wait_ms": 700,
    "source_address": "192.0.2.1",
    "reuse_seconds": 60.0,
    "asked_after": 12.5,
}


def read(**changes: Any) -> ProbeRequest:
    return read_request({**OPTIONS, **changes}, lambda _name, _family: ["192.0.2.9"])


def test_options_become_a_request() -> None:
    assert read() == ProbeRequest(
        (Bmc("card.example", "192.0.2.9"), Bmc("192.0.2.9", "192.0.2.9"), Bmc("192.0.2.10", "192.0.2.10")),
        1623,
        Timing(4, 500, 700),
        "192.0.2.1",
        Freshness(60.0, 12.5),
    )
    assert read().addresses == ["192.0.2.9", "192.0.2.10"]


@pytest.mark.parametrize(
    ("option", "least", "most"),
    [
        ("port", 1, 65535),
        ("attempts", 3, 10),
        ("interval_ms", 100, 60_000),
        ("wait_ms", 100, 60_000),
        ("reuse_seconds", 0, 86_400),
    ],
)
def test_each_number_has_its_range(option: str, least: int, most: int) -> None:
    read(**{option: least})
    read(**{option: most})
    for wrong in (least - 1, most + 1):
        with pytest.raises(NicError) as caught:
            read(**{option: wrong})
        assert caught.value.code == "option_out_of_range"
        assert caught.value.subject == f"option {option}"
        assert caught.value.seen == str(wrong)
        assert f"from {least} to {most}" in caught.value.expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bmc": []}, "bmc_list_empty"),
        ({"bmc": ["2001:db8::1"]}, "bmc_not_ipv4"),
        ({"source_address": "host"}, "source_not_ipv4"),
        ({"port": 0, "bmc": []}, "option_out_of_range"),
    ],
)
def test_what_can_not_be_asked_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(NicError) as caught:
        read(**changes)
    assert caught.value.code == code
