# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's HTTP side: what HTTP.sys would say, and every misbehaviour as it looks on the wire."""

from __future__ import annotations

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from tests.labfixture import PASSWORD, USER, LabFactory, RunningLab, one_host
from tests.unit.lab.messages import ADAPTER, ENUMERATION, MESSAGE_ID, TRANSFER, enumerate_body, message, pull_body, text

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
GET = message(f"{TRANSFER}/Get", CONFIG)
ENUMERATE = message(f"{ENUMERATION}/Enumerate", ADAPTER, enumerate_body())
STDREGPROV = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/StdRegProv"
CREATE_KEY = message(
    f"{STDREGPROV}/CreateKey",
    STDREGPROV,
    f'<p:CreateKey_INPUT xmlns:p="{STDREGPROV}"><p:hDefKey>2147483650</p:hDefKey>'
    "<p:sSubKeyName>SOFTWARE\\remediation.windows_nic\\undo</p:sSubKeyName></p:CreateKey_INPUT>",
)

RULES: dict[str, list[dict[str, Any]]] = {
    "cut-before": [{"do": "cut_before", "method": "CreateKey"}],
    "cut-after": [{"do": "cut_after", "method": "CreateKey", "how": "close"}],
    "truncated": [{"do": "truncate", "action": "Get", "resource": "config"}],
    "sign-in": [{"do": "not_xml"}],
    "dtd": [{"do": "dtd"}],
    "unrelated": [{"do": "wrong_relates_to"}, {"do": "no_relates_to"}],
    "huge": [{"do": "huge"}],
    "quota": [{"do": "quota", "times": 2}],
    "late": [{"do": "delay", "seconds": 0.2}, {"do": "hold", "seconds": 0.2}],
    "endless": [{"do": "endless_pull"}],
    "empty": [{"do": "empty_pull"}],
    "unavailable": [{"do": "unavailable"}],
    "locked-out": [{"do": "unauthorized"}],
    "rebooting": [{"do": "reboot"}],
    "dying": [{"do": "go_down", "skip": 1, "seconds": 0.5}],
    "dead": [{"do": "go_down"}],
    "forgotten": [{"do": "hold", "method": "CreateKey"}],
}


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    fleet = one_host()
    kind = fleet["kinds"]["tested"]
    for name, rules in RULES.items():
        fleet["kinds"][name] = kind | {"wire": {"faults": rules}}
        fleet["hosts"].append({"name": name, "kind": name})
    fleet["kinds"]["slow"] = kind | {"wire": {"answer_delay_ms": 150}}
    fleet["hosts"].append({"name": "slow", "kind": "slow"})
    return module_lab_factory(fleet)


def post(lab: RunningLab, host: str = "one", body: bytes = GET, **options: Any) -> requests.Response:
    url = f"https://{lab.address(host)}:5986/wsman"
    settings: dict[str, Any] = {"auth": (USER, PASSWORD), "verify": str(lab.authority), "timeout": 10} | options
    headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
    return requests.post(url, data=body, headers=headers, **settings)


def last(lab: RunningLab, host: str) -> dict[str, Any]:
    return lab.requests(host, authentication=True)[-1]


def challenges(response: requests.Response) -> list[str]:
    return response.raw.headers.getlist("WWW-Authenticate")


def test_an_answer_comes_from_http_sys(lab: RunningLab) -> None:
    response = post(lab)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
    assert response.headers["Server"] == "Microsoft-HTTPAPI/2.0"
    assert text(response.content, "s:Header/a:RelatesTo") == MESSAGE_ID
    line = last(lab, "one")
    assert (line["action"], line["resource"], line["name"]) == ("Get", CONFIG, "config")
    assert (line["bytes_in"], line["bytes_out"]) == (len(GET), len(response.content))
    assert (line["status"], line["fault"], line["authentication"], line["scheme"]) == (200, None, False, "https")


def test_a_fault_is_500_and_its_code_is_in_the_log(lab: RunningLab) -> None:
    response = post(lab, body=message(f"{TRANSFER}/Get", "urn:x"))
    assert (response.status_code, last(lab, "one")["fault"]) == (500, 2150858754)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/", 404), ("POST", "/wsman/other", 404), ("GET", "/wsman", 405), ("POST", "/WSMan", 401)],
)
def test_other_paths_and_methods(lab: RunningLab, method: str, path: str, status: int) -> None:
    response = requests.request(method, f"http://{lab.address('one')}:5985{path}", data=GET, timeout=10)
    assert (response.status_code, response.content) == (status, b"")


