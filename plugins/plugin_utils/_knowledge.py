# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Which adapters are known to discard valid UDP datagrams, and where each line of that knowledge comes from.

The PCI ID decides first and the driver file second, because one driver binary serves hardware that fails and
hardware that doesn't: a VMware e1000e loads the same ``e1i65x64.sys`` as the 82579LM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, cast, get_args

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError

AssessmentClass = Literal["confirmed", "suspected", "unaffected", "unknown"]
CLASSES: Final[tuple[str, ...]] = get_args(AssessmentClass)


@dataclass(frozen=True, slots=True)
class PciId:
    """The identity of a PCI function, as hexadecimal digits without a prefix, in either case.

    ``subsystem`` is the eight-digit ``SUBSYS`` field of a PnP device ID: the subsystem, then the subsystem vendor.
    """

    vendor: str
    device: str
    subsystem: str | None = None

    def __str__(self) -> str:
        return f"{self.vendor}:{self.device}".upper()

    @property
    def subsystem_vendor(self) -> str | None:
        """The last four digits of ``SUBSYS``, for example ``15AD`` for VMware."""
        return self.subsystem[-4:] if self.subsystem else None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of knowledge. Patterns take ``*``, ``?`` and ``[...]`` and ignore letter case.

    Attributes:
        pci: ``vendor:device`` patterns, at least one.
        subsystem_not: Subsystem vendors (four digits) or whole subsystems (eight digits) the line does not speak of.
        driver: Driver file patterns; empty means any driver.
    """

    id: str
    pci: tuple[str, ...]
    driver: tuple[str, ...]
    class_: AssessmentClass
    reason: str
    source: str
    subsystem_not: tuple[str, ...] = ()

    def is_for_hardware(self, pci: PciId) -> bool:
        """Whether the line speaks of this vendor and device, leaving the subsystem aside."""
        return _matches(str(pci), self.pci)

    def excludes(self, pci: PciId) -> bool:
        """Whether the subsystem takes this hardware out of the line."""
        return any(
            _matches(identity, self.subsystem_not) for identity in (pci.subsystem_vendor, pci.subsystem) if identity
        )

    def is_for_driver(self, file: str | None) -> bool:
        """Whether the line speaks of this driver file."""
        return not self.driver or (file is not None and _matches(file, self.driver))


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known about one adapter. ``rule`` is None where no line speaks of it."""

    class_: AssessmentClass
    rule: str | None
    reason: str
    source: str | None

    def as_dict(self) -> dict[str, str | None]:
        """The ``assessment`` of an adapter as ``nic_facts`` returns it."""
        return {"class": self.class_, "rule": self.rule, "reason": self.reason, "source": self.source}


def assess(pci: PciId | None, driver_file: str | None, rules: Sequence[Rule]) -> Assessment:
    """Say what the first fitting line knows about an adapter.

    Args:
        pci: None for an adapter that isn't a PCI device.
        driver_file: The driver's file name, with or without a folder; None where Windows doesn't tell.
        rules: Ordered; the first line that fits wins.
    """
    if pci is None:
        return Assessment("unknown", None, "not a PCI device, and only PCI devices can be told apart", None)
    file = re.split(r"[\\/]", driver_file)[-1] if driver_file else None
    near_miss: Assessment | None = None
    for rule in rules:
        if not rule.is_for_hardware(pci):
            continue
        if rule.excludes(pci):
            reason = f"subsystem {pci.subsystem} is not the hardware that {rule.id} speaks of, whatever its driver"
        elif not rule.is_for_driver(file):
            driver = f"driver {file}" if file else "an unnamed driver"
            reason = f"{rule.id} speaks of this hardware, but not with {driver}"
        else:
            return Assessment(rule.class_, rule.id, rule.reason, rule.source)
        near_miss = near_miss or Assessment("unknown", None, reason, rule.source)
    return near_miss or Assessment("unknown", None, f"nothing is known about {pci}", None)


