# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's WinRM against pywinrm, as it comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
import winrm
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from tests.labfixture import PASSWORD, USER, LabFactory, RunningLab, one_host


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    fleet = one_host()
    kind = fleet["kinds"]["tested"]
    variants: dict[str, dict[str, Any]] = {
        "expired": {"wire": {"certificate": "expired"}},
        "untrusted": {"wire": {"certificate": "untrusted"}},
        "wrong-name": {"wire": {"certificate": "wrong_name"}},
        "strict": {"wire": {"channel_binding": "strict"}},
        "no-basic": {"wire": {"basic": False}},
        "http-only": {"wire": {"https": False}},
        "https-only": {"wire": {"http": False}},
        "down": {"wire": {"down": True}},
        "stopped": {"wire": {"unavailable": True}},
        "shell-less": {"account": {"shell": False}},
        "one-shell": {"wire": {"max_shells_per_user": 1}},
        "slow-shell": {"wire": {"faults": [{"do": "timeout", "action": "Receive", "times": 2}]}},
    }
    for name, variant in variants.items():
        fleet["kinds"][name] = kind | variant
        fleet["hosts"].append({"name": name, "kind": name})
    return module_lab_factory(fleet)


def session(
    lab: RunningLab, host: str = "one", transport: str = "ntlm", scheme: str = "http", **options: Any
) -> winrm.Session:
    port = 5985 if scheme == "http" else 5986
    credentials = (USER, options.pop("password", PASSWORD))
    return winrm.Session(
        f"{scheme}://{lab.address(host)}:{port}/wsman",
        auth=credentials,
        transport=transport,
        ca_trust_path=str(lab.authority),
        **options,
    )


@pytest.mark.parametrize(
    ("scheme", "transport", "options"),
    [
        ("http", "ntlm", {}),
        ("https", "ntlm", {}),
        ("https", "ntlm", {"message_encryption": "always"}),
        ("https", "ntlm", {"send_cbt": False}),
        ("https", "basic", {}),
        ("https", "ssl", {}),
    ],
)
def test_run_cmd_is_refused_by_an_exit_code_and_a_message(
    lab: RunningLab, scheme: str, transport: str, options: dict[str, Any]
) -> None:
    response = session(lab, scheme=scheme, transport=transport, **options).run_cmd("ipconfig", ["/all"])
    assert (response.status_code, response.std_out) == (1, b"")
    assert b"relay" in response.std_err
    assert response.std_err.endswith(b"\r\n")


def test_run_ps_is_refused_too(lab: RunningLab) -> None:
    response = session(lab).run_ps("Get-NetAdapter")
    assert response.status_code == 1
    assert "relay" in str(response.std_err)


def test_no_shell_is_left_behind(lab: RunningLab) -> None:
    session(lab, "one-shell").run_cmd("hostname")
    session(lab, "one-shell").run_cmd("hostname")
    state = lab.state()["one-shell"]["winrm"]
    assert (state["shells_open"], state["shells_opened"]) == (0, 2)


def test_messages_travel_encrypted_over_http(lab: RunningLab) -> None:
    protocol = session(lab).protocol
    shell = protocol.open_shell()
    sent = [line for line in lab.requests("one") if line["action"] == "Create"][-1]
    assert protocol.transport.encryption is not None
    protocol.close_shell(shell)
    # The plain message is shorter than the logged body by the multipart frame and the signature.
    assert sent["bytes_in"] > 1500
    with pytest.raises(WinRMTransportError) as caught:
        session(lab, message_encryption="never").run_cmd("hostname")
    assert (caught.value.code, caught.value.response_text) == (500, "")


