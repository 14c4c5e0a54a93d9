# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""How the adapters of a host are stacked, what feeds teams and virtual switches, and which of them carries WinRM.

Two sources are used together. Interface layers (LowerLayerInterfaceIndices and HigherLayerInterfaceIndices of
MSFT_NetAdapter) tell what lies on what, through the hidden filter interfaces between them. Where a driver keeps its
stacking to itself, the protocol that a team or switch binds to its members tells who is a member of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter, Ipv4Address, guid_in
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance


class MemberKind(StrEnum):
    """What an adapter feeds."""

    LBFO_TEAM = "lbfo_team"
    """A team of Windows Server's own teaming (LBFO), or a network bridge, which is built on the same driver."""
    INTEL_TEAM = "intel_team"
    """A team of Intel Advanced Network Services."""
    EMBEDDED_TEAM = "embedded_team"
    """A virtual switch with several adapters (Switch Embedded Teaming), or one of several that can't be told apart."""
    VIRTUAL_SWITCH = "virtual_switch"
    """A Hyper-V virtual switch with this one adapter."""

    @property
    def is_team(self) -> bool:
        """Whether other adapters share the work, so that changing one of them proves and cures nothing by itself."""
        return self is not MemberKind.VIRTUAL_SWITCH


@dataclass(frozen=True, slots=True)
class Membership:
    """What an adapter feeds: kind, and name of the team's or switch's adapter where there is one."""

    kind: MemberKind
    of: str


@dataclass(frozen=True, slots=True)
class _Stack:
    protocol: str
    """ComponentID of the protocol bound to members (Get-NetAdapterBinding)."""
    virtual_adapter: str
    """End of the ComponentID of the adapters that stand on top."""
    unnamed: str
    """What to call it where no adapter stands on top."""


_LBFO: Final = _Stack("ms_implat", "ms_implat_mp", "a team")
_INTEL: Final = _Stack("iansprotocol", "iansminiport", "an Intel ANS team")
_SWITCH: Final = _Stack("vms_pp", "vms_mp", "a virtual switch")
_STACKS: Final = (_LBFO, _INTEL, _SWITCH)


def bindings_of(*components: str) -> str:
    """WQL condition: the rows of MSFT_NetAdapterBindingSettingData that bind one of these components."""
    return "Enabled = TRUE AND ({})".format(" OR ".join(f"ComponentID = '{each}'" for each in components))


