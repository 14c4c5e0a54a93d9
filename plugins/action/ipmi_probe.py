# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks BMCs over UDP, from a Windows host or from the controller, whether they can be heard. Changes nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.dialogue import BmcProtocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._probe_action import COMMON_OPTIONS, ProbeAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.probe import ProbeResult
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest, read_request


class ActionModule(ProbeAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "bmc": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 623},
        **COMMON_OPTIONS,
    }

    def request(self, arguments: Mapping[str, t.Any]) -> ProbeRequest:
        return read_request(arguments, Naming("bmc", "BMC"), BmcProtocol())

    def told(self, result: ProbeResult) -> dict[str, t.Any]:
        return {"ipmi_versions": list(result.told)}
