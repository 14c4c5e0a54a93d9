# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executing a call the way its fault rule wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.lab import faults
from tests.lab.connections import Connection
from tests.lab.dispatch import Call, WinRmService
from tests.lab.envelopes import Answer, new_id
from tests.lab.wirespec import CutBy, FaultRule, Misbehaviour

_HUGE_BYTES: Final = 10 * 1024 * 1024
_TOO_MANY_OPERATIONS: Final = 2150859174  # 0x803381A6
_NOT_XML: Final = b"<html><head><title>Sign in<body>This network wants you to sign in first.<br>"
_STATUSES: Final = {Misbehaviour.UNAUTHORIZED: 401, Misbehaviour.UNAVAILABLE: 503}
_DOCTYPE: Final = b'<!DOCTYPE s:Envelope [<!ENTITY l "lab"><!ENTITY x "&l;&l;&l;&l;">]>'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes out, or doesn't."""

    status: int = 200
    content: bytes = b""
    fault: int | None = None
    cut: Callable[[Connection], None] | None = None
    """How to drop the connection instead of answering."""
    truncate: bool = False
    chunked: bool = False


async def carry_out(service: WinRmService, call: Call, user: str, rule: FaultRule | None) -> Outcome:
    """Execute a call, or what its rule puts in place of that."""
    do = rule.do if rule else None
    if rule is not None and do is Misbehaviour.CUT_BEFORE:
        return Outcome(cut=_cut(rule))
    if do in _STATUSES:
        return Outcome(_STATUSES[do])
    fault = _fault(do)
    if fault is not None:
        refusal = service.refuse(call, fault)
        return Outcome(refusal.status, refusal.render(), refusal.fault)
    if rule is not None and do is Misbehaviour.DELAY:
        await asyncio.sleep(rule.seconds or 0.0)
    if do is Misbehaviour.REBOOT:
        service.reboot_machine()
    answer = await service.execute(call, user, do)
    if rule is not None and do is Misbehaviour.CUT_AFTER:
        return Outcome(fault=answer.fault, cut=_cut(rule))
    if do is Misbehaviour.REBOOT:
        # The connection goes with the machine.
        await asyncio.Event().wait()
    if rule is not None and do is Misbehaviour.HOLD:
        if rule.seconds is None:
            await asyncio.Event().wait()
        await asyncio.sleep(rule.seconds or 0.0)
    return _spoiled(answer, do)


def _spoiled(answer: Answer, do: Misbehaviour | None) -> Outcome:
    if do is Misbehaviour.WRONG_RELATES_TO:
        answer = answer.related_to(new_id())
    if do is Misbehaviour.NO_RELATES_TO:
        answer = answer.related_to(None)
    if do is Misbehaviour.NOT_XML:
        return Outcome(200, _NOT_XML)
    content = answer.render()
    if do is Misbehaviour.DTD:
        return Outcome(answer.status, _DOCTYPE + content, answer.fault)
    if do is Misbehaviour.HUGE:
        padding = b"<!--" + b" " * _HUGE_BYTES + b"-->"
        return Outcome(answer.status, content.replace(b"<s:Body>", b"<s:Body>" + padding), answer.fault, chunked=True)
    return Outcome(answer.status, content, answer.fault, truncate=do is Misbehaviour.TRUNCATE)


def _fault(do: Misbehaviour | None) -> faults.WsmanFault | None:
    if do is Misbehaviour.QUOTA:
        return faults.quota_exceeded(
            _TOO_MANY_OPERATIONS, "This user has too many operations under way. Try again later. "
        )
    if do is Misbehaviour.TIMEOUT:
        return faults.timed_out()
    if do is Misbehaviour.ACCESS_DENIED:
        return faults.access_denied()
    return None


def _cut(rule: FaultRule) -> Callable[[Connection], None]:
    return Connection.reset if rule.how is CutBy.RESET else Connection.close