def parse_rules(lines: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Check a user's lines and put them before the built-in ones, so that they win.

    A user's line replaces the built-in line of the same ``id``.

    Raises:
        NicError: ``rule_invalid``, naming the line and what is wrong with it.
    """
    own: dict[str, Rule] = {}
    for number, line in enumerate(lines, start=1):
        rule = _parse_rule(number, line)
        if rule.id in own:
            raise _invalid(number, f"id {rule.id} for the second time", "an id of its own for each line")
        own[rule.id] = rule
    return (*own.values(), *(rule for rule in BUILT_IN if rule.id not in own))


_PCI_PATTERN: Final = re.compile(r"[0-9A-Fa-f?*\[\]-]+:[0-9A-Fa-f?*\[\]-]+")
_SUBSYSTEM: Final = re.compile(r"[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{4})?")
_DRIVER_PATTERN: Final = re.compile(r"[^\\/:\s]+")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_REQUIRED: Final = ("id", "pci", "class", "reason", "source")
_OPTIONAL: Final = ("subsystem_not", "driver")


def _matches(text: str, patterns: Iterable[str]) -> bool:
    folded = text.casefold()
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def _parse_rule(number: int, line: Mapping[str, Any]) -> Rule:
    if not isinstance(line, Mapping):
        raise _invalid(number, f"a {type(line).__name__}", "a mapping")
    unknown = sorted(str(key) for key in line if key not in (*_REQUIRED, *_OPTIONAL))
    if unknown:
        raise _invalid(number, f"unknown keys {', '.join(unknown)}", f"only {', '.join((*_REQUIRED, *_OPTIONAL))}")
    # ansible-core hands a rule's omitted suboptions in as None.
    missing = [key for key in _REQUIRED if not line.get(key)]
    if missing:
        raise _invalid(number, f"no {', '.join(missing)}", f"all of {', '.join(_REQUIRED)}")
    if line["class"] not in CLASSES:
        raise _invalid(number, f"class {line['class']}", f"one of {', '.join(CLASSES)}")
    return Rule(
        id=_checked(number, line, "id", _ID, "letters, digits, dots, dashes and underscores")[0],
        pci=_checked(number, line, "pci", _PCI_PATTERN, "vendor:device in hexadecimal, like 8086:1539 or 8086:15*"),
        subsystem_not=_checked(
            number, line, "subsystem_not", _SUBSYSTEM, "four digits (subsystem vendor) or eight (whole subsystem)"
        ),
        driver=_checked(number, line, "driver", _DRIVER_PATTERN, "file names without a folder, like e1r*.sys"),
        class_=cast(AssessmentClass, str(line["class"])),
        reason=str(line["reason"]),
        source=str(line["source"]),
    )


def _checked(
    number: int, line: Mapping[str, Any], key: str, pattern: re.Pattern[str], expected: str
) -> tuple[str, ...]:
    value = line.get(key) or ()
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) and pattern.fullmatch(item) for item in items):
        raise _invalid(number, f"{key} {value!r}", expected)
    return tuple(str(item) for item in items)


def _invalid(number: int, seen: str, expected: str) -> NicError:
    return NicError(
        code="rule_invalid",
        subject=f"line {number} of the rules",
        seen=seen,
        expected=expected,
        next_step="Correct the line; the documentation of nic_facts shows one.",
    )


_ARTICLE: Final = "os2museum.com, When Networking Doesn't Work, May 2026 (one reporter, two hosts)"
_INF: Final = "Intel e1r68x64.inf 12.18.11.1 of 2020-06-15, and pci.ids"
_INBOX: Final = "inbox net1ix64.inf and net1ic64.inf driver names, and pci.ids"
_VMWARE: Final = ("15AD",)

_I210_IDS: Final = ("8086:153[3-8]", "8086:157[BC]")
_I217_TO_I219_IDS: Final = (
    *("8086:153A", "8086:153B", "8086:155A", "8086:1559", "8086:15A[0-3]", "8086:156F", "8086:1570", "8086:15B[7-9]"),
    *("8086:15B[B-E]", "8086:15D[6-8]", "8086:15DF", "8086:15E[0-3]", "8086:0D4[C-F]", "8086:0D53", "8086:0D55"),
    *("8086:15F4", "8086:15F9", "8086:15F[A-C]", "8086:1A1[C-F]"),
)
_I225_I226_IDS: Final = (
    *("8086:15F2", "8086:15F3", "8086:15F8", "8086:3100", "8086:3101", "8086:5502", "8086:0D9F"),
    *("8086:125B", "8086:125C", "8086:125D", "8086:5503"),
)

BUILT_IN: Final[tuple[Rule, ...]] = (
    Rule(
        id="intel-i211-e1r68",
        pci=("8086:1539",),
        subsystem_not=_VMWARE,
        driver=("e1r68x64.sys",),
        class_="confirmed",
        reason="Intel I211 with e1r68x64.sys reports valid UDP datagrams as having a bad checksum",
        source=_ARTICLE,
    ),
    Rule(
        id="intel-82579lm-e1i65",
        pci=("8086:1502",),
        subsystem_not=_VMWARE,
        driver=("e1i65x64.sys",),
        class_="confirmed",
        reason="Intel 82579LM with e1i65x64.sys reports valid UDP datagrams as having a bad checksum",
        source=_ARTICLE,
    ),
    Rule(
        id="intel-i211-e1r",
        pci=("8086:1539",),
        subsystem_not=_VMWARE,
        driver=("e1r6[2-58]x64.sys", "e1r.sys"),
        class_="suspected",
        reason="the hardware of a confirmed case with another build of its driver",
        source=_INF,
    ),
    Rule(
        id="intel-82579lm-e1c-e1i",
        pci=("8086:1502",),
        subsystem_not=_VMWARE,
        driver=("e1c6[2-5]x64.sys", "e1i6[358]x64.sys"),
        class_="suspected",
        reason="the hardware of a confirmed case with another driver binary",
        source=_INBOX,
    ),
    Rule(
        id="intel-82579v-e1c-e1i",
        pci=("8086:1503",),
        subsystem_not=_VMWARE,
        driver=("e1c6[2-5]x64.sys", "e1i6[358]x64.sys"),
        class_="suspected",
        reason="sibling of the 82579LM, served by the same driver binaries",
        source=_INBOX,
    ),
    Rule(
        id="intel-i210-e1r",
        pci=_I210_IDS,
        subsystem_not=_VMWARE,
        driver=("e1r6[358]x64.sys", "e1r.sys"),
        class_="suspected",
        reason="served by the same driver binary as the I211",
        source=_INF,
    ),
    Rule(
        id="intel-i350-e1r",
        pci=("8086:152[1-4]",),
        subsystem_not=_VMWARE,
        driver=("e1r6[358]x64.sys", "e1r.sys"),
        class_="suspected",
        reason="served by the same driver binary as the I211",
        source=_INF,
    ),
    Rule(
        id="intel-82574-e1i",
        pci=("8086:10D3", "8086:10F6", "8086:150C"),
        subsystem_not=_VMWARE,
        driver=("e1i6[358]x64.sys",),
        class_="suspected",
        reason="served by the same driver binary as the 82579LM",
        source=_INBOX,
    ),
    Rule(
        id="intel-i217-i219",
        pci=_I217_TO_I219_IDS,
        driver=(),
        class_="unknown",
        reason="same product line with a driver of its own (e1d); no report either way, only a probe can tell",
        source="Intel e1d.inf and pci.ids",
    ),
    Rule(
        id="intel-i225-i226",
        pci=_I225_I226_IDS,
        driver=(),
        class_="unknown",
        reason="another hardware core with a driver of its own (e2f); no report, only a probe can tell",
        source="Intel e2f driver package and pci.ids",
    ),
    Rule(
        id="intel-82599",
        pci=("8086:10FB",),
        driver=(),
        class_="unknown",
        reason="marks UDP datagrams without a checksum as bad: another fault, whose effect under Windows is unverified",
        source="Linux ixgbe driver and DPDK commit b9c366e0",
    ),
    Rule(
        id="virtio-netkvm",
        pci=("1AF4:1000", "1AF4:1041"),
        driver=(),
        class_="unknown",
        reason="can drop datagrams as badly checksummed with 60 or more processors, which is cured on the hypervisor",
        source="virtio-win/kvm-guest-drivers-windows issue 1630",
    ),
)
