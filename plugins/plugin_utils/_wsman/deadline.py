# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""A limit on how long an answer may take altogether.

A read timeout limits each single wait for bytes. A host that sends one byte before each of them ends, in a header or in
the body, would hold a process of the controller for days. Nothing but closing its connections from another thread ends
such a read, so that is what happens at the deadline.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t
import weakref
from collections.abc import Callable, Iterator, Mapping

if t.TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

_AGAIN_SECONDS = 0.5
"""A connection that is opened anew after the deadline is closed too."""


class Deadline:
    """Knows the connections of HTTP sessions, and closes them when an answer takes too long."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[t.Any] = weakref.WeakSet()
        self._over = threading.Event()

    @property
    def passed(self) -> bool:
        """Whether the last :meth:`within` came to its deadline."""
        return self._over.is_set()

    def watch(self, adapter: HTTPAdapter) -> None:
        """Take note of every connection that *adapter* will open, through proxies too."""
        adapter.poolmanager.pool_classes_by_scheme = self._noting(adapter.poolmanager.pool_classes_by_scheme)
        original = adapter.proxy_manager_for

        def proxy_manager_for(*args: t.Any, **kwargs: t.Any) -> t.Any:
            known = len(adapter.proxy_manager)
            manager = original(*args, **kwargs)
            if len(adapter.proxy_manager) > known:
                manager.pool_classes_by_scheme = self._noting(manager.pool_classes_by_scheme)
            return manager

        adapter.proxy_manager_for = proxy_manager_for  # type: ignore[method-assign]

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Close all connections that are open *seconds* from now, unless the block has ended by then."""
        self._over.clear()
        done = threading.Event()
        watching = threading.Thread(target=self._wait, args=(done, seconds), daemon=True)
        watching.start()
        try:
            yield
        finally:
            done.set()
            watching.join()

    def _wait(self, done: threading.Event, seconds: float) -> None:
        while not done.wait(seconds):
            self._over.set()
            for connection in list(self._connections):
                _shut(connection)
            seconds = _AGAIN_SECONDS

    def _noting(self, pools: Mapping[str, Callable[..., t.Any]]) -> dict[str, Callable[..., t.Any]]:
        """What makes urllib3's connection pools, so that their connections are known. pypsrp hooks in here as well."""
        return {scheme: self._noting_pool(make) for scheme, make in pools.items()}

    def _noting_pool(self, make_pool: Callable[..., t.Any]) -> Callable[..., t.Any]:
        def make(*args: t.Any, **kwargs: t.Any) -> t.Any:
            pool = make_pool(*args, **kwargs)
            make_connection = pool.ConnectionCls

            def connection(*args: t.Any, **kwargs: t.Any) -> t.Any:
                made = make_connection(*args, **kwargs)
                self._connections.add(made)
                return made

            pool.ConnectionCls = connection
            return pool

        return make


def _shut(connection: t.Any) -> None:
    sock = getattr(connection, "sock", None)
    if sock is None:
        return
    # It may have ended by itself in the meantime.
    with contextlib.suppress(OSError):
        if isinstance(sock, socket.socket):
            # Below TLS: the reading thread is in the middle of a record, and its state is not ours to change.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        else:
            sock.shutdown(socket.SHUT_RDWR)
