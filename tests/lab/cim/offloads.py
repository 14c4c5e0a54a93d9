# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The setting classes of the other offloads: RSS, RSC, LSO, USO and URO.

Windows 10 and Server 2019 know no USO, and only build 26100 and later know URO. An adapter whose driver does not have
an offload has no instance of its class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tests.lab.adapters import Adapter
from tests.lab.cim.classes import CimClass, Rows, declare
from tests.lab.cim.netadapter import SETTING_PROPERTIES, setting_row
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition
from tests.lab.classkeys import build_number
from tests.lab.systemspec import Offloads

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

USO_BUILD: Final = 20348
URO_BUILD: Final = 26100
ACTIVE: Final = 2
_RSS_PROFILE_NUMA_STATIC: Final = 4


def _rows(state: Callable[[Offloads], bool | None], values: Callable[[bool], Row]) -> Rows:
    """The instances of one offload: of every adapter whose driver has it."""

    def rows(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
        for adapter in machine.adapters:
            on = _state(adapter, state)
            if on is not None:
                yield setting_row(machine, adapter, adapter.guid, ACTIVE) | dict(values(on))

    return rows


def _state(adapter: Adapter, state: Callable[[Offloads], bool | None]) -> bool | None:
    return None if adapter.offloads is None or adapter.state == "disabled" else state(adapter.offloads)


def _rss(on: bool) -> Row:
    return {
        "BaseProcessorGroup": 0,
        "BaseProcessorNumber": 0,
        "Enabled": on,
        "IPv4HashEnabled": on,
        "IPv6HashEnabled": on,
        "MaxProcessors": 4,
        "MsiSupported": True,
        "MsiXEnabled": True,
        "MsiXSupported": True,
        "NumberOfInterruptMessages": 5,
        "NumberOfReceiveQueues": 2,
        "Profile": _RSS_PROFILE_NUMA_STATIC,
        "TcpIPv4HashEnabled": on,
        "TcpIPv4HashSupported": True,
    }


def _rsc(on: bool) -> Row:
    """Enabled is what is configured, the operational state whether it works; the reason 0 is none."""
    reason = 0 if on else 3
    return {
        "IPv4Enabled": on,
        "IPv4FailureReason": reason,
        "IPv4OperationalState": on,
        "IPv6Enabled": on,
        "IPv6FailureReason": reason,
        "IPv6OperationalState": on,
    }


def _lso(on: bool) -> Row:
    return {"IPv4Enabled": on, "IPv6Enabled": on, "MaximumLsoVersionSupported": 2, "V1IPv4Enabled": False}


def _uso(on: bool) -> Row:
    return {"IPv4Enabled": on, "IPv6Enabled": on}


def _uro(on: bool) -> Row:
    return {"Enabled": on, "FailureReason": 0 if on else 3, "Operational": on}


def _since(build: int) -> Callable[[Machine], bool]:
    def present(machine: Machine) -> bool:
        return build_number(machine.host) >= build

    return present


CLASSES: tuple[CimClass, ...] = (
    declare(
        "MSFT_NetAdapterRssSettingData",
        SETTING_PROPERTIES + " BaseProcessorGroup BaseProcessorNumber ClassificationAtDpcSupported"
        " ClassificationAtIsrSupported Enabled HashKeySize IndirectionTable[] IndirectionTableEntryCount"
        " IPv4HashEnabled IPv6ExtensionHashEnabled IPv6HashEnabled MaxProcessorGroup MaxProcessorNumber MaxProcessors"
        " MsiSupported MsiXEnabled MsiXSupported NumaNode NumberOfInterruptMessages NumberOfReceiveQueues Profile"
        " RssOnPortsSupported RssProcessorArray[] RssProcessorArraySize TcpIPv4HashEnabled TcpIPv4HashSupported"
        " TcpIPv6ExtensionHashEnabled TcpIPv6ExtensionHashSupported TcpIPv6HashEnabled TcpIPv6HashSupported"
        " ToeplitzHashFunctionEnabled ToeplitzHashFunctionSupported",
        "InstanceID",
        _rows(lambda offloads: offloads.rss, _rss),
    ),
    declare(
        "MSFT_NetAdapterRscSettingData",
        SETTING_PROPERTIES + " IPv4Enabled IPv4FailureReason IPv4OperationalState IPv6Enabled IPv6FailureReason"
        " IPv6OperationalState RscHardwareCapabilities",
        "InstanceID",
        _rows(lambda offloads: offloads.rsc, _rsc),
    ),
    declare(
        "MSFT_NetAdapterLsoSettingData",
        SETTING_PROPERTIES + " IPv4Enabled IPv6Enabled LargeSendOffloadV1HardwareCapabilities"
        " LargeSendOffloadV2HardwareCapabilities MaximumLsoVersionSupported V1IPv4Enabled",
        "InstanceID",
        _rows(lambda offloads: offloads.lso, _lso),
    ),
    declare(
        "MSFT_NetAdapterUsoSettingData",
        SETTING_PROPERTIES + " IPv4Enabled IPv6Enabled UdpSegmentationOffloadHardwareCapabilities",
        "InstanceID",
        _rows(lambda offloads: offloads.uso, _uso),
        present=_since(USO_BUILD),
    ),
    declare(
        "MSFT_NetAdapterUroSettingData",
        SETTING_PROPERTIES + " Enabled FailureReason Operational UroHardwareCapabilities",
        "InstanceID",
        _rows(lambda offloads: offloads.uro, _uro),
        present=_since(URO_BUILD),
    ),
)
