# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of a fleet file. Unknown keys are errors; README.md documents every key.

A fleet file is YAML: ``kinds`` describe machines, ``hosts`` name the machines there are. Nothing here knows addresses;
these are given out in ``fleet.py`` when the file is expanded.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tests.lab.catalogue import MODELS
from tests.lab.diagnosisspec import FirewallProfile, FirewallProfiles, Npcap, PktMon, UdpEndpoint
from tests.lab.frames import Replies
from tests.lab.languages import LANGUAGES
from tests.lab.spec import Spec
from tests.lab.systemspec import (
    IscsiSession,
    Offloads,
    Restart,
    Route,
    System,
    Tasks,
    VirtualMachine,
    WinrmScope,
)
from tests.lab.wirespec import WireSpec

__all__ = [
    "Account",
    "Adapter",
    "Address",
    "Bmc",
    "BmcLink",
    "Diagnosis",
    "Driver",
    "Drown",
    "Expect",
    "FirewallProfile",
    "FirewallProfiles",
    "FleetFile",
    "HostEntry",
    "IscsiSession",
    "Kind",
    "Npcap",
    "Offloads",
    "PktMon",
    "RegistryValue",
    "Restart",
    "Route",
    "Spec",
    "Stage",
    "System",
    "Tasks",
    "UdpEndpoint",
    "Verdict",
    "VirtualMachine",
    "WinrmScope",
]

Directions = Literal["disabled", "tx", "rx", "rx_tx"]
Verdict = Literal[
    "unreachable",
    "unknown",
    "not_cured",
    "inconclusive",
    "restart_pending",
    "affected",
    "suspicious",
    "unsupported",
    "other_cause",
    "unreachable_from_host",
    "bmc_silent",
    "remediated",
    "enforced",
    "at_risk",
    "healthy",
]
Stage = Literal["audit", "remediate", "again", "rollback"]
Confidence = Literal["proven", "likely", "possible", "none"]
Cause = Literal[
    "driver_marked_bad",
    "corrupt_reply",
    "firewall",
    "no_listener",
    "nothing_arrived",
    "other",
    "unavailable",
    "answered",
]

ADAPTER_GUID = re.compile(r"\{guid:([^}]*)\}")
"""Stands for an adapter's GUID in the names and data of registry values."""

MANAGEMENT_NETWORK = 1
BMC_NETWORK = 2
BMC_SECOND_NETWORK = 3
TOOL_NETWORK = 251
"""Addresses at which tools on this computer reach a BMC through a machine."""


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"unknown adapter model {name!r}; known are {', '.join(sorted(MODELS))}")
    return name


class Account(Spec):
    """The account Ansible logs on with, and what it may do."""

    user: str = "labadmin"
    password: str = "Nic-Lab <&> 2026"
    read: bool = True
    write: bool = True
    shell: bool = True
    elevated: bool = True


class Driver(Spec):
    """What differs from the catalogue's driver of an adapter model."""

    file: str | None = None
    version: str | None = None
    date: str | None = None
    provider: str | None = None


class Address(Spec):
    """A further IPv4 address of an adapter, in the subnet of its first one."""

    state: Literal["preferred", "deprecated", "tentative", "duplicate"] = "preferred"
    skip_as_source: bool = False


class Adapter(Spec):
    """One network adapter that an administrator sees."""

    model: Annotated[str, AfterValidator(_known_model)]
    name: str | None = None
    driver: Driver = Driver()
    subsystem: Annotated[str, Field(pattern=r"^[0-9A-F]{8}$")] | None = None
    state: Literal["up", "disconnected", "disabled"] = "up"
    network: Annotated[int, Field(ge=1, le=250)] | None = None
    prefix: Annotated[int, Field(ge=8, le=30)] = 14
    gateway: bool = False
    origin: Literal["static", "dhcp"] = "static"
    more_addresses: tuple[Address, ...] = ()
    routes: tuple[Route, ...] = ()
    above: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    keyword: Literal["granular", "grouped", "both", "none"] | None = None
    allowed: tuple[Directions, ...] | None = None
    configured: Literal["disabled", "tx", "rx", "rx_tx", "absent"] | None = None
    active: Directions | None = None
    active_report: Literal["follows", "stuck", "unknown", "missing"] = "follows"
    receive_fault: Literal["none", "offload", "always", "until_restart"] | None = None
    enable_while_disabling: Literal["refused", "ignored", "accepted"] = "refused"
    offloads: Offloads = Offloads()
    restart: Restart = Restart()

    @model_validator(mode="after")
    def _addresses_fit(self) -> Adapter:
        if self.restart.address != "keeps" and self.network is not None and self.origin != "dhcp":
            raise ValueError("only an address from DHCP changes with a restart")
        if self.network in (BMC_NETWORK, BMC_SECOND_NETWORK):
            raise ValueError(f"network {self.network} belongs to the BMCs; an adapter takes another one")
        if self.network is None and (self.gateway or self.routes or self.more_addresses):
            raise ValueError("an adapter without a network has no gateway, no routes and no more addresses")
        if self.more_addresses and self.origin == "dhcp":
            raise ValueError("an adapter that has its address from DHCP has no others")
        if not self.gateway and any(route.via == "gateway" for route in self.routes):
            raise ValueError("a route via the gateway needs an adapter with a gateway")
        return self


