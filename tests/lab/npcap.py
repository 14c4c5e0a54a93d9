# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Npcap as Windows shows it, and what its old versions do to the offloads of the adapters they are bound to.

Up to version 0.93 its driver switched checksum offload off on every adapter it was bound to (nmap/npcap, issue 409).
Its installer is a 32-bit program, so that on 64-bit Windows its keys are below WOW6432Node. Versions count as two
numbers: 0.10 came after 0.09, and 0.9994 long after 0.93.
"""

from __future__ import annotations

import re
from typing import Final

from tests.lab.diagnosisspec import Npcap
from tests.lab.registry import REG_DWORD, REG_SZ, Registry

COMPONENT: Final = "INSECURE_NPCAP"
DISPLAY_NAME: Final = "Npcap Packet Driver (NPCAP)"
DRIVER_PATH: Final = "C:\\WINDOWS\\system32\\DRIVERS\\npcap.sys"
LAST_THAT_OVERRIDES: Final = (0, 93)
_DIRECTORY: Final = "C:\\Program Files\\Npcap"
_SOFTWARE: Final = "SOFTWARE\\WOW6432Node"
UNINSTALL_PATH: Final = f"{_SOFTWARE}\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\NpcapInst"
SERVICE_PATH: Final = "SYSTEM\\CurrentControlSet\\Services\\npcap"


def version_numbers(version: str) -> tuple[int, int]:
    """Major and minor number of a version such as 0.93, 0.99-r7 or 1.79."""
    major, minor = re.split(r"[. -]", version)[:2]
    return int(major), int(minor)


def overrides_offload(npcap: Npcap | None) -> bool:
    """Whether it switches the adapters' checksum offload off."""
    return npcap is not None and npcap.runs and npcap.bound and version_numbers(npcap.version) <= LAST_THAT_OVERRIDES


def install(npcap: Npcap, registry: Registry) -> None:
    """Write what the installer writes."""
    registry.ensure(f"{_SOFTWARE}\\Npcap").set("", REG_SZ, _DIRECTORY)
    service = registry.ensure(SERVICE_PATH)
    service.set("DisplayName", REG_SZ, DISPLAY_NAME)
    service.set("ImagePath", REG_SZ, "\\SystemRoot\\system32\\DRIVERS\\npcap.sys")
    service.set("Type", REG_DWORD, 1)
    service.set("Start", REG_DWORD, 1)
    if not npcap.uninstall_key:
        return
    major, minor = version_numbers(npcap.version)
    entry = registry.ensure(UNINSTALL_PATH)
    name = "Npcap" if major else f"Npcap {npcap.version}"
    for value, text in (
        ("DisplayName", name),
        ("DisplayVersion", npcap.version),
        ("Publisher", "Nmap Project"),
        ("UninstallString", f'"{_DIRECTORY}\\uninstall.exe"'),
        ("VersionMajor", str(major)),
        ("VersionMinor", str(minor)),
    ):
        entry.set(value, REG_SZ, text)