@pytest.mark.parametrize(("scheme", "transport"), [("http", "ntlm"), ("https", "ntlm"), ("https", "basic")])
def test_a_wrong_password_is_refused(lab: RunningLab, scheme: str, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        session(lab, scheme=scheme, transport=transport, password="wrong").run_cmd("hostname")


def test_basic_is_refused_over_http_and_where_it_is_off(lab: RunningLab) -> None:
    with pytest.raises(InvalidCredentialsError):
        session(lab, transport="basic").run_cmd("hostname")
    with pytest.raises(InvalidCredentialsError):
        session(lab, "no-basic", transport="basic", scheme="https").run_cmd("hostname")


@pytest.mark.parametrize(
    ("host", "reason"),
    [("expired", "certificate has expired"), ("untrusted", "unable to get local issuer"), ("wrong-name", "mismatch")],
)
def test_a_bad_certificate_is_seen(lab: RunningLab, host: str, reason: str) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=reason):
        session(lab, host, scheme="https").run_cmd("hostname")
    ignoring = session(lab, host, scheme="https", server_cert_validation="ignore")
    assert ignoring.run_cmd("hostname").status_code == 1


def test_channel_binding_can_be_required(lab: RunningLab) -> None:
    assert session(lab, "strict", scheme="https").run_cmd("hostname").status_code == 1
    with pytest.raises(InvalidCredentialsError):
        session(lab, "strict", scheme="https", send_cbt=False).run_cmd("hostname")


@pytest.mark.parametrize(
    ("host", "scheme"), [("down", "http"), ("down", "https"), ("http-only", "https"), ("https-only", "http")]
)
def test_nobody_listens(lab: RunningLab, host: str, scheme: str) -> None:
    with pytest.raises(requests.exceptions.ConnectionError, match="Connection refused"):
        session(lab, host, scheme=scheme).run_cmd("hostname")


def test_a_stopped_service_is_503(lab: RunningLab) -> None:
    with pytest.raises(WinRMTransportError) as caught:
        session(lab, "stopped").run_cmd("hostname")
    assert caught.value.code == 503


def test_the_wrong_scheme_for_a_port_fails_cleanly(lab: RunningLab) -> None:
    address = lab.address("one")
    for url in (f"http://{address}:5986/wsman", f"https://{address}:5985/wsman"):
        wrong = winrm.Session(url, auth=(USER, PASSWORD), transport="ntlm", server_cert_validation="ignore")
        with pytest.raises(requests.exceptions.ConnectionError):
            wrong.run_cmd("hostname")


def test_a_shell_without_the_right_is_fault_5(lab: RunningLab) -> None:
    with pytest.raises(WSManFaultError) as caught:
        session(lab, "shell-less").run_cmd("hostname")
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (5, "w:AccessDenied")


def test_the_shell_quota_has_the_shape_that_pywinrm_knows(lab: RunningLab) -> None:
    protocol = session(lab, "one-shell").protocol
    shell = protocol.open_shell()
    with pytest.raises(WSManFaultError) as caught:
        session(lab, "one-shell").protocol.open_shell()
    assert (caught.value.wmierror_code, caught.value.fault_subcode) == (2150859173, "w:QuotaLimit")
    protocol.close_shell(shell)


def test_timeouts_of_receive_are_waited_out(lab: RunningLab) -> None:
    assert session(lab, "slow-shell").run_cmd("hostname").status_code == 1
    faults = [line["fault"] for line in lab.requests("slow-shell") if line["action"] == "Receive"]
    assert faults[:3] == [2150858793, 2150858793, None]


def test_a_session_is_one_connection_and_its_handshake_is_marked(lab: RunningLab) -> None:
    before = lab.sessions("one")
    session(lab).run_cmd("hostname")
    lines = lab.requests("one", authentication=True)
    connection = lines[-1]["connection"]
    mine = [line for line in lines if line["connection"] == connection]
    assert lab.sessions("one") == before + 1
    assert [line["status"] for line in mine[:3]] == [401, 401, 200]
    assert [line["authentication"] for line in mine[:4]] == [True, True, True, False]
    actions = [line["action"] for line in mine[3:]]
    assert actions == ["Create", "Command", "Receive", "Receive", "Signal", "Delete"]


def test_the_password_is_in_no_log(lab: RunningLab) -> None:
    for file in (lab.log, lab.run_dir / "stderr.txt", Path(lab.run_dir) / "ready"):
        assert PASSWORD not in file.read_text(encoding="utf-8")
