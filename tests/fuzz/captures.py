# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target of captures: what a host says that PktMon recorded, from the script's output to verdict and file."""

from __future__ import annotations

import ipaddress
import json
import struct
from collections.abc import Iterator, Mapping
from functools import cache
from random import Random
from typing import Any, Final, cast
from unittest.mock import patch

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import gather as gathering
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import results
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import LEFTOVERS, REFUSALS
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import Cause
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.pcap import as_pcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target as Bmc
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Timing, schedules
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import shell
from tests.fuzz.mutations import changed_value, mutate_bytes, mutate_json
from tests.fuzz.target import Target, check_result, is_harmless, require
from tests.inmemory import MemoryHost
from tests.lab import capture as script
from tests.lab.controller import Controller
from tests.lab.fleet import BmcPlan
from tests.lab.frames import Datagram, ones_sum
from tests.lab.pktmon import OUR_FILE
from tests.lab.schema import Bmc as BmcSpec

_QUESTION: Final = gathering.Question(BmcProtocol(), Timing(), None)
_BMC: Final = Bmc("127.2.0.1", 623, sacrifice=False)
_LOCAL_PORT: Final = 50_000
_PACKET_BYTES: Final = 2000
_LONGEST_RESULT: Final = 16_384
"""Of what becomes part of a task's result, as JSON: the two datagrams in it may have 4 and 16 KiB of hex digits."""
_LONGEST_SENTENCE: Final = 1000
_EVENTS: Final = frozenset({20, 160, 170, 180, 190})
_CODES: Final = frozenset(
    {
        *REFUSALS,
        *("requests_not_seen", "events_left_out", "no_metadata", "checksum_unknown"),
        *("constrained_language", "source_unusable", "relay_failed", "relay_garbage", "socket_error"),
    }
)
_VERDICTS: Final = frozenset(
    {"tcp_failed", "udp_failed", "ip_failed", "tcp_succeeded", "udp_succeeded", "ip_succeeded"}
)
_NUMBERS: Final = (
    *("0", "1", "2", "3", "4", "7", "9", "12", "34", "49", "904", "909", "912", "922", "1203", "1204", "1207"),
    *("65535", "65536", "-1", "-536852982", "2147483648", "4294967295", "4294967296", "18446744073709551616"),
    *("1" * 4299, "0x10", "1_000", "+5", " 5 ", "\u0663", "", "NaN", "1e3"),
)
_SUMS: Final = ((10, 12), (26, 28))
"""Where the checksums of the IPv4 and the UDP header stand in a packet without options."""


def feed_capture(data: bytes) -> None:
    """Take *data* for what the script printed, and go all the way that a task goes with it."""
    printed = shell.ShellResult(0, data, b"", None)
    with (
        patch.object(shell, "run_command", lambda *_arguments, **_limits: printed),
        patch.object(gathering, "read_udp_errors", lambda _client: None),
    ):
        found = gathering.gather(cast("Any", None), _BMC, _QUESTION, turn=Turn(), random=Random(0), now=lambda: 1000.0)
    told = results.as_dict(found.finding, found.packets, found.capture)
    _check_told(told)
    probe = found.probe
    check_result([told, list(found.warnings), str(probe.outcome), probe.detail, list(probe.told), list(probe.replies)])
    for text in (told["sentence"], probe.detail, *found.warnings):
        require(is_harmless(text), f"words that a terminal obeys: {text!r}")
        require(len(text) <= _LONGEST_SENTENCE, f"a sentence of {len(text)} characters")
    require(len(json.dumps(told)) <= _LONGEST_RESULT, f"a result of {len(json.dumps(told))} characters")
    content = as_pcap(found.packets)
    if content is not None:
        _check_pcap(content, len(data))


