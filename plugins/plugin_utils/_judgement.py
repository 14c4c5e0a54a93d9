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

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import other_source, packets_of
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
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import (
    Change,
    Host,
    Observations,
    Refusal,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import Subject, explain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    Verdict,
    decide,
    topmost,
)

EVIDENCE: Final = (
    *("facts", "probe", "controls", "receive_path", "sources", "drops"),
    *("change", "probe_after", "controls_after", "undo"),
)
"""Names of the results that a judgement is made from, in their order."""

_PROOF: Final = {
    "facts": "ansible_facts",
    "probe": "probes",
    "receive_path": "receive_path",
    "drops": "evidence",
    "change": "adapters",
    "probe_after": "probes",
    "undo": "adapters",
}
"""The key that each result has if the task did its work."""
_RECEIVING: Final = ("rx", "rx_tx")
_AFTER_CHANGE: Final = ("change", "probe_after", "undo")
_CHANGING: Final = ("change", "undo")
_BREAKING: Final = ("facts", "probe", "change", "undo")
"""Without these a host can't be judged; without a probe after the change it can, as not verified."""
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
class _Trouble:
    """The first result that isn't what it should be."""

    observations: Observations
    problem: str
    error: dict[str, Any] | None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A change that was refused, and left everything as it was."""

    reason: Refusal
    problem: str
    error: dict[str, Any]


def judge(evidence: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the judgement on a host as ``udp_rx_offload_result`` holds it.

    Args:
        evidence: Registered results by the names in :data:`EVIDENCE`; ``controls`` and ``controls_after`` are lists.
        settings: What the operator decided.
    """
    adapters = _adapters(evidence, settings)
    changes = _changes(evidence)
    trouble = _trouble(evidence)
    refused = _refused(evidence)
    if trouble is not None:
        subject = Subject(
            adapter=_affected(evidence, adapters, changes), problem=trouble.problem, remedy=trouble.remedy
        )
        rows = [_row(None, decide(trouble.observations), subject, adapters)]
    else:
        rows = _judge_bmcs(evidence, adapters, changes, refused, settings)
    troubled = trouble or refused
    return {
        **_summary(rows, adapters, changes, settings),
        "changed": bool(changes) or any((_result(evidence, step) or {}).get("changed", False) for step in _CHANGING),
        "error": troubled.error if troubled else None,
        "adapters": [_adapter_summary(each, changes, _entries(evidence).get(each.guid, {})) for each in adapters],
        "preflight": _preflight(evidence),
        "orphaned_records": _facts(evidence).get("windows_nics_orphaned_records") or [],
    }


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
    settings: Settings,
) -> dict[str, Any]:
    verdict = topmost(row.verdict for row in rows)
    speaking = next(row for row in rows if row.verdict == verdict)
    would_change = [row for row in rows if row.verdict.would_change]
    chosen = adapters if settings.mode == "enforce" else [each for row in would_change for each in _meant(row)]
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
        "to_change": sorted(to_change),
        "to_undo": sorted(to_undo),
        "probes": [
            _probe_summary(row, row.view, row.view.before) for row in rows if row.view is not None and row.view.before
        ],
    }


def _meant(row: _Judged) -> list[AdapterView]:
    """The adapters that a verdict would have changed: where one was left half done, no other one."""
    return [each for each in row.adapters if row.verdict.reason != "unfinished" or each.state == "unfinished"]


def _adapter_summary(adapter: AdapterView, changes: Mapping[str, Change], entry: Result) -> dict[str, Any]:
    return {
        "name": adapter.name,
        "guid": adapter.guid,
        "description": adapter.description,
        "driver": adapter.driver,
        "physical": adapter.physical,
        "pci": adapter.pci,
        "file": adapter.file,
        "version": adapter.version,
        "class": adapter.class_,
        "state": adapter.state,
        "earlier": adapter.earlier,
        "drift": adapter.drift,
        "change": changes.get(adapter.guid, "none"),
        "guard": entry.get("guard"),
        "side_effects": list(entry.get("side_effects") or ()),
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
        "cause": view.packets.cause,
        "pcap": view.packets.file,
        "after": view.after["outcome"] if view.after else None,
        "control_after": control(view.controls_after) if view.after else None,
    }


def _judge_bmcs(
    evidence: Mapping[str, Any],
    adapters: Sequence[AdapterView],
    changes: Mapping[str, Change],
    refused: _Refused | None,
    settings: Settings,
) -> list[_Judged]:
    """Judge every BMC; what a change did for one of them counts for the others that it was made for."""
    refusal: Refusal = refused.reason if refused else "none"
    seen = [
        (view, _guids(view, adapters), observe(view, adapters, changes, settings, refusal))
        for view in _bmcs(evidence, adapters)
    ]
    cured = {guid for _view, guids, each in seen if each.heard_since for guid in guids if guid in changes}
    not_in_force = _not_in_force(evidence)
    return [
        _judge_bmc(
            view,
            replace(each, cured_for_another=bool(guids & cured), in_force=not guids & not_in_force),
            adapters,
            refused.problem if refused else "",
        )
        for view, guids, each in seen
    ]


def _guids(view: BmcView, adapters: Sequence[AdapterView]) -> set[str]:
    return {each.guid for each in (adapters if view.adapters is None else view.adapters)}


