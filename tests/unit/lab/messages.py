# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management requests for tests of the lab, put together by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

PREFIXES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "m": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "cim": "http://schemas.dmtf.org/wbem/wscim/1/common",
    "cfg": "http://schemas.microsoft.com/wbem/wsman/1/config",
}
WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/"
ADAPTER: Final = f"{WMI}MSFT_NetAdapter"
DMTF_ADAPTER: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_NetAdapter"
CMD: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
ENUMERATION: Final = PREFIXES["n"]
TRANSFER: Final = PREFIXES["x"]
SHELL: Final = PREFIXES["rsp"]
WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

HEADERS: Final = {
    "to": "<a:To>http://windows-host:5985/wsman</a:To>",
    "reply_to": "<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>",
    "size": '<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>',
    "locale": '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>',
    "timeout": "<w:OperationTimeout>PT60S</w:OperationTimeout>",
    "id": "<a:MessageID>uuid:11111111-2222-3333-4444-555555555555</a:MessageID>",
}
MESSAGE_ID: Final = "uuid:11111111-2222-3333-4444-555555555555"


def message(
    action: str,
    uri: str,
    body: str = "",
    *,
    selectors: Mapping[str, str] | None = None,
    options: str = "",
    **headers: str,
) -> bytes:
    """A request; a keyword named like an entry of HEADERS replaces that header, ``extra`` adds to them."""
    parts = HEADERS | headers
    selector_set = ""
    if selectors is not None:
        inner = "".join(f"<w:Selector Name={quoteattr(k)}>{escape(v)}</w:Selector>" for k, v in selectors.items())
        selector_set = f"<w:SelectorSet>{inner}</w:SelectorSet>"
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
    return (
        f"<s:Envelope{declared}><s:Header>"
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        f'<w:ResourceURI s:mustUnderstand="true">{escape(uri)}</w:ResourceURI>'
        f"{''.join(parts.values())}{selector_set}"
        f"{f'<w:OptionSet>{options}</w:OptionSet>' if options else ''}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def enumerate_body(*, wql: str = "", mode: str = "", optimize: bool = True, maximum: int = 32000) -> str:
    """An n:Enumerate element."""
    return (
        "<n:Enumerate>"
        + ("<w:OptimizeEnumeration/>" if optimize else "")
        + f"<w:MaxElements>{maximum}</w:MaxElements>"
        + (f"<w:EnumerationMode>{mode}</w:EnumerationMode>" if mode else "")
        + (f'<w:Filter Dialect="{WQL}">{escape(wql)}</w:Filter>' if wql else "")
        + "</n:Enumerate>"
    )


def pull_body(context: str, maximum: int | None = 32000) -> str:
    """An n:Pull element."""
    elements = "" if maximum is None else f"<n:MaxElements>{maximum}</n:MaxElements>"
    return f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{elements}</n:Pull>"


def find(answer: bytes | ET.Element, path: str) -> ET.Element:
    """The element at a path of prefixed names; fails the test when there is none."""
    root = ET.fromstring(answer) if isinstance(answer, bytes) else answer
    found = root.find(path, PREFIXES)
    assert found is not None, f"no {path} in {ET.tostring(root).decode()}"
    return found


def text(answer: bytes | ET.Element, path: str) -> str:
    """The text of the element at a path."""
    return find(answer, path).text or ""


def names(element: ET.Element) -> list[str]:
    """Names of an element's children, with the prefixes of PREFIXES."""
    known = {uri: prefix for prefix, uri in PREFIXES.items()}
    result = []
    for child in element:
        uri, _unused, name = child.tag[1:].rpartition("}") if child.tag.startswith("{") else ("", "", child.tag)
        result.append(f"{known[uri]}:{name}" if uri in known else f"{uri.rpartition('/')[2]}#{name}" if uri else name)
    return result
