# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PktMon writes of a datagram: events of the provider Microsoft-Windows-PktMon, by the manifest's property order.

160 is a packet, 170 a drop, 180 and 190 the metadata that goes with them, 240 a drop that was told before, 20 a
component. One datagram appears at every component it passes. Up to the protocol it is an Ethernet frame, or an 802.11
one at a native Wi-Fi driver; where tcpip drops it, it is a bare IPv4 packet (PKTMON_PACKET_TYPE 1, 2 and 3).

Where Microsoft is silent, machines differ: metadata comes before or after its packet, and a drop belongs to the same
group as the packet or to a group of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.lab.adapters import Adapter
from tests.lab.catalogue import MODELS
from tests.lab.frames import ethernet_frame, ipv4_packet, wireless_frame
from tests.lab.languages import LANGUAGES, Language
from tests.lab.npcap import DISPLAY_NAME as NPCAP_NAME
from tests.lab.udpstack import Passage

if TYPE_CHECKING:
    from tests.lab.diagnosisspec import PktMon as PktMonSpec
    from tests.lab.machine import Machine

COMPONENT: Final = 20
PACKET: Final = 160
DROP: Final = 170
PACKET_METADATA: Final = 180
DROP_METADATA: Final = 190
DUPLICATE_DROP: Final = 240

RECEIVED: Final = 3
SENT: Final = 4
ETHERNET: Final = 1
WIFI: Final = 2
IP: Final = 3
MINIPORT: Final = 2
FILTER: Final = 3
PROTOCOL: Final = 4
SWITCH_PORT: Final = 8
SWITCH: Final = 6
IP_INTERFACE: Final = 11
UDP_RECEIVE: Final = 0xE000460A
"""Where tcpip drops UDP: PMLOC_UDP_RECEIVE and the two after it."""
NATIVE_WIFI: Final = 9
"""NdisPhysicalMediumNative802_11."""

