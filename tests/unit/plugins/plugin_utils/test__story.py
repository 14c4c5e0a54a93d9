# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._story import tell
from tests.unit.plugins.plugin_utils.evidence import (
    BMC,
    CONTROL,
    FAILED,
    SILENT,
    UNREACHABLE,
    drops,
    facts,
    path,
    probe,
    probes,
    receive_path,
    sources,
)

SENTENCE = "6 of 6 replies were dropped for their UDP checksum, which is right."
FINDING = {"code": "local_port_in_use", "adapters": [], "sentence": "agent.exe has local UDP port 623 open."}
FILTER = {"code": "filter_driver", "adapters": ["Ethernet"], "sentence": "A filter is bound to Ethernet."}


def story(**evidence: Any) -> list[tuple[str, str]]:
    given = {"facts": facts(), "probe": SILENT, **evidence}
    return [(each["about"], each["text"]) for each in tell(given, judge(given, Settings()))]


def text(about: str, **evidence: Any) -> str:
    return next(words for name, words in story(**evidence) if name == about)


def test_the_story_of_an_affected_host() -> None:
    asked = probe("no_answer", udp_errors={"before": 10, "after": 13}, path=path(icmp="answered"))
    assert story(
        probe=probes(asked),
        controls=[CONTROL, probes(probe("answered"))],
        receive_path=receive_path(FINDING, FILTER),
        sources=sources(probe("no_answer", source_address="192.0.2.11")),
        drops=drops("driver_marked_bad", sentence=SENTENCE, pcap="packets/a.pcap"),
    ) == [
        ("Asked", "192.0.2.20, UDP port 623 from 192.0.2.10, 3 times: nothing came back."),
        (
            "Elsewhere",
            (
                "From the controller it answered. From a witness it answered. From this host's address 192.0.2.11"
                " nothing came back."
            ),
        ),
        (
            "Way",
            (
                "On the link through Ethernet; its neighbour entry is reachable (00:e0:81:00:00:01); ICMP answered."
                " Windows counted 3 UDP errors meanwhile. Ethernet is Intel(R) I211 Gigabit Network Connection,"
                " e1r68x64.sys 12.18.11.1; UDP checksum offload is rx_tx, in force rx_tx."
            ),
        ),
        ("Packets", f"{SENTENCE} Saved as packets/a.pcap."),
        ("Host", "The firewall's profiles keep no reply out. agent.exe has local UDP port 623 open."),
        (
            "So",
            (
                "Affected, proven (replies_marked_bad). 192.0.2.20 answers, and its replies reach this host: Ethernet"
                " (e1r68x64.sys) marks them bad, so that Windows drops them."
            ),
        ),
        (
            "Next",
            (
                "Run the remediate playbook. Where nothing was known of the adapter, add the rule that the summary"
                " shows to udp_rx_offload_rules first."
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on_link": False, "next_hop": "192.0.2.1"}, "By way of 192.0.2.1 through Ethernet;"),
        ({"adapter": "vEthernet"}, "On the link through vEthernet, over Ethernet;"),
        ({"neighbour": None}, "it is not in the table of neighbours;"),
        ({"neighbour": {"mac": None, "state": "incomplete"}}, "its neighbour entry is incomplete;"),
        ({"adapter": None, "physical": []}, "The host has no route there."),
    ],
)
def test_the_way(changes: dict[str, Any], words: str) -> None:
    assert words in text("Way", probe=probes(probe("no_answer", path=path(**changes))))


def test_what_could_not_be_read_is_told() -> None:
    found = receive_path(
        firewall={"reply": "unknown", "profiles": []}, not_read=[{"what": "firewall profiles", "code": "x", "why": "y"}]
    )
    assert text("Host", receive_path=found) == (
        "The firewall's profiles could not be read. Not read: firewall profiles."
    )


@pytest.mark.parametrize(
    ("outcome", "answers", "words"),
    [
        ("answered", 3, "it answered."),
        ("answered", 1, "it answered 1 times."),
        ("port_unreachable", 0, "nothing listens there, it says by ICMP."),
        ("gremlins", 0, "gremlins."),
    ],
)
def test_what_was_heard(outcome: str, answers: int, words: str) -> None:
    assert text("Asked", probe=probes(probe(outcome, answers=answers))).endswith(f": {words}")


def test_of_several_bmcs_each_has_what_was_found() -> None:
    second = "192.0.2.21"
    told = story(
        probe=probes(probe("no_answer"), probe("answered", bmc=second, address="192.0.2.22")),
        drops=drops("driver_marked_bad", sentence=SENTENCE),
    )
    assert [name for name, _text in told] == [
        *("Asked", "Way", "Packets", "Found"),
        *("Asked", "Way", "Found"),
        *("So", "Next"),
    ]
    assert next(words for name, words in told if name == "Found").startswith("Affected, proven (replies_marked_bad).")
    assert any(words.startswith("192.0.2.21 (192.0.2.22), UDP port 623") for _name, words in told)
    assert sum(SENTENCE in words for _name, words in told) == 1


@pytest.mark.parametrize("evidence", [{"facts": FAILED, "probe": None}, {"facts": UNREACHABLE, "probe": None}])
def test_a_host_that_can_not_be_read_has_only_an_end(evidence: dict[str, Any]) -> None:
    assert [name for name, _text in story(**evidence)] == ["So", "Next"]


def test_without_packets_none_are_told() -> None:
    names = [name for name, _text in story(drops=FAILED, receive_path=FAILED)]
    assert names == ["Asked", "Way", "So", "Next"]
    assert text("Asked").startswith(BMC)
