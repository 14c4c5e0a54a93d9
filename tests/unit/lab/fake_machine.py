# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine small enough to see through, for tests of the WinRM side alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.lab.cim.values import CimError, CimInstance, Value


@dataclass(frozen=True)
class FakeRights:
    """Rights of an account."""

    cim: bool = True
    shell: bool = True


def adapter(number: int, **properties: Value) -> CimInstance:
    """An object with every kind of value."""
    found: dict[str, Value] = {
        "DeviceID": f"{{ADAPTER-{number}}}",
        "Name": f'Ethernet "{number}" <&>',
        "InterfaceIndex": number,
        "Speed": 18446744073709551615,
        "HardwareInterface": True,
        "MtuSize": None,
        "Caption": "",
        "Lower": [1, 2],
        "Higher": None,
        "Single": ["one"],
        "Changed": datetime(2024, 5, 1, 10, 0, 0, 500000, tzinfo=UTC),
        "Capabilities": CimInstance("MSFT_Capabilities", "root/standardcimv2", {"Udp": True, "Note": None}),
    }
    return CimInstance(
        "MSFT_NetAdapter",
        "root/StandardCimv2",
        found | properties,
        frozenset({"Lower", "Higher", "Single"}),
        {"DeviceID": f"{{ADAPTER-{number}}}", "SystemName": "host"},
    )


@dataclass
class FakeMachine:
    """Answers what the test puts into it and remembers what it was asked."""

    objects: list[CimInstance] = field(default_factory=lambda: [adapter(number) for number in (1, 2, 3)])
    on_disconnect: list[Callable[[], None]] = field(default_factory=list)
    on_reboot: list[Callable[[], None]] = field(default_factory=list)
    answers_at: str | None = "127.0.0.1"
    locked_out: bool = False
    granted: FakeRights = field(default_factory=FakeRights)
    users: list[str] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    output: Mapping[str, Value] = field(default_factory=lambda: {"ReturnValue": 0})
    invoke_seconds: float = 0.0
    error: CimError | None = None
    command_result: tuple[int, bytes, bytes] = (1, b"", b"refused\r\n")
    command_gate: asyncio.Event | None = None

    def rights(self, user: str) -> FakeRights:
        """The rights of every account."""
        self.users.append(user)
        return self.granted

    def enumerate(self, namespace: str, class_name: str, where: str | None) -> list[CimInstance]:
        """Everything, or the one whose index ends the condition."""
        self.calls.append(("enumerate", namespace, class_name, where))
        self._fail()
        if class_name.lower() != "msft_netadapter":
            raise CimError("invalid_class", "no such class")
        if where is None:
            return self.objects
        return [found for found in self.objects if where.endswith(str(found.properties["InterfaceIndex"]))]

    def get(self, namespace: str, class_name: str, selectors: dict[str, str]) -> CimInstance:
        """The object with that DeviceID."""
        self.calls.append(("get", namespace, class_name, selectors))
        self._fail()
        for found in self.objects:
            if found.keys["DeviceID"] == selectors.get("DeviceID"):
                return found
        raise CimError("not_found", "no such object", "mi")

    async def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: dict[str, str | list[str] | None],
        selectors: dict[str, str],
    ) -> Mapping[str, Value]:
        """The output that the test wants, after as long as it wants."""
        self.calls.append(("invoke", namespace, class_name, method, arguments, selectors))
        self._fail()
        await asyncio.sleep(self.invoke_seconds)
        self.calls.append(("invoked", method))
        return self.output

    def delete(self, namespace: str, class_name: str, selectors: dict[str, str]) -> None:
        """Remember it."""
        self.calls.append(("delete", namespace, class_name, selectors))
        self._fail()

    async def run_command(self, executable: str, arguments: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        """The result that the test wants, once its gate is open."""
        self.calls.append(("run_command", executable, arguments, stdin))
        if self.command_gate is not None:
            await self.command_gate.wait()
        return self.command_result

    def reboot(self) -> None:
        """Remember it."""
        self.calls.append(("reboot",))

    def snapshot(self) -> dict[str, Any]:
        """How many objects there are."""
        return {"objects": len(self.objects)}

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
