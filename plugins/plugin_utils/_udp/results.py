# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Probes in the form of a task's result, and whether they are what the task expects."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import ANSWERS
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult

_ANSWERS = frozenset(outcome.value for outcome in ANSWERS)


def as_dict(naming: Naming, asked: str, vantage: str, result: ProbeResult, source: str | None) -> dict[str, t.Any]:
    """Return the keys that a probe has with every protocol and from every vantage.

    Args:
        naming: What the module calls its targets.
        asked: The target as the task named it.
        vantage: ``host`` or ``controller``.
        result: What the probe came to.
        source: The address that the datagrams left from, where it is known.
    """
    return {
        naming.option: asked,
        "address": result.address,
        "port": result.port,
        "vantage": vantage,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "detail": result.detail,
        "answers": result.answers,
        "attempts": len(result.attempt_outcomes),
        "attempt_outcomes": [outcome.value for outcome in result.attempt_outcomes],
        "silent": result.silent,
        "round_trip_ms": result.round_trip_ms,
        "source_address": source,
        "replies": list(result.replies),
        "asked_at": result.asked_at,
    }


def check_expectation(naming: Naming, expect: str, vantage: str, probes: Sequence[Mapping[str, t.Any]]) -> None:
    """Compare probes with what a task expects: ``any``, an ``answer`` of every target, or ``silence`` of every target.

    Raises:
        NicError: ``expectation_not_met``, naming every target that did otherwise.
    """
    missed = [probe for probe in probes if not _meets(expect, probe)]
    if missed:
        raise NicError(
            "expectation_not_met",
            f"probe from the {vantage}",
            "; ".join(f"{probe[naming.option]}: {probe['outcome']} ({probe['detail']})" for probe in missed),
            f"{expect} from every {naming.noun}",
            "Read outcome, detail and path of each entry of probes; the documentation tells what each outcome means.",
        )


def _meets(expect: str, probe: Mapping[str, t.Any]) -> bool:
    if expect == "answer":
        return probe["outcome"] in _ANSWERS
    return bool(probe["silent"]) if expect == "silence" else True
