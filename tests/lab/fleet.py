# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a fleet file, and expanding it into hosts with names, addresses and BMCs.

Addresses: hosts are 127.1.x.y, BMCs 127.2.x.y, further adapters of a host 127.<network>.x.y with the same x.y, tool
addresses 127.251.x.y. A block is eight third octets wide and holds 2,000 addresses of each sort, so that 31 labs can
run side by side. Further addresses of an adapter are above all blocks, from 127.<network>.248.1 on, 62 for each block.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tests.lab.errors import LabError
from tests.lab.schema import (
    BMC_NETWORK,
    BMC_SECOND_NETWORK,
    MANAGEMENT_NETWORK,
    TOOL_NETWORK,
    Account,
    Bmc,
    BmcLink,
    Expect,
    FleetFile,
    HostEntry,
    Kind,
    Stage,
    System,
    Verdict,
)
from tests.lab.wirespec import WireSpec

__all__ = ["BmcPlan", "Fleet", "FleetError", "HostSpec", "Stage", "Verdict", "load_fleet"]

BLOCKS = 31
BLOCK_THIRD_OCTETS = 8
ADDRESSES_PER_OCTET = 250
BLOCK_ADDRESSES = BLOCK_THIRD_OCTETS * ADDRESSES_PER_OCTET
FURTHER_THIRD_OCTET = BLOCKS * BLOCK_THIRD_OCTETS
FURTHER_ADDRESSES = 62
FURTHER_PER_OCTET = 4
"""How many blocks have their further addresses in the same third octet: 4 times 62 leave the gateway its own."""
IPMI_PORT = 623
BMC_VARIABLE = "udp_rx_offload_bmc"
PORT_VARIABLE = "udp_rx_offload_port"
MAX_EXTENDS = 8
MAX_SPEED = 1000.0


class FleetError(LabError):
    """A fleet file can't be used: what it is about, what was seen, what was expected, what to do."""

    def __init__(self, subject: str, seen: str, expected: str, next_step: str) -> None:
        super().__init__(subject, seen, expected, next_step)
        self.subject = subject
        self.seen = seen
        self.expected = expected
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class BmcPlan:
    """One BMC with its address. ``number`` is its place in the fleet, from 1."""

    number: int
    address: str
    spec: Bmc

    @property
    def other_address(self) -> str:
        """A second address of the same controller, from which a multi-homed one may answer."""
        return self.address.replace(f"127.{BMC_NETWORK}.", f"127.{BMC_SECOND_NETWORK}.", 1)

    @property
    def mac(self) -> str:
        """Its MAC address, twelve hexadecimal digits; 00E081 is Tyan's prefix."""
        return f"00E081{self.number:06X}"


@dataclass(frozen=True, slots=True)
class HostSpec:
    """One machine of the fleet: a kind with a name, a number and addresses."""

    name: str
    number: int
    kind_name: str
    kind: Kind
    address: str
    bmcs: tuple[tuple[BmcLink, BmcPlan], ...]
    expect: Expect
    extra_variables: Mapping[str, Any] = field(default_factory=dict)
    bmc_port: int = IPMI_PORT
    tools: Mapping[str, str] = field(default_factory=dict)
    """Tool address by address of the BMC that it leads to."""
    further: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Addresses besides the first one that an adapter has, by network."""

    @property
    def account(self) -> Account:
        """The account Ansible logs on with."""
        return self.kind.account

    @property
    def user(self) -> str:
        """Its user name."""
        return self.kind.account.user

    @property
    def password(self) -> str:
        """Its password."""
        return self.kind.account.password

    @property
    def system(self) -> System:
        """Which Windows it runs."""
        return self.kind.system

    @property
    def language(self) -> str:
        """Display language, such as de."""
        return self.kind.system.language

    @property
    def wire(self) -> WireSpec:
        """How its WinRM service behaves."""
        return self.kind.wire

    @property
    def variables(self) -> dict[str, Any]:
        """Its inventory variables: BMC addresses and port, then those of fleet, kind and host."""
        own: dict[str, Any] = {}
        asked = [plan.address for link, plan in self.bmcs if link.asked]
        if asked:
            own[BMC_VARIABLE] = asked
            if self.bmc_port != IPMI_PORT:
                own[PORT_VARIABLE] = self.bmc_port
        return own | dict(self.extra_variables)

    def network_address(self, network: int) -> str:
        """Its address in another simulated network: 127.<network> and the same last two octets."""
        return self.address.replace(f"127.{MANAGEMENT_NETWORK}.", f"127.{network}.", 1)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The hosts of a fleet, with their addresses."""

    name: str
    description: str
    hosts: tuple[HostSpec, ...]
    bmcs: tuple[BmcPlan, ...]
    file: FleetFile
    source: str
    block: int = 0
    bmc_port: int = IPMI_PORT
    speed: float = 1.0

    def expand(self, count: int) -> Fleet:
        """The same fleet with exactly ``count`` hosts: the first ones, or its host entries over and over.

        A host of the second and later rounds is named ``<name>-r<round>``; shared BMCs are shared within a round.
        """
        return replace(_plan(self.file, self.source, self.block, self.bmc_port, count), speed=self.speed)


