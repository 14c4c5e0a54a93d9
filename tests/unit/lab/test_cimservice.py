# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, Delete and Invoke on CIM classes, and the faults of machines in both shapes."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from tests.lab.cim.values import CimError, ErrorKind
from tests.lab.wirespec import WireSpec
from tests.unit.lab.fake_machine import FakeMachine, FakeRights, adapter
from tests.unit.lab.messages import ADAPTER, DMTF_ADAPTER, TRANSFER, find, message, names, text
from tests.unit.lab.winrm_host import Host, fault_code

GET = f"{TRANSFER}/Get"
DELETE = f"{TRANSFER}/Delete"
KEYS = {"DeviceID": "{ADAPTER-2}"}
RESTART = f'<p:Restart_INPUT xmlns:p="{ADAPTER}"/>'


def test_get_brings_the_object_of_the_keys() -> None:
    host = Host()
    answer = host.answer(message(GET, ADAPTER, selectors=KEYS))
    assert text(answer, f"s:Body/{{{ADAPTER}}}MSFT_NetAdapter/{{{ADAPTER}}}InterfaceIndex") == "2"
    assert host.machine.calls == [("get", "root/standardcimv2", "MSFT_NetAdapter", KEYS)]


def test_get_of_an_object_that_is_not_there() -> None:
    answer = Host().answer(message(GET, ADAPTER, selectors={"DeviceID": "none"}))
    detail = find(answer, "s:Body/s:Fault/s:Detail")
    assert names(detail) == ["MSFT_WmiError#MSFT_WmiError"]
    uri = ADAPTER.replace("MSFT_NetAdapter", "MSFT_WmiError")
    assert {name: detail[0].findtext(f"{{{uri}}}{name}") for name in ("CIMStatusCode", "error_Code", "MessageID")} == {
        "CIMStatusCode": "6",
        "error_Code": "2147749890",
        "MessageID": "HRESULT 0x80041002",
    }


def test_a_dmtf_request_gets_its_error_in_the_dmtf_namespace() -> None:
    keys = {"__cimnamespace": "root/standardcimv2", "DeviceID": "none"}
    detail = find(Host().answer(message(GET, DMTF_ADAPTER, selectors=keys)), "s:Body/s:Fault/s:Detail")
    assert detail[0].tag == f"{{{DMTF_ADAPTER.replace('NetAdapter', 'WmiError')}}}MSFT_WmiError"


def test_delete_and_its_empty_answer() -> None:
    host = Host()
    answer = host.answer(message(DELETE, ADAPTER, selectors=KEYS))
    assert text(answer, "s:Header/a:Action") == f"{DELETE}Response"
    assert len(find(answer, "s:Body")) == 0
    assert host.machine.calls == [("delete", "root/standardcimv2", "MSFT_NetAdapter", KEYS)]


@pytest.mark.parametrize("action", [GET, DELETE])
def test_get_and_delete_have_an_empty_body_and_one_class(action: str) -> None:
    host = Host()
    assert fault_code(host.answer(message(action, ADAPTER, RESTART, selectors=KEYS)))[2] == "w:InvalidBody"
    star = ADAPTER.replace("MSFT_NetAdapter", "*")
    assert fault_code(host.answer(message(action, star)))[0] == 2150858754
    assert host.machine.calls == []


def test_invoke() -> None:
    host = Host(FakeMachine(output={"cmdletOutput": adapter(2), "ReturnValue": 0}))
    body = f'<p:Rename_INPUT xmlns:p="{ADAPTER}"><p:NewName>x</p:NewName></p:Rename_INPUT>'
    answer = host.answer(message(f"{ADAPTER}/Rename", ADAPTER, body, selectors=KEYS))
    assert text(answer, "s:Header/a:Action") == f"{ADAPTER}/RenameResponse"
    output = find(answer, f"s:Body/{{{ADAPTER}}}Rename_OUTPUT")
    assert names(output) == ["MSFT_NetAdapter#cmdletOutput", "MSFT_NetAdapter#ReturnValue"]
    asked = ("invoke", "root/standardcimv2", "MSFT_NetAdapter", "Rename", {"NewName": "x"}, KEYS)
    assert host.machine.calls == [asked, ("invoked", "Rename")]


