# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""SOAP envelopes of WS-Management: requests as bytes, answers as checked elements.

The header set is what pywinrm, pypsrp and the MI client of Windows send; see [MS-WSMV] 3.1.4.1 and DSP0226.
"""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Mapping, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import faults
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import (
    NOT_WINDOWS,
    Element,
    escape,
    parse,
)

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT_WSMAN = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_NAMESPACE = re.compile("[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")

Argument = str | int | bool | Sequence[str]
"""Value of a method's parameter; a sequence is an array."""

Option = tuple[str, str, str]
"""Name, XML Schema type such as ``xs:boolean`` (empty for none), value. Only names in ``wmi:`` reach WMI."""


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is asked, before it gets a message id."""

    action: str
    resource_uri: str
    body: str = ""
    """XML. Everything else is plain text."""
    selectors: Mapping[str, str] = dataclasses.field(default_factory=dict)
    options: Sequence[Option] = ()
    subject: str = "request"
    """Words for errors, such as ``Enumerate MSFT_NetAdapter on 192.0.2.10``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A request ready to be sent once."""

    message_id: str
    content: bytes


def resource(namespace: str, class_name: str) -> str:
    """Resource URI of a WMI class in the classic form ([MS-WSMV] 3.1.4.1.1).

    Args:
        namespace: Such as ``root/standardcimv2``.
        class_name: Name of the class, or ``*``, the target of queries.

    Raises:
        NicError: ``invalid_name``.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise _invalid_name("namespace", namespace)
    return f"{WMI}/{namespace}/{class_name if class_name == '*' else checked_name('class', class_name)}"


def checked_name(kind: str, name: str) -> str:
    """Return *name* where it can name a class, method, parameter or property.

    Raises:
        NicError: ``invalid_name``.
    """
    if not _NAME.fullmatch(name):
        raise _invalid_name(kind, name)
    return name


def method_input(uri: str, method: str, arguments: Mapping[str, Argument], subject: str) -> str:
    """Body of an invocation: ``<Method>_INPUT`` with one element for each value.

    Raises:
        NicError: ``invalid_name`` or ``invalid_character``.
    """
    element = f"p:{checked_name('method', method)}_INPUT"
    parts: list[str] = []
    for name, value in arguments.items():
        checked_name("parameter", name)
        values = [value] if isinstance(value, str | int) else value
        parts.extend(f"<p:{name}>{escape(_lexical(each), subject)}</p:{name}>" for each in values)
    return f'<{element} xmlns:p="{escape(uri, subject)}">{"".join(parts)}</{element}>'


def build(request: Request, endpoint: str, *, operation_timeout_seconds: int, max_envelope_bytes: int) -> Message:
    """Write *request* as an envelope with a new message id.

    Raises:
        NicError: ``invalid_character``, where a selector or option has a character that XML can't carry.
    """
    subject = request.subject
    message_id = f"uuid:{str(uuid.uuid4()).upper()}"
    selectors = "".join(
        f'<w:Selector Name="{escape(name, subject)}">{escape(value, subject)}</w:Selector>'
        for name, value in request.selectors.items()
    )
    options = "".join(_option(option, subject) for option in request.options)
    content = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}"'
        f' xmlns:m="{MICROSOFT_WSMAN}" xmlns:rsp="{SHELL}"><s:Header>'
        f"<a:To>{escape(endpoint, subject)}</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{escape(request.resource_uri, subject)}</w:ResourceURI>'
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>'
        f'<a:Action s:mustUnderstand="true">{escape(request.action, subject)}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{max_envelope_bytes}</w:MaxEnvelopeSize>'
        f"<a:MessageID>{message_id}</a:MessageID>"
        # A host may lack the language. It must stay advice: ERROR_WSMAN_MUSTUNDERSTAND_ON_LOCALE_UNSUPPORTED.
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><m:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
        f"<w:OperationTimeout>PT{operation_timeout_seconds}S</w:OperationTimeout>"
        + (f'<w:OptionSet xmlns:xs="http://www.w3.org/2001/XMLSchema">{options}</w:OptionSet>' if options else "")
        + (f"<w:SelectorSet>{selectors}</w:SelectorSet>" if selectors else "")
        + f"</s:Header><s:Body>{request.body}</s:Body></s:Envelope>"
    )
    return Message(message_id, content.encode())


def read_answer(content: bytes, request: Request, message_id: str) -> Element:
    """Read an answer and return its ``s:Body``.

    Args:
        content: The answer as it came.
        request: What was asked.
        message_id: Id of the message that the answer must relate to.

    Raises:
        WsmanFault: The answer is a fault.
        WsmanProtocolError: It is not XML, no envelope, relates to another message or answers another action.
    """
    root = parse(content, request.subject)
    body = root.child("Body")
    if root.name != "Envelope" or body is None:
        raise _stray("answer_not_soap", request, f"an XML document <{root.name}>", "a SOAP envelope with a body")
    relates_to = root.value("Header", "RelatesTo")
    fault = body.child("Fault")
    # Windows leaves RelatesTo out of faults that come before a message is looked at, such as an exceeded shell quota.
    if (relates_to is not None or fault is None) and (relates_to or "").casefold() != message_id.casefold():
        raise _stray("wrong_relates_to", request, f"an answer to message {relates_to}", f"one to {message_id}")
    if fault is not None:
        raise faults.read_fault(fault, request.subject)
    action = root.value("Header", "Action") or ""
    # Some versions of Windows give the namespace inside a class's action back in lower case.
    if action.casefold() != f"{request.action}Response".casefold():
        raise _stray("wrong_action", request, f"an answer of action {action}", f"{request.action}Response")
    return body


def _option(option: Option, subject: str) -> str:
    name, kind, value = (escape(each, subject) for each in option)
    return f'<w:Option Name="{name}"' + (f' Type="{kind}"' if kind else "") + f">{value}</w:Option>"


def _lexical(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _invalid_name(kind: str, name: str) -> NicError:
    return NicError(
        "invalid_name",
        f"{kind} name {name!r}",
        "characters that a CIM name can't have",
        "letters, digits and underscores",
        "Correct the name.",
    )


def _stray(code: str, request: Request, seen: str, expected: str) -> WsmanProtocolError:
    return WsmanProtocolError(code, request.subject, seen, expected, NOT_WINDOWS)
