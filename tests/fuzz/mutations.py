# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to a valid message that leave it valid enough to get past the first check."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, Final

Mutation = Callable[[bytes, Random], bytes]
"""A message and a source of chance in, a changed message out."""

TEXTS: Final = (
    "",
    " ",
    "0",
    "1",
    "-1",
    "3",
    "+03",
    "\u0663",  # the digit three, in Arabic script
    "4294967295",
    "99999999999999999999",
    "-2147483648",
    "0" * 4400 + "3",  # int() refuses more than 4300 digits
    "1e999",
    "NaN",
    "true",
    "False",
    "null",
    "1601-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
    "0001-01-01T00:00:00-14:00",
    "2026-02-30T25:61:61Z",
    "{4D36E972-E325-11CE-BFC1-08002BE10318}",
    "{4D36E972-E325-11CE-BFC1-08002BE10318}::*UDPChecksumOffloadIPv4",
    "{}::",
    "..\\..\\..\\SYSTEM",
    "../../../../etc/passwd",
    "PCI\\VEN_8086&DEV_1539&SUBSYS_00000000&REV_03\\4&0&0&0000",
    "127.0.0.1",
    "999.999.999.999",
    "fe80::1%1",
    "00:00:00:00:00:00",
    "FF-FF-FF-FF-FF-FF",
    "HRESULT 0x80041002",
    "Windows System Error 99999",
    "MI RESULT 999",
    "%s%n{0}{0.__class__}",
    "{{ lookup('pipe', 'id') }}",
    "{% raw %}",
    "!!python/object/apply:os.system ['id']",
    "\u202egnp.exe",
    "\u009b31mred",
    "\u2028\u2029\u0085",
    "\ufeff",
    "\ufffd",
    "\U0001f9e8",
    "a" * 700,
)
"""Values that have broken programs before."""

_TOKEN: Final = re.compile(r"<[^>]*>|[^<]+")
_NAME: Final = re.compile(r"</?([\w:.-]+)")
_TYPES: Final = ("xs:string", "p:MSFT_NetAdapter_Type", "cim:cimDateTime_Type", ":", "x:")
_DECLARATIONS: Final = (
    '<?xml version="1.0" encoding="utf-16"?>',
    '<?xml version="1.0" encoding="cp037"?>',
    '<?xml version="1.0" encoding="no-such-thing"?>',
    '<?xml version="1.1"?>',
    '<!DOCTYPE s [<!ENTITY a "b">]>',
    "\ufeff",
)


def mutate_bytes(message: bytes, chance: Random) -> bytes:
    """Change, drop, repeat or insert a few bytes anywhere."""
    content = bytearray(message)
    for _again in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.randrange(len(content) + 1)
        length = chance.choice((1, 1, 2, 4, 16))
        what = chance.randrange(4)
        if what == 0:
            content[place : place + length] = chance.randbytes(min(length, len(content) - place))
        elif what == 1:
            del content[place : place + length]
        elif what == 2:
            content[place:place] = content[place : place + length] * chance.randrange(1, 4)
        else:
            content[place:place] = chance.randbytes(length)
    return bytes(content)


def mutate_xml(message: bytes, chance: Random) -> bytes:
    """Move, repeat, drop, rename, nest or fill elements; most results are well-formed."""
    tokens = _TOKEN.findall(message.decode("utf-8", "replace"))
    for _again in range(chance.choice((1, 1, 2, 3))):
        spans = _spans(tokens)
        if not spans:
            return mutate_bytes(message, chance)
        begin, end = chance.choice(spans)
        chance.choice(_XML_CHANGES)(tokens, begin, end, chance)
    if chance.randrange(40) == 0:
        tokens.insert(0, chance.choice(_DECLARATIONS))
    return "".join(tokens).encode("utf-8", "replace")


def mutate_json(message: bytes, chance: Random) -> bytes:
    """Replace, drop or repeat values of a JSON text; the result is JSON again, most of the time as strict as before."""
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return mutate_bytes(message, chance)
    for _again in range(chance.choice((1, 1, 2, 3))):
        content = changed_value(content, chance)
    try:
        text = json.dumps(content, ensure_ascii=chance.randrange(4) > 0)
    except (ValueError, RecursionError):
        return mutate_bytes(message, chance)
    return text.encode("utf-8", "surrogatepass")


def mutate_packet(message: bytes, chance: Random) -> bytes:
    """Change bytes of a datagram, and mostly put lengths and checksums right again, so that the rest of it is read."""
    changed = mutate_bytes(message, chance)
    return repaired(changed) if chance.randrange(4) else changed


def mutate_relay(message: bytes, chance: Random) -> bytes:
    """Change a datagram inside the relay's answer, or the answer around it."""
    try:
        content = json.loads(message)
        reply = chance.choice(content["replies"])
        datagram = bytes.fromhex(reply["hex"])
    except (ValueError, RecursionError, LookupError, TypeError):
        return mutate_json(message, chance)
    if chance.randrange(2):
        return mutate_json(message, chance)
    reply["hex"] = mutate_packet(datagram, chance).hex()
    return json.dumps(content).encode("ascii")


