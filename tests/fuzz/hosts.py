# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target of whole hosts: well-formed answers with any values in them, read into facts, records and plans.

An input is a JSON object: for each class the properties of its instances, and what the registry holds. The mutations
therefore fall on values, and never on the form that the target of answers is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.change import Changer
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import (
    add_records,
    assemble,
    read_host,
    task_offload_word,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import KEYWORDS, Wish
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.plan import Request
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.undo import RecordStore
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.fuzz.mutations import mutate_json
from tests.fuzz.scripted import ANY_MESSAGE, action_of, scripted_client
from tests.fuzz.target import Target, check_error, check_result, require
from tests.inmemory import MemoryHost

_ADDRESS: Final = "192.0.2.10"
_QUERY: Final = re.compile(rb"SELECT \* FROM (\w+)")
_RESOURCE: Final = re.compile(rb"ResourceURI[^>]*>[^<]*/([^</]+)<")
_VALUE_NAME: Final = re.compile(rb"sValueName>([^<]*)<")
_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENT: Final = re.compile(r"[^\W\d][\w.-]{0,60}")
_READING: Final = frozenset({"GetStringValue", "EnumValues", "EnumKey"})
_OFF: Final = Request("present", Wish(receive=False), allow_unguarded_restart=True)
_BACK: Final = Request("restored", Wish(receive=False), allow_unguarded_restart=True)
_MOST_ROWS: Final = 50
_MOST_SEED_ROWS: Final = 4


def feed_host(data: bytes) -> None:
    """Read the host that *data* describes, and plan a change and a rollback of each of its adapters."""
    try:
        tables = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(tables, dict):
        return
    client = scripted_client(lambda message: _answer(tables, message))
    try:
        _look_at(client)
    except NicError as error:
        check_error(error)
        check_result(error.partial)


def _look_at(client: Client) -> None:
    management = frozenset({_ADDRESS})
    reading = read_host(client)
    facts = assemble(reading, (), management)
    check_result([facts, task_offload_word(reading)])
    guids = [adapter.guid for adapter in reading.adapters]
    store = RecordStore(Registry(client))
    records = store.read(guids, guids)
    outcomes = store.read_outcomes(guids)
    check_result([add_records(each, records, outcomes, reading) for each in facts])
    for request in (_OFF, _BACK):
        for guid in guids:
            try:
                changes = Changer(client, request).prepare(reading, [guid], management)
            except NicError as error:
                check_error(error)
                continue
            for change in changes:
                plan = change.plan
                require(plan.target in (None, "0", "1", "2", "3") or not plan.write, f"would write {plan.target!r}")
                require(change.class_key is None or _is_class_key(change.class_key), f"at {change.class_key!r}")
                require(not plan.write or plan.keyword.name in KEYWORDS, f"to {plan.situation.keyword}")


def _is_class_key(key: str) -> bool:
    return re.fullmatch(r"SYSTEM\\CurrentControlSet\\Control\\Class\\\{4D36E972[0-9A-F-]*\}\\[0-9]{4}", key) is not None


def _answer(tables: Mapping[str, Any], message: bytes) -> tuple[int, bytes]:
    action = action_of(message).decode("utf-8", "replace")
    verb = action.rpartition("/")[2]
    found = _QUERY.search(message) or _RESOURCE.search(message)
    name = found[1].decode("utf-8", "replace") if found else ""
    if verb == "Enumerate":
        items = "".join(_item(name, row) for row in _list(tables.get(name))[:_MOST_ROWS])
        body = f"<EnumerateResponse><Items>{items}</Items><EndOfSequence/></EnumerateResponse>"
    else:
        require(verb in _READING, f"{verb} was sent while nothing but reading was asked for")
        body = f"<{verb}_OUTPUT>{_properties(_output(tables, verb, message))}</{verb}_OUTPUT>"
    envelope = (
        f"<Envelope><Header><Action>{action}Response</Action><RelatesTo>{ANY_MESSAGE.decode()}</RelatesTo></Header>"
        f"<Body>{body}</Body></Envelope>"
    )
    return 200, envelope.encode("utf-8")


def _output(tables: Mapping[str, Any], verb: str, message: bytes) -> Mapping[str, Any]:
    registry = tables.get("registry")
    values = registry if isinstance(registry, dict) else {}
    if verb != "GetStringValue":
        return {"sNames": values.get(verb), "ReturnValue": values.get("ReturnValue", 0)}
    asked = _VALUE_NAME.search(message)
    name = asked[1].decode("utf-8", "replace") if asked else ""
    return {"sValue": values[name], "ReturnValue": 0} if name in values else {"ReturnValue": 2}


def _item(class_name: str, row: Any) -> str:
    if not isinstance(row, dict):
        return f"<{class_name}>{_text(row)}</{class_name}>"
    selectors = row.get(_KEYS)
    instance = f"<{class_name}>{_properties(row)}</{class_name}>"
    if not isinstance(selectors, dict):
        return instance
    keys = "".join(f'<Selector Name="{_text(name)}">{_text(value)}</Selector>' for name, value in selectors.items())
    reference = f"<ReferenceParameters><SelectorSet>{keys}</SelectorSet></ReferenceParameters>"
    return f"<Item>{instance}<EndpointReference>{reference}</EndpointReference></Item>"


def _properties(row: Mapping[str, Any]) -> str:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    parts = []
    for name, value in row.items():
        if name == _KEYS or not _ELEMENT.fullmatch(name):
            continue
        parts += [
            f"<{name} {nil}/>" if each is None else f"<{name}>{_content(each)}</{name}>"
            for each in _list(value)[:_MOST_ROWS]
        ]
    return "".join(parts)


def _content(value: Any) -> str:
    if isinstance(value, dict):
        inner = _properties(value)
        return f"<Embedded>{inner}</Embedded>" if inner else ""
    return _text(value)


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _FORBIDDEN.sub("", text).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


_KEYS: Final = "(keys)"


@cache
def _seeds() -> list[bytes]:
    """Hosts of the lab, cut down to the properties that the collection looks at."""
    intel = {"model": "intel-i211", "network": 1}
    other = {"model": "intel-i210", "network": 4, "keyword": "grouped"}
    switch = {"model": "hyperv-vnic", "network": 1, "name": "vEthernet", "above": ["Ethernet"]}
    team = {"model": "lbfo-team", "network": 1, "name": "Team", "above": ["A", "B"]}
    members = [{"model": "intel-i211", "name": name} for name in ("A", "B")]
    kinds: tuple[dict[str, Any], ...] = (
        {"adapters": [intel]},
        {"adapters": [intel, other]},
        {"adapters": [{"model": "intel-i211", "name": "Ethernet"}, switch]},
        {"adapters": [*members, team]},
        {"adapters": [intel | {"configured": "absent", "active_report": "missing"}]},
    )
    return [json.dumps(_tables(kind)).encode() for kind in kinds]


def _tables(kind: Mapping[str, Any]) -> dict[str, Any]:
    """A host as tables, found by looking over the collection's shoulder."""
    used: set[str] = set()
    rows: dict[str, list[Instance]] = {}
    values, enumerate_all = Instance._values, Client.enumerate

    def noting(instance: Instance, name: str) -> tuple[str | Instance | None, ...]:
        used.add(name.casefold())
        return values(instance, name)

    def keeping(client: Client, namespace: str, class_name: str, **more: Any) -> list[Instance]:
        found = enumerate_all(client, namespace, class_name, **more)
        rows.setdefault(class_name, found)
        return found

    host = MemoryHost(kind)
    try:
        with patch.object(Instance, "_values", noting), patch.object(Client, "enumerate", keeping):
            client = host.controller()
            reading = read_host(client)
            guids = [adapter.guid for adapter in reading.adapters]
            with suppress(NicError):
                Changer(client, _OFF).prepare(reading, guids[:1], frozenset({host.address}))
        adapter = host.machine.adapters[0]
        stored = {each.name: host.machine.configured_text(adapter, each.name) for each in reading.keywords[guids[0]]}
    finally:
        host.close()
    shown = {
        class_name: [_row(each, used) for each in found if each.boolean("Hidden") is not True][:_MOST_SEED_ROWS]
        for class_name, found in rows.items()
    }
    registry: dict[str, Any] = {name: text for name, text in stored.items() if text is not None}
    registry["NetCfgInstanceId"] = guids[0]
    registry["EnumValues"] = [f"{guid}::{name}" for guid in guids for name in KEYWORDS]
    registry["EnumKey"] = ["0001", "0002", "Properties"]
    registry[f"{guids[0]}::{KEYWORDS[0]}"] = json.dumps(
        {"format": 1, "original": "3", "taken_at": "", "adapter": "", "written": "1", "outcome": "not_cured", "at": ""}
    )
    return {**shown, "registry": registry}


def _row(instance: Instance, used: set[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, values in instance.properties.items():
        if name.casefold() in used:
            plain = [_row(each, used) if isinstance(each, Instance) else each for each in values]
            row[name] = plain[0] if len(plain) == 1 else plain
    if instance.selectors is not None:
        row[_KEYS] = dict(instance.selectors)
    return row


HOSTS: Final = Target(
    name="hosts",
    subject="hosts with any values: facts, records, plans",
    feed=feed_host,
    seeds=_seeds,
    mutate=mutate_json,
    reach=(
        ("_nic/adapters.py", ()),
        ("_nic/topology.py", ()),
        ("_nic/facts.py", ()),
        ("_nic/offload.py", ()),
        ("_nic/plan.py", ()),
        ("_nic/undo.py", ("RecordStore.read", "RecordStore.read_outcomes", "Records.find", "_names")),
        ("_nic/registry.py", ("find_class_key", "_belongs", "_refuse")),
    ),
    least_reach=60.0,
    most_bytes=16384,
)
