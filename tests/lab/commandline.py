# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a Windows program takes its command line apart (Microsoft C runtime, "Parsing C++ command-line arguments")."""

from __future__ import annotations

from typing import Final

_BLANKS: Final = " \t"


def split_arguments(text: str) -> list[str]:
    """The arguments in what follows the program's name.

    Blanks separate unless they are quoted. Backslashes are themselves except before a quote: there two of them make
    one, and a left-over one makes the quote a character. Two quotes inside quotes are one, and the quoting goes on.
    """
    arguments: list[str] = []
    current: list[str] | None = None
    quoted = False
    place = 0
    while place < len(text):
        character = text[place]
        if character in _BLANKS and not quoted:
            if current is not None:
                arguments.append("".join(current))
                current = None
            place += 1
            continue
        current = [] if current is None else current
        if character == "\\":
            after = place
            while after < len(text) and text[after] == "\\":
                after += 1
            count = after - place
            place = after
            if after < len(text) and text[after] == '"':
                current.append("\\" * (count // 2))
                if count % 2:
                    current.append('"')
                    place += 1
            else:
                current.append("\\" * count)
            continue
        if character == '"':
            if quoted and text[place + 1 : place + 2] == '"':
                current.append('"')
                place += 2
                continue
            quoted = not quoted
        else:
            current.append(character)
        place += 1
    if current is not None:
        arguments.append("".join(current))
    return arguments


def split_program(text: str) -> tuple[str, str]:
    """The program's name, without its quotes, and everything after it; for a name backslashes are only themselves."""
    stripped = text.lstrip(_BLANKS)
    quoted = False
    for place, character in enumerate(stripped):
        if character == '"':
            quoted = not quoted
        elif character in _BLANKS and not quoted:
            return stripped[:place].replace('"', ""), stripped[place:].lstrip(_BLANKS)
    return stripped.replace('"', ""), ""
