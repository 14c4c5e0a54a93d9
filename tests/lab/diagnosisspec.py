# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of a fleet file's schema that a diagnosis looks at: PktMon, Npcap, firewall profiles, ports in use."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tests.lab.spec import Spec

Port = Annotated[int, Field(ge=1, le=65_535)]
Grammar = Literal["none", "etw", "capture"]


class PktMon(Spec):
    """The packet monitor of the machine, what others do with it, and how its events look."""

    grammar: Grammar | None = None
    capture: Literal["none", "foreign", "counting", "ours"] = "none"
    filters: Annotated[int, Field(ge=0, le=32)] = 0
    fails: Literal["nothing", "filter_add", "start", "stop", "filter_remove", "delete"] = "nothing"
    events: Literal["kept", "none"] = "kept"
    keeps_last: Annotated[int, Field(ge=1)] | None = None
    metadata: Literal["shown", "cleared_at_drop", "absent"] = "shown"
    drop_group: Literal["same", "own"] | None = None
    duplicate_drops: bool = False
    logged_bytes: Annotated[int, Field(ge=1)] | None = None
    vlan: Annotated[int, Field(ge=1, le=4094)] | None = None


class Npcap(Spec):
    """Npcap on the machine: a filter driver that up to version 0.93 switches offloads off wherever it is bound."""

    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+(-r[0-9]+| r[0-9]+)?$")]
    runs: bool = True
    bound: bool = True
    uninstall_key: bool = True
    report: Literal["unchanged", "off"] = "unchanged"


class FirewallProfile(Spec):
    """One profile of the Windows firewall as the persistent store has it; null is not configured."""

    enabled: bool | None = True
    inbound: Literal["allow", "block"] | None = None
    outbound: Literal["allow", "block"] | None = None


class FirewallProfiles(Spec):
    """The three profiles."""

    domain: FirewallProfile = FirewallProfile()
    private: FirewallProfile = FirewallProfile()
    public: FirewallProfile = FirewallProfile()


class UdpEndpoint(Spec):
    """A UDP port that some program of the machine has open."""

    port: Port
    address: str = "0.0.0.0"
    process: str = "svchost.exe"
