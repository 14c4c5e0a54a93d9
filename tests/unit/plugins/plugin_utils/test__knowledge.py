# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._knowledge import (
    BUILT_IN,
    CLASSES,
    Assessment,
    PciId,
    assess,
    parse_rules,
)


def line(**changes: Any) -> dict[str, Any]:
    """A valid line of a user."""
    return {
        "id": "site-x540",
        "pci": ["8086:1528"],
        "class": "confirmed",
        "reason": "seen on site",
        "source": "ticket 1",
        **changes,
    }


def intel(device: str, subsystem: str | None = "00008086") -> PciId:
    return PciId("8086", device, subsystem)


@pytest.mark.parametrize(
    ("pci", "driver", "class_", "rule"),
    [
        # The two hosts of the report.
        (intel("1539"), "e1r68x64.sys", "confirmed", "intel-i211-e1r68"),
        (intel("1502"), "e1i65x64.sys", "confirmed", "intel-82579lm-e1i65"),
        # The same hardware with other builds.
        (intel("1539"), "e1r65x64.sys", "suspected", "intel-i211-e1r"),
        (intel("1539"), "e1r.sys", "suspected", "intel-i211-e1r"),
        (intel("1502"), "e1c62x64.sys", "suspected", "intel-82579lm-e1c-e1i"),
        (intel("1502"), "e1i63x64.sys", "suspected", "intel-82579lm-e1c-e1i"),
        # Siblings.
        (intel("1503"), "e1c65x64.sys", "suspected", "intel-82579v-e1c-e1i"),
        (intel("1503"), "e1i65x64.sys", "suspected", "intel-82579v-e1c-e1i"),
        (intel("1533"), "e1r68x64.sys", "suspected", "intel-i210-e1r"),
        (intel("157B"), "e1r65x64.sys", "suspected", "intel-i210-e1r"),
        (intel("1521"), "e1r63x64.sys", "suspected", "intel-i350-e1r"),
        (intel("10D3"), "e1i65x64.sys", "suspected", "intel-82574-e1i"),
        (intel("150C"), "e1i68x64.sys", "suspected", "intel-82574-e1i"),
        # Other faults, or none known.
        (intel("15B8"), "e1d68x64.sys", "unknown", "intel-i217-i219"),
        (intel("15F3"), "e2f.sys", "unknown", "intel-i225-i226"),
        (intel("10FB"), "ixn65x64.sys", "unknown", "intel-82599"),
        (PciId("1AF4", "1000", "00011AF4"), "netkvm.sys", "unknown", "virtio-netkvm"),
        (PciId("14E4", "1657", "22BE103C"), "b57nd60a.sys", "unknown", None),
    ],
)
def test_built_in_lines(pci: PciId, driver: str, class_: str, rule: str | None) -> None:
    assessment = assess(pci, driver, BUILT_IN)
    assert (assessment.class_, assessment.rule) == (class_, rule)


def test_vmware_loads_the_same_driver_file_and_is_not_the_same_hardware() -> None:
    assessment = assess(intel("10D3", "07D015AD"), "e1i65x64.sys", BUILT_IN)
    assert assessment == Assessment(
        "unknown",
        None,
        "subsystem 07D015AD is not the hardware that intel-82574-e1i speaks of, whatever its driver",
        next(rule.source for rule in BUILT_IN if rule.id == "intel-82574-e1i"),
    )


def test_a_driver_file_alone_says_nothing() -> None:
    assert assess(PciId("14E4", "1657"), "e1r68x64.sys", BUILT_IN).class_ == "unknown"


def test_known_hardware_with_another_driver_says_so() -> None:
    assessment = assess(intel("1539"), "e1d68x64.sys", BUILT_IN)
    assert (assessment.class_, assessment.rule) == ("unknown", None)
    assert assessment.reason == "intel-i211-e1r68 speaks of this hardware, but not with driver e1d68x64.sys"


def test_a_missing_driver_file_is_not_guessed() -> None:
    assert assess(intel("1539"), None, BUILT_IN).reason.endswith("but not with an unnamed driver")
    assert assess(intel("1539"), "", BUILT_IN).class_ == "unknown"


def test_letter_case_and_folders_do_not_matter() -> None:
    pci = PciId("8086", "157b", "00008086")
    assert assess(pci, r"C:\Windows\System32\drivers\E1R68X64.SYS", BUILT_IN).rule == "intel-i210-e1r"
    assert assess(intel("10d3", "07d015ad"), "e1i65x64.sys", BUILT_IN).class_ == "unknown"


def test_an_adapter_that_is_no_pci_device_is_unknown() -> None:
    assert assess(None, "rtux64w10.sys", BUILT_IN) == Assessment(
        "unknown", None, "not a PCI device, and only PCI devices can be told apart", None
    )


