# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, Limits
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.unit.plugins.plugin_utils._wsman.answers import ScriptedTransport, client_of, fixture

NAMESPACE = "root/standardcimv2"
WIDGET = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/Test_Widget"
SUBJECT = "Enumerate Test_Widget on box.example"


def lost(code: str = "connection_lost") -> ConnectionLost:
    return ConnectionLost(code, "here", "gone", "an answer", "Wait.")


def names(found: list[Instance]) -> list[str | None]:
    return [each.text("Name") for each in found]


# --- enumerate


def test_an_enumeration_that_fits_one_answer_takes_one_request() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-complete")
    client, _pauses = client_of(transport)
    found = client.enumerate(NAMESPACE, "Test_Widget")
    assert names(found) == ["alpha", "beta"]
    assert [each.class_name for each in found] == ["Test_Widget", "Test_Widget"]
    assert transport.actions == ["Enumerate"]
    sent = transport.sent[0]
    assert sent.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
    assert sent.text("s:Header/w:ResourceURI") == WIDGET
    assert sent.text("s:Header/w:OperationTimeout") == "PT17S"
    assert sent.text("s:Header/w:MaxEnvelopeSize") == "512000"
    assert sent.text("s:Header/a:To") == "http://box.example:5985/wsman"
    assert sent.has("s:Body/n:Enumerate/w:OptimizeEnumeration")
    assert sent.text("s:Body/n:Enumerate/w:MaxElements") == "32000"
    assert not sent.has("s:Body/n:Enumerate/w:EnumerationMode")
    assert not sent.has("s:Body/n:Enumerate/w:Filter")
    assert sent.read_timeout_seconds is None


def test_an_empty_enumeration() -> None:
    client, _pauses = client_of(ScriptedTransport("Test_Widget-enumerate-empty"))
    assert client.enumerate(NAMESPACE, "Test_Widget") == []


def test_pulls_go_on_to_the_end_with_the_latest_context() -> None:
    transport = ScriptedTransport(
        "Test_Widget-enumerate-first_of_many", "Test_Widget-pull-more", "Test_Widget-pull-last"
    )
    client, _pauses = client_of(transport)
    assert names(client.enumerate(NAMESPACE, "Test_Widget")) == ["alpha", "beta", "gamma"]
    assert transport.actions == ["Enumerate", "Pull", "Pull"]
    first, second = transport.sent[1:]
    assert first.text("s:Body/n:Pull/n:EnumerationContext") == "uuid:CONTEXT-1<&"
    assert second.text("s:Body/n:Pull/n:EnumerationContext") == "uuid:CONTEXT-2"
    for pull in (first, second):
        assert pull.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull"
        assert pull.text("s:Header/w:ResourceURI") == WIDGET
        assert pull.text("s:Body/n:Pull/n:MaxElements") == "32000"
    assert len({each.message_id for each in transport.sent}) == 3


def test_end_of_sequence_wins_over_a_context() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-context_without_items", "Test_Widget-pull-last_with_context")
    client, _pauses = client_of(transport)
    assert names(client.enumerate(NAMESPACE, "Test_Widget")) == ["gamma"]
    assert transport.actions == ["Enumerate", "Pull"]


