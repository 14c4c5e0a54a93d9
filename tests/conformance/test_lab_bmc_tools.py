# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's BMCs as the usual IPMI tools see them: ipmitool, ipmiutil, freeipmi."""

from __future__ import annotations

import socket
import subprocess
from typing import Final

import pytest

from tests.labfixture import LabFactory, RunningLab

BEHAVIOURS: Final = ("ipmi20", "ipmi15", "smdc", "ping_only", "silent", "closed")


def _may_listen_on_623() -> bool:
    """Whether this account may use the port that freeipmi's tools have built in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.3.255.254", 623))
        except PermissionError:
            return False
    return True


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    """One host with a BMC of each sort; the old card does not drown here, since some tools ask fast."""
    never = {"datagrams": 100_000}
    specs = [{"behaviour": behaviour, "drown": never} for behaviour in BEHAVIOURS]
    fleet = {
        "name": "controllers",
        "description": "a BMC of each sort",
        "kinds": {
            "pc": {
                "description": "asks them",
                "adapters": [{"model": "intel-i219", "network": 1}],
                "bmcs": [{"bmc": spec} for spec in specs],
            }
        },
        "hosts": [{"name": "pc", "kind": "pc"}],
    }
    return module_lab_factory(fleet)


def address(lab: RunningLab, behaviour: str) -> str:
    return str(lab.hosts["pc"]["udp_rx_offload_bmc"][BEHAVIOURS.index(behaviour)])


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def ipmitool(lab: RunningLab, behaviour: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A session of authentication type none, in which the device is asked who it is."""
    where = ("-I", "lan", "-A", "NONE", "-U", "", "-P", "", "-H", address(lab, behaviour), "-p", str(lab.bmc_port))
    return run("ipmitool", *where, *options, "mc", "info")


@pytest.mark.parametrize(("behaviour", "version"), [("ipmi20", "2.0"), ("ipmi15", "1.5"), ("smdc", "1.5")])
def test_ipmitool_opens_a_session(lab: RunningLab, behaviour: str, version: str) -> None:
    result = ipmitool(lab, behaviour)
    fields = {
        name.strip(): value.strip()
        for name, _unused, value in (line.partition(":") for line in result.stdout.splitlines())
    }
    assert result.returncode == 0, result.stderr
    assert fields["IPMI Version"] == version
    assert (fields["Device ID"], fields["Firmware Revision"]) == ("35", "1.20")
    assert fields["Manufacturer Name"] == "Tyan Computer Corporation"


@pytest.mark.parametrize("behaviour", ["ping_only", "silent", "closed"])
def test_ipmitool_finds_no_ipmi(lab: RunningLab, behaviour: str) -> None:
    result = ipmitool(lab, behaviour, "-N", "1", "-R", "1")
    assert result.returncode == 1
    assert "Unable to establish LAN session" in result.stderr


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_ipmiutil_discovers_by_presence_ping(lab: RunningLab, behaviour: str) -> None:
    bmc = address(lab, behaviour)
    result = run("ipmiutil", "discover", "-b", bmc, "-e", bmc, "-p", str(lab.bmc_port))
    responses = 0 if behaviour in ("silent", "closed") else 1
    assert f"1 pings sent, {responses} responses" in result.stdout


@pytest.mark.parametrize("behaviour", ["ipmi20", "ipmi15", "smdc"])
def test_ipmiutil_discovers_by_authentication_capabilities(lab: RunningLab, behaviour: str) -> None:
    bmc = address(lab, behaviour)
    result = run("ipmiutil", "discover", "-g", "-b", bmc, "-e", bmc, "-p", str(lab.bmc_port))
    assert "1 pings sent, 1 responses" in result.stdout


if _may_listen_on_623():
    # Without root these two are not collected at all: freeipmi's tools can't be told another port.

    @pytest.mark.parametrize("behaviour", BEHAVIOURS)
    def test_freeipmi_rmcpping(lab: RunningLab, behaviour: str) -> None:
        result = run("rmcpping", "-c", "1", "-t", "1", address(lab, behaviour))
        answered = behaviour not in ("silent", "closed")
        assert ("pong received from" in result.stdout) is answered
        assert (result.returncode == 0) is answered

    @pytest.mark.parametrize("behaviour", BEHAVIOURS)
    def test_freeipmi_ipmi_ping(lab: RunningLab, behaviour: str) -> None:
        result = run("ipmi-ping", "-c", "1", "-t", "1", address(lab, behaviour))
        answered = behaviour in ("ipmi20", "ipmi15", "smdc")
        assert ("response received from" in result.stdout) is answered
        assert (result.returncode == 0) is answered
