# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

r"""What the collection keeps on a host: the original of every value it changed, and what came of a change.

Both live below ``HKLM\SOFTWARE\remediation.windows_nic``, one REG_SZ for each adapter and keyword, named
``{GUID}::<keyword>``, which holds one line of ASCII JSON. An undo record is written before the first change, is never
given another original, and is removed only when the original is back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter, guid_in
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import KEYWORDS, parse_value, word
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry

UNDO_KEY: Final = r"SOFTWARE\remediation.windows_nic\undo"
OUTCOME_KEY: Final = r"SOFTWARE\remediation.windows_nic\outcome"
FORMAT: Final = 1

_LONGEST_RECORD: Final = 4096
_MOST_RECORDS: Final = 200


@dataclass(frozen=True, slots=True)
class UndoRecord:
    """The original of one value, and how far the change of it went.

    Attributes:
        guid: GUID that the adapter had when the record was made.
        original: The text that the registry held; None where the value was absent.
        taken_at: When the original was read, UTC in ISO 8601.
        pci: ``vendor:device``; with location and MAC it finds the adapter again when Windows gave it another GUID.
        driver_version: Version of the driver that the original belongs to.
        written: The text that was last written; None after the value was deleted.
        restart_requested_at: When the restart that makes ``written`` active was asked for. Set before the request is
            sent: an adapter is never restarted twice for one value, even where the answer was lost.
        restarted_at: When the host was back after it.
        outage_seconds: How long that took.
        outcome: ``confirmed`` or ``unconfirmed``, once the change was read back.
    """

    guid: str
    keyword: str
    original: str | None
    taken_at: str
    adapter: str
    pci: str | None
    location: str | None
    mac: str | None
    driver_file: str | None
    driver_version: str | None
    written: str | None
    restart_requested_at: str | None = None
    restarted_at: str | None = None
    outage_seconds: float | None = None
    outcome: str | None = None

    @property
    def value_name(self) -> str:
        """Name of the registry value that holds the record."""
        return f"{self.guid}::{self.keyword}"

    @property
    def text(self) -> str:
        """The record as it stands in the registry."""
        return _line({key: value for key, value in asdict(self).items() if key not in ("guid", "keyword")})

    def belongs_to(self, adapter: Adapter) -> bool:
        """Whether the adapter stands in the same PCI slot with the same MAC, whatever its GUID."""
        location = adapter.pci.location if adapter.pci else None
        return None not in (location, adapter.mac) and (self.location, self.mac) == (location, adapter.mac)

    def about(self, text: str | None) -> UndoRecord:
        """The record at the beginning of a change to *text*: the same original, and nothing restarted yet."""
        return replace(
            self, written=text, restart_requested_at=None, restarted_at=None, outage_seconds=None, outcome=None
        )

    def as_facts(self) -> dict[str, Any]:
        """The ``undo`` of an adapter's facts, and of a change's result."""
        return {
            "original": word(parse_value(self.original)),
            "written": word(parse_value(self.written)),
            "keyword": self.keyword,
            "taken_at": self.taken_at,
            "driver_version": self.driver_version,
            "restart_requested_at": self.restart_requested_at,
            "restarted_at": self.restarted_at,
            "outage_seconds": self.outage_seconds,
            "outcome": self.outcome,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an earlier change, such as ``not_cured``, and the driver version that it holds for."""

    outcome: str
    driver_version: str | None
    at: str

    @property
    def text(self) -> str:
        """The record as it stands in the registry."""
        return _line(asdict(self))


@dataclass(frozen=True, slots=True)
class Records:
    """The undo records of a host that were read, and the errors of those that can't be understood, by value name."""

    readable: Mapping[str, UndoRecord]
    unreadable: Mapping[str, NicError]

    def find(self, adapter: Adapter, keyword: str, present: Collection[str]) -> UndoRecord | None:
        """The record of an adapter's keyword: by GUID, or by PCI slot and MAC where the adapter got another GUID.

        Args:
            adapter: The adapter.
            keyword: The registry keyword.
            present: GUIDs of all adapters of the host; a record of one of these belongs to no other adapter.

        Raises:
            NicError: ``undo_record_unknown_version`` or ``undo_record_damaged``, if the adapter's record is that.
        """
        name = f"{adapter.guid}::{keyword}"
        if name in self.unreadable:
            raise self.unreadable[name]
        if name in self.readable:
            return self.readable[name]
        return next(
            (
                record
                for record in self.readable.values()
                if record.keyword == keyword and record.guid not in present and record.belongs_to(adapter)
            ),
            None,
        )


