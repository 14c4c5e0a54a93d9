# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The drivers of a fleet at a glance, and rules for those that a diagnosis has proven wrong. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._meanings import TITLES

NOT_ASKED: Final = "not asked"
"""In place of a verdict, of an adapter that no probe led through."""

_PROVING: Final = (
    ("affected", "replies_marked_bad"),
    ("affected", "drift"),
    ("remediated", "marks_gone"),
    ("remediated", "proven_twice"),
)
"""Verdicts that, where they are proven, say of the driver on the way that it has the fault."""
_LONGEST_FILE: Final = 64

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """An adapter with one version of its driver, as the fleet has it.

    Attributes:
        pci: ``vendor:device``; None for what is no PCI device.
        class_: Class of the knowledge table.
        verdicts: How many of them ended with which verdict, in words for people.
        proven_on: Hosts on which it is proven that the driver loses good replies: by the packets, or by a full proof.
    """

    description: str
    pci: str | None
    file: str | None
    version: str | None
    class_: str
    verdicts: Mapping[str, int]
    proven_on: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many of them there are."""
        return sum(self.verdicts.values())

    @property
    def wants_rule(self) -> bool:
        """Whether it is proven, and the table does not say so."""
        return bool(self.proven_on and self.pci and self.file) and self.class_ != "confirmed"


def drivers_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The physical adapters of a judged host, each with its driver and what came of the probes that led through it.

    Args:
        result: As ``udp_rx_offload_result`` holds it.
    """
    found = []
    for adapter in result["adapters"]:
        if not adapter["physical"]:
            continue
        probes = [each for each in result["probes"] if adapter["name"] in each["adapters"]]
        # Where several adapters share the way, nobody knows which of them marked the replies.
        proven = any(
            (each["verdict"], each["reason"]) in _PROVING
            and each["confidence"] == "proven"
            and len(each["adapters"]) == 1
            for each in probes
        )
        found.append(
            {
                "description": adapter["description"],
                "pci": adapter["pci"],
                "file": adapter["file"],
                "version": adapter["version"],
                "class": adapter["class"],
                "title": TITLES[result["verdict"]] if probes else NOT_ASKED,
                "proven": proven,
            }
        )
    return found


def tally(rows: Iterable[Row]) -> list[Pair]:
    """Count the adapters of a fleet by hardware, driver and version.

    Args:
        rows: Rows of a summary, whose ``drivers`` :func:`drivers_of` made.
    """
    verdicts: dict[tuple[str, ...], Counter[str]] = {}
    proven: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows:
        for each in row["drivers"]:
            key = tuple(each[name] or "" for name in ("description", "pci", "file", "version", "class"))
            verdicts.setdefault(key, Counter())[each["title"]] += 1
            if each["proven"]:
                proven.setdefault(key, {})[row["host"]] = None
    return [
        Pair(key[0], key[1] or None, key[2] or None, key[3] or None, key[4], counts, tuple(proven.get(key, ())))
        for key, counts in sorted(verdicts.items())
    ]


def rules_for(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Rules for what is proven and not in the table: one for each hardware and driver file, whatever its versions."""
    hosts: dict[tuple[str, str], dict[str, None]] = {}
    versions: dict[tuple[str, str], dict[str, None]] = {}
    for pair in pairs:
        if pair.wants_rule and pair.pci and pair.file:
            key = (pair.pci.upper(), pair.file)
            hosts.setdefault(key, {}).update(dict.fromkeys(pair.proven_on))
            versions.setdefault(key, {})[pair.version or "unknown"] = None
    return [_rule(pci, file, list(hosts[pci, file]), list(versions[pci, file])) for pci, file in sorted(hosts)]


def as_yaml(rules: Iterable[Mapping[str, Any]]) -> str:
    """Rules as lines of YAML, ready to paste. Texts are quoted as JSON does it, which YAML reads as well."""
    lines = ["udp_rx_offload_rules:"]
    for rule in rules:
        for place, (key, value) in enumerate(rule.items()):
            lines.append(f"{'    ' if place else '  - '}{key}: {json.dumps(value)}")
    return "\n".join(lines)


def _rule(pci: str, file: str, hosts: Sequence[str], versions: Sequence[str]) -> dict[str, Any]:
    name = re.sub(r"[^a-z0-9]+", "-", f"{pci}-{file.removesuffix('.sys')}".casefold()).strip("-")
    seen = f"{hosts[0]} and {len(hosts) - 1} more" if len(hosts) > 1 else hosts[0]
    return {
        "id": f"seen-{name}",
        "pci": pci,
        "driver": _literally(file),
        "class": "confirmed",
        "reason": f"loses good UDP replies with receive offload on, version {', '.join(versions[:3])}",
        "source": one_line(f"proven on {seen}", 120),
    }


def _literally(file: str) -> str:
    """A file name as a pattern that fits it alone, without anything that a pattern can't have."""
    return re.sub(r"[\\/:\s]", "?", re.sub(r"([*?\[])", r"[\1]", file[:_LONGEST_FILE]))
