# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of one host: a message in, an answer out. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.cim.values import CimError
from tests.lab.cim.wql import parse_query
from tests.lab.cimservice import CimService, method_of
from tests.lab.enumeration import Enumerations
from tests.lab.envelopes import Answer, Limits, Request, fault_answer, read_envelope, read_request
from tests.lab.interfaces import Machine
from tests.lab.resources import cim_resource, last_part
from tests.lab.serviceconfig import config_xml
from tests.lab.shell import ReadsStdin, Shells
from tests.lab.wirespec import Misbehaviour, WireSpec

_LOCALES: Final = {"en": "en-US", "de": "de-DE", "zh": "zh-CN"}
_ACTION_NAMES: Final = {
    action: last_part(action)
    for action in (
        ns.GET,
        ns.PUT,
        ns.CREATE,
        ns.DELETE,
        ns.ENUMERATE,
        ns.PULL,
        ns.RELEASE,
        ns.COMMAND,
        ns.SEND,
        ns.RECEIVE,
        ns.SIGNAL,
    )
}


@dataclass(frozen=True, slots=True)
class Call:
    """A message as far as it could be read, for the log, the fault rules and the execution."""

    request: Request | None
    fault: faults.WsmanFault | None
    """Why there is no request."""
    message_id: str | None
    action: str | None
    """Short name: Enumerate, Get, Invoke ..."""
    resource: str | None
    """Resource URI."""
    name: str | None
    """CIM class, or the last part of another resource URI."""
    method: str | None


class WinRmService:
    """What answers on /wsman.

    Args:
        machine: what answers the requests.
        wire: limits of the service.
        computer: host name, as faults tell it.
        endpoint: URL of the service.
        language: display language of the host, such as de.
        reads_stdin: tells which shell commands wait for their standard input.
        clock: monotonic seconds.

    Attributes:
        held: how many requests wait because a fault rule holds their answers back.
    """

    def __init__(
        self,
        machine: Machine,
        wire: WireSpec,
        *,
        computer: str,
        endpoint: str,
        language: str,
        reads_stdin: ReadsStdin,
        clock: Callable[[], float],
    ) -> None:
        self._machine = machine
        self._wire = wire
        self._computer = computer
        self._language = _LOCALES.get(language, language)
        self.held = 0
        self._limits = Limits(wire.max_envelope_kb * 1024, wire.max_timeout_ms / 1000)
        self._enumerations = Enumerations(wire.enumeration_timeout_ms / 1000, clock)
        self._cim = CimService(machine, self._enumerations, obeys_options=wire.obeys_wmi_options)
        self._shells = Shells(
            machine,
            endpoint,
            reads_stdin=reads_stdin,
            max_per_user=wire.max_shells_per_user,
            chunk_bytes=wire.receive_chunk_bytes,
            starts_by_path=wire.skip_cmd_shell == "by_path",
            clock=clock,
        )

    def read(self, message: bytes) -> Call:
        """Take a message apart; what is wrong with it becomes part of the result."""
        message_id = None
        try:
            envelope = read_envelope(message)
            message_id = envelope.message_id
            request = read_request(envelope, self._limits)
            resource = cim_resource(request)
        except faults.WsmanFault as fault:
            return Call(None, fault, message_id, None, None, None, None)
        action = _ACTION_NAMES.get(request.action)
        method = method_of(request) if resource is not None and action is None else None
        if method is not None:
            action = "Invoke"
        name = last_part(request.resource_uri) if resource is None else self._class_name(request, resource.class_name)
        return Call(request, None, message_id, action or request.action, request.resource_uri, name, method)

    async def execute(self, call: Call, user: str, struck_by: Misbehaviour | None = None) -> Answer:
        """Execute a call; a failure is an answer too."""
        try:
            if call.fault is not None:
                raise call.fault
            if call.request is None:
                raise TypeError("a call has a request or a fault")
            return await self._route(call.request, user, struck_by)
        except faults.WsmanFault as fault:
            return self.refuse(call, fault)

    def refuse(self, call: Call, fault: faults.WsmanFault) -> Answer:
        """The answer that turns a call away."""
        return fault_answer(fault, call.message_id, self._computer, self._language)

    def close(self) -> None:
        """End all shells."""
        self._shells.close()

    def reboot(self) -> None:
        """End all shells, and forget every enumeration: the service starts anew."""
        self._shells.close()
        self._enumerations.clear()

    def reboot_machine(self) -> None:
        """Have the machine go down as soon as what it does now is done."""
        self._machine.reboot()

    def snapshot(self) -> dict[str, Any]:
        """Open shells and enumerations: what a client left behind."""
        return {
            "shells_open": self._shells.open,
            "shells_opened": self._shells.opened,
            "enumerations_open": len(self._enumerations),
        }

    async def _route(self, request: Request, user: str, struck_by: Misbehaviour | None) -> Answer:
        resource = cim_resource(request)
        if resource is not None:
            return await self._cim.answer(request, resource, user, struck_by)
        uri = request.resource_uri.lower()
        if uri == ns.CMD_SHELL or (uri == ns.SHELL and request.action == ns.DELETE):
            return await self._shells.answer(request, user)
        if uri == ns.CONFIG:
            if request.action != ns.GET:
                raise faults.action_not_supported(request.action)
            if not self._machine.rights(user).shell:
                # The service's own configuration is for administrators, as the shell is.
                raise faults.access_denied()
            return Answer(f"{ns.GET}Response", config_xml(self._wire), request.message_id)
        raise faults.bad_resource_uri(f"The service has no resource {request.resource_uri}. ")

    def _class_name(self, request: Request, class_name: str) -> str:
        """The class that a request is really about, where the URI only says ``*``."""
        if class_name != "*":
            return class_name
        for element in request.body:
            context = element.findtext(ns.tag(ns.ENUMERATION, "EnumerationContext"))
            if context is not None:
                return self._enumerations.class_name(context.strip()) or class_name
            query = element.findtext(ns.tag(ns.WSMAN, "Filter"))
            if query is not None:
                try:
                    return parse_query(query).class_name
                except CimError:
                    return class_name
        return class_name
