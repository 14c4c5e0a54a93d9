# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What else of an adapter may change with a restart, and comparing it before and after.

A driver that is started anew reads all its settings anew, and everything above it begins from scratch: so a restart can
bring what somebody changed long ago, or lose what was set for the moment only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NOTHING: Final = "none"
"""The word for a setting that isn't there: a driver without the offload, an adapter without an address."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A setting that could not be read, with the code of the error."""

    code: str


Setting = str | tuple[str, ...] | Unread
"""In words; a tuple for what there may be several of, in order."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings of adapters beside the one that is changed: by GUID, by what it is, such as ``rss`` or ``addresses``."""

    settings: Mapping[str, Mapping[str, Setting]]


def compare(before: Surroundings, after: Surroundings, guid: str) -> list[dict[str, Any]]:
    """What differs for one adapter, ``[{what, before, after}]``, sorted by ``what``.

    What could not be read on one side or on both is listed too: it is not known to be equal. An adapter that is missing
    on one side has nothing there.
    """
    old, new = before.settings.get(guid, {}), after.settings.get(guid, {})
    differences = []
    for what in sorted({*old, *new}):
        one, other = old.get(what, NOTHING), new.get(what, NOTHING)
        unread = isinstance(one, Unread) or isinstance(other, Unread)
        if unread or _shown(one) != _shown(other):
            differences.append({"what": what, "before": _shown(one), "after": _shown(other)})
    return differences


def _shown(setting: Setting) -> str | list[str]:
    if isinstance(setting, Unread):
        return f"not read ({setting.code})"
    return setting if isinstance(setting, str) else list(setting) or NOTHING
