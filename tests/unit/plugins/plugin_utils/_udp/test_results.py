# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.results import (
    as_dict,
    check_expectation,
)
from tests.unit.plugins.plugin_utils._udp.stand_ins import result

NAMING = Naming("bmc", "BMC")
SILENT = (Outcome.NO_ANSWER,) * 3


def entry(**changes: Any) -> dict[str, Any]:
    return as_dict(NAMING, "card.example", "host", result(**changes), "192.0.2.1")


def test_a_result_has_its_documented_keys() -> None:
    assert entry() == {
        "bmc": "card.example",
        "address": "192.0.2.9",
        "port": 623,
        "vantage": "host",
        "outcome": "answered",
        "reason": None,
        "detail": "answered",
        "answers": 2,
        "attempts": 3,
        "attempt_outcomes": ["answered", "no_answer", "answered"],
        "silent": False,
        "round_trip_ms": 1.5,
        "source_address": "192.0.2.1",
        "replies": ["0600ff07"],
        "asked_at": 1000.0,
    }


def test_a_result_is_made_of_plain_values() -> None:
    found = entry(outcome=Outcome.NO_ANSWER, attempt_outcomes=SILENT)
    assert json.loads(json.dumps(found)) == found
    assert found["outcome"].__class__ is str
    assert {type(each) for each in found["attempt_outcomes"]} == {str}
    assert found["silent"] is True


@pytest.mark.parametrize(
    ("expect", "changes"),
    [
        ("any", {"outcome": Outcome.MALFORMED}),
        ("any", {"outcome": Outcome.PROBE_UNAVAILABLE, "attempt_outcomes": ()}),
        ("answer", {"outcome": Outcome.ANSWERED}),
        ("answer", {"outcome": Outcome.ANSWERED_WITH_ERROR_CODE}),
        ("silence", {"outcome": Outcome.NO_ANSWER, "attempt_outcomes": SILENT}),
    ],
)
def test_what_was_expected_passes(expect: str, changes: dict[str, Any]) -> None:
    check_expectation(NAMING, expect, "host", [entry(**changes)])


@pytest.mark.parametrize(
    ("expect", "changes"),
    [
        *[("answer", {"outcome": each}) for each in list(Outcome)[2:]],
        ("silence", {"outcome": Outcome.ANSWERED}),
        ("silence", {"outcome": Outcome.PROBE_UNAVAILABLE, "attempt_outcomes": ()}),
        ("silence", {"outcome": Outcome.NO_ANSWER, "attempt_outcomes": (Outcome.NO_ANSWER, Outcome.NO_ROUTE) * 2}),
    ],
)
def test_what_was_not_expected_fails_and_names_the_bmc(expect: str, changes: dict[str, Any]) -> None:
    fine = entry() if expect == "answer" else entry(outcome=Outcome.NO_ANSWER, attempt_outcomes=SILENT)
    fine["bmc"] = "fine.example"
    with pytest.raises(NicError) as caught:
        check_expectation(NAMING, expect, "controller", [fine, entry(detail="the sentence", **changes)])
    error = caught.value
    assert error.code == "expectation_not_met"
    assert error.subject == "probe from the controller"
    assert error.seen == f"card.example: {changes['outcome'].value} (the sentence)"
    assert error.expected == f"{expect} from every BMC"


def test_targets_are_called_what_the_module_calls_them() -> None:
    naming = Naming("target", "target")
    found = as_dict(naming, "clock.example", "host", result(), None)
    assert "bmc" not in found
    assert found["target"] == "clock.example"
    with pytest.raises(NicError) as caught:
        check_expectation(naming, "silence", "host", [found])
    assert caught.value.seen == "clock.example: answered (answered)"
    assert caught.value.expected == "silence from every target"
