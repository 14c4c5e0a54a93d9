# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.plugin_utils import _action
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)

NAME = "remediation.windows_nic.test_action"


class Shell:
    tmpdir = None


class Connection:
    def __init__(self, transport: str = "winrm", become: object = None) -> None:
        self.transport = transport
        self.become = become
        self._shell = Shell()


class Task:
    def __init__(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.action = NAME
        self.async_val = 0
        self.check_mode = False
        self.diff = False


class Display:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def vvv(self, line: str) -> None:
        self.lines.append(line)


class FakeClient:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Probe(NicAction):
    """Does what a test tells it."""

    argument_spec: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "count": {"type": "int", "default": 3},
        "vantage": {"type": "str", "choices": ["host", "controller"], "default": "host"},
        "items": {"type": "list", "elements": "dict", "options": {"id": {"type": "int", "required": True}}},
        "first": {"type": "str"},
        "second": {"type": "str"},
        "third": {"type": "str"},
    }
    mutually_exclusive = (("first", "second"),)
    required_together = (("second", "third"),)
    required_if = (("vantage", "controller", ("first",)),)
    required_by: ClassVar[Mapping[str, tuple[str, ...]]] = {"third": ("second",)}

    work: Callable[[Probe, dict[str, Any]], dict[str, Any]]

    def execute(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.seen_vars = task_vars
        return self.work(arguments)  # type: ignore[call-arg,arg-type]


class Local(Probe):
    def needs_windows_host(self, arguments: Mapping[str, Any]) -> bool:
        return bool(arguments["vantage"] == "host")


def probe(
    work: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    kind: type[Probe] = Probe,
    connection: Connection | None = None,
    **args: Any,
) -> Probe:
    action = kind(Task({"name": "x", **args}), connection or Connection(), None, None, None, None)
    action.work = work  # type: ignore[assignment]
    action._display = Display()
    return action


def untouched(_arguments: dict[str, Any]) -> dict[str, Any]:
    raise AssertionError("the action was executed")


def code_of(result: dict[str, Any]) -> str:
    assert result["failed"] is True
    assert "unreachable" not in result
    assert result["changed"] is False
    return str(result["error"]["code"])


# --- arguments


def test_arguments_are_validated_and_filled_in() -> None:
    received: list[dict[str, Any]] = []

    def work(arguments: dict[str, Any]) -> dict[str, Any]:
        received.append(arguments)
        return {"answer": 42}

    action = probe(work, count="7", items=[{"id": "1"}])
    result = action.run(task_vars={"inventory_hostname": "box"})
    assert result == {"answer": 42, "changed": False}
    assert action.seen_vars == {"inventory_hostname": "box"}
    assert received == [
        {
            "name": "x",
            "count": 7,
            "vantage": "host",
            "items": [{"id": 1}],
            "first": None,
            "second": None,
            "third": None,
        }
    ]


def test_arguments_are_plain_also_where_ansible_marked_them() -> None:
    received: list[dict[str, Any]] = []
    action = probe(lambda arguments: received.append(arguments) or {}, items=wrap_var([{"id": 1}]))
    action._task.args = wrap_var(dict(action._task.args))
    action.run()
    assert received[0]["name"].__class__ is str
    assert received[0]["items"].__class__ is list
    assert received[0]["items"][0].__class__ is dict


def test_variables_may_be_missing() -> None:
    action = probe(lambda _arguments: {"changed": True})
    assert action.run() == {"changed": True}
    assert action.seen_vars == {}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"name": None}, "missing required arguments: name"),
        ({"count": "many"}, "'count'"),
        ({"vantage": "moon"}, "value of vantage must be one of: host, controller, got: moon"),
        ({"items": [{}]}, "missing required arguments: id found in items"),
        ({"colour": "red"}, "colour"),
        ({"first": "1", "second": "2", "third": "3"}, "mutually exclusive: first|second"),
        ({"second": "2"}, "required together: second, third"),
        ({"vantage": "controller"}, "vantage is controller but all of the following are missing: first"),
        ({"third": "3"}, "missing parameter(s) required by 'third': second"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_touched(args: dict[str, Any], words: str) -> None:
    action = probe(untouched, connection=Connection("ssh"), **args)
    if action._task.args["name"] is None:
        del action._task.args["name"]
    result = action.run()
    assert code_of(result) == "invalid_arguments"
    assert result["error"]["subject"] == NAME
    assert words in result["error"]["seen"]
    assert result["error"]["next_step"] == f"See: ansible-doc {NAME}"
    assert result["msg"] == (
        f"{NAME}: {result['error']['seen']}; expected the options that the module documents. See: ansible-doc {NAME}"
    )


def test_one_of_several_is_required() -> None:
    class Chooses(Probe):
        required_one_of = (("first", "second"),)

    assert "one of the following is required: first, second" in probe(untouched, kind=Chooses).run()["msg"]


def test_all_that_is_wrong_is_said_at_once() -> None:
    seen = probe(untouched, count="many", colour="red").run()["error"]["seen"]
    assert "count" in seen
    assert "colour" in seen
    assert "; " in seen


# --- what the task asks for


@pytest.mark.parametrize("transport", ["ssh", "local", "httpapi"])
def test_other_connections_are_refused(transport: str) -> None:
    result = probe(untouched, connection=Connection(transport)).run()
    assert code_of(result) == "connection_unsupported"
    assert "Set ansible_connection to winrm or psrp for this host." in result["msg"]


def test_become_is_refused() -> None:
    result = probe(untouched, connection=Connection(become=object())).run()
    assert code_of(result) == "become_unsupported"
    assert result["error"]["subject"] == NAME
    assert "Set become: false" in result["error"]["next_step"]


@pytest.mark.parametrize("connection", [Connection("local"), Connection("ssh", become=object())])
def test_neither_matters_where_no_windows_host_is_needed(connection: Connection) -> None:
    action = probe(
        lambda _arguments: {"done": True}, kind=Local, connection=connection, vantage="controller", first="1"
    )
    assert action.run() == {"done": True, "changed": False}
    assert code_of(probe(untouched, kind=Local, connection=Connection("local")).run()) == "connection_unsupported"


def test_async_is_refused() -> None:
    action = probe(untouched)
    action._task.async_val = 30
    result = action.run()
    assert code_of(result) == "async_unsupported"
    assert result["error"]["subject"] == NAME


@pytest.mark.parametrize("wanted", [True, False])
def test_check_and_diff_mode_are_those_of_the_task(wanted: bool) -> None:
    action = probe(lambda _arguments: {})
    action._task.check_mode = wanted
    action._task.diff = not wanted
    assert (action.check_mode, action.diff_mode) == (wanted, not wanted)
    action._task.diff = None
    assert action.diff_mode is False


# --- the client


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Connection, FakeClient]]:
    opened: list[tuple[Connection, FakeClient]] = []

    def open_client(connection: Connection) -> FakeClient:
        opened.append((connection, FakeClient()))
        return opened[-1][1]

    monkeypatch.setattr(_action.sessions, "open_client", open_client)
    return opened


