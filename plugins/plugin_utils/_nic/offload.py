# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Offload keywords and their values: what is set, what is allowed, and which value a task asks for.

Values: "Using Registry Values to Enable and Disable Task Offloading", Windows driver documentation. 0 is disabled,
bit 0 is transmit, bit 1 is receive; 3 is the documented default. The granular keyword speaks of UDP over IPv4 alone,
the grouped one of IP, TCP and UDP over IPv4 at once; a driver has one or the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import guid_in
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance

GRANULAR: Final = "*UDPChecksumOffloadIPv4"
GROUPED: Final = "*TCPUDPChecksumOffloadIPv4"
KEYWORDS: Final = (GRANULAR, GROUPED)
"""In the order in which they are looked for."""

KEYWORD_CONDITION: Final = " OR ".join(f"RegistryKeyword = '{keyword}'" for keyword in KEYWORDS)
"""WQL condition: the rows of MSFT_NetAdapterAdvancedPropertySettingData that this collection reads."""

TRANSMIT: Final = 1
RECEIVE: Final = 2
WORDS: Final = ("disabled", "tx", "rx", "rx_tx")
"""Words for the values 0 to 3."""

_DOCUMENTED_DEFAULT: Final = TRANSMIT | RECEIVE
_ORIGINAL: Final = re.compile(r" {0,8}0{0,8}[0-3] {0,8}")
"""A value as a driver's installation may have written it. Nothing longer or stranger is ever written back."""


def word(value: int | None) -> str | None:
    """The word for a value, None for None."""
    return None if value is None else WORDS[value]


def parse_value(text: str | None) -> int | None:
    """A registry value as 0 to 3; None for anything else. Windows keeps these as REG_SZ, such as ``3``."""
    found = re.fullmatch(r"0*([0-3])", (text or "").strip())
    # Not the whole text: int() refuses thousands of digits, and a host may send any number of zeros.
    return int(found[1]) if found else None


def is_original(value: object) -> TypeGuard[str | None]:
    """Whether *value* may be put back as an original, whoever calls it one: None for an absent one, or 0 to 3."""
    return value is None or (isinstance(value, str) and _ORIGINAL.fullmatch(value) is not None)


@dataclass(frozen=True, slots=True)
class OffloadKeyword:
    """One offload keyword of one adapter, as MSFT_NetAdapterAdvancedPropertySettingData tells it.

    Attributes:
        name: The registry keyword.
        stored: The text in the registry, None where the value is absent and the driver's default is in force.
        default: The default of the driver's INF.
        allowed: The values that the driver takes, in ascending order; empty where it doesn't say.
    """

    guid: str
    name: str
    stored: str | None
    default: int | None
    allowed: tuple[int, ...]

    @property
    def grouped(self) -> bool:
        """Whether the keyword speaks of IP and TCP too."""
        return self.name.casefold() == GROUPED.casefold()

    @property
    def configured(self) -> int | None:
        """The value in the registry; None where it is absent, or no value of this keyword."""
        return parse_value(self.stored)

    @property
    def in_force(self) -> int | None:
        """The value that the next start of the driver takes: the stored one, or the default where none is stored."""
        return self.default if self.stored is None else self.configured

    def holds(self, text: str | None) -> bool:
        """Whether the registry holds *text*, as far as the provider tells: it may report an absent value as default."""
        if text is None:
            return self.stored is None or self.configured == self.default
        return self.stored == text

    def restart_pending(self, active: int | None) -> bool | None:
        """Whether the driver works with another value than its next start will take; None where it can't be told."""
        return None if active is None or self.in_force is None else active != self.in_force


@dataclass(frozen=True, slots=True)
class Wish:
    """What a task asks for. ``transmit`` is None to leave it alone."""

    receive: bool
    transmit: bool | None = None

    def applied_to(self, value: int) -> int:
        """*value* with only the bits changed that the wish speaks of."""
        changed = value | RECEIVE if self.receive else value & ~RECEIVE
        if self.transmit is None:
            return changed
        return changed | TRANSMIT if self.transmit else changed & ~TRANSMIT

    def holds_for(self, value: int) -> bool:
        """Whether *value* is what the task asks for."""
        return self.applied_to(value) == value


