# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import (
    Packets,
    asked_from_others,
    other_source,
    override_of,
    packets_of,
)
from tests.unit.plugins.plugin_utils.evidence import BMC, drops, path, probe, probes, receive_path, sources


def test_packets_belong_to_their_bmc() -> None:
    result = drops("driver_marked_bad", pcap="packets/a.pcap")
    assert packets_of(result, BMC) == Packets("driver_marked_bad", "What the packets show.", "packets/a.pcap")
    assert packets_of(result, "192.0.2.99") == Packets()
    assert packets_of(None, BMC) == Packets()
    assert packets_of({"failed": True}, BMC) == Packets()


def test_a_cause_that_nobody_knows_yet_shows_nothing() -> None:
    assert packets_of(drops("gremlins"), BMC).cause == "unavailable"


@pytest.mark.parametrize(
    ("cause", "proof"),
    [("firewall", "What the packets show."), ("unavailable", ""), ("answered", "What the packets show.")],
)
def test_only_what_proves_something_is_a_proof(cause: str, proof: str) -> None:
    assert packets_of(drops(cause), BMC).proof == proof


ANSWERED, SILENT = "answered", "no_answer"


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ([("192.0.2.11", ANSWERED)], "answers"),
        ([("192.0.2.11", "answered_with_error_code")], "answers"),
        ([("192.0.2.11", SILENT)], "silent"),
        ([("192.0.2.11", SILENT), ("192.0.2.12", ANSWERED)], "answers"),
        ([("192.0.2.11", "no_route")], "none"),
        # An answer through another adapter says nothing about this one.
        ([("198.51.100.10", ANSWERED)], "none"),
        ([], "none"),
    ],
)
def test_other_addresses_of_the_same_adapter(asked: list[tuple[str, str]], heard: str) -> None:
    result = sources(*(probe(outcome, source_address=address) for address, outcome in asked))
    assert other_source(result, receive_path(), probe(SILENT)) == heard
    assert len(asked_from_others(result, BMC)) == len(asked)
    assert asked_from_others(result, "192.0.2.99") == []


@pytest.mark.parametrize(
    ("result", "found", "before"),
    [
        (None, receive_path(), probe(SILENT)),
        ({"skipped": True}, receive_path(), probe(SILENT)),
        (sources(probe(ANSWERED, source_address="192.0.2.11")), None, probe(SILENT)),
        (sources(probe(ANSWERED, source_address="192.0.2.11")), receive_path(), None),
        (sources(probe(ANSWERED, source_address="192.0.2.11")), receive_path(), probe(SILENT, path=None)),
        (sources(probe(ANSWERED, source_address="192.0.2.11")), receive_path(), probe(SILENT, path=path(adapter=None))),
        ({"results": [{"failed": True}, probes()]}, receive_path(), probe(SILENT)),
    ],
)
def test_what_is_missing_says_nothing(result: Any, found: Any, before: Any) -> None:
    assert other_source(result, found, before) == "none"


@pytest.mark.parametrize(
    ("task_offload", "npcap", "expected"),
    [
        ("enabled", None, "none"),
        (None, None, "none"),
        ("disabled", None, "certain"),
        ("enabled", {"adapters": ["Ethernet"], "overrides_offload": True}, "certain"),
        ("enabled", {"adapters": ["Ethernet"], "overrides_offload": None}, "perhaps"),
        ("enabled", {"adapters": ["Ethernet"], "overrides_offload": False}, "none"),
        ("enabled", {"adapters": ["WLAN"], "overrides_offload": True}, "none"),
    ],
)
def test_what_overrides_the_settings_of_an_adapter(task_offload: str | None, npcap: Any, expected: str) -> None:
    assert override_of("Ethernet", task_offload, npcap) == expected
