# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._trouble import refused_of, trouble_of
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    ERROR,
    FAILED,
    SILENT,
    SKIPPED,
    UNREACHABLE,
    change,
    facts,
    refused,
)

FIRST: dict[str, Any] = {"facts": facts(), "probe": SILENT, "change": change(), "probe_after": ANSWERED}
ON: dict[str, Any] = {**FIRST, "on": change()}
TOUCHED = {"changed": True}


def host(evidence: dict[str, Any]) -> str | None:
    found = trouble_of(evidence)
    return found and found.observations.host


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ({}, "unreadable"),
        ({"facts": SKIPPED}, "unreadable"),
        ({"facts": FAILED}, "unreadable"),
        ({"facts": UNREACHABLE}, "unreachable"),
        ({"facts": facts()}, None),
        ({"facts": facts(), "probe": FAILED}, "unreadable"),
        ({"facts": facts(), "probe": SILENT, "drops": FAILED}, None),
        ({"facts": facts(), "probe": SILENT, "drops": UNREACHABLE}, "unreachable"),
        (FIRST, None),
        ({**FIRST, "probe_after": FAILED}, None),
        ({**FIRST, "probe_after": UNREACHABLE}, "lost"),
        ({"facts": facts(), "change": UNREACHABLE}, "lost_before"),
        ({**FIRST, "change": FAILED}, "unreadable"),
        ({**FIRST, "change": refused("guard_held")}, None),
        ({**FIRST, "change": refused("guard_held", **TOUCHED)}, "unreadable"),
        ({**FIRST, "change": refused("undone_by_guard", **TOUCHED)}, "undone_by_guard"),
        ({**FIRST, "change": refused("guard_not_removed", **TOUCHED)}, "guard_left"),
        ({**FIRST, "undo": FAILED}, "not_restored"),
        ({**FIRST, "undo": refused("guard_held")}, "not_restored"),
        ({**FIRST, "undo": refused("undone_by_guard", **TOUCHED)}, "undone_by_guard"),
        # Switching on again: refused is as good as not begun, and every other end leaves it open what is in force.
        (ON, None),
        ({**FIRST, "on": refused("guard_not_set")}, None),
        ({**FIRST, "on": refused("guard_not_set", **TOUCHED)}, "second_round_failed"),
        ({**FIRST, "on": refused("undone_by_guard", **TOUCHED)}, "second_round_failed"),
        ({**FIRST, "on": FAILED}, None),
        ({**FIRST, "on": {**FAILED, **TOUCHED}}, "second_round_failed"),
        ({**FIRST, "on": {"msg": "a traceback"}}, "second_round_failed"),
        ({**FIRST, "on": UNREACHABLE}, "lost"),
        ({**ON, "probe_on": UNREACHABLE}, "lost"),
        ({**ON, "probe_on": FAILED}, None),
        # Off again: a refusal leaves it on.
        ({**ON, "off_again": change()}, None),
        ({**ON, "off_again": refused("guard_not_set")}, "second_round_failed"),
        ({**ON, "off_again": refused("guard_not_removed")}, "second_round_failed"),
        ({**ON, "off_again": refused("undone_by_guard", **TOUCHED)}, "undone_by_guard"),
        ({**ON, "off_again": refused("guard_not_removed", **TOUCHED)}, "guard_left"),
        ({**ON, "off_again": FAILED}, "second_round_failed"),
        ({**ON, "off_again": UNREACHABLE}, "lost"),
        ({**ON, "off_again": change(), "probe_again": UNREACHABLE}, "lost"),
        ({**ON, "undo": FAILED}, "not_restored"),
    ],
)
def test_what_became_of_a_host(evidence: dict[str, Any], expected: str | None) -> None:
    assert host(evidence) == expected


def test_trouble_is_told_with_its_error_and_its_remedy() -> None:
    found = trouble_of({"facts": FAILED})
    assert found is not None
    assert (found.problem, found.error) == ("root/standardcimv2: access denied; expected the right to read.", ERROR)
    assert found.remedy == "Grant it."
    broken = trouble_of({**ON, "off_again": FAILED})
    assert broken is not None
    # What the verdict says must be done, whatever else: receive offload is on.
    assert (broken.problem, broken.remedy) == (found.problem, "")
    bare = trouble_of({**FIRST, "on": {"msg": "a traceback"}})
    assert bare is not None
    assert (bare.problem, bare.error) == ("a traceback", {"seen": "a traceback"})


def test_a_refusal_has_a_reason_and_changed_nothing() -> None:
    found = refused_of({"change": refused("restart_risky")})
    assert found is not None
    assert (found.reason, found.problem) == ("restart_risky", "what speaks against it.")
    assert found.error["code"] == "restart_risky"
    for other in (refused("restart_risky", **TOUCHED), refused("not_a_refusal"), UNREACHABLE, change(), SKIPPED):
        assert refused_of({"change": other}) is None
    assert refused_of({}) is None
