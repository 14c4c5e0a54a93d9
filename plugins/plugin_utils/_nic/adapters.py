# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Network adapters as typed objects, read from CIM instances.

Class and property names: MSFT_NetAdapter, MSFT_NetAdapterHardwareInfoSettingData and MSFT_NetIPAddress, Win32
documentation of the NetAdapter and TCP/IP providers. Nothing here is matched by display text, which Windows
translates.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import PciId
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

NAMESPACE: Final = "root/standardcimv2"
"""Namespace of every MSFT_Net class."""

_GUID: Final = re.compile(r"\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_PCI_DEVICE: Final = re.compile(
    r"PCI\\VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})(?:&SUBSYS_([0-9A-F]{8}))?(?:&REV_([0-9A-F]{2}))?(?![0-9A-F])",
    re.IGNORECASE | re.ASCII,
)
_MOST_ADAPTERS: Final = 1000
_MOST_LAYERS: Final = 64
"""Both are far above any real machine, and low enough that comparing all with all takes no time."""
_OPERATIONAL_UP: Final = 1
_STATE_STARTED: Final = 2


@dataclass(frozen=True, slots=True)
class Pci:
    """Place and identity of a PCI function. ``location`` is ``domain:bus:device.function`` in hexadecimal."""

    id: PciId
    revision: str | None
    location: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """The ``pci`` of an adapter's facts."""
        return {
            "vendor": self.id.vendor,
            "device": self.id.device,
            "subsystem": self.id.subsystem,
            "revision": self.revision,
            "location": self.location,
        }


@dataclass(frozen=True, slots=True)
class Driver:
    """The driver of an adapter. ``file`` is its name in lower case, without folder; ``date`` is ``YYYY-MM-DD``."""

    file: str | None
    version: str | None
    date: str | None
    provider: str | None

    def as_dict(self) -> dict[str, str | None]:
        """The ``driver`` of an adapter's facts."""
        return {"file": self.file, "version": self.version, "date": self.date, "provider": self.provider}


@dataclass(frozen=True, slots=True)
class Adapter:
    """One row of MSFT_NetAdapter.

    Attributes:
        guid: ``{GUID}`` in upper case; stays the same until Windows enumerates the device anew.
        index: Interface index, by which addresses, routes and layers refer to the adapter; can change at a restart.
        mac: The permanent address, ``aa:bb:cc:dd:ee:ff``; the current one where the permanent one isn't known.
        up: The link is up and passes datagrams.
        started: The driver runs, with or without a link.
        physical: A hardware interface, as against a team, a virtual switch port or a tunnel.
        hidden: One of the interfaces that Windows lists only when asked to, such as filters between layers.
        component_id: Hardware ID of the driver's INF, in lower case.
        layers_below: Interface indices directly below.
        layers_above: Interface indices directly above.
        selectors: Keys that address the adapter in an Invoke.
        device_id: Device instance path, by which Plug and Play knows the adapter; empty where Windows doesn't tell.
    """

    name: str
    description: str
    guid: str
    index: int
    mac: str | None
    up: bool
    started: bool
    physical: bool
    hidden: bool
    component_id: str
    pci: Pci | None
    driver: Driver
    layers_below: tuple[int, ...]
    layers_above: tuple[int, ...]
    selectors: Mapping[str, str]
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class Ipv4Address:
    """One row of MSFT_NetIPAddress.

    Attributes:
        usable: Windows may use it as a source: preferred (AddressState 4), not marked SkipAsSource.
    """

    address: str
    prefix: int
    interface_index: int
    usable: bool


def read_adapters(instances: Iterable[Instance]) -> tuple[Adapter, ...]:
    """Read the rows of MSFT_NetAdapter, hidden interfaces included, sorted by name.

    Raises:
        WsmanProtocolError: a row has no usable GUID, index or name, two rows share a GUID, or there is no end of them.
    """
    found: dict[str, Adapter] = {}
    for instance in instances:
        if len(found) == _MOST_ADAPTERS:
            raise WsmanProtocolError(
                "too_many_adapters",
                "MSFT_NetAdapter",
                f"more than {_MOST_ADAPTERS} adapters",
                "as many as a machine can have",
                "List the adapters on the host with Get-NetAdapter -IncludeHidden; the provider may be damaged.",
            )
        adapter = _read_adapter(instance)
        if adapter.guid in found:
            raise WsmanProtocolError(
                "adapter_listed_twice",
                f"adapter {adapter.name} {adapter.guid}",
                "two rows of MSFT_NetAdapter with the same GUID",
                "one row for each adapter",
                "List the adapters on the host; a provider that repeats itself can't be trusted with a change.",
            )
        found[adapter.guid] = adapter
    return tuple(sorted(found.values(), key=lambda adapter: (adapter.name.casefold(), adapter.guid)))


def place_adapters(adapters: Iterable[Adapter], hardware: Iterable[Instance]) -> tuple[Adapter, ...]:
    """Add the PCI location that MSFT_NetAdapterHardwareInfoSettingData tells."""
    locations = {guid_in(instance.text("InstanceID")): _location(instance) for instance in hardware}
    return tuple(
        replace(adapter, pci=replace(adapter.pci, location=locations[adapter.guid]))
        if adapter.pci is not None and adapter.guid in locations
        else adapter
        for adapter in adapters
    )


