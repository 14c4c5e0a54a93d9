# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our packets against parties that we did not write: python-ipmi's codec, ipmi_sim, Wireshark, measured bytes."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pyipmi.interfaces.ipmb import IpmbHeaderReq, IpmbHeaderRsp, encode_ipmb_msg
from pyipmi.interfaces.rmcp import RMCP_CLASS_ASF, RMCP_CLASS_IPMI, AsfMsg, AsfPing, AsfPong, IpmiMsg, RmcpMsg
from pyipmi.msgs import create_request_by_name, create_response_by_name, decode_message, encode_message

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    Capabilities,
    CapabilitiesRequest,
    CapabilitiesResponse,
    PresencePing,
    PresencePong,
    checksum,
    unpack,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import Fault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult, ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target, Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.sockets import SocketExchange

SEQUENCES: Final = range(64)
TAGS: Final = range(255)

LAN_CONF: Final = """\
name "bmc20"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  user 1 true  ""        ""     user  10
  user 2 true  "ipmiusr" "test" admin 10
"""
SIM_EMU: Final = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""
_START_SECONDS: Final = 30.0


# python-ipmi ---------------------------------------------------------------------------------------------------------


def reference_request(sequence: int, *, extended: bool) -> bytes:
    """The request as python-ipmi packs it."""
    message = create_request_by_name("GetChannelAuthenticationCapabilities")
    message.channel.number = 0x0E
    message.channel.type = int(extended)
    message.privilege_level.requested = 4
    header = IpmbHeaderReq()
    header.rs_sa, header.rs_lun, header.netfn = 0x20, 0, message.netfn
    header.rq_sa, header.rq_lun, header.rq_seq, header.cmdid = 0x81, 0, sequence, message.cmdid
    return RmcpMsg(RMCP_CLASS_IPMI).pack(IpmiMsg().pack(encode_ipmb_msg(header, encode_message(message))), 0xFF)


def reference_response(sequence: int, code: int, types: int, status: int, extended: int) -> bytes:
    """The response as python-ipmi packs it."""
    message = create_response_by_name("GetChannelAuthenticationCapabilities")
    decode_message(message, bytes((code, 1, types, status, extended, 0, 0, 0, 0)))
    header = IpmbHeaderRsp()
    header.rq_sa, header.rq_lun, header.netfn = 0x81, 0, message.netfn
    header.rs_sa, header.rs_lun, header.rq_seq, header.cmdid = 0x20, 0, sequence, message.cmdid
    data = encode_message(message)
    return RmcpMsg(RMCP_CLASS_IPMI).pack(IpmiMsg().pack(encode_ipmb_msg(header, data)), 0xFF)


@pytest.mark.parametrize("extended", [True, False])
def test_requests_are_the_bytes_of_python_ipmi(extended: bool) -> None:
    for sequence in SEQUENCES:
        ours = CapabilitiesRequest(sequence, extended).pack()
        assert ours == reference_request(sequence, extended=extended)
        assert unpack(ours) == CapabilitiesRequest(sequence, extended)


@pytest.mark.parametrize("types", [0x00, 0x01, 0x17, 0x97])
@pytest.mark.parametrize("status", [0x00, 0x05, 0x3F])
@pytest.mark.parametrize("extended", [0x00, 0x02, 0x03])
def test_responses_are_the_bytes_of_python_ipmi(types: int, status: int, extended: int) -> None:
    for sequence in SEQUENCES:
        theirs = reference_response(sequence, 0, types, status, extended)
        message = CapabilitiesResponse(sequence, 0, Capabilities(1, types, status, extended))
        assert message.pack() == theirs
        assert unpack(theirs) == message


def test_python_ipmi_reads_what_a_response_means() -> None:
    datagram = CapabilitiesResponse(5, 0, Capabilities(1, 0x97, 0x05, 0x03)).pack()
    message = create_response_by_name("GetChannelAuthenticationCapabilities")
    rmcp = RmcpMsg()
    sdu = IpmiMsg().unpack(rmcp.unpack(datagram))
    assert rmcp.class_of_msg == RMCP_CLASS_IPMI
    assert sdu is not None
    decode_message(message, sdu[6:-1])
    assert (message.channel_number, message.support.ipmi_2_0, message.support.md5) == (1, 1, 1)
    versions = [getattr(message.extended_capabilities, name) for name in ("1_5", "2_0")]
    assert versions == [1, 1]


