# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What speaks against restarting an adapter, as findings that an operator may accept one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.tolerant import NotRead

MOST_SHOWN: Final = 10
"""How many of a kind a finding lists."""
LONGEST_NAME: Final = 120
"""Characters kept of a name that the host gives."""


class Risk(StrEnum):
    """Codes of findings; those are what ``accept_risks`` takes."""

    CLUSTER_SERVICE = "cluster_service"
    """The host is a node of a failover cluster."""
    ISCSI_SESSION = "iscsi_session"
    """A disk of the host hangs on the adapter."""
    PUBLIC_PROFILE = "public_profile"
    """Windows may take the network for a public one, where its firewall does not let the controller in."""
    ROUTE_NOT_PERSISTENT = "route_not_persistent"
    """A route through the adapter is gone once the adapter restarts."""
    RUNNING_VIRTUAL_MACHINES = "running_virtual_machines"
    """Virtual machines use the adapter through a virtual switch."""
    SHARED_BMC_PORT = "shared_bmc_port"
    """The host's own management controller seems to use the same port."""
    WIRED_AUTHENTICATION = "wired_authentication"
    """The switch may have to admit the port anew (802.1X)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against restarting one adapter.

    Attributes:
        risk: What it is.
        adapter: Name of the adapter.
        sentence: What it means, for people.
        seen: What it was concluded from: plain values, bounded in number and length.
    """

    risk: Risk
    adapter: str
    sentence: str
    seen: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The stable word for it."""
        return self.risk.value

    def as_dict(self) -> dict[str, Any]:
        """The finding as it stands in results."""
        return {
            "code": self.code,
            "adapter": self.adapter,
            "sentence": self.sentence,
            "seen": dict(self.seen),
            "override": f"accept_risks: [{self.code}]",
        }


@dataclass(frozen=True, slots=True)
class Restart:
    """An adapter that will be restarted. ``interfaces``: indices of those whose traffic it carries, its own too."""

    adapter: Adapter
    interfaces: frozenset[int]

    def finding(self, risk: Risk, sentence: str, **seen: Any) -> Finding:
        """A finding about it."""
        return Finding(risk, self.adapter.name, sentence, seen)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was looked at before adapters are restarted: what was found, and what could not be read."""

    findings: tuple[Finding, ...] = ()
    not_read: tuple[NotRead, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The ``preflight`` of a task's result."""
        return {
            "findings": [finding.as_dict() for finding in self.findings],
            "not_read": [line.as_dict() for line in self.not_read],
        }

    def unaccepted(self, accepted: Collection[str]) -> tuple[Finding, ...]:
        """The findings whose code is not among *accepted*."""
        return tuple(finding for finding in self.findings if finding.code not in accepted)

    def refuse_unless_accepted(self, accepted: Collection[str]) -> None:
        """Let only those restarts pass whose risks an operator has accepted.

        Raises:
            NicError: ``restart_risky``, naming every finding that is not accepted; ``partial`` has the whole preflight.
        """
        open_findings = self.unaccepted(accepted)
        if open_findings:
            error = _risky(open_findings)
            error.partial = {"preflight": self.as_dict()}
            raise error


def _risky(findings: Sequence[Finding]) -> NicError:
    adapters = list(dict.fromkeys(finding.adapter for finding in findings))
    codes = sorted({finding.code for finding in findings})
    # A sentence that holds for several adapters is said once.
    sentences = list(dict.fromkeys(f"{finding.code}: {finding.sentence}" for finding in findings))
    return NicError(
        "restart_risky",
        f"adapter {', '.join(adapters)}" if len(adapters) == 1 else f"adapters {', '.join(adapters)}",
        " ".join(sentences),
        "nothing that a restart of the adapter would harm",
        f"Nothing was changed. Put it right, or accept it with accept_risks: [{', '.join(codes)}],"
        " or set restart to never.",
    )
