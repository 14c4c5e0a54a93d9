# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleet files: what is accepted, what is refused and how it says so, and how a fleet is expanded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.fleet import FleetError, load_fleet

AFFECTED = {"description": "affected", "adapters": [{"model": "intel-i211", "network": 1}]}


def write(directory: Path, **changes: Any) -> Path:
    content: dict[str, Any] = {
        "name": "test",
        "description": "a fleet",
        "kinds": {"affected": AFFECTED},
        "hosts": [{"name": "pc", "kind": "affected"}],
    }
    file = directory / "fleet.yml"
    file.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
    return file


def refused(file: Path) -> FleetError:
    with pytest.raises(FleetError) as error:
        load_fleet(file)
    return error.value


def test_defaults(tmp_path: Path) -> None:
    (host,) = load_fleet(write(tmp_path)).hosts
    assert (host.name, host.number, host.address) == ("pc", 1, "127.1.0.1")
    assert host.user == "labadmin"
    assert host.variables == {}
    assert host.expect.audit is None


def test_unknown_key_names_file_kind_and_key(tmp_path: Path) -> None:
    file = write(tmp_path, kinds={"affected": AFFECTED | {"adapters": [{"model": "intel-i211", "colour": "red"}]}})
    error = refused(file)
    assert error.subject == f"{file}, kind affected, key adapters.0.colour"
    assert (error.seen, error.expected) == ("unknown key", "a key of the schema")
    assert str(error) == f"{error.subject}: unknown key; expected a key of the schema. See tests/lab/README.md."


def test_unknown_key_of_a_host_names_the_host(tmp_path: Path) -> None:
    file = write(tmp_path, hosts=[{"name": "pc", "kind": "affected", "speed": 1}])
    assert refused(file).subject == f"{file}, host pc, key speed"


def test_missing_key(tmp_path: Path) -> None:
    error = refused(write(tmp_path, kinds={"affected": {"description": "no adapters"}}))
    assert error.subject.endswith("kind affected, key adapters")
    assert error.seen == "missing"


@pytest.mark.parametrize(
    ("adapter", "part"),
    [
        ({"model": "intel-i999"}, "unknown adapter model 'intel-i999'"),
        ({"model": "intel-i211", "network": 2}, "network 2 belongs to the BMCs"),
        ({"model": "intel-i211", "network": "1"}, "valid integer"),
        ({"model": "intel-i211", "configured": "on"}, "'absent'"),
        ({"model": "intel-i211", "gateway": True}, "has no gateway, no routes"),
        ({"model": "intel-i211", "routes": [{"to": "127.2.0.0"}], "network": 5, "prefix": 40}, "less than or equal"),
        ({"model": "intel-i211", "network": 5, "routes": [{"to": "here"}]}, "Expected 4 octets"),
        (
            {"model": "intel-i211", "network": 5, "routes": [{"to": "127.2.0.0/16", "via": "gateway"}]},
            "needs an adapter with",
        ),
        ({"model": "intel-i211", "more_addresses": [{}]}, "no more addresses"),
        ({"model": "intel-i211", "network": 5, "origin": "dhcp", "more_addresses": [{}]}, "has no others"),
        ({"model": "intel-i211", "network": 1}, "exactly one adapter has network 1"),
        ({"model": "hyperv-vnic", "name": "v", "above": ["Nothing"]}, "which no adapter is named"),
        ({"model": "hyperv-vnic", "name": "v", "above": ["v"]}, "lies above itself"),
        ({"model": "intel-i211", "name": "Ethernet"}, "two adapters have the same name: Ethernet, Ethernet"),
    ],
)
def test_bad_adapter(tmp_path: Path, adapter: dict[str, Any], part: str) -> None:
    kind = AFFECTED | {"adapters": [{"model": "intel-i211", "network": 1, "name": "Ethernet"}, adapter]}
    error = refused(write(tmp_path, kinds={"affected": kind}))
    assert part.casefold() in str(error).casefold()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"hosts": [{"name": "pc", "kind": "none"}]}, "kinds are affected"),
        ({"hosts": [{"name": "pc", "kind": "affected"}] * 2}, "two hosts have the same name"),
        ({"hosts": [{"name": "a b", "kind": "affected"}]}, "should match pattern"),
        ({"hosts": [{"name": "pc", "kind": "affected", "count": 0}]}, "greater than or equal to 1"),
        ({"hosts": []}, "at least 1 item"),
        ({"kinds": {"affected": AFFECTED | {"bmcs": [{"shared": "card"}]}}}, "shared BMC 'card'"),
        ({"kinds": {"affected": AFFECTED | {"bmcs": [{}]}}}, "exactly one of the two"),
        ({"kinds": {"affected": AFFECTED | {"bmcs": [{"bmc": {"behaviour": "ipmi3"}}]}}}, "'ipmi20'"),
        ({"kinds": {"affected": AFFECTED | {"expect": {"audit": "fine"}}}}, "'affected'"),
        ({"kinds": {"affected": AFFECTED | {"expect": {"first": "healthy"}}}}, "unknown key"),
        ({"kinds": {"affected": AFFECTED | {"wire": {"certificate": "green"}}}}, "'expired'"),
        ({"kinds": {"affected": AFFECTED | {"system": {"language": "xx"}}}}, "unknown language 'xx'"),
        ({"kinds": {"affected": AFFECTED | {"registry": [{"key": "A", "name": "b", "data": 1}]}}}, "can't be 1"),
        (
            {"kinds": {"affected": AFFECTED | {"registry": [{"key": "A", "name": "{guid:B}", "data": "1"}]}}},
            "{guid:B} names no adapter; there are Ethernet",
        ),
        ({"kinds": {"affected": {"extends": "gone"} | AFFECTED}}, "there is no kind 'gone'"),
        ({"kinds": {"a": {"extends": "b"}, "b": {"extends": "a"}}}, "in a circle"),
    ],
)
def test_bad_fleet(tmp_path: Path, changes: dict[str, Any], part: str) -> None:
    assert part in str(refused(write(tmp_path, **changes)))


