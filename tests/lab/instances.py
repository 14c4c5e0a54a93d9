# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM objects as XML, the way the WMI plug-in of WinRM writes them, and method arguments back from it.

An array is a repeated element: null and empty ones leave nothing behind, and one of a single element looks like a
scalar. A null scalar is an element marked xsi:nil. Integers of every size are decimal text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.cim.values import CimInstance, Value
from tests.lab.xmltext import escape

Argument = str | list[str] | None

_NIL: Final = ns.tag(ns.XSI, "nil")


@dataclass(frozen=True, slots=True)
class _Style:
    prefix: str
    """Of the elements, with its colon; empty in a fragment."""
    dmtf: bool = False
    depth: int = 0
    """How many embedded objects this one is in."""


def class_uri(namespace: str, class_name: str, dmtf: bool) -> str:
    """The resource URI of a class, which is also the XML namespace of its objects; the CIM namespace in lower case."""
    if dmtf:
        return f"{ns.DMTF_ROOT}{class_name}"
    return f"{ns.WMI_ROOT}{namespace.replace(chr(92), '/').lower()}/{class_name}"


def instance_xml(instance: CimInstance, dmtf: bool = False) -> str:
    """One object as an element of its class."""
    name = instance.class_name
    return (
        f'<p:{name} xmlns:xsi="{ns.XSI}" xmlns:p="{escape(class_uri(instance.namespace, name, dmtf))}" '
        f'xmlns:cim="{ns.CIM}" xsi:type="p:{name}_Type">{_properties(instance, _Style("p:", dmtf))}</p:{name}>'
    )


def fragment_xml(instance: CimInstance, names: Sequence[str]) -> str:
    """What a query with a property list returns: the named properties, without class and without namespace.

    Raises:
        WsmanFault: the class has no such property.
    """
    wanted = {name.lower() for name in names}
    unknown = wanted - {name.lower() for name in instance.properties}
    if unknown:
        raise faults.WsmanFault(2150858778, "n:CannotProcessFilter", f"There is no property {min(unknown)}. ")
    kept = {name: value for name, value in instance.properties.items() if name.lower() in wanted}
    part = CimInstance(instance.class_name, instance.namespace, kept, instance.arrays)
    return f'<w:XmlFragment xmlns:xsi="{ns.XSI}" xmlns:w="{ns.WSMAN}">{_properties(part, _Style(""))}</w:XmlFragment>'


def endpoint_xml(instance: CimInstance, dmtf: bool = False) -> str:
    """The endpoint reference of an object: class URI and keys."""
    keys = dict(instance.keys)
    if dmtf:
        keys["__cimnamespace"] = instance.namespace.replace("\\", "/").lower()
    selectors = "".join(f'<w:Selector Name="{escape(name)}">{escape(text)}</w:Selector>' for name, text in keys.items())
    return (
        f'<a:EndpointReference xmlns:a="{ns.ADDRESSING}"><a:Address>{ns.ANONYMOUS}</a:Address><a:ReferenceParameters>'
        f"<w:ResourceURI>{escape(class_uri(instance.namespace, instance.class_name, dmtf))}</w:ResourceURI>"
        f"<w:SelectorSet>{selectors}</w:SelectorSet></a:ReferenceParameters></a:EndpointReference>"
    )


def output_xml(method: str, uri: str, output: Mapping[str, Value], dmtf: bool = False) -> str:
    """The ``_OUTPUT`` element of a method. Nothing to return is an empty element, as MI providers send it."""
    style = _Style("p:", dmtf)
    content = "".join(_property(name, value, isinstance(value, list | tuple), style) for name, value in output.items())
    return (
        f'<p:{method}_OUTPUT xmlns:xsi="{ns.XSI}" xmlns:p="{escape(uri)}" xmlns:cim="{ns.CIM}">'
        f"{content}</p:{method}_OUTPUT>"
    )


