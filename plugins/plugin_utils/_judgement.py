# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The judgement on one host, from the results that a play registered.

Results are taken as they are: missing, skipped, failed and unreachable ones included. Whatever is in them, there is a
judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import (
    AdapterView,
    BmcView,
    Result,
    Settings,
    control,
    observe,
    view_adapter,
    way_to,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import Subject, explain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    Change,
    Observations,
    Verdict,
    decide,
    topmost,
)

EVIDENCE: Final = ("facts", "probe", "controls", "change", "probe_after", "controls_after", "undo")
"""Names of the results that a judgement is made from: reading, asking, changing, asking again, undoing."""

_PROOF: Final = {
    "facts": "ansible_facts",
    "probe": "probes",
    "change": "adapters",
    "probe_after": "probes",
    "undo": "adapters",
}
"""The key that each result has if the task did its work."""
_RECEIVING: Final = ("rx", "rx_tx")
_AFTER_CHANGE: Final = ("change", "probe_after", "undo")
_BREAKING: Final = ("facts", "probe", "change", "undo")
"""Without these a host can't be judged; without a probe after the change it can, as not verified."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """The first result that isn't what it should be."""

    observations: Observations
    problem: str
    error: dict[str, Any] | None
    remedy: str = ""


def judge(evidence: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the judgement on a host as ``udp_rx_offload_result`` holds it.

    Args:
        evidence: Registered results by the names in :data:`EVIDENCE`; ``controls`` and ``controls_after`` are lists.
        settings: What the operator decided.
    """
    adapters = _adapters(evidence, settings)
    changes = _changes(evidence)
    trouble = _trouble(evidence)
    if trouble is not None:
        changed = ", ".join(each.label for each in adapters if each.guid in changes)
        rows = [
            _row(
                None,
                decide(trouble.observations),
                Subject(adapter=changed, problem=trouble.problem, remedy=trouble.remedy),
                adapters,
            )
        ]
    else:
        rows = _judge_bmcs(_bmcs(evidence, adapters), adapters, changes, _not_in_force(evidence), settings)
    return _summary(rows, adapters, changes, trouble, settings)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row of a host's judgement."""

    view: BmcView | None
    verdict: Verdict
    sentence: str
    next_step: str
    adapters: tuple[AdapterView, ...]


def _summary(
    rows: Sequence[_Judged],
    adapters: Sequence[AdapterView],
    changes: Mapping[str, Change],
    trouble: _Trouble | None,
    settings: Settings,
) -> dict[str, Any]:
    verdict = topmost(row.verdict for row in rows)
    speaking = next(row for row in rows if row.verdict == verdict)
    would_change = [row for row in rows if row.verdict.would_change]
    chosen = adapters if settings.mode == "enforce" else [each for row in would_change for each in row.adapters]
    to_change = {each.guid for each in chosen if each.wanted} if would_change else set()
    to_undo = {
        each.guid
        for row in rows
        if (row.verdict.verdict, row.verdict.reason) == ("not_cured", "still_silent")
        for each in row.adapters
        if changes.get(each.guid) == "made"
    }
    return {
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "sentence": speaking.sentence,
        "next_step": speaking.next_step,
        "would_change": bool(to_change),
        "changed": bool(changes),
        "to_change": sorted(to_change),
        "to_undo": sorted(to_undo),
        "error": trouble.error if trouble else None,
        "adapters": [_adapter_summary(each, changes) for each in adapters],
        "probes": [
            _probe_summary(row, row.view, row.view.before) for row in rows if row.view is not None and row.view.before
        ],
    }


def _adapter_summary(adapter: AdapterView, changes: Mapping[str, Change]) -> dict[str, Any]:
    return {
        "name": adapter.name,
        "guid": adapter.guid,
        "description": adapter.description,
        "driver": adapter.driver,
        "class": adapter.class_,
        "state": adapter.state,
        "earlier": adapter.earlier,
        "change": changes.get(adapter.guid, "none"),
    }


def _probe_summary(row: _Judged, view: BmcView, before: Result) -> dict[str, Any]:
    return {
        "bmc": view.bmc,
        "address": view.address,
        "verdict": row.verdict.verdict,
        "reason": row.verdict.reason,
        "confidence": row.verdict.confidence,
        "sentence": row.sentence,
        "next_step": row.next_step,
        "way": way_to(before),
        "adapters": [each.name for each in view.adapters or ()],
        "before": before["outcome"],
        "control_before": control(view.controls_before),
        "after": view.after["outcome"] if view.after else None,
        "control_after": control(view.controls_after) if view.after else None,
    }


def _judge_bmcs(
    views: Sequence[BmcView],
    adapters: Sequence[AdapterView],
    changes: Mapping[str, Change],
    not_in_force: frozenset[str],
    settings: Settings,
) -> list[_Judged]:
    """Judge every BMC; what a change did for one of them counts for the others that it was made for."""
    seen = [(view, _guids(view, adapters), observe(view, adapters, changes, settings)) for view in views]
    cured = {guid for _view, guids, each in seen if each.heard_since for guid in guids if guid in changes}
    return [
        _judge_bmc(
            view,
            replace(each, cured_for_another=bool(guids & cured), in_force=not guids & not_in_force),
            adapters,
        )
        for view, guids, each in seen
    ]


def _guids(view: BmcView, adapters: Sequence[AdapterView]) -> set[str]:
    return {each.guid for each in (adapters if view.adapters is None else view.adapters)}


def _judge_bmc(view: BmcView, observations: Observations, adapters: Sequence[AdapterView]) -> _Judged:
    on_the_way = tuple(adapters) if view.adapters is None else view.adapters
    named = [each for each in on_the_way if each.state == observations.adapter]
    subject = Subject(bmc=view.bmc, adapter=", ".join(each.label for each in named))
    return _row(view, decide(observations), subject, on_the_way)


def _row(view: BmcView | None, verdict: Verdict, subject: Subject, adapters: Iterable[AdapterView]) -> _Judged:
    meaning = explain(verdict, subject)
    return _Judged(view, verdict, meaning.sentence, meaning.next_step, tuple(adapters))


def _trouble(evidence: Mapping[str, Any]) -> _Trouble | None:
    """Why the host can't be judged, if so: a step that failed, or that found the host gone."""
    for step in _PROOF:
        result = _result(evidence, step)
        if result is None:
            if step == "facts":
                return _Trouble(Observations(host="unreadable"), "its adapters were not read", None)
            continue
        error = result.get("error")
        message = str(result.get("msg") or "no reason given")
        problem = "{subject}: {seen}; expected {expected}.".format(**error) if error else message
        if result.get("unreachable") and step in _AFTER_CHANGE:
            return _Trouble(Observations(host="lost"), problem, error)
        remedy = error["next_step"] if error else ""
        if result.get("unreachable"):
            return _Trouble(Observations(host="unreachable"), problem, error, remedy)
        if step in _BREAKING and (error or _PROOF[step] not in result):
            return _Trouble(Observations(host="unreadable"), problem, error or {"seen": message}, remedy)
    return None


def _adapters(evidence: Mapping[str, Any], settings: Settings) -> list[AdapterView]:
    result = _result(evidence, "facts") or {}
    facts = result.get("ansible_facts") or {}
    task_offload = facts.get("windows_nics_task_offload")
    return [
        view_adapter(each, task_offload=task_offload, settings=settings) for each in facts.get("windows_nics") or ()
    ]


def _bmcs(evidence: Mapping[str, Any], adapters: Sequence[AdapterView]) -> list[BmcView]:
    """What was seen of each BMC; of no BMC where none was asked."""
    before = _probes(_result(evidence, "probe"))
    if not before:
        return [BmcView("", None, None, None, (), (), None)]
    after = {probe["bmc"]: probe for probe in _probes(_result(evidence, "probe_after"))}
    controls = [probe for result in evidence.get("controls") or () for probe in _probes(result)]
    controls_after = [probe for result in evidence.get("controls_after") or () for probe in _probes(result)]
    return [
        BmcView(
            bmc=probe["bmc"],
            address=probe["address"],
            before=probe,
            after=after.get(probe["bmc"]),
            controls_before=tuple(each for each in controls if each["bmc"] == probe["bmc"]),
            controls_after=tuple(each for each in controls_after if each["bmc"] == probe["bmc"]),
            adapters=_on_the_way(probe, adapters),
        )
        for probe in before
    ]


def _on_the_way(probe: Result, adapters: Sequence[AdapterView]) -> tuple[AdapterView, ...] | None:
    path = probe.get("path")
    return tuple(each for each in adapters if each.name in path["physical"]) if path else None


def _changes(evidence: Mapping[str, Any]) -> dict[str, Change]:
    """What this run did, by adapter GUID."""
    changes: dict[str, Change] = {}
    for entry in (_result(evidence, "change") or {}).get("adapters") or ():
        if entry["changed"]:
            changes[entry["guid"]] = "made" if entry["restarted"] or entry["restart_pending"] is False else "pending"
    for entry in (_result(evidence, "undo") or {}).get("adapters") or ():
        if entry["changed"]:
            changes[entry["guid"]] = "undone"
    return changes


def _not_in_force(evidence: Mapping[str, Any]) -> frozenset[str]:
    """The adapters whose driver says after the restart that it still works with receive offload, by GUID."""
    entries = (_result(evidence, "change") or {}).get("adapters") or ()
    return frozenset(
        entry["guid"]
        for entry in entries
        if entry["changed"] and entry["restarted"] and entry["after"]["active"] in _RECEIVING
    )


def _result(evidence: Mapping[str, Any], step: str) -> Result | None:
    """A registered result; None for a step that was skipped or not come to."""
    result = evidence.get(step)
    return result if result and not result.get("skipped") else None


def _probes(result: Result | None) -> Sequence[Result]:
    return (result or {}).get("probes") or ()
