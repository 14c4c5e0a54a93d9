# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.remediation.windows_nic.plugins.filter.story import FilterModule, story
from ansible_collections.remediation.windows_nic.plugins.filter.verdict import verdict
from tests.unit.plugins.plugin_utils.evidence import CONTROL, SILENT, drops, facts

EVIDENCE: dict[str, Any] = {
    "facts": facts(),
    "probe": SILENT,
    "controls": [CONTROL],
    "drops": drops("driver_marked_bad"),
}


def test_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"story": story}


def test_the_story_ends_with_the_verdict_and_the_next_step() -> None:
    result = verdict(EVIDENCE)
    told = story(EVIDENCE, result)
    assert [each["about"] for each in told] == ["Asked", "Elsewhere", "Way", "Packets", "So", "Next"]
    assert told[-1]["text"] == result["next_step"]


@pytest.mark.parametrize(("evidence", "result", "what"), [([], {}, "input"), ({}, "affected", "result")])
def test_what_is_no_mapping_is_refused(evidence: Any, result: Any, what: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"story: the {what} is a "):
        story(evidence, result)