def test_an_invoke_that_takes_too_long_times_out_and_goes_on() -> None:
    host = Host(FakeMachine(invoke_seconds=0.05), WireSpec(max_timeout_ms=60000))

    async def scenario() -> None:
        quick = "<w:OperationTimeout>PT0.01S</w:OperationTimeout>"
        answer = await host.ask(message(f"{ADAPTER}/Restart", ADAPTER, RESTART, selectors=KEYS, timeout=quick))
        assert fault_code(answer) == (2150858793, "s:Receiver", "w:TimedOut")
        assert ("invoked", "Restart") not in host.machine.calls
        while ("invoked", "Restart") not in host.machine.calls:
            await asyncio.sleep(0.001)

    asyncio.run(scenario())


def test_a_timeout_above_the_limit_is_clamped() -> None:
    host = Host(FakeMachine(invoke_seconds=30), WireSpec(max_timeout_ms=500))
    answer = host.answer(message(f"{ADAPTER}/Restart", ADAPTER, RESTART, selectors=KEYS))
    assert fault_code(answer)[2] == "w:TimedOut"


def test_an_answer_that_exceeds_the_envelope_is_a_fault() -> None:
    host = Host(FakeMachine([adapter(2, Note="x" * 9000)], output={"Note": "x" * 9000}))
    size = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
    for request in (
        message(GET, ADAPTER, selectors=KEYS, size=size),
        message(f"{ADAPTER}/Restart", ADAPTER, RESTART, selectors=KEYS, size=size),
    ):
        assert fault_code(host.answer(request)) == (2150858824, "s:Sender", "w:EncodingLimit")


def test_without_the_right_every_class_is_denied() -> None:
    host = Host(FakeMachine(granted=FakeRights(cim=False)))
    answer = host.answer(message(GET, ADAPTER, selectors=KEYS), user="reader")
    assert fault_code(answer) == (5, "s:Sender", "w:AccessDenied")
    assert (host.machine.users, host.machine.calls) == (["reader"], [])


@pytest.mark.parametrize(("language", "expected"), [("de", "Zugriff verweigert"), ("zh", "\u62d2\u7edd\u8bbf\u95ee")])
def test_faults_speak_the_language_of_the_host(language: str, expected: str) -> None:
    host = Host(FakeMachine(granted=FakeRights(cim=False)), language=language)
    reason = find(host.answer(message(GET, ADAPTER, selectors=KEYS)), "s:Body/s:Fault/s:Reason/s:Text")
    assert expected in (reason.text or "")
    assert (reason.get("{http://www.w3.org/XML/1998/namespace}lang") or "").startswith(f"{language}-")


EXPECTED: dict[str, tuple[int, str, int, int]] = {
    # kind: WSManFault code and subcode in shape one, HRESULT and CIM status in shape two
    "access_denied": (5, "w:AccessDenied", 0x80041003, 2),
    "already_exists": (2150858803, "w:AlreadyExists", 0x80041019, 11),
    "failed": (2150858755, "w:InternalError", 0x80041001, 1),
    "insufficient_selectors": (2150858842, "w:InvalidSelectors", 0x80041008, 4),
    "invalid_class": (2150858752, "a:DestinationUnreachable", 0x80041010, 5),
    "invalid_namespace": (2150858752, "a:DestinationUnreachable", 0x8004100E, 3),
    "invalid_parameter": (2150858810, "w:InvalidParameter", 0x80041008, 4),
    "invalid_query": (2150858778, "n:CannotProcessFilter", 0x80041017, 15),
    "invalid_selectors": (2150858843, "w:InvalidSelectors", 0x80041008, 4),
    "method_not_found": (2150858771, "a:ActionNotSupported", 0x8004102E, 17),
    "not_found": (2150858752, "a:DestinationUnreachable", 0x80041002, 6),
    "not_supported": (2150858818, "w:UnsupportedFeature", 0x8004100C, 7),
    "provider_failure": (2150858755, "w:InternalError", 0x80041004, 1),
}


