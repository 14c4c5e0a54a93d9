# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a task would do to one adapter, decided before anything is touched.

A plan is made of what was read alone, so that check mode and the real run plan alike, and everything that speaks
against a change is said while nothing has happened yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    KEYWORDS,
    OffloadKeyword,
    Wish,
    parse_value,
    plan_value,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import MemberKind, Membership
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import UndoRecord

State = Literal["present", "restored"]
GuardChoice = Literal["auto", "always", "never"]
_TEAMS: Final = {
    MemberKind.LBFO_TEAM: "a team or bridge of Windows",
    MemberKind.INTEL_TEAM: "an Intel ANS team",
    MemberKind.EMBEDDED_TEAM: "a virtual switch with several adapters",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a task asks for.

    Attributes:
        state: ``present`` for the wish, ``restored`` for the original.
        wish: What UDP over IPv4 shall be.
        may_restart: Whether an adapter is restarted where that is needed.
        guard: Whether a scheduled task on the host undoes a restart that cuts it off: where possible, or nothing is
            done without one, or none at all.
        guard_minutes: How long after it was set a guard acts.
        accept_risks: Codes of preflight findings that do not keep an adapter from being restarted.
        allow_wider: Whether more than the wish may change where the driver has no other way.
        allow_unguarded_restart: Whether an adapter that may carry the connection is restarted without a guard.
        reconnect_timeout_seconds: How long to wait for a host after a restart.
        outcome: A word to keep on the host about the change that is taken back.
        write_restarts: Whether writing the value restarts the adapter by itself on hosts like this one.
        guard_fails: What says that no guard can be trusted on hosts like this one; empty where one can.
    """

    state: State
    wish: Wish
    may_restart: bool = True
    allow_wider: bool = False
    allow_unguarded_restart: bool = False
    reconnect_timeout_seconds: float = 300
    outcome: str | None = None
    guard: GuardChoice = "auto"
    guard_minutes: int = 10
    accept_risks: frozenset[str] = frozenset()
    write_restarts: bool = False
    guard_fails: tuple[str, ...] = ()

    def tolerates_no_guard(self, *, carries: bool | None) -> bool:
        """Whether an adapter is restarted although no guard can be set."""
        return self.guard != "always" and (carries is False or self.allow_unguarded_restart)


@dataclass(frozen=True, slots=True)
class Situation:
    """What was read of one adapter. ``carries``: whether it carries the connection, None where it can't be told."""

    adapter: Adapter
    keyword: OffloadKeyword | None
    active: int | None
    membership: Membership | None
    carries: bool | None
    record: UndoRecord | None
    other_record: UndoRecord | None = None
    """The record of a keyword that the driver had earlier and does not offer any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done to one adapter.

    Attributes:
        situation: What was read.
        target: The text that the registry shall hold, None for no value.
        expected: The value that the driver shall work with; None where it can't be told.
        write: The registry value changes.
        restart: The adapter is restarted.
        restart_due: A restart is needed that the task leaves to somebody else.
        remove_record: The undo record has served.
        finish: An earlier run broke off when everything was done but telling so.
        wish: What the task asks for; None where the original is to come back.
    """

    situation: Situation
    target: str | None
    expected: int | None
    write: bool = False
    restart: bool = False
    restart_due: bool = False
    remove_record: bool = False
    finish: bool = False
    wish: Wish | None = None

    def is_met_by(self, active: int | None) -> bool:
        """Whether a driver that works with *active* does what the task asks for."""
        if active is None:
            return False
        return active == self.expected if self.wish is None else self.wish.holds_for(active)

    @property
    def changes(self) -> bool:
        """Whether anything on the host changes."""
        return self.write or self.restart or self.remove_record or self.finish

    @property
    def keyword(self) -> OffloadKeyword:
        """The keyword of a plan that changes something, which always has one."""
        if self.situation.keyword is None:
            raise _unsupported(self.situation)
        return self.situation.keyword

    @property
    def recorded_after(self) -> bool:
        """Whether the host keeps an undo record once the plan is carried out."""
        return not self.remove_record and (self.situation.record is not None or self.changes)

    @property
    def pending_after(self) -> bool | None:
        """Whether a restart is pending once the plan is carried out by a driver that follows."""
        if self.restart_due:
            return True
        keyword, active = self.situation.keyword, self.situation.active
        if not self.changes or keyword is None:
            return keyword.restart_pending(active) if keyword else None
        return None if active is None else not self.restart and active != self.expected


def make_plan(situation: Situation, request: Request) -> Plan:
    """Decide what *request* means for one adapter.

    Raises:
        NicError: ``keyword_unsupported``, ``value_not_understood``, ``value_not_allowed``,
            ``wider_change_not_allowed``, ``team_member``, ``adapter_not_physical``, ``write_restarts``,
            ``restart_not_allowed`` or ``adapter_not_addressable``.
    """
    plan = _plan_original(situation, request) if request.state == "restored" else _plan_wish(situation, request)
    if plan.write or plan.restart:
        _refuse_shared(situation)
    if plan.write and request.write_restarts and situation.adapter.started:
        _refuse_write_that_restarts(situation, request)
        plan = replace(plan, restart=True)
    if plan.restart:
        _refuse_restart(situation, request)
    return plan


def _plan_wish(situation: Situation, request: Request) -> Plan:
    keyword, active = situation.keyword, situation.active
    if keyword is None:
        if active is not None and request.wish.holds_for(active):
            return Plan(situation, None, active, wish=request.wish)
        raise _unsupported(situation)
    value = plan_value(keyword, active, request.wish, allow_wider=request.allow_wider, adapter=situation.adapter.name)
    write = keyword.in_force != value
    target = str(value) if write else keyword.stored
    if write:
        needed = active != value
    elif active is None:
        needed = _owes_restart(situation.record, target, request) or _broke_off(situation.record, target, request)
    else:
        needed = not request.wish.holds_for(active) and not _restarted_for(situation.record, target, request)
    needed = needed and situation.adapter.started
    restart = needed and request.may_restart
    return Plan(
        situation,
        target,
        value,
        write=write,
        restart=restart,
        restart_due=needed and not request.may_restart,
        finish=not write and not restart and situation.record is not None and situation.record.outcome is None,
        wish=request.wish,
    )


def _plan_original(situation: Situation, request: Request) -> Plan:
    keyword, active, record = situation.keyword, situation.active, situation.record
    if record is None and situation.other_record is not None:
        raise _unsupported(situation, situation.other_record.keyword)
    if record is None:
        return Plan(situation, keyword.stored if keyword else None, active)
    if keyword is None:
        raise _unsupported(situation, record.keyword)
    original = parse_value(record.original)
    if original is not None and keyword.allowed and original not in keyword.allowed:
        raise NicError(
            "value_not_allowed",
            f"{keyword.name} of adapter {situation.adapter.name}",
            f"the original {record.original} is no value that the present driver allows",
            f"one of {', '.join(str(value) for value in keyword.allowed)}",
            f"Set the keyword by hand, then delete the undo record {record.value_name}.",
        )
    expected = keyword.default if original is None else original
    write = keyword.stored != record.original
    if write:
        needed = None in (active, expected) or active != expected
    elif active is None or expected is None:
        needed = _owes_restart(record, record.original, request)
    else:
        needed = active != expected and not _restarted_for(record, record.original, request)
    needed = needed and situation.adapter.started
    due = needed and not request.may_restart
    return Plan(
        situation,
        record.original,
        expected,
        write=write,
        restart=needed and request.may_restart,
        restart_due=due,
        remove_record=not due,
    )


def _restarted_for(record: UndoRecord | None, target: str | None, request: Request) -> bool:
    """Whether *target* had its restart: a driver that did not follow then is not restarted for the same value again.

    Of a restart that was asked for by a run which then broke off, nobody knows whether it took place. It is asked for
    once more where a guard sees to it that it does no harm.
    """
    if record is None or record.written != target or record.restart_requested_at is None:
        return False
    return request.guard == "never" or record.outcome is not None or record.restarted_at is not None


def _owes_restart(record: UndoRecord | None, target: str | None, request: Request) -> bool:
    """Whether an earlier run wrote *target* and did not come to the restart, or left it to somebody else."""
    return record is not None and record.written == target and not _restarted_for(record, target, request)


def _broke_off(record: UndoRecord | None, target: str | None, request: Request) -> bool:
    """Whether a run broke off that was to write another value, and whose record has taken the place of the last one.

    Whether *target*, which stands there still, ever had its restart is not known any more.
    """
    return request.guard != "never" and record is not None and record.outcome is None and record.written != target


def _refuse_shared(situation: Situation) -> None:
    adapter, membership = situation.adapter, situation.membership
    if membership is not None and membership.kind.is_team:
        raise NicError(
            "team_member",
            f"adapter {adapter.name}",
            f"a member of {membership.of}, {_TEAMS[membership.kind]}",
            "an adapter that works alone",
            "Take the adapter out of the team, change it and put it back; a team may rewrite settings of its members.",
        )
    if not adapter.physical:
        raise NicError(
            "adapter_not_physical",
            f"adapter {adapter.name}",
            "a virtual adapter, whose offload setting does not reach the hardware below it",
            "a physical adapter",
            "Select the physical adapter below it: toward with the address in question finds it.",
        )


def _refuse_write_that_restarts(situation: Situation, request: Request) -> None:
    if request.may_restart:
        return
    raise NicError(
        "write_restarts",
        f"adapter {situation.adapter.name}",
        "the host profile says that writing the value restarts the adapter at once on hosts like this one",
        "restart if_needed, where a value is to be written",
        "Let restart be if_needed, in a time when the host may be away; nothing was changed.",
    )


def _refuse_restart(situation: Situation, request: Request) -> None:
    adapter = situation.adapter
    if request.guard == "never" and not request.tolerates_no_guard(carries=situation.carries):
        how = "carries" if situation.carries else "may carry"
        raise NicError(
            "restart_not_allowed",
            f"adapter {adapter.name}",
            f"it {how} the connection to the controller, and without a guard nothing on the host would undo a restart"
            " that goes wrong",
            "a restart that can't lock the controller out",
            "Let guard be auto, or set restart to never and restart the host when it may be away, or set"
            " allow_unguarded_restart to true.",
        )
    if not adapter.selectors:
        raise NicError(
            "adapter_not_addressable",
            f"adapter {adapter.name}",
            "the host gave no reference for it, so that it can't be restarted from here",
            "a reference (EndpointReference) beside the adapter",
            "Set restart to never and restart the adapter by hand.",
        )


def _unsupported(situation: Situation, keyword: str | None = None) -> NicError:
    driver = situation.adapter.driver.file or "an unnamed driver"
    return NicError(
        "keyword_unsupported",
        f"adapter {situation.adapter.name}",
        f"{driver} offers no {keyword}" if keyword else f"{driver} offers neither {' nor '.join(KEYWORDS)}",
        "a driver whose checksum offload of UDP over IPv4 can be set",
        "Leave this adapter out; where its driver offers the setting in another version, install that one.",
    )
