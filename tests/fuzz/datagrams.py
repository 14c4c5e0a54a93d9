# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of probes: datagrams of a management card, and what the relay on a host says that it heard."""

from __future__ import annotations

import json
from random import Random
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi import packets
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Reply,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.judge import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import ANSWERS
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Schedule, Timing, schedules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target as Bmc
from tests.fuzz.mutations import mutate_packet, mutate_relay
from tests.fuzz.target import Target, check_result, is_harmless, require
from tests.lab.controller import Controller
from tests.lab.fleet import BmcPlan
from tests.lab.schema import Bmc as BmcSpec

_SCHEDULE: Final[Schedule] = schedules([Bmc("192.0.2.20", 623, sacrifice=True)], BmcProtocol(), Timing(), Random(0))[0]
_BEHAVIOURS: Final = (
    BmcSpec(behaviour="ipmi20"),
    BmcSpec(behaviour="ipmi15"),
    BmcSpec(behaviour="smdc"),
    BmcSpec(behaviour="ping_only"),
    BmcSpec(acknowledges=True),
    BmcSpec(completion_code=0xC3),
)


def feed_packet(data: bytes) -> None:
    """Read *data* as a datagram, and judge it as the answer to every question of a probe."""
    message = packets.unpack(data)
    if isinstance(message, packets.PresencePong | packets.CapabilitiesRequest | packets.CapabilitiesResponse):
        again = packets.unpack(message.pack())
        require(again == message, f"{message} became {again}")
    replies = tuple(
        Reply(send, data, send_of.address, send_of.port, float(send_of.after_ms))
        for send, send_of in enumerate(_SCHEDULE.sends)
    )
    _judged(Exchanged(replies, ()))


def feed_relay(data: bytes) -> None:
    """Read *data* as the relay's output, and judge what it heard."""
    try:
        heard = relay.read_answer(data, len(_SCHEDULE.sends))
    except ExchangeUnavailable as unavailable:
        text = unavailable.detail
        require(is_harmless(text) and len(text) < 2000, f"words that a terminal obeys: {text!r}")
        return
    _judged(heard)


def _judged(heard: Exchanged) -> None:
    for judgement in judge(_SCHEDULE, heard):
        require(len(judgement.attempt_outcomes) == 3, "an attempt got lost")
        require(judgement.round_trip_ms is None or judgement.round_trip_ms >= 0, "an answer before its question")
        check_result(
            [
                str(judgement.outcome),
                [str(each) for each in judgement.attempt_outcomes],
                judgement.round_trip_ms,
                list(judgement.told),
                judgement.evidence,
                [each.hex() for each in judgement.replies],
            ]
        )
        if judgement.outcome in ANSWERS:
            read = [packets.unpack(each) for each in judgement.replies]
            require(
                any(isinstance(each, packets.PresencePong | packets.CapabilitiesResponse) for each in read),
                f"{judgement.outcome} without any answer",
            )


def _packet_seeds() -> list[bytes]:
    """What every sort of card of the lab answers to every question."""
    seen = dict.fromkeys(send.payload for send in _SCHEDULE.sends)
    for datagram, _index in _answers():
        seen[datagram] = None
    return list(seen)


def _answers() -> list[tuple[bytes, int]]:
    found = []
    for number, spec in enumerate(_BEHAVIOURS, 1):
        for index, send in enumerate(_SCHEDULE.sends):
            card = Controller(BmcPlan(number, "192.0.2.20", spec))
            found += [(answer.datagram, index) for answer in card.answers(send.payload, 0.0)]
    return found


def _relay_seeds() -> list[bytes]:
    replies = [
        {
            "send": index,
            "hex": datagram.hex(),
            "address": "192.0.2.20",
            "port": 623,
            "ms": _SCHEDULE.sends[index].after_ms + 1.5,
        }
        for datagram, index in _answers()
    ]
    errors = [{"send": 2, "code": code, "ms": 1200.5} for code in (10054, 10051, 10013, 10040, 10060)]
    return [
        json.dumps(each).encode("ascii")
        for each in (
            {"version": 1, "replies": replies[:6], "errors": []},
            {"version": 1, "replies": replies[6:], "errors": errors},
            {"version": 1, "replies": [], "errors": []},
            {"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"},
            {"version": 1, "error": "bind", "code": 10049, "mode": "FullLanguage"},
            {"version": 1, "error": "bind", "code": 10013, "mode": "FullLanguage"},
        )
    ]


PACKETS: Final = Target(
    name="packets",
    subject="datagrams of management cards: RMCP, ASF, IPMI",
    feed=feed_packet,
    seeds=_packet_seeds,
    mutate=mutate_packet,
    reach=(
        ("_ipmi/packets.py", ("unpack", "_unpack_asf", "_unpack_ipmi", "_response", "Capabilities.ipmi_versions")),
        ("_ipmi/dialogue.py", ("BmcDialogue.read",)),
        ("_udp/judge.py", ()),
    ),
    least_reach=80.0,
    most_bytes=256,
)

RELAY: Final = Target(
    name="relay",
    subject="answers of the relay",
    feed=feed_relay,
    seeds=_relay_seeds,
    mutate=mutate_relay,
    reach=(
        (
            "_udp/relay.py",
            ("read_answer", "_reply", "_error", "_entries", "_integer", "_code", "_milliseconds", "_text"),
        ),
        ("_ipmi/dialogue.py", ("BmcDialogue.read",)),
        ("_udp/judge.py", ()),
    ),
    least_reach=85.0,
)
