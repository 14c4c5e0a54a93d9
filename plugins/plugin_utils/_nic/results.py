# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a task says about the changes of a host's adapters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import parse_value, word
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.progress import Change, Step


def result(change: Change, *, check_mode: bool = False) -> dict[str, Any]:
    """One item of a task's ``adapters``. In check mode ``after`` is what the plan would bring."""
    plan, situation = change.plan, change.plan.situation
    keyword, active, pending = change.keyword, change.active, None
    configured = keyword.configured if keyword else None
    if keyword is not None:
        pending = keyword.restart_pending(active)
    if plan.restart_due and (not plan.write or change.step.value >= Step.READ_BACK.value):
        # A driver that doesn't tell what it works with has not been restarted either.
        pending = True
    if check_mode and plan.changes:
        configured = parse_value(plan.target)
        active = plan.expected if plan.restart and active is not None else active
        pending = plan.pending_after
    name = situation.keyword.name if situation.keyword else None
    before = situation.keyword.configured if situation.keyword else None
    return {
        "name": situation.adapter.name,
        "guid": situation.adapter.guid,
        "keyword": name,
        "before": {"configured": word(before), "active": word(situation.active)},
        "after": {"configured": word(configured), "active": word(active)},
        "changed": plan.changes if check_mode else change.changed,
        "restarted": change.step in (Step.RESTARTED, Step.CONFIRMED) and plan.restart,
        "restart_pending": pending,
        "confirmed": change.confirmed,
        "outage_seconds": change.outage_seconds,
        "undo": change.record.as_facts() if change.record else None,
        "guard": change.guard.as_dict(),
        "side_effects": change.side_effects,
    }


def difference(changes: Sequence[Change]) -> dict[str, Any]:
    """The task's diff, from the plans alone: the same in check mode and in the real run."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        plan, situation = change.plan, change.plan.situation
        keyword = situation.keyword
        if keyword is None:
            continue
        before.setdefault(situation.adapter.name, {})[keyword.name] = {
            "configured": word(keyword.configured),
            "restart_pending": keyword.restart_pending(situation.active),
            "undo_record": situation.record is not None,
        }
        after.setdefault(situation.adapter.name, {})[keyword.name] = {
            "configured": word(parse_value(plan.target)),
            "restart_pending": plan.pending_after,
            "undo_record": plan.recorded_after,
        }
    return {"before": before, "after": after}


def warnings(changes: Sequence[Change], *, check_mode: bool = False) -> list[str]:
    """What a reader of the result must know although the task did not fail."""
    return [
        f"Adapter {change.adapter.name}: {sentence}"
        for change in changes
        for sentence in _sentences(change, check_mode=check_mode)
    ]


def _sentences(change: Change, *, check_mode: bool) -> list[str]:
    found = []
    record, guard = change.record, change.guard
    restarted = record is not None and record.restart_requested_at is not None
    if not check_mode and change.owes_restart:
        found.append(
            "the registry holds the original value, and the driver still reports"
            f" {word(change.active)}: the answer to its restart was lost, so that the request may never have arrived."
            " Restore once more, which asks for it again, or restart the host."
        )
    if not check_mode and not change.confirmed and change.active is not None and restarted:
        found.append(
            "the registry holds what was asked for, and the driver still reports"
            f" {word(change.active)} after a restart. Only a probe can tell what it does."
        )
    if guard.state == "not_set":
        found.append(f"it was restarted without a guard, since none could be set ({guard.reason}).")
    if guard.state == "fired":
        found.append("the host was cut off, and its guard restarted the adapter. The value is the one asked for.")
    if guard.state == "left":
        found.append(
            "the task of its guard could not be deleted. It knows that it is not needed, does nothing, and goes by"
            f" itself: {guard.reason}"
        )
    if guard.leftover is not None:
        end = {
            "removed": "was removed",
            "fired": "had put the original back",
            "left": "could not be deleted; it does nothing",
            "gone": "ended while this run waited",
            "found": "is there",
        }[guard.leftover.state]
        whose = f" of {guard.leftover.note.holder}" if guard.leftover.note else ""
        found.append(f"the guard that an earlier run{whose} had left {end}.")
    return found
