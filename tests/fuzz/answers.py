# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of WS-Management: answers and faults, read by the client as if a host had sent them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError, WsmanProtocolError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import shell
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.fuzz.mutations import mutate_xml
from tests.fuzz.scripted import action_of, answers, scripted_client
from tests.fuzz.target import Target, check_error, require

_NAMESPACE: Final = "root/standardcimv2"
_CLASS: Final = "MSFT_NetAdapter"
_SHELL: Final = ("Create", "Command", "Send", "Receive", "Signal", "Delete")
_MOST_OUTPUT_BYTES: Final = 4096
_LONGEST_SEED: Final = 3000


def feed_answer(data: bytes) -> None:
    """Ask what *data* answers, judged by its action, and use whatever comes of it."""
    wanted = action_of(data).removesuffix(b"Response")
    canned = _canned()

    def script(message: bytes) -> tuple[int, bytes]:
        action = action_of(message)
        own = action == wanted or action not in canned
        return 200, data if own else canned[action]

    _run(wanted.rpartition(b"/")[2].decode("utf-8", "replace"), scripted_client(script))


def feed_fault(data: bytes) -> None:
    """Ask a host that refuses with *data*."""
    client = scripted_client(lambda _message: (500, data))
    try:
        client.get(_NAMESPACE, _CLASS, {"DeviceID": "x"})
    except WsmanFault as fault:
        check_error(fault)
        _check_fault(fault)
    except NicError as error:
        check_error(error)
    else:
        raise AssertionError("HTTP 500 was taken for success")


def _run(verb: str, client: Client) -> None:
    try:
        if verb in _SHELL:
            _run_shell(client)
        elif verb in ("Enumerate", "Pull"):
            for row in client.enumerate(_NAMESPACE, _CLASS, with_selectors=True):
                use(row)
        elif verb == "Get":
            use(client.get(_NAMESPACE, _CLASS, {"DeviceID": "x"}))
        else:
            use(client.invoke("root/cimv2", "StdRegProv", "EnumKey", {"sSubKeyName": "x"}, read_only=True))
    except NicError as error:
        check_error(error)


def _run_shell(client: Client) -> None:
    ticks = count()
    result = shell.run_command(
        client,
        "x.exe",
        ("a",),
        b"in",
        deadline_seconds=4,
        max_output_bytes=_MOST_OUTPUT_BYTES,
        clock=lambda: float(next(ticks)),
    )
    require(len(result.stdout) + len(result.stderr) <= _MOST_OUTPUT_BYTES, "more output than was allowed")
    if result.cleanup_error is not None:
        check_error(result.cleanup_error)


def use(instance: Instance, depth: int = 0) -> None:
    """Read every property: each is a value of its type, or the declared error."""
    require(depth < 64, "instances nested without end")
    readers: tuple[Callable[[str], object], ...] = (
        instance.strings,
        instance.integer,
        instance.boolean,
        instance.when,
        instance.instance,
    )
    refused: dict[str, WsmanProtocolError] = {}
    for place, name in enumerate(instance.names()):
        # Each value as text, and in one other way: all ways come in turn.
        for read in (instance.text, readers[place % len(readers)]):
            try:
                inner = read(name)
            except WsmanProtocolError as refusal:
                refused[refusal.code] = refusal
            else:
                if isinstance(inner, Instance):
                    use(inner, depth + 1)
    require(refused.keys() <= {"wrong_property_type"}, f"errors from properties: {sorted(refused)}")
    for error in refused.values():
        check_error(error)
    selectors: Mapping[str, str] = instance.selectors or {}
    require(all(isinstance(each, str) for pair in selectors.items() for each in pair), "a selector that is no text")


def _check_fault(fault: WsmanFault) -> None:
    codes = (fault.fault_code, fault.hresult, fault.cim_status)
    require(all(each is None or 0 <= each < 2**32 for each in codes), f"codes out of range: {codes}")
    words = (fault.access_denied, fault.not_found, fault.invalid_class, fault.quota, fault.timed_out)
    require(all(isinstance(each, bool) for each in words), f"no yes or no: {words}")


@cache
def _canned() -> dict[bytes, bytes]:
    """A good answer for each action, the last one recorded."""
    good = {action_of(each).removesuffix(b"Response"): each for each in answers(faults=False)}
    enumerate_action = next(action for action in good if action.endswith(b"/Enumerate"))
    good[enumerate_action] = next(each for each in answers(faults=False) if b"EnumerationContext>uuid" in each)
    return good


def _answers() -> list[bytes]:
    """The short ones: the long ones bring nothing new, and take long to read."""
    return [each for each in answers(faults=False) if len(each) <= _LONGEST_SEED]


ANSWERS: Final = Target(
    name="answers",
    subject="answers of WinRM: envelopes, enumerations, instances, shells",
    feed=feed_answer,
    seeds=_answers,
    mutate=mutate_xml,
    reach=(
        ("_wsman/markup.py", ("parse", "_Builder", "Element")),
        ("_wsman/envelope.py", ("read_answer",)),
        ("_wsman/instances.py", ()),
        ("_wsman/client.py", ("Client._enumerate_once", "Client._check_limits", "_items", "_open_context")),
        ("_wsman/shell.py", ("_Shell", "run_command")),
    ),
    least_reach=75.0,
    most_bytes=4096,
)

FAULTS: Final = Target(
    name="faults",
    subject="faults of WinRM, WMI and its providers",
    feed=feed_fault,
    seeds=lambda: answers(faults=True),
    mutate=mutate_xml,
    reach=(
        (
            "_wsman/faults.py",
            ("WsmanFault", "read_fault", "_first", "_provider_words", "_wmi_error_codes", "_code"),
        ),
        ("_wsman/envelope.py", ("read_answer",)),
    ),
    least_reach=75.0,
    most_bytes=4096,
)
