# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that changes its answers: the task ends with a result, and writes nowhere but where it may."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from tests.fuzz.mutations import mutate_xml
from tests.fuzz.target import check_result
from tests.inmemory import MemoryHost, Strike
from tests.properties.profiles import examples
from tests.properties.runs import ADAPTER, Watched, is_allowed, run
from tests.properties.test_sequences import REQUESTS

KIND = {"adapters": [{"model": "intel-i211", "name": ADAPTER, "network": 1}]}


def lie(answer: bytes, seed: int) -> bytes:
    """The answer, changed as the seed says inside of its body only: with another envelope it would be a stray one."""
    head, begin, rest = answer.partition(b"<s:Body>")
    body, end, tail = rest.rpartition(b"</s:Body>")
    return head + begin + mutate_xml(body, Random(seed)) + end + tail if body else answer


def lies(seed: int) -> Strike:
    return Strike(spoil=partial(lie, seed=seed))


@examples(120)
@given(
    states=st.lists(st.sampled_from(["present", "restored"]), min_size=1, max_size=2),
    seeds=st.dictionaries(REQUESTS, st.integers(0, 2**32), min_size=1, max_size=6),
)
def test_lies_change_nothing_but_the_result(states: list[str], seeds: dict[int, int]) -> None:
    host = MemoryHost(KIND)
    try:
        watched = Watched(host)
        for state in states:
            ended = run(host, {number: lies(seed) for number, seed in seeds.items()}, state=state)
            note(f"{state}: {ended.word} {ended.code}")
            check_result(ended.result)
            assert [each for each in watched.new_writes() if not is_allowed(each, watched.guid)] == []
    finally:
        host.close()


def test_a_liar_can_be_told_from_a_good_host() -> None:
    """Or the test above would show nothing."""
    ended: list[tuple[str, Any]] = []
    for seed in range(1, 30):
        host = MemoryHost(KIND)
        try:
            result = run(host, {seed: lies(seed)}, state="present")
        finally:
            host.close()
        ended.append((result.word, result.code))
    assert len(set(ended)) > 3, ended
