# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PktMon of one machine: what is being captured and by whom, which filters are set, and what a capture has recorded.

There is one capture at a time on a machine, and one list of filters; removing filters removes them all. Both outlive
the program that made them, but not a reboot. Which options PktMon knows depends on the Windows: none before 1809, an
older grammar from then on, the one with ``--capture`` on Windows 11, Server 2022 and updated Windows 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.lab.frames import Datagram
from tests.lab.pktmonevents import Event, Recorder
from tests.lab.udpstack import Passage

if TYPE_CHECKING:
    from tests.lab.diagnosisspec import Grammar
    from tests.lab.machine import Machine

GRAMMARS: Final[dict[str, Grammar]] = {
    "windows-10": "capture",
    "windows-11": "capture",
    "server-2012r2": "none",
    "server-2019": "etw",
    "server-2022": "capture",
    "server-2025": "capture",
}
MOST_FILTERS: Final = 32
FOREIGN_FILE: Final = "C:\\Temp\\PktMon.etl"
OURS: Final = "remediation.windows_nic"
OUR_FILE: Final = "C:\\Windows\\System32\\LogFiles\\WMI\\remediation.windows_nic.etl"


class PktMonFailed(Exception):
    """A command of PktMon that ended with an exit code other than 0."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A packet filter: address, transport protocol and port must all fit, in either direction."""

    name: str
    address: str | None = None
    port: int | None = None

    def fits(self, datagram: Datagram) -> bool:
        """Whether it lets a UDP datagram through."""
        addresses = (datagram.source, datagram.destination)
        ports = (datagram.source_port, datagram.destination_port)
        return (self.address is None or self.address in addresses) and (self.port is None or self.port in ports)


@dataclass(slots=True)
class Capture:
    """A capture that runs. ``file`` is None for one that only counts; ``packet_bytes`` 0 logs whole packets."""

    file: str | None
    packet_bytes: int = 0
    recorder: Recorder | None = None


@dataclass(slots=True)
class PktMon:
    """The packet monitor of a machine."""

    machine: Machine
    capture: Capture | None = None
    filters: list[Filter] = field(default_factory=list)
    files: dict[str, list[Event]] = field(default_factory=dict)
    locked: bool = False
    captures: int = 0

    def __post_init__(self) -> None:
        spec = self._spec
        self.filters = [Filter(f"filter{number + 1}", port=5000 + number) for number in range(spec.filters)]
        if spec.capture == "foreign":
            self.capture = Capture(FOREIGN_FILE)
        elif spec.capture == "counting":
            self.capture = Capture(None)
        elif spec.capture == "ours":
            self.capture = Capture(OUR_FILE)
            self.filters.append(Filter(OURS, "127.2.0.1", 623))
            self.files[OUR_FILE] = []

    @property
    def grammar(self) -> Grammar:
        """Which options its ``start`` has; ``none``: there is no PktMon."""
        return self._spec.grammar or GRAMMARS[self.machine.host.system.product]

    @property
    def _spec(self) -> Any:
        return self.machine.host.system.pktmon

    def add_filter(self, name: str, address: str, port: int) -> None:
        """``pktmon filter add``. Filters may have the same name.

        Raises:
            PktMonFailed: there are too many.
        """
        self._fail("filter_add")
        if len(self.filters) >= MOST_FILTERS:
            raise PktMonFailed("filter add")
        self.filters.append(Filter(name, address, port))

    def remove_filters(self) -> None:
        """``pktmon filter remove``: removes all.

        Raises:
            PktMonFailed: it can't.
        """
        self._fail("filter_remove")
        self.filters.clear()

    def start(self, file: str, packet_bytes: int) -> None:
        """``pktmon start --capture`` into a file, with packets and their metadata.

        Raises:
            PktMonFailed: a capture runs already, or it can't start one.
        """
        self._fail("start")
        if self.capture is not None:
            raise PktMonFailed("start")
        self.capture = Capture(file, packet_bytes, Recorder(self.machine, packet_bytes))
        self.files[file] = []
        self.captures += 1

    def stop(self) -> None:
        """``pktmon stop``: ends whoever's capture it is, and writes the components at the end of the file.

        Raises:
            PktMonFailed: none runs, or it can't.
        """
        self._fail("stop")
        if self.capture is None:
            raise PktMonFailed("stop")
        capture, self.capture = self.capture, None
        if capture.recorder is not None and capture.file is not None and self._spec.events == "kept":
            self.files[capture.file] = capture.recorder.file(self._spec.keeps_last)

    def delete(self, file: str) -> None:
        """Delete a capture file.

        Raises:
            PktMonFailed: it is in use.
        """
        self._fail("delete")
        if self.capture is not None and self.capture.file == file:
            raise PktMonFailed("delete")
        self.files.pop(file, None)

    def saw(self, passage: Passage) -> None:
        """A datagram passes: recorded if a capture runs that its filters let it through to."""
        recorder = None if self.capture is None else self.capture.recorder
        if recorder is None:
            return
        fitting = [number for number, one in enumerate(self.filters, 1) if one.fits(passage.datagram)]
        if fitting or not self.filters:
            recorder.record(passage, fitting[0] if fitting else 0)

    def power_off(self) -> None:
        """The machine goes down: a capture and the filters are gone, files stay."""
        self.capture = None
        self.filters.clear()
        self.locked = False

    def snapshot(self) -> dict[str, Any]:
        """What an observer may know."""
        capture = None
        if self.capture is not None:
            capture = "ours" if self.capture.file == OUR_FILE else "foreign"
        return {
            "grammar": self.grammar,
            "capture": capture,
            "filters": [one.name for one in self.filters],
            "files": sorted(self.files),
            "captures": self.captures,
        }

    def now(self) -> datetime:
        """The machine's own clock."""
        return self.machine.clock.now

    def _fail(self, step: str) -> None:
        if self._spec.fails == step:
            raise PktMonFailed(step.replace("_", " "))
