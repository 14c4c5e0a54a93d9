# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the WinRM service in the two shapes that Windows uses.

Shape one carries ``f:WSManFault``, for errors of a WMI provider with ``f:ProviderFault`` and ``__ExtendedStatus`` in
it. Shape two carries ``MSFT_WmiError``: quotas put it into the DMTF namespace, MI providers reached by a classic URI
into the namespace of the class. Codes and subcodes are those of the Windows SDK header wsmerror.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.lab import namespaces as ns
from tests.lab.xmltext import escape

_FAULT_ACTIONS: Final = {
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    "a": f"{ns.ADDRESSING}/fault",
    "n": f"{ns.ENUMERATION}/fault",
    "x": f"{ns.TRANSFER}/fault",
}

# Windows answers in its own language. These are here so that nobody can branch on text instead of codes.
_LOCALISED: Final[dict[str, dict[int, str]]] = {
    "de": {5: "Zugriff verweigert. ", 2150858793: "Die Zeit reichte f\u00fcr den Vorgang nicht aus. "},
    "zh": {5: "\u62d2\u7edd\u8bbf\u95ee\u3002 ", 2150858793: "\u64cd\u4f5c\u8d85\u65f6\u3002 "},
}


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """What a WMI provider said: the inner half of shape one."""

    code: int
    message: str
    operation: str | None = None
    """ExecQuery, GetObject, ExecMethod ...; null leaves ``__ExtendedStatus`` out."""
    parameter: str | None = None
    provider: str = "WinMgmt"


@dataclass(frozen=True, slots=True)
class WmiError:
    """Shape two. ``namespace_uri`` is the XML namespace of MSFT_WmiError."""

    namespace_uri: str
    cim_status: int
    code: int
    """An HRESULT, as MessageID and error_Code carry it."""
    category: int
    message: str


class WsmanFault(Exception):
    """A request that ends in a SOAP fault.

    ``code`` is the decimal in WSManFault/@Code, ``subcode`` a name with one of the prefixes w, a, n, x; ``shell`` says
    that the shell raised it, and not the service.
    """

    def __init__(
        self,
        code: int,
        subcode: str,
        message: str,
        *,
        sender: bool = True,
        detail: str | None = None,
        provider: ProviderFault | None = None,
        shell: bool = False,
        wmi_error: WmiError | None = None,
        relates: bool = True,
        must_understand: bool = False,
    ) -> None:
        super().__init__(f"{code} {subcode}: {message}")
        self.code = code
        self.subcode = subcode
        self.message = message
        self.sender = sender
        self.detail = detail
        self.provider = provider
        self.shell = shell
        self.wmi_error = wmi_error
        self.relates = relates
        self.must_understand = must_understand

    @property
    def action(self) -> str:
        """The a:Action of the answer."""
        return _FAULT_ACTIONS[self.subcode.partition(":")[0]]

    def body(self, computer: str, language: str = "en-US") -> str:
        """The s:Fault element.

        Args:
            computer: the name in WSManFault/@Machine.
            language: of the host, for the few sentences that the lab has in other languages.
        """
        message = _LOCALISED.get(language.partition("-")[0], {}).get(self.code, self.message)
        value = "s:MustUnderstand" if self.must_understand else "s:Sender" if self.sender else "s:Receiver"
        subcode = "" if self.must_understand else f"<s:Subcode><s:Value>{self.subcode}</s:Value></s:Subcode>"
        return (
            f"<s:Fault><s:Code><s:Value>{value}</s:Value>{subcode}</s:Code>"
            f'<s:Reason><s:Text xml:lang="{escape(language)}">{escape(message)}</s:Text></s:Reason>'
            f"<s:Detail>{self._detail(computer, language, message)}</s:Detail></s:Fault>"
        )

    def _detail(self, computer: str, language: str, message: str) -> str:
        if self.wmi_error is not None:
            return _wmi_error(self.wmi_error)
        detail = f"<w:FaultDetail>{ns.FAULT_DETAIL}{self.detail}</w:FaultDetail>" if self.detail else ""
        inner = escape(message) if self.provider is None else _provider_fault(self.provider, computer, language)
        if self.shell:
            path = r"%systemroot%\system32\winrscmd.dll"
            inner = f'<f:ProviderFault provider="Shell cmd plugin" path="{path}">{inner}</f:ProviderFault>'
        return (
            f'{detail}<f:WSManFault xmlns:f="{ns.WSMAN_FAULT}" Code="{self.code}" Machine="{escape(computer)}">'
            f"<f:Message>{inner}</f:Message></f:WSManFault>"
        )


def _provider_fault(fault: ProviderFault, computer: str, language: str) -> str:
    message = _LOCALISED.get(language.partition("-")[0], {}).get(fault.code, fault.message)
    extended = ""
    if fault.operation is not None:
        extended = (
            f'<f:ExtendedError><p:__ExtendedStatus xmlns:xsi="{ns.XSI}" '
            f'xmlns:p="{ns.WMI_ROOT}root/cimv2/__ExtendedStatus" xmlns:cim="{ns.CIM}" '
            'xsi:type="p:__ExtendedStatus_Type">'
            f'<p:Description xsi:nil="true"/><p:Operation>{escape(fault.operation)}</p:Operation>'
            f"<p:ParameterInfo>{escape(fault.parameter or '')}</p:ParameterInfo>"
            f'<p:ProviderName>{escape(fault.provider)}</p:ProviderName><p:StatusCode xsi:nil="true"/>'
            "</p:__ExtendedStatus></f:ExtendedError>"
        )
    return (
        r'<f:ProviderFault provider="WMI Provider" path="%systemroot%\system32\WsmWmiPl.dll">'
        f'<f:WSManFault xmlns:f="{ns.WSMAN_FAULT}" Code="{fault.code}" Machine="{escape(computer)}">'
        f"<f:Message>{escape(message)}</f:Message></f:WSManFault>{extended}</f:ProviderFault>"
    )


