# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The second round of a full proof: receive offload on again and off again, and the BMC asked each time.

One round, off, leaves open that the restart cured the host, or that the BMC came back at that moment. That the silence
comes back with the setting, and goes with it once more, leaves little room for either.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import (
    AdapterView,
    Result,
    control,
    heard,
    way_to,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import Observations, Repeated
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._registered import (
    RECEIVING,
    controls_of,
    entries_of,
    probe_of,
    result_of,
    switched,
    told,
)

_NOTES: Final[Mapping[Repeated, str]] = {
    "refused": "The second round of the proof was not begun: {problem}",
    "unclear": "The second round of the proof showed nothing: it was not clear each time whether this host heard the"
    " BMC, through that adapter, with which setting, and who else heard it.",
}


def repeated(evidence: Mapping[str, Any], bmc: str, adapters: Collection[AdapterView], first: Observations) -> Repeated:
    """What came of the second round for one BMC.

    Args:
        evidence: The registered results.
        bmc: The BMC, as it was asked for.
        adapters: Those on the way to it.
        first: What was seen of it until the end of the first round.
    """
    if result_of(evidence, "on") is None or not first.now_heard:
        return "none"
    names = {each.name for each in adapters if each.guid in switched(evidence, "on")}
    if not names:
        return "refused"
    while_on = _while_on(evidence, bmc, names)
    if result_of(evidence, "off_again") is None:
        return "heard_on" if while_on == "heard_on" else "begun"
    if heard(probe_of(evidence, "probe_again", bmc)) != "answers":
        return "not_again"
    if while_on == "heard_on":
        return while_on
    settings_known = all(_known_settings(evidence, each.guid) for each in adapters if each.name in names)
    ways_known = all(_through(probe_of(evidence, step, bmc), names) for step in ("probe_after", "probe_again"))
    between, again = (control(controls_of(evidence, step, bmc)) for step in ("controls_on", "controls_again"))
    controls = {first.control_before, first.control_after, between, again}
    clear_at_first = first.way_proven and first.in_force and "silent" not in controls
    if while_on != "silent" or not (clear_at_first and settings_known and ways_known):
        return "unclear"
    return "twice" if controls == {"answers"} else "twice_alone"


def left_on(evidence: Mapping[str, Any]) -> set[str]:
    """The adapters that the second round has switched on, or was to, and neither off again nor back, by GUID."""
    on = {each["guid"] for each in entries_of(evidence, "on") if each["changed"]}
    return on - {each["guid"] for step in ("off_again", "undo") for each in entries_of(evidence, step)}


def broke_off(evidence: Mapping[str, Any]) -> bool:
    """Whether switching on broke off half-way, on a host that still answers."""
    on = result_of(evidence, "on") or {}
    return bool(on.get("error") and on.get("changed")) and not on.get("unreachable")


def note(evidence: Mapping[str, Any], came_of_it: Repeated) -> str:
    """What is added to the sentence of a first round that stands by itself; empty where nothing is."""
    error = (result_of(evidence, "on") or {}).get("error")
    return _NOTES.get(came_of_it, "").format(problem=told(error) if error else "no adapter was switched.")


def _known_settings(evidence: Mapping[str, Any], guid: str) -> bool:
    """Whether nothing speaks against the adapter having worked with receive offload on, off, and off in the end."""
    first = [each for each in entries_of(evidence, "change") if each["guid"] == guid]
    off_first, off_again = (switched(evidence, step) for step in ("change", "off_again"))
    on_at_first = all(each["before"]["active"] in (None, *RECEIVING) for each in first)
    return on_at_first and all(guid in off and off[guid] not in RECEIVING for off in (off_first, off_again))


def _while_on(
    evidence: Mapping[str, Any], bmc: str, names: Collection[str]
) -> Literal["heard_on", "silent", "unclear"]:
    """What was heard while receive offload was on again."""
    probe = probe_of(evidence, "probe_on", bmc)
    active = [each for each in entries_of(evidence, "on") if each["name"] in names]
    if any(each["after"]["active"] not in (None, *RECEIVING) for each in active):
        return "unclear"
    word = heard(probe)
    if word == "answers":
        return "heard_on"
    return "silent" if word == "silent" and way_to(probe) == "proven" and _through(probe, names) else "unclear"


def _through(probe: Result | None, names: Collection[str]) -> bool:
    """Whether the way of a probe leads through one of the adapters."""
    path = (probe or {}).get("path") or {}
    return bool(set(names) & set(path.get("physical") or ()))
