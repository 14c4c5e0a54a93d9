# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The results that the role registered on the way to a judgement: missing, skipped, failed and unreachable ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Result = Mapping[str, Any]

EVIDENCE: Final = (
    *("facts", "probe", "controls", "receive_path", "sources", "drops"),
    *("change", "probe_after", "controls_after"),
    *("on", "probe_on", "controls_on", "off_again", "probe_again", "controls_again"),
    "undo",
)
"""Names of the results that a judgement is made from, in their order."""
RECEIVING: Final = ("rx", "rx_tx")
"""Words for the values with which a driver checks what it receives."""
CHANGING: Final = ("change", "on", "off_again", "undo")
"""Those of tasks that change the host, in their order."""


def result_of(evidence: Mapping[str, Any], step: str) -> Result | None:
    """A registered result; None for a step that was skipped or not come to."""
    result = evidence.get(step)
    return result if result and not result.get("skipped") else None


def entries_of(evidence: Mapping[str, Any], step: str) -> Sequence[Result]:
    """What a change says of each adapter."""
    return (result_of(evidence, step) or {}).get("adapters") or ()


def switched(evidence: Mapping[str, Any], step: str) -> dict[str, str | None]:
    """The adapters that a step changed and restarted, by GUID, with what their drivers say they do since."""
    return {
        each["guid"]: each["after"]["active"]
        for each in entries_of(evidence, step)
        if each["changed"] and each["restarted"]
    }


def probes_of(result: Result | None) -> Sequence[Result]:
    """The probes of a result, one for each BMC."""
    return (result or {}).get("probes") or ()


def probe_of(evidence: Mapping[str, Any], step: str, bmc: str) -> Result | None:
    """The probe of one BMC."""
    return next((each for each in probes_of(result_of(evidence, step)) if each["bmc"] == bmc), None)


def controls_of(evidence: Mapping[str, Any], step: str, bmc: str) -> tuple[Result, ...]:
    """What others heard of one BMC."""
    return tuple(probe for result in evidence.get(step) or () for probe in probes_of(result) if probe["bmc"] == bmc)


def told(error: Mapping[str, Any]) -> str:
    """An error without what to do next."""
    return "{subject}: {seen}; expected {expected}.".format(**error)
