# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions from the settings of a task's connection, against the lab: every way to log on, delegation, the client.

The client is also used without ansible-playbook, on Ansible's own connection plugins, to look at single requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import ConnectionLost, HostUnreachable
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.sessions import open_client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.shell import run_command
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.wql import wql_string
from tests.integration.running import play
from tests.labfixture import PASSWORD, LabFactory, RunningLab

FACTS = "remediation.windows_nic.nic_facts"
CIM = "root/standardcimv2"
HKLM = 2147483650

WAYS: dict[str, dict[str, Any]] = {
    "winrm-http-ntlm": {},
    "winrm-https-basic": {"scheme": "https", "authentication": "basic"},
    "winrm-https-ntlm": {"scheme": "https", "authentication": "ntlm", "channel_binding": "strict"},
    "psrp-http-negotiate": {"connection": "psrp", "authentication": "negotiate"},
    "psrp-http-ntlm": {"connection": "psrp", "authentication": "ntlm"},
    "psrp-https-ntlm": {
        "connection": "psrp",
        "scheme": "https",
        "authentication": "ntlm",
        "channel_binding": "strict",
    },
    "psrp-https-basic": {"connection": "psrp", "scheme": "https", "authentication": "basic"},
}


def fleet(wires: dict[str, dict[str, Any]]) -> dict[str, Any]:
    adapters = [{"name": "LAN 'a' \u00dc", "model": "intel-i211", "network": 1}, {"model": "intel-i210", "network": 4}]
    return {
        "name": "sessions",
        "description": "one host for each way to log on",
        "kinds": {
            f"kind-{name}": {"description": name, "adapters": adapters, "wire": wire} for name, wire in wires.items()
        },
        "hosts": [{"name": name, "kind": f"kind-{name}"} for name in wires],
    }


@pytest.fixture(scope="module")
def lab(module_lab_factory: LabFactory) -> RunningLab:
    return module_lab_factory(fleet(WAYS))


@pytest.fixture(autouse=True)
def no_authority_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def client_of(lab: RunningLab, host: str, **changes: Any) -> Iterator[Client]:
    """A client from Ansible's connection plugin with the variables of the lab's inventory."""
    variables = {**lab.hosts[host], **changes}
    plugin = connection_loader.get(variables["ansible_connection"], PlayContext(), "/dev/null")
    extras = {name: value for name, value in variables.items() if name.startswith("ansible_winrm_")}
    plugin.set_options(var_options={**variables, "_extras": extras})
    client = open_client(plugin)
    try:
        yield client
    finally:
        client.close()


@pytest.mark.matrix
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_log_on(lab: RunningLab, way: str) -> None:
    before = len(lab.requests(way)), lab.sessions(way)
    with client_of(lab, way) as client:
        assert client.host == lab.address(way)
        assert len(lab.requests(way)) == before[0]
        found = client.enumerate(CIM, "MSFT_NetAdapter", where="HardwareInterface = TRUE", with_selectors=True)
        assert sorted(each.text("Name") or "" for each in found) == ["Ethernet 2", "LAN 'a' \u00dc"]
        name = wql_string("LAN 'a' \u00dc")
        (lan,) = client.enumerate(CIM, "MSFT_NetAdapter", where=f"Name = {name}", with_selectors=True)
        assert lan.selectors is not None
        again = client.get(CIM, "MSFT_NetAdapter", lan.selectors)
        assert again.text("InterfaceGuid") == lan.text("InterfaceGuid")
        output = client.invoke(
            "root/cimv2",
            "StdRegProv",
            "GetStringValue",
            {"hDefKey": HKLM, "sSubKeyName": "SOFTWARE\\Missing", "sValueName": "x"},
            read_only=True,
        )
        assert output.integer("ReturnValue") == 2
    # The whole conversation took one authenticated session.
    assert lab.sessions(way) == before[1] + 1


