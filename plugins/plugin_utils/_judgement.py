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
from typing import Any

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
    Observations,
    Refusal,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._registered import (
    CHANGING,
    RECEIVING,
    controls_of,
    entries_of,
    probe_of,
    probes_of,
    result_of,
    switched,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._second_round import (
    broke_off,
    left_on,
    note,
    repeated,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import Subject, explain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._trouble import (
    Refused,
    refused_of,
    trouble_of,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import (
    Verdict,
    decide,
    topmost,
)


def judge(evidence: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the judgement on a host as ``udp_rx_offload_result`` holds it.

    Args:
        evidence: Registered results by the names in ``_registered.py``; those of controls are lists.
        settings: What the operator decided.
    """
    adapters = _adapters(evidence, settings)
    changes = _changes(evidence)
    trouble = trouble_of(evidence)
    refused = refused_of(evidence)
    if trouble is not None:
        subject = Subject(
            adapter=_affected(evidence, adapters, changes), problem=trouble.problem, remedy=trouble.remedy
        )
        rows = [_row(None, trouble.observations, subject, adapters)]
    else:
        rows = _judge_bmcs(evidence, adapters, changes, refused, settings)
    troubled = trouble or refused
    return {
        **_summary(rows, adapters, changes, evidence, settings),
        "changed": bool(changes) or any((result_of(evidence, step) or {}).get("changed", False) for step in CHANGING),
        "error": troubled.error if troubled else None,
        "adapters": [_adapter_summary(each, changes, _entries(evidence).get(each.guid, {})) for each in adapters],
        "preflight": _preflight(evidence),
        "orphaned_records": _facts(evidence).get("windows_nics_orphaned_records") or [],
    }


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row of a host's judgement."""

    view: BmcView | None
    seen: Observations
    verdict: Verdict
    sentence: str
    next_step: str
    adapters: tuple[AdapterView, ...]


def _summary(
    rows: Sequence[_Judged],
    adapters: Sequence[AdapterView],
    changes: Mapping[str, Change],
    evidence: Mapping[str, Any],
    settings: Settings,
) -> dict[str, Any]:
    verdict = topmost(row.verdict for row in rows)
    speaking = next(row for row in rows if row.verdict == verdict)
    would_change = [row for row in rows if row.verdict.would_change]
    chosen = adapters if settings.mode == "enforce" else [each for row in would_change for each in _meant(row)]
    to_change = {each.guid for each in chosen if each.wanted} if would_change else set()
    return {
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "confidence": verdict.confidence,
        "sentence": speaking.sentence,
        "next_step": speaking.next_step,
        "would_change": bool(to_change),
        "to_change": sorted(to_change),
        "to_undo": sorted(_to_undo(rows, changes)),
        "to_repeat": sorted(_to_repeat(rows, changes, evidence)),
        "to_restore": sorted(_to_restore(rows, evidence)),
        "probes": [
            _probe_summary(row, row.view, row.view.before) for row in rows if row.view is not None and row.view.before
        ],
    }


def _to_undo(rows: Iterable[_Judged], changes: Mapping[str, Change]) -> set[str]:
    """The adapters whose change did not help."""
    return {
        each.guid
        for row in rows
        if row.verdict.reason == "still_silent"
        for each in row.adapters
        if changes.get(each.guid) == "made"
    }


def _to_repeat(rows: Sequence[_Judged], changes: Mapping[str, Change], evidence: Mapping[str, Any]) -> set[str]:
    """The adapters that a full proof switches next: on again after a cure, and off again after that."""
    if result_of(evidence, "on") is None:
        cured = [row for row in rows if row.verdict.verdict == "remediated" and row.seen.now_heard]
        return {each.guid for row in cured for each in row.adapters if changes.get(each.guid) == "made"}
    if result_of(evidence, "off_again") is not None:
        return set()
    going_on = {each.guid for row in rows if row.seen.repeated == "begun" for each in row.adapters}
    return left_on(evidence) if broke_off(evidence) else left_on(evidence) & going_on


def _to_restore(rows: Iterable[_Judged], evidence: Mapping[str, Any]) -> set[str]:
    """The adapters that a full proof leaves on, since what was silent before answers all the same."""
    heard_on = {each.guid for row in rows if row.seen.repeated == "heard_on" for each in row.adapters}
    needed = {each.guid for row in rows if row.seen.repeated == "begun" for each in row.adapters}
    return left_on(evidence) & heard_on - needed


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
        "second_round": row.seen.repeated,
        "after": view.last["outcome"] if view.last else None,
        "control_after": control(view.controls_after) if view.after else None,
    }


def _judge_bmcs(
    evidence: Mapping[str, Any],
    adapters: Sequence[AdapterView],
    changes: Mapping[str, Change],
    refused: Refused | None,
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
    judged = []
    for view, guids, each in seen:
        first = replace(each, cured_for_another=bool(guids & cured), in_force=not guids & not_in_force)
        came_of_it = repeated(evidence, view.bmc, view.on_the_way(adapters), first)
        about = Subject(bmc=view.bmc, problem=refused.problem if refused else "", note=note(evidence, came_of_it))
        judged.append(_judge_bmc(view, replace(first, repeated=came_of_it), adapters, about))
    return judged


def _guids(view: BmcView, adapters: Sequence[AdapterView]) -> set[str]:
    return {each.guid for each in view.on_the_way(adapters)}


def _judge_bmc(view: BmcView, observations: Observations, adapters: Sequence[AdapterView], about: Subject) -> _Judged:
    on_the_way = view.on_the_way(adapters)
    named = [each for each in on_the_way if each.state == observations.adapter]
    labels = ", ".join(each.label for each in named)
    return _row(view, observations, replace(about, adapter=labels, proof=view.packets.proof), on_the_way)


def _row(
    view: BmcView | None, observations: Observations, subject: Subject, adapters: Iterable[AdapterView]
) -> _Judged:
    verdict = decide(observations)
    meaning = explain(verdict, subject)
    return _Judged(view, observations, verdict, meaning.sentence, meaning.next_step, tuple(adapters))


def _affected(evidence: Mapping[str, Any], adapters: Sequence[AdapterView], changes: Mapping[str, Change]) -> str:
    """Names of the adapters that a step that ended badly was about: those changed, else those that it worked on."""
    for guids in (changes, _entries(evidence)):
        named = [each.label for each in adapters if each.guid in guids]
        if named:
            return ", ".join(named)
    return ", ".join(each.label for each in adapters if each.wanted)


def _entries(evidence: Mapping[str, Any]) -> dict[str, Result]:
    """What the last change or undoing says of each adapter, by GUID."""
    return {entry["guid"]: entry for step in CHANGING for entry in entries_of(evidence, step)}


def _preflight(evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was found before the restarts of this run; None where none was looked at."""
    found = [
        result["preflight"] for step in CHANGING if (result := result_of(evidence, step)) and result.get("preflight")
    ]
    if not found:
        return None
    return {key: _once(each for one in found for each in one.get(key) or ()) for key in ("findings", "not_read")}


def _once(every: Iterable[Any]) -> list[Any]:
    """Without repetitions: each restart of a run finds the same again."""
    different: list[Any] = []
    for each in every:
        if each not in different:
            different.append(each)
    return different


def _facts(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    return (result_of(evidence, "facts") or {}).get("ansible_facts") or {}


def _adapters(evidence: Mapping[str, Any], settings: Settings) -> list[AdapterView]:
    facts = _facts(evidence)
    task_offload, npcap = facts.get("windows_nics_task_offload"), facts.get("windows_nics_npcap")
    return [
        view_adapter(each, task_offload=task_offload, settings=settings, npcap=npcap)
        for each in facts.get("windows_nics") or ()
    ]


def _bmcs(evidence: Mapping[str, Any], adapters: Sequence[AdapterView]) -> list[BmcView]:
    """What was seen of each BMC; of no BMC where none was asked."""
    before = probes_of(result_of(evidence, "probe"))
    if not before:
        return [BmcView("", None, None, None, (), (), None)]
    return [
        BmcView(
            bmc=probe["bmc"],
            address=probe["address"],
            before=probe,
            after=probe_of(evidence, _last(evidence, probe, "probe"), probe["bmc"]),
            controls_before=controls_of(evidence, "controls", probe["bmc"]),
            controls_after=controls_of(evidence, _last(evidence, probe, "controls"), probe["bmc"]),
            adapters=_on_the_way(probe, adapters),
            again=probe_of(evidence, "probe_again", probe["bmc"]),
            packets=packets_of(result_of(evidence, "drops"), probe["bmc"]),
            other_source=other_source(result_of(evidence, "sources"), result_of(evidence, "receive_path"), probe),
        )
        for probe in before
    ]


def _last(evidence: Mapping[str, Any], before: Result, what: str) -> str:
    """The step that tells what came of a BMC: of one that was silent before, the second round is judged apart."""
    asked_again = not before["silent"] and result_of(evidence, "probe_again") is not None
    return f"{what}_again" if asked_again else f"{what}_after"


def _on_the_way(probe: Result, adapters: Sequence[AdapterView]) -> tuple[AdapterView, ...] | None:
    path = probe.get("path")
    if not path:
        return None
    # A change that broke off is to be finished, whatever the way to the BMC.
    return tuple(each for each in adapters if each.name in path["physical"] or each.state == "unfinished")


def _changes(evidence: Mapping[str, Any]) -> dict[str, Change]:
    """What this run did, by adapter GUID."""
    changes: dict[str, Change] = {}
    for step in CHANGING:
        for entry in entries_of(evidence, step):
            if step == "off_again" and entry["after"]["configured"] not in RECEIVING:
                changes[entry["guid"]] = "made"
            elif entry["changed"] and step in ("on", "undo"):
                changes[entry["guid"]] = "undone"
            elif entry["changed"]:
                changes[entry["guid"]] = "made" if _is_restarted(entry) else "pending"
    return changes


def _is_restarted(entry: Result) -> bool:
    """Whether nothing waits for a restart: this run made it, the one that broke off did, or none is needed."""
    if entry["restarted"] or entry["restart_pending"] is False:
        return True
    return entry["restart_pending"] is None and bool((entry["undo"] or {}).get("restart_requested_at"))


def _not_in_force(evidence: Mapping[str, Any]) -> frozenset[str]:
    """The adapters whose driver says after the restart that it still works with receive offload, by GUID."""
    return frozenset(guid for guid, active in switched(evidence, "change").items() if active in RECEIVING)
