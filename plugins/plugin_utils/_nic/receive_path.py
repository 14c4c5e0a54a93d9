# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What on a host may change or drop the UDP datagrams that it receives: findings, from what was read of it. Pure.

Firewall: a profile that lets a question out makes a flow of it, and what comes back from the same address and port
belongs to that flow, whatever the profile does with other datagrams (Microsoft Learn, "ALE Stateful Filtering"). So a
profile can only block a reply by blocking the question. Windows lets questions out unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.npcap import Npcap
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import NotRead

Reply = Literal["passes", "question_blocked", "unknown"]
"""What the firewall's profiles do to the reply to a question of this host."""

_MOST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile of the Windows firewall, with what Windows does where nothing is configured.

    Attributes:
        name: ``domain``, ``private`` or ``public``.
        inbound: What becomes of datagrams that belong to no flow and that no rule is about: ``allow`` or ``block``.
        outbound: The same of what the host sends.
        adapters: Names of the adapters whose networks it holds for now.
    """

    name: str
    enabled: bool
    inbound: str
    outbound: str
    adapters: tuple[str, ...] = ()

    @property
    def blocks_questions(self) -> bool:
        """Whether it lets nothing out that no rule allows."""
        return self.enabled and self.outbound == "block"

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results."""
        return {
            "name": self.name,
            "enabled": self.enabled,
            "inbound": self.inbound,
            "outbound": self.outbound,
            "adapters": list(self.adapters),
        }


@dataclass(frozen=True, slots=True)
class PortInUse:
    """A local UDP port that a program has open. ``process`` is its name, None where that could not be read."""

    port: int
    address: str
    process_id: int | None
    process: str | None

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results."""
        return {
            "port": self.port,
            "address": self.address,
            "process_id": self.process_id,
            "process": self.process,
        }


@dataclass(frozen=True, slots=True)
class Filter:
    """A driver of another maker that is bound to an adapter, and sees its datagrams before Windows does."""

    adapter: str
    component: str
    name: str

    def as_dict(self) -> dict[str, str]:
        """The form that it has in results."""
        return {"adapter": self.adapter, "component": self.component, "name": self.name}


@dataclass(frozen=True, slots=True)
class Member:
    """A physical adapter that feeds a team or a virtual switch. ``kind`` as ``member_kind`` of an adapter's facts."""

    adapter: str
    kind: str
    of: str

    def as_dict(self) -> dict[str, str]:
        """The form that it has in results."""
        return {"adapter": self.adapter, "kind": self.kind, "of": self.of}


@dataclass(frozen=True, slots=True)
class Source:
    """An IPv4 address of the host that a probe can be sent from."""

    address: str
    prefix: int
    adapter: str

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results."""
        return {"address": self.address, "prefix": self.prefix, "adapter": self.adapter}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing. ``code`` is a stable word, ``adapters`` are those that it is about, if any."""

    code: str
    sentence: str
    adapters: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results."""
        return {"code": self.code, "adapters": list(self.adapters), "sentence": self.sentence}


@dataclass(frozen=True, slots=True)
class ReceivePath:
    """Everything that was read. ``profiles`` is empty where they could not be read; ``task_offload`` None likewise."""

    profiles: tuple[Profile, ...] = ()
    ports: tuple[PortInUse, ...] = ()
    filters: tuple[Filter, ...] = ()
    npcap: Npcap | None = None
    members: tuple[Member, ...] = ()
    task_offload: bool | None = None
    sources: tuple[Source, ...] = ()
    not_read: tuple[NotRead, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The form that it has in results, with the findings."""
        return {
            "firewall": {
                "reply": reply_through(self.profiles),
                "profiles": [each.as_dict() for each in self.profiles],
            },
            "ports_in_use": [each.as_dict() for each in self.ports],
            "filters": [each.as_dict() for each in self.filters],
            "npcap": self.npcap.as_dict() if self.npcap else None,
            "members": [each.as_dict() for each in self.members],
            "task_offload": {True: "enabled", False: "disabled", None: None}[self.task_offload],
            "source_addresses": [each.as_dict() for each in self.sources],
            "findings": [each.as_dict() for each in find(self)],
            "not_read": [each.as_dict() for each in self.not_read],
        }


def reply_through(profiles: Sequence[Profile]) -> Reply:
    """What the profiles do to a reply. Where no network of the host is known, all profiles count."""
    in_use = [each for each in profiles if each.adapters] or list(profiles)
    if not in_use:
        return "unknown"
    return "question_blocked" if any(each.blocks_questions for each in in_use) else "passes"


def find(path: ReceivePath) -> tuple[Finding, ...]:
    """Everything worth knowing, what weighs most first."""
    return (
        *_overridden(path),
        *_firewall(path.profiles),
        *_ports(path.ports),
        *(
            Finding("filter_driver", f"{each.name} ({each.component}) is bound to {each.adapter}.", (each.adapter,))
            for each in path.filters[:_MOST_SHOWN]
        ),
        *(
            Finding(
                "virtual_switch" if each.kind == "virtual_switch" else "team",
                f"What {each.adapter} receives goes to {each.of} ({each.kind.replace('_', ' ')}) first.",
                (each.adapter,),
            )
            for each in path.members
        ),
        *_sources(path.sources),
    )


def _overridden(path: ReceivePath) -> list[Finding]:
    found = []
    if path.task_offload is False:
        found.append(
            Finding(
                "task_offload_disabled",
                "Task offload is disabled for the whole host: no adapter checks anything, whatever its settings say, so"
                " that an answer proves nothing about its driver.",
            )
        )
    npcap = path.npcap
    if npcap is None or npcap.overrides_offload is False:
        return found
    names = ", ".join(npcap.adapters[:_MOST_SHOWN])
    if npcap.overrides_offload:
        found.append(
            Finding(
                "npcap_overrides_offload",
                f"Npcap {npcap.version} switches checksum offload off on {names}, whatever the adapter's settings say,"
                " so that an answer proves nothing about its driver. Versions after 0.93 don't.",
                npcap.adapters,
            )
        )
    else:
        found.append(
            Finding(
                "npcap_version_unknown",
                f"Npcap is bound to {names}, and nothing tells its version. Up to 0.93 it switches checksum offload"
                " off.",
                npcap.adapters,
            )
        )
    return found


def _firewall(profiles: Sequence[Profile]) -> list[Finding]:
    return [
        Finding(
            "outbound_blocked",
            f"The {each.name} profile of the firewall lets nothing out that no rule allows. A question that gets out is"
            " answered all the same.",
            each.adapters,
        )
        for each in profiles
        if each.blocks_questions and (each.adapters or not any(other.adapters for other in profiles))
    ]


def _ports(ports: Sequence[PortInUse]) -> list[Finding]:
    return [
        Finding(
            "local_port_in_use",
            f"{each.process or 'A program'} (process {each.process_id}) has local UDP port {each.port} open on"
            f" {each.address}. The probe uses other ports; programs that send from 623 or 664 may get no replies, since"
            " network adapters with management functions keep those for themselves.",
        )
        for each in ports[:_MOST_SHOWN]
    ]


def _sources(sources: Sequence[Source]) -> list[Finding]:
    if len(sources) < 2:
        return []
    listed = ", ".join(f"{each.address} ({each.adapter})" for each in sources[:_MOST_SHOWN])
    return [Finding("several_sources", f"The host can send from {len(sources)} addresses: {listed}.")]
