# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab against stock Ansible: its raw module over the inventory that the lab writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.labfixture import PASSWORD, LabFactory, RunningLab, one_host

ANSIBLE = Path(sys.executable).with_name("ansible")


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    fleet = one_host()
    kind = fleet["kinds"]["tested"]
    for name, wire in {
        "http-ntlm": {},
        "https-ntlm": {"scheme": "https"},
        "https-basic": {"scheme": "https", "authentication": "basic"},
        "expired": {"scheme": "https", "certificate": "expired"},
        "psrp-http": {"connection": "psrp"},
        "psrp-https": {"connection": "psrp", "scheme": "https", "authentication": "negotiate"},
        "gone": {"down": True},
    }.items():
        fleet["kinds"][name] = kind | {"wire": wire}
        fleet["hosts"].append({"name": name, "kind": name})
    return module_lab_factory(fleet)


def raw(lab: RunningLab, host: str, *extra: str) -> tuple[int, str]:
    """Exit code of Ansible and everything that it printed."""
    environment = os.environ | {"ANSIBLE_HOME": str(lab.run_dir / "ansible"), "ANSIBLE_NOCOLOR": "1"}
    line = [str(ANSIBLE), "-i", str(lab.inventory), host, "-m", "ansible.builtin.raw", "-a", "ipconfig", *extra]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("host", ["http-ntlm", "https-ntlm", "https-basic"])
def test_raw_is_refused_by_an_exit_code_and_a_message(lab: RunningLab, host: str) -> None:
    code, printed = raw(lab, host)
    assert code == 2
    assert f"{host} | FAILED | rc=1 >>" in printed
    assert "runs nothing but the relay" in printed
    state = lab.state()[host]["winrm"]
    assert (state["shells_open"], state["shells_opened"]) == (0, 1)


@pytest.mark.parametrize("host", ["psrp-http", "psrp-https"])
def test_psrp_finds_no_powershell(lab: RunningLab, host: str) -> None:
    code, printed = raw(lab, host)
    assert code != 0
    assert "2150858754" in printed


@pytest.mark.parametrize("host", ["gone", "expired"])
def test_a_host_that_can_not_be_reached_is_unreachable(lab: RunningLab, host: str) -> None:
    code, printed = raw(lab, host)
    assert code == 4
    assert f"{host} | UNREACHABLE!" in printed


def test_a_wrong_password_is_unreachable(lab: RunningLab) -> None:
    code, printed = raw(lab, "http-ntlm", "-e", json.dumps({"ansible_password": "wrong"}))
    assert (code, "credentials were rejected" in printed) == (4, True)


def test_the_password_is_not_printed(lab: RunningLab) -> None:
    assert PASSWORD not in raw(lab, "http-ntlm", "-vvv")[1]
