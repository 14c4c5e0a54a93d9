# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulated Windows machine: what the WinRM side asks for, and what an adapter restart does to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any, Final, Literal

from tests.lab import relay
from tests.lab.adapters import Adapter, adapter_below, build_adapters
from tests.lab.catalogue import MODELS
from tests.lab.cim import cimv2, diagnosis, firewall, netadapter, offloads, roles, scheduler, stdregprov, tcpip
from tests.lab.cim.classes import CIMV2, DEFAULT, STANDARD, CimClass
from tests.lab.cim.values import CimError, CimInstance, Value
from tests.lab.classkeys import build_registry, class_key_path, start_hardware_hive
from tests.lab.clock import HostClock
from tests.lab.devices import DeviceBusy, Devices
from tests.lab.firewall import CATEGORIES, CONTROLLER, inbound_rules, lets_in
from tests.lab.fleet import BmcPlan, HostSpec
from tests.lab.frames import Datagram, Replies
from tests.lab.network import IcmpResult, NeighbourEntry, Network, Peer, Surroundings
from tests.lab.pktmon import PktMon
from tests.lab.processes import execute
from tests.lab.routing import RouteEntry, route_table
from tests.lab.schema import MANAGEMENT_NETWORK
from tests.lab.snapshot import OUTCOME_PATH, UNDO_PATH, snapshot
from tests.lab.tasks import TaskScheduler
from tests.lab.taskvalues import ExecAction, TaskDefinition
from tests.lab.udpstack import UdpCounters, UdpStack

__all__ = ["OUTCOME_PATH", "UNDO_PATH", "Machine"]

STDREGPROV: Final = "StdRegProv"
ADAPTER_METHODS: Final = frozenset({"Restart", "Enable", "Disable"})
UPTIME: Final = timedelta(days=3)

CLASSES: Final[dict[tuple[str, str], CimClass]] = {
    (namespace, cim_class.name.casefold()): cim_class
    for family in (netadapter, offloads, tcpip, firewall, diagnosis, cimv2, roles, scheduler)
    for cim_class in family.CLASSES
    for namespace in cim_class.namespaces
}

