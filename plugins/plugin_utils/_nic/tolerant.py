# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Reading what is good to know and not needed: whatever can't be read is noted, and the reading goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    NicError,
    one_line,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

_Row = TypeVar("_Row")
_Value = TypeVar("_Value")
_LONGEST_WHY: Final = 300


@dataclass(frozen=True, slots=True)
class NotRead:
    """Something that could not be read: what, the code of the error, and what was seen instead."""

    what: str
    code: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """The line as it stands in results."""
        return {"what": self.what, "code": self.code, "why": self.why}


@dataclass(frozen=True, slots=True)
class Rows(Generic[_Row]):
    """Rows of a class. ``error`` is the code of what kept the class, or one of its rows, from being read."""

    items: tuple[_Row, ...]
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""
        return self.error is None


@dataclass(slots=True)
class TolerantReader:
    """Asks a host for one thing after the other. ``not_read`` has a line for each that could not be read."""

    client: Client
    not_read: list[NotRead] = field(default_factory=list)

    def rows(
        self,
        what: str,
        namespace: str,
        class_name: str,
        read: Callable[[Instance], _Row | None],
        *,
        where: str | None = None,
        absence_is_none: bool = False,
    ) -> Rows[_Row]:
        """Read the rows of a class.

        Args:
            what: Words for the line of ``not_read``.
            namespace: Of the class.
            class_name: The class.
            read: Reads one row; None where it is of no interest.
            where: WQL after WHERE.
            absence_is_none: Where the class or its namespace does not exist, there are no rows, and nothing to note.

        Raises:
            HostUnreachable: the host does not answer any more.
        """
        try:
            instances = self.client.enumerate(namespace, class_name, where=where)
        except HostUnreachable:
            raise
        except NicError as error:
            if absence_is_none and isinstance(error, WsmanFault) and error.invalid_class:
                return Rows(())
            self._note(what, error)
            return Rows((), error.code)
        return self._each(what, instances, read)

    def value(self, what: str, read: Callable[[], _Value], otherwise: _Value) -> _Value:
        """What *read* gives, or *otherwise* where it could not be read.

        Raises:
            HostUnreachable: the host does not answer any more.
        """
        try:
            return read()
        except HostUnreachable:
            raise
        except NicError as error:
            self._note(what, error)
            return otherwise

    def note(self, what: str, code: str, why: str) -> None:
        """Add a line of ``not_read``."""
        self.not_read.append(NotRead(what, code, one_line(why, _LONGEST_WHY)))

    def _each(self, what: str, instances: list[Instance], read: Callable[[Instance], _Row | None]) -> Rows[_Row]:
        found: list[_Row] = []
        first: NicError | None = None
        for instance in instances:
            try:
                row = read(instance)
            except NicError as error:
                # One row of nonsense doesn't hide what the others say.
                first = first or error
                continue
            if row is not None:
                found.append(row)
        if first is not None:
            self._note(what, first)
        return Rows(tuple(found), first.code if first is not None else None)

    def _note(self, what: str, error: NicError) -> None:
        self.note(what, error.code, error.seen)
