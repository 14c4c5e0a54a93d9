# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A BMC that answers as IPMI and ASF say."""

from __future__ import annotations

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._ipmi.packets import (
    Capabilities,
    CapabilitiesRequest,
    CapabilitiesResponse,
    PresencePing,
    PresencePong,
    unpack,
)


def answer_to(payload: bytes) -> bytes:
    """What a BMC of IPMI 2.0 answers."""
    question = unpack(payload)
    if isinstance(question, PresencePing):
        return PresencePong(question.tag).pack()
    assert isinstance(question, CapabilitiesRequest)
    types, extended = (0x97, 0x03) if question.extended else (0x17, 0x00)
    return CapabilitiesResponse(question.sequence, 0, Capabilities(1, types, 0, extended)).pack()
