# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that the actions of probes can ask: one adapter, a way to two targets, UDP counters and a relay."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils import _probe_action
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import ShellResult
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, fault, instance
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost

ONE = "192.0.2.20"
OTHER = "192.0.2.21"
OWN = "192.0.2.10"


class ProbingHost(FakeHost):
    """A host with UDP counters and a relay. Every probe adds one error to the counter."""

    counter: int | None = 10
    silent: Sequence[str] = ()
    shell_error: WsmanFault | None = None
    requests: list[dict[str, Any]]
    answer: Callable[[bytes], bytes]

    def enumerate(self, namespace: str, class_name: str, **more: Any) -> list[Instance]:
        if class_name != "Win32_PerfRawData_Tcpip_UDPv4":
            return super().enumerate(namespace, class_name, **more)
        assert namespace == "root/cimv2"
        self.log.append(f"enumerate {class_name}")
        if self.counter is None:
            raise fault(fault_code=0x8033801A)
        return [instance(class_name, {"DatagramsReceivedErrors": self.counter})]

    def run_command(
        self, _client: object, _executable: str, _arguments: object, stdin: bytes, **_unused: Any
    ) -> ShellResult:
        self.log.append("relay")
        if self.shell_error is not None:
            raise self.shell_error
        request = json.loads(stdin.partition(b"\n#request\n")[2])
        self.requests.append(request)
        self.counter = None if self.counter is None else self.counter + 3
        replies = [
            {
                "send": number,
                "hex": self.answer(bytes.fromhex(send["hex"])).hex(),
                "address": send["address"],
                "port": send["port"],
                "ms": send["after_ms"] + 2,
            }
            for number, send in enumerate(request["sends"])
            if send["address"] not in self.silent
        ]
        answer = {"version": 1, "replies": replies, "errors": []}
        return ShellResult(0, json.dumps(answer).encode(), b"")


def neighbour(state: int) -> Row:
    return {
        "IPAddress": ONE,
        "InterfaceIndex": 11,
        "LinkLayerAddress": "00-E0-81-00-00-01",
        "State": state,
        "AddressFamily": 2,
        "Store": 1,
    }


def probing_host(
    monkeypatch: pytest.MonkeyPatch, local_temporary: str, answer: Callable[[bytes], bytes]
) -> ProbingHost:
    """A healthy host on the network of both targets, of which only the first one answers pings."""
    on_link: Row = {
        "DestinationPrefix": "192.0.2.0/24",
        "NextHop": "0.0.0.0",
        "InterfaceIndex": 11,
        "RouteMetric": 0,
        "InterfaceMetric": 25,
        "AddressFamily": 2,
        "Store": 1,
    }
    made = ProbingHost(
        [FakeAdapter(1, address=OWN)],
        routes=[on_link],
        neighbours=[neighbour(5)],
        pings={ONE: 0, OTHER: 11010},
    )
    made.requests = []
    made.answer = answer
    monkeypatch.setattr(relay.shell, "run_command", made.run_command)
    monkeypatch.setattr(_probe_action.constants, "DEFAULT_LOCAL_TMP", local_temporary)
    return made
