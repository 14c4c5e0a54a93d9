# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, Enumerate, Pull, Release, Delete and Invoke on CIM resources: requests in, calls to the machine, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.lab import faults
from tests.lab import namespaces as ns
from tests.lab.cim import stdregprov
from tests.lab.cim.values import CimError, CimInstance
from tests.lab.cim.wql import Query, parse_query
from tests.lab.cimfaults import cim_fault
from tests.lab.enumeration import EnumerateBody, Enumerations, Mode, read_enumerate
from tests.lab.envelopes import Answer, Request
from tests.lab.instances import class_uri, endpoint_xml, fragment_xml, instance_xml, output_xml, read_arguments
from tests.lab.interfaces import Machine
from tests.lab.resources import CimResource
from tests.lab.wirespec import Misbehaviour


class CimService:
    """The WMI plug-in of one host."""

    def __init__(self, machine: Machine, enumerations: Enumerations, *, obeys_options: bool) -> None:
        self._machine = machine
        self._obeys_options = obeys_options
        self._enumerations = enumerations
        self._running: set[asyncio.Task[Answer]] = set()

    async def answer(
        self, request: Request, resource: CimResource, user: str, struck_by: Misbehaviour | None
    ) -> Answer:
        """Execute one request. Misbehaviours that concern enumerations happen here.

        Raises:
            WsmanFault: whatever is wrong with the request or came back from the machine.
        """
        if not self._machine.rights(user).cim:
            raise faults.access_denied()
        request.refuse_mandatory_options()
        if request.action == ns.ENUMERATE:
            return self._enumerate(request, resource, user, endless=struck_by is Misbehaviour.ENDLESS_PULL)
        if request.action == ns.PULL:
            return self._enumerations.pull(request, user, empty=struck_by is Misbehaviour.EMPTY_PULL)
        if request.action == ns.RELEASE:
            return self._enumerations.release(request, user)
        if resource.any_class:
            raise faults.bad_resource_uri("Only an enumeration can be about every class. ")
        if request.action == ns.GET:
            return self._get(request, resource)
        if request.action == ns.DELETE:
            return self._delete(request, resource)
        method = method_of(request)
        if method is None:
            raise faults.action_not_supported(request.action)
        return await self._invoke(request, resource, method)

    def _enumerate(self, request: Request, resource: CimResource, user: str, *, endless: bool) -> Answer:
        asked = read_enumerate(request)
        if resource.selectors:
            raise faults.WsmanFault(
                2150859003, "w:InvalidSelectors", "An enumeration takes no keys. ", detail="UnexpectedSelectors"
            )
        if asked.query is None:
            if resource.any_class:
                raise faults.WsmanFault(2150858831, "w:FilteringRequired", "Every class at once needs a filter. ")
            query = Query(resource.class_name, (), None)
            with _as_fault(resource, "CreateInstanceEnum", resource.class_name):
                found = self._machine.enumerate(resource.namespace, query.class_name, None)
        else:
            if not resource.any_class:
                raise faults.WsmanFault(
                    2150859003, "a:DestinationUnreachable", "A WQL filter needs the class * in the URI. "
                )
            with _as_fault(resource, "ExecQuery", asked.query):
                query = parse_query(asked.query)
                found = self._machine.enumerate(resource.namespace, query.class_name, query.where)
        items = _items(found, query, asked, resource.dmtf)
        return self._enumerations.begin(request, asked, items, class_name=query.class_name, user=user, endless=endless)

    def _get(self, request: Request, resource: CimResource) -> Answer:
        if request.body:
            raise faults.invalid_body("Get has an empty body. ")
        with _as_fault(resource, "GetObject", _path(resource)):
            instance = self._machine.get(resource.namespace, resource.class_name, resource.selectors)
        return _fitting(request, Answer(f"{ns.GET}Response", instance_xml(instance, resource.dmtf), request.message_id))

    def _delete(self, request: Request, resource: CimResource) -> Answer:
        if request.body:
            raise faults.invalid_body("Delete has an empty body. ")
        with _as_fault(resource, "DeleteInstance", _path(resource)):
            self._machine.delete(resource.namespace, resource.class_name, resource.selectors)
        return Answer(f"{ns.DELETE}Response", "", request.message_id)

    async def _invoke(self, request: Request, resource: CimResource, method: str) -> Answer:
        """Invoke on; the call goes on when the caller's patience ends, as in the provider's host process on Windows."""
        arguments = read_arguments(request.body, method, request.resource_uri)
        path = arguments.get("sSubKeyName")
        if isinstance(path, str) and self._asks_for_32_bits(request):
            arguments["sSubKeyName"] = stdregprov.redirected(path)

        async def run() -> Answer:
            with _as_fault(resource, "ExecMethod", _path(resource)):
                output = await self._machine.invoke(
                    resource.namespace, resource.class_name, method, arguments, resource.selectors
                )
            uri = class_uri(resource.namespace, resource.class_name, resource.dmtf)
            body = output_xml(method, uri, output, resource.dmtf)
            return Answer(f"{request.action}Response", body, request.message_id)

        task = asyncio.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._finished)
        done, _unused = await asyncio.wait({task}, timeout=request.operation_timeout_seconds)
        if not done:
            raise faults.timed_out()
        return _fitting(request, task.result())

    def _asks_for_32_bits(self, request: Request) -> bool:
        """Whether a client of the registry asks for the 32-bit provider, and the machine obeys such options."""
        option = request.options.get("wmi:__ProviderArchitecture")
        return (
            self._obeys_options and option is not None and option.value == "32" and "StdRegProv" in request.resource_uri
        )

    def _finished(self, task: asyncio.Task[Answer]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Taking the exception tells asyncio that it was seen: a fault of a call nobody waits for any more.
            task.exception()


def method_of(request: Request) -> str | None:
    """The method that an action URI names below its resource URI, null when it names none."""
    prefix, _unused, method = request.action.rpartition("/")
    if prefix.lower() != request.resource_uri.lower() or not method.isidentifier():
        return None
    return method


def _items(found: Sequence[CimInstance], query: Query, asked: EnumerateBody, dmtf: bool) -> list[str]:
    if asked.mode is Mode.EPR:
        return [endpoint_xml(instance, dmtf) for instance in found]
    if query.properties:
        objects = [fragment_xml(instance, query.properties) for instance in found]
    else:
        objects = [instance_xml(instance, dmtf) for instance in found]
    if asked.mode is Mode.OBJECT:
        return objects
    pairs = zip(objects, found, strict=True)
    return [f"<w:Item>{text}{endpoint_xml(instance, dmtf)}</w:Item>" for text, instance in pairs]


def _path(resource: CimResource) -> str:
    keys = ",".join(f'{name}="{value}"' for name, value in resource.selectors.items())
    return f"{resource.class_name}.{keys}" if keys else resource.class_name


@contextmanager
def _as_fault(resource: CimResource, operation: str, parameter: str) -> Iterator[None]:
    try:
        yield
    except CimError as error:
        raise cim_fault(error, resource, operation, parameter) from error


def _fitting(request: Request, answer: Answer) -> Answer:
    if len(answer.render()) > request.max_envelope_bytes:
        raise faults.envelope_too_small()
    return answer
