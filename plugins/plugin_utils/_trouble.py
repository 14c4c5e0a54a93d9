# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Why a host can't be judged by what was asked: a step failed, was refused, or found the host gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import (
    Host,
    Observations,
    Refusal,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._registered import (
    CHANGING,
    Result,
    result_of,
    told,
)

_PROOF: Final = {
    "facts": "ansible_facts",
    "probe": "probes",
    "receive_path": "receive_path",
    "drops": "evidence",
    "change": "adapters",
    "probe_after": "probes",
    "on": "adapters",
    "probe_on": "probes",
    "off_again": "adapters",
    "probe_again": "probes",
    "undo": "adapters",
}
"""The key that each result has if the task did its work."""
_AFTER_CHANGE: Final = ("change", "probe_after", "on", "probe_on", "off_again", "probe_again", "undo")
_BREAKING: Final = ("facts", "probe", *CHANGING)
"""Without these a host can't be judged; without a probe after the change it can, as not verified."""
_SECOND_ROUND: Final = ("on", "off_again")
_REFUSING: Final[Mapping[str, Refusal]] = {
    "guard_held": "guard_held",
    "guard_not_set": "guard_not_set",
    "guard_not_possible": "guard_not_possible",
    "guard_not_removed": "guard_in_the_way",
    "restart_risky": "restart_risky",
    "restart_not_allowed": "restart_unguarded",
    "write_restarts": "write_restarts",
}
"""Codes of errors with which a change is refused before anything was touched."""
_ENDED: Final[Mapping[str, Host]] = {"undone_by_guard": "undone_by_guard", "guard_not_removed": "guard_left"}
"""Codes of errors that tell what became of a host after all."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The first result that isn't what it should be."""

    observations: Observations
    problem: str
    error: dict[str, Any] | None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that was refused, and left everything as it was."""

    reason: Refusal
    problem: str
    error: dict[str, Any]


def trouble_of(evidence: Mapping[str, Any]) -> Trouble | None:
    """Why the host can't be judged, if so: a step that failed, or that found the host gone."""
    for step, proof in _PROOF.items():
        result = result_of(evidence, step)
        if result is None:
            if step == "facts":
                return Trouble(Observations(host="unreadable"), "its adapters were not read", None)
            continue
        error = result.get("error")
        message = str(result.get("msg") or "no reason given")
        problem = told(error) if error else message
        if result.get("unreachable") and step in _AFTER_CHANGE:
            touched = any((result_of(evidence, each) or {}).get("changed") for each in CHANGING)
            return Trouble(Observations(host="lost" if touched else "lost_before"), problem, error)
        remedy = error["next_step"] if error else ""
        if result.get("unreachable"):
            return Trouble(Observations(host="unreachable"), problem, error, remedy)
        if step in _BREAKING and (error or proof not in result):
            if _left_everything(evidence, step):
                continue
            host = _host_after(step, result, error)
            remedy = "" if host in ("undone_by_guard", "second_round_failed") else remedy
            return Trouble(Observations(host=host), problem, error or {"seen": message}, remedy)
    return None


def refused_of(evidence: Mapping[str, Any]) -> Refused | None:
    """The change that was refused before anything was touched, if one was."""
    result = result_of(evidence, "change") or {}
    error = result.get("error")
    if not error or result.get("changed") or result.get("unreachable") or error["code"] not in _REFUSING:
        return None
    return Refused(_REFUSING[error["code"]], error["seen"].rstrip(".") + ".", error)


def _left_everything(evidence: Mapping[str, Any], step: str) -> bool:
    """Whether a step that failed left the host as the steps before it had made it, so that their verdict stands.

    The second round has a verdict to fall back to, whatever kept it from beginning.
    """
    result = result_of(evidence, step) or {}
    not_begun = step == "on" and result.get("error") and not result.get("changed") and not result.get("unreachable")
    return bool(not_begun) or (step == "change" and refused_of(evidence) is not None)


def _host_after(step: str, result: Result, error: Mapping[str, Any] | None) -> Host:
    """What a step that failed says of the host."""
    ended = _ENDED.get(error["code"]) if error and step in CHANGING else None
    if step in _SECOND_ROUND:
        # With receive offload on, or refused, the host is not what these words say of it.
        return ended if ended and step == "off_again" and result.get("changed") else "second_round_failed"
    return ended or ("not_restored" if step == "undo" else "unreadable")