@pytest.mark.parametrize(("scheme", "port", "basic"), [("http", 5985, False), ("https", 5986, True)])
def test_what_is_offered(lab: RunningLab, scheme: str, port: int, basic: bool) -> None:
    url = f"{scheme}://{lab.address('one')}:{port}/wsman"
    response = requests.post(url, data=GET, verify=str(lab.authority), timeout=10)
    assert response.status_code == 401
    assert challenges(response) == ["Negotiate", 'Basic realm="WSMAN"'][: 2 if basic else 1]
    assert last(lab, "one")["authentication"] is True


@pytest.mark.parametrize("header", ["NTLM TlRMTVNTUAABAAAA", "Kerberos abc", "Negotiate !", "Negotiate", "Bearer x"])
def test_other_schemes_get_nowhere(lab: RunningLab, header: str) -> None:
    url = f"http://{lab.address('one')}:5985/wsman"
    response = requests.post(url, data=GET, headers={"Authorization": header}, timeout=10)
    assert (response.status_code, challenges(response)) == (401, ["Negotiate"])


def test_a_sealed_body_without_a_session_is_refused(lab: RunningLab) -> None:
    headers = {"Content-Type": 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted"'}
    url = f"https://{lab.address('one')}:5986/wsman"
    response = requests.post(
        url, data=b"x", headers=headers, auth=(USER, PASSWORD), verify=str(lab.authority), timeout=10
    )
    assert (response.status_code, response.content) == (400, b"")


def test_a_body_beyond_all_limits_is_refused(lab: RunningLab) -> None:
    response = post(lab, body=b" " * 3_000_000)
    assert (response.status_code, last(lab, "one")["status"]) == (413, 413)
    assert post(lab).status_code == 200


@pytest.mark.parametrize(("host", "executed"), [("cut-before", False), ("cut-after", True)])
def test_a_cut_connection(lab: RunningLab, host: str, executed: bool) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        post(lab, host, CREATE_KEY)
    line = last(lab, host)
    assert (line["status"], line["struck_by"], line["method"]) == (None, host.replace("-", "_"), "CreateKey")
    journal = lab.state()[host]["journal"]
    assert [entry.split()[0] for entry in journal] == (["CreateKey"] if executed else [])
    assert post(lab, host, CREATE_KEY).status_code == 200


def test_a_truncated_answer(lab: RunningLab) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        post(lab, "truncated")
    assert last(lab, "truncated")["bytes_out"] == len(post(lab, "truncated").content) // 2


def test_answers_that_are_not_what_they_should_be(lab: RunningLab) -> None:
    with pytest.raises(ET.ParseError):
        ET.fromstring(post(lab, "sign-in").content)
    assert post(lab, "dtd").content.startswith(b"<!DOCTYPE")
    assert text(post(lab, "unrelated").content, "s:Header/a:RelatesTo") != MESSAGE_ID
    assert b"RelatesTo" not in post(lab, "unrelated").content
    assert text(post(lab, "unrelated").content, "s:Header/a:RelatesTo") == MESSAGE_ID


def test_a_huge_answer_does_not_say_how_long_it_is(lab: RunningLab) -> None:
    response = post(lab, "huge")
    assert "Content-Length" not in response.headers
    assert len(response.content) > 10 * 1024 * 1024


def test_quota_faults_and_a_503(lab: RunningLab) -> None:
    assert [post(lab, "quota").status_code for _unused in range(3)] == [500, 500, 200]
    assert [line["fault"] for line in lab.requests("quota")] == [2150859174, 2150859174, None]
    assert [post(lab, "unavailable").status_code for _unused in range(2)] == [503, 200]


def test_late_answers(lab: RunningLab) -> None:
    for _unused in range(2):
        with pytest.raises(requests.exceptions.ReadTimeout):
            post(lab, "late", timeout=0.05)
    assert post(lab, "late").status_code == 200
    with pytest.raises(requests.exceptions.ReadTimeout):
        post(lab, "slow", timeout=0.05)
    started = time.monotonic()
    assert post(lab, "slow").status_code == 200
    assert time.monotonic() - started >= 0.15


def test_an_answer_that_never_comes_is_logged_when_the_client_gives_up(lab: RunningLab) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, lab, "forgotten", CREATE_KEY, timeout=2)
        while not waiting.done() and not lab.held():
            time.sleep(0.01)
        assert lab.held() == {"forgotten": 1}
        assert isinstance(waiting.exception(), requests.exceptions.ReadTimeout)
    while not lab.requests("forgotten"):
        time.sleep(0.01)
    assert (last(lab, "forgotten")["status"], last(lab, "forgotten")["struck_by"]) == (None, "hold")
    assert lab.held() == {}
    assert [entry.split()[0] for entry in lab.state()["forgotten"]["journal"]] == ["CreateKey"]


