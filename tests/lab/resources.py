# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource URI names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.envelopes import Request

_DMTF_DEFAULT_NAMESPACE: Final = "root/hardware"  # [MS-WSMV] 3.1.4.1.1
_NAMESPACE_SELECTOR: Final = "__cimnamespace"


@dataclass(frozen=True, slots=True)
class CimResource:
    """A class, or with ``*`` every class, of a CIM namespace."""

    namespace: str
    """Lower case, with slashes."""
    class_name: str
    """As the request spells it."""
    dmtf: bool
    """Named by a DMTF URI instead of a classic one."""
    selectors: dict[str, str]
    """The keys of an instance, without the selector that only names the namespace."""

    @property
    def any_class(self) -> bool:
        """Whether it is about every class of the namespace."""
        return self.class_name == "*"


def cim_resource(request: Request) -> CimResource | None:
    """The CIM class that a request is about, null when it is about something else (a shell, the configuration).

    Raises:
        WsmanFault: a CIM resource URI without namespace or class.
    """
    uri = request.resource_uri
    keys = {name: value for name, value in request.selectors.items() if name.lower() != _NAMESPACE_SELECTOR}
    named = next((value for name, value in request.selectors.items() if name.lower() == _NAMESPACE_SELECTOR), None)
    if uri.lower().startswith(ns.WMI_ROOT):
        namespace, _unused, class_name = uri[len(ns.WMI_ROOT) :].rpartition("/")
        if not namespace or not class_name or "?" in class_name:
            raise faults.bad_resource_uri("A WMI resource URI needs a namespace and a class. ")
        return CimResource(_normal(named or namespace), class_name, False, keys)
    if uri.lower().startswith(ns.DMTF_ROOT):
        class_name = uri[len(ns.DMTF_ROOT) :]
        if not class_name or "/" in class_name or "?" in class_name:
            raise faults.bad_resource_uri("A CIM resource URI needs one class. ")
        return CimResource(_normal(named or _DMTF_DEFAULT_NAMESPACE), class_name, True, keys)
    return None


def _normal(namespace: str) -> str:
    return namespace.replace("\\", "/").strip("/").lower()


def last_part(uri: str) -> str:
    """What comes after the last slash: the short name of a resource for people and logs."""
    return uri.rstrip("/").rpartition("/")[2]
