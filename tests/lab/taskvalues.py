# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task definition says ([MS-TSCH] 2.5), as plain data, and the simple types its texts are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

_DURATION: Final = re.compile(
    r"P(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<days>\d{1,6})D)?"
    r"(?P<time>T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)?")
_DAYS_OF_A_YEAR: Final = 365
_DAYS_OF_A_MONTH: Final = 30

TriggerKind = Literal["TimeTrigger", "BootTrigger", "RegistrationTrigger"]
InstancesPolicy = Literal["Parallel", "Queue", "IgnoreNew", "StopExisting"]

DEFAULT_TIME_LIMIT: Final = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Repetition:
    """A trigger that fires again: every ``interval``, for ``duration`` (None: until the trigger's end, if any)."""

    interval: timedelta
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a task starts. Boundaries without a zone are local time; ``delay`` is Delay or RandomDelay."""

    kind: TriggerKind
    identifier: str | None = None
    enabled: bool = True
    start: datetime | None = None
    end: datetime | None = None
    repetition: Repetition | None = None
    time_limit: timedelta | None = None
    delay: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class ExecAction:
    """A command that a task runs."""

    command: str
    arguments: str = ""
    directory: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a task runs as."""

    user: str | None = None
    group: str | None = None
    logon_type: str | None = None
    run_level: str = "LeastPrivilege"
    identifier: str | None = None
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """How a task is run. The defaults are those of the schema; a time limit of None is none at all."""

    enabled: bool = True
    allow_start_on_demand: bool = True
    allow_hard_terminate: bool = True
    disallow_start_on_batteries: bool = True
    stop_on_batteries: bool = True
    start_when_available: bool = False
    only_with_network: bool = False
    only_if_idle: bool = False
    wake_to_run: bool = False
    hidden: bool = False
    instances: InstancesPolicy = "IgnoreNew"
    time_limit: timedelta | None = DEFAULT_TIME_LIMIT
    delete_expired_after: timedelta | None = None
    priority: int = 7


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """A whole task definition. ``registration`` are the texts of RegistrationInfo by element name."""

    triggers: tuple[Trigger, ...]
    principal: Principal
    settings: TaskSettings
    actions: tuple[ExecAction, ...]
    registration: dict[str, str] = field(default_factory=dict)


def read_duration(text: str) -> timedelta:
    """An ``xs:duration`` without a sign. A year counts 365 days and a month 30.

    Raises:
        ValueError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError(f"{text!r} is no duration")
    years, months, days = (int(match[part] or 0) for part in ("years", "months", "days"))
    try:
        return timedelta(
            days=years * _DAYS_OF_A_YEAR + months * _DAYS_OF_A_MONTH + days,
            hours=int(match["hours"] or 0),
            minutes=int(match["minutes"] or 0),
            seconds=float(match["seconds"] or 0),
        )
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long") from error


def duration_text(value: timedelta) -> str:
    """A duration as the Task Scheduler writes it, such as PT5M or P1DT2H."""
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    days = f"{value.days}D" if value.days else ""
    if time:
        return f"P{days}T{time}"
    return f"P{days}" if days else "PT0S"


def read_date_time(text: str) -> datetime:
    """An ``xs:dateTime``; one without a zone gives a naive datetime, which is the machine's local time.

    Raises:
        ValueError: it is none.
    """
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no date and time")
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", text))


def read_boolean(text: str) -> bool:
    """An ``xs:boolean``.

    Raises:
        ValueError: it is none.
    """
    if text not in ("true", "false", "1", "0"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text in ("true", "1")
