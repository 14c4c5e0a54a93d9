# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter ``story``: what was asked, heard and seen on one host, as a person would want to read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._story import tell


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"story": story}


def story(evidence: Mapping[str, Any], result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Tell the story of one host.

    Raises:
        AnsibleFilterError: An input is no mapping.
    """
    for what, value in (("input", evidence), ("result", result)):
        if not isinstance(value, Mapping):
            raise AnsibleFilterError(
                f"story: the {what} is a {type(value).__name__}; expected a mapping. See: ansible-doc -t filter"
                " remediation.windows_nic.story"
            )
    # Names and messages come from hosts: ansible-core before 2.19 would template them when they are read.
    told: list[dict[str, str]] = wrap_var(tell(plain(evidence), plain(result)))
    return told
