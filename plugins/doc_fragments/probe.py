# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How BMCs are asked."""

    DOCUMENTATION = r"""
options:
  bmc:
    description:
      - The BMCs to ask, as IPv4 addresses or names. The controller resolves names, which must have one IPv4 address.
      - An address of the host itself is refused, since such traffic never passes a network adapter.
    type: list
    elements: str
    required: true
  port:
    description: UDP port of the BMCs.
    type: int
    default: 623
  attempts:
    description:
      - How often each BMC is asked, 3 to 10. Fewer would prove no silence, since one lost datagram is no fault.
      - Each attempt is one Get Channel Authentication Capabilities and, half an interval later, one RMCP presence ping,
        with a new sequence number and tag.
    type: int
    default: 3
  interval_ms:
    description: Milliseconds between attempts. Old management cards lose quick questions.
    type: int
    default: 1000
  wait_ms:
    description: Milliseconds to wait for answers after the last question. A BMC that answers everything ends the wait.
    type: int
    default: 2000
  source_address:
    description:
      - IPv4 address to send from. It must be one of the sending system's own. Left out, the system chooses.
    type: str
notes:
  - At most two probes of one BMC run at a time within one run of Ansible. The others wait for their turn, since an old
    management card drowns in the questions of a fleet.
  - Before the first attempt from a host that has not resolved the neighbour yet, one presence ping is sent that nobody
    waits for, one interval ahead.
"""
