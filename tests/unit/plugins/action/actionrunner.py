# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an action of the collection on a host in memory, as Ansible would run it on a real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ansible_collections.remediation.windows_nic.plugins.plugin_utils import _action
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from tests.unit.plugins.plugin_utils._nic.fakehost import FakeHost


@dataclass
class ActionRunner:
    """Runs one action again and again on one host. ``opened`` counts the sessions it asked for."""

    action: type[NicAction]
    name: str
    host: FakeHost
    become: object = None
    loader: object = None
    opened: int = 0
    displayed: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def __call__(self, *, check: bool = False, diff: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run it with these options."""
        task = SimpleNamespace(
            args=arguments,
            action=f"remediation.windows_nic.{self.name}",
            async_val=0,
            check_mode=check,
            diff=diff,
        )
        connection = SimpleNamespace(transport="winrm", become=self.become, _shell=SimpleNamespace(tmpdir=None))
        display = SimpleNamespace(vvv=self.displayed.append, display=self.printed.append, columns=79)
        with mock.patch.object(_action.sessions, "open_client", self._open):
            action = self.action(task, connection, None, self.loader, None, None)
            action._display = display
            result: Mapping[str, Any] = action.run(None, {})
        return dict(result)

    def _open(self, connection: object) -> FakeHost:
        self.opened += 1
        return self.host
