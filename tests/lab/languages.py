# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Windows of another language shows: display names of keywords and values, connection names, bus locations.

Registry keywords, driver files and GUIDs are the same in every language, which is what the lab is here to show. The
texts of the UDP checksum keyword are those of Intel's e1r68x64.inf 12.18.11.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Language:
    """One display language.

    ``offload_values`` are the texts of the values 0 to 3 of a checksum offload keyword, ``components`` those of parts
    of the network stack.
    """

    tag: str
    code: int
    ethernet: str
    location: str
    udp_ipv4: str
    offload_values: tuple[str, str, str, str]
    enabled_disabled: tuple[str, str]
    ipv4_protocol: str
    names: dict[str, str] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)

    def component(self, english: str) -> str:
        """The text of a part of the network stack; many have English only."""
        return self.components.get(english, english)


LANGUAGES: dict[str, Language] = {
    "en": Language(
        tag="en-US",
        code=1033,
        ethernet="Ethernet",
        location="PCI bus {bus}, device {device}, function {function}",
        udp_ipv4="UDP Checksum Offload (IPv4)",
        offload_values=("Disabled", "Tx Enabled", "Rx Enabled", "Rx & Tx Enabled"),
        enabled_disabled=("Disabled", "Enabled"),
        ipv4_protocol="Internet Protocol Version 4 (TCP/IPv4)",
    ),
    "de": Language(
        tag="de-DE",
        code=1031,
        ethernet="Ethernet",
        location="PCI-Bus {bus}, Gerät {device}, Funktion {function}",
        udp_ipv4="UDP-Prüfsummen abladen (IPv4)",
        offload_values=("Deaktiviert", "Tx aktiviert", "Rx aktiviert", "Rx und Tx aktiviert"),
        enabled_disabled=("Deaktiviert", "Aktiviert"),
        ipv4_protocol="Internetprotokoll, Version 4 (TCP/IPv4)",
        names={
            "*FlowControl": "Flusssteuerung",
            "*InterruptModeration": "Interrupt-Drosselung",
            "*JumboPacket": "Jumbo-Paket",
            "*ReceiveBuffers": "Empfangspuffer",
            "*SpeedDuplex": "Geschwindigkeit und Duplex",
            "*TransmitBuffers": "Übertragungspuffer",
        },
        components={
            "WFP Native MAC Layer LightWeight Filter": "WFP-LightWeight-Filter für systemeigenen MAC-Layer",
            "QoS Packet Scheduler": "QoS-Paketplaner",
            "Native WiFi Filter Driver": "NativeWiFi-Filter",
        },
    ),
    "fr": Language(
        tag="fr-FR",
        code=1036,
        ethernet="Ethernet",
        location="Bus PCI {bus}, périphérique {device}, fonction {function}",
        udp_ipv4="Délester somme de contrôle UDP (IPv4)",
        offload_values=("Désactivé(e)", "Tx activée", "Rx activée", "Rx et Tx activées"),
        enabled_disabled=("Désactivé(e)", "Activé(e)"),
        ipv4_protocol="Protocole Internet version 4 (TCP/IPv4)",
        names={"*FlowControl": "Contrôle de flux", "*SpeedDuplex": "Vitesse et duplex"},
    ),
    "it": Language(
        tag="it-IT",
        code=1040,
        ethernet="Ethernet",
        location="Bus PCI {bus}, dispositivo {device}, funzione {function}",
        udp_ipv4="Offload di checksum UDP (IPv4)",
        offload_values=("Disattivata", "Tx abilitata", "Rx abilitata", "Rx e Tx abilitate"),
        enabled_disabled=("Disattivata", "Attivata"),
        ipv4_protocol="Protocollo Internet versione 4 (TCP/IPv4)",
        names={"*FlowControl": "Controllo di flusso"},
    ),
    "ja": Language(
        tag="ja-JP",
        code=1041,
        ethernet="イーサネット",
        location="PCI バス {bus}、デバイス {device}、機能 {function}",
        udp_ipv4="UDP チェックサムのオフロード (IPv4)",
        offload_values=("無効", "送信 有効", "受信 有効", "受信/送信 有効"),
        enabled_disabled=("無効", "有効"),
        ipv4_protocol="インターネット プロトコル バージョン 4 (TCP/IPv4)",
        names={"*FlowControl": "フロー制御", "*SpeedDuplex": "スピードとデュプレックス"},
    ),
    "zh": Language(
        tag="zh-CN",
        code=2052,
        ethernet="以太网",
        location="PCI 总线 {bus}、设备 {device}、功能 {function}",
        udp_ipv4="UDP 校验和分载传输 (IPv4)",
        offload_values=("禁用", "已启用 Tx", "已启用 Rx", "已启用 Rx 和 Tx"),
        enabled_disabled=("禁用", "已启用"),
        ipv4_protocol="Internet 协议版本 4 (TCP/IPv4)",
        names={"*FlowControl": "流量控制", "*SpeedDuplex": "速度和双工"},
        components={
            "WFP Native MAC Layer LightWeight Filter": "WFP 本机 MAC 层轻型筛选器",
            "QoS Packet Scheduler": "QoS 数据包计划程序",
            "Native WiFi Filter Driver": "本机 WiFi 筛选器",
        },
    ),
}