def test_as_dict_has_the_keys_of_the_facts() -> None:
    assert assess(intel("1539"), "e1r68x64.sys", BUILT_IN).as_dict() == {
        "class": "confirmed",
        "rule": "intel-i211-e1r68",
        "reason": "Intel I211 with e1r68x64.sys reports valid UDP datagrams as having a bad checksum",
        "source": "os2museum.com, When Networking Doesn't Work, May 2026 (one reporter, two hosts)",
    }


def test_ids_are_unique_and_every_line_names_its_source() -> None:
    assert len({rule.id for rule in BUILT_IN}) == len(BUILT_IN)
    assert all(rule.source and rule.reason and rule.pci for rule in BUILT_IN)


def test_no_user_lines_leave_the_built_in_ones() -> None:
    assert parse_rules([]) == BUILT_IN


def test_user_lines_win() -> None:
    rules = parse_rules([line(pci=["8086:1539"], **{"class": "unaffected"})])
    assert assess(intel("1539"), "e1r68x64.sys", rules).as_dict() == {
        "class": "unaffected",
        "rule": "site-x540",
        "reason": "seen on site",
        "source": "ticket 1",
    }
    assert len(rules) == len(BUILT_IN) + 1


def test_a_user_line_replaces_the_built_in_one_of_the_same_id() -> None:
    rules = parse_rules([line(id="intel-i211-e1r68", pci=["8086:1539"], driver=["e1r69*.sys"])])
    assert len(rules) == len(BUILT_IN)
    assert assess(intel("1539"), "e1r69x64.sys", rules).class_ == "confirmed"
    assert assess(intel("1539"), "e1r68x64.sys", rules).rule == "intel-i211-e1r"


def test_patterns_of_user_lines() -> None:
    rules = parse_rules([line(pci="8086:15[23]?", driver="ix*.sys", subsystem_not=["15AD", "00011137"])])
    assert assess(intel("1528"), "ixt64x64.sys", rules).class_ == "confirmed"
    assert assess(intel("1528"), "e1r.sys", rules).class_ == "unknown"
    assert assess(intel("1528", "000115AD"), "ixt64x64.sys", rules).class_ == "unknown"
    assert assess(intel("1528", "00011137"), "ixt64x64.sys", rules).class_ == "unknown"
    assert assess(intel("1528", "00021137"), "ixt64x64.sys", rules).class_ == "confirmed"
    assert assess(intel("1528", None), "ixt64x64.sys", rules).class_ == "confirmed"


def test_options_that_ansible_hands_in_as_none_are_omitted_ones() -> None:
    assert parse_rules([line(driver=None, subsystem_not=None)])[0] == parse_rules([line()])[0]


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        (["8086:1539"], "a str"),
        ([line(vendor="8086")], "unknown keys vendor"),
        ([{"id": "x"}], "no pci, class, reason, source"),
        ([line(pci=[])], "no pci"),
        ([line(reason="")], "no reason"),
        ([line(**{"class": "broken"})], "class broken"),
        ([line(id="two words")], "id 'two words'"),
        ([line(id=7)], "id 7"),
        ([line(pci=["1539"])], "pci ['1539']"),
        ([line(pci=["PCI:1539"])], "pci ['PCI:1539']"),
        ([line(pci=["8086:1539", 5])], "pci ['8086:1539', 5]"),
        ([line(pci={"8086": "1539"})], "pci {'8086': '1539'}"),
        ([line(subsystem_not=["VMware"])], "subsystem_not ['VMware']"),
        ([line(subsystem_not=["15A"])], "subsystem_not ['15A']"),
        ([line(driver=["drivers/e1r.sys"])], "driver ['drivers/e1r.sys']"),
        ([line(), line()], "id site-x540 for the second time"),
    ],
)
def test_bad_lines_are_refused(lines: list[Any], seen: str) -> None:
    with pytest.raises(NicError) as caught:
        parse_rules(lines)
    error = caught.value
    assert (error.code, error.subject, error.seen) == ("rule_invalid", f"line {len(lines)} of the rules", seen)
    assert error.expected
    assert error.next_step == "Correct the line; the documentation of nic_facts shows one."


hexadecimal = st.text("0123456789abcdefABCDEF", min_size=4, max_size=4)


@given(
    st.one_of(st.none(), st.builds(PciId, hexadecimal, hexadecimal, st.one_of(st.none(), st.text(max_size=8)))),
    st.one_of(st.none(), st.text(max_size=30)),
)
def test_everything_is_assessed(pci: PciId | None, driver: str | None) -> None:
    assessment = assess(pci, driver, BUILT_IN)
    assert assessment.class_ in CLASSES
    assert assessment.reason