class Drown(Spec):
    """An old management card that stops answering when it is asked too fast."""

    datagrams: Annotated[int, Field(ge=1)] = 6
    window_ms: Annotated[int, Field(ge=1)] = 1000
    for_ms: Annotated[int, Field(ge=1)] = 3000


class Bmc(Spec):
    """One management controller, listening for real on a loopback address."""

    behaviour: Literal["ipmi20", "ipmi15", "smdc", "silent", "ping_only", "closed"] = "ipmi20"
    answer_delay_ms: Annotated[int, Field(ge=0, le=10_000)] | None = None
    too_late: bool = False
    acknowledges: bool = False
    pads: bool | None = None
    duplicates: bool = False
    answers_from: Literal["itself", "other_port", "other_address"] = "itself"
    corrupts: (
        Literal[
            "checksum1",
            "checksum2",
            "sequence",
            "command",
            "network_function",
            "class",
            "length",
            "truncated",
            "rmcp_version",
        ]
        | None
    ) = None
    completion_code: Annotated[int, Field(ge=0, le=255)] = 0
    replies: Replies = "whole"
    loses_every: Annotated[int, Field(ge=2)] | None = None
    silent_after_restart: bool = False
    survives_restarts: Annotated[int, Field(ge=0)] = 0
    falls_silent_after: Annotated[int, Field(ge=1)] | None = None
    wakes_after: Annotated[int, Field(ge=0)] = 0
    drown: Drown | None = None
    trips_receive_offload: bool | None = None
    icmp: Literal["answers", "silent"] = "answers"
    reachable_from: Literal["everywhere", "hosts"] = "everywhere"


class BmcLink(Spec):
    """A BMC as one machine sees it: its own, or one that several share, and what lies in between."""

    bmc: Bmc | None = None
    shared: str | None = None
    path: Literal["open", "filtered", "udp_filtered", "own_port", "unrouted"] = "open"
    neighbour: Literal["resolved", "cold", "never"] = "cold"
    asked: bool = True
    replies: Literal["whole", "wrong_checksum", "damaged_payload"] = "whole"
    answers_only_from: Literal["first", "additional"] | None = None
    tool_address: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> BmcLink:
        if (self.bmc is None) == (self.shared is None):
            raise ValueError("a BMC is either described here (bmc) or named (shared): exactly one of the two")
        return self


class RegistryValue(Spec):
    """A registry value that is there from the start. ``{guid:NAME}`` in name and data becomes an adapter's GUID."""

    key: str
    name: str
    type: Literal["string", "dword", "strings"] = "string"
    data: str | int | tuple[str, ...]

    @model_validator(mode="after")
    def _data_fits(self) -> RegistryValue:
        wanted = {"string": str, "dword": int, "strings": tuple}[self.type]
        if not isinstance(self.data, wanted):
            raise ValueError(f"data of a {self.type} value can't be {self.data!r}")
        return self


class Diagnosis(Spec):
    """What a diagnosis must end in; ``cause`` is that of the packet evidence, null where none is taken."""

    verdict: Verdict
    reason: str
    confidence: Confidence
    cause: Cause | None = None


class Expect(Spec):
    """The verdict each stage must find; a stage left out is not run on the host.

    ``reasons`` are the reason codes that go with the verdicts of some stages.
    """

    diagnose: Diagnosis | None = None
    audit: Verdict | None = None
    remediate: Verdict | None = None
    again: Verdict | None = None
    rollback: Verdict | None = None
    reasons: dict[Stage, str] = Field(default_factory=dict)


