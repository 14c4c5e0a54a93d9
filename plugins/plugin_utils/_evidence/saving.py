# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""Where evidence is kept on the controller. Nothing that a host says has a part in a file's name or place."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import tempfile
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError

_UNSAFE = re.compile("[^0-9A-Za-z.-]+")
_LONGEST_PART = 100


@dataclass(frozen=True, slots=True)
class Destination:
    """A file, or a directory for one file of each BMC."""

    path: pathlib.Path
    is_directory: bool

    def file(self, host: str, address: str, port: int) -> pathlib.Path:
        """The file for the evidence of one BMC, seen from one host.

        Args:
            host: Address that the controller connects to.
            address: IPv4 address of the BMC.
            port: Its UDP port.
        """
        if not self.is_directory:
            return self.path
        return self.path / f"{_part(host)}_{_part(address)}_{port}.pcap"


def destination(path: str, *, directory: bool, files: int) -> Destination:
    """Check that files can be written, before anything is done for them.

    Args:
        path: Absolute path. An existing directory is one; everything else is a file, unless *directory*.
        directory: Take it for a directory, and make it if need be.
        files: How many there will be.

    Raises:
        NicError: ``save_to_unusable``.
    """
    target = pathlib.Path(path)
    if directory and not target.exists():
        try:
            target.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise _unusable(path, f"the directory can't be made: {error.strerror}") from error
    if directory and not target.is_dir():
        raise _unusable(path, "it is no directory")
    found = Destination(target, target.is_dir())
    if target.exists() and not found.is_directory and not target.is_file():
        # It would be replaced by a file: a device, for example.
        raise _unusable(path, "it is neither a file nor a directory")
    if files > 1 and not found.is_directory:
        raise _unusable(path, f"one file for {files} BMCs")
    folder = target if found.is_directory else target.parent
    if not folder.is_dir():
        raise _unusable(path, f"there is no directory {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(path, f"no right to write in {folder}")
    return found


def write(path: pathlib.Path, content: bytes) -> None:
    """Write a file that only this user can read, in place of an earlier one: whole, or not at all.

    Raises:
        NicError: ``save_to_unusable``.
    """
    try:
        # Its own name is replaced, and not followed if it is a link.
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            pathlib.Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                pathlib.Path(temporary).unlink()
            raise
    except OSError as error:
        raise _unusable(str(path), f"it can't be written: {error.strerror}") from error


def _part(text: str) -> str:
    # No name may begin with a dot: it would be hidden, or lead upwards.
    return _UNSAFE.sub("-", text).strip(".-")[:_LONGEST_PART] or "host"


def _unusable(path: str, seen: str) -> NicError:
    return NicError(
        "save_to_unusable",
        f"save_to {path}",
        seen,
        "a directory that you can write in, or, for one BMC, a file in such a directory",
        "Make the directory, or end save_to with a slash to have it made.",
    )
