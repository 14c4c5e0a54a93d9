# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces, actions and resource URIs of WS-Management, as [MS-WSMV] 2.2.1 and DSP0226 give them."""

from __future__ import annotations

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
EVENTING: Final = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MS_WSMAN: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
CIM_BINDING: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
CIM: Final = "http://schemas.dmtf.org/wbem/wscim/1/common"
WSMAN_FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CONFIG: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XML: Final = "http://www.w3.org/XML/1998/namespace"

ANONYMOUS: Final = f"{ADDRESSING}/role/anonymous"

WMI_ROOT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
"""Classic WMI resource URIs: this, the CIM namespace with slashes, then the class."""
DMTF_ROOT: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
"""DMTF resource URIs: this and the class; the CIM namespace travels in the selector ``__cimnamespace``."""
DMTF_WMI_ERROR: Final = f"{DMTF_ROOT}MSFT_WmiError"
CMD_SHELL: Final = f"{SHELL}/cmd"

GET: Final = f"{TRANSFER}/Get"
PUT: Final = f"{TRANSFER}/Put"
CREATE: Final = f"{TRANSFER}/Create"
DELETE: Final = f"{TRANSFER}/Delete"
ENUMERATE: Final = f"{ENUMERATION}/Enumerate"
PULL: Final = f"{ENUMERATION}/Pull"
RELEASE: Final = f"{ENUMERATION}/Release"
COMMAND: Final = f"{SHELL}/Command"
SEND: Final = f"{SHELL}/Send"
RECEIVE: Final = f"{SHELL}/Receive"
SIGNAL: Final = f"{SHELL}/Signal"

WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
FAULT_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"


def tag(namespace: str, name: str) -> str:
    """The name of an element as ElementTree spells it."""
    return f"{{{namespace}}}{name}"
