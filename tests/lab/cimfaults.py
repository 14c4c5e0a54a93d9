# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which fault a failed CIM operation becomes.

WMI status codes are those of wbemcli.h, CIM status codes those of DSP0200, error categories those of PowerShell's
ErrorCategory, which MSFT_WmiError repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.lab import namespaces as ns
from tests.lab.cim.values import CimError, ErrorKind
from tests.lab.faults import ProviderFault, WmiError, WsmanFault, access_denied
from tests.lab.resources import CimResource


@dataclass(frozen=True, slots=True)
class _Shape:
    code: int
    subcode: str
    wmi_status: int
    cim_status: int
    category: int
    detail: str | None = None
    sender: bool = True


_SHAPES: Final[dict[ErrorKind, _Shape]] = {
    "access_denied": _Shape(5, "w:AccessDenied", 0x80041003, 2, 18),
    "already_exists": _Shape(2150858803, "w:AlreadyExists", 0x80041019, 11, 20),
    "failed": _Shape(2150858755, "w:InternalError", 0x80041001, 1, 0, sender=False),
    "insufficient_selectors": _Shape(2150858842, "w:InvalidSelectors", 0x80041008, 4, 5, "InsufficientSelectors"),
    "invalid_class": _Shape(2150858752, "a:DestinationUnreachable", 0x80041010, 5, 13, "InvalidResourceURI"),
    "invalid_namespace": _Shape(2150858752, "a:DestinationUnreachable", 0x8004100E, 3, 13, "InvalidResourceURI"),
    "invalid_parameter": _Shape(2150858810, "w:InvalidParameter", 0x80041008, 4, 5),
    "invalid_query": _Shape(2150858778, "n:CannotProcessFilter", 0x80041017, 15, 16),
    "invalid_selectors": _Shape(2150858843, "w:InvalidSelectors", 0x80041008, 4, 5, "UnexpectedSelectors"),
    "method_not_found": _Shape(2150858771, "a:ActionNotSupported", 0x8004102E, 17, 13),
    "not_found": _Shape(2150858752, "a:DestinationUnreachable", 0x80041002, 6, 13),
    "not_supported": _Shape(2150858818, "w:UnsupportedFeature", 0x8004100C, 7, 11),
    "provider_failure": _Shape(2150858755, "w:InternalError", 0x80041004, 1, 0, sender=False),
}

_SINGLETON_WITHOUT_KEYS: Final = 2150859002  # 0x803380FA
_CANNOT_PROCESS_FILTER: Final = _SHAPES["invalid_query"]


def cim_fault(error: CimError, resource: CimResource, operation: str, parameter: str) -> WsmanFault:
    """The fault of a failed CIM operation.

    Args:
        error: what the machine said.
        resource: what the request was about.
        operation: ExecQuery, CreateInstanceEnum, GetObject, ExecMethod or DeleteInstance.
        parameter: the query, or the path of the object.
    """
    shape = _SHAPES[error.kind]
    if error.provider == "mi":
        uri = ns.DMTF_WMI_ERROR if resource.dmtf else f"{ns.WMI_ROOT}{resource.namespace}/MSFT_WmiError"
        code = shape.wmi_status if error.code is None else error.code
        mi_error = WmiError(uri, shape.cim_status, code, shape.category, error.text)
        return WsmanFault(code, shape.subcode, error.text, sender=shape.sender, wmi_error=mi_error)
    if error.kind == "access_denied":
        denied = access_denied()
        denied.provider = ProviderFault(5, "Access is denied. ", operation, parameter)
        return denied
    if error.kind in ("invalid_class", "invalid_query") and operation == "ExecQuery":
        shape = _CANNOT_PROCESS_FILTER
    code = _SINGLETON_WITHOUT_KEYS if error.kind == "insufficient_selectors" and not resource.selectors else shape.code
    return WsmanFault(
        code,
        shape.subcode,
        error.text,
        sender=shape.sender,
        detail=shape.detail,
        provider=ProviderFault(code, error.text, operation, parameter),
    )
