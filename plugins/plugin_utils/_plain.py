# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Plain Python values from what Ansible hands to plugins."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence


def plain(value: t.Any) -> t.Any:
    """Return *value* made of exactly ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` and ``None``.

    Ansible marks values by subclasses: unsafe text in every version, since ansible-core 2.19 also origin and trust, and
    lazy containers that template on access. Libraries that look at exact types (jmespath) don't know these. A value of
    another type, such as a date, becomes its text.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, Mapping):
        return {plain(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence | set | frozenset):
        return [plain(each) for each in value]
    return str.__str__(str(value))
