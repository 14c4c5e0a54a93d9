# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._report import (
    fit,
    fleet_row,
    lay_out,
    text_width,
)
from tests.unit.plugins.plugin_utils.evidence import (
    ANSWERED,
    CONTROL,
    FAILED,
    SILENT,
    UNREACHABLE,
    adapter,
    change,
    drops,
    facts,
    not_cured,
    other_adapter,
    path,
    probe,
    probes,
    refused,
    undo_record,
)


def judged(**evidence: Any) -> dict[str, Any]:
    return judge(evidence, Settings())


AFFECTED = judged(facts=facts(), probe=SILENT, controls=[CONTROL])
HEALTHY = judged(facts=facts(other_adapter()), probe=probes(probe(path=path(physical=["Ethernet 2"]))))
CURED = judged(
    facts=facts(), probe=SILENT, controls=[CONTROL], change=change(), probe_after=ANSWERED, controls_after=[CONTROL]
)
LOST = judged(facts=UNREACHABLE)
UNREADABLE = judged(facts=FAILED)
NOT_CURED = judged(facts=facts(adapter(outcome=not_cured())), probe=SILENT, controls=[CONTROL])


REFUSED = judged(facts=facts(), probe=SILENT, controls=[CONTROL], change=refused("restart_risky"))
UNDONE = judged(facts=facts(), probe=SILENT, controls=[CONTROL], change=refused("undone_by_guard", changed=True))
GUARD_LEFT = judged(facts=facts(), probe=SILENT, controls=[CONTROL], change=refused("guard_not_removed", changed=True))
UNDONE_EARLIER = judged(
    facts=facts(adapter(outcome=not_cured(outcome="undone_by_guard"))), probe=SILENT, controls=[CONTROL]
)


