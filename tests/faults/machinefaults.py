# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host itself can do to a change: the faults of the second kind, each in a change and in a rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tests.faults.combinations import CARD, QUICKLY
from tests.faults.steps import Story

Course = Literal["goes well", "refused", "undone", "left"]
"""What must become of the struck run.

``goes well``: as if nothing were wrong. ``refused``: nothing is touched. ``undone``: the guard brings the host back,
and with it what stood before. ``left``: as if nothing were wrong, but the guard can't be deleted: it does no harm, and
expires.
"""

OUTAGE_SECONDS: Final = 9.0
GUARD_MINUTES: Final = 10
UNGUARDED: Final = {"udp_rx_offload_guard": "never", "udp_rx_offload_allow_unguarded_restart": True}
"""Variables of a run that needs no guard."""


@dataclass(frozen=True, slots=True)
class MachineFault:
    """One fault.

    Attributes:
        words: What is wrong.
        step: What it strikes.
        course: What must become of the run.
        reason: The reason that the role must name for a struck change; None where there is none but its success.
        system, tasks, wire, adapter, restart: What the fleet file says of the host.
        variables: Of the host, in every run.
        unguarded_before: Whether a rollback needs a change that was made without a guard.
    """

    words: str
    step: str
    course: Course
    reason: str | None = None
    system: Mapping[str, Any] = field(default_factory=dict)
    tasks: Mapping[str, Any] = field(default_factory=dict)
    wire: Mapping[str, Any] = field(default_factory=dict)
    adapter: Mapping[str, Any] = field(default_factory=dict)
    restart: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    unguarded_before: bool = False

    def kind(self, story: Story) -> dict[str, Any]:
        """The kind of a host with the fault: at its first restart, or at that of the rollback."""
        restart: dict[str, Any] = {"outage_seconds": OUTAGE_SECONDS, "skip": int(story == "rollback")}
        adapter = {"model": "intel-i211", "network": 1, **self.adapter, "restart": restart | dict(self.restart)}
        return {
            "description": f"{self.words} - {story}",
            "system": dict(self.system),
            "tasks": dict(self.tasks),
            "wire": dict(self.wire),
            "adapters": [adapter],
            "bmcs": [CARD],
            "variables": {
                **QUICKLY,
                "udp_rx_offload_guard_minutes": GUARD_MINUTES,
                **self.variables,
            },
        }


LOST: Final[dict[str, Any]] = {"leaves": "disabled"}
_ROUTED: Final[dict[str, Any]] = {"prefix": 16, "gateway": True}
_LEASED: Final[dict[str, Any]] = {**_ROUTED, "origin": "dhcp"}
_ACCEPTED: Final = {"udp_rx_offload_accept_risks": ["public_profile"]}
_REGISTRATION: Final = "guard registration"
_DELETION: Final = "guard deletion"
_FIRING: Final = "guard firing"
_RESTART: Final = "restart"
_RETURN: Final = "return"


def _lost(words: str, step: str = _FIRING, **more: Any) -> MachineFault:
    """A host whose adapter stays disabled."""
    return MachineFault(words, step, "undone", "undone_by_guard", restart=LOST | more.pop("restart", {}), **more)


MACHINE_FAULTS: Final = (
    *(
        MachineFault(
            words,
            _REGISTRATION,
            "refused",
            "guard_not_set",
            tasks={"register_task": switch},
            unguarded_before=True,
        )
        for words, switch in (
            ("registration denied", "access_denied"),
            ("registration by policy", "policy"),
            ("no Task Scheduler", "service_stopped"),
            ("registered task vanishes", "vanishes"),
        )
    ),
    *(
        MachineFault(
            words,
            _DELETION,
            "left",
            tasks={"delete_task": switch},
            unguarded_before=True,
        )
        for words, switch in (("task can't be deleted", "fails"), ("task only seems deleted", "lies"))
    ),
    MachineFault("expired tasks stay", _DELETION, "goes well", tasks={"expires": False}),
    # When the guard fires, and what it has to put right.
    _lost("adapter stays disabled"),
    _lost("guard starts late", tasks={"late_seconds": 240.0}),
    _lost("clock five hours ahead", system={"clock_skew_seconds": 18000.0}),
    _lost("clock three hours behind", system={"clock_skew_seconds": -10800.0, "utc_offset_minutes": 345}),
    _lost("time zone of the west", system={"utc_offset_minutes": -480}),
    _lost("on battery", system={"power": "battery"}),
    _lost("value absent", adapter={"configured": "absent"}),
    _lost("old Windows", system={"product": "server-2012r2", "language": "de"}),
    _lost("enable refused while disabling", restart={"leaves": "without_link"}, system={"product": "server-2019"}),
    _lost(
        "enable ignored while disabling",
        restart={"leaves": "without_link"},
        system={"product": "server-2019"},
        adapter={"enable_while_disabling": "ignored"},
    ),
    _lost("no link after the restart", restart={"leaves": "without_link"}),
    _lost("expired tasks stay, host lost", tasks={"expires": False}),
    # What the restart does besides.
    *(
        MachineFault(f"restart answered {words}", _RESTART, "goes well", restart={"answer": answer}, wire=wire)
        for words, answer, wire in (
            ("normally", "normal", {}),
            ("by a reset", "cut", {}),
            ("by silence", "cut", {"outage": "silent"}),
            ("late", "late", {"outage": "silent"}),
        )
    ),
    _lost(
        "address moved",
        _RETURN,
        restart={"leaves": "running", "address": "moves"},
        adapter=_LEASED,
        variables=_ACCEPTED,
    ),
    _lost(
        "address lost", _RETURN, restart={"leaves": "running", "address": "lost"}, adapter=_LEASED, variables=_ACCEPTED
    ),
    _lost(
        "profile public",
        _RETURN,
        restart={"leaves": "running", "profile": "public"},
        adapter=_ROUTED,
        variables=_ACCEPTED,
    ),
    MachineFault(
        "profile public for a minute",
        _RETURN,
        "goes well",
        system={"domain": "corp.example"},
        adapter=_ROUTED,
        restart={"profile": "public", "profile_seconds": 60.0},
        variables=_ACCEPTED,
    ),
    MachineFault("way back late", _RETURN, "goes well", restart={"way_back_seconds": 45.0}),
    MachineFault(
        "way back after the guard", _RETURN, "undone", "undone_by_guard", restart={"way_back_seconds": 3600.0}
    ),
    MachineFault("reboot in between", _RETURN, "goes well", restart={"reboots_after_seconds": 5.0}),
    _lost("reboot of a lost host", _RETURN, restart={"reboots_after_seconds": 12.0}),
    _lost(
        "slow reboot of a lost host",
        _RETURN,
        system={"boot_seconds": 60.0 * GUARD_MINUTES + 300},
        restart={"reboots_after_seconds": 12.0},
    ),
)
