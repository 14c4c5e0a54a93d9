# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that answer badly or not at all, through the real ansible-playbook: what is said, how often they are asked, and
that no password is shown.

All hosts are in one play with ``-vvv``, so that one bad host is also seen not to harm the others.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.running import Run, play
from tests.labfixture import PASSWORD, LabFactory, RunningLab

WRONG_PASSWORD = "Wrong <&> 4711"
FACTS = "remediation.windows_nic.nic_facts"


@dataclasses.dataclass(frozen=True)
class Bad:
    """A host, how it misbehaves, and what the play must say about it."""

    name: str
    code: str | None
    """Of the error; ``None`` where the host is read in spite of the trouble."""
    word: str
    """How the task ends."""
    wire: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """How the lab's host listens and misbehaves."""
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Connection variables that differ from the right ones."""
    says: str = ""
    """Words of the message."""
    messages: int | None = None
    """How many messages the host was sent, where that matters."""


def rule(do: str, *, times: int | None = 1, **more: Any) -> dict[str, Any]:
    return {"faults": [{"do": do, "times": times, **more}]}


HTTPS = {"scheme": "https", "authentication": "basic"}
HTTPS_NTLM = {"scheme": "https", "authentication": "ntlm"}
PSRP = {"connection": "psrp", "authentication": "negotiate"}
SHORT = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}
WRONG = {"ansible_password": WRONG_PASSWORD}

HOSTS = [
    # Who may not come in, and how not to ask.
    Bad("wrong-password", "credentials_rejected", "UNREACHABLE", variables=WRONG, says="HTTP 401", messages=0),
    Bad("wrong-password-https", "credentials_rejected", "UNREACHABLE", HTTPS, WRONG, says="HTTP 401", messages=0),
    Bad("wrong-password-https-ntlm", "credentials_rejected", "UNREACHABLE", HTTPS_NTLM, WRONG, messages=0),
    Bad("wrong-password-psrp", "credentials_rejected", "UNREACHABLE", PSRP, WRONG, says="HTTP 401", messages=0),
    Bad(
        "basic-over-http",
        "credentials_rejected",
        "UNREACHABLE",
        variables={"ansible_winrm_transport": ["basic"]},
        messages=0,
    ),
    Bad(
        "clear-text",
        "encryption_required",
        "UNREACHABLE",
        variables={"ansible_winrm_message_encryption": "never"},
        says="ansible_winrm_transport",
    ),
    Bad(
        "clear-text-psrp",
        "encryption_required",
        "UNREACHABLE",
        PSRP,
        {"ansible_psrp_message_encryption": "never"},
        says="clear text",
    ),
    # TLS.
    Bad("expired", "certificate_expired", "UNREACHABLE", {**HTTPS, "certificate": "expired"}, says="expired"),
    Bad("untrusted", "certificate_untrusted", "UNREACHABLE", {**HTTPS, "certificate": "untrusted"}, messages=0),
    Bad("wrong-name", "certificate_wrong_name", "UNREACHABLE", {**HTTPS, "certificate": "wrong_name"}, messages=0),
    Bad(
        "expired-psrp",
        "certificate_expired",
        "UNREACHABLE",
        {**PSRP, "scheme": "https", "certificate": "expired"},
        messages=0,
    ),
    Bad(
        "http-where-https",
        "connection_lost",
        "UNREACHABLE",
        variables={"ansible_port": 5986},
        says="If the port speaks HTTPS",
        messages=0,
    ),
    Bad(
        "https-where-http",
        "answer_not_tls",
        "UNREACHABLE",
        HTTPS,
        {"ansible_port": 5985},
        says="If the port speaks HTTP",
        messages=0,
    ),
    # Hosts that are not there, or go away.
    Bad("down", "connection_refused", "UNREACHABLE", {"down": True}, says="Connection refused", messages=0),
    Bad("no-service", "service_unavailable", "UNREACHABLE", {"unavailable": True}, says="HTTP 503"),
    Bad("down-mid-run", "connection_refused", "UNREACHABLE", rule("go_down", skip=2), messages=3),
    Bad("cut-once", None, "ok", rule("cut_before")),
    Bad("cut-after-once", None, "ok", rule("cut_after", how="close")),
    Bad("cut-once-psrp", None, "ok", {**PSRP, **rule("cut_before")}),
    Bad("cut-always", "connection_lost", "UNREACHABLE", rule("cut_before", times=None), messages=5),
    Bad("cut-short", "connection_lost", "UNREACHABLE", {**HTTPS, **rule("truncate", times=None)}, messages=5),
    Bad("silent", "answer_timed_out", "UNREACHABLE", rule("hold", times=None), SHORT, messages=1),
    # Answers that are none.
    Bad("not-xml", "answer_not_xml", "FAILED", rule("not_xml"), says="not well-formed XML", messages=1),
    Bad("dtd", "answer_with_dtd", "FAILED", rule("dtd"), says="document type declaration", messages=1),
    Bad("wrong-relates-to", "wrong_relates_to", "FAILED", rule("wrong_relates_to"), messages=1),
    Bad("no-relates-to", "wrong_relates_to", "FAILED", rule("no_relates_to"), messages=1),
    Bad(
        "endless-pull",
        "enumeration_endless",
        "FAILED",
        rule("endless_pull", times=None, resource="MSFT_NetAdapter"),
        says="and no end",
    ),
    Bad("empty-pull", None, "ok", rule("empty_pull", times=2)),
    Bad("ten-megabytes", "answer_too_large", "FAILED", rule("huge"), says="larger than any", messages=1),
    Bad("ten-megabytes-https", "answer_too_large", "FAILED", {**HTTPS, **rule("huge")}, messages=1),
    Bad("ten-megabytes-psrp", "answer_too_large", "FAILED", {**PSRP, **rule("huge")}, messages=1),
    # Faults.
    Bad("quota-twice", None, "ok", rule("quota", times=2)),
    Bad("quota-always", "quota_exceeded", "FAILED", rule("quota", times=None), says="0x803381A6", messages=5),
    Bad("timeout-twice", None, "ok", rule("timeout", times=2)),
    Bad("timeout-always", "operation_timed_out", "FAILED", rule("timeout", times=None), messages=5),
    Bad(
        "access-denied",
        "access_denied",
        "FAILED",
        rule("access_denied", times=None),
        says="LocalAccountTokenFilterPolicy",
        messages=1,
    ),
    # What a play can ask for and can't have.
    Bad(
        "other-connection",
        "connection_unsupported",
        "FAILED",
        variables={"ansible_connection": "local"},
        says="Set ansible_connection to winrm or psrp",
        messages=0,
    ),
    Bad(
        "become",
        "become_unsupported",
        "FAILED",
        variables={"ansible_become": True, "ansible_become_method": "runas", "ansible_become_user": "SYSTEM"},
        says="become: false",
        messages=0,
    ),
    Bad(
        "bad-setting",
        "connection_settings_invalid",
        "FAILED",
        variables={"ansible_winrm_transport": ["pigeon"]},
        messages=0,
    ),
    Bad("good", None, "ok"),
]


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    adapters = [{"model": "intel-i211", "network": 1}]
    return module_lab_factory(
        {
            "name": "bad-hosts",
            "description": "one host for each way of answering badly",
            "kinds": {
                f"kind-{host.name}": {"description": host.name, "adapters": adapters, "wire": dict(host.wire)}
                for host in HOSTS
            },
            "hosts": [{"name": host.name, "kind": f"kind-{host.name}"} for host in HOSTS],
        }
    )


@pytest.fixture(scope="module")
def run(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    variables = {host.name: {**lab.hosts[host.name], **host.variables} for host in HOSTS}
    return play(tmp_path_factory.mktemp("play"), variables, [{FACTS: {}}], verbosity=3)


@pytest.mark.matrix
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_what_is_said(host: Bad, run: Run, lab: RunningLab) -> None:
    word, result = run.results()[host.name]
    assert word == host.word, result
    recap = run.recap()[host.name]
    assert (recap["unreachable"], recap["failed"]) == (int(word == "UNREACHABLE"), int(word == "FAILED"))
    if host.code is None:
        assert len(result["ansible_facts"]["windows_nics"]) == 1
        assert "error" not in result
    else:
        error = result["error"]
        assert error["code"] == host.code
        assert sorted(error) == ["code", "expected", "next_step", "seen", "subject"]
        assert all(error.values())
        assert result["msg"] == (
            f"{error['subject']}: {error['seen']}; expected {error['expected']}. {error['next_step']}"
        )
        assert host.says in result["msg"]
        assert "\n" not in result["msg"]
        assert result["changed"] is False
        assert lab.address(host.name) in result["msg"] or host.code in (
            "connection_unsupported",
            "become_unsupported",
            "connection_settings_invalid",
        )


@pytest.mark.parametrize("host", [each for each in HOSTS if each.messages is not None], ids=lambda host: host.name)
def test_how_often_the_host_was_asked(host: Bad, run: Run, lab: RunningLab) -> None:
    assert run.recap()
    assert len(lab.requests(host.name)) == host.messages


def test_an_endless_enumeration_was_released(run: Run, lab: RunningLab) -> None:
    assert run.recap()
    assert [each["action"] for each in lab.requests("endless-pull")][-1] == "Release"
    assert lab.state()["endless-pull"]["winrm"]["enumerations_open"] == 0


@pytest.mark.matrix
def test_no_traceback_and_no_password_is_shown(run: Run) -> None:
    for output in (run.stdout, run.stderr):
        assert "Traceback" not in output
        for password in (PASSWORD, WRONG_PASSWORD):
            assert password not in output
            assert base64.b64encode(f"labadmin:{password}".encode()).decode() not in output


def test_no_host_was_changed_and_no_shell_opened(run: Run, lab: RunningLab) -> None:
    assert run.recap()
    state = lab.state()
    for host in HOSTS:
        assert state[host.name]["winrm"]["shells_opened"] == 0
        # A message that the host refused to read has no action.
        actions = {each["action"] for each in lab.requests(host.name)} - {None}
        assert actions <= {"Enumerate", "Pull", "Release", "Get", "Invoke"}
        methods = {each["method"] for each in lab.requests(host.name)} - {None}
        assert not {each for each in methods if each.startswith(("Set", "Create", "Delete", "Restart"))}


@pytest.mark.matrix
def test_async_is_refused_before_the_host_is_touched(lab: RunningLab, tmp_path: Path) -> None:
    before = len(lab.requests("good", authentication=True))
    run = play(tmp_path, {"good": lab.hosts["good"]}, [{FACTS: {}, "async": 30, "poll": 1}])
    word, result = run.results()["good"]
    assert word == "FAILED"
    assert result["error"]["code"] == "async_unsupported"
    assert len(lab.requests("good", authentication=True)) == before


def test_bad_arguments_are_refused_before_the_host_is_touched(lab: RunningLab, tmp_path: Path) -> None:
    before = len(lab.requests("good", authentication=True))
    run = play(tmp_path, {"good": lab.hosts["good"]}, [{FACTS: {"colour": "red"}}])
    word, result = run.results()["good"]
    assert word == "FAILED"
    assert result["error"]["code"] == "invalid_arguments"
    assert "colour" in result["msg"]
    assert len(lab.requests("good", authentication=True)) == before
