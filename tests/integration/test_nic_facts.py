# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``nic_facts`` through the real ansible-playbook: facts against what the lab knows, cost, documented examples."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.documented import documented_examples, documented_keys
from tests.integration.running import Run, play
from tests.labfixture import LabFactory, RunningLab

FACTS = "remediation.windows_nic.nic_facts"
MOST_POSTS = 14
MOST_BYTES_UP = 40_000
WORDS = ("disabled", "tx", "rx", "rx_tx")

I211 = {"model": "intel-i211", "network": 1}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"adapters": [I211], "bmcs": [{"bmc": {"behaviour": "ipmi20"}}]},
    "absent": {"adapters": [{**I211, "configured": "absent"}]},
    "pending": {"adapters": [{**I211, "configured": "tx", "active": "rx_tx"}]},
    "silent-driver": {"adapters": [{**I211, "active_report": "unknown"}]},
    "without-state": {"adapters": [{**I211, "active_report": "missing"}]},
    "grouped": {"adapters": [{**I211, "keyword": "grouped"}]},
    "both": {"adapters": [{**I211, "keyword": "both"}]},
    "zero-or-three": {"adapters": [{**I211, "allowed": ["disabled", "rx_tx"]}]},
    "killer": {"adapters": [{"model": "killer-1525", "network": 1}]},
    "vmware": {"adapters": [{"model": "vmware-e1000e", "network": 1}]},
    "usb": {"adapters": [{"model": "realtek-usb", "network": 1}]},
    "german": {
        "system": {"language": "de", "product": "windows-10", "domain": "corp.example"},
        "adapters": [{**I211, "name": "B\u00fcro \"S\u00fcd\" 'x' <&>"}],
    },
    "chinese": {"system": {"language": "zh"}, "adapters": [{"model": "intel-82579lm", "network": 1}]},
    "no-offload": {"system": {"task_offload": False}, "adapters": [I211]},
    "hyper-v": {
        "adapters": [
            {"model": "intel-i211", "name": "Ethernet"},
            {"model": "hyperv-vnic", "name": "vEthernet (LAN)", "network": 1, "above": ["Ethernet"]},
            {"model": "intel-i219", "name": "Spare", "network": 5},
        ]
    },
    "embedded-team": {
        "adapters": [
            {"model": "intel-i211", "name": "Ethernet"},
            {"model": "intel-i211", "name": "Ethernet 2"},
            {"model": "hyperv-vnic", "name": "vEthernet (SET)", "network": 1, "above": ["Ethernet", "Ethernet 2"]},
        ]
    },
    "team": {
        "system": {"product": "server-2019"},
        "adapters": [
            {"model": "intel-i211", "name": "Ethernet"},
            {"model": "intel-i211", "name": "Ethernet 2"},
            {"model": "lbfo-team", "name": "Team", "network": 1, "above": ["Ethernet", "Ethernet 2"]},
        ],
    },
    "two-ways": {
        "adapters": [
            {"model": "intel-i219", "name": "Management", "network": 1, "prefix": 16},
            {
                "model": "intel-i211",
                "name": "Cards",
                "network": 5,
                "prefix": 16,
                "routes": [{"to": "127.2.0.0/16", "via": "on_link"}],
            },
        ],
        "bmcs": [{"bmc": {"behaviour": "ipmi20"}}],
    },
    "many": {
        "adapters": [I211, *({"model": "intel-i350", "name": f"Port {number}"} for number in range(12))],
    },
    "psrp": {
        "adapters": [I211],
        "wire": {"connection": "psrp", "scheme": "https", "authentication": "ntlm"},
    },
}


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(
        {
            "name": "nic-facts",
            "description": "one host for each kind of adapter",
            "kinds": {f"kind-{name}": {"description": name, **kind} for name, kind in KINDS.items()},
            "hosts": [{"name": name, "kind": f"kind-{name}"} for name in KINDS],
        }
    )


@pytest.fixture(scope="module")
def run(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All hosts read once; the lab's log until then holds nothing else."""
    return play(tmp_path_factory.mktemp("facts"), lab.hosts, [{FACTS: {}}])


@pytest.fixture(scope="module")
def cost(lab: RunningLab, run: Run) -> dict[str, list[dict[str, Any]]]:
    """The requests that reading cost, by host."""
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: lab.requests(name) for name in KINDS}


