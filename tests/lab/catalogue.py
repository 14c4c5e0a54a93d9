# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The adapter hardware the lab knows: PCI identity, driver, and the keywords its driver offers.

PCI IDs are those of the public PCI ID list; driver files and keywords those of Intel's and Microsoft's driver packages.
Whether a model has the receive fault is a property of the simulated hardware and driver, not of any knowledge table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UDP_IPV4 = "*UDPChecksumOffloadIPv4"
GROUPED_IPV4 = "*TCPUDPChecksumOffloadIPv4"

KeywordForm = Literal["granular", "grouped", "both", "none"]
ReceiveFault = Literal["none", "offload", "always"]


@dataclass(frozen=True, slots=True)
class Keyword:
    """An advanced property of a driver.

    ``values`` holds the registry values with their English texts; empty for a number or a text to be typed in, where
    Windows leaves the lists of valid values null. ``kind`` is DisplayParameterType: 1 int, 4 dword, 5 enum, 6 edit.
    ``limits`` are minimum, maximum and step of a number.
    """

    name: str
    display_name: str
    default: str
    values: tuple[tuple[str, str], ...] = ()
    kind: int = 5
    limits: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of adapter as its driver package describes it."""

    description: str
    file: str
    version: str
    date: str
    provider: str
    component_id: str
    service: str
    vendor: str | None = None
    device: str | None = None
    subsystem: str = "00008086"
    revision: str = "03"
    physical_medium: int = 14
    interface_type: int = 6
    oui: str = "A0369F"
    virtual: bool = False
    hidden: bool = False
    keyword: KeywordForm = "granular"
    receive_fault: ReceiveFault = "none"
    keywords: tuple[Keyword, ...] = ()


def _switch(name: str, display_name: str, default: str = "1") -> Keyword:
    return Keyword(name, display_name, default, (("0", "Disabled"), ("1", "Enabled")))


def _directions(name: str, display_name: str) -> Keyword:
    texts = (("0", "Disabled"), ("1", "Tx Enabled"), ("2", "Rx Enabled"), ("3", "Rx & Tx Enabled"))
    return Keyword(name, display_name, "3", texts)


def _choice(name: str, display_name: str, default: str, *values: str) -> Keyword:
    """A keyword whose values are given as the registry value, a space, and the text."""
    pairs = (value.partition(" ") for value in values)
    return Keyword(name, display_name, default, tuple((value, text) for value, _unused, text in pairs))


def _number(name: str, display_name: str, default: int, limits: tuple[int, int, int]) -> Keyword:
    return Keyword(name, display_name, str(default), kind=1, limits=limits)


UDP_KEYWORD = _directions(UDP_IPV4, "UDP Checksum Offload (IPv4)")
GROUPED_KEYWORD = _directions(GROUPED_IPV4, "TCP/UDP Checksum Offload (IPv4)")

_INTEL = (
    _directions("*FlowControl", "Flow Control"),
    _switch("*InterruptModeration", "Interrupt Moderation"),
    _directions("*IPChecksumOffloadIPv4", "IPv4 Checksum Offload"),
    _choice("*JumboPacket", "Jumbo Packet", "1514", "1514 Disabled", "4088 4088 Bytes", "9014 9014 Bytes"),
    _switch("*LsoV2IPv4", "Large Send Offload V2 (IPv4)"),
    _switch("*LsoV2IPv6", "Large Send Offload V2 (IPv6)"),
    _switch("*PMARPOffload", "Protocol ARP Offload"),
    _switch("*PMNSOffload", "Protocol NS Offload"),
    _choice("*PriorityVLANTag", "Packet Priority & VLAN", "3", "0 Disabled", "3 Packet Priority & VLAN Enabled"),
    _number("*ReceiveBuffers", "Receive Buffers", 256, (80, 2048, 8)),
    _switch("*RSS", "Receive Side Scaling"),
    _choice("*NumRssQueues", "Maximum Number of RSS Queues", "2", "1 1 Queue", "2 2 Queues"),
    _choice("*SpeedDuplex", "Speed & Duplex", "0", "0 Auto Negotiation", "4 100 Mbps Full Duplex"),
    _directions("*TCPChecksumOffloadIPv4", "TCP Checksum Offload (IPv4)"),
    _directions("*TCPChecksumOffloadIPv6", "TCP Checksum Offload (IPv6)"),
    _number("*TransmitBuffers", "Transmit Buffers", 512, (80, 2048, 8)),
    _directions("*UDPChecksumOffloadIPv6", "UDP Checksum Offload (IPv6)"),
    _switch("*WakeOnMagicPacket", "Wake on Magic Packet"),
    _switch("*WakeOnPattern", "Wake on Pattern Match"),
    _switch("AdaptiveIFS", "Adaptive Inter-Frame Spacing", "0"),
    _choice("ITR", "Interrupt Moderation Rate", "65535", "65535 Adaptive", "0 Off", "950 Medium"),
    _choice("LogLinkStateEvent", "Log Link State Event", "51", "16 Disabled", "51 Enabled"),
    Keyword("NetworkAddress", "Locally Administered Address", "", kind=6),
)
_WIRELESS = (
    _switch("*PacketCoalescing", "Packet Coalescing"),
    _switch("*PMARPOffload", "ARP offload for WoWLAN"),
    _choice("WirelessMode", "Wireless Mode", "0", "0 Auto", "1 11a", "2 11b/g"),
)
_VIRTUAL = (
    _directions("*IPChecksumOffloadIPv4", "IPv4 Checksum Offload"),
    _switch("*LsoV2IPv4", "Large Send Offload Version 2 (IPv4)"),
    _directions("*TCPChecksumOffloadIPv4", "TCP Checksum Offload (IPv4)"),
    _switch("*RSS", "Receive Side Scaling"),
)


def _intel(
    device: str,
    name: str,
    file: str,
    version: str,
    date: str,
    *,
    service: str,
    provider: str = "Intel",
    receive_fault: ReceiveFault = "none",
    subsystem: str = "00008086",
    oui: str = "A0369F",
) -> Model:
    return Model(
        description=name,
        file=file,
        version=version,
        date=date,
        provider=provider,
        component_id=f"PCI\\VEN_8086&DEV_{device}",
        service=service,
        vendor="8086",
        device=device,
        subsystem=subsystem,
        oui=oui,
        receive_fault=receive_fault,
        keywords=_INTEL,
    )


def _software(description: str, file: str, component_id: str, **more: object) -> Model:
    settings: dict[str, object] = {"keyword": "none", "virtual": True, "hidden": True, "oui": "000000"} | more
    return Model(
        description,
        file,
        "10.0.19041.1",
        "2006-06-21",
        "Microsoft",
        component_id,
        file.split(".", maxsplit=1)[0],
        **settings,  # type: ignore[arg-type]
    )


MODELS: dict[str, Model] = {
    "intel-i211": _intel(
        "1539",
        "Intel(R) I211 Gigabit Network Connection",
        "e1r68x64.sys",
        "12.18.11.1",
        "2020-06-15",
        service="e1rexpress",
        receive_fault="offload",
        subsystem="85F01043",
    ),
    "intel-82579lm": _intel(
        "1502",
        "Intel(R) 82579LM Gigabit Network Connection",
        "e1i65x64.sys",
        "12.17.10.8",
        "2018-06-12",
        service="e1i65x64",
        provider="Microsoft",
        receive_fault="offload",
        subsystem="849C1043",
    ),
    "intel-i210": _intel(
        "1533",
        "Intel(R) I210 Gigabit Network Connection",
        "e1r68x64.sys",
        "12.18.11.1",
        "2020-06-15",
        service="e1rexpress",
        receive_fault="offload",
        subsystem="153315D9",
    ),
    "intel-i350": _intel(
        "1521",
        "Intel(R) I350 Gigabit Network Connection",
        "e1r65x64.sys",
        "12.15.184.0",
        "2017-07-05",
        service="e1rexpress",
        subsystem="00018086",
    ),
    "intel-i219": _intel(
        "15B8",
        "Intel(R) Ethernet Connection (2) I219-V",
        "e1d68x64.sys",
        "12.18.9.23",
        "2020-02-11",
        service="e1dexpress",
        subsystem="86721043",
    ),
    "intel-i225": _intel(
        "15F3",
        "Intel(R) Ethernet Controller (3) I225-V",
        "e2fexpress.sys",
        "1.0.2.8",
        "2021-04-12",
        service="e2fexpress",
        subsystem="87D21043",
    ),
    "vmware-e1000e": _intel(
        "10D3",
        "Intel(R) 82574L Gigabit Network Connection",
        "e1i65x64.sys",
        "12.17.10.8",
        "2018-06-12",
        service="e1i65x64",
        provider="Microsoft",
        subsystem="07D015AD",
        oui="005056",
    ),
    "killer-1525": Model(
        description="Killer Wireless-n/a/ac 1525 Wireless Network Adapter",
        file="Qcamain10x64.sys",
        version="12.0.0.722",
        date="2018-05-17",
        provider="Qualcomm Atheros Communications Inc.",
        component_id="PCI\\VEN_168C&DEV_003E",
        service="Qcamain10x64",
        vendor="168C",
        device="003E",
        subsystem="15251A56",
        revision="32",
        physical_medium=9,
        interface_type=71,
        oui="9CB6D0",
        keyword="none",
        keywords=_WIRELESS,
    ),
    "realtek-usb": Model(
        description="Realtek USB GbE Family Controller",
        file="rtux64w10.sys",
        version="10.36.701.2019",
        date="2019-07-01",
        provider="Realtek",
        component_id="USB\\VID_0BDA&PID_8153",
        service="rtux64w10",
        oui="00E04C",
        keywords=_INTEL[:4],
    ),
    "hyperv-vnic": Model(
        description="Hyper-V Virtual Ethernet Adapter",
        file="VmsProxyHNic.sys",
        version="10.0.19041.1",
        date="2006-06-21",
        provider="Microsoft",
        component_id="vms_mp",
        service="VMSNPXYMP",
        virtual=True,
        oui="00155D",
        keywords=_VIRTUAL,
    ),
    "lbfo-team": Model(
        description="Microsoft Network Adapter Multiplexor Driver",
        file="NdisImPlatform.sys",
        version="10.0.17763.1",
        date="2006-06-21",
        provider="Microsoft",
        component_id="COMPOSITEBUS\\MS_IMPLAT_MP",
        service="NdisImPlatformMp",
        virtual=True,
        oui="A0369F",
        keyword="none",
        keywords=_VIRTUAL,
    ),
}

HIDDEN_MODELS: dict[str, Model] = {
    "kernel-debug": _software("Microsoft Kernel Debug Network Adapter", "kdnic.sys", "root\\kdnic"),
    "wan-sstp": _software("WAN Miniport (SSTP)", "rassstp.sys", "ms_sstpminiport", interface_type=131),
    "wan-ikev2": _software("WAN Miniport (IKEv2)", "AgileVpn.sys", "ms_agilevpnminiport", interface_type=131),
    "wan-l2tp": _software("WAN Miniport (L2TP)", "rasl2tp.sys", "ms_l2tpminiport", interface_type=131),
    "wan-pppoe": _software("WAN Miniport (PPPOE)", "raspppoe.sys", "ms_pppoeminiport", interface_type=23),
    "wan-ip": _software("WAN Miniport (IP)", "ndiswan.sys", "ms_ndiswanip"),
    "switch-extension": _software("Hyper-V Virtual Switch Extension Adapter", "vmswitch.sys", "vms_vsmp"),
    "filter": _software("LightWeight Filter", "wfplwfs.sys", "ms_wfplwf_lower"),
}
