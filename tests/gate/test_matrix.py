# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ends of the matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.gate import matrix
from tests.gate.steps import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_oldest_versions_are_those_of_the_requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("# words>=3\n\na-b.c>=1.2.0,<2\n", encoding="utf-8")
    (tmp_path / "requirements-psrp.txt").write_text("-r requirements.txt\nd>=4\n", encoding="utf-8")
    assert matrix.oldest_versions() == ("a-b.c==1.2.0", "d==4")


def test_oldest_ansible_core_is_the_one_that_the_collection_requires() -> None:
    runtime = (ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8")
    (pin,) = [line for line in matrix.oldest_versions() if line.startswith("ansible-core==")]
    assert f'requires_ansible: ">={pin.removeprefix("ansible-core==")}"' in runtime


@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("echo /usr/bin/real", "/usr/bin/real"),
        ('[ "${PYENV_VERSION:-}" = 3.12 ] && echo /by/pyenv', "/by/pyenv"),
        ("exit 127", None),
        (None, None),
    ],
    ids=["works", "works when named", "refuses", "absent"],
)
def test_interpreter_is_found_by_running_it(
    script: str | None, path: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYENV_VERSION", raising=False)
    if script is not None:
        launcher = tmp_path / "python3.12"
        launcher.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert matrix.interpreter(12) == path
