# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    HostUnreachable,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import (
    WsmanFault,
    read_fault,
    status_error,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.markup import parse
from tests.unit.plugins.plugin_utils._wsman.answers import fixture


@dataclasses.dataclass(frozen=True)
class Case:
    """What must be read from the fault in the fixture of this name."""

    name: str
    code: str
    fault_code: int | None = None
    subcode: str | None = None
    cim_status: int | None = None
    hresult: int | None = None
    provider_detail: str | None = None
    seen: str | None = None

    def __str__(self) -> str:
        return self.name


CASES = [
    Case(
        "wsman-access_denied",
        "access_denied",
        fault_code=5,
        subcode="AccessDenied",
        provider_detail="Access is denied.",
        seen="WSMan fault 5 (0x00000005): Access is denied.",
    ),
    Case("wsman-timed_out", "operation_timed_out", fault_code=0x80338029, subcode="TimedOut"),
    Case(
        "wsman-not_found",
        "instance_not_found",
        fault_code=0x80338000,
        subcode="InternalError",
        provider_detail="Not found Die Instanz fehlt.",
        seen="WSMan fault 2150858752 (0x80338000): The WS-Management service cannot process the request. The service"
        " cannot find the resource identified by the resource URI and selectors.: Not found Die Instanz fehlt.",
    ),
    Case(
        "wsman-invalid_class",
        "class_not_available",
        fault_code=0x8033801A,
        subcode="CannotProcessFilter",
        provider_detail="The specified class does not exist in the given namespace.",
    ),
    Case("wsman-invalid_resource_uri", "class_not_available", fault_code=0x8033803B, subcode="DestinationUnreachable"),
    Case("wsman-invalid_selectors", "invalid_selectors", fault_code=0x8033805B, subcode="InvalidSelectors"),
    Case("wsman-envelope_too_large", "envelope_too_large", fault_code=0x80338026, subcode="EncodingLimit"),
    Case(
        "wsman-provider_status",
        "access_denied",
        fault_code=2150858995,
        subcode="InternalError",
        hresult=0x80041003,
        provider_detail="Zugriff verweigert Zugriff verweigert",
        seen="WSMan fault 2150858995 (0x803380F3), HRESULT 0x80041003: The WS-Management service cannot process the"
        " request.: Zugriff verweigert Zugriff verweigert",
    ),
    Case(
        "wsman-provider_inner_code",
        "class_not_available",
        fault_code=2150959002,
        subcode="InternalError",
        hresult=0x80041010,
    ),
    Case(
        "shell-file_not_found",
        "request_refused",
        fault_code=0x80070002,
        subcode="InternalError",
        provider_detail="Die angegebene Datei fehlt.",
        seen="WSMan fault 2147942402 (0x80070002): Nicht gefunden.: Die angegebene Datei fehlt.",
    ),
    Case("wsman-signed_code", "access_denied", fault_code=0x80041003, subcode="InternalError"),
    Case(
        "wsman-unknown",
        "request_refused",
        fault_code=2150858817,
        subcode="SchemaValidationError",
        seen="WSMan fault 2150858817 (0x80338041): Etwas stimmt nicht.",
    ),
    Case(
        "wsman-no_detail",
        "request_refused",
        subcode="ActionNotSupported",
        seen="SOAP fault ActionNotSupported: No such action",
    ),
    Case("wsman-bare", "request_refused", seen="SOAP fault without a code"),
    Case(
        "wmi-quota",
        "quota_exceeded",
        fault_code=0x803381A5,
        subcode="QuotaLimit",
        cim_status=27,
        provider_detail="This user is allowed a maximum number of 30 concurrent shells, which has been exceeded.",
    ),
    Case(
        "wmi-access_denied",
        "access_denied",
        subcode="InternalError",
        cim_status=2,
        hresult=0x80041003,
        provider_detail="Access denied",
        seen="HRESULT 0x80041003, CIM status 2: Access denied",
    ),
    Case("wmi-windows_error", "instance_not_found", subcode="InternalError", cim_status=1, hresult=0x80070490),
    Case(
        "wmi-mi_result",
        "instance_not_found",
        subcode="InternalError",
        cim_status=6,
        provider_detail="No MSFT_NetAdapter objects found",
    ),
    Case("wmi-error_code_only", "class_not_available", subcode="InternalError", cim_status=1, hresult=0x80041010),
    Case("wmi-small_error_code", "request_refused", subcode="InternalError", cim_status=1),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_shapes_are_read(case: Case) -> None:
    root = parse(fixture(f"fault-{case.name}").encode(), "x")
    element = root.child("Body", "Fault")
    assert element is not None
    fault = read_fault(element, "Enumerate Test_Widget on box.example")
    assert fault.subject == "Enumerate Test_Widget on box.example"
    assert fault.code == case.code
    assert fault.fault_code == case.fault_code
    assert fault.subcode == case.subcode
    assert fault.cim_status == case.cim_status
    assert fault.hresult == case.hresult
    if case.provider_detail is not None:
        assert fault.provider_detail == case.provider_detail
    if case.seen is not None:
        assert fault.seen == case.seen


def test_a_fault_without_a_provider_has_no_words_of_one() -> None:
    fault = read_fault(parse(b"<Fault/>", "x"), "x")
    assert (fault.provider_detail, fault.reason, fault.subcode) == (None, "", None)


def judged(fault: WsmanFault) -> set[str]:
    words = ("access_denied", "not_found", "invalid_class", "quota", "timed_out")
    return {word for word in words if getattr(fault, word)}


@pytest.mark.parametrize(
    ("codes", "word", "code"),
    [
        ({"fault_code": 5}, "access_denied", "access_denied"),
        ({"hresult": 0x80041003}, "access_denied", "access_denied"),
        ({"hresult": 0x80070005}, "access_denied", "access_denied"),
        ({"cim_status": 2}, "access_denied", "access_denied"),
        ({"subcode": "AccessDenied"}, "access_denied", "access_denied"),
        ({"fault_code": 0x80338000}, "not_found", "instance_not_found"),
        ({"hresult": 0x80041002}, "not_found", "instance_not_found"),
        ({"hresult": 0x80070490}, "not_found", "instance_not_found"),
        ({"cim_status": 6}, "not_found", "instance_not_found"),
        ({"fault_code": 0x8033801A}, "invalid_class", "class_not_available"),
        ({"fault_code": 0x8033803B}, "invalid_class", "class_not_available"),
        ({"hresult": 0x8004100E}, "invalid_class", "class_not_available"),
        ({"hresult": 0x80041010}, "invalid_class", "class_not_available"),
        ({"cim_status": 3}, "invalid_class", "class_not_available"),
        ({"cim_status": 5}, "invalid_class", "class_not_available"),
        *(
            ({"fault_code": code}, "quota", "quota_exceeded")
            for code in (0x8033803F, *range(0x803381A5, 0x803381A9), *range(0x803381E4, 0x803381EB))
        ),
        ({"hresult": 0x803381A6}, "quota", "quota_exceeded"),
        ({"subcode": "QuotaLimit"}, "quota", "quota_exceeded"),
        ({"cim_status": 27}, "quota", "quota_exceeded"),
        ({"fault_code": 0x80338029}, "timed_out", "operation_timed_out"),
        ({"hresult": 0x80338029}, "timed_out", "operation_timed_out"),
        ({"subcode": "TimedOut"}, "timed_out", "operation_timed_out"),
    ],
)
def test_each_code_means_one_thing(codes: dict[str, Any], word: str, code: str) -> None:
    fault = WsmanFault("x", "", **codes)
    assert judged(fault) == {word}
    assert fault.code == code


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        *(({"fault_code": code}, "invalid_selectors") for code in (0x8033803D, 0x8033805A, 0x8033805B, 0x80338118)),
        ({"hresult": 0x8033805A}, "invalid_selectors"),
        ({"fault_code": 0x80338026}, "envelope_too_large"),
        ({"hresult": 0x80338026}, "envelope_too_large"),
        ({}, "request_refused"),
        ({"fault_code": 0x803381A4}, "request_refused"),
        ({"fault_code": 0x803381A9}, "request_refused"),
        ({"fault_code": 0x803381E3}, "request_refused"),
        ({"fault_code": 0x803381EB}, "request_refused"),
        ({"cim_status": 1}, "request_refused"),
    ],
)
def test_other_codes_have_no_word(codes: dict[str, Any], code: str) -> None:
    fault = WsmanFault("x", "", **codes)
    assert judged(fault) == set()
    assert fault.code == code