MEMBER_COMPONENTS: Final = tuple(stack.protocol for stack in _STACKS)
"""ComponentIDs that make the adapters that they are bound to members of something."""
MEMBER_BINDINGS: Final = bindings_of(*MEMBER_COMPONENTS)
"""WQL condition: the bindings of these."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The adapters of one host and what lies on what.

    Attributes:
        adapters: Hidden interfaces included, since layers lead through them.
        bound: By ComponentID of a member protocol, the GUIDs of the adapters it is bound to.
    """

    adapters: tuple[Adapter, ...]
    bound: Mapping[str, frozenset[str]]
    _below: Mapping[int, frozenset[int]] = field(init=False, repr=False)
    _reached: dict[int, frozenset[int]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        below: dict[int, set[int]] = {}
        for adapter in self.adapters:
            below.setdefault(adapter.index, set()).update(adapter.layers_below)
            for index in adapter.layers_above:
                below.setdefault(index, set()).add(adapter.index)
        object.__setattr__(self, "_below", {index: frozenset(found) for index, found in below.items()})

    def by_index(self, index: int) -> Adapter | None:
        """The adapter with an interface index."""
        return next((adapter for adapter in self.adapters if adapter.index == index), None)

    def indices_below(self, index: int) -> frozenset[int]:
        """Every interface index below one, at any depth. Loops, which only a broken host reports, end."""
        if index in self._reached:
            return self._reached[index]
        found: set[int] = set()
        waiting = [index]
        while waiting:
            for lower in self._below.get(waiting.pop(), frozenset()) - found:
                found.add(lower)
                waiting.append(lower)
        self._reached[index] = frozenset(found - {index})
        return self._reached[index]

    def physical_below(self, adapter: Adapter) -> tuple[Adapter, ...]:
        """The physical adapters that carry the traffic of one: itself, or the members below it, sorted by name."""
        found: list[Adapter] = []
        seen = {adapter.guid}
        waiting = [adapter]
        while waiting:
            current = waiting.pop()
            if current.physical:
                found.append(current)
                continue
            below = [each for each in self._members_below(current) if each.guid not in seen]
            seen.update(each.guid for each in below)
            waiting += below
        return tuple(sorted(found, key=lambda each: each.name.casefold()))

    def membership(self, adapter: Adapter) -> Membership | None:
        """The team or virtual switch that an adapter feeds, None for none."""
        for stack in _STACKS:
            if adapter.guid not in self.bound.get(stack.protocol, frozenset()):
                continue
            on_top = self._on_top(stack)
            if stack is _INTEL and not on_top:
                # PROSet binds its protocol to every Intel adapter; only a team brings an adapter on top.
                continue
            above = [each for each in on_top if adapter.index in self.indices_below(each.index)]
            of = next((each.name for each in (*above, *on_top)), stack.unnamed)
            return Membership(self._kind(stack, above), of)
        return None

    def _kind(self, stack: _Stack, above: Sequence[Adapter]) -> MemberKind:
        if stack is _LBFO:
            return MemberKind.LBFO_TEAM
        if stack is _INTEL:
            return MemberKind.INTEL_TEAM
        members = {each.index for each in self.adapters if each.guid in self.bound[stack.protocol]}
        switches = [members & self.indices_below(each.index) for each in above] or [members]
        shared = any(len(switch) > 1 for switch in switches)
        return MemberKind.EMBEDDED_TEAM if shared else MemberKind.VIRTUAL_SWITCH

    def _on_top(self, stack: _Stack) -> list[Adapter]:
        return [adapter for adapter in self.adapters if adapter.component_id.endswith(stack.virtual_adapter)]

    def _members_below(self, adapter: Adapter) -> list[Adapter]:
        """The physical adapters in the layers below a virtual one, or else the adapters bound to its protocol."""
        below = self.indices_below(adapter.index)
        physical = [each for each in self.adapters if each.physical and each.index in below]
        stack = next((stack for stack in _STACKS if adapter.component_id.endswith(stack.virtual_adapter)), None)
        if physical or stack is None or any(self.indices_below(each.index) for each in self._on_top(stack)):
            # Where this host tells the layers of such adapters at all, one without layers has nothing below it:
            # the port of an internal switch.
            return physical
        members = self.bound.get(stack.protocol, frozenset())
        return [each for each in self.adapters if each.guid in members]


def read_topology(adapters: Iterable[Adapter], bindings: Iterable[Instance]) -> Topology:
    """Build the topology from adapters and from rows of MSFT_NetAdapterBindingSettingData."""
    bound: dict[str, set[str]] = {}
    for binding in bindings:
        guid = guid_in(binding.text("InstanceID"))
        component = (binding.text("ComponentID") or "").strip().lower()
        # The provider is asked for enabled bindings only; one that ignores the condition must not invent teams.
        if guid is not None and binding.boolean("Enabled") is True:
            bound.setdefault(component, set()).add(guid)
    return Topology(tuple(adapters), {component: frozenset(guids) for component, guids in bound.items()})


def carries_management(
    topology: Topology, addresses: Sequence[Ipv4Address], management: frozenset[str]
) -> dict[str, bool | None]:
    """Which adapters carry the connection to the controller, by GUID: True, False, or None where it can't be told.

    Args:
        topology: The host's adapters.
        addresses: The host's own addresses.
        management: The addresses that the controller connects to. Behind address translation the host has none of
            them, and any adapter that is up may carry the connection.
    """
    owners = {row.interface_index for row in addresses if row.address in management}
    owning = [adapter for adapter in topology.adapters if adapter.index in owners]
    if not owning:
        return {adapter.guid: None if adapter.up else False for adapter in topology.adapters}
    below = {index for adapter in owning for index in topology.indices_below(adapter.index)}
    below.update(each.index for adapter in owning for each in topology.physical_below(adapter))
    hidden_members = any(not topology.physical_below(adapter) for adapter in owning)
    carried: dict[str, bool | None] = {}
    for adapter in topology.adapters:
        if adapter.index in owners or adapter.index in below:
            carried[adapter.guid] = True
        else:
            carried[adapter.guid] = None if hidden_members and adapter.physical and adapter.up else False
    return carried