def test_every_kind_of_error_is_expected_below() -> None:
    assert set(EXPECTED) == set(get_args(ErrorKind))


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_errors_of_wmi_providers_have_shape_one(kind: ErrorKind) -> None:
    host = Host(FakeMachine(error=CimError(kind, "as the test wants")))
    answer = host.answer(message(GET, ADAPTER, selectors=KEYS))
    code, _unused, subcode = fault_code(answer)
    assert (code, subcode) == EXPECTED[kind][:2]
    provider = find(answer, "s:Body/s:Fault/s:Detail/f:WSManFault/f:Message/f:ProviderFault")
    assert find(provider, "f:WSManFault").get("Code") == str(code)
    assert find(provider, "f:ExtendedError")[0][1].text == "GetObject"


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_errors_of_mi_providers_have_shape_two(kind: ErrorKind) -> None:
    host = Host(FakeMachine(error=CimError(kind, "as the test wants", "mi")))
    answer = host.answer(message(GET, ADAPTER, selectors=KEYS))
    assert fault_code(answer)[0] == 0
    assert fault_code(answer)[2] == EXPECTED[kind][1]
    error = find(answer, "s:Body/s:Fault/s:Detail")[0]
    uri = ADAPTER.replace("MSFT_NetAdapter", "MSFT_WmiError")
    assert error.tag == f"{{{uri}}}MSFT_WmiError"
    assert error.findtext(f"{{{uri}}}error_Code") == str(EXPECTED[kind][2])
    assert error.findtext(f"{{{uri}}}CIMStatusCode") == str(EXPECTED[kind][3])
    assert error.findtext(f"{{{uri}}}Message") == "as the test wants"


def test_a_get_without_any_key_is_told_apart() -> None:
    host = Host(FakeMachine(error=CimError("insufficient_selectors", "keys")))
    assert fault_code(host.answer(message(GET, ADAPTER)))[0] == 2150859002
    assert fault_code(host.answer(message(GET, ADAPTER, selectors=KEYS)))[0] == 2150858842


def test_the_configuration_tells_the_limits_of_the_host() -> None:
    config = "http://schemas.microsoft.com/wbem/wsman/1/config"
    host = Host(wire=WireSpec(max_envelope_kb=150, max_timeout_ms=30000, max_shells_per_user=5))
    found = find(host.answer(message(GET, config)), "s:Body/cfg:Config")
    assert text(found, "cfg:MaxEnvelopeSizekb") == "150"
    assert text(found, "cfg:MaxTimeoutms") == "30000"
    assert text(found, "cfg:Service/cfg:AllowUnencrypted") == "false"
    assert text(found, "cfg:Winrs/cfg:MaxShellsPerUser") == "5"
    host.machine.granted = FakeRights(shell=False)
    assert fault_code(host.answer(message(GET, config)))[0] == 5


@pytest.mark.parametrize(
    ("bits", "obeys", "key"),
    [
        ("32", True, "SOFTWARE\\WOW6432Node\\Vendor"),
        ("64", True, "SOFTWARE\\Vendor"),
        ("32", False, "SOFTWARE\\Vendor"),
    ],
)
def test_the_registry_of_the_architecture_that_is_asked_for(bits: str, obeys: bool, key: str) -> None:
    host = Host(wire=WireSpec(obeys_wmi_options=obeys))
    provider = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/StdRegProv"
    body = f'<p:EnumKey_INPUT xmlns:p="{provider}"><p:sSubKeyName>SOFTWARE\\Vendor</p:sSubKeyName></p:EnumKey_INPUT>'
    options = f'<w:Option Name="wmi:__ProviderArchitecture" Type="xs:int">{bits}</w:Option>'
    host.answer(message(f"{provider}/EnumKey", provider, body, options=options))
    assert host.machine.calls[0][4] == {"sSubKeyName": key}
