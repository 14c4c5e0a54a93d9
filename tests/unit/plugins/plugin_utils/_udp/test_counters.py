# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.counters import read_udp_errors
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance


class Host:
    """Answers one enumeration."""

    def __init__(self, answer: list[Instance] | NicError) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def enumerate(self, namespace: str, class_name: str, **limits: Any) -> list[Instance]:
        self.asked.append((namespace, class_name, limits))
        if isinstance(self.answer, NicError):
            raise self.answer
        return self.answer


def counters(**properties: str) -> Instance:
    return Instance("Win32_PerfRawData_Tcpip_UDPv4", {name: (value,) for name, value in properties.items()})


def read(answer: list[Instance] | NicError) -> int | None:
    return read_udp_errors(cast(Client, Host(answer)))


def test_the_counter_of_received_errors_is_read() -> None:
    host = Host([counters(DatagramsReceivedErrors="4294967295", DatagramsNoPortPersec="7")])
    assert read_udp_errors(cast(Client, host)) == 4294967295
    assert [asked[:2] for asked in host.asked] == [("root/cimv2", "Win32_PerfRawData_Tcpip_UDPv4")]


def test_a_hint_is_not_waited_for_as_long_as_a_fact() -> None:
    host = Host([counters(DatagramsReceivedErrors="1")])
    read_udp_errors(cast(Client, host))
    assert [asked[2] for asked in host.asked] == [{"operation_timeout_seconds": 5, "attempts": 2}]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [counters(DatagramsNoPortPersec="7")],
        [counters(DatagramsReceivedErrors="many")],
        WsmanFault("counters", "no such class", fault_code=0x8033801A),
        WsmanFault("counters", "too slow", fault_code=0x80338029),
        WsmanProtocolError("answer_incomplete", "counters", "nothing", "an answer", "Look."),
    ],
)
def test_a_counter_that_can_not_be_read_is_none(answer: Any) -> None:
    assert read(answer) is None


def test_a_lost_host_is_not_a_missing_counter() -> None:
    with pytest.raises(ConnectionLost):
        read(ConnectionLost("connection_lost", "host", "gone", "an answer", "Try again."))
