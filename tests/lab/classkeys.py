# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry of a new machine: class keys of the adapters with their keywords, and what else Windows has there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tests.lab.adapters import BITS, Adapter
from tests.lab.catalogue import HIDDEN_MODELS, Keyword
from tests.lab.cim.stdregprov import WOW64
from tests.lab.fleet import HostSpec
from tests.lab.languages import LANGUAGES, Language
from tests.lab.npcap import install as install_npcap
from tests.lab.registry import REG_DWORD, REG_MULTI_SZ, REG_SZ, Data, Key, Registry
from tests.lab.schema import ADAPTER_GUID

NET_CLASS: Final = "{4D36E972-E325-11CE-BFC1-08002BE10318}"
CLASS_PATH: Final = f"SYSTEM\\CurrentControlSet\\Control\\Class\\{NET_CLASS}"
TCPIP_PATH: Final = "SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters"
VERSION_PATH: Final = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
HARDWARE_PATH: Final = r"HARDWARE\DESCRIPTION\System"
WINDOWS_PATH: Final = "Microsoft\\Windows\\CurrentVersion"
PRODUCTS: Final = {
    "windows-10": ("Microsoft Windows 10 Pro", "10.0.19045", 1),
    "windows-11": ("Microsoft Windows 11 Pro", "10.0.22631", 1),
    "server-2012r2": ("Microsoft Windows Server 2012 R2 Standard", "6.3.9600", 3),
    "server-2019": ("Microsoft Windows Server 2019 Standard", "10.0.17763", 3),
    "server-2022": ("Microsoft Windows Server 2022 Standard", "10.0.20348", 3),
    "server-2025": ("Microsoft Windows Server 2025 Standard", "10.0.26100", 3),
}


def build_number(host: HostSpec) -> int:
    """The build of the Windows that a host runs."""
    return int(PRODUCTS[host.system.product][1].rsplit(".", 1)[1])


def class_key_path(adapter: Adapter) -> str:
    """Path of an adapter's class key below HKEY_LOCAL_MACHINE."""
    return f"{CLASS_PATH}\\{adapter.class_index:04d}"


def has_class_key(adapter: Adapter) -> bool:
    """Whether the adapter is a device; lightweight filter layers are not."""
    return adapter.model is not HIDDEN_MODELS["filter"]


def start_hardware_hive(registry: Registry) -> None:
    """Make the hive anew that Windows keeps in memory: what anybody wrote into it is gone with each boot."""
    registry.hive.remove_key("HARDWARE")
    registry.ensure(HARDWARE_PATH)


def build_registry(host: HostSpec, adapters: Iterable[Adapter]) -> Registry:
    """The registry of a machine as it is when the lab starts."""
    registry = Registry(writable=host.account.write)
    adapters = list(adapters)
    classes = registry.ensure(CLASS_PATH)
    devices = sorted((adapter for adapter in adapters if has_class_key(adapter)), key=lambda one: one.class_index)
    for adapter in devices:
        classes.add_key(_class_key(adapter, LANGUAGES[host.language]))
    _add_removed_device(classes, adapters, devices)
    classes.ensure_key("Configuration")
    classes.add_key(Key("Properties", denied=True))
    caption, version, _unused = PRODUCTS[host.system.product]
    start_hardware_hive(registry)
    current = registry.ensure(VERSION_PATH)
    current.set("ProductName", REG_SZ, caption.removeprefix("Microsoft "))
    current.set("CurrentBuild", REG_SZ, version.rsplit(".", 1)[1])
    for view, folder in (("", "Program Files"), (f"{WOW64}\\", "Program Files (x86)")):
        windows = registry.ensure(f"SOFTWARE\\{view}{WINDOWS_PATH}")
        windows.set("ProgramFilesDir", REG_SZ, f"C:\\{folder}")
        windows.set("ProgramFilesDir (x86)", REG_SZ, "C:\\Program Files (x86)")
    if host.system.powershell_7:
        registry.ensure(
            "SOFTWARE\\Microsoft\\PowerShellCore\\InstalledVersions\\{0B1E9E5D-6D5D-4A3E-9A5E-0F1E2D3C4B5A}"
        )
    parameters = registry.ensure(TCPIP_PATH)
    parameters.set("Hostname", REG_SZ, host.name)
    if not host.system.task_offload:
        parameters.set("DisableTaskOffload", REG_DWORD, 1)
    if host.system.npcap is not None:
        install_npcap(host.system.npcap, registry)
    for preset in host.kind.registry:
        data: Data = _with_guids(preset.data, adapters) if isinstance(preset.data, str) else preset.data
        value_type = {"string": REG_SZ, "dword": REG_DWORD, "strings": REG_MULTI_SZ}[preset.type]
        registry.ensure(preset.key).set(_with_guids(preset.name, adapters), value_type, data)
    return registry


