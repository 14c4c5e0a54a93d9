# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of tasks as a play registers them, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

GUID = "{6E5A1C1C-0000-4000-8000-000000000001}"
OTHER_GUID = "{6E5A1C1C-0000-4000-8000-000000000002}"
BMC = "192.0.2.20"


def adapter(**changes: Any) -> dict[str, Any]:
    """Facts of an adapter that is a candidate; keys of ``udp_ipv4_checksum`` and ``class`` may be given directly."""
    offload = {
        "keyword": "*UDPChecksumOffloadIPv4",
        "configured": "rx_tx",
        "active": "rx_tx",
        "default": "rx_tx",
        "allowed": ["disabled", "tx", "rx", "rx_tx"],
        "restart_pending": False,
    }
    facts = {
        "name": "Ethernet",
        "description": "Intel(R) I211 Gigabit Network Connection",
        "guid": GUID,
        "index": 7,
        "mac": "aa:bb:cc:dd:ee:ff",
        "up": True,
        "physical": True,
        "pci": {"vendor": "8086", "device": "1539", "subsystem": None, "revision": "03", "location": None},
        "driver": {"file": "e1r68x64.sys", "version": "12.18.11.1", "date": "2020-06-15", "provider": "Intel"},
        "addresses": [],
        "member_of": None,
        "member_kind": None,
        "carries_management": False,
        "assessment": {
            "class": changes.pop("class_", "confirmed"),
            "rule": "intel-i211-e1r68",
            "reason": "why",
            "source": "where",
        },
        "undo": None,
        "outcome": None,
    }
    facts["udp_ipv4_checksum"] = {key: changes.pop(key, value) for key, value in offload.items()}
    return {**facts, **changes}


def other_adapter(**changes: Any) -> dict[str, Any]:
    """Facts of a second adapter, which nothing is known about."""
    return adapter(**{"name": "Ethernet 2", "guid": OTHER_GUID, "class_": "unknown", **changes})


def undo_record(**changes: Any) -> dict[str, Any]:
    """What is kept of a change that was made and confirmed."""
    return {
        "original": "rx_tx",
        "written": "tx",
        "keyword": "*UDPChecksumOffloadIPv4",
        "taken_at": "2026-11-01T10:00:00Z",
        "driver_version": "12.18.11.1",
        "restart_requested_at": "2026-11-01T10:00:01Z",
        "restarted_at": "2026-11-01T10:00:06Z",
        "outage_seconds": 4.2,
        "outcome": "confirmed",
        "drift": False,
        **changes,
    }


def not_cured(driver_version: str = "12.18.11.1", outcome: str = "not_cured") -> dict[str, Any]:
    """What is kept of a change that did not help, or that had to be undone by a guard."""
    return {"outcome": outcome, "driver_version": driver_version, "at": "2026-11-01T10:00:00Z"}


def facts(
    *adapters: dict[str, Any], task_offload: str | None = "enabled", orphans: Any = (), npcap: Any = None
) -> dict[str, Any]:
    """Result of nic_facts."""
    return {
        "changed": False,
        "failed": False,
        "ansible_facts": {
            "windows_nics": list(adapters or (adapter(),)),
            "windows_nics_task_offload": task_offload,
            "windows_nics_npcap": npcap,
            "windows_nics_orphaned_records": list(orphans),
        },
    }


def path(**changes: Any) -> dict[str, Any]:
    """A way on the link through the adapter, with a neighbour that answered."""
    return {
        "address": BMC,
        "on_link": True,
        "route": "192.0.2.0/24",
        "next_hop": None,
        "interface_index": 7,
        "adapter": "Ethernet",
        "adapter_guid": GUID,
        "physical": ["Ethernet"],
        "source_address": "192.0.2.10",
        "neighbour": {"mac": "00:e0:81:00:00:01", "state": "reachable"},
        "icmp": "silent",
        "own_bmc": False,
        **changes,
    }


