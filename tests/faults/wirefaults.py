# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can happen to a request on its way: the faults of the first kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.faults.steps import Step

READ_TIMEOUT_SECONDS: Final = 5
"""How long the controller waits for an answer in these runs."""
OPERATION_TIMEOUT_SECONDS: Final = 3


@dataclass(frozen=True, slots=True)
class WireFault:
    """One fault.

    Attributes:
        words: What happens.
        do: What the lab calls it.
        only: The one action that it can strike; None: any.
        settings: Further keys of the lab's fault rule.
        arrives: Whether the host may do what the request asks for.
    """

    words: str
    do: str
    only: str | None = None
    settings: tuple[tuple[str, Any], ...] = ()
    arrives: bool = True

    def strikes(self, step: Step) -> bool:
        """Whether the fault can strike at a step."""
        return self.only in (None, step.action)

    def rule(self, step: Step) -> dict[str, Any]:
        """The lab's fault rule that strikes exactly this step."""
        where = {"skip": step.before} if self.only is None else {"action": self.only, "skip": step.alike_before}
        return {"do": self.do, "times": 1, **where, **dict(self.settings)}


WIRE_FAULTS: Final = (
    WireFault("request lost, reset", "cut_before", settings=(("how", "reset"),), arrives=False),
    WireFault("answer lost, reset", "cut_after", settings=(("how", "reset"),)),
    WireFault("answer lost, closed", "cut_after", settings=(("how", "close"),)),
    WireFault("no answer", "hold"),
    WireFault("done after the timeout", "delay", settings=(("seconds", READ_TIMEOUT_SECONDS + 2.0),)),
    WireFault("answer cut short", "truncate"),
    WireFault("answer not XML", "not_xml"),
    WireFault("answer with DTD", "dtd"),
    WireFault("answer to another request", "wrong_relates_to"),
    WireFault("answer to no request", "no_relates_to"),
    WireFault("enumeration without end", "endless_pull", only="Enumerate"),
    WireFault("pull without items", "empty_pull", only="Pull"),
    WireFault("answer of 10 MB", "huge"),
    WireFault("quota exceeded", "quota"),
    WireFault("operation timed out", "timeout", arrives=False),
    WireFault("access denied once", "access_denied"),
    WireFault("sign-in refused once", "unauthorized"),
    WireFault("service unavailable", "unavailable"),
    WireFault("host down for a while", "go_down", settings=(("seconds", 1.0),), arrives=False),
    WireFault("host reboots", "reboot"),
)

HELD: Final = WireFault("controller killed", "hold")
"""The answer is held back until the controller is dead."""
