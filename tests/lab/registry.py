# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A registry in memory: keys and values with the names' case kept and ignored, as Windows does.

Every operation gives back a Win32 error code (winerror.h), since that is what StdRegProv's ReturnValue is. Keys may be
filled on first use, so that a thousand machines don't hold what nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SUCCESS = 0
INVALID_FUNCTION = 1
FILE_NOT_FOUND = 2
ACCESS_DENIED = 5
INVALID_DATA = 13
BAD_PATHNAME = 161

REG_SZ = 1
REG_DWORD = 4
REG_MULTI_SZ = 7

Data = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A named value: REG_SZ holds text, REG_DWORD a number, REG_MULTI_SZ a tuple of texts."""

    name: str
    type: int
    data: Data


@dataclass(slots=True)
class Key:
    """One registry key. ``denied`` keys are listed by their parent but can't be opened."""

    name: str
    denied: bool = False
    fill: Callable[[Key], None] | None = None
    _keys: dict[str, Key] = field(default_factory=dict)
    _values: dict[str, RegistryValue] = field(default_factory=dict)

    def subkeys(self) -> list[Key]:
        """The subkeys, in the order of creation."""
        self._filled()
        return list(self._keys.values())

    def values(self) -> list[RegistryValue]:
        """The values, in the order of creation."""
        self._filled()
        return list(self._values.values())

    def key(self, name: str) -> Key | None:
        """The subkey of that name in any case."""
        self._filled()
        return self._keys.get(name.casefold())

    def value(self, name: str) -> RegistryValue | None:
        """The value of that name in any case; an empty name is the default value."""
        self._filled()
        return self._values.get(name.casefold())

    def ensure_key(self, name: str) -> Key:
        """The subkey of that name, created when it is not there."""
        self._filled()
        return self._keys.setdefault(name.casefold(), Key(name))

    def add_key(self, key: Key) -> Key:
        """Put a prepared subkey in place."""
        self._filled()
        self._keys[key.name.casefold()] = key
        return key

    def set(self, name: str, value_type: int, data: Data) -> None:
        """Create or replace a value; the case of an existing name is kept."""
        known = self.value(name)
        self._values[name.casefold()] = RegistryValue(known.name if known else name, value_type, data)

    def remove_value(self, name: str) -> bool:
        """Remove a value; false when there was none."""
        self._filled()
        return self._values.pop(name.casefold(), None) is not None

    def remove_key(self, name: str) -> bool:
        """Remove a subkey; false when there was none."""
        self._filled()
        return self._keys.pop(name.casefold(), None) is not None

    def _filled(self) -> None:
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)


@dataclass(slots=True)
class Registry:
    """The hives of one machine. ``writable`` is whether the account may write."""

    writable: bool = True
    hive: Key = field(default_factory=lambda: Key("HKEY_LOCAL_MACHINE"))

    def open(self, path: str) -> tuple[int, Key | None]:
        """Open a key by its path below the hive; gives an error code and, on success, the key."""
        if path.startswith("\\"):
            return BAD_PATHNAME, None
        key = self.hive
        for part in _parts(path):
            found = key.key(part)
            if found is None:
                return FILE_NOT_FOUND, None
            if found.denied:
                return ACCESS_DENIED, None
            key = found
        return SUCCESS, key

    def create_key(self, path: str) -> int:
        """Create a key and all above it. That it exists already is success."""
        code, _unused = self.open(path)
        if code != FILE_NOT_FOUND:
            return code
        if not self.writable:
            return ACCESS_DENIED
        self.ensure(path)
        return SUCCESS

    def ensure(self, path: str) -> Key:
        """The key of that path, created with all above it, without a check of rights."""
        key = self.hive
        for part in _parts(path):
            key = key.ensure_key(part)
        return key

    def delete_key(self, path: str) -> int:
        """Delete a key. One that has subkeys can't be deleted (RegDeleteKey)."""
        code, key = self.open(path)
        if key is None:
            return code
        parts = list(_parts(path))
        if not parts or key.subkeys() or not self.writable:
            return ACCESS_DENIED
        parent = self.ensure("\\".join(parts[:-1]))
        parent.remove_key(parts[-1])
        return SUCCESS

    def set_value(self, path: str, name: str, value_type: int, data: Data) -> int:
        """Create or replace a value. The key must exist."""
        code, key = self.open(path)
        if key is None:
            return code
        if not self.writable:
            return ACCESS_DENIED
        key.set(name, value_type, data)
        return SUCCESS

    def get_value(self, path: str, name: str, value_type: int) -> tuple[int, Data | None]:
        """Read a value of one type.

        A missing value is error 1, a missing key error 2, another type error 13: StdRegProv keeps the three apart.
        """
        code, key = self.open(path)
        if key is None:
            return code, None
        value = key.value(name)
        if value is None:
            return INVALID_FUNCTION, None
        if value.type != value_type:
            return INVALID_DATA, None
        return SUCCESS, value.data

    def delete_value(self, path: str, name: str) -> int:
        """Delete a value."""
        code, key = self.open(path)
        if key is None:
            return code
        if not self.writable:
            return ACCESS_DENIED
        return SUCCESS if key.remove_value(name) else FILE_NOT_FOUND


def _parts(path: str) -> Iterator[str]:
    return (part for part in path.split("\\") if part)
