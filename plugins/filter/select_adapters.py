# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chooses adapters from the facts that nic_facts returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.selection import parse_selection, select
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain


def select_adapters(adapters: Any, selection: Any) -> list[Any]:
    """Return the adapters that fit *selection*: a mapping as the modules take it, or a JMESPath expression."""
    facts = plain(adapters)
    wanted = plain(selection)
    try:
        if not isinstance(facts, list) or not all(_is_adapter(each) for each in facts):
            raise NicError(
                "not_adapter_facts",
                "the input of select_adapters",
                f"a {type(facts).__name__} that is not made of adapters" if isinstance(facts, list) else "no list",
                "the list windows_nics that nic_facts returns",
                "Pipe windows_nics into the filter.",
            )
        if not isinstance(wanted, str | Mapping):
            raise NicError(
                "selection_invalid",
                "the selection of select_adapters",
                f"a {type(wanted).__name__}",
                "a mapping such as {'class': 'confirmed'}, or a JMESPath expression",
                "Give the filter one of the two.",
            )
        parsed = parse_selection({"query": wanted} if isinstance(wanted, str) else wanted)
        if parsed.toward:
            raise NicError(
                "selection_invalid",
                "the selection of select_adapters",
                "toward",
                "keys that the facts answer, which hold no routes",
                "Use toward in the option adapters of nic_facts or checksum_offload.",
            )
        chosen = select(facts, parsed)
    except NicError as error:
        raise AnsibleFilterError(str(error)) from error
    # Names come from hosts: ansible-core before 2.19 would template them when they are read.
    unsafe: list[Any] = wrap_var(chosen)
    return unsafe


def _is_adapter(facts: Any) -> bool:
    return isinstance(facts, dict) and {"name", "guid", "mac", "driver", "pci", "assessment"} <= set(facts)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"select_adapters": select_adapters}
