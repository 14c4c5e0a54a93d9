# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Text that goes into a WQL query."""

from __future__ import annotations


def wql_string(text: str) -> str:
    r"""Return *text* as a WQL string literal, quotes included.

    Backslash and quote are escaped with a backslash ("Querying with WQL", Win32 documentation), so that a name such as
    ``O'Neil\x`` stays one value and can't end the literal.
    """
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
