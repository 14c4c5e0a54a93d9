# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that want to harm the controller, through the real ansible-playbook: whatever they send, nothing of it is run,
nothing waits or grows without end, nothing is misled, and nothing is written but what a good host would get.

Two sorts: hosts of the lab, which behave and tell lies, and hosts that are no WinRM service at all.
"""

from __future__ import annotations

import json
import re
import resource
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration import hostile_server
from tests.integration.hostile_server import Served, hostile_hosts
from tests.integration.running import Run, ansible_playbook, play
from tests.labfixture import LabFactory, RunningLab

FAST = {"udp_rx_offload_interval_ms": 300, "udp_rx_offload_wait_ms": 700}
KEYWORD = "*UDPChecksumOffloadIPv4"
UNDO = r"SOFTWARE\remediation.windows_nic\undo"
OUTCOME = r"SOFTWARE\remediation.windows_nic\outcome"
MEMORY_KB = 400_000
"""Several times what ansible-playbook takes anyway, and a small part of what the hosts offer."""

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor or turns text around; line feed and tab are Ansible's own."""


def record(**changes: Any) -> str:
    """An undo record as the collection writes it, changed."""
    plain = {
        "format": 1,
        "original": "3",
        "taken_at": "2026-03-01T12:00:00+00:00",
        "adapter": "Ethernet",
        "pci": "8086:1539",
        "written": "1",
        "outcome": "confirmed",
    }
    return json.dumps(plain | changes)


def value(key: str, name: str, data: str) -> dict[str, Any]:
    return {"key": key, "name": name, "data": data}


@dataclass(frozen=True)
class Names:
    """Hostile texts, which do harm to ``canary`` where anybody takes them for more than text."""

    canary: Path

    @property
    def jinja(self) -> str:
        return f"{{{{ lookup('pipe', 'touch {self.canary}-jinja') }}}}"

    @property
    def block(self) -> str:
        return f"{{% set _ = lookup('pipe', 'touch {self.canary}-block') %}}{{# #}}"

    @property
    def yaml(self) -> str:
        return f"!!python/object/apply:os.system ['touch {self.canary}-yaml']\n- &a *a\n? {{[ !unsafe"

    @property
    def path(self) -> str:
        return f"../../../../../..{self.canary}-path %s%n%(password)s{{0.__class__.__mro__}}${{HOME}}`id`$(id);id|id"

    @property
    def terminal(self) -> str:
        return "\x9b2J\x9d0;owned\x9c\u202egnp.exe\u2066\u200bok=9 changed=0\u2028fatal: [good]: FAILED! =>"

    def kinds(self) -> dict[str, dict[str, Any]]:
        """Kinds of the lab; each host has the fault, and a card that shows it."""
        guid = "{guid:Ethernet}"
        everything = f"{self.jinja}{self.block}"
        return {
            "jinja-name": _named(everything),
            "yaml-name": _named(self.yaml),
            "path-name": _named(self.path),
            "terminal-name": _named(self.terminal),
            "driver": _named(
                "Ethernet", driver={"version": f"12.18.{self.jinja}", "provider": f"{everything}{self.terminal}"}
            ),
            "foreign-original": _kept(value(UNDO, f"{guid}::{KEYWORD}", record(original=f"1{self.jinja}"))),
            "foreign-record": _kept(value(UNDO, f"{guid}::{KEYWORD}", record(adapter=self.jinja, written=None))),
            "foreign-format": _kept(value(UNDO, f"{guid}::{KEYWORD}", record(format=self.jinja))),
            "foreign-outcome": _kept(
                value(
                    OUTCOME,
                    f"{guid}::{KEYWORD}",
                    json.dumps({"format": 1, "outcome": self.jinja, "driver_version": None, "at": self.block}),
                )
            ),
            "foreign-names": _kept(
                value(UNDO, f"{guid}::*SpeedDuplex", record(original="0")),
                value(UNDO, rf"..\..\..\{guid}::{KEYWORD}", record(original="0")),
                value(UNDO, f"{{{self.jinja}}}::{KEYWORD}", record(original="0")),
                *(value(UNDO, f"{_stranger(n)}::{KEYWORD}", record(original="0")) for n in range(300)),
            ),
        }


def _stranger(number: int) -> str:
    return f"{{00000000-0000-0000-0000-{number:012X}}}"


def _named(name: str, **more: Any) -> dict[str, Any]:
    return {
        "description": "an adapter with a hostile name",
        "adapters": [{"model": "intel-i211", "network": 1, "name": name, **more}],
        "bmcs": [{"bmc": {"behaviour": "smdc"}}],
    }


