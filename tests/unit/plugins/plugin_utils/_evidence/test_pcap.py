# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import struct

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import read_events
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import conversation
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.pcap import as_pcap
from tests.unit.plugins.plugin_utils._evidence.recordings import (
    BAD,
    BMC,
    IP,
    MINIPORT,
    PORT,
    REQUEST,
    TCPIP,
    Packet,
    Recording,
    question,
)


def written(recording: Recording) -> bytes | None:
    return as_pcap(conversation(read_events(recording.events), BMC, PORT, [REQUEST]))


def records(content: bytes | None) -> list[tuple[int, int, int, bytes]]:
    """Seconds, microseconds, size on the wire and bytes of each record."""
    assert content is not None
    found = []
    offset = 24
    while offset < len(content):
        seconds, micros, kept, size = struct.unpack_from("<IIII", content, offset)
        found.append((seconds, micros, size, content[offset + 16 : offset + 16 + kept]))
        offset += 16 + kept
    assert offset == len(content)
    return found


def test_each_packet_is_written_once_in_the_order_of_time() -> None:
    recording = Recording()
    recording.sent(question())
    recording.lost(Packet(), 1203, BAD)
    content = written(recording)
    assert content is not None
    assert content[:24] == struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    assert records(content) == [
        (1_764_000_000, 1000, 65, question().frame),
        (1_764_000_000, 2000, 72, Packet().frame),
    ]


def test_a_packet_that_was_cut_off_keeps_its_size() -> None:
    recording = Recording()
    recording.seen(1, Packet().frame[:60], MINIPORT, size=72)
    assert [(each[2], len(each[3])) for each in records(written(recording))] == [(72, 60)]


def test_where_a_frame_is_missing_all_are_written_without() -> None:
    recording = Recording()
    recording.sent(question())
    recording.dropped(99, Packet().data, 1203)
    content = written(recording)
    assert content is not None
    assert struct.unpack_from("<I", content, 20) == (101,)
    assert [each[3] for each in records(content)] == [question().data, Packet().data]


def test_a_frame_of_another_datagram_is_not_the_packets() -> None:
    # Whoever translates addresses keeps the number of the packet, and a checksum may come out the same.
    elsewhere = Packet(source="198.51.100.7", udp_checksum=Packet().sum)
    recording = Recording()
    recording.seen(7, Packet().data, TCPIP, IP)
    recording.seen(7, elsewhere.frame, MINIPORT)
    content = written(recording)
    assert content is not None
    assert struct.unpack_from("<I", content, 20) == (101,)
    assert [each[3] for each in records(content)] == [Packet().data]


def test_the_largest_size_has_room() -> None:
    recording = Recording()
    recording.seen(1, Packet().frame, MINIPORT, size=2**32 - 1)
    recording.seen(2, Packet(identification=9).frame, MINIPORT, size=2**32)
    assert [(each[2], len(each[3])) for each in records(written(recording))] == [(2**32 - 1, 72)]


def test_a_question_whose_sum_the_adapter_was_to_complete_is_left_out() -> None:
    recording = Recording()
    recording.sent(question(udp_checksum=0xBEEF))
    recording.received(Packet())
    assert [each[3] for each in records(written(recording))] == [Packet().frame]


def test_a_reply_that_is_really_damaged_is_kept() -> None:
    damaged = Packet(udp_checksum=0xBEEF)
    recording = Recording()
    recording.lost(damaged, 1203)
    assert [each[3] for each in records(written(recording))] == [damaged.frame]


def test_vlan_tags_and_padding_stay() -> None:
    short = Packet(payload=b"\x06\x00\xff\x87", padding=bytes(14))
    recording = Recording()
    recording.seen(1, short.frame, MINIPORT)
    recording.seen(2, Packet().tagged(0x8100), MINIPORT)
    assert [each[3] for each in records(written(recording))] == [short.frame, Packet().tagged(0x8100)]


def test_without_packets_there_is_no_file() -> None:
    assert written(Recording()) is None
    only_unfinished = Recording()
    only_unfinished.sent(question(udp_checksum=0xBEEF))
    assert written(only_unfinished) is None
