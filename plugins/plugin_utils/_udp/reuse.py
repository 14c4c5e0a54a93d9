# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Answers that another host's task of the same Ansible run has just gathered, so that a play asks each target once.

A file that somebody else may have written, or that is damaged, counts as not there: the target is asked again.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import stat
import typing as t
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.locks import (
    LocksUnusable,
    Waiting,
    any_lock,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult

_FORMAT = 2
_LARGEST_FILE = 100_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """Which earlier answers will do."""

    reuse_seconds: float
    """How old an answer may be."""
    asked_after: float
    """Seconds since the epoch: the question must have been asked later than this."""

    def fits(self, result: ProbeResult, now: float) -> bool:
        """Whether *result* will do at the time *now*, in seconds since the epoch. Times in the future never fit."""
        return result.asked_at > self.asked_after and 0 <= now - result.asked_at <= self.reuse_seconds


@contextlib.contextmanager
def turns(directory: pathlib.Path, keys: list[str], waiting: Waiting) -> Iterator[list[str]]:
    """Be the only one of the run that looks for, or asks for, the answers of *keys*. Always taken in one order.

    Yields:
        Warnings.
    """
    warnings: list[str] = []
    with contextlib.ExitStack() as stack:
        for key in sorted(set(keys)):
            try:
                held = stack.enter_context(any_lock([directory / f"{key}.turn"], waiting))
            except LocksUnusable as error:
                warnings.append(f"Answers are not shared between hosts: {error}")
                break
            if not held:
                warnings.append(
                    f"Waited {waiting.deadline_seconds:g} seconds for another host's answer, then asked without it."
                )
        yield warnings


def load(directory: pathlib.Path, key: str) -> ProbeResult | None:
    """The answer kept under *key*; None where there is none that can be trusted."""
    try:
        descriptor = os.open(directory / f"{key}.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return None
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        return None
    try:
        return _read(json.loads(content))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def save(directory: pathlib.Path, key: str, result: ProbeResult) -> list[str]:
    """Keep *result* under *key*. Returns warnings: an answer that can't be kept is an answer all the same."""
    content = json.dumps({"format": _FORMAT, **asdict(result)}).encode("ascii")
    new = directory / f"{key}.new"
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        new.replace(directory / f"{key}.json")
    except OSError as error:
        return [f"The answer of {result.address} could not be kept for other hosts: {error.strerror}"]
    return []


def _read(content: t.Any) -> ProbeResult:
    """Build a result from parsed JSON.

    Raises:
        ValueError: it is not what :func:`save` writes; KeyError and TypeError too.
    """
    if content["format"] != _FORMAT:
        raise ValueError("unknown format")
    round_trip = content["round_trip_ms"]
    reason = content["reason"]
    return ProbeResult(
        address=_typed(content["address"], str),
        port=_typed(content["port"], int),
        asked_at=_typed(content["asked_at"], float),
        outcome=Outcome(content["outcome"]),
        reason=None if reason is None else _typed(reason, str),
        detail=_typed(content["detail"], str),
        attempt_outcomes=tuple(Outcome(each) for each in _typed(content["attempt_outcomes"], list)),
        round_trip_ms=None if round_trip is None else _typed(round_trip, float),
        told=tuple(_typed(each, str) for each in _typed(content["told"], list)),
        replies=tuple(_typed(each, str) for each in _typed(content["replies"], list)),
    )


_Kind = t.TypeVar("_Kind")


def _typed(value: t.Any, kind: type[_Kind]) -> _Kind:
    if value.__class__ is not kind:
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value
