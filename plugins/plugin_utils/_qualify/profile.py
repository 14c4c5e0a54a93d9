# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The profile: what one qualified host answered, for all hosts like it, and what changes because of it.

It names no host, address, adapter or GUID, so that it can be given to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, one_line
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    NO_ANSWER,
    NOT_ASKED,
    QUESTIONS,
    Answer,
)

FORMAT: Final = 1
_SUBJECT: Final = "the host profile"
_GUARD: Final = ("guard_registers", "guard_fires", "guard_deletes")
"""What a guard needs. That it is a lock, and that it expires, matters less than that it works."""
_LONGEST_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class Windows:
    """Which Windows was qualified: version and build, 64-bit or 32-bit, and the number of its display language."""

    version: str | None
    architecture: str | None
    language: int | None


@dataclass(frozen=True, slots=True)
class HostProfile:
    """What follows from a profile. Without one, everything is as expected.

    Attributes:
        write_restarts: Writing the registry value restarts the adapter by itself.
        guard_fails: Ids of the questions whose answer says that no guard can be trusted.
    """

    write_restarts: bool = False
    guard_fails: tuple[str, ...] = ()


def make_profile(windows: Windows, adapter: Adapter, answers: Sequence[Answer]) -> dict[str, Any]:
    """The profile as it is written to a file."""
    return {
        "format": FORMAT,
        "windows": {
            "version": windows.version,
            "architecture": windows.architecture,
            "language": windows.language,
        },
        "driver": {
            "pci": str(adapter.pci.id) if adapter.pci else None,
            "file": _short(adapter.driver.file),
            "version": _short(adapter.driver.version),
        },
        "answers": {answer.id: answer.seen for answer in answers},
    }


def not_proven(answers: Sequence[Answer]) -> list[str]:
    """Ids of the questions that a guard relies on, and that these answers don't answer as expected."""
    seen = {answer.id: answer.seen for answer in answers}
    fitting = {each.id: {code for code, meaning in each.answers.items() if meaning.fits} for each in QUESTIONS}
    return [identifier for identifier in _GUARD if seen.get(identifier) not in fitting[identifier]]


def read_profile(content: Mapping[str, Any]) -> HostProfile:
    """What follows from a profile; an empty one changes nothing.

    Raises:
        NicError: ``host_profile_invalid``.
    """
    if not content:
        return HostProfile()
    version = content.get("format")
    if version.__class__ is not int or version != FORMAT:
        raise _invalid(f"format {one_line(repr(version), 40)}", f"format {FORMAT}")
    answers = content.get("answers")
    if not isinstance(answers, Mapping):
        raise _invalid("no answers", "answers, a mapping of questions to what was seen")
    known = {each.id: {*each.answers, NOT_ASKED, NO_ANSWER} for each in QUESTIONS}
    for identifier, seen in answers.items():
        if not isinstance(seen, str) or seen not in known.get(identifier, ()):
            raise _invalid(
                f"{one_line(repr(identifier), 60)}: {one_line(repr(seen), 60)}",
                "questions and answers of this version of the collection",
            )
    unfit = {each.id: {code for code, meaning in each.answers.items() if meaning.fits is False} for each in QUESTIONS}
    return HostProfile(
        write_restarts=answers.get("write_leaves_adapter_up") == "went_away",
        guard_fails=tuple(identifier for identifier in _GUARD if answers.get(identifier) in unfit[identifier]),
    )


def _short(text: str | None) -> str | None:
    """Text of a host, as a file that is handed on may hold it."""
    return None if text is None else one_line(text, _LONGEST_TEXT)


def _invalid(seen: str, expected: str) -> NicError:
    return NicError(
        "host_profile_invalid",
        _SUBJECT,
        seen,
        expected,
        "Give udp_rx_offload_host_profile the file that the playbook qualify wrote, or leave it out.",
    )