def test_a_query_goes_to_the_star_resource() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-complete")
    client, _pauses = client_of(transport)
    client.enumerate(NAMESPACE, "Test_Widget", where="Name = 'a<b>' AND Size > 1")
    sent = transport.sent[0]
    assert sent.text("s:Header/w:ResourceURI") == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/*"
    query = sent.find("s:Body/n:Enumerate/w:Filter")
    assert query.text == "SELECT * FROM Test_Widget WHERE Name = 'a<b>' AND Size > 1"
    assert query.get("Dialect") == "http://schemas.microsoft.com/wbem/wsman/1/WQL"


def test_references_are_asked_for_and_read() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-with_references")
    client, _pauses = client_of(transport)
    found = client.enumerate(NAMESPACE, "Test_Widget", with_selectors=True)
    assert transport.sent[0].text("s:Body/n:Enumerate/w:EnumerationMode") == "EnumerateObjectAndEPR"
    assert names(found) == ["alpha", "beta"]
    assert [each.selectors for each in found] == [
        {"InstanceID": "{1}::key", "SystemName": "box.example"},
        {"InstanceID": "{2}::key", "SystemName": "box.example"},
    ]
    assert found[0].resource_uri == WIDGET.replace("Test_Widget", "Test_SpecialWidget")


@pytest.mark.parametrize(("namespace", "class_name"), [("root\\x", "A"), ("root", "A B"), ("root", "*")])
@pytest.mark.parametrize("where", [None, "Name = 'x'"])
def test_names_are_checked_before_anything_is_sent(namespace: str, class_name: str, where: str | None) -> None:
    transport = ScriptedTransport()
    client, _pauses = client_of(transport)
    with pytest.raises(NicError) as caught:
        client.enumerate(namespace, class_name, where=where)
    assert caught.value.code == "invalid_name"
    assert transport.sent == []


ENDLESS = "Test_Widget-pull-more"


@pytest.mark.parametrize(
    ("limits", "pulls", "seen"),
    [
        (Limits(max_pulls=3), 3, "more than 3 answers and no end"),
        (Limits(max_items=4), 4, "more than 4 instances and no end"),
        (Limits(max_enumeration_bytes=1), 0, "more than 1 bytes and no end"),
    ],
)
def test_an_enumeration_without_end_is_given_up_and_released(limits: Limits, pulls: int, seen: str) -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", *[ENDLESS] * pulls, "Test_Widget-release-done")
    client, _pauses = client_of(transport, limits=limits)
    with pytest.raises(WsmanProtocolError) as caught:
        client.enumerate(NAMESPACE, "Test_Widget")
    assert caught.value.code == "enumeration_endless"
    assert caught.value.subject == SUBJECT
    assert caught.value.seen == seen
    assert transport.actions == ["Enumerate", *["Pull"] * pulls, "Release"]
    released = transport.sent[-1]
    assert released.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release"
    expected = "uuid:CONTEXT-2" if pulls else "uuid:CONTEXT-1<&"
    assert released.text("s:Body/n:Release/n:EnumerationContext") == expected
    assert not released.has("s:Body/n:Release/n:MaxElements")


def test_an_enumeration_that_takes_too_long_is_given_up() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", ENDLESS, ENDLESS, "Test_Widget-release-done")
    times = iter((1000.0, 1010.0, 1030.5))
    limits = Limits(max_enumeration_seconds=30)
    client = Client(transport, host="192.0.2.10", limits=limits, clock=lambda: next(times))
    with pytest.raises(WsmanProtocolError) as caught:
        client.enumerate(NAMESPACE, "Test_Widget")
    assert (caught.value.code, caught.value.seen) == ("enumeration_endless", "more than 30 seconds and no end")
    assert transport.actions == ["Enumerate", "Pull", "Release"]


def test_bytes_of_all_answers_count() -> None:
    first = len(fixture("Test_Widget-enumerate-first_of_many"))
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", ENDLESS, "Test_Widget-release-done")
    # The id in the answer is longer than its place in the fixture.
    client, _pauses = client_of(transport, limits=Limits(max_enumeration_bytes=first + 100))
    with pytest.raises(WsmanProtocolError) as caught:
        client.enumerate(NAMESPACE, "Test_Widget")
    assert caught.value.code == "enumeration_endless"
    assert transport.actions == ["Enumerate", "Pull", "Release"]


def test_an_error_of_release_does_not_hide_why() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", ENDLESS, lost())
    client, _pauses = client_of(transport, limits=Limits(max_pulls=1))
    with pytest.raises(WsmanProtocolError) as caught:
        client.enumerate(NAMESPACE, "Test_Widget")
    assert caught.value.code == "enumeration_endless"


def test_a_fault_of_pull_releases_the_context() -> None:
    transport = ScriptedTransport(
        "Test_Widget-enumerate-first_of_many", "fault-wsman-access_denied", "Test_Widget-release-done"
    )
    client, _pauses = client_of(transport)
    with pytest.raises(WsmanFault):
        client.enumerate(NAMESPACE, "Test_Widget")
    assert transport.actions == ["Enumerate", "Pull", "Release"]


def test_a_lost_connection_leaves_nothing_to_release() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", lost("answer_timed_out"))
    client, _pauses = client_of(transport)
    with pytest.raises(ConnectionLost):
        client.enumerate(NAMESPACE, "Test_Widget")
    assert transport.actions == ["Enumerate", "Pull"]


def test_a_lost_pull_repeats_the_whole_enumeration() -> None:
    transport = ScriptedTransport("Test_Widget-enumerate-first_of_many", lost(), "Test_Widget-enumerate-complete")
    client, pauses = client_of(transport)
    assert names(client.enumerate(NAMESPACE, "Test_Widget")) == ["alpha", "beta"]
    assert transport.actions == ["Enumerate", "Pull", "Enumerate"]
    assert transport.closed == 1
    assert pauses.seconds == [0.5]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (["Test_Widget-enumerate-without_response_element"], "EnumerateResponse"),
        (
            [
                "Test_Widget-enumerate-first_of_many",
                "Test_Widget-pull-without_response_element",
                "Test_Widget-release-done",
            ],
            "PullResponse",
        ),
    ],
)
def test_a_body_without_the_response_is_incomplete(script: list[str], expected: str) -> None:
    client, _pauses = client_of(ScriptedTransport(*script))
    with pytest.raises(WsmanProtocolError) as caught:
        client.enumerate(NAMESPACE, "Test_Widget")
    assert caught.value.code == "answer_incomplete"
    assert caught.value.subject == SUBJECT
    assert (caught.value.seen, caught.value.expected) == (f"a body without {expected}", expected)


# --- get, invoke, delete


def test_get_addresses_one_instance() -> None:
    transport = ScriptedTransport("Test_Widget-get-found")
    client, _pauses = client_of(transport)
    found = client.get(NAMESPACE, "Test_Widget", {"InstanceID": "{1}::key"})
    assert (found.text("Name"), found.integer("Size")) == ("alpha", 3)
    sent = transport.sent[0]
    assert sent.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"
    assert sent.text("s:Header/w:ResourceURI") == WIDGET
    assert sent.selectors() == {"InstanceID": "{1}::key"}
    assert len(sent.find("s:Body")) == 0


def test_get_of_nothing() -> None:
    client, _pauses = client_of(ScriptedTransport("Test_Widget-get-empty_body"))
    with pytest.raises(WsmanProtocolError) as caught:
        client.get(NAMESPACE, "Test_Widget", {})
    assert caught.value.code == "answer_incomplete"
    assert caught.value.subject == "Get Test_Widget on box.example"
    assert caught.value.expected == "an instance of Test_Widget"


def test_get_of_a_missing_instance() -> None:
    client, _pauses = client_of(ScriptedTransport("fault-wsman-not_found"))
    with pytest.raises(WsmanFault) as caught:
        client.get(NAMESPACE, "Test_Widget", {"InstanceID": "x"})
    assert caught.value.not_found
    assert caught.value.subject == "Get Test_Widget on box.example"


def test_invoke_sends_arguments_and_returns_the_output() -> None:
    transport = ScriptedTransport("Test_Widget-invoke-done")
    client, _pauses = client_of(transport)
    output = client.invoke(
        NAMESPACE,
        "Test_Widget",
        "Polish",
        {"Strength": 3, "Gently": True, "Sides": ["left", "right"]},
        selectors={"InstanceID": "{1}"},
        options=(("wmi:NoRestart", "xs:boolean", "true"),),
        read_timeout_seconds=4.5,
    )
    assert (output.class_name, output.integer("ReturnValue"), output.integer("Shine")) == ("Polish_OUTPUT", 0, 7)
    sent = transport.sent[0]
    assert sent.text("s:Header/a:Action") == f"{WIDGET}/Polish"
    assert sent.text("s:Header/w:ResourceURI") == WIDGET
    assert sent.selectors() == {"InstanceID": "{1}"}
    assert sent.options() == [("wmi:NoRestart", "xs:boolean", "true")]
    assert sent.read_timeout_seconds == 4.5
    body = sent.find(f"s:Body/{{{WIDGET}}}Polish_INPUT")
    assert [(each.tag.rpartition("}")[2], each.text) for each in body] == [
        ("Strength", "3"),
        ("Gently", "true"),
        ("Sides", "left"),
        ("Sides", "right"),
    ]


@pytest.mark.parametrize("answer", ["Test_Widget-invoke-empty_output", "Test_Widget-invoke-empty_body"])
def test_an_empty_output_means_success(answer: str) -> None:
    transport = ScriptedTransport(answer)
    client, _pauses = client_of(transport)
    output = client.invoke(NAMESPACE, "Test_Widget", "Polish", {})
    assert output == Instance("Polish_OUTPUT", {})
    assert output.integer("ReturnValue") is None
    assert transport.sent[0].selectors() == {}
    assert transport.sent[0].options() == []
    assert transport.sent[0].read_timeout_seconds is None


def test_delete_addresses_one_instance() -> None:
    transport = ScriptedTransport("Test_Widget-delete-done")
    client, _pauses = client_of(transport)
    client.delete(NAMESPACE, "Test_Widget", {"InstanceID": "{1}"})
    sent = transport.sent[0]
    assert sent.text("s:Header/a:Action") == "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
    assert sent.text("s:Header/w:ResourceURI") == WIDGET
    assert sent.selectors() == {"InstanceID": "{1}"}


def test_errors_of_delete_and_invoke_name_what_was_asked() -> None:
    client, _pauses = client_of(ScriptedTransport("fault-wsman-access_denied", "fault-wsman-access_denied"))
    with pytest.raises(WsmanFault) as caught:
        client.delete(NAMESPACE, "Test_Widget", {})
    assert caught.value.subject == "Delete Test_Widget on box.example"
    with pytest.raises(WsmanFault) as caught:
        client.invoke(NAMESPACE, "Test_Widget", "Polish", {})
    assert caught.value.subject == "Test_Widget.Polish on box.example"


# --- session


def test_reconnect_and_close_drop_the_session() -> None:
    transport = ScriptedTransport()
    client, _pauses = client_of(transport)
    client.reconnect()
    assert transport.closed == 1
    client.close()
    assert transport.closed == 2


def test_host_is_the_address_that_was_given() -> None:
    client, _pauses = client_of(ScriptedTransport())
    assert client.host == "box.example"


def test_defaults_wait_for_real() -> None:
    client = Client(ScriptedTransport("Test_Widget-get-found"), host="box.example")
    assert client.operation_timeout_seconds == 20
    assert client.get(NAMESPACE, "Test_Widget", {})


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("http://192.0.2.1:5985/wsman", 5985),
        ("https://[2001:db8::1]:15986/wsman", 15986),
        ("https://host.example/wsman", 443),
        ("http://host.example/wsman", 80),
        ("http://host.example:99999/wsman", None),
        ("host.example", None),
    ],
)
def test_the_port_that_the_controller_connects_to(endpoint: str, port: int | None) -> None:
    transport = ScriptedTransport()
    transport.endpoint = endpoint
    client, _pauses = client_of(transport)
    assert client.port == port
