# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Faults of a WS-Management service, and what its bare HTTP statuses mean.

Windows answers in two shapes. The WS-Management layer and classic WMI providers send a ``WSManFault`` with a decimal
code and, inside, what the provider said. MI providers (all the network adapter classes) and the quota checks send an
``MSFT_WmiError`` instead, in the DMTF namespace or in that of the class. Codes: wsmerror.h, winerror.h and wbemcli.h of
the Windows SDK.
"""

from __future__ import annotations

import re

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import NOT_WINDOWS, Element

ACCESS_DENIED = 5
INSTANCE_NOT_FOUND = 0x80338000
BAD_FILTER = 0x8033801A
ENVELOPE_TOO_LARGE = 0x80338026
TIMED_OUT = 0x80338029
INVALID_RESOURCE_URI = 0x8033803B

_SELECTOR_FAULTS = frozenset({0x8033803D, 0x8033805A, 0x8033805B, 0x80338118})
_QUOTA_FAULTS = frozenset({0x8033803F, 0x803381A5, 0x803381A6, 0x803381A7, 0x803381A8, *range(0x803381E4, 0x803381EB)})
_DENIED = frozenset({ACCESS_DENIED, 0x80041003, 0x80070005})
_MISSING = frozenset({INSTANCE_NOT_FOUND, 0x80041002, 0x80070490})
_NO_CLASS = frozenset({INVALID_RESOURCE_URI, BAD_FILTER, 0x8004100E, 0x80041010})

_MESSAGE_ID = re.compile(
    r"\s*(?:HRESULT\s+0x([0-9a-f]{1,8})|Windows System Error\s+([0-9]{1,5})|MI RESULT\s+([0-9]{1,3}))\s*",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"\s*(-?)([0-9]{1,10})\s*")


class WsmanFault(NicError):
    """The host understood the request and says why it did not carry it out."""

    fault_code: int | None
    """Code of the WS-Management layer or Windows error, such as 5 or 0x80338029."""
    subcode: str | None
    """Local name of the SOAP subcode, such as ``AccessDenied``."""
    reason: str
    """The service's own words, in the host's language. For reading only."""
    provider_detail: str | None
    """The WMI provider's own words, in the host's language. For reading only."""
    cim_status: int | None
    """CIM status (DSP0223): 1 failed, 2 access denied, 3 invalid namespace, 5 invalid class, 6 not found, ..."""
    hresult: int | None
    """Error code of WMI or of the provider, such as 0x80041003."""

    def __init__(
        self,
        subject: str,
        reason: str,
        *,
        fault_code: int | None = None,
        subcode: str | None = None,
        provider_detail: str | None = None,
        cim_status: int | None = None,
        hresult: int | None = None,
    ) -> None:
        self.fault_code = fault_code
        self.subcode = subcode
        self.reason = reason
        self.provider_detail = provider_detail
        self.cim_status = cim_status
        self.hresult = hresult
        code, expected, next_step = self._judge()
        super().__init__(code, subject, self._words(), expected, next_step)

    @property
    def access_denied(self) -> bool:
        """The account is known to the host and lacks a right."""
        return self._has(_DENIED) or self.cim_status == 2 or self.subcode == "AccessDenied"

    @property
    def not_found(self) -> bool:
        """The instance that was addressed does not exist."""
        return self._has(_MISSING) or self.cim_status == 6

    @property
    def invalid_class(self) -> bool:
        """The class or its namespace does not exist on this host.

        A WQL query for a missing class gives the code of a bad filter, told from bad WQL only by text. Queries here
        are built from a class name and escaped values, so that the class is what can be missing.
        """
        return self._has(_NO_CLASS) or self.cim_status in (3, 5)

    @property
    def quota(self) -> bool:
        """A limit on shells, operations or requests is used up for now."""
        return self._has(_QUOTA_FAULTS) or self.subcode == "QuotaLimit" or self.cim_status == 27

    @property
    def timed_out(self) -> bool:
        """The operation was not done within its operation timeout."""
        return self._has(frozenset({TIMED_OUT})) or self.subcode == "TimedOut"

    def _has(self, codes: frozenset[int]) -> bool:
        return self.fault_code in codes or self.hresult in codes

    def _judge(self) -> tuple[str, str, str]:
        """Code, what was expected, next step: from codes alone, the first that fits."""
        if self.access_denied:
            return (
                "access_denied",
                "an account with the right to do this",
                (
                    "Use an account of the host's Administrators group, or grant it the rights that the README lists; a"
                    " local account other than the built-in Administrator also needs LocalAccountTokenFilterPolicy = 1."
                ),
            )
        if self.quota:
            return (
                "quota_exceeded",
                "a free WinRM quota slot",
                (
                    "Wait until other sessions on the host end, lower the number of forks, or raise the quota (winrm"
                    " get winrm/config)."
                ),
            )
        if self.timed_out:
            return (
                "operation_timed_out",
                "an answer within the operation timeout",
                "Raise the connection's operation and read timeouts, and look for load on the host's WMI service.",
            )
        if self._has(_SELECTOR_FAULTS):
            return (
                "invalid_selectors",
                "selectors that address one instance",
                "Read the host again: the instance may have changed in between.",
            )
        if self.not_found:
            return (
                "instance_not_found",
                "an instance with these keys",
                "Read the host again: the instance may be gone.",
            )
        if self.invalid_class:
            return (
                "class_not_available",
                "a class that Windows 8, Windows Server 2012 and later have",
                "Check the Windows version, and its WMI repository (winmgmt /verifyrepository).",
            )
        if self._has(frozenset({ENVELOPE_TOO_LARGE})):
            return (
                "envelope_too_large",
                "an answer within the host's MaxEnvelopeSizekb",
                'Raise it on the host: winrm set winrm/config @{MaxEnvelopeSizekb="500"}.',
            )
        return (
            "request_refused",
            "the request to be carried out",
            "See the host's words, and its event log Microsoft-Windows-WinRM/Operational.",
        )

    def _words(self) -> str:
        codes = []
        if self.fault_code is not None:
            codes.append(f"WSMan fault {self.fault_code} (0x{self.fault_code:08X})")
        if self.hresult is not None and self.hresult != self.fault_code:
            codes.append(f"HRESULT 0x{self.hresult:08X}")
        if self.cim_status is not None:
            codes.append(f"CIM status {self.cim_status}")
        if not codes:
            codes.append(f"SOAP fault {self.subcode or 'without a code'}")
        said = dict.fromkeys(text for text in (self.reason, self.provider_detail) if text)
        return ", ".join(codes) + "".join(f": {text}" for text in said)


def read_fault(fault: Element, subject: str) -> WsmanFault:
    """Read ``s:Fault`` in either shape."""
    fault_code = hresult = cim_status = None
    provider_detail = None
    wsman_fault = _first(fault, "WSManFault")
    if wsman_fault is not None:
        fault_code = _code(wsman_fault.attributes.get("Code"))
        provider_detail = _provider_words(wsman_fault)
        inner = _first(_first(wsman_fault, "ProviderFault"), "WSManFault")
        hresult = _code(inner.attributes.get("Code")) if inner is not None else None
        extended = _first(wsman_fault, "__ExtendedStatus")
        if extended is not None and hresult in (None, fault_code):
            hresult = _code(extended.value("StatusCode"))
    wmi_error = _first(fault, "MSFT_WmiError")
    if wmi_error is not None:
        hresult, cim_status = _wmi_error_codes(wmi_error)
        provider_detail = wmi_error.value("Message")
        # Codes of WS-Management itself (facility 0x33) come in this shape where a quota is exceeded.
        if hresult is not None and hresult >> 16 == 0x8033:
            fault_code = hresult
    return WsmanFault(
        subject,
        " ".join((fault.value("Reason", "Text") or "").split()),
        fault_code=fault_code,
        subcode=(fault.value("Code", "Subcode", "Value") or "").rpartition(":")[2] or None,
        provider_detail=provider_detail,
        cim_status=cim_status,
        hresult=hresult if hresult != fault_code else None,
    )


def status_error(status: int, empty: bool, endpoint: str, subject: str) -> NicError:
    """What an HTTP status without a SOAP message means.

    Args:
        status: The HTTP status.
        empty: Whether the answer had no body.
        endpoint: URL that was asked.
        subject: What the answer was for.
    """
    if status == 401:
        return HostUnreachable(
            "credentials_rejected",
            endpoint,
            "HTTP 401: the host refused the credentials, or the way they were offered",
            "an account that may log on over WinRM, by an authentication method that the host allows",
            "Check ansible_user and ansible_password, then the authentication setting (ansible_winrm_transport or"
            " ansible_psrp_auth) against what the host offers: winrm get winrm/config/service/auth.",
        )
    if status == 404:
        return HostUnreachable(
            "no_wsman_service",
            endpoint,
            "HTTP 404: nothing is served at this path",
            "a WS-Management service",
            "Check the port and path of the connection (normally 5985 or 5986, and /wsman), and that a WinRM listener"
            " covers this address: winrm enumerate winrm/config/listener.",
        )
    if status == 500 and empty:
        return HostUnreachable(
            "encryption_required",
            endpoint,
            "HTTP 500 without a message, which is how WinRM refuses clear text",
            "an encrypted message",
            "Use HTTPS, or over HTTP an authentication that encrypts messages (ansible_winrm_transport: ntlm, kerberos"
            " or credssp) and message encryption that is not set to never.",
        )
    if status == 503:
        return HostUnreachable(
            "service_unavailable",
            endpoint,
            "HTTP 503: the WinRM service is not ready",
            "a running WinRM service",
            "Wait for the host to finish starting, or restart its WinRM service.",
        )
    return WsmanProtocolError(
        "unexpected_http_status",
        subject,
        f"HTTP {status} from {endpoint}" + (" without a body" if empty else ""),
        "a SOAP answer with HTTP 200 or 500",
        NOT_WINDOWS,
    )


def _first(element: Element | None, name: str) -> Element | None:
    """The first element of this name anywhere below."""
    return next((each for each in element.below() if each.name == name), None) if element is not None else None


def _provider_words(wsman_fault: Element) -> str | None:
    """Messages below a ``WSManFault`` on one line. Of the extended status, only the description."""
    texts = [each.text for each in wsman_fault.below() if each.name in ("Message", "ProviderFault", "Description")]
    return " ".join(" ".join(texts).split()) or None


def _wmi_error_codes(error: Element) -> tuple[int | None, int | None]:
    """HRESULT and CIM status of an ``MSFT_WmiError``.

    ``MessageID`` is one of ``HRESULT 0x80041002``, ``Windows System Error 5`` and ``MI RESULT 6``. ``error_Code`` is an
    HRESULT only where its top bit is set; an MI provider puts a small MI result there.
    """
    status = _code(error.value("CIMStatusCode"))
    error_code = _code(error.value("error_Code"))
    found = _MESSAGE_ID.fullmatch(error.value("MessageID") or "")
    hresult, windows_error, mi_result = found.groups() if found is not None else (None, None, None)
    if mi_result is not None and status is None:
        status = int(mi_result)
    if hresult is not None:
        return int(hresult, 16), status
    if windows_error is not None:
        # HRESULT_FROM_WIN32
        return 0x80070000 | (int(windows_error) & 0xFFFF), status
    return (error_code if error_code is not None and error_code >> 31 else None), status


def _code(text: str | None) -> int | None:
    """A decimal number as the unsigned 32-bit code that it stands for, also where a provider wrote it signed."""
    found = _DECIMAL.fullmatch(text or "")
    return int("".join(found.groups())) & 0xFFFFFFFF if found is not None else None
