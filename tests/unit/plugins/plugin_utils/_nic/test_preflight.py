# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.preflight import (
    Finding,
    Preflight,
    Risk,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import NotRead

DISKS = Finding(Risk.ISCSI_SESSION, "Ethernet", "Disks hang.", {"targets": ["iqn.a"]})
CLUSTER = Finding(Risk.CLUSTER_SERVICE, "Ethernet", "It is a node.", {})
OTHER_CLUSTER = dataclasses.replace(CLUSTER, adapter="Ethernet 2")
UNREAD = NotRead("neighbours", "access_denied", "no")


def test_as_it_stands_in_results() -> None:
    assert Preflight((DISKS,), (UNREAD,)).as_dict() == {
        "findings": [
            {
                "code": "iscsi_session",
                "adapter": "Ethernet",
                "sentence": "Disks hang.",
                "seen": {"targets": ["iqn.a"]},
                "override": "accept_risks: [iscsi_session]",
            }
        ],
        "not_read": [{"what": "neighbours", "code": "access_denied", "why": "no"}],
    }


@pytest.mark.parametrize(
    ("findings", "accepted"),
    [((), ()), ((DISKS,), ("iscsi_session",)), ((DISKS, CLUSTER, OTHER_CLUSTER), ("cluster_service", "iscsi_session"))],
)
def test_what_is_accepted_passes(findings: tuple[Finding, ...], accepted: tuple[str, ...]) -> None:
    preflight = Preflight(findings, (UNREAD,))
    preflight.refuse_unless_accepted(accepted)
    assert preflight.unaccepted(accepted) == ()


def test_a_refusal_names_all_that_is_not_accepted() -> None:
    preflight = Preflight((DISKS, CLUSTER, OTHER_CLUSTER), (UNREAD,))
    with pytest.raises(NicError) as caught:
        preflight.refuse_unless_accepted(["public_profile"])
    error = caught.value
    assert error.code == "restart_risky"
    assert error.subject == "adapters Ethernet, Ethernet 2"
    assert error.seen == "iscsi_session: Disks hang. cluster_service: It is a node."
    assert "accept_risks: [cluster_service, iscsi_session]," in error.next_step
    assert error.partial == {"preflight": preflight.as_dict()}


def test_a_refusal_leaves_out_what_is_accepted_and_shows_it_all_the_same() -> None:
    preflight = Preflight((DISKS, CLUSTER))
    with pytest.raises(NicError) as caught:
        preflight.refuse_unless_accepted(["iscsi_session"])
    assert caught.value.subject == "adapter Ethernet"
    assert caught.value.seen == "cluster_service: It is a node."
    assert "[cluster_service]" in caught.value.next_step
    assert caught.value.partial == {"preflight": preflight.as_dict()}
