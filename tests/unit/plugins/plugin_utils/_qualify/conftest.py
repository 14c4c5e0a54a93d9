# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of the lab in this process, which end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.inmemory import MemoryHost
from tests.unit.plugins.plugin_utils._qualify.qualifying import Trials

I211 = {"model": "intel-i211", "network": 1}


@pytest.fixture
def qualify() -> Iterator[Callable[..., Trials]]:
    """Makes a host: what restarts of its adapter do, and the rest of its kind."""
    hosts: list[MemoryHost] = []

    def make(
        restart: Mapping[str, Any] | None = None, *, adapter: Mapping[str, Any] | None = None, **kind: Any
    ) -> Trials:
        one = {**I211, **(adapter or {}), "restart": {"outage_seconds": 9.0, "answer": "cut", **(restart or {})}}
        hosts.append(MemoryHost({"adapters": [one], **kind}))
        return Trials(hosts[-1])

    yield make
    for host in hosts:
        host.close()