def test_one_client_of_the_task_s_connection_is_opened_and_closed(clients: list[tuple[Connection, FakeClient]]) -> None:
    connection = Connection("psrp")
    action = probe(lambda _arguments: {"same": action.client() is action.client()}, connection=connection)
    assert action.run() == {"same": True, "changed": False}
    assert [(each[0], each[1].closed) for each in clients] == [(connection, 1)]
    # A retried task runs the same action again.
    action.run()
    assert [each[1].closed for each in clients] == [1, 1]


def test_no_client_is_opened_for_nothing(clients: list[tuple[Connection, FakeClient]]) -> None:
    probe(lambda _arguments: {}).run()
    assert clients == []


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("error", [NicError("c", "s", "x", "y", "z"), ValueError("bug"), Interrupted()])
def test_the_client_is_closed_whatever_happens(
    error: BaseException, clients: list[tuple[Connection, FakeClient]]
) -> None:
    def work(_arguments: dict[str, Any]) -> dict[str, Any]:
        action.client()
        raise error

    action = probe(work)
    if isinstance(error, NicError):
        assert action.run()["failed"]
    else:
        with pytest.raises(type(error)):
            action.run()
    assert [each[1].closed for each in clients] == [1]


# --- errors


def failing(error: NicError) -> tuple[dict[str, Any], list[str]]:
    def work(_arguments: dict[str, Any]) -> dict[str, Any]:
        raise error

    action = probe(work)
    return action.run(), action._display.lines


@pytest.mark.parametrize("kind", [NicError, WsmanProtocolError])
def test_an_error_fails_with_four_parts(kind: type[NicError]) -> None:
    result, lines = failing(kind("adapter_not_found", "adapter X", "nothing", "LAN", "Correct it."))
    assert result == {
        "changed": False,
        "failed": True,
        "msg": "adapter X: nothing; expected LAN. Correct it.",
        "error": {
            "code": "adapter_not_found",
            "subject": "adapter X",
            "seen": "nothing",
            "expected": "LAN",
            "next_step": "Correct it.",
        },
    }
    assert lines == []


@pytest.mark.parametrize("kind", [HostUnreachable, ConnectionLost])
def test_a_lost_host_is_unreachable_with_the_same_parts(kind: type[NicError]) -> None:
    result, _lines = failing(kind("connection_lost", "http://x/", "gone", "an answer", "Wait."))
    assert result["unreachable"] is True
    assert "failed" not in result
    assert result["changed"] is False
    assert result["msg"] == "http://x/: gone; expected an answer. Wait."
    assert result["error"]["code"] == "connection_lost"


@pytest.mark.parametrize("kind", [NicError, ConnectionLost])
def test_what_was_done_until_then_is_kept(kind: type[NicError]) -> None:
    error = kind("c", "s", "x", "y", "z")
    error.partial = {"changed": True, "adapters": [{"name": "LAN"}], "failed": False, "msg": "all is well"}
    result, _lines = failing(error)
    assert result["changed"] is True
    assert result["adapters"] == [{"name": "LAN"}]
    assert result["msg"] == "s: x; expected y. z"
    assert result["failed" if kind is NicError else "unreachable"] is True


def test_causes_are_shown_by_type_only() -> None:
    error = NicError("c", "s", "x", "y", "z")
    error.__cause__ = ValueError("secret")
    error.__cause__.__cause__ = KeyError("secret")
    result, lines = failing(error)
    assert lines == ["c was caused by builtins.ValueError", "c was caused by builtins.KeyError"]
    assert "secret" not in str(result)


def test_a_subclass_must_do_something() -> None:
    idle = types.new_class("Idle", (NicAction,))
    with pytest.raises(TypeError, match="execute"):
        idle(Task({}), Connection(), None, None, None, None)