def moved_address(address: str) -> str:
    """The other address that DHCP may give a host: 127.0.x.y, of which no two hosts have the same.

    The third octet counts from the other end, so that nobody gets the controller's 127.0.0.1.
    """
    _first, network, third, fourth = address.split(".")
    return f"127.0.{255 - int(third)}.{fourth}" if network == str(MANAGEMENT_NETWORK) else address


def load_fleet(
    path: Path | str,
    *,
    block: int = 0,
    hosts: int | None = None,
    bmc_port: int = IPMI_PORT,
    speed: float | None = None,
) -> Fleet:
    """Read, validate and expand a fleet file. ``speed`` is that of the file where it is not given.

    Raises:
        FleetError: the file can't be read, is not valid, or does not fit into a block.
    """
    source = Path(path)
    data = _read(source)
    try:
        file = FleetFile.model_validate_json(json.dumps(_merged(data, str(source))))
    except ValidationError as error:
        raise _first_error(source, data, error) from None
    except TypeError as error:
        seen = f"a value JSON has no form for ({error})"
        raise FleetError(str(source), seen, "plain text and numbers", "Quote it.") from None
    if speed is not None and not 0.0 < speed <= MAX_SPEED:
        raise FleetError(str(source), f"speed {speed}", f"more than 0, at most {MAX_SPEED}", "Choose another speed.")
    return replace(_plan(file, str(source), block, bmc_port, hosts), speed=speed or file.speed)


