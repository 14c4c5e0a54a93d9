# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A UDP service on loopback that answers as a test says, for tests of whoever asks over UDP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Answer = Callable[[bytes], list[bytes]]
"""Takes a datagram, returns the datagrams to send back."""


@dataclass
class Responder:
    """Listens on an address of its own while the ``with`` block lasts."""

    answer: Answer
    elsewhere: Answer = field(default=lambda datagram: [])  # noqa: ARG005
    """What to send back from another port than the one that was asked."""
    address: str = "127.0.0.1"
    received: list[tuple[bytes, int]] = field(default_factory=list)
    """Each datagram that came in, with the port that it came from."""

    def __enter__(self) -> Self:
        """Start to listen."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 0))
        self._other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._other.bind((self.address, 0))
        self.port = int(self._socket.getsockname()[1])
        self.other_port = int(self._other.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening: a datagram without content is the sign to end."""
        self._other.sendto(b"", (self.address, self.port))
        self._thread.join()
        self._socket.close()
        self._other.close()

    def _serve(self) -> None:
        while True:
            datagram, peer = self._socket.recvfrom(65535)
            if not datagram:
                return
            self.received.append((datagram, peer[1]))
            for each in self.answer(datagram):
                self._socket.sendto(each, peer)
            for each in self.elsewhere(datagram):
                self._other.sendto(each, peer)