def repaired(datagram: bytes) -> bytes:
    """An IPMI datagram (IPMI v1.5 12.8) with its length and both checksums right; anything else as it is."""
    if len(datagram) < 21 or datagram[3] != 0x07:
        return datagram
    whole = bytearray(datagram)
    whole[13] = (len(whole) - 14) & 0xFF
    whole[16] = -sum(whole[14:16]) & 0xFF
    whole[-1] = -sum(whole[17:-1]) & 0xFF
    return bytes(whole)


def changed_value(value: Any, chance: Random) -> Any:
    """A JSON value with one change somewhere in it."""
    if isinstance(value, dict) and value and chance.randrange(8):
        key = chance.choice(list(value))
        what = chance.randrange(8)
        if what == 0:
            return {name: each for name, each in value.items() if name != key}
        if what == 1:
            return value | {chance.choice(TEXTS): value[key]}
        return value | {key: changed_value(value[key], chance)}
    if isinstance(value, list) and value and chance.randrange(8):
        place = chance.randrange(len(value))
        what = chance.randrange(6)
        if what == 0:
            return value[:place] + value[place + 1 :]
        if what == 1:
            return value[:place] + [value[place]] * chance.randrange(2, 5) + value[place + 1 :]
        return [*value[:place], changed_value(value[place], chance), *value[place + 1 :]]
    if isinstance(value, str) and value and chance.randrange(3) == 0:
        place = chance.randrange(len(value) + 1)
        return value[:place] + chance.choice((chance.choice(TEXTS), chr(chance.randrange(0x3000)))) + value[place + 1 :]
    return chance.choice(
        (chance.choice(TEXTS), None, True, 0, -1, 3, 2**31, 2**64, 1.5, 1e999, -1e999, [], {}, [[[]]], "\ud800", "\x00")
    )


def _spans(tokens: list[str]) -> list[tuple[int, int]]:
    """Begin and end of every element, as positions of its tags; one that is not closed is left out."""
    spans, waiting = [], list[int]()
    for place, token in enumerate(tokens):
        if token.startswith("</"):
            if waiting:
                spans.append((waiting.pop(), place))
        elif token.startswith("<") and not token.startswith(("<!", "<?")):
            if token.endswith("/>"):
                spans.append((place, place))
            else:
                waiting.append(place)
    return spans


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _drop(tokens: list[str], begin: int, end: int, _chance: Random) -> None:
    del tokens[begin : end + 1]


def _repeat(tokens: list[str], begin: int, end: int, chance: Random) -> None:
    tokens[end + 1 : end + 1] = tokens[begin : end + 1] * chance.randrange(1, 4)


def _move(tokens: list[str], begin: int, end: int, chance: Random) -> None:
    element = tokens[begin : end + 1]
    if chance.randrange(2):
        del tokens[begin : end + 1]
    place = chance.randrange(len(tokens) + 1)
    tokens[place:place] = element


def _fill(tokens: list[str], begin: int, end: int, chance: Random) -> None:
    if begin < end:
        tokens[begin + 1 : end] = [_escaped(chance.choice(TEXTS))]


def _rename(tokens: list[str], begin: int, end: int, chance: Random) -> None:
    names = _NAME.findall("".join(tokens))
    old, new = _NAME.match(tokens[begin]), chance.choice(names)
    if old is not None:
        for place in sorted({begin, end}):
            tokens[place] = tokens[place].replace(old[1], new, 1)


def _mark(tokens: list[str], begin: int, _end: int, chance: Random) -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    text = _escaped(chance.choice(TEXTS))
    attribute = chance.choice(
        (
            f'{xsi} xsi:nil="true"',
            f'{xsi} xsi:type="{chance.choice(_TYPES)}"',
            f'Name="{text}"',
            f'Code="{text}"',
            f'State="{text}"',
            f'xmlns="{text}"',
        )
    )
    closing = "/>" if tokens[begin].endswith("/>") else ">"
    tokens[begin] = f"{tokens[begin].removesuffix(closing)} {attribute}{closing}"


def _nest(tokens: list[str], begin: int, end: int, chance: Random) -> None:
    levels = chance.choice((1, 2, 3, 70))
    tokens[end + 1 : end + 1] = ["</n>"] * levels
    tokens[begin:begin] = ["<n>"] * levels


def _insert(tokens: list[str], begin: int, _end: int, chance: Random) -> None:
    tokens.insert(begin + 1, chance.choice(("<!-- -->", "<![CDATA[<]]>", "<?x y?>", "&#x85;", "&amp;", "&a;", "<n/>")))


_XML_CHANGES: Final = (_drop, _repeat, _move, _fill, _fill, _fill, _rename, _mark, _mark, _nest, _insert)
