# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a second run must end in after a fault."""

from __future__ import annotations

import pytest

from tests.faults.combinations import combinations
from tests.faults.steps import steps_of
from tests.faults.wirefaults import WIRE_FAULTS
from tests.unit.faults.test_steps import RUN

NEVER_ARRIVES = {"request lost, reset", "operation timed out", "host down for a while"}


def test_only_a_restart_that_never_arrived_is_left_to_a_person() -> None:
    assert {fault.words for fault in WIRE_FAULTS if not fault.arrives} == NEVER_ARRIVES
    steps = [*steps_of("change", RUN, []), *steps_of("rollback", RUN, RUN)]
    left = {
        (each.fault, each.story, each.step.method)
        for each in combinations(steps, every_request=True)
        if each.verdict("as it was") == "restart_pending"
    }
    assert left == {(fault, "change", "Restart") for fault in NEVER_ARRIVES}


@pytest.mark.parametrize("clean", ["remediated", "affected"])
def test_every_other_one_ends_as_without_a_fault(clean: str) -> None:
    steps = steps_of("rollback", RUN, [])
    assert {each.verdict(clean) for each in combinations(steps, every_request=True)} == {clean}
