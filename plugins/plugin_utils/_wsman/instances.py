# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""CIM instances as they stand in answers, with typed access to their properties.

How Windows writes them, from DSP0230 and recorded answers: null is ``xsi:nil``, a null or empty array is no element at
all, and an array of one looks exactly like a scalar.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from types import MappingProxyType

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import Element

_INTEGER = re.compile("[+-]?[0-9]{1,20}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_TEXT_ELEMENTS = frozenset({"Datetime", "Interval", "Date", "Time", "CIM_DateTime"})
"""Elements that wrap the text of a date or an interval (DSP0230)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Instance:
    """One CIM instance, or the output of one method. Property names are found in any letter case, as in WMI."""

    class_name: str
    """Of the instance, which may be a subclass of the one asked for; ``<Method>_OUTPUT`` for a method."""
    properties: Mapping[str, tuple[str | Instance | None, ...]]
    """Values by name, ``None`` for null. Several values mean an array; one value may be an array of one."""
    selectors: Mapping[str, str] | None = None
    """Keys that address the instance, where references were asked for."""
    resource_uri: str | None = None
    """Resource that the selectors belong to."""

    def names(self) -> list[str]:
        """Names of the properties, in the order of the answer."""
        return list(self.properties)

    def text(self, name: str) -> str | None:
        """A scalar as text; ``None`` where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``, also where there are several values.
        """
        value = self._scalar(name)
        if isinstance(value, Instance):
            raise self._wrong_type(name, "an embedded instance", "text")
        return value

    def strings(self, name: str) -> list[str]:
        """An array as a list of text, empty where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``.
        """
        values = []
        for value in self._values(name):
            if isinstance(value, Instance):
                raise self._wrong_type(name, "an embedded instance", "text")
            if value is not None:
                values.append(value)
        return values

    def integer(self, name: str) -> int | None:
        """A scalar as an integer; ``None`` where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``.
        """
        text = self.text(name)
        if text is None:
            return None
        if not _INTEGER.fullmatch(text.strip()):
            raise self._wrong_type(name, repr(text), "an integer")
        return int(text)

    def boolean(self, name: str) -> bool | None:
        """A scalar as a boolean; ``None`` where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``.
        """
        text = self.text(name)
        if text is None:
            return None
        known = _BOOLEANS.get(text.strip().lower())
        if known is None:
            raise self._wrong_type(name, repr(text), "true or false")
        return known

    def when(self, name: str) -> dt.datetime | None:
        """A scalar as a moment with its zone, UTC where none is named; ``None`` where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``.
        """
        text = self.text(name)
        if text is None:
            return None
        match = _DATETIME.fullmatch(text.strip())
        if match is None:
            raise self._wrong_type(name, repr(text), "a date and time")
        seconds, fraction, zone = match.groups()
        microseconds = (fraction or "").ljust(6, "0")[:6]
        offset = "+00:00" if zone in (None, "Z") else zone
        try:
            return dt.datetime.fromisoformat(f"{seconds}.{microseconds}{offset}")
        except ValueError as error:
            raise self._wrong_type(name, repr(text), "a date and time that exist") from error

    def instance(self, name: str) -> Instance | None:
        """An embedded instance, or a reference: selectors without properties. ``None`` where it is null or absent.

        Raises:
            WsmanProtocolError: ``wrong_property_type``.
        """
        value = self._scalar(name)
        if isinstance(value, str):
            raise self._wrong_type(name, repr(value), "an embedded instance")
        return value

    def _scalar(self, name: str) -> str | Instance | None:
        values = self._values(name)
        if len(values) > 1:
            raise self._wrong_type(name, f"{len(values)} values", "one value")
        return values[0] if values else None

    def _values(self, name: str) -> tuple[str | Instance | None, ...]:
        if name in self.properties:
            return self.properties[name]
        folded = name.casefold()
        return next((values for known, values in self.properties.items() if known.casefold() == folded), ())

    def _wrong_type(self, name: str, seen: str, expected: str) -> WsmanProtocolError:
        return WsmanProtocolError(
            "wrong_property_type",
            f"property {name} of {self.class_name}",
            seen,
            expected,
            "Compare the class on the host with its documentation; the host may run another version of its provider.",
        )


def read_instance(element: Element) -> Instance:
    """Read an instance, a method's output or a ``w:XmlFragment``: an element with one child for each value."""
    values: dict[str, list[str | Instance | None]] = {}
    for child in element.children:
        values.setdefault(child.name, []).append(_read_value(child))
    return Instance(element.name, MappingProxyType({name: tuple(found) for name, found in values.items()}))


def read_item(element: Element) -> Instance:
    """Read one child of ``Items``: an instance, or in object-and-EPR mode a ``w:Item`` of instance and reference."""
    if element.name != "Item":
        return read_instance(element)
    reference = element.child("EndpointReference")
    content = next((child for child in element.children if child is not reference), None)
    instance = read_instance(content) if content is not None else Instance("", MappingProxyType({}))
    if reference is None:
        return instance
    return dataclasses.replace(instance, selectors=_selectors(reference), resource_uri=_resource_uri(reference))


def _read_value(element: Element) -> str | Instance | None:
    if element.is_nil:
        return None
    if not element.children:
        return element.text
    only = element.children[0] if len(element.children) == 1 else None
    if only is not None and only.name in _TEXT_ELEMENTS:
        return only.text
    reference = element if element.child("ReferenceParameters") is not None else element.child("EndpointReference")
    if reference is not None:
        uri = _resource_uri(reference)
        return Instance((uri or "").rpartition("/")[2], MappingProxyType({}), _selectors(reference), uri)
    # An embedded instance: the property's element is typed and holds the properties, or holds the class's element.
    if element.type_name is not None:
        return dataclasses.replace(read_instance(element), class_name=element.type_name.removesuffix("_Type"))
    return read_instance(only if only is not None and (only.children or only.type_name) else element)


def _resource_uri(reference: Element) -> str | None:
    return reference.value("ReferenceParameters", "ResourceURI")


def _selectors(reference: Element) -> Mapping[str, str]:
    found = reference.child("ReferenceParameters", "SelectorSet")
    selectors = found.each("Selector") if found is not None else ()
    # The key of an association is itself a reference, which has no text that could be sent back.
    return MappingProxyType({each.attributes.get("Name", ""): each.text for each in selectors if not each.children})
