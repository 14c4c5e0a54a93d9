# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.cause import Cause
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.gather import (
    Evidence,
    Question,
    gather,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp import relay
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target, Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.instances import Instance
from tests.unit.plugins.plugin_utils._evidence.fakecapture import FakeShell, answer, marked_bad, recorded
from tests.unit.plugins.plugin_utils._evidence.recordings import BMC, PORT
from tests.unit.plugins.plugin_utils._nic.fakehost import instance
from tests.unit.plugins.plugin_utils._udp.stand_ins import First

QUESTION = Question(BmcProtocol(), Timing(3, 1000, 2000), None)
STOPPED = NicError("command_timed_out", "shell", "no end within 120 seconds", "an end", "Look.")


class Counters:
    """A client of a host whose UDP error counter grows by 6 with each reading; None where it can't be read."""

    def __init__(self, value: int | None = 10) -> None:
        self.value = value
        self.readings = 0

    def enumerate(self, _namespace: str, class_name: str, **_limits: Any) -> list[Instance]:
        self.readings += 1
        if self.value is None:
            raise WsmanFault("counters", "no such class", fault_code=1)
        self.value += 6
        return [instance(class_name, {"DatagramsReceivedErrors": self.value - 6})]


def gathered(
    monkeypatch: pytest.MonkeyPatch, shell: FakeShell, counters: Counters | None = None, turn: Turn | None = None
) -> Evidence:
    monkeypatch.setattr(relay.shell, "run_command", shell)
    target = Target(BMC, PORT, sacrifice=False)
    client = cast("Any", counters or Counters())
    return gather(client, target, QUESTION, turn=turn or Turn(), random=First(), now=lambda: 1000.0)


def test_a_deaf_host_is_proven_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(monkeypatch, FakeShell(recorded(marked_bad)))
    assert found.finding.cause is Cause.DRIVER_MARKED_BAD
    assert (found.probe.outcome, found.probe.silent, found.probe.asked_at) == (Outcome.NO_ANSWER, True, 1000.0)
    assert (len(found.packets.requests), len(found.packets.replies)) == (6, 6)
    assert found.udp_errors == {"before": 10, "after": 16}
    assert found.warnings == ()


def test_a_host_that_hears_has_no_reply_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(monkeypatch, FakeShell(recorded(lambda recording, packet: recording.received(packet), hears=True)))
    assert found.finding.cause is Cause.ANSWERED
    assert found.probe.told == ("1.5", "2.0")


def test_a_dead_bmc_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gathered(monkeypatch, FakeShell(recorded(None))).finding.cause is Cause.NOTHING_ARRIVED


def test_a_refusal_has_its_code_and_nothing_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(answer(unavailable="capture_running", detail="somebody captures", relay=None))
    counters = Counters()
    found = gathered(monkeypatch, shell, counters)
    assert found.finding.unavailable is not None
    assert (found.finding.unavailable.code, found.finding.unavailable.detail) == (
        "capture_running",
        "somebody captures",
    )
    assert found.finding.sentence == "There is no evidence: somebody captures."
    assert (found.probe.outcome, found.probe.reason) == (Outcome.PROBE_UNAVAILABLE, "capture_running")
    assert (found.udp_errors, counters.readings) == (None, 1)


def test_an_empty_capture_proves_nothing_though_the_probe_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(monkeypatch, FakeShell(answer(unavailable="no_events", detail="nothing recorded")))
    assert found.finding.unavailable is not None
    assert found.finding.unavailable.code == "no_events"
    assert found.probe.outcome is Outcome.NO_ANSWER


def test_an_empty_capture_does_not_hide_what_the_sockets_say(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = {"version": 1, "replies": [], "errors": [{"send": 0, "code": 10013, "ms": 1}]}
    found = gathered(monkeypatch, FakeShell(answer(unavailable="no_events", detail="nothing recorded", relay=blocked)))
    assert (found.finding.cause, found.finding.unavailable) == (Cause.FIREWALL, None)


def test_without_a_shell_there_is_no_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(monkeypatch, FakeShell(WsmanFault("shell", "Access is denied.", fault_code=5)))
    assert found.capture is None
    assert found.finding.unavailable is not None
    assert found.finding.unavailable.code == "shell_denied"


def test_what_stays_behind_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(monkeypatch, FakeShell(STOPPED, answer(relay=None, cleaned=["capture"])))
    assert found.finding.cause is Cause.UNAVAILABLE
    assert found.warnings == ("An earlier capture had been stopped and had left its capture: removed.",)


def test_without_a_turn_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = FakeShell(recorded(None))
    found = gathered(monkeypatch, shell, turn=Turn(frozenset({(BMC, PORT)}), 900.0))
    assert shell.requests == []
    assert found.finding.unavailable is not None
    assert found.finding.unavailable.code == "not_paced"


def test_a_counter_that_can_not_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gathered(monkeypatch, FakeShell(recorded(None)), Counters(None)).udp_errors is None
