# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter ``verdict``: from the results of a host's tasks to one verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._judgement import judge
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observations import Settings
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import (
    HostProfile,
    read_profile,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._registered import EVIDENCE


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"verdict": verdict}


def verdict(evidence: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Judge a host.

    Raises:
        AnsibleFilterError: The input is no mapping, or has a key that is not documented; or the host profile is none.
    """
    results = _mapping("input", evidence, EVIDENCE)
    decisions = _mapping("settings", settings or {}, [field.name for field in fields(Settings)])
    for name in ("classes", "own_bmc"):
        if name in decisions:
            decisions[name] = tuple(decisions[name])
    if "host_profile" in decisions:
        decisions["host_profile"] = _profile(decisions["host_profile"])
    # Names of adapters and messages come from hosts: ansible-core before 2.19 would template them when they are read.
    judgement: dict[str, Any] = wrap_var(judge(results, Settings(**decisions)))
    return judgement


def _profile(content: Any) -> HostProfile:
    if not isinstance(content, Mapping):
        raise AnsibleFilterError(
            f"verdict: the host profile is a {type(content).__name__}; expected a mapping, as the playbook qualify"
            " writes it. See: ansible-doc -t filter remediation.windows_nic.verdict"
        )
    try:
        return read_profile(content)
    except NicError as error:
        raise AnsibleFilterError(f"verdict: {error}") from error


def _mapping(what: str, value: Any, known: tuple[str, ...] | list[str]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise AnsibleFilterError(
            f"verdict: the {what} is a {type(value).__name__}; expected a mapping. See: ansible-doc -t filter"
            " remediation.windows_nic.verdict"
        )
    converted: dict[str, Any] = plain(value)
    unknown = sorted(set(converted) - set(known))
    if unknown:
        raise AnsibleFilterError(
            f"verdict: the {what} has unknown keys {', '.join(unknown)}; expected only {', '.join(known)}."
            " See: ansible-doc -t filter remediation.windows_nic.verdict"
        )
    return converted
