# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Options that several actions share, for their argument specs. The doc fragment ``adapters`` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import CLASSES

_TEXTS: Final[Mapping[str, Any]] = {"type": "list", "elements": "str"}

SELECTION: Final[Mapping[str, Any]] = {
    "type": "dict",
    "options": {
        "name": _TEXTS,
        "description": _TEXTS,
        "guid": _TEXTS,
        "mac": _TEXTS,
        "driver": _TEXTS,
        "pci": _TEXTS,
        "class": {**_TEXTS, "choices": list(CLASSES)},
        "toward": _TEXTS,
        "query": {"type": "str"},
    },
}

RULES: Final[Mapping[str, Any]] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "id": {"type": "str", "required": True},
        "pci": {**_TEXTS, "required": True},
        "subsystem_not": _TEXTS,
        "driver": _TEXTS,
        "class": {"type": "str", "required": True, "choices": list(CLASSES)},
        "reason": {"type": "str", "required": True},
        "source": {"type": "str", "required": True},
    },
}