def test_text_never_decides() -> None:
    fault = WsmanFault("x", "Access is denied. quota exceeded, timed out, not found", fault_code=1)
    assert judged(fault) == set()


def test_equal_words_are_said_once() -> None:
    assert WsmanFault("x", "Nein.", provider_detail="Nein.", fault_code=1).seen == "WSMan fault 1 (0x00000001): Nein."
    assert (
        WsmanFault("x", "Nein.", provider_detail="Weil.", fault_code=1).seen
        == "WSMan fault 1 (0x00000001): Nein.: Weil."
    )
    assert WsmanFault("x", "", fault_code=1, hresult=1).seen == "WSMan fault 1 (0x00000001)"


@pytest.mark.parametrize(
    ("message_id", "hresult", "cim_status"),
    [
        ("HRESULT 0x80041002", 0x80041002, None),
        ("hresult  0x5", 5, None),
        ("Windows System Error 5", 0x80070005, None),
        ("Windows System Error 65535", 0x8007FFFF, None),
        ("MI RESULT 5", None, 5),
        ("HRESULT 0x800410021", None, None),
        ("Windows System Error 5x", None, None),
        ("NetAdapter 7", None, None),
        ("", None, None),
    ],
)
def test_message_ids(message_id: str, hresult: int | None, cim_status: int | None) -> None:
    document = f"<Fault><Detail><MSFT_WmiError><MessageID>{message_id}</MessageID></MSFT_WmiError></Detail></Fault>"
    fault = read_fault(parse(document.encode(), "x"), "x")
    assert (fault.hresult, fault.cim_status) == (hresult, cim_status)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        (" 5 ", 5),
        ("-2147217405", 0x80041003),
        ("2147749891", 0x80041003),
        ("", None),
        ("0x5", None),
        ("1e3", None),
    ],
)
def test_codes_are_unsigned_numbers(text: str, expected: int | None) -> None:
    fault = read_fault(parse(f'<Fault><WSManFault Code="{text}"/></Fault>'.encode(), "x"), "x")
    assert fault.fault_code == expected


