# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The evidence of one BMC: a probe while PktMon records, and what the packets prove."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import Capture, CaptureExchange
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import (
    Cause,
    Finding,
    find_cause,
    unavailable,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import Recorded
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import (
    Conversation,
    conversation,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.counters import read_udp_errors
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.dialogue import Protocol, Random
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult, ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target, Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """How a target is asked."""

    protocol: Protocol
    timing: Timing
    source: str | None
    """IPv4 address to send from; None leaves it to the system."""


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """What was found out about one target."""

    probe: ProbeResult
    udp_errors: dict[str, int] | None
    """The host's counter before and after; None where it can't be read, or nothing was sent."""
    packets: Conversation
    finding: Finding
    capture: Capture | None
    """What the host said; None where it gave no answer."""
    warnings: tuple[str, ...]


def gather(
    client: Client, target: Target, question: Question, *, turn: Turn, random: Random, now: Callable[[], float]
) -> Evidence:
    """Ask *target* from the host of *client* while PktMon records, and judge.

    Args:
        client: Client of the host.
        target: Whom to ask.
        question: How.
        turn: A target that it names as missed is not asked.
        random: Where sequence numbers and the like start.
        now: Seconds since the epoch.

    Raises:
        HostUnreachable: the host went away. What was begun there ends and removes itself all the same.
    """
    exchange = CaptureExchange(client, target.address, target.port)
    before = read_udp_errors(client)
    (probe,), warnings = ask(
        [target],
        question.protocol,
        exchange,
        question.timing,
        turn=turn,
        source=question.source,
        random=random,
        now=now,
    )
    asked = probe.outcome is not Outcome.PROBE_UNAVAILABLE
    after = read_udp_errors(client) if before is not None and asked else None
    capture = exchange.capture
    recorded = capture.recorded if capture is not None else Recorded()
    packets = conversation(recorded, target.address, target.port, exchange.payloads)
    finding = find_cause(probe, packets, capture.left_out if capture is not None else 0)
    if finding.cause is Cause.UNAVAILABLE and capture is not None and capture.refusal is not None:
        # A capture without a packet is no evidence, but a socket may have said what is wrong.
        finding = unavailable(*capture.refusal)
    return Evidence(
        probe=probe,
        udp_errors={"before": before, "after": after} if before is not None and after is not None else None,
        packets=packets,
        finding=finding,
        capture=capture,
        warnings=(*warnings, *exchange.warnings),
    )
