# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target of payloads and patterns: what a task gives for them, and replies that were made for a pattern.

An input is a JSON object: the options ``payload`` and ``reply``, and in ``heard`` the replies, as hexadecimal text.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Answer, Misfit
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Exchanged, Reply
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.judge import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pattern import (
    LONGEST_PATTERN,
    Pattern,
    read_pattern,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.payload import LARGEST_PAYLOAD
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import (
    PayloadDialogue,
    read_protocol,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target as Peer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Timing, schedules
from tests.fuzz.mutations import mutate_json
from tests.fuzz.target import Target, check_error, check_result, is_harmless, require

_PEER: Final = Peer("192.0.2.20", 5000, sacrifice=True)
_LARGEST_REPLY: Final = 2048
_MOST_REPLIES: Final = 8
_MOST_STEPS: Final = 20_000
"""Tokens times bytes that the slow way is tried for."""
_CODES: Final = frozenset(
    {
        *("payload_not_text", "payload_not_hex", "payload_too_long", "payload_empty"),
        *("reply_not_text", "reply_not_hex", "reply_too_long", "reply_number_not_sent"),
    }
)
_MISFITS: Final = frozenset({"question_echoed", "unlike_reply", "wrong_number"})
_TOKENS: Final = (
    "00",
    "01",
    "ff",
    "0?",
    "?1",
    "??",
    "*",
    "* ",
    "{n}",
    "{N}",
    " ",
    "\n",
    "\u2003",
    "?",
    "0",
    "{n",
    "* 00",
)
_REPEATS: Final = (1, 2, 3, 30, 600, 2049)


def feed_pattern(data: bytes) -> None:
    """Take *data* for the options of a probe, and for what was heard."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    try:
        protocol = read_protocol({"payload": given.get("payload"), "reply": given.get("reply")})
    except NicError as error:
        check_error(error)
        require(error.code in _CODES, f"refused with {error.code}")
        return
    require(is_harmless(protocol.identity), f"an identity that a terminal obeys: {protocol.identity!r}")
    _check_spelling(protocol.reply)
    (schedule,) = schedules([_PEER], protocol, Timing(), Random(0))
    require(all(1 <= len(send.payload) <= LARGEST_PAYLOAD for send in schedule.sends), "a datagram that does not fit")
    replies = _heard(given.get("heard"))
    for datagram in replies:
        _check_reading(protocol.dialogue(3, Random(0)), datagram)
    heard = [
        Reply(index, datagram, _PEER.address, _PEER.port, float(send.after_ms) + 1)
        for index, send in enumerate(schedule.sends)
        for datagram in replies
    ]
    (judgement,) = judge(schedule, Exchanged(tuple(heard), ()))
    check_result([str(judgement.outcome), judgement.evidence, [each.hex() for each in judgement.replies]])


def _check_spelling(pattern: Pattern) -> None:
    require(pattern.end <= 1 << LONGEST_PATTERN, "a pattern that is too long")
    require(read_pattern(pattern.text) == pattern, f"a pattern that reads differently: {pattern.text!r}")
    tokens = pattern.text.split()
    require(("*", "*") not in itertools.pairwise(tokens), f"a pattern with two spellings: {pattern.text!r}")


def _check_reading(dialogue: PayloadDialogue, datagram: bytes) -> None:
    """Hold the reading of a datagram to the pattern, after each attempt."""
    pattern = dialogue.reply
    tokens = pattern.text.split()
    fits = {number: pattern.matches(datagram, number) for number in (None, 0, 1, 2, 3)}
    if len(tokens) * len(datagram) <= _MOST_STEPS:
        for number, fit in fits.items():
            require(_fits(tokens, datagram, number) is fit, f"{pattern.text!r} and {datagram.hex()}: {fit}")
    for latest in (None, 0, 1, 2):
        reading = dialogue.read(datagram, latest)
        if isinstance(reading, Misfit):
            require(reading.evidence in _MISFITS, f"no word: {reading}")
        elif isinstance(reading, Answer):
            require(latest is not None and 0 <= reading.attempt <= latest, f"{reading} after attempt {latest}")
            require(fits[reading.attempt + 1], f"{reading} does not fit")


def _fits(tokens: Sequence[str], datagram: bytes, number: int | None) -> bool:
    """The slow way: for each end of the datagram, whether the tokens so far reach it."""
    reached = {0}
    for token in tokens:
        if token == "*":
            reached = set(range(min(reached, default=0), len(datagram) + 1)) if reached else set()
        else:
            reached = {end + 1 for end in reached if end < len(datagram) and _is_byte(token, datagram[end], number)}
    return len(datagram) in reached


def _is_byte(token: str, byte: int, number: int | None) -> bool:
    if token == "{n}":
        return number is None or byte == number
    return all(mark in ("?", digit) for mark, digit in zip(token, f"{byte:02x}", strict=True))


def _heard(texts: Any) -> list[bytes]:
    found = []
    for text in texts[:_MOST_REPLIES] if isinstance(texts, list) else ():
        try:
            found.append(bytes.fromhex(text)[:_LARGEST_REPLY])
        except (TypeError, ValueError):
            continue
    return found


def mutate_pattern(message: bytes, chance: Random) -> bytes:
    """Change tokens of pattern or payload, or make a reply that fits a pattern almost; or change the object itself."""
    try:
        given = json.loads(message)
        payload, reply, heard = given["payload"], given["reply"], given["heard"]
        texts = [str(payload), str(reply)]
    except (ValueError, RecursionError, LookupError, TypeError):
        return mutate_json(message, chance)
    what = chance.randrange(8)
    if what == 0 or not isinstance(heard, list):
        return mutate_json(message, chance)
    if what <= 3:
        heard.insert(0, _reply_to(texts[1], chance))
        given["heard"] = heard[:_MOST_REPLIES]
    else:
        which = chance.randrange(2)
        text = texts[which]
        begin = chance.randrange(len(text) + 1)
        new = chance.choice(_TOKENS) * chance.choice(_REPEATS if chance.randrange(8) == 0 else _REPEATS[:3])
        given[("payload", "reply")[which]] = text[:begin] + new + text[begin + chance.choice((0, 0, 1, 2, 3)) :]
    return json.dumps(given).encode("ascii")


def _reply_to(pattern: str, chance: Random) -> str:
    """Hexadecimal text that fits a pattern, with one digit changed now and then."""
    digits = pattern.lower().replace("{n}", f"{chance.randrange(5):02x}").replace("*", "00" * chance.randrange(4))
    filled = "".join(
        chance.choice("0123456789abcdef") if each == "?" else each for each in digits if each.isalnum() or each == "?"
    )
    if filled and chance.randrange(2):
        place = chance.randrange(len(filled))
        filled = filled[:place] + chance.choice("0123456789abcdef") + filled[place + 1 :]
    return filled


_SEEDS: Final[tuple[dict[str, Any], ...]] = (
    {"payload": "0600ff06 000011be 80 {n} 0000", "reply": "06 00 ?? 06 000011be 40 {n} *", "heard": []},
    {
        "payload": "{n} 00",
        "reply": "* {n} 00 *",
        "heard": ["0100", "0200", "0300", "000100ff", "0000", "0400", "ff", "", "0102"],
    },
    {"payload": "ff", "reply": "*", "heard": ["", "ff", "00" * 600]},
    {"payload": "01", "reply": "* 00" * 300 + " ff", "heard": ["00" * 1000, "00" * 299 + "ff", "00" * 300 + "ff"]},
    {"payload": "01", "reply": "* ?? 0?" * 50 + " {n}", "heard": ["00" * 200]},
    {"payload": "01 02", "reply": "0? ?2", "heard": ["0f02", "1002", "0102"]},
    {"payload": 600, "reply": None, "heard": []},
    {"payload": "", "reply": "", "heard": ["00"]},
    {"payload": "0x01", "reply": "06.*", "heard": []},
    {"payload": "00" * 1473, "reply": "??", "heard": []},
)

PATTERNS: Final = Target(
    name="patterns",
    subject="payloads and patterns of tasks, and replies to them",
    feed=feed_pattern,
    seeds=lambda: [json.dumps(each).encode("ascii") for each in _SEEDS],
    mutate=mutate_pattern,
    reach=(
        ("_udp/hextext.py", ()),
        ("_udp/pattern.py", ()),
        ("_udp/payload.py", ()),
        ("_udp/question.py", ("read_protocol", "PayloadDialogue", "PayloadProtocol")),
    ),
    least_reach=90.0,
)