def _judge_bmc(view: BmcView, observations: Observations, adapters: Sequence[AdapterView], problem: str) -> _Judged:
    on_the_way = tuple(adapters) if view.adapters is None else view.adapters
    named = [each for each in on_the_way if each.state == observations.adapter]
    labels = ", ".join(each.label for each in named)
    subject = Subject(bmc=view.bmc, adapter=labels, problem=problem, proof=view.packets.proof)
    return _row(view, decide(observations), subject, on_the_way)


def _row(view: BmcView | None, verdict: Verdict, subject: Subject, adapters: Iterable[AdapterView]) -> _Judged:
    meaning = explain(verdict, subject)
    return _Judged(view, verdict, meaning.sentence, meaning.next_step, tuple(adapters))


def _trouble(evidence: Mapping[str, Any]) -> _Trouble | None:
    """Why the host can't be judged, if so: a step that failed, or that found the host gone."""
    refused = _refused(evidence)
    for step in _PROOF:
        result = _result(evidence, step)
        if result is None:
            if step == "facts":
                return _Trouble(Observations(host="unreadable"), "its adapters were not read", None)
            continue
        error = result.get("error")
        message = str(result.get("msg") or "no reason given")
        problem = _told(error) if error else message
        if result.get("unreachable") and step in _AFTER_CHANGE:
            touched = any((_result(evidence, each) or {}).get("changed") for each in _CHANGING)
            return _Trouble(Observations(host="lost" if touched else "lost_before"), problem, error)
        remedy = error["next_step"] if error else ""
        if result.get("unreachable"):
            return _Trouble(Observations(host="unreachable"), problem, error, remedy)
        if step in _BREAKING and (error or _PROOF[step] not in result):
            if refused is not None and error == refused.error:
                continue
            host = _host_after(step, error)
            remedy = "" if host == "undone_by_guard" else remedy
            return _Trouble(Observations(host=host), problem, error or {"seen": message}, remedy)
    return None


def _host_after(step: str, error: Mapping[str, Any] | None) -> Host:
    """What a step that failed says of the host."""
    if step in _CHANGING and error and error["code"] in _ENDED:
        return _ENDED[error["code"]]
    return "not_restored" if step == "undo" else "unreadable"


def _refused(evidence: Mapping[str, Any]) -> _Refused | None:
    """The change that was refused before anything was touched, if one was."""
    result = _result(evidence, "change") or {}
    error = result.get("error")
    if not error or result.get("changed") or result.get("unreachable") or error["code"] not in _REFUSING:
        return None
    return _Refused(_REFUSING[error["code"]], error["seen"].rstrip(".") + ".", error)


def _told(error: Mapping[str, Any]) -> str:
    return "{subject}: {seen}; expected {expected}.".format(**error)


def _affected(evidence: Mapping[str, Any], adapters: Sequence[AdapterView], changes: Mapping[str, Change]) -> str:
    """Names of the adapters that a step that ended badly was about: those changed, else those that it worked on."""
    for guids in (changes, _entries(evidence)):
        named = [each.label for each in adapters if each.guid in guids]
        if named:
            return ", ".join(named)
    return ", ".join(each.label for each in adapters if each.wanted)


def _entries(evidence: Mapping[str, Any]) -> dict[str, Result]:
    """What the last change or undoing says of each adapter, by GUID."""
    results = [_result(evidence, step) or {} for step in _CHANGING]
    return {entry["guid"]: entry for result in results for entry in result.get("adapters") or ()}


def _preflight(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was found before the restarts of this run; None where none was looked at."""
    found = [
        result["preflight"] for step in _CHANGING if (result := _result(evidence, step)) and result.get("preflight")
    ]
    if not found:
        return None
    return {key: [each for one in found for each in one.get(key) or ()] for key in ("findings", "not_read")}


def _facts(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    return (_result(evidence, "facts") or {}).get("ansible_facts") or {}


def _adapters(evidence: Mapping[str, Any], settings: Settings) -> list[AdapterView]:
    facts = _facts(evidence)
    task_offload, npcap = facts.get("windows_nics_task_offload"), facts.get("windows_nics_npcap")
    return [
        view_adapter(each, task_offload=task_offload, settings=settings, npcap=npcap)
        for each in facts.get("windows_nics") or ()
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
            packets=packets_of(_result(evidence, "drops"), probe["bmc"]),
            other_source=other_source(_result(evidence, "sources"), _result(evidence, "receive_path"), probe),
        )
        for probe in before
    ]


def _on_the_way(probe: Result, adapters: Sequence[AdapterView]) -> tuple[AdapterView, ...] | None:
    path = probe.get("path")
    if not path:
        return None
    # A change that broke off is to be finished, whatever the way to the BMC.
    return tuple(each for each in adapters if each.name in path["physical"] or each.state == "unfinished")


def _changes(evidence: Mapping[str, Any]) -> dict[str, Change]:
    """What this run did, by adapter GUID."""
    changes: dict[str, Change] = {}
    for entry in (_result(evidence, "change") or {}).get("adapters") or ():
        if entry["changed"]:
            changes[entry["guid"]] = "made" if _is_restarted(entry) else "pending"
    for entry in (_result(evidence, "undo") or {}).get("adapters") or ():
        if entry["changed"]:
            changes[entry["guid"]] = "undone"
    return changes


def _is_restarted(entry: Result) -> bool:
    """Whether nothing waits for a restart: this run made it, the one that broke off did, or none is needed."""
    if entry["restarted"] or entry["restart_pending"] is False:
        return True
    return entry["restart_pending"] is None and bool((entry["undo"] or {}).get("restart_requested_at"))


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