def _check_told(told: Mapping[str, Any]) -> None:
    """Hold a result to the words and numbers that are documented, and its causes to what they say."""
    cause, lost = told["cause"], told["unavailable"]
    require(cause in {each.value for each in Cause}, f"no cause: {cause!r}")
    require((cause == "unavailable") == (lost is not None), f"{cause} with {lost}")
    require(lost is None or (lost["code"] in _CODES and is_harmless(lost["detail"])), f"no code: {lost}")
    require(set(told["driver_says"] or ()) <= _VERDICTS, f"no verdict: {told['driver_says']}")
    require({*told["cleaned"], *told["left_behind"]} <= set(LEFTOVERS), "no leftover")
    numbers = [*told["reasons"], *(drop["reason"] for drop in told["drops"])]
    require(all(0 <= each < 2**32 for each in numbers), f"reasons out of range: {numbers}")
    require(len(told["reasons"]) <= 32 and len(told["drops"]) <= 32, "lists without an end")
    for drop in told["drops"]:
        require(len(drop["location"]) == len("0x01234567"), f"no location: {drop['location']}")
        require(0 <= drop["component"] < 2**32, f"no component: {drop['component']}")
        require(is_harmless(drop["component_name"] or ""), f"a name that a terminal obeys: {drop}")
    packets = told["packets"]
    require(packets["dropped_replies"] <= packets["replies"], f"more dropped than seen: {packets}")
    if cause == Cause.DRIVER_MARKED_BAD:
        require(1203 in told["reasons"] and "udp_failed" in told["driver_says"], f"nobody marked it bad: {told}")
        require(_is_sound(bytes.fromhex(told["datagram"])), f"a reply that is damaged indeed: {told}")


def _is_sound(packet: bytes) -> bool:
    """Whether the UDP checksum of an IPv4 packet fits, by the lab's own sum: with it all bits are ones (RFC 768)."""
    begin = (packet[0] & 15) * 4
    (size, in_datagram) = struct.unpack_from(">HH", packet, begin + 4)
    if in_datagram == 0:
        return True
    return ones_sum(packet[12:20] + struct.pack(">BBH", 0, 17, size) + packet[begin : begin + size]) == 0xFFFF


def _check_pcap(content: bytes, size: int) -> None:
    """Read the file as libpcap does: every record is of the conversation, and there are no more than came."""
    require(len(content) <= 24 + 16 * size, f"{len(content)} bytes out of {size}")
    head = struct.unpack_from("<IHHiIII", content)
    require(head[:6] == (0xA1B2C3D4, 2, 4, 0, 0, 65535) and head[6] in (1, 101), f"no header: {head}")
    offset, address = 24, ipaddress.IPv4Address(_BMC.address).packed
    while offset < len(content):
        require(offset + 16 <= len(content), "half a record's header")
        _seconds, microseconds, kept, whole = struct.unpack_from("<IIII", content, offset)
        offset += 16 + kept
        require(offset <= len(content), "a record that ends behind the file")
        require(microseconds < 1_000_000 and 0 < kept <= min(whole, 65535), f"{microseconds} us, {kept} of {whole}")
        require(address in content[offset - kept : offset], "a packet of somebody else")


def mutate_capture(message: bytes, chance: Random) -> bytes:
    """Change a packet inside of an event, one of its numbers, or the order of events; or the answer around them."""
    try:
        answer = json.loads(message)
        events = answer["events"]
        place = chance.randrange(len(events))
        values = events[place]["values"]
        number = chance.randrange(len(values))
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return mutate_json(message, chance)
    except (ValueError, RecursionError, LookupError, TypeError):
        return mutate_json(message, chance)
    what = chance.randrange(8)
    if what == 0:
        return mutate_json(message, chance)
    if what == 1:
        events.insert(chance.randrange(len(events) + 1), events.pop(place))
    elif what == 2:
        # As a packet of its own, or as another appearance of one that is there.
        events.insert(place, {**events[place], "values": [*values]})
        if chance.randrange(2):
            values[0] = str(chance.randrange(3))
    elif what == 3:
        events[place]["id"] = chance.choice([*_EVENTS, 240, 0, 65535])
    elif what == 4:
        answer["relay"] = changed_value(answer.get("relay"), chance)
    elif what == 5:
        values[number] = chance.choice(_NUMBERS)
    else:
        values[-1] = _changed_packet(values[-1], chance)
    return json.dumps(answer).encode("ascii")


def _changed_packet(digits: str, chance: Random) -> str:
    """The packet with other bytes; half of the time its checksums are right again, so that the rest of it counts."""
    try:
        packet = mutate_bytes(bytes.fromhex(digits), chance)
    except ValueError:
        return chance.choice(_NUMBERS)
    begin = packet.find(b"\x45\x00")
    if begin >= 0 and len(packet) >= begin + 28 and chance.randrange(2):
        whole = bytearray(packet[begin:])
        for first, last in _SUMS:
            whole[first:last] = b"\0\0"
        size = struct.unpack_from(">H", whole, 24)[0]
        whole[10:12] = struct.pack(">H", ~ones_sum(bytes(whole[:20])) & 0xFFFF)
        summed = bytes(whole[12:20]) + struct.pack(">BBH", 0, 17, size) + bytes(whole[20 : 20 + size])
        whole[26:28] = struct.pack(">H", ~ones_sum(summed) & 0xFFFF or 0xFFFF)
        packet = packet[:begin] + bytes(whole)
    return packet.hex().upper()


