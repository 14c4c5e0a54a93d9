# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.remediation.windows_nic.plugins.action.drop_evidence import ActionModule
from ansible_collections.remediation.windows_nic.plugins.plugin_utils import _probe_action
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.conftest import PROJECT_ROOT
from tests.unit.plugins.action.actionrunner import ActionRunner
from tests.unit.plugins.plugin_utils._evidence.fakecapture import FakeShell, answer, marked_bad, recorded
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, Row, instance

BMC = "192.0.2.20"
OTHER = "192.0.2.21"
DOCUMENTATION = yaml.safe_load((PROJECT_ROOT / "plugins" / "modules" / "drop_evidence.yml").read_text(encoding="utf-8"))


class Host(FakeHost):
    """A host with a UDP counter that does not change."""

    def enumerate(self, namespace: str, class_name: str, **more: Any) -> list[Instance]:
        if class_name == "Win32_PerfRawData_Tcpip_UDPv4":
            return [instance(class_name, {"DatagramsReceivedErrors": 10})]
        return super().enumerate(namespace, class_name, **more)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    on_link: Row = {
        "DestinationPrefix": "192.0.2.0/24",
        "NextHop": "0.0.0.0",
        "InterfaceIndex": 11,
        "RouteMetric": 0,
        "InterfaceMetric": 25,
        "AddressFamily": 2,
        "Store": 1,
    }
    (tmp_path / "local").mkdir()
    monkeypatch.setattr(_probe_action.constants, "DEFAULT_LOCAL_TMP", str(tmp_path / "local"))
    return Host([FakeAdapter(1, address="192.0.2.10")], routes=[on_link], neighbours=[], pings={BMC: 0, OTHER: 0})


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> FakeShell:
    made = FakeShell(recorded(marked_bad))
    monkeypatch.setattr(relay.shell, "run_command", made)
    return made


@pytest.fixture
def run(host: Host, tmp_path: Path) -> ActionRunner:
    loader = SimpleNamespace(path_dwim=lambda path: str(tmp_path / path))
    return ActionRunner(ActionModule, "drop_evidence", host, loader=loader)


def test_the_evidence_of_one_bmc(run: ActionRunner, shell: FakeShell, host: Host) -> None:
    result = run(bmc=BMC)
    (found,) = result.pop("evidence")
    assert result == {"changed": False}
    assert (found["bmc"], found["address"], found["port"]) == (BMC, BMC, 623)
    assert (found["cause"], found["reasons"]) == ("driver_marked_bad", [1203])
    assert found["checksum"]["good"] is True
    assert found["packets"] == {"requests": 7, "replies": 7, "dropped_requests": 0, "dropped_replies": 7}
    assert found["pcap"] is None
    assert found["unavailable"] is None
    assert (found["probe"]["outcome"], found["probe"]["silent"]) == ("no_answer", True)
    assert found["probe"]["udp_errors"] == {"before": 10, "after": 10}
    assert found["probe"]["path"]["adapter"] == "Ethernet"
    assert (shell.requests[0]["address"], shell.requests[0]["port"]) == (BMC, 623)
    assert host.writes == []
    assert run.opened == 1


def test_every_key_is_documented_and_every_documented_key_returned(run: ActionRunner, shell: FakeShell) -> None:
    (found,) = run(bmc=BMC)["evidence"]
    documented = DOCUMENTATION["RETURN"]["evidence"]["contains"]
    assert set(found) == set(documented)
    for key in ("packets", "checksum", "drops"):
        shown = found[key][0] if isinstance(found[key], list) else found[key]
        assert set(shown) == set(documented[key]["contains"])
    shell.answers = [answer(unavailable="no_pktmon", detail="none", relay=None)]
    (found,) = run(bmc=BMC)["evidence"]
    assert set(found["unavailable"]) == set(documented["unavailable"]["contains"])


def test_each_bmc_has_a_capture_of_its_own(run: ActionRunner, shell: FakeShell, tmp_path: Path) -> None:
    shell.answers = [recorded(marked_bad), recorded(None)]
    first, second = run(bmc=[OTHER, BMC], save_to="evidence/")["evidence"]
    assert [each["address"] for each in shell.requests] == [OTHER, BMC]
    assert (first["bmc"], first["cause"]) == (OTHER, "driver_marked_bad")
    assert (second["bmc"], second["cause"]) == (BMC, "nothing_arrived")
    saved = sorted(each.name for each in (tmp_path / "evidence").iterdir())
    assert [Path(each["pcap"]).name for each in (first, second)] == saved[::-1]
    assert all(name.endswith("_623.pcap") for name in saved)


