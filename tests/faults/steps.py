# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a run, as the requests of a clean run tell them: nothing here knows what is done in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

Story = Literal["change", "rollback"]

_READING_METHODS: Final = frozenset({"GetStringValue", "EnumValues", "EnumKey", "GetInfoByName", "ExportByName"})
_METHODS: Final = {
    "CreateKey": "make the key of",
    "DeleteValue": "delete",
    "EnumKey": "list",
    "EnumValues": "list",
    "GetStringValue": "read",
    "SetStringValue": "write",
}
_RECORDS: Final = re.compile(r"remediation\.windows_nic\\(?P<key>\w+)(?P<value>\\.*)?$", re.IGNORECASE)
_CLASS_KEY: Final = re.compile(r"\\Class\\\{[^}]*\}\\\d{4}\\(?P<value>[^\\]+)$", re.IGNORECASE)
_CLASSES: Final = {
    "MSFT_NetAdapter": "adapters",
    "MSFT_NetAdapterAdvancedPropertySettingData": "keywords",
    "MSFT_NetAdapterBindingSettingData": "bindings",
    "MSFT_NetAdapterChecksumOffloadSettingData": "checksum state",
    "MSFT_NetAdapterHardwareInfoSettingData": "hardware",
    "MSFT_NetAdapterLsoSettingData": "LSO",
    "MSFT_NetAdapterRscSettingData": "RSC",
    "MSFT_NetAdapterRssSettingData": "RSS",
    "MSFT_NetAdapterUroSettingData": "URO",
    "MSFT_NetAdapterUsoSettingData": "USO",
    "MSFT_NetAddressFilter": "firewall scopes",
    "MSFT_NetConnectionProfile": "network profiles",
    "MSFT_NetFirewallProfile": "firewall profiles",
    "MSFT_NetFirewallRule": "firewall rules",
    "MSFT_NetIPAddress": "addresses",
    "MSFT_NetOffloadGlobalSetting": "global switch",
    "MSFT_NetProtocolPortFilter": "firewall ports",
    "MSFT_NetRoute": "routes",
    "MSFT_NetTCPConnection": "connections",
    "MSFT_NetNeighbor": "neighbours",
    "MSFT_ScheduledTask": "the guard",
    "MSFT_iSCSISession": "iSCSI sessions",
    "Msvm_ComputerSystem": "virtual machines",
    "Win32_NetworkAdapter": "class numbers",
    "Win32_NetworkAdapterConfiguration": "leases",
    "Win32_OperatingSystem": "the clock",
    "Win32_PerfRawData_Tcpip_UDPv4": "the count of errors",
    "Win32_PingStatus": "a ping",
    "Win32_Service": "services",
}
_TASKS: Final = {
    "RegisterByXml": "set the guard",
    "GetInfoByName": "look at the guard",
    "ExportByName": "read the guard",
    "StartByPath": "start the guard",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a run.

    Attributes:
        story: What the run does.
        number: Its place in the story, from 1.
        before: How many requests the host has had before it, since the lab was started.
        alike_before: How many of them had the same action.
        action: Enumerate, Invoke ...
        name: CIM class.
        method: Method, of an Invoke.
        words: What it does.
        writes: Whether it changes something on the host.
        phase: What changed something last; empty before the first.
    """

    story: Story
    number: int
    before: int
    alike_before: int
    action: str
    name: str
    method: str | None
    words: str
    writes: bool
    phase: str

    @property
    def label(self) -> str:
        """As the table shows it."""
        return f"{self.story} {self.number}: {self.words}"

    @property
    def sort(self) -> tuple[bool, str]:
        """What it has in common with other steps: what it changes, or after which change it reads."""
        return self.writes, self.words if self.writes else self.phase

    def is_meant_by(self, line: Mapping[str, Any]) -> bool:
        """Whether a line of the request log is a request of this sort."""
        return (line["action"], line["name"], line["method"]) == (self.action, self.name, self.method)


def steps_of(story: Story, lines: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a story.

    Args:
        story: What the run did.
        lines: The requests of one host in the run, from the log, without those that only authenticate.
        earlier: Those before them.
    """
    steps: list[Step] = []
    phase = ""
    seen = [line["action"] for line in earlier]
    for number, line in enumerate(lines, 1):
        writes, words = _writes(line), words_of(line)
        if writes:
            phase = words
        steps.append(
            Step(
                story=story,
                number=number,
                before=len(seen),
                alike_before=seen.count(line["action"]),
                action=line["action"],
                name=line["name"],
                method=line["method"],
                words=words,
                writes=writes,
                phase=phase,
            )
        )
        seen.append(line["action"])
    return steps


def words_of(line: Mapping[str, Any]) -> str:
    """What a request does, in a few words."""
    action, name, method = line["action"], line["name"] or "nothing", line["method"]
    if method in _TASKS:
        return _TASKS[method]
    if name.casefold() == "stdregprov" and method is not None:
        return f"{_METHODS.get(method, method)} {_registry_words(line['about'] or '')}"
    if method is not None:
        return f"{method} {name}" if name != "MSFT_NetAdapter" else f"{method.lower()} the adapter"
    if name == "cmd":
        return f"{action.lower()}, in a shell"
    what = _CLASSES.get(name, name)
    if action in ("Enumerate", "Get"):
        # The adapter is asked for by its key only while its return is waited for.
        return f"read {what}" if (action, name) != ("Get", "MSFT_NetAdapter") else "ask whether the adapter is up"
    if action == "Pull":
        return f"read more {what}"
    if (action, name) == ("Delete", "MSFT_ScheduledTask"):
        return "delete the guard"
    return f"{action} {what}"


def _registry_words(about: str) -> str:
    record = _RECORDS.search(about)
    if record:
        # Of one value, or of the key itself.
        return {"undo": "undo record", "outcome": "outcome record", "guard": "guard's mark"}.get(
            record["key"].lower(), record["key"]
        ) + ("" if record["value"] else "s")
    key = _CLASS_KEY.search(about)
    if key:
        return "the value" if key["value"].startswith("*") else "the class key"
    return "the host's registry"


def _writes(line: Mapping[str, Any]) -> bool:
    if line["action"] == "Invoke":
        return line["method"] not in _READING_METHODS
    # A shell leaves nothing on the host.
    return line["action"] in ("Delete", "Put", "Create") and line["name"] != "cmd"