def test_enumerations_that_misbehave(lab: RunningLab) -> None:
    answer = ET.fromstring(post(lab, "endless", ENUMERATE).content)
    for _unused in range(20):
        context = next(each.text or "" for each in answer.iter(f"{{{ENUMERATION}}}EnumerationContext"))
        body = message(f"{ENUMERATION}/Pull", ADAPTER, pull_body(context))
        answer = ET.fromstring(post(lab, "endless", body).content)
    assert answer.find(f".//{{{ENUMERATION}}}EndOfSequence") is None
    first = ET.fromstring(post(lab, "empty", ENUMERATE).content)
    context = next(each.text or "" for each in first.iter(f"{{{ENUMERATION}}}EnumerationContext"))
    pulled = ET.fromstring(post(lab, "empty", message(f"{ENUMERATION}/Pull", ADAPTER, pull_body(context))).content)
    assert pulled.find(f".//{{{ENUMERATION}}}Items") is None
    assert pulled.find(f".//{{{ENUMERATION}}}EnumerationContext") is not None
    assert last(lab, "empty")["name"] == "MSFT_NetAdapter"


def test_a_host_that_goes_down_and_comes_back(lab: RunningLab) -> None:
    assert post(lab, "dying").status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError, match=r"reset|closed"):
        post(lab, "dying")
    with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
        post(lab, "dying")
    assert answers_again(lab, "dying")


def answers_again(lab: RunningLab, host: str) -> bool:
    """Whether a host answers within 20 seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.exceptions.ConnectionError):
            return post(lab, host).status_code == 200
        time.sleep(0.02)
    return False


def test_a_host_that_goes_down_for_good(lab: RunningLab) -> None:
    with pytest.raises(requests.exceptions.ConnectionError, match=r"reset|closed"):
        post(lab, "dead")
    for port in (5985, 5986):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((lab.address("dead"), port), timeout=5)


def test_noise_does_not_disturb_the_lab(lab: RunningLab) -> None:
    for port in (5985, 5986):
        for noise in (
            b"\x16\x03\x01\x00\x05hello",
            b"GET\r\n\r\n",
            b"POST /wsman HTTP/1.1\r\nContent-Length: 9\r\n\r\nab",
            b"",
        ):
            with socket.create_connection((lab.address("one"), port), timeout=5) as connection:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
    assert post(lab).status_code == 200
    assert (lab.run_dir / "stderr.txt").read_text(encoding="utf-8") == ""


def test_many_requests_over_one_connection_are_one_session(lab: RunningLab) -> None:
    before = lab.sessions("one")
    with requests.Session() as session:
        session.auth = (USER, PASSWORD)
        for _unused in range(3):
            url = f"https://{lab.address('one')}:5986/wsman"
            assert session.post(url, data=GET, verify=str(lab.authority), timeout=10).status_code == 200
    assert lab.sessions("one") == before + 1


def test_credentials_that_are_not_taken_for_once(lab: RunningLab) -> None:
    refused, taken = post(lab, "locked-out"), post(lab, "locked-out")
    assert (refused.status_code, refused.content, challenges(refused)) == (
        401,
        b"",
        ["Negotiate", 'Basic realm="WSMAN"'],
    )
    assert taken.status_code == 200
    struck = [line["status"] for line in lab.requests("locked-out", authentication=True) if line["struck_by"]]
    assert struck == [401]


def posted_in_time(lab: RunningLab, host: str) -> requests.Response:
    """The answer of a host that is down or about to be, in lab time that runs ahead."""
    deadline = time.monotonic() + 30
    while True:
        lab.skip(60)
        try:
            return post(lab, host)
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def test_a_reboot_loses_the_request_and_ends(lab: RunningLab) -> None:
    with pytest.raises(requests.ConnectionError):
        post(lab, "rebooting")
    assert posted_in_time(lab, "rebooting").status_code == 200


def test_the_log_tells_which_registry_value_a_call_is_about(lab: RunningLab) -> None:
    post(lab, body=CREATE_KEY)
    assert last(lab, "one")["about"] == r"SOFTWARE\remediation.windows_nic\undo"
    post(lab)
    assert last(lab, "one")["about"] is None