def _class_key(adapter: Adapter, language: Language) -> Key:
    key = Key(f"{adapter.class_index:04d}")
    for name, text in (
        ("DriverDesc", adapter.model.description),
        ("ProviderName", adapter.driver_provider),
        ("DriverDate", _us_date(adapter.driver_date)),
        ("DriverVersion", adapter.driver_version),
        ("NetCfgInstanceId", adapter.guid),
        ("ComponentId", adapter.model.component_id.lower()),
    ):
        key.set(name, REG_SZ, text)
    key.set("*IfType", REG_DWORD, adapter.model.interface_type)
    key.set("Characteristics", REG_DWORD, 0x84 if adapter.physical else 0x29)
    for keyword in adapter.keywords:
        configured = _configured(adapter, keyword)
        if configured is not None:
            key.set(keyword.name, REG_SZ, configured)
    if adapter.keywords:
        key.add_key(Key("Ndi", fill=lambda ndi: _fill_ndi(ndi, adapter, language)))
    return key


def _configured(adapter: Adapter, keyword: Keyword) -> str | None:
    """The registry value of a keyword from the start; None where it is absent."""
    if keyword is not adapter.keyword:
        return keyword.default or None
    word = adapter.spec.configured if adapter.spec is not None else None
    if word is None:
        return keyword.default
    return None if word == "absent" else str(BITS[word])


def _fill_ndi(ndi: Key, adapter: Adapter, language: Language) -> None:
    ndi.set("Service", REG_SZ, adapter.model.service)
    parameters = ndi.ensure_key("Params")
    for keyword in adapter.keywords:
        entry = parameters.ensure_key(keyword.name)
        entry.set("ParamDesc", REG_SZ, display_name(keyword, language))
        entry.set("Default", REG_SZ, keyword.default)
        entry.set("Type", REG_SZ, {1: "int", 5: "enum", 6: "edit"}[keyword.kind])
        if keyword.values:
            values = entry.ensure_key("Enum")
            for value, text in display_values(keyword, language):
                values.set(value, REG_SZ, text)
        if keyword.limits is not None:
            for name, limit in zip(("Min", "Max", "Step"), keyword.limits, strict=True):
                entry.set(name, REG_SZ, str(limit))


def display_name(keyword: Keyword, language: Language) -> str:
    """The keyword's name as Windows shows it in this language; many drivers have English only."""
    if keyword.name == "*UDPChecksumOffloadIPv4":
        return language.udp_ipv4
    return language.names.get(keyword.name, keyword.display_name)


def display_values(keyword: Keyword, language: Language) -> tuple[tuple[str, str], ...]:
    """The keyword's values with their texts in this language."""
    texts = {"Disabled": language.enabled_disabled[0], "Enabled": language.enabled_disabled[1]}
    if "ChecksumOffload" in keyword.name:
        return tuple((value, language.offload_values[int(value)]) for value, _unused in keyword.values)
    return tuple((value, texts.get(text, text)) for value, text in keyword.values)


def _add_removed_device(classes: Key, adapters: list[Adapter], devices: list[Adapter]) -> None:
    """The class key of a card that was taken out: same description and keywords, another GUID.

    Windows keeps such keys, so whoever looks for a key by its description finds the wrong one.
    """
    model = next(adapter for adapter in adapters if not adapter.hidden)
    number = max(adapter.class_index for adapter in devices) + 1
    key = classes.ensure_key(f"{number:04d}")
    key.set("DriverDesc", REG_SZ, model.model.description)
    key.set("NetCfgInstanceId", REG_SZ, "{0BADC0DE-0000-4000-8000-00000000DEAD}")
    for keyword in model.keywords:
        if keyword.default:
            key.set(keyword.name, REG_SZ, keyword.default)


def _us_date(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{int(month)}-{int(day)}-{year}"


def _with_guids(text: str, adapters: Iterable[Adapter]) -> str:
    guids = {adapter.name: adapter.guid for adapter in adapters}
    return ADAPTER_GUID.sub(lambda match: guids[match.group(1)], text)
