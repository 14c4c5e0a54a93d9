# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests of udp_probe's examples, and the replies that its tests expect, as Wireshark's dissectors read them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.action.services import REPLIES, documented_question

PORTS = {"dns": 53, "snmp": 161, "ntp": 123, "bmc": 623}


def dissect(directory: Path, datagram: bytes, source: int, destination: int) -> str:
    """All that tshark finds in a datagram between these ports, as JSON text."""
    dump, capture = directory / "dump.txt", directory / "dump.pcap"
    dump.write_text(f"0000 {datagram.hex(' ')}\n", encoding="ascii")
    subprocess.run(
        ["text2pcap", "-q", "-u", f"{source},{destination}", str(dump), str(capture)], check=True, capture_output=True
    )
    command = ["tshark", "-r", str(capture), "-T", "json"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fields(text: str) -> dict[str, str]:
    """The last value of every field."""
    found: dict[str, str] = {}

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.update({name: value for name, value in pairs if isinstance(value, str)})
        return dict(pairs)

    json.loads(text, object_pairs_hook=collect)
    return found


QUESTIONS = {
    "dns": {"dns.id": "0x0002", "dns.flags.response": "0", "dns.qry.name": "example.com", "dns.qry.type": "1"},
    "snmp": {"snmp.version": "1", "snmp.community": "public", "snmp.request_id": "2", "snmp.name": "1.3.6.1.2.1.1.3.0"},
    "ntp": {"ntp.flags.vn": "4", "ntp.flags.mode": "3"},
    "bmc": {"rmcp.class": "0x06", "asf.type": "0x80", "asf.tag": "0x02"},
}
ANSWERS = {
    "dns": {"dns.id": "0x0002", "dns.flags.response": "1", "dns.a": "192.0.2.1"},
    "snmp": {"snmp.data": "2", "snmp.request_id": "2", "snmp.name": "1.3.6.1.2.1.1.3.0", "snmp.error_status": "0"},
    "ntp": {"ntp.flags.vn": "4", "ntp.flags.mode": "4", "ntp.stratum": "1"},
    "bmc": {"rmcp.class": "0x06", "asf.type": "0x40", "asf.tag": "0x02", "asf.len": "16"},
}


@pytest.mark.parametrize("service", PORTS)
def test_the_second_question_is_what_the_example_says(service: str, tmp_path: Path) -> None:
    payload, _unused = documented_question(service)
    text = dissect(tmp_path, payload.pack(2), 50000, PORTS[service])
    assert "_ws.malformed" not in text
    assert fields(text).items() >= QUESTIONS[service].items()


@pytest.mark.parametrize("service", PORTS)
def test_the_reply_is_one_that_such_a_service_sends(service: str, tmp_path: Path) -> None:
    text = dissect(tmp_path, bytes.fromhex(REPLIES[service]), PORTS[service], 50000)
    assert "_ws.malformed" not in text
    assert fields(text).items() >= ANSWERS[service].items()
