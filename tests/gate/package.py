# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection as it would be published, and checks what is in it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import Final

from tests.gate.steps import ROOT
from tests.gate.tree import project_files

SHIPPED_FOLDERS: Final = frozenset({"changelogs", "docs", "meta", "playbooks", "plugins", "roles"})
SHIPPED_FILES: Final = frozenset(
    {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "COPYING",
        "FILES.json",
        "MANIFEST.json",
        "README.md",
        "requirements-psrp.txt",
        "requirements.txt",
    }
)


def build(folder: Path) -> Path:
    """Build the collection into a folder; returns the archive."""
    program = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(program), "collection", "build", "--output-path", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def unwanted(name: str) -> bool:
    """Whether a file has no business in a published collection."""
    path = PurePosixPath(name)
    if path.name.startswith(".") or "__pycache__" in path.parts:
        return True
    return path.parts[0] not in SHIPPED_FOLDERS if len(path.parts) > 1 else name not in SHIPPED_FILES


def problems(names: set[str], expected: set[str]) -> list[str]:
    """What is wrong with the files of an archive, given the project's files that it must hold."""
    found = [f"not to be shipped: {name}" for name in sorted(names) if unwanted(name)]
    found += [f"missing from the archive: {name}" for name in sorted(expected - names)]
    return found


def main() -> int:
    """Build, then compare with the project's own files."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(build(Path(folder))) as archive:
        names = {member.name for member in archive.getmembers() if member.isfile()}
    expected = {str(path) for path in project_files() if path.parts[0] in ("meta", "playbooks", "plugins", "roles")}
    found = problems(names, expected | {"COPYING", "README.md", "requirements.txt"})
    print("\n".join([*found, f"{len(names)} files in the archive"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
