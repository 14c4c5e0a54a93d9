# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The adapters of one machine: identity, place in the interface stack, and what the driver does now.

What is configured lives in the registry (``classkeys.py``); an adapter only holds the active state, which follows the
registry when the adapter restarts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface
from typing import Literal

from tests.lab.catalogue import (
    GROUPED_IPV4,
    GROUPED_KEYWORD,
    HIDDEN_MODELS,
    MODELS,
    UDP_IPV4,
    UDP_KEYWORD,
    Keyword,
    KeywordForm,
    Model,
    ReceiveFault,
)
from tests.lab.fleet import HostSpec
from tests.lab.languages import LANGUAGES
from tests.lab.schema import Adapter as AdapterSpec
from tests.lab.schema import Address as AddressSpec
from tests.lab.schema import Offloads, Route

BITS = {"disabled": 0, "tx": 1, "rx": 2, "rx_tx": 3}
RECEIVE_BIT = 2
WAN_MINIPORTS = ("wan-sstp", "wan-ikev2", "wan-l2tp", "wan-pppoe", "wan-ip")
LIGHTWEIGHT_FILTERS = ("WFP Native MAC Layer LightWeight Filter", "QoS Packet Scheduler")
_GUIDS = uuid.UUID("6f0b7a5e-3d0c-4d0b-9a53-9d2f0c1b7e11")

PowerState = Literal["started", "disabled", "changing"]


@dataclass(slots=True)
class Adapter:
    """One adapter, shown or hidden, with its active state.

    ``index`` is the interface index, ``class_index`` the NNNN of its class key and Win32_NetworkAdapter.Index.
    ``lower`` and ``higher`` are interface indices. ``active`` are the bits the driver really uses for UDP over IPv4,
    ``reported`` those it reports (None: it can't tell). ``interfaces`` are its addresses now, ``further`` says of each
    of them but the first what it is like, and of those that are there and can't be used. ``without_link`` is what a bad
    restart may leave behind. ``blocked``: the switch port does not forward yet.
    """

    spec: AdapterSpec | None
    model: Model
    name: str
    description: str
    guid: str
    mac: str
    index: int
    class_index: int
    hidden: bool = False
    keywords: tuple[Keyword, ...] = ()
    interfaces: tuple[IPv4Interface, ...] = ()
    further: dict[IPv4Interface, AddressSpec] = field(default_factory=dict)
    gateway: str | None = None
    routes: tuple[Route, ...] = ()
    lower: list[int] = field(default_factory=list)
    higher: list[int] = field(default_factory=list)
    state: PowerState = "started"
    active: int | None = None
    reported: int | None = None
    restarts: int = 0
    starts: int = 0
    without_link: bool = False
    blocked: bool = False
    offloads: Offloads | None = None

    @property
    def connected(self) -> bool:
        """Whether the device runs and has a link."""
        plugged = self.spec is None or self.spec.state != "disconnected"
        return self.state == "started" and plugged and not self.without_link

    @property
    def forwards(self) -> bool:
        """Whether frames get through: it has a link, and the switch port has finished listening and learning."""
        return self.connected and not self.blocked

    @property
    def sources(self) -> list[IPv4Address]:
        """The addresses that Windows sends from by itself: those that are preferred and not to be skipped."""
        unlike = {one for one, spec in self.further.items() if spec.skip_as_source or spec.state != "preferred"}
        return [one.ip for one in self.interfaces if one not in unlike]

    def place_of(self, address: IPv4Address) -> Literal["first", "additional"]:
        """Whether one of its addresses is the first one."""
        return "first" if self.interfaces and self.interfaces[0].ip == address else "additional"

    @property
    def physical(self) -> bool:
        """Whether it is hardware."""
        return not self.model.virtual

    @property
    def keyword(self) -> Keyword | None:
        """The keyword that decides UDP receive offload: the granular one before the grouped one."""
        by_name = {keyword.name: keyword for keyword in self.keywords}
        return by_name.get(UDP_IPV4) or by_name.get(GROUPED_IPV4)

    @property
    def receive_fault(self) -> ReceiveFault:
        """Whether this hardware loses what it should receive now: never, with receive offload, or always."""
        if self.spec is None:
            return self.model.receive_fault
        broken_from = self.spec.restart.loses_replies_from
        if broken_from is not None and self.restarts >= broken_from:
            return "always"
        if self.spec.receive_fault == "until_restart":
            return "none" if self.starts else "offload"
        return self.spec.receive_fault or self.model.receive_fault

    @property
    def driver_file(self) -> str:
        """File name of the driver."""
        return (self.spec.driver.file if self.spec else None) or self.model.file

    @property
    def driver_version(self) -> str:
        """Version of the driver."""
        return (self.spec.driver.version if self.spec else None) or self.model.version

    @property
    def driver_date(self) -> str:
        """Date of the driver, YYYY-MM-DD."""
        return (self.spec.driver.date if self.spec else None) or self.model.date

    @property
    def driver_provider(self) -> str:
        """Who the driver says it is from."""
        return (self.spec.driver.provider if self.spec else None) or self.model.provider

    @property
    def subsystem(self) -> str:
        """PCI subsystem and subsystem vendor, eight hexadecimal digits."""
        return (self.spec.subsystem if self.spec else None) or self.model.subsystem

    @property
    def location(self) -> tuple[int, int, int]:
        """PCI bus, device and function."""
        return self.class_index + 2, 0, 0

    @property
    def pnp_device_id(self) -> str:
        """The device instance path."""
        if self.model.vendor is None:
            root = self.model.component_id if "\\" in self.model.component_id else f"ROOT\\{self.model.component_id}"
            return f"{root}\\{self.class_index:04d}".upper()
        serial = f"{self.mac[:6]}FFFF{self.mac[6:]}-00"
        hardware = f"VEN_{self.model.vendor}&DEV_{self.model.device}&SUBSYS_{self.subsystem}&REV_{self.model.revision}"
        return f"PCI\\{hardware}\\{serial}"