def row(host: str, result: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    given = {f"udp_rx_offload_{name}": value for name, value in variables.items()}
    return fleet_row(host, given if result is None else {"udp_rx_offload_result": result, **given})


def test_row_of_a_judged_host() -> None:
    assert row("win1", CURED) == {
        "host": "win1",
        "verdict": "remediated",
        "title": "remediated",
        "reason": "cured",
        "confidence": "likely",
        "changed": True,
        "attention": None,
        "sentence": "192.0.2.20 was silent, and answers since receive offload of Ethernet (e1r68x64.sys) is off; "
        "elsewhere it answered throughout.",
        "next_step": "Nothing to do.",
        "adapters": [
            {
                "name": "Ethernet",
                "description": "Intel(R) I211 Gigabit Network Connection",
                "driver": "e1r68x64.sys 12.18.11.1",
                "drift": False,
            }
        ],
        "probes": CURED["probes"],
        "guards_left": [],
        "side_effects": [],
        "preflight": None,
        "orphaned_records": [],
        "drivers": [
            {
                "description": "Intel(R) I211 Gigabit Network Connection",
                "pci": "8086:1539",
                "file": "e1r68x64.sys",
                "version": "12.18.11.1",
                "class": "confirmed",
                "title": "remediated",
                "proven": False,
            }
        ],
        "story": [],
    }


@pytest.mark.parametrize(
    ("seen", "title", "attention", "sentence"),
    [
        (row("h"), "not reached", "not_reached", "The run ended before this host's turn."),
        (row("h", AFFECTED), "affected", None, AFFECTED["sentence"]),
        (row("h", LOST), "unreachable", "lost", LOST["sentence"]),
        (row("h", UNREADABLE), "unknown", "failed", UNREADABLE["sentence"]),
        (row("h", NOT_CURED), "not cured", "not_cured", NOT_CURED["sentence"]),
        (row("h", REFUSED), "affected", None, REFUSED["sentence"]),
        (row("h", UNDONE), "unknown", "undone", UNDONE["sentence"]),
        (row("h", UNDONE_EARLIER), "affected", "undone", UNDONE_EARLIER["sentence"]),
        (row("h", GUARD_LEFT), "unknown", "failed", GUARD_LEFT["sentence"]),
        (row("h", failure="no such role"), "failed", "failed", "A task failed: no such role"),
        (row("h", AFFECTED, failure="template\x1b[2J error"), "failed", "failed", "A task failed: template[2J error"),
        # The verdict says it better than the task that failed to make it known.
        (row("h", UNREADABLE, failure="The host could not be judged"), "unknown", "failed", UNREADABLE["sentence"]),
        (
            row("h", AFFECTED, not_reached=True),
            "not reached",
            "not_reached",
            "Not changed, since too many hosts before it went wrong. Found: affected.",
        ),
        (row("h", AFFECTED, not_reached=False), "affected", None, AFFECTED["sentence"]),
        (row("h", not_reached=True), "not reached", "not_reached", "The run ended before this host's turn."),
        (row("h", AFFECTED, failure="no", not_reached=True), "failed", "failed", "A task failed: no"),
    ],
)
def test_rows(seen: dict[str, Any], title: str, attention: str | None, sentence: str) -> None:
    assert (seen["title"], seen["attention"], seen["sentence"]) == (title, attention, sentence)
    assert seen["next_step"].endswith(".")


def test_rows_show_the_adapters_that_the_verdict_is_about() -> None:
    two = facts(adapter(), other_adapter())
    silent = judged(facts=two, probe=SILENT, controls=[CONTROL])
    assert [each["name"] for each in row("h", silent)["adapters"]] == ["Ethernet"]
    at_risk = judged(facts=two, probe=probes(probe(path=path(physical=["Ethernet 2"]))))
    assert [each["name"] for each in row("h", at_risk)["adapters"]] == ["Ethernet"]
    other = judged(facts=two, probe=probes(probe("no_answer", path=path(physical=["Ethernet 2"]))), controls=[CONTROL])
    assert [each["name"] for each in row("h", other)["adapters"]] == ["Ethernet 2"]
    assert [each["name"] for each in row("h", judged(facts=two))["adapters"]] == ["Ethernet"]
    assert row("h", judged(facts=facts(other_adapter())))["adapters"] == []


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("Ethernet", 8),
        ("Büro", 4),
        ("Bu\u0308ro", 4),
        ("以太网", 6),
        ("ｗｉｄｅ", 8),
        ("a\u20dd", 1),
    ],
)
def test_text_width(text: str, width: int) -> None:
    assert text_width(text) == width


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("", "        "),
        ("Ethernet", "Ethernet"),
        ("Ethernet2", "Ether..."),
        ("以太网", "以太网  "),
        # Five columns are left for two characters of two columns each: one stays empty.
        ("以太网以太网", "以太... "),
        ("a\x1b[31m\tb\n", "a[31m b "),
        ("\u202eab", "ab      "),
    ],
)
def test_fit(text: str, fitted: str) -> None:
    assert fit(text, 8) == fitted
    assert text_width(fit(text, 8)) == 8


TABLE = """\
Audit: 6 hosts. 1 not reached, 1 unreachable, 2 affected, 1 remediated, 1
healthy

HOST     VERDICT       ADAPTER AND DRIVER
win1     affected      Ethernet, e1r68x64.sys 12.18.11.1
win2     remediated *  Ethernet, e1r68x64.sys 12.18.11.1
winlong  healthy       Ethernet 2, e1r68x64.sys 12.18.11.1
win4     unreachable
win5     not reached
win6     affected      Ethernet, e1r68x64.sys 12.18.11.1
* changed in this run

What to do
not reached (1): win5
      The run ended before this host's turn.
      Next: Look at the hosts that went wrong, then run this again.
unreachable (1): win4
      The host could not be reached: 192.0.2.1: timed out; expected an answer.
      Check it.
      Next: Check name, network, WinRM service and credentials, then run this
      again.
affected (2): win1, win6
      win1: 192.0.2.20 is silent here and answers elsewhere, the way to it
      works: Ethernet (e1r68x64.sys) drops its replies.
      Next: Run the remediate playbook.

Adapters and drivers
3 x Intel(R) I211 Gigabit Network Connection, e1r68x64.sys 12.18.11.1,
      confirmed: 2 affected, 1 remediated
1 x Intel(R) I211 Gigabit Network Connection, e1r68x64.sys 12.18.11.1, unknown:
      1 healthy"""


