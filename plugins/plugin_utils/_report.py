# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The summary of a fleet: one row for each host, and a table of them for a terminal."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._sentences import NOTHING, TITLES

RESULT: Final = "udp_rx_offload_result"
FAILURE: Final = "udp_rx_offload_failure"
NOT_REACHED: Final = "udp_rx_offload_not_reached"
VARIABLES: Final = (RESULT, FAILURE, NOT_REACHED)
"""Variables of a host that the role and the playbooks set."""

NARROWEST: Final = 80
_GAP: Final = "  "
_CHANGED: Final = " *"
_WIDEST_HOST: Final = 30
_HOSTS_NAMED: Final = 6

Row = Mapping[str, Any]


def fleet_row(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the summary says of one targeted host, whatever became of it.

    Args:
        host: The host's name in the inventory.
        variables: Its variables, with what the role and the playbooks set there.
    """
    result = variables.get(RESULT)
    failure = variables.get(FAILURE)
    row: dict[str, Any] = {
        "host": host,
        "verdict": None,
        "title": "not reached",
        "reason": None,
        "confidence": None,
        "changed": False,
        "attention": "not_reached",
        "sentence": "The run ended before this host's turn.",
        "next_step": "Look at the hosts that went wrong, then run this again.",
        "adapters": [],
        "probes": [],
    }
    if result:
        row |= {key: result[key] for key in ("verdict", "reason", "confidence", "changed", "sentence", "next_step")}
        row |= {
            "title": TITLES[result["verdict"]],
            "attention": _attention(result),
            "adapters": _shown_adapters(result),
            "probes": result["probes"],
        }
    if failure and not (result and result["error"]):
        row |= {
            "title": "failed",
            "attention": "failed",
            "sentence": f"A task failed: {one_line(str(failure))}",
            "next_step": "Do what the message says, then run this again.",
        }
    elif result and variables.get(NOT_REACHED):
        row |= {
            "title": "not reached",
            "attention": "not_reached",
            "sentence": f"Not changed, since too many hosts before it went wrong. Found: {TITLES[result['verdict']]}.",
            "next_step": "Look at the hosts that went wrong, then run this again.",
        }
    return row


def _attention(result: Mapping[str, Any]) -> str | None:
    """Why a run that ends with this result has not succeeded; None if it has."""
    if result["verdict"] == "unreachable":
        return "lost"
    if result["error"]:
        return "failed"
    return "not_cured" if result["verdict"] == "not_cured" else None


def _shown_adapters(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """The adapters that a verdict is about: those on the way to the BMCs, or those known to have the fault."""
    on_the_way = {name for probe in result["probes"] for name in probe["adapters"]}
    known = {each["name"] for each in result["adapters"] if each["state"] != "not_known"}
    return [
        {key: each[key] for key in ("name", "description", "driver")}
        for each in result["adapters"]
        if each["name"] in (known if result["verdict"] == "at_risk" else on_the_way or known)
    ]


def text_width(text: str) -> int:
    """Columns that *text* takes on a terminal: Chinese characters take two, combining ones none (Unicode UAX 11)."""
    return sum(
        0 if unicodedata.category(each) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def fit(text: str, width: int) -> str:
    """*text* without control characters in exactly *width* columns, cut with dots where it is longer."""
    text = one_line(text)
    if text_width(text) > width:
        while text and text_width(text) > width - 3:
            text = text[:-1]
        text += "..."
    return text + " " * (width - text_width(text))


def lay_out(rows: Sequence[Row], width: int, title: str) -> str:
    """The summary as lines of at most *width* columns, but no less than 80.

    Args:
        rows: As :func:`fleet_row` makes them.
        width: Columns of the terminal.
        title: What was done, for the first line.
    """
    width = max(width, NARROWEST)
    parts = [_heading(rows, title, width), _table(rows, width), _explanations(rows, width), _hardware(rows, width)]
    return "\n\n".join(part for part in parts if part)


def _heading(rows: Sequence[Row], title: str, width: int) -> str:
    counts = Counter(row["title"] for row in rows)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=_by_severity))
    return _wrap(f"{title}: {len(rows)} {'host' if len(rows) == 1 else 'hosts'}. {listed}", width)


def _table(rows: Sequence[Row], width: int) -> str:
    host_width = min(_WIDEST_HOST, max([4, *(text_width(one_line(row["host"])) for row in rows)]))
    titles = [f"{row['title']}{_CHANGED if row['changed'] else ''}" for row in rows]
    title_width = max([len("VERDICT"), *(text_width(title) for title in titles)])
    rest = width - host_width - title_width - 2 * len(_GAP)
    lines = [f"{fit('HOST', host_width)}{_GAP}{fit('VERDICT', title_width)}{_GAP}ADAPTER AND DRIVER"]
    for row, title in zip(rows, titles, strict=True):
        adapters = "; ".join(f"{each['name']}, {each['driver']}".rstrip(", ") for each in row["adapters"])
        cells = (fit(row["host"], host_width), fit(title, title_width), fit(adapters, rest))
        lines.append(_GAP.join(cells).rstrip())
    if any(row["changed"] for row in rows):
        lines.append(f"{_CHANGED.strip()} changed in this run")
    return "\n".join(lines)


def _explanations(rows: Sequence[Row], width: int) -> str:
    """What was seen and what to do next, once for all hosts that it is the same for."""
    groups: dict[tuple[str, str | None, str], list[Row]] = {}
    for row in rows:
        if row["next_step"] != NOTHING:
            groups.setdefault((row["title"], row["reason"], row["next_step"]), []).append(row)
    if not groups:
        return ""
    lines = ["What to do"]
    for (title, _reason, next_step), members in sorted(groups.items(), key=_by_severity):
        named = ", ".join(one_line(row["host"]) for row in members[:_HOSTS_NAMED])
        more = f" and {len(members) - _HOSTS_NAMED} more" if len(members) > _HOSTS_NAMED else ""
        lines.append(_wrap(f"{title} ({len(members)}): {named}{more}", width, 2))
        whose = f"{members[0]['host']}: " if len(members) > 1 else ""
        lines.append(_wrap(whose + members[0]["sentence"], width, 6, first=6))
        lines.append(_wrap(f"Next: {next_step}", width, 6, first=6))
    return "\n".join(lines)


def _hardware(rows: Sequence[Row], width: int) -> str:
    """Which hardware and driver was found how often with which verdict."""
    pairs: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        for adapter in row["adapters"]:
            pairs.setdefault((adapter["description"], adapter["driver"]), Counter())[row["title"]] += 1
    if not pairs:
        return ""
    lines = ["Adapters and drivers"]
    for (description, driver), counts in sorted(pairs.items()):
        listed = ", ".join(f"{count} {name}" for name, count in sorted(counts.items(), key=_by_severity))
        named = ", ".join(part for part in (description, driver) if part)
        lines.append(_wrap(f"{named}: {listed}", width, 6))
    return "\n".join(lines)


_SEVERITY: Final = ("failed", "not reached", *TITLES.values())


def _by_severity(item: tuple[Any, Any]) -> tuple[int, str]:
    """Sort key: what needs somebody's attention first. The item's key is a title, or begins with one."""
    title = item[0] if isinstance(item[0], str) else item[0][0]
    return _SEVERITY.index(title) if title in _SEVERITY else len(_SEVERITY), str(item[0])


def _wrap(text: str, width: int, indent: int = 0, first: int = 0) -> str:
    """*text* without control characters in lines of *width* columns; a word that fits on none is broken."""
    lines: list[str] = []
    line = " " * first
    empty = True
    for word in _words(one_line(text), width - max(indent, first)):
        if not empty and text_width(line) + 1 + text_width(word) > width:
            lines.append(line)
            line, empty = " " * indent, True
        line += word if empty else f" {word}"
        empty = False
    return "\n".join([*lines, line])


def _words(text: str, width: int) -> Iterable[str]:
    for word in text.split():
        piece = ""
        for character in word:
            if text_width(piece + character) > width:
                yield piece
                piece = ""
            piece += character
        yield piece
