# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._registered import (
    CHANGING,
    EVIDENCE,
    controls_of,
    entries_of,
    probe_of,
    probes_of,
    result_of,
    switched,
    told,
)
from tests.unit.plugins.plugin_utils.evidence import BMC, ERROR, FAILED, GUID, SKIPPED, change, probe, probes

OTHER = "192.0.2.21"


def test_the_steps_have_an_order_and_each_one_name() -> None:
    assert len(set(EVIDENCE)) == len(EVIDENCE)
    places = [EVIDENCE.index(step) for step in CHANGING]
    assert places == sorted(places)
    assert EVIDENCE[-1] == "undo"


@pytest.mark.parametrize(("registered", "found"), [(None, None), ({}, None), (SKIPPED, None), (FAILED, FAILED)])
def test_a_step_that_was_skipped_has_no_result(registered: Any, found: Any) -> None:
    assert result_of({"probe": registered}, "probe") == found
    assert result_of({}, "probe") is None


def test_what_is_in_results() -> None:
    evidence = {
        "change": change(),
        "probe": probes(probe("no_answer"), probe("answered", bmc=OTHER)),
        "controls": [FAILED, SKIPPED, probes(probe("answered"), probe("no_answer", bmc=OTHER)), probes(probe())],
    }
    assert [each["guid"] for each in entries_of(evidence, "change")] == [GUID]
    assert list(entries_of(evidence, "undo")) == []
    assert list(probes_of(None)) == list(probes_of(FAILED)) == []
    found = [probe_of(evidence, "probe", bmc) for bmc in (BMC, OTHER, "192.0.2.22")]
    assert [each and each["outcome"] for each in found] == ["no_answer", "answered", None]
    assert [each["outcome"] for each in controls_of(evidence, "controls", BMC)] == ["answered", "answered"]
    assert [each["outcome"] for each in controls_of(evidence, "controls", OTHER)] == ["no_answer"]
    assert controls_of(evidence, "controls_after", BMC) == ()


def test_an_error_is_told_without_what_to_do() -> None:
    assert told(ERROR) == "root/standardcimv2: access denied; expected the right to read."


def test_what_a_step_switched() -> None:
    on = change(after={"configured": "rx_tx", "active": "rx_tx"})
    assert switched({"on": on}, "on") == {GUID: "rx_tx"}
    assert switched({"on": change(restarted=False)}, "on") == {}
    assert switched({"on": FAILED}, "on") == {}