def test_the_whole_summary() -> None:
    rows = [
        row("win1", AFFECTED),
        row("win2", CURED),
        row("winlong", HEALTHY),
        row("win4", LOST),
        row("win5"),
        row("win6", AFFECTED),
    ]
    assert lay_out(rows, 80, "Audit") == TABLE


def test_drift_is_shown_beside_the_adapter_and_explained_once() -> None:
    drifted = judged(facts=facts(adapter(undo=undo_record(drift=True))), probe=SILENT, controls=[CONTROL])
    text = lay_out([row("win1", drifted), row("win2", drifted)], 80, "Audit")
    assert text.count("affected  Ethernet, drift, e1r68x64.sys 12.18.11.1\n") == 2
    explained = "drift: an earlier run had switched receive offload off, and it is on again"
    assert text.count(explained) == 1
    assert "drift:" not in lay_out([row("win1", AFFECTED)], 80, "Audit")


def restarted(**more: Any) -> dict[str, Any]:
    """A judgement on a host that was changed."""
    effects = [
        {"what": "rss", "before": True, "after": False},
        {"what": "addresses", "before": ["192.0.2.10"], "after": []},
        {"what": "profile", "before": None, "after": {"name": "LAN", "category": "public"}},
    ]
    guard = {"task": "remediation.windows_nic guard 6E5A1C1C", "state": "left"}
    return judged(
        facts=facts(), probe=SILENT, controls=[CONTROL], change={**change(side_effects=effects, guard=guard), **more}
    )


def test_what_else_changed_with_a_restart_is_shown() -> None:
    text = lay_out([row("win1", restarted())], 80, "Remediation")
    assert (
        "\n\nWhat else changed with a restart\n"
        "win1, Ethernet: rss was on, is off\n"
        "win1, Ethernet: addresses was 192.0.2.10, is none\n"
        "win1, Ethernet: profile was unknown, is name LAN, category public\n"
    ) in text


def test_a_guard_that_could_not_be_deleted_is_shown() -> None:
    seen = row("win1", restarted())
    assert seen["guards_left"] == [{"adapter": "Ethernet", "task": "remediation.windows_nic guard 6E5A1C1C"}]
    text = lay_out([seen], 80, "Remediation")
    assert "could not be deleted\nwin1, Ethernet: remediation.windows_nic guard 6E5A1C1C\n" in text
    removed = restarted(**change(guard={"task": "t", "state": "removed"}))
    assert row("win1", removed)["guards_left"] == []


def test_what_could_not_be_looked_at_is_said_once_for_all_hosts() -> None:
    unread = {"what": "routes", "code": "access_denied", "why": "access is denied"}
    seen = restarted(preflight={"findings": [], "not_read": [unread, unread]})
    text = lay_out([row("win1", seen), row("win2", seen), row("win3", restarted())], 80, "Remediation")
    assert "What could not be looked at before a restart\nwin1, win2: routes: access is denied\n" in text


def test_records_of_adapters_that_are_gone_are_shown() -> None:
    orphan = {**undo_record(), "guid": "{9}", "adapter": "Old", "mac": None}
    damaged = {"guid": "{8}", "keyword": "*UDP", "error": {"seen": "no JSON object"}}
    absent = {**orphan, "original": None}
    seen = judged(facts=facts(orphans=[damaged, orphan, absent]))
    assert (
        "Undo records of adapters that are not there\n"
        "win1: {8} *UDP, no JSON object\n"
        "win1: Old {9} *UDPChecksumOffloadIPv4, original rx_tx\n"
        "win1: Old {9} *UDPChecksumOffloadIPv4, original no value\n"
    ) in lay_out([row("win1", seen)], 80, "Audit")


