# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Packets as a file that Wireshark and every tool of libpcap open. Pure.

Format: the classic one of libpcap (pcap-savefile, version 2.4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.datagrams import Datagram, in_frame
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import Kind
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import Conversation, Packet

_MAGIC = 0xA1B2C3D4
_SNAPSHOT_BYTES = 65535
_ETHERNET = 1
_RAW_IP = 101
"""LINKTYPE_RAW: packets begin with their IP header."""


@dataclass(frozen=True, slots=True)
class _Record:
    microseconds: int
    original_size: int
    data: bytes


def as_pcap(packets: Conversation) -> bytes | None:
    """The packets of a probe in the order of time, each once and with the bytes that were recorded.

    Questions whose checksum was left to the network adapter are left out: they were recorded before it was computed,
    and any tool would call them damaged. Where a packet was recorded without its frame, all are written without.

    Returns:
        The file; None where there is nothing to write.
    """
    chosen = [*packets.replies, *(each for each in packets.requests if each.datagram.checksum.good is not False)]
    frames = [_frame(each) for each in chosen]
    if None in frames:
        link, records = _RAW_IP, [_bare(each) for each in chosen]
    else:
        link, records = _ETHERNET, [each for each in frames if each is not None]
    if not records:
        return None
    content = [struct.pack("<IHHiIII", _MAGIC, 2, 4, 0, 0, _SNAPSHOT_BYTES, link)]
    content += [_pack(each) for each in sorted(records, key=lambda each: each.microseconds)]
    return b"".join(content)


def _frame(packet: Packet) -> _Record | None:
    for each in packet.appearances:
        datagram = in_frame(each.data) if each.kind == Kind.ETHERNET else None
        # A copy on its way out may have got its checksum since, and one behind a translation other addresses.
        if datagram is not None and _marks(datagram) == _marks(packet.datagram):
            return _Record(each.microseconds, each.original_size, each.data)
    return None


def _marks(datagram: Datagram) -> tuple[object, ...]:
    return (*datagram.headers, datagram.checksum.in_datagram)


def _bare(packet: Packet) -> _Record:
    data = packet.datagram.data
    (size,) = struct.unpack_from(">H", data, 2)
    return _Record(packet.appearances[0].microseconds, size, data)


def _pack(record: _Record) -> bytes:
    data = record.data[:_SNAPSHOT_BYTES]
    seconds, microseconds = divmod(max(0, record.microseconds), 1_000_000)
    header = struct.pack("<IIII", seconds & 0xFFFFFFFF, microseconds, len(data), max(record.original_size, len(data)))
    return header + data
