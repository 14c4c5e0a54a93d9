# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""requests.jsonl: one line for every HTTP request that reached the lab, written when it is answered or cut off."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request. Byte counts are those of the HTTP bodies, encrypted where they travelled encrypted."""

    time: float
    """Seconds since the epoch when the request was complete."""
    host: str
    connection: int
    """Number of the TCP connection. Authenticated sessions: the distinct ones of lines that are not authentication."""
    scheme: str
    action: str | None
    """Short name of the action (Enumerate, Invoke ...), null when there was no message."""
    resource: str | None
    """Resource URI."""
    name: str | None
    """CIM class, the queried one for WQL, or the last part of another resource URI."""
    method: str | None
    about: str | None
    """Of a call to StdRegProv: key and value name."""
    message_id: str | None
    bytes_in: int
    bytes_out: int
    status: int | None
    """HTTP status; null when the connection was cut instead."""
    fault: int | None
    """Decimal code of the fault that was the answer."""
    struck_by: str | None
    """The misbehaviour that a fault rule ordered."""
    authentication: bool
    """A round trip of authentication: answered by 401, or without a message in it."""


class RequestLog:
    """The log file of a lab, begun anew at every start."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def write(self, line: LogLine) -> None:
        """Append a line and hand it to the operating system, so that readers see it at once."""
        self._file.write(json.dumps(asdict(line), separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
