# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that belong to the project, as git sees them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.gate.steps import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def project_files() -> list[Path]:
    """Files of the work tree that are tracked, or new and not ignored; relative to the root, sorted.

    Raises:
        subprocess.CalledProcessError: This is no git work tree, or git refuses it; git's own words are on stderr.
    """
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()
    # A tracked file that was removed from the work tree is still listed.
    present = (ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists())
    return sorted(path.relative_to(ROOT) for path in present)
