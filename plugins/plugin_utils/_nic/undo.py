# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

r"""What the collection keeps on a host: the original of every value it changed, and what came of a change.

Both live below ``HKLM\SOFTWARE\remediation.windows_nic``, one REG_SZ for each adapter and keyword, named
``{GUID}::<keyword>``, which holds one line of ASCII JSON. An undo record is written before the first change, is never
given another original, and is removed only when the original is back.

Whoever may write there may have written anything, so that a record is believed only in what it could harm nothing with:
an original is absent or one of the values 0 to 3, and goes into the one keyword that the record's name says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, NoReturn, TypeGuard

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter, guid_in
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    KEYWORDS,
    RECEIVE,
    OffloadKeyword,
    is_original,
    parse_value,
    word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry

UNDO_KEY: Final = r"SOFTWARE\remediation.windows_nic\undo"
OUTCOME_KEY: Final = r"SOFTWARE\remediation.windows_nic\outcome"
FORMAT: Final = 1

_LONGEST_RECORD: Final = 4096
_LONGEST_TEXT: Final = 512
_LONGEST_OUTAGE_SECONDS: Final = 1_000_000_000
_MOST_ORPHANS: Final = 200
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")
_LOCALLY_ADMINISTERED: Final = 0x02
_GROUP: Final = 0x01
"""Bits of the first octet of a MAC address, IEEE 802: such an address names no card."""


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
            sent: no run restarts an adapter twice for one value, and a later one only where nobody saw it restart.
        restarted_at: When the host was back after it.
        outage_seconds: How long that took.
        outcome: ``confirmed`` or ``unconfirmed``, once the change was read back; None where it broke off before that.
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

    def speaks_of_card(self, adapter: Adapter) -> bool:
        """Whether the adapter is the same card in whatever slot: the same PCI ID, and a MAC that names one card."""
        pci = str(adapter.pci.id) if adapter.pci else None
        if pci is None or adapter.mac is None or (self.pci, self.mac) != (pci, adapter.mac):
            return False
        return not int(adapter.mac[:2], 16) & (_LOCALLY_ADMINISTERED | _GROUP)

    def drifted(self, keyword: OffloadKeyword | None) -> bool:
        """Whether receive offload, which a change had switched off and which was read back so, is on again.

        A driver that was installed anew or updated brings its default with it, perhaps as another keyword.

        Args:
            keyword: The keyword that governs the adapter now; None where its driver has none.
        """
        written = parse_value(self.written)
        if self.outcome is None or keyword is None or written is None or written & RECEIVE:
            return False
        # An absent value whose default is not told is taken for the documented default, which receives.
        return keyword.in_force is None or bool(keyword.in_force & RECEIVE)

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


_IDENTITY: Final = ("guid", "adapter", "pci", "location", "mac", "driver_file")
"""What an orphaned record tells of the adapter that it was made for."""


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

        A card that was put into another slot is found by MAC and PCI ID.

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
        orphans = [each for each in self.readable.values() if each.keyword == keyword and each.guid not in present]
        found = [each for each in orphans if each.belongs_to(adapter)]
        found = found or [each for each in orphans if each.speaks_of_card(adapter)]
        # Of several, the oldest knows the value that was there first.
        return min(found, key=lambda each: each.taken_at, default=None)

    def orphans(self, adapters: Iterable[Adapter]) -> list[dict[str, Any]]:
        """The records that none of *adapters* belongs to, as facts: those of adapters that were taken out.

        Args:
            adapters: All adapters of the host.
        """
        here = tuple(adapters)
        present = {adapter.guid for adapter in here}
        claimed = {
            record.value_name
            for adapter in here
            for keyword in KEYWORDS
            if f"{adapter.guid}::{keyword}" not in self.unreadable
            and (record := self.find(adapter, keyword, present)) is not None
        }
        left = [record for name, record in self.readable.items() if record.guid not in present and name not in claimed]
        found = [{**each.as_facts(), **{key: getattr(each, key) for key in _IDENTITY}} for each in left]
        for name, error in self.unreadable.items():
            guid, _separator, keyword = name.partition("::")
            if guid not in present:
                found.append({"guid": guid, "keyword": keyword, "error": error.as_dict()})
        return sorted(found, key=lambda each: (each["guid"], each["keyword"]))


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
        names = _names(self._registry.value_names(UNDO_KEY))
        mine = [each for each in names if each[1] in wanted]
        # Whatever fills the key with records of nobody, those of the adapters are read.
        orphans = [each for each in names if each[1] not in present and each[1] not in wanted][:_MOST_ORPHANS]
        for name, guid, keyword in (*mine, *orphans):
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
        _refuse_damaged(subject, "no JSON object of reasonable length")
    version = content.get("format")
    if not _is_known(version):
        raise NicError(
            "undo_record_unknown_version",
            subject,
            f"an undo record of format {repr(version)[:40]}",
            f"format {FORMAT}, the one this version of the collection knows",
            "Nothing was changed. Use the version of the collection that wrote the record, or set the keyword by hand"
            " and delete the record.",
        )
    values: dict[str, Any] = {
        each.name: content.get(each.name) for each in fields(UndoRecord) if each.name not in ("guid", "keyword")
    }
    wrong = [name for name, value in values.items() if not _fits(name, value)]
    if wrong or "original" not in content:
        _refuse_damaged(subject, f"no usable {', '.join(wrong or ['original'])}")
    return UndoRecord(guid=guid, keyword=keyword, **values)


def parse_outcome(text: str | None) -> Outcome | None:
    """Read what came of a change; None for a record that is missing, damaged or of another version."""
    content = _content(text or "")
    if content is None or not _is_known(content.get("format")):
        return None
    outcome, version, at = (content.get(key) for key in ("outcome", "driver_version", "at"))
    if not _is_text(outcome) or not _is_text(at) or not (version is None or _is_text(version)):
        return None
    return Outcome(outcome, version, at)


def _is_known(version: object) -> bool:
    """Whether this version of the collection knows the format; ``true`` and ``1.0`` are not the number 1."""
    return version.__class__ is int and version == FORMAT


def _fits(name: str, value: object) -> bool:
    if name in ("taken_at", "adapter"):
        return _is_text(value)
    if name == "outage_seconds":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value is None
        return 0 <= value <= _LONGEST_OUTAGE_SECONDS
    if name in ("original", "written"):
        return is_original(value)
    return value is None or _is_text(value)


def _is_text(value: object) -> TypeGuard[str]:
    """Whether it is a short text; one with half a surrogate pair could be neither printed nor written to a file."""
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT and _HALF_PAIR.search(value) is None


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=True, separators=(",", ":"))


def _content(text: str) -> dict[str, Any] | None:
    if len(text) > _LONGEST_RECORD:
        return None
    try:
        # NaN and Infinity are no JSON, and no number that could be handed on.
        content = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def _names(value_names: Iterable[str]) -> list[tuple[str, str, str]]:
    """The value names that can be records, each with its GUID and keyword, each record once."""
    found: dict[tuple[str, str], str] = {}
    for name in value_names:
        guid = guid_in(name)
        keyword = name.partition("::")[2]
        if guid is not None and keyword in KEYWORDS and re.fullmatch(r"\{[^{}]*\}::.*", name):
            found.setdefault((guid, keyword), name)
    return [(name, guid, keyword) for (guid, keyword), name in found.items()]


def _refuse_damaged(subject: str, seen: str) -> NoReturn:
    raise NicError(
        "undo_record_damaged",
        subject,
        seen,
        "an undo record as this collection writes it",
        "Nothing was changed. Set the keyword by hand to the value it shall have, then delete the record.",
    )
