# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's datagrams as Wireshark's dissectors read them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lab.controller import Controller
from tests.lab.fleet import BmcPlan
from tests.lab.schema import Bmc

IPMI_PORT = 623
PING = bytes.fromhex("0600ff06000011be80420000")
CAPABILITIES = bytes.fromhex("0600ff07000000000000000000092018c88104380e0431")
EXTENDED_CAPABILITIES = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")


def dissect(directory: Path, datagrams: list[bytes]) -> list[dict[str, Any]]:
    """The fields tshark finds in datagrams from port 623."""
    layers = [packet["_source"]["layers"] for packet in json.loads(tshark(directory, datagrams, "json"))]
    assert len(layers) == len(datagrams)
    return layers


def tshark(directory: Path, datagrams: list[bytes], form: str) -> str:
    """What tshark prints for datagrams from port 623; IPMI messages are taken apart as well."""
    dump = directory / "dump.txt"
    dump.write_text("".join(f"0000 {datagram.hex(' ')}\n" for datagram in datagrams), encoding="ascii")
    capture = directory / "dump.pcap"
    subprocess.run(
        ["text2pcap", "-q", "-u", f"{IPMI_PORT},50000", str(dump), str(capture)], check=True, capture_output=True
    )
    command = ["tshark", "-r", str(capture), "-d", f"udp.port=={IPMI_PORT},rmcp", "-T", form, "-V"]
    command += ["-o", "ipmi.dissect_bus_commands:TRUE"]
    command += ["--no-duplicate-keys"] if form == "json" else []
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def answers(request: bytes, **spec: Any) -> list[bytes]:
    controller = Controller(BmcPlan(1, "127.2.0.1", Bmc(**spec)))
    return [answer.datagram for answer in controller.answers(request, 0.0)]


def field(layers: dict[str, Any], name: str) -> str:
    """The value of a field, wherever in the tree it stands."""
    found = list(_values(layers, name))
    assert found, f"no field {name}"
    return str(found[0])


def _values(tree: Any, name: str) -> list[Any]:
    if not isinstance(tree, dict):
        return []
    own = [tree[name]] if name in tree else []
    return own + [value for part in tree.values() for value in _values(part, name)]


@pytest.mark.parametrize("behaviour", ["ipmi20", "ipmi15", "smdc"])
@pytest.mark.parametrize("request_datagram", [PING, CAPABILITIES, EXTENDED_CAPABILITIES], ids=["ping", "38", "38x"])
def test_no_answer_is_malformed(tmp_path: Path, behaviour: str, request_datagram: bytes) -> None:
    datagrams = answers(request_datagram, behaviour=behaviour, acknowledges=True)
    assert len(datagrams) == 2
    for layers in dissect(tmp_path, datagrams):
        assert "_ws.malformed" not in json.dumps(layers)
        assert field(layers, "rmcp.version") == "0x06"


def test_wireshark_would_tell(tmp_path: Path) -> None:
    (broken,) = answers(CAPABILITIES, corrupts="truncated")
    (layers,) = dissect(tmp_path, [broken])
    assert "_ws.malformed" in json.dumps(layers)


def test_pong(tmp_path: Path) -> None:
    (layers,) = dissect(tmp_path, answers(PING))
    assert field(layers, "rmcp.class") == "0x06"
    assert field(layers, "asf.type") == "0x40"
    assert field(layers, "asf.tag") == "0x42"
    assert field(layers, "asf.iana") == "4542"
    assert field(layers, "asf.len") == "16"


def test_capabilities_of_ipmi_2(tmp_path: Path) -> None:
    (layers,) = dissect(tmp_path, answers(EXTENDED_CAPABILITIES))
    read = {name: field(layers, f"ipmi.{name}") for name in ("header.target", "header.source", "header.netfn")}
    assert read == {"header.target": "0x81", "header.source": "0x20", "header.netfn": "0x07"}
    assert field(layers, "ipmi.header.command") == "0x38"
    assert field(layers, "ipmi.header.completion") == "0x00"
    flags = {
        name: field(layers, f"ipmi.app38.{name}")
        for name in ("rs_chan", "rs_ipmi20", "rs_auth_none", "rs_auth_md5", "rs_ipmi20_conn", "rs_ipmi15_conn")
    }
    assert set(flags.values()) == {"1"}
    assert "_ws.expert" not in json.dumps(layers)


def test_capabilities_of_an_old_card_with_pad(tmp_path: Path) -> None:
    (layers,) = dissect(tmp_path, answers(CAPABILITIES, behaviour="smdc"))
    assert field(layers, "ipmi.app38.rs_ipmi20") == "0"
    assert field(layers, "ipmi_session.trailer") == "00"
    assert field(layers, "ipmi.header.sequence") == "0x01"


def test_refusal_of_the_extended_request(tmp_path: Path) -> None:
    (layers,) = dissect(tmp_path, answers(EXTENDED_CAPABILITIES, behaviour="ipmi15"))
    assert field(layers, "ipmi.header.completion") == "0xcc"


@pytest.mark.parametrize(("corrupts", "wrong"), [(None, 0), ("checksum1", 1), ("checksum2", 1)])
def test_wireshark_checks_the_checksums(tmp_path: Path, corrupts: str | None, wrong: int) -> None:
    text = tshark(tmp_path, answers(CAPABILITIES, corrupts=corrupts), "text")
    assert text.count("incorrect") == wrong
