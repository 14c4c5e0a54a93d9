# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be in the published collection."""

from __future__ import annotations

import pytest

from tests.gate.package import problems, unwanted


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("plugins/action/nic_facts.py", False),
        ("README.md", False),
        ("MANIFEST.json", False),
        ("roles/udp_rx_offload/README.md", False),
        ("tests/unit/test_x.py", True),
        ("build/x.txt", True),
        ("Makefile", True),
        (".gitignore", True),
        ("plugins/__pycache__/x.pyc", True),
        ("changelogs/.plugin-cache.yaml", True),
    ],
)
def test_only_what_an_installed_collection_needs_is_shipped(name: str, verdict: bool) -> None:
    assert unwanted(name) is verdict


def test_a_missing_file_is_found() -> None:
    assert problems({"README.md", "Makefile"}, {"README.md", "COPYING"}) == [
        "not to be shipped: Makefile",
        "missing from the archive: COPYING",
    ]