@pytest.mark.parametrize("way", WAYS)
def test_a_reconnect_is_one_more_session(lab: RunningLab, way: str) -> None:
    before = lab.sessions(way)
    with client_of(lab, way) as client:
        client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
        client.reconnect()
        client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
    assert lab.sessions(way) == before + 2


@pytest.mark.parametrize("way", WAYS)
def test_a_command_runs_in_a_shell_that_is_removed(lab: RunningLab, way: str) -> None:
    """The lab refuses every program but the relay, with an exit code and a message, and reads no more input."""
    with client_of(lab, way) as client:
        result = run_command(client, "whoami.exe", ["/all"], b"input" * 20_000, deadline_seconds=20)
    assert result.exit_code != 0
    assert result.stderr
    assert result.cleanup_error is None
    assert lab.state()[way]["winrm"]["shells_open"] == 0
    actions = [each["action"] for each in lab.requests(way)]
    assert actions[-2:] == ["Signal", "Delete"]
    assert "Create" in actions


def test_large_enumerations_come_in_many_pulls_over_every_way(lab: RunningLab) -> None:
    for way in WAYS:
        with client_of(lab, way) as client:
            found = client.enumerate(CIM, "MSFT_NetAdapterAdvancedPropertySettingData")
        keys = [each.text("InstanceID") for each in found]
        assert len(keys) == len(set(keys)) > 10
        assert any(each["action"] == "Pull" for each in lab.requests(way))


@pytest.mark.matrix
@pytest.mark.parametrize("way", ["winrm-http-ntlm", "psrp-http-negotiate"])
def test_a_connection_that_was_dropped_in_between(lab: RunningLab, way: str) -> None:
    """Its messages are encrypted for the old connection: on the new one the host answers 401 and reads nothing."""
    with client_of(lab, way) as client:
        client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
        drop_connections(client)
        # A read is sent again with a new session.
        assert client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
        drop_connections(client)
        before = len(lab.requests(way))
        with pytest.raises(HostUnreachable) as caught:
            client.delete(CIM, "MSFT_NetRoute", {"InstanceID": "x"})
        # A write is not: and nothing of it was read by the host.
        assert caught.value.code == "session_lost"
        assert not isinstance(caught.value, ConnectionLost)
        assert [each for each in lab.requests(way)[before:] if each["action"] == "Delete"] == []
        # The client is fit for use again.
        with pytest.raises(WsmanFault):
            client.delete(CIM, "MSFT_NetRoute", {"InstanceID": "x"})


def drop_connections(client: Client) -> None:
    transport: Any = client._transport
    library = transport._protocol.transport if hasattr(transport, "_protocol") else transport._transport
    library.session.get_adapter("http://x")._inner.poolmanager.clear()


def test_the_next_authentication_method_is_tried(lab: RunningLab) -> None:
    with client_of(lab, "winrm-http-ntlm", ansible_winrm_transport=["plaintext", "ntlm"]) as client:
        assert client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
    refused = {"ansible_winrm_transport": ["plaintext", "basic"]}
    with client_of(lab, "winrm-http-ntlm", **refused) as client, pytest.raises(HostUnreachable) as caught:
        client.enumerate(CIM, "MSFT_NetOffloadGlobalSetting")
    assert caught.value.code == "credentials_rejected"


@pytest.mark.matrix
def test_long_names_of_connections_and_every_way_in_one_play(lab: RunningLab, tmp_path: Path) -> None:
    before = {way: (len(lab.requests(way)), lab.sessions(way)) for way in WAYS}
    variables = {
        way: {**lab.hosts[way], "ansible_connection": f"ansible.builtin.{lab.hosts[way]['ansible_connection']}"}
        for way in WAYS
    }
    run = play(tmp_path, variables, [{FACTS: {}}], verbosity=3)
    results = run.results()
    # Until ansible-core 2.16.11 and 2.17.4 a long name made ansible drop the ansible_winrm_ variables that are no
    # options of the connection, the one of the authority among them: nothing is trusted then that should not be.
    unheard = [way for way in WAYS if way.startswith("winrm-https") and not hasattr(ConnectionBase, "extras_prefix")]
    assert {way: results[way][0] for way in unheard} == dict.fromkeys(unheard, "UNREACHABLE")
    assert {results[way][1]["error"]["code"] for way in unheard} <= {"certificate_untrusted"}
    heard = [way for way in WAYS if way not in unheard]
    assert {way: results[way][0] for way in heard} == dict.fromkeys(heard, "ok")
    for way in heard:
        messages = lab.requests(way)[before[way][0] :]
        assert lab.sessions(way) == before[way][1] + 1
        assert {each["action"] for each in messages} <= {"Enumerate", "Pull", "Get", "Invoke"}
        assert len(messages) <= 14
    assert PASSWORD not in run.stdout + run.stderr