Role = Literal["plain", "member", "uplink"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do: reach WMI at all, and open a shell."""

    cim: bool
    shell: bool


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that changed on the machine, for tests that ask in which order."""

    what: str
    detail: str


class Machine:
    """A machine of the fleet, with its adapters, registry and network."""

    def __init__(self, host: HostSpec, network: Network) -> None:
        self.host = host
        self.network = network
        self.adapters: list[Adapter] = build_adapters(host)
        self.registry = build_registry(host, self.adapters)
        self.surroundings = Surroundings(host, network, self.adapters)
        system = host.system
        skew, offset = timedelta(seconds=system.clock_skew_seconds), timedelta(minutes=system.utc_offset_minutes)
        self.clock = HostClock(network.clock, skew, offset)
        self.booted_at = self.clock.now - UPTIME - timedelta(minutes=host.number)
        self.on_disconnect: list[Callable[[], None]] = []
        self.on_reboot: list[Callable[[], None]] = []
        self.journal: list[JournalEntry] = []
        self.relay_calls = 0
        self.running = True
        self.profiles: dict[str, int] = {}
        self.firewall_rules = inbound_rules(host)
        self.devices = Devices(self)
        self.tasks = TaskScheduler(self, host.kind.tasks, (1, 4) if system.product == "server-2012r2" else (1, 6))
        self._reboots: set[asyncio.Task[None]] = set()
        self.pktmon = PktMon(self)
        self.stack = UdpStack(self, self.pktmon, UdpCounters(errors=system.udp_errors))
        network.join(host, self)

    @property
    def udp(self) -> UdpCounters:
        """The UDP counters of the IPv4 stack."""
        return self.stack.counters

    @property
    def number(self) -> int:
        """Its place in the fleet, from 1."""
        return self.host.number

    @property
    def system_name(self) -> str:
        """The computer name as CIM shows it: fully qualified on members of a domain."""
        domain = self.host.system.domain
        return f"{self.host.name}.{domain}" if domain else self.host.name.upper()

    @property
    def task_offload(self) -> bool:
        """Whether the global switch allows offloads at all."""
        return self.host.system.task_offload

    @property
    def has_switch(self) -> bool:
        """Whether there is a virtual switch."""
        return any(netadapter.is_switch_adapter(adapter) for adapter in self.adapters)

    @property
    def answers_at(self) -> str | None:
        """Where WinRM answers the controller now; None while it does not: no link, no address, or the firewall."""
        top = self._management_adapter()
        linked = top.connected and all(adapter.forwards for adapter in self.below(top))
        address = str(top.interfaces[0].ip)
        if not self.running or not linked or not address.startswith("127.") or self.locked_out:
            return None
        return address

    @property
    def locked_out(self) -> bool:
        """Whether the firewall drops what the controller sends."""
        subnets = [interface.network for one in self.adapters if one.connected for interface in one.interfaces]
        return not lets_in(self.firewall_rules, self.category(self._management_adapter()), subnets, CONTROLLER)

    @property
    def reachable(self) -> bool:
        """Whether it answers at the address that the inventory has."""
        return self.answers_at == self.host.address

    def category(self, adapter: Adapter) -> int:
        """What an adapter's network is classified as: 0 public, 1 private, 2 domain."""
        system = self.host.system
        usual = CATEGORIES[system.profile or ("domain" if system.domain else "private")]
        return self.profiles.get(adapter.guid, usual)

    def rights(self, user: str) -> Rights:
        """What a user may do; ``user`` may carry a domain in either form."""
        name = user.rsplit("\\", 1)[-1].split("@", 1)[0]
        account = self.host.account
        if name.casefold() != account.user.casefold():
            return Rights(cim=False, shell=False)
        return Rights(cim=account.read, shell=account.shell)

    def enumerate(self, namespace: str, class_name: str, where: str | None) -> list[CimInstance]:
        """All instances of a class, or those that fit a WQL condition."""
        name, cim_class = self._class(namespace, class_name)
        return cim_class.instances(self, name, where)

    def get(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> CimInstance:
        """One instance by its keys."""
        name, cim_class = self._class(namespace, class_name)
        if cim_class is cimv2.PING_STATUS:
            row = cimv2.get_ping(self, selectors, cim_class)
            return cim_class.instance(name, row)
        return cim_class.get(self, name, selectors)

    def delete(self, namespace: str, class_name: str, selectors: Mapping[str, str]) -> None:
        """Delete an instance. Scheduled tasks can be, nothing else that this machine has."""
        name, cim_class = self._class(namespace, class_name)
        if cim_class.name == scheduler.SCHEDULED_TASK:
            scheduler.delete(self, cim_class.get(self, name, selectors))
            return
        keys = ", ".join(f"{name}={value}" for name, value in selectors.items())
        raise CimError("not_supported", f"{cim_class.name} ({keys}) can't be deleted", cim_class.provider)

    async def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: Mapping[str, str | Sequence[str] | None],
        selectors: Mapping[str, str],
    ) -> dict[str, Value]:
        """Call a method; gives its output parameters."""
        wanted = _namespace(namespace)
        if class_name.casefold() == STDREGPROV.casefold() and wanted in (CIMV2, DEFAULT):
            return self._registry_call(method, arguments, selectors)
        _unused, cim_class = self._class(namespace, class_name)
        if cim_class.name == scheduler.PS_SCHEDULED_TASK:
            return scheduler.call(self, method, arguments, selectors)
        if cim_class.name != "MSFT_NetAdapter" or method not in ADAPTER_METHODS:
            raise CimError("method_not_found", f"{cim_class.name} has no method {method}", cim_class.provider)
        if arguments:
            raise CimError("invalid_parameter", f"{method} has no parameter {next(iter(arguments))}", "mi")
        instance = cim_class.get(self, wanted, selectors)
        if not self.host.account.write:
            raise CimError("access_denied", f"{method} needs an administrator", "mi")
        adapter = next(one for one in self.adapters if one.guid == instance.properties["DeviceID"])
        try:
            if method == "Restart":
                await self.devices.restart(adapter)
            else:
                self.devices.switch(adapter, on=method == "Enable")
        except DeviceBusy as busy:
            raise CimError("failed", str(busy), "mi") from busy
        row = netadapter.adapter_row(self, adapter)
        return {"cmdletOutput": cim_class.instance(STANDARD, row), "ReturnValue": 0}

    async def run_command(self, executable: str, arguments: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        """Run a command in a WinRM shell: the relay, or a refusal."""
        self.relay_calls += 1
        return await relay.run(self, executable, arguments, stdin)

    async def run_action(self, action: ExecAction, *, elevated: bool) -> int:
        """Run an action of a task: its exit code."""
        return await execute(self, action, elevated=elevated)

    def start_refused(self, definition: TaskDefinition) -> str | None:
        """Which of a task's conditions does not hold now."""
        settings = definition.settings
        if settings.disallow_start_on_batteries and self.host.system.power == "battery":
            return "on battery"
        if settings.only_if_idle:
            return "not idle"
        if settings.only_with_network and not any(one.connected and one.interfaces for one in self.adapters):
            return "no network"
        return None

    def reboot(self) -> None:
        """Go down now and come up again; nothing happens to a machine that is down."""
        self.reboot_after(0.0)

    def reboot_after(self, seconds: float) -> None:
        """Reboot so many seconds from now."""
        task = asyncio.get_running_loop().create_task(self._reboot(seconds))
        self._reboots.add(task)
        task.add_done_callback(self._reboots.discard)

    async def _reboot(self, after: float) -> None:
        await self.clock.sleep(after)
        if not self.running:
            return
        self.note("Reboot", self.host.name)
        self.running = False
        self.tasks.power_off()
        self.devices.power_off()
        for callback in [*self.on_reboot, *self.on_disconnect]:
            callback()
        await self.clock.sleep(self.host.system.boot_seconds)
        self.booted_at = self.clock.now
        start_hardware_hive(self.registry)
        self.stack.power_off()
        self.pktmon.power_off()
        for adapter in self.adapters:
            self.surroundings.forget(adapter)
        self.profiles.clear()
        self.running = True
        self.devices.power_on()
        self.note("Booted", self.host.name)
        self.tasks.power_on()

    def snapshot(self) -> dict[str, Any]:
        """What an observer may know."""
        return snapshot(self)

    def configured_text(self, adapter: Adapter, keyword: str) -> str | None:
        """The registry value of a keyword, None where there is none."""
        _unused, key = self.registry.open(class_key_path(adapter))
        value = None if key is None else key.value(keyword)
        return None if value is None else str(value.data)

    def configured_bits(self, adapter: Adapter) -> int | None:
        """What the registry configures for UDP receive offload, with the driver's default where it is silent."""
        keyword = adapter.keyword
        if keyword is None:
            return None
        text = self.configured_text(adapter, keyword.name)
        valid = {value for value, _unused in keyword.values}
        return int(text) if text in valid else int(keyword.default)

    def role(self, adapter: Adapter) -> Role:
        """Whether an adapter is a plain one, a member of a team or the uplink of a virtual switch."""
        above = [one for one in self.adapters if one.spec is not None and adapter.name in one.spec.above]
        if not above:
            return "plain"
        return "member" if above[0].model is MODELS["lbfo-team"] else "uplink"

    def routes(self) -> list[RouteEntry]:
        """The IPv4 route table."""
        return route_table(self.adapters)

    def neighbours(self) -> list[NeighbourEntry]:
        """The IPv4 neighbour table."""
        return self.surroundings.neighbours()

    def ping(self, address: str) -> IcmpResult:
        """One ICMP echo request to an address; a name or anything else is not resolved."""
        try:
            IPv4Address(address)
        except ValueError:
            return "no_route"
        hop = self.surroundings.hop(address, None)
        if hop is not None and not all(adapter.forwards for adapter in self.below(hop.entry.adapter)):
            return "unreachable" if hop.entry.on_link else "silent"
        return self.surroundings.ping(address)

    def owns(self, address: str) -> bool:
        """Whether an IPv4 address is one of this machine's."""
        wanted = IPv4Address(address)
        return any(interface.ip == wanted for adapter in self.adapters for interface in adapter.interfaces)

    def replies_of(self, plan: BmcPlan) -> Replies:
        """In which state a BMC's replies reach the machine."""
        return self.surroundings.replies_of(plan)

    def receives(self, datagram: Datagram) -> bool:
        """A datagram arrives at one of its addresses: whether it reaches a program."""
        return self.stack.receives(datagram)

    def once_closed(self, local: Peer, then: Callable[[], None]) -> None:
        """Do something when a program closes a socket."""
        self.stack.once_closed(local, then)

    def below(self, adapter: Adapter) -> list[Adapter]:
        """The physical adapters that carry an adapter's traffic."""
        return adapter_below(self.adapters, adapter)

    def carries_management(self, adapter: Adapter) -> bool:
        """Whether the management address depends on an adapter."""
        top = self._management_adapter()
        return adapter is top or adapter in self.below(top)

    def disconnect(self) -> None:
        """Tell the WinRM side that its connections are lost."""
        for callback in list(self.on_disconnect):
            callback()

    def forget_neighbours(self, adapter: Adapter) -> None:
        """Drop the neighbour entries of an adapter and of those above it."""
        for other in self.adapters:
            if other is adapter or adapter in self.below(other):
                self.surroundings.forget(other)

    def note(self, what: str, detail: str) -> None:
        """Write into the journal."""
        self.journal.append(JournalEntry(what, detail))

    def class_of(self, namespace: str, class_name: str) -> CimClass:
        """A class of this machine.

        Raises:
            CimError: it has no such namespace or class.
        """
        return self._class(namespace, class_name)[1]

    def _management_adapter(self) -> Adapter:
        return next(one for one in self.adapters if one.spec is not None and one.spec.network == MANAGEMENT_NETWORK)

    def _class(self, namespace: str, class_name: str) -> tuple[str, CimClass]:
        name = _namespace(namespace)
        cim_class = CLASSES.get((name, class_name.casefold()))
        if cim_class is not None and cim_class.present(self):
            return name, cim_class
        if name != DEFAULT and not any(
            space == name and known.present(self) for (space, _unused), known in CLASSES.items()
        ):
            raise CimError("invalid_namespace", f"There is no namespace {namespace}")
        raise CimError("invalid_class", f"There is no class {class_name} in {namespace}")

    def _registry_call(
        self, method: str, arguments: Mapping[str, str | Sequence[str] | None], selectors: Mapping[str, str]
    ) -> dict[str, Value]:
        if selectors:
            raise CimError("invalid_selectors", f"{STDREGPROV} has static methods only")
        result = stdregprov.call(self.registry, method, arguments)
        if method in stdregprov.WRITES and result["ReturnValue"] == 0:
            named = (arguments.get(name) for name in ("sSubKeyName", "sValueName"))
            self.note(method, "\\".join(str(part) for part in named if part is not None))
            self.devices.written(str(arguments["sSubKeyName"]))
        return result


def _namespace(text: str) -> str:
    return text.replace("\\", "/").strip("/").casefold()