def _wmi_error(error: WmiError) -> str:
    def field(name: str, kind: str, value: object | None) -> str:
        if value is None:
            return f'<p:{name} xsi:nil="true" xsi:type="cim:cim{kind}"/>'
        return f'<p:{name} xsi:type="cim:cim{kind}">{escape(str(value))}</p:{name}>'

    fields = (
        ("CIMStatusCode", "UnsignedInt", error.cim_status),
        ("CIMStatusCodeDescription", "String", None),
        ("ErrorSource", "String", None),
        ("ErrorSourceFormat", "UnsignedShort", 0),
        ("ErrorType", "UnsignedShort", 0),
        ("Message", "String", error.message),
        ("MessageID", "String", f"HRESULT 0x{error.code:08x}"),
        ("OtherErrorSourceFormat", "String", None),
        ("OtherErrorType", "String", None),
        ("OwningEntity", "String", None),
        ("PerceivedSeverity", "UnsignedShort", 0),
        ("ProbableCause", "UnsignedShort", 0),
        ("ProbableCauseDescription", "String", None),
        ("error_Category", "UnsignedInt", error.category),
        ("error_Code", "UnsignedInt", error.code),
        ("error_Type", "String", "HRESULT"),
        ("error_WindowsErrorMessage", "String", error.message),
    )
    return (
        f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="{ns.CIM_BINDING}" xmlns:cim="{ns.CIM}" '
        f'xmlns:p="{escape(error.namespace_uri)}" xmlns:xsi="{ns.XSI}" xsi:type="p:MSFT_WmiError_Type">'
        + "".join(field(*each) for each in fields)
        + "</p:MSFT_WmiError>"
    )


def access_denied() -> WsmanFault:
    """The account may not do this: code 5, a plain Win32 error and no HRESULT."""
    return WsmanFault(5, "w:AccessDenied", "Access is denied. ")


def timed_out() -> WsmanFault:
    """The operation did not finish within OperationTimeout (0x80338029)."""
    return WsmanFault(
        2150858793,
        "w:TimedOut",
        "The operation did not complete within the time given by OperationTimeout. ",
        sender=False,
    )


def quota_exceeded(code: int, message: str) -> WsmanFault:
    """A quota of the user or the service (0x803381A5 shells, 0x803381A6 operations).

    The recorded one carries no RelatesTo: the request was turned away before its header was read.
    """
    error = WmiError(ns.DMTF_WMI_ERROR, cim_status=27, code=code, category=30, message=message)
    return WsmanFault(code, "w:QuotaLimit", message, wmi_error=error, relates=False)


def bad_resource_uri(message: str) -> WsmanFault:
    """The resource URI is missing or names nothing that this service has (0x80338002)."""
    return WsmanFault(2150858754, "a:DestinationUnreachable", message, detail="InvalidResourceURI")


def missing_header(name: str) -> WsmanFault:
    """A header that every request must carry is missing (0x80338011)."""
    return WsmanFault(2150858769, "a:MessageInformationHeaderRequired", f"The request has no {name} header. ")


def invalid_header(message: str) -> WsmanFault:
    """A header is there and makes no sense (0x8033800F)."""
    return WsmanFault(2150858767, "a:InvalidMessageInformationHeader", message)


def invalid_body(message: str) -> WsmanFault:
    """The body does not fit the action (0x80338027)."""
    return WsmanFault(2150858791, "w:InvalidBody", message)


def invalid_xml(message: str) -> WsmanFault:
    """The message is not well-formed, or has a document type declaration (0x80338041)."""
    return WsmanFault(2150858817, "w:SchemaValidationError", message)


def unsupported(code: int, feature: str, message: str) -> WsmanFault:
    """A feature of DSP0226 that the service does not have."""
    return WsmanFault(code, "w:UnsupportedFeature", message, detail=feature)


def action_not_supported(action: str) -> WsmanFault:
    """The action is none of those that the resource knows (0x80338013)."""
    return WsmanFault(2150858771, "a:ActionNotSupported", f"The resource does not support the action {action}. ")


def shell_not_found(shell_id: str) -> WsmanFault:
    """No shell of that id, or not any more (0x8033805B)."""
    return WsmanFault(
        2150858843,
        "w:InvalidSelectors",
        f"There is no shell with the ShellId {shell_id}. ",
        detail="UnexpectedSelectors",
    )


def program_not_found() -> WsmanFault:
    """The shell could not start a program (0x80070002), as recorded of Server 2012 in the tests of pypsrp."""
    return WsmanFault(
        2147942402,
        "w:InternalError",
        "The system cannot find the file specified. ",
        sender=False,
        shell=True,
    )


def envelope_too_small() -> WsmanFault:
    """The answer can't be made to fit the MaxEnvelopeSize of the request (0x80338048)."""
    return WsmanFault(
        2150858824,
        "w:EncodingLimit",
        "The answer exceeds the MaxEnvelopeSize of the request. ",
        detail="MaxEnvelopeSize",
    )