def _kind(replies: str = "whole", **changes: Any) -> dict[str, Any]:
    return {
        "adapters": [{"model": "intel-i211", "network": 1}],
        "bmcs": [{"bmc": {"behaviour": "smdc", "replies": replies}, "neighbour": "resolved"}],
        **changes,
    }


@cache
def _seeds() -> list[bytes]:
    """What PktMon of the lab records of one question and its reply, in every way in which hosts and replies differ."""
    kinds = (
        _kind(),
        _kind(system={"pktmon": {"metadata": "absent", "drop_group": "own"}}),
        _kind(system={"pktmon": {"logged_bytes": 40, "duplicate_drops": True}}),
        _kind(system={"pktmon": {"metadata": "cleared_at_drop", "vlan": 5}}),
        _kind("wrong_checksum"),
        _kind("no_checksum"),
        _kind(adapters=[{"model": "intel-i211", "network": 1, "configured": "disabled"}]),
    )
    recorded = [_recorded(kind) for kind in kinds]
    others: list[dict[str, Any]] = [
        {"unavailable": "capture_running", "detail": "a capture of somebody else is running", "relay": None},
        {"cleaned": ["capture", "filter", "file"], "left_behind": ["file"], "events_left_out": 3},
    ]
    answers = [*recorded, *({**recorded[0], "events": [], **each} for each in others)]
    refusal = {"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"}
    return [json.dumps(each).encode("ascii") for each in (*answers, refusal)]


def _recorded(kind: Mapping[str, Any]) -> dict[str, Any]:
    host = MemoryHost(kind)
    try:
        machine = host.machine
        machine.pktmon.start(OUR_FILE, _PACKET_BYTES)
        for datagram in _exchanged(host):
            machine.network.arrives(datagram)
        machine.pktmon.stop()
        events = [each for each in machine.pktmon.files[OUR_FILE] if each.id in script.READ]
    finally:
        host.close()
    return {
        "version": 1,
        "unavailable": None,
        "detail": None,
        "relay": {"version": 1, "replies": [], "errors": []},
        "events": [{"id": each.id, "us": each.us, "values": [*map(script._text, each.values)]} for each in events],
        "events_left_out": 0,
        "cleaned": [],
        "left_behind": [],
    }


def _exchanged(host: MemoryHost) -> Iterator[Datagram]:
    """Send the first question of the probe; the datagrams that the card sends back."""
    machine = host.machine
    (schedule,) = schedules([_BMC], _QUESTION.protocol, _QUESTION.timing, Random(0))
    hop = machine.surroundings.hop(_BMC.address, None)
    if hop is None:
        raise LookupError(f"no way to {_BMC.address}")
    local = (str(hop.source), _LOCAL_PORT)
    machine.stack.open(local)
    question = schedule.sends[0].payload
    machine.stack.sends(hop, Datagram(*local, _BMC.address, _BMC.port, question))
    spec = BmcSpec(**host.kind["bmcs"][0]["bmc"])
    for answer in Controller(BmcPlan(1, _BMC.address, spec)).answers(question, 0.0):
        yield Datagram(_BMC.address, _BMC.port, *local, answer.datagram, spec.replies)
    machine.stack.close(local)


CAPTURES: Final = Target(
    name="captures",
    subject="packets that PktMon recorded, and what they prove",
    feed=feed_capture,
    seeds=_seeds,
    mutate=mutate_capture,
    reach=(
        (
            "_evidence/capture.py",
            ("read_capture", "_capture", "_check_event", "_detail", "_leftovers", "_integer", "CaptureExchange"),
        ),
        ("_evidence/events.py", ()),
        ("_evidence/datagrams.py", ()),
        ("_evidence/packets.py", ()),
        ("_evidence/cause.py", ()),
        ("_evidence/results.py", ()),
        ("_evidence/pcap.py", ()),
    ),
    least_reach=75.0,
    most_bytes=16384,
)