def build_adapters(host: HostSpec) -> list[Adapter]:
    """All adapters of a host: those of its kind, and the hidden ones every Windows has."""
    numbers = _Numbers(host)
    shown = [_shown(host, spec, place, numbers) for place, spec in enumerate(host.kind.adapters)]
    hidden = [_hidden(host, "kernel-debug", "", numbers)]
    hidden += [_hidden(host, miniport, "", numbers) for miniport in WAN_MINIPORTS]
    by_name = {adapter.name: adapter for adapter in shown}
    for adapter in shown:
        below = adapter.spec.above if adapter.spec is not None else ()
        hidden += _stack(host, adapter, [by_name[name] for name in below], numbers)
    return _in_windows_order(shown, hidden)


def adapter_below(adapters: Iterable[Adapter], top: Adapter) -> list[Adapter]:
    """The physical adapters that carry an adapter's traffic: itself, or what lies below it in the interface stack."""
    by_index = {adapter.index: adapter for adapter in adapters}
    found: list[Adapter] = []
    waiting, seen = [top], set[int]()
    while waiting:
        adapter = waiting.pop(0)
        if adapter.index in seen:
            continue
        seen.add(adapter.index)
        if adapter.physical:
            found.append(adapter)
        waiting += [by_index[index] for index in adapter.lower if index in by_index]
    return found


def gateway_address(network: int) -> str:
    """The gateway of a simulated network."""
    return f"127.{network}.255.254"


def host_guid(host: HostSpec, what: str) -> str:
    """A GUID in braces that is the same in every run."""
    return f"{{{uuid.uuid5(_GUIDS, f'{host.address}/{what}')}}}".upper()


@dataclass(slots=True)
class _Numbers:
    """Hands out interface and class indices, which differ from each other and from host to host, as on Windows."""

    host: HostSpec
    interface: int = 0
    class_key: int = 0

    def __post_init__(self) -> None:
        self.interface = 3 + self.host.number % 7
        self.class_key = self.host.number % 3

    def next_interface(self) -> int:
        self.interface += 3 if self.interface % 2 else 1
        return self.interface

    def next_class_key(self) -> int:
        self.class_key += 1
        return self.class_key


def keywords_of(model: Model, spec: AdapterSpec) -> tuple[Keyword, ...]:
    """The keywords of an adapter: those of its model, with the UDP or grouped one in the form and values it has."""
    form: KeywordForm = spec.keyword or model.keyword
    own: list[Keyword] = []
    if form in ("granular", "both"):
        own.append(_narrowed(UDP_KEYWORD, spec))
    if form in ("grouped", "both"):
        own.append(_narrowed(GROUPED_KEYWORD, spec))
    others = model.keywords
    if form == "grouped":
        others = tuple(keyword for keyword in others if "ChecksumOffloadIPv4" not in keyword.name)
    return tuple(sorted((*others, *own), key=lambda keyword: keyword.name.casefold()))


def _narrowed(keyword: Keyword, spec: AdapterSpec) -> Keyword:
    if spec.allowed is None:
        return keyword
    allowed = {str(BITS[word]) for word in spec.allowed}
    values = tuple((value, text) for value, text in keyword.values if value in allowed)
    return Keyword(keyword.name, keyword.display_name, keyword.default, values)


