# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose classes hold what a test gives them, and readings of hosts that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.facts import HostReading, read_host
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import Restart
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight_reading import interfaces_through
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import TolerantReader
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.lab.cim.wql import parse_condition
from tests.unit.plugins.plugin_utils._nic.fakeanswers import Row, fault, instance
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeAdapter, FakeHost, guid

POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
NO_CLASS = fault(cim_status=5)
DENIED = fault(fault_code=5)


@dataclass
class ScriptedHost:
    """Classes by ``namespace:class``, or by class alone in root/standardcimv2; an error is what asking for one meets.

    Classes that a test does not name are empty. ``asked`` has every request, in order.
    """

    tables: Mapping[str, Sequence[Row] | NicError] = field(default_factory=dict)
    port: int | None = 5985
    policy: Sequence[str] | NicError = ()
    asked: list[str] = field(default_factory=list)

    @property
    def client(self) -> Client:
        """The host as its client."""
        return cast(Client, self)

    @property
    def reader(self) -> TolerantReader:
        """A reader of the host."""
        return TolerantReader(self.client)

    def enumerate(self, namespace: str, class_name: str, *, where: str | None = None) -> list[Instance]:
        """The rows of a class."""
        name = class_name if namespace == "root/standardcimv2" else f"{namespace}:{class_name}"
        self.asked.append(name)
        rows = self.tables.get(name, ())
        if isinstance(rows, NicError):
            raise rows
        condition = parse_condition(where) if where is not None else None
        return [_instance(class_name, row) for row in rows if condition is None or condition.holds(row)]

    def invoke(
        self, namespace: str, class_name: str, method: str, arguments: Mapping[str, Any], **_options: Any
    ) -> Instance:
        """The keys of the firewall's group policy."""
        assert (namespace, class_name, method, arguments["sSubKeyName"]) == (
            "root/cimv2",
            "StdRegProv",
            "EnumKey",
            POLICY,
        )
        self.asked.append(method)
        if isinstance(self.policy, NicError):
            raise self.policy
        return instance("EnumKey_OUTPUT", {"ReturnValue": 0 if self.policy else 2, "sNames": list(self.policy)})


def _instance(class_name: str, row: Row) -> Instance:
    """Dates as they travel."""
    return instance(
        class_name,
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()},
    )


def reading_of(*adapters: FakeAdapter) -> HostReading:
    """The reading of a host with these adapters; by default one with the address 192.0.2.10/24."""
    return read_host(FakeHost(list(adapters or [FakeAdapter(1, address="192.0.2.10")])).client)


def restarts_of(reading: HostReading, *numbers: int) -> list[Restart]:
    """The restart of adapters, by default of number 1."""
    adapters = [reading.adapter(guid(number)) for number in numbers or (1,)]
    return [
        Restart(adapter, interfaces_through(reading.topology, adapter)) for adapter in adapters if adapter is not None
    ]
