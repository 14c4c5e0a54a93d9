# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fuzz target is, and what every one of them holds its subject to."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from tests.fuzz.mutations import Mutation

_CODE: Final = re.compile("[a-z][a-z0-9_]*")
_OBEYED: Final = re.compile(
    "["
    + "".join(
        re.escape(each)
        for each in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    + "]"
)
"""What moves a terminal's cursor, breaks its line or hides text: control and format characters, surrogates."""
_LONGEST_ERROR: Final = 3000


class Finding(Exception):
    """The subject took hostile input in a way that it must not."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that reads hostile input.

    Attributes:
        name: Its word on the command line.
        subject: What is fuzzed, for people.
        feed: Takes one input. Whatever it raises is a finding.
        seeds: Valid inputs to begin with.
        mutate: Changes that respect the form of the input, mixed with changes that don't.
        reach: Where the code is whose branches count: files below plugins/plugin_utils, each with the qualified names
            of functions and classes, or none for the whole file.
        least_reach: Percent of these branches that a short run must reach.
        most_bytes: Largest input.
    """

    name: str
    subject: str
    feed: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutation
    reach: tuple[tuple[str, tuple[str, ...]], ...]
    least_reach: float
    most_bytes: int = 8192


def require(condition: bool, what: str) -> None:
    """Raise a finding unless the condition holds."""
    if not condition:
        raise Finding(what)


def is_harmless(text: str) -> bool:
    """Whether a text can be shown as it is."""
    return _OBEYED.search(text) is None


def check_error(error: NicError) -> None:
    """Hold a declared error to what every reader of it relies on: four parts, one line, nothing that moves a cursor."""
    text = str(error)
    require(len(text) <= _LONGEST_ERROR, f"an error of {len(text)} characters")
    require(is_harmless(text), f"characters in an error that a terminal obeys: {text!r}")
    parts = error.as_dict()
    require(_CODE.fullmatch(parts["code"]) is not None, f"no code: {parts['code']!r}")
    require(all(parts.values()), f"an empty part: {parts}")


def check_result(result: Any) -> None:
    """What becomes part of a task's result must be JSON in UTF-8."""
    try:
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise Finding(f"a result that is no JSON: {error}: {str(result)[:300]!r}") from error
