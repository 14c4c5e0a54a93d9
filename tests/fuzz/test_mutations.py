# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutations: the same chance gives the same input, and most of them keep the form that the code behind asks for."""

from __future__ import annotations

import json
from random import Random
from xml.etree import ElementTree as ET

import pytest

from tests.fuzz.mutations import mutate_json, mutate_packet, mutate_xml, repaired
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.lab.rmcp import IpmiRequest, Malformed, Rmcp

TRIES = 400


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_every_seed_is_taken_and_fits(target: Target) -> None:
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        assert len(seed) <= target.most_bytes
        target.feed(seed)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_chance_alone_decides(target: Target) -> None:
    seed = target.seeds()[0]
    once, again = ([target.mutate(seed, Random(number)) for number in range(50)] for _time in range(2))
    assert once == again
    assert len(set(once)) > 25


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_was_changed_can_be_changed_again(target: Target) -> None:
    for seed in target.seeds()[:3]:
        for number in range(20):
            message, chance = seed, Random(number)
            for _again in range(15):
                message = target.mutate(message, chance)
                assert isinstance(message, bytes)
                # As libFuzzer keeps it.
                message = message[: target.most_bytes]


def test_most_xml_stays_well_formed() -> None:
    seed = TARGETS["faults"].seeds()[0]
    well_formed = 0
    for number in range(TRIES):
        try:
            ET.fromstring(mutate_xml(seed, Random(number)))
        except ET.ParseError:
            continue
        well_formed += 1
    assert TRIES // 2 < well_formed < TRIES


def test_most_json_stays_json() -> None:
    seed = TARGETS["undo"].seeds()[0]
    for number in range(TRIES):
        changed = mutate_json(seed, Random(number))
        assert json.loads(changed.decode("utf-8", "surrogatepass")) != json.loads(seed) or changed != seed


def test_most_packets_reach_what_lies_behind_the_checksums() -> None:
    seed = next(each for each in TARGETS["packets"].seeds() if len(each) == 23)
    good = 0
    for number in range(TRIES):
        try:
            IpmiRequest.parse(Rmcp.parse(mutate_packet(seed, Random(number))).body)
        except Malformed:
            continue
        good += 1
    assert TRIES // 10 < good < TRIES


def test_a_repaired_datagram_has_right_checksums_and_length() -> None:
    seed = next(each for each in TARGETS["packets"].seeds() if len(each) == 23)
    broken = bytearray(seed + b"\1\2")
    broken[20] ^= 0xFF
    whole = repaired(bytes(broken))
    assert whole[13] == len(whole) - 14
    assert sum(whole[14:17]) % 256 == 0
    assert sum(whole[17:]) % 256 == 0
    assert repaired(seed) == seed
    assert repaired(b"short") == b"short"
