# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay as PowerShell: read by an independent grammar everywhere, and run where there is a PowerShell."""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import re
import subprocess
import time
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import capture_script
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    Exchanged,
    ExchangeUnavailable,
    Send,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.outcomes import Outcome
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pacing import Turn
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ask
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.relay import (
    BOOTSTRAP_ARGUMENTS,
    read_answer,
    relay_input,
    relay_script,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.schedule import Target, Timing
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.sockets import SocketExchange
from tests.conftest import PROJECT_ROOT
from tests.powershell import misfits
from tests.responder import Responder
from tests.unit.plugins.plugin_utils._ipmi.stand_ins import answer_to


def bootstrap() -> str:
    """The script on the command line."""
    position = BOOTSTRAP_ARGUMENTS.index("-Command")
    assert position == len(BOOTSTRAP_ARGUMENTS) - 2
    return BOOTSTRAP_ARGUMENTS[-1]


def test_the_relay_is_understood_by_windows_powershell() -> None:
    assert misfits(relay_script().decode("ascii")) == []


def test_the_bootstrap_is_understood_by_windows_powershell() -> None:
    assert misfits(bootstrap()) == []


@pytest.mark.parametrize(
    "script",
    [
        "ForEach-Object { 1 } && ForEach-Object { 2 }",
        "ForEach-Object { 1 } || ForEach-Object { 2 }",
        "$a ?? $b",
        "$x = $a ?? $b",
        "$a ??= 1",
        "$a ? 1 : 2",
        "$x = $a ? 1 : 2",
        "$x = ($a -eq 1) ? 'one' : 'more'",
        "${a}?.b",
        "$a?.b",
        "${a}?[0]",
        "$a[^1]",
        "ForEach-Object { 1 } &",
        "clean { 1 }",
        "1uy",
        "0b101",
        "$x | ForEach-Object -Parallel { 1 }",
        "ConvertFrom-Json -AsHashtable -InputObject $x",
        "ConvertTo-Json -EscapeHandling EscapeNonAscii -InputObject $x",
        "$x | Join-String",
        "Get-Error",
        "[Convert]::FromHexString($x)",
        "[System.Half]$x",
        "if ($x { 1 }",
        "'open",
    ],
)
def test_what_windows_powershell_lacks_is_refused(script: str) -> None:
    assert misfits(script)


@pytest.mark.parametrize(
    "script",
    [
        "$x = if ($a) { 1 } else { 2 }",
        "$a -and $b -or $c",
        "[Math]::Min(1, 2)",
        "$x | Where-Object { $_.y } | ForEach-Object { $_ }",
        ". ([scriptblock]::Create($x)) $y",
        "ConvertTo-Json -Compress -InputObject @{ a = 1 }",
    ],
)
def test_what_windows_powershell_has_is_accepted(script: str) -> None:
    assert misfits(script) == []


def test_the_relay_is_small_and_plain() -> None:
    script = relay_script()
    assert len(script) < 4096
    assert script.isascii()
    assert b"\r" not in script
    assert b"\t" not in script
    assert max(map(len, script.splitlines())) <= 120


def test_the_command_line_has_nothing_that_anything_on_the_way_could_interpret() -> None:
    line = " ".join(BOOTSTRAP_ARGUMENTS)
    assert line.isascii()
    assert not re.search(r'["\\|%^&<>!`\r\n\t]', line)
    assert "  " not in line
    assert len(line) < 1000


def test_the_relay_writes_the_answer_past_the_pipeline() -> None:
    script = relay_script().decode("ascii")
    assert script.rstrip().endswith("[Console]::Out.WriteLine($answer)")
    assert "Write-" not in script


def test_every_socket_is_closed_in_any_case() -> None:
    script = relay_script().decode("ascii")
    assert re.search(r"finally \{\s+foreach \(\$socket in \$sockets\) \{ \$socket\.Close\(\) \}\s+\}", script)
    assert script.count("[Net.Sockets.Socket]::new(") == 1
    made = script.index("[Net.Sockets.Socket]::new(")
    assert script.index("$sockets += $socket") < script.index(".Bind(")
    assert made < script.index("$sockets += $socket")


def test_the_lab_knows_script_and_command_line_by_their_hashes() -> None:
    lines = (PROJECT_ROOT / "tests" / "lab" / "relay.lock").read_text(encoding="ascii").splitlines()
    command_line = " ".join(BOOTSTRAP_ARGUMENTS).encode("ascii")
    assert lines == [
        f"{hashlib.sha256(relay_script()).hexdigest()}  relay.ps1",
        f"{hashlib.sha256(command_line).hexdigest()}  bootstrap",
        f"{hashlib.sha256(capture_script()).hexdigest()}  capture.ps1",
    ]


# With a PowerShell ---------------------------------------------------------------------------------------------------


def powershell(stdin: bytes, command: str | None = None) -> bytes:
    """Run the bootstrap as the host would, and return what it prints."""
    arguments = [*BOOTSTRAP_ARGUMENTS[:-1], command or bootstrap()]
    finished = subprocess.run(["pwsh", *arguments], input=stdin, capture_output=True, timeout=120, check=False)
    assert finished.stderr == b""
    assert finished.returncode == 0
    return finished.stdout


class PowerShellExchange:
    """The relay, run here."""

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        printed = powershell(relay_input(sends, source=source, wait_ms=wait_ms, settle_ms=settle_ms))
        assert printed.count(b"\n") == 1
        return read_answer(printed, len(sends))


def heard(exchange: PowerShellExchange | SocketExchange, responders: Sequence[Responder]) -> set[tuple[Any, ...]]:
    """What comes back for three datagrams to each responder."""
    targets = [(responder.address, responder.port) for responder in responders]
    sends = [Send(bytes((n, 0xAB)), *target, 50 * n) for n, target in itertools.product(range(3), targets)]
    answer = exchange.exchange(sends, source=None, wait_ms=20_000, settle_ms=300)
    assert answer.errors == ()
    return {(sends[each.send].port, each.payload, each.address, each.port) for each in answer.replies}


@pytest.mark.needs_powershell
def test_the_relay_hears_what_the_controllers_sockets_hear() -> None:
    def reversed_bytes(datagram: bytes) -> list[bytes]:
        return [datagram[::-1]]

    with Responder(reversed_bytes) as one, Responder(reversed_bytes, reversed_bytes, "127.0.0.2") as two:
        by_relay, by_sockets = (heard(each, [one, two]) for each in (PowerShellExchange(), SocketExchange()))
        assert len(by_relay) == 9
        assert by_relay == by_sockets
        used = [{port for _unused, port in each.received[:3]} for each in (one, two)]
    assert [len(each) for each in used] == [1, 1]
    assert used[0].isdisjoint(used[1])
    assert {623, 664}.isdisjoint(used[0] | used[1])


@pytest.mark.needs_powershell
def test_a_whole_probe_through_the_relay() -> None:
    with Responder(lambda datagram: [answer_to(datagram)]) as bmc:
        targets = [Target("127.0.0.1", bmc.port, sacrifice=True)]
        timing = Timing(3, 100, 20_000)
        (result,), _unused = ask(
            targets,
            BmcProtocol(),
            PowerShellExchange(),
            timing,
            turn=Turn(),
            source="127.0.0.1",
            random=random.Random(1),
            now=time.time,
        )
    assert result.attempt_outcomes == (Outcome.ANSWERED,) * 3
    assert result.told == ("1.5", "2.0")
    assert len(result.replies) == len(bmc.received) == 7


@pytest.mark.needs_powershell
def test_silence_through_the_relay() -> None:
    with Responder(lambda _unused: []) as bmc:
        sends = [Send(b"\x01", "127.0.0.1", bmc.port, 0), Send(b"\x02", "127.0.0.1", bmc.port, 60)]
        assert PowerShellExchange().exchange(sends, source=None, wait_ms=200, settle_ms=10) == Exchanged()
        assert [payload for payload, _unused in bmc.received] == [b"\x01", b"\x02"]


@pytest.mark.needs_powershell
def test_a_source_that_is_not_there_through_the_relay() -> None:
    with pytest.raises(ExchangeUnavailable) as caught:
        PowerShellExchange().exchange([Send(b"\x01", "127.0.0.1", 9, 0)], source="192.0.2.1", wait_ms=100, settle_ms=10)
    assert caught.value.reason == "source_unusable"


@pytest.mark.needs_powershell
def test_a_damaged_request_is_an_error_on_one_line() -> None:
    printed = powershell(relay_script().rstrip() + b"\n#request\nnot json\n")
    assert printed.count(b"\n") == 1
    with pytest.raises(ExchangeUnavailable) as caught:
        read_answer(printed, 1)
    assert caught.value.reason == "relay_failed"


@pytest.mark.needs_powershell
def test_constrained_language_mode_is_told() -> None:
    constrain = "$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; "
    printed = powershell(
        relay_input([Send(b"\x01", "127.0.0.1", 9, 0)], source=None, wait_ms=1, settle_ms=1), constrain + bootstrap()
    )
    assert json.loads(printed) == {"version": 1, "error": "language_mode", "mode": "ConstrainedLanguage"}
