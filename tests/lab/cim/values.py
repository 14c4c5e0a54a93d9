# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain data that the wire part turns into XML, and the one exception CIM operations raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Scalar: TypeAlias = bool | int | str | datetime | timedelta | None

ErrorKind = Literal[
    "access_denied",
    "already_exists",
    "failed",
    "insufficient_selectors",
    "invalid_class",
    "invalid_namespace",
    "invalid_parameter",
    "invalid_query",
    "invalid_selectors",
    "method_not_found",
    "not_found",
    "not_supported",
    "provider_failure",
]

Provider = Literal["wmi", "mi"]


@dataclass(slots=True)
class CimInstance:
    """One object of one CIM class.

    ``properties`` keeps the order of the class declaration. A property named in ``arrays`` is a list or None; Windows
    leaves null and empty arrays out of the answer, while a null scalar is an element marked nil. A timedelta is a CIM
    interval, an aware datetime a CIM point in time. ``keys`` are the selectors of the endpoint reference.
    """

    class_name: str
    namespace: str
    properties: dict[str, Value]
    arrays: frozenset[str] = frozenset()
    keys: dict[str, str] = field(default_factory=dict)


Value: TypeAlias = Scalar | CimInstance | Sequence[Scalar | CimInstance]


class CimError(Exception):
    """A CIM operation failed.

    ``provider`` says which of the two fault shapes real Windows uses: ``wmi`` for classic providers (WSManFault with
    ProviderFault and __ExtendedStatus), ``mi`` for MI providers such as NetAdapterCim (MSFT_WmiError). An MI provider
    may say its own HRESULT, ``code``.
    """

    def __init__(self, kind: ErrorKind, text: str, provider: Provider = "wmi", code: int | None = None) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind: ErrorKind = kind
        self.text = text
        self.provider: Provider = provider
        self.code = code
