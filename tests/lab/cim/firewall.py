# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetSecurity classes of root/standardcimv2: firewall rules and their filters, joined by InstanceID, and profiles.

Only the persistent store is there, which is what Windows shows without a PolicyStore option: rules that come by group
policy are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from tests.lab.cim.classes import CimClass, declare
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition
from tests.lab.diagnosisspec import FirewallProfile

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

_POLICY_RULE = (
    "Caption Description ElementName InstanceID CommonName PolicyKeywords[] CreationClassName Enabled"
    " PolicyDecisionStrategy PolicyRoles[] PolicyRuleName ConditionListType ExecutionStrategy Priority RuleUsage"
    " SequencedActions SystemCreationClassName SystemName"
)
NOT_CONFIGURED: Final = 0
ALLOW: Final = 2
BLOCK: Final = 4
GPO_FALSE: Final = 0
GPO_TRUE: Final = 1
GPO_NOT_CONFIGURED: Final = 2
_ACTIONS: Final = {None: NOT_CONFIGURED, "allow": ALLOW, "block": BLOCK}
_SWITCHES: Final = {None: GPO_NOT_CONFIGURED, False: GPO_FALSE, True: GPO_TRUE}
_FILTER = (
    "Caption Description ElementName InstanceID CreationClassName IsNegated Name SystemCreationClassName SystemName"
)


def _rules(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for rule in machine.firewall_rules:
        yield {
            "ElementName": rule.display_name,
            "InstanceID": rule.name,
            "CreationClassName": f"MSFT|FW|FirewallRule|{rule.name}",
            "Enabled": 1 if rule.enabled else 2,
            "PolicyRuleName": "",
            "SystemCreationClassName": "",
            "SystemName": "",
            "Action": 2,
            "Direction": 1,
            "DisplayGroup": "Windows Remote Management" if rule.group else None,
            "DisplayName": rule.display_name,
            "EdgeTraversalPolicy": 0,
            "EnforcementStatus": [0],
            "LocalOnlyMapping": False,
            "LooseSourceMapping": False,
            "PolicyStoreSource": "PersistentStore",
            "PolicyStoreSourceType": 1,
            "PrimaryStatus": 1,
            "Profiles": rule.profiles,
            "RuleGroup": rule.group,
            "Status": "The rule was parsed successfully from the store.",
            "StatusCode": 65536,
        }


def _filter(name: str) -> dict[str, Value]:
    return {
        "InstanceID": name,
        "CreationClassName": f"MSFT|FW|FirewallRule|{name}",
        "IsNegated": False,
        "Name": "",
        "SystemCreationClassName": "",
        "SystemName": "",
    }


def _addresses(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for rule in machine.firewall_rules:
        yield _filter(rule.name) | {"LocalAddress": ["Any"], "RemoteAddress": [rule.remote]}


def _ports(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    for rule in machine.firewall_rules:
        yield _filter(rule.name) | {
            "DynamicTarget": 0,
            "IcmpType": ["Any"],
            "LocalPort": [rule.port],
            "Protocol": "TCP",
            "RemotePort": ["Any"],
        }


def _profiles(machine: Machine, _unused: Condition | None) -> Iterator[Row]:
    """The three profiles as the fleet file has them; what it does not set is left to the defaults of Windows."""
    system = machine.host.system
    for name, profile in (
        ("Domain", system.firewall.domain),
        ("Private", system.firewall.private),
        ("Public", system.firewall.public),
    ):
        yield _profile(name, profile, all_blocked=system.outbound_firewall == "block")


def _profile(name: str, profile: FirewallProfile, *, all_blocked: bool) -> Row:
    return {
        "InstanceID": f"MSFT|FW|FirewallProfile|{name}",
        "Name": name,
        "Enabled": _SWITCHES[profile.enabled],
        "DefaultInboundAction": _ACTIONS[profile.inbound],
        "DefaultOutboundAction": BLOCK if all_blocked else _ACTIONS[profile.outbound],
        "AllowInboundRules": GPO_NOT_CONFIGURED,
        "AllowLocalFirewallRules": GPO_NOT_CONFIGURED,
        "AllowLocalIPsecRules": GPO_NOT_CONFIGURED,
        "AllowUserApps": GPO_NOT_CONFIGURED,
        "AllowUserPorts": GPO_NOT_CONFIGURED,
        "AllowUnicastResponseToMulticast": GPO_NOT_CONFIGURED,
        "NotifyOnListen": GPO_TRUE,
        "EnableStealthModeForIPsec": GPO_NOT_CONFIGURED,
        "LogFileName": "%systemroot%\\system32\\LogFiles\\Firewall\\pfirewall.log",
        "LogMaxSizeKilobytes": 4096,
        "LogAllowed": GPO_FALSE,
        "LogBlocked": GPO_FALSE,
        "LogIgnored": GPO_NOT_CONFIGURED,
        "DisabledInterfaceAliases": ["NotConfigured"],
    }


CLASSES: tuple[CimClass, ...] = (
    declare(
        "MSFT_NetFirewallRule",
        _POLICY_RULE + " Action Direction DisplayGroup DisplayName EdgeTraversalPolicy EnforcementStatus[]"
        " LocalOnlyMapping LooseSourceMapping Owner Platforms[] PolicyStoreSource PolicyStoreSourceType PrimaryStatus"
        " Profiles RuleGroup Status StatusCode",
        "InstanceID",
        _rules,
    ),
    declare("MSFT_NetAddressFilter", _FILTER + " LocalAddress[] RemoteAddress[]", "InstanceID", _addresses),
    declare(
        "MSFT_NetProtocolPortFilter",
        _FILTER + " DynamicTarget IcmpType[] LocalPort[] Protocol RemotePort[]",
        "InstanceID",
        _ports,
    ),
    declare(
        "MSFT_NetFirewallProfile",
        "Caption Description ElementName InstanceID Name Enabled DefaultInboundAction DefaultOutboundAction"
        " AllowInboundRules AllowLocalFirewallRules AllowLocalIPsecRules AllowUserApps AllowUserPorts"
        " AllowUnicastResponseToMulticast NotifyOnListen EnableStealthModeForIPsec LogFileName LogMaxSizeKilobytes"
        " LogAllowed LogBlocked LogIgnored DisabledInterfaceAliases[]",
        "InstanceID",
        _profiles,
    ),
)