def test_a_file_is_saved_below_the_playbook(run: ActionRunner, shell: FakeShell, tmp_path: Path) -> None:
    (found,) = run(bmc=BMC, save_to="drop.pcap")["evidence"]
    assert found["pcap"] == str(tmp_path / "drop.pcap")
    assert (tmp_path / "drop.pcap").read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
    assert len(shell.requests) == 1


def test_without_packets_there_is_no_file(run: ActionRunner, shell: FakeShell, tmp_path: Path) -> None:
    shell.answers = [answer(unavailable="filters_present", detail="filters", relay=None)]
    (found,) = run(bmc=BMC, save_to="drop.pcap")["evidence"]
    assert (found["cause"], found["pcap"]) == ("unavailable", None)
    assert found["unavailable"] == {"code": "filters_present", "detail": "filters"}
    assert not (tmp_path / "drop.pcap").exists()


def test_a_place_that_can_not_be_written_is_found_before_anything_is_sent(run: ActionRunner, shell: FakeShell) -> None:
    result = run(bmc=[BMC, OTHER], save_to="missing/drop.pcap")
    assert result["failed"] is True
    assert result["error"]["code"] == "save_to_unusable"
    assert shell.requests == []
    assert run.opened == 0


def test_check_mode_sends_and_records_nothing(run: ActionRunner, shell: FakeShell, tmp_path: Path) -> None:
    result = run(check=True, bmc=BMC, save_to="new/")
    assert (result["skipped"], result["changed"]) == (True, False)
    assert result["msg"].startswith("Check mode: nothing is recorded")
    assert (shell.requests, run.opened) == ([], 0)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"attempts": 2}, "option_out_of_range"),
        ({"port": 0}, "option_out_of_range"),
        ({"wait_ms": 1}, "option_out_of_range"),
        ({"source_address": "::1"}, "source_not_ipv4"),
        ({"vantage": "controller"}, "invalid_arguments"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    run: ActionRunner, shell: FakeShell, options: dict[str, Any], code: str
) -> None:
    assert run(bmc=BMC, **options)["error"]["code"] == code
    assert (shell.requests, run.opened) == ([], 0)


def test_an_address_of_the_host_itself_is_refused(run: ActionRunner, shell: FakeShell) -> None:
    assert run(bmc="192.0.2.10")["error"]["code"] == "bmc_is_host"
    assert shell.requests == []


def test_what_was_found_before_the_host_was_lost_is_kept(run: ActionRunner, shell: FakeShell) -> None:
    shell.answers = [recorded(marked_bad), ConnectionLost("connection_lost", "host", "gone", "an answer", "Again.")]
    result = run(bmc=[BMC, OTHER])
    assert result["unreachable"] is True
    assert [each["bmc"] for each in result["evidence"]] == [BMC]


def test_what_stays_on_the_host_is_a_warning(run: ActionRunner, shell: FakeShell) -> None:
    shell.answers = [answer(left_behind=["filter"])]
    result = run(bmc=BMC)
    assert result["evidence"][0]["left_behind"] == ["filter"]
    assert result["warnings"] == [
        f"{BMC}: PktMon would not let go of the capture's filter: still on the host. The next capture removes it."
    ]


def test_options_are_those_that_are_documented_with_their_defaults() -> None:
    documented = DOCUMENTATION["DOCUMENTATION"]["options"]
    assert set(ActionModule.argument_spec) == set(documented)
    for name, spec in ActionModule.argument_spec.items():
        told = {key: documented[name].get(key) for key in ("type", "elements", "default", "required")}
        assert told == {key: spec.get(key) for key in told}


def test_every_code_of_the_script_is_documented() -> None:
    text = str(DOCUMENTATION["RETURN"]["evidence"]["contains"]["unavailable"])
    from_python = (
        "no_metadata checksum_unknown events_left_out requests_not_seen shell_denied shell_refused"
        " constrained_language source_unusable relay_failed relay_garbage not_paced socket_error"
    )
    script = "no_pktmon not_allowed old_grammar capture_running filters_present no_events failed"
    missing = [code for code in f"{from_python} {script}".split() if f"V({code})" not in text]
    assert missing == []
