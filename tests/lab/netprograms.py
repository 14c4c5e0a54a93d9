# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netsh.exe and pnputil.exe of a simulated machine: what they can do to a network adapter.

netsh orders a change and ends; pnputil ends when the device is there again. pnputil has ``/restart-device`` since
Windows 10 2004, build 19041 (Microsoft Learn, "PnPUtil Command Syntax").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tests.lab.classkeys import build_number
from tests.lab.devices import DeviceBusy
from tests.lab.programs import Process, Program, Result

if TYPE_CHECKING:
    from tests.lab.adapters import Adapter
    from tests.lab.machine import Machine

RESTART_DEVICE_BUILD: Final = 19041
INVALID_PARAMETER: Final = 87
NO_SUCH_DEVICE: Final = 0xE000020B - 2**32
_ACCESS_DENIED: Final = 5
_WORDS: Final = {"enabled": True, "enable": True, "disabled": False, "disable": False}
_TAGS: Final = ("name", "admin")


async def _netsh(process: Process) -> Result:
    """``netsh interface set interface [name=]NAME [admin=]enabled|disabled``, and nothing else."""
    words = process.arguments
    context = [word.casefold() for word in words[:3]]
    if context[:1] not in (["interface"], ["int"]) or context[1:] not in (["set", "interface"], ["set", "int"]):
        return Result(1)
    given: dict[str, str] = {}
    for place, word in enumerate(words[3:]):
        tag, equals, value = word.partition("=")
        if not (equals and tag.casefold() in _TAGS):
            tag, value = _TAGS[min(place, 1)], word
        if tag.casefold() in given:
            return Result(1)
        given[tag.casefold()] = value
    on = _WORDS.get(given.get("admin", "").casefold())
    adapter = _named(process.machine, given.get("name", ""))
    if on is None or adapter is None or not process.elevated:
        return Result(1)
    try:
        process.machine.devices.switch(adapter, on=on)
    except DeviceBusy:
        return Result(1)
    return Result(0)


def _named(machine: Machine, name: str) -> Adapter | None:
    shown = (adapter for adapter in machine.adapters if not adapter.hidden)
    return next((adapter for adapter in shown if adapter.name.casefold() == name.casefold()), None)


async def _pnputil(process: Process) -> Result:
    """Restarting a disabled device leaves it disabled, as a change of its properties does (DICS_PROPCHANGE)."""
    machine = process.machine
    build = build_number(machine.host)
    verbs = ("/restart-device", "/enable-device", "/disable-device")
    if build < RESTART_DEVICE_BUILD or len(process.arguments) != 2 or process.arguments[0].casefold() not in verbs:
        return Result(INVALID_PARAMETER)
    if not process.elevated:
        return Result(_ACCESS_DENIED)
    verb, wanted = process.arguments[0].casefold(), process.arguments[1].casefold()
    adapter = next((one for one in machine.adapters if one.pnp_device_id.casefold() == wanted), None)
    if adapter is None:
        return Result(NO_SUCH_DEVICE)
    try:
        if verb == "/restart-device":
            await machine.devices.restart_device(adapter)
        else:
            await machine.devices.switch(adapter, on=verb == "/enable-device")
    except DeviceBusy:
        return Result(1)
    return Result(0)


NETWORK_PROGRAMS: Final[Mapping[str, Program]] = {"netsh": _netsh, "pnputil": _pnputil}
