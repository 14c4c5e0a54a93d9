# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Exchange of datagrams through the controller's own sockets.

On Linux the socket's error queue is switched on (``ip(7)``, IP_RECVERR): without it an unconnected UDP socket never
hears of an ICMP error. Elsewhere only errors of the send itself are seen, and an unreachable port looks like silence.
"""

from __future__ import annotations

import contextlib
import errno
import math
import selectors
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import (
    RESERVED_LOCAL_PORTS,
    Exchanged,
    ExchangeUnavailable,
    Fault,
    Outstanding,
    Reply,
    Send,
    SocketError,
    targets_of,
)

_LARGEST_DATAGRAM = 2048
_MOST_REPLIES = 256
_MOST_QUEUED_ERRORS = 64

_IP_RECVERR = 11
"""Number of the socket option on Linux; Python names it from 3.14 on."""
_EXTENDED_ERROR = struct.Struct("=IBBBBII")
"""struct sock_extended_err of linux/errqueue.h: errno, origin, type, code, padding, info, data."""
_ORIGIN_ICMP = 2
_ICMP_UNREACHABLE = 3
_ICMP_HOST_UNREACHABLE = 1
_ICMP_HOST_UNKNOWN = 7

_FAULTS = {
    errno.ECONNREFUSED: Fault.PORT_UNREACHABLE,
    errno.ENETUNREACH: Fault.NO_ROUTE,
    errno.EHOSTUNREACH: Fault.NO_ROUTE,
    errno.EPERM: Fault.BLOCKED_OUTBOUND,
    errno.EACCES: Fault.BLOCKED_OUTBOUND,
}


class SocketExchange:
    """The controller's own way to exchange datagrams."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic

    def exchange(self, sends: Sequence[Send], *, source: str | None, wait_ms: int, settle_ms: int) -> Exchanged:
        """See :meth:`exchange.Exchange.exchange`."""
        with contextlib.ExitStack() as stack:
            try:
                sockets = {target: _open_socket(stack, source) for target in targets_of(sends)}
            except OSError as error:
                raise ExchangeUnavailable(
                    "source_unusable",
                    f"the controller can't open a UDP socket on {source or 'any address'}: {error.strerror}",
                ) from error
            selector = stack.enter_context(selectors.DefaultSelector())
            for target, opened in sockets.items():
                selector.register(opened, selectors.EVENT_READ, target)
            return _Run(sends, sockets, selector, self._monotonic).until(wait_ms, settle_ms)


def source_toward(address: str, port: int) -> str | None:
    """The address that the controller sends from toward *address*; None without a route. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, port))
        except OSError:
            return None
        return str(probe.getsockname()[0])


class _Run:
    """One exchange while it lasts."""

    def __init__(
        self,
        sends: Sequence[Send],
        sockets: dict[tuple[str, int], socket.socket],
        selector: selectors.BaseSelector,
        monotonic: Callable[[], float],
    ) -> None:
        self._sends = sends
        self._sockets = sockets
        self._selector = selector
        self._monotonic = monotonic
        self._start = monotonic()
        self._next = 0
        self._last = dict.fromkeys(sockets, 0)
        self._outstanding = Outstanding()
        self._replies: list[Reply] = []
        self._errors: list[SocketError] = []

    def until(self, wait_ms: int, settle_ms: int) -> Exchanged:
        """Send and listen to the end."""
        end = math.inf
        while (now := self._elapsed_ms()) < end:
            until = end
            if self._next < len(self._sends):
                until = self._sends[self._next].after_ms
                if until <= now:
                    self._send_next()
                    if self._next == len(self._sends):
                        end = now + wait_ms
                    continue
            for key, _events in self._selector.select((until - now) / 1000):
                self._receive(key.data)
            if self._next == len(self._sends) and self._outstanding.none_left:
                end = min(end, self._elapsed_ms() + settle_ms)
        return Exchanged(tuple(self._replies), tuple(self._errors))

    def _elapsed_ms(self) -> float:
        return (self._monotonic() - self._start) * 1000

    def _send_next(self) -> None:
        index, send = self._next, self._sends[self._next]
        target = (send.address, send.port)
        self._next += 1
        self._read_error_queue(target)
        self._last[target] = index
        try:
            self._send(target, send.payload)
        except OSError as error:
            self._note(target, error.errno or 0)
        else:
            self._outstanding.sent(target)

    def _send(self, target: tuple[str, int], payload: bytes) -> None:
        try:
            self._sockets[target].sendto(payload, target)
        except OSError:
            # A send reports a pending ICMP error of an earlier datagram instead of sending: read it, then send again.
            if not self._read_error_queue(target):
                raise
            self._sockets[target].sendto(payload, target)

    def _receive(self, target: tuple[str, int]) -> None:
        if self._read_error_queue(target):
            return
        try:
            payload, peer = self._sockets[target].recvfrom(_LARGEST_DATAGRAM)
        except BlockingIOError:
            return
        except OSError as error:
            self._outstanding.answered(target)
            self._note(target, error.errno or 0)
            return
        address, port = peer[0], peer[1]
        if (address, port) == target:
            self._outstanding.answered(target)
        if len(self._replies) < _MOST_REPLIES:
            self._replies.append(Reply(self._last[target], payload, address, port, self._elapsed_ms()))

    def _read_error_queue(self, target: tuple[str, int]) -> bool:
        """Note what the error queue of the socket holds, and return whether it held anything."""
        if sys.platform != "linux":
            return False
        for count in range(_MOST_QUEUED_ERRORS):
            try:
                _data, ancillary, _flags, _peer = self._sockets[target].recvmsg(
                    _LARGEST_DATAGRAM, 512, socket.MSG_ERRQUEUE
                )
            except BlockingIOError:
                return count > 0
            for _level, _kind, content in ancillary:
                self._note_queued(target, content)
        return True

    def _note_queued(self, target: tuple[str, int], content: bytes) -> None:
        if len(content) < _EXTENDED_ERROR.size:
            return
        number, origin, kind, code, *_rest = _EXTENDED_ERROR.unpack_from(content)
        if (
            origin == _ORIGIN_ICMP
            and kind == _ICMP_UNREACHABLE
            and code in (_ICMP_HOST_UNREACHABLE, _ICMP_HOST_UNKNOWN)
        ):
            # There is a way to the target's network, and nobody there has its address: silence, not a missing route.
            return
        self._outstanding.answered(target)
        self._note(target, number)

    def _note(self, target: tuple[str, int], number: int) -> None:
        fault = _FAULTS.get(number, Fault.OTHER)
        self._errors.append(SocketError(self._last[target], fault, number, self._elapsed_ms()))


def _open_socket(stack: contextlib.ExitStack, source: str | None) -> socket.socket:
    while True:
        opened = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        opened.setblocking(False)
        if sys.platform == "linux":
            opened.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        opened.bind((source or "", 0))
        if opened.getsockname()[1] not in RESERVED_LOCAL_PORTS:
            return opened
