# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same enumerations as ``nic_facts``, with plain pywinrm in threads: what the reading itself takes without Ansible.

Usage: ``python -m tests.bench.pywinrm_threads INVENTORY THREADS``. Shares no code with the collection. That it asks the
same is seen in the lab's request log, where both must have left the same requests.
"""

from __future__ import annotations

import sys
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import yaml
from winrm.protocol import Protocol

_ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
_WMI: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2"
_WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
_WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
_WITH_REFERENCES: Final = "<w:EnumerationMode>EnumerateObjectAndEPR</w:EnumerationMode>"
_KEYWORDS: Final = ("*UDPChecksumOffloadIPv4", "*TCPUDPChecksumOffloadIPv4")
_KEYWORD: Final = " OR ".join(f"RegistryKeyword = '{each}'" for each in _KEYWORDS)
_MEMBER: Final = " OR ".join(f"ComponentID = '{each}'" for each in ("ms_implat", "iansprotocol", "vms_pp"))

_ENUMERATIONS: Final = (
    ("MSFT_NetAdapter", None),
    ("MSFT_NetAdapterBindingSettingData", f"Enabled = TRUE AND ({_MEMBER})"),
    ("MSFT_NetAdapterHardwareInfoSettingData", None),
    ("MSFT_NetAdapterAdvancedPropertySettingData", _KEYWORD),
    ("MSFT_NetAdapterChecksumOffloadSettingData", None),
    ("MSFT_NetIPAddress", "AddressFamily = 2"),
    ("MSFT_NetOffloadGlobalSetting", None),
)
"""Class and WQL condition."""


def main(arguments: list[str]) -> int:
    """Read every host of an inventory, and print how many objects there were."""
    inventory, threads = Path(arguments[0]), int(arguments[1])
    hosts = yaml.safe_load(inventory.read_text(encoding="utf-8"))["all"]["hosts"]
    with ThreadPoolExecutor(threads) as pool:
        objects = list(pool.map(read_host, hosts.values()))
    print(f"{sum(objects)} objects of {len(objects)} hosts")
    return 0


def read_host(variables: Mapping[str, Any]) -> int:
    """Do all enumerations on one host in one session; returns how many objects there were."""
    endpoint = f"http://{variables['ansible_host']}:{variables['ansible_port']}/wsman"
    protocol = Protocol(
        endpoint, transport="ntlm", username=variables["ansible_user"], password=variables["ansible_password"]
    )
    try:
        return sum(
            1
            for class_name, condition in _ENUMERATIONS
            for _unused in objects_of(protocol, endpoint, class_name, condition)
        )
    finally:
        protocol.transport.close_session()


def objects_of(protocol: Any, endpoint: str, class_name: str, condition: str | None) -> Iterator[ET.Element]:
    """Enumerate a class to its end."""
    uri, query = f"{_WMI}/{class_name}", ""
    if condition is not None:
        uri = f"{_WMI}/*"
        query = f'<w:Filter Dialect="{_WQL}">{escape(f"SELECT * FROM {class_name} WHERE {condition}")}</w:Filter>'
    mode = _WITH_REFERENCES if class_name == "MSFT_NetAdapter" else ""
    body = f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements>{mode}{query}</n:Enumerate>"
    answer = ask(protocol, endpoint, uri, "Enumerate", body)
    while True:
        for name in (f"{{{_WSMAN}}}Items", f"{{{_ENUMERATION}}}Items"):
            for items in answer.iter(name):
                yield from items
        context = answer.find(f".//{{{_ENUMERATION}}}EnumerationContext")
        ended = any(answer.find(f".//{{{namespace}}}EndOfSequence") is not None for namespace in (_WSMAN, _ENUMERATION))
        if ended or context is None:
            return
        body = (
            f"<n:Pull><n:EnumerationContext>{context.text}</n:EnumerationContext>"
            "<n:MaxElements>32000</n:MaxElements></n:Pull>"
        )
        answer = ask(protocol, endpoint, uri, "Pull", body)


def ask(protocol: Any, endpoint: str, uri: str, action: str, body: str) -> ET.Element:
    """Send one message over the host's session, and parse the answer."""
    message = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        f' xmlns:n="{_ENUMERATION}" xmlns:w="{_WSMAN}"><s:Header>'
        f"<a:To>{endpoint}</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{uri}</w:ResourceURI>'
        "<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>"
        f'<a:Action s:mustUnderstand="true">{_ENUMERATION}/{action}</a:Action>'
        '<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>'
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        "<w:OperationTimeout>PT20S</w:OperationTimeout>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    answer: ET.Element = ET.fromstring(protocol.send_message(message))
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
