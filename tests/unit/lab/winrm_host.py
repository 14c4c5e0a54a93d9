# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRM service in front of a small machine, without a network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from tests.lab.dispatch import WinRmService
from tests.lab.wirespec import Misbehaviour, WireSpec
from tests.unit.lab.fake_machine import FakeMachine
from tests.unit.lab.messages import PREFIXES, text

USER = "labadmin"


@dataclass
class Host:
    """A service, its machine and a clock that stands still until the test moves it."""

    machine: FakeMachine = field(default_factory=FakeMachine)
    wire: WireSpec = field(default_factory=WireSpec)
    language: str = "en"
    now: float = 1000.0
    service: WinRmService = field(init=False)

    def __post_init__(self) -> None:
        self.service = WinRmService(
            self.machine,
            self.wire,
            computer="HOST",
            endpoint="http://127.1.0.1:5985/wsman",
            language=self.language,
            reads_stdin=lambda executable, arguments: executable == "reader",
            clock=lambda: self.now,
        )

    async def ask(self, message: bytes, user: str = USER, struck_by: Misbehaviour | None = None) -> ET.Element:
        """The answer to a request."""
        answer = await self.service.execute(self.service.read(message), user, struck_by)
        return ET.fromstring(answer.render())

    def answer(self, message: bytes, user: str = USER, struck_by: Misbehaviour | None = None) -> ET.Element:
        """The answer to a request, outside of a coroutine."""
        return asyncio.run(self.ask(message, user, struck_by))


def fault_code(answer: ET.Element) -> tuple[int, str, str]:
    """WSManFault code, SOAP code and subcode of a fault."""
    fault = "s:Body/s:Fault"
    detail = answer.find(f"{fault}/s:Detail/f:WSManFault", PREFIXES)
    code = 0 if detail is None else int(detail.get("Code", "0"))
    return code, text(answer, f"{fault}/s:Code/s:Value"), text(answer, f"{fault}/s:Code/s:Subcode/s:Value")