def test_the_inner_code_counts_where_it_differs() -> None:
    document = (
        '<Fault><WSManFault Code="1"><Message><ProviderFault><WSManFault Code="2"/><ExtendedError><__ExtendedStatus>'
        "<StatusCode>3</StatusCode></__ExtendedStatus></ExtendedError></ProviderFault></Message></WSManFault></Fault>"
    )
    assert read_fault(parse(document.encode(), "x"), "x").hresult == 2
    same = document.replace('"2"', '"1"')
    assert read_fault(parse(same.encode(), "x"), "x").hresult == 3


@pytest.mark.parametrize(
    ("status", "empty", "kind", "code"),
    [
        (401, True, HostUnreachable, "credentials_rejected"),
        (401, False, HostUnreachable, "credentials_rejected"),
        (404, True, HostUnreachable, "no_wsman_service"),
        (404, False, HostUnreachable, "no_wsman_service"),
        (500, True, HostUnreachable, "encryption_required"),
        (500, False, WsmanProtocolError, "unexpected_http_status"),
        (503, True, HostUnreachable, "service_unavailable"),
        (503, False, HostUnreachable, "service_unavailable"),
        (400, True, WsmanProtocolError, "unexpected_http_status"),
        (302, True, WsmanProtocolError, "unexpected_http_status"),
    ],
)
def test_bare_statuses(status: int, empty: bool, kind: type, code: str) -> None:
    error = status_error(status, empty, "http://box.example:5985/wsman", "Get Test_Widget on box.example")
    assert error.__class__ is kind
    assert error.code == code
    assert f"HTTP {status}" in error.seen
    assert "http://box.example:5985/wsman" in error.subject + error.seen
    assert len(error.next_step) > 20


@pytest.mark.parametrize(
    ("empty", "seen"), [(True, "HTTP 400 from urn:e without a body"), (False, "HTTP 400 from urn:e")]
)
def test_an_unexpected_status_says_whether_there_was_a_body(empty: bool, seen: str) -> None:
    error = status_error(400, empty, "urn:e", "Get Test_Widget")
    assert (error.subject, error.seen) == ("Get Test_Widget", seen)
