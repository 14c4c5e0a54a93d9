# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The capture as PowerShell: read by an independent grammar everywhere, and run where there is a PowerShell."""

from __future__ import annotations

import re
import subprocess
from typing import Final

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.capture import (
    LEFTOVERS,
    REFUSALS,
    Capture,
    capture_request,
    capture_script,
    read_capture,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.relay import (
    BOOTSTRAP_ARGUMENTS,
    relay_script,
    script_input,
)
from tests.powershell import misfits

SCRIPT: Final = capture_script().decode("ascii")
OWN: Final = SCRIPT.replace(relay_script().decode("ascii").rstrip(), "")
"""What is not the relay's."""


def test_the_capture_is_understood_by_windows_powershell() -> None:
    assert misfits(SCRIPT) == []


def test_a_function_of_its_own_is_known_and_no_other() -> None:
    assert misfits("function Get-Own { 1 }\nGet-Own") == []
    assert misfits("function Get-Own { 1 }\nGet-Other") == ["unknown command: Get-Other"]


def test_the_capture_is_small_and_plain() -> None:
    assert len(OWN) < 9000
    assert "\r" not in SCRIPT
    assert "\t" not in SCRIPT
    assert max(map(len, SCRIPT.splitlines())) <= 120


def test_the_relay_stands_in_it_once_and_whole() -> None:
    assert SCRIPT.count(relay_script().decode("ascii").rstrip()) == 1
    assert "\n#relay\n" not in SCRIPT
    assert OWN.count("param(") == 1
    assert SCRIPT.index("param([string]$RequestLine)") < SCRIPT.index("$relay = {")


def test_nothing_in_it_is_taken_for_the_mark_of_the_request() -> None:
    # The bootstrap splits at the first one.
    assert "#request" not in SCRIPT


def test_the_capture_prints_one_line_and_at_the_very_end() -> None:
    assert OWN.count(".WriteLine(") == 1
    assert OWN.index("[Console]::Out.WriteLine(") > OWN.rindex("$lock.Dispose()")
    assert "Write-" not in OWN


def test_what_it_makes_is_removed_in_any_case() -> None:
    finally_block = OWN[OWN.rindex("} finally {") :]
    assert "Remove-Own (Get-Found) $started" in finally_block
    assert OWN.index("$lock = [IO.FileStream]") < OWN.index("'filter', 'add'") < OWN.index("'start', '--capture'")
    removing = OWN[OWN.index("function Remove-Own") : OWN.index("function Read-Event")]
    assert OWN.count("'filter', 'remove'") == removing.count("'filter', 'remove'") == 1
    assert "$found.OwnFilter -and -not $found.OtherFilter" in removing
    assert "if ($found.OwnCapture -or $started)" in removing


def test_pktmon_is_not_unloaded_or_reset() -> None:
    # Either would reach what others have set up.
    assert not re.search("'(unload|reset)'", OWN)


def test_every_code_and_leftover_that_it_names_is_known() -> None:
    assert set(re.findall(r"Deny '(\w+)'", OWN)) | {"failed"} == set(REFUSALS)
    assert set(re.findall(r"\$leftBehind \+= '(\w+)'", OWN)) == set(LEFTOVERS)


def test_options_are_long_and_each_is_looked_for_in_the_help() -> None:
    start = OWN[OWN.index("'start', '--capture'") : OWN.index("$started = $true")]
    used = set(re.findall(r"'(--[a-z-]+)'", start))
    looked_for = set(re.findall(r"'(--[a-z-]+)'", OWN[OWN.index("$options = ") : OWN.index("$provider")]))
    assert used == looked_for


# With a PowerShell ---------------------------------------------------------------------------------------------------


def run(request: str) -> Capture:
    """Run the capture as the host would; a system without PktMon.exe is what there is to run it on."""
    stdin = script_input(capture_script(), request)
    finished = subprocess.run(
        ["pwsh", *BOOTSTRAP_ARGUMENTS], input=stdin, capture_output=True, timeout=120, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert finished.stdout.count(b"\n") == 1
    return read_capture(finished.stdout)


@pytest.mark.needs_powershell
def test_a_system_without_pktmon_says_so() -> None:
    capture = run(capture_request("127.0.0.1", 623, "{}"))
    assert capture.refusal == ("no_pktmon", "this version of Windows has no PktMon.exe")
    assert (capture.relay, capture.left_behind) == (None, ())


@pytest.mark.needs_powershell
def test_a_damaged_request_is_an_answer_on_one_line() -> None:
    refusal = run("no json").refusal
    assert refusal is not None
    assert refusal[0] == "failed"
