# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Class declarations, and the operations every class has: enumerate with a condition, get by selectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.cim.values import CimError, CimInstance, Provider, Value
from tests.lab.cim.wql import Condition, names_in, parse_condition

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Rows = Callable[["Machine", Condition | None], Iterable[Mapping[str, Value]]]
Presence = Callable[["Machine"], bool]

STANDARD = "root/standardcimv2"
CIMV2 = "root/cimv2"
DEFAULT = "root/default"


def _always(_unused: Machine) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CimClass:
    """One class: its properties in the order of the declaration, arrays marked by [], and where its rows come from.

    ``present`` tells whether a machine has the class, ``not_found`` is the HRESULT for an instance that is not there.
    """

    name: str
    namespaces: tuple[str, ...]
    properties: tuple[str, ...]
    arrays: frozenset[str]
    keys: tuple[str, ...]
    provider: Provider
    rows: Rows
    get_needs_all_keys: bool = True
    present: Presence = _always
    not_found: int | None = None

    def instances(self, machine: Machine, namespace: str, where: str | None) -> list[CimInstance]:
        """All instances, or those that fit the condition.

        Raises:
            CimError: the condition is not well formed or names an unknown property.
        """
        condition = None
        if where is not None:
            try:
                condition = parse_condition(where)
                self._check_names(condition)
            except CimError as error:
                raise CimError(error.kind, error.text, self.provider) from None
        rows = (self._complete(row) for row in self.rows(machine, condition))
        fitting = [row for row in rows if condition is None or condition.holds(row)]
        return [self.instance(namespace, row) for row in fitting]

    def get(self, machine: Machine, namespace: str, selectors: Mapping[str, str]) -> CimInstance:
        """The instance with these keys.

        Raises:
            CimError: selectors that are not the keys, or no such instance.
        """
        wanted = self._keys_from(selectors)
        for instance in self.instances(machine, namespace, None):
            found = {name: instance.keys[name].casefold() for name in wanted}
            if found == {name: value.casefold() for name, value in wanted.items()}:
                return instance
        described = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
        raise CimError("not_found", f"No {self.name} with {described}", self.provider, self.not_found)

    def _keys_from(self, selectors: Mapping[str, str]) -> dict[str, str]:
        known = {key.casefold(): key for key in self.keys}
        unknown = [name for name in selectors if name.casefold() not in known]
        if unknown:
            raise CimError("invalid_selectors", f"{unknown[0]} is not a key of {self.name}", self.provider)
        wanted = {known[name.casefold()]: value for name, value in selectors.items()}
        missing = [key for key in self.keys if key not in wanted]
        if missing and self.get_needs_all_keys:
            raise CimError("insufficient_selectors", f"{self.name} needs the key {missing[0]}", self.provider)
        return wanted

    def _check_names(self, condition: Condition) -> None:
        known = {name.casefold() for name in self.properties}
        unknown = sorted(names_in(condition) - known)
        if unknown:
            raise CimError("invalid_query", f"{self.name} has no property {unknown[0]}")

    def _complete(self, row: Mapping[str, Value]) -> dict[str, Value]:
        undeclared = row.keys() - set(self.properties)
        if undeclared:
            raise AssertionError(f"{self.name} declares no {min(undeclared)}")
        return {name: row.get(name) for name in self.properties}

    def instance(self, namespace: str, properties: Mapping[str, Value]) -> CimInstance:
        """An instance with these properties; those not given are null."""
        row = self._complete(properties)
        keys = {key: _key_text(row[key]) for key in self.keys}
        return CimInstance(self.name, namespace, row, self.arrays, keys)


def _key_text(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "" if value is None else str(value)


def declare(
    name: str,
    properties: str,
    keys: str,
    rows: Rows,
    *,
    namespaces: tuple[str, ...] = (STANDARD,),
    provider: Provider = "mi",
    get_needs_all_keys: bool = True,
    present: Presence = _always,
    not_found: int | None = None,
) -> CimClass:
    """Declare a class from one line of property names; ``[]`` after a name makes it an array."""
    names = properties.split()
    plain = tuple(name.removesuffix("[]") for name in names)
    arrays = frozenset(name.removesuffix("[]") for name in names if name.endswith("[]"))
    selectors = tuple(keys.split())
    return CimClass(name, namespaces, plain, arrays, selectors, provider, rows, get_needs_all_keys, present, not_found)