def nics(run: Run, host: str) -> dict[str, dict[str, Any]]:
    word, result = run.results()[host]
    assert word == "ok"
    return {each["name"]: each for each in result["ansible_facts"]["windows_nics"]}


@pytest.mark.parametrize("host", KINDS)
def test_reading_stays_within_its_budget(host: str, cost: dict[str, list[dict[str, Any]]]) -> None:
    posts = cost[host]
    assert 7 <= len(posts) <= MOST_POSTS
    assert sum(each["bytes_in"] for each in posts) <= MOST_BYTES_UP
    assert {each["action"] for each in posts} <= {"Enumerate", "Pull"}
    assert len({each["connection"] for each in posts}) == 1


@pytest.mark.parametrize("host", KINDS)
def test_facts_are_what_the_machine_is(host: str, lab: RunningLab, run: Run) -> None:
    found = nics(run, host)
    known = {each["name"]: each for each in lab.state()[host]["adapters"]}
    assert list(found) == sorted(known, key=str.casefold)
    for name, facts in found.items():
        offload = facts["udp_ipv4_checksum"]
        assert facts["guid"] == known[name]["guid"]
        assert facts["description"] == known[name]["description"]
        assert offload["keyword"] == known[name]["keyword"]
        configured = known[name]["configured"]
        assert offload["configured"] == (None if configured is None else WORDS[int(configured)])
        assert facts["up"] is True


def test_every_documented_key_is_there_and_no_other(run: Run) -> None:
    (facts,) = nics(run, "plain").values()
    path = ("ansible_facts", "windows_nics")
    assert set(facts) == documented_keys("nic_facts", *path) - {"undo", "outcome"}
    for part in ("pci", "driver", "udp_ipv4_checksum", "assessment"):
        assert set(facts[part]) == documented_keys("nic_facts", *path, part)
    assert set(facts["addresses"][0]) == documented_keys("nic_facts", *path, "addresses")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("plain", {"configured": "rx_tx", "active": "rx_tx", "default": "rx_tx", "restart_pending": False}),
        ("plain", {"keyword": "*UDPChecksumOffloadIPv4", "allowed": list(WORDS)}),
        ("absent", {"configured": None, "active": "rx_tx", "restart_pending": False}),
        ("pending", {"configured": "tx", "active": "rx_tx", "restart_pending": True}),
        ("silent-driver", {"configured": "rx_tx", "active": None, "restart_pending": None}),
        ("without-state", {"configured": "rx_tx", "active": None, "restart_pending": None}),
        ("grouped", {"keyword": "*TCPUDPChecksumOffloadIPv4"}),
        ("both", {"keyword": "*UDPChecksumOffloadIPv4"}),
        ("zero-or-three", {"allowed": ["disabled", "rx_tx"]}),
        ("killer", {"keyword": None, "configured": None, "allowed": [], "restart_pending": None}),
        ("german", {"keyword": "*UDPChecksumOffloadIPv4", "configured": "rx_tx"}),
    ],
)
def test_offload(host: str, expected: dict[str, Any], run: Run) -> None:
    (facts,) = nics(run, host).values()
    assert expected.items() <= facts["udp_ipv4_checksum"].items()


@pytest.mark.parametrize(
    ("host", "class_", "rule"),
    [
        ("plain", "confirmed", "intel-i211-e1r68"),
        ("german", "confirmed", "intel-i211-e1r68"),
        ("chinese", "confirmed", "intel-82579lm-e1i65"),
        ("vmware", "unknown", None),
        ("killer", "unknown", None),
        ("usb", "unknown", None),
    ],
)
def test_assessment(host: str, class_: str, rule: str | None, run: Run) -> None:
    (facts,) = nics(run, host).values()
    assert (facts["assessment"]["class"], facts["assessment"]["rule"]) == (class_, rule)


def test_the_host_wide_switch(run: Run) -> None:
    switch = {host: run.results()[host][1]["ansible_facts"]["windows_nics_task_offload"] for host in KINDS}
    assert {host for host, word in switch.items() if word != "enabled"} == {"no-offload"}
    assert switch["no-offload"] == "disabled"


