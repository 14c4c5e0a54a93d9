# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetSecurity classes of root/standardcimv2: firewall rules and their filters, joined by InstanceID.

Only the persistent store is there, which is what Windows shows without a PolicyStore option: rules that come by group
policy are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tests.lab.cim.classes import CimClass, declare
from tests.lab.cim.values import Value
from tests.lab.cim.wql import Condition

if TYPE_CHECKING:
    from tests.lab.machine import Machine

Row = Mapping[str, Value]

_POLICY_RULE = (
    "Caption Description ElementName InstanceID CommonName PolicyKeywords[] CreationClassName Enabled"
    " PolicyDecisionStrategy PolicyRoles[] PolicyRuleName ConditionListType ExecutionStrategy Priority RuleUsage"
    " SequencedActions SystemCreationClassName SystemName"
)
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
)
