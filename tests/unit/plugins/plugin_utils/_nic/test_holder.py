# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic import holder as module
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.holder import Holder


def other_process() -> subprocess.Popen[bytes]:
    """A process that waits for its input to end."""
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)


def holder_of(process: subprocess.Popen[bytes]) -> Holder:
    return replace(Holder.here(), pid=process.pid, started=module._started(process.pid))


def test_this_process_is_here() -> None:
    here = Holder.here()
    assert (here.node, here.pid) == (platform.node(), os.getpid())
    assert here.started is not None
    assert here.place is not None
    assert here == Holder.here()
    assert not here.is_gone()
    assert str(here) == f"process {os.getpid()} on {platform.node()}"


def test_a_process_is_gone_once_it_has_ended_also_before_anybody_took_notice() -> None:
    process = other_process()
    holder = holder_of(process)
    assert holder.started is not None
    assert not holder.is_gone()
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert holder.is_gone()
    process.communicate()
    assert holder.is_gone()


def test_another_process_of_the_same_number_is_another_one() -> None:
    here = Holder.here()
    assert here.started is not None
    assert replace(here, started=here.started + 1).is_gone()
    assert not replace(here, started=None).is_gone()


@pytest.mark.parametrize("place", [None, "elsewhere"])
def test_what_can_not_be_told_from_here_is_not_gone(place: str | None) -> None:
    process = other_process()
    holder = replace(holder_of(process), place=place)
    process.communicate()
    assert not holder.is_gone()


def test_a_number_beyond_all_processes_is_not_told() -> None:
    assert not replace(Holder.here(), pid=2**62).is_gone()


def test_a_process_of_somebody_else_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(module.os, "kill", denied)
    assert not replace(Holder.here(), started=1).is_gone()


def test_without_proc_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_unused: Any, **_more: Any) -> str:
        raise FileNotFoundError

    before = Holder.here()
    monkeypatch.setattr(Path, "read_text", missing)
    here = Holder.here()
    assert (here.started, here.place) == (None, None)
    assert not here.is_gone()
    assert not before.is_gone()


def test_a_node_without_a_name_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.platform, "node", lambda: "")
    assert Holder.here().node == "unknown"


def test_the_name_of_a_program_does_not_confuse(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "12 (a) S ) (b) R " + " ".join(str(number) for number in range(4, 53))
    monkeypatch.setattr(Path, "read_text", lambda *_unused, **_more: line)
    assert module._started(12) == 22
    monkeypatch.setattr(Path, "read_text", lambda *_unused, **_more: line.replace(" R ", " Z "))
    assert module._started(12) is None
    assert module._is_zombie(12)
