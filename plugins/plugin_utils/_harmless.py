# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Text of hosts that can be shown as it is.

Ansible prints results without looking at their characters, so that a host could move the cursor of a terminal, hide a
line, or turn the text around, by the name of an adapter.
"""

from __future__ import annotations

import re
import typing as t

REPLACEMENT = "\ufffd"
"""Stands for each character that is not shown, so that a name which had one is seen to have had it."""

# C0 without tab and line feed, DEL and C1, of which U+009B begins a command of a terminal as ESC [ does; the line and
# paragraph separators; the marks, embeddings, overrides and isolates of bidirectional text; half of a surrogate pair.
# Joiners stay: names in Persian or Hindi have them.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(value: t.Any) -> t.Any:
    """Return a result with every such character replaced, in the keys of dictionaries too."""
    if isinstance(value, str):
        return _OBEYED.sub(REPLACEMENT, value) if _OBEYED.search(value) else value
    if isinstance(value, dict):
        return {harmless(key): harmless(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [harmless(each) for each in value]
    return value