class Kind(Spec):
    """A machine that one or many hosts are."""

    description: str
    system: System = System()
    account: Account = Account()
    tasks: Tasks = Tasks()
    adapters: Annotated[tuple[Adapter, ...], Field(min_length=1)]
    bmcs: tuple[BmcLink, ...] = ()
    registry: tuple[RegistryValue, ...] = ()
    wire: WireSpec = WireSpec()
    variables: dict[str, Any] = Field(default_factory=dict)
    expect: Expect = Expect()

    @property
    def adapter_names(self) -> tuple[str, ...]:
        """The connection name of each adapter, as Windows gives it where the file does not."""
        ethernet = LANGUAGES[self.system.language].ethernet
        defaults = (ethernet if place == 1 else f"{ethernet} {place}" for place in range(1, len(self.adapters) + 1))
        return tuple(adapter.name or name for adapter, name in zip(self.adapters, defaults, strict=True))

    @model_validator(mode="after")
    def _adapters_fit(self) -> Kind:
        if len(set(self.adapter_names)) != len(self.adapters):
            raise ValueError(f"two adapters have the same name: {', '.join(self.adapter_names)}")
        self._check_stack()
        management = [adapter for adapter in self.adapters if adapter.network == MANAGEMENT_NETWORK]
        if len(management) != 1:
            raise ValueError(f"exactly one adapter has network {MANAGEMENT_NETWORK}, that of the management address")
        networks = [adapter.network for adapter in self.adapters if adapter.network is not None]
        if len(set(networks)) != len(networks):
            raise ValueError("two adapters are in the same network")
        for session in self.system.iscsi_sessions:
            if session.via is not None and session.via not in self.adapter_names:
                raise ValueError(f"the session to {session.target} goes via {session.via!r}, which is no adapter")
        return self

    def _check_stack(self) -> None:
        """Every adapter below another is there, and none is below itself."""
        below = dict(zip(self.adapter_names, (adapter.above for adapter in self.adapters), strict=True))
        for name, lower in below.items():
            unknown = [other for other in lower if other not in below]
            if unknown:
                raise ValueError(f"adapter {name!r} is above {unknown[0]!r}, which no adapter is named")
        for name, lower in below.items():
            waiting, seen = list(lower), set[str]()
            while waiting:
                lower_name = waiting.pop()
                if lower_name == name:
                    raise ValueError(f"adapter {name!r} lies above itself")
                if lower_name not in seen:
                    seen.add(lower_name)
                    waiting += below[lower_name]

    @model_validator(mode="after")
    def _registry_fits(self) -> Kind:
        for preset in self.registry:
            for text in (preset.name, preset.data):
                for name in ADAPTER_GUID.findall(text) if isinstance(text, str) else ():
                    if name not in self.adapter_names:
                        raise ValueError(f"{{guid:{name}}} names no adapter; there are {', '.join(self.adapter_names)}")
        return self


class HostEntry(Spec):
    """One or ``count`` hosts of a kind."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,40}$")]
    kind: str
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    variables: dict[str, Any] = Field(default_factory=dict)
    expect: Expect | None = None


class FleetFile(Spec):
    """A whole fleet file. ``kinds`` are already merged with what they extend."""

    name: str
    description: str
    speed: Annotated[float, Field(gt=0.0, le=1000.0)] = 1.0
    variables: dict[str, Any] = Field(default_factory=dict)
    shared_bmcs: dict[str, Bmc] = Field(default_factory=dict)
    kinds: Annotated[dict[str, Kind], Field(min_length=1)]
    hosts: Annotated[tuple[HostEntry, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_fit(self) -> FleetFile:
        for entry in self.hosts:
            if entry.kind not in self.kinds:
                raise ValueError(f"host {entry.name} is of kind {entry.kind!r}; kinds are {', '.join(self.kinds)}")
        names = [entry.name for entry in self.hosts]
        if len(set(names)) != len(names):
            raise ValueError("two hosts have the same name")
        for name, kind in self.kinds.items():
            for link in kind.bmcs:
                if link.shared is not None and link.shared not in self.shared_bmcs:
                    raise ValueError(f"kind {name} names the shared BMC {link.shared!r}, which shared_bmcs has not")
        return self
