# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Guards on the HTTP sessions of pywinrm and pypsrp: what a host may send, and what may be sent again.

The libraries' own adapters stay in place, with their proxies, client certificates and pypsrp's connection rules; one
more stands around each.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator

try:
    from requests.adapters import BaseAdapter, HTTPAdapter
except ImportError:  # both connection libraries need it, and sessions.py refuses to work without one
    BaseAdapter = HTTPAdapter = object  # type: ignore[assignment,misc]

if t.TYPE_CHECKING:
    import requests

    from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.deadline import Deadline


class AnswerTooLarge(Exception):
    """The answer is longer than allowed; reading stopped there."""


class AnswerNotPlain(Exception):
    """The answer is compressed, or a redirection. WinRM sends neither, and both lead around other guards."""


class SessionLost(Exception):
    """The host no longer knows the session that the message was encrypted for. Nobody read the message."""


class GuardedAdapter(BaseAdapter):
    """Sends through the library's adapter, and counts the answer's bytes while they arrive."""

    def __init__(self, inner: BaseAdapter, most_bytes: int) -> None:
        super().__init__()
        self._inner = inner
        self._most_bytes = most_bytes

    def send(self, request: requests.PreparedRequest, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        """Send *request* and return the answer, its body still unread.

        Authentication handlers look at the answer's socket, for channel binding, and it is gone once the body is read.
        """
        response = self._inner.send(request, *args, **kwargs)
        # The handlers send their next leg through this attribute, and it must not lead around the guard.
        response.connection = self  # type: ignore[assignment]
        try:
            self._check(request, response)
        except Exception:
            response.close()
            raise
        response.iter_content = self._counted(response)  # type: ignore[method-assign]
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _check(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        if response.status_code == 401 and str(request.headers.get("Content-Type", "")).startswith("multipart/"):
            # An encrypted message on a connection that is not authenticated: the one it was encrypted for is closed.
            # The handlers would log on again and send the same bytes, which nobody can decrypt any more.
            raise SessionLost
        if response.is_redirect or response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise AnswerNotPlain
        announced = response.headers.get("Content-Length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > self._most_bytes:
            raise AnswerTooLarge

    def _counted(self, response: requests.Response) -> Callable[..., Iterator[t.Any]]:
        original = response.iter_content
        most = self._most_bytes

        def counted(*args: t.Any, **kwargs: t.Any) -> Iterator[t.Any]:
            received = 0
            for chunk in original(*args, **kwargs):
                received += len(chunk)
                if received > most:
                    response.close()
                    raise AnswerTooLarge
                yield chunk

        return counted


def guard(session: requests.Session, most_bytes: int, deadline: Deadline | None = None) -> None:
    """Put the guard around every adapter of *session*, once, and forbid all resends but attempts to connect.

    Args:
        session: Session of pywinrm or pypsrp.
        most_bytes: Largest body of one answer.
        deadline: Is to know the session's connections.
    """
    for prefix, adapter in list(session.adapters.items()):
        if isinstance(adapter, GuardedAdapter):
            continue
        if isinstance(adapter, HTTPAdapter):
            # pypsrp's reconnection_retries would also resend after a TLS error, when the message may have been read.
            adapter.max_retries = adapter.max_retries.new(read=False, status=0, other=0, redirect=0)
            if deadline is not None:
                deadline.watch(adapter)
        session.mount(prefix, GuardedAdapter(adapter, most_bytes))
    # WinRM does not compress, and requests would ask for it.
    session.headers["Accept-Encoding"] = "identity"
