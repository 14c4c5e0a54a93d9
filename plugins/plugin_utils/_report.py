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

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._drivers import (
    Pair,
    as_yaml,
    drivers_of,
    rules_for,
    tally,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._meanings import NOTHING, TITLES
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import REFUSALS, UNDONE

RESULT: Final = "udp_rx_offload_result"
FAILURE: Final = "udp_rx_offload_failure"
NOT_REACHED: Final = "udp_rx_offload_not_reached"
STORY: Final = "udp_rx_offload_story"
VARIABLES: Final = (RESULT, FAILURE, NOT_REACHED, STORY)
"""Variables of a host that the role and the playbooks set."""

NARROWEST: Final = 80
_GAP: Final = "  "
_CHANGED: Final = " *"
_WIDEST_HOST: Final = 30
_DRIFT: Final = "drift"
_HOSTS_NAMED: Final = 6
_LINES_SHOWN: Final = 20

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
        "guards_left": [],
        "side_effects": [],
        "preflight": None,
        "orphaned_records": [],
        "drivers": [],
        "story": list(variables.get(STORY) or ()),
    }
    if result:
        row |= {key: result[key] for key in ("verdict", "reason", "confidence", "changed", "sentence", "next_step")}
        row |= {
            "title": TITLES[result["verdict"]],
            "attention": _attention(result),
            "adapters": _shown_adapters(result),
            "probes": result["probes"],
            "guards_left": [
                {"adapter": adapter["name"], "task": adapter["guard"]["task"]}
                for adapter in result["adapters"]
                if (adapter["guard"] or {}).get("state") == "left"
            ],
            "side_effects": [
                {"adapter": adapter["name"], **effect}
                for adapter in result["adapters"]
                for effect in adapter["side_effects"]
            ],
            "preflight": result["preflight"],
            "orphaned_records": result["orphaned_records"],
            "drivers": drivers_of(result),
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
    if result["reason"] in ("undone_by_guard", UNDONE):
        return "undone"
    # A change that was refused before anything was touched is a finding.
    if result["error"] and result["reason"] not in REFUSALS:
        return "failed"
    return "not_cured" if result["verdict"] == "not_cured" else None


def _shown_adapters(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The adapters that a verdict is about: those on the way to the BMCs, or those known to have the fault."""
    on_the_way = {name for probe in result["probes"] for name in probe["adapters"]}
    known = {each["name"] for each in result["adapters"] if each["state"] != "not_known"}
    return [
        {key: each[key] for key in ("name", "description", "driver", "drift")}
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


def lay_out(rows: Sequence[Row], width: int, title: str, *, stories: bool = False) -> str:
    """The summary as lines of at most *width* columns, but no less than 80.

    Args:
        rows: As :func:`fleet_row` makes them.
        width: Columns of the terminal.
        title: What was done, for the first line.
        stories: Whether to tell what was asked, heard and seen on each host.
    """
    width = max(width, NARROWEST)
    pairs = tally(rows)
    parts = [
        *(_story(row, width) for row in rows if stories and row["story"]),
        _heading(rows, title, width),
        _table(rows, width),
        _explanations(rows, width),
        _guards_left(rows, width),
        _side_effects(rows, width),
        _not_read(rows, width),
        _orphans(rows, width),
        _hardware(pairs, width),
        _rules(pairs, width),
    ]
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
        adapters = "; ".join(_named(each) for each in row["adapters"])
        cells = (fit(row["host"], host_width), fit(title, title_width), fit(adapters, rest))
        lines.append(_GAP.join(cells).rstrip())
    if any(row["changed"] for row in rows):
        lines.append(f"{_CHANGED.strip()} changed in this run")
    if any(each["drift"] for row in rows for each in row["adapters"]):
        lines.append(_wrap(f"{_DRIFT}: an earlier run had switched receive offload off, and it is on again", width, 2))
    return "\n".join(lines)


def _named(adapter: Mapping[str, Any]) -> str:
    return ", ".join(part for part in (adapter["name"], _DRIFT if adapter["drift"] else "", adapter["driver"]) if part)


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
        lines.append(_wrap(f"{title} ({len(members)}): {_hosts(members)}", width, 2))
        whose = f"{members[0]['host']}: " if len(members) > 1 else ""
        lines.append(_wrap(whose + members[0]["sentence"], width, 6, first=6))
        lines.append(_wrap(f"Next: {next_step}", width, 6, first=6))
    return "\n".join(lines)


def _hosts(rows: Sequence[Row]) -> str:
    named = ", ".join(one_line(row["host"]) for row in rows[:_HOSTS_NAMED])
    return named + (f" and {len(rows) - _HOSTS_NAMED} more" if len(rows) > _HOSTS_NAMED else "")


def _guards_left(rows: Sequence[Row], width: int) -> str:
    """Scheduled tasks that have served and could not be deleted: they only go on trying to delete themselves."""
    lines = [f"{row['host']}, {each['adapter']}: {each['task']}" for row in rows for each in row["guards_left"]]
    return _listed("Guards that have served and could not be deleted", lines, width)


def _side_effects(rows: Sequence[Row], width: int) -> str:
    """What else was different after the restart of an adapter."""
    lines = [
        f"{row['host']}, {each['adapter']}: {each['what']} was {_plainly(each['before'])}, is {_plainly(each['after'])}"
        for row in rows
        for each in row["side_effects"]
    ]
    return _listed("What else changed with a restart", lines, width)


def _not_read(rows: Sequence[Row], width: int) -> str:
    """What could not be looked at before an adapter was restarted, once for all hosts that it is the same for."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for each in (row["preflight"] or {}).get("not_read") or ():
            members = groups.setdefault(f"{each['what']}: {each['why']}", [])
            if row not in members:
                members.append(row)
    lines = [f"{_hosts(members)}: {text}" for text, members in groups.items()]
    return _listed("What could not be looked at before a restart", lines, width)


def _orphans(rows: Sequence[Row], width: int) -> str:
    """Undo records that belong to no adapter that the host has."""
    lines = []
    for row in rows:
        for each in row["orphaned_records"]:
            error = each.get("error")
            what = error["seen"] if error else f"original {each['original'] or 'no value'}"
            named = " ".join(str(part) for part in (each.get("adapter"), each["guid"], each["keyword"]) if part)
            lines.append(f"{row['host']}: {named}, {what}")
    return _listed("Undo records of adapters that are not there", lines, width)


def _listed(title: str, lines: Sequence[str], width: int) -> str:
    if not lines:
        return ""
    more = [f"and {len(lines) - _LINES_SHOWN} more"] if len(lines) > _LINES_SHOWN else []
    return "\n".join([title, *(_wrap(line, width, 6) for line in (*lines[:_LINES_SHOWN], *more))])


def _plainly(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_plainly(each) for each in value) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plainly(each)}" for key, each in value.items())
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unknown" if value is None else str(value)


def _story(row: Row, width: int) -> str:
    """What was asked, heard and seen on one host, with what each paragraph is about beside it."""
    column = max(text_width(each["about"]) for each in row["story"]) + 2 * len(_GAP)
    lines = [one_line(row["host"])]
    for each in row["story"]:
        about = _GAP + fit(each["about"], column - len(_GAP))
        text = _wrap(each["text"], width - column).split("\n")
        lines += [f"{about if place == 0 else ' ' * column}{line}" for place, line in enumerate(text)]
    return "\n".join(lines)


def _hardware(pairs: Sequence[Pair], width: int) -> str:
    """Which hardware and driver is there how often, what is known of it, and with which verdicts its hosts ended."""
    if not pairs:
        return ""
    lines = ["Adapters and drivers"]
    for pair in pairs:
        listed = ", ".join(f"{count} {name}" for name, count in sorted(pair.verdicts.items(), key=_by_severity))
        named = ", ".join(
            part for part in (pair.description, " ".join(filter(None, (pair.file, pair.version)))) if part
        )
        lines.append(_wrap(f"{pair.count} x {named}, {pair.class_}: {listed}", width, 6))
    return "\n".join(lines)


def _rules(pairs: Sequence[Pair], width: int) -> str:
    """Rules for what was proven on this fleet and is not in the table. Lines are not broken, so as to be copied."""
    rules = rules_for(pairs)
    if not rules:
        return ""
    heading = "Proven on this fleet, and not in the table of what is known. To have such adapters remediated, paste:"
    return f"{_wrap(heading, width)}\n{as_yaml(rules)}"


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
