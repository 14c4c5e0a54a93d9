# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Choosing adapters: by stable identifiers, by class, by the way to an address, or by a JMESPath expression.

Works on the facts of adapters, so that tasks and playbooks (the ``select_adapters`` filter) choose alike. An exact
name, GUID or MAC stands for one adapter that the caller knows, and its absence is an error. A pattern, class or query
describes adapters, and finding none is an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import CLASSES
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import format_mac, ipv4
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    HAS_JMESPATH = False
else:
    HAS_JMESPATH = True

Facts = Mapping[str, Any]
"""The facts of one adapter, as ``nic_facts`` returns them."""

_IDENTITIES: Final = ("name", "guid", "mac")
_PATTERNS: Final = ("name", "description", "guid", "mac", "driver", "pci")
KEYS: Final = (*_PATTERNS, "class", "toward", "query")
"""The keys of a selection."""
_MOST_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked selection. An adapter is selected when every key that is given fits it.

    Attributes:
        patterns: By key, the alternatives of which one must fit; ``*`` stands for any text, ``?`` for one character.
        classes: Classes of the assessment.
        toward: IPv4 addresses; the adapter that routes to one of them fits.
        query: A JMESPath expression over the list of facts.
    """

    patterns: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...] = ()
    toward: tuple[str, ...] = ()
    query: str | None = None


def parse_selection(value: Mapping[str, Any]) -> Selection:
    """Check a selection, before anything is asked of a host.

    Raises:
        NicError: ``selection_empty``, ``selection_invalid`` or ``query_invalid``.
    """
    unknown = sorted(str(key) for key in value if key not in KEYS)
    if unknown:
        raise _invalid(f"unknown keys {', '.join(unknown)}", f"only {', '.join(KEYS)}")
    given = {key: _texts(key, value[key]) for key in KEYS if value.get(key) not in (None, "", [])}
    if not given:
        raise NicError(
            "selection_empty",
            "the selection of adapters",
            "no key with a value",
            f"at least one of {', '.join(KEYS)}",
            "Say which adapters are meant; name '*' means all of them.",
        )
    wrong_classes = [text for text in given.get("class", ()) if text not in CLASSES]
    if wrong_classes:
        raise _invalid(f"class {', '.join(wrong_classes)}", f"of {', '.join(CLASSES)}")
    toward = tuple(ipv4(text) or "" for text in given.get("toward", ()))
    if "" in toward:
        raise _invalid(f"toward {given['toward'][toward.index('')]}", "an IPv4 address")
    queries = given.get("query", ())
    if len(queries) > 1:
        raise _invalid(f"{len(queries)} queries", "one JMESPath expression")
    for query in queries:
        _compile(query)
    patterns: dict[str, tuple[str, ...]] = {
        key: tuple(_normal(key, text) for text in given[key]) for key in _PATTERNS if key in given
    }
    return Selection(patterns, given.get("class", ()), toward, next(iter(queries), None))


def select(
    adapters: Sequence[Facts], selection: Selection, *, toward: frozenset[str] = frozenset(), single: bool = False
) -> list[Facts]:
    """Return the adapters that fit, in the order given.

    Args:
        adapters: Facts of the adapters to choose from.
        selection: What must fit.
        toward: GUIDs of the adapters that route to the selection's ``toward`` addresses.
        single: Refuse an exact name, GUID or MAC that stands for several adapters. A virtual switch's adapter usually
            has the MAC of the physical one below it.

    Raises:
        NicError: ``adapter_not_found``, ``adapter_ambiguous``, ``query_failed`` or ``query_result_unusable``.
    """
    for key in _IDENTITIES:
        for text in selection.patterns.get(key, ()):
            if not _is_pattern(text) and not any(_fits(facts, key, text) for facts in adapters):
                raise _not_found(key, text, adapters)
    chosen = [
        facts
        for facts in adapters
        if all(any(_fits(facts, key, text) for text in texts) for key, texts in selection.patterns.items())
        and (not selection.classes or facts["assessment"]["class"] in selection.classes)
        and (not selection.toward or facts["guid"] in toward)
    ]
    if selection.query is not None:
        wanted = _queried(selection.query, adapters)
        chosen = [facts for facts in chosen if facts["guid"] in wanted]
    if single:
        _refuse_ambiguous(chosen, selection)
    return chosen


def fits_pattern(text: str, pattern: str) -> bool:
    """Whether *text* fits *pattern*, letter case aside.

    Takes time in proportion to the product of both lengths at most: names come from hosts, patterns from people.
    """
    text, pattern = text.casefold(), pattern.casefold()
    position = start = 0
    star, retry = -1, 0
    while position < len(text):
        if start < len(pattern) and pattern[start] == "*":
            star, retry = start, position
            start += 1
        elif start < len(pattern) and pattern[start] in ("?", text[position]):
            position, start = position + 1, start + 1
        elif star >= 0:
            retry += 1
            position, start = retry, star + 1
        else:
            return False
    return pattern[start:].strip("*") == ""


def _fits(facts: Facts, key: str, pattern: str) -> bool:
    text = _ATTRIBUTES[key](facts)
    return text is not None and fits_pattern(str(text), pattern)


def _pci_text(facts: Facts) -> str | None:
    pci = facts["pci"]
    return f"{pci['vendor']}:{pci['device']}" if pci else None


_ATTRIBUTES: Final[dict[str, Callable[[Facts], str | None]]] = {
    "name": lambda facts: facts["name"],
    "description": lambda facts: facts["description"],
    "guid": lambda facts: facts["guid"],
    "mac": lambda facts: _digits(facts["mac"] or "") or None,
    "driver": lambda facts: facts["driver"]["file"],
    "pci": _pci_text,
}


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _digits(mac: str) -> str:
    """A MAC address without separators, which everybody writes in another way."""
    return re.sub("[-:. ]", "", mac)


def _normal(key: str, text: str) -> str:
    if key == "mac":
        if not _is_pattern(text) and format_mac(text) is None:
            raise _invalid(f"mac {text}", "twelve hexadecimal digits, like aa:bb:cc:dd:ee:ff")
        return _digits(text).lower()
    if key == "guid" and not _is_pattern(text):
        return "{" + text.strip("{}") + "}"
    return text


def _texts(key: str, value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) and item for item in items):
        raise _invalid(f"{key} {value!r}", "text, or a list of texts")
    return tuple(str(item) for item in items)


def _queried(query: str, adapters: Sequence[Facts]) -> set[str]:
    facts = [plain(each) for each in adapters]
    try:
        result = _compile(query).search(facts)
    except JMESPathError as error:
        raise _query_error("query_failed", query, str(error), "an expression that fits the facts") from error
    rows = [] if result is None else [result] if isinstance(result, dict) else result
    known = {each["guid"] for each in facts}
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("guid") in known for row in rows):
        raise _query_error(
            "query_result_unusable", query, f"a result that is not made of adapters: {result!r}", "a list of adapters"
        )
    return {row["guid"] for row in rows}


def _compile(query: str) -> Any:
    if not HAS_JMESPATH:
        raise NicError(
            "jmespath_missing",
            "the controller's Python",
            "no package jmespath",
            "jmespath, which query needs",
            "Install jmespath into the Python that runs Ansible, or select by name, guid, mac, driver, pci or class.",
        )
    try:
        return jmespath.compile(query)
    except JMESPathError as error:
        raise _query_error("query_invalid", query, str(error), "a JMESPath expression") from error


def _query_error(code: str, query: str, seen: str, expected: str) -> NicError:
    return NicError(
        code,
        f"the query {query}",
        seen,
        expected,
        "Try the expression on the facts that nic_facts returns, such as [?assessment.class=='confirmed'].",
    )


def _refuse_ambiguous(chosen: Sequence[Facts], selection: Selection) -> None:
    for key in _IDENTITIES:
        for text in selection.patterns.get(key, ()):
            matching = [facts for facts in chosen if _fits(facts, key, text)]
            if not _is_pattern(text) and len(matching) > 1:
                raise NicError(
                    "adapter_ambiguous",
                    f"{key} {text}",
                    f"{len(matching)} adapters: {_names(matching)}",
                    "one adapter",
                    "Add another key to the selection, such as name or guid, that tells them apart.",
                )


def _not_found(key: str, text: str, adapters: Sequence[Facts]) -> NicError:
    return NicError(
        "adapter_not_found",
        f"{key} {text}",
        f"adapters {_names(adapters)}" if adapters else "no adapters at all",
        "one adapter with exactly this " + key,
        "Correct it, or use a pattern such as '*' where the host may lack the adapter.",
    )


def _names(adapters: Sequence[Facts]) -> str:
    listed = [f"{facts['name']} ({facts['mac']}, {facts['guid']})" for facts in adapters[:_MOST_LISTED]]
    more = [f"{len(adapters) - _MOST_LISTED} more"] if len(adapters) > _MOST_LISTED else []
    return ", ".join([*listed, *more])


def _invalid(seen: str, expected: str) -> NicError:
    return NicError(
        "selection_invalid",
        "the selection of adapters",
        seen,
        expected,
        "Correct the task; the documentation of nic_facts lists the keys and shows examples.",
    )