@pytest.mark.matrix
def test_a_delegated_task_reads_the_host_that_it_is_delegated_to(lab: RunningLab, tmp_path: Path) -> None:
    first, second = "winrm-http-ntlm", "psrp-https-basic"
    before = len(lab.requests(first)), len(lab.requests(second))
    variables = {
        "localhost": {"ansible_connection": "local"},
        first: lab.hosts[first],
        second: lab.hosts[second],
    }
    tasks = [
        {FACTS: {}, "delegate_to": second, "when": "inventory_hostname == 'localhost'", "register": "found"},
        {"ansible.builtin.debug": {"var": "found.ansible_facts.windows_nics | map(attribute='name') | list"}},
    ]
    run = play(tmp_path, variables, tasks, arguments=["--limit", f"localhost,{first}"])
    assert run.returncode == 0, run.stdout
    assert lab.requests(first)[before[0] :] == []
    assert len(lab.requests(second)) > before[1]
    assert "LAN 'a' \u00dc" in run.stdout


def test_check_mode_and_diff_read_the_same(lab: RunningLab, tmp_path: Path) -> None:
    host = {"winrm-http-ntlm": lab.hosts["winrm-http-ntlm"]}
    plain = play(tmp_path, host, [{FACTS: {}}]).results()["winrm-http-ntlm"]
    checked = play(tmp_path, host, [{FACTS: {}}], arguments=["--check", "--diff"]).results()["winrm-http-ntlm"]
    assert plain[0] == checked[0] == "ok"
    assert plain[1]["ansible_facts"] == checked[1]["ansible_facts"]


@pytest.mark.matrix
def test_a_task_timeout_ends_the_session_and_says_so(module_lab_factory: LabFactory, tmp_path: Path) -> None:
    slow = module_lab_factory(fleet({"slow": {"faults": [{"do": "hold"}]}}))
    run = play(tmp_path, {"slow": slow.hosts["slow"]}, [{FACTS: {}, "timeout": 1}])
    word, result = run.results()["slow"]
    assert word == "FAILED"
    # The sentence is Ansible's, and not the same in all versions.
    assert "timed" in result["msg"].lower() or "expected time frame" in result["msg"]
    assert "Traceback" not in run.stdout + run.stderr


WRITE = {"hDefKey": HKLM, "sSubKeyName": "SOFTWARE\\remediation.windows_nic\\test"}


@pytest.mark.parametrize("trouble", ["cut_before", "cut_after", "truncate", "quota", "timeout", "unavailable"])
@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_a_write_is_sent_once_whatever_happens(lab_factory: LabFactory, trouble: str, connection: str) -> None:
    wire = {
        "connection": connection,
        "authentication": "ntlm",
        "faults": [{"do": trouble, "method": "CreateKey", "times": 1}],
    }
    lab = lab_factory(fleet({"one": wire}))
    with client_of(lab, "one") as client:
        with pytest.raises((HostUnreachable, WsmanFault)):
            client.invoke("root/cimv2", "StdRegProv", "CreateKey", WRITE)
        sent = [each for each in lab.requests("one") if each["method"] == "CreateKey"]
        assert len(sent) == 1
        # The same client goes on.
        assert client.invoke("root/cimv2", "StdRegProv", "CreateKey", WRITE).integer("ReturnValue") == 0
