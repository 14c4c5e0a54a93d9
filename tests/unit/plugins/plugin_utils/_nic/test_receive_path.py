# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import Npcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.receive_path import (
    Filter,
    Finding,
    Member,
    PortInUse,
    Profile,
    ReceivePath,
    Reply,
    Source,
    find,
    reply_through,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import NotRead


def profile(name: str = "private", *adapters: str, enabled: bool = True, outbound: str = "allow") -> Profile:
    return Profile(name, enabled, "block", outbound, adapters)


def codes(path: ReceivePath) -> list[str]:
    return [finding.code for finding in find(path)]


@pytest.mark.parametrize(
    ("profiles", "reply"),
    [
        ([], "unknown"),
        ([profile()], "passes"),
        ([profile("private", "Ethernet")], "passes"),
        # Whatever is blocked on its way in: a reply belongs to the flow of its question.
        ([Profile("private", True, "block", "allow", ("Ethernet",))], "passes"),
        ([profile("private", "Ethernet", outbound="block")], "question_blocked"),
        ([profile("private", "Ethernet", outbound="block", enabled=False)], "passes"),
        # A profile that holds in no network of the host counts only where no network is known.
        ([profile("private", "Ethernet"), profile("public", outbound="block")], "passes"),
        ([profile("private"), profile("public", outbound="block")], "question_blocked"),
    ],
)
def test_a_reply_is_blocked_only_with_its_question(profiles: list[Profile], reply: Reply) -> None:
    assert reply_through(profiles) == reply


def test_a_usual_host_has_nothing_worth_knowing() -> None:
    path = ReceivePath(
        profiles=(profile("private", "Ethernet"),),
        npcap=Npcap(("Ethernet",), "1.79", True),
        task_offload=True,
        sources=(Source("192.0.2.10", 24, "Ethernet"),),
    )
    assert codes(path) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ({"task_offload": False}, ["task_offload_disabled"]),
        ({"task_offload": None}, []),
        ({"npcap": Npcap(("Ethernet",), "0.93", True)}, ["npcap_overrides_offload"]),
        ({"npcap": Npcap(("Ethernet",), "0.93", False)}, []),
        ({"npcap": Npcap(("Ethernet",), None, True)}, ["npcap_version_unknown"]),
        ({"profiles": (profile("private", "Ethernet", outbound="block"),)}, ["outbound_blocked"]),
        ({"profiles": (profile("private", "Ethernet"), profile("public", outbound="block"))}, []),
        ({"profiles": (profile("public", outbound="block"),)}, ["outbound_blocked"]),
        ({"ports": (PortInUse(623, "0.0.0.0", 4, "x.exe"), PortInUse(664, "::", 4, None))}, ["local_port_in_use"] * 2),
        ({"filters": (Filter("Ethernet", "acme_lwf", "Acme Filter"),)}, ["filter_driver"]),
        ({"members": (Member("Ethernet", "virtual_switch", "vEthernet"),)}, ["virtual_switch"]),
        ({"members": (Member("Ethernet", "lbfo_team", "Team1"),)}, ["team"]),
        ({"members": (Member("Ethernet", "embedded_team", "vEthernet"),)}, ["team"]),
        ({"sources": (Source("192.0.2.10", 24, "A"), Source("192.0.2.11", 24, "B"))}, ["several_sources"]),
    ],
)
def test_what_is_worth_knowing(path: dict[str, Any], expected: list[str]) -> None:
    assert codes(ReceivePath(**path)) == expected


def test_what_overrides_the_offload_comes_first() -> None:
    path = ReceivePath(
        profiles=(profile("private", "Ethernet", outbound="block"),),
        ports=(PortInUse(623, "0.0.0.0", 4711, "agent.exe"),),
        npcap=Npcap(("Ethernet", "WLAN"), "0.86", None),
        task_offload=False,
    )
    first, second, third, fourth = find(path)
    assert first.code == "task_offload_disabled"
    assert (second.code, second.adapters) == ("npcap_overrides_offload", ("Ethernet", "WLAN"))
    assert "Npcap 0.86" in second.sentence
    assert "Ethernet, WLAN" in second.sentence
    assert third == Finding(
        "outbound_blocked",
        "The private profile of the firewall lets nothing out that no rule allows. A question that gets out is answered"
        " all the same.",
        ("Ethernet",),
    )
    assert fourth.sentence.startswith("agent.exe (process 4711) has local UDP port 623 open on 0.0.0.0.")


def test_the_result_has_everything() -> None:
    path = ReceivePath(
        profiles=(profile("private", "Ethernet"),),
        ports=(PortInUse(664, "192.0.2.10", None, None),),
        filters=(Filter("Ethernet", "acme_lwf", "Acme Filter"),),
        npcap=Npcap(("Ethernet",), None, None),
        members=(Member("Ethernet", "virtual_switch", "vEthernet"),),
        task_offload=True,
        sources=(Source("192.0.2.10", 24, "vEthernet"),),
        not_read=(NotRead("addresses", "denied", "no"),),
    )
    assert path.as_dict() == {
        "firewall": {
            "reply": "passes",
            "profiles": [
                {
                    "name": "private",
                    "enabled": True,
                    "inbound": "block",
                    "outbound": "allow",
                    "adapters": ["Ethernet"],
                }
            ],
        },
        "ports_in_use": [{"port": 664, "address": "192.0.2.10", "process_id": None, "process": None}],
        "filters": [{"adapter": "Ethernet", "component": "acme_lwf", "name": "Acme Filter"}],
        "npcap": {"adapters": ["Ethernet"], "version": None, "runs": None, "overrides_offload": None},
        "members": [{"adapter": "Ethernet", "kind": "virtual_switch", "of": "vEthernet"}],
        "task_offload": "enabled",
        "source_addresses": [{"address": "192.0.2.10", "prefix": 24, "adapter": "vEthernet"}],
        "findings": [each.as_dict() for each in find(path)],
        "not_read": [{"what": "addresses", "code": "denied", "why": "no"}],
    }
    assert [each["code"] for each in path.as_dict()["findings"]] == [
        "npcap_version_unknown",
        "local_port_in_use",
        "filter_driver",
        "virtual_switch",
    ]