@pytest.mark.parametrize(
    ("host", "member_of", "member_kind", "carries"),
    [
        ("plain", {"Ethernet": None}, None, {"Ethernet": True}),
        (
            "hyper-v",
            {"Ethernet": "vEthernet (LAN)", "vEthernet (LAN)": None, "Spare": None},
            "virtual_switch",
            {"Ethernet": True, "vEthernet (LAN)": True, "Spare": False},
        ),
        (
            "embedded-team",
            {"Ethernet": "vEthernet (SET)", "Ethernet 2": "vEthernet (SET)", "vEthernet (SET)": None},
            "embedded_team",
            {"Ethernet": True, "Ethernet 2": True, "vEthernet (SET)": True},
        ),
        (
            "team",
            {"Ethernet": "Team", "Ethernet 2": "Team", "Team": None},
            "lbfo_team",
            {"Ethernet": True, "Ethernet 2": True, "Team": True},
        ),
        ("two-ways", {"Cards": None, "Management": None}, None, {"Cards": False, "Management": True}),
    ],
)
def test_what_adapters_feed_and_carry(
    host: str, member_of: dict[str, str | None], member_kind: str | None, carries: dict[str, bool], run: Run
) -> None:
    found = nics(run, host)
    assert {name: facts["member_of"] for name, facts in found.items()} == member_of
    assert {facts["member_kind"] for facts in found.values() if facts["member_of"]} == ({member_kind} - {None})
    assert {name: facts["carries_management"] for name, facts in found.items()} == carries
    assert {name for name, facts in found.items() if not facts["physical"]} == {
        name for name in found if name.startswith(("vEthernet", "Team"))
    }


def test_addresses(lab: RunningLab, run: Run) -> None:
    found = nics(run, "two-ways")
    management = lab.address("two-ways")
    cards = str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(management)) + (4 << 16)))
    assert found["Management"]["addresses"] == [{"address": management, "prefix": 16}]
    assert found["Cards"]["addresses"] == [{"address": cards, "prefix": 16}]


def read_one(lab: RunningLab, directory: Path, host: str, **options: Any) -> list[str]:
    run = play(directory, {host: lab.hosts[host]}, [{FACTS: options}])
    word, result = run.results()[host]
    assert word == "ok", result
    return [each["name"] for each in result["ansible_facts"]["windows_nics"]]


def test_toward_follows_routes_and_layers(lab: RunningLab, tmp_path: Path) -> None:
    bmc = lab.hosts["two-ways"]["udp_rx_offload_bmc"][0]
    assert read_one(lab, tmp_path, "two-ways", adapters={"toward": bmc}) == ["Cards"]
    assert read_one(lab, tmp_path, "two-ways", adapters={"toward": "127.1.255.253"}) == ["Management"]
    assert read_one(lab, tmp_path, "hyper-v", adapters={"toward": "127.1.255.253"}) == ["Ethernet"]
    assert read_one(lab, tmp_path, "team", adapters={"toward": "127.1.255.253"}) == ["Ethernet", "Ethernet 2"]


def test_connection_variables_do_not_matter(run: Run) -> None:
    own = ("guid", "mac", "addresses", "index", "pci")
    plain, psrp = (
        {key: value for key, value in next(iter(nics(run, host).values())).items() if key not in own}
        for host in ("plain", "psrp")
    )
    assert plain == psrp


def test_no_shell_is_opened(cost: dict[str, list[dict[str, Any]]], lab: RunningLab) -> None:
    assert cost
    assert {lab.state()[host]["winrm"]["shells_opened"] for host in KINDS} == {0}


@pytest.mark.parametrize(("folder", "name"), [("modules", "nic_facts"), ("filter", "select_adapters")])
def test_the_documented_examples_run_as_written(folder: str, name: str, lab: RunningLab, tmp_path: Path) -> None:
    hosts = {host: lab.hosts[host] for host in ("plain", "hyper-v", "german")}
    tasks = documented_examples(folder, name)
    run = play(tmp_path, hosts, tasks)
    assert run.returncode == 0, run.stdout + run.stderr
    for counts in run.recap().values():
        assert (counts["ok"], counts["changed"]) == (len(tasks), 0)
    assert "WARNING" not in run.stdout + run.stderr