def probe(outcome: str = "answered", bmc: str = BMC, **changes: Any) -> dict[str, Any]:
    """What was heard of one BMC, from a host unless ``path`` is None."""
    return {
        "bmc": bmc,
        "address": bmc,
        "port": 623,
        "vantage": "host",
        "outcome": outcome,
        "detail": "what was seen",
        "answers": 3 if outcome == "answered" else 0,
        "attempts": 3,
        "attempt_outcomes": [outcome] * 3,
        "silent": outcome == "no_answer",
        "round_trip_ms": None,
        "source_address": "192.0.2.10",
        "ipmi_versions": [],
        "replies": [],
        "path": path(),
        "udp_errors": None,
        "asked_at": 1_793_500_000.0,
        **changes,
    }


def probes(*each: dict[str, Any]) -> dict[str, Any]:
    """Result of ipmi_probe."""
    return {"changed": False, "failed": False, "vantage": "host", "probes": list(each)}


def receive_path(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Result of receive_path_facts, of a host with three addresses on one adapter and one on another."""
    owned = {
        "192.0.2.10": "Ethernet",
        "192.0.2.11": "Ethernet",
        "192.0.2.12": "Ethernet",
        "198.51.100.10": "Ethernet 2",
    }
    return {
        "changed": False,
        "receive_path": {
            "firewall": {"reply": "passes", "profiles": []},
            "source_addresses": [
                {"address": address, "prefix": 24, "adapter": adapter} for address, adapter in owned.items()
            ],
            "findings": list(findings),
            "not_read": [],
            **changes,
        },
    }


def sources(*each: dict[str, Any]) -> dict[str, Any]:
    """Result of ipmi_probe in a loop over other source addresses."""
    return {"changed": False, "results": [probes(one) for one in each]}


def drops(cause: str, bmc: str = BMC, **changes: Any) -> dict[str, Any]:
    """Result of drop_evidence."""
    entry = {"bmc": bmc, "cause": cause, "sentence": "What the packets show.", "pcap": None, **changes}
    return {"changed": False, "evidence": [entry]}


SILENT = probes(probe("no_answer"))
ANSWERED = probes(probe("answered"))
CONTROL = probes(probe("answered", vantage="controller", path=None))
DEAF_CONTROL = probes(probe("no_answer", vantage="controller", path=None))
SKIPPED = {"changed": False, "skipped": True, "skip_reason": "Conditional result was False"}
UNREACHABLE = {"changed": False, "unreachable": True, "msg": "192.0.2.1: timed out; expected an answer. Check it."}
ERROR = {
    "code": "access_denied",
    "subject": "root/standardcimv2",
    "seen": "access denied",
    "expected": "the right to read",
    "next_step": "Grant it.",
}
FAILED = {"changed": False, "failed": False, "msg": "root/standardcimv2: access denied; expected ...", "error": ERROR}


def change(**entry: Any) -> dict[str, Any]:
    """Result of checksum_offload that changed and restarted the adapter."""
    return {
        "changed": True,
        "failed": False,
        "adapters": [
            {
                "name": "Ethernet",
                "guid": GUID,
                "keyword": "*UDPChecksumOffloadIPv4",
                "before": {"configured": "rx_tx", "active": "rx_tx"},
                "after": {"configured": "tx", "active": "tx"},
                "changed": True,
                "restarted": True,
                "restart_pending": False,
                "confirmed": True,
                "outage_seconds": 4.2,
                "undo": undo_record(),
                **entry,
            }
        ],
    }


def refused(code: str, **more: Any) -> dict[str, Any]:
    """Result of checksum_offload that left everything as it was."""
    error = {
        "code": code,
        "subject": "adapter Ethernet",
        "seen": "what speaks against it",
        "expected": "nothing",
        "next_step": "Accept it with an option of the module.",
    }
    return {"changed": False, "failed": False, "msg": "no", "error": error, **more}
