# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of a host for the tests, and a transport that gives them in turn."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client, HttpAnswer, Limits

FIXTURES: Final = Path(__file__).parent / "fixtures"

NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "n": "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "m": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
}


def fixture(name: str) -> str:
    """The answer of a case, with ``@MESSAGE_ID@`` where the request's id belongs."""
    return (FIXTURES / f"{name}.xml").read_text(encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Sent:
    """A request as it left, read by another parser than the one that is tested."""

    envelope: ET.Element
    read_timeout_seconds: float | None

    def text(self, path: str) -> str | None:
        return self.envelope.findtext(path, namespaces=NAMESPACES)

    def find(self, path: str) -> ET.Element:
        found = self.envelope.find(path, NAMESPACES)
        assert found is not None, path
        return found

    def has(self, path: str) -> bool:
        return self.envelope.find(path, NAMESPACES) is not None

    def has_no_stray_text(self) -> bool:
        elements = list(self.envelope.iter())
        return not any(each.tail for each in elements) and not any(each.text for each in elements if len(each))

    @property
    def action(self) -> str:
        """The last part of the action."""
        return (self.text("s:Header/a:Action") or "").rpartition("/")[2]

    @property
    def message_id(self) -> str:
        return self.text("s:Header/a:MessageID") or ""

    def selectors(self) -> dict[str, str]:
        return {
            each.attrib["Name"]: each.text or ""
            for each in self.envelope.iterfind(".//w:SelectorSet/w:Selector", NAMESPACES)
        }

    def options(self) -> list[tuple[str, str | None, str | None]]:
        return [
            (each.attrib["Name"], each.get("Type"), each.text)
            for each in self.envelope.iterfind("s:Header/w:OptionSet/w:Option", NAMESPACES)
        ]


class ScriptedTransport:
    """Gives prepared answers in turn. A fault has status 500; an exception is raised."""

    endpoint = "http://box.example:5985/wsman"

    def __init__(self, *script: str | HttpAnswer | BaseException) -> None:
        self.script = list(script)
        self.sent: list[Sent] = []
        self.closed = 0

    def send(self, message: bytes, read_timeout_seconds: float | None = None) -> HttpAnswer:
        sent = Sent(ET.fromstring(message), read_timeout_seconds)
        self.sent.append(sent)
        assert sent.has_no_stray_text()
        assert self.script, f"unexpected request {sent.action}"
        step = self.script.pop(0)
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, HttpAnswer):
            return step
        text = fixture(step).replace("@MESSAGE_ID@", sent.message_id)
        return HttpAnswer(500 if step.startswith("fault-") else 200, text.encode())

    def close(self) -> None:
        self.closed += 1

    @property
    def actions(self) -> list[str]:
        return [each.action for each in self.sent]


class Pauses:
    """Stands for ``time.sleep`` and remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def client_of(
    transport: ScriptedTransport, *, limits: Limits | None = None, random: float = 0.5
) -> tuple[Client, Pauses]:
    """A client on prepared answers that never really waits."""
    pauses = Pauses()
    client = Client(
        transport, host="box.example", operation_timeout_seconds=17, limits=limits, sleep=pauses, random=lambda: random
    )
    return client, pauses
