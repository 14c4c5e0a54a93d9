# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of a task in words: what each part of the conversation with the host was for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.costs import Request

_CONTINUED: Final = frozenset({"Pull", "Release", "Receive", "Send"})
"""Actions that only go on with what the request before them began."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a conversation.

    Attributes:
        posts: How many POSTs it took.
        words: What it was for; where that is not known, what was asked.
        known: Whether it is.
    """

    posts: int
    words: str
    known: bool


def _sequence(*keys: str) -> str:
    """A regular expression for these requests, one after the other."""
    return "".join(f"<{re.escape(key)}>" for key in keys)


def _any(*keys: str) -> str:
    """A regular expression for one or more requests out of these."""
    return f"(?:{'|'.join(_sequence(key) for key in keys)})+"


_READ: Final = "StdRegProv.GetStringValue"
_WRITE: Final = "StdRegProv.SetStringValue"
_KEYWORDS: Final = "MSFT_NetAdapterAdvancedPropertySettingData"

_HOST: Final = (
    "MSFT_NetAdapter",
    "MSFT_NetAdapterBindingSettingData",
    "MSFT_NetAdapterHardwareInfoSettingData",
    _KEYWORDS,
    "MSFT_NetAdapterChecksumOffloadSettingData",
    "MSFT_NetIPAddress",
    "MSFT_NetOffloadGlobalSetting",
)
_WAY: Final = (
    "MSFT_NetIPAddress",
    "MSFT_NetAdapter",
    "MSFT_NetAdapterBindingSettingData",
    "MSFT_NetRoute",
    "MSFT_NetIPInterface",
    "Get Win32_PingStatus",
    "MSFT_NetNeighbor",
)

_RISKS: Final = (
    "MSFT_NetTCPConnection",
    "StdRegProv.EnumKey",
    "MSFT_NetFirewallProfile",
    "MSFT_NetProtocolPortFilter",
    "MSFT_NetFirewallRule",
    "MSFT_NetAddressFilter",
    "MSFT_iSCSISession",
    "Msvm_ComputerSystem",
    "Win32_Service",
)
_SURROUNDINGS: Final = (
    "MSFT_NetAdapterRssSettingData",
    "MSFT_NetAdapterRscSettingData",
    "MSFT_NetAdapterLsoSettingData",
    "MSFT_NetAdapterUsoSettingData",
    "MSFT_NetAdapterUroSettingData",
    "MSFT_NetConnectionProfile",
    "Win32_NetworkAdapterConfiguration",
)
_GUARD: Final = "PS_ScheduledTask.ExportByName"
_GUARD_SET: Final = ("PS_ScheduledTask.RegisterByXml", _GUARD)
_GUARD_DELETED: Final = "Delete MSFT_ScheduledTask"

_PHASES: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (_sequence(*_HOST), "read the host: adapters, members, hardware, keywords, what drivers do, addresses, switch"),
        (_any(*_WAY), "find the way to the BMC: addresses, adapters, routes, ICMP, neighbours"),
        (_any(*_SURROUNDINGS), "read what else a restart may change: other offloads, addresses, network profile"),
        (_any(*_RISKS), "safety: look for what speaks against a restart: firewall, storage, cluster, machines"),
        (
            f"(?:{_sequence('StdRegProv.CreateKey')})?{_sequence('Win32_OperatingSystem')}{_sequence(*_GUARD_SET)}",
            "safety: set a guard on the host, and see that it is there",
        ),
        (
            _sequence("StdRegProv.CreateKey", _WRITE, "StdRegProv.EnumValues") + _any(_GUARD, _GUARD_DELETED),
            "safety: tell the guard that the host was reached, delete it, see that it is gone",
        ),
        (_sequence("Win32_OperatingSystem"), "safety: see by the host's clock that the guard leaves time enough"),
        (_sequence(_GUARD), "look for a guard that an earlier run has left"),
        (_sequence("Win32_PerfRawData_Tcpip_UDPv4"), "read the host's counter of UDP errors"),
        (
            _sequence("Create cmd") + _any("Command cmd", "Send cmd", "Receive cmd", "Signal cmd", "Delete cmd"),
            "send the datagrams from the host: one shell, opened, used and removed",
        ),
        (
            rf"(?:{_sequence('StdRegProv.EnumValues')}(?:{_sequence(_READ)})*)+",
            "look for records that the collection keeps on the host",
        ),
        (
            rf"{_sequence('Win32_NetworkAdapter')}(?:{_sequence(_READ)}(?!{_sequence('StdRegProv.CreateKey')}))+",
            "find the adapter's class key, prove that it is, compare its value with the CIM provider's",
        ),
        (
            rf"(?:{_sequence(_READ)})?{_sequence('StdRegProv.CreateKey', _WRITE, _READ)}",
            "safety: keep the original value on the host, and read it back",
        ),
        (
            rf"(?:{_sequence(_WRITE)}|{_sequence('StdRegProv.DeleteValue')}){_sequence(_KEYWORDS)}",
            "write the value; safety: have it confirmed by the CIM provider, which did not write it",
        ),
        (_sequence(_WRITE, _READ), "safety: note in the record how far the change went, and read it back"),
        (_sequence("MSFT_NetAdapter.Restart"), "restart the adapter; the connection is cut with it"),
        (
            _any(_READ, "Get MSFT_NetAdapter"),
            "in a new session: ask until the host answers and the adapter is up",
        ),
        (_sequence("StdRegProv.DeleteValue"), "remove a record that holds no longer"),
    )
)
"""What requests are for, by their order; the first that fits counts."""


def phases_of(requests: Sequence[Request]) -> list[Phase]:
    """Divide the messages of one task into parts."""
    spoken = [each for each in requests if not each.authentication]
    keys: list[str] = []
    posts: list[int] = []
    for each in spoken:
        key = _key(each)
        # A further part of one enumeration, or of one stream of a shell.
        if keys and keys[-1] == key and each.action in _CONTINUED:
            posts[-1] += 1
        else:
            keys.append(key)
            posts.append(1)
    phases = []
    place = 0
    while place < len(keys):
        rest = _sequence_text(keys[place:])
        found = next(((match, words) for pattern, words in _PHASES if (match := pattern.match(rest))), None)
        length = found[0].group().count("<") if found else 1
        words = found[1] if found else keys[place]
        phases.append(Phase(sum(posts[place : place + length]), words, known=found is not None))
        place += length
    return phases


def _key(request: Request) -> str:
    """What a request asks, short: the class of an enumeration, class and method of an invocation."""
    name = request.name or "nothing"
    if request.action == "Invoke":
        return f"{name}.{request.method}"
    if request.action in ("Enumerate", "Pull", "Release"):
        return name
    return f"{request.action} {name}"


def _sequence_text(keys: Sequence[str]) -> str:
    return "".join(f"<{key}>" for key in keys)
