# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence as Wireshark reads it: what the product calls good and bad, and the file that it saves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.datagrams import in_packet
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import read_events
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import conversation
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.pcap import as_pcap
from tests.unit.plugins.plugin_utils._evidence.recordings import (
    BAD,
    BMC,
    MINIPORT,
    PORT,
    REPLY,
    REQUEST,
    Packet,
    Recording,
    question,
)

GOOD = "1"
WRONG = "0"
NOT_CHECKED = "2"
ABSENT = "3"
FIELDS = (
    "frame.protocols",
    "ip.checksum.status",
    "udp.checksum.status",
    "udp.checksum",
    "frame.len",
    "frame.time_epoch",
)


def dissected(directory: Path, recording: Recording) -> list[list[str]]:
    """The fields that tshark finds in what the product saves of a recording."""
    content = as_pcap(conversation(read_events(recording.events), BMC, PORT, [REQUEST]))
    assert content is not None
    file = directory / "evidence.pcap"
    file.write_bytes(content)
    command = ["tshark", "-r", str(file), "-T", "fields"]
    command += [part for name in FIELDS for part in ("-e", name)]
    command += ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "ip.defragment:FALSE"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def test_the_file_opens_and_all_checksums_are_good(tmp_path: Path) -> None:
    recording = Recording()
    for number in range(3):
        recording.sent(question(number))
        recording.lost(Packet(identification=number), 1203, BAD)
    rows = dissected(tmp_path, recording)
    assert len(rows) == 6
    assert {(ip, udp) for _protocols, ip, udp, *_rest in rows} == {(GOOD, GOOD)}
    assert {protocols.split(":")[:4] == ["eth", "ethertype", "ip", "udp"] for protocols, *_rest in rows} == {True}
    assert [size for *_rest, size, _time in rows] == ["65", "72"] * 3
    times = [float(row[-1]) for row in rows]
    assert times == sorted(times)
    assert int(times[0]) == 1_764_000_000


def test_a_damaged_reply_is_called_damaged(tmp_path: Path) -> None:
    recording = Recording()
    recording.lost(Packet(udp_checksum=0xBEEF), 1203)
    (row,) = dissected(tmp_path, recording)
    assert (row[1], row[2], row[3]) == (GOOD, WRONG, "0xbeef")


def test_without_frames_it_opens_too(tmp_path: Path) -> None:
    recording = Recording()
    recording.dropped(1, Packet().data, 1203)
    (row,) = dissected(tmp_path, recording)
    assert row[0].split(":")[:3] == ["raw", "ip", "udp"]
    assert (row[1], row[2]) == (GOOD, GOOD)


@pytest.mark.parametrize(
    "packet",
    [
        Packet(),
        Packet(udp_checksum=0xBEEF),
        Packet(udp_checksum=0),
        Packet(options=b"\x94\x04\x00\x00"),
        Packet(payload=REPLY[:29]),
        Packet(payload=b"\x06\x00\xff\x87", padding=bytes(14)),
        Packet(payload=Packet(payload=b"\0\0").sum.to_bytes(2), padding=bytes(16)),
        Packet(flags=0x2000),
    ],
    ids=["good", "damaged", "none", "options", "odd length", "padded", "all ones", "fragment"],
)
@pytest.mark.parametrize("tags", [(), (0x8100,), (0x88A8, 0x8100)], ids=["untagged", "tagged", "twice tagged"])
def test_wireshark_judges_a_datagram_as_the_product_does(tmp_path: Path, packet: Packet, tags: tuple[int, ...]) -> None:
    recording = Recording()
    recording.seen(1, packet.tagged(*tags), MINIPORT)
    (row,) = dissected(tmp_path, recording)
    datagram = in_packet(packet.data)
    assert datagram is not None
    checksum = datagram.checksum
    by_us = ABSENT if checksum.in_datagram == 0 else {True: GOOD, False: WRONG, None: NOT_CHECKED}[checksum.good]
    assert row[2] == by_us
    assert row[3] == f"0x{checksum.in_datagram:04x}"
    assert (row[1] == GOOD) is datagram.header_good


def test_a_packet_that_was_cut_off_is_not_called_damaged(tmp_path: Path) -> None:
    recording = Recording()
    recording.seen(1, Packet().frame[:60], MINIPORT, size=72)
    (row,) = dissected(tmp_path, recording)
    assert (row[2], row[4]) == (NOT_CHECKED, "72")
