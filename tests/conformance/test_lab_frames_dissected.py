# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's frames as Wireshark reads them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab.frames import Datagram, Replies, ethernet_frame, ipv4_packet, spoiled, wireless_frame

PAYLOAD = bytes.fromhex("0600ff07000000000000000000092018c88104380e0431")
SENT = Datagram("127.1.0.1", 50_000, "127.2.0.1", 623, PAYLOAD, identification=0x1234, ttl=128)


def dissected(directory: Path, frames: list[bytes], link: str = "ether") -> list[dict[str, Any]]:
    """What tshark makes of frames, with checksums looked at."""
    dump, capture = directory / "dump.txt", directory / "dump.pcap"
    dump.write_text("".join(f"0000 {frame.hex(' ')}\n" for frame in frames), encoding="ascii")
    types = {"ether": "1", "wifi": "105"}
    subprocess.run(["text2pcap", "-q", "-l", types[link], dump, capture], check=True, capture_output=True)
    command = ["tshark", "-r", str(capture), "-T", "json", "--no-duplicate-keys"]
    command += ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("state", "status"), [("whole", "1"), ("wrong_checksum", "0"), ("damaged_payload", "0"), ("no_checksum", None)]
)
def test_what_wireshark_says_of_the_checksums(tmp_path: Path, state: Replies, status: str | None) -> None:
    packet = ipv4_packet(spoiled(SENT, state))
    frames = [ethernet_frame(packet, "00E081000001", "A0369F000100", vlan=vlan, padded=True) for vlan in (None, 42)]
    for layers in dissected(tmp_path, frames):
        assert layers["ip"]["ip.checksum.status"] == "1"
        assert layers["udp"].get("udp.checksum.status") == status
        assert (layers["udp"]["udp.checksum"] == "0x0000") is (status is None)
        assert (layers["ip"]["ip.id"], layers["ip"]["ip.ttl"]) == ("0x1234", "128")
        assert (layers["ip"]["ip.src"], layers["udp"]["udp.dstport"]) == ("127.1.0.1", "623")


@pytest.mark.parametrize("received", [True, False])
def test_frames_of_a_native_wifi_driver(tmp_path: Path, received: bool) -> None:
    frame = wireless_frame(ipv4_packet(SENT), "00E081000001", "A0369F000100", received=received)
    (layers,) = dissected(tmp_path, [frame], "wifi")
    assert (layers["wlan"]["wlan.da"], layers["wlan"]["wlan.sa"]) == ("00:e0:81:00:00:01", "a0:36:9f:00:01:00")
    assert layers["udp"]["udp.checksum.status"] == "1"
