# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The sentences on one host and one BMC: the meaning of the verdict, with names filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._meanings import (
    FOUND,
    MEANINGS,
    REFUSED,
    Meaning,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import Verdict

_SAYS_ENOUGH: Final = (("unreachable_from_host", "own_bmc"), ("unknown", "port_unreachable"))
"""Verdicts beside which the packets tell nothing more."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence speaks of.

    ``adapter`` is the one on the way to the BMC, with its driver. ``remedy`` is the next step of an error, which knows
    more than that of the verdict. ``proof`` is what the packets show, as a sentence; ``note`` is another sentence that
    goes with whatever the verdict is.
    """

    bmc: str = ""
    adapter: str = ""
    problem: str = ""
    remedy: str = ""
    proof: str = ""
    note: str = ""


def explain(verdict: Verdict, subject: Subject) -> Meaning:
    """The sentence and the next step of a verdict, with the names filled in."""
    meaning = MEANINGS.get((verdict.verdict, verdict.reason)) or _left_alone(verdict)
    starts_with_name = meaning.sentence.startswith("{bmc}") and subject.bmc
    names = {
        "bmc": subject.bmc or "the BMC",
        "adapter": subject.adapter or "the adapter",
        "problem": subject.problem or "no details",
    }
    sentence = meaning.sentence.format(**names)
    # A name keeps its letter case.
    if not starts_with_name:
        sentence = sentence[0].upper() + sentence[1:]
    if subject.proof and (verdict.verdict, verdict.reason) not in _SAYS_ENOUGH:
        sentence += f" {subject.proof}"
    if subject.note:
        sentence += f" {subject.note}"
    return Meaning(sentence, subject.remedy or meaning.next_step)


def _left_alone(verdict: Verdict) -> Meaning:
    """Of a host that would be changed; in mode enforce that may stand beside any verdict."""
    refused = REFUSED[verdict.reason]
    found = FOUND.get(verdict.verdict, "An adapter of this host would be changed.")
    return Meaning(f"{found} {refused.sentence}", refused.next_step)