def initial_bits(keyword: Keyword | None, spec: AdapterSpec) -> int | None:
    """The bits that are active from the start: given, configured, or the driver's default."""
    if keyword is None:
        return None
    if spec.active is not None:
        return BITS[spec.active]
    if spec.configured is None or spec.configured == "absent":
        return int(keyword.default)
    return BITS[spec.configured]


def _shown(host: HostSpec, spec: AdapterSpec, place: int, numbers: _Numbers) -> Adapter:
    model = MODELS[spec.model]
    twins = [other for other in host.kind.adapters[:place] if other.model == spec.model]
    interfaces: tuple[IPv4Interface, ...] = ()
    further: dict[IPv4Interface, AddressSpec] = {}
    gateway = None
    if spec.network is not None:
        named = [IPv4Interface(f"{address}/{spec.prefix}") for address in host.further.get(spec.network, ())]
        further = dict(zip(named, spec.more_addresses, strict=True))
        working = (one for one, like in further.items() if like.state in ("preferred", "deprecated"))
        interfaces = (IPv4Interface(f"{host.network_address(spec.network)}/{spec.prefix}"), *working)
        gateway = gateway_address(spec.network)
    adapter = Adapter(
        spec=spec,
        model=model,
        name=host.kind.adapter_names[place],
        description=model.description + (f" #{len(twins) + 1}" if twins else ""),
        guid=host_guid(host, f"adapter {place}"),
        mac=_mac(host, spec, place),
        index=numbers.next_interface(),
        class_index=numbers.next_class_key(),
        keywords=keywords_of(model, spec),
        interfaces=interfaces,
        further=further,
        gateway=gateway if spec.gateway else None,
        routes=spec.routes,
        state="disabled" if spec.state == "disabled" else "started",
        offloads=spec.offloads if not model.virtual else None,
    )
    adapter.active = initial_bits(adapter.keyword, spec)
    adapter.reported = None if spec.active_report in ("unknown", "missing") else adapter.active
    return adapter


def _mac(host: HostSpec, spec: AdapterSpec, place: int) -> str:
    """A MAC address; a virtual switch's adapter takes that of the adapter below, as Hyper-V does for the first one."""
    if spec.above:
        below = host.kind.adapter_names.index(spec.above[0])
        return _mac(host, host.kind.adapters[below], below)
    return f"{MODELS[spec.model].oui}{host.number:04X}{place * 4:02X}"


def _hidden(host: HostSpec, model_name: str, suffix: str, numbers: _Numbers) -> Adapter:
    model = HIDDEN_MODELS[model_name]
    description = model.description + suffix
    name = {"kernel-debug": "Ethernet (Kernel Debugger)", "switch-extension": f"vSwitch{suffix}"}.get(model_name)
    return Adapter(
        spec=None,
        model=model,
        name=name or f"{LANGUAGES[host.language].ethernet}* {numbers.interface}",
        description=description,
        guid=host_guid(host, f"hidden {model_name} {suffix}"),
        mac="",
        index=numbers.next_interface(),
        class_index=numbers.next_class_key(),
        hidden=True,
    )


def _stack(host: HostSpec, adapter: Adapter, below: list[Adapter], numbers: _Numbers) -> list[Adapter]:
    """Put an adapter into the interface stack: filters above hardware, and whatever a virtual one lies on."""
    added: list[Adapter] = []
    if adapter.physical:
        for text in LIGHTWEIGHT_FILTERS:
            layer = _hidden(host, "filter", f" {adapter.index} {text}", numbers)
            layer.name = f"{adapter.name}-{text}-0000"
            layer.description = f"{adapter.description}-{text}-0000"
            layer.mac = adapter.mac
            _link(layer, adapter)
            added.append(layer)
    if below and adapter.model is MODELS["hyperv-vnic"]:
        extension = _hidden(host, "switch-extension", f" ({adapter.name})", numbers)
        added.append(extension)
        _link(adapter, extension)
        for lower in below:
            _link(extension, lower)
    else:
        for lower in below:
            _link(adapter, lower)
    return added


def _link(upper: Adapter, lower: Adapter) -> None:
    upper.lower.append(lower.index)
    lower.higher.append(upper.index)


def _in_windows_order(shown: list[Adapter], hidden: list[Adapter]) -> list[Adapter]:
    """By class key: hidden and shown ones mixed, and not sorted by name."""
    return sorted((*shown, *hidden), key=lambda adapter: (adapter.class_index * 7) % 11)
