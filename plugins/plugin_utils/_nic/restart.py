# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Restarting an adapter, which may cut the connection that asks for it, and waiting for the host to come back."""

from __future__ import annotations

import random as random_module
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import (
    ConnectionLost,
    HostUnreachable,
    NicError,
    WsmanProtocolError,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import (
    NAMESPACE,
    Adapter,
    read_adapters,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import NETWORK_CLASS, Registry
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.faults import WsmanFault

_ANSWER_SECONDS: Final = 15.0
"""How long the answer to the restart is waited for. Where the adapter carries the connection it rarely comes at all."""
_POLL_SECONDS: Final = 5.0
"""How long one question to a host that may be away waits for its answer."""
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 5.0
_FOLLOW_SECONDS: Final = 10.0
"""How long a driver may take to report the new value once its adapter is up, before it counts as not following."""

Reading = TypeVar("Reading")


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as the wait for a host needs it: monotonic, so that no correction of the clock shortens or stretches it."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random_module.random


def request_restart(client: Client, adapter: Adapter) -> bool:
    """Ask the host once to restart *adapter*: MSFT_NetAdapter.Restart disables and enables the device.

    Returns:
        Whether the host answered. A lost answer says nothing: what the host reports afterwards tells.

    Raises:
        WsmanFault: the host refused.
        NicError: ``restart_refused``, likewise.
        HostUnreachable: the request did not leave, so that nothing was restarted.
    """
    try:
        output = client.invoke(
            NAMESPACE,
            "MSFT_NetAdapter",
            "Restart",
            {},
            selectors=adapter.selectors,
            read_timeout_seconds=_ANSWER_SECONDS,
        )
    except (ConnectionLost, WsmanProtocolError):
        client.reconnect()
        return False
    except WsmanFault as fault:
        if fault.timed_out:
            # The operation goes on at the host after WinRM has stopped waiting for it.
            return False
        raise
    code = output.integer("ReturnValue")
    if code not in (None, 0):
        raise NicError(
            "restart_refused",
            f"adapter {adapter.name}",
            f"Restart returned {code}",
            "0",
            "The value is written and in force after the next restart: restart the adapter or the host by hand.",
        )
    return True


@dataclass(frozen=True, slots=True)
class Returned(Generic[Reading]):
    """A host that is back.

    Attributes:
        reading: What was read of it last.
        at: When the adapter was up again, by the clock.
    """

    reading: Reading
    at: float


def await_return(
    client: Client,
    adapter: Adapter,
    read: Callable[[], Reading],
    settled: Callable[[Reading], bool],
    *,
    deadline_seconds: float,
    clock: Clock | None = None,
    outlook: str = "",
) -> Returned[Reading]:
    """Wait until the host answers, *adapter* is as far up as it was, and its driver works with the new value.

    A restart may begin only after its request was answered, so that a host which still answers proves little: it is
    read again for some seconds while the driver has not followed, and waited for anew when it goes away meanwhile.

    Args:
        client: Is given a new session where the old one was cut.
        adapter: As it was before its restart.
        read: Reads the host.
        settled: Whether a reading shows what the restart was for, or can't show it.
        deadline_seconds: How long to wait altogether.
        clock: Time.
        outlook: What happens to a host that does not come back, for the error.

    Returns:
        The last reading. It has not settled where the driver does not follow.

    Raises:
        HostUnreachable: ``host_not_back``, the host did not answer until the deadline.
        NicError: ``adapter_not_back``, the host answers and the adapter is not up at the deadline.
    """
    clock = clock or Clock()
    wait = _Wait(clock, clock.monotonic() + deadline_seconds, outlook)
    while True:
        _await_host(client, wait)
        try:
            _await_adapter(client, adapter, wait)
            return _await_driver(read, settled, wait, clock)
        except HostUnreachable as error:
            wait.progress()
            _stay_away(client, wait, error)


def patiently(
    client: Client, work: Callable[[], Reading], deadline: float, clock: Clock, *, outlook: str = ""
) -> Reading:
    """Do what may be done again, again while the host is away.

    Args:
        client: Is given a new session after each time.
        work: What to do.
        deadline: When to give up, by the clock's monotonic time.
        clock: Time.
        outlook: As for :func:`await_return`.

    Raises:
        HostUnreachable: ``host_not_back``.
    """
    wait = _Wait(clock, deadline, outlook)
    while True:
        try:
            return work()
        except HostUnreachable as error:
            _stay_away(client, wait, error)


def _await_driver(
    read: Callable[[], Reading], settled: Callable[[Reading], bool], wait: _Wait, clock: Clock
) -> Returned[Reading]:
    """Read the host until the driver has followed, or has had its time."""
    up = clock.monotonic()
    while True:
        try:
            reading = read()
        except (WsmanFault, WsmanProtocolError) as error:
            if _is_final(error) or not wait.pause():
                raise
            continue
        now = clock.monotonic()
        if settled(reading):
            return Returned(reading, now if wait.paused else up)
        if now - up >= _FOLLOW_SECONDS or not wait.pause():
            return Returned(reading, up)


def _stay_away(client: Client, wait: _Wait, error: HostUnreachable) -> None:
    """Pause before the host is asked again."""
    client.reconnect()
    if not wait.pause():
        raise HostUnreachable(
            "host_not_back",
            client.host,
            f"no answer since the adapter restart ({error.seen})",
            "an answer within reconnect_timeout_seconds",
            f"{wait.outlook} Look at the host's console: the adapter may have lost its address, or the network its"
            " profile. The change is recorded; state restored takes it back once the host answers.".lstrip(),
        ) from error


class _Wait:
    """Pauses that grow, up to a deadline."""

    def __init__(self, clock: Clock, deadline: float, outlook: str) -> None:
        self.outlook = outlook
        self._clock = clock
        self._deadline = deadline
        self._pause = _FIRST_PAUSE_SECONDS

    def pause(self) -> bool:
        """Wait a little longer than last time. False where the deadline is over."""
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            return False
        # Half of it random: the hosts of a batch come back together, and shall not ask together.
        self._clock.sleep(min(left, self._pause * (0.5 + self._clock.random() / 2)))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        return True

    def progress(self) -> None:
        """Begin with short pauses again: something has happened."""
        self._pause = _FIRST_PAUSE_SECONDS

    @property
    def paused(self) -> bool:
        """Whether there was a pause since something has happened."""
        return self._pause != _FIRST_PAUSE_SECONDS


def _await_host(client: Client, wait: _Wait) -> None:
    """Ask for something small until the host answers."""
    registry = Registry(client)
    while True:
        try:
            registry.get_string(NETWORK_CLASS, "Class", read_timeout_seconds=_POLL_SECONDS)
        except HostUnreachable as error:
            _stay_away(client, wait, error)
        except (WsmanFault, WsmanProtocolError) as error:
            # A host that is just coming back may say so in any way.
            if _is_final(error) or not wait.pause():
                raise
        else:
            wait.progress()
            return


def _await_adapter(client: Client, adapter: Adapter, wait: _Wait) -> None:
    """Ask for the adapter until it is as far up as it was."""
    while True:
        state = _state(client, adapter)
        if state is not None and state.started and (state.up or not adapter.up):
            wait.progress()
            return
        if not wait.pause():
            raise NicError(
                "adapter_not_back",
                f"adapter {adapter.name}",
                "missing" if state is None else f"up: {state.up}, started: {state.started}, since its restart",
                "the adapter up within reconnect_timeout_seconds",
                "Enable the adapter on the host (Enable-NetAdapter). The change is recorded: state restored undoes it.",
            )


def _state(client: Client, adapter: Adapter) -> Adapter | None:
    """The adapter as it is now; None while the host has no such adapter."""
    try:
        return read_adapters([client.get(NAMESPACE, "MSFT_NetAdapter", adapter.selectors)])[0]
    except (WsmanFault, WsmanProtocolError) as error:
        if _is_final(error):
            raise
        return None


def _is_final(error: NicError) -> bool:
    return isinstance(error, WsmanFault) and error.access_denied
