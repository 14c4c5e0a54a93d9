# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks any UDP service, from a Windows host or from the controller, whether it can be heard. Changes nothing."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._probe_action import COMMON_OPTIONS, ProbeAction
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.addresses import Naming
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.question import read_protocol
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.request import ProbeRequest, read_request


class ActionModule(ProbeAction):
    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {
        "target": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "required": True},
        # Not str: Ansible would turn the number that YAML has made of 0600 back into other text than was written.
        "payload": {"type": "raw", "required": True},
        "reply": {"type": "raw", "default": "*"},
        **COMMON_OPTIONS,
    }

    def request(self, arguments: Mapping[str, t.Any]) -> ProbeRequest:
        return read_request(arguments, Naming("target", "target"), read_protocol(arguments))
