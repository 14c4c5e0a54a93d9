# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All fuzz targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.fuzz.answers import ANSWERS, FAULTS
from tests.fuzz.captures import CAPTURES
from tests.fuzz.datagrams import PACKETS, RELAY
from tests.fuzz.hosts import HOSTS
from tests.fuzz.patterns import PATTERNS
from tests.fuzz.records import GUARDS, OUTCOMES, UNDO
from tests.fuzz.target import Target

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        target.name: target
        for target in (ANSWERS, FAULTS, HOSTS, UNDO, OUTCOMES, GUARDS, RELAY, PACKETS, CAPTURES, PATTERNS)
    }
)