Value = int | bytes | str


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its number, microseconds since 1970 by the machine's clock, and its properties in order."""

    id: int
    us: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the stack, with the packet type at each of its edges from below, and the text that people see."""

    number: int
    type: int
    name: str
    description: str
    edges: tuple[int, ...]


@dataclass(slots=True)
class Recorder:
    """The events of one capture."""

    machine: Machine
    packet_bytes: int
    _events: list[Event] = field(default_factory=list)
    _components: dict[int, Component] = field(default_factory=dict)
    _groups: int = 0
    _packets: int = 0

    @property
    def _spec(self) -> PktMonSpec:
        return self.machine.host.system.pktmon

    def record(self, passage: Passage, filter_number: int) -> None:
        """Write what becomes of one datagram."""
        components = component_chain(self.machine, passage)
        self._components.update({component.number: component for component in components})
        group = self._group()
        packet = ipv4_packet(passage.datagram, unfinished=passage.unfinished)
        if passage.drop is not None and not passage.received:
            self._drop(passage, group, components[-1], packet, filter_number)
            return
        path = [(one, edge, kind) for one in components[:-1] for edge, kind in enumerate(one.edges, 1)]
        in_order = path if passage.received else list(reversed(path))
        for appearance, (component, edge, kind) in enumerate(in_order, 1):
            head = _head(passage, (group, 1, appearance), (kind, component.number, edge, filter_number))
            self._write(PACKET, PACKET_METADATA, head, self._bytes(passage, packet, kind), passage.checksum)
        if passage.drop is not None:
            self._drop(passage, group, components[-1], packet, filter_number)

    def _drop(self, passage: Passage, group: int, where: Component, packet: bytes, filter_number: int) -> None:
        own = self._spec.drop_group == "own" or (self._spec.drop_group is None and self.machine.number % 2 == 0)
        group = self._group() if own else group
        head = _head(passage, (group, 1, 0), (IP, where.number, 0, filter_number), passage.drop or 0)
        checksum = 0 if self._spec.metadata == "cleared_at_drop" else passage.checksum
        self._write(DROP, DROP_METADATA, head, packet, checksum)
        if self._spec.duplicate_drops:
            self._add(DUPLICATE_DROP, (*head, *self._logged(packet)))

    def file(self, keeps_last: int | None) -> list[Event]:
        """The file after the capture: its events, the last ones if it was too small, then the components."""
        kept = self._events if keeps_last is None else self._events[-keeps_last:]
        us = self._now()
        return kept + [
            Event(COMPONENT, us, (one.number, one.type, one.name, one.description))
            for one in sorted(self._components.values(), key=lambda component: component.number)
        ]

    def _group(self) -> int:
        """Groups count on by processor, which is in the upper sixteen bits."""
        self._groups += 1
        return (1 + self.machine.number % 30) << 48 | (0x9000 + self._groups)

    def _write(self, packet_id: int, metadata_id: int, head: tuple[int, ...], data: bytes, checksum: int) -> None:
        packet: tuple[int, tuple[Value, ...]] = (packet_id, (*head, *self._logged(data)))
        metadata: tuple[int, tuple[Value, ...]] = (metadata_id, (*head, checksum, *([0] * 11)))
        pair = [packet] if self._spec.metadata == "absent" else [packet, metadata]
        for number, values in pair if self.machine.number % 2 else reversed(pair):
            self._add(number, values)

    def _logged(self, data: bytes) -> tuple[int, int, bytes]:
        limits = [limit for limit in (self.packet_bytes, self._spec.logged_bytes) if limit]
        logged = data[: min([len(data), *limits])]
        return len(data), len(logged), logged

    def _add(self, number: int, values: tuple[Value, ...]) -> None:
        self._events.append(Event(number, self._now(), values))

    def _now(self) -> int:
        return round(self.machine.clock.now.timestamp() * 1_000_000)

    def _bytes(self, passage: Passage, packet: bytes, kind: int) -> bytes:
        own, other = passage.physical.mac, passage.peer_mac
        destination, source = (own, other) if passage.received else (other, own)
        if kind == WIFI:
            return wireless_frame(packet, destination, source, received=passage.received)
        return ethernet_frame(packet, destination, source, vlan=self._spec.vlan, padded=passage.received)


def _head(
    passage: Passage, packet: tuple[int, int, int], place: tuple[int, int, int, int], reason: int = 0
) -> tuple[int, ...]:
    """The ten properties that all of these events begin with.

    ``packet`` is group, number and appearance; ``place`` packet type, component, edge and filter.
    """
    direction = RECEIVED if passage.received else SENT
    location = _signed(UDP_RECEIVE) if reason and passage.received else 0
    return (*packet, direction, *place, reason, location)


def component_chain(machine: Machine, passage: Passage) -> tuple[Component, ...]:
    """The components from the hardware up to tcpip's IP interface; every restart of an adapter numbers them anew."""
    language = LANGUAGES[machine.host.language]
    first = 3 + machine.number % 11 + 17 * sum(adapter.restarts for adapter in machine.adapters)
    parts = enumerate(_parts(machine, passage.top, passage.physical, language), first)
    return tuple(Component(number, *part) for number, part in parts)


def _parts(
    machine: Machine, top: Adapter, physical: Adapter, language: Language
) -> Iterator[tuple[int, str, str, tuple[int, ...]]]:
    wireless = physical.model.physical_medium == NATIVE_WIFI
    yield MINIPORT, physical.driver_file, physical.description, (WIFI if wireless else ETHERNET,)
    if wireless:
        yield FILTER, "nwifi.sys", language.component("Native WiFi Filter Driver"), (WIFI, ETHERNET)
    below = "WFP Native MAC Layer LightWeight Filter"
    yield FILTER, "wfplwfs.sys", language.component(below), (ETHERNET, ETHERNET)
    npcap = machine.host.system.npcap
    if npcap is not None and npcap.bound:
        yield FILTER, "npcap.sys", NPCAP_NAME, (ETHERNET, ETHERNET)
    yield FILTER, "pacer.sys", language.component("QoS Packet Scheduler"), (ETHERNET, ETHERNET)
    if top is not physical:
        if top.model is MODELS["hyperv-vnic"]:
            yield SWITCH_PORT, "vmswitch.sys", physical.name, (ETHERNET, ETHERNET)
            yield SWITCH, "vmswitch.sys", top.name, (ETHERNET,)
        else:
            yield PROTOCOL, "NdisImPlatform.sys", physical.description, (ETHERNET,)
        yield MINIPORT, top.driver_file, top.description, (ETHERNET,)
    yield PROTOCOL, "tcpip.sys", language.ipv4_protocol, (ETHERNET,)
    yield IP_INTERFACE, "tcpip.sys", top.name, (IP,)


def _signed(number: int) -> int:
    """A 32-bit number as the event log gives it out: of the manifest's type HexInt32, which is signed."""
    return number - 2**32 if number >= 2**31 else number