def _read(source: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetError(str(source), f"can't be read ({error.strerror})", "a fleet file", "Check the path.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        seen = f"is not YAML ({str(error).splitlines()[0]})"
        raise FleetError(str(source), seen, "YAML in UTF-8", "Correct the syntax.") from error
    if not isinstance(data, dict):
        raise FleetError(str(source), f"is a {type(data).__name__}", "a mapping", "See tests/lab/README.md.")
    return data


def _merged(data: dict[str, Any], source: str) -> dict[str, Any]:
    """The data with every ``extends`` resolved; mappings merge, everything else is replaced."""
    kinds = data.get("kinds")
    if not isinstance(kinds, dict):
        return data
    names = [str(name) for name in kinds if not str(name).startswith("_")]
    return data | {"kinds": {name: _resolved(kinds, name, source, 0) for name in names}}


def _resolved(kinds: dict[str, Any], name: str, source: str, depth: int) -> Any:
    kind = kinds[name]
    if not isinstance(kind, dict) or "extends" not in kind:
        return kind
    base = kind["extends"]
    subject = f"{source}, kind {name}, key extends"
    if base not in kinds:
        raise FleetError(subject, f"there is no kind {base!r}", f"one of {', '.join(kinds)}", "Correct the name.")
    if depth >= MAX_EXTENDS:
        raise FleetError(subject, "kinds that extend each other in a circle", "a chain that ends", "Break the circle.")
    own = {key: value for key, value in kind.items() if key != "extends"}
    merged: dict[str, Any] = _merge(_resolved(kinds, base, source, depth + 1), own)
    return merged


def _merge(base: Any, own: Any) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        return base | {key: _merge(base[key], value) if key in base else value for key, value in own.items()}
    return own


def _first_error(source: Path, data: Mapping[str, Any], error: ValidationError) -> FleetError:
    """The first of the errors as one sentence that names file, host or kind, and key."""
    first = error.errors(include_url=False)[0]
    location = list(first["loc"])
    subject = str(source)
    if len(location) >= 2 and location[0] in ("kinds", "hosts", "shared_bmcs"):
        what = {"kinds": "kind", "hosts": "host", "shared_bmcs": "shared BMC"}[str(location[0])]
        subject += f", {what} {_entry_name(data, location)}"
        location = location[2:]
    key = ".".join(str(part) for part in location)
    if key:
        subject += f", key {key}"
    if first["type"] == "extra_forbidden":
        return FleetError(subject, "unknown key", "a key of the schema", "See tests/lab/README.md.")
    if first["type"] == "missing":
        return FleetError(subject, "missing", "a value", "See tests/lab/README.md.")
    message = first["msg"].removeprefix("Value error, ")
    seen = repr(first.get("input"))
    seen = seen if len(seen) <= 60 else seen[:57] + "..."
    return FleetError(subject, seen, message[0].lower() + message[1:], "See tests/lab/README.md.")


def _entry_name(data: Mapping[str, Any], location: Sequence[int | str]) -> str:
    """The name of the host or kind an error location points at; list indices become names."""
    place = location[1]
    if isinstance(place, int):
        entry = data["hosts"][place]
        if isinstance(entry, dict) and "name" in entry:
            return str(entry["name"])
    return str(place)


@dataclass(slots=True)
class _Plan:
    """Hands out numbers and addresses while a fleet is expanded."""

    source: str
    block: int
    hosts: int = 0
    tools: int = 0
    further: int = 0
    bmcs: list[BmcPlan] = field(default_factory=list)

    def host_address(self) -> str:
        self.hosts += 1
        return self._address(MANAGEMENT_NETWORK, self.hosts, "hosts")

    def tool_address(self) -> str:
        self.tools += 1
        return self._address(TOOL_NETWORK, self.tools, "tool addresses")

    def further_address(self, network: int) -> str:
        self.further += 1
        if self.further > FURTHER_ADDRESSES:
            seen = f"more than {FURTHER_ADDRESSES} further addresses"
            expected = f"at most {FURTHER_ADDRESSES} in a block"
            raise FleetError(self.source, seen, expected, "Ask for fewer hosts.")
        octet, place = divmod(self.block, FURTHER_PER_OCTET)
        return f"127.{network}.{FURTHER_THIRD_OCTET + octet}.{place * FURTHER_ADDRESSES + self.further}"

    def bmc(self, spec: Bmc) -> BmcPlan:
        number = len(self.bmcs) + 1
        plan = BmcPlan(number, self._address(BMC_NETWORK, number, "BMCs"), spec)
        self.bmcs.append(plan)
        return plan

    def _address(self, network: int, number: int, what: str) -> str:
        if number > BLOCK_ADDRESSES:
            expected = f"at most {BLOCK_ADDRESSES} in a block"
            raise FleetError(self.source, f"more than {BLOCK_ADDRESSES} {what}", expected, "Ask for fewer hosts.")
        octet, rest = divmod(number - 1, ADDRESSES_PER_OCTET)
        return f"127.{network}.{self.block * BLOCK_THIRD_OCTETS + octet}.{rest + 1}"


def _plan(file: FleetFile, source: str, block: int, bmc_port: int, count: int | None) -> Fleet:
    if not 0 <= block < BLOCKS:
        raise FleetError(source, f"block {block}", f"0 to {BLOCKS - 1}", "Choose another block.")
    if count is not None and count < 1:
        raise FleetError(source, f"{count} hosts", "at least one", "Ask for at least one host.")
    plan = _Plan(source, block)
    names = _host_names(file)
    wanted = len(names) if count is None else count
    hosts: list[HostSpec] = []
    shared: dict[str, BmcPlan] = {}
    for position in range(wanted):
        round_number, place = divmod(position, len(names))
        if place == 0:
            shared = {}
        entry, name = names[place]
        full_name = name if round_number == 0 else f"{name}-r{round_number + 1}"
        hosts.append(replace(_host(file, entry, full_name, plan, shared), bmc_port=bmc_port))
    return Fleet(file.name, file.description, tuple(hosts), tuple(plan.bmcs), file, source, block, bmc_port)


def _host_names(file: FleetFile) -> list[tuple[HostEntry, str]]:
    """Each host entry as often as its count says, with the host's name."""
    names: list[tuple[HostEntry, str]] = []
    for entry in file.hosts:
        if entry.count == 1:
            names.append((entry, entry.name))
        else:
            names += [(entry, f"{entry.name}-{number:02d}") for number in range(1, entry.count + 1)]
    return names


def _host(file: FleetFile, entry: HostEntry, name: str, plan: _Plan, shared: dict[str, BmcPlan]) -> HostSpec:
    kind = file.kinds[entry.kind]
    links: list[tuple[BmcLink, BmcPlan]] = []
    for link in kind.bmcs:
        if link.bmc is not None:
            links.append((link, plan.bmc(link.bmc)))
        elif link.shared is not None:
            if link.shared not in shared:
                shared[link.shared] = plan.bmc(file.shared_bmcs[link.shared])
            links.append((link, shared[link.shared]))
    return HostSpec(
        name=name,
        number=plan.hosts + 1,
        kind_name=entry.kind,
        kind=kind,
        address=plan.host_address(),
        bmcs=tuple(links),
        tools={bmc.address: plan.tool_address() for link, bmc in links if link.tool_address},
        further={
            adapter.network: tuple(plan.further_address(adapter.network) for _unused in adapter.more_addresses)
            for adapter in kind.adapters
            if adapter.network is not None and adapter.more_addresses
        },
        expect=entry.expect or kind.expect,
        extra_variables={**file.variables, **kind.variables, **entry.variables},
    )
