# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.remediation.windows_nic.plugins.filter.verdict import FilterModule, verdict
from tests.unit.plugins.plugin_utils.evidence import CONTROL, GUID, SILENT, adapter, facts, path, probe, probes

AFFECTED: dict[str, Any] = {"facts": facts(), "probe": SILENT, "controls": [CONTROL]}

RESTARTING = {"format": 1, "answers": {"write_leaves_adapter_up": "went_away"}}
"""What the playbook qualify found on a host like this one."""


def test_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"verdict": verdict}


def test_defaults_are_those_of_the_role() -> None:
    assert verdict(AFFECTED)["verdict"] == "affected"
    assert verdict(AFFECTED, {})["to_change"] == [GUID]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"classes": ["suspected"]}, ("other_cause", "class_not_chosen")),
        ({"own_bmc": ["192.0.2.20"]}, ("unreachable_from_host", "own_bmc")),
        ({"mode": "report", "without_control": "report", "retry": True}, ("affected", "replies_dropped")),
        ({"allow_wider": False, "restart": "never"}, ("affected", "replies_dropped")),
        ({"restart": "never", "host_profile": RESTARTING}, ("affected", "write_restarts")),
        ({"restart": "if_needed", "host_profile": RESTARTING}, ("affected", "replies_dropped")),
        ({"host_profile": {}}, ("affected", "replies_dropped")),
    ],
)
def test_settings(settings: dict[str, Any], expected: tuple[str, str]) -> None:
    judged = verdict(AFFECTED, settings)
    assert (judged["verdict"], judged["reason"]) == expected


@pytest.mark.parametrize(
    ("evidence", "settings", "message"),
    [
        ([], {}, "the input is a list; expected a mapping"),
        ("facts", {}, "the input is a str; expected a mapping"),
        ({"fact": {}}, {}, "the input has unknown keys fact; expected only facts, probe"),
        ({}, ["prove"], "the settings is a list; expected a mapping"),
        ({}, {"modus": "prove"}, "the settings has unknown keys modus; expected only mode, classes"),
        ({}, {"host_profile": "profile.json"}, "the host profile is a str; expected a mapping"),
        ({}, {"host_profile": {"format": 7}}, "the host profile: format 7; expected format 1"),
    ],
)
def test_wrong_input_is_refused(evidence: Any, settings: Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        verdict(evidence, settings)


def test_names_from_hosts_are_not_templated_later() -> None:
    name = "{{ 6 * 7 }}"
    evidence = {
        "facts": facts(adapter(name=name)),
        "probe": probes(probe("no_answer", path=path(physical=[name]))),
        "controls": [CONTROL],
    }
    judged = verdict(evidence)
    templar = Templar(loader=DataLoader(), variables={"result": judged})
    assert templar.template(judged["sentence"]) == judged["sentence"]
    assert judged["adapters"][0]["name"] == name