def test_long_lists_are_cut() -> None:
    orphans = [{"guid": f"{{{number}}}", "keyword": "*UDP", "error": {"seen": "x"}} for number in range(25)]
    text = lay_out([row("win1", judged(facts=facts(orphans=orphans)))], 80, "Audit")
    assert text.count("*UDP, x") == 20
    assert "\nand 5 more\n" in text


def test_a_narrow_terminal_gets_eighty_columns() -> None:
    rows = [row("win1", AFFECTED)]
    assert lay_out(rows, 20, "Audit") == lay_out(rows, 80, "Audit")
    assert lay_out(rows, 20, "Audit").startswith("Audit: 1 host. 1 affected\n")


def test_nothing_to_do_is_not_said_for_every_host() -> None:
    assert "What to do" not in lay_out([row("win1", CURED)], 80, "Remediation")
    assert "Adapters and drivers" not in lay_out([row("win1")], 80, "Audit")
    assert lay_out([], 80, "Audit").splitlines()[0] == "Audit: 0 hosts."


def test_of_many_hosts_only_some_are_named() -> None:
    rows = [row(f"win{number}", AFFECTED) for number in range(9)]
    assert "affected (9): win0, win1, win2, win3, win4, win5 and 3 more\n" in lay_out(rows, 80, "Audit")


def test_text_of_hosts_cannot_break_the_table() -> None:
    evil = facts(adapter(name="Ether\x1b[2J\r\nnet" + "x" * 300, description="\u202eI211"))
    seen = judged(
        facts=evil, probe=probes(probe("no_answer", path=path(physical=[evil_name(evil)]))), controls=[CONTROL]
    )
    text = lay_out([row("win1", seen)], 80, "Audit")
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(text_width(line) for line in text.splitlines()) <= 80


def evil_name(result: dict[str, Any]) -> str:
    return str(result["ansible_facts"]["windows_nics"][0]["name"])


@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.text(max_size=200),
    st.integers(min_value=0, max_value=200),
)
def test_every_line_fits(hosts: list[str], name: str, width: int) -> None:
    seen = judged(
        facts=facts(adapter(name=name)),
        probe=probes(probe("no_answer", path=path(physical=[name]))),
        controls=[CONTROL],
    )
    text = lay_out([row(host, seen) for host in hosts], width, "Audit")
    assert max(text_width(line) for line in text.split("\n")) <= max(80, width)


def test_a_diagnosis_tells_its_stories_first() -> None:
    told = [
        {"about": "Asked", "text": "192.0.2.20, UDP port 623: nothing came back. " * 3},
        {"about": "So", "text": "Yes."},
    ]
    rows = [row("win1", AFFECTED, story=told), row("win2", HEALTHY)]
    assert lay_out(rows, 80, "Diagnosis").startswith("Diagnosis: 2 hosts.")
    text = lay_out(rows, 80, "Diagnosis", stories=True)
    assert text.startswith(
        """win1
  Asked  192.0.2.20, UDP port 623: nothing came back. 192.0.2.20, UDP port 623:
         nothing came back. 192.0.2.20, UDP port 623: nothing came back.
  So     Yes.

Diagnosis: 2 hosts."""
    )


def test_what_is_proven_and_not_in_the_table_is_a_rule_to_paste() -> None:
    proven = judged(facts=facts(adapter(class_="unknown")), probe=SILENT, drops=drops("driver_marked_bad"))
    text = lay_out([row("win1", proven)], 80, "Diagnosis")
    assert text.endswith(
        """Proven on this fleet, and not in the table of what is known. To have such
adapters remediated, paste:
udp_rx_offload_rules:
  - id: "seen-8086-1539-e1r68x64"
    pci: "8086:1539"
    driver: "e1r68x64.sys"
    class: "confirmed"
    reason: "loses good UDP replies with receive offload on, version 12.18.11.1"
    source: "proven on win1\""""
    )
    known = judged(facts=facts(), probe=SILENT, drops=drops("driver_marked_bad"))
    assert "paste" not in lay_out([row("win1", known)], 80, "Diagnosis")
