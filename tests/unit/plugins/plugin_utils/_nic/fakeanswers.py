# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host in memory answers: rows as the client hands them out, and errors, for requests that are to meet some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.lab.cim.values import Value

Row = dict[str, Value]


def instance(class_name: str, row: Mapping[str, Value], selectors: Mapping[str, str] | None = None) -> Instance:
    """A row as the client hands it out: everything is text, null arrays are missing."""
    properties: dict[str, tuple[str | None, ...]] = {}
    for name, value in row.items():
        values = value if isinstance(value, list) else [value]
        if values:
            properties[name] = tuple(None if each is None else _text(each) for each in values)
    return Instance(class_name, cast(Any, properties), selectors)


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def lost() -> ConnectionLost:
    """The error of an answer that never came."""
    return ConnectionLost("connection_lost", "host", "reset", "an answer", "Try again.")


def unreachable() -> HostUnreachable:
    """The error of a host that can't be reached."""
    return HostUnreachable("host_unreachable", "host", "refused", "a connection", "Try again.")


def fault(**codes: Any) -> WsmanFault:
    """A fault with these codes, in words of no language."""
    return WsmanFault("request", "...", **codes)


@dataclass
class Refusal:
    """An error that requests meet, the first ``times`` that ``fits`` them; ``executed`` if carried out first."""

    fits: str
    error: Callable[[], NicError]
    executed: bool = False
    times: int = 1
