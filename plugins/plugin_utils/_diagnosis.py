# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What a diagnosis found beside the probes: the packets, other source addresses, and what overrides an adapter.

Results are taken as they are: a step that was skipped, failed or never came to says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

Result = Mapping[str, Any]

Cause = Literal[
    "none",  # nobody watched the packets
    "unavailable",  # they could not be watched, or prove nothing
    "driver_marked_bad",
    "corrupt_reply",
    "firewall",
    "no_listener",
    "nothing_arrived",
    "other",
    "answered",
]
"""What the packets of a probe show, as ``drop_evidence`` says it."""

OtherSource = Literal["none", "silent", "answers"]
"""The same BMC asked from other addresses of the interface that the way leads through."""

Override = Literal["none", "perhaps", "certain"]
"""Whether something else than its settings has switched the offload of an adapter off."""

_ANSWERED: Final = ("answered", "answered_with_error_code")
_NOTHING_SHOWN: Final = ("none", "unavailable")


@dataclass(frozen=True, slots=True)
class Packets:
    """What the packets of one BMC's probe show, the sentence that says it, and the file that they are in, if any."""

    cause: Cause = "none"
    sentence: str = ""
    file: str | None = None

    @property
    def proof(self) -> str:
        """The sentence, where it proves something."""
        return "" if self.cause in _NOTHING_SHOWN else self.sentence


def packets_of(drops: Result | None, bmc: str) -> Packets:
    """What ``drop_evidence`` found for a BMC. A word that no version of it says yet shows nothing."""
    for entry in (drops or {}).get("evidence") or ():
        if entry["bmc"] == bmc:
            known = entry["cause"] in get_args(Cause)
            cause = cast(Cause, entry["cause"]) if known else "unavailable"
            return Packets(cause, str(entry["sentence"]), entry.get("pcap"))
    return Packets()


def asked_from_others(sources: Result | None, bmc: str) -> list[Result]:
    """The probes of a BMC from other source addresses: the results of a loop of ``ipmi_probe``."""
    return [
        probe
        for result in (sources or {}).get("results") or ()
        for probe in result.get("probes") or ()
        if probe["bmc"] == bmc
    ]


def other_source(sources: Result | None, receive_path: Result | None, before: Result | None) -> OtherSource:
    """What was heard from other addresses of the adapter that the way to a BMC leads through.

    An answer through another adapter says nothing about this one.
    """
    adapter = ((before or {}).get("path") or {}).get("adapter")
    if before is None or adapter is None:
        return "none"
    owned = {
        each["address"]
        for each in ((receive_path or {}).get("receive_path") or {}).get("source_addresses") or ()
        if each["adapter"] == adapter
    }
    probes = [each for each in asked_from_others(sources, before["bmc"]) if each["source_address"] in owned]
    if any(each["outcome"] in _ANSWERED for each in probes):
        return "answers"
    return "silent" if any(each["silent"] for each in probes) else "none"


def override_of(adapter: str, task_offload: str | None, npcap: Result | None) -> Override:
    """Whether the offload of an adapter is switched off by the host-wide switch, or by an old Npcap.

    Args:
        adapter: Its name.
        task_offload: ``windows_nics_task_offload`` of the facts.
        npcap: ``windows_nics_npcap`` of the facts.
    """
    if task_offload == "disabled":
        return "certain"
    if npcap is None or adapter not in npcap["adapters"] or npcap["overrides_offload"] is False:
        return "none"
    return "certain" if npcap["overrides_offload"] else "perhaps"
