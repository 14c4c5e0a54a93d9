# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Evidence in the form of a task's result. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import reasons
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import Capture
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import Finding
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import Recorded, Verdict
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import Conversation, Packet

_LONGEST_DATAGRAM = 2048
_MOST_DROPS = 32
_LEAST_PRINTABLE = " "
_LAST_PRINTABLE = "~"


def as_dict(finding: Finding, packets: Conversation, capture: Capture | None) -> dict[str, t.Any]:
    """Return the keys that tell of the packets of one probe.

    Args:
        finding: What they prove.
        packets: The packets.
        capture: What the host said; None where it gave no answer.
    """
    shown = finding.decisive or next(iter(packets.replies), None)
    dropped = [each for each in (*packets.replies, *packets.requests) if each.drops]
    numbers = {reason for each in dropped for reason in each.reasons}
    lost = finding.unavailable
    return {
        "cause": finding.cause.value,
        "sentence": finding.sentence,
        "reasons": reasons.kept(numbers),
        "packets": {
            "requests": len(packets.requests),
            "replies": len(packets.replies),
            "dropped_requests": sum(bool(each.drops) for each in packets.requests),
            "dropped_replies": sum(bool(each.drops) for each in packets.replies),
        },
        "drops": _drops(dropped, capture.recorded if capture else Recorded()),
        "datagram": None if shown is None else shown.datagram.data[:_LONGEST_DATAGRAM].hex(),
        "checksum": None if shown is None else _checksum(shown),
        "driver_says": None if shown is None or shown.verdict is None else _words(shown.verdict),
        "unavailable": None if lost is None else {"code": lost.code, "detail": lost.detail},
        "events_left_out": capture.left_out if capture else 0,
        "cleaned": list(capture.cleaned) if capture else [],
        "left_behind": list(capture.left_behind) if capture else [],
    }


def _drops(dropped: Sequence[Packet], recorded: Recorded) -> list[dict[str, t.Any]]:
    counts = Counter((drop.reason or 0, drop.location, drop.component) for packet in dropped for drop in packet.drops)
    return [
        {
            "reason": reason,
            "location": f"0x{location:08X}",
            "component": component,
            "component_name": _plain(recorded.component_name(component)),
            "count": count,
        }
        for (reason, location, component), count in counts.most_common(_MOST_DROPS)
    ]


def _checksum(packet: Packet) -> dict[str, t.Any]:
    checksum = packet.datagram.checksum
    return {"in_datagram": checksum.in_datagram, "computed": checksum.computed, "good": checksum.good}


def _words(verdict: Verdict) -> list[str]:
    return [each.name.lower() for each in Verdict if each in verdict and each.name]


def _plain(name: str | None) -> str | None:
    """A name that a host gave, without anything that could be taken for more than letters."""
    if name is None:
        return None
    return "".join(each if _LEAST_PRINTABLE <= each <= _LAST_PRINTABLE else "?" for each in name)
