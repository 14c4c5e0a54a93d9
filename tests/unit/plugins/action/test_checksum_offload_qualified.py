# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host profile means for a whole change, on hosts of the lab in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.inmemory import MemoryHost
from tests.properties.runs import ADAPTER, Watched, run

WRITE_RESTARTS = {"format": 1, "answers": {"write_leaves_adapter_up": "went_away"}}
NO_GUARD = {"format": 1, "answers": {"guard_fires": "fires_not", "guard_deletes": "stays"}}
KEYWORD = "*UDPChecksumOffloadIPv4"


@pytest.fixture
def watched() -> Iterator[Callable[..., Watched]]:
    hosts: list[MemoryHost] = []

    def make(restart: dict[str, Any] | None = None, **changes: Any) -> Watched:
        adapter = {
            "model": "intel-i211",
            "name": ADAPTER,
            "network": 1,
            "restart": {"outage_seconds": 9.0, **(restart or {})},
        }
        hosts.append(MemoryHost({"adapters": [adapter | changes]}))
        return Watched(hosts[-1])

    yield make
    for host in hosts:
        host.close()


def restarts(watched: Watched) -> int:
    (adapter,) = (each for each in watched.host.machine.adapters if each.name == ADAPTER)
    return adapter.restarts


def requested(watched: Watched) -> int:
    return sum(each.call.method == "Restart" for each in watched.host.sent)


def test_the_restart_of_a_write_is_the_only_one(watched: Callable[..., Watched]) -> None:
    host = watched({"on_write": True})
    ended = run(host.host, host_profile=WRITE_RESTARTS)
    (adapter,) = ended.result["adapters"]
    assert ended.word == "ok"
    assert (adapter["confirmed"], adapter["restarted"], adapter["guard"]["state"]) == (True, True, "removed")
    assert adapter["outage_seconds"] >= 9
    assert adapter["undo"]["outcome"] == "confirmed"
    assert (restarts(host), requested(host)) == (1, 0)
    assert host.guards() == []
    again = run(host.host, host_profile=WRITE_RESTARTS)
    assert again.result["changed"] is False
    back = run(host.host, host_profile=WRITE_RESTARTS, state="restored")
    assert (back.word, restarts(host), requested(host)) == ("ok", 2, 0)
    assert (host.now(), host.records()) == (host.values, {})


def test_a_write_that_does_not_restart_after_all_is_followed_by_a_restart(watched: Callable[..., Watched]) -> None:
    host = watched()
    (adapter,) = run(host.host, host_profile=WRITE_RESTARTS).result["adapters"]
    assert (adapter["confirmed"], restarts(host), requested(host)) == (True, 1, 1)


def test_a_driver_that_does_not_tell_is_restarted(watched: Callable[..., Watched]) -> None:
    host = watched({"on_write": True}, active_report="unknown")
    (adapter,) = run(host.host, host_profile=WRITE_RESTARTS).result["adapters"]
    assert (adapter["confirmed"], adapter["restarted"], requested(host)) == (False, True, 1)


def test_the_guard_saves_a_host_that_the_write_cuts_off(watched: Callable[..., Watched]) -> None:
    host = watched({"on_write": True, "leaves": "disabled"})
    ended = run(host.host, host_profile=WRITE_RESTARTS)
    assert ended.code == "undone_by_guard"
    assert (host.now(), host.records(), host.guards()) == (host.values, {}, [])


def test_restart_never_is_refused_where_a_write_restarts(watched: Callable[..., Watched]) -> None:
    host = watched({"on_write": True})
    ended = run(host.host, host_profile=WRITE_RESTARTS, restart="never")
    assert (ended.code, ended.result["changed"]) == ("write_restarts", False)
    assert list(host.new_writes()) == []


def test_a_guard_that_is_not_trusted_is_not_set(watched: Callable[..., Watched]) -> None:
    host = watched()
    ended = run(host.host, host_profile=NO_GUARD)
    assert (ended.code, ended.result["changed"]) == ("guard_not_set", False)
    assert ended.result["error"]["seen"] == (
        "no guard could be set (not_qualified): the host profile says that none can be trusted on hosts like this one"
        " (guard_fires, guard_deletes)"
    )
    assert list(host.new_writes()) == []


def test_leave_to_restart_without_a_guard_is_the_way_round(watched: Callable[..., Watched]) -> None:
    host = watched()
    ended = run(host.host, host_profile=NO_GUARD, allow_unguarded_restart=True)
    (adapter,) = ended.result["adapters"]
    assert (ended.word, adapter["confirmed"]) == ("ok", True)
    assert (adapter["guard"]["state"], adapter["guard"]["reason"]) == ("not_set", "not_qualified")
    assert ended.result["warnings"] == [
        f"Adapter {ADAPTER}: it was restarted without a guard, since none could be set (not_qualified)."
    ]
    assert not [line for line in host.new_writes() if "guard" in line]
    assert host.now()[KEYWORD] == "1"


@pytest.mark.parametrize("guard", ["always", "auto"])
def test_guard_always_takes_no_leave(watched: Callable[..., Watched], guard: str) -> None:
    host = watched()
    ended = run(host.host, host_profile=NO_GUARD, guard=guard, allow_unguarded_restart=guard == "always")
    assert ended.code == "guard_not_set"
    assert list(host.new_writes()) == []


def test_without_a_restart_no_guard_is_missed(watched: Callable[..., Watched]) -> None:
    host = watched()
    ended = run(host.host, host_profile=NO_GUARD, restart="never")
    assert (ended.word, ended.result["adapters"][0]["restart_pending"]) == ("ok", True)


def test_a_file_that_is_no_profile(watched: Callable[..., Watched]) -> None:
    host = watched()
    ended = run(host.host, host_profile={"format": 7})
    assert ended.code == "host_profile_invalid"
    assert host.host.sent == []
