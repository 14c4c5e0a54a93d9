# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of what the collection keeps on a host, where anybody with the right may have written something else."""

from __future__ import annotations

import datetime as dt
import json
from random import Random
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guard import Leftover
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.guardtask import GuardNote, read_note
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import parse_value
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import (
    Outcome,
    UndoRecord,
    parse_outcome,
    parse_undo,
)
from tests.fuzz.mutations import mutate_json, mutate_xml
from tests.fuzz.target import Target, check_error, check_result, is_harmless, require

_GUID: Final = "{7C50FB6A-AD94-5F77-AC04-A98CE7CB0E9D}"
_KEYWORD: Final = "*UDPChecksumOffloadIPv4"
_FULL: Final = UndoRecord(
    guid=_GUID,
    keyword=_KEYWORD,
    original="3",
    taken_at="2026-03-01T12:00:00+00:00",
    adapter="Ethernet",
    pci="8086:1539",
    location="PCI bus 3, device 0, function 0",
    mac="aa:bb:cc:dd:ee:01",
    driver_file="e1rexpress.sys",
    driver_version="12.18.9.23",
    written="1",
    restart_requested_at="2026-03-01T12:00:05+00:00",
    restarted_at="2026-03-01T12:00:09+00:00",
    outage_seconds=4.2,
    outcome="confirmed",
)


def feed_undo(data: bytes) -> None:
    """Read *data* as an undo record: it is refused, or it is one whose original can be put back."""
    try:
        record = parse_undo(_GUID, _KEYWORD, data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace"))
    except NicError as error:
        check_error(error)
        require(error.code in ("undo_record_damaged", "undo_record_unknown_version"), f"refused with {error.code}")
        return
    except UnicodeDecodeError:
        return
    original = record.original
    require(original is None or parse_value(original) is not None, f"an original that is no setting: {original!r}")
    require((record.guid, record.keyword) == (_GUID, _KEYWORD), "a record of another adapter or keyword")
    check_result(record.as_facts())
    again = parse_undo(_GUID, _KEYWORD, record.text)
    require(again == record, "a record that reads differently once it was written again")
    require(again.about("1").original == original, "an original that got lost")


def feed_outcome(data: bytes) -> None:
    """Read *data* as what came of an earlier change: nothing, or words."""
    outcome = parse_outcome(data.decode("utf-8", "replace"))
    if outcome is not None:
        check_result([outcome.outcome, outcome.driver_version, outcome.at])
        require(parse_outcome(outcome.text) == outcome, "an outcome that reads differently once it was written again")


def feed_guard(data: bytes) -> None:
    """Read *data* as what stands in the place of a guard: a definition, or the note inside a good one."""
    text = data.decode("utf-8", "replace")
    definition = text if text.lstrip().startswith("<") else _definition(text)
    note = read_note(definition)
    if note is None:
        return
    shown = Leftover(note, "found").as_dict()
    check_result(shown)
    require(all(is_harmless(each or "") for each in shown.values()), f"words that a terminal obeys: {shown}")
    restores = note.restores
    require(restores is None or parse_value(restores) is not None, f"would put {restores!r} back")
    require(isinstance(note.holder.is_gone(), bool), "nobody knows whether the holder is gone")
    # What is computed with these moments.
    require(note.set_at.tzinfo is not None and note.due_at + dt.timedelta(days=31) > note.due_at, "no moment")
    require(read_note(_definition(note.text)) == note, "a note that reads differently once it was written again")


def _definition(note: str) -> str:
    escaped = note.replace("&", "&amp;").replace("<", "&lt;")
    return (
        '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004'
        f'/02/mit/task"><RegistrationInfo><Author>remediation.windows_nic</Author><Description>{escaped}</Description>'
        "</RegistrationInfo><Triggers><BootTrigger/></Triggers><Actions><Exec><Command>cmd.exe</Command></Exec>"
        "</Actions></Task>"
    )


def _guard_seeds() -> list[bytes]:
    moment = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    holder = Holder("controller", 4711, 123456, "0123456789abcdef")
    due = moment + dt.timedelta(minutes=10)
    full = GuardNote("0123456789abcdef", holder, moment, due, _GUID, _KEYWORD, "3")
    nobody = GuardNote("fedcba9876543210", Holder("x", 1, None, None), moment, moment, _GUID, _KEYWORD, None)
    return [each for note in (full, nobody) for each in (note.text.encode(), _definition(note.text).encode())]


def mutate_guard(message: bytes, chance: Random) -> bytes:
    """Change the definition as XML, or the note as JSON."""
    return (mutate_xml if message.lstrip().startswith(b"<") else mutate_json)(message, chance)


def _undo_seeds() -> list[bytes]:
    full: dict[str, Any] = json.loads(_FULL.text)
    others = (full | {"original": None}, full | {"format": 2}, {**full, "outcome": None, "outage_seconds": None})
    return [_FULL.text.encode(), *(json.dumps(each).encode() for each in others)]


UNDO: Final = Target(
    name="undo",
    subject="undo records",
    feed=feed_undo,
    seeds=_undo_seeds,
    mutate=mutate_json,
    reach=(
        ("_nic/undo.py", ("parse_undo", "_fits", "_content", "UndoRecord.as_facts", "UndoRecord.text")),
        ("_nic/offload.py", ("parse_value", "word")),
    ),
    least_reach=90.0,
)

GUARDS: Final = Target(
    name="guards",
    subject="what stands where a guard should",
    feed=feed_guard,
    seeds=_guard_seeds,
    mutate=mutate_guard,
    reach=(("_nic/guardtask.py", ("read_note", "_note", "_is_count", "_text", "_moment")),),
    least_reach=70.0,
    most_bytes=4096,
)

OUTCOMES: Final = Target(
    name="outcomes",
    subject="records of what came of a change",
    feed=feed_outcome,
    seeds=lambda: [Outcome("not_cured", "12.18.9.23", "2026-03-01T12:00:00+00:00").text.encode()],
    mutate=mutate_json,
    reach=(("_nic/undo.py", ("parse_outcome", "_content")),),
    least_reach=90.0,
    most_bytes=5000,
)