def read_keywords(instances: Iterable[Instance]) -> dict[str, tuple[OffloadKeyword, ...]]:
    """Read the offload keywords of every adapter, by GUID, the granular one first."""
    found: dict[str, dict[str, OffloadKeyword]] = {}
    for instance in instances:
        guid = guid_in(instance.text("InstanceID"))
        name = _known(instance.text("RegistryKeyword"))
        if guid is None or name is None:
            continue
        # RegistryValue is an array, for the sake of REG_MULTI_SZ; an offload keyword has one element or none.
        stored = next(iter(instance.strings("RegistryValue")), None)
        default = parse_value(instance.text("DefaultRegistryValue"))
        found.setdefault(guid, {})[name] = OffloadKeyword(guid, name, stored, default, _allowed(instance))
    return {guid: tuple(rows[name] for name in KEYWORDS if name in rows) for guid, rows in found.items()}


def read_active(instances: Iterable[Instance]) -> dict[str, int]:
    """What each driver does for UDP over IPv4 now, by GUID. Drivers that don't tell are missing.

    It is UdpIPv4Enabled of MSFT_NetAdapterChecksumOffloadSettingData, which reports the device and not the registry.
    """
    states = {guid_in(each.text("InstanceID")): each.integer("UdpIPv4Enabled") for each in instances}
    return {guid: value for guid, value in states.items() if guid is not None and value is not None and 0 <= value <= 3}


def plan_value(keyword: OffloadKeyword, active: int | None, wish: Wish, *, allow_wider: bool, adapter: str) -> int:
    """The value that *keyword* must have for *wish*, changing as little as possible.

    Where no value is stored, what the driver does now stands for it: the INF's default is only what the driver claims
    to do.

    Args:
        keyword: The keyword as it is.
        active: What the driver does now, None where it can't be told.
        wish: What the task asks for.
        allow_wider: Whether more than the wish says may change, if the driver has no other way.
        adapter: The adapter's name, for messages.

    Raises:
        NicError: ``value_not_understood``, ``value_not_allowed``, ``wider_change_not_allowed``.
    """
    subject = f"{keyword.name} of adapter {adapter}"
    if not is_original(keyword.stored):
        # It could not be put back: an undo record with it would not be believed.
        raise NicError(
            "value_not_understood",
            subject,
            f"the registry holds {keyword.stored!r}",
            "one of 0, 1, 2 and 3",
            "Set the keyword by hand to a value that the driver knows, then run the task again.",
        )
    present = next(
        (value for value in (keyword.configured, active, keyword.default) if value is not None), _DOCUMENTED_DEFAULT
    )
    target = wish.applied_to(present)
    if target == keyword.in_force:
        return target
    if target in keyword.allowed:
        if keyword.grouped and not allow_wider:
            raise _too_wide(subject, "the driver has only the grouped keyword, which changes IP and TCP as well")
        return target
    wider = next((value for value in keyword.allowed if wish.holds_for(value)), None)
    if wider is None:
        raise NicError(
            "value_not_allowed",
            subject,
            f"the driver allows {_list(keyword.allowed)}",
            f"{target} ({word(target)}) among them",
            "Update the driver, or ask for a state that it knows: a value it does not list could stop the adapter.",
        )
    if not allow_wider:
        raise _too_wide(
            subject, f"the driver allows only {_list(keyword.allowed)}, so that {word(wider)} is the way left"
        )
    return wider


def _too_wide(subject: str, seen: str) -> NicError:
    return NicError(
        "wider_change_not_allowed",
        subject,
        seen,
        "a driver that can change receive offload of UDP over IPv4 alone",
        "Set allow_wider to true if the wider change is acceptable: it costs processor time, not correctness.",
    )


def _list(values: Sequence[int]) -> str:
    return ", ".join(f"{value} ({word(value)})" for value in values) or "no value that it names"


def _known(keyword: str | None) -> str | None:
    folded = (keyword or "").strip().casefold()
    return next((name for name in KEYWORDS if name.casefold() == folded), None)


def _allowed(instance: Instance) -> tuple[int, ...]:
    listed = {parse_value(text) for text in instance.strings("ValidRegistryValues")}
    if not listed:
        # A driver may describe the keyword as a number with limits instead of as a list.
        low, high = (parse_value(instance.text(f"NumericParameter{end}Value")) for end in ("Min", "Max"))
        listed = set(range(low, high + 1)) if low is not None and high is not None else set()
    return tuple(sorted(value for value in listed if value is not None))
