# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The words for what an attempt, or a whole probe, came to."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Fault


class Outcome(enum.StrEnum):
    """What one attempt, or a whole probe, came to. In this order: of several observations the first one counts."""

    ANSWERED = "answered"
    ANSWERED_WITH_ERROR_CODE = "answered_with_error_code"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    MALFORMED = "malformed"
    PORT_UNREACHABLE = "port_unreachable"
    BLOCKED_OUTBOUND = "blocked_outbound"
    NO_ROUTE = "no_route"
    PROBE_UNAVAILABLE = "probe_unavailable"
    NO_ANSWER = "no_answer"


ANSWERS = frozenset({Outcome.ANSWERED, Outcome.ANSWERED_WITH_ERROR_CODE})
"""Outcomes that prove that questions reach the target and answers the asker."""

OUTCOME_OF_FAULT = {
    Fault.PORT_UNREACHABLE: Outcome.PORT_UNREACHABLE,
    Fault.NO_ROUTE: Outcome.NO_ROUTE,
    Fault.BLOCKED_OUTBOUND: Outcome.BLOCKED_OUTBOUND,
    Fault.OVERSIZED: Outcome.MALFORMED,
    # Not sent, for a reason that says nothing about the target: it must never pass for silence.
    Fault.OTHER: Outcome.PROBE_UNAVAILABLE,
}

_RANK = {outcome: rank for rank, outcome in enumerate(Outcome)}


def best(outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome that counts of several: the first in the order of :class:`Outcome`; ``no_answer`` of none."""
    return min(outcomes, key=_RANK.__getitem__, default=Outcome.NO_ANSWER)
