# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``wire:`` part of a host in a fleet file: how its WinRM service listens, and how it misbehaves.

Everything has a default, so a host that says nothing about its wire is a well-behaved Windows host that listens on
5985 (HTTP, message encryption required) and 5986 (HTTPS, certificate signed by the lab's test CA).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[int, Field(ge=0)]


class Certificate(StrEnum):
    """Which certificate the HTTPS listener shows."""

    GOOD = "good"
    EXPIRED = "expired"
    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong_name"


class ChannelBinding(StrEnum):
    """Extended protection of NTLM over HTTPS: the ``CbtHardeningLevel`` setting of the WinRM service.

    ``relaxed`` (the Windows default) refuses a binding that does not match and accepts a missing one,
    ``strict`` refuses both, ``none`` looks at neither.
    """

    NONE = "none"
    RELAXED = "relaxed"
    STRICT = "strict"


class Outage(StrEnum):
    """What a client meets while an adapter restarts.

    ``refuse``: open connections are reset at once and new ones are refused. ``silent``: open connections fall silent
    and are reset when the link returns, new ones get no answer to their SYN.
    """

    REFUSE = "refuse"
    SILENT = "silent"


class Misbehaviour(StrEnum):
    """What a fault rule does to the request it strikes."""

    DELAY = "delay"
    """Wait ``seconds``, then execute and answer."""
    HOLD = "hold"
    """Execute at once, hold the answer back for ``seconds`` (null: for ever)."""
    CUT_BEFORE = "cut_before"
    """Drop the connection, nothing is executed."""
    CUT_AFTER = "cut_after"
    """Execute, then drop the connection instead of answering."""
    TRUNCATE = "truncate"
    """Execute, announce the whole answer, send half of it and close."""
    NOT_XML = "not_xml"
    """Execute, answer 200 with something that is not XML."""
    DTD = "dtd"
    """Execute, answer with a document type declaration in front."""
    WRONG_RELATES_TO = "wrong_relates_to"
    """Execute, answer as if to another request."""
    NO_RELATES_TO = "no_relates_to"
    """Execute, answer without RelatesTo."""
    ENDLESS_PULL = "endless_pull"
    """An enumeration struck by this never ends: every pull brings its last item again."""
    EMPTY_PULL = "empty_pull"
    """A pull answers with a context but without Items."""
    HUGE = "huge"
    """Execute, answer with 10 MB in chunked transfer encoding."""
    QUOTA = "quota"
    """Fault: too many operations of this user (MSFT_WmiError, 2150859174). Nothing is executed."""
    TIMEOUT = "timeout"
    """Fault: operation timeout (w:TimedOut, 2150858793). Nothing is executed."""
    ACCESS_DENIED = "access_denied"
    """Fault: access denied (code 5). Nothing is executed."""
    UNAUTHORIZED = "unauthorized"
    """HTTP 401: the credentials are not taken any more. Nothing is executed."""
    UNAVAILABLE = "unavailable"
    """HTTP 503 with an empty body. Nothing is executed."""
    GO_DOWN = "go_down"
    """The host goes down as the request arrives: connections reset, nobody listens for ``seconds`` (null: ever)."""
    REBOOT = "reboot"
    """Execute at once, then the machine reboots instead of answering."""


class CutBy(StrEnum):
    """How a connection is dropped: TCP reset, or an orderly close (FIN)."""

    RESET = "reset"
    CLOSE = "close"


class FaultRule(BaseModel):
    """One misbehaviour and the requests it strikes.

    A rule looks at requests that carry a WS-Management message (authentication round trips don't count). All of
    ``action``, ``resource`` and ``method`` that are given must fit; of the fitting requests the first ``skip`` pass,
    the next ``times`` are struck (null: all of them). The first rule that fits and is not used up wins.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Misbehaviour
    action: str | None = None
    """Enumerate, Pull, Release, Get, Put, Create, Delete, Invoke, Command, Send, Receive or Signal."""
    resource: str | None = None
    """CIM class (the queried one for WQL and its pulls), or the last part of another URI, such as cmd or config."""
    method: str | None = None
    """Method name of an Invoke."""
    skip: Count = 0
    times: Annotated[int, Field(ge=1)] | None = 1
    seconds: Annotated[float, Field(ge=0)] | None = None
    """For ``delay``, ``hold`` and ``go_down``."""
    how: CutBy = CutBy.RESET
    """For ``cut_before`` and ``cut_after``."""

    @model_validator(mode="after")
    def _delay_needs_seconds(self) -> Self:
        if self.do is Misbehaviour.DELAY and self.seconds is None:
            raise ValueError("a delay needs seconds; use hold without seconds for an answer that never comes")
        return self


class WireSpec(BaseModel):
    """How one host's WinRM service listens, and how it misbehaves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    http: bool = True
    """Listen on 5985."""
    https: bool = True
    """Listen on 5986."""
    down: bool = False
    """Nothing listens at all."""
    unavailable: bool = False
    """Every request gets 503: HTTP.sys is up, the WinRM service is not."""
    certificate: Certificate = Certificate.GOOD
    channel_binding: ChannelBinding = ChannelBinding.RELAXED
    basic: bool = True
    """Offer Basic over HTTPS. It is always refused over HTTP."""
    outage: Outage = Outage.REFUSE
    answer_delay_ms: Milliseconds = 0
    """Added to every answer."""
    obeys_wmi_options: bool = True
    """Whether wmi:__ProviderArchitecture chooses the registry that StdRegProv sees."""
    max_envelope_kb: Annotated[int, Field(ge=8)] = 500
    max_timeout_ms: Annotated[int, Field(ge=500)] = 60_000
    """OperationTimeout is clamped to this."""
    enumeration_timeout_ms: Annotated[int, Field(ge=1)] = 240_000
    """Idle life of an enumeration context."""
    max_shells_per_user: Annotated[int, Field(ge=1)] = 30
    receive_chunk_bytes: Annotated[int, Field(ge=1)] = 1000
    """Output of a shell command arrives in pieces of this size, cut wherever it falls."""
    skip_cmd_shell: Annotated[str, Field(pattern="^(works|by_path)$")] = "works"
    """What becomes of a command that is to be started without cmd: ``by_path`` finds it by its full path only, and no
    other program (0x80070002), as Server 2012 in recordings."""
    faults: tuple[FaultRule, ...] = ()

    connection: Annotated[str, Field(pattern="^(winrm|psrp)$")] = "winrm"
    """The Ansible connection plugin in the generated inventory."""
    scheme: Annotated[str, Field(pattern="^(http|https)$")] = "http"
    """What the generated inventory tells Ansible to use."""
    authentication: Annotated[str, Field(pattern="^(ntlm|negotiate|basic)$")] = "ntlm"
    """What the generated inventory tells Ansible to use; ``negotiate`` only with psrp."""

    @model_validator(mode="after")
    def _negotiate_needs_psrp(self) -> Self:
        if self.authentication == "negotiate" and self.connection != "psrp":
            raise ValueError("authentication negotiate goes with connection psrp only")
        return self
