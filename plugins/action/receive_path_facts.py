# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what on a Windows host may change or drop the UDP datagrams that it receives. Changes nothing."""

from __future__ import annotations

import typing as t

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._action import NicAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.receive_path_reading import read_receive_path


class ActionModule(NicAction):
    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"changed": False, "receive_path": read_receive_path(self.client()).as_dict()}
