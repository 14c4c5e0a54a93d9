# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that the examples of udp_probe ask: their questions as documented, and real replies."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.pattern import Pattern, read_pattern
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.payload import Payload, read_payload
from tests.conftest import PROJECT_ROOT

REPLIES = {
    "dns": "00 02 8180 0001 0001 0000 0000 076578616d706c6503636f6d00 0001 0001 c00c 0001 0001 00000078 0004 c0000201",
    "snmp": "30 29 02 01 01 04 06 7075626c6963 a2 1c 02 01 02 02 01 00 02 01 00"
    "30 11 30 0f 06 08 2b06010201010300 43 03 0a1b2c",
    "ntp": "24 01 00 ec 00000010 00000020 47505300 e5a1b2c300000000 0000000000000002 e5a1b2c400000000 e5a1b2c400000001",
    "bmc": "06 00 ff 06 000011be 40 02 00 10 000011be 00000000 81 00 000000000000",
}
"""Real replies to the second attempt of the documented examples."""


def documented_probe() -> dict[str, Any]:
    """The documentation of the module."""
    text = (PROJECT_ROOT / "plugins" / "modules" / "udp_probe.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def documented_question(service: str) -> tuple[Payload, Pattern]:
    """Payload and pattern of the example that asks *service*, with their Jinja filled in."""
    examples = yaml.safe_load(documented_probe()["EXAMPLES"])
    tasks = [task["remediation.windows_nic.udp_probe"] for task in examples if "ansible.builtin.debug" not in task]
    options = next(task for task in tasks if f"{service}_port" in task["port"])
    payload, reply = (
        re.sub(r"{{ '(..)' \* (\d+) }}", lambda match: match[1] * int(match[2]), options[name])
        for name in ("payload", "reply")
    )
    return read_payload(payload), read_pattern(reply)