class RecordStore:
    """The records of one host, in its registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def read(self, wanted: Collection[str], present: Collection[str]) -> Records:
        """Read the undo records of the adapters *wanted*, and those whose adapter is not *present* any more.

        Args:
            wanted: GUIDs of adapters.
            present: GUIDs of all adapters of the host.
        """
        readable: dict[str, UndoRecord] = {}
        unreadable: dict[str, NicError] = {}
        for name, guid, keyword in _names(self._registry.value_names(UNDO_KEY)):
            if guid in present and guid not in wanted:
                continue
            text = self._registry.get_string(UNDO_KEY, name)
            if text is None:
                continue
            try:
                readable[f"{guid}::{keyword}"] = parse_undo(guid, keyword, text)
            except NicError as error:
                unreadable[f"{guid}::{keyword}"] = error
        return Records(readable, unreadable)

    def keep(self, record: UndoRecord) -> UndoRecord:
        """Write *record* before a change and read it back. An original that is there already stays.

        Returns:
            The record as it is kept.

        Raises:
            NicError: ``undo_not_stored``, or the record that is there can't be understood.
        """
        present = self._registry.get_string(UNDO_KEY, record.value_name)
        if present is not None:
            record = parse_undo(record.guid, record.keyword, present).about(record.written)
        self._registry.create_key(UNDO_KEY)
        self.update(record)
        return record

    def update(self, record: UndoRecord) -> None:
        """Write how far a change went into the record that :meth:`keep` returned, and read it back.

        Raises:
            NicError: ``undo_not_stored``.
        """
        self._registry.set_string(UNDO_KEY, record.value_name, record.text)
        self._require_text(UNDO_KEY, record.value_name, record.text, "undo_not_stored")

    def remove(self, record: UndoRecord) -> None:
        """Remove the record, once the original is back.

        Raises:
            NicError: ``undo_not_removed``.
        """
        if not self._registry.delete_value(UNDO_KEY, record.value_name):
            self._require_text(UNDO_KEY, record.value_name, None, "undo_not_removed")

    def read_outcomes(self, wanted: Collection[str]) -> dict[str, Outcome]:
        """Read what came of earlier changes, by value name. Records of another version say nothing and are left out."""
        found: dict[str, Outcome] = {}
        for name, guid, keyword in _names(self._registry.value_names(OUTCOME_KEY)):
            outcome = parse_outcome(self._registry.get_string(OUTCOME_KEY, name)) if guid in wanted else None
            if outcome is not None:
                found[f"{guid}::{keyword}"] = outcome
        return found

    def write_outcome(self, value_name: str, outcome: Outcome) -> None:
        """Keep what came of a change.

        Raises:
            NicError: ``outcome_not_stored``.
        """
        self._registry.create_key(OUTCOME_KEY)
        if not self._registry.set_string(OUTCOME_KEY, value_name, outcome.text):
            self._require_text(OUTCOME_KEY, value_name, outcome.text, "outcome_not_stored")

    def remove_outcome(self, value_name: str) -> None:
        """Forget what came of an earlier change; nothing happens where nothing is kept."""
        self._registry.delete_value(OUTCOME_KEY, value_name)

    def _require_text(self, key: str, name: str, text: str | None, code: str) -> None:
        """Read a record back.

        Raises:
            NicError: *code*, where it is not *text*, or not absent for None.
        """
        stored = self._registry.get_string(key, name)
        if stored != text:
            raise NicError(
                code,
                rf"HKLM\{key}, value {name}",
                "the record read back is " + ("missing" if stored is None else "not the one that was meant"),
                "no record" if text is None else "the record that was written",
                "Nothing further was changed. Look at the permissions of this key, then run the task again.",
            )


def parse_undo(guid: str, keyword: str, text: str) -> UndoRecord:
    """Read an undo record.

    Raises:
        NicError: ``undo_record_unknown_version`` where a later version of the collection wrote it,
            ``undo_record_damaged``.
    """
    subject = rf"HKLM\{UNDO_KEY}, value {guid}::{keyword}"
    content = _content(text)
    if content is None:
        raise _damaged(subject, "no JSON object of reasonable length")
    if content.get("format") != FORMAT:
        raise NicError(
            "undo_record_unknown_version",
            subject,
            f"an undo record of format {content.get('format')!r}",
            f"format {FORMAT}, the one this version of the collection knows",
            "Nothing was changed. Use the version of the collection that wrote the record, or set the keyword by hand"
            " and delete the record.",
        )
    values: dict[str, Any] = {
        each.name: content.get(each.name) for each in fields(UndoRecord) if each.name not in ("guid", "keyword")
    }
    wrong = [name for name, value in values.items() if not _fits(name, value)]
    if wrong or "original" not in content:
        raise _damaged(subject, f"no usable {', '.join(wrong or ['original'])}")
    return UndoRecord(guid=guid, keyword=keyword, **values)


def parse_outcome(text: str | None) -> Outcome | None:
    """Read what came of a change; None for a record that is missing, damaged or of another version."""
    content = _content(text or "")
    if content is None or content.get("format") != FORMAT:
        return None
    outcome, version, at = (content.get(key) for key in ("outcome", "driver_version", "at"))
    if not isinstance(outcome, str) or not isinstance(at, str) or not isinstance(version, str | None):
        return None
    return Outcome(outcome, version, at)


def _fits(name: str, value: object) -> bool:
    if name in ("taken_at", "adapter"):
        return isinstance(value, str)
    if name == "outage_seconds":
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    if name in ("original", "written"):
        return value is None or (isinstance(value, str) and parse_value(value) is not None)
    return isinstance(value, str | None)


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=True, separators=(",", ":"))


def _content(text: str) -> dict[str, Any] | None:
    if len(text) > _LONGEST_RECORD:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _names(value_names: Iterable[str]) -> list[tuple[str, str, str]]:
    """The value names that can be records, each with its GUID and keyword."""
    found = []
    for name in value_names:
        guid = guid_in(name)
        keyword = name.partition("::")[2]
        if guid is not None and keyword in KEYWORDS and re.fullmatch(r"\{[^{}]*\}::.*", name):
            found.append((name, guid, keyword))
    return found[:_MOST_RECORDS]


def _damaged(subject: str, seen: str) -> NicError:
    return NicError(
        "undo_record_damaged",
        subject,
        seen,
        "an undo record as this collection writes it",
        "Nothing was changed. Set the keyword by hand to the value it shall have, then delete the record.",
    )
