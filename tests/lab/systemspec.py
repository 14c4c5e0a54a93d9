# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a fleet file's schema that says which Windows a machine runs, and what it does besides."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tests.lab.diagnosisspec import FirewallProfiles, Npcap, PktMon, UdpEndpoint
from tests.lab.languages import LANGUAGES
from tests.lab.spec import Spec

Seconds = Annotated[float, Field(ge=0.0, le=86_400.0)]


def _known_language(name: str) -> str:
    if name not in LANGUAGES:
        raise ValueError(f"unknown language {name!r}; known are {', '.join(sorted(LANGUAGES))}")
    return name


def _ipv4_network(text: str) -> str:
    IPv4Network(text)
    return text


class WinrmScope(Spec):
    """Whom the firewall rules of WinRM let in: in a private or domain network, and in a public one."""

    trusted: Literal["any", "local_subnet"] = "any"
    public: Literal["any", "local_subnet", "closed"] = "local_subnet"


class IscsiSession(Spec):
    """A session of the iSCSI initiator; ``via`` names the adapter whose address it uses."""

    target: str
    via: str | None = None


class VirtualMachine(Spec):
    """A virtual machine of Hyper-V."""

    name: str
    running: bool = True


class System(Spec):
    """Which Windows the machine runs, how its clock goes, and what hangs on its network."""

    product: Literal["windows-10", "windows-11", "server-2012r2", "server-2019", "server-2022", "server-2025"] = (
        "windows-11"
    )
    language: Annotated[str, AfterValidator(_known_language)] = "en"
    domain: str | None = None
    language_mode: Literal["full", "constrained"] = "full"
    powershell_7: bool = False
    task_offload: bool = True
    outbound_firewall: Literal["allow", "block"] = "allow"
    firewall: FirewallProfiles = FirewallProfiles()
    inspection: Literal["passes", "drops_replies"] = "passes"
    drops_replies_for: Annotated[int, Field(ge=1, le=65_535)] | None = None
    npcap: Npcap | None = None
    pktmon: PktMon = PktMon()
    udp_endpoints: tuple[UdpEndpoint, ...] = ()
    udp_errors: Annotated[int, Field(ge=0, le=2**32 - 1)] = 3
    clock_skew_seconds: float = 0.0
    utc_offset_minutes: Annotated[int, Field(ge=-720, le=840)] = 60
    boot_seconds: Seconds = 20.0
    power: Literal["mains", "battery"] = "mains"
    profile: Literal["public", "private", "domain"] | None = None
    winrm_scope: WinrmScope = WinrmScope()
    cluster: Literal["none", "stopped", "running"] = "none"
    wired_authentication: bool = False
    iscsi_sessions: tuple[IscsiSession, ...] = ()
    virtual_machines: tuple[VirtualMachine, ...] = ()


class Tasks(Spec):
    """How the Task Scheduler of the machine behaves; the first ``registers_first`` registrations succeed anyway."""

    register_task: Literal["allowed", "access_denied", "policy", "service_stopped", "vanishes"] = "allowed"
    registers_first: Annotated[int, Field(ge=0)] = 0
    delete_task: Literal["works", "fails", "lies"] = "works"
    late_seconds: Seconds = 0.0
    expires: bool = True

    @model_validator(mode="after")
    def _first_ones_fit(self) -> Tasks:
        if self.registers_first and self.register_task == "service_stopped":
            raise ValueError("a service that is not there registers nothing first")
        return self


class Offloads(Spec):
    """Offloads of an adapter besides checksums: on, off, or null for what the driver does not have."""

    rss: bool | None = True
    rsc: bool | None = True
    lso: bool | None = True
    uso: bool | None = None
    uro: bool | None = None


class Restart(Spec):
    """What a restart of the adapter does.

    ``times`` is how many restarts have the effects after ``applies``, ``skip`` how many pass without before that. With
    ``on_write`` a keyword that is written over WMI restarts the adapter all by itself. From restart number
    ``loses_replies_from`` on the driver has the fault whatever is set.
    """

    outage_seconds: Annotated[float, Field(ge=0.0, le=120.0)] = 0.3
    answer: Literal["cut", "late", "normal", "refused"] = "cut"
    applies: bool = True
    loses_replies_from: Annotated[int, Field(ge=1)] | None = None
    on_write: bool = False
    leaves: Literal["running", "disabled", "without_link"] = "running"
    address: Literal["keeps", "moves", "lost"] = "keeps"
    profile: Literal["keeps", "public"] = "keeps"
    profile_seconds: Seconds | None = None
    offloads: Offloads | None = None
    reboots_after_seconds: Seconds | None = None
    way_back_seconds: Seconds = 0.0
    skip: Annotated[int, Field(ge=0)] = 0
    times: Annotated[int, Field(ge=1)] | None = 1


class Route(Spec):
    """A route besides the on-link one and the default gateway."""

    to: Annotated[str, AfterValidator(_ipv4_network)]
    via: Literal["on_link", "gateway"] = "on_link"
    metric: Annotated[int, Field(ge=0, le=9999)] = 1
    persistent: bool = True