def test_pings_are_the_bytes_of_python_ipmi() -> None:
    for tag in TAGS:
        ping = AsfPing()
        ping.tag = tag
        assert PresencePing(tag).pack() == RmcpMsg(RMCP_CLASS_ASF).pack(ping.pack(), 0xFF)


@pytest.mark.parametrize("entities", [0x81, 0x01, 0x80])
@pytest.mark.parametrize("interactions", [0x00, 0x80, 0x20])
def test_pongs_are_the_bytes_of_python_ipmi(entities: int, interactions: int) -> None:
    for tag in TAGS:
        pong = AsfPong()
        pong.tag, pong.supported_entities, pong.supported_interactions = tag, entities, interactions
        theirs = RmcpMsg(RMCP_CLASS_ASF).pack(pong.pack(), 0xFF)
        assert PresencePong(tag, entities, interactions).pack() == theirs
        assert unpack(theirs) == PresencePong(tag, entities, interactions)


def test_python_ipmi_reads_our_ping() -> None:
    message = AsfMsg.from_data(RmcpMsg().unpack(PresencePing(0x42).pack()))
    assert isinstance(message, AsfPing)
    assert message.tag == 0x42


# ipmi_sim ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Simulator:
    """An ipmi_sim that listens on loopback."""

    port: int

    def send(self, datagram: bytes, *, wait_seconds: float = 5.0) -> bytes | None:
        """What it answers; None for silence."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(wait_seconds)
            client.sendto(datagram, ("127.0.0.1", self.port))
            try:
                return client.recv(2048)
            except TimeoutError:
                return None

    def silent_about(self, datagram: bytes) -> bool:
        """Whether it says nothing to *datagram*, as told by its answer to a ping that is sent right after it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5.0)
            client.sendto(datagram, ("127.0.0.1", self.port))
            client.sendto(PresencePing(0x77).pack(), ("127.0.0.1", self.port))
            return unpack(client.recv(2048)) == PresencePong(0x77)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """ipmi_sim of Debian's openipmi, on a free high port."""
    place = tmp_path_factory.mktemp("ipmi_sim")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        simulator = Simulator(free.getsockname()[1])
    (place / "lan.conf").write_text(LAN_CONF.format(port=simulator.port), encoding="ascii")
    (place / "sim.emu").write_text(SIM_EMU, encoding="ascii")
    (place / "state").mkdir()
    command = ["ipmi_sim", "-n", "-c", "lan.conf", "-f", "sim.emu", "-s", "state"]
    with (place / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=place, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while simulator.send(PresencePing(1).pack(), wait_seconds=0.1) is None:
            assert process.poll() is None, (place / "output.txt").read_text()
            assert time.monotonic() < deadline, (place / "output.txt").read_text()
        yield simulator
    finally:
        process.terminate()
        process.wait(20)


def probe(port: int, **changes: Any) -> ProbeResult:
    timing = Timing(**{"attempts": 3, "interval_ms": 100, "wait_ms": 2000, **changes})
    target = Target("127.0.0.1", port, sacrifice=False)
    results, warnings = ask(
        [target],
        BmcProtocol(),
        SocketExchange(),
        timing,
        turn=Turn(),
        source=None,
        random=random.Random(1),
        now=time.time,
    )
    assert warnings == []
    return results[0]


def test_ipmi_sim_answers_every_question_of_a_probe(simulator: Simulator) -> None:
    result = probe(simulator.port)
    assert result.outcome is Outcome.ANSWERED
    assert result.attempt_outcomes == (Outcome.ANSWERED,) * 3
    assert result.told == ("1.5", "2.0")
    assert len(result.replies) == 6
    assert result.round_trip_ms is not None


@pytest.mark.parametrize("sequence", [0, 1, 31, 63])
def test_ipmi_sim_returns_the_sequence_number(simulator: Simulator, sequence: int) -> None:
    answer = simulator.send(CapabilitiesRequest(sequence, extended=True).pack())
    assert answer is not None
    assert unpack(answer) == CapabilitiesResponse(sequence, 0, Capabilities(1, 0x97, 0x05, 0x03))
    plain = simulator.send(CapabilitiesRequest(sequence, extended=False).pack())
    assert plain is not None
    assert unpack(plain) == CapabilitiesResponse(sequence, 0, Capabilities(1, 0x17, 0x05, 0x00))


@pytest.mark.parametrize("tag", [0, 1, 254])
def test_ipmi_sim_returns_the_tag(simulator: Simulator, tag: int) -> None:
    answer = simulator.send(PresencePing(tag).pack())
    assert answer is not None
    assert unpack(answer) == PresencePong(tag, 0x81, 0x00)


def other_channel(channel: int) -> bytes:
    datagram = bytearray(CapabilitiesRequest(0, extended=True).pack())
    datagram[20] = channel
    datagram[22] = checksum(bytes(datagram[17:22]))
    return bytes(datagram)


def test_an_error_code_of_ipmi_sim_is_understood(simulator: Simulator) -> None:
    answer = simulator.send(other_channel(0x05))
    assert answer is not None
    assert unpack(answer) == CapabilitiesResponse(0, 0xCC, None)


@pytest.mark.parametrize("offset", [0, 3, 16, 22])
def test_ipmi_sim_is_as_strict_as_we_are(simulator: Simulator, offset: int) -> None:
    datagram = bytearray(CapabilitiesRequest(0, extended=True).pack())
    datagram[offset] ^= 0x0F
    assert simulator.silent_about(bytes(datagram))
    assert not isinstance(unpack(bytes(datagram)), CapabilitiesRequest)


def test_ipmi_sim_accepts_the_legacy_pad(simulator: Simulator) -> None:
    answer = simulator.send(CapabilitiesRequest(9, extended=True).pack() + b"\0")
    assert answer is not None
    assert isinstance(unpack(answer), CapabilitiesResponse)


def test_a_stopped_bmc_is_an_unreachable_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert probe(port, wait_ms=500).outcome.value == Fault.PORT_UNREACHABLE.value


# Wireshark -----------------------------------------------------------------------------------------------------------


def tshark(directory: Path, datagrams: list[bytes], form: str) -> str:
    """What tshark prints for datagrams to port 623, IPMI messages taken apart."""
    dump, capture = directory / "dump.txt", directory / "dump.pcap"
    dump.write_text("".join(f"0000 {datagram.hex(' ')}\n" for datagram in datagrams), encoding="ascii")
    subprocess.run(["text2pcap", "-q", "-u", "50000,623", str(dump), str(capture)], check=True, capture_output=True)
    command = ["tshark", "-r", str(capture), "-V", "-T", form, "-o", "ipmi.dissect_bus_commands:TRUE"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def dissect(directory: Path, datagrams: list[bytes]) -> list[str]:
    """The fields of each datagram, as text that can be searched."""
    packets = json.loads(tshark(directory, datagrams, "json"))
    assert len(packets) == len(datagrams)
    return [json.dumps(packet["_source"]["layers"]) for packet in packets]


def fields(layers: str, protocol: str) -> dict[str, str]:
    """Field names and values of a protocol, in the order of the dissection, last one wins."""
    return dict(re.findall(rf'"({re.escape(protocol)}\.[a-z0-9_.]+)": "([^"]*)"', layers))


def test_wireshark_reads_our_requests(tmp_path: Path) -> None:
    messages = [CapabilitiesRequest(sequence, sequence % 2 == 0) for sequence in SEQUENCES]
    for message, layers in zip(messages, dissect(tmp_path, [each.pack() for each in messages]), strict=True):
        assert "_ws.malformed" not in layers
        assert "_ws.expert" not in layers
        assert {name: int(value, 0) for name, value in fields(layers, "rmcp").items()} == {
            "rmcp.version": 6,
            "rmcp.reserved": 0,
            "rmcp.sequence": 0xFF,
            "rmcp.class": 7,
            "rmcp.type": 0,
        }
        session = fields(layers, "ipmi_session")
        assert session["ipmi_session.authtype"] == "0x00"
        assert int(session["ipmi_session.id"], 16) == int(session["ipmi_session.sequence"], 16) == 0
        assert session["ipmi_session.msg.len"] == "9"
        header = fields(layers, "ipmi.header")
        assert header["ipmi.header.target"] == "0x20"
        assert header["ipmi.header.netfn"] == "0x06"
        assert header["ipmi.header.source"] == "0x81"
        assert int(header["ipmi.header.sequence"], 16) == message.sequence
        assert header["ipmi.header.command"] == "0x38"
        command = fields(layers, "ipmi.app38")
        assert int(command["ipmi.app38.rq_chan"], 0) == 0x0E
        assert int(command["ipmi.app38.rq_ipmi20"]) == message.extended
        assert int(command["ipmi.app38.rq_priv"], 0) == 4


def test_wireshark_reads_our_pings(tmp_path: Path) -> None:
    for tag, layers in zip(TAGS, dissect(tmp_path, [PresencePing(tag).pack() for tag in TAGS]), strict=True):
        assert "_ws.malformed" not in layers
        asf = fields(layers, "asf")
        assert (asf["asf.iana"], asf["asf.type"], asf["asf.len"]) == ("4542", "0x80", "0")
        assert int(asf["asf.tag"], 16) == tag


def test_wireshark_and_we_read_the_answers_of_ipmi_sim_alike(simulator: Simulator, tmp_path: Path) -> None:
    datagrams = [bytes.fromhex(each) for each in probe(simulator.port).replies]
    assert len(datagrams) == 6
    for datagram, layers in zip(datagrams, dissect(tmp_path, datagrams), strict=True):
        assert "_ws.malformed" not in layers
        message = unpack(datagram)
        if isinstance(message, PresencePong):
            assert int(fields(layers, "asf")["asf.tag"], 16) == message.tag
            continue
        assert isinstance(message, CapabilitiesResponse)
        assert message.capabilities is not None
        header = fields(layers, "ipmi.header")
        assert int(header["ipmi.header.sequence"], 16) == message.sequence
        assert int(header["ipmi.header.completion"], 16) == message.completion_code
        flags = fields(layers, "ipmi.app38")
        assert flags["ipmi.app38.rs_ipmi20"] == str(int("2.0" in message.capabilities.ipmi_versions))


@pytest.mark.parametrize(("offset", "wrong"), [(None, 0), (16, 1), (22, 1)])
def test_wireshark_agrees_on_the_checksums(tmp_path: Path, offset: int | None, wrong: int) -> None:
    datagram = bytearray(CapabilitiesRequest(3, extended=True).pack())
    if offset is not None:
        datagram[offset] ^= 0xFF
    assert tshark(tmp_path, [bytes(datagram)], "text").count("incorrect") == wrong


def test_wireshark_would_tell_a_malformed_datagram(tmp_path: Path) -> None:
    whole = CapabilitiesResponse(1, 0, Capabilities(1, 0x97, 5, 3)).pack()
    (layers,) = dissect(tmp_path, [whole[:-4]])
    assert "_ws.malformed" in layers


# Measured bytes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        # ipmitool 1.8.19 -I lanplus and -I lan, and what ipmi_sim 2.0.33 sent back.
        ("0600ff07000000000000000000092018c88100388e04b5", CapabilitiesRequest(0, extended=True)),
        ("0600ff07000000000000000000092018c88104380e0431", CapabilitiesRequest(1, extended=False)),
        (
            "0600ff0700000000000000000010811c6320003800019705030000000008",
            CapabilitiesResponse(0, 0, Capabilities(1, 0x97, 0x05, 0x03)),
        ),
        (
            "0600ff0700000000000000000010811c6320043800011705000000000087",
            CapabilitiesResponse(1, 0, Capabilities(1, 0x17, 0x05, 0x00)),
        ),
        ("0600ff0700000000000000000008811c63200038ccdc", CapabilitiesResponse(0, 0xCC, None)),
        ("0600ff06000011be40000010000011be000000008100000000000000", PresencePong(0)),
    ],
)
def test_measured_bytes(measured: str, message: CapabilitiesRequest | CapabilitiesResponse | PresencePong) -> None:
    assert message.pack().hex() == measured
    assert unpack(bytes.fromhex(measured)) == message
