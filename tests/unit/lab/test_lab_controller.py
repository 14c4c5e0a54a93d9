# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated controllers, byte by byte. Literal datagrams are those measured with ipmitool and ipmi_sim."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.controller import Answer, Controller
from tests.lab.fleet import BmcPlan
from tests.lab.schema import Bmc

PING = bytes.fromhex("0600ff06000011be80420000")
PONG = bytes.fromhex("0600ff06000011be40420010000011be000000008100000000000000")
EXTENDED_REQUEST = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")
PLAIN_REQUEST = bytes.fromhex("0600ff07000000000000000000092018c88104380e0431")
EXTENDED_ANSWER = bytes.fromhex("0600ff0700000000000000000010811c6320003800019705030000000008")
PLAIN_ANSWER = bytes.fromhex("0600ff0700000000000000000010811c6320043800011705000000000087")
REFUSED_ANSWER = bytes.fromhex("0600ff0700000000000000000008811c63200038ccdc")


def controller(**spec: Any) -> Controller:
    return Controller(BmcPlan(1, "127.2.0.1", Bmc(**spec)))


def answers(datagram: bytes, **spec: Any) -> list[bytes]:
    return [answer.datagram for answer in controller(**spec).answers(datagram, 0.0)]


@pytest.mark.parametrize(
    ("behaviour", "datagram", "expected"),
    [
        ("ipmi20", PING, [PONG]),
        ("ipmi20", EXTENDED_REQUEST, [EXTENDED_ANSWER]),
        ("ipmi20", PLAIN_REQUEST, [PLAIN_ANSWER]),
        ("ipmi15", PING, [PONG]),
        ("ipmi15", EXTENDED_REQUEST, [REFUSED_ANSWER]),
        ("ipmi15", PLAIN_REQUEST, [PLAIN_ANSWER]),
        ("smdc", EXTENDED_REQUEST, [REFUSED_ANSWER + b"\0"]),
        ("smdc", PLAIN_REQUEST, [PLAIN_ANSWER + b"\0"]),
        ("smdc", PING, [PONG]),
        ("ping_only", PING, [PONG[:20] + b"\x01" + PONG[21:]]),
        ("ping_only", PLAIN_REQUEST, []),
        ("silent", PING, []),
        ("silent", PLAIN_REQUEST, []),
    ],
)
def test_behaviours(behaviour: str, datagram: bytes, expected: list[bytes]) -> None:
    assert answers(datagram, behaviour=behaviour) == expected


def changed(datagram: bytes, **bytes_at: int) -> bytes:
    """The datagram with other bytes at some places, named ``at_13`` and so on."""
    result = bytearray(datagram)
    for place, value in bytes_at.items():
        result[int(place.removeprefix("at_"))] = value
    return bytes(result)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x06\x00\xff",
        changed(PING, at_0=5),
        changed(PING, at_3=8),
        changed(PING, at_7=0xBF),
        changed(PING, at_8=0x40),
        changed(PING, at_9=0xFF),
        PING[:10],
        changed(PLAIN_REQUEST, at_4=1),
        changed(PLAIN_REQUEST, at_13=8),
        changed(PLAIN_REQUEST, at_13=10),
        changed(PLAIN_REQUEST, at_16=0),
        changed(PLAIN_REQUEST, at_22=0),
        changed(PLAIN_REQUEST, at_14=0x22, at_16=0xC6),
        changed(PLAIN_REQUEST, at_15=0x1C, at_16=0xC4),
        changed(PLAIN_REQUEST, at_15=0x19, at_16=0xC7),
        PLAIN_REQUEST[:-1],
        PLAIN_REQUEST + b"\0\0",
        changed(PLAIN_REQUEST, at_3=0x87),
    ],
)
def test_malformed_datagrams_are_ignored(datagram: bytes) -> None:
    assert answers(datagram) == []


def test_legacy_pad_of_a_request_is_accepted() -> None:
    assert answers(PLAIN_REQUEST + b"\0") == [PLAIN_ANSWER]


def test_sequence_that_asks_for_an_acknowledgement_gets_one() -> None:
    assert answers(changed(PING, at_2=7)) == [b"\x06\x00\x07\x86", PONG]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"acknowledges": True}, [b"\x06\x00\xff\x87", PLAIN_ANSWER]),
        ({"pads": True}, [PLAIN_ANSWER + b"\0"]),
        ({"behaviour": "smdc", "pads": False}, [PLAIN_ANSWER]),
        ({"duplicates": True}, [PLAIN_ANSWER, PLAIN_ANSWER]),
        ({"completion_code": 0xC0}, [bytes.fromhex("0600ff0700000000000000000008811c63200438c0e4")]),
        ({"corrupts": "checksum1"}, [changed(PLAIN_ANSWER, at_16=0x9C)]),
        ({"corrupts": "checksum2"}, [changed(PLAIN_ANSWER, at_29=0x78)]),
        ({"corrupts": "sequence"}, [changed(PLAIN_ANSWER, at_18=0, at_29=0x8B)]),
        ({"corrupts": "command"}, [changed(PLAIN_ANSWER, at_19=0x39, at_29=0x86)]),
        ({"corrupts": "network_function"}, [changed(PLAIN_ANSWER, at_15=0x18, at_16=0x67)]),
        ({"corrupts": "class"}, [changed(PLAIN_ANSWER, at_3=8)]),
        ({"corrupts": "length"}, [changed(PLAIN_ANSWER, at_13=0x14)]),
        ({"corrupts": "truncated"}, [PLAIN_ANSWER[:-4]]),
    ],
)
def test_quirks(spec: dict[str, Any], expected: list[bytes]) -> None:
    assert answers(PLAIN_REQUEST, **spec) == expected