def read_arguments(body: Iterable[ET.Element], method: str, uri: str) -> dict[str, Argument]:
    """The arguments in a ``_INPUT`` element. A name that occurs twice is an array.

    Raises:
        WsmanFault: another element, another XML namespace than the resource's, or content that is not plain text.
    """
    elements = list(body)
    if len(elements) != 1:
        raise faults.invalid_body(f"The body must be one {method}_INPUT element. ")
    namespace, name = _split(elements[0].tag)
    if name.lower() != f"{method}_INPUT".lower():
        raise faults.invalid_body(f"The body must be {method}_INPUT, not {name}. ")
    if namespace.lower() != uri.lower():
        raise faults.WsmanFault(
            2150858840, "w:SchemaValidationError", f"{name} is not in the namespace of the resource. "
        )
    found: dict[str, Argument] = {}
    for element in elements[0]:
        space, argument = _split(element.tag)
        if space.lower() != uri.lower():
            raise faults.WsmanFault(
                2150858840, "w:SchemaValidationError", f"{argument} is not in the namespace of the resource. "
            )
        text = _argument_text(element, argument)
        if argument not in found:
            found[argument] = text
            continue
        before = found[argument]
        if before is None or text is None:
            raise faults.invalid_body(f"{argument} mixes null with values. ")
        found[argument] = [*before, text] if isinstance(before, list) else [before, text]
    return found


def _argument_text(element: ET.Element, argument: str) -> str | None:
    if element.get(_NIL) in ("true", "1"):
        return None
    if len(element) == 1 and element[0].tag in (ns.tag(ns.CIM, "Datetime"), ns.tag(ns.CIM, "Interval")):
        return (element[0].text or "").strip()
    if len(element):
        raise faults.WsmanFault(
            2150858836, "w:InvalidParameter", f"{argument} must be plain text. ", detail="TypeMismatch"
        )
    return element.text or ""


def _split(tag: str) -> tuple[str, str]:
    namespace, _unused, name = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    return namespace, name


def _properties(instance: CimInstance, style: _Style) -> str:
    return "".join(
        _property(name, value, name in instance.arrays, style) for name, value in instance.properties.items()
    )


def _property(name: str, value: Value, array: bool, style: _Style) -> str:
    if array:
        if value is None:
            return ""
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise TypeError(f"{name} is declared an array and holds {value!r}")
        return "".join(_property(name, each, False, style) for each in value)
    element = f"{style.prefix}{name}"
    cim = "cim:" if style.prefix else ""  # A fragment has no namespaces at all.
    if value is None:
        return f'<{element} xsi:nil="true"/>'
    if isinstance(value, bool):
        return f"<{element}>{'true' if value else 'false'}</{element}>"
    if isinstance(value, datetime):
        return f"<{element}><{cim}Datetime>{datetime_text(value)}</{cim}Datetime></{element}>"
    if isinstance(value, timedelta):
        return f"<{element}><{cim}Interval>{interval_text(value)}</{cim}Interval></{element}>"
    if isinstance(value, CimInstance):
        inner = _Style(f"e{style.depth}:", style.dmtf, style.depth + 1)
        uri = class_uri(value.namespace, value.class_name, style.dmtf)
        return (
            f'<{element} xmlns:e{style.depth}="{escape(uri)}" xsi:type="{inner.prefix}{value.class_name}_Type">'
            f"{_properties(value, inner)}</{element}>"
        )
    if isinstance(value, int | str):
        return f"<{element}>{escape(str(value))}</{element}>"
    raise TypeError(f"{name} is declared a scalar and holds {value!r}")


def datetime_text(value: datetime) -> str:
    """A point in time as WinRM writes it: UTC with Z, fraction without trailing zeros."""
    text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
    return f"{text}Z"


def interval_text(value: timedelta) -> str:
    """A CIM interval as xs:duration (DSP0230)."""
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    return f"P{value.days}DT{hours}H{minutes}M{seconds}{fraction}S"
