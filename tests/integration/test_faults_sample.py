# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fair sample of ``make faults``: faults and steps evenly spread over all of them, and the same judgement."""

from __future__ import annotations

import io

import pytest

from tests.faults.combinations import combinations
from tests.faults.findings import Row
from tests.faults.interruptions import Interruptions
from tests.faults.machines import Machines, every_machine_fault
from tests.faults.progress import Progress
from tests.faults.recording import record
from tests.faults.table import conclusion
from tests.labfixture import labs

INTERRUPTIONS = 6
MACHINE_FAULTS = 2
FORKS = 10


def sample(everything: list, wanted: int) -> list:
    """So many of them, evenly spread, beginning in the middle of the first part."""
    stride = len(everything) // wanted
    return everything[stride // 2 :: stride][:wanted]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    directory = tmp_path_factory.mktemp("faults")
    progress = Progress(io.StringIO())
    with labs(directory) as start:
        recording = record(start, directory, {})
        combined = sample(combinations(recording.steps, every_request=False), INTERRUPTIONS)
        found = Interruptions(combined, recording, {}, progress).run(start, directory, FORKS)
        chosen = sample(every_machine_fault(), MACHINE_FAULTS)
        return found + Machines(chosen, {}, progress).run(start, directory, FORKS)


def test_every_host_ends_reachable_and_recoverable_and_without_a_guard(rows: list[Row]) -> None:
    assert not any(row.failures for row in rows), conclusion(rows)
    assert [(row.reachable, row.recoverable, row.guard_left) for row in rows] == [(True, True, False)] * len(rows)


def test_the_sample_is_as_large_as_it_is_to_be_and_kills_controllers(rows: list[Row]) -> None:
    assert len(rows) == INTERRUPTIONS + MACHINE_FAULTS
    assert any(row.fault.startswith("controller killed") for row in rows)
    assert {row.step.partition(" ")[0].rstrip(":") for row in rows} == {"change", "rollback"}
