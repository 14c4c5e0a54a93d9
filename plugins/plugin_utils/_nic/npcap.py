# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Npcap, a filter driver for packet captures that in old versions changes what the adapters offload.

Up to version 0.93 its driver switched the checksum offload of every adapter that it was bound to off (nmap/npcap, issue
409), whatever the adapter's own settings say. Versions count as two numbers: 0.10 came after 0.09, and 0.9994 long
after 0.93.

The version is read from the entry that Npcap's installer makes for uninstalling, which is a 32-bit program's on 64-bit
Windows. Where Npcap came without its installer, or the entry is gone, nothing that WS-Management reaches tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import NAMESPACE, Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

COMPONENTS: Final = ("insecure_npcap", "insecure_npcap_wifi")
"""ComponentIDs of its filter driver, in lower case: for wired adapters, and for wireless ones."""

_LAST_THAT_OVERRIDES: Final = (0, 93)
_SERVICE: Final = "npcap"
_UNINSTALL: Final = (
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\NpcapInst",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\NpcapInst",
)
_VERSION: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,6})(?![0-9])")
_LONGEST_VERSION: Final = 40


@dataclass(frozen=True, slots=True)
class Npcap:
    """Npcap as it was found.

    Attributes:
        adapters: Names of the adapters that it is bound to.
        version: As its installer wrote it; None where nothing tells.
        runs: Whether its driver runs; None where that could not be read.
    """

    adapters: tuple[str, ...]
    version: str | None
    runs: bool | None

    @property
    def overrides_offload(self) -> bool | None:
        """Whether it switches checksum offload off on these adapters; None where its version is not known."""
        if self.runs is False:
            return False
        numbers = version_numbers(self.version)
        return None if numbers is None else numbers <= _LAST_THAT_OVERRIDES

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results."""
        return {
            "adapters": list(self.adapters),
            "version": self.version,
            "runs": self.runs,
            "overrides_offload": self.overrides_offload,
        }


def version_numbers(version: str | None) -> tuple[int, int] | None:
    """Major and minor number of a version such as ``0.93``, ``0.99-r7`` or ``1.79``; None for anything else."""
    match = _VERSION.match((version or "").strip())
    return (int(match[1]), int(match[2])) if match else None


def read_npcap(reader: TolerantReader, bound_to: Iterable[str]) -> Npcap | None:
    """Read version and state of Npcap. Nothing is asked where it is bound to no adapter.

    Args:
        reader: Asks the host.
        bound_to: Names of the adapters that it is bound to.

    Raises:
        HostUnreachable: the host does not answer any more.
    """
    adapters = tuple(sorted(bound_to, key=str.casefold))
    if not adapters:
        return None
    return Npcap(adapters, _read_version(reader), _read_state(reader))


def _read_version(reader: TolerantReader) -> str | None:
    registry = Registry(reader.client)
    for key in _UNINSTALL:
        for name in ("DisplayVersion", "DisplayName"):
            text = reader.value("version of Npcap", partial(registry.get_string, key, name), None)
            # Old installers wrote the version into the name as well: "Npcap 0.93".
            version = (text or "").strip().removeprefix("Npcap").strip()
            if version_numbers(version) is not None:
                return one_line(version, _LONGEST_VERSION)
    return None


def _read_state(reader: TolerantReader) -> bool | None:
    def read(row: Instance) -> bool | None:
        return row.boolean("Started") if (row.text("Name") or "").strip().casefold() == _SERVICE else None

    rows = reader.rows("state of Npcap's driver", NAMESPACE, "Win32_SystemDriver", read, where=f"Name = '{_SERVICE}'")
    return next(iter(rows.items), None)
