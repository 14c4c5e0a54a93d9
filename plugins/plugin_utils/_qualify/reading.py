# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The questions that a host answers without anything being changed on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import HostUnreachable, NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.adapters import Adapter
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.registry import (
    NAMESPACE,
    NETWORK_CLASS,
    Registry,
    find_class_key,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import Windows
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.questions import (
    NO_ANSWER,
    NOT_ASKED,
    Answer,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.exchange import ExchangeUnavailable, Send
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.relay import (
    EXECUTABLE,
    read_answer,
    relay_input,
    run_script,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.client import Client
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._wsman.wql import wql_string

POWERSHELL_7: Final = "pwsh.exe"

_PROGRAM_FILES: Final = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
_POWERSHELL_7_VERSIONS: Final = r"SOFTWARE\Microsoft\PowerShellCore\InstalledVersions"
"""The installer of PowerShell 7 makes a subkey there for each version ("Installing PowerShell on Windows")."""
_PING: Final = bytes.fromhex("0600ff06000011be80000000")
"""RMCP presence ping with tag 0 (ASF 2.0, section 3.2.4.2): any card answers it, and it opens no session."""
_WAIT_MS: Final = 2000
_SETTLE_MS: Final = 250


def ask(identifier: str, trial: Callable[[], Answer]) -> Answer:
    """Ask one question; a host that refuses it has not settled it, and the others are asked all the same.

    Raises:
        HostUnreachable: the host went away, so that no further question has sense.
    """
    try:
        return trial()
    except HostUnreachable:
        raise
    except NicError as error:
        return Answer(identifier, NO_ANSWER, f"{error.code}: {error.seen}")


def windows(client: Client) -> Windows:
    """Which Windows the host runs, by Win32_OperatingSystem."""
    row = next(iter(client.enumerate(NAMESPACE, "Win32_OperatingSystem")), None)
    if row is None:
        return Windows(None, None, None)
    # Windows translates the word beside the number: 64-bit, 64 bits.
    bits = re.search("64|32", row.text("OSArchitecture") or "")
    version = re.fullmatch(r"[0-9.]{1,40}", row.text("Version") or "")
    return Windows(version and version[0], bits and f"{bits[0]}-bit", row.integer("OSLanguage"))


def class_key_index(client: Client, adapter: Adapter) -> Answer:
    """Whether Win32_NetworkAdapter.Index is the number of the adapter's class key."""
    rows = client.enumerate(NAMESPACE, "Win32_NetworkAdapter", where=f"GUID = {wql_string(adapter.guid)}")
    indices = [index for row in rows if (index := row.integer("Index")) is not None]
    key = find_class_key(client, adapter)
    number = key.removeprefix(f"{NETWORK_CLASS}\\")
    fits = [f"{index:04d}" for index in indices] == [number]
    listed = ", ".join(map(str, indices)) or "none"
    return Answer("class_key_index", "index" if fits else "search", f"Index {listed}, key {number}")


def wmi_options(client: Client) -> Answer:
    r"""Whether ``wmi:__ProviderArchitecture`` decides which registry the provider sees.

    On 64-bit Windows ``ProgramFilesDir`` below ``HKLM\SOFTWARE`` differs between the two views (Microsoft Learn,
    "Registry Keys Affected by WOW64"), so that nothing has to be written.
    """
    identifier = "wmi_options"
    if _program_files(client, 64, "ProgramFilesDir (x86)") is None:
        return Answer(identifier, NOT_ASKED, "a 32-bit Windows has one view of its registry only")
    seen = {bits: _program_files(client, bits, "ProgramFilesDir") for bits in (64, 32)}
    if None in seen.values():
        return Answer(identifier, NO_ANSWER, "ProgramFilesDir is missing")
    return Answer(identifier, "ignored" if seen[64] == seen[32] else "obeyed")


def _program_files(client: Client, bits: int, name: str) -> str | None:
    output = client.invoke(
        NAMESPACE,
        "StdRegProv",
        "GetStringValue",
        {"hDefKey": 0x80000002, "sSubKeyName": _PROGRAM_FILES, "sValueName": name},
        options=(("wmi:__ProviderArchitecture", "xs:int", str(bits)),),
        read_only=True,
    )
    return None if output.integer("ReturnValue") else output.text("sValue")


def windows_powershell(client: Client, targets: Sequence[str], port: int) -> Answer:
    """Whether Windows PowerShell runs the relay.

    Args:
        client: Client of the host.
        targets: IPv4 addresses to send a presence ping to. Without any there is nothing to run it for.
        port: Port of the targets.
    """
    identifier = "relay_windows_powershell"
    if not targets:
        return Answer(identifier, NOT_ASKED, "no target was named")
    try:
        return Answer(identifier, "runs", _run_relay(client, targets, port, EXECUTABLE))
    except ExchangeUnavailable as unavailable:
        known = {"constrained_language": "constrained", "shell_denied": "no_shell", "shell_refused": "no_shell"}
        return Answer(identifier, known.get(unavailable.reason, "fails"), unavailable.detail)


def powershell_7(client: Client, targets: Sequence[str], port: int) -> Answer:
    """Whether PowerShell 7 runs the relay. See :func:`windows_powershell`."""
    identifier = "relay_powershell_7"
    if not targets:
        return Answer(identifier, NOT_ASKED, "no target was named")
    if not Registry(client).subkeys(_POWERSHELL_7_VERSIONS):
        return Answer(identifier, "not_installed")
    try:
        return Answer(identifier, "runs", _run_relay(client, targets, port, POWERSHELL_7))
    except ExchangeUnavailable as unavailable:
        seen = "constrained" if unavailable.reason == "constrained_language" else "fails"
        return Answer(identifier, seen, unavailable.detail)


def _run_relay(client: Client, targets: Sequence[str], port: int, executable: str) -> str:
    sends = [Send(_PING, address, port, 0) for address in targets]
    stdin = relay_input(sends, source=None, wait_ms=_WAIT_MS, settle_ms=_SETTLE_MS)
    result = run_script(client, "relay", stdin, seconds=(_WAIT_MS + _SETTLE_MS) / 1000, executable=executable)
    heard = read_answer(result.stdout, len(sends))
    return f"{len(heard.replies)} of {len(sends)} presence pings answered"
