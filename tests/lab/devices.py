# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What restarting, enabling and disabling do to the adapters of a machine, and what a bad restart leaves behind.

Enabling and disabling take a while; who orders them does not wait. A disabled adapter stays disabled over a reboot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING, Any, Final

from tests.lab.adapters import Adapter, PowerState
from tests.lab.classkeys import class_key_path, has_class_key
from tests.lab.fleet import moved_address
from tests.lab.schema import Restart

if TYPE_CHECKING:
    from tests.lab.machine import Machine

ANSWER_BEFORE_OUTAGE_SECONDS: Final = 0.05
"""Wall time that an answer has to get out before the link goes."""
PUBLIC: Final = 0
_LINK_LOCAL: Final = "169.254"


class DeviceBusy(Exception):
    """An adapter that can't be switched or restarted now."""


@dataclass(frozen=True, slots=True)
class _Home:
    """What an adapter is like when nothing went wrong."""

    interfaces: tuple[IPv4Interface, ...]
    gateway: str | None


class Devices:
    """The adapters of one machine as Plug and Play sees them."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._home = {one.guid: _Home(one.interfaces, one.gateway) for one in machine.adapters}
        self._ends_in: dict[str, PowerState] = {}
        self._leaving: set[str] = set()
        self._work: set[asyncio.Task[None]] = set()

    def switch(self, adapter: Adapter, *, on: bool) -> asyncio.Future[None]:
        """Order an adapter to be enabled or disabled; the future is done when it is.

        Raises:
            DeviceBusy: it is changing its state already.
        """
        if self._is_changing(adapter):
            return self._ordered_while_changing(adapter, on)
        if (adapter.state == "started") == on:
            return _done()
        self._machine.note("Enable" if on else "Disable", adapter.name)
        self._leave(adapter, "started" if on else "disabled", cut=self._machine.carries_management(adapter) and not on)
        return self._begin(self._switched(adapter))

    async def restart(self, adapter: Adapter) -> None:
        """Restart an adapter by its CIM method. Whether and when this returns depends on who hangs on the adapter.

        Raises:
            DeviceBusy: it can't be restarted now.
        """
        settings = settings_of(adapter)
        if settings.answer == "refused" or self._is_changing(adapter):
            raise DeviceBusy(f"{adapter.name} can't be restarted now")
        self._machine.note("Restart", adapter.name)
        carried = self._machine.carries_management(adapter)
        delay = ANSWER_BEFORE_OUTAGE_SECONDS if settings.answer == "normal" and carried else 0.0
        self._leaving.add(adapter.guid)
        finished = self._begin(self._restarted(adapter, delay, cut=carried and settings.answer != "late"))
        if not carried:
            await asyncio.shield(finished)
        elif settings.answer == "cut":
            await asyncio.Event().wait()
        elif settings.answer == "late":
            await asyncio.shield(finished)
            self._machine.disconnect()

    async def restart_device(self, adapter: Adapter) -> None:
        """Restart an adapter as a program on the machine itself does; returns when it is there again.

        A disabled device stays as it is.

        Raises:
            DeviceBusy: it is changing its state.
        """
        if self._is_changing(adapter):
            raise DeviceBusy(f"{adapter.name} is changing its state")
        if adapter.state == "disabled":
            return
        self._machine.note("Restart", adapter.name)
        cut = self._machine.carries_management(adapter)
        self._leaving.add(adapter.guid)
        await asyncio.shield(self._begin(self._restarted(adapter, 0.0, cut=cut)))

    def written(self, key: str) -> None:
        """A value below *key* was written: a driver that restarts its device for that does so, soon after."""
        for adapter in self._machine.adapters:
            here = has_class_key(adapter) and class_key_path(adapter).casefold() == key.casefold()
            if here and settings_of(adapter).on_write and adapter.state == "started" and not self._is_changing(adapter):
                self._machine.note("Restart", adapter.name)
                self._leaving.add(adapter.guid)
                cut = self._machine.carries_management(adapter)
                self._begin(self._restarted(adapter, ANSWER_BEFORE_OUTAGE_SECONDS, cut=cut))

    def power_off(self) -> None:
        """The machine goes down: whatever was under way ends in what it was to end in."""
        for task in list(self._work):
            task.cancel()
        for adapter in self._machine.adapters:
            if adapter.state == "changing":
                adapter.state = self._ends_in.get(adapter.guid, "started")
        self._ends_in.clear()
        self._leaving.clear()

    def power_on(self) -> None:
        """The machine comes up: every device that is not disabled starts."""
        for adapter in self._machine.adapters:
            self._lose_routes(adapter)
            if adapter.state == "started":
                self._put_back(adapter)
                self._start(adapter)

    def _is_changing(self, adapter: Adapter) -> bool:
        """Whether the device goes or comes, or is about to go: the answer to a restart may leave before that."""
        return adapter.state == "changing" or adapter.guid in self._leaving

    def _ordered_while_changing(self, adapter: Adapter, on: bool) -> asyncio.Future[None]:
        policy = adapter.spec.enable_while_disabling if adapter.spec is not None else "refused"
        if not on or self._ends_in.get(adapter.guid) != "disabled" or policy == "refused":
            raise DeviceBusy(f"{adapter.name} is changing its state")
        self._machine.note("Enable", f"{adapter.name} {policy}")
        if policy == "accepted":
            self._ends_in[adapter.guid] = "started"
        return _done()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _leave(self, adapter: Adapter, ends_in: PowerState, *, cut: bool) -> None:
        """The device goes."""
        adapter.state = "changing"
        self._ends_in[adapter.guid] = ends_in
        self._machine.forget_neighbours(adapter)
        if cut:
            self._machine.disconnect()

    async def _switched(self, adapter: Adapter) -> None:
        first = self._ends_in[adapter.guid]
        await self._machine.clock.sleep(settings_of(adapter).outage_seconds)
        if first == "disabled":
            self._lose_routes(adapter)
            adapter.state = "disabled"
        if self._ends_in.pop(adapter.guid) == "disabled":
            return
        if first == "disabled":
            self._leave(adapter, "started", cut=False)
            await self._machine.clock.sleep(settings_of(adapter).outage_seconds)
            del self._ends_in[adapter.guid]
        self._put_back(adapter)
        self._start(adapter)

    async def _restarted(self, adapter: Adapter, delay: float, *, cut: bool) -> None:
        settings = settings_of(adapter)
        bad = adapter.restarts - settings.skip
        affected = bad >= 0 and (settings.times is None or bad < settings.times)
        if affected and settings.reboots_after_seconds is not None:
            self._machine.reboot_after(settings.reboots_after_seconds)
        await asyncio.sleep(delay)
        self._leaving.discard(adapter.guid)
        self._leave(adapter, "started", cut=cut)
        await self._machine.clock.sleep(settings.outage_seconds)
        adapter.restarts += 1
        self._lose_routes(adapter)
        self._put_back(adapter)
        del self._ends_in[adapter.guid]
        if affected:
            self._spoil(adapter, settings)
        if affected and settings.leaves == "disabled":
            adapter.state = "disabled"
            self._machine.note("StaysDisabled", adapter.name)
        else:
            self._start(adapter)
        self._machine.network.adapter_restarted(self._machine.host)

    def _start(self, adapter: Adapter) -> None:
        """The device starts: the driver reads its keywords anew."""
        adapter.state = "started"
        adapter.starts += 1
        if settings_of(adapter).applies:
            adapter.active = self._machine.configured_bits(adapter)
        report = adapter.spec.active_report if adapter.spec is not None else "follows"
        if report == "follows":
            adapter.reported = adapter.active

    def _touched(self, adapter: Adapter) -> list[Adapter]:
        """The adapter, and those whose traffic goes through it."""
        above = [one for one in self._machine.adapters if adapter in self._machine.below(one)]
        return [adapter, *(one for one in above if one is not adapter)]

    def _lose_routes(self, adapter: Adapter) -> None:
        for one in self._touched(adapter):
            one.routes = tuple(route for route in one.routes if route.persistent)

    def _put_back(self, adapter: Adapter) -> None:
        """A start that goes well: link, addresses, profile and offloads are what they should be."""
        adapter.without_link = adapter.blocked = False
        adapter.offloads = adapter.spec.offloads if adapter.spec is not None and adapter.physical else None
        for one in self._touched(adapter):
            home = self._home[one.guid]
            one.interfaces, one.gateway = home.interfaces, home.gateway
            self._machine.profiles.pop(one.guid, None)

    def _spoil(self, adapter: Adapter, settings: Restart) -> None:
        """What goes wrong at a restart, as the fleet file says."""
        adapter.without_link = settings.leaves == "without_link"
        if settings.way_back_seconds:
            adapter.blocked = True
            self._begin(self._unblocked(adapter, settings.way_back_seconds))
        if settings.offloads is not None and adapter.physical:
            adapter.offloads = settings.offloads
        for one in self._touched(adapter):
            if one.spec is None or not one.interfaces:
                continue
            if settings.address != "keeps" and one.spec.origin == "dhcp":
                one.interfaces = tuple(_RENEWED[settings.address](interface) for interface in one.interfaces)
                one.gateway = one.gateway if settings.address == "moves" else None
                self._machine.note("Address", f"{one.name} {one.interfaces[0].ip}")
            if settings.profile == "public":
                self._machine.profiles[one.guid] = PUBLIC
                self._machine.note("Profile", f"{one.name} public")
                if settings.profile_seconds is not None:
                    self._begin(self._identified(one, settings.profile_seconds))

    async def _identified(self, adapter: Adapter, seconds: float) -> None:
        await self._machine.clock.sleep(seconds)
        if self._machine.profiles.pop(adapter.guid, None) is not None:
            self._machine.note("Profile", f"{adapter.name} identified")

    async def _unblocked(self, adapter: Adapter, seconds: float) -> None:
        restarts = adapter.restarts
        await self._machine.clock.sleep(seconds)
        if adapter.blocked and adapter.restarts == restarts:
            adapter.blocked = False
            self._machine.note("Forwards", adapter.name)


def settings_of(adapter: Adapter) -> Restart:
    """How an adapter restarts."""
    return adapter.spec.restart if adapter.spec is not None else Restart()


def _moved(interface: IPv4Interface) -> IPv4Interface:
    return IPv4Interface(f"{moved_address(str(interface.ip))}/{interface.network.prefixlen}")


def _lost(interface: IPv4Interface) -> IPv4Interface:
    last = ".".join(str(IPv4Address(interface.ip)).split(".")[2:])
    return IPv4Interface(f"{_LINK_LOCAL}.{last}/16")


_RENEWED: Final[dict[str, Callable[[IPv4Interface], IPv4Interface]]] = {"moves": _moved, "lost": _lost}


def _done() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
