# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the WinRM service of the lab needs to know of a simulated machine, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tests.lab.cim.values import CimInstance, Value


class Rights(Protocol):
    """What an account may do over WinRM."""

    @property
    def cim(self) -> bool:
        """Reach CIM classes."""

    @property
    def shell(self) -> bool:
        """Open a WinRM shell."""


class Machine(Protocol):
    """A simulated Windows machine behind its WinRM service."""

    @property
    def on_disconnect(self) -> list[Callable[[], None]]:
        """Called when an adapter restarts and takes the connections of the host with it."""

    @property
    def on_reboot(self) -> list[Callable[[], None]]:
        """Called when the machine goes down for a reboot, before its connections are lost."""

    @property
    def answers_at(self) -> str | None:
        """The address where its service answers; null while it does not."""

    @property
    def locked_out(self) -> bool:
        """Whether its firewall drops what comes in."""

    def rights(self, user: str) -> Rights:
        """What an account may do."""

    def enumerate(self, namespace: str, class_name: str, where: str | None) -> Sequence[CimInstance]:
        """All objects of a class, or those that a WQL condition (the text after WHERE) holds for."""

    def get(self, namespace: str, class_name: str, selectors: dict[str, str]) -> CimInstance:
        """One object by its keys."""

    async def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: dict[str, str | list[str] | None],
        selectors: dict[str, str],
    ) -> Mapping[str, Value]:
        """Call a method; the output parameters and ReturnValue."""

    def delete(self, namespace: str, class_name: str, selectors: dict[str, str]) -> None:
        """Delete one object by its keys."""

    async def run_command(self, executable: str, arguments: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        """Run a command to its end: exit code, standard output, standard error."""

    def reboot(self) -> None:
        """Go down and come up again."""

    def snapshot(self) -> dict[str, Any]:
        """The state of the machine for people and tests."""