def _kept(*values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_named("Ethernet"),
        "description": "records of somebody else",
        "registry": [dict(each) for each in values],
    }


CURED = (
    "jinja-name",
    "yaml-name",
    "path-name",
    "terminal-name",
    "driver",
    "foreign-record",
    "foreign-outcome",
    "foreign-names",
)
"""Hosts whose lies are in nobody's way: they are changed and taken back like any other."""
REFUSED = ("foreign-original", "foreign-format")
"""Hosts that are left alone, since their records can't be believed."""


@dataclass(frozen=True)
class Story:
    """What was run on the hostile hosts of a lab, and what it left."""

    lab: RunningLab
    directory: Path
    names: Names
    runs: Mapping[str, Run]
    rows: Mapping[str, Mapping[str, dict[str, Any]]]
    states: Mapping[str, dict[str, Any]]

    @property
    def output(self) -> str:
        return "".join(run.stdout + run.stderr for run in self.runs.values())


@pytest.fixture(scope="module")
def story(module_lab_factory: LabFactory, tmp_path_factory: pytest.TempPathFactory) -> Story:
    directory = tmp_path_factory.mktemp("hostile")
    names = Names(directory / "canary")
    kinds = names.kinds()
    lab = module_lab_factory(
        {
            "name": "hostile",
            "description": "hosts that tell lies",
            "variables": {"udp_rx_offload_allow_unguarded_restart": True},
            "kinds": kinds,
            "hosts": [{"name": name, "kind": name} for name in kinds],
        }
    )
    runs, rows, states = {}, {}, {"at first": lab.state()}
    report = directory / "report.json"
    for playbook in ("remediate", "rollback"):
        given = json.dumps(
            {**FAST, "udp_rx_offload_report_file": str(report), "udp_rx_offload_max_fail_percentage": 100}
        )
        arguments = ["-i", str(lab.inventory), f"remediation.windows_nic.{playbook}", "-e", given, "--diff"]
        runs[playbook] = ansible_playbook(directory, arguments, verbosity=3, settings={"ANSIBLE_FORKS": "11"})
        assert report.exists(), runs[playbook].stdout + runs[playbook].stderr
        rows[playbook] = {row["host"]: row for row in json.loads(report.read_text(encoding="utf-8"))["hosts"]}
        states[playbook] = lab.state()
        report.unlink()
    return Story(lab, directory, names, runs, rows, states)


@pytest.mark.matrix
def test_nothing_that_a_host_said_was_run_or_opened(story: Story) -> None:
    left = {path.name for path in story.directory.rglob("*") if "canary" in path.name}
    assert left == set()
    assert "Traceback" not in story.output
    assert "uid=" not in story.output


@pytest.mark.matrix
def test_names_arrive_as_they_are(story: Story) -> None:
    adapter = story.rows["remediate"]["jinja-name"]["adapters"]
    assert adapter[0]["name"] == story.names.jinja + story.names.block


@pytest.mark.matrix
@pytest.mark.parametrize("host", CURED)
def test_a_host_with_hostile_names_is_cured_and_taken_back(host: str, story: Story) -> None:
    assert story.rows["remediate"][host]["verdict"] == "remediated", story.rows["remediate"][host]
    (first,), (cured,), (back,) = (
        story.states[when][host]["adapters"] for when in ("at first", "remediate", "rollback")
    )
    assert (first["configured"], cured["configured"], back["configured"]) == ("3", "1", "3")
    assert cured["restarts"] == 1


@pytest.mark.matrix
@pytest.mark.parametrize("host", REFUSED)
def test_a_record_of_somebody_else_is_never_believed(host: str, story: Story) -> None:
    assert story.rows["remediate"][host]["reason"] == "undo_record_unreadable"
    assert story.rows["rollback"][host]["attention"] == "failed"
    for playbook in ("remediate", "rollback"):
        state = story.states[playbook][host]
        assert state["adapters"] == story.states["at first"][host]["adapters"]
        assert state["undo"] == story.states["at first"][host]["undo"]
        assert state["journal"] == []


def test_records_of_strangers_stay_as_they_are(story: Story) -> None:
    first = story.states["at first"]["foreign-names"]["undo"]
    assert len(first) == 303
    assert story.states["rollback"]["foreign-names"]["undo"] == first


@pytest.mark.matrix
def test_nothing_that_is_printed_moves_a_cursor_or_turns_text(story: Story) -> None:
    assert OBEYED.findall(story.output) == []
    # The hostile name is there all the same, in results, in the sentence and in the table.
    for run in story.runs.values():
        assert "gnp.exe" in run.stdout.rpartition("TASK [")[2]