def read_addresses(instances: Iterable[Instance]) -> tuple[Ipv4Address, ...]:
    """Read the rows of MSFT_NetIPAddress that are IPv4 addresses in use, in numerical order.

    Rows of the persistent store (Store 0) are left out: they say what a restart would bring, not what is there.
    """
    found: set[Ipv4Address] = set()
    for instance in instances:
        address = ipv4(instance.text("IPAddress"))
        index = instance.integer("InterfaceIndex")
        prefix = instance.integer("PrefixLength")
        if address is None or index is None or instance.integer("Store") == 0:
            continue
        usable = instance.integer("AddressState") in (None, 4) and instance.boolean("SkipAsSource") is not True
        length = prefix if prefix is not None and 0 <= prefix <= 32 else 32
        found.add(Ipv4Address(address, length, index, usable))
    return tuple(sorted(found, key=lambda row: (ipaddress.IPv4Address(row.address), row.interface_index, row.prefix)))


def ipv4(text: str | None) -> str | None:
    """*text* as an IPv4 address in its usual form, None if it is none."""
    try:
        return str(ipaddress.IPv4Address(text.strip())) if text else None
    except ipaddress.AddressValueError:
        return None


def guid_in(text: str | None) -> str | None:
    """The ``{GUID}`` that *text* begins with, in upper case: an InstanceID is ``{GUID}`` or ``{GUID}::...``."""
    match = _GUID.match(text or "")
    return match.group().upper() if match else None


def format_mac(text: str | None) -> str | None:
    """A MAC address as ``aa:bb:cc:dd:ee:ff``, from twelve digits however separated; None for none and for all zeros."""
    digits = re.sub(r"[-:. ]", "", text or "").lower()
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or digits == "0" * 12:
        return None
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))


def read_pci(pnp_device_id: str | None) -> Pci | None:
    r"""Read ``PCI\VEN_8086&DEV_1539&SUBSYS_85F01043&REV_03\...`` (Microsoft Learn, "Identifiers for PCI Devices")."""
    match = _PCI_DEVICE.match((pnp_device_id or "").strip())
    if match is None:
        return None
    vendor, device, subsystem, revision = (part.upper() if part else None for part in match.groups())
    return Pci(PciId(str(vendor), str(device), subsystem), revision)


def _read_adapter(instance: Instance) -> Adapter:
    guid = guid_in(instance.text("InterfaceGuid")) or guid_in(instance.text("DeviceID"))
    name = instance.text("Name")
    index = instance.integer("InterfaceIndex")
    if guid is None or not name or index is None:
        raise WsmanProtocolError(
            "adapter_unreadable",
            f"a row of {instance.class_name}",
            f"InterfaceGuid {instance.text('InterfaceGuid')}, Name {name}, InterfaceIndex {index}",
            "all three",
            "List the adapters on the host with Get-NetAdapter -IncludeHidden; the provider may be damaged.",
        )
    addresses = (instance.text("PermanentAddress"), *instance.strings("NetworkAddresses"))
    return Adapter(
        name=name,
        description=instance.text("InterfaceDescription") or "",
        guid=guid,
        index=index,
        mac=next((mac for mac in map(format_mac, addresses) if mac), None),
        up=instance.integer("InterfaceOperationalStatus") == _OPERATIONAL_UP,
        started=instance.integer("State") in (None, _STATE_STARTED),
        physical=instance.boolean("HardwareInterface") is True and instance.boolean("Virtual") is not True,
        hidden=instance.boolean("Hidden") is True,
        component_id=(instance.text("ComponentID") or "").strip().lower(),
        pci=read_pci(instance.text("PnPDeviceID")),
        driver=_read_driver(instance),
        layers_below=_indices(instance, "LowerLayerInterfaceIndices"),
        layers_above=_indices(instance, "HigherLayerInterfaceIndices"),
        selectors=dict(instance.selectors or {}),
        device_id=(instance.text("PnPDeviceID") or "").strip(),
    )


def _read_driver(instance: Instance) -> Driver:
    # DriverName is an NT path whose letter case varies: \SystemRoot\System32\drivers\x.sys.
    path = (instance.text("DriverName") or "").strip()
    return Driver(
        file=re.split(r"[\\/]", path)[-1].lower() or None,
        version=instance.text("DriverVersionString") or None,
        date=instance.text("DriverDate") or None,
        provider=instance.text("DriverProvider") or None,
    )


def _indices(instance: Instance, name: str) -> tuple[int, ...]:
    texts = [text.strip() for text in instance.strings(name)[:_MOST_LAYERS]]
    return tuple(int(text) for text in texts if re.fullmatch(r"[0-9]{1,10}", text))


def _location(instance: Instance) -> str | None:
    segment = instance.integer("SegmentNumber") or 0
    bus, device, function = (instance.integer(name) for name in ("BusNumber", "DeviceNumber", "FunctionNumber"))
    if bus is None or device is None or function is None:
        return None
    return f"{segment:04x}:{bus:02x}:{device:02x}.{function:x}"