def test_unreadable_files(tmp_path: Path) -> None:
    assert "can't be read (No such file or directory)" in str(refused(tmp_path / "none.yml"))
    (tmp_path / "bad.yml").write_text("a: [", encoding="utf-8")
    assert "is not YAML" in str(refused(tmp_path / "bad.yml"))
    (tmp_path / "list.yml").write_text("[1]", encoding="utf-8")
    assert "is a list; expected a mapping" in str(refused(tmp_path / "list.yml"))
    (tmp_path / "date.yml").write_text("name: 2026-01-01", encoding="utf-8")
    assert "has no form for" in str(refused(tmp_path / "date.yml"))


def test_extends_merges_mappings_and_replaces_lists(tmp_path: Path) -> None:
    kinds = {
        "_base": AFFECTED
        | {"system": {"language": "de", "domain": "corp.example"}, "bmcs": [{"bmc": {}}, {"bmc": {}}]},
        "special": {"extends": "_base", "system": {"language": "fr"}, "bmcs": [{"bmc": {"behaviour": "smdc"}}]},
    }
    fleet = load_fleet(write(tmp_path, kinds=kinds, hosts=[{"name": "pc", "kind": "special"}]))
    (host,) = fleet.hosts
    assert (host.language, host.system.domain) == ("fr", "corp.example")
    assert [plan.spec.behaviour for _unused, plan in host.bmcs] == ["smdc"]
    assert set(fleet.file.kinds) == {"special"}


def test_template_is_no_kind(tmp_path: Path) -> None:
    error = refused(write(tmp_path, kinds={"_base": AFFECTED, "a": AFFECTED}, hosts=[{"name": "pc", "kind": "_base"}]))
    assert "kinds are a" in str(error)


def test_counts_addresses_and_variables(tmp_path: Path) -> None:
    kinds = {
        "own": AFFECTED | {"bmcs": [{"bmc": {}}, {"bmc": {}, "asked": False}], "variables": {"b": 2, "c": 2}},
        "shared": AFFECTED | {"bmcs": [{"shared": "card"}]},
    }
    hosts = [
        {"name": "first", "kind": "own", "variables": {"c": 3}},
        {"name": "rack", "kind": "shared", "count": 2, "expect": {"audit": "healthy"}},
    ]
    file = write(tmp_path, kinds=kinds, hosts=hosts, variables={"a": 1, "b": 1}, shared_bmcs={"card": {}})
    fleet = load_fleet(file)
    assert [host.name for host in fleet.hosts] == ["first", "rack-01", "rack-02"]
    assert [host.address for host in fleet.hosts] == ["127.1.0.1", "127.1.0.2", "127.1.0.3"]
    assert [plan.address for plan in fleet.bmcs] == ["127.2.0.1", "127.2.0.2", "127.2.0.3"]
    assert fleet.hosts[0].variables == {"udp_rx_offload_bmc": ["127.2.0.1"], "a": 1, "b": 2, "c": 3}
    assert fleet.hosts[1].variables["udp_rx_offload_bmc"] == ["127.2.0.3"]
    assert fleet.hosts[2].variables["udp_rx_offload_bmc"] == ["127.2.0.3"]
    assert fleet.hosts[2].expect.audit == "healthy"


