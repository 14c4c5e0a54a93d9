# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An undo record of the first adapter, for tests of what is kept on a host."""

from __future__ import annotations

from typing import Any

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import RecordStore, UndoRecord
from tests.unit.plugins.plugin_utils._nic.fakehost import GRANULAR, FakeHost, guid

NAME = f"{guid(1)}::{GRANULAR}"
AT = "2026-11-22T14:09:00+00:00"


def record(**changes: Any) -> UndoRecord:
    values: dict[str, Any] = {
        "guid": guid(1),
        "keyword": GRANULAR,
        "original": "3",
        "taken_at": AT,
        "adapter": "以太网 'O\"Neil'",
        "pci": "8086:1539",
        "location": "0000:03:00.0",
        "mac": "aa:bb:cc:dd:ee:01",
        "driver_file": "e1r68x64.sys",
        "driver_version": "12.18.11.1",
        "written": "1",
    }
    return UndoRecord(**{**values, **changes})


def store(host: FakeHost) -> RecordStore:
    return RecordStore(Registry(host.client))