def test_everything_written_went_to_the_keyword_and_the_own_keys(story: Story) -> None:
    places = set()
    for state in story.states["rollback"].values():
        guids = {each["guid"] for each in state["adapters"]}
        (class_key,) = {each["class_key"] for each in state["adapters"]}
        for entry in state["journal"]:
            what, _space, where = entry.partition(" ")
            if what in ("SetStringValue", "DeleteValue", "CreateKey"):
                places.add(_place(where, class_key, guids))
    assert places <= {"the keyword", "own"}, places
    methods = {line["method"] for line in story.lab.requests() if line["method"]}
    assert methods <= {
        "GetStringValue",
        "EnumValues",
        "EnumKey",
        "CreateKey",
        "SetStringValue",
        "DeleteValue",
        "Restart",
        "RegisterByXml",
        "GetInfoByName",
        "ExportByName",
    }
    deleted = {line["name"] for line in story.lab.requests() if line["action"] == "Delete"}
    # A shell of the relay, and a guard.
    assert deleted <= {"shell", "cmd", "MSFT_ScheduledTask"}


def _place(where: str, class_key: str, guids: set[str]) -> str:
    if where.casefold() == rf"{class_key}\{KEYWORD}".casefold():
        return "the keyword"
    own = re.fullmatch(r"SOFTWARE\\remediation\.windows_nic\\(?:undo|outcome|guard)(?:\\(\{[^}]*\})::.*)?", where)
    return "own" if own is not None and own[1] in {None, *guids} else where


HOSTILE: dict[str, tuple[str, str, int]] = {
    # By name in hostile_server: how the task ends, with which code, and how often the host was asked.
    "laughs": ("FAILED", "answer_with_dtd", 1),
    "outside": ("FAILED", "answer_with_dtd", 1),
    "stream": ("FAILED", "answer_too_large", 1),
    "announced": ("FAILED", "answer_too_large", 1),
    "bomb": ("FAILED", "answer_not_plain", 1),
    "redirect": ("FAILED", "answer_not_plain", 1),
    "headers": ("UNREACHABLE", "connection_lost", 5),
    "depths": ("FAILED", "answer_too_large", 1),
    "crowd": ("FAILED", "enumeration_endless", 2),
    "pulls": ("FAILED", "enumeration_endless", 2002),
    "liar": ("FAILED", "request_refused", 1),
    "drip": ("UNREACHABLE", "answer_timed_out", 1),
    "drip_header": ("UNREACHABLE", "answer_timed_out", 1),
}
CONNECTION = {
    "ansible_connection": "winrm",
    "ansible_host": "127.0.0.1",
    "ansible_winrm_scheme": "http",
    "ansible_winrm_transport": ["basic"],
    "ansible_winrm_operation_timeout_sec": 1,
    "ansible_winrm_read_timeout_sec": 2,
    "ansible_user": "admin",
    "ansible_password": "Nothing for them",
}
MOST_SENT = 16_000_000
"""Bytes that a host gets rid of before its connection is closed: four megabytes are read, the rest is in buffers."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, dict[str, Served]]]:
    with hostile_hosts({name: getattr(hostile_server, name) for name in HOSTILE}) as hosts:
        variables = {name: {**CONNECTION, "ansible_port": hosts[name].port} for name in HOSTILE}
        directory = tmp_path_factory.mktemp("served")
        yield play(directory, variables, [{"remediation.windows_nic.nic_facts": {}}], verbosity=3), hosts


@pytest.mark.matrix
@pytest.mark.parametrize("name", HOSTILE)
def test_an_answer_that_is_an_attack_is_an_error(name: str, served: tuple[Run, dict[str, Served]]) -> None:
    run, hosts = served
    word, code, requests = HOSTILE[name]
    found, result = run.results()[name]
    assert (found, result["error"]["code"]) == (word, code), result
    assert hosts[name].requests == requests
    assert OBEYED.findall(result["msg"]) == []
    assert len(result["msg"]) < 3000


def test_only_a_part_of_a_gigabyte_is_taken(served: tuple[Run, dict[str, Served]]) -> None:
    _run, hosts = served
    for name in HOSTILE:
        assert hosts[name].sent // hosts[name].requests < MOST_SENT, name
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MEMORY_KB


@pytest.mark.matrix
def test_nobody_else_is_asked_and_no_file_is_read(served: tuple[Run, dict[str, Served]]) -> None:
    run, hosts = served
    assert hosts["beacon"].requests == 0
    assert "root:" not in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert "Nothing for them" not in run.stdout + run.stderr