@pytest.mark.parametrize("corrupts", ["checksum1", "sequence", "class"])
def test_pongs_are_never_corrupt(corrupts: str) -> None:
    assert answers(PING, corrupts=corrupts) == [PONG]


def test_delay_and_origin() -> None:
    assert controller(behaviour="smdc").answers(PING, 0.0) == [Answer(PONG, 60)]
    slow = controller(answer_delay_ms=5, answers_from="other_port")
    assert slow.answers(PING, 0.0) == [Answer(PONG, 5, "other_port")]


def test_every_third_request_is_lost() -> None:
    bmc = controller(loses_every=3)
    assert [len(bmc.answers(PING, float(now))) for now in range(6)] == [1, 1, 0, 1, 1, 0]


def test_falls_silent() -> None:
    bmc = controller(falls_silent_after=2)
    assert [len(bmc.answers(PING, float(now))) for now in range(4)] == [1, 1, 0, 0]


def test_wakes_up() -> None:
    bmc = controller(wakes_after=2)
    assert [len(bmc.answers(PING, float(now))) for now in range(4)] == [0, 0, 1, 1]


def test_old_card_drowns_and_recovers() -> None:
    bmc = controller(drown={"datagrams": 2, "window_ms": 1000, "for_ms": 3000})
    heard = {now: bool(bmc.answers(PING, float(now))) for now in (0, 100, 200, 1150, 3100, 3300)}
    assert heard == {0: True, 100: True, 200: False, 1150: False, 3100: False, 3300: True}


def test_paced_questions_drown_nothing() -> None:
    bmc = controller(behaviour="smdc")
    assert all(bmc.answers(PING, float(now)) for now in range(0, 10_000, 200))


def test_being_asked_on_keeps_it_under() -> None:
    bmc = controller(drown={"datagrams": 1, "window_ms": 500, "for_ms": 1000})
    assert [bool(bmc.answers(PING, float(now))) for now in (0, 400, 800, 1200, 1600)] == [True] + [False] * 4


def request(command: int, data: str, session: int = 0, function: int = 0x18) -> bytes:
    head = bytes((0x20, function))
    rest = bytes((0x81, 0x08, command)) + bytes.fromhex(data)
    message = head + bytes((-sum(head) & 0xFF,)) + rest + bytes((-sum(rest) & 0xFF,))
    return b"\x06\x00\xff\x07\x00" + bytes(4) + session.to_bytes(4, "little") + bytes((len(message),)) + message


def payload(bmc: Controller, datagram: bytes) -> bytes:
    (answer,) = bmc.answers(datagram, 0.0)
    return answer.datagram[20:-1]


@pytest.mark.parametrize(
    ("datagram", "code"),
    [
        (request(0x38, "05"), 0xC7),
        (request(0x38, "0504"), 0xCC),
        (request(0x38, "0e00"), 0xCC),
        (request(0x38, "0e05"), 0xCC),
        (request(0x01, ""), 0xD5),
        (request(0x01, "", session=9), 0xD5),
        (request(0x00, "", function=0x00), 0xC1),
        (request(0x3A, "00" * 22), 0xCC),
        (request(0x39, ""), 0xC7),
    ],
)
def test_completion_codes(datagram: bytes, code: int) -> None:
    assert payload(controller(), datagram) == bytes((code,))


def test_channel_one_is_this_channel() -> None:
    assert payload(controller(), request(0x38, "0104")) == bytes.fromhex("000117050000000000")


def test_session_of_type_none() -> None:
    bmc = controller()
    challenge = payload(bmc, request(0x39, "00" * 17))
    session = int.from_bytes(challenge[1:5], "little")
    assert (challenge[0], session != 0, len(challenge)) == (0, True, 21)
    activated = payload(bmc, request(0x3A, "0004" + "00" * 20, session=session))
    assert activated == b"\x00\x00" + session.to_bytes(4, "little") + bytes.fromhex("0100000004")
    assert payload(bmc, request(0x3B, "04", session=session)) == b"\x00\x04"
    assert payload(bmc, request(0x01, "", session=session))[:2] == b"\x00\x23"
    assert payload(bmc, request(0x3C, session.to_bytes(4, "little").hex(), session=session)) == b"\x00"
    assert payload(bmc, request(0x01, "", session=session)) == b"\xd5"
