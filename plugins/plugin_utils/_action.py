# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Base of the collection's actions: what they share with a module's contract, and how their errors become results."""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Mapping, Sequence

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._harmless import harmless
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._plain import plain
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman import sessions
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client


class NicAction(ActionBase):  # type: ignore[misc]  # ansible-core comes without types
    """An action that speaks WS-Management with a Windows host.

    Subclasses set :attr:`argument_spec` and write :meth:`execute`.
    """

    argument_spec: t.ClassVar[Mapping[str, Mapping[str, t.Any]]] = {}
    """As for ``AnsibleModule``."""
    mutually_exclusive: t.ClassVar[Sequence[Sequence[str]]] = ()
    required_together: t.ClassVar[Sequence[Sequence[str]]] = ()
    required_one_of: t.ClassVar[Sequence[Sequence[str]]] = ()
    required_if: t.ClassVar[Sequence[Sequence[t.Any]]] = ()
    required_by: t.ClassVar[Mapping[str, Sequence[str]]] = {}

    _client: Client | None = None

    @abc.abstractmethod
    def execute(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work of the action, to be written by the subclass.

        Args:
            arguments: Validated arguments of plain Python types, with defaults filled in.
            task_vars: The task's variables, as Ansible gives them.

        Returns:
            The result. ``changed`` is false where it is not set.

        Raises:
            NicError: Becomes the result, see :meth:`run`.
        """

    def needs_windows_host(self, arguments: Mapping[str, t.Any]) -> bool:  # noqa: ARG002 - for subclasses
        """Whether the action uses the task's connection with these arguments. By default it does."""
        return True

    @property
    def check_mode(self) -> bool:
        """Nothing may be changed."""
        return bool(self._task.check_mode)

    @property
    def diff_mode(self) -> bool:
        """The result should show what changes."""
        return bool(self._task.diff)

    def client(self) -> Client:
        """The WS-Management client of the task's connection: one for the whole task, made on first use."""
        if self._client is None:
            self._client = sessions.open_client(self._connection)
        return self._client

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Check what was asked, do it, and turn errors into results.

        A :class:`NicError` gives ``failed`` and a :class:`HostUnreachable` gives ``unreachable``, both with ``msg``,
        the four parts below ``error``, and what was done until then. The session is closed in every case.

        Characters that a terminal obeys are replaced, since Ansible prints text of hosts as it is.

        Unreachable is returned and not raised as ``AnsibleConnectionFailure``, because Ansible keeps nothing of that
        exception but its text.
        """
        try:
            self._refuse_async()
            super().run(tmp, task_vars)
            arguments = self._validated_arguments()
            if self.needs_windows_host(arguments):
                self._refuse_become()
                sessions.check_connection(self._connection)
            result = self.execute(arguments, task_vars or {})
            result.setdefault("changed", False)
        except NicError as error:
            result = self._error_result(error)
        finally:
            if self._client is not None:
                self._client.close()
                self._client = None
        return t.cast("dict[str, t.Any]", harmless(result))

    def _validated_arguments(self) -> dict[str, t.Any]:
        validator = ArgumentSpecValidator(
            dict(self.argument_spec),
            mutually_exclusive=plain(self.mutually_exclusive),
            required_together=plain(self.required_together),
            required_one_of=plain(self.required_one_of),
            required_if=plain(self.required_if),
            required_by=plain(self.required_by),
        )
        validation = validator.validate(plain(self._task.args))
        if validation.error_messages:
            raise NicError(
                "invalid_arguments",
                self._task.action,
                "; ".join(validation.error_messages),
                "the options that the module documents",
                f"See: ansible-doc {self._task.action}",
            )
        return t.cast("dict[str, t.Any]", plain(validation.validated_parameters))

    def _refuse_async(self) -> None:
        if self._task.async_val:
            raise NicError(
                "async_unsupported",
                self._task.action,
                "the task keyword async",
                "a task in the foreground, since it runs on the controller",
                "Remove async and poll. Forks, or the strategy free, let many hosts be worked on at once.",
            )

    def _refuse_become(self) -> None:
        if self._connection.become:
            raise NicError(
                "become_unsupported",
                self._task.action,
                "become",
                "the rights of the connection's own account: no process is started that could become another user",
                "Set become: false for this task, and let ansible_user be an account of the Administrators group.",
            )

    def _error_result(self, error: NicError) -> dict[str, t.Any]:
        cause = error.__cause__
        while cause is not None:
            # Only its type: the text of a library's exception may hold anything that the library was given.
            self._display.vvv(f"{error.code} was caused by {type(cause).__module__}.{type(cause).__name__}")
            cause = cause.__cause__
        outcome = "unreachable" if isinstance(error, HostUnreachable) else "failed"
        return {"changed": False, **(error.partial or {}), outcome: True, "msg": str(error), "error": error.as_dict()}
