# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test is given to work with."""

from __future__ import annotations

from configparser import RawConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.gate import sanity

if TYPE_CHECKING:
    from pathlib import Path

LISTED = r"""
:env:.cert='/etc/ssl/ca.crt'
global.index-url='https://one.example/simple'
:env:.index-url='https://two.example/simple'
install.find-links="it's here"
global.extra-index-url='\nhttps://a.example\nhttps://b.example'
"""


def test_settings_of_pip_are_carried_over() -> None:
    written = RawConfigParser()
    written.read_string(sanity.pip_settings(LISTED))
    assert {section: dict(written[section]) for section in written.sections()} == {
        "global": {
            "quiet": "1",
            "cert": "/etc/ssl/ca.crt",
            "index-url": "https://two.example/simple",
            "extra-index-url": "\nhttps://a.example\nhttps://b.example",
        },
        "install": {"find-links": "it's here"},
    }


def test_an_ignored_finding_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sanity, "ROOT", tmp_path)
    folder = tmp_path / "tests" / "sanity"
    folder.mkdir(parents=True)
    (folder / "ignore-2.19.txt").write_text("", encoding="utf-8")
    assert sanity.ignored_findings() == []
    (folder / "ignore-2.20.txt").write_text("plugins/a.py pylint:x\n", encoding="utf-8")
    assert sanity.ignored_findings() == ["not allowed: tests/sanity/ignore-2.20.txt: plugins/a.py pylint:x"]
