# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import (
    Kind,
    Verdict,
    read_events,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import (
    Conversation,
    assemble,
    conversation,
    datagram_of,
)
from tests.unit.plugins.plugin_utils._evidence.recordings import (
    BAD,
    BMC,
    FILTER,
    IP,
    LOCAL_PORT,
    MINIPORT,
    PORT,
    REPLY,
    REQUEST,
    TCPIP,
    WIFI,
    Packet,
    Recording,
    question,
)


def found(recording: Recording, *asked: bytes) -> Conversation:
    return conversation(read_events(recording.events), BMC, PORT, asked or (REQUEST,))


def test_appearances_of_one_packet_are_one_packet() -> None:
    recording = Recording()
    recording.lost(Packet(), 1203, BAD)
    (packet,) = assemble(read_events(recording.events))
    assert [each.component for each in packet.appearances] == [MINIPORT, FILTER, TCPIP]
    assert [each.component for each in packet.drops] == [TCPIP]
    assert packet.reasons == (1203,)
    assert packet.verdict == Verdict.UDP_FAILED | Verdict.IP_SUCCEEDED
    assert packet.datagram.data == Packet().data


def test_a_copy_with_a_group_of_its_own_is_the_same_packet() -> None:
    recording = Recording()
    recording.received(Packet(), BAD)
    recording.dropped(77, Packet().data, 1203)
    (packet,) = assemble(read_events(recording.events))
    assert packet.reasons == (1203,)
    assert packet.verdict is not None
    assert Verdict.UDP_FAILED in packet.verdict


@pytest.mark.parametrize(
    "other", [Packet(identification=0x1235), Packet(payload=REPLY[:-1] + b"\x09"), Packet(destination_port=50124)]
)
def test_packets_that_differ_are_two(other: Packet) -> None:
    recording = Recording()
    recording.received(Packet())
    recording.received(other)
    assert len(assemble(read_events(recording.events))) == 2


def test_a_part_of_the_stack_that_records_no_header_is_known_by_the_group() -> None:
    recording = Recording()
    group = recording.received(Packet(), BAD)
    recording.dropped(group, REPLY, 1204, kind=6)
    (packet,) = assemble(read_events(recording.events))
    assert packet.reasons == (1204,)
    assert packet.datagram.payload == REPLY


def test_bytes_without_a_datagram_are_no_packet() -> None:
    recording = Recording()
    recording.seen(1, b"\xff" * 60, MINIPORT)
    recording.said(1, MINIPORT, BAD)
    assert assemble(read_events(recording.events)) == []


def test_several_drops_of_copies_are_all_named_once() -> None:
    recording = Recording()
    group = recording.received(Packet(), BAD)
    recording.dropped(group, Packet().data, 34, component=20)
    recording.dropped(group, Packet().data, 34, component=21)
    recording.dropped(group, Packet().data, 1203)
    (packet,) = assemble(read_events(recording.events))
    assert packet.reasons == (34, 1203)
    assert len(packet.drops) == 3


def test_what_the_driver_said_on_the_way_holds_though_it_was_cleared_later() -> None:
    recording = Recording()
    group = recording.received(Packet(), BAD)
    recording.dropped(group, Packet().data, 1203)
    recording.said(group, TCPIP, 0, drop=True)
    (packet,) = assemble(read_events(recording.events))
    assert packet.verdict == Verdict.UDP_FAILED | Verdict.IP_SUCCEEDED


def test_what_was_never_said_is_not_nothing_said() -> None:
    recording = Recording()
    recording.lost(Packet(), 1203, None)
    assert assemble(read_events(recording.events))[0].verdict is None


def test_of_a_packet_cut_off_at_one_component_the_whole_recording_counts() -> None:
    recording = Recording()
    recording.seen(5, Packet().frame[:60], MINIPORT, size=72)
    recording.dropped(5, Packet().data, 1203)
    (packet,) = assemble(read_events(recording.events))
    assert packet.datagram.checksum.good is True


def test_the_bytes_at_the_drop_count_before_those_at_the_adapter() -> None:
    damaged = Packet(udp_checksum=Packet().sum ^ 1)
    recording = Recording()
    group = recording.received(Packet(), BAD)
    recording.dropped(group, damaged.data, 1203)
    (packet,) = assemble(read_events(recording.events))
    assert packet.datagram.checksum.good is False


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.ETHERNET, Packet().frame),
        (Kind.IP, Packet().data),
        (Kind.UNKNOWN, Packet().frame),
        (Kind.UNKNOWN, Packet().data),
        (Kind.ETHERNET, Packet().data),
        (Kind.IP, Packet().frame),
        (77, Packet().data),
    ],
)
def test_bytes_are_read_whatever_they_are_called(kind: int, data: bytes) -> None:
    recording = Recording()
    recording.seen(1, data, MINIPORT, kind)
    datagram = datagram_of(read_events(recording.events).appearances[0])
    assert datagram is not None
    assert datagram.payload == REPLY


def test_a_guess_needs_a_good_header() -> None:
    data = bytearray(Packet().data)
    data[8] ^= 1
    recording = Recording()
    recording.seen(1, bytes(data), MINIPORT, Kind.UNKNOWN)
    recording.seen(2, bytes(data), MINIPORT, Kind.IP)
    guessed, told = (datagram_of(each) for each in read_events(recording.events).appearances)
    assert guessed is None
    assert told is not None


def test_frames_of_a_radio_are_not_guessed_at() -> None:
    recording = Recording()
    recording.seen(1, Packet().frame, MINIPORT, WIFI)
    assert datagram_of(read_events(recording.events).appearances[0]) is None


def test_a_conversation_has_the_questions_and_the_replies_to_them() -> None:
    recording = Recording()
    recording.sent(question())
    recording.lost(Packet(), 1203)
    packets = found(recording)
    assert [each.datagram.payload for each in packets.requests] == [REQUEST]
    assert [each.datagram.payload for each in packets.replies] == [REPLY]


def test_what_another_program_asks_the_same_bmc_is_not_the_probes() -> None:
    recording = Recording()
    recording.sent(question())
    recording.sent(question(payload=b"something else", source_port=50999))
    recording.lost(Packet(destination_port=50999), 1207)
    recording.received(Packet())
    packets = found(recording)
    assert len(packets.requests) == 1
    assert [each.datagram.destination_port for each in packets.replies] == [LOCAL_PORT]


def test_other_hosts_and_ports_are_not_the_bmc() -> None:
    recording = Recording()
    recording.sent(question())
    recording.sent(question(1, destination="192.0.2.99"))
    recording.sent(question(2, destination_port=664))
    recording.received(Packet(source="192.0.2.99"))
    recording.received(Packet(source_port=664))
    packets = found(recording)
    assert (len(packets.requests), packets.replies) == (1, ())


def test_questions_that_were_cut_off_are_still_ours() -> None:
    recording = Recording()
    recording.seen(1, question().data[:40], MINIPORT, IP)
    assert len(found(recording).requests) == 1


def test_a_question_without_content_is_nobodys() -> None:
    recording = Recording()
    recording.sent(question(payload=b""))
    assert found(recording).requests == ()


def test_without_any_question_every_reply_counts() -> None:
    recording = Recording()
    recording.lost(Packet(), 1203)
    assert len(found(recording).replies) == 1
