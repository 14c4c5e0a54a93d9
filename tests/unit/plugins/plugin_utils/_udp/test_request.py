# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming, Peer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import (
    ProbeRequest,
    read_request,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.reuse import Freshness
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Timing
from tests.unit.plugins.plugin_utils._udp.stand_ins import PROTOCOL

NAMING = Naming("bmc", "BMC")
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
    return read_request({**OPTIONS, **changes}, NAMING, PROTOCOL, lambda _name, _family: ["192.0.2.9"])


def test_options_become_a_request() -> None:
    assert read() == ProbeRequest(
        NAMING,
        PROTOCOL,
        (Peer("card.example", "192.0.2.9"), Peer("192.0.2.9", "192.0.2.9"), Peer("192.0.2.10", "192.0.2.10")),
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


def test_the_option_is_the_one_of_the_module() -> None:
    options = {**OPTIONS, "target": ["192.0.2.30"]}
    request = read_request(options, Naming("target", "target"), PROTOCOL)
    assert request.addresses == ["192.0.2.30"]
    with pytest.raises(NicError) as caught:
        read_request({**options, "target": []}, Naming("target", "target"), PROTOCOL)
    assert caught.value.code == "target_list_empty"