def test_other_bmc_port_reaches_the_inventory(tmp_path: Path) -> None:
    file = write(tmp_path, kinds={"affected": AFFECTED | {"bmcs": [{"bmc": {}}]}})
    assert load_fleet(file, bmc_port=16623).hosts[0].variables == {
        "udp_rx_offload_bmc": ["127.2.0.1"],
        "udp_rx_offload_port": 16623,
    }
    assert "udp_rx_offload_port" not in load_fleet(file).hosts[0].variables


def test_repeated_fleet(tmp_path: Path) -> None:
    kinds = {"affected": AFFECTED | {"bmcs": [{"shared": "card"}]}}
    hosts = [{"name": "a", "kind": "affected"}, {"name": "b", "kind": "affected"}]
    fleet = load_fleet(write(tmp_path, kinds=kinds, hosts=hosts, shared_bmcs={"card": {}}))
    many = fleet.expand(5)
    assert [host.name for host in many.hosts] == ["a", "b", "a-r2", "b-r2", "a-r3"]
    assert [host.bmcs[0][1].number for host in many.hosts] == [1, 1, 2, 2, 3]
    assert [host.name for host in many.expand(1).hosts] == ["a"]


def test_further_addresses_are_nobody_elses(tmp_path: Path) -> None:
    adapters = [
        {"model": "intel-i211", "network": 1, "more_addresses": [{}, {"state": "duplicate"}]},
        {"model": "intel-i210", "network": 5, "more_addresses": [{}]},
    ]
    file = write(tmp_path, kinds={"affected": AFFECTED | {"adapters": adapters}})
    used: set[str] = set()
    for block in range(31):
        hosts = load_fleet(file, block=block, hosts=20).hosts
        own = {address for host in hosts for addresses in host.further.values() for address in addresses}
        assert len(own) == 60
        assert not own & used
        used |= own
    assert hosts[0].further == {1: ("127.1.255.125", "127.1.255.126"), 5: ("127.5.255.127",)}
    lower, _dot, upper = max(used, key=lambda one: [int(part) for part in one.split(".")[2:]]).rpartition(".")
    assert (lower.split(".")[2], int(upper) < 254) == ("255", True), "the gateway keeps its own"
    with pytest.raises(FleetError, match="more than 62 further addresses; expected at most 62 in a block"):
        load_fleet(file, hosts=21)


def test_thousand_hosts_have_thousand_addresses(tmp_path: Path) -> None:
    fleet = load_fleet(write(tmp_path, kinds={"affected": AFFECTED | {"bmcs": [{"bmc": {}}]}}), block=30, hosts=1000)
    addresses = [host.address for host in fleet.hosts]
    assert len(set(addresses)) == 1000
    assert (addresses[0], addresses[249], addresses[250], addresses[-1]) == (
        "127.1.240.1",
        "127.1.240.250",
        "127.1.241.1",
        "127.1.243.250",
    )
    assert fleet.bmcs[-1].address == "127.2.243.250"


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"block": 31}, "block 31; expected 0 to 30"),
        ({"block": -1}, "block -1"),
        ({"hosts": 0}, "0 hosts; expected at least one"),
        ({"hosts": 2001}, "more than 2000 hosts"),
    ],
)
def test_what_does_not_fit_into_a_block(tmp_path: Path, options: dict[str, int], part: str) -> None:
    with pytest.raises(FleetError) as error:
        load_fleet(write(tmp_path), **options)
    assert part in str(error.value)


def test_block_moves_every_address(tmp_path: Path) -> None:
    fleet = load_fleet(write(tmp_path), hosts=3, block=2)
    assert [host.address for host in fleet.hosts] == ["127.1.16.1", "127.1.16.2", "127.1.16.3"]
    assert fleet.hosts[0].network_address(5) == "127.5.16.1"
    assert [host.address for host in fleet.expand(1).hosts] == ["127.1.16.1"]
